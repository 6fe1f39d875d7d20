-- Retries, case by case; client_retry_table_spec.lua walks the whole table.
local clients = require "spec.support.clients"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

describe("retries", function()
  local sandbox, id, call

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)

  before_each(function()
    sandbox:reset()
    local maker = clients.new(sandbox.url)
    id = assert(maker.personas:create(clients.persona(function(p) p.document_ids = { "d0" } end))).persona_id
    call = assert(maker.conversations:create { persona_id = id }).conversation_id
    maker:close()
  end)

  -- Gets the persona and returns what that gave and what was retried.
  local function get(options)
    local client, retries = clients.new(sandbox.url, options)
    local before = clients.arrived(sandbox, "GET")
    local value, result = client.personas:get(id)
    client:close()
    return value, result, retries, clients.arrived(sandbox, "GET") - before
  end

  it("stops after the retries it may make", function()
    sandbox:next { status = 429, times = "always" }
    local value, err, retries, sent = get { retries = 1 }
    assert.is_nil(value)
    assert.equal("rate_limit", err.type)
    assert.is_true(err.retryable)
    assert.equal(1, #retries)
    assert.equal(2, sent)
    assert.equal(2, err.attempts)
  end)

  it("repeats after a timeout where that does no harm", function()
    sandbox:next { delay = 60, status = 200, method = "GET" }
    local value, _, retries = get { timeout = 0.5, deadline = 60 }
    assert.is_truthy(value)
    assert.equal("timeout", retries[1].outcome)
  end)

  it("does not repeat an answer that is no JSON", function()
    sandbox:next { status = 200, body = "{\"data\": [", times = "always" }
    local value, err, retries, sent = get()
    assert.is_nil(value)
    assert.equal("decode", err.type)
    assert.equal(200, err.status)
    assert.is_false(err.retryable)
    assert.is_nil(err.hint) -- a GET changes nothing: there is nothing to look for
    assert.equal(0, #retries)
    assert.equal(1, sent)
  end)

  it("keeps only the beginning of an answer that cannot be used", function()
    for _, status in ipairs { 200, 400 } do
      sandbox:next { status = status, body = "no JSON" .. (" x"):rep(5000) }
      local _, err = get()
      assert.matches("^no JSON", err.body)
      assert.equal(4096 + #"...", #err.body)
    end
  end)

  it("shows no query in the error of an answer that is no JSON", function()
    sandbox:next { status = 200, body = "no JSON" }
    local client = clients.new(sandbox.url)
    local _, err = client:request("GET", "/v2/personas?token=abc")
    assert.equal("decode", err.type)
    assert.equal("/v2/personas", err.path)
  end)

  it("says of a change with an unreadable answer that it has most likely happened", function()
    sandbox:next { status = 200, body = "not JSON", method = "POST" }
    local client = clients.new(sandbox.url)
    local value, err = client.personas:create(clients.persona())
    assert.is_nil(value)
    assert.equal("decode", err.type)
    assert.truthy(err.hint:find("happened", 1, true))
    assert.equal(1, clients.arrived(sandbox, "POST") - 2)
  end)

  it("takes retries = 0 from the call over the client's", function()
    sandbox:next { status = 503, times = "always" }
    local client, retries = clients.new(sandbox.url, { retries = 5 })
    local value, err = client.personas:get(id, { retries = 0 })
    assert.is_nil(value)
    assert.equal(1, err.attempts)
    assert.equal(0, #retries)
  end)

  it("counts the attempts over different failures", function()
    sandbox:next { status = 503, method = "GET" }
    sandbox:next { status = 429, method = "GET" }
    local value, meta, retries = get()
    assert.is_truthy(value)
    assert.equal(3, meta.attempts)
    assert.equal(503, retries[1].status)
    assert.equal(429, retries[2].status)
    assert.equal(1, retries[1].retry)
    assert.equal(2, retries[2].retry)
  end)

  describe("a DELETE whose repeat says that the id is invalid", function()
    it("has succeeded when the first try was ambiguous", function()
      sandbox:next { close = "after", method = "DELETE" }
      local client, retries = clients.new(sandbox.url)
      local done, meta = client.personas:delete(id)
      assert.is_true(done)
      assert.equal(400, meta.status)
      -- On a connection that was used before, libcurl sends it again by itself: an attempt, and no retry of ours.
      assert.is_true(#retries <= 1)
      assert.is_true(meta.attempts >= 2)
    end)

    it("has succeeded by client:request too: true, and not the body that says otherwise", function()
      sandbox:next { close = "after", method = "DELETE" }
      local client = clients.new(sandbox.url)
      local done, meta = client:request("DELETE", "/v2/personas/" .. id)
      assert.is_true(done)
      assert.equal(400, meta.status)
      assert.is_true(meta.changed)
    end)

    it("is in doubt when the repeat is refused in other words", function()
      sandbox:next { close = "after", method = "DELETE" }
      sandbox:next { status = 400, method = "DELETE", body = '{"error":"Inval' }
      local client = clients.new(sandbox.url)
      local done, err = client.personas:delete(id)
      assert.is_nil(done)
      assert.equal("bad_request", err.type)
      assert.is_true(err.ambiguous)
      assert.truthy(err.hint:find("earlier attempt", 1, true))
    end)

    it("has failed when the first try was not", function()
      sandbox:next { status = 429, method = "DELETE" }
      local client = clients.new(sandbox.url)
      local done, err = client.personas:delete("p00000000")
      assert.is_nil(done)
      assert.equal("not_found", err.type)
      assert.equal(2, err.attempts)
    end)

    it("has succeeded when a try between the two was told to wait", function()
      sandbox:next { close = "after", method = "DELETE" }
      sandbox:next { status = 429, method = "DELETE" }
      local client = clients.new(sandbox.url)
      local done, meta = client.personas:delete(id)
      assert.is_true(done, tostring(meta))
      assert.equal(3, meta.attempts)
    end)

    it("has failed when there was no earlier attempt", function()
      local client = clients.new(sandbox.url)
      local done, err = client.personas:delete("p00000000")
      assert.is_nil(done)
      assert.equal("not_found", err.type)
      assert.equal(1, err.attempts)
    end)
  end)

  it("of what is not there fails after an earlier failure too, unless it is a DELETE", function()
    local client = clients.new(sandbox.url)
    for _, make in ipairs {
      function() return client.personas:get "p00000000" end,
      function() return client.personas:patch("p00000000", tavus.patch():replace("/persona_name", "B")) end,
      function() return client.conversations:end_ "c00000000" end,
    } do
      for _, fault in ipairs { { status = 503 }, { close = "before" } } do
        sandbox:next(fault)
        local value, err = make()
        assert.is_nil(value)
        assert.equal("not_found", err.type)
        assert.equal(2, err.attempts)
      end
    end
  end)

  it("of what was never sent leaves nothing in doubt", function()
    for _, make in ipairs {
      function(client) return client.personas:delete "p00000000" end,
      function(client) return client.conversations:end_ "c00000000" end,
    } do
      local url, late = clients.dead_url(), nil
      local client = clients.new(url, { on_retry = function()
        late = late or assert(sandbox_module.start { port = tonumber(url:match "%d+$") })
      end })
      local value, err = make(client)
      client:close()
      late:stop()
      assert.is_nil(value)
      assert.equal("not_found", err.type)
      assert.is_false(err.ambiguous)
      assert.equal(2, err.attempts)
    end
  end)

  it("does not take a 304 for no change when an earlier attempt may have made it", function()
    local client = clients.new(sandbox.url)
    sandbox:next { close = "after", method = "PATCH" }
    local done, meta = client.personas:patch(id, tavus.patch():replace("/persona_name", "B"))
    assert.is_true(done)
    assert.equal(304, meta.status)
    assert.is_true(meta.changed)
    sandbox:next { close = "after", method = "PATCH" }
    local persona
    persona, meta = client.personas:update(id, function(p) p.persona_name = "C" end)
    assert.equal(304, meta.status)
    assert.is_true(meta.changed)
    assert.equal("C", persona.persona_name)
    sandbox:next { status = 503, method = "PATCH" } -- an answer, by which nobody can tell either
    done, meta = client.personas:patch(id, tavus.patch():replace("/persona_name", "C"))
    assert.is_true(done)
    assert.equal(304, meta.status)
    assert.is_true(meta.changed)
    sandbox:next { status = 429, method = "PATCH" }
    assert.is_false(select(2, client.personas:patch(id, tavus.patch():replace("/persona_name", "C"))).changed)
  end)

  it("of methods that have no function follow what HTTP says of them, but for PUT", function()
    local client = clients.new(sandbox.url, { retries = 1 })
    for method, attempts in pairs { GET = 2, HEAD = 2, OPTIONS = 2, DELETE = 2, PUT = 1, POST = 1, PATCH = 1, QUERY = 1 } do
      sandbox:next { status = 503, times = "always", method = method }
      local value, err = client:request(method:lower(), "/v2/personas")
      assert.is_nil(value)
      assert.equal(method, err.method)
      assert.equal(attempts, err.attempts)
      assert.equal(attempts == 1, err.ambiguous)
      assert.equal(attempts, clients.arrived(sandbox, method) - (method == "POST" and 2 or 0))
    end
    client:close()
  end)

  it("calls an end ambiguous when its repeat is refused after a try without an answer", function()
    sandbox:next { status = 502, method = "POST" }
    sandbox:next { status = 400, method = "POST", body = { error = "Conversation is already over" } }
    local client = clients.new(sandbox.url)
    local done, err = client.conversations:end_(call)
    assert.is_nil(done)
    assert.equal(400, err.status)
    assert.is_true(err.ambiguous)
  end)
end)
