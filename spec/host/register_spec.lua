-- A host of the program's own (tavus.host.register): calls wait in coroutines of lua-cqueues.
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local clients = require "spec.support.clients"
local hosts = require "tavus.host"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

-- Seconds after which a coroutine looks again where the engine has no descriptor.
local TICK = 0.005

-- A small host: each call waits on a condition, and whichever call steps the engine signals those that are done.
local function new_host()
  local host, waiting = { performed = 0 }, setmetatable({}, { __mode = "k" })

  local function perform(engine, request)
    local done, fd = condition.new(), engine:fd()
    waiting[request] = done
    while true do
      engine:step(0)
      for other, signal in pairs(waiting) do
        if other:done() then
          waiting[other] = nil
          signal:signal()
        end
      end
      if request:done() then return end
      if fd then cqueues.poll({ pollfd = fd, events = "r" }, done) else cqueues.poll(done, TICK) end
    end
  end

  function host.perform(engine, request)
    host.performed = host.performed + 1
    perform(engine, request)
  end

  host.sleep = function(_, seconds) cqueues.sleep(seconds) end
  host.serves = function() return cqueues.running() ~= nil end
  return host
end

local function members(host)
  return { perform = host.perform, sleep = host.sleep, serves = host.serves }
end

describe("a registered host", function()
  local sandbox, client, loop, host

  before_each(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    client, loop, host = clients.new(sandbox.url), cqueues.new(), new_host()
    assert.is_true(hosts.register(members(host)))
  end)

  after_each(function()
    assert.is_true(hosts.register(nil))
    client:close()
    sandbox:stop()
  end)

  it("lets many calls wait beside each other, and other coroutines run meanwhile", function()
    local ids, answered, ticks, most = {}, 0, 0, 0
    for i = 1, 20 do ids[i] = assert(client.personas:create(clients.persona())).persona_id end
    assert.equal(0, host.performed) -- outside of the loop the program waits
    assert(sandbox:next { method = "GET", delay = 0.2, times = #ids })
    local server = wire.start { { "read", { await = "ticks" }, { answer = 200, body = '{"data":[],"total_count":7}' } } }
    local other = clients.new(server.url)
    for _, id in ipairs(ids) do
      loop:wrap(function()
        assert.equal(id, assert(client.personas:get(id)).persona_id)
        answered = answered + 1
      end)
    end
    loop:wrap(function() assert.equal(7, assert(other.personas:list()).total_count) end)
    loop:wrap(function()
      while answered < #ids or ticks < 5 do
        most, ticks = math.max(most, host.performed - answered), ticks + 1
        cqueues.sleep(0.001)
      end
      server:release "ticks"
    end)
    assert(loop:loop(30))
    assert.is_true(loop:empty())
    assert.equal(#ids, answered)
    assert.equal(#ids + 1, host.performed)
    assert.is_true(most > 10, most .. " calls at once")
    other:close()
    server:stop()
  end)

  it("sleeps before a retry, ends at a deadline, and walks over pages", function()
    local meta, err, rows = nil, nil, 0
    assert(sandbox:next { method = "GET", status = 503 })
    loop:wrap(function()
      local first = select(2, client.personas:list())
      assert(sandbox:next { method = "GET", delay = 5 })
      err = select(2, client.personas:list(nil, { deadline = 0.1 }))
      local next_row = client.personas:each { limit = 10 } -- a loop's iterator cannot yield in plain Lua 5.1
      while next_row() do rows = rows + 1 end
      meta = first
    end)
    assert(loop:loop(30))
    assert.equal(2, meta.attempts)
    assert.equal("timeout", err.type)
    assert.is_true(rows > 0)
  end)

  it("runs no tasks, and says so", function()
    local told = {}
    loop:wrap(function()
      local task
      task, told.spawn = client:spawn(print)
      assert.is_nil(task)
      told.map = select(2, client:map({ 1 }, print))
      told.run = select(2, client:run())
      told.step = select(2, client:step(0))
    end)
    assert(loop:loop(30))
    for _, name in ipairs { "spawn", "map", "run", "step" } do
      assert.equal("config", told[name].type, name)
      assert.equal("tasks", told[name].code, name)
      assert.matches("coroutines of its loop", told[name].hint)
    end
    assert.equal(1, #assert(client:map({ 1 }, function() return assert(client.personas:list()) end)))
    assert.equal(0, host.performed)
  end)

  it("may say that nothing can wait", function()
    local refusal = require("tavus.errors").new { type = "config", code = "here", message = "not here" }
    local refusing = members(host)
    refusing.check = function() return refusal end
    assert.is_true(hosts.register(refusing))
    local err
    loop:wrap(function() err = select(2, client.personas:list()) end)
    assert(loop:loop(30))
    assert.equal("here", err.code)
    assert.equal(0, err.attempts)
    refusing = members(host)
    refusing.perform = function() return refusal end
    assert.is_true(hosts.register(refusing))
    loop:wrap(function() err = select(2, client.personas:list()) end)
    assert(loop:loop(30))
    assert.equal("here", err.code)
    assert.same({}, sandbox:requests())
  end)

  it("may run tasks, too: all functions of the group together", function()
    local run = members(host)
    for _, name in ipairs { "start", "stop", "wait", "running", "inside", "step", "run" } do run[name] = function() end end
    run.serves = nil
    run.start = function(task, fn, ...)
      task:_enter()
      task:_settle(true, fn(...))
    end
    assert.is_true(hosts.register(run))
    assert.equal(5, (assert(client:spawn(function(a, b) return a + b end, 2, 3)):result()))
  end)

  it("is checked: what is missing or unknown raises at the caller's line", function()
    local function raised(text, given)
      local ok, message = pcall(function() return (hosts.register(given)) end)
      assert.is_false(ok)
      assert.matches("register_spec.lua:%d+: tavus.host.register: ", message)
      assert.matches(text, message, 1, true)
    end
    local function with(name, value)
      local given = members(host)
      given[name] = value
      return given
    end
    raised("must be a table, not string", "cqueues")
    raised("the function perform is missing", { sleep = print })
    raised("the function sleep is missing", { perform = print })
    raised('unknown option "slep" (did you mean sleep?)', with("slep", print))
    raised("option serves must be a function, not boolean", with("serves", true))
    raised("option notify must be a boolean, not string", with("notify", "x"))
    raised("a host with run runs tasks and needs start, too", with("run", print))
  end)
end)
