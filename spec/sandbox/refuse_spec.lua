-- A sandbox that refuses connections: as if no server were there, on a port that it keeps.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local forking = require "spec.support.forking"
local http = require "tavus.http"
local lfs = require "lfs"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local socket = require "cqueues.socket"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local ECONNREFUSED, ETIMEDOUT = 111, 110
local STOCK = "/v2/personas/p5317866"
local GET = "GET " .. STOCK .. " HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n"

-- How many sockets this process has.
local function sockets()
  local count = 0
  for name in lfs.dir "/proc/self/fd" do
    local target = lfs.symlinkattributes("/proc/self/fd/" .. name, "target")
    if target and target:find "^socket:" then count = count + 1 end
  end
  return count
end

-- A connection of our own: connection | nil, errno.
local function connect(port)
  local connection = socket.connect("127.0.0.1", port)
  connection:setmode("b", "b")
  connection:onerror(function(_, _, code) return code end)
  local done, code = connection:connect(5)
  if done then return connection end
  connection:close()
  return nil, code
end

-- A request on a connection, and the first line of its answer: nil when the connection has ended.
local function ask_on(connection, text)
  assert(connection:xwrite(text or GET, "bn", 5))
  return (connection:xread("*l", "b", 5))
end

-- Whether a connection ends, read to its end.
local function ends(connection)
  local bytes, code
  repeat bytes, code = connection:xread(-65536, "b", 5) until not bytes
  connection:close()
  return code ~= ETIMEDOUT
end

