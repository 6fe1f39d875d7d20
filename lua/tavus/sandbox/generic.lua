--- Serves any resource by its contract. Rows are made, listed, read, changed in the
-- style of the operation, and deleted; below a row, items are attached by id or made.
-- The handlers of personas.lua and conversations.lua stand in for those here.
--
-- A handler is `handler(context, call)` and returns a reply.

local answers = require "tavus.sandbox.answers"
local changes = require "tavus.sandbox.changes"
local core = require "tavus.core"
local habits = require "tavus.sandbox.habits"
local lists = require "tavus.sandbox.lists"
local parts = require "tavus.sandbox.parts"
local patching = require "tavus.sandbox.patching"
local reply = require "tavus.sandbox.reply"
local rows_data = require "tavus.sandbox.rows"
local states = require "tavus.sandbox.states"
local ties = require "tavus.sandbox.ties"
local views = require "tavus.sandbox.views"

local generic = {}

local copy_of = views.copy
local answer, as_seen, as_stored, selected = answers.one, answers.as_seen, answers.as_stored, answers.selected

---@class tavus.sandbox.Call
---@field resource table       its contract
---@field operation table      its contract
---@field ids string[]
---@field query table<string, string>
---@field body any
---@field newer boolean  at the newer path, such as `/v2/pals`
---@field headers table<string, string>  of the request, names in lower case
---@field rows tavus.sandbox.Store  of the resource
---@field row table?  the one that the first id names
---@field place string  see `places`
---@field below table?  what the path names below a row: see `places`
---@field key string?  the items below this row, in the store of all attached items

local by_name, by_id_field = {}, {}
for _, resource in ipairs(require("tavus.sandbox.contract").resources) do
  by_name[resource.name], by_id_field[resource.id_field] = resource, resource
end

-- Places ---------------------------------------------------------------------

