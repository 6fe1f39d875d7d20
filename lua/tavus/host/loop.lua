--- The coroutine loop: tasks are coroutines, and whoever steps it lends it the
-- time to run them.
--
-- The loop is the VM's, as the engine is, and holds its tasks weakly: they
-- belong to their clients, and go when those are collected.

local http = require "tavus.http"

local now, get_engine = http.now, http.engine
local running, resume_thread, yield = coroutine.running, coroutine.resume, coroutine.yield
local status_of = coroutine.status
local close_thread = rawget(coroutine, "close") -- Lua 5.4
local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- Lua 5.1 has it there
local max, min = math.max, math.min
local traceback = debug and debug.traceback or function() end -- a host may leave the library out

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

--- Whether a task's code runs, on whatever coroutine.
---@return boolean
function loop.is_inside()
  return current ~= nil
end

-- ---- what a call in a task waits with ----

--- Yields until the request is done.
---@param _ userdata
---@param request userdata
function loop.perform(_, request)
  local task = current
  task._request = request
  waiting[request:id()] = task
  yield(WAITING)
  task._request = nil
end

--- Yields for a time.
---@param _ userdata
---@param seconds number
function loop.sleep(_, seconds)
  local when = now() + seconds
  local low, high = 1, #sleepers + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sleepers[middle].when > when then low = middle + 1 else high = middle end
  end
  table.insert(sleepers, low, setmetatable({ when = when, task = current }, weak))
  yield(WAITING)
end

-- ---- running tasks ----

-- What a coroutine gives when its task's function has returned.
local RETURNED = {}
-- Coroutines that wait for another task: a new one for each costs as much as
-- the rest of a task, and work for the collector. They hold nothing.
local idle = {}
local MOST_IDLE = 64

local function begin()
  local fn, arguments = current._fn, current._arguments
  current._fn, current._arguments = nil, nil
  return fn(unpack(arguments, 2, arguments[1] + 1))
end

local function serve()
  while true do yield(RETURNED, begin()) end
end

--- Makes a task ready. It first runs in the next step.
---@param task table
---@param fn function
function loop.start(task, fn, ...)
  task._fn, task._arguments = fn, { select("#", ...), ... }
  push(task)
  local engine = get_engine()
  if engine then engine:alarm(0) end
end

local function give_up_request(task)
  local request = task._request
  if not request then return end
  task._request = nil
  waiting[request:id()] = nil
  request:cancel()
end

--- Ends the coroutine of a cancelled task, and what it waited for.
---@param task table
function loop.stop(task)
  local thread = task._thread
  if task == current then return end -- `resumed` does it
  give_up_request(task)
  task._thread, task._fn, task._arguments = nil, nil, nil
  for i = #sleepers, 1, -1 do
    if sleepers[i].task == task then table.remove(sleepers, i) end
  end
  if close_thread and thread and status_of(thread) == "suspended" then close_thread(thread) end
end

-- Plain Lua 5.1 cannot yield in a pcall or in the iterator of a `for`.
local function explained(err)
  if type(err) == "string" and err:find("attempt to yield across metamethod/C-call boundary", 1, true) then
    return err .. " (Lua 5.1 cannot wait inside pcall, or in a for over each(), within a task: use list(), or another Lua)"
  end
  return err
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
  elseif (...) == RETURNED then
    if #idle < MOST_IDLE then idle[#idle + 1] = thread end
    task._thread = nil
    task:_settle(true, select(2, ...))
  elseif (...) ~= WAITING then -- it gave way: on with it in the next step
    push(task)
  end
end

local function resume(task)
  local before = current
  current = task
  if task._fn then
    local count = #idle
    task._thread, idle[count] = idle[count] or coroutine.create(serve), nil
  end
  return resumed(task, before, resume_thread(task._thread))
end

-- Resumes those that are ready now, at least one, until the time is over.
local function run_ready(ends)
  local stop = last
  while first <= stop do
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    if task and not task._done then
      resume(task)
      if now() >= ends then return end
    end
  end
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

--- Waits until a task can go on, at most so long, and resumes those that can.
---@param seconds number
---@return userdata|nil engine when a task was resumed
---@return boolean stuck nothing that could still come would make a task ready
function loop.turn(seconds)
  local engine, problem = get_engine()
  if not engine then error(problem, 0) end
  local time = now()
  local ends = time + seconds
  local busy
  local stuck = false
  while true do
    if gather(engine, time) then
      run_ready(max(ends, time + WORK))
      -- Those that are ready again must not keep the others' answers away.
      if first <= last then engine:step(0) end
      busy = engine
      break
    end
    local next_one = sleepers[#sleepers]
    local rest = max(0, min(ends, next_one and next_one.when or ends) - time)
    local left = engine:step(rest)
    if left == 0 then
      gather_orphans()
      if next_one and first > last then engine:sleep(rest) end
    end
    time = now()
    if not gather(engine, time) then
      stuck = left == 0 and not next_one and next(waiting) == nil
      if stuck or time >= ends then break end
    end
  end
  set_alarm(engine)
  return busy, stuck
end

local function is_done(gate) return gate._done end
local function has_none_left(client) return client._left == 0 end

-- Turns until this is true of the thing.
local function turn_until(is_over, thing)
  while not is_over(thing) do
    local _, stuck = loop.turn(STEP)
    if stuck and not is_over(thing) then error("the tasks that are left wait for each other: none can go on", 0) end
  end
end

--- Returns when a task, or whatever else settles as one does, is done: yields
-- in a task, and steps the loop elsewhere.
---@param gate table
function loop.wait(gate)
  local task = loop.running()
  gate:_watch(function() push(task) end)
  if task then yield(WAITING) else turn_until(is_done, gate) end
end

--- One step, for a host that has more to do: what is to be sent, is sent
-- before it returns. (Not by a second step, that would be twice the work of one.)
---@param _ table the client
---@param seconds number how long it may wait
function loop.step(_, seconds)
  local engine = loop.turn(seconds)
  if engine then engine:start() end
end

--- Runs until none of the client's tasks is left.
---@param client table
function loop.run(client)
  turn_until(has_none_left, client)
end

return loop
