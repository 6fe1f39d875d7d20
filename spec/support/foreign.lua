--- What an event loop that is not ours must be able to do with a client: cases for spec/host/cqueues_spec.lua and
-- spec/host/luv_spec.lua, so that every loop is asked the same.
--
-- A loop is given as a table: `watch(fd, fn)` calls `fn` whenever the descriptor is readable, `after(seconds, fn)` calls it
-- once, `run()` serves both until `stop()`; and `close()`. In each case it does nothing else for the client than to call
-- `client:step(0)`, in one of the `ways`:
--
-- * "descriptor": whenever `client:fd()` is readable, and never for another reason;
-- * "timeout": after `client:timeout()`. Where there is a descriptor that is when the engine wants to go on by itself, and what
--   arrives is only found by looking, so the loop looks once a tick, as a program does that draws frames. Where there is none,
--   `client:timeout()` alone must do.

local assert = require "luassert"
local clients = require "spec.support.clients"
local faulty = require "spec.support.faulty"
local http = require "tavus.http"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

local foreign = {}

local TICK = 0.02
local PATIENCE = 30

local has_descriptor = http.engine():fd() ~= nil

--- The ways that this build of the engine has: there is no descriptor without epoll.
foreign.ways = has_descriptor and { "descriptor", "timeout" } or { "timeout" }

-- Runs `loop` for `client` until somebody stops it: how often it woke up for the client.
local function drive(loop, client, way, tick_seconds, patience)
  local wakes, failed, most = 0, nil, tick_seconds or TICK
  local function fail(err)
    failed = failed or err
    loop:stop()
  end
  local function step()
    wakes = wakes + 1
    local ok, err = pcall(client.step, client, 0)
    if not ok then fail(err) end
  end
  if way == "descriptor" then
    loop:watch(assert(client:fd()), step)
  else
    local function tick()
      step()
      local seconds = client:timeout() or most
      loop:after((has_descriptor or tick_seconds) and math.min(seconds, most) or seconds, tick)
    end
    loop:after(0, tick)
  end
  loop:after(patience or PATIENCE, function() fail "nothing ever woke the loop" end)
  loop:run()
  if failed then error(failed, 0) end
  return wakes
end

-- A loop that was told to sleep and does not would wake up some ten thousand times in such a case.
local function assert_slept(wakes, requests)
  assert.is_true(wakes <= 50 * requests, ("woke up %d times for %d requests"):format(wakes, requests))
end

-- Calls `fn` every `seconds` until it returns true.
local function every(loop, seconds, fn)
  loop:after(seconds, function()
    if not fn() then every(loop, seconds, fn) end
  end)
end

-- Asserts that a task has ended, and ended well.
local function value_of(task)
  assert.is_true(task:done())
  local value, err = task:result()
  assert.is_nil(value == nil and tostring(err) or nil)
  return value
end

local cases = {}

--- Names and functions, to be called with a loop and a way.
foreign.cases = cases

