-- The engine and a real server that speaks HTTP/2 over TLS: nginx, with the scripted server behind it where a spec wants to
-- see what arrives.
local http = require "tavus.http"
local nginx = require "spec.support.nginx"
local wire = require "spec.support.wire"

local key = "tvsk_0123456789abcdef"
local engine, front, back

-- nginx before the scripted server, which sees every request on a connection of its own
local function serve(script, configuration)
  back = wire.start(script)
  front = nginx.start([[
    location / {
      proxy_pass ]] .. back.url .. [[;
      proxy_http_version 1.0;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_next_upstream off;
    }
]] .. (configuration or ""))
end

local function session(options)
  options = options or {}
  options.api_key = options.api_key or key
  options.base_url, options.ca_file = front.url, front.ca_file
  return assert(http.session(options))
end

local function submit(made, method, path, options)
  options = options or {}
  options.timeout = options.timeout or 20
  return assert(engine:submit(made, method, path, options))
end

local function finish(request)
  while not engine:wait(request, 1) do end -- luacheck: ignore 542
  return request:result()
end

local function await(condition)
  local give_up = http.now() + 20
  repeat
    engine:sleep(0.005)
    if http.now() > give_up then error("the condition never came", 2) end
  until condition()
end

local answering = { { "read", { answer = 200, body = "{}" }, "close" } }

