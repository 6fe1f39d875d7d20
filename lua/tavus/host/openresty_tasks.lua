--- Tasks inside nginx: each is a light thread of the request that started it,
-- and the request ends when they have.
--
-- nginx lets only the thread that spawned another one kill it, while a task may
-- be cancelled from anywhere. So a keeper spawns the task's thread and then
-- waits for the word that it is over, in whatever way. The keeper tells one
-- thing more: when nginx killed everything that the request had, nobody waits
-- for that word any longer, and so it is known that the task will not end by
-- itself.

local get_request = require("resty.core.base").get_request
local errors = require "tavus.errors"
local signal = require "tavus.host.openresty_signal"

local ngx = ngx
local sleep, now, update_time = signal.sleep, ngx.now, ngx.update_time
local spawn, kill = ngx.thread.spawn, ngx.thread.kill
local running_thread, status_of, traceback = coroutine.running, coroutine.status, debug.traceback
local pairs, xpcall = pairs, xpcall

local tasks = {}

-- Seconds: how long to wait for a task before looking whether it still can
-- come to an end, and between two such looks of those who start tasks.
local DOUBT, PATROL = 1, 0.05
-- Seconds of a keeper's wait; it has nothing to do in between.
local LONG = 3600
-- Seconds between two looks whether a cancelled task has left a coroutine of
-- its own.
local NESTED = 0.01

local over = {} -- by task, as long as it has a thread: the signal that gives its keeper the word
local count = 0
local of_thread = setmetatable({}, { __mode = "k" }) -- task, by its thread, which nginx may use again
local used = false -- there has been a task at all
local reaping, reap_due = false, 0

local function forget(task)
  if not over[task] then return end
  over[task] = nil
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

-- Whether nginx killed it, with all that its request had.
local function is_dead(task, word)
  return not word:is_awaited() and (task._kept or now() - task._begun >= DOUBT)
end

--- Settles the tasks that nginx killed with their requests.
function tasks.reap()
  if count == 0 then return end
  local dead
  for task, word in pairs(over) do
    if is_dead(task, word) then
      dead = dead or {}
      dead[#dead + 1] = task
    end
  end
  if not dead then return end
  -- What would follow on them (the next item of a map) must not begin here.
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
---@return table|nil
function tasks.running()
  local task = used and of_thread[running_thread()]
  -- nginx may use the thread, and the memory of the request, for another one
  return task and task._home == get_request() and not is_dead(task, over[task]) and task or nil
end

local function with_trace(err)
  return { err, (traceback("", 2):gsub("^\n", "")) }
end

local function finish(task, word, ok, ...)
  forget(task)
  if ok then
    task:_settle(true, ...)
  else
    local raised = ...
    task:_settle(false, raised[1], raised[2])
  end
  word:post()
end

local function work(task, word, fn, ...)
  local thread = running_thread()
  task._thread, of_thread[thread] = thread, task
  finish(task, word, xpcall(fn, with_trace, ...))
end

-- Whether nginx may kill the thread: not while a coroutine that it resumed
-- waits, which would later go on with the dead thread.
local function may_be_killed(thread)
  return status_of(thread) ~= "normal"
end

local function keep(task, word, parent, fn, ...)
  local thread = spawn(work, task, word, fn, ...)
  task._kept = true
  while not word:wait(LONG) do end -- luacheck: ignore 542
  while not may_be_killed(thread) do
    task._begun = now()
    sleep(NESTED)
  end
  kill(thread) -- of one that ended by itself it frees what is left
  forget(task)
  local inner = task._guardians
  for i = 1, inner and #inner or 0 do inner[i]:post() end
  -- Where a thread is killed, nginx holds the request open for those of its
  -- children that ended before.
  if parent and over[parent] then
    parent._guardians = parent._guardians or {}
    table.insert(parent._guardians, word)
    while not word:wait(LONG) do end -- luacheck: ignore 542
  end
end

--- Makes a task's thread; it runs at once, until it waits for the first time.
---@param task table
---@param fn function
function tasks.start(task, fn, ...)
  task:_enter()
  if reaping then return end_with_request(task) end
  if now() >= reap_due then
    reap_due = now() + PATROL
    tasks.reap()
  end
  local word, parent = signal.new(), tasks.running()
  over[task], count, used = word, count + 1, true
  task._home, task._begun = get_request(), now()
  spawn(keep, task, word, parent, fn, ...)
end

--- Ends the thread of a cancelled task, and what it waits for.
---@param task table
function tasks.stop(task)
  local request, word = task._request, over[task]
  task._request = nil
  if request then request:cancel() end
  if not word then return end
  -- its keeper comes for it, unless nginx is faster
  task._kept, task._begun = false, now()
  word:post()
end

--- For the thread of a task that was cancelled: waits for its keeper.
function tasks.await_end()
  while true do sleep(LONG) end
end

-- Made in a function that returns at once: what a closure shares with a thread
-- that waits may, when nginx killed it, be somebody else's.
local function poster(word)
  return function() word:post() end
end

local function wait(gate)
  local word = signal.new()
  gate:_watch(poster(word))
  while not gate._done do
    if not word:wait(DOUBT) then tasks.reap() end
  end
end

--- Returns when a task, or whatever else settles as one does, is done.
---@param gate table
function tasks.wait(gate)
  signal.apart(wait, gate)
  local task = tasks.running()
  if task and task._done then tasks.await_end() end
end

--- Lets others work, at most so long, until one of the client's tasks is done.
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

--- Waits until none of the tasks that the client has in this request is left:
-- a client that serves a whole worker has always some in others.
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

return tasks
