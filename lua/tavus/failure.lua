--- From an outcome or an answer to an error table.
--
-- Tavus says many things with 400 and a sentence, so the sentence decides
-- first (the table is contract data), then the status. Nothing secret gets
-- into an error: not the key, not a secret that was sent, not the value of a
-- field that the contract marks secret.

local core = require "tavus.core"
local errors = require "tavus.errors"

local failure = {}

local BODY_MOST = 4096
local MESSAGE_MOST = 300
-- How much of a text is searched for secret fields: what is shown is far less, and the search must
-- come to an end with a body that was made to take long.
local SEARCH_MOST = 16384
local REDACTED = "[redacted]"

local status_text = {
  [300] = "Multiple Choices", [301] = "Moved Permanently", [302] = "Found", [303] = "See Other",
  [304] = "Not Modified", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed", [406] = "Not Acceptable", [408] = "Request Timeout",
  [409] = "Conflict", [410] = "Gone", [413] = "Content Too Large", [415] = "Unsupported Media Type",
  [422] = "Unprocessable Content", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

-- Where the contract has none.
local hints = {
  rate_limit = "wait, then try again",
  redirect_blocked = "redirects are never followed, since the key would go with them; check base_url",
  server = "Tavus has trouble; try again later",
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

-- The contract's table of errors, the names of its secret fields, and those of
-- its objects with secret members; read once a VM and only when something went
-- wrong.
local known_errors, secret_names, secret_objects

-- Fields of one shape share one list of members, so a list is walked once.
local function collect(field, seen)
  if field.secret and field.name then secret_names[field.name] = true end
  if field.other and field.other.secret and field.name then secret_objects[field.name] = true end
  if field.items then collect(field.items, seen) end
  if not field.fields or seen[field.fields] then return end
  seen[field.fields] = true
  for _, child in ipairs(field.fields) do collect(child, seen) end
end

local function load_contract()
  local contract = core.contract()
  known_errors, secret_names, secret_objects = contract.errors, {}, {}
  local seen = {}
  for _, resource in ipairs(contract.resources) do collect(resource, seen) end
end

-- Text up to a length, not cut inside a UTF-8 character.
local function cut(text, most)
  if #text <= most then return text end
  local stop = most
  while stop > 0 and (text:byte(stop + 1) or 0) >= 0x80 and (text:byte(stop + 1) or 0) < 0xC0 do stop = stop - 1 end
  return text:sub(1, stop) .. "..."
end

local function replace_plain(text, what, with)
  local out, from = {}, 1
  while true do
    local first, last = text:find(what, from, true)
    if not first then break end
    out[#out + 1] = text:sub(from, first - 1)
    out[#out + 1] = with
    from = last + 1
  end
  if from == 1 then return text end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

-- Where the string ends that starts after `from`: at the next quote that is
-- not escaped. A string cut off in the middle ends with the text.
local function string_end(text, from, quote)
  local at = from
  while true do
    local found = text:find("[\\" .. quote .. "]", at)
    if not found then return #text + 1 end
    if text:sub(found, found) == quote then return found end
    at = found + 2
  end
end

-- Hides the strings that come after `head`, a pattern that captures the
-- backslash before the opening quote, if there is one, and the quote.
local function hide_strings(text, head)
  local out, from = {}, 1
  while true do
    local _, last, escaped, quote = text:find(head, from)
    if not last then break end
    local stop
    if escaped == "\\" then
      stop = text:find("\\" .. quote, last + 1, true) or #text + 1
    else
      stop = string_end(text, last + 1, quote)
    end
    out[#out + 1] = text:sub(from, last) .. (stop > last + 1 and REDACTED or "")
    from = stop
  end
  if from == 1 then return text end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

-- A name in quotes and what stands before its value, in JSON (also JSON inside
-- a JSON string) and in Python's print of it.
local function named(name)
  return "\\?[\"']" .. name:gsub("%W", "%%%0") .. "\\?[\"']%s*:%s*"
end

-- Hides the values of secret fields, and all strings among the members of
-- objects that hold secrets.
local function hide_fields(text)
  for name in pairs(secret_names) do
    text = hide_strings(text, named(name) .. "(\\?)([\"'])")
  end
  for name in pairs(secret_objects) do
    text = text:gsub(named(name) .. "%b{}", function(object) return hide_strings(object, ":%s*(\\?)([\"'])") end)
    -- One that the end of the text cuts off has no closing brace.
    local first = text:find(named(name) .. "{[^}]*$")
    if first then text = text:sub(1, first - 1) .. hide_strings(text:sub(first), ":%s*(\\?)([\"'])") end
  end
  return text
end

local entities = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " " }

local function ascii(digits, base)
  local code = tonumber(digits, base)
  return code and code > 0 and code < 128 and string.char(code) or nil
end

local function from_hex(digits) return ascii(digits, 16) end
local function from_decimal(digits) return ascii(digits, 10) end

-- The bare characters of a text: escapes and entities are what they stand for; tags, white space
-- and what breaks a line are nothing.
local function peeled(text)
  text = text:gsub("\\+u00(%x%x)", from_hex):gsub("\\+[nrt]", " "):gsub("\\", "")
  text = text:gsub("&#[xX](%x%x?%x?%x?);", from_hex):gsub("&#(%d%d?%d?%d?);", from_decimal):gsub("&(%a+);", entities)
  text = text:gsub("%%(%x%x)", from_hex):gsub("<%/?%a[^<>]*>", ""):gsub("=%s+", "")
  return (text:gsub("%s+", ""))
end

-- How much of a text must agree with a secret before it counts as one in disguise; ordinary words
-- without the blanks between them hold every short one.
local DISGUISED_LEAST = 8

-- The length of the session's key, when it stands in the text. The key itself is never seen here.
local function key_length(session, text)
  local without = session:redact(text)
  if without == text then return 0 end
  local _, marks = without:gsub("%[redacted%]", "")
  local _, before = text:gsub("%[redacted%]", "")
  return #REDACTED - (#without - #text) / (marks - before)
end

-- Does a secret still show once the text is peeled?
local function disguised(session, text, secrets)
  local bare = peeled(text)
  if key_length(session, bare) >= DISGUISED_LEAST then return true end
  for _, secret in ipairs(secrets) do
    local plain = peeled(secret)
    if #plain >= DISGUISED_LEAST and bare:find(plain, 1, true) then return true end
  end
  return false
end

local function longer(a, b) return #a > #b end

--- Takes the key and other secrets out of a text, and cuts it where no reader would get to. A text in which a
-- secret is hidden (in entities, over several lines) is not shown at all.
---@param session userdata whose key it is
---@param text string
---@param secrets string[]|nil secrets that were sent, as `core.encode` tells them
---@return string
function failure.redact(session, text, secrets)
  if not secret_names then load_contract() end
  text = session:redact(text)
  -- The longest first: another may be its beginning.
  local sorted = {}
  for i, secret in ipairs(secrets or {}) do sorted[i] = secret end
  table.sort(sorted, longer)
  for _, secret in ipairs(sorted) do
    -- A secret of three characters is none, and would eat ordinary words.
    if #secret > 3 then
      text = replace_plain(text, secret, REDACTED)
      local written = core.encode(secret)
      if written and #written ~= #secret + 2 then text = replace_plain(text, written:sub(2, -2), REDACTED) end
      if secret:find("/", 1, true) then text = replace_plain(text, (secret:gsub("/", "\\/")), REDACTED) end
    end
  end
  text = hide_fields(cut(text, SEARCH_MOST))
  if disguised(session, text, sorted) then return REDACTED end
  return text
end

-- Collects the strings that stand under the names of secrets.
local function gather_secrets(value, inside, found)
  if type(value) == "string" then
    if inside then found[#found + 1] = value end
    return
  elseif type(value) ~= "table" then
    return
  end
  for name, child in pairs(value) do
    gather_secrets(child, inside or secret_names[name] or secret_objects[name], found)
  end
  -- An operation of a patch names the place in its path.
  if type(value.path) == "string" then
    for name in value.path:gmatch "[^/]+" do
      if secret_names[name] or secret_objects[name] then return gather_secrets(value.value, true, found) end
    end
  end
end

--- Finds the secrets in a body that was not checked along the contract.
---@param body string|nil
---@return string[]|nil
function failure.secrets_of(body)
  local value = body and core.decode(body)
  if type(value) ~= "table" then return nil end
  if not secret_names then load_contract() end
  local found = {}
  gather_secrets(value, false, found)
  return found
end

-- A readable line out of an HTML page, or nil.
local function from_html(body)
  body = body:sub(1, SEARCH_MOST)
  local lower = body:lower()
  for _, tag in ipairs { "title", "h1", "h2" } do
    local _, open = lower:find("<" .. tag .. "[^<>]*>")
    local close = open and lower:find("</" .. tag .. ">", open + 1, true)
    if close then
      local text = body:sub(open + 1, close - 1):gsub("<[^<>]*>", " "):gsub("&#39;", "'"):gsub("&(%a+);", entities)
        :gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
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

-- One text out of what an `errors` or `detail` member holds: a string, a list
-- of strings or of { msg } or { message }, or an object of lists.
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

--- Finds the sentence in the body of an answer that is no success: `error` (a string, or an
-- object with `message`), `message`, `detail` (a string, or a list of { msg }), `errors`, the raw
-- body. Of an HTML page it is the title, or the status in words.
---@param status integer
---@param body string
---@param headers table<string, string>|nil
---@return string message neither free of secrets nor cut yet
---@return table|nil decoded the body, when it is a JSON object or array
function failure.message(status, body, headers)
  local decoded = body ~= "" and core.decode(body) or nil
  if type(decoded) == "table" then
    local found = gathered(decoded.error) or text_of(decoded.message) or gathered(decoded.detail)
      or gathered(decoded.errors)
    if found then return found, decoded end
  elseif type(decoded) == "string" and decoded ~= "" then
    return decoded
  end
  local words = status_text[status] or ("status " .. status)
  if body:find "%S" then
    if is_html(body, headers) then return from_html(body) or words end
    local text = cut(body, SEARCH_MOST)
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
  return not row.text or lowered:find(row.text:lower(), 1, true) ~= nil
end

--- Finds the type of an answer that is no success.
---@param status integer
---@param message string
---@return tavus.ErrorType
---@return string|nil hint
function failure.classify(status, message)
  if not known_errors then load_contract() end
  local lowered = message:lower()
  for _, row in ipairs(known_errors) do
    if matches(row, status, lowered) then return row.type, row.hint end
  end
  -- The contract names every 4xx and 5xx.
  return status >= 300 and status < 400 and "redirect_blocked" or "server"
end

-- Headers free of secrets. The transport has taken the key out already.
local function clean_headers(session, headers, secrets)
  local out = {}
  for name, value in pairs(headers or {}) do
    out[name] = type(value) == "string" and failure.redact(session, value, secrets) or value
  end
  return out
end

-- The body free of secrets. One that is written with \u escapes is written
-- again without, since a secret may hide in them.
local function clean_body(session, body, secrets)
  if body:find("\\u", 1, true) then
    local value = core.decode(body)
    body = value ~= nil and core.encode(value) or body
  end
  return failure.redact(session, body, secrets)
end

--- Makes the error of an answer that is no success.
---@param session userdata
---@param result table the request's result, with outcome "answer"
---@param secrets string[]|nil
---@return tavus.Error
function failure.of_answer(session, result, secrets)
  local status, whole = result.status, result.body or ""
  local message, decoded = failure.message(status, whole, result.headers)
  -- Cut after the secrets are gone, or half of one would stay.
  message = cut(failure.redact(session, message, secrets), MESSAGE_MOST)
  local body = clean_body(session, whole, secrets)
  local kind, hint = failure.classify(status, message)
  local conflict = decoded and text_of(decoded.conflict)
  conflict = conflict and cut(failure.redact(session, conflict, secrets), MESSAGE_MOST)
  if conflict and not hint then
    hint = "a draft holds changes that were not published; query = { force = true } drops them"
  end
  return errors.new {
    type = kind, message = message, code = conflict, conflict = conflict, status = status,
    body = cut(body, BODY_MOST), headers = clean_headers(session, result.headers, secrets),
    hint = hint or hints[kind],
  }
end

--- Makes the error of an outcome without an answer.
---@param session userdata
---@param result table
---@param secrets string[]|nil
---@return tavus.Error
function failure.of_outcome(session, result, secrets)
  local outcome = result.outcome
  local kind = outcome_types[outcome] or "connection"
  local text = outcome_texts[outcome] or "the request failed"
  if result.message and result.message ~= "" then
    text = text .. ": " .. failure.redact(session, result.message, secrets)
  end
  local status = result.status
  return errors.new {
    type = kind, code = result.code, message = text, hint = outcome_hints[outcome] or hints[kind],
    status = status and status > 0 and status or nil,
    headers = clean_headers(session, result.headers, secrets),
  }
end

--- Makes the error of an answer that says success and cannot be read.
---@param session userdata
---@param result table
---@param problem table|string what `core.decode` said, or a sentence
---@param secrets string[]|nil
---@return tavus.Error
function failure.of_decode(session, result, problem, secrets)
  local err = type(problem) == "table" and errors.decode(problem)
    or errors.new { type = "decode", message = problem }
  local body = clean_body(session, result.body or "", secrets)
  err.message = "the answer cannot be read: " .. failure.redact(session, err.message, secrets)
  err.status = result.status
  err.body = cut(body, BODY_MOST)
  err.headers = clean_headers(session, result.headers, secrets)
  return err
end

return failure
