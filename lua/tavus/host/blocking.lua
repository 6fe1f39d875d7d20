--- The blocking host: the program waits.
--
-- Ctrl-C reaches a Lua program only while Lua runs, so the waiting is done in
-- short steps in a Lua loop.

local http = require "tavus.http"

local blocking = {}

local STEP = 0.1

local function wait(engine, request)
  while not engine:wait(request, STEP) do end
end

--- Waits until a request is done. An error out of the wait (Ctrl-C) cancels
-- the request and goes on to the caller.
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
  collectgarbage() -- cancels a request that was submitted, and not waited for yet
  error((...), 0)
end

--- Calls a function that submits a request and waits for it. After an error out
-- of it (Ctrl-C) the request is cancelled, wherever the error came.
---@param fn function
---@return any ... what it returned
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
