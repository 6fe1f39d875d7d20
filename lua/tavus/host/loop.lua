--- The coroutine loop: tasks are coroutines, and whoever steps it lends it the
-- time to run them.
--
-- The loop is the VM's, as the engine is, and holds its tasks weakly: they
-- belong to their clients, and go when those are collected.

local http = require "tavus.http"
local log = require "tavus.log"

local now, get_engine = http.now, http.engine
local running, resume_thread, yield = coroutine.running, coroutine.resume, coroutine.yield
local status_of = coroutine.status
local close_thread = rawget(coroutine, "close") -- Lua 5.4
local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- Lua 5.1 has it there
local max, min = math.max, math.min
-- A host may leave the library out.
local traceback = debug and debug.traceback or function() end
local hook_of = debug and debug.gethook or function() end

local loop = { notify = true }

-- Seconds that tasks may run in one step before the rest of them has to wait
-- for the next.
local WORK = 0.002
-- Seconds of one wait: Ctrl-C reaches a program only between them.
local STEP = 0.1
-- What our own yields give, so that one of the user's own is told apart.
local WAITING = {}

local weak = { __mode = "v" }

local current -- the task whose code runs now
local waiting = setmetatable({}, weak) -- the task that waits for a request, by the request's id
local ready, first, last = setmetatable({}, weak), 1, 0 -- tasks to resume, in this order
local stop = 0 -- the last of them that is resumed in this turn
local sleepers = {} -- { when, task }, the latest first; task is held weakly

-- A task that was collected meanwhile is nil here.
local function push(task)
  if not task then return end
  last = last + 1
  ready[last] = task
end

--- The task whose code calls this, if it is on the task's own coroutine.
---@return table|nil
function loop.running()
  return current and current._thread == running() and current or nil
end

-- Whether the thread's code is what runs now, or what that was called from.
local function is_at_work(thread)
  if not thread then return false end
  local status = status_of(thread)
  return status == "running" or status == "normal"
end

--- Whether a task's code runs, on whatever coroutine.
---@return boolean
function loop.is_inside()
  -- Ctrl-C may have come between the end of a task's turn and the note of it.
  return current ~= nil and is_at_work(current._thread)
end

-- ---- what a call in a task waits with ----

local function give_up_request(task)
  local request = task._request
  if not request then return end
  task._request = nil
  waiting[request:id()] = nil
  request:cancel()
end

-- Whoever else resumes a task's coroutine finds it waiting still: hence the
-- loops around our yields. And where a yield fails (in a pcall of Lua 5.1) and
-- the task goes on, what it waited for is given up with its next wait.

--- Yields until the request is done.
---@param _ userdata
---@param request userdata
function loop.perform(_, request)
  local task = current
  give_up_request(task)
  task._request = request
  waiting[request:id()] = task
  repeat yield(WAITING) until current == task and request:done()
  task._request = nil
end

--- Yields for a time.
---@param _ userdata
---@param seconds number
function loop.sleep(_, seconds)
  local task, when = current, now() + seconds
  -- Made first: nothing may be collected, whose finalizer could cancel a task
  -- that sleeps, between finding its place and putting it there.
  local sleeper = setmetatable({ when = when, task = task }, weak)
  local low, high = 1, #sleepers + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sleepers[middle].when > when then low = middle + 1 else high = middle end
  end
  table.insert(sleepers, low, sleeper)
  repeat yield(WAITING) until current == task and now() >= when
end

-- ---- running tasks ----

-- What a coroutine gives when its task's function has returned.
local RETURNED = {}
-- Coroutines that wait for another task: a new one for each costs as much as
-- the rest of a task, and work for the collector. They hold nothing.
local idle = {}
local MOST_IDLE = 64
-- What wakes them; resumed by whoever else kept one, it ends.
local NEXT = {}

local function begin()
  local task = current
  local fn = task._fn
  task._fn = nil
  if task._map then return fn(task._item, task._index) end
  local arguments = task._arguments
  task._arguments = nil
  return fn(unpack(arguments, 2, arguments[1] + 1))
end

local function serve()
  while yield(RETURNED, begin()) == NEXT do end -- luacheck: ignore 542
end

local function idle_thread()
  local count = #idle
  local thread = idle[count]
  idle[count] = nil
  if thread and status_of(thread) == "suspended" then return thread end
  return coroutine.create(serve)
end

-- Makes a task ready, and tells a loop that only watches the descriptor.
local function wake(task)
  push(task)
  local engine = get_engine()
  if engine then engine:alarm(0) end
end

--- Makes a task ready. It first runs in the next step; but what a map begins
-- runs in the same one, when nothing else waits for the next.
---@param task table
---@param fn function
function loop.start(task, fn, ...)
  task._fn = fn
  if not task._map then
    task._arguments = { select("#", ...), ... }
    return wake(task)
  end
  -- (Whoever waits for a map drives the loop: nobody is to be woken.)
  task._item = ...
  local goes_on = stop == last
  push(task)
  if goes_on then stop = last end
end

