--- Error tables: what every function of the library returns after `nil`.
--
-- An error is a plain table with a metatable that prints it. Programs read `err.type`; people read `tostring(err)`.

local errors = {}

---@class tavus.Issue
---@field path string JSON Pointer of the value; "" is the root
---@field code string what kind of problem, e.g. "type", "unknown_field"
---@field message string what is wrong
---@field hint string? what was probably meant
---@field severity "error"|"warning"
---@field file string? of a setup: the file that has the value
---@field line integer?

---@alias tavus.ErrorType
--- | "config" the client cannot work with these options or this environment
--- | "validation" the value does not fit the contract; nothing was sent
--- | "connection" no answer: name, connection, TLS, or a cut transfer
--- | "timeout" an attempt or the deadline ran out, or Tavus said 408
--- | "cancelled" the request was cancelled
--- | "auth" 401: the key is missing or wrong
--- | "permission" 403
--- | "payment" 402: out of credits
--- | "not_found" no such id (Tavus says it with 400)
--- | "conflict" 409
--- | "unprocessable" 422, or what was waited for failed
--- | "rate_limit" 429
--- | "concurrency_limit" too many conversations at once
--- | "bad_request" any other 4xx
--- | "server" 5xx
--- | "decode" the answer is not JSON, or not the JSON that the operation answers
--- | "redirect_blocked" 3xx: redirects are never followed
--- | "response_too_large" the answer exceeded the size limit

---@class tavus.Error
---@field type tavus.ErrorType
---@field message string one sentence; no secrets
---@field code string? finer than the type: libcurl's name, an issue's code, the kind of a conflict
---@field status integer? HTTP status, when there was an answer
---@field method string?
---@field path string? path of the request, without the query
---@field request_id string? the server's id of the request, when it sent one
---@field retry_after number? seconds to wait before the next try
---@field retryable boolean? the same call may be made again without harm
---@field ambiguous boolean? it may have happened: look before you repeat
---@field attempts integer? how often it was tried; 0 when nothing was submitted
---@field elapsed_ms number? over all attempts and sleeps
---@field body string? the answer's text, cut short, secrets removed
---@field headers table<string,string>? the answer's headers
---@field issues tavus.Issue[]? of a validation error; of a body that Tavus refused: what the check had warned of
---@field hint string? what to do
---@field existing_id string? of a 409 to a create: the id of what has the name already
---@field conflict string? the kind of a 409 in Tavus' words, e.g. "maker_changes"

--- Every type an error can have.
errors.types = {
  config = true, validation = true, connection = true, timeout = true, cancelled = true,
  auth = true, permission = true, payment = true, not_found = true, conflict = true,
  unprocessable = true, rate_limit = true, concurrency_limit = true, bad_request = true,
  server = true, decode = true, redirect_blocked = true, response_too_large = true,
}

local meta = { __name = "tavus.error" }

-- The text on one line, without control characters.
local function one_line(text)
  return (tostring(text):gsub("[^\33-\126\128-\255]+", " "))
end

-- Where an issue is: in the file of a setup, if it is of one, and in the value.
local function place_of(issue, root)
  local path = issue.path or ""
  if not issue.file then return path == "" and root or one_line(path) end
  return one_line(issue.file) .. (issue.line and (":%d"):format(issue.line) or "")
    .. (path ~= "" and ": " .. one_line(path) or "")
end

-- An issue prints as one line: place, message and hint.
local issue_meta = {
  __name = "tavus.issue",
  __tostring = function(issue)
    local line = place_of(issue, "(root)") .. ": "
      .. (issue.severity == "warning" and "warning: " or "") .. one_line(issue.message)
    if issue.hint then line = line .. " (" .. one_line(issue.hint) .. ")" end
    return line
  end,
}

--- Gives each issue of a list the metatable that prints it.
---@param issues tavus.Issue[] from the core
---@return tavus.Issue[] the same list
function errors.printable(issues)
  for _, issue in ipairs(issues) do setmetatable(issue, issue_meta) end
  return issues
end

