--- `with(body, fn)`: makes an object, calls fn with it, and ends the object whatever happens in fn.
--
-- Outside of tasks fn is called here, in protected mode. In a task and in nginx fn runs as a task of its own, because
-- a cancelled task and a killed request run no more Lua code: what watches that task then ends the object, in a task or
-- a timer. What is left when the Lua VM closes is ended by a finalizer.

local core = require "tavus.core"
local http = require "tavus.http"
local answer = require "tavus.client.answer"
local blocking = require "tavus.host.blocking"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local hosts = require "tavus.host"
local log = require "tavus.log"
local options = require "tavus.options"
local pointer = require "tavus.patch.pointer"
local task = require "tavus.client.task"

local with = {}

-- Seconds for the end of an object when its client or the VM closes.
local LAST = 2

-- The objects that are not ended yet. It is strong: a finalizer runs only when the VM closes.
local open = {}

---@class tavus.With
---@field class table
---@field client table
---@field op table the operation that ends it
---@field settled function?
---@field id string
---@field path string of that operation
---@field pid integer the process that made it: a forked child ends nothing
---@field ended boolean
---@field last table|false the task that ends it
---@field guard any its finalizer
---@field watched boolean whether the end of the task that fn runs as is noticed

local function give_up(scope, why)
  local message = ("%s %s could not be ended: %s"):format(scope.class.name, scope.id, tostring(why))
  log.write(scope.client._log or log.new "error", "error", message)
end

local function close(scope)
  scope.ended, open[scope] = true, nil
end

-- Ends the object. An interrupt leaves it open, for the finalizer.
---@param host table? what waits; the host of this place when nil
---@param seconds number? for all attempts
local function finish(scope, host, seconds)
  if scope.ended then return end
  local client = scope.client
  if client._closed then
    close(scope)
    return give_up(scope, "the client was closed")
  end
  local calling = call.new(client, scope.op, scope.path, nil, seconds and { timeout = seconds, deadline = seconds })
  calling.may_repeat, calling.settled, calling.host = true, scope.settled, host
  local done, err = answer.of(calling)
  close(scope)
  -- One that is gone needs no end.
  if not done and err.type ~= "not_found" then give_up(scope, err) end
end

-- Ends what is open when there is no time left to wait long.
local function finish_now(scope)
  if scope.ended or scope.pid ~= http.pid() then return end
  if hosts.in_nginx() then
    close(scope)
    return give_up(scope, "the Lua VM closes")
  end
  local ok, err = pcall(finish, scope, blocking, LAST)
  if ok then return end
  close(scope)
  give_up(scope, err)
end

local function finalizer(scope)
  return task.finalizer(function() finish_now(scope) end)
end

-- Whether a coroutine can yield inside pcall: not in plain Lua 5.1.
local yields_in_pcall = select(2, coroutine.resume(coroutine.create(function()
  pcall(coroutine.yield, "yielded")
end))) == "yielded"

local function forward(thread, ok, ...)
  if not ok or coroutine.status(thread) == "dead" then return ok, ... end
  return forward(thread, coroutine.resume(thread, coroutine.yield(...)))
end

-- pcall for a function that may wait in a coroutine of the program.
local function protected(fn, ...)
  if yields_in_pcall or not coroutine.running() then return pcall(fn, ...) end
  local thread = coroutine.create(fn)
  return forward(thread, coroutine.resume(thread, ...))
end

-- What fn gave, for the caller; true when it gave nothing. What it raised is raised again.
local function outcome(ok, ...)
  if not ok then error((...), 0) end
  if select("#", ...) == 0 then return true end
  return ...
end

-- Ends the object after fn. Returns what fn gave.
local function settle(scope, ok, ...)
  local done, err = protected(finish, scope)
  if ok and not done then return false, err end
  return ok, ...
end

-- ---- as a task ----

-- Called at the end of the task, however it ended. It is made in a function that returns at once: nginx reuses the
-- stack of a killed thread, which would change variables that a closure shares with it.
local function abandoned(scope)
  return function()
    if scope.ended or scope.last then return end
    if scope.client._closed then return finish(scope) end
    if not hosts.in_nginx() then
      scope.last = task.spawn(scope.client, finish, scope)
    elseif not hosts.later(finish, scope) then
      close(scope)
      give_up(scope, "nginx gives no timer")
    end
  end
