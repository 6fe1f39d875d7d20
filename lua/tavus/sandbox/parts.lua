--- What is below a row: items that are attached by the ids of another resource's rows, or made there. The habits of
-- single kinds of items are data, in rows.lua.
--
-- A handler is `handler(context, call)` and returns a reply.

local answers = require "tavus.sandbox.answers"
local changes = require "tavus.sandbox.changes"
local core = require "tavus.core"
local reply = require "tavus.sandbox.reply"
local rows_data = require "tavus.sandbox.rows"
local views = require "tavus.sandbox.views"

local parts = {}

local is_object, copy_of = views.is_object, views.copy
local answer = answers.one

--- The items below a row, in the order in which they came.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@return table[]
function parts.items(context, call)
  local kept = context.stores.attached:get(call.key)
  return kept and kept.items or {}
end

--- Replaces the items below a row.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param items table[]
function parts.keep(context, call, items)
  context.stores.attached:put(call.key, { path = call.key, items = core.array(items) })
end

local items_of, keep = parts.items, parts.keep

local function habits_of(call) return rows_data.below[call.below.name] or {} end

local function id_name_of(call) return call.below.id_name or "id" end

local function not_found(context, call, id)
  local missing = habits_of(call).missing
  local known = not missing or missing.unknown and not (call.below.linked and context:row(call.below.linked.name, id))
  if known then return answers.not_found(context, id_name_of(call), id) end
  return reply.failure(missing[1], missing[2], missing[3])
end

-- An item as it is shown. An item that only has the id of another resource's row is shown as that row,
-- with its secrets masked.
local function shown(context, call, item)
  local linked, id_name = call.below.linked, id_name_of(call)
  local is_bare = next(item) == id_name and next(item, id_name) == nil
  if not linked or not is_bare then return item end
  local row = context:row(linked.name, item[id_name])
  return row and context.settings.mask_secrets and views.without_secrets(linked, row) or row
end

local function position(items, id_name, id)
  for i, item in ipairs(items) do
    if item[id_name] == id then return i end
  end
  return nil
end

-- What the account lacks, or what the settings of an item must not be: a reply that refuses, or nil.
local function unfit(context, call, id, item)
  local own = habits_of(call)
  if call.below.linked and not context:row(call.below.linked.name, id) then
    return answers.not_found(context, id_name_of(call), id)
  end
  if own.lacking and context.settings[own.lacking] == id then
    return reply.failure(403, "error", ("The account has no access to %s"):format(id))
  end
  local known, config = (own.config or {})[id], item.config
  for name in pairs(known and is_object(config) and config or {}) do
    if known[name] == nil then return context:bad_request { { path = "/config/" .. name, message = "is unknown" } } end
  end
  for name, is_required in pairs(known or {}) do
    if is_required and not (is_object(config) and config[name] ~= nil) then
      return context:bad_request { { path = "/config/" .. name, message = "is required" } }
    end
  end
  return nil
end

-- The times of an item, which is new or replaces `before`.
local function stamp(context, call, item, before)
  if not habits_of(call).stamped then return end
  local now = (context.ids:timestamp():gsub("Z$", "+00:00"))
  item.attached_at, item.updated_at = before and before.attached_at or now, now
end

function parts.list(context, call)
  local rows, by_id, id_name = core.array {}, core.object {}, id_name_of(call)
  for _, item in ipairs(items_of(context, call)) do
    local row = shown(context, call, item)
    rows[#rows + 1] = row
    if row and item[id_name] then by_id[item[id_name]] = row end
  end
  if call.operation.answers == "map" then
    local wrapped = call.operation.method == "PUT" and habits_of(call).put_wrapped
    return wrapped and reply.json(200, { data = by_id }) or answer(call, by_id)
  end
  if call.operation.answers ~= "list" then return answer(call, call.row) end
  local shape = habits_of(call).shape
  local member = shape and context.settings[shape] or call.operation.rows or "data"
  return reply.json(200, member == "array" and rows or { [member] = rows })
end

-- The items that a body asks for, ids in a list or objects by their ids: items | nil, reply.
local function wanted_items(context, call)
  local id_name, items = id_name_of(call), {}
  local wrapped = call.body[call.operation.wraps]
  for key, value in pairs(wrapped) do
    local is_list = core.is_array(wrapped)
    local item = not is_list and is_object(value) and copy_of(value) or {}
    local id = is_list and value or key
    item[id_name] = id
    local refused = unfit(context, call, id, item)
    if refused then return nil, refused end
    items[is_list and key or #items + 1] = item
  end
  return items
end

local function is_wrapped(call)
  local wraps = call.operation.wraps
  return wraps ~= nil and type(call.body) == "table" and type(call.body[wraps]) == "table"
end

function parts.replace(context, call)
  if not is_wrapped(call) then return answer(call, call.row) end
  local items, refused = wanted_items(context, call)
  if not items then return refused end
  local old, id_name = items_of(context, call), id_name_of(call)
  for _, item in ipairs(items) do stamp(context, call, item, old[position(old, id_name, item[id_name])]) end
  keep(context, call, items)
  return parts.list(context, call)
end

local function attach(context, call)
  local wanted, refused = wanted_items(context, call)
  if not wanted then return refused end
  local items, id_name, most = copy_of(items_of(context, call)), id_name_of(call), habits_of(call).most
  for _, item in ipairs(wanted) do
    if not position(items, id_name, item[id_name]) then items[#items + 1] = item end
  end
  if most and #items > most then
    local message = ("at most %d, not %d"):format(most, #items)
    return context:bad_request { { path = "/" .. call.operation.wraps, message = message } }
  end
  keep(context, call, items)
  return parts.list(context, call)
end

--- Attaches ids, or makes an item of the body.
function parts.add(context, call)
  if is_wrapped(call) then return attach(context, call) end
  local id_name, items = id_name_of(call), copy_of(items_of(context, call))
  local item = copy_of(call.body or {})
  item[id_name] = item[id_name] or context.ids:thing(call.below.name:sub(1, 1))
  items[#items + 1] = item
  keep(context, call, items)
  return answer(call, item)
end

-- The items, and the place of the one that the path names.
local function part_of(context, call)
  local items, id_name = copy_of(items_of(context, call)), id_name_of(call)
  return items, position(items, id_name, call.ids[2])
end

function parts.get(context, call)
  local items, place = part_of(context, call)
  local row = place and shown(context, call, items[place])
  if not row then return not_found(context, call, call.ids[2]) end
  return answer(call, row)
end

function parts.set(context, call)
  local items, place = part_of(context, call)
  local item, id = copy_of(call.body), call.ids[2]
  local refused = unfit(context, call, id, item)
  if refused then return refused end
  item[id_name_of(call)] = id
  stamp(context, call, item, items[place])
  items[place or #items + 1] = item
  keep(context, call, items)
  return answer(call, item)
end

function parts.change(context, call)
  local items, place = part_of(context, call)
  if not place then return not_found(context, call, call.ids[2]) end
  local after, refused = changes[call.operation.sends](context, items[place], call.body)
  if not after then return refused end
  local whole = habits_of(call).whole
  local given = whole and is_object(call.body.config) and call.body.config[whole]
  if is_object(given) then after.config[whole] = given end
  refused = unfit(context, call, call.ids[2], after)
  if refused then return refused end
  stamp(context, call, after, items[place])
  items[place] = after
  keep(context, call, items)
  return answer(call, after)
end

function parts.remove(context, call)
  local items, place = part_of(context, call)
  if not place then return not_found(context, call, call.ids[2]) end
  table.remove(items, place)
  keep(context, call, items)
  return answer(call)
end

return parts
