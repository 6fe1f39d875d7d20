--- The host seam: what waits for a call, and what runs tasks.
--
-- A host is a table of functions that are called with a dot. Four hosts exist, and the place of a call decides which
-- one serves it: OpenResty inside nginx, the coroutine loop inside a task, else the host of `register` where it serves,
-- else the blocking host (the program waits).
--
-- The engine and the request that a host gets have these functions:
--
--   engine:step(seconds)    works at most so long; returns early when a request is done or a signal came
--   engine:start()          begins what waits in line, without looking for events
--   engine:fd()             a descriptor that is readable when a step has work; nil and a message on some systems
--   engine:timeout()        seconds until a step is needed at the latest, or nil
--   engine:alarm(when)      makes the descriptor readable at that http.now(); nil: no alarm
--   engine:finished()       the id of the next request that is done, or nil; for hosts with `notify`
--   request:done(), request:cancel(), request:id()
--
-- The VM has one engine. A step that one waiter makes may end the request of another: the host must tell that one.

local http = require "tavus.http"

-- A program may forget these modules and load them again while calls are under way (hot reload). The VM has one engine,
-- so the first hosts serve every copy.
local shared = http.shared()
if shared.hosts then return shared.hosts end

local blocking = require "tavus.host.blocking"
local errors = require "tavus.errors"
local loop = require "tavus.host.loop"
local options = require "tavus.options"

local get_engine = http.engine

local hosts = {}

---@class tavus.Host
---@field perform fun(engine: userdata, request: userdata): tavus.Error? returns when the request is done; an error says
--- that nothing can wait here, and the request is cancelled
---@field sleep fun(engine: userdata, seconds: number) returns when the time is over
---@field serves (fun(): boolean)? whether the code that calls it can wait through this host; without it always
---@field check (fun(): tavus.Error?)? why nothing can wait here, although the host serves
---@field notify boolean? the engine reports finished requests by their ids
---@field protect (fun(fn: function, ...): ...)? calls the function that submits a request and waits for it
--- The functions below run tasks; a host has all seven or none. What a task is: client/task.lua.
---@field start (fun(task: table, fn: function, ...))? calls task:_enter() and makes a thread; what fn returned goes to
--- task:_settle(true, results...), what it raised to task:_settle(false, error, traceback)
---@field stop (fun(task: table))? the task was cancelled: ends its thread, and cancels task._request if there is one
---@field wait (fun(gate: table))? returns when gate._done; gate:_watch(fn) calls fn then
---@field running (fun(): table?)? the task on whose thread the code runs
---@field inside (fun(): table?)? the same, also on a coroutine that the task resumed
---@field step (fun(client: table, seconds: number))? works at most so long
---@field run (fun(client: table))? returns when no task of the client is left
---@field guard (fun(fn: function, ...): ...)? calls a function that changes tasks; after an error (Ctrl-C) the host
--- completes what was left half done

local TASKS = { "start", "stop", "wait", "running", "inside", "step", "run" }

local rules = { notify = { type = "boolean" } }
for _, name in ipairs { "perform", "sleep", "serves", "check", "protect", "guard" } do
  rules[name] = { type = "function" }
end
for _, name in ipairs(TASKS) do rules[name] = { type = "function" } end

local nginx = package.loaded.ngx and require "tavus.host.openresty"
if nginx and not nginx.found() then nginx = nil end

local registered ---@type tavus.Host?

local function call_through(fn, ...) return fn(...) end

-- nginx has no interrupts.
local function choose_scheduler()
  local own = registered and registered.start and registered or nginx
  --- What runs tasks here.
  hosts.scheduler = own or loop
  --- Calls a function that changes tasks. An error out of it (Ctrl-C) goes on to the caller.
  hosts.guard = own and (own.guard or call_through) or loop.guard
end
choose_scheduler()

-- The registered host, where it serves.
local function registered_here()
  if registered and (not registered.serves or registered.serves()) then return registered end
  return nil
end

-- A yield in such a coroutine would end in the program's own resume, which would take its values for the coroutine's.
local function in_a_coroutine()
  return errors.new {
    type = "config", code = "coroutine",
    message = "inside a task nothing can wait in another coroutine (a generator, coroutine.wrap) than the task's own",
    hint = "wait in the task's own function, before the coroutine is resumed;"
      .. " or let client:spawn run what waits, and the task's own function take its task:result()",
  }
end

local function runs_no_tasks()
  return errors.new {
    type = "config", code = "tasks", message = "the registered host does not run tasks",
    hint = "run the calls in coroutines of its loop, or register a host with " .. table.concat(TASKS, ", "),
  }
end

--- The host for a call made here and now.
---@return tavus.Host? host
---@return tavus.Error? err why nothing can wait here
function hosts.current()
  if nginx then
    local refused = nginx.check()
    if refused then return nil, refused end
    return nginx
  end
  if loop.running() then return loop end
  if loop.inside() then return nil, in_a_coroutine() end
  local host = registered_here()
  if not host then return blocking end
  local refused = host.check and host.check()
  if refused then return nil, refused end
  return host
end

--- Whether the program is an nginx.
---@return boolean
function hosts.in_nginx() return nginx ~= nil end

--- Calls a function in a timer of nginx, which outlives the request.
---@param fn function
---@return boolean? done nil when nginx gives no timer
function hosts.later(fn, ...) return nginx and nginx.later(fn, ...) end

--- Sees to it that the end of a task is noticed also when nginx kills its request.
---@param task table
function hosts.watch(task)
  if nginx then nginx.watch(task) end
end

--- Why tasks cannot be started here, or nil.
---@return tavus.Error?
function hosts.check()
  if nginx then return nginx.check() end
  local host = not loop.inside() and registered_here()
  if not host then return nil end
  if not host.start then return runs_no_tasks() end
  return host.check and host.check()
end

--- The VM's engine.
---@return userdata?
---@return tavus.Error?
function hosts.engine()
  local engine, problem, shortage = get_engine()
  if engine then return engine end
  return nil, errors.no_engine(problem, shortage)
end

--- Why nothing here can wait for tasks, or nil.
---@return tavus.Error?
function hosts.refusal()
  local host, refused = hosts.current()
  if not host then return refused end
  if host == registered and not host.start then return runs_no_tasks() end
  return select(2, hosts.engine())
end

--- Makes a host of the program's own serve the calls of this Lua VM, instead of the one before. nil takes it away.
-- Calls under way keep the host that they began with. Wrong members raise.
---@param host tavus.Host?
---@return boolean? done true
---@return tavus.Error? err of type "config": nginx has its own host
function hosts.register(host)
  options.check(host, rules, "tavus.host.register", 2)
  if host then
    for _, name in ipairs { "perform", "sleep" } do
      if not host[name] then error(("tavus.host.register: the function %s is missing"):format(name), 2) end
    end
    local first, missing
    for _, name in ipairs(TASKS) do
      if host[name] then first = first or name else missing = missing or name end
    end
    if first and missing then
      error(("tavus.host.register: a host with %s runs tasks and needs %s, too"):format(first, missing), 2)
    end
  end
  if nginx then
    return nil, errors.new { type = "config", code = "nginx", message = "the host of nginx cannot be replaced" }
  end
  registered = host
  choose_scheduler()
  return true
end

shared.hosts = hosts

return hosts
