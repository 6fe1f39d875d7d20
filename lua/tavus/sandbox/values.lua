--- What several files of the sandbox ask of a value.

local core = require "tavus.core"

local values = {}

--- Whether a value is what JSON calls an object.
---@param value any
---@return boolean
function values.is_object(value) return type(value) == "table" and not core.is_array(value) end

--- A new table with the same members.
---@param value table
---@return table
function values.shallow(value)
  local copy = {}
  for name, item in pairs(value) do copy[name] = item end
  return copy
end

return values
