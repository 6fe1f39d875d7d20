-- What a server speaks is known when the first connection stands: nobody waits for an answer to learn it.
local http = require "tavus.http"
local nginx = require "spec.support.nginx"
local wire = require "spec.support.wire"

local ANSWER = { answer = 200, body = "{}" }
local QUICK = { "read", ANSWER, "loop" }
local engine, servers

local function serve(script, options)
  local server = wire.start(script, options)
  servers[#servers + 1] = server
  return server
end

-- HTTP/2, before a scripted server that sees every request on a connection of its own.
local function serve_http2(script)
  local back = serve(script)
  local front = nginx.start(("location / { proxy_pass %s; proxy_http_version 1.0; proxy_next_upstream off; }"):format(back.url))
  servers[#servers + 1] = front
  return back, front
end

local function session(options)
  options.api_key = "tvsk_0123456789abcdef"
  return assert(http.session(options))
end

local function submit(made, path)
  return assert(engine:submit(made, "GET", path, { timeout = 20 }))
end

-- All of them, while the first one, which was submitted before them, has no answer. Returns the connections they came by,
-- where the server says so.
local function burst(made, back)
  local requests, connections, count = {}, {}, 0
  local slow = submit(made, "/slow")
  for i = 1, 20 do requests[i] = submit(made, "/" .. i) end
  for _, request in ipairs(requests) do
    assert.is_true(engine:wait(request, 15), "it waited for the answer of another")
    assert.equal("answer", request:result().outcome, request:result().message)
    local connection = request:result().headers["x-connection"]
    if connection and not connections[connection] then connections[connection], count = true, count + 1 end
  end
  assert.is_false(slow:done())
  back:release "slow"
  assert.is_true(engine:wait(slow, 15))
  assert.equal("answer", slow:result().outcome)
  return count, slow:result().headers["x-protocol"]
end

local SLOW = { "read", { await = "slow" }, ANSWER, "loop" }
local SLOW_ONCE = { "read", { await = "slow" }, ANSWER, "close" }

describe("a slow answer holds up nobody,", function()
  before_each(function() engine, servers = assert(http.engine()), {} end)

  after_each(function()
    for i = #servers, 1, -1 do servers[i]:stop() end
  end)

  it("over TLS and HTTP/1.1", function()
    local server = serve({ SLOW, QUICK }, { tls = "localhost" })
    burst(session { base_url = server.url, ca_file = server.ca_file }, server)
  end)

  it("through the tunnel of a proxy", function()
    local server = serve({ SLOW, QUICK }, { tls = "localhost" })
    local proxy = serve { { "read", { send = "HTTP/1.1 200 OK\r\n\r\n" }, { tunnel = server.port } } }
    burst(session { base_url = server.url, ca_file = server.ca_file, proxy = proxy.url }, server)
  end)

  it("over HTTP/2, where all share one connection", function()
    local back, front = serve_http2 { SLOW_ONCE, { "read", ANSWER, "close" } }
    assert.equal(1, (burst(session { base_url = front.url, ca_file = front.ca_file }, back)))
  end)

  it("when the server speaks something else than it did", function()
    local back, front = serve_http2 { SLOW_ONCE, { "read", ANSWER, "close" } }
    local first = serve({ { "read", ANSWER, "close" } }, { tls = "localhost" })
    local last = serve({ SLOW, QUICK }, { tls = "localhost" })
    -- one address: first HTTP/1.1, then HTTP/2, then HTTP/1.1 again
    local between = serve { { { tunnel = first.port } }, { { tunnel = front.port } }, { { tunnel = last.port } } }
    local made = session { base_url = "https://127.0.0.1:" .. between.port, ca_file = front.ca_file }
    assert.is_true(engine:wait(submit(made, "/first"), 15))
    local connections, protocol = burst(made, back)
    assert.equal(1, connections)
    assert.equal("HTTP/2.0", protocol)
    front:stop()
    burst(made, last)
  end)
end)
