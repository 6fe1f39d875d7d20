--- Tools: functions that a persona's model may call.
--
--    local weather = tavus.tool "get_current_weather" {
--      "Get the current weather in a given location",
--      location = tavus.string "The city and state, e.g. San Francisco, CA",
--      unit     = tavus.enum { "The unit to answer in", values = { "celsius", "fahrenheit" }, optional = true },
--    }

local registered = require "tavus.build.registered"
local schema = require "tavus.build.property"

local error, setmetatable, type = error, setmetatable, type

-- The method of a tool. Its members are what JSON has; encoding, comparing and checking look at them alone.
local Tool = { __index = { registered = registered } }

local function kind(value)
  return value == nil and "nil" or "a " .. type(value)
end

-- Letters, digits and "_", 64 at most, no digit first.
local function check_name(name)
  if type(name) ~= "string" then
    if type(name) == "table" and type(name["function"]) == "table" then
      return "the table is a whole tool already: use it as it is"
    elseif type(name) == "table" and type(name.name) == "string" then
      return ('the name comes first, then the description and the arguments: tavus.tool "%s" { "...", '
        .. 'city = tavus.string "..." }'):format(name.name)
    end
    return "the name must be a string, not " .. kind(name)
  elseif #name > 64 then
    return ("the name has %d characters, 64 are allowed"):format(#name)
  elseif not name:find("^[a-zA-Z_][a-zA-Z0-9_]*$") then
    return ('"%s" is not a tool name: use letters, digits and "_", and no digit first'):format(name)
  end
  return nil
end

local function build(name, spec)
  if type(spec) ~= "table" then
    return nil, ('tavus.tool "%s" takes a table, not %s'):format(name, kind(spec))
  elseif spec[1] == nil and type(spec["function"]) == "table" then
    return nil, ('tavus.tool "%s": the table is a whole tool already: use it as it is'):format(name)
  elseif type(spec.description) == "string" then
    return nil, ('tavus.tool "%s": the description comes first, without a name: { "...", ... }'):format(name)
  end
  local description = spec[1]
  if type(description) ~= "string" then
    return nil, ('tavus.tool "%s": the description comes first: %s'):format(name,
      description == nil and "it is missing" or "it must be a string, not " .. kind(description))
  end
  for key in next, spec do
    if key ~= 1 and type(key) ~= "string" then
      return nil, ('tavus.tool "%s": only the description has no name, but there is a value at [%s]'):format(name,
        tostring(key))
    end
  end
  local parameters, message = schema.parameters(spec)
  if not parameters then
    return nil, ('tavus.tool "%s": %s'):format(name, message)
  end
  return setmetatable({
    type = "function",
    ["function"] = {
      name = name,
      description = description,
      parameters = parameters,
    },
  }, Tool)
end

---@alias tavus.ToolSpec table<string|integer, string|tavus.Property|table>

--- Describes a tool. `tavus.tool "name"` returns a function that takes a table: the description first, then properties
--- by name, made by `tavus.string` and the other types or written by hand as JSON Schema. Properties are required
--- unless they are optional.
---
--- Raises at the caller's line for a name that Tavus refuses (letters, digits and `_`, no digit first, at most 64
--- characters), a missing description, and a member that is not a property.
---@param name string
---@return fun(spec: tavus.ToolSpec): tavus.Tool
local function tool(_, name, ...)
  local message = check_name(name)
  if message then
    error("tavus.tool: " .. message, 2)
  elseif select("#", ...) > 0 then
    error(('tavus.tool takes the name alone and the rest after it: tavus.tool "%s" { ... }'):format(name), 2)
  end
  return function(spec)
    local made, problem = build(name, spec)
    if not made then
      error(problem, 2)
    end
    return made
  end
end

return setmetatable({ registered = registered }, { __call = tool })
