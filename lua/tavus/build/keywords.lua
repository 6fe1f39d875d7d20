--- JSON Schema keywords: which ones a property type knows, and what each may hold.

local core = require "tavus.core"
local listed = require("tavus.options").listed

local type, next = type, next
local floor, huge = math.floor, math.huge
local null = core.null

local keywords = {}

-- What JSON calls a number: neither infinite nor NaN.
local function is_number(value)
  return type(value) == "number" and value == value and value > -huge and value < huge
end

-- A sequence with at least one item, and nothing beside its items.
local function is_list(value)
  if type(value) ~= "table" or not core.is_array(value) then
    return false
  end
  local count = 0
  for _ in next, value do
    count = count + 1
  end
  for i = 1, count do
    if value[i] == nil then
      return false
    end
  end
  return count > 0
end

local CHECKS = {
  string = function(value) return type(value) == "string" end,
  boolean = function(value) return type(value) == "boolean" end,
  number = is_number,
  positive = function(value) return is_number(value) and value > 0 end,
  count = function(value) return is_number(value) and value >= 0 and floor(value) == value end,
  list = is_list,
  schema = function(value) return type(value) == "table" and not core.is_array(value) end,
  any = function(value)
    local kind = type(value)
    return kind == "string" or kind == "boolean" or kind == "table" or value == null or is_number(value)
  end,
}

local WANTED = {
  string = "a string",
  boolean = "true or false",
  number = "a number",
  positive = "a number above 0",
  count = "an integer of 0 or more",
  list = "a list with at least one value and nothing else in it",
  schema = "a property type or a JSON Schema table",
  any = "a JSON value",
}

local function known(own)
  local all = {
    title = "string", description = "string", default = "any", const = "any", examples = "list", enum = "list",
    nullable = "boolean", deprecated = "boolean", readOnly = "boolean", writeOnly = "boolean", ["$comment"] = "string",
  }
  for name, check in next, own do
    all[name] = check
  end
  return all
end

local numeric = known {
  minimum = "number", maximum = "number", exclusiveMinimum = "number", exclusiveMaximum = "number",
  multipleOf = "positive", format = "string",
}

local KEYWORDS = {
  string = known {
    minLength = "count", maxLength = "count", pattern = "string", format = "string",
    contentEncoding = "string", contentMediaType = "string",
  },
  number = numeric,
  integer = numeric,
  boolean = known {},
  enum = known { values = "list" },
  array_of = known {
    items = "schema", minItems = "count", maxItems = "count", uniqueItems = "boolean", contains = "schema",
    minContains = "count", maxContains = "count",
  },
  object_of = known {
    minProperties = "count", maxProperties = "count", additionalProperties = "boolean",
  },
}
-- An enum's values are given as `values`, and decide its type.
KEYWORDS.enum.enum = nil

-- The values that `default` and `const` may have, by type.
local FITS = {
  string = CHECKS.string,
  number = is_number,
  integer = function(value) return is_number(value) and floor(value) == value end,
  boolean = CHECKS.boolean,
}

-- Where Lua tells 3.0 from 3, a count is written as an integer.
local function whole(value)
  return math.tointeger and math.tointeger(value) or value -- luacheck: ignore 143
end

--- Check one keyword of a property type.
---@param kind string the type's function: "string", "enum", "array_of", ...
---@param key any
---@param value any
---@return boolean? known
---@return any value as it is to be written, or the message
function keywords.check(kind, key, value)
  local wanted = KEYWORDS[kind][key]
  if type(key) ~= "string" then
    return nil, ("only the description has no name, but there is a value at [%s]"):format(tostring(key))
  elseif key == "type" then
    return nil, 'the keyword "type" is not for you to give: the function says it'
  elseif not wanted then
    local other = core.nearest(key, KEYWORDS[kind])
    if other then
      return nil, ('unknown keyword "%s": did you mean "%s"?'):format(key, other)
    end
    if key == "required" then
      return nil, 'unknown keyword "required": a property is required unless optional = true'
    end
    return nil, ('unknown keyword "%s" (known are optional, %s)'):format(key, listed(KEYWORDS[kind]))
  elseif not CHECKS[wanted](value) then
    return nil, ('the keyword "%s" must be %s, not %s'):format(key, WANTED[wanted],
      type(value) == "number" and tostring(value) or type(value) == "table" and next(value) == nil and "an empty table"
        or "a " .. type(value))
  end
  return true, wanted == "count" and whole(value) or value
end

local function among(value, list)
  for i = 1, #list do
    if list[i] == value then
      return true
    end
  end
  return false
end

--- Check that the values of `enum`, and `default` and `const`, are of the type they stand
--- beside, and that the latter two are among the former.
---@param schema table
---@param json_type string
---@return boolean? fits
---@return string? message
function keywords.fit(schema, json_type)
  local fits, enum = FITS[json_type], schema.enum
  if not fits then
    return true
  end
  local wanted = (json_type == "integer" and "an " or "a ") .. json_type
  for i = 1, enum and #enum or 0 do
    if enum[i] ~= null and not fits(enum[i]) then
      return nil, ('the keyword "enum" does not fit: value %d must be %s'):format(i, wanted)
    end
  end
  for _, key in ipairs { "default", "const" } do
    local value = schema[key]
    if value ~= nil and value ~= null then
      if not fits(value) then
        return nil, ('the keyword "%s" does not fit: it must be %s'):format(key, wanted)
      elseif enum and not among(value, enum) then
        return nil, ('the keyword "%s" is none of the values'):format(key)
      end
    end
  end
  return true
end

keywords.is_number = is_number

return keywords
