--- The body of a registered tool, made of an inline one: `tavus.tool.registered(tool, { ... })`, and the method
-- `registered` of the tools that `tavus.tool` makes.

local core = require "tavus.core"

local error, next, type = error, next, type

-- What a registered tool has beside its function.
local MEMBERS = {
  origin = true, on_call = true, static_filler = true, on_resolve = true, delivery = true, trigger_type = true,
  tags = true,
}

local function known(name)
  local near = type(name) == "string" and core.nearest(name, MEMBERS)
  return near and (' (did you mean "%s"?)'):format(near) or ""
end

-- The first error of a body, as a text.
local function flaw(body)
  local ok, issues = core.validate("registered_tool", body)
  if ok then return nil end
  for _, issue in ipairs(issues) do
    if issue.severity == "error" then
      return ("%s: %s%s"):format(issue.path, issue.message, issue.hint and " (" .. issue.hint .. ")" or "")
    end
  end
end

--- Makes the body for `client.tools:create` of an inline tool. Raises at the caller's line for what Tavus refuses.
---@param tool tavus.Tool|table made by tavus.tool, or written by hand
---@param spec tavus.RegisteredToolSpec?
---@return tavus.RegisteredTool
local function registered(tool, spec)
  local its = type(tool) == "table" and (tool["function"] or tool)
  if type(its) ~= "table" or type(its.name) ~= "string" then
    error("registered: wants a tool, as tavus.tool makes it, first", 2)
  elseif spec ~= nil and type(spec) ~= "table" then
    error("registered: wants a table after the tool, not " .. type(spec), 2)
  end
  local body = { name = its.name, description = its.description, parameters = its.parameters }
  for name, value in next, spec or {} do
    if not MEMBERS[name] then
      error(("registered: %s is not a member of a registered tool%s"):format(tostring(name), known(name)), 2)
    end
    body[name] = value
  end
  local copy, message = core.copy(body)
  message = message or flaw(copy)
  if message then error("registered: " .. message, 2) end
  return copy
end

return registered
