--- What a recording keeps of a request or an answer: bodies, headers and paths
-- without secrets. The sandbox cleans what it is asked in the same way, to find
-- it in a recording.

local core = require "tavus.core"
local http = require "tavus.http"
local redact = require "tavus.redact"

local clean = {}

local REDACTED = "[redacted]"

-- JSON is written in UTF-8.
local function printable(text)
  if core.encode(text) then return text end
  return (text:gsub("[\128-\255]", "?"))
end

--- A text without secrets, in UTF-8.
---@param session table whose key it is: has `redact`
---@param text string
---@param secrets string[]|nil
---@return string
function clean.text(session, text, secrets)
  return printable(redact.whole(session, text, secrets))
end

local value_of -- found below

local function hidden(value)
  if type(value) == "table" then
    for name, child in pairs(value) do value[name] = hidden(child) end
    return value
  end
  if value == "" or value == core.null then return value end
  return REDACTED
end

-- An operation of a patch names the place in its path.
local function sets_secret(value)
  if type(value.path) ~= "string" then return false end
  for name in value.path:gmatch "[^/]+" do
    if redact.is_secret(name) then return true end
  end
  return false
end

local function object_of(session, value, secrets)
  local secret_value = sets_secret(value)
  local all = {}
  for name, child in pairs(value) do
    if redact.is_secret(name) or secret_value and name == "value" then
      child = hidden(child)
    else
      child = value_of(session, child, secrets)
    end
    all[clean.text(session, name, secrets)] = child
  end
  return core.object(all)
end

value_of = function(session, value, secrets)
  if type(value) == "string" then return clean.text(session, value, secrets) end
  if type(value) ~= "table" then return value end
  if not core.is_array(value) then return object_of(session, value, secrets) end
  for i = 1, #value do value[i] = value_of(session, value[i], secrets) end
  return value
end

--- A body without secrets.
---@param session table
---@param text string|nil
---@param secrets string[]|nil secrets that are known besides those in the body
---@return any value where it is JSON
---@return string|nil text where it is not, or is too deep to stand in another object
function clean.body(session, text, secrets)
  if text == nil or text == "" then return nil end
  local value = core.decode(text)
  if value == nil then return nil, clean.text(session, text, secrets) end
  local all = {}
  for _, secret in ipairs(secrets or {}) do all[#all + 1] = secret end
  for _, secret in ipairs(redact.secrets_of(text) or {}) do all[#all + 1] = secret end
  value = value_of(session, value, all)
  if core.encode(core.array { value }) then return value end
  return nil, core.encode(value) or REDACTED
end

local SECRET_HEADERS = { "key", "auth", "cookie", "secret", "token", "password", "credential", "signature" }

local function is_secret_header(name)
  for _, part in ipairs(SECRET_HEADERS) do
    if name:find(part, 1, true) then return true end
  end
  return false
end

--- Adds headers to others, names in lower case, without those whose name speaks of a secret.
---@param all table<string, string> what they are added to
---@param headers table|nil
---@return table all
function clean.headers(all, session, headers, secrets)
  for name, value in pairs(headers or {}) do
    name = clean.text(session, name:lower(), secrets)
    if not is_secret_header(name) then all[name] = clean.text(session, tostring(value), secrets) end
  end
  return all
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function pair_of(session, name, value, secrets)
  value = redact.is_secret(name) and REDACTED or clean.text(session, value, secrets)
  return { name = clean.text(session, name, secrets), value = value }
end

--- The path and the query of a request, without secrets.
---@param session table
---@param path string as it was asked, with or without a query
---@param secrets string[]|nil
---@return string path
---@return { name: string, value: string }[] pairs of the query, decoded
function clean.path(session, path, secrets)
  local before, query = path:match "^([^?#]*)%??([^#]*)"
  local pairs_ = {}
  for pair in query:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    name, value = unescape((name:gsub("+", " "))), unescape((value:gsub("+", " ")))
    pairs_[#pairs_ + 1] = pair_of(session, name, value, secrets)
  end
  return clean.text(session, before, secrets), pairs_
end

local function text_of(value)
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 1e15 then return ("%d"):format(value) end
  return tostring(value)
end

--- Writes a path with its query as one text.
---@param session table
---@param path string with or without a query
---@param query table|nil as a call takes it: by name, or a list of { name, value }
---@param secrets string[]|nil
---@return string
function clean.target(session, path, query, secrets)
  local before, all = clean.path(session, path, secrets)
  if query and #query > 0 then
    for _, pair in ipairs(query) do all[#all + 1] = pair_of(session, pair[1], text_of(pair[2]), secrets) end
  else
    local names = {}
    for name in pairs(query or {}) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do all[#all + 1] = pair_of(session, name, text_of(query[name]), secrets) end
  end
  for i, pair in ipairs(all) do all[i] = http.escape(pair.name) .. "=" .. http.escape(pair.value) end
  return before .. (#all > 0 and "?" .. table.concat(all, "&") or "")
end

return clean
