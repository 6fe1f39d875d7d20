-- What a request looks like on the wire, and how each way of ending is told apart. Real sockets throughout.
local http = require "tavus.http"
local wire = require "spec.support.wire"

local key = "tvsk_0123456789abcdef"
local engine, server

local function serve(script, options)
  server = wire.start(script, options)
  return server
end

local function session(options)
  options = options or {}
  options.api_key = options.api_key or key
  options.base_url = options.base_url or server.url
  return assert(http.session(options))
end

local function perform(made, method, path, options)
  options = options or {}
  options.timeout = options.timeout or 10
  local request = assert(engine:submit(made, method, path, options))
  while not engine:wait(request, 1) do end -- luacheck: ignore (a signal or a slow machine)
  return request:result(), request
end

-- Work until `condition` holds.
local function await(condition)
  local give_up = http.now() + 20
  repeat
    engine:step(0.005)
    if http.now() > give_up then error("the condition never came", 2) end
  until condition()
end

before_each(function() engine = assert(http.engine()) end)

after_each(function()
  if server then server:stop() end
  server = nil
  collectgarbage()
end)

describe("what is taken of a request", function()
  local core = require "tavus.core"

  local function taken(answer, reader)
    if server then server:stop() end
    serve { { "read", answer, "loop" } }
    local request = assert(engine:submit(session(), "GET", "/", { timeout = 10 }))
    assert.is_nil(request:take(reader))
    while not engine:wait(request, 1) do end -- luacheck: ignore
    return request:take(reader), request
  end

  it("has the value of a success in place of its body, which can be had until it is forgotten", function()
    local text = '{ "a" : [1, 2.5, "x\\n"] }'
    local result, request = taken({ answer = 200, body = text }, core.reader)
    assert.equal("x\n", result.value.a[3])
    assert.is_nil(result.body)
    assert.is_nil(result.problem)
    assert.is_nil(request:take(core.reader))
    assert.is_nil(request:result())
    assert.equal(text, request:body())
    assert.equal(text, request:body())
    request:forget()
    request:forget()
    assert.is_nil(request:body())
    assert.is_nil(request:take(core.reader))
    assert.is_true(request:done())
    assert.equal("tavus.http.request (closed)", tostring(request))
  end)

  it("has false and null as values", function()
    assert.is_false(taken({ answer = 200, body = "false" }, core.reader).value)
    assert.equal(core.null, taken({ answer = 201, body = "null" }, core.reader).value)
  end)

  it("has what is no JSON as a body, beside the problem", function()
    local result, request = taken({ answer = 200, body = "{]" }, core.reader)
    assert.is_nil(result.value)
    assert.equal(2, result.problem.position)
    assert.equal("{]", result.body)
    assert.is_nil(request:body())
  end)

  it("is a body where it is empty, no success, or nobody wants it read", function()
    for _, case in ipairs { { 200, "", core.reader }, { 400, "{}", core.reader }, { 302, "{}", core.reader }, { 200, "{}" } } do
      local result = taken({ answer = case[1], body = case[2] }, case[3])
      assert.equal(case[2], result.body)
      assert.is_nil(result.value)
      assert.is_nil(result.problem)
    end
  end)

  it("is read by the core whose reader it is, and by nothing else", function()
    package.loaded["tavus.core"] = nil
    local other = require "tavus.core"
    package.loaded["tavus.core"] = core
    for _, each in ipairs { other, core } do
      assert.equal(each.array_mt, getmetatable(taken({ answer = 200, body = "[]" }, each.reader).value))
    end
    for _, wrong in ipairs { true, "reader", {}, io.stdout, engine } do
      assert.is_false((pcall(taken, { answer = 200, body = "[]" }, wrong)))
    end
  end)

  it("is let go of while it is under way, and is cancelled so", function()
    serve { { "read", "hold" } }
    local request = assert(engine:submit(session(), "GET", "/"))
    await(function() return server:count "request" == 1 end)
    request:forget()
    assert.matches("0 under way, 0 waiting", tostring(engine))
  end)
end)

