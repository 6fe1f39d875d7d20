--- Objectives: the steps that a persona works through.
--
--    local intake = tavus.objectives "intake" {
--      { objective_name = "ask_name", objective_prompt = "Ask for the name.", next_required_objective = "ask_date" },
--      { objective_name = "ask_date", objective_prompt = "Ask for the date of birth." },
--    }

local core = require "tavus.core"

local error, ipairs, type = error, ipairs, type

-- Codes of doubts that are mistakes here: the steps are all known.
local MISTAKES = { chain = true, twice = true }

local function build(name, steps)
  if type(steps) ~= "table" then
    return nil, ('tavus.objectives "%s" takes a list of steps, not %s'):format(name, type(steps))
  end
  local data, message = core.copy(steps)
  if not data then return nil, message end
  if next(data) == nil then return nil, ('tavus.objectives "%s" has no steps'):format(name) end
  local made = { name = name, data = core.array(data) }
  local _, issues = core.validate("objectives", made)
  for _, issue in ipairs(issues) do
    if issue.severity == "error" or MISTAKES[issue.code] then
      return nil, ('tavus.objectives "%s": %s: %s%s'):format(name, issue.path, issue.message,
        issue.hint and " (" .. issue.hint .. ")" or "")
    end
  end
  return made
end

--- Describes objectives. `tavus.objectives "name"` returns a function that takes the list of steps, each as in the API.
--
-- Raises at the caller's line for a step that Tavus refuses, a name that comes twice or that no step has, several first
-- steps, and a cycle. Tavus accepts a cycle, and the call ends soon after its start.
---@param name string
---@return fun(steps: tavus.Objective[]): tavus.ObjectiveSet
local function objectives(name)
  if type(name) ~= "string" then
    error("tavus.objectives: the name must be a string, not " .. type(name), 2)
  end
  return function(steps)
    local made, problem = build(name, steps)
    if not made then error(problem, 2) end
    return made
  end
end

return objectives