-- The place of each operation in its resource, by its path: "rows", "row", "parts" (the
-- items below a row, if an operation lists them), "part", else "action". Operations on
-- parts have `below`: { name, id_name, linked }, where `linked` is the resource whose
-- rows are attached, if there is one.
local function places(resource)
  local base, listed, below = nil, {}, {}
  for _, operation in ipairs(resource.operations) do
    local path = operation.path
    if not path:find("{", 1, true) and (not base or #path < #base) then base = path end
    local is_list = operation.answers == "list" or operation.answers == "map"
    if operation.method == "GET" and is_list then listed[path] = true end
  end
  local found = {}
  for _, operation in ipairs(resource.operations) do
    local path = operation.path
    local head, rest = path:match "^([^{]*)/{[^}]*}(.*)$"
    local name, id_name = (rest or ""):match "^/([^{]+)/{([^}]*)}$"
    local place = "action"
    if path == base then
      place = "rows"
    elseif head == base and rest == "" then
      place = "row"
    elseif head == base and name then
      place = "part"
    elseif head == base and listed[path] and not rest:find("{", 1, true) then
      place, name = "parts", rest:sub(2)
    end
    if name then
      below[name] = below[name] or { name = name }
      if id_name then below[name].id_name, below[name].linked = id_name, by_id_field[id_name] end
    end
    found[operation.name] = { place = place, below = name and below[name] }
  end
  return found
end

-- Rows -----------------------------------------------------------------------

local function field_of(resource, name)
  for _, field in ipairs(resource.fields) do
    if field.name == name then return field end
  end
end

local function stamp(context, resource, row, name)
  if field_of(resource, name) then row[name] = habits.timestamp(context, resource.name) end
end

local function count_items(resource, row)
  for name, items in pairs(rows_data.counted[resource.name] or {}) do
    row[name] = type(row[items]) == "table" and #row[items] or 0
  end
end

local function create(context, call)
  local resource, row = call.resource, as_stored(call, call.body)
  local refused = ties.refuse(context, resource.name, row) or context:check_depth(row)
  if refused then return refused end
  local id = context:fresh_id(resource.name)
  row[resource.id_field] = id
  stamp(context, resource, row, "created_at")
  stamp(context, resource, row, "updated_at")
  for name, value in pairs(rows_data.filled[resource.name] or {}) do
    if row[name] == nil then row[name] = type(value) == "string" and value:gsub("%%s", id) or value end
  end
  count_items(resource, row)
  states.begin(context, resource, row)
  call.rows:put(id, row)
  return answer(call, row)
end

--- Lists the rows that fit the query, in pages.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param see (fun(row: table, n: integer): table)?  a row as it is shown; default: under the names of the path
---@return tavus.sandbox.Reply
function generic.list(context, call, see)
  local rows, refused = lists.rows(context, call)
  if not rows then return refused end
  return reply.list(context, call, #rows, function(n)
    return see and see(rows[n], n) or as_seen(call, selected(call, rows[n]))
  end)
end

local function get(_, call) return answer(call, call.row) end

local function delete(context, call)
  context:remove(call.resource.name, call.ids[1])
  return answer(call)
end

local function kind_of_rows(resource)
  for _, operation in ipairs(resource.operations) do
    if operation.sends == "object" and not operation.shape then return operation.body end
  end
end

-- The row after a change, or nil and a reply. Read-only fields must stay as they are.
-- A JSON Patch works on the row under the names of the path.
local function changed_row(context, call)
  local resource, style, row = call.resource, call.operation.sends, call.row
  local is_patch = style == "json_patch"
  local after, refused = changes[style](context, is_patch and as_seen(call, row) or row,
    is_patch and call.body or as_stored(call, call.body))
  if not after then return nil, refused end
  if is_patch then after = as_stored(call, after) end
  local writable = copy_of(after)
  for _, field in ipairs(resource.fields) do
    if field.read_only then
      if rows_data.ignores_read_only[resource.name] then after[field.name] = row[field.name] end
      if not core.equal(after[field.name], row[field.name]) then
        return nil, context:bad_request { { path = "/" .. field.name, message = "is read only" } }
      end
      writable[field.name] = nil
    end
  end
  local kind = is_patch and kind_of_rows(resource) -- other bodies were checked when they came
  refused = kind and context:check(kind, writable) or ties.refuse(context, resource.name, after)
    or context:check_depth(after)
  if refused then return nil, refused end
  return after
end

--- A text that differs where rows differ, as ETag has it.
---@param row table
---@return string
function generic.etag(row)
  local sum = 0
  for byte in core.encode(row):gmatch "." do sum = (sum * 31 + byte:byte()) % 2147483647 end
  return ('"%08x"'):format(sum)
end

local function change(context, call)
  local condition = call.operation.condition
  local version = condition and call.headers[condition:lower()]
  if version and version ~= "*" and version ~= generic.etag(call.row) then
    return reply.failure(412, "error", "Precondition Failed")
  end
  local after, refused = changed_row(context, call)
  if not after then return refused end
  if core.equal(after, call.row) then
    if call.operation.sends == "json_patch" then return patching.unchanged(context, call.resource.name) end
    return answer(call, call.row)
  end
  count_items(call.resource, after)
  stamp(context, call.resource, after, "updated_at")
  call.rows:put(call.ids[1], after)
  local message = rows_data.messages[call.resource.name]
  return message and reply.json(200, { message = message }) or answer(call, after)
end

-- An operation of no other place. With a body it changes the row that it names, if any.
local function act(context, call)
  if call.row and call.body ~= nil and call.operation.method ~= "POST" then return change(context, call) end
  return answer(call, call.row)
end

-- Calls ------------------------------------------------------------------------

local HANDLERS = {
  rows = { GET = generic.list, POST = create },
  row = { GET = get, PATCH = change, DELETE = delete },
  parts = { GET = parts.list, POST = parts.add, PUT = parts.replace },
  part = { GET = parts.get, PUT = parts.set, PATCH = parts.change, DELETE = parts.remove },
  action = {},
}

local placed = {} -- by the names of resources

local ACTION = { place = "action" } -- of an operation that the contract does not have

--- Finds what a request is about.
---@param context tavus.sandbox.Context
---@param route tavus.sandbox.Route
---@param ids string[]
---@param request table  query: table<string, string>; headers; body: any, decoded
---@return tavus.sandbox.Call?
---@return tavus.sandbox.Reply? refused  for an unknown id
function generic.call(context, route, ids, request)
  local operation, resource = route.operation, by_name[route.resource]
  placed[resource.name] = placed[resource.name] or places(resource)
  local found = placed[resource.name][operation.name] or ACTION
  local call = {
    resource = resource, operation = operation, ids = ids, newer = route.newer,
    query = request.query, headers = request.headers, body = request.body,
    rows = context.stores[resource.name], place = found.place, below = found.below,
  }
  states.move(context)
  if #ids > 0 then
    local can_be_stock = operation.method == "GET" or operation.name == "clone"
    call.row = call.rows:get(ids[1]) or can_be_stock and context:stock_row(resource.name, ids[1]) or nil
    if not call.row then return nil, answers.not_found(context, resource.other_id or resource.id_field) end
  end
  if found.below then call.key = table.concat({ resource.name, ids[1], found.below.name }, "/") end
  return call
end

--- Answers a call.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@return tavus.sandbox.Reply
function generic.answer(context, call)
  return (HANDLERS[call.place][call.operation.method] or act)(context, call)
end

return generic
