--- The blocking host: the program waits.
--
-- Ctrl-C reaches a Lua program only while Lua runs, so a Lua loop waits in short steps.

local http = require "tavus.http"

local blocking = {}

-- Seconds of one step.
local STEP = 0.1

local function wait(engine, request)
  while not engine:wait(request, STEP) do end
end

--- Waits until a request is done. An error out of the wait (Ctrl-C) cancels the request and is raised again.
---@param engine userdata
---@param request userdata
function blocking.perform(engine, request)
  local ok, err = pcall(wait, engine, request)
  if ok then return end
  request:cancel()
  error(err, 0)
end

local function protected(ok, ...)
  if ok then return ... end
  collectgarbage() -- cancels a request that was submitted and has no waiter yet
  error((...), 0)
end

--- Calls a function that submits a request and waits for it. An error out of it (Ctrl-C) cancels the request, wherever
-- it came.
---@param fn function
---@return any ... what fn returned
function blocking.protect(fn, ...)
  return protected(pcall(fn, ...))
end

--- Waits for a time while the engine's other requests go on.
---@param engine userdata
---@param seconds number
function blocking.sleep(engine, seconds)
  local now = http.now
  local ends = now() + seconds
  local left = seconds
  while left > 0 do
    engine:sleep(left < STEP and left or STEP)
    left = ends - now()
  end
end

return blocking
