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
  local client, map = self._client, self._map
  self._done = true
  self._client, self._request = false, false
  if client then
    client._tasks[self] = nil
    client._left = client._left - 1
  end
  if map then return map:finished(self._index, ok, ...) end -- nobody else knows this task
  local watchers = self._watchers
  self._watchers = false
  if ok then
    self._values = { select("#", ...), ... } -- the count first
  else
    local err, trace = ...
    self._failed = true
    self._values = { 3, nil, trace and with_traceback(err, trace) or err, trace }
    if not self._cancelled then
      self._unasked, self._guard = unasked(client, self._values[3], trace)
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
  local values = self._values
  return unpack(values, 2, values[1] + 1)
end

--- Ends it: the request that it waits for is cancelled at once, and its
-- function is not resumed. (A task that cancels itself runs on to its next call.)
---@return boolean cancelled false when it was done already
function Task:cancel()
  need_colon(self, "cancel")
  if self._done then return false end
  self._cancelled = true
  -- Nobody is left to take the results of a map that it waits for.
  if self._inner then self._inner:cancel() end
  hosts.scheduler.stop(self)
  self:_settle(false, errors.new {
    type = "cancelled", message = "the task was cancelled",
    hint = "what it was asking for may have been done: look before you ask again",
  })
  return true
end

local function add(client, self)
  client._tasks[self] = true
  client._left = client._left + 1
  return setmetatable(self, Task)
end

--- Starts a task.
---@param client table
---@param fn function
---@return tavus.Task
function task.spawn(client, fn, ...)
  -- All fields at once, eight at the most: a table that grows field by field
  -- costs more than the rest of the task.
  local self = add(client, {
    _client = client, _done = false, _watchers = false, _values = false, _fn = false, _arguments = false, _thread = false, _request = false,
  })
  hosts.scheduler.start(self, fn, ...)
  return self
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

-- A map under way. It is a table and no closure: nginx reuses the stack of a
-- thread that it killed, and a variable that a closure shares with a function
-- waiting there would then be somebody else's.
local Map = {}
Map.__index = Map

function Map:start_more()
  -- A task may be done before its start returns.
  if self.starting then return end
  self.starting = true
  while self.under_way < self.concurrency and self.next <= self.count and not (self.owner and self.owner._cancelled) do
    local index = self.next
    self.next = index + 1
    if self.client._closed then
      self.results[index] = { err = self.closed() }
    else
      self.under_way = self.under_way + 1
      local each = add(self.client, {
        _client = self.client, _done = false, _map = self, _index = index, _item = false, _fn = false, _thread = false, _request = false,
      })
      self.tasks[index] = each
      hosts.scheduler.start(each, self.fn, self.list[index], index)
    end
  end
  self.starting = false
  if self.under_way == 0 then self.gate:_settle(true) end
end

-- What fn returned or raised for an item.
function Map:finished(index, ok, value, err)
  if not ok then
    self.results[index] = { err = err and with_traceback(value, err) or value }
  elseif value == nil then
    self.results[index] = { err = err }
  else
    self.results[index] = { value = value }
  end
  self.tasks[index] = nil
  self.under_way = self.under_way - 1
  self:start_more()
end

-- What a task does at its end may change the list.
local function cancel_each(list)
  for _, each in ipairs(list) do each:cancel() end
end

function Map:cancel()
  local list = {}
  for _, each in pairs(self.tasks) do list[#list + 1] = each end
  cancel_each(list)
end

--- Calls fn for every item of a list, so many at a time, each in a task.
---@param client table
---@param list table
---@param fn fun(item: any, index: integer): any, any
---@param concurrency integer
---@param closed fun(): tavus.Error what becomes of items that the closed client cannot do
---@return table[] results in the list's order, each { value = v } or { err = e }
function task.map(client, list, fn, concurrency, closed)
  local map = setmetatable({
    client = client, list = list, fn = fn, concurrency = concurrency, closed = closed, owner = hosts.scheduler.running() or false,
    count = #list, next = 1, under_way = 0, starting = false, results = {}, gate = setmetatable({ _done = false }, Task), tasks = {},
  }, Map)
  if map.owner then map.owner._inner = map end
  map:start_more()
  if not map.gate._done then hosts.scheduler.wait(map.gate) end
  if map.owner then map.owner._inner = false end
  return map.results
end

return task
