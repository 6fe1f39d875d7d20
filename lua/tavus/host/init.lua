--- Which host waits for a call: nginx where it is, the coroutine loop inside a
-- task, and else the program itself.

local http = require "tavus.http"

-- A program may forget these modules and load them anew while calls are under
-- way (hot reload). The VM has one engine, so its first hosts serve every copy.
local shared = http.shared()
if shared.hosts then return shared.hosts end

local blocking = require "tavus.host.blocking"
local errors = require "tavus.errors"
local loop = require "tavus.host.loop"

local get_engine = http.engine

local hosts = {}

local nginx = package.loaded.ngx and require "tavus.host.openresty"
if nginx and not nginx.found() then nginx = nil end

--- What runs tasks here; see tavus.task.
hosts.scheduler = nginx or loop

--- Whether tasks can be started here.
---@return tavus.Error|nil nil when they can
hosts.check = nginx and nginx.check or function() return nil end

--- Calls a function that changes tasks. An error out of it (Ctrl-C) goes on to
-- the caller; what it left half done is mended later. nginx has no interrupts.
hosts.guard = nginx and function(fn, ...) return fn(...) end or loop.guard

-- A yield in such a coroutine would go to the user's own resume, which takes
-- what it gives for a value of the user's.
local function in_a_coroutine()
  return errors.new {
    type = "config", code = "coroutine",
    message = "inside a task nothing can wait in another coroutine (a generator, coroutine.wrap) than the task's own",
    hint = "wait in the task's own function, before the coroutine is resumed;"
      .. " or let client:spawn run what waits, and the task's own function take its task:result()",
  }
end

--- The host for a call made here and now.
---@return table|nil host { perform(engine, request), sleep(engine, seconds), notify }
---@return tavus.Error|nil when this place can wait in no way
function hosts.current()
  local refused = hosts.check()
  if refused then return nil, refused end
  if nginx then return nginx end
  if loop.running() then return loop end
  if loop.inside() then return nil, in_a_coroutine() end
  return blocking
end

--- The VM's engine.
---@return userdata|nil
---@return tavus.Error|nil
function hosts.engine()
  local engine, problem, shortage = get_engine()
  if engine then return engine end
  return nil, errors.no_engine(problem, shortage)
end

--- Why nothing can wait here, or nil.
---@return tavus.Error|nil
function hosts.refusal()
  local host, refused = hosts.current()
  if not host then return refused end
  return select(2, hosts.engine())
end

shared.hosts = hosts

return hosts
