--- Answers in Tavus' manner: the JSON errors and texts that the contract lists.
-- A handler returns a reply: `{ status = 200, body = text, headers = {...} }`;
-- those made here are fresh or shared and never changed by who gets them.

local core = require "tavus.core"
local printable = require("tavus.secret.sanitize").printable
local pointer = require "tavus.patch.pointer"

local reply = {}

---@class tavus.sandbox.Reply
---@field status integer
---@field body string|nil
---@field headers table<string, string>|nil
---@field with_body boolean|nil  the body is sent although HTTP has none with this status

-- A copy in which every text and name is UTF-8. A request may have any bytes, in
-- its method, path, query, headers and body, and all that is told of it is told
-- in a reply: nothing else in the sandbox has to look at them.
local function in_utf8(value)
  if type(value) == "string" then return printable(value) end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for name, child in pairs(value) do copy[in_utf8(name)] = in_utf8(child) end
  return copy
end

--- A reply with a value as JSON; bytes that are no UTF-8 are shown as `?`.
---@param status integer
---@param value any
---@param headers table<string, string>|nil
---@return tavus.sandbox.Reply
function reply.json(status, value, headers)
  local text, issues = core.encode(value)
  if not text then text, issues = core.encode(in_utf8(value)) end
  if not text then error("cannot encode an answer: " .. tostring(issues[1] and issues[1].message)) end
  return { status = status, body = text, headers = headers }
end

--- A reply without a body.
---@param status integer
---@return tavus.sandbox.Reply
function reply.empty(status)
  return { status = status }
end

--- An error reply: `{ [field] = text }`.
---@param status integer
---@param field "error"|"message"
---@param text string
---@param headers table<string, string>|nil
---@return tavus.sandbox.Reply
function reply.failure(status, field, text, headers)
  return reply.json(status, { [field] = text }, headers)
end

-- A string as Python's repr() prints it.
local function quoted(text)
  local quote = (text:find("'", 1, true) and not text:find('"', 1, true)) and '"' or "'"
  text = text:gsub("\\", "\\\\"):gsub("\n", "\\n"):gsub("\r", "\\r"):gsub("\t", "\\t")
  if quote == "'" then text = text:gsub("'", "\\'") end
  return quote .. text .. quote
end

local function print_dict(node)
  local parts = {}
  for _, name in ipairs(node.names) do
    local child = node.children[name]
    local value
    if child.reasons then
      local reasons = {}
      for i, reason in ipairs(child.reasons) do reasons[i] = quoted(reason) end
      value = "[" .. table.concat(reasons, ", ") .. "]"
    else
      value = print_dict(child)
    end
    parts[#parts + 1] = quoted(name) .. ": " .. value
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function child_of(node, name)
  local child = node.children[name]
  if not child then
    child = { names = {}, children = {} }
    node.children[name] = child
    node.names[#node.names + 1] = name
  end
  return child
end

--- The text of a schema failure, a Python print of nested dicts:
-- `Bad Request. {'layers': {'llm': {'model': ['expected a string']}}}`.
---@param issues { path: string, message: string }[] paths are JSON Pointers
---@return string
function reply.bad_request_text(issues)
  local root = { names = {}, children = {} }
  for _, issue in ipairs(issues) do
    local node, said = root, false
    for token in issue.path:gmatch "/([^/]*)" do
      said = node.reasons ~= nil
      if said then break end
      node = child_of(node, pointer.unescape(token))
    end
    if node == root then node = child_of(root, "_schema") end
    -- One reason on the way from the root to a place is enough.
    if not said and #node.names == 0 then
      node.reasons = node.reasons or {}
      node.reasons[#node.reasons + 1] = issue.message
    end
  end
  return "Bad Request. " .. print_dict(root)
end

return reply
