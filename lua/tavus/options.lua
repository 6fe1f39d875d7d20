--- Option tables: unknown names and wrong types raise at the caller's line; a wrong value (a negative time, a word that
-- is not a choice) is an error value.

local core = require "tavus.core"
local errors = require "tavus.errors"
local names = require "tavus.names"

local options = {}

--- The sorted keys of a table as one text, for messages.
---@param known table<string, any>
---@return string
function options.listed(known)
  local list = {}
  for name in pairs(known) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ", ")
end

local function has_type(value, wanted)
  local found = type(value)
  if found == wanted then return true end
  for name in wanted:gmatch "[^|]+" do
    if found == name then return true end
  end
  return false
end

-- What is wrong with the content of a value of the right type, or nil.
local function bad_content(value, rule)
  if type(value) == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "must be a finite number" end
    if rule.integer and value % 1 ~= 0 then return "must be a whole number" end
    if rule.above and value <= rule.above then return "must be more than " .. rule.above end
    if rule.least and value < rule.least then return "must be " .. rule.least .. " or more" end
    if rule.most and value > rule.most then return "must be " .. rule.most .. " or less" end
  end
  local kind = type(value)
  if rule.choices and (kind == "string" or kind == "number") and not rule.choices[value] then
    local near = kind == "string" and core.nearest(value, rule.choices)
    return "must be one of " .. options.listed(rule.choices) .. (near and "; did you mean " .. near .. "?" or "")
  end
  return nil
end

--- Makes the config error for an option or an environment variable.
---@param name string
---@param problem string
---@param hint string?
---@return tavus.Error
function options.bad(name, problem, hint)
  return errors.new { type = "config", code = name, message = name .. " " .. problem, hint = hint }
end

--- Reads a decimal number. Unlike tonumber of Lua 5.1, it ignores the locale.
---@param text string
---@return number?
function options.decimal(text)
  local sign, whole, fraction = text:match "^%s*(%-?)0*(%d+)%.?(%d*)%s*$"
  local value = whole and core.decode(sign .. whole .. (fraction ~= "" and "." .. fraction or ""))
  return type(value) == "number" and value or nil
end

--- Error numbers of io.open without a free descriptor: ENFILE and EMFILE, the same on every system that has them.
options.no_descriptor = { [23] = true, [24] = true }

--- Reads and checks a number from the environment.
---@param name string the variable's name
---@param text string
---@param rule table as in options.check
---@return number?
---@return tavus.Error?
function options.number_from(name, text, rule)
  local value = options.decimal(text)
  if not value then
    return nil, options.bad(name, "is not a number: " .. ("%q"):format(text:sub(1, 40)),
      "unset it, or set it to a number")
  end
  local problem = bad_content(value, rule)
  if problem then return nil, options.bad(name, problem) end
  return value
end

--- The hint for an unknown name: the nearest known one, or all of them.
---@param name any
---@param known table<string, any>
---@return string
function options.meant(name, known)
  local near = type(name) == "string" and (names.option(name, known) or core.nearest(name, known))
  return near and "did you mean " .. near .. "?" or "known are " .. options.listed(known)
end

--- Finds the first fault of a table of options.
---@param given any
---@param rules table<string, table> name -> { type = "number|string", above, least, most, integer, choices }
---@param what string the function's name for messages, e.g. "tavus.new"
---@return string? message
---@return tavus.Error? err for a wrong value; nil for an unknown name or a wrong type
function options.flaw(given, rules, what)
  if type(given) ~= "table" then return ("%s: options must be a table, not %s"):format(what, type(given)) end
  for name, value in pairs(given) do
    local rule = rules[name]
    if not rule then
      local text = type(name) == "string" and ("%q"):format(name) or tostring(name)
      return ("%s: unknown option %s (%s)"):format(what, text, options.meant(name, rules))
    end
    if not has_type(value, rule.type) then
      return ("%s: option %s must be a %s, not %s"):format(what, name, (rule.type:gsub("|", " or ")), type(value))
    end
  end
  for name, value in pairs(given) do
    local problem = bad_content(value, rules[name])
    if problem then return name .. " " .. problem, options.bad(name, problem) end
  end
  return nil
end

--- Checks a table of options.
---@param given table?
---@param rules table<string, table> as in options.flaw
---@param what string as in options.flaw
---@param level integer level of the line to blame, as `error` takes it, seen from the caller
---@return boolean? fine true, or nil for a wrong value
---@return tavus.Error?
function options.check(given, rules, what, level)
  if given == nil then return true end
  local message, bad = options.flaw(given, rules, what)
  if bad then return nil, bad end
  if message then error(message, level + 1) end
  return true
end

--- The rule of a number of seconds.
options.seconds = { type = "number", above = 0, most = 1e6 }
--- The rule of a number of repeats.
options.retries = { type = "number", integer = true, least = 0, most = 100 }

--- The rules of the options that every call takes.
options.call = {
  timeout = options.seconds,
  deadline = options.seconds,
  retries = options.retries,
  headers = { type = "table" },
  query = { type = "table" },
  strict = { type = "boolean" },
}

--- The rules of `options.call`, and further ones.
---@param more table<string, table>
---@return table<string, table>
function options.call_and(more)
  local rules = {}
  for name, rule in pairs(options.call) do rules[name] = rule end
  for name, rule in pairs(more) do rules[name] = rule end
  return rules
end

return options
