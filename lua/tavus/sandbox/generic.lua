--- Serves any resource by its contract. Rows are made, listed, read, changed in the
-- style of the operation, and deleted; below a row, items are attached by id or made.
-- The handlers of personas.lua and conversations.lua stand in for those here.
--
-- A handler is `handler(context, call)` and returns a reply.

local core = require "tavus.core"
local habits = require "tavus.sandbox.habits"
local patching = require "tavus.sandbox.patching"
local reply = require "tavus.sandbox.reply"
local rows_data = require "tavus.sandbox.rows"
local states = require "tavus.sandbox.states"
local views = require "tavus.sandbox.views"

local generic = {}

local is_object, copy_of = views.is_object, views.copy

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
    local lists = operation.answers == "list" or operation.answers == "map"
    if operation.method == "GET" and lists then listed[path] = true end
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

-- Answers --------------------------------------------------------------------

local function not_found(context, id_name)
  local habit, known = context.settings.missing_ids, rows_data.missing[id_name]
  if habit == "documented" and known then return reply.failure(404, known[1], known[2]) end
  local text = "Invalid " .. id_name
  return habit == "404" and reply.failure(404, context:error_field(), text) or context:refuse(text)
end

-- A value under the names of the path, and under those of the store.
local function as_seen(call, value) return call.newer and views.newer(call.resource.name, value) or value end
local function as_stored(call, value) return call.newer and views.older(call.resource.name, value) or value end

-- The members that the operation answers with: all, or those of rows.lua.
local function selected(call, value)
  local names = (rows_data.answered[call.resource.name] or {})[call.operation.name]
  if not names then return value end
  local copy = {}
  for _, name in ipairs(names) do copy[name] = value[name] end
  return copy
end

-- One object in the place where the operation answers with it.
local function answer(call, value)
  local operation = call.operation
  local status = operation.status
  if operation.answers == "nothing" then return reply.empty(status or operation.method == "DELETE" and 204 or 200) end
  value = value and as_seen(call, selected(call, value)) or core.object {}
  local at = operation.at[1]
  if at == "data" then value = { data = value } elseif at == "data[1]" then value = { data = core.array { value } } end
  return reply.json(status or 200, value)
end

-- Rows -----------------------------------------------------------------------

local function field_of(resource, name)
  for _, field in ipairs(resource.fields) do
    if field.name == name then return field end
  end
end

local function stamp(context, resource, row, name)
  if field_of(resource, name) then row[name] = habits.timestamp(context) end
end

local function create(context, call)
  local resource, row = call.resource, as_stored(call, call.body)
  local refused = context:check_depth(row)
  if refused then return refused end
  local id = context:fresh_id(resource.name)
  row[resource.id_field] = id
  stamp(context, resource, row, "created_at")
  stamp(context, resource, row, "updated_at")
  for name, value in pairs(rows_data.filled[resource.name] or {}) do
    if row[name] == nil then row[name] = type(value) == "string" and value:gsub("%%s", id) or value end
  end
  states.begin(context, resource, row)
  call.rows:put(id, row)
  return answer(call, row)
end

-- The name of the member that a query parameter is about, which may be a newer name; or nil.
local function member_of(resource, name)
  local field = field_of(resource, name)
  return field and (field.twin or field.name)
end

-- `name_or_uuid` selects those that have it in their names, or as their id.
local function is_named(resource, row, wanted)
  local name = row[resource.name_field]
  return row[resource.id_field] == wanted or type(name) == "string" and name:find(wanted, 1, true) ~= nil
end

-- A query parameter with the name of a field selects the rows with its value; one with its plural, those with one of
-- the values, separated by commas.
local function fits(call, row)
  for _, name in ipairs(call.operation.query or {}) do
    local wanted = call.query[name]
    local member = wanted ~= nil and member_of(call.resource, name)
    local several = wanted ~= nil and not member and member_of(call.resource, (name:gsub("s$", "")))
    if name == "name_or_uuid" and wanted and not is_named(call.resource, row, wanted) then return false end
    if member and tostring(row[member]) ~= wanted then return false end
    if several and not ("," .. wanted .. ","):find("," .. tostring(row[several]) .. ",", 1, true) then return false end
  end
  return true
