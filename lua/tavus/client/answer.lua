--- From a result to what a call returns: the decoded answer and its meta.

local core = require "tavus.core"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local failure = require "tavus.client.failure"
local log = require "tavus.log"
local redact = require "tavus.secret.redact"

local run, request_id, is_array = call.run, call.request_id, core.is_array

local answer = {}

---@class tavus.Meta
---@field status integer? HTTP status; nil when nothing had to be sent
---@field changed boolean? of calls that change something: false when nothing changed
---@field renamed boolean? of find: the name that was found differs in punctuation or blanks
---@field request_id string? the server's id of the request, when it sent one
---@field attempts integer how often it was tried; 0 when nothing had to be sent
---@field elapsed_ms number over all attempts and pauses
---@field headers table<string, string> the answer's headers, names in lower case
---@field warnings tavus.Issue[] what the check found doubtful in the value sent

-- The meta of a result. What is not a 2xx changed nothing, unless an earlier attempt without an answer may have.
local function meta_of(calling, result)
  local changed
  local status, headers, warnings = result.status, result.headers, calling.warnings
  if not calling.op.reads then
    changed = status < 300 or calling.doubtful
  elseif status == 304 then
    changed = false
  end
  return {
    status = status, changed = changed, request_id = request_id(headers), attempts = calling.attempts,
    elapsed_ms = calling.elapsed_ms, headers = headers, warnings = warnings and errors.printable(warnings) or {},
  }
end

--- The meta of a call that had nothing to send.
---@param warnings tavus.Issue[]?
---@return tavus.Meta
function answer.local_meta(warnings)
  return {
    changed = false, attempts = 0, elapsed_ms = 0, headers = {},
    warnings = warnings and errors.printable(warnings) or {},
  }
end

-- Logs what the check found doubtful: path, code and hint. A message may quote a value, and so a secret in the wrong
-- place.
local function log_warnings(calling)
  local where = calling.client._log
  for _, issue in ipairs(calling.warnings) do
    log.write(where, "info", ("%s %s: doubtful: %s: %s%s"):format(calling.op.method, call.place(calling), issue.path,
      issue.code, issue.hint and " (" .. issue.hint .. ")" or ""))
  end
end

-- Shows a person what the check found doubtful. A text that a message quotes may be a secret in the wrong place, and is
-- left out unless it is the member's name.
local function show_warnings(calling)
  local session, secrets, title = calling.client._session, call.known(calling), calling.title or calling.op.title
  for _, issue in ipairs(calling.warnings) do
    local path = issue.path == "" and "(root)" or issue.path
    local message = issue.message:gsub('"(.*)"', function(quoted)
      return path:sub(-#quoted - 1) ~= "/" .. quoted and '"..."' or nil
    end)
    local hint = issue.hint and " (" .. issue.hint .. ")" or ""
    log.show(redact.text(session, ("%s: %s: %s%s"):format(title, path, message, hint), secrets))
  end
end

-- The error of a successful answer that cannot be used.
local function unreadable(calling, result, problem)
  local client = calling.client
  result.body = call.body(result)
  result.request:forget()
  local err = failure.of_decode(client._session, result, problem, call.known(calling))
  -- A hook closed the client: the key is wiped, so it cannot be looked for in the body.
  if client._closed then err.body = nil end
  err.retryable, err.ambiguous = false, false
  if not calling.op.reads then err.hint = failure.look_first(result.status) end
  return err
end

-- Whether an object has an id under one of these names.
local function has_id(value, id_names)
  for i = 1, #id_names do
    if value[id_names[i]] ~= nil then return true end
  end
  return false
end

-- Takes the object out of the shapes that the operation answers with: the object itself, { data = object },
-- { data = { object } }. Returns nil when there is none, or more than one.
local function unwrap(op, value)
  local at, data = op.where, value.data
  if is_array(value) then return nil end
  if at.flat and (data == nil or not (at.data or at["data[1]"]) or has_id(value, op.id_names)) then return value end
  if type(data) ~= "table" then return nil end
  if not is_array(data) then return at.data and data or nil end
  return at["data[1]"] and #data == 1 and type(data[1]) == "table" and data[1] or nil
end

-- Objects by their ids: the answer itself, or its member `data`.
local function map_of(op, value)
  if is_array(value) then return nil end
  local data = op.where.data and value.data
  if not data then return op.where.flat and value or nil end
  return type(data) == "table" and not is_array(data) and data or nil
end

-- A list with its rows under `data`, wherever the answer has them; nil without rows.
local function list_of(op, value)
  if is_array(value) then return { data = value, total_count = #value } end
  local rows = value.data
  if rows == nil and op.rows then rows = value[op.rows] end
  if type(rows) ~= "table" or not is_array(rows) then return nil end
  value.data = rows
  return value
end

-- Readers of a JSON value, by what the operation answers: each returns the content, or nil and what is wrong.
local readers = {}

function readers.list(op, value)
  local list = list_of(op, value)
  if list then return list end
  return nil, "it has no array " .. (op.rows or "data")
end

function readers.map(op, value)
  local map = map_of(op, value)
  if map then return map end
  return nil, "it does not hold objects by their ids"
end

function readers.object(op, value)
  local object = unwrap(op, value)
  if object then return object end
  return nil, "it does not hold exactly one object"
end

function readers.changed(op, value)
  return unwrap(op, value) or value
end

-- The content of an answer: true when there is no body to read (304; `answers` is "nothing"; an error that says that
-- nothing was left to do). Returns nil and a problem when the body is not what the operation answers.
local function content(op, result)
  local wanted, value, status = op.answers, result.value, result.status
  if wanted == "nothing" or status == 304 or status >= 400 then return true end
  if result.problem then return nil, result.problem end
  if wanted == "any" then
    if value == nil then return true end
    return value
  end
  if type(value) ~= "table" then
    if wanted == "changed" then return true end
    return nil, value == nil and "it is empty" or "it is not a JSON object"
  end
  return readers[wanted](op, value)
end

--- Makes one call and reads its answer.
---@param calling tavus.Calling
---@return any value true when there is nothing to read; nil after an error
---@return tavus.Meta|tavus.Error
function answer.of(calling)
  local warnings = calling.warnings
  if warnings then
    if calling.client._log then log_warnings(calling) elseif calling.client._shows then show_warnings(calling) end
  end
  local result, err = run(calling)
  if result then
    local value, problem = content(calling.op, result)
    if not problem then
      result.request:forget()
      return value, meta_of(calling, result)
    end
    err = unreadable(calling, result, problem)
  elseif warnings and #warnings > 0 and err.status then
    err.issues = errors.printable(warnings) -- often what Tavus refused, whatever its status says
  end
  return nil, call.sign(calling, err)
end

return answer
