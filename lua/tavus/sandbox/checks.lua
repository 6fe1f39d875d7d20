--- Checks a body against the contract. The switches decide what happens to a body
-- that does not fit.

local core = require "tavus.core"
local generations = require "tavus.sandbox.generations"
local pointer = require "tavus.patch.pointer"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local checks = {}

--- Tavus' text about a custom llm that is incomplete.
checks.CUSTOM_LLM = "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm."

local OF_CUSTOM_LLM = { ["/layers/llm/base_url"] = true, ["/layers/llm/api_key"] = true }

local TOOL = "^/layers/[^/]+/[%w_]*tools/%d+"

-- Places in a body that Tavus refuses, although the check only warns.
local REFUSED = {
  persona = { ["/layers/stt/stt_engine"] = "choice" },
  conversation = { ["/properties/language"] = "value", ["/max_participants"] = "range" },
}

-- A target for recordings in S3 that is not whole.
for _, name in ipairs {
  "recording_s3_bucket_name", "recording_s3_bucket_region", "aws_assume_role_arn", "recording_storage/bucket_name",
  "recording_storage/bucket_region", "recording_storage/assume_role_arn",
} do
  REFUSED.conversation["/properties/" .. name] = "required"
end

-- Removes the member at a pointer.
local function drop(value, path)
  local tokens = pointer.parse(path)
  local node = value
  for i = 1, #tokens - 1 do
    local token = tokens[i]
    node = node[core.is_array(node) and pointer.position(token) or token]
  end
  node[tokens[#tokens]] = nil
end

local function has_layers(kind, value)
  return kind == "persona" and type(value) == "table" and value.layers ~= nil
end

-- Whether a tool is among the reasons why a persona does not fit.
local function blames_tool(list)
  for _, issue in ipairs(list) do
    if issue.severity == "error" and issue.path:find(TOOL) then return true end
  end
  return false
end

-- The model of an llm that Tavus hosts; nil for a custom llm.
local function hosted_model(kind, value)
  local llm = has_layers(kind, value) and views.layer(value, "llm")
  return llm and not views.is_text(llm.base_url) and llm.model or nil
end

local function is_refused(settings, kind, issue)
  local refused = REFUSED[kind] or {}
  if issue.severity == "error" or issue.code == "later_choice" then return true end
  if issue.code == "choice" then
    local seen = settings.unknown_choices == "refuse_seen" and refused[issue.path] == "choice"
    return seen or settings.unknown_choices == "refuse"
  end
  if issue.code ~= "unknown_field" then return refused[issue.path] == issue.code end
  if settings.unknown_fields ~= "keep" then return settings.unknown_fields == "refuse" end
  return kind == "conversation" and issue.path:find "^/properties/" and settings.unknown_properties == "refuse"
end

-- Adds the issues that are reasons to refuse to `found`; drops unknown members if the
-- switch says so.
local function sift(settings, kind, value, issues, found)
  for _, issue in ipairs(issues) do
    if is_refused(settings, kind, issue) then
      found[#found + 1] = issue
    elseif issue.code == "unknown_field" and settings.unknown_fields == "drop" then
      drop(value, issue.path)
    end
  end
end

-- The issues of a value, an empty list if it fits.
local function all_issues(settings, kind, value)
  local found = {}
  sift(settings, kind, value, generations.later(settings.generation, kind, value), found)
  local done, list = core.validate(kind, value)
  if not done and settings.bad_tool == "drop_layers" and has_layers(kind, value) and blames_tool(list) then
    value.layers = nil
    return all_issues(settings, kind, value) -- without the issues of the dropped layers
  end
  sift(settings, kind, value, list, found)
  if settings.retired_model ~= "" and hosted_model(kind, value) == settings.retired_model then
    local message = ("model %s is not available"):format(settings.retired_model)
    found[#found + 1] = { path = "/layers/llm/model", message = message }
  end
  return found
end

local function known(settings, kind, before)
  local old = {}
  for _, issue in ipairs(all_issues(settings, kind, before)) do old[issue.path .. "\0" .. issue.message] = true end
  return old
end

--- Finds the issues of a value under the switches.
---@param settings table<string, any>
---@param kind string  a kind of the contract
---@param value any  the switches may take members out of it
---@param before table?  a copy of what was stored; nil: everything is new
---@return table[] issues  empty if the value fits
function checks.issues(settings, kind, value, before)
  local found = all_issues(settings, kind, value)
  if #found == 0 or before == nil or settings.check_whole then return found end
  local old, new = known(settings, kind, before), {}
  for _, issue in ipairs(found) do
    if not old[issue.path .. "\0" .. issue.message] then new[#new + 1] = issue end
  end
  return new
end

--- The text of a refusal: the schema's, or that about the custom llm if nothing else
-- is wrong.
---@param issues table[]  at least one
---@return string
function checks.text(issues)
  for _, issue in ipairs(issues) do
    if issue.code ~= "required" or not OF_CUSTOM_LLM[issue.path] then return reply.bad_request_text(issues) end
  end
  return checks.CUSTOM_LLM
end

return checks
