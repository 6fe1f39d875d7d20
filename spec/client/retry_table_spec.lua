-- The whole retry table: every outcome for every kind of call, with what reached the server, the sleeps, and the error.
local calls = require "spec.support.calls"
local clients = require "spec.support.clients"
local http = require "tavus.http"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

-- A client whose backoff and on_retry take notes. A pause is so long that each can be told from the others.
local function watched(url, options)
  local notes = { asked = {}, pauses = {} }
  local all = {
    backoff = function(n)
      notes.asked[#notes.asked + 1] = n
      return n / 1000
    end,
    on_retry = function(facts)
      notes.pauses[#notes.pauses + 1] = facts.delay
      notes.outcome = facts.outcome
    end,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  return clients.new(url, all), notes
end

-- What the table says of an outcome ("retry", "change" or "no") for a kind of call.
local function verdict(outcome, call)
  if outcome.verdict == "change" then return call.repeats and "retry" or "ambiguous" end
  return outcome.verdict
end

-- The error of a call that met its outcome again and again; `sent` is how many of its requests reached a server.
local function assert_failed(outcome, call, value, err, notes, sent)
  local said = verdict(outcome, call)
  local attempts = said == "retry" and 3 or 1
  assert.is_nil(value)
  assert.equal(outcome.type, err.type)
  assert.equal(said == "retry", err.retryable)
  assert.equal(said == "ambiguous", err.ambiguous)
  assert.equal(attempts, err.attempts)
  assert.equal(outcome.unsent and 0 or attempts, sent)
  assert.equal(call.method, err.method)
  assert.same(said == "retry" and { 1, 2 } or {}, notes.asked)
  assert.same(said == "retry" and { 0.001, 0.002 } or {}, notes.pauses)
  if said == "retry" then
    assert.equal(outcome.name, notes.outcome)
    assert.is_true(err.elapsed_ms >= 3)
  end
end

-- Each status, the verdict on it, and the type of its error.
local statuses = {
  { 429, "retry", "rate_limit" },
  { 408, "change", "timeout" }, { 500, "change", "server" }, { 502, "change", "server" },
  { 503, "change", "server" }, { 504, "change", "server" },
  { 300, "no", "redirect_blocked" }, { 307, "no", "redirect_blocked" },
  { 400, "no", "bad_request" }, { 401, "no", "auth" }, { 402, "no", "payment" }, { 403, "no", "permission" },
  { 404, "no", "not_found" }, { 405, "no", "bad_request" }, { 409, "no", "conflict" }, { 413, "no", "bad_request" },
  { 415, "no", "bad_request" }, { 422, "no", "unprocessable" }, { 425, "no", "bad_request" },
  { 501, "no", "server" }, { 505, "no", "server" }, { 520, "no", "server" },
}

describe("the retry table, of an answer:", function()
  local sandbox, row

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)

  before_each(function()
    sandbox:reset()
    local maker = clients.new(sandbox.url)
    local persona = clients.persona(function(p) p.document_ids, p.context = { "d0" }, "a room" end)
    row = { id = assert(maker.personas:create(persona)).persona_id }
    row.call = assert(maker.conversations:create { persona_id = row.id }).conversation_id
    maker:close()
  end)

  -- Makes a call and returns what it gave, its client's notes and how many requests of it arrived.
  local function make(call, options)
    local client, notes = watched(sandbox.url, options)
    local before = clients.arrived(sandbox, call.method)
    local value, result = call.make(client, row)
    client:close()
    return value, result, notes, clients.arrived(sandbox, call.method) - before
  end

  for _, case in ipairs(statuses) do
    local outcome = { name = "answer", verdict = case[2], type = case[3] }
    for _, call in ipairs(calls) do
      it(("%d to %s"):format(case[1], call.name), function()
        sandbox:next { status = case[1], body = { error = "no" }, times = "always", method = call.method }
        local value, err, notes, sent = make(call)
        assert_failed(outcome, call, value, err, notes, sent)
        assert.equal(case[1], err.status)
      end)

      if verdict(outcome, call) == "retry" then
        it(("%d to %s, once"):format(case[1], call.name), function()
          sandbox:next { status = case[1], method = call.method }
          local value, meta, notes, sent = make(call)
          assert.is_truthy(value)
          assert.equal(2, meta.attempts)
          assert.equal(2, sent)
          assert.same({ 1 }, notes.asked)
          assert.same({ 0.001 }, notes.pauses)
        end)
      end
    end
  end

  -- Of the answers that say success, the one without news.
  for _, call in ipairs(calls) do
    it(("304 to %s"):format(call.name), function()
      sandbox:next { status = 304, times = "always", method = call.method }
      local value, meta, notes, sent = make(call)
      assert.is_true(value)
      assert.equal(304, meta.status)
      assert.is_false(meta.changed)
      assert.equal(1, meta.attempts)
      assert.equal(1, sent)
      assert.same({}, notes.asked)
    end)
  end

  -- The connection may be a new or a used one: what libcurl sends again by itself is no retry of ours, and counts as well.
  for _, when in ipairs { "before", "after" } do
    for _, how in ipairs { "closed", "reset" } do
      for _, call in ipairs(calls) do
        it(("none to %s: the connection is %s once, %s it is handled"):format(call.name, how, when), function()
          sandbox:next { close = when, reset = how == "reset" or nil, method = call.method }
          local value, result, notes, sent = make(call)
          if call.repeats then
            assert.is_truthy(value)
            assert.equal(2, result.attempts)
            assert.equal(2, sent)
            assert.is_true(#notes.pauses <= 1)
            assert.equal(call.method ~= "GET" or nil, result.changed)
          else
            assert.is_nil(value)
            assert.equal("connection", result.type)
            assert.is_true(result.ambiguous)
            assert.is_false(result.retryable)
            assert.equal(1, result.attempts)
            assert.equal(1, sent)
            assert.same({}, notes.asked)
          end
        end)
      end
    end
  end

  -- What is refused then was perhaps done by the try before.
  for _, call in ipairs(calls) do
    if call.repeats then
      for _, status in ipairs { 307, 401, 403, 409, 422 } do
        it(("%d to %s that went out once before"):format(status, call.name), function()
          sandbox:next { status = 503, method = call.method }
          sandbox:next { status = status, method = call.method }
          local value, err = make(call)
          assert.is_nil(value)
          assert.equal(status, err.status)
          assert.is_false(err.retryable)
          assert.equal(call.method ~= "GET", err.ambiguous)
          assert.equal(call.method ~= "GET", (err.hint or ""):find("an earlier attempt", 1, true) ~= nil)
        end)
      end
    end
  end

  it("nothing is made twice, whatever happens to the first try", function()
    local faults = {
      { close = "before" }, { close = "after" }, { close = "before", reset = true }, { close = "after", reset = true },
      { status = 408 }, { status = 429 }, { status = 500 }, { status = 502 }, { status = 503 }, { status = 504 },
    }
    local client = clients.new(sandbox.url)
    for i, fault in ipairs(faults) do
      fault.method = "POST"
      for _, warm in ipairs { true, false } do -- on a connection that was used before, and after one that was lost
        if warm then assert(client.personas:list()) end
        local name = ("%d %s"):format(i, tostring(warm))
        sandbox:next(fault)
        local made, err = client.personas:create(clients.persona(function(p) p.persona_name = name end))
        assert.is_true(made ~= nil or err.ambiguous)
        local count = 0
        for persona in client.personas:each { persona_type = "user", limit = 100 } do
          if persona.persona_name == name then count = count + 1 end
        end
        assert.equal((made or fault.close == "after") and 1 or 0, count)
      end
    end
    client:close()
  end)
end)

-- What a server says of the time to wait, and the seconds that are meant; nil: nothing that can be understood.
local DATE = "Date: Fri, 20 Nov 2026 10:00:00 GMT"
local waits = {
  { { "Retry-After: 7" }, 7 }, { { "Retry-After: 2.5" }, 2.5 }, { { "Retry-After: 0" }, 0 },
  { { "retry-after-ms: 1500" }, 1.5 }, { { "retry-after-ms: 1500", "Retry-After: 7" }, 1.5 }, { { "retry-after-ms: soon", "Retry-After: 7" }, 7 },
  { { DATE, "Retry-After: Fri, 20 Nov 2026 10:00:09 GMT" }, 9 }, { { DATE, "Retry-After: Friday, 20-Nov-26 10:00:09 GMT" }, 9 },
  { { DATE, "Retry-After: Fri Nov 20 10:00:09 2026" }, 9 }, { { DATE, "Retry-After: Fri, 20 Nov 2026 09:00:00 GMT" }, 0 },
  { { "Retry-After: -7" } }, { { "Retry-After: soon" } }, { { "Retry-After: " } }, { {} },
}

describe("the retry table, of an answer that says when to come back:", function()
  for i, wait in ipairs(waits) do
    it("wait " .. i, function()
      local cases, steps, slept = {}, {}, {}
      for _, status in ipairs { 429, 408, 500, 502, 503, 504 } do cases[#cases + 1] = { status, "get", 2 } end
      for _, status in ipairs { 503, 400, 409, 501 } do cases[#cases + 1] = { status, "create", 1 } end
      for _, case in ipairs(cases) do
        for _ = 1, case[3] do
          steps[#steps + 1] = "read"
          steps[#steps + 1] = { answer = case[1], headers = wait[1] }
        end
      end
      local server = wire.start { steps }
      local host = { perform = require("tavus.host.blocking").perform, sleep = function(_, seconds) slept[#slept + 1] = seconds end }
      for _, case in ipairs(cases) do
        local status, kind, attempts = case[1], case[2], case[3]
        local client, notes = watched(server.url, { retries = 1 })
        local err
        slept = {}
        clients.with_host(host, function()
          if kind == "get" then err = select(2, client.personas:get "p1") else err = select(2, client.personas:create(clients.persona())) end
        end)
        client:close()
        assert.equal(status, err.status)
        assert.equal(wait[2], err.retry_after) -- told, and where it is no use to wait, not waited for
        assert.equal(attempts, err.attempts)
        assert.equal(kind == "create" and status == 503, err.ambiguous)
        -- The longer of the backoff and what the server asks for.
        assert.same(kind == "get" and { math.max(0.001, wait[2] or 0) } or {}, slept)
        assert.same(slept, notes.pauses)
      end
      server:stop()
    end)
  end
end)

local PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"persona_id\":"

-- What happens on every connection, and what is then said.
local outcomes = {
  { title = "nobody listens", name = "not_sent", verdict = "retry", type = "connection", unsent = true },
  { title = "no such host", name = "not_sent", verdict = "retry", type = "connection", unsent = true,
    url = "https://tavus-spec.invalid", options = { connect_timeout = 0.5 } },
  { title = "a server that does not speak TLS", name = "not_sent", verdict = "retry", type = "connection", unsent = true,
    script = { { { send = "this is no TLS\r\n" }, "close" } }, https = true },
  { title = "a TLS connection that is closed", name = "not_sent", verdict = "retry", type = "connection", unsent = true,
    script = { { "close" } }, https = true },
  { title = "a TLS connection that never comes about", name = "not_sent", verdict = "retry", type = "connection", unsent = true,
    script = { { "hang" } }, https = true, options = { connect_timeout = 0.05 } },
  { title = "a TLS connection that is not there in time", name = "not_sent", verdict = "retry", type = "connection", unsent = true,
    script = { { "hang" } }, https = true, options = { timeout = 0.3 } },
  { title = "a proxy that is not there", name = "not_sent", verdict = "retry", type = "connection", unsent = true, proxy = true },
  { title = "a proxy that refuses the tunnel", name = "not_sent", verdict = "retry", type = "connection", unsent = true, proxy = true,
    script = { { "read", { answer = 403 }, "loop" } } },
  { title = "a certificate nobody vouches for", name = "certificate", verdict = "no", type = "connection", unsent = true,
    script = { { "read", "close" } }, tls = "localhost" },
  { title = "closed unanswered", name = "lost", verdict = "change", type = "connection", script = { { "read", "close" } } },
  { title = "reset unanswered", name = "lost", verdict = "change", type = "connection", script = { { "read", "reset" } } },
  { title = "cut in the headers", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "HTTP/1.1 204 No Content\r\nX-Half: a" }, "close" } } },
  { title = "cut in the body", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = PAGE }, "close" } } },
  { title = "reset in the body", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = PAGE }, "reset" } } },
  { title = "no answer in time", name = "timeout", verdict = "change", type = "timeout", script = { { "read", "hang" } },
    options = { timeout = 1 } },
  { title = "no end of the answer in time", name = "timeout", verdict = "change", type = "timeout", script = { { "read", { send = PAGE }, "hang" } },
    options = { timeout = 1 } },
  { title = "no HTTP", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "SSH-2.0-Not_HTTP\r\n\0\1\2\r\n" }, "close" } } },
  { title = "an interim answer alone", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "HTTP/1.1 103 Early Hints\r\n\r\n" }, "close" } } },
  { title = "another protocol", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" }, { answer = 200 }, "close" } } },
  { title = "a broken chunk", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nno size\r\n" }, "close" } } },
  { title = "cut in the body of an answer that says no", name = "lost", verdict = "change", type = "connection",
    script = { { "read", { send = "HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n{" }, "close" } } },
  { title = "no JSON", name = "answer", verdict = "no", type = "decode", unread = { delete = true, ["end"] = true },
    script = { { "read", { answer = 200, body = '{"persona_id":' }, "loop" } } },
  { title = "packed in a broken way", name = "garbled", verdict = "no", type = "decode",
    script = { { "read", { answer = 200, headers = { ["Content-Encoding"] = "gzip" }, body = "no gzip" }, "close" } } },
  { title = "an empty body", name = "answer", verdict = "no", type = "decode",
    unread = { delete = true, ["end"] = true, patch = true, raw = true }, script = { { "read", { answer = 200 }, "loop" } } },
  { title = "a body too large", name = "too_large", verdict = "no", type = "response_too_large", script = { { "read",
    { send = "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" }, { repeat_bytes = ("x"):rep(10000), count = 1700 }, "close" } } },
  { title = "headers too large", name = "too_large", verdict = "no", type = "response_too_large", script = { { "read",
    { send = "HTTP/1.1 200 OK\r\n" }, { repeat_bytes = "X-A: " .. ("x"):rep(990) .. "\r\n", count = 80 }, { send = "\r\n" } } } },
}

for _, outcome in ipairs(outcomes) do
  describe("the retry table, of an outcome on the wire: " .. outcome.title .. ",", function()
    local server, results

    -- All kinds of calls side by side: the time-outs take no longer than one.
    setup(function()
      local url = outcome.url or not outcome.script and clients.dead_url()
      local proxy
      if outcome.script then
        server = wire.start(outcome.script, { tls = outcome.tls })
        url = outcome.https and "https://127.0.0.1:" .. server.port or server.url
      end
      if outcome.proxy then url, proxy = "https://tavus-spec.invalid", url end
      results = {}
      for i, call in ipairs(calls) do
        local kept = {}
        local options = { headers = { ["X-Case"] = tostring(i) }, proxy = proxy }
        for name, value in pairs(outcome.options or {}) do options[name] = value end
        kept.client, kept.notes = watched(url, options)
        kept.client:spawn(function() kept.value, kept.err = call.make(kept.client, { id = "p1", call = "c1" }) end)
        results[i] = kept
      end
      for _, kept in ipairs(results) do
        kept.client:run()
        kept.client:close()
      end
    end)

    teardown(function() if server then server:stop() end end)

    for i, call in ipairs(calls) do
      it(call.name, function()
        local kept, sent = results[i], 0
        for _, request in ipairs(server and server:requests() or {}) do
          if request.headers["x-case"] == tostring(i) then sent = sent + 1 end
        end
        if outcome.unread and (outcome.unread[call.name] or outcome.unread[call.name:match "^a (%a+)"]) then -- what they answer is not looked at
          assert.is_true(kept.value)
          assert.equal(1, sent)
        else
          assert_failed(outcome, call, kept.value, kept.err, kept.notes, sent)
        end
      end)
    end

    it("leaves nothing under way", function() assert.matches("%(0 under way, 0 waiting%)", tostring(http.engine())) end)
  end)
end

describe("the retry table, of a used connection that dies unanswered:", function()
  local server, client, notes
  local OK = { answer = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"persona_id":"p1","conversation_id":"c1"}' }

  before_each(function()
    server = wire.start { { "read", OK, "read", "close" }, { "read", OK, "loop" } }
    client, notes = watched(server.url)
    assert(client.personas:get "p1")
  end)

  after_each(function()
    client:close()
    server:stop()
  end)

  for _, call in ipairs(calls) do
    it(call.name, function()
      local value, result = call.make(client, { id = "p1", call = "c1" })
      local sent = #server:requests() - 1
      if call.repeats then
        -- libcurl sent it again by itself, or left that to us (as it does each sixth time).
        assert.is_true(#notes.asked <= 1)
        if result.type then assert.equal("decode", result.type) else assert.is_truthy(value) end
        assert.equal(2, result.attempts)
        assert.equal(2, sent)
      else
        assert.is_nil(value)
        assert.equal("connection", result.type)
        assert.is_true(result.ambiguous)
        assert.is_false(result.retryable)
        assert.equal(1, result.attempts)
        assert.equal(1, sent)
        assert.same({}, notes.asked)
      end
    end)
  end
end)
