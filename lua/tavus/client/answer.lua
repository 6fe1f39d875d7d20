--- From a result to what a call returns: the decoded answer and its meta.

local core = require "tavus.core"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local failure = require "tavus.client.failure"
local log = require "tavus.log"
local redact = require "tavus.secret.redact"

local run, request_id = call.run, call.request_id

local answer = {}

---@class tavus.Meta
---@field status integer|nil HTTP status; nil when nothing had to be sent
---@field changed boolean|nil of calls that change something: false when nothing changed
---@field request_id string|nil the server's id of the request, when it sent one
---@field attempts integer how often it was tried; 0 when nothing had to be sent
---@field elapsed_ms number over all attempts and sleeps
---@field headers table<string, string> the answer's headers, names in lower case
---@field warnings tavus.Issue[] what the check found doubtful in the value sent

--- Makes the meta of a result.
---@param op table the operation
---@param result table
---@param attempts integer
---@param elapsed_ms number
---@param doubtful boolean an earlier try may have done it: then "nothing changed" is not to be believed
---@param warnings tavus.Issue[]|nil
---@return tavus.Meta
function answer.meta(op, result, attempts, elapsed_ms, doubtful, warnings)
  local changed
  local status, headers = result.status, result.headers
  if not op.reads then changed = status ~= 304 or doubtful elseif status == 304 then changed = false end
  return {
    status = status, changed = changed, request_id = request_id(headers),
    attempts = attempts, elapsed_ms = elapsed_ms, headers = headers, warnings = warnings and errors.printable(warnings) or {},
  }
end

--- The meta of a call that had nothing to send.
---@param warnings tavus.Issue[]|nil
---@return tavus.Meta
function answer.local_meta(warnings)
  return { changed = false, attempts = 0, elapsed_ms = 0, headers = {}, warnings = warnings and errors.printable(warnings) or {} }
end

-- Tells the log what the check found doubtful: its message may quote a value,
-- and a secret may have been put in the wrong place; place, code and hint do not.
local function log_warnings(client, op, path, warnings)
  path = redact.text(client._session, call.shown(path))
  for _, issue in ipairs(warnings) do
    log.write(client._log, "info", ("%s %s: doubtful: %s: %s%s"):format(op.method, path, issue.path, issue.code,
      issue.hint and " (" .. issue.hint .. ")" or ""))
  end
end

-- The error of an answer that says success and cannot be used.
local function unreadable(client, op, path, sent, result, attempts, elapsed_ms, problem)
  result.body = call.body(result)
  result.request:forget()
  local err = failure.of_decode(client._session, result, problem, redact.sent(sent))
  -- With the key gone (a hook closed the client), nobody can tell whether it is in there.
  if client._closed then err.body = nil end
  err.method, err.path, err.attempts, err.elapsed_ms = op.method, redact.text(client._session, call.shown(path), sent.secrets), attempts, elapsed_ms
  err.request_id = request_id(err.headers)
  err.retryable, err.ambiguous = false, false
  if not op.reads then
    err.hint = failure.look_first(result.status)
  end
  return err
end

-- Does an object carry an id under one of these names?
local function names_itself(value, id_names)
  for i = 1, #id_names do
    if value[id_names[i]] ~= nil then return true end
  end
  return false
end

-- Takes the object out of the shapes that the operation answers with: the object
-- itself, { data = object }, { data = { object } }. nil when there is none, or
-- more than one.
local function unwrap(op, value)
  local at, data = op.where, value.data
  if core.is_array(value) then return nil end
  if at.flat and (data == nil or not (at.data or at["data[1]"]) or names_itself(value, op.id_names)) then return value end
  if type(data) ~= "table" then return nil end
  if not core.is_array(data) then return at.data and data or nil end
  return at["data[1]"] and #data == 1 and type(data[1]) == "table" and data[1] or nil
end

-- Objects by their ids: the answer itself, or what is in its data.
local function map_of(op, value)
  if core.is_array(value) then return nil end
  local data = op.where.data and value.data
  if not data then return op.where.flat and value or nil end
  return type(data) == "table" and not core.is_array(data) and data or nil
end

-- A list with its rows under `data`, whatever they came under; nil without rows.
local function list_of(op, value)
  if core.is_array(value) then return { data = value, total_count = #value } end
  local rows = value.data
  if rows == nil and op.rows then rows = value[op.rows] end
  if type(rows) ~= "table" or not core.is_array(rows) then return nil end
  value.data = rows
  return value
end

-- What a result's answer holds: true when there is nothing to read; nil, and
-- what is wrong with it, when it is not what the operation answers.
local function content(op, result)
  local wanted, value, status = op.answers, result.value, result.status
  -- No body to read: nothing is wanted, a 304, and an error that says that an earlier try had done it.
  if wanted == "nothing" or status == 304 or status >= 400 then return true end
  if result.problem then return nil, result.problem end
  if wanted == "any" then
    if value == nil then return true end
    return value
  end
  if type(value) ~= "table" then
    if wanted == "changed" then return true end
    return nil, value == nil and "it is empty" or "it is no JSON object"
  end
  if wanted == "list" then
    local list = list_of(op, value)
    if list then return list end
    return nil, "it has no array " .. (op.rows or "data")
  end
  if wanted == "map" then
    local map = map_of(op, value)
    if map then return map end
    return nil, "it holds no objects by their ids"
  end
  local object = unwrap(op, value)
  if object then return object end
  if wanted == "changed" then return value end
  return nil, "it does not hold exactly one object"
end

-- Errors that say that the body was not good enough.
local about_body = { bad_request = true, unprocessable = true }

--- Makes one call and reads its answer.
---@param client table
---@param op table an operation of the contract, or like one
---@param path string
---@param body string|nil
---@param given table|nil
---@param may_repeat boolean
---@param secrets string[]|nil
---@param warnings tavus.Issue[]|nil
---@return any value true when there is nothing to read
---@return tavus.Meta|tavus.Error
function answer.of(client, op, path, body, given, may_repeat, secrets, warnings)
  if warnings and client._log then log_warnings(client, op, path, warnings) end
  local result, attempts, elapsed_ms, doubtful = run(client, op, path, body, given, may_repeat, secrets)
  if not result then
    local err = attempts
    -- What the check doubted is often why Tavus refuses it.
    if warnings and #warnings > 0 and about_body[err.type] then err.issues = errors.printable(warnings) end
    return nil, err
  end
  local value, problem = content(op, result)
  if problem then
    local sent = { secrets = secrets, body = body, path = path, given = given, headers = given and given.headers, query = given and given.query }
    return nil, unreadable(client, op, path, sent, result, attempts, elapsed_ms, problem)
  end
  result.request:forget()
  return value, answer.meta(op, result, attempts, elapsed_ms, doubtful, warnings)
end

return answer
