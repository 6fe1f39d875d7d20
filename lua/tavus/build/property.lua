--- The types of a tool's parameters, written as JSON Schema.
--
-- Every type function takes a description, or a table whose first element is the
-- description and whose other members are JSON Schema keywords:
--
--    location = tavus.string "The city and state",
--    days     = tavus.integer { "How many days", minimum = 1, maximum = 14, optional = true },
--
-- The result is a plain JSON Schema table. `optional` is not part of JSON Schema; a metatable keeps it until the tool
-- is made.

local core = require "tavus.core"
local keywords = require "tavus.build.keywords"
local names = require "tavus.names"

local error, getmetatable, rawget, setmetatable, type = error, getmetatable, rawget, setmetatable, type
local floor = math.floor

-- Metatables of properties, compared by identity. They have no methods, and say so: tavus.string "x":optional().
local no_methods = {}
names.guard(no_methods, { title = "the property", kinds = { "property" } })
local REQUIRED = { __index = no_methods, __name = "tavus.Property" }
local OPTIONAL = { __index = no_methods, __name = "tavus.Property" }

-- The description of a specification: its first element, or the keyword.
local function description_of(spec)
  local first = spec[1]
  if first == nil then
    return nil
  elseif type(first) ~= "string" then
    return nil, "the description (the first element) must be a string, not a " .. type(first)
  elseif spec.description ~= nil and type(spec.description) == "string" then
    return nil, "the description is given twice"
  end
  return first
end

-- Copies the keywords of `spec` into `schema`.
---@return boolean? done
---@return string? message
local function take_keywords(schema, spec, kind, is_property)
  for key, value in next, spec do
    -- The caller takes the description, `optional` and properties.
    if key ~= 1 and key ~= "optional" and not (is_property and is_property(key, value)) then
      local known, taken = keywords.check(kind, key, value)
      if not known then
        return nil, taken
      end
      schema[key] = taken
    end
  end
  return true
end

local schema = {}

-- Whether a type was called with a colon (`tavus:string`), and so got the module.
local function is_module(spec, kind)
  return spec[kind] ~= nil and spec[kind] == schema[kind]
end

-- The common part of every type function.
---@return table? schema
---@return string? message
local function build(kind, json_type, spec, is_property)
  if type(spec) == "string" then
    spec = { spec }
  elseif type(spec) ~= "table" then
    return nil, "takes a description or a table, not " .. (spec == nil and "nil" or "a " .. type(spec))
  elseif is_module(spec, kind) then
    return nil, "call it with a dot"
  end
  local optional = rawget(spec, "optional")
  if optional ~= nil and type(optional) ~= "boolean" and not (is_property and is_property("optional", optional)) then
    return nil, '"optional" must be true or false, not a ' .. type(optional)
  end
  local description, message = description_of(spec)
  if message then
    return nil, message
  end
  local made = { type = json_type, description = description }
  local fits
  fits, message = take_keywords(made, spec, kind, is_property)
  if fits then
    fits, message = keywords.fit(made, kind)
  end
  if not fits then
    return nil, message
  end
  return setmetatable(made, optional == true and OPTIONAL or REQUIRED)
end

-- Parts of a tool or a schema that are not arguments, by the names that people give them: the type of the value, and
-- what to write. Where the value is a table, a property made here is an argument all the same.
local WHOLE = 'write the arguments themselves, as in { "...", city = tavus.string "..." }; '
  .. "an argument of that name is made by tavus.object_of"
local NOT_ARGUMENTS = {
  description = { string = "the description comes first, without a name" },
  name = { string = 'the name stands before the table: tavus.tool "name" { ... }' },
  type = { string = "leave it out: every named member is an argument" },
  required = {
    table = "leave it out: an argument is required unless it has optional = true",
    boolean = "leave it out: an argument is required unless it has optional = true",
  },
  strict = { boolean = "leave it out: Tavus documents none" },
  additionalProperties = { boolean = "leave it out: the schema is made of the arguments" },
  ["$schema"] = { string = "leave it out: the schema is made of the arguments" },
}
for name in ("arguments args function input_schema inputSchema json_schema parameters params properties schema")
  :gmatch "%S+" do
  NOT_ARGUMENTS[name] = { table = WHOLE }
end

-- Is the table a schema with arguments in it, or a map of them, and no schema of one argument?
local function has_arguments(value)
  if type(value.properties) == "table" or type(value.parameters) == "table" then return true end
  if type(value.type) == "string" or value.type ~= nil and getmetatable(value.type) == nil then return false end
  for _, inner in next, value do
    if type(inner) == "table" then return true end
  end
  return false
end

