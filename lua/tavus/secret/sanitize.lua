--- What a recording keeps of a request or an answer, without secrets. The sandbox
-- cleans what it is asked in the same way, to find it in a recording.

local core = require "tavus.core"
local http = require "tavus.http"
local parse_query = require("tavus.query").parse
local redact = require "tavus.secret.redact"

local clean = {}

local MARK = redact.MARK

local speaks, PARAMETER = redact.speaks, redact.PARAMETER

-- Parts of a header or a query that are shorter than this are ordinary words.
local SHORTEST = 8

-- The most secrets in one body, since each of its texts is searched for each of them. A whole page of personas has fewer;
-- a body with more was made to take long, and is not kept.
local MOST = 500

--- A text that JSON can hold: one that is no UTF-8 has question marks in it.
---@param text string
---@return string
function clean.printable(text)
  if core.encode(text) then return text end
  return (text:gsub("[\128-\255]", "?"))
end

--- A text without secrets, in UTF-8.
---@param session table whose key it is: has `redact`
---@param text string
---@param secrets string[]|nil
---@return string
function clean.text(session, text, secrets)
  return clean.printable(redact.whole(session, text, secrets))
end

local value_of -- found below

local function hidden(value)
  if type(value) == "table" then
    for name, child in pairs(value) do value[name] = hidden(child) end
    return value
  end
  if value == "" or value == core.null then return value end
  return MARK
end

-- A "key" alone is often no secret: the name of something.
local function is_secret_text(name, child)
  return type(child) == "string" and name ~= "key" and speaks(name)
end

-- An operation of a patch names the place in its path.
local function sets_secret(value)
  if type(value.path) ~= "string" then return false end
  for name in value.path:gmatch "[^/]+" do
    if redact.is_secret(name) then return true end
  end
  return is_secret_text(value.path:match "[^/]*$", value.value)
end

local function object_of(session, value, secrets)
  local secret_value = sets_secret(value)
  local all = {}
  for name, child in pairs(value) do
    if redact.is_secret(name) or secret_value and name == "value" or is_secret_text(name, child) then
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

-- All secrets of some lists, each once; what was cleaned before is none.
local function joined(...)
  local all, seen = {}, { [MARK] = true }
  for i = 1, select("#", ...) do
    for _, text in ipairs((select(i, ...))) do
      if not seen[text] then all[#all + 1] = text end
      seen[text] = true
    end
  end
  return all
end

-- The parts of a text that is secret. With `odd`, a mere word is none of them: in a body it may well be a name
-- ("function"), and stands elsewhere too.
local function note(text, found, odd)
  for part in text:gmatch "[^%s;,=\"]+" do
    if #part >= SHORTEST and (not odd or part:find "[^%a_-]") then found[#found + 1] = part end
  end
end

-- What the members and the addresses of a body say is secret, by their names.
local function gather(value, found)
  if type(value) == "string" and value:find("://", 1, true) then
    for who in value:gmatch "://([^/@%s\"'<>]+)@" do note((who:gsub(":", " ")), found, true) end
    for _, name, text in value:gmatch(PARAMETER) do
      if speaks(name) then note(text, found, true) end
    end
  elseif type(value) == "table" and core.is_array(value) then
    for _, child in ipairs(value) do gather(child, found) end
  elseif type(value) == "table" then
    local secret_value = sets_secret(value)
    for name, child in pairs(value) do
      local secret = is_secret_text(name, child) or secret_value and name == "value" and type(child) == "string"
      if secret then note(child, found, true) else gather(child, found) end
    end
  end
  return found
end

-- A body of which it is known what it is as JSON, and what is secret.
local function body_of(session, text, value, secrets)
  if text == nil or text == "" then return nil end
  if value == nil then return nil, clean.text(session, text, secrets) end
  if #secrets > MOST then return nil, MARK end
  value = value_of(session, value, secrets)
  if core.encode(core.array { value }) then return value end
  return nil, core.encode(value) or MARK
end

--- A body without secrets.
---@param session table
---@param text string|nil
---@param secrets string[] secrets that are known besides those in the body
---@return any value where it is JSON
---@return string|nil text where it is not, is too deep to stand in another object, or holds too many secrets
function clean.body(session, text, secrets)
  local value = text and core.decode(text)
  return body_of(session, text, value, joined(secrets, redact.secrets_in(value), gather(value, {})))
end

--- Headers in lower case, without those whose names speak of a secret.
---@param session table
---@param headers table
---@param secrets string[]
---@return table
function clean.headers(session, headers, secrets)
  local all = {}
  for name, value in pairs(headers) do
    local shown = clean.text(session, name:lower(), secrets)
    if not speaks(shown) then all[shown] = clean.text(session, tostring(value), secrets) end
  end
  return core.object(all)
end

local function text_of(value)
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 1e15 then return ("%d"):format(value) end
  return tostring(value)
end

-- The query that stands in a path and the one that a call was given (by name, or a list of { name, value }), as pairs of texts.
local function pairs_of(written, given)
  local all = parse_query(written)
  if #given > 0 then
    for _, pair in ipairs(given) do all[#all + 1] = { pair[1], text_of(pair[2]) } end
  else
    local names = {}
    for name in pairs(given) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do all[#all + 1] = { name, text_of(given[name]) } end
  end
  return all
end

-- What the names of headers and of the query say is secret.
local function secrets_of(headers, query)
  local found = {}
  for name, value in pairs(headers) do
    if speaks(name) then note(value, found) end
  end
  for _, pair in ipairs(query) do
    if speaks(pair[1]) then note(pair[2], found) end
  end
  return found
end

---@class tavus.CleanRequest
---@field method string
---@field path string       without the query
---@field query string[][]  pairs of names and values, decoded
---@field headers table
---@field body any          where it is JSON
---@field text string|nil   where it is not
---@field secrets string[]  what was found besides the key, for the answer

--- A request without secrets.
---@param session table
---@param asked { method: string, path: string, query: table|nil, headers: table[], body: string|nil } of headers the last ones win
---@param secrets string[]|nil those of the body, where they are known
---@return tavus.CleanRequest
function clean.request(session, asked, secrets)
  local headers = {}
  for _, some in ipairs(asked.headers) do
    for name, value in pairs(some) do headers[name:lower()] = tostring(value) end
  end
  local path, written = asked.path:match "^([^?#]*)%??([^#]*)"
  local query = pairs_of(written, asked.query or {})
  local value = asked.body and core.decode(asked.body)
  local inside = redact.secrets_in(value)
  local all = joined(secrets or inside, secrets_of(headers, query), gather(value, {}))
  for _, pair in ipairs(query) do
    pair[2] = speaks(pair[1]) and MARK or clean.text(session, pair[2], all)
    pair[1] = clean.text(session, pair[1], all)
  end
  local body, text = body_of(session, asked.body, value, joined(all, inside))
  return {
    method = asked.method, path = clean.text(session, path, all), query = query,
    headers = clean.headers(session, headers, all), body = body, text = text, secrets = all,
  }
end

--- The path with the query, as one text.
---@param request tavus.CleanRequest
---@return string
function clean.target(request)
  local parts = {}
  for i, pair in ipairs(request.query) do parts[i] = http.escape(pair[1]) .. "=" .. http.escape(pair[2]) end
  return request.path .. (#parts > 0 and "?" .. table.concat(parts, "&") or "")
end

return clean
