--- The log: three levels, to stderr or to a function.
--
-- What is logged is put together from methods, paths, statuses and messages
-- that are free of secrets; bodies and headers are never logged.

local log = {}

--- Levels, the higher the more is said.
log.levels = { error = 1, info = 2, debug = 3 }

local function write_line(level, message)
  io.stderr:write("tavus: ", level, ": ", message, "\n")
end

-- A program may have closed stderr.
local function to_stderr(level, message)
  log.guarded(write_line, level, message)
end

-- What was raised may have no text.
local function told(err)
  local ok, text = log.guarded(tostring, err)
  return ok and text or "an error without a text"
end

--- Makes a log.
---@param where string|function|nil a level (lines go to stderr), or a function(level, message) that gets every line
---@return table|nil log { rank, write }; nil when nothing is to be logged
function log.new(where)
  if type(where) == "function" then return { rank = log.levels.debug, write = where } end
  if log.levels[where] then return { rank = log.levels[where], write = to_stderr } end
  return nil
end

--- Whether an error is Ctrl-C: what the stand-alone interpreter raises, with or
-- without a place before it.
---@param err any
---@return boolean
function log.is_interrupt(err)
  return type(err) == "string" and (err == "interrupted!" or err:find ":%d+: interrupted!$" ~= nil)
end

--- Runs a function of the user's and keeps its errors from ending the call.
-- Ctrl-C inside it still ends the call.
---@return boolean ok
---@return any what it raised
function log.guarded(fn, ...)
  local ok, err = pcall(fn, ...)
  if not ok and log.is_interrupt(err) then error(err, 0) end
  return ok, err
end

--- Writes one line. The user's function may fail; that is told once on stderr.
---@param self table|nil a log, or nil
---@param level "error"|"info"|"debug"
---@param message string
function log.write(self, level, message)
  if not self or log.levels[level] > self.rank then return end
  -- One line each, whatever a server's sentence holds.
  local ok, err = log.guarded(self.write, level, (message:gsub("[^\32-\126\128-\255]+", " ")))
  if not ok and not self.failed then
    self.failed = true
    to_stderr("error", "the log function failed: " .. told(err))
  end
end

--- Tells about an error in a hook: to the log, or once a hook to stderr.
---@param client table keeps which hooks were told
---@param hook string the hook's name
---@param err any
function log.hook_failed(client, hook, err)
  local message = "the hook " .. hook .. " failed: " .. told(err)
  if client._log then return log.write(client._log, "error", message) end
  client._failed_hooks = client._failed_hooks or {}
  if not client._failed_hooks[hook] then
    client._failed_hooks[hook] = true
    to_stderr("error", message)
  end
end

--- Tells that an attempt could not be recorded: to the log, or once to stderr.
---@param client table keeps whether it was told
---@param err any
function log.recording_failed(client, err)
  local message = "the recording failed: " .. told(err)
  if client._log then return log.write(client._log, "error", message) end
  if client._failed_recording then return end
  client._failed_recording = true
  to_stderr("error", message)
end

--- Tells about an error in a task that nobody asked for its result: to the
-- log, or to stderr.
---@param client table
---@param err any a string has the traceback in it
---@param trace string|nil
function log.task_failed(client, err, trace)
  local message = "a task failed: " .. told(err)
  if type(err) ~= "string" and trace then message = message .. "\n" .. trace end
  if client._log then return log.write(client._log, "error", message) end
  to_stderr("error", message)
end

return log