-- What to write for a member that is no argument, or nil.
local function not_argument(name, value)
  local row = NOT_ARGUMENTS[name]
  local words = row and row[type(value)]
  if not words then return nil end
  if type(value) == "table" then
    local mark = getmetatable(value)
    if mark == REQUIRED or mark == OPTIONAL then return nil end
    local whole = words == WHOLE
    if whole ~= (not core.is_array(value)) or whole and not has_arguments(value) then return nil end
  end
  return words
end

-- A copy of a property for a schema: not shared with another tool, and without our metatable. A hand-written table may
-- have the member `optional`, too.
---@return table? schema
---@return any optional, or the message
local function property(name, value)
  local kind = type(value)
  local words = not_argument(name, value)
  if words then
    return nil, ('"%s" is not an argument: %s'):format(name, words)
  elseif kind == "function" then
    return nil, ('the property "%s" is a function: call the type, as in tavus.string "..."'):format(name)
  elseif kind == "string" then
    return nil, ('the property "%s" is a string: write tavus.string "..." for one of type string'):format(name)
  elseif kind ~= "table" then
    return nil, ('the property "%s" must be a property type or a JSON Schema table, not a %s'):format(name, kind)
  elseif core.is_array(value) then
    return nil, ('the property "%s" must be a property type or a JSON Schema table, not a list'):format(name)
  end
  local mark = getmetatable(value)
  local copy, message = core.copy(value)
  if not copy then
    return nil, ('the property "%s" cannot be copied: %s'):format(name, tostring(message))
  end
  local optional = mark == OPTIONAL
  if mark ~= OPTIONAL and mark ~= REQUIRED and type(copy.optional) == "boolean" then
    optional, copy.optional = copy.optional, nil
  end
  if next(copy) == nil then
    core.object(copy)
  end
  return copy, optional
end

