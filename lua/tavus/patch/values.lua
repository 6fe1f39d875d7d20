--- The values that patches work on: copied first, and refused where they are no JSON.

local core = require "tavus.core"
local errors = require "tavus.errors"

local type, next, huge = type, next, math.huge
local is_array, null = core.is_array, core.null
local escape = require("tavus.patch.pointer").escape

local patch_value = {}

--- What a value is, for a message: "a string", "an object", "null".
---@param value any
---@return string
function patch_value.described(value)
  if value == nil or value == null then
    return value == nil and "nil" or "null"
  elseif type(value) == "table" then
    return is_array(value) and "an array" or "an object"
  end
  return "a " .. type(value)
end

-- cjson has a value that is no table and stands for an empty array.
local function is_empty_array(value)
  return type(value) == "userdata" and value ~= null and is_array(value)
end

-- A list of what is JSON and not of what is none: LuaJIT adds a kind of its own, cdata.
local SCALARS = { string = true, number = true, boolean = true }

--- Whether a value's kind is one that JSON has. Looks at the value itself and not into it.
---@param value any
---@return boolean
function patch_value.is_json_kind(value)
  local kind = type(value)
  return kind == "table" or SCALARS[kind] or value == null or is_empty_array(value)
end

local function scalar_flaw(value)
  local kind = type(value)
  if kind == "number" and (value ~= value or value == huge or value == -huge) then
    return "number", "NaN and infinity are no JSON numbers", ""
  elseif not SCALARS[kind] and value ~= null then
    return "value", ("a %s is no JSON value"):format(kind), ""
  end
  return nil
end

-- What keeps a value from being JSON, and where: code, message, JSON Pointer. The value is a copy and finite.
local function flaw(value)
  if type(value) ~= "table" then
    return scalar_flaw(value)
  end
  local array, count = is_array(value), 0
  for key, inner in next, value do
    if type(key) ~= (array and "number" or "string") then
      return array and "mixed" or "key",
        array and "an array has a member beside its items" or ("a member's name is a %s"):format(type(key)), ""
    end
    count = count + 1
    if is_empty_array(inner) then
      inner = core.array {}
      value[key] = inner
    end
    local code, message, place = flaw(inner)
    if code then
      return code, message, "/" .. (array and key - 1 or escape(key)) .. place
    end
  end
  if array and count ~= #value then
    return "sparse", "an array has holes (tavus.null stands for null)", ""
  end
  return nil
end

-- What stops core.copy, by a word of its message.
local STOPS = { { "deep", "depth" }, { "large", "size" }, { "itself", "cycle" } }

local function stop_code(message)
  for _, stop in ipairs(STOPS) do
    if message:find(stop[1], 1, true) then
      return stop[2]
    end
  end
  return "value"
end

--- A deep copy that keeps the marks of arrays and objects.
---@param value any
---@return any? copy
---@return { path: string, code: string, message: string }? problem `path` is a JSON Pointer in `value`
function patch_value.copy(value)
  if is_empty_array(value) then
    return core.array {}
  end
  local copy, message = core.copy(value)
  if copy == nil then
    return nil, { path = "", code = stop_code(message), message = message }
  end
  local code, place
  code, message, place = flaw(copy)
  if code then
    return nil, { path = place, code = code, message = message }
  end
  return copy
end

--- The error of a value that `copy` refuses.
---@param what string what the value is called, e.g. "the document"
---@param problem { path: string, code: string, message: string } as `copy` tells it
---@return tavus.Error
function patch_value.refusal(what, problem)
  return errors.new {
    type = "validation",
    message = ("%s is no JSON%s: %s"):format(what, problem.path == "" and "" or " at " .. problem.path, problem.message),
    path = problem.path,
    issues = { { path = problem.path, code = problem.code, message = problem.message, severity = "error" } },
  }
end

--- How deep a value is and how much it holds.
---@param value any a value that `copy` has made
---@return integer levels of nesting: 0 for a scalar, 1 for an empty table
---@return integer count of values, itself among them
function patch_value.measure(value)
  if type(value) ~= "table" then
    return 0, 1
  end
  local deepest, count = 0, 1
  for _, inner in next, value do
    if type(inner) == "table" then
      local levels, held = patch_value.measure(inner)
      count = count + held
      if levels > deepest then
        deepest = levels
      end
    else
      count = count + 1
    end
  end
  return deepest + 1, count
end

return patch_value
