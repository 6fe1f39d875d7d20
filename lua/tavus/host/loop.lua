--- The coroutine loop: tasks are coroutines, and whoever steps it lends it the
-- time to run them.
--
-- The loop is the VM's, as the engine is, and holds its tasks weakly: they
-- belong to their clients, and go when those are collected.
--
-- Ctrl-C may end a turn at any instruction. The next one then resumes every task,
-- and each looks itself whether it can go on (`recover`).

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
local clients = setmetatable({}, { __mode = "k" }) -- those that had tasks
local unsure = false -- an error came out of the middle of something: see `recover`

-- A task that was collected meanwhile is nil here.
local function push(task)
  if not task then return end
  last = last + 1
  ready[last] = task
end

--- The task whose code calls this, if it is on the task's own coroutine.
---@return table|nil
function loop.running()
  local thread = current and current._thread
  return thread and thread == running() and current or nil
end

-- Whether the thread's code is what runs now, or what that was called from.
local function is_at_work(thread)
  if not thread then return false end
  local status = status_of(thread)
  return status == "running" or status == "normal"
end

--- The task whose code calls this, on whatever coroutine.
---@return table|nil
function loop.inside()
  -- Ctrl-C may have come between the end of a task's turn and the note of it.
  return current and is_at_work(current._thread) and current or nil
end

local function guarded(ok, ...)
  if ok then return ... end
  unsure = true
  error((...), 0)
end

--- Calls a function that changes what the loop or its tasks rely on. After an
-- error out of it the next turn goes through all tasks.
---@param fn function
---@return any ... what it returned
function loop.guard(fn, ...)
  return guarded(pcall(fn, ...))
end

-- ---- what a call in a task waits with ----

local function give_up_request(task)
  local request = task._request
  if not request then return end
  request:cancel()
  waiting[request:id()] = nil
  task._request = false
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
  if task._done then request:cancel() end -- it cancelled itself, and ends with this yield
  task._request = request
  waiting[request:id()] = task
  repeat yield(WAITING) until current == task and request:done()
  task._request = false
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

-- What a coroutine gives when it has kept what its task's function returned.
local RETURNED = {}
-- Coroutines that wait for another task: a new one for each costs as much as
-- the rest of a task, and work for the collector. They hold nothing.
local idle = {}
local MOST_IDLE = 64
-- What wakes them; resumed by whoever else kept one, it ends.
local NEXT = {}

local function begin(task)
  local fn, map = task._fn, task._map
  task._fn = false
  if map then return fn(map.list[task._index], task._index) end
  local arguments = task._arguments
  task._arguments = false
  return fn(unpack(arguments, 2, arguments[1] + 1))
end

local function work(task)
  task:_keep(true, begin(task))
end

local function serve()
  repeat work(current) until yield(RETURNED) ~= NEXT
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
  if not task._map then task._arguments = { select("#", ...), ... } end
  clients[task._client] = true
  task:_enter()
  if not task._map then return wake(task) end
  -- (Whoever waits for a map drives the loop: nobody is to be woken.)
  local goes_on = stop == last
  push(task)
  if goes_on then stop = last end
end

--- Ends the coroutine of a task that has its outcome, and what it waited for.
---@param task table
function loop.stop(task)
  local thread = task._thread
  if is_at_work(thread) then return end -- `resumed` does it
  give_up_request(task)
  task._fn = false
  if task._arguments then task._arguments = false end
  for i = #sleepers, 1, -1 do
    if sleepers[i].task == task then table.remove(sleepers, i) end
  end
  if close_thread and thread then close_thread(thread) end
  task._thread = false
end

local function explained(err)
  if err == "cannot resume dead coroutine" then return "the task failed, and an interrupt took its error" end
  -- Plain Lua 5.1 cannot yield in a pcall or in the iterator of a `for`.
  if type(err) == "string" and err:find("attempt to yield across metamethod/C-call boundary", 1, true) then
    return err .. " (Lua 5.1 cannot wait inside pcall, or in a for over each(), within a task: use list(), or another Lua)"
  end
  return err
end

-- Keeps a coroutine that waits at its end for the next task.
local function retire(task)
  local thread = task._thread
  give_up_request(task)
  task._thread = false
  if #idle < MOST_IDLE and not hook_of(thread) then idle[#idle + 1] = thread end
end

local function resumed(task, before, ok, what)
  current = before
  local failed = not ok
  if failed then task:_keep(false, explained(what), traceback(task._thread)) end
  if task._values then
    if what == RETURNED then retire(task) else loop.stop(task) end
    task:_finish()
    if failed and log.is_interrupt(what) then -- LuaJIT's Ctrl-C reaches tasks, too
      collectgarbage() -- cancels a request that was submitted, and not waited for yet
      error(what, 0)
    end
  elseif what ~= WAITING then -- it gave way: on with it in the next step
    give_up_request(task)
    push(task)
  end
end

local function resume(task)
  if task._values then -- an interrupt came before its end was told
    loop.stop(task)
    return task:_finish()
  end
  local before = current
  if task._fn then
    local thread = idle_thread()
    task._thread, current = thread, task
    return resumed(task, before, resume_thread(thread, NEXT))
  end
  current = task
  return resumed(task, before, resume_thread(task._thread))
end

-- Makes every task ready: after an interrupt nobody knows what its turn, or
-- whoever changed a task, had still to do.
local function recover()
  ready, first, last, stop = setmetatable({}, weak), 1, 0, 0
  for client in pairs(clients) do
    local count = last
    for task in pairs(client._tasks) do push(task) end
    client._left = last - count
  end
  for i = 1, last do
    local map = ready[i] and ready[i]._inner
    if map then map:mend() end
  end
  unsure = false
end

-- Resumes those that are ready now, at least one, until the time is over.
local function run_ready(ends)
  stop = last
  while first <= stop do
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    local client = task and task._client
    if client and client._tasks[task] then
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

-- When the engine has nothing left, nobody waits for a report: in a forked
-- child the parent's requests are done without one, and Ctrl-C may take one away.
local function gather_orphans()
  for id, task in pairs(waiting) do
    push(task)
    waiting[id] = nil
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
  if unsure then recover() end
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
  local looked = false
  while not is_over(thing) do
    local _, stuck = loop.guard(turn, STEP)
    if stuck and not is_over(thing) then
      if looked then error("the tasks that are left wait for each other: none can go on", 0) end
      looked, unsure = true, true -- a second interrupt may have come before the first was noted
    end
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
  local engine = loop.guard(turn, seconds)
  if engine then engine:start() end
end

--- Runs until none of the client's tasks is left.
---@param client table
function loop.run(client)
  turn_until(has_none_left, client)
end

return loop
