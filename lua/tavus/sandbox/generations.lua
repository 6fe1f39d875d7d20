--- What a generation of Tavus does not know yet: members and choices that came
-- later. With which generation a thing came is in the contract ("G3+").

local core = require "tavus.core"
local pointer = require "tavus.pointer"
local values = require "tavus.sandbox.values"

local generations = {}

--- The newest one.
generations.LATEST = 4

-- The first generation that a text of the contract names.
local function first(text) return text and tonumber(text:match "G(%d)") or 0 end

-- What there is to ask of a field: since when it and its choices are there, the
-- sibling that makes any choice good, and the fields below it by name.
local function known_of(field)
  local known = { since = first(field.generation), choices = {}, custom = field.custom, below = {} }
  for choice, text in pairs(field.since or {}) do known.choices[choice] = first(text) end
  for _, child in ipairs(field.fields or {}) do known.below[child.name] = known_of(child) end
  return known
end

local roots = {}
for _, resource in ipairs(core.contract().resources) do
  for _, operation in ipairs(resource.operations) do
    if operation.body then roots[operation.body] = known_of { fields = operation.fields or resource.fields } end
  end
end

local function walk(known, value, path, generation, found)
  for name, item in pairs(value) do
    local field = item ~= core.null and known.below[name]
    local place = path .. "/" .. pointer.escape(name)
    if field and field.since > generation then
      found[#found + 1] = { path = place, code = "unknown_field", message = "is not known yet" }
    elseif field and values.is_object(item) then
      walk(field, item, place, generation, found)
    elseif field and (field.choices[item] or 0) > generation and not (field.custom and values.is_text(value[field.custom])) then
      found[#found + 1] = { path = place, code = "later_choice", message = ('"%s" is not known yet'):format(item) }
    end
  end
end

--- Finds what came later than a generation.
---@param generation integer
---@param kind string  a kind of the contract
---@param value any
---@return { path: string, code: "unknown_field"|"later_choice", message: string }[]
function generations.later(generation, kind, value)
  local found = {}
  if generation == generations.LATEST or not values.is_object(value) then return found end
  walk(roots[kind], value, "", generation, found)
  table.sort(found, function(one, other) return one.path < other.path end)
  return found
end

return generations
