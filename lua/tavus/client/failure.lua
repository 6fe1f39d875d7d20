--- From an outcome or an answer to an error table.
--
-- Tavus answers 400 with a sentence in many cases, so the sentence decides first (a table of the contract), then the
-- status. An error holds no secrets: not the key, not a secret that was sent, not the value of a secret field.

local core = require "tavus.core"
local errors = require "tavus.errors"
local redact = require "tavus.secret.redact"
local text_tools = require "tavus.text"

local failure = {}

local BODY_MOST = 4096
local MESSAGE_MOST = 300
-- What is read of a page or a text to find a sentence in it.
local READ_MOST = 16384

local status_text = {
  [300] = "Multiple Choices", [301] = "Moved Permanently", [302] = "Found", [303] = "See Other",
  [304] = "Not Modified", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed", [406] = "Not Acceptable", [408] = "Request Timeout",
  [409] = "Conflict", [410] = "Gone", [413] = "Content Too Large", [415] = "Unsupported Media Type",
  [422] = "Unprocessable Content", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

-- Hints for types that the contract has no hint for.
local hints = {
  rate_limit = "wait, then try again",
  redirect_blocked = "redirects are never followed, since the key would go with them; check base_url",
  server = "the error is on Tavus' side; try again later",
  response_too_large = "ask for fewer rows a page (limit)",
}

local outcome_types = {
  not_sent = "connection", lost = "connection", certificate = "connection",
  timeout = "timeout", too_large = "response_too_large", garbled = "decode", cancelled = "cancelled",
}

local outcome_texts = {
  not_sent = "no connection", lost = "the connection broke before the whole answer came",
  certificate = "the server's certificate was not accepted",
  timeout = "no answer in time", too_large = "the answer is larger than the limit",
  garbled = "the answer is compressed in a broken way", cancelled = "cancelled",
}

local outcome_hints = {
  certificate = "name the CA file that signed it (option ca_file); verification cannot be switched off",
  not_sent = "nothing was sent; check the network, base_url and proxy",
}

-- The contract's table of errors; read once a VM and only when something went wrong.
local known_errors

-- The title or the first heading of an HTML page, or nil.
local function from_html(body)
  body = body:sub(1, READ_MOST)
  local lower = body:lower()
  for _, tag in ipairs { "title", "h1", "h2" } do
    local _, open = lower:find("<" .. tag .. "[^<>]*>")
    local close = open and lower:find("</" .. tag .. ">", open + 1, true)
    if close then
      local text = body:sub(open + 1, close - 1):gsub("<[^<>]*>", " "):gsub("&#39;", "'")
        :gsub("&(%a+);", text_tools.entities):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
      if text ~= "" then return text end
    end
  end
  return nil
end

local function is_html(body, headers)
  local kind = headers and headers["content-type"]
  return (kind and kind:lower():find("text/html", 1, true) ~= nil) or body:find("^%s*<[!%a]") ~= nil
end

local function text_of(value)
  if type(value) == "string" and value:find "%S" then return value end
  return nil
end

-- One text from the value of an `errors` or `detail` member: a string, a list of strings or of { msg } or { message },
-- or an object of lists.
local function gathered(value)
  if type(value) ~= "table" then return text_of(value) end
  local texts = {}
  local direct = text_of(value.msg) or text_of(value.message)
  if direct then return direct end
  if #value > 0 then
    for _, item in ipairs(value) do
      local text = gathered(item)
      if text and type(item) == "table" and type(item.loc) == "table" then
        local places = {}
        for _, place in ipairs(item.loc) do places[#places + 1] = tostring(place) end
        text = table.concat(places, ".") .. ": " .. text
      end
      texts[#texts + 1] = text
    end
  else
    local names = {}
    for name in pairs(value) do names[#names + 1] = tostring(name) end
    table.sort(names)
    for _, name in ipairs(names) do
      local text = gathered(value[name])
      if text then texts[#texts + 1] = name .. ": " .. text end
    end
  end
  if #texts == 0 then return nil end
  return table.concat(texts, "; ")
end

-- How many things of each kind use what is to be deleted, as a text for the sentence; or nil.
local function users_of(counts)
  if type(counts) ~= "table" then return nil end
  local parts = {}
  for name, count in pairs(counts) do
    if type(name) == "string" and type(count) == "number" then parts[#parts + 1] = ("%s %.0f"):format(name, count) end
  end
  table.sort(parts)
  return "used_by: " .. table.concat(parts, ", ")
end

--- Finds the sentence in the body of an error answer: `error` (a string, or an object with `message`), `message`,
-- `detail` (a string, or a list of { msg }), `errors`, the raw body. For an HTML page it is the title, or the status in
-- words.
---@param status integer
---@param body string
---@param headers table<string, string>?
---@return string message still with secrets and at full length
---@return table? decoded the body, when it is a JSON object or array
function failure.message(status, body, headers)
  local decoded = body ~= "" and core.decode(body) or nil
  if type(decoded) == "table" then
    local found = gathered(decoded.error) or text_of(decoded.message) or gathered(decoded.detail)
      or gathered(decoded.errors)
    local users = users_of(decoded.used_by)
    if users then found = found and found .. " (" .. users .. ")" or users end
    if found then return found, decoded end
  elseif type(decoded) == "string" and decoded ~= "" then
    return decoded
  end
  local words = status_text[status] or ("status " .. status)
  if body:find "%S" then
    if is_html(body, headers) then return from_html(body) or words end
    local text = text_tools.cut(body, READ_MOST)
    if core.encode(text) then return (text:gsub("%c+", " ")), type(decoded) == "table" and decoded or nil end
  end
  return words
end

local function matches(row, status, lowered)
  if row.status then
    if row.status ~= status then return false end
  elseif status < (row.status_min or 0) or status > (row.status_max or 999) then
    return false
  end
  if not row.text then return true end
  local text = row.text:lower()
  if not text:find("<", 1, true) then return lowered:find(text, 1, true) ~= nil end
  local pattern = text:gsub("[^%w_<>]", "%%%0"):gsub("<thing>", "%%l[%%l_]*"):gsub("<any>", ".-")
    :gsub("^<whole>(.*)", "^%%s*%1%%s*$"):gsub("%w$", "%0%%f[^%%w_]")
  return lowered:find(pattern) ~= nil
end

--- Finds the error type of an answer.
---@param status integer
---@param message string
---@return tavus.ErrorType
---@return string? hint
---@return string? code
function failure.classify(status, message)
  known_errors = known_errors or core.contract "errors"
  local lowered = message:lower():gsub("\\(['\"])", "%1") -- a sentence may be quoted in a Python print
  local hint, code
  for _, row in ipairs(known_errors) do
    if matches(row, status, lowered) then
      hint, code = hint or row.hint, code or row.code
      if row.type then return row.type, hint, code end
    end
  end
  -- The contract has a row for every 4xx and 5xx.
  return status >= 300 and status < 400 and "redirect_blocked" or "server", hint, code
end

-- The body free of secrets. One that is written with \u escapes is written
-- again without, since a secret may hide in them.
local function clean_body(session, body, secrets)
  if body:find("\\u", 1, true) then
    local value = core.decode(body)
    body = value ~= nil and core.encode(value) or body
  end
  return redact.text(session, body, secrets)
end

--- Makes the error of an error answer.
---@param session userdata
---@param result table the request's result, with outcome "answer"
---@param secrets string[]?
---@return tavus.Error
function failure.of_answer(session, result, secrets)
  local status, whole = result.status, result.body or ""
  local message, decoded = failure.message(status, whole, result.headers)
  secrets = redact.with(secrets, whole)
  local conflict = decoded and (text_of(decoded.conflict) or decoded.used_by and "used_by")
  local kind, hint, code = failure.classify(status, conflict and message .. " " .. conflict or message)
  -- Cut after the secrets are gone, or half of one would stay.
  message = text_tools.cut(redact.text(session, message, secrets), MESSAGE_MOST)
  local body = clean_body(session, whole, secrets)
  conflict = conflict and text_tools.cut(redact.text(session, conflict, secrets), MESSAGE_MOST)
  if not hint and status ~= 501 then hint = hints[kind] end -- a 501 does not go away with time
  return errors.new {
    type = kind, message = message, code = conflict or code, conflict = conflict, status = status,
    body = text_tools.cut(body, BODY_MOST), headers = redact.headers(session, result.headers, secrets),
    hint = hint,
  }
end

--- The hint for a call that changes something, after a successful answer that cannot be used.
---@param status integer
---@return string hint
function failure.look_first(status)
  return ("Tavus answered %d, so it has most likely happened: look before you repeat"):format(status)
end

--- Makes the error of an attempt without an answer.
---@param session userdata
---@param result table
---@param secrets string[]?
---@return tavus.Error
function failure.of_outcome(session, result, secrets)
  local outcome = result.outcome
  local kind = outcome_types[outcome] or "connection"
  local text, hint = outcome_texts[outcome] or "the request failed", outcome_hints[outcome]
  local shortage = errors.shortages[result.shortage]
  if shortage then
    text, hint = "no connection, " .. shortage[1], "nothing was sent; " .. shortage[2]
  elseif result.code == "CURLE_SSL_CACERT_BADFILE" then
    kind, text = "config", "the CA file cannot be used"
    hint = "name a file of certificates in PEM that can be read (option ca_file, else CURL_CA_BUNDLE or SSL_CERT_FILE)"
  elseif outcome == "too_large" and result.message:find("headers", 1, true) then
    hint = "the server, or a proxy before it, sends too many headers"
  end
  if result.message and result.message ~= "" then
    text = text .. ": " .. redact.text(session, result.message, secrets)
  end
  local status = result.status
  return errors.new {
    type = kind, code = result.code, message = text, hint = hint or hints[kind],
    status = status and status > 0 and status or nil,
    headers = redact.headers(session, result.headers, secrets),
  }
end

--- Makes the error of a successful answer that cannot be read.
---@param session userdata
---@param result table
---@param problem table|string the failure of `core.decode`, or a sentence
---@param secrets string[]?
---@return tavus.Error
function failure.of_decode(session, result, problem, secrets)
  local err = type(problem) == "table" and errors.decode(problem)
    or errors.new { type = "decode", message = problem }
  secrets = redact.with(secrets, result.body or "")
  local body = clean_body(session, result.body or "", secrets)
  err.message = "the answer cannot be read: " .. redact.text(session, err.message, secrets)
  err.status = result.status
  err.body = text_tools.cut(body, BODY_MOST)
  err.headers = redact.headers(session, result.headers, secrets)
  return err
end

return failure
