--- The values that patches work on: copied first, and refused where they are not JSON.

local core = require "tavus.core"
local errors = require "tavus.errors"

local type, next = type, next
local is_array, null = core.is_array, core.null

local values = {}

--- Describes a value for a message: "a string", "an object", "null".
---@param value any
---@return string
function values.described(value)
  if value == nil or value == null then
    return value == nil and "nil" or "null"
  elseif type(value) == "table" then
    return is_array(value) and "an array" or "an object"
  end
  return "a " .. type(value)
end

-- LuaJIT has types of its own (cdata), so this lists what is JSON.
local JSON_TYPES = { table = true, string = true, number = true, boolean = true }

--- Whether a value's type is one of JSON. Looks at the value itself and not into it.
---@param value any
---@return boolean
function values.is_json_type(value)
  return JSON_TYPES[type(value)] or value == null or is_array(value) -- cjson.empty_array is a userdata
end

-- Codes of the messages of core.copy, by a word in them.
local STOPS = { { "deep", "depth" }, { "large", "size" }, { "itself", "cycle" } }

local function stop_code(message)
  for _, stop in ipairs(STOPS) do
    if message:find(stop[1], 1, true) then return stop[2] end
  end
  return "value"
end

--- Makes a deep copy that keeps the marks of arrays and objects.
---@param value any
---@return any? copy
---@return tavus.Issue? problem its path is a JSON Pointer in `value`
function values.copy(value)
  local copy, message = core.copy(value)
  if copy == nil then
    return nil, { path = "", code = stop_code(message), message = message, severity = "error" }
  end
  local text, issues = core.encode(copy)
  for _, issue in ipairs(not text and issues or {}) do
    -- A patch may hold any bytes; a request refuses what is not UTF-8.
    if issue.code ~= "utf8" then return nil, issue end
  end
  return copy
end

--- The error of a value that `copy` refuses.
---@param what string what the value is called, e.g. "the document"
---@param problem tavus.Issue from `copy`
---@return tavus.Error
function values.refusal(what, problem)
  return errors.new {
    type = "validation",
    message = ("%s is not JSON%s: %s"):format(what, problem.path == "" and "" or " at " .. problem.path,
      problem.message),
    path = problem.path,
    issues = errors.printable { problem },
  }
end

--- Measures a value.
---@param value any made by `copy`
---@return integer levels of nesting: 0 for a scalar, 1 for an empty table
---@return integer count of values, including itself
function values.measure(value)
  if type(value) ~= "table" then
    return 0, 1
  end
  local deepest, count = 0, 1
  for _, inner in next, value do
    if type(inner) == "table" then
      local levels, held = values.measure(inner)
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

return values
