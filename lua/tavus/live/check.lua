--- Checks values against a JSON Schema that the program gives, as that of a tool, and fills in its defaults.

local core = require "tavus.core"
local errors = require "tavus.errors"

local error, next, pcall, rawget, type = error, next, pcall, rawget, type
local sort = table.sort

local check = {}

-- The sentence that Tavus adds to the arguments of a tool, whatever its schema says.
local FILLER = "response_to_user"

local function before(a, b)
  if a.path ~= b.path then return a.path < b.path end
  return a.message < b.message
end

--- Checks a value against a JSON Schema of draft 7.
---@param schema table|boolean
---@param value any `nil` counts as null
---@return boolean? valid true, or nil
---@return tavus.Issue[]|tavus.Error what was not checked (maybe nothing), or the error with all issues
function check.check(schema, value)
  local called, valid, issues = pcall(core.check_schema, schema, value)
  if not called then
    if type(schema) == "table" or type(schema) == "boolean" then error(valid, 0) end
    error("live.check: the schema comes first, a table or a boolean, not a " .. type(schema), 2)
  end
  sort(issues, before) -- the members of a table come in any order
  if valid then return true, errors.printable(issues) end
  return nil, errors.validation(issues, "value")
end

local function is_object(value)
  return type(value) == "table" and not core.is_array(value)
end

-- Fills in the defaults of an object, and of the objects in it. The depth is that of the value.
local function fill(schema, value)
  local properties = type(schema) == "table" and rawget(schema, "properties")
  if type(properties) ~= "table" or not is_object(value) then return end
  for name, property in next, properties do
    if type(name) == "string" and type(property) == "table" then
      local default = rawget(property, "default")
      if rawget(value, name) == nil and default ~= nil then
        value[name] = core.copy(default)
      else
        fill(property, rawget(value, name))
      end
    end
  end
end

--- Copies a value and fills in what its schema has defaults for: members that are missing, also in objects inside.
---@param schema table|boolean
---@param value any
---@return any? copy
---@return tavus.Error? of a value that contains itself or is too large
function check.defaults(schema, value)
  local copy, message = core.copy(value)
  if message then return nil, errors.issue("", "value", message, nil, "value") end
  fill(schema, copy)
  return copy
end

--- Makes the arguments of a call ready for a tool: drops the sentence that Tavus adds, unless the tool declares it,
-- checks the rest and fills in the defaults.
---@param schema table|boolean the tool's parameters
---@param arguments table stays as it is
---@return table? copy
---@return tavus.Issue[]|tavus.Error what was not checked, or the error
function check.arguments(schema, arguments)
  local properties = type(schema) == "table" and rawget(schema, "properties")
  local given = arguments
  if is_object(arguments) and rawget(arguments, FILLER) ~= nil
    and not (type(properties) == "table" and rawget(properties, FILLER) ~= nil) then
    given = core.object()
    for name, value in next, arguments do given[name] = value end
    given[FILLER] = nil
  end
  local valid, detail = check.check(schema, given)
  if not valid then return nil, detail end
  local copy, err = check.defaults(schema, given)
  if copy == nil then return nil, err end
  return copy, detail
end

return check