describe("over HTTP/2", function()
  before_each(function() engine = assert(http.engine()) end)

  after_each(function()
    if front then front:stop() end
    if back then back:stop() end
    front, back = nil, nil
  end)

  it("many requests at once share one connection, each in its own name", function()
    serve(answering)
    local mine, other = session { headers = { ["X-Team"] = "a" } }, session { api_key = "another-key" }
    local requests, connections = {}, {}
    for i = 1, 60 do requests[i] = submit(i % 2 == 0 and mine or other, "POST", "/" .. i, { body = "body " .. i }) end
    for i = 1, 60 do
      local result = finish(requests[i])
      assert.equal("answer", result.outcome, result.message)
      assert.equal("HTTP/2.0", result.headers["x-protocol"])
      assert.equal(1, result.sent)
      connections[result.headers["x-connection"]] = true
    end
    assert.is_truthy(next(connections))
    assert.is_nil(next(connections, next(connections)))
    local seen = back:requests()
    assert.equal(60, #seen)
    for _, request in ipairs(seen) do
      local i = tonumber(request.path:match "%d+")
      assert.equal("body " .. i, request.body)
      assert.equal(i % 2 == 0 and key or "another-key", request.headers["x-api-key"])
      assert.equal(i % 2 == 0 and "a" or nil, request.headers["x-team"])
    end
  end)

  it("a session that does not trust the server rides on nobody's connection", function()
    serve(answering)
    assert.equal("answer", finish(submit(session(), "GET", "/1")).outcome)
    local made = assert(http.session { api_key = key, base_url = front.url, ca_file = wire.certificates().other_ca_file })
    assert.equal("certificate", finish(submit(made, "GET", "/2")).outcome)
    assert.equal(1, #back:requests())
  end)

  it("answers without a body are answers", function()
    serve { { "read", { send = "HTTP/1.1 204 No Content\r\n\r\n" }, "close" }, { "read", { send = "HTTP/1.1 304 Not Modified\r\n\r\n" }, "close" } }
    local made = session()
    local result = finish(submit(made, "DELETE", "/"))
    assert.equal("answer", result.outcome)
    assert.equal(204, result.status)
    assert.equal("", result.body)
    result = finish(submit(made, "PATCH", "/", { body = "[]" }))
    assert.equal(304, result.status)
    assert.equal("answer", result.outcome)
  end)

  it("a stream that is reset inside its body is lost, and was sent once", function()
    serve { { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc" }, "reset" } }
    local made = session()
    for _, method in ipairs { "POST", "GET" } do
      local result = finish(submit(made, method, "/", method == "POST" and { body = "{}" } or nil))
      assert.equal("lost", result.outcome)
      assert.equal(1, result.sent)
      assert.is_nil(result.body)
    end
    assert.equal(2, #back:requests())
  end)

  it("a stream that is cancelled or out of time leaves the others alone", function()
    serve { { "read", { answer = 200 }, "close" }, { "read", { await = "go" }, { answer = 200, body = "late" }, "close" },
      { "read", "hang" }, { "read", "hang" }, { "read", { answer = 200, body = "next" }, "close" } }
    local made = session()
    local connection = finish(submit(made, "GET", "/first")).headers["x-connection"]
    local late = submit(made, "GET", "/late")
    await(function() return back:count "request" == 2 end)
    local cancelled = submit(made, "POST", "/cancelled", { body = "{}" })
    await(function() return back:count "request" == 3 end)
    local timed = submit(made, "POST", "/timed", { body = "{}", timeout = 0.5 })
    await(function() return back:count "request" == 4 end)
    cancelled:cancel()
    assert.equal("timeout", finish(timed).outcome)
    assert.equal(1, timed:result().sent)
    local following = finish(submit(made, "GET", "/next"))
    assert.equal("next", following.body)
    assert.equal(connection, following.headers["x-connection"])
    back:release "go"
    assert.equal("late", finish(late).body)
    assert.equal(connection, late:result().headers["x-connection"])
  end)

  it("a server that sends its clients away loses nothing, and nothing arrives twice", function()
    serve(answering, "keepalive_requests 3;")
    local made, requests = session(), {}
    for round = 0, 3 do
      for i = 1, 10 do requests[i] = submit(made, "POST", "/" .. round * 10 + i, { body = "{}" }) end
      for i = 1, 10 do
        local result = finish(requests[i])
        assert.is_truthy(result.outcome == "answer" or result.outcome == "not_sent", result.outcome)
        assert.is_true(result.sent <= 1)
      end
    end
    local arrived, count = {}, 0
    for _, request in ipairs(back:requests()) do
      assert.is_nil(arrived[request.path], request.path .. " arrived twice")
      arrived[request.path] = true
      count = count + 1
    end
    assert.is_true(count > 3)
  end)

  it("a server that dies leaves a POST lost, and the next request finds the new one", function()
    serve { { "read", { answer = 200 }, "close" }, { "read", "hang" } }
    local made = session()
    finish(submit(made, "GET", "/"))
    local request = submit(made, "POST", "/", { body = "{}" })
    await(function() return back:count "request" == 2 end)
    front:stop()
    local result = finish(request)
    assert.equal("lost", result.outcome)
    assert.equal(1, result.sent)
    assert.equal("not_sent", finish(submit(made, "POST", "/", { body = "{}" })).outcome)
  end)

  it("limits are the same", function()
    serve(answering, "location /files/ { alias FOLDER/files/; }")
    front:file("whole", ("x"):rep(16 * 1024 * 1024))
    front:file("larger", ("x"):rep(16 * 1024 * 1024 + 1))
    local made = session()
    local result = finish(submit(made, "GET", "/files/whole"))
    assert.equal("HTTP/2.0", result.headers["x-protocol"])
    assert.equal(16 * 1024 * 1024, #result.body)
    assert.equal("too_large", finish(submit(made, "GET", "/files/larger")).outcome)
    assert.equal("answer", finish(submit(made, "GET", "/")).outcome)
  end)
end)

describe("TLS", function()
  after_each(function()
    if front then front:stop() end
    front = nil
  end)

  it("older than 1.2 is refused, whatever the system would allow", function()
    front = nginx.start "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; location / { return 200; }"
    local folder = wire.folder()
    local file = assert(io.open(folder .. "/openssl.cnf", "w"))
    file:write("openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n",
      "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n")
    file:close()
    local script = [[
      local http = require "tavus.http"
      local made = assert(http.session { api_key = "kkkk", base_url = arg[1], ca_file = arg[2] })
      local request = http.engine():submit(made, "GET", "/", { timeout = 20 })
      while not http.engine():wait(request, 1) do end
      print(request:result().outcome, request:result().code, request:result().sent)
    ]]
    local lax = { OPENSSL_CONF = folder .. "/openssl.cnf" }
    local ok, output = wire.run(script, lax, front.url, front.ca_file)
    assert.is_true(ok, output)
    assert.equal("not_sent\tCURLE_SSL_CONNECT_ERROR\t0\n", output)
    front:stop()
    front = nginx.start "ssl_protocols TLSv1.2; location / { return 200; }"
    ok, output = wire.run(script, lax, front.url, front.ca_file)
    assert.is_true(ok, output)
    assert.equal("answer\tnil\t1\n", output)
    wire.remove(folder)
  end)
end)
