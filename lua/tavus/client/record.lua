--- The recording of a client: every attempt as a line of JSON in a file, without secrets. The sandbox replays such
-- files.

local core = require "tavus.core"
local http = require "tavus.http"
local call = require "tavus.client.call"
local log = require "tavus.log"
local options = require "tavus.options"
local printable = require("tavus.text").printable
local redact = require "tavus.secret.redact"

local record = {}

---@class tavus.Recording
local methods = {}
methods.__index = methods

-- Whether a file ends inside a line, because a program was killed while it wrote.
local function is_torn(file, name)
  local size = file:seek "end"
  if not size or size == 0 then return false end -- a pipe, or an empty file
  local reader = io.open(name, "rb")
  if not reader then return false end
  reader:seek("set", size - 1)
  local last = reader:read(1)
  reader:close()
  return last ~= nil and last ~= "\n"
end

--- Opens a file to append to.
---@param name string
---@param headers table? the client's own headers, which it sends with every request
---@return tavus.Recording?
---@return string? message
---@return string? hint
function record.open(name, headers)
  if name == "" or name:find("%z") then return nil, "is not a file name" end
  local file, message, code = io.open(name, "ab")
  if not file then
    return nil, "cannot be written: " .. tostring(message),
      options.no_descriptor[code] and "close files and sockets, or raise the limit of file descriptors (ulimit -n)"
  end
  pcall(http.close_on_exec, file) -- fails where the host program replaced Lua's files
  -- Every line is one write at the file's end, so that several programs may write to it.
  file:setvbuf "no"
  return setmetatable({ file = file, headers = headers or {}, torn = is_torn(file, name) }, methods)
end

local function line_of(client, request, result, attempt)
  local session, secrets = client._session, request.secrets
  local entry = {
    time = os.date "!%Y-%m-%dT%H:%M:%SZ", attempt = attempt,
    method = request.method, path = redact.target(request), headers = request.headers,
    body = request.body, body_text = request.text,
    outcome = result.outcome, status = result.status, elapsed_ms = math.floor(result.elapsed_ms * 1000 + 0.5) / 1000,
  }
  -- The client was closed meanwhile: the key is wiped, so it cannot be looked for in the answer.
  if not client._closed then
    if result.headers then entry.answer_headers = redact.recorded_headers(session, result.headers, secrets) end
    entry.answer_body, entry.answer_text = redact.body(session, call.body(result), secrets)
    if result.message then entry.message = printable(redact.text(session, result.message, secrets)) end
  end
  local line, issues = core.encode(entry)
  if not line then error(issues[1].message, 0) end
  return line
end

local function append(self, line)
  local done, message = self.file:write((self.torn and "\n" or "") .. line .. "\n")
  -- Part of the line may be in the file, so the next one begins with a line break.
  self.torn = not done
  if not done then error(message, 0) end
end

local function write(self, client, request, result, attempt)
  append(self, line_of(client, request, result, attempt))
end

--- Notes the request of a call before it is sent, while the key can still be looked for.
---@param client table
---@param calling tavus.Calling
---@return table? request for `answered`
function methods:asked(client, calling)
  if client._closed then return nil end
  local ok, request = log.guarded(redact.request, client._session, {
    method = calling.op.method, path = calling.path, query = calling.query, body = calling.body,
    headers = { self.headers, calling.headers or {} },
  }, calling)
  if ok then return request end
  log.recording_failed(client, request)
  return nil
end

--- Writes the line of one attempt.
---@param client table
---@param request table from `asked`
---@param result table
---@param attempt integer
function methods:answered(client, request, result, attempt)
  local ok, err = log.guarded(write, self, client, request, result, attempt)
  if not ok then log.recording_failed(client, err) end
end

return record