-- Collects the properties among the members of `spec`.
---@param spec table
---@param is_property fun(key: any, value: any): boolean
---@return table? properties marked as an object
---@return table|string required sorted, marked as an array; or the message
local function properties_of(spec, is_property)
  local properties, required = core.object {}, core.array {}
  for name, value in next, spec do
    if is_property(name, value) then
      local copy, optional = property(name, value)
      if not copy then
        return nil, optional
      end
      properties[name] = copy
      if not optional then
        required[#required + 1] = name
      end
    end
  end
  table.sort(required)
  return properties, required
end

-- Raises for a second argument, at the line of the type function's caller. A call with a colon has one, too.
local function take_one(kind, spec, more)
  if more == nil or (type(spec) == "table" and is_module(spec, kind)) then return end
  error(("tavus.%s: takes one argument; further ones stand in a table with the description first,"
    .. ' as in { "...", optional = true }'):format(kind), 3)
end

-- Makes a type function that differs from others only in its name.
local function simple(kind)
  return function(spec, more)
    take_one(kind, spec, more)
    local built, message = build(kind, kind, spec)
    if not built then
      error(("tavus.%s: %s"):format(kind, message), 2)
    end
    return built
  end
end

---@class tavus.Property a JSON Schema table
---@field type string
---@field description? string

---@class tavus.PropertySpec
---@field [1]? string the description
---@field optional? boolean properties are required unless this is true
---@field title? string
---@field default? any
---@field const? any
---@field examples? any[]
---@field nullable? boolean
---@field deprecated? boolean

---@class tavus.StringSpec: tavus.PropertySpec
---@field minLength? integer characters
---@field maxLength? integer characters; at most 1000 for perception tools
---@field pattern? string regular expression
---@field format? string e.g. "date", "email"
---@field enum? string[]

--- A string parameter.
---@type fun(spec: string|tavus.StringSpec): tavus.Property takes the description, or a table
schema.string = simple "string"

---@class tavus.NumberSpec: tavus.PropertySpec
---@field minimum? number
---@field maximum? number
---@field exclusiveMinimum? number
---@field exclusiveMaximum? number
---@field multipleOf? number above 0
---@field enum? number[]

--- A number parameter, with or without a fraction.
---@type fun(spec: string|tavus.NumberSpec): tavus.Property takes the description, or a table
schema.number = simple "number"

--- A whole number parameter.
---@type fun(spec: string|tavus.NumberSpec): tavus.Property takes the description, or a table
schema.integer = simple "integer"

--- A parameter that is true or false.
---@type fun(spec: string|tavus.PropertySpec): tavus.Property takes the description, or a table
schema.boolean = simple "boolean"

-- The JSON type that all values of an enum share.
local function type_of_values(values)
  local kind, seen = nil, {}
  for i = 1, #values do
    local value = values[i]
    local this = type(value)
    if this == "number" then
      if not keywords.is_number(value) then
        return nil, ("value %d is not a JSON number"):format(i)
      end
      this = floor(value) == value and "integer" or "number"
    elseif this ~= "string" and this ~= "boolean" then
      return nil, ("value %d is a %s; an enum lists strings, numbers or booleans"):format(i, this)
    end
    if seen[value] then
      return nil, ("value %d comes twice"):format(i)
    end
    seen[value] = true
    local numeric = (kind == "integer" or kind == "number") and (this == "integer" or this == "number")
    if numeric and kind ~= this then
      this = "number"
    elseif kind and kind ~= this then
      return nil, ("values must have one type, not %s and %s"):format(kind, this)
    end
    kind = this
  end
  return kind
end

---@class tavus.EnumSpec: tavus.PropertySpec
---@field values (string|number|boolean)[] at least one, all of one type

--- A parameter that is one of a list of values; their type is the parameter's.
---@param spec tavus.EnumSpec
---@return tavus.Property
function schema.enum(spec, more)
  if type(spec) ~= "table" then
    error('tavus.enum: takes a table with values, as in { "...", values = { "a", "b" } }', 2)
  elseif spec.values == nil and not is_module(spec, "enum") then
    error('tavus.enum: "values" is missing, as in { "...", values = { "a", "b" } }', 2)
  end
  take_one("enum", spec, more)
  local built, message = build("enum", nil, spec)
  local kind
  if built then
    kind, message = type_of_values(spec.values)
  end
  if kind then
    built.type, built.values = kind, nil
    built.enum = core.array(core.copy(spec.values))
    local fits
    fits, message = keywords.fit(built, kind)
    kind = fits and kind
  end
  if not kind then
    error("tavus.enum: " .. message, 2)
  end
  return built
end

---@class tavus.ArraySpec: tavus.PropertySpec
---@field items tavus.Property|table the type of every item; a property type or a JSON Schema table
---@field minItems? integer
---@field maxItems? integer
---@field uniqueItems? boolean

--- A parameter that is a list of values of one type.
---@param spec tavus.ArraySpec
---@return tavus.Property
function schema.array_of(spec, more)
  if type(spec) ~= "table" then
    error('tavus.array_of: takes a table with items, as in { "...", items = tavus.string "..." }', 2)
  elseif spec.items == nil and not is_module(spec, "array_of") then
    error('tavus.array_of: "items" is missing, as in { "...", items = tavus.string "..." }', 2)
  end
  take_one("array_of", spec, more)
  local built, message = build("array_of", "array", spec)
  for _, key in ipairs { "items", "contains" } do
    if built and built[key] ~= nil then
      local inner, detail = property(key, built[key])
      if inner then
        built[key] = inner
      else
        built, message = nil, detail
      end
    end
  end
  if not built then
    error("tavus.array_of: " .. message, 2)
  end
  return built
end

local function is_string(key)
  return type(key) == "string"
end

-- A property of an object. Its other members are keywords, which are never tables.
local function is_named_table(key, value)
  return type(key) == "string" and (type(value) == "table" or type(value) == "function")
end

-- The member `properties`, if it is a map of properties and not itself a property of that name.
local function properties_map(spec)
  local map = spec.properties
  if type(map) ~= "table" then
    return nil
  end
  local mark = getmetatable(map)
  if mark == REQUIRED or mark == OPTIONAL or type(map.type) == "string" then
    return nil
  end
  for key, value in next, spec do
    if key ~= "properties" and is_named_table(key, value) then
      return nil, ('"%s" stands beside "properties": put all properties in one place'):format(key)
    end
  end
  return map
end

--- A parameter that is an object with properties of its own, written as in a tool: every named table is a property, the
--- other members are keywords. The properties may also stand in a table called `properties`.
---@param spec table<string|integer, tavus.Property|any> the description first; at least one property
---@return tavus.Property
function schema.object_of(spec, more)
  if type(spec) ~= "table" then
    error('tavus.object_of: takes a table with properties, as in { "...", city = tavus.string "..." }', 2)
  end
  take_one("object_of", spec, more)
  local built, message = build("object_of", "object", spec, is_named_table)
  if built then
    local map, problem = properties_map(spec)
    local properties, required = nil, problem
    if not problem then
      properties, required = properties_of(map or spec, map and is_string or is_named_table)
    end
    if not properties then
      built, message = nil, required
    elseif next(properties) == nil then
      built, message = nil, 'properties are missing, as in { "...", city = tavus.string "..." }'
    else
      built.properties, built.required = properties, required
    end
  end
  if not built then
    error("tavus.object_of: " .. message, 2)
  end
  return built
end

--- The `parameters` of a tool: every named member is a property.
---@param spec table
---@return table? parameters
---@return string? message
function schema.parameters(spec)
  local properties, required = properties_of(spec, is_string)
  if not properties then
    return nil, required
  end
  return { type = "object", properties = properties, required = required }
end

return schema
