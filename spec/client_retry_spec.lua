-- The retry table of the client: what is tried again, what is ambiguous, what is neither.
local clients = require "spec.support.clients"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

-- One row a class of calls: how to make such a call, and its method.
local classes = {
  { name = "get", method = "GET", repeats = true, make = function(client, id) return client.personas:get(id) end },
  { name = "list", method = "GET", repeats = true, make = function(client) return client.personas:list() end },
  { name = "delete", method = "DELETE", repeats = true, make = function(client, id) return client.personas:delete(id) end },
  { name = "end_", method = "POST", repeats = true, conversation = true,
    make = function(client, _, call) return client.conversations:end_(call) end },
  { name = "patch that may repeat", method = "PATCH", repeats = true, make = function(client, id)
    return client.personas:patch(id, tavus.patch():replace("/persona_name", "B"):add("/layers/stt/hotwords", "x"))
  end },
  { name = "patch with a remove", method = "PATCH", make = function(client, id)
    return client.personas:patch(id, tavus.patch():remove("/default_replica_id"))
  end },
  { name = "patch that appends", method = "PATCH", make = function(client, id)
    return client.personas:patch(id, tavus.patch():add("/document_ids/-", "d1"))
  end },
  { name = "patch of an array's item", method = "PATCH", make = function(client, id)
    return client.personas:patch(id, tavus.patch():replace("/document_ids/0", "d1"))
  end },
  { name = "create", method = "POST", make = function(client) return client.personas:create(clients.persona()) end },
  { name = "raw GET", method = "GET", repeats = true, make = function(client) return client:request("GET", "/v2/personas") end },
  { name = "raw POST", method = "POST", make = function(client)
    return client:request("POST", "/v2/personas", { body = clients.persona() })
  end },
}

describe("the retry table", function()
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

  -- Makes the call of a class and returns its error or value and what was retried.
  local function make(class, options)
    local client, retries = clients.new(sandbox.url, options)
    local before = clients.arrived(sandbox, class.method)
    local value, result = class.make(client, id, call)
    local sent = clients.arrived(sandbox, class.method) - before
    client:close()
    return value, result, retries, sent
  end

  for _, class in ipairs(classes) do
    describe("for " .. class.name, function()
      for _, status in ipairs { 408, 429, 500, 502, 503, 504 } do
        it("treats status " .. status .. " as the table says", function()
          sandbox:next { status = status, times = 2, method = class.method }
          local value, result, retries, sent = make(class)
          if class.repeats or status == 429 then
            assert.is_truthy(value)
            assert.equal(3, result.attempts)
            assert.equal(2, #retries)
            assert.equal(status, retries[1].status)
            assert.equal(3, sent)
          else
            assert.is_nil(value)
            assert.equal(status, result.status)
            assert.is_true(result.ambiguous)
            assert.is_false(result.retryable)
            assert.equal(0, #retries)
            assert.equal(1, sent)
          end
        end)
      end

      it("treats a cut after sending as the table says", function()
        sandbox:next { close = "before", times = 2, method = class.method }
        local value, result, retries = make(class)
        if class.repeats then
          assert.is_truthy(value)
          assert.equal("lost", retries[1].outcome)
          assert.is_true(result.attempts >= 3)
        else
          assert.is_nil(value)
          assert.equal("connection", result.type)
          assert.is_true(result.ambiguous)
          assert.equal(1, result.attempts)
          assert.equal(0, #retries)
        end
      end)

      it("treats a timeout after sending as the table says", function()
        sandbox:next { delay = 60, times = 1, method = class.method, status = 200 }
        local value, result, retries = make(class, { timeout = 0.5, deadline = 60 })
        if class.repeats then
          assert.is_truthy(value)
          assert.equal("timeout", retries[1].outcome)
        else
          assert.is_nil(value)
          assert.equal("timeout", result.type)
          assert.is_true(result.ambiguous)
          assert.equal(0, #retries)
        end
      end)

      for _, status in ipairs { 400, 402, 403, 404, 405, 409, 413, 415, 422, 501, 505 } do
        it("does not repeat after status " .. status, function()
          sandbox:next { status = status, body = { error = "no" }, method = class.method }
          local value, err, retries, sent = make(class)
          assert.is_nil(value)
          assert.equal(status, err.status)
          assert.is_false(err.retryable)
          assert.is_false(err.ambiguous)
          assert.equal(0, #retries)
          assert.equal(1, sent)
        end)
      end

      it("repeats what was surely not sent", function()
        local client, retries = clients.new(clients.dead_url())
        local value, err = class.make(client, id, call)
        assert.is_nil(value)
        assert.equal("connection", err.type)
        assert.equal(3, err.attempts)
        assert.equal(2, #retries)
        assert.equal("not_sent", retries[1].outcome)
        assert.is_true(err.retryable)
        assert.is_false(err.ambiguous)
      end)

      it("stops after the retries it may make", function()
        sandbox:next { status = 429, times = "always", method = class.method }
        local value, err, retries, sent = make(class, { retries = 1 })
        assert.is_nil(value)
        assert.equal("rate_limit", err.type)
        assert.is_true(err.retryable)
        assert.equal(1, #retries)
        assert.equal(2, sent)
        assert.equal(2, err.attempts)
      end)
    end)
  end

  it("does not repeat an answer that is no JSON", function()
    sandbox:next { status = 200, body = "{\"data\": [", times = "always" }
    local value, err, retries, sent = make(classes[1])
    assert.is_nil(value)
    assert.equal("decode", err.type)
    assert.equal(200, err.status)
    assert.is_false(err.retryable)
    assert.equal(0, #retries)
    assert.equal(1, sent)
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
    local value, meta, retries = make(classes[1])
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

    it("has failed when the first try was not", function()
      sandbox:next { status = 429, method = "DELETE" }
      local client = clients.new(sandbox.url)
      local done, err = client.personas:delete("p00000000")
      assert.is_nil(done)
      assert.equal("not_found", err.type)
      assert.equal(2, err.attempts)
    end)

    it("has failed when there was no earlier try", function()
      local client = clients.new(sandbox.url)
      local done, err = client.personas:delete("p00000000")
      assert.is_nil(done)
      assert.equal("not_found", err.type)
      assert.equal(1, err.attempts)
    end)
  end)

  it("does not take a 304 for no change when an earlier try may have made it", function()
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
    sandbox:next { status = 429, method = "PATCH" }
    assert.is_false(select(2, client.personas:patch(id, tavus.patch():replace("/persona_name", "C"))).changed)
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
