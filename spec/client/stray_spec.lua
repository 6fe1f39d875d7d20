-- Bytes that nobody asked for, on a connection that would be used again: they are never taken for the next answer.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local MESSAGE = '{"message":"No changes were made to the persona"}'
local LIE = 'HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n{"persona_id":"p2","persona_name":"of nobody"}'
local RIGHT = { answer = 200, body = '{"persona_id":"p1","persona_name":"right"}' }

local function await(condition)
  local limit = http.now() + 10
  while not condition() do assert(http.now() < limit, "it did not come") end
end

-- How many bytes lie in a queue of this machine's connections whose line in the kernel's list fits a pattern of two
-- captures: a port, and the bytes.
local function queued(pattern, port)
  local bytes = 0
  for line in io.lines "/proc/net/tcp" do
    local of, waiting = line:match(pattern)
    if of and tonumber(of, 16) == port then bytes = bytes + tonumber(waiting, 16) end
  end
  return bytes
end

-- Whether something lies unread on a connection to a port.
local function unread(port) return queued("^%s*%d+: %x+:%x+ %x+:(%x+) %x+ %x+:(%x+)", port) > 0 end

-- Whether who has the port cannot get rid of more: what can lie unread there does.
local function stuffed(port) return unread(port) and queued("^%s*%d+: %x+:(%x+) %x+:%x+ %x+ (%x+):", port) > 0 end

describe("a connection with bytes that nobody asked for", function()
  local server, client

  -- What the first connection does after one request; whoever comes on another one, or again on this, is answered.
  local function serve(steps, options)
    local connection = { "read" }
    for _, step in ipairs(steps) do connection[#connection + 1] = step end
    for _, step in ipairs { "read", RIGHT, "loop" } do connection[#connection + 1] = step end
    server = wire.start({ connection, { "read", RIGHT, "loop" } }, options)
    client = clients.new(server.url, { ca_file = server.ca_file })
  end

  after_each(function()
    client:close()
    server:stop()
  end)

  -- A POST is sent once, and so tells most.
  local function next_is_right()
    local persona, meta = client.personas:create(clients.persona())
    assert.truthy(persona, tostring(meta))
    assert.equal("right", persona.persona_name)
    assert.equal(1, meta.attempts)
  end

  local function patched()
    local done, meta = client.personas:patch("p1", tavus.patch():replace("/persona_name", "right"))
    assert.is_true(done)
    assert.equal(304, meta.status)
    assert.is_false(meta.changed)
  end

  local announcements = {
    ["Content-Length"] = ("Content-Length: %d\r\n"):format(#MESSAGE),
    ["Transfer-Encoding"] = "Transfer-Encoding: chunked\r\n",
  }
  local bodyless = {
    ["304 Not Modified"] = patched,
    ["204 No Content"] = function() assert.is_true((client.personas:delete "p1")) end,
  }
  for name, header in pairs(announcements) do
    for status, ask in pairs(bodyless) do
      for _, bytes in ipairs { MESSAGE, LIE } do
        it(("is not used again after a %s that announces a body by %s, come it at once or late"):format(status, name), function()
          local head = ("HTTP/1.1 %s\r\n%s\r\n"):format(status, header)
          for _, steps in ipairs { { { send = head .. bytes } }, { { send = head }, { await = "go" }, { send = bytes } } } do
            if server then server:stop() end
            serve(steps)
            ask()
            server:release "go"
            next_is_right()
            assert.equal(2, server:count "connect")
          end
        end)
      end
    end
  end

  it("is the only one that is not used again: those after it are", function()
    for _, ask in pairs(bodyless) do
      if server then server:stop() end
      local status = ask == patched and "304 Not Modified" or "204 No Content"
      serve { { send = ("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"):format(status, #MESSAGE, MESSAGE) } }
      ask()
      for _ = 1, 3 do next_is_right() end
      assert.equal(2, server:count "connect")
    end
  end)

  it("is used again after a 304 or a 204 that announces nothing", function()
    serve { { send = "HTTP/1.1 304 Not Modified\r\n\r\n" }, "read", { send = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n" } }
    patched()
    assert.is_true(client.personas:delete "p1")
    next_is_right()
    assert.equal(1, server:count "connect")
  end)

  for _, tls in ipairs { "", " over TLS" } do
    it("is not used again, whenever they come" .. tls, function()
      local options = tls ~= "" and { tls = "localhost" } or nil
      for _, bytes in ipairs { MESSAGE, LIE } do
        if server then server:stop() end
        serve({ { send = "HTTP/1.1 304 Not Modified\r\n\r\n" }, { await = "go" }, { send = bytes } }, options)
        patched()
        server:release "go"
        await(function() return unread(server.port) end)
        next_is_right()
        assert.equal(2, server:count "connect")
      end
    end)
  end

  it("is not used again when the answer was longer than it said", function()
    local body = '{"data":[],"total_count":0,"x":"' .. ("x"):rep(60000) .. '"}'
    serve { { send = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body) }, { await = "go" }, { send = LIE } }
    assert(client.personas:list())
    server:release "go"
    await(function() return unread(server.port) end)
    next_is_right()
    assert.equal(2, server:count "connect")
  end)

  it("is not used again, however many they are", function()
    serve { { answer = 200, body = '{"data":[],"total_count":0,"x":"' .. ("x"):rep(12e6) .. '"}' }, { await = "go" }, { send = LIE:rep(60000) } }
    assert(client.personas:list()) -- so much that the kernel has room for many bytes from now on
    server:release "go"
    await(function() return stuffed(server.port) end)
    next_is_right()
    assert.equal(2, server:count "connect")
  end)

  it("is closed while it lies idle, where there is a loop that looks", function()
    serve { { send = "HTTP/1.1 304 Not Modified\r\n\r\n" }, { await = "go" }, { send = LIE } }
    patched()
    server:release "go"
    await(function()
      client:step(0.01)
      return server:count "closed" == 1
    end)
    next_is_right()
  end)
end)