local function details(err)
  local out = {}
  if err.method and err.path then out[#out + 1] = err.method .. " " .. err.path end
  if err.status then out[#out + 1] = "status " .. err.status end
  if err.attempts and err.attempts > 1 then out[#out + 1] = err.attempts .. " attempts" end
  if err.retry_after then out[#out + 1] = ("retry after %.6g s"):format(err.retry_after) end
  if err.request_id then out[#out + 1] = "request " .. err.request_id end
  if err.ambiguous then out[#out + 1] = "it may have happened: look before you repeat" end
  if #out == 0 then return "" end
  return " (" .. table.concat(out, ", ") .. ")"
end

--- Prints an error: what happened on one line, each issue on a line of its own, then the hint.
function meta.__tostring(err)
  local lines = { one_line(err.type .. ": " .. err.message .. details(err)) }
  for _, issue in ipairs(err.issues or {}) do lines[#lines + 1] = "  " .. issue_meta.__tostring(issue) end
  if err.hint then lines[#lines + 1] = "  hint: " .. one_line(err.hint) end
  return table.concat(lines, "\n")
end

function meta.__concat(a, b)
  return tostring(a) .. tostring(b)
end

--- Makes an error of a table of fields, which becomes the error itself.
---@param fields table fields of tavus.Error; `type` and `message` are required
---@return tavus.Error
function errors.new(fields)
  if type(fields) ~= "table" then error("errors.new takes a table", 2) end
  if not errors.types[fields.type] then error("unknown error type " .. tostring(fields.type), 2) end
  if type(fields.message) ~= "string" then error("an error needs a message", 2) end
  return setmetatable(fields, meta)
end

--- Tells whether a value is an error made by this library.
---@param value any
---@return boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

local function counted(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

--- Makes a validation error of issues. Warnings beside errors are listed, and counted apart; warnings alone count as
-- problems.
---@param issues tavus.Issue[] from the core, not empty
---@param what string? what was checked, e.g. "persona"; "value" when nil
---@return tavus.Error
function errors.validation(issues, what)
  local problems, first = 0, nil
  for _, issue in ipairs(issues) do
    if issue.severity ~= "warning" then
      problems = problems + 1
      first = first or issue
    end
  end
  local warnings = #issues - problems
  if problems == 0 then problems, warnings, first = warnings, 0, issues[1] end
  local place = place_of(first, "the root")
  local text = ("the %s has %s%s, %sat %s"):format((what or "value"):gsub("_", " "), counted(problems, "problem"),
    warnings > 0 and " and " .. counted(warnings, "warning") or "", problems == 1 and "" or "the first ", place)
  return errors.new { type = "validation", code = first.code, message = text, issues = errors.printable(issues) }
end

--- Makes a validation error with one issue.
---@param path string JSON Pointer
---@param code string
---@param message string
---@param hint string?
---@param what string? as in errors.validation
---@return tavus.Error
function errors.issue(path, code, message, hint, what)
  return errors.validation({
    { path = path, code = code, message = message, hint = hint, severity = "error" },
  }, what)
end

--- Makes a decode error of a failure of `core.decode`.
---@param failure table { message, line, column, position }
---@return tavus.Error
function errors.decode(failure)
  local text = failure.message or "not JSON"
  -- Lua 5.3 and later print integers without a fraction.
  local function whole(number) return number and math.floor(number) end
  if failure.line and failure.column and not text:find(("line %d"):format(failure.line), 1, true) then
    text = ("line %d, column %d: %s"):format(failure.line, failure.column, text)
  end
  return errors.new {
    type = "decode", message = text,
    line = whole(failure.line), column = whole(failure.column), position = whole(failure.position),
  }
end

-- Resources that the process may run out of before it can send: a message and a hint for each.
errors.shortages = {
  descriptors = { "out of file descriptors", "close files and sockets (clients share their connections;"
    .. " max_connections limits them), or raise the limit (ulimit -n)" },
  memory = { "not enough memory", "free some memory, or raise the limit of the process (ulimit -v, the container's)" },
  threads = { "no thread for the look-up of a name",
    "end some threads, or raise the limit of processes (ulimit -u, the container's)" },
}

--- Makes the error of a call when the engine could not be made.
---@param message string
---@param shortage string
---@return tavus.Error
function errors.no_engine(message, shortage)
  return errors.new {
    type = "connection", message = message, hint = "nothing was sent; " .. errors.shortages[shortage][2],
    retryable = true, ambiguous = false,
  }
end

return errors
