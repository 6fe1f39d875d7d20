--- The sandbox's switches: habits of Tavus that differ between its documents,
-- its generations and what is seen on the wire. Each is a name, the values it
-- can have, and a default that follows the current documents; a profile sets
-- several at once for another generation.
-- Steered with `sandbox:set { name = value }`.

local listed = require("tavus.options").listed
local about = require "tavus.sandbox.values"
local is_whole, unknown = about.is_whole, about.unknown

local settings = {}

--- What switches are about.
---@type string[]
settings.groups = { "reading", "lists", "writing", "patching", "refusing" }

---@class tavus.sandbox.Switch
---@field group string
---@field default any
---@field choices any[]|nil   the values it can have; nil: any of the default's type
---@field low number|nil      the least a number can be (default 0)
---@field paths boolean|nil   a text of JSON Pointers, separated by commas
---@field meaning string

---@type table<string, tavus.sandbox.Switch>
settings.switches = {
  get_shape = {
    group = "reading",
    default = "array",
    choices = { "array", "object", "flat" },
    meaning = "GET of one persona answers {data:[x]} (all documents), {data:{x}}, or x itself (seen in all public programs)",
  },
  error_field = {
    group = "refusing",
    default = "error",
    choices = { "error", "message", "message_on_patch" },
    meaning = "the member that holds the text of a 400: error (the documents), message, or message for a PATCH only (seen live)",
  },
  request_ids = {
    group = "reading",
    default = true,
    meaning = "answers carry an x-request-id, which helps to find them and is in none of Tavus' documents",
  },
  patch_answer = {
    group = "patching",
    default = "object",
    choices = { "object", "as_read", "message", "empty", "no_content" },
    meaning = "what a PATCH that changed something answers: 200 with the persona, the same wrapped as in a GET, 200 with a "
      .. "message, 200 without a body, 204",
  },
  nothing_changed = {
    group = "patching",
    default = "empty",
    choices = { "empty", "message", "body" },
    meaning = "what a PATCH that changes nothing answers: 304 and no more (seen on the wire), 304 announced with the type and "
      .. "length of the message in the documents (HTTP sends no body with a 304), or that message really sent after it",
  },
  misfit_status = {
    group = "patching",
    default = 400,
    choices = { 400, 422 },
    meaning = "the status where an operation of a PATCH does not fit the persona as it is",
  },
  missing_parent = {
    group = "patching",
    default = "refuse",
    choices = { "refuse", "create" },
    meaning = "an operation that adds a member to an object that is not there: refused, or the object is made",
  },
  patch_ops = {
    group = "patching",
    default = "all",
    choices = { "all", "basic" },
    meaning = "the operations that a PATCH may hold: all six of JSON Patch, or add, replace and remove, others being a 422",
  },
  frozen_paths = {
    group = "patching",
    default = "",
    paths = true,
    meaning = "places that no operation of a PATCH may name, separated by commas; * stands for anything, as in "
      .. "/guardrail_ids*,/layers/llm (a whole layer; its members can be changed)",
  },
  frozen_answer = {
    group = "patching",
    default = "refuse",
    choices = { "refuse", "ignore" },
    meaning = "a PATCH with an operation on one of frozen_paths: refused, or the operation has no effect and nobody is told",
  },
  model_patch = {
    group = "patching",
    default = "plain",
    choices = { "plain", "drops_llm" },
    meaning = "a PATCH of /layers/llm/model changes that, or the other members of the layer are gone with it (seen once)",
  },
  check_whole = {
    group = "patching",
    default = true,
    meaning = "a PATCH is refused for whatever is wrong with the persona; false: only for what was not wrong before it",
  },
  retired_model = {
    group = "patching",
    default = "",
    meaning = "a hosted model of the llm layer that is no longer served: refused, also where a persona has had it before (empty: none)",
  },
  bad_tool = {
    group = "writing",
    default = "refuse",
    choices = { "refuse", "drop_layers" },
    meaning = "a persona with a tool that breaks the contract: a 400, or it is stored without its layers and nobody is told",
  },
  flow_defaults = {
    group = "writing",
    default = true,
    meaning = "once a member of layers.conversational_flow is set, the others that the generation knows are filled in",
  },
  maker_changes = {
    group = "patching",
    default = false,
    meaning = "each persona has an unpushed draft of the builder (until it is published or dropped)",
  },
  draft_patches = {
    group = "patching",
    default = "conflict",
    choices = { "conflict", "draft" },
    meaning = "what a PATCH of a persona with a draft (maker_changes) does: a 409 until one with ?force=true has dropped the draft, or it "
      .. "changes the draft (which ?source=draft reads) and not the persona, unless it has ?target=live",
  },
  timestamps = {
    group = "reading",
    default = "zone",
    choices = { "zone", "no_zone", "empty", "mixed" },
    meaning = "times of a persona: with Z, without a zone, empty strings, or the three in turn",
  },
  stock_personas = {
    group = "reading",
    default = true,
    meaning = "there are stock (system) personas, which can be read and not changed",
  },
  create_only_fields = {
    group = "reading",
    default = "shown",
    choices = { "shown", "hidden" },
    meaning = "members that the official description lists for creating a persona and not for reading one: read nevertheless "
      .. "(seen live), or hidden. They are context, pipeline_mode, objectives_id, guardrails_id, the llm's speculative_inference, "
      .. "the conversational_flow, and in a list the llm's headers and extra_body",
  },
  llm_defaults = {
    group = "reading",
    default = true,
    meaning = "members of the llm layer that equal the default (model tavus-gemma-4, speculative_inference true) are read; "
      .. "false: they are left out",
  },
  list_names = {
    group = "lists",
    default = "persona",
    choices = { "persona", "pal", "mixed" },
    meaning = "rows of a list go by the names of /v2/personas, by the newer ones of /v2/pals (pal_id, face_id), or by either in turn",
  },
  pals = {
    group = "reading",
    default = true,
    meaning = "personas are at /v2/pals too, under their newer names",
  },
  hidden_rows = {
    group = "lists",
    default = 0,
    meaning = "how many rows total_count counts beyond those that can be reached",
  },
  empty_page = {
    group = "lists",
    default = 0,
    meaning = "the number of a page of every list that is empty, its rows coming on the next one (0: none)",
  },
  rate_limit = {
    group = "refusing",
    default = 0,
    meaning = "how many requests are served in a window of time (0: any number); more are a 429",
  },
  rate_window_ms = {
    group = "refusing",
    default = 1000,
    low = 1,
    meaning = "the length of that window, in milliseconds",
  },
  retry_after = {
    group = "refusing",
    default = "none",
    choices = { "none", "seconds", "date", "ms" },
    meaning = "what a 429 says about when to come again: nothing, Retry-After in seconds, Retry-After as a date, retry-after-ms",
  },
  check_body_first = {
    group = "refusing",
    default = true,
    meaning = "a bad body without a key is a 400 and not a 401",
  },
  generation = {
    group = "writing",
    default = 4,
    choices = { 1, 2, 3, 4 },
    meaning = "whose members and choices are known: 1 is mid 2025, 2 the winter after it, 3 the first half of 2026, 4 what came "
      .. "since. A choice that came later is a 400, a member that came later is unknown (see unknown_fields)",
  },
  unknown_fields = {
    group = "writing",
    default = "keep",
    choices = { "keep", "drop", "refuse" },
    meaning = "members of a body that the contract does not know: stored, left out without a word, or a 400",
  },
  unknown_properties = {
    group = "writing",
    default = "refuse",
    choices = { "refuse", "keep" },
    meaning = "members of a conversation's properties that the contract does not know, where unknown_fields keeps such: "
      .. "a 400 (seen live), or taken",
  },
  unknown_choices = {
    group = "writing",
    default = "refuse_seen",
    choices = { "refuse_seen", "keep", "refuse" },
    meaning = "values that are not among those the contract knows: a 400 where Tavus was seen to refuse one (an stt_engine) and stored "
      .. "elsewhere, stored anywhere, or a 400 anywhere",
  },
  mask_secrets = {
    group = "patching",
    default = true,
    meaning = "api_key members of the layers read as asterisks, and a patch that touches a custom llm must bring its key again",
  },
  max_conversations = {
    group = "refusing",
    default = 0,
    meaning = "how many conversations may be active at once (0: any number); more is a 400",
  },
  out_of_credits = {
    group = "refusing",
    default = false,
    meaning = "creating a conversation answers 402",
  },
}

