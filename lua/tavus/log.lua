--- The log: three levels, to stderr or to a function.
--
-- Lines consist of methods, paths, statuses and messages without secrets. Bodies and headers are never logged.

local core = require "tavus.core"

local log = {}

--- Levels; a higher one logs more.
log.levels = { error = 1, info = 2, debug = 3 }

local function write_line(level, message)
  io.stderr:write("tavus: ", level, ": ", message, "\n")
end

-- A program may have closed stderr.
local function to_stderr(level, message)
  log.guarded(write_line, level, message)
end

-- A message may hold line breaks from a server.
local function one_line(message) return (message:gsub("[^\32-\126\128-\255]+", " ")) end

-- The text of an error. tostring may fail.
local function text_of(err)
  local ok, text = log.guarded(tostring, err)
  return ok and text or "an error without text"
end

--- Makes a log.
---@param where string|function? a level (lines go to stderr), or a function(level, message) that gets every line
---@return table? log { rank, write }; nil when nothing is logged
function log.new(where)
  if type(where) == "function" then return { rank = log.levels.debug, write = where } end
  if log.levels[where] then return { rank = log.levels[where], write = to_stderr } end
  return nil
end

--- Whether an error is Ctrl-C: the stand-alone interpreter raises "interrupted!", with or without a position.
---@param err any
---@return boolean
function log.is_interrupt(err)
  return type(err) == "string" and (err == "interrupted!" or err:find ":%d+: interrupted!$" ~= nil)
end

--- Calls a function of the program and catches its errors, except Ctrl-C.
---@return boolean ok
---@return any err what it raised
function log.guarded(fn, ...)
  local ok, err = pcall(fn, ...)
  if not ok and log.is_interrupt(err) then error(err, 0) end
  return ok, err
end

--- Writes one line. If the program's log function fails, stderr says so once.
---@param self table? a log, or nil
---@param level "error"|"info"|"debug"
---@param message string
function log.write(self, level, message)
  if not self or log.levels[level] > self.rank then return end
  local ok, err = log.guarded(self.write, level, one_line(message))
  if not ok and not self.failed then
    self.failed = true
    to_stderr("error", "the log function failed: " .. text_of(err))
  end
end

-- The warnings that a person was shown, and how many may be: in this VM.
local shown, count, MOST = {}, 0, 20

--- Whether a person may read what goes to stderr: it is a terminal, and the program is not nginx.
---@return boolean
function log.at_terminal()
  return core.is_terminal(2) and not (package and package.loaded.ngx)
end

--- Shows a warning on stderr, once, and at most 20 of them.
---@param text string
function log.show(text)
  if shown[text] or count >= MOST then return end
  shown[text], count = true, count + 1
  to_stderr("warning", one_line(text))
end

--- Reports an error in a hook: in the log, or once for each hook on stderr.
---@param client table remembers which hooks were reported
---@param hook string the hook's name
---@param err any
function log.hook_failed(client, hook, err)
  local message = "the hook " .. hook .. " failed: " .. text_of(err)
  if client._log then return log.write(client._log, "error", message) end
  client._failed_hooks = client._failed_hooks or {}
  if not client._failed_hooks[hook] then
    client._failed_hooks[hook] = true
    to_stderr("error", message)
  end
end

--- Reports that an attempt could not be recorded: in the log, or once on stderr.
---@param client table remembers whether it was reported
---@param err any
function log.recording_failed(client, err)
  local message = "the recording failed: " .. text_of(err)
  if client._log then return log.write(client._log, "error", message) end
  if client._failed_recording then return end
  client._failed_recording = true
  to_stderr("error", message)
end

--- Reports the error of a task whose result was never read: in the log, or on stderr.
---@param client table
---@param err any a string contains the traceback
---@param trace string?
function log.task_failed(client, err, trace)
  local message = "a task failed: " .. text_of(err)
  if type(err) ~= "string" and trace then message = message .. "\n" .. trace end
  if client._log then return log.write(client._log, "error", message) end
  to_stderr("error", message)
end

return log
