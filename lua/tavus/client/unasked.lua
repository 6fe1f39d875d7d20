--- Errors that nobody asked for: a task that failed and was then forgotten is
-- told about when it is collected, so that its error is not lost, and that of
-- a task that somebody looks at is not told twice.

local log = require "tavus.log"

-- Plain tables have finalizers from Lua 5.2 on; before, only userdata do.
local new_userdata = rawget(_G, "newproxy")

-- Calls fn when what it returns is collected.
local function finalizer(fn)
  if not new_userdata then return setmetatable({}, { __gc = fn }) end
  local proxy = new_userdata(true)
  getmetatable(proxy).__gc = fn
  return proxy
end

--- Keeps an error for whoever asks.
---@param client table whose log it may go to
---@param err any
---@param trace string|nil
---@return table note set its `told` when somebody asked
---@return any guard whoever holds both may still ask
return function(client, err, trace)
  local note = { told = false }
  return note, finalizer(function()
    if not note.told then log.task_failed(client, err, trace) end
  end)
end
