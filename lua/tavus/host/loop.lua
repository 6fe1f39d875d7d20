--- The coroutine loop: tasks are coroutines, and each step of the loop runs those that can go on.
--
-- The VM has one loop, as it has one engine. The loop holds tasks weakly: they belong to their clients, and are
-- collected with them.
--
-- Ctrl-C may end a turn at any instruction. The next turn then resumes every task, and each checks whether it can go on
-- (`recover`).

local http = require "tavus.http"
local log = require "tavus.log"

local now, get_engine = http.now, http.engine
local running, resume_thread, yield = coroutine.running, coroutine.resume, coroutine.yield
local status_of = coroutine.status
local close_thread = rawget(coroutine, "close") -- Lua 5.4
local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- Lua 5.1 has it there
local max, min = math.max, math.min
-- A host program may leave out the debug library.
local traceback = debug and debug.traceback or function() end
local hook_of = debug and debug.gethook or function() end

local loop = { notify = true }

-- Seconds that tasks may run in one step; the rest of them wait for the next step.
local WORK = 0.002
-- Seconds of one wait: Ctrl-C reaches a program only between them.
local STEP = 0.1
-- The value of the loop's own yields, which tells them from yields of the program.
local WAITING = {}

local weak = { __mode = "v" }

local current -- the task whose code runs now
local waiting = setmetatable({}, weak) -- the task that waits for a request, by the request's id
local ready, first, last = setmetatable({}, weak), 1, 0 -- tasks to resume, in this order
local stop = 0 -- index in `ready` of the last task that this turn resumes
local sleepers = {} -- { when, task }, the latest first; task is held weakly
local clients = setmetatable({}, { __mode = "k" }) -- clients that had tasks
local unsure = false -- an error interrupted a change: see `recover`

-- A task that was collected meanwhile is nil here.
local function push(task)
  if not task then return end
  last = last + 1
  ready[last] = task
end

--- The task whose code calls this on the task's own coroutine, or nil.
---@return table?
function loop.running()
  local thread = current and current._thread
  return thread and thread == running() and current or nil
end

-- Whether the thread runs now, or resumed the coroutine that does.
local function is_at_work(thread)
  if not thread then return false end
  local status = status_of(thread)
  return status == "running" or status == "normal"
end

--- The task whose code calls this, on any coroutine, or nil.
---@return table?
function loop.inside()
  -- Ctrl-C may have left `current` set after the end of the task's turn.
  return current and is_at_work(current._thread) and current or nil
end

local function guarded(ok, ...)
  if ok then return ... end
  unsure = true
  error((...), 0)
end

--- Calls a function that changes the state of the loop or of tasks. After an error out of it the next turn goes through
-- all tasks.
---@param fn function
---@return any ... what fn returned
function loop.guard(fn, ...)
  return guarded(pcall(fn, ...))
end

-- ---- waiting for a call in a task ----

local function give_up_request(task)
  local request = task._request
  if not request then return end
  request:cancel()
  waiting[request:id()] = nil
  task._request = false
end

-- Foreign code may resume a task's coroutine early, so every yield re-checks its condition in a loop. Where a yield
-- fails (in a pcall of Lua 5.1) and the task goes on, its next wait gives up the request of the failed one.

--- Yields until the request is done.
---@param _ userdata
---@param request userdata
function loop.perform(_, request)
  local task = current
  give_up_request(task)
  if task._done then request:cancel() end -- the task cancelled itself, and ends with this yield
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
  -- Allocated first: a finalizer that runs here may cancel a sleeping task, which would change the list between the
  -- search and the insertion.
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

-- The value a coroutine yields after its task's function returned.
local RETURNED = {}
-- Idle coroutines, reused because making one costs as much as the rest of a task. They refer to nothing.
local idle = {}
local MOST_IDLE = 64
-- The value that resumes an idle coroutine; with any other it ends.
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

-- Makes a task ready, and wakes a host that only watches the descriptor.
local function wake(task)
  push(task)
  local engine = get_engine()
  if engine then engine:alarm(0) end
end

--- Makes a task ready. It first runs in the next step; a task of a map runs in this one, unless others wait for the
-- next.
---@param task table
---@param fn function
function loop.start(task, fn, ...)
  task._fn = fn
  if not task._map then task._arguments = { select("#", ...), ... } end
  clients[task._client] = true
  task:_enter()
  if not task._map then return wake(task) end
  -- The code that waits for a map drives the loop, so no wake-up is needed.
  local goes_on = stop == last
  push(task)
  if goes_on then stop = last end
end

--- Ends the coroutine of a task that has its outcome, and gives up its request.
---@param task table
function loop.stop(task)
  local thread = task._thread
  if is_at_work(thread) then return end -- `resumed` calls this again
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
    return err
      .. " (Lua 5.1 cannot wait inside pcall, or in a for over each(), within a task: use list(), or another Lua)"
  end
  return err
end

-- Keeps the coroutine of a finished task for the next one.
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
      collectgarbage() -- cancels a request that was submitted and has no waiter yet
      error(what, 0)
    end
  elseif what ~= WAITING then -- a yield of the program's own: the task goes on in the next step
    give_up_request(task)
    push(task)
  end
end

local function resume(task)
  if task._values then -- an interrupt came before _finish
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

-- Makes every task ready, because an interrupt may have left any change half done.
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

-- Resumes the tasks that are ready now, at least one, until the time is over.
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
  -- An empty list starts again at 1.
  if first > last then first, last, stop = 1, 0, 0 end
end

-- Makes tasks ready whose request is done or whose sleep is over. Returns whether any task is ready.
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

-- Makes all waiting tasks ready when the engine has nothing left: in a forked child the parent's requests end without a
-- report, and Ctrl-C may lose one.
local function gather_orphans()
  for id, task in pairs(waiting) do
    push(task)
    waiting[id] = nil
  end
end

-- Sets the time at which the host must step again without an answer.
local function set_alarm(engine)
  local next_one = sleepers[#sleepers]
  if first <= last then engine:alarm(0) else engine:alarm(next_one and next_one.when) end
end

-- Waits until a task can go on, at most so long, and resumes the tasks that can.
---@param seconds number
---@return userdata? engine when a task was resumed
---@return boolean stuck no event can make a task ready any more
local function turn(seconds)
  local engine, problem = get_engine()
  if not engine then error(problem, 0) end
  if unsure then recover() end
  local time = now()
  local ends = time + seconds
  local stuck = false
  local busy = gather(engine, time)
  if busy then
    -- Answers must be read even if every turn has tasks to run.
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

-- Turns until is_over(thing).
local function turn_until(is_over, thing)
  local looked = false
  while not is_over(thing) do
    local _, stuck = loop.guard(turn, STEP)
    if stuck and not is_over(thing) then
      if looked then error("the tasks that are left wait for each other: none can go on", 0) end
      looked, unsure = true, true -- an interrupt may have gone unnoted
    end
  end
end

--- Returns when a task, or the gate of a map, is done: yields in a task, and steps the loop elsewhere.
---@param gate table
function loop.wait(gate)
  local task = loop.running()
  if not task then return turn_until(is_done, gate) end
  give_up_request(task)
  gate:_watch(function() wake(task) end)
  repeat yield(WAITING) until current == task and gate._done
end

--- Makes one step, for a frame loop or another event loop. New requests are sent before it returns.
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
