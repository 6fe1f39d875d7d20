--- Interrupts a piece of work at each of its instructions in turn, as Ctrl-C may, over a sandbox; after each interrupt everything
-- must go on as if the work had ended there. `interrupting.lua NAME STRIDE` prints at how many instructions the work was
-- interrupted, or raises what went wrong, and where.

local jit = rawget(_G, "jit")
if jit then jit.off() end -- compiled code calls no hooks

local clients = require "spec.support.clients"
local http = require "tavus.http"

local sandbox = assert(require("tavus.sandbox").start())
local everywhere = jit ~= nil -- LuaJIT has one hook for all coroutines: there, tasks are interrupted, too

-- Each returns what is interrupted; `tasks` collects tasks that must come to their end.
local works = {}

local function ask(client) return assert(client.personas:list { persona_type = "user" }).total_count end

function works.map(client)
  return function() client:map({ 1, 2, 3 }, function() return ask(client) end, { concurrency = 2 }) end
end

function works.map_in_a_task(client, tasks)
  return function()
    tasks[1] = client:spawn(function()
      local results = client:map({ 1, 2, 3 }, function() return ask(client) end, { concurrency = 2 })
      for i = 1, 3 do assert(results[i].value == 0, results[i].err) end
      return 0
    end)
    client:run()
  end
end

function works.run(client, tasks)
  return function()
    for i = 1, 3 do tasks[i] = client:spawn(ask, client) end
    client:run()
  end
end

function works.step(client, tasks)
  return function()
    for i = 1, 2 do
      tasks[i] = client:spawn(function()
        coroutine.yield()
        return ask(client)
      end)
    end
    while client:step(0.01) do end
  end
end

function works.result(client, tasks)
  tasks[1] = client:spawn(ask, client)
  tasks[2] = client:spawn(function() return tasks[1]:result() end)
  return function() return tasks[2]:result() end
end

function works.failure(client, tasks)
  tasks[1] = client:spawn(function()
    ask(client)
    error { "on purpose" }
  end)
  tasks[2] = client:spawn(function() return tasks[1]:result() == nil and 0 end)
  return function() return tasks[2]:result() end
end

function works.cancel(client, tasks)
  local first = client:spawn(ask, client)
  local map = client:spawn(client.map, client, { 1, 2, 3 }, function() return ask(client) end)
  tasks[1] = client:spawn(function()
    first:result()
    return 0
  end)
  client:step(0)
  return function()
    first:cancel()
    map:cancel()
    client:run()
  end
end

function works.close(client)
  for _ = 1, 3 do client:spawn(ask, client) end
  client:step(0)
  return function() client:close() end
end

function works.sleep(client, tasks)
  sandbox:next { status = 503, times = 2 }
  return function()
    for i = 1, 2 do tasks[i] = client:spawn(ask, client) end
    client:run()
  end
end

function works.call(client)
  return function() ask(client) end
end

function works.call_again(client)
  sandbox:next { status = 503 }
  return function() ask(client) end
end

-- Raises where this goes on for more than ten seconds of the processor's.
local function without_spinning(what, fn, ...)
  local give_up = os.clock() + 10
  debug.sethook(function()
    if os.clock() > give_up then
      debug.sethook()
      error(what .. " spins", 0)
    end
  end, "", 100000)
  local result = fn(...)
  debug.sethook()
  return result
end

local other = clients.new(sandbox.url)

local function engine_is_idle()
  local engine = tostring(http.engine())
  if not engine:find "0 under way, 0 waiting" then error(engine, 0) end
end

local function check(client, tasks, kept)
  if arg[1]:find "call" then engine_is_idle() end
  if not client._closed then
    assert(without_spinning("run", client.run, client))
    assert(client:step() == false and client._left == 0 and next(client._tasks) == nil, "tasks are left")
    for i = 1, #tasks do
      local value, err = tasks[i]:result()
      if type(err) == "table" and err[1] == "on purpose" then value = 0 end
      if tostring(err):find(everywhere and "interrupt" or "an interrupt took its error") then value = 0 end
      if value ~= 0 then error("a task gave " .. tostring(value) .. ", " .. tostring(err), 0) end
    end
    assert(without_spinning("result", function() return client:spawn(ask, client):result() end) == 0)
    assert(client:map({ 1 }, function() return ask(client) end)[1].value == 0)
  end
  assert(ask(other) == 0)
  if kept then return end
  client:close()
  assert(tostring(client._session):find "closed", "the key is there")
  assert(client:step(0) == false and client._left == 0 and next(client._tasks) == nil, "tasks are left after close")
  engine_is_idle()
  other:step(0)
  assert(http.engine():timeout() == nil, "the engine has an alarm")
end

-- Whether the work was interrupted at its n-th instruction.
local function interrupt(work, n)
  local fired = false
  pcall(function()
    debug.sethook(function()
      debug.sethook()
      fired = true
      error("interrupted!", 0)
    end, "", n)
    work()
    debug.sethook()
  end)
  debug.sethook()
  return fired
end

local make, n, times = works[arg[1]], 1, 0
local fired, kept
repeat
  local client, tasks = kept or clients.new(sandbox.url, { backoff = function() return 0.001 end }), {}
  kept = arg[1] == "run" and client -- one client for all interrupts
  local work = make(client, tasks)
  fired = interrupt(work, n)
  local ok, err = pcall(check, client, tasks, kept)
  debug.sethook()
  sandbox:reset()
  if not ok then error(("%s, interrupted at %d: %s"):format(arg[1], n, tostring(err)), 0) end
  n, times = n + tonumber(arg[2]), times + 1
until not fired
print(times)
