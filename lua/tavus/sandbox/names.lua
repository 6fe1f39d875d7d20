--- The two namings of a row: that of `/v2/personas` (`persona_name`,
-- `default_replica_id`) and the newer one of `/v2/pals` (`pal_name`,
-- `default_face_id`). Which name is whose twin is in the contract. Rows are
-- stored under the older names.

local core = require "tavus.core"
local values = require "tavus.sandbox.values"

local names = {}

-- What the fields of a shape are called besides, and where there are such
-- fields below it; nil where there are none.
local function tree_of(fields)
  local tree = { newer = {}, older = {}, below = {} }
  for _, field in ipairs(fields or {}) do
    if field.twin then tree.newer[field.twin], tree.older[field.name] = field.name, field.twin end
    tree.below[field.name] = tree_of(field.fields)
  end
  return (next(tree.newer) or next(tree.below)) and tree or nil
end

local trees = {}
for _, resource in ipairs(core.contract().resources) do trees[resource.name] = tree_of(resource.fields) end

local function renamed(tree, naming, value)
  if not tree or not values.is_object(value) or next(value) == nil then return value end
  local copy = {}
  for name, item in pairs(value) do
    local other = tree[naming][name]
    if other == nil or value[other] ~= nil then other = name end -- both are there: each stays what it is
    copy[other] = tree.below[name] and renamed(tree.below[name], naming, item) or item
  end
  return copy
end

--- A row under its newer names.
---@param resource string  name of the resource in the contract
---@param row table
---@return table  a new one where anything is renamed; it shares what is not
function names.newer(resource, row) return renamed(trees[resource], "newer", row) end

--- A row under its older names.
---@param resource string
---@param row table
---@return table
function names.older(resource, row) return renamed(trees[resource], "older", row) end

return names