end

-- The rows of the user, newest first, and the stock rows.
local function all_rows(call)
  local all = {}
  for n = 1, call.rows.count do all[n] = call.rows:newest(n) end
  for _, row in ipairs(rows_data.stock[call.resource.name] or {}) do all[#all + 1] = row end
  return all
end

--- Lists the rows that fit the query, in pages.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param see (fun(row: table, n: integer): table)?  a row as it is shown; default: under the names of the path
---@return tavus.sandbox.Reply
function generic.list(context, call, see)
  local rows = {}
  for _, row in ipairs(all_rows(call)) do
    if fits(call, row) then rows[#rows + 1] = row end
  end
  return reply.list(context, call, #rows, function(n) return see and see(rows[n], n) or as_seen(call, rows[n]) end)
end

local function get(_, call) return answer(call, call.row) end

local function delete(context, call)
  context:remove(call.resource.name, call.ids[1])
  return answer(call)
end

-- An object with a merge patch applied (RFC 7396).
local function merged(object, patch)
  local result = is_object(object) and copy_of(object) or core.object {}
  for name, value in pairs(patch) do
    if value == core.null then
      result[name] = nil
    else
      result[name] = is_object(value) and merged(result[name], value) or value
    end
  end
  return result
end

local function overwritten(_, object, body) return copy_of(object, body) end

-- Each style of changing: the object after, or nil and the reply that refuses.
local changes = {
  object = overwritten,
  partial = overwritten,
  merge_patch = function(_, object, body) return merged(object, body) end,
}

function changes.json_patch(context, object, operations)
  if not patching.is_list(context.settings, operations) then return nil, patching.no_patch() end
  local after, why = patching.apply(context.settings, object, operations)
  if after == nil then return nil, patching.misfit(context, why) end
  if is_object(after) then return after end
  return nil, context:bad_request { { path = "", message = "must be an object" } }
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
      if not core.equal(after[field.name], row[field.name]) then
        return nil, context:bad_request { { path = "/" .. field.name, message = "is read only" } }
      end
      writable[field.name] = nil
    end
  end
  local kind = is_patch and kind_of_rows(resource) -- other bodies were checked when they came
  refused = kind and context:check(kind, writable) or context:check_depth(after)
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
  stamp(context, call.resource, after, "updated_at")
  call.rows:put(call.ids[1], after)
  return answer(call, after)
end

-- An operation of no other place. With a body it changes the row that it names, if any.
local function act(context, call)
  if call.row and call.body ~= nil and call.operation.method ~= "POST" then return change(context, call) end
  return answer(call, call.row)
end

-- Parts -----------------------------------------------------------------------

--- The items below a row, in the order in which they came.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@return table[]
function generic.items_of(context, call)
  local kept = context.stores.attached:get(call.key)
  return kept and kept.items or {}
end

--- Replaces the items below a row.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param items table[]
function generic.keep(context, call, items)
  context.stores.attached:put(call.key, { path = call.key, items = core.array(items) })
end

local items_of, keep = generic.items_of, generic.keep

local function id_name_of(call) return call.below.id_name or "id" end

-- An item as it is shown. An item that only has the id of another resource's row is
-- shown as that row, or as nil if the row was deleted.
local function shown(context, call, item)
  local linked, id_name = call.below.linked, id_name_of(call)
  local is_bare = next(item) == id_name and next(item, id_name) == nil
  if not linked or not is_bare then return item end
  return context:row(linked.name, item[id_name])
end

local function position(items, id_name, id)
  for i, item in ipairs(items) do
    if item[id_name] == id then return i end
  end
  return nil
end

local function show_parts(context, call)
  local rows, by_id, id_name = core.array {}, core.object {}, id_name_of(call)
  for _, item in ipairs(items_of(context, call)) do
    local row = shown(context, call, item)
    rows[#rows + 1] = row
    if row and item[id_name] then by_id[item[id_name]] = row end
  end
  if call.operation.answers == "map" then return answer(call, by_id) end
  if call.operation.answers ~= "list" then return answer(call, call.row) end
  return reply.json(200, { [call.operation.rows or "data"] = rows })
end

-- The items that a body asks for: ids in a list, or objects by their ids.
local function wanted_items(context, call)
  local id_name, items = id_name_of(call), {}
  local linked, wrapped = call.below.linked, call.body[call.operation.wraps]
  for key, value in pairs(wrapped) do
    local is_list = core.is_array(wrapped)
    local item = not is_list and is_object(value) and copy_of(value) or {}
    item[id_name] = is_list and value or key
    if linked and not context:row(linked.name, item[id_name]) then return nil, not_found(context, id_name) end
    items[is_list and key or #items + 1] = item
  end
  return items
end

local function is_wrapped(call)
  local wraps = call.operation.wraps
  return wraps ~= nil and type(call.body) == "table" and type(call.body[wraps]) == "table"
end

local function replace_parts(context, call)
  if not is_wrapped(call) then return act(context, call) end
  local items, refused = wanted_items(context, call)
  if not items then return refused end
  keep(context, call, items)
  return show_parts(context, call)
end

local function attach(context, call)
  local wanted, refused = wanted_items(context, call)
  if not wanted then return refused end
  local items, id_name = copy_of(items_of(context, call)), id_name_of(call)
  for _, item in ipairs(wanted) do
    if not position(items, id_name, item[id_name]) then items[#items + 1] = item end
  end
  keep(context, call, items)
  return show_parts(context, call)
end

-- Attaches ids, or makes an item of the body.
local function add_part(context, call)
  if is_wrapped(call) then return attach(context, call) end
  local id_name, items = id_name_of(call), copy_of(items_of(context, call))
  local item = copy_of(call.body or {})
  item[id_name] = item[id_name] or context.ids:thing(call.below.name:sub(1, 1))
  items[#items + 1] = item
  keep(context, call, items)
  return answer(call, item)
end

local function part_of(context, call)
  local items, id_name = copy_of(items_of(context, call)), id_name_of(call)
  return items, position(items, id_name, call.ids[2])
end

local function show_part(context, call)
  local items, place = part_of(context, call)
  local row = place and shown(context, call, items[place])
  if not row then return not_found(context, id_name_of(call)) end
  return answer(call, row)
end

local function set_part(context, call)
  local items, place = part_of(context, call)
  local item = copy_of(call.body)
  item[id_name_of(call)] = call.ids[2]
  items[place or #items + 1] = item
  keep(context, call, items)
  return answer(call, item)
end

local function change_part(context, call)
  local items, place = part_of(context, call)
  if not place then return not_found(context, id_name_of(call)) end
  local after, refused = changes[call.operation.sends](context, items[place], call.body)
  if not after then return refused end
  items[place] = after
  keep(context, call, items)
  return answer(call, after)
end

local function remove_part(context, call)
  local items, place = part_of(context, call)
  if not place then return not_found(context, id_name_of(call)) end
  table.remove(items, place)
  keep(context, call, items)
  return answer(call)
end

-- Calls ------------------------------------------------------------------------

local HANDLERS = {
  rows = { GET = generic.list, POST = create },
  row = { GET = get, PATCH = change, DELETE = delete },
  parts = { GET = show_parts, POST = add_part, PUT = replace_parts },
  part = { GET = show_part, PUT = set_part, PATCH = change_part, DELETE = remove_part },
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
    local can_be_stock = operation.method == "GET"
    call.row = call.rows:get(ids[1]) or can_be_stock and context:stock_row(resource.name, ids[1]) or nil
    if not call.row then return nil, not_found(context, resource.other_id or resource.id_field) end
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
