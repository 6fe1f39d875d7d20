-- An answer that is cut is never taken for a whole one.
local http = require "tavus.http"
local wire = require "spec.support.wire"

local engine, server

local function serve(script)
  server = wire.start(script)
  return server
end

local function session()
  return assert(http.session { api_key = "tvsk_0123456789abcdef", base_url = server.url })
end

local function perform(made, method, path, options)
  options = options or {}
  options.timeout = 20
  local request = assert(engine:submit(made, method, path, options))
  while not engine:wait(request, 1) do end -- luacheck: ignore 542
  return request:result()
end

describe("an answer", function()
  before_each(function() engine = assert(http.engine()) end)

  after_each(function() server:stop() end)

  it("is lost when it is cut at any byte", function()
    for _, whole in ipairs {
      "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.0 204 No Content\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: y\r\n\r\n",
    } do
      local script = {}
      for length = 1, #whole do script[length] = { "read", { send = whole:sub(1, length) }, "close" } end
      serve(script)
      local made = session()
      for length = 1, #whole do
        local result = perform(made, whole:find "chunked" and "GET" or "DELETE", "/", { may_repeat = false })
        local last_chunk = whole:find("\r\n0\r\n", 1, true) -- libcurl may be content with it, as the body is whole
        if length == #whole then
          assert.equal("answer", result.outcome, whole)
        elseif not last_chunk or length < last_chunk + 4 then
          assert.equal("lost", result.outcome, whole:sub(1, length))
        end
      end
      server:stop()
    end
    local head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    serve { { "read", { send = head:sub(1, -2) }, "close" }, { "read", { send = head }, "close" } }
    assert.equal("lost", perform(session(), "HEAD", "/").outcome)
    assert.equal("answer", perform(session(), "HEAD", "/").outcome)
  end)
end)