--- Generations of Tavus: the switches in which each differs from the defaults.
---@type table<string, table<string, any>>
settings.profiles = {
  current = {},
  -- Before there were /v2/pals and the conversational flow, keys were masked, and bodies were seen to be checked first.
  ["2025"] = { check_body_first = false, flow_defaults = false, generation = 1, mask_secrets = false, pals = false },
}

--- The names of all switches, or of those in a group, sorted.
---@param group string|nil
---@return string[]
function settings.names(group)
  local names = {}
  for name, switch in pairs(settings.switches) do
    if group == nil or switch.group == group then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- What a profile changes.
---@param name string
---@return table<string, any>|nil changes a fresh table
---@return string|nil message where there is no such profile
function settings.profile(name)
  local profile = settings.profiles[name]
  if not profile then
    return nil, ("there is no profile '%s'; there are: %s"):format(name, listed(settings.profiles))
  end
  local changes = {}
  for switch, value in pairs(profile) do changes[switch] = value end
  return changes
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
  if not switch then return unknown("there is no switch '%s'", name, settings.switches) end
  if switch.choices then
    for _, choice in ipairs(switch.choices) do
      if choice == value then return nil end
    end
    return ("switch '%s' must be one of %s"):format(name, table.concat(switch.choices, ", "))
  end
  local wanted = type(switch.default)
  if type(value) ~= wanted then return ("switch '%s' must be a %s"):format(name, wanted) end
  local low = switch.low or 0
  if wanted == "number" and not is_whole(value, low, 2147483647) then
    return ("switch '%s' must be a whole number of %d or more"):format(name, low)
  end
  if wanted == "string" and value:find "[^\32-\126]" then
    return ("switch '%s' must be plain ASCII"):format(name)
  end
  if switch.paths and ("," .. value):find ",[^/]" then
    return ("switch '%s' must be paths that begin with /, separated by commas"):format(name)
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
  -- A 3.0 of JSON's is a 3, also in what is counted with it.
  for name, value in pairs(changes) do values[name] = type(value) == "number" and math.floor(value) or value end
  return true
end

return settings
