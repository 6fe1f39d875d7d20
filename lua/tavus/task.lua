--- Tasks: functions of the user's that run beside each other, and wait only
-- for themselves.
--
-- What a task is, is told here; what runs it is a scheduler (tavus.host):
--
--   start(task, fn, ...)    makes a thread for it; the end of fn goes to
--                           task:_settle(true, results...) or
--                           task:_settle(false, error, traceback)
--   stop(task)              the task was cancelled: end its thread, and cancel
--                           task._request if there is one
--   wait(gate)              returns when gate._done; gate:_watch(fn) tells
--   running()               the task whose code calls, or nil
--   is_inside()             whether waiting for all tasks would wait for itself
--   step(client, seconds), run(client)

local errors = require "tavus.errors"
local hosts = require "tavus.host"

local unasked = require "tavus.unasked"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- Lua 5.1 has it there

local task = {}

---@class tavus.Task
local Task = {}
Task.__index = Task
Task.__name = "tavus.task"

--- Tells how far it is.
function Task:__tostring()
  return "tavus.task: " .. (not self._done and "under way" or self._cancelled and "cancelled" or self._failed and "failed" or "done")
end

local function need_colon(self, name)
  if getmetatable(self) == Task then return end
  error(("%s: call it with a colon: task:%s()"):format(name, name), 3)
end

-- What is called once, with the task, when it is done.
function Task:_watch(fn)
  if self._done then return fn(self) end
  local watchers = self._watchers or {}
  watchers[#watchers + 1] = fn
  self._watchers = watchers
end

-- An error that says where it was raised, as far as it can.
local function with_traceback(err, trace)
  if type(err) == "string" then return err .. "\n" .. trace end
  if errors.is(err) and err.traceback == nil then err.traceback = trace end
  return err
end

function Task:_settle(ok, ...)
  if self._done then return end
  local client, watchers = self._client, self._watchers
  self._done = true
  self._client, self._watchers, self._request = nil, nil, nil
  if client then
    client._tasks[self] = nil
    client._left = client._left - 1
  end
  if ok then
    self._values = { n = select("#", ...), ... }
  else
    local err, trace = ...
    self._failed = true
    self._values = { n = 3, nil, trace and with_traceback(err, trace) or err, trace }
    if not watchers and not self._cancelled then
      self._unasked, self._guard = unasked(client, self._values[2], trace)
      client._unasked = true
    end
  end
  for i = 1, watchers and #watchers or 0 do watchers[i](self) end
end

--- Whether it came to its end: returned, failed, or was cancelled.
---@return boolean
function Task:done()
  need_colon(self, "done")
  return self._done
end

--- What the function returned; waits for it if need be (inside a task it
-- yields, elsewhere it drives the loop).
-- When the function raised: nil, the error and the traceback; a string has the
-- traceback appended, an error of this library has it as `traceback`. When the
-- task was cancelled: nil and an error of type "cancelled".
---@return any ... what the function returned
function Task:result()
  need_colon(self, "result")
  if not self._done then
    local scheduler = hosts.scheduler
    if scheduler.running() == self then error("task:result: a task cannot wait for itself", 2) end
    scheduler.wait(self)
  end
  local note = self._unasked
  if note then note.told = true end
  return unpack(self._values, 1, self._values.n)
end

--- Ends it: the request that it waits for is cancelled at once, and its
-- function is not resumed. (A task that cancels itself runs on to its next call.)
---@return boolean cancelled false when it was done already
function Task:cancel()
  need_colon(self, "cancel")
  if self._done then return false end
  local client = self._client
  self._cancelled = true
  -- What it started itself has nobody to go to.
  for other in pairs(client._tasks) do
    if other._owner == self then other:cancel() end
  end
  hosts.scheduler.stop(self)
  self:_settle(false, errors.new { type = "cancelled", message = "the task was cancelled" })
  return true
end

local function start(client, owner, fn, ...)
  local self = setmetatable({ _client = client, _owner = owner, _done = false }, Task)
  client._tasks[self] = true
  client._left = client._left + 1
  hosts.scheduler.start(self, fn, ...)
  return self
end

--- Starts a task.
---@param client table
---@param fn function
---@return tavus.Task
function task.spawn(client, fn, ...)
  return start(client, nil, fn, ...)
end

--- Cancels all tasks of a client but the one that calls.
---@param client table
function task.cancel_all(client)
  local running = hosts.scheduler.running()
  local list = {}
  for each in pairs(client._tasks) do list[#list + 1] = each end
  for _, each in ipairs(list) do
    if each ~= running then each:cancel() end
  end
end

local function entry_of(done)
  if done._failed then return { err = done._values[2] } end
  local value, err = done._values[1], done._values[2]
  if value == nil then return { err = err } end
  return { value = value }
end

-- What a map needs. None of its closures may share a variable with a function
-- that waits: nginx uses the stack of a thread that it killed again, and then
-- such a variable is one of somebody else's.
local function new_map(client, owner, list, fn, concurrency, closed)
  local count, results = #list, {}
  local gate = setmetatable({ _done = false }, Task)
  local next_index, under_way, starting = 1, 0, false

  local start_more
  local function finished(index, done)
    results[index] = entry_of(done)
    under_way = under_way - 1
    start_more()
  end
  function start_more()
    -- A task may be done before its start returns.
    if starting then return end
    starting = true
    while under_way < concurrency and next_index <= count and not (owner and owner._cancelled) do
      local index = next_index
      next_index = index + 1
      if client._closed then
        results[index] = { err = closed() }
      else
        under_way = under_way + 1
        start(client, owner, fn, list[index], index):_watch(function(done) finished(index, done) end)
      end
    end
    starting = false
    if under_way == 0 then gate:_settle(true) end
  end
  return start_more, gate, results
end

--- Calls fn for every item of a list, so many at a time, each in a task.
---@param client table
---@param list table
---@param fn fun(item: any, index: integer): any, any
---@param concurrency integer
---@param closed fun(): tavus.Error what becomes of items that the closed client cannot do
---@return table[] results in the list's order, each { value = v } or { err = e }
function task.map(client, list, fn, concurrency, closed)
  if #list == 0 then return {} end
  local start_more, gate, results = new_map(client, hosts.scheduler.running(), list, fn, concurrency, closed)
  start_more()
  if not gate._done then hosts.scheduler.wait(gate) end
  return results
end

return task