describe("a request", function()
  it("carries key, query, body and headers", function()
    serve { { "read", { answer = 200, body = '{"a":1}', headers = { "X-Request-Id: r1", "Set-Cookie: a=1", "Set-Cookie: b=2" } }, "loop" } }
    local made = session { base_url = server.url .. "/pre/", headers = { ["X-Team"] = "a" }, user_agent = "spec/1" }
    local result = perform(made, "GET", "/v2/personas", { query = { page = 2, limit = 10, name = "a b&c", all = true } })
    assert.equal("answer", result.outcome)
    assert.equal(200, result.status)
    assert.equal('{"a":1}', result.body)
    assert.equal("r1", result.headers["x-request-id"])
    assert.equal("a=1, b=2", result.headers["set-cookie"])
    assert.equal(1, result.sent)
    assert.is_nil(result.message)
    assert.is_true(result.elapsed_ms > 0)
    result = perform(made, "POST", "/v2/personas", { body = '{"b":2}', headers = { ["x-team"] = "b", ["X-Empty"] = "" } })
    assert.equal(200, result.status)
    local get, post = server:requests()[1], server:requests()[2]
    assert.equal("/pre/v2/personas?all=true&limit=10&name=a%20b%26c&page=2", get.path)
    assert.equal("GET", get.method)
    assert.equal("1.1", get.version)
    assert.equal(key, get.headers["x-api-key"])
    assert.equal("a", get.headers["x-team"])
    assert.equal("spec/1", get.headers["user-agent"])
    assert.equal("application/json", get.headers.accept)
    assert.matches("gzip", get.headers["accept-encoding"])
    assert.is_nil(get.headers["content-type"])
    assert.is_nil(get.headers["content-length"])
    assert.is_nil(get.headers.cookie)
    assert.equal("POST", post.method)
    assert.equal('{"b":2}', post.body)
    assert.equal("application/json", post.headers["content-type"])
    assert.equal("b", post.headers["x-team"])
    assert.equal("", post.headers["x-empty"])
    assert.is_nil(post.headers.cookie)
    local lines = table.concat(post.header_lines, "\n"):lower()
    assert.equal(1, select(2, lines:gsub("x%-team:", "")))
    assert.is_true(server:count "connect" <= 2) -- libcurl may have begun a second one meanwhile
  end)

  it("keeps the order of a list of query pairs", function()
    serve { { "read", { answer = 200 }, "loop" } }
    perform(session(), "GET", "/p?x=1", { query = { { "b", "2" }, { "a", "1" }, { "b", 3 } } })
    assert.equal("/p?x=1&b=2&a=1&b=3", server:requests()[1].path)
  end)

  it("without a body has no content type, and no body", function()
    serve { { "read", { answer = 200, body = "{}" }, "loop" } }
    local made = session()
    perform(made, "POST", "/v2/conversations/c1/end", { may_repeat = true })
    perform(made, "DELETE", "/v2/personas/p1")
    perform(made, "GET", "/")
    perform(made, "PATCH", "/", { body = "[]" })
    perform(made, "PATCH", "/", { body = "" })
    perform(made, "POST", "/", { headers = { ["Content-Type"] = "text/plain" } })
    local seen = server:requests()
    assert.equal("POST", seen[1].method)
    assert.equal("0", seen[1].headers["content-length"])
    assert.is_nil(seen[1].headers["content-type"])
    assert.equal("DELETE", seen[2].method)
    assert.is_nil(seen[2].headers["content-length"])
    assert.equal("GET", seen[3].method)
    assert.equal("PATCH", seen[4].method)
    assert.equal("[]", seen[4].body)
    assert.equal("application/json", seen[4].headers["content-type"])
    assert.equal("0", seen[5].headers["content-length"])
    assert.equal("text/plain", seen[6].headers["content-type"])
    assert.is_true(server:count "connect" <= 2) -- libcurl may have begun a second one meanwhile
  end)

  it("sends a large body without waiting for 100 Continue", function()
    serve { { "read", { answer = 201 }, "loop" } }
    local body = ("x"):rep(3 * 1024 * 1024)
    local result = perform(session(), "POST", "/", { body = body })
    assert.equal(201, result.status)
    local seen = server:requests()[1]
    assert.is_nil(seen.headers.expect)
    assert.equal(#body, #seen.body)
    assert.is_true(body == seen.body)
  end)

  it("passes over header lines without a name", function()
    serve { { "read", { send = "HTTP/1.1 200 OK\r\nX-Good: 1\r\n: of nobody\r\nx-empty:\r\nX-Also: a: b\r\nContent-Length: 2\r\n\r\n{}" },
      "loop" } }
    local result = perform(session(), "GET", "/")
    if result.outcome == "answer" then -- a libcurl may refuse such an answer as a whole
      assert.same({ ["x-good"] = "1", ["x-empty"] = "", ["x-also"] = "a: b", ["content-length"] = "2" }, result.headers)
      assert.equal("{}", result.body)
    end
  end)

  it("survives header lines without a colon", function()
    for _, line in ipairs { "no colon here", "x", "\tcontinued", ("long"):rep(500) } do
      for _, lines in ipairs { line .. "\r\nX-Good: 1", "X-Good: 1\r\n" .. line } do
        serve { { "read", { send = "HTTP/1.1 200 OK\r\n" .. lines .. "\r\nContent-Length: 2\r\n\r\n{}" }, "loop" } }
        local result = perform(session(), "GET", "/")
        if result.outcome == "answer" then
          assert.matches("^1", result.headers["x-good"])
          for name in pairs(result.headers) do assert.is_truthy(name == "x-good" or name == "content-length", name) end
          assert.equal("{}", result.body)
        else
          assert.equal("lost", result.outcome)
        end
        server:stop()
      end
    end
  end)

  it("reads interim answers past, chunks, and bodies without a length", function()
    serve {
      { "read", { send = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { send = "3\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n" },
        "read", { send = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end" }, "close" },
      { "read", { answer = 204 }, "read", { answer = 304 }, "loop" },
    }
    local made = session()
    local result = perform(made, "GET", "/")
    assert.equal("abc", result.body)
    assert.is_nil(result.headers.link)
    assert.is_nil(result.headers["x-trailer"])
    assert.equal("until the end", perform(made, "GET", "/").body)
    local empty = perform(made, "DELETE", "/")
    assert.equal("answer", empty.outcome)
    assert.equal(204, empty.status)
    assert.equal("", empty.body)
    assert.equal(304, perform(made, "PATCH", "/", { body = "[]" }).status)
  end)

  it("hands the same result over every time", function()
    serve { { "read", { answer = 200, body = "once" }, "loop" } }
    local result, request = perform(session(), "GET", "/")
    assert.is_true(request:done())
    assert.equal(result, request:result())
    request:cancel()
    assert.equal("answer", request:result().outcome)
  end)

  it("finds no key in what a failing server echoes, whatever its spelling", function()
    local secret = "ab/cd+efgh"
    serve { { "read", { answer = 401, body = '{"m":"ab/cd+efgh ab\\/cd+efgh ab%2Fcd%2Befgh"}', headers = { ["X-Echo"] = secret } }, "loop" } }
    local result = perform(session { api_key = secret }, "GET", "/")
    assert.equal(401, result.status)
    assert.equal('{"m":"[redacted] [redacted] [redacted]"}', result.body)
    assert.equal("[redacted]", result.headers["x-echo"])
  end)
end)

describe("the way it ended", function()
  it("is not_sent when nobody listens", function()
    serve { { "close" } }
    local made = session()
    server:stop()
    local result = perform(made, "POST", "/", { body = "{}" })
    assert.equal("not_sent", result.outcome)
    assert.equal("CURLE_COULDNT_CONNECT", result.code)
    assert.equal(0, result.sent)
    assert.is_nil(result.status)
    assert.is_true(#result.message > 0)
  end)

  it("is not_sent when the time to connect is over, each session's own", function()
    serve { { "hang" } }
    local url = server.url:gsub("^http:", "https:")
    perform(session { base_url = url }, "GET", "/", { timeout = 0.05 })
    local result = perform(session { base_url = url, connect_timeout = 0.1 }, "POST", "/", { body = "{}", timeout = 30 })
    assert.equal("not_sent", result.outcome)
    assert.equal("CURLE_OPERATION_TIMEDOUT", result.code)
    assert.is_true(result.elapsed_ms < 4000, result.elapsed_ms) -- and not 5 s, as long as the first had
  end)

  it("is not_sent for all that wait for the same connection, when the time to connect is over", function()
    serve { { "hang" } }
    local made = session { base_url = server.url:gsub("^http:", "https:"), connect_timeout = 0.2 }
    local requests = {}
    for i = 1, 6 do requests[i] = assert(engine:submit(made, "POST", "/" .. i, { body = "{}", timeout = 30 })) end
    for _, request in ipairs(requests) do
      while not engine:wait(request, 1) do end -- luacheck: ignore (a signal or a slow machine)
      local result = request:result()
      assert.equal("not_sent", result.outcome)
      assert.equal("CURLE_OPERATION_TIMEDOUT", result.code)
      assert.is_true(#result.message > 0)
    end
    assert.is_true(server:count "connect" <= 2) -- libcurl may have begun a second one meanwhile
  end)

  it("is not_sent when the name does not exist", function()
    local result = perform(session { base_url = "https://tavus-spec.invalid", proxy = "" }, "POST", "/", { body = "{}" })
    assert.equal("not_sent", result.outcome)
    -- without a name server at all the time to connect runs out first
    assert.is_truthy(result.code == "CURLE_COULDNT_RESOLVE_HOST" or result.code == "CURLE_OPERATION_TIMEDOUT")
  end)

  it("is lost after a reset, on a new connection", function()
    serve { { "read", "reset" } }
    local made = session()
    for _, method in ipairs { "POST", "GET" } do
      local result = perform(made, method, "/", method == "POST" and { body = "{}" } or nil)
      assert.equal("lost", result.outcome)
      assert.equal(1, result.sent)
      assert.is_nil(result.status)
    end
    assert.equal(2, #server:requests())
  end)

  it("is lost when the server closes without a word", function()
    serve { { "read", "close" } }
    local result = perform(session(), "GET", "/")
    assert.equal("lost", result.outcome)
    assert.equal("CURLE_GOT_NOTHING", result.code)
    assert.equal(1, result.sent)
  end)

  for _, ending in ipairs { "close", "reset" } do
    it("repeats a GET when a reused connection dies unanswered (" .. ending .. ")", function()
      serve { { "read", { answer = 200 }, "read", ending }, { "read", { answer = 200, body = "again" }, "loop" } }
      local made = session()
      perform(made, "GET", "/1")
      local result = perform(made, "GET", "/2")
      assert.equal("answer", result.outcome)
      assert.equal("again", result.body)
      assert.equal(2, result.sent)
      assert.equal(3, #server:requests())
    end)

    it("sends a POST once when a reused connection dies unanswered (" .. ending .. ")", function()
      serve { { "read", { answer = 200 }, "read", ending }, { "read", { answer = 200 }, "loop" } }
      local made = session()
      perform(made, "GET", "/1")
      local result = perform(made, "POST", "/2", { body = "{}" })
      assert.equal("lost", result.outcome)
      assert.equal(1, result.sent)
      assert.equal(2, #server:requests())
      -- one that may repeat (conversations' end) is repeated
      local again = perform(made, "POST", "/3", { may_repeat = true })
      assert.equal("answer", again.outcome)
    end)
  end

  it("is an answer on a connection that died while it was idle", function()
    serve { { "read", { answer = 200 }, "close" }, { "read", { answer = 200, body = "fresh" }, "loop" } }
    local made = session()
    perform(made, "GET", "/1")
    await(function() return server:count "connect" == 1 end)
    engine:sleep(0.02) -- the FIN is on its way; whether it has arrived does not matter
    assert.equal("fresh", perform(made, "GET", "/2").body)
  end)

  it("is lost when an answer is cut inside its headers, never a success", function()
    for _, cut in ipairs {
      "HTTP/1.1 204 No Content\r\n", "HTTP/1.1 204 No Content\r\nX-A: b\r\n", "HTTP/1.1 204 No Content\r\nX-A: b",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 20",
      "HTTP/1.0 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n", "HTTP/1.1 204 No Content\n", "HTTP/1.1 204 No Content\r\n\r",
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 204 No Content\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nX\n",
    } do
      serve { { "read", { send = cut }, "close" } }
      local result = perform(session(), "DELETE", "/")
      assert.equal("lost", result.outcome, cut)
      assert.is_nil(result.body)
      server:stop()
    end
  end)

  it("is lost when the body is cut or shorter than announced", function()
    for _, cut in ipairs {
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    } do
      for _, ending in ipairs { "close", "reset" } do
        serve { { "read", { send = cut }, ending } }
        local result = perform(session(), "GET", "/")
        assert.equal("lost", result.outcome, cut)
        assert.is_nil(result.body)
        server:stop()
      end
    end
  end)

  it("is lost when the answer is no HTTP", function()
    for _, nonsense in ipairs { "hello\r\n\r\n", "HTTP/9.9 what\r\n\r\n", "\0\1\2\3\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" } do
      serve { { "read", { send = nonsense }, "close" } }
      assert.equal("lost", perform(session(), "POST", "/", { body = "{}" }).outcome)
      server:stop()
    end
  end)

  it("is a timeout after sending, and the connection is not used again", function()
    serve { { "read", { answer = 200 }, "read", "hang" }, { "read", { answer = 200 }, "loop" } }
    local made = session()
    perform(made, "GET", "/") -- the connection stands: what follows is sent at once
    local result = perform(made, "POST", "/", { body = "{}", timeout = 0.4 })
    assert.equal("timeout", result.outcome)
    assert.equal("CURLE_OPERATION_TIMEDOUT", result.code)
    assert.equal(1, result.sent)
    assert.is_true(result.elapsed_ms >= 399)
    await(function() return server:count "closed" == 1 end)
    assert.equal("answer", perform(made, "GET", "/").outcome)
    assert.equal(2, server:count "connect")
  end)

  it("is a timeout when an answer drips past its time", function()
    serve { { "read", { answer = 200 }, "read", { drip = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" .. ("x"):rep(100), every = 0.02 } } }
    local made = session()
    perform(made, "GET", "/")
    assert.equal("timeout", perform(made, "GET", "/", { timeout = 0.4 }).outcome)
  end)

  it("is an answer when it drips within its time", function()
    serve { { "read", { drip = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", every = 0.001 } } }
    assert.equal("abcd", perform(session(), "GET", "/").body)
  end)

  it("is garbled when what was packed cannot be unpacked", function()
    serve { { "read", { answer = 200, headers = { ["Content-Encoding"] = "gzip" }, body = "this is not gzip" }, "close" } }
    local result = perform(session(), "GET", "/")
    assert.equal("garbled", result.outcome)
    assert.is_nil(result.body)
  end)

  it("is an answer for a redirect: nobody is followed, nobody else sees the key", function()
    local other = wire.start { { "read", { answer = 200 }, "loop" } }
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      serve { { "read", { answer = status, headers = { Location = other.url .. "/stolen" } }, "loop" } }
      local result = perform(session(), "POST", "/", { body = "{}" })
      assert.equal("answer", result.outcome)
      assert.equal(status, result.status)
      assert.equal(other.url .. "/stolen", result.headers.location)
      server:stop()
    end
    assert.same({}, other:journal())
    other:stop()
  end)
end)

describe("limits", function()
  it("stop a body of more than 16 MiB", function()
    serve {
      { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n" }, { repeat_bytes = ("x"):rep(65536), count = 256 },
        "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n" }, { repeat_bytes = ("x"):rep(65537), count = 256 } },
      { "read", { answer = 200 }, "loop" },
    }
    local made = session()
    local result = perform(made, "GET", "/")
    assert.equal("answer", result.outcome)
    assert.equal(16777216, #result.body)
    result = perform(made, "GET", "/")
    assert.equal("too_large", result.outcome)
    assert.is_nil(result.body)
    assert.matches("16 MiB", result.message)
    assert.equal(200, perform(made, "GET", "/").status)
  end)

  it("stop an endless body", function()
    serve { { "read", { send = "HTTP/1.1 200 OK\r\n\r\n" }, { repeat_bytes = ("x"):rep(65536), count = 100000 } } }
    assert.equal("too_large", perform(session(), "GET", "/").outcome)
  end)

  it("stop a gzip bomb after inflating 16 MiB", function()
    local folder = wire.folder()
    local path = folder .. "/bomb"
    os.execute("{ printf 'HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\nConnection: close\\r\\n\\r\\n'; " ..
      "head -c 200000000 /dev/zero | gzip -9; } > " .. path)
    serve { { "read", { send_file = path }, "close" } }
    local result = perform(session(), "GET", "/")
    assert.equal("too_large", result.outcome)
    wire.remove(folder)
  end)

  it("unpack what is packed decently", function()
    local folder = wire.folder()
    local path = folder .. "/packed"
    os.execute("{ printf 'HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\nConnection: close\\r\\n\\r\\n'; printf '{\"a\":1}' | gzip; } > " .. path)
    serve { { "read", { send_file = path }, "close" } }
    assert.equal('{"a":1}', perform(session(), "GET", "/").body)
    wire.remove(folder)
  end)

  it("stop headers of more than 64 KiB, in many lines, in one, or without an end", function()
    local line = "X-Filler: " .. ("x"):rep(1000) .. "\r\n"
    for _, steps in ipairs {
      { { send = "HTTP/1.1 200 OK\r\n" }, { repeat_bytes = line, count = 70 }, { send = "Content-Length: 0\r\n\r\n" } },
      { { send = "HTTP/1.1 200 OK\r\nX-Long: " }, { repeat_bytes = ("x"):rep(1000), count = 70 }, { send = "\r\nContent-Length: 0\r\n\r\n" } },
      { { send = "HTTP/1.1 200 OK\r\nX-Long: " }, { repeat_bytes = ("x"):rep(65536), count = 100 } },
      { { send = "HTTP/1.1 200 OK\r\n" }, { repeat_bytes = line, count = 100000 } },
      { { repeat_bytes = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count = 100000 } },
    } do
      table.insert(steps, 1, "read")
      serve { steps }
      local result = perform(session(), "GET", "/")
      assert.equal("too_large", result.outcome)
      server:stop()
    end
  end)

  it("let 60 KiB of headers pass", function()
    local line = "X-Filler: " .. ("x"):rep(1000) .. "\r\n"
    serve { { "read", { send = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" }, { repeat_bytes = line, count = 60 }, { send = "\r\n" } } }
    assert.equal("answer", perform(session(), "GET", "/").outcome)
  end)
end)