local function case(name, run) cases[#cases + 1] = { name = name, run = run } end

case("carries several requests at once, and sleeps while they are answered", function(loop, way)
  local server = assert(sandbox.start())
  local client = clients.new(server.url)
  local ids, tasks, left = {}, {}, 4
  for i = 1, left do ids[i] = assert(client.personas:create(clients.persona())).persona_id end
  assert(server:next { method = "GET", delay = 0.2, times = left })
  local started = http.now()
  for i, id in ipairs(ids) do
    tasks[i] = client:spawn(function()
      local persona = assert(client.personas:get(id))
      left = left - 1
      if left == 0 then loop:stop() end
      return persona.persona_id
    end)
  end
  local wakes = drive(loop, client, way)
  assert.is_true(http.now() - started < 4 * 0.2, "one after the other")
  for i, id in ipairs(ids) do assert.equal(id, value_of(tasks[i])) end
  assert_slept(wakes, #ids)
  assert.is_false(client:step(0))
  client:close()
  server:stop()
end)

case("sleeps before a retry", function(loop, way)
  local server = assert(sandbox.start())
  local client, retries = clients.new(server.url, { backoff = function() return 0.2 end })
  assert(server:next { status = 503, times = 2 })
  local task = client:spawn(function()
    local _, meta = client.personas:list()
    loop:stop()
    return meta
  end)
  local started = http.now()
  local wakes = drive(loop, client, way)
  assert.is_true(http.now() - started >= 0.4)
  assert.equal(3, value_of(task).attempts)
  assert.equal(2, #retries)
  assert_slept(wakes, 3)
  client:close()
  server:stop()
end)

case("is woken by work that comes while it sleeps, also out of a task", function(loop, way)
  local server = assert(sandbox.start())
  local client = clients.new(server.url)
  local first, second
  loop:after(0.05, function()
    first = client:spawn(function()
      assert(client.personas:list())
      second = client:spawn(function()
        assert(client.conversations:list())
        loop:stop()
        return 2
      end)
      return 1
    end)
  end)
  local wakes = drive(loop, client, way)
  assert.equal(1, value_of(first))
  assert.equal(2, value_of(second))
  if way == "descriptor" then assert_slept(wakes, 2) end -- the other way wakes up by its own tick while it waits for work
  client:close()
  server:stop()
end)

case("does other things while an answer is awaited", function(loop, way)
  local server = wire.start { { "read", { await = "five ticks" }, { answer = 200, body = '{"data":[],"total_count":0}' } } }
  local client = clients.new(server.url)
  local ticks = 0
  local task = client:spawn(function()
    local list = assert(client.personas:list())
    loop:stop()
    return list.total_count
  end)
  every(loop, 0.01, function()
    ticks = ticks + 1
    if ticks == 5 then server:release "five ticks" end
    return ticks == 5
  end)
  drive(loop, client, way)
  assert.equal(5, ticks)
  assert.equal(0, value_of(task))
  client:close()
  server:stop()
end)

case("ends a request that has no more time", function(loop, way)
  local server = wire.start { { "read", "hang" } }
  local client = clients.new(server.url)
  local task = client:spawn(function()
    local _, err = client.personas:get("p0123456789a", { timeout = 0.2, retries = 0 })
    loop:stop()
    return err
  end)
  local wakes = drive(loop, client, way)
  assert.equal("timeout", value_of(task).type)
  assert_slept(wakes, 1)
  client:close()
  server:stop()
end)

case("cancels a task in the middle of its request", function(loop, way)
  local server = wire.start { { "read", "hang" } }
  local client = clients.new(server.url)
  local went_on = false
  local task = client:spawn(function()
    client.personas:list()
    went_on = true
  end)
  local cancelled = false
  every(loop, 0.01, function()
    if not cancelled and #server:requests() == 1 then cancelled = task:cancel() end
    if server:count "closed" == 0 then return false end
    loop:stop() -- the server saw the end of the transfer
    return true
  end)
  drive(loop, client, way)
  assert.is_true(cancelled)
  assert.is_true(task:done())
  local value, err = task:result()
  assert.is_nil(value)
  assert.equal("cancelled", err.type)
  assert.is_false(went_on)
  assert.is_false(client:step(0))
  client:close()
  server:stop()
end)

case("gives up a wait for a document, and leaves nothing", function(loop, way)
  local server = assert(sandbox.start { set = { document_ms = 1e6 } })
  local client = clients.new(server.url)
  local id = assert(client.documents:create { document_url = "https://example.com/a.pdf" }).document_id
  local task = client:spawn(function() return client.documents:wait(id, { interval = 0.01 }) end)
  every(loop, 0.01, function()
    if #server:requests { method = "GET" } < 2 then return false end
    assert(task:cancel())
    loop:stop()
    return true
  end)
  drive(loop, client, way)
  assert.equal("cancelled", select(2, task:result()).type)
  assert.is_false(client:step(0))
  assert.is_nil(client:timeout())
  client:close()
  server:stop()
end)

if not has_descriptor then
  case("is told that there is no descriptor, and what to use", function()
    local client = clients.new "http://127.0.0.1:1"
    local fd, message = client:fd()
    assert.is_nil(fd)
    assert.matches("timeout%(%)", message)
    client:close()
  end)
end

case("is left in peace when a server closes a connection that nobody uses", function(loop, way)
  local server = wire.start { { "read", { answer = 200, body = '{"data":[],"total_count":0}' }, { await = "answer read" }, "close" } }
  local client = clients.new(server.url)
  local task = client:spawn(function()
    assert(client.personas:list())
    server:release "answer read"
    loop:after(0.2, function() loop:stop() end)
    return true
  end)
  local wakes = drive(loop, client, way)
  assert.is_true(value_of(task))
  assert_slept(wakes, 1)
  client:close()
  server:stop()
end)

case("serves every client of the program", function(loop, way)
  local server = assert(sandbox.start())
  local client, other = clients.new(server.url), clients.new(server.url)
  local left, tasks = 2, {}
  for i, each in ipairs { client, other } do
    tasks[i] = each:spawn(function()
      assert(each.personas:list())
      left = left - 1
      if left == 0 then loop:stop() end
      return i
    end)
  end
  drive(loop, client, way)
  assert.equal(1, value_of(tasks[1]))
  assert.equal(2, value_of(tasks[2]))
  client:close()
  other:close()
  server:stop()
end)

case("meets every fault of the sandbox with every operation, and leaves it in the middle", function(loop, way)
  local server = assert(sandbox.start())
  local client = clients.new(server.url)
  local walk = coroutine.wrap(function()
    faulty.walk(server, function(condition)
      while not condition() do coroutine.yield() end
    end)
    return true
  end)
  local walked
  every(loop, 0.001, function()
    walked = walk()
    if walked then loop:stop() end
    return walked
  end)
  drive(loop, client, way, 0.001, 20 * PATIENCE)
  assert.is_true(walked)
  client:close()
  server:stop()
end)

return foreign
