--- Which host waits for a call: nginx where it is, the coroutine loop inside a
-- task, and else the program itself.

local blocking = require "tavus.host.blocking"
local loop = require "tavus.host.loop"

local hosts = {}

local nginx = package.loaded.ngx and require "tavus.host.openresty"
if nginx and not nginx.found() then nginx = nil end

--- The host for a call made here and now.
---@return table|nil host { perform(engine, request), sleep(engine, seconds), notify }
---@return tavus.Error|nil when this place can wait in no way
function hosts.current()
  if nginx then
    local refused = nginx.check()
    if refused then return nil, refused end
    return nginx
  end
  return loop.running() and loop or blocking
end

--- What runs tasks here; see tavus.task.
hosts.scheduler = nginx or loop

return hosts
