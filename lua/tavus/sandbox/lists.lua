--- Which rows a list has, and in which order, by its query.

local rows_data = require "tavus.sandbox.rows"

local lists = {}

-- Whether a name holds a text, whatever the case.
local function has_in_name(resource, row, wanted)
  local name = row[resource.name_field]
  return type(name) == "string" and name:lower():find(wanted:lower(), 1, true) ~= nil
end

-- Whether a row has one of the tags, separated by commas. Older rows of voices have objects as tags.
local function has_tag(_, row, wanted)
  for _, tag in ipairs(type(row.tags) == "table" and row.tags or {}) do
    tag = type(tag) == "table" and tag.tag_name or tag
    if ("," .. wanted .. ","):find("," .. tostring(tag) .. ",", 1, true) then return true end
  end
  return false
end

-- Query parameters that are not the name of a field: whether a row fits.
local FILTERS = {
  name_or_uuid = function(resource, row, wanted)
    return row[resource.id_field] == wanted or has_in_name(resource, row, wanted)
  end,
  search = has_in_name,
  tag = has_tag,
  tags = has_tag,
  type = function(_, row, wanted) return wanted == (row.is_system_tool == true and "system" or "user") end,
}

-- The name of the member that a query parameter is about, which may be a newer name; or nil.
local function member_of(resource, name)
  for _, field in ipairs(resource.fields) do
    if field.name == name then return field.twin or field.name end
  end
end

-- The other parameters: one with the name of a field selects the rows with its value; one with its plural, those with
-- one of the values, separated by commas.
local function has_value(resource, row, name, wanted)
  local member = member_of(resource, name)
  if member then return tostring(row[member]) == wanted end
  local one_of = member_of(resource, (name:gsub("s$", "")))
  return not one_of or ("," .. wanted .. ","):find("," .. tostring(row[one_of]) .. ",", 1, true) ~= nil
end

-- Whether a row fits the query of a list.
local function fits(call, row)
  for _, name in ipairs(call.operation.query or {}) do
    local wanted, filter = call.query[name], FILTERS[name]
    if wanted and filter and not filter(call.resource, row, wanted) then return false end
    if wanted and not filter and not has_value(call.resource, row, name, wanted) then return false end
  end
  return true
end

local OLDEST_FIRST = { asc = true, ascending = true, desc = false, descending = false }

-- Whether the rows come in the order in which they were made; nil for an unknown `sort`.
local function is_oldest_first(call)
  if not call.query.sort then return rows_data.oldest_first[call.resource.name] == true end
  return OLDEST_FIRST[call.query.sort]
end

--- The rows of a list: those of the user, newest or oldest first, and the stock rows.
---@param context tavus.sandbox.Context
---@param call tavus.sandbox.Call
---@param keep (fun(row: table): boolean)?  what a row must be besides
---@return table[]?
---@return tavus.sandbox.Reply? refused
function lists.rows(context, call, keep)
  local oldest_first, rows, stored = is_oldest_first(call), {}, call.rows
  if oldest_first == nil then
    return nil, context:bad_request { { path = "/sort", message = "must be one of: asc, desc, ascending, descending" } }
  end
  local function take(row)
    if fits(call, row) and (not keep or keep(row)) then rows[#rows + 1] = row end
  end
  for n = 1, stored.count do take((stored:newest(oldest_first and stored.count - n + 1 or n))) end
  for _, row in ipairs(rows_data.stock[call.resource.name] or {}) do take(row) end
  return rows
end

return lists
