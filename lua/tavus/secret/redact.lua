--- What is shown of texts, requests and answers: never the key, a secret that was
-- sent, or what a name calls secret. The finding and replacing is C's
-- (`core.redact`, `core.gather`); the words are in csrc/contract/secrets.c.

local core = require "tavus.core"
local http = require "tavus.http"
local parse_query = require("tavus.query").parse
local printable = require("tavus.text").printable

local redact = {}

--- What stands in the place of a secret; C writes the same.
redact.MARK = "[redacted]"

local MARK, is_secret = redact.MARK, core.is_secret

-- In a query a "key" is one; in a body it is often the name of something.
local function is_secret_parameter(name) return is_secret(name) or name:lower() == "key" end

--- Takes the key and other secrets out of a text.
---@param session userdata? whose key it is
---@param text string
---@param secrets string[]? secrets that are known besides the key
---@return string
function redact.text(session, text, secrets) return core.redact(text, secrets, session) end

local function append(all, some)
  for _, secret in ipairs(some or {}) do all[#all + 1] = secret end
  return all
end

--- Secrets that are known, and those in a text.
---@param secrets string[]?
---@param text string
---@return string[]
function redact.with(secrets, text) return append(append({}, secrets), core.gather(text)) end

-- The query that stands in a path and the one that a call was given (by name, or a list of { name, value }), as pairs.
local function pairs_of(written, given)
  local all = parse_query(written)
  if #given > 0 then
    for _, pair in ipairs(given) do all[#all + 1] = { pair[1], pair[2] } end
  else
    local names = {}
    for name in pairs(given) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do all[#all + 1] = { name, given[name] } end
  end
  for _, pair in ipairs(all) do
    local value = pair[2]
    local whole = type(value) == "number" and value % 1 == 0 and math.abs(value) < 1e15
    pair[2] = whole and ("%d"):format(value) or tostring(value)
  end
  return all
end

---@class tavus.Sent
---@field secrets string[]?  those in secret fields of the body
---@field body string?
---@field path string        with the query
---@field query table?
---@field headers table?
---@field beside table?      a value that was not sent, and whose secrets are hidden, too

--- All that a call has sent and that is not to be shown, besides the secrets of its session.
---@param sent tavus.Sent
---@return string[]
function redact.sent(sent)
  local all = redact.with(sent.secrets, sent.body or "")
  for name, value in pairs(sent.headers or {}) do
    if is_secret(name) then all[#all + 1] = tostring(value) end
  end
  for _, pair in ipairs(pairs_of(sent.path:match "%?([^#]*)" or "", sent.query or {})) do
    if is_secret_parameter(pair[1]) then all[#all + 1] = pair[2] end
  end
  return sent.beside and append(all, core.gather(core.encode(sent.beside) or "")) or all
end

--- Headers without secrets.
---@param session userdata?
---@param headers table?
---@param secrets string[]?
---@return table<string, string>
function redact.headers(session, headers, secrets)
  local all = {}
  for name, value in pairs(headers or {}) do
    local shown = is_secret(name) and MARK or core.redact(tostring(value), secrets, session)
    all[core.redact(name, secrets, session)] = shown
  end
  return all
end

-- ---------------------------------------------------------------- recordings

--- The body that a recording keeps.
---@param session userdata?
---@param text string?
---@param secrets string[]
---@return any value where it is JSON
---@return string? text where it is not, or is too deep to stand in another object
function redact.body(session, text, secrets)
  if text == nil or text == "" then return nil end
  text = printable(core.redact(text, secrets, session))
  local value = core.decode(text)
  if value ~= nil and core.encode(core.array { value }) then return value end
  return nil, text
end

--- The headers that a recording keeps, in lower case: those that are not secret.
---@param session userdata?
---@param headers table
---@param secrets string[]
---@return table
function redact.recorded_headers(session, headers, secrets)
  local all = {}
  for name, value in pairs(redact.headers(session, headers, secrets)) do
    if not is_secret(name) then all[printable(name:lower())] = printable(value) end
  end
  return core.object(all)
end

---@class tavus.CleanRequest
---@field method string
---@field path string       without the query
---@field query string[][]  pairs of names and values, decoded
---@field headers table
---@field body any          where it is JSON
---@field text string?      where it is not
---@field secrets string[]  what was found besides the key, for the answer

--- A request without secrets. Of its headers the last ones win.
---@param session userdata?
---@param asked { method: string, path: string, query: table?, headers: table[], body: string? }
---@param sent tavus.Sent? what is known of it
---@return tavus.CleanRequest
function redact.request(session, asked, sent)
  local headers, spelled = {}, {} -- a name's capital letters tell its words
  for _, some in ipairs(asked.headers) do
    for name, value in pairs(some) do
      headers[spelled[name:lower()] or name] = nil
      headers[name], spelled[name:lower()] = value, name
    end
  end
  local all = redact.sent {
    secrets = sent and sent.secrets, beside = sent and sent.beside,
    body = asked.body, path = asked.path, query = asked.query, headers = headers,
  }
  local function clean(text) return printable(core.redact(text, all, session)) end
  local path, written = asked.path:match "^([^?#]*)%??([^#]*)"
  local query = pairs_of(written, asked.query or {})
  for _, pair in ipairs(query) do
    pair[2] = is_secret_parameter(pair[1]) and MARK or clean(pair[2])
    pair[1] = clean(pair[1])
  end
  local body, text = redact.body(session, asked.body, all)
  return {
    method = asked.method, path = clean(path), query = query, headers = redact.recorded_headers(session, headers, all),
    body = body, text = text, secrets = all,
  }
end

--- The path with the query, as one text.
---@param request tavus.CleanRequest
---@return string
function redact.target(request)
  local parts = {}
  for i, pair in ipairs(request.query) do parts[i] = http.escape(pair[1]) .. "=" .. http.escape(pair[2]) end
  return request.path .. (#parts > 0 and "?" .. table.concat(parts, "&") or "")
end

return redact