end

-- Watches the task: after its start, and at its beginning in nginx, where the start runs it and fn may end the request.
local function watch(scope, inner)
  if scope.watched then return end
  scope.watched = true
  inner:_watch(abandoned(scope))
  hosts.watch(inner)
end

-- In plain Lua 5.1 a task cannot wait in protected mode: `abandoned` ends the object after an error.
local function settle_unprotected(scope, ...)
  finish(scope)
  return true, ...
end

-- The function of the task.
local function serve(scope, fn, made)
  watch(scope, hosts.scheduler.running())
  if yields_in_pcall then return settle(scope, pcall(fn, made)) end
  return settle_unprotected(scope, fn(made))
end

-- What a task cancels when it ends (client/task.lua).
local Inner = {}
Inner.__index = Inner
function Inner:cancel() self.task:cancel() end
function Inner:mend() return self end

local function concluded(scope, inner, owner, ...)
  if owner then owner._inner = false end
  if scope.last then scope.last:result() end
  if not inner._failed then
    if inner._done then return outcome(...) end
    return ... -- nothing can wait for it here
  end
  local _, err = ...
  if inner._cancelled then return nil, err end
  error(err, 0)
end

local function run_as_task(scope, fn, made)
  local inner, owner = task.spawn(scope.client, serve, scope, fn, made), hosts.scheduler.running()
  watch(scope, inner)
  if owner then owner._inner = setmetatable({ task = inner }, Inner) end
  return concluded(scope, inner, owner, inner:result())
end

-- ---- the method ----

-- A body with the limit that it lacks.
local function limited(body, op)
  local null, tokens = core.null, pointer.parse(op.limit)
  local copy = {}
  for name, value in pairs(body) do copy[name] = value end
  setmetatable(copy, getmetatable(body))
  local inner = copy
  for i = 1, #tokens - 1 do
    local below = inner[tokens[i]]
    if below == nil or below == null then below = {} end
    if type(below) ~= "table" then return body end -- the check says what is wrong
    local own = {}
    for name, value in pairs(below) do own[name] = value end
    inner[tokens[i]], inner = own, own
  end
  local last = tokens[#tokens]
  if inner[last] == nil or inner[last] == null then inner[last] = op.limit_value end
  return copy
end

--- Ends what a client has open, before it closes. Nothing can wait there in nginx.
---@param client table
function with.close(client)
  for scope in pairs(open) do
    if scope.client == client and not hosts.in_nginx() then finish_now(scope) end
  end
end

--- The method `with(body, fn, options)` of a resource.
---@param class table
---@param create table the operation
---@param closing table the operation that ends what was made
---@param settled function? of the closing operation
---@param client_of fun(self: any, class: table, name: string, level: integer): table
---@return function
function with.method(class, create, closing, settled, client_of)
  local title = class.collection .. ":with"
  return function(self, body, fn, given)
    local client = client_of(self, class, "with", 2)
    if type(body) ~= "table" then error(("%s: wants a table, not %s"):format(title, type(body)), 2) end
    if type(fn) ~= "function" then error(("%s: wants a function, not %s"):format(title, type(fn)), 2) end
    local fine, problem = options.check(given, options.call, title, 2)
    if not fine then return nil, problem end
    local made, err = class.methods[create.name](self, limited(body, create), given)
    if not made then return nil, err end
    local id = made[class.id_field]
    if type(id) ~= "string" or id == "" then
      return nil, errors.new { type = "decode", message = "the answer has no " .. class.id_field,
        retryable = false, ambiguous = true }
    end
    local scope = {
      class = class, client = client, op = closing, settled = settled, id = id, ended = false, last = false,
      path = closing.parts[1] .. http.escape(id) .. closing.parts[2], pid = http.pid(), guard = false,
      watched = false,
    }
    scope.guard = finalizer(scope)
    open[scope] = true
    if hosts.in_nginx() or hosts.scheduler.running() then return run_as_task(scope, fn, made) end
    return outcome(settle(scope, protected(fn, made)))
  end
end

return with