describe("a sandbox that refuses", function()
  local server

  setup(function() server = assert(sandbox.start()) end)
  teardown(function() server:stop() end)
  before_each(function() assert(server:reset()) end)

  it("refuses new connections and ends those it has, and is there again on the same port", function()
    local reused = connect(server.port)
    assert.matches("200 OK", ask_on(reused))
    assert.is_true(server:refuse())
    assert.same({ nil, ECONNREFUSED }, { connect(server.port) })
    assert.is_true(ends(reused))
    assert.equal(1, #server:requests())
    assert.is_true(server:about().refusing)
    assert.is_true(server:refuse(false))
    assert.is_false(server:about().refusing)
    local connection = assert(connect(server.port))
    assert.matches("200 OK", ask_on(connection))
    connection:close()
  end)

  it("may be repeated, and loses nothing when switched on and off", function()
    server:about()
    local before = sockets()
    for _ = 1, 200 do
      assert(server:refuse(true))
      assert(server:refuse(true))
      assert.same({ nil, ECONNREFUSED }, { connect(server.port) })
      assert(server:refuse(false))
      assert(server:refuse(false))
      local connection = assert(connect(server.port))
      assert.matches("200 OK", ask_on(connection))
      connection:close()
    end
    local limit = http.now() + 5
    while sockets() > before and http.now() < limit do server:about() end
    assert.is_true(sockets() <= before)
  end)

  it("keeps its port from everybody else", function()
    assert(server:refuse())
    local none, err = sandbox.start { port = server.port }
    assert.is_nil(none)
    assert.matches("Address already in use", err.message, 1, true)
    for _, options in ipairs { {}, { reuseport = true } } do
      options.host, options.port = "127.0.0.1", server.port
      local thief = socket.listen(options)
      thief:onerror(function(_, _, code) return code end)
      assert.falsy((thief:listen(1)))
      thief:close()
    end
    assert(server:refuse(false))
    assert.equal(200, asking.ask(server.url, "GET", STOCK).status)
  end)

  it("cuts open connections: a late answer, an endless one, half a request", function()
    assert(server:next { delay = 60, path = "/v2/late" })
    assert(server:next { fault = "endless", path = "/v2/endless" })
    local all = {}
    for i, text in ipairs { "GET /v2/late HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v2/endless HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /v2/personas HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf" } do
      all[i] = assert(connect(server.port))
      assert(all[i]:xwrite(text, "bn", 5))
    end
    while #server:requests() < 2 do server:about() end
    assert(server:refuse())
    for _, connection in ipairs(all) do assert.is_true(ends(connection)) end
    assert(server:refuse(false))
    assert.equal(200, asking.ask(server.url, "GET", STOCK).status)
  end)

  it("is a connection error of which nothing was sent, and repeated for every kind of call", function()
    local client = clients.new(server.url)
    local id = assert(client.personas:create(clients.persona())).persona_id -- and so there is a connection to reuse
    assert(server:refuse())
    for _, call in ipairs {
      function() return client.personas:create(clients.persona()) end,
      function() return client.personas:get(id) end,
      function() return client.personas:patch(id, tavus.patch():remove "/persona_name") end,
      function() return client.personas:delete(id) end,
    } do
      local done, err = call()
      assert.is_nil(done)
      assert.equal("connection", err.type)
      assert.is_true(err.retryable)
      assert.is_false(err.ambiguous)
      assert.equal(3, err.attempts)
    end
    assert.equal(1, #server:requests())
    assert(server:refuse(false))
    assert.equal(id, assert(client.personas:get(id)).persona_id)
    client:close()
  end)

  it("can be there again for the next attempt", function()
    local client = clients.new(server.url, { on_retry = function() assert(server:refuse(false)) end })
    assert(server:refuse())
    local persona, meta = client.personas:create(clients.persona())
    assert.truthy(persona, tostring(meta))
    assert.equal(2, meta.attempts)
    server:expect { method = "POST", times = 1 }
    client:close()
  end)

  it("is there again after a reset, and after a restore", function()
    local snapshot = assert(server:snapshot())
    for _, back in ipairs { function() return server:reset() end, function() return server:restore(snapshot) end } do
      assert(server:refuse())
      assert.same({ nil, ECONNREFUSED }, { connect(server.port) })
      assert.is_true(back())
      assert.is_false(server:about().refusing)
      assert.equal(200, asking.ask(server.url, "GET", STOCK).status)
    end
  end)

  it("can be stopped, and its port is free then", function()
    local one = assert(sandbox.start())
    local idle = assert(connect(one.port))
    assert.matches("200 OK", ask_on(idle))
    assert(one:refuse())
    one:stop()
    idle:close()
    local again = assert(sandbox.start { port = one.port })
    assert.equal(200, asking.ask(again.url, "GET", STOCK).status)
    again:stop()
  end)

  it("is steered at an address of its own, by any handle and by hand", function()
    local about = server:about()
    assert.not_equal(about.url, about.steering)
    local by_url = assert(sandbox.connect(server.url))
    assert(by_url:refuse())
    local by_steering = assert(sandbox.connect(about.steering .. "/"))
    assert.equal(server.url, by_steering.url)
    local none, err = sandbox.connect(server.url)
    assert.is_nil(none)
    assert.matches("does not answer", err.message, 1, true)
    assert.is_true(by_steering:about().refusing)
    assert(by_steering:refuse(false))
    assert.is_false(by_url:about().refusing)

    -- The API's port takes the order too, and still answers it.
    local status, body = asking.bare(server.url, "POST /_sandbox/refuse")
    assert.equal(200, status)
    assert.same({ refusing = true }, core.decode(body))
    assert.same({ nil, ECONNREFUSED }, { connect(server.port) })
    assert.equal(200, (asking.bare(about.steering, "POST /_sandbox/refuse", nil, '{"refuse":false}')))
    local told = assert(connect(server.port))
    assert.matches("200 OK", ask_on(told, "POST /_sandbox/refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
    assert.is_true(ends(told))
    assert(server:refuse(false))

    status, body = asking.bare(about.steering, "POST /_sandbox/refuse", nil, '{"refuse":1}')
    assert.equal(400, status)
    assert.equal("refuse must be true or false", core.decode(body).error)
  end)

  it("takes true or false and nothing else", function()
    local done, message = pcall(function() server:refuse "yes" end)
    assert.is_false(done)
    assert.matches("refuse_spec.lua:%d+: bad argument: refuse takes true or false, not a string", message)
    assert.has_error(function() server.refuse() end, "call it with a colon: sandbox:refuse(...)")
  end)
end)

describe("a sandbox without a free descriptor", function()
  it("waits without spinning, and accepts waiting connections when one is free again", function()
    local status, output = process.run("ulimit -n 60 && exec " .. process.quote(process.interpreter()) .. " -e "
      .. process.quote [[
      package.path = "./?.lua;" .. package.path
      local http, sandbox, socket = require "tavus.http", require "tavus.sandbox", require "cqueues.socket"
      local server = assert(sandbox.start())
      assert(server:about())
      local all = {}
      pcall(function()
        for i = 1, 100 do
          local connection = socket.connect("127.0.0.1", server.port)
          assert(connection:connect(1))
          all[i] = connection
        end
      end)
      local last = table.remove(all)
      local before, cpu = http.now(), os.clock()
      os.execute "sleep 0.5"
      print(#all > 10, os.clock() - cpu < 0.2)
      for _, connection in ipairs(all) do connection:close() end
      last:onerror(function(_, _, code) return code end)
      assert(last:xwrite("GET /v2/personas/p5317866 HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n", "bn"))
      local line
      repeat line = last:xread("*l", "b", 10) until line or http.now() > before + 20 -- needs descriptors
      print(line)
      server:stop()
    ]])
    assert.equal("true\ttrue\nHTTP/1.1 200 OK\r\n", output)
    assert.equal(0, status)
  end)
end)

describe("a process that forks beside its sandbox", function()
  -- What a Lua of its own prints, with fork, leave, await, asking and sandbox at hand; the child leaves without
  -- tidying up by design.
  local function forked(text)
    local folder = wire.folder()
    forking.build(folder)
    local status, output = process.run("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 exec "
      .. process.quote(process.interpreter())
      .. " -e " .. process.quote(([[
      package.path = "./?.lua;" .. package.path
      local function load(name) return assert(package.loadlib(%q, name)) end
      local fork, leave, await = load "spec_fork", load "spec_leave", load "spec_await"
      local asking, sandbox = require "spec.support.asking", require "tavus.sandbox"
      io.stdout:setvbuf "no"
      local server = assert(sandbox.start())
      local function status() return asking.ask(server.url, "GET", "/v2/personas/p5317866").status end
      assert(status() == 200)
    ]]):format(folder .. "/fork.so") .. text))
    wire.remove(folder)
    assert.equal(0, status, output)
    return output
  end

  it("leaves it to the parent, who can still refuse", function()
    assert.equal("child\n200\n", forked [[
      if fork() == 0 then
        assert(server:refuse()) -- by HTTP, as from any other process
        assert(status() == nil)
        assert(server:refuse(false))
        server:stop()
        print "child"
        leave()
      end
      assert(await() == 0)
      assert(server:refuse())
      assert(status() == nil)
      assert(server:refuse(false))
      print(status())
      server:stop()
    ]])
  end)

  it("closes no file of a child that has become a daemon", function()
    assert.equal("true\n200\n", forked [[
      if fork() == 0 then
        load "spec_renew"()
        local before = load "spec_open"()
        server:stop()
        print(load "spec_open"() == before)
        leave()
      end
      assert(await() == 0)
      print(status())
      server:stop()
    ]])
  end)

  it("refuses connections at its port after a stop", function()
    assert.equal("not_sent\n", forked [[
      local done = os.tmpname()
      if fork() == 0 then
        while io.open(done) do os.execute "sleep 0.02" end -- as long as the parent lives
        leave()
      end
      server:stop()
      print(asking.ask(server.url, "GET", "/").outcome)
      os.remove(done)
      assert(await() == 0)
    ]])
  end)
end)
