--- The sandbox's switches: habits of Tavus that differ between its documents,
-- its generations and what is seen on the wire. Each is a name, the values it
-- can have, and a default that follows the current documents.
-- Steered with `sandbox:set { name = value }`.

local settings = {}

---@class tavus.sandbox.Switch
---@field default any
---@field choices any[]|nil   the values it can have; nil: any value of `type`
---@field type string|nil
---@field meaning string

---@type table<string, tavus.sandbox.Switch>
settings.switches = {
  get_shape = {
    default = "array",
    choices = { "array", "object", "flat" },
    meaning = "GET of one persona answers {data:[x]} (all documents), {data:{x}}, or x itself (seen in all public programs)",
  },
  error_field = {
    default = "error",
    choices = { "error", "message" },
    meaning = "the member that holds the text of a 400",
  },
  patch_answer = {
    default = "object",
    choices = { "object", "message", "empty", "no_content" },
    meaning = "what a PATCH that changed something answers: 200 with the persona, 200 with a message, 200 without a body, 204",
  },
  check_body_first = {
    default = true,
    type = "boolean",
    meaning = "a bad body without a key is a 400 and not a 401",
  },
  unknown_fields = {
    default = "keep",
    choices = { "keep", "refuse" },
    meaning = "members of a body that the contract does not know",
  },
  unknown_choices = {
    default = "keep",
    choices = { "keep", "refuse" },
    meaning = "values that are not among those the contract knows (a retired model, say)",
  },
  mask_secrets = {
    default = true,
    type = "boolean",
    meaning = "api_key members of the layers read as asterisks, and a patch that touches a custom llm must bring its key again",
  },
  max_conversations = {
    default = 0,
    type = "number",
    meaning = "how many conversations may be active at once (0: any number); more is a 400",
  },
  out_of_credits = {
    default = false,
    type = "boolean",
    meaning = "creating a conversation answers 402",
  },
}

--- The names of all switches, sorted.
---@return string[]
function settings.names()
  local names = {}
  for name in pairs(settings.switches) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- A fresh table of all switches at their defaults.
---@return table<string, any>
function settings.defaults()
  local values = {}
  for name, switch in pairs(settings.switches) do values[name] = switch.default end
  return values
end

local function check(name, value)
  local switch = settings.switches[name]
  if not switch then
    return ("there is no switch '%s'; there are: %s"):format(tostring(name), table.concat(settings.names(), ", "))
  end
  if switch.choices then
    for _, choice in ipairs(switch.choices) do
      if choice == value then return nil end
    end
    return ("switch '%s' must be one of %s"):format(name, table.concat(switch.choices, ", "))
  end
  if type(value) ~= switch.type then
    return ("switch '%s' must be a %s"):format(name, switch.type)
  end
  if switch.type == "number" and not (value >= 0 and value < 2 ^ 31 and value == math.floor(value)) then
    return ("switch '%s' must be a whole number of 0 or more"):format(name)
  end
  return nil
end

--- Takes over new values, all or none.
---@param values table<string, any> the switches as they are; changed in place
---@param changes table<string, any>
---@return boolean|nil done
---@return string|nil message what is wrong with the changes
function settings.apply(values, changes)
  for name, value in pairs(changes) do
    local message = check(name, value)
    if message then return nil, message end
  end
  for name, value in pairs(changes) do values[name] = value end
  return true
end

return settings
