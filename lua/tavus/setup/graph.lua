--- The declarations of a setup as a graph: what each of them needs, and in which order they are made.

local core = require "tavus.core"
local kinds = require "tavus.setup.kinds"
local state = require "tavus.setup.state"
local values = require "tavus.setup.values"

local graph = {}

---@class tavus.SetupItem a declaration on its way to Tavus
---@field it tavus.Declaration
---@field kind string
---@field name string
---@field key string
---@field about tavus.SetupKind
---@field stored_name string? the name that it has at Tavus
---@field name_path string
---@field needs tavus.SetupItem[] what must be there before
---@field id string? nil while it is to be made
---@field entry tavus.SetupEntry?
---@field live table? as it was read

-- Calls fn for each declaration that a value holds.
local function each_reference(value, fn)
  if values.is_reference(value) then
    fn(value)
  elseif values.is_plain(value) then
    for _, member in pairs(value) do each_reference(member, fn) end
  end
end

local function item_of(it)
  local about = kinds[it.kind]
  local is_set = it.kind == "guardrail" and it.body.data ~= nil
  local name_field = is_set and "name" or about.name_field
  return {
    it = it, kind = it.kind, name = it.name, key = state.key(it), about = about, needs = {},
    stored_name = it.body[name_field], name_path = "/" .. name_field, is_set = is_set,
  }
end

--- Makes the items of declarations, each after what it needs.
---@param declarations tavus.Declaration[]
---@return tavus.SetupItem[]
---@return table<tavus.Declaration, tavus.SetupItem>
function graph.items(declarations)
  local by, order, placed = {}, {}, {}
  for _, it in ipairs(declarations) do by[it] = item_of(it) end
  local function place(item)
    if placed[item] then return end
    placed[item] = true
    local seen = {}
    local function need(reference)
      local other = by[reference]
      if other and other ~= item and not seen[other] then
        seen[other] = true
        item.needs[#item.needs + 1] = other
      end
    end
    each_reference(item.it.body, need)
    each_reference(item.it.tools, need)
    each_reference(item.it.skills, need)
    table.sort(item.needs, function(a, b) return a.key < b.key end)
    for _, other in ipairs(item.needs) do place(other) end
    order[#order + 1] = item
  end
  for _, it in ipairs(declarations) do place(by[it]) end
  return order, by
end

--- The document that an item is to be: its body, and for a persona `tools` as { [id] = true } and `skills` as
--- { [id] = config }. Declarations with an id are replaced by it.
---@param item tavus.SetupItem
---@param by table<tavus.Declaration, tavus.SetupItem>
---@return table
function graph.wanted(item, by)
  local function id_of(member)
    local other = by[member]
    return other and other.id or member
  end
  local want = values.copy(item.it.body, id_of)
  if item.it.tools then
    want.tools = {}
    for _, tool in ipairs(item.it.tools) do
      local id = id_of(tool)
      want.tools[values.is_reference(id) and "(tool " .. id.name .. ")" or id] = true
    end
  end
  if item.it.skills then want.skills = values.copy(item.it.skills, id_of) end
  return want
end

--- A text of a body that is the same for equal bodies, for the fingerprint of an intent.
---@param body table sealed
---@return string
function graph.text(body)
  return core.encode(values.copy(body, function(member)
    return values.is_reference(member) and "(" .. state.key(member) .. ")" or member
  end)) or ""
end

--- A copy for people: declarations and secrets as texts.
---@param value any
---@return any
function graph.shown(value)
  return values.copy(value, function(member)
    if values.is_reference(member) then return "(" .. state.key(member) .. ")" end
    if values.is_secret(member) then return values.shown(member) end
    return member
  end)
end

--- A copy with the texts of the secrets, to be sent.
---@param value any
---@return any
function graph.revealed(value)
  return values.copy(value, function(member)
    if values.is_secret(member) then return values.reveal(member) end
    return member
  end)
end

return graph