--- Ends the coroutine of a cancelled task, and what it waited for.
---@param task table
function loop.stop(task)
  local thread = task._thread
  if is_at_work(thread) then return end -- `resumed` does it
  give_up_request(task)
  task._thread, task._fn, task._arguments = nil, nil, nil
  for i = #sleepers, 1, -1 do
    if sleepers[i].task == task then table.remove(sleepers, i) end
  end
  if close_thread and thread then close_thread(thread) end
end

-- Plain Lua 5.1 cannot yield in a pcall or in the iterator of a `for`.
local function explained(err)
  if type(err) == "string" and err:find("attempt to yield across metamethod/C-call boundary", 1, true) then
    return err .. " (Lua 5.1 cannot wait inside pcall, or in a for over each(), within a task: use list(), or another Lua)"
  end
  return err
end

local function settle(task, _, ...)
  return task:_settle(true, ...)
end

local function resumed(task, before, ok, ...)
  current = before
  local thread = task._thread
  if task._done then -- it cancelled itself
    loop.stop(task)
  elseif not ok then
    give_up_request(task)
    task:_settle(false, explained((...)), traceback(thread))
    task._thread = nil
    if close_thread then close_thread(thread) end
    if log.is_interrupt((...)) then error((...), 0) end -- LuaJIT's Ctrl-C reaches tasks, too
  elseif (...) == RETURNED then
    give_up_request(task)
    if #idle < MOST_IDLE and not hook_of(thread) then idle[#idle + 1] = thread end
    task._thread = nil
    settle(task, ...)
  elseif (...) ~= WAITING then -- it gave way: on with it in the next step
    give_up_request(task)
    push(task)
  end
end

local function resume(task)
  local before = current
  if task._fn then
    local thread = idle_thread()
    task._thread, current = thread, task
    return resumed(task, before, resume_thread(thread, NEXT))
  end
  current = task
  return resumed(task, before, resume_thread(task._thread))
end

-- Resumes those that are ready now, at least one, until the time is over.
local function run_ready(ends)
  stop = last
  while first <= stop do
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    if task and not task._done then
      resume(task)
      if now() >= ends then break end
    end
  end
  -- A list that begins anew needs no room for more.
  if first > last then first, last, stop = 1, 0, 0 end
end

-- Makes ready whose request is done or whose sleep is over. Returns whether
-- any task is ready.
local function gather(engine, time)
  local id = engine:finished()
  while id do
    push(waiting[id])
    waiting[id] = nil
    id = engine:finished()
  end
  local count = #sleepers
  while count > 0 and (sleepers[count].when <= time or not sleepers[count].task) do
    push(sleepers[count].task)
    sleepers[count] = nil
    count = count - 1
  end
  return first <= last
end

-- In a forked child the parent's requests are done without a report.
local function gather_orphans()
  for id, task in pairs(waiting) do
    if task._request and task._request:done() then
      push(task)
      waiting[id] = nil
    end
  end
end

-- When the host must step again, though no answer comes.
local function set_alarm(engine)
  local next_one = sleepers[#sleepers]
  if first <= last then engine:alarm(0) else engine:alarm(next_one and next_one.when) end
end

-- Waits until a task can go on, at most so long, and resumes those that can.
---@param seconds number
---@return userdata|nil engine when a task was resumed
---@return boolean stuck nothing that could still come would make a task ready
local function turn(seconds)
  local engine, problem = get_engine()
  if not engine then error(problem, 0) end
  local time = now()
  local ends = time + seconds
  local stuck = false
  local busy = gather(engine, time)
  if busy then
    -- Where there is something to run in every turn, answers must come in, too.
    engine:step(0)
    gather(engine, time)
  end
  while not busy do
    local next_one = sleepers[#sleepers]
    local rest = min(ends, time + STEP, next_one and next_one.when or ends) - time
    local left = engine:step(rest)
    if left == 0 then
      gather_orphans()
      if next_one and first > last then engine:sleep(rest) end
    end
    time = now()
    busy = gather(engine, time)
    if not busy then
      stuck = left == 0 and not next_one and next(waiting) == nil
      if stuck or time >= ends then break end
    end
  end
  if busy then run_ready(max(ends, time + WORK)) end
  set_alarm(engine)
  return busy and engine or nil, stuck
end

local function is_done(gate) return gate._done end
local function has_none_left(client) return client._left == 0 end

-- Turns until this is true of the thing.
local function turn_until(is_over, thing)
  while not is_over(thing) do
    local _, stuck = turn(STEP)
    if stuck and not is_over(thing) then error("the tasks that are left wait for each other: none can go on", 0) end
  end
end

--- Returns when a task, or whatever else settles as one does, is done: yields
-- in a task, and steps the loop elsewhere.
---@param gate table
function loop.wait(gate)
  local task = loop.running()
  if not task then return turn_until(is_done, gate) end
  give_up_request(task)
  gate:_watch(function() wake(task) end)
  repeat yield(WAITING) until current == task and gate._done
end

--- One step, for a host that has more to do: what is to be sent, is sent
-- before it returns. (Not by a second step, that would be twice the work of one.)
---@param _ table the client
---@param seconds number how long it may wait
function loop.step(_, seconds)
  local engine = turn(seconds)
  if engine then engine:start() end
end

--- Runs until none of the client's tasks is left.
---@param client table
function loop.run(client)
  turn_until(has_none_left, client)
end

return loop
