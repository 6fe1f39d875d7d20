--- Answers in Tavus' manner: JSON, lists in pages, and the error texts that the
-- contract lists. A handler returns a reply, `{ status = 200, body = text, headers = {...} }`;
-- the caller must not change it.

local core = require "tavus.core"
local printable = require("tavus.text").printable
local pointer = require "tavus.patch.pointer"
local rows_data = require "tavus.sandbox.rows"

local reply = {}

---@class tavus.sandbox.Reply
---@field status integer
---@field body string?
---@field headers table<string, string>?
---@field with_body boolean?  the body is sent although HTTP has none with this status

-- A copy in which every text and name is UTF-8. A request may have any bytes in its
-- method, path, query, headers and body; replies are the only place that shows them.
local function in_utf8(value)
  if type(value) == "string" then return printable(value) end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for name, child in pairs(value) do copy[in_utf8(name)] = in_utf8(child) end
  return copy
end

--- A reply with a value as JSON; bytes that are not UTF-8 are shown as `?`.
---@param status integer
---@param value any
---@param headers table<string, string>?
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
function reply.empty(status) return { status = status } end

--- An error reply: `{ [field] = text }`.
---@param status integer
---@param field "error"|"message"
---@param text string
---@param headers table<string, string>?
---@return tavus.sandbox.Reply
function reply.failure(status, field, text, headers) return reply.json(status, { [field] = text }, headers) end

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
    local node, is_reported = root, false
    for token in issue.path:gmatch "/([^/]*)" do
      is_reported = node.reasons ~= nil
      if is_reported then break end
      node = child_of(node, pointer.unescape(token))
    end
    if node == root then node = child_of(root, "_schema") end
    -- One reason on the way from the root to a place is enough.
    if not is_reported and #node.names == 0 then
      node.reasons = node.reasons or {}
      node.reasons[#node.reasons + 1] = issue.message
    end
  end
  return "Bad Request. " .. print_dict(root)
end

-- Lists ----------------------------------------------------------------------

local DEFAULT_LIMIT = 10
local MAX_LIMIT = 100

local function whole(query, name, fallback, low)
  local text = query[name]
  if text == nil then return fallback end
  local value = #text <= 15 and text:find "^%d+$" and tonumber(text)
  if value and value >= low then return value end
  return nil, { path = "/" .. name, message = ("must be an integer of %d or more"):format(low) }
end

--- Answers a list request with one page, in `data` and `total_count`. The query has
-- `limit` and `page`; the contract says whether pages count from 0 or 1 (then 0 is
-- taken for 1), that this is not known (the switch `first_page` says it), or that there
-- are no pages.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param total integer  how many rows there are under the filter
---@param row fun(n: integer): table  the n-th of them, as it is shown
---@return tavus.sandbox.Reply
function reply.list(context, call, total, row)
  local first_page = call.operation.first_page
  if first_page == "unknown" then first_page = context.settings.first_page end
  local limit, issue = whole(call.query, "limit", DEFAULT_LIMIT, 1)
  local page
  if limit then page, issue = whole(call.query, "page", first_page == 0 and 0 or 1, 0) end
  if issue then return context:bad_request { issue } end
  local asked = page
  limit = first_page and math.min(limit, MAX_LIMIT) or math.max(total, 1)
  if first_page == 0 then page = page + 1 elseif page == 0 then page = 1 end
  local data = core.array {}
  local empty = context.settings.empty_page
  if page ~= empty then
    if empty > 0 and page > empty then page = page - 1 end
    local first = (page - 1) * limit
    for n = first + 1, math.min(first + limit, total) do data[#data + 1] = row(n) end
  end
  local total_count = total + context.settings.hidden_rows
  local answer = { [call.operation.rows or "data"] = data, total_count = total_count }
  if rows_data.echoed[call.resource.name] then answer.page, answer.limit = asked, limit end
  return reply.json(200, answer)
end

return reply
