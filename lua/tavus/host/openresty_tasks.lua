--- Tasks inside nginx: each is a light thread of the request that started it, and the request ends after its tasks.
--
-- Only the spawning thread may kill another, and a task may be cancelled from anywhere, so each task has a guardian
-- thread that spawns the task's thread and waits for the signal `finished`. A guardian that no longer waits means nginx
-- killed the request.

local get_request = require("resty.core.base").get_request
local errors = require "tavus.errors"
local signal = require "tavus.host.openresty_signal"

local ngx = ngx
local sleep, now, update_time = signal.sleep, ngx.now, ngx.update_time
local spawn, kill = ngx.thread.spawn, ngx.thread.kill
local running_thread, status_of, traceback = coroutine.running, coroutine.status, debug.traceback
local next, pairs, pcall, xpcall = next, pairs, pcall, xpcall

local tasks = {}

-- Seconds to wait for a task before checking whether nginx killed it, and between two such checks when tasks are
-- started.
local DOUBT, PATROL = 1, 0.05
-- Seconds between two checks of tasks that are watched.
local WATCH = 0.25
-- Seconds of one wait of a guardian, which has nothing else to do.
local LONG = 3600
-- Seconds between two checks whether a cancelled task has left a coroutine of its own.
local NESTED = 0.01

local finished_of = {} -- by task, while it has a thread: the signal that its guardian waits for
local count = 0
local of_thread = setmetatable({}, { __mode = "k" }) -- the task, by its thread, which nginx may reuse
local used = false -- a task was started
local reaping, reap_due = false, 0

local function forget(task)
  if not finished_of[task] then return end
  finished_of[task] = nil
  count = count - 1
  if task._thread then
    of_thread[task._thread] = nil
    task._thread = nil
  end
end

local function end_with_request(task)
  task._cancelled = true
  task:_settle(false, errors.new { type = "cancelled", message = "nginx ended the request that the task belonged to" })
end

-- Whether nginx killed it together with its request.
local function is_dead(task, finished)
  return not finished:is_awaited() and (task._guarded or now() - task._begun >= DOUBT)
end

--- Settles the tasks that nginx killed with their requests.
function tasks.reap()
  if count == 0 then return end
  local dead
  for task, finished in pairs(finished_of) do
    if is_dead(task, finished) then
      dead = dead or {}
      dead[#dead + 1] = task
    end
  end
  if not dead then return end
  -- The next items of their maps must not start here.
  reaping = true
  for i = 1, #dead do
    local task = dead[i]
    forget(task)
    if task._request then task._request:cancel() end
    if not task._done then end_with_request(task) end
  end
  reaping = false
end

--- The task on whose thread this is called.
---@return table?
function tasks.running()
  local task = used and of_thread[running_thread()]
  -- nginx may reuse the thread, and the memory of the request
  return task and task._home == get_request() and not is_dead(task, finished_of[task]) and task or nil
end

local function with_trace(err)
  return { err, (traceback("", 2):gsub("^\n", "")) }
end

local function finish(task, finished, ok, ...)
  forget(task)
  if ok then
    task:_settle(true, ...)
  else
    local raised = ...
    task:_settle(false, raised[1], raised[2])
  end
  finished:post()
end

local function work(task, finished, fn, ...)
  local thread = running_thread()
  task._thread, of_thread[thread] = thread, task
  finish(task, finished, xpcall(fn, with_trace, ...))
end

-- Whether nginx may kill the thread: not while a coroutine that it resumed waits, because that would later resume the
-- dead thread.
local function may_be_killed(thread)
  return status_of(thread) ~= "normal"
end

local function guard(task, finished, parent, fn, ...)
  local thread = spawn(work, task, finished, fn, ...)
  task._guarded = true
  while not finished:wait(LONG) do end -- luacheck: ignore 542
  while not may_be_killed(thread) do
    task._begun = now()
    sleep(NESTED)
  end
  kill(thread) -- for a thread that ended by itself this frees its memory
  forget(task)
  local inner = task._guardians
  for i = 1, inner and #inner or 0 do inner[i]:post() end
  -- When a thread is killed, nginx keeps the request open for its children that ended before. So they stay until then.
  if parent and finished_of[parent] then
    parent._guardians = parent._guardians or {}
    table.insert(parent._guardians, finished)
    while not finished:wait(LONG) do end -- luacheck: ignore 542
  end
end

--- Makes a task's thread, which runs at once until its first wait.
---@param task table
---@param fn function
function tasks.start(task, fn, ...)
  task:_enter()
  if reaping then return end_with_request(task) end
  if now() >= reap_due then
    reap_due = now() + PATROL
    tasks.reap()
  end
  local finished, parent = signal.new(), tasks.running()
  finished_of[task], count, used = finished, count + 1, true
  task._home, task._begun = get_request(), now()
  spawn(guard, task, finished, parent, fn, ...)
end

--- Ends the thread of a cancelled task, and cancels its request.
---@param task table
function tasks.stop(task)
  local request, finished = task._request, finished_of[task]
  task._request = nil
  if request then request:cancel() end
  if not finished then return end
  -- the guardian ends the thread, unless nginx kills both first
  task._guarded, task._begun = false, now()
  finished:post()
end

--- Called on the thread of a cancelled task: waits for the guardian, which kills it.
function tasks.await_end()
  while true do sleep(LONG) end
end

-- The closure is made in a function that returns at once: nginx reuses the stack of a killed thread, which would change
-- variables that a closure shares with it.
local function poster(finished)
  return function() finished:post() end
end

local function wait(gate)
  local finished = signal.new()
  gate:_watch(poster(finished))
  while not gate._done do
    if not finished:wait(DOUBT) then tasks.reap() end
  end
end

--- Returns when a task, or the gate of a map, is done.
---@param gate table
function tasks.wait(gate)
  signal.apart(wait, gate)
  local task = tasks.running()
  if task and task._done then tasks.await_end() end
end

--- Yields until one of the client's tasks is done, at most so long.
---@param client table
---@param seconds number
function tasks.step(client, seconds)
  local left = client._left
  update_time()
  local ends = now() + seconds
  repeat
    local rest = ends - now()
    sleep(rest > 0.005 and 0.005 or rest > 0.001 and rest or 0.001)
  until client._left < left or now() >= ends
  tasks.reap()
end

--- Waits until no task that the client has in this request is left. A client that serves a whole worker may always have
-- tasks in other requests.
---@param client table
function tasks.run(client)
  tasks.reap()
  local home = get_request()
  local found
  repeat
    found = nil
    for task in pairs(client._tasks) do
      if task._home == home then
        found = task
        break
      end
    end
    if found then tasks.wait(found) end
  until not found
end

local function call(_, fn, ...) return fn(...) end

--- Calls a function in a timer, which outlives the request.
---@param fn function
---@return boolean? done nil when nginx gives no timer
function tasks.later(fn, ...)
  local ok, done = pcall(ngx.timer.at, 0, call, fn, ...)
  return ok and done or nil
end

local watched, watching = {}, false

local function patrol()
  repeat
    sleep(WATCH)
    tasks.reap()
    for task in pairs(watched) do
      if task._done then watched[task] = nil end
    end
  until next(watched) == nil
  watching = false
end

--- Looks at intervals whether nginx killed the task, also while no call is under way.
---@param task table
function tasks.watch(task)
  watched[task] = true
  if not watching then watching = tasks.later(patrol) end
end

return tasks
