--- Tasks: functions of the program that run beside each other, and wait only for themselves.
--
-- This module says what a task is. What runs tasks is a host (tavus.host): it calls task:_enter(), task:_settle(...),
-- and task:_keep(...) and task:_finish() where it does in two steps what _settle does.
--
-- Ctrl-C may end each function here at any instruction. What it leaves half done is repeated: hosts.guard notes the
-- error, and the loop's next turn resumes every task in client._tasks. So a task leaves that table last, and every step
-- before may be repeated.

local errors = require "tavus.errors"
local hosts = require "tavus.host"
local log = require "tavus.log"
local names = require "tavus.names"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- Lua 5.1 has it there

local task = {}

---@class tavus.Task
local Task = {}
Task.__index = Task
Task.__name = "tavus.task"

--- Says whether it is under way, cancelled, failed or done.
function Task:__tostring()
  return "tavus.task: " .. (not self._done and "under way" or self._cancelled and "cancelled"
    or self._failed and "failed" or "done")
end

local function need_colon(self, name)
  if getmetatable(self) == Task then return end
  error(("%s: call it with a colon: task:%s()"):format(name, name), 3)
end

-- Calls fn once, with the task, when it is done.
function Task:_watch(fn)
  if self._done then return fn(self) end
  local watchers = self._watchers or {}
  watchers[#watchers + 1] = fn
  self._watchers = watchers
end

-- Adds the traceback to an error that is a string or one of this library's.
local function with_traceback(err, trace)
  if type(err) == "string" then return err .. "\n" .. trace end
  if errors.is(err) and err.traceback == nil then err.traceback = trace end
  return err
end

-- Plain tables have finalizers from Lua 5.2 on; before, only userdata have them.
local new_userdata = rawget(_G, "newproxy")

--- An object that calls fn when it is collected.
---@param fn function
---@return any
function task.finalizer(fn)
  if not new_userdata then return setmetatable({}, { __gc = fn }) end
  local proxy = new_userdata(true)
  getmetatable(proxy).__gc = fn
  return proxy
end

-- Reports the error of a failed task once, when the task is collected and its result was never read. Returns a note
-- whose `read` says that it was, and the object whose collection reports; the task keeps both.
local function report_orphan(client, err, trace)
  local note = { read = false }
  return note, task.finalizer(function()
    if not note.read then log.task_failed(client, err, trace) end
  end)
end

-- Adds it to its client's tasks.
function Task:_enter()
  local client = self._client
  client._left = client._left + 1
  client._tasks[self] = true
end

-- What fn returned or raised for an item of a map.
local function map_entry(ok, value, err)
  if not ok then return { err = err and with_traceback(value, err) or value } end
  if value == nil then return { err = err } end
  return { value = value }
end

-- Keeps its outcome; only the first counts.
function Task:_keep(ok, ...)
  if self._values then return end
  if self._map then
    self._values = map_entry(ok, ...)
  elseif ok then
    self._values = { select("#", ...), ... } -- the count first
  else
    local err, trace = ...
    if trace then err = with_traceback(err, trace) end
    self._failed = true
    if not self._cancelled then
      self._orphan, self._guard = report_orphan(self._client, err, trace)
      self._client._orphans = true
    end
    self._values = { 3, nil, err, trace }
  end
end

-- Ends a task that has its outcome, and tells what waits for it.
function Task:_finish()
  local client, map, watchers, inner = self._client, self._map, self._watchers, self._inner
  self._done = true
  -- The results of a map that it waits for are lost.
  if inner then inner:cancel() end
  if map then map:finished(self) end
  for i = 1, watchers and #watchers or 0 do watchers[i](self) end
  if watchers then self._watchers = false end
  if client and client._tasks[self] then
    client._tasks[self] = nil
    client._left = client._left - 1
  end
  self._client, self._request = false, false
end

function Task:_settle(ok, ...)
  if self._done then return end
  self:_keep(ok, ...)
  self:_finish()
end

--- Whether it is over: it returned, failed, or was cancelled.
---@return boolean
function Task:done()
  need_colon(self, "done")
  return self._done
end

--- What the function returned; waits until the task is done (inside a task it yields, elsewhere it drives the loop).
-- When the function raised: nil, the error and the traceback; a string has the traceback appended, an error of this
-- library has it as `traceback`. When the task was cancelled: nil and an error of type "cancelled". When it is not done
-- and this place cannot wait: nil and an error of type "config".
---@return any ... what the function returned
function Task:result()
  need_colon(self, "result")
  if not self._done then
    local scheduler = hosts.scheduler
    if scheduler.inside() == self then error("task:result: a task cannot wait for itself", 2) end
    local refused = hosts.refusal()
    if refused then return nil, refused end
    scheduler.wait(self)
  end
  local note = self._orphan
  if note then note.read = true end
  local values = self._values
  return unpack(values, 2, values[1] + 1)
end

local function cancel(self)
  self._cancelled = true
  self:_keep(false, errors.new {
    type = "cancelled", message = "the task was cancelled",
    hint = "its request may have been done: look before you repeat it",
  })
  hosts.scheduler.stop(self)
  self:_finish()
end

--- Ends it: the request that it waits for is cancelled at once, and its function is not resumed. A task that cancels
-- itself runs on to its next call.
---@return boolean cancelled false when it was done already
function Task:cancel()
  need_colon(self, "cancel")
  if self._done then return false end
  hosts.guard(cancel, self)
  return true
end

--- Starts a task.
---@param client table
---@param fn function
---@return tavus.Task
function task.spawn(client, fn, ...)
  -- All fields at once, and at most eight: a table that grows field by field costs more than the rest of the task.
  local self = setmetatable({
    _client = client, _done = false, _watchers = false, _values = false,
    _fn = false, _arguments = false, _thread = false, _request = false,
  }, Task)
  hosts.guard(hosts.scheduler.start, self, fn, ...)
  return self
end

--- Cancels all tasks of a client but the one that calls.
---@param client table
function task.cancel_all(client)
  local inside = hosts.scheduler.inside()
  local list = {}
  for each in pairs(client._tasks) do list[#list + 1] = each end
  for _, each in ipairs(list) do
    if each ~= inside then hosts.guard(cancel, each) end
  end
end

-- Members that may be absent.
for _, name in ipairs {
  "_client", "_watchers", "_values", "_fn", "_arguments", "_thread", "_request", "_map", "_index", "_inner",
  "_cancelled", "_failed", "_orphan", "_guard", "_begun", "_guarded", "_guardians",
} do
  Task[name] = false
end
names.guard(Task, { title = "the task", kinds = { "task" } })

-- A map under way. It is a table and not a closure: nginx reuses the stack of a thread that it killed, which would
-- change the variables that a closure shares with a function waiting there.
local Map = {}
Map.__index = Map

function Map:start_more()
  -- A task may be done before its start returns.
  if self.starting then return end
  self.starting = true
  while self.under_way < self.concurrency and self.next <= self.count and not self.cancelled do
    local index = self.next
    if self.client._closed then
      self.results[index] = { err = self.closed() }
    elseif not (self.tasks[index] or self.results[index]) then
      local each = setmetatable({
        _client = self.client, _done = false, _map = self, _index = index,
        _values = false, _fn = false, _thread = false, _request = false,
      }, Task)
      self.under_way = self.under_way + 1
      self.tasks[index] = each
      hosts.scheduler.start(each, self.fn, self.list[index], index)
    end
    self.next = index + 1
  end
  self.starting = false
  if self.under_way == 0 then self.gate:_finish() end
end

-- Takes the result of a task that is done.
function Map:finished(each)
  local index = each._index
  if self.tasks[index] == each then
    self.results[index] = each._values
    self.tasks[index] = nil
    self.under_way = self.under_way - 1
  end
  self:start_more()
end

-- Goes on after an interrupt: counts again, and starts again what is not among the client's tasks.
function Map:mend()
  local count = 0
  for index, each in pairs(self.tasks) do
    if self.client._tasks[each] then count = count + 1 else self.tasks[index] = nil end
  end
  self.starting, self.under_way = false, count
  self:start_more()
end

function Map:cancel()
  self.cancelled = true
  -- The end of a task may change self.tasks.
  local list = {}
  for _, each in pairs(self.tasks) do list[#list + 1] = each end
  for _, each in ipairs(list) do each:cancel() end
end

function Map:wait()
  hosts.guard(self.start_more, self)
  if not self.gate._done then hosts.scheduler.wait(self.gate) end
end

--- Calls fn for every item of a list, a number of them at a time, each in a task. An error out of the wait (Ctrl-C)
-- cancels the tasks and is raised again.
---@param client table
---@param list table
---@param fn fun(item: any, index: integer): any, any
---@param concurrency integer
---@param closed fun(): tavus.Error the error of items that a closed client cannot do
---@return table[] results in the list's order, each { value = v } or { err = e }
function task.map(client, list, fn, concurrency, closed)
  local map = setmetatable({
    client = client, list = list, fn = fn, concurrency = concurrency, closed = closed,
    count = #list, next = 1, under_way = 0, starting = false, cancelled = false,
    results = {}, tasks = {}, gate = setmetatable({ _done = false }, Task),
  }, Map)
  local owner = hosts.scheduler.running()
  if owner then -- the wait yields, and the owner's end cancels the map
    owner._inner = map
    map:wait()
    owner._inner = false
    return map.results
  end
  local ok, err = pcall(map.wait, map)
  if ok then return map.results end
  map:cancel()
  error(err, 0)
end

return task
