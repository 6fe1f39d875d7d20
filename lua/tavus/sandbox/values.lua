--- What several files of the sandbox ask of a value.

local core = require "tavus.core"
local options = require "tavus.options"

local values = {}

--- Whether a value is what JSON calls an object.
---@param value any
---@return boolean
function values.is_object(value) return type(value) == "table" and not core.is_array(value) end

--- Whether a value is a text that says something: an empty one counts as left out.
---@param value any
---@return boolean
function values.is_text(value) return type(value) == "string" and value ~= "" end

--- Whether a value can be the id of a replica. Shapes seen are "r" and hex; a
-- persona's id, or prose, is none.
---@param value any
---@return boolean
function values.is_replica(value) return type(value) == "string" and value:find "^r[%w_-]+$" ~= nil end

--- Whether a value is a whole number between two others.
---@param value any
---@param low integer
---@param high integer
---@return boolean
function values.is_whole(value, low, high)
  return type(value) == "number" and value >= low and value <= high and value == math.floor(value)
end

--- What to say of a name that is not known: the one that was probably meant, or
-- all that are.
---@param what string with a %s for the name, e.g. "there is no switch '%s'"
---@param name any
---@param known table<string, any> its keys are the known names
---@return string
function values.unknown(what, name, known)
  local text = what:format(tostring(name))
  local near = type(name) == "string" and core.nearest(name, known)
  if near then return ("%s; did you mean '%s'?"):format(text, near) end
  return ("%s; there are: %s"):format(text, options.listed(known))
end

--- A new table with the same members.
---@param value table
---@return table
function values.shallow(value)
  local copy = {}
  for name, item in pairs(value) do copy[name] = item end
  return copy
end

return values
