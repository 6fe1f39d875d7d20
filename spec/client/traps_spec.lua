-- What springs on the wire, seen through the client.
local clients = require "spec.support.clients"
local process = require "spec.support.process"
local wire = require "spec.support.wire"
local tavus = require "tavus"

local ROW = '{"persona_id":"p1","persona_name":"A"}'
local OK = { answer = 200, headers = { ["Content-Type"] = "application/json" }, body = ROW }

describe("on the wire", function()
  local server, client, retries

  local function start(script, options, client_options)
    server = wire.start(script, options)
    client, retries = clients.new(server.url, client_options)
  end

  after_each(function()
    if client then client:close() end
    if server then server:stop() end
    client, server = nil, nil
  end)

  local function count(method)
    local n = 0
    for _, request in ipairs(server:requests()) do
      if request.method == method then n = n + 1 end
    end
    return n
  end

  it("a POST on a reused connection that dies is sent once and is ambiguous", function()
    start { { "read", OK, "read", "close" }, { "read", OK, "loop" } }
    assert(client.personas:get("p1"))
    local persona, err = client.personas:create(clients.persona())
    assert.is_nil(persona)
    assert.is_true(err.ambiguous)
    assert.equal("connection", err.type)
    assert.equal(1, err.attempts)
    assert.equal(1, count "POST")
  end)

  it("a PATCH that may not repeat on such a connection is sent once and is ambiguous", function()
    start { { "read", OK, "read", "close" }, { "read", OK, "loop" } }
    assert(client.personas:get("p1"))
    local done, err = client.personas:patch("p1", tavus.patch():remove("/context"))
    assert.is_nil(done)
    assert.is_true(err.ambiguous)
    assert.equal(1, count "PATCH")
  end)

  it("a GET on such a connection is repeated, and every sending counts", function()
    start { { "read", OK, "read", "close" }, { "read", OK, "loop" } }
    assert(client.personas:get("p1"))
    local persona, meta = client.personas:get("p1")
    assert.truthy(persona)
    assert.equal(2, meta.attempts)
    assert.equal(3, count "GET")
  end)

  it("connections that die one after the other are each the first one for libcurl, which gives up after five", function()
    local dying, script = { "read", OK, "read", "close" }, {}
    for i = 1, 12 do script[i] = dying end
    start(script)
    for _ = 1, 4 do -- each takes three: the GET's end and the POST's, and one that the POST may not be sent on again
      assert(client.personas:get("p1"))
      assert(client.personas:get("p1"))
      local _, err = client.personas:create(clients.persona())
      assert.matches("died before an answer came", err.message)
    end
    assert.same({}, retries)
  end)

  it("a DELETE that libcurl itself sent twice has succeeded when the id is then invalid", function()
    start { { "read", OK, "read", "close" }, { "read", { answer = 400, body = '{"error":"Invalid persona_id"}' }, "loop" } }
    assert(client.personas:get("p1"))
    local done, meta = client.personas:delete("p1")
    assert.is_true(done)
    assert.equal(2, meta.attempts)
  end)

  it("an answer cut inside its headers is no answer", function()
    start { { "read", { send = "HTTP/1.1 204 No Content\r\nX-Half: a" }, "close" } }
    local done, err = client.personas:delete("p1")
    assert.is_nil(done)
    assert.equal("connection", err.type)
    assert.equal(3, err.attempts)
    assert.equal(2, #retries)
    assert.equal("lost", retries[1].outcome)
    local persona, failed = client.personas:create(clients.persona())
    assert.is_nil(persona)
    assert.is_true(failed.ambiguous)
  end)

  it("an answer cut inside its body is no answer", function()
    start { { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"persona_id\":" }, "close" }, { "read", OK, "loop" } }
    assert.equal("p1", assert(client.personas:get("p1")).persona_id)
    assert.equal("lost", retries[1].outcome)
    assert.is_nil(retries[1].status) -- what was begun with 200 is no answer
  end)

  it("an answer that is not whole has no status for the hooks either", function()
    local told = {}
    start({ { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" }, "close" } }, nil,
      { on_response = function(facts) told[#told + 1] = facts end })
    assert.is_nil((client.personas:create(clients.persona())))
    assert.equal("lost", told[1].outcome)
    assert.is_nil(told[1].status)
  end)

  it("what an interim answer says is not said by the answer", function()
    local interim = { send = "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\nX-Request-Id: early\r\n\r\n" }
    start { { "read", interim, interim, OK, "read", interim, { answer = 400 } } }
    local persona, meta = client.personas:get "p1"
    assert.equal("p1", persona.persona_id)
    assert.is_nil(meta.request_id)
    assert.is_nil(meta.headers["retry-after"])
    local _, err = client.personas:get "p1"
    assert.equal(400, err.status)
    assert.is_nil(err.retry_after)
  end)

  it("a reset is no answer", function()
    start { { "read", "reset" }, { "read", OK, "loop" } }
    assert.equal("p1", assert(client.personas:get("p1")).persona_id)
    assert.equal(1, #retries)
  end)

  it("an end has no body, not {}", function()
    start { { "read", { answer = 200 }, "loop" } }
    assert.is_true((client.conversations:end_("c1")))
    local request = server:requests()[1]
    assert.equal("POST", request.method)
    assert.equal("/v2/conversations/c1/end", request.path)
    assert.equal("", request.body)
    assert.is_nil(request.headers["content-type"])
    assert.is_true(request.headers["content-length"] == nil or request.headers["content-length"] == "0")
  end)

  it("an answer over 16 MiB is refused and not asked for again", function()
    start { { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" }, { repeat_bytes = ("x"):rep(10000), count = 2000 } } }
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("response_too_large", err.type)
    assert.equal(1, err.attempts)
    assert.equal(0, #retries)
    assert.is_false(err.retryable)
    assert.matches("limit", err.hint, 1, true) -- and nothing of what may have happened: a GET changes nothing
  end)

  it("an answer over 16 MiB to a call that changes something says that it has most likely happened", function()
    start { { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" }, { repeat_bytes = ("x"):rep(10000), count = 2000 } } }
    local persona, err = client.personas:create(clients.persona())
    assert.is_nil(persona)
    assert.equal("response_too_large", err.type)
    assert.matches("answered 200, so it has most likely happened: look before you repeat", err.hint, 1, true)
    assert.equal(1, #server:requests())
  end)

  it("more than 64 KiB of headers is told as that, in whatever part of the answer they come", function()
    local header, body = "X: " .. ("a"):rep(900) .. "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    local chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    local redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n"
    for name, answer in pairs {
      interim = ("HTTP/1.1 103 Early Hints\r\n" .. header .. "\r\n"):rep(100) .. body,
      continue = ("HTTP/1.1 100 Continue\r\n" .. header .. "\r\n"):rep(60) .. redirect .. header:rep(30) .. "\r\n",
      status_line = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 " .. ("O"):rep(200000) .. "\r\n\r\n",
      trailers = chunked .. header:rep(100) .. "\r\n",
    } do
      start { { "read", { send = answer }, "hang" } }
      local persona, err = client.personas:get "p1"
      assert.is_nil(persona, name)
      assert.equal("response_too_large", err.type, name)
      assert.matches("the answer's headers are larger than 64 KiB", err.message, 1, true)
      assert.matches("too many headers", err.hint, 1, true)
      server:stop()
    end
    for _, answer in ipairs { ("HTTP/1.1 103 Early Hints\r\n" .. header .. "\r\n"):rep(10) .. body, chunked .. header:rep(10) .. "\r\n" } do
      start { { "read", { send = answer }, "hang" } }
      assert.truthy(client.personas:get "p1")
      server:stop()
    end
  end)

  it("of an answer that ended before its status nobody knows what happened", function()
    start { { "read", { send = ("HTTP/1.1 103 Early Hints\r\nX: " .. ("a"):rep(900) .. "\r\n\r\n"):rep(100) }, "hang" } }
    local persona, err = client.personas:create(clients.persona())
    assert.is_nil(persona)
    assert.equal("response_too_large", err.type)
    assert.is_true(err.ambiguous)
  end)

  it("a DELETE that libcurl sent again, was told to wait, and then finds nothing has succeeded", function()
    -- the first sending may have done it: the connection died unanswered
    start {
      { "read", OK, "read", "close" },
      { "read", { answer = 429 }, "read", { answer = 400, body = '{"error":"Invalid persona_id"}' } },
    }
    assert(client.personas:get "p1")
    local done, meta = client.personas:delete "p1"
    assert.is_true(done, tostring(meta))
    assert.equal(3, meta.attempts)
  end)

  it("a DELETE that was lost, was told to wait, and then finds nothing has succeeded", function()
    start { { "read", "close" }, { "read", { answer = 429 }, "read", { answer = 400, body = '{"error":"Invalid persona_id"}' } } }
    local done, meta = client.personas:delete "p1"
    assert.is_true(done, tostring(meta))
    assert.equal(3, meta.attempts)
    assert.equal(2, #retries)
  end)

  it("headers over 64 KiB are refused", function()
    start { { "read", { send = "HTTP/1.1 200 OK\r\n" }, { repeat_bytes = "X-A: " .. ("x"):rep(990) .. "\r\n", count = 80 }, { send = "\r\n" } } }
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("response_too_large", err.type)
    assert.equal(0, #retries)
  end)

  it("an answer compressed in a broken way cannot be read", function()
    local packed = "\31\139\8\0\0\0\0\0\2\255\171\174\5\0\67\191\166\163\2\0\0\0" -- {}
    for _, body in ipairs { "this is no gzip at all", packed .. "more", packed .. packed } do
      start { { "read", { answer = 200, headers = { ["Content-Encoding"] = "gzip" }, body = body }, "loop" } }
      local persona, err = client.personas:get("p1")
      assert.is_nil(persona)
      assert.equal("decode", err.type)
      assert.is_false(err.ambiguous)
      assert.equal(0, #retries)
      persona, err = client.personas:create(clients.persona())
      assert.is_nil(persona)
      assert.equal("decode", err.type)
      assert.matches("most likely happened", err.hint, 1, true)
      client:close()
      server:stop()
    end
  end)

  it("redirects are not followed, and say so", function()
    local other = wire.start { { "read", OK, "loop" } }
    start { { "read", { answer = 307, headers = { Location = other.url .. "/v2/personas/p1" } }, "loop" } }
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("redirect_blocked", err.type)
    assert.equal(307, err.status)
    assert.truthy(err.hint:find("base_url", 1, true))
    assert.equal(0, other:count "connect")
    other:stop()
  end)

  it("an HTML page becomes a readable message, and the page is kept", function()
    local page = "<html>\n<head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
    start({ { "read", { answer = 502, headers = { ["Content-Type"] = "text/html" }, body = page }, "loop" } }, nil, { retries = 0 })
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("server", err.type)
    assert.equal("502 Bad Gateway", err.message)
    assert.equal(page, err.body)
  end)

  it("a key that is sent back does not get into the error", function()
    start { { "read", { answer = 400, headers = { ["X-Echo"] = clients.KEY }, body = '{"message":"key ' .. clients.KEY .. '"}' }, "loop" } }
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("key [redacted]", err.message)
    assert.is_nil(err.body:find(clients.KEY, 1, true))
    assert.is_nil(err.headers["x-echo"]:find(clients.KEY, 1, true))
    assert.equal(clients.KEY, server:requests()[1].headers["x-api-key"])
  end)

  it("a secret of an unreadable answer does not get into the error", function()
    start { { "read", { answer = 200, body = '{"persona_id":"p1","layers":{"llm":{"api_key":"sk-stored-secret"}}' }, "loop" } }
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("decode", err.type)
    assert.is_nil(err.body:find("sk-stored-secret", 1, true))
    assert.is_nil(tostring(err):find("sk-stored-secret", 1, true))
  end)

  it("a certificate that nobody vouches for is not accepted, and not tried again", function()
    start({ { "read", OK, "loop" } }, { tls = "localhost" })
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("connection", err.type)
    assert.equal(0, #retries)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
    assert.is_false(err.ambiguous)
    assert.truthy(err.hint:find("ca_file", 1, true))
    assert.equal(0, #server:requests())
  end)

  it("a certificate for another host is not accepted", function()
    server = wire.start({ { "read", OK, "loop" } }, { tls = "elsewhere" })
    client, retries = clients.new(server.url, { ca_file = server.ca_file })
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("connection", err.type)
    assert.equal(0, #server:requests())
  end)

  it("a CA file that cannot be read is told as such, and not as the server's fault", function()
    server = wire.start({ { "read", OK, "loop" } }, { tls = "localhost" })
    client, retries = clients.new(server.url, { ca_file = "/no/such/file.pem" })
    local persona, err = client.personas:get("p1")
    assert.is_nil(persona)
    assert.equal("config", err.type)
    assert.truthy(err.message:find("^the CA file cannot be used: .*/no/such/file.pem"), err.message)
    assert.truthy(err.hint:find("ca_file", 1, true))
    assert.is_false(err.retryable)
    assert.equal(0, #retries)
    assert.equal(0, #server:requests())
  end)

  it("a named authority is accepted", function()
    server = wire.start({ { "read", OK, "loop" } }, { tls = "localhost" })
    client, retries = clients.new(server.url, { ca_file = server.ca_file })
    assert.equal("p1", assert(client.personas:get("p1")).persona_id)
  end)

  -- libcurl 7.83 to 8.1.0 would write to where the last answer's last header was.
  it("a first header that continues the one before it, of which there is none, does no harm", function()
    local folded = { send = ("HTTP/1.1 200 OK\r\n X-Odd: a\r\nContent-Length: %d\r\n\r\n%s"):format(#ROW, ROW) }
    start { { "read", OK, "read", folded } }
    local status, output = process.lua { chunk = ([[
      local client = assert(require("tavus").new { api_key = "k3y", base_url = %q, retries = 0 })
      for _ = 1, 10 do
        assert(client.personas:get "p1")
        local persona, err = client.personas:get "p1"
        assert(persona and persona.persona_name == "A" or err.type == "connection", tostring(err))
      end
      print "done"
    ]]):format(server.url) }
    assert.equal(0, status, output)
    assert.equal("done\n", output)
    assert.equal(20, #server:requests())
  end)

  it("a proxy of the environment does not capture loopback", function()
    start { { "read", OK, "loop" } }
    local dead = "http://127.0.0.1:9"
    local _, output = process.lua({ chunk = ([[
      local client = assert(require("tavus").new { api_key = "k3y", base_url = %q, retries = 0 })
      print(client.personas:get("p1") ~= nil)
    ]]):format(server.url) }, { http_proxy = dead, HTTP_PROXY = dead, all_proxy = dead, ALL_PROXY = dead })
    assert.equal("true\n", output)
  end)

  it("a .netrc adds no password", function()
    local folder = wire.folder()
    wire.write_file(folder .. "/.netrc", "machine 127.0.0.1 login somebody password of-his-own\n")
    start { { "read", OK, "loop" } }
    local status, output = process.lua({ chunk = ([[
      assert(assert(require("tavus").new { api_key = "k3y", base_url = %q }).personas:get "p1")
    ]]):format(server.url) }, { HOME = folder })
    wire.remove(folder)
    assert.equal(0, status, output)
    assert.is_nil(server:requests()[1].headers.authorization)
  end)

  it("Expect and similar headers do not make a second round trip", function()
    start { { "read", OK, "loop" } }
    assert(client.personas:create(clients.persona(function(p) p.system_prompt = ("x"):rep(100000) end)))
    assert.is_nil(server:requests()[1].headers.expect)
  end)
end)

describe("a host", function()
  local http = require "tavus.http"

  it("that cannot wait has sent nothing, and leaves nothing to be sent later", function()
    local server = wire.start { { "read", OK, "loop" } }
    local client = clients.new(server.url)
    local refusal = {}
    clients.with_host({ perform = function() return refusal end, sleep = function() end }, function()
      local value, err = client.personas:create(clients.persona())
      assert.is_nil(value)
      assert.equal(refusal, err)
      assert.equal(0, http.engine():step(0))
    end)
    client:close()
    server:stop()
  end)

  it("that cannot wait for what was sent, or for its repeat, leaves in doubt what may have been done", function()
    local server = wire.start { { "read", { answer = 503 }, "read", "hang" }, { "read", "hang" } }
    local client = clients.new(server.url)
    -- has so many attempts answered, and then lets so many requests arrive
    local function refused(answered, arrived, make)
      local refusal = {}
      clients.with_host({ sleep = function() end, perform = function(engine, request)
        answered = answered - 1
        while answered >= 0 and not engine:wait(request, 1) do end
        if answered >= 0 then return nil end
        while #server:requests() < arrived do engine:step(0.01) end
        return refusal
      end }, function()
        local value, err = make(client)
        assert.is_nil(value)
        assert.equal(refusal, err)
        assert.equal(0, http.engine():step(0))
      end)
      return { refusal.method, refusal.path, refusal.attempts, refusal.ambiguous }
    end
    assert.same({ "DELETE", "/v2/personas/p1", 1, true }, refused(1, 0, function(c) return c.personas:delete "p1" end))
    assert.same({ "POST", "/v2/personas", 1, true }, refused(0, 2, function(c) return c.personas:create(clients.persona()) end))
    assert.same({ "GET", "/v2/personas/p1", 1, false }, refused(0, 3, function(c) return c.personas:get "p1" end))
    client:close()
    server:stop()
  end)

  it("that gives up on what was sent leaves in doubt what a repeat might do twice, and nothing else", function()
    local server = wire.start { { "read", "hang" } }
    local function given_up(arrived, make)
      local client = clients.new(server.url)
      local value, err
      clients.with_host({ perform = function(engine)
        while #server:requests() < arrived do engine:step(0.01) end
      end, sleep = function() end }, function()
        value, err = make(client)
      end)
      client:close()
      assert.is_nil(value)
      assert.equal("cancelled", err.type)
      assert.is_false(err.retryable)
      return err.ambiguous
    end
    local function create(client) return client.personas:create(clients.persona()) end
    local function get(client) return client.personas:get "p1" end
    assert.is_false(given_up(0, create))
    assert.is_true(given_up(1, create))
    assert.is_false(given_up(2, get))
    server:stop()
  end)

  it("that gives up cancels the request", function()
    local server = wire.start { { "read", "hang" } }
    local client = clients.new(server.url)
    local persona, err
    clients.with_host({ perform = function(engine) engine:step(0) end, sleep = function() end }, function()
      persona, err = client.personas:get("p1")
    end)
    assert.is_nil(persona)
    assert.equal("cancelled", err.type)
    assert.is_false(err.retryable)
    assert.equal(0, http.engine():step(0))
    client:close()
    server:stop()
  end)
end)
