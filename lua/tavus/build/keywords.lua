--- JSON Schema keywords: which ones a property type takes, and what each may hold.
--
-- What a keyword may hold is contract data; which type takes it stands here. The builder is stricter than the contract
-- in three points: lists are not empty, numbers are finite, and multipleOf is above 0.

local core = require "tavus.core"
local listed = require("tavus.options").listed

local type, next = type, next
local floor, huge = math.floor, math.huge
local null = core.null

local keywords = {}

-- Keywords of every type, and of one type.
local COMMON = "title description default const examples enum nullable deprecated readOnly writeOnly $comment"
local NUMERIC = COMMON .. " minimum maximum exclusiveMinimum exclusiveMaximum multipleOf format"
local NAMES = {
  string = COMMON .. " minLength maxLength pattern format contentEncoding contentMediaType",
  number = NUMERIC,
  integer = NUMERIC,
  boolean = COMMON,
  enum = COMMON:gsub("enum ", "") .. " values", -- `values` becomes `enum`, and decides the type
  array_of = COMMON .. " items minItems maxItems uniqueItems contains minContains maxContains",
  object_of = COMMON .. " minProperties maxProperties additionalProperties",
}

-- Fields of the contract: by keyword, and the keywords of each type.
local fields, KEYWORDS = {}, {}
for _, field in ipairs(core.contract "json_schema") do fields[field.name] = field end
fields.values = fields.enum
for kind, names in next, NAMES do
  local known = {}
  for name in names:gmatch "%S+" do known[name] = assert(fields[name]) end
  KEYWORDS[kind] = known
end

local function is_number(value)
  return type(value) == "number" and value == value and value > -huge and value < huge
end

-- A sequence with at least one item, and nothing beside its items.
local function is_list(value)
  if type(value) ~= "table" or not core.is_array(value) then return false end
  local count = 0
  for _ in next, value do count = count + 1 end
  for i = 1, count do
    if value[i] == nil then return false end
  end
  return count > 0
end

local function is_object(value) return type(value) == "table" and not core.is_array(value) end

-- The types of the contract in the order of messages: a test, and what is wanted.
local TYPES = {
  { "string", "a string", function(value) return type(value) == "string" end },
  { "integer", "an integer", function(value) return is_number(value) and floor(value) == value end },
  { "number", "a number", is_number },
  { "object", "a property type or a JSON Schema table", is_object },
  { "boolean", "true or false", function(value) return type(value) == "boolean" end },
  { "array", "a list with at least one value and nothing else in it", is_list },
}
local TESTS = {}
for _, row in ipairs(TYPES) do TESTS[row[1]] = row[3] end

local function is_json(value)
  local kind = type(value)
  return kind == "string" or kind == "boolean" or kind == "table" or value == null or is_number(value)
end

-- What a keyword must be, or nil when the value is that.
local function wanted(field, value)
  if field.type == "any" then return not is_json(value) and "a JSON value" or nil end
  local types, words = {}, {}
  for _, name in ipairs(field.types or { field.type }) do types[name] = true end
  for _, row in ipairs(TYPES) do
    if types[row[1]] then
      if row[3](value) then
        if field.minimum and value < field.minimum then return ("%s of %g or more"):format(row[2], field.minimum) end
        if field.name == "multipleOf" and value <= 0 then return row[2] .. " above 0" end
        return nil
      end
      words[#words + 1] = row[2]
    end
  end
  return table.concat(words, " or ")
end

local function described(value)
  if type(value) == "number" then return tostring(value) end
  return type(value) == "table" and next(value) == nil and "an empty table" or "a " .. type(value)
end

-- Where Lua tells 3.0 from 3, a count is written as an integer.
local function whole(value)
  return math.tointeger and math.tointeger(value) or value -- luacheck: ignore 143
end

--- Checks one keyword of a property type.
---@param kind string the type's function: "string", "enum", "array_of", ...
---@param key any
---@param value any
---@return boolean? known
---@return any value as it is to be written, or the message
function keywords.check(kind, key, value)
  local known = KEYWORDS[kind]
  if type(key) ~= "string" then
    return nil, ("only the description has no name, but there is a value at [%s]"):format(tostring(key))
  elseif key == "type" then
    return nil, 'the keyword "type" is set by the function, leave it out'
  elseif not known[key] then
    local other = core.nearest(key, known)
    if other then return nil, ('unknown keyword "%s": did you mean "%s"?'):format(key, other) end
    if key == "required" then
      return nil, 'unknown keyword "required": a property is required unless optional = true'
    end
    return nil, ('unknown keyword "%s" (known are optional, %s)'):format(key, listed(known))
  end
  local problem = wanted(known[key], value)
  if problem then return nil, ('the keyword "%s" must be %s, not %s'):format(key, problem, described(value)) end
  return true, known[key].type == "integer" and whole(value) or value
end

local function is_among(value, list)
  for i = 1, #list do
    if list[i] == value then return true end
  end
  return false
end

--- Checks that the values of `enum`, `default` and `const` have the type that they stand beside, and that the latter
-- two are among the values of `enum`.
---@param schema table
---@param json_type string
---@return boolean? fits
---@return string? message
function keywords.fit(schema, json_type)
  local fits, enum = TESTS[json_type], schema.enum
  if not fits then return true end
  local article = (json_type == "integer" and "an " or "a ") .. json_type
  for i = 1, enum and #enum or 0 do
    if enum[i] ~= null and not fits(enum[i]) then
      return nil, ('the keyword "enum" does not fit: value %d must be %s'):format(i, article)
    end
  end
  for _, key in ipairs { "default", "const" } do
    local value = schema[key]
    if value ~= nil and value ~= null then
      if not fits(value) then
        return nil, ('the keyword "%s" does not fit: it must be %s'):format(key, article)
      elseif enum and not is_among(value, enum) then
        return nil, ('the keyword "%s" is not among the values'):format(key)
      end
    end
  end
  return true
end

keywords.is_number = is_number

return keywords
