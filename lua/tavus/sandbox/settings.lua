--- The sandbox's switches: habits of Tavus that differ between its documents, its
-- generations and what is seen on the wire. Each has a name, the values it can have,
-- and a default that follows the current documents; a profile sets several at once for
-- another generation.

local options = require "tavus.options"

local settings = {}

--- The groups of switches.
---@type string[]
settings.groups = { "reading", "lists", "writing", "patching", "refusing", "states" }

---@class tavus.sandbox.Switch
---@field group string
---@field default any
---@field choices any[]?  the values it can have; nil: any of the default's type
---@field low number?     the least a number can be (default 0)
---@field paths boolean?  a text of JSON Pointers, separated by commas
---@field meaning string

---@type table<string, table<string, tavus.sandbox.Switch>>
local BY_GROUP = {
  reading = {
    get_shape = { default = "array", choices = { "array", "object", "flat" },
      meaning = "GET of one persona answers {data:[x]} (all documents), {data:{x}}, or x itself (seen in all "
        .. "public programs)" },
    request_ids = { default = true,
      meaning = "answers carry an x-request-id, which Tavus' documents do not mention" },
    set_shape = { default = "array", choices = { "array", "object", "row" },
      meaning = "GET of objectives or of a set of guardrails answers {data:[item, ...]} (seen live), {data:item} (the "
        .. "official description), or the whole row" },
    timestamps = { default = "zone", choices = { "zone", "no_zone", "empty", "mixed" },
      meaning = "times of a persona: with Z, without a zone, empty strings, or the three in turn" },
    stock_personas = { default = true,
      meaning = "stock (system) personas exist, which can be read and not changed" },
    create_only_fields = { default = "shown", choices = { "shown", "hidden" },
      meaning = "members that the official description has for creating a persona and not for reading one: shown "
        .. "(seen live), or hidden. They are context, pipeline_mode, objectives_id, guardrails_id, the llm's "
        .. "speculative_inference, the conversational_flow, and in a list the llm's headers and extra_body" },
    llm_defaults = { default = true,
      meaning = "members of the llm layer that equal the default (model tavus-gemma-4, speculative_inference true) are "
        .. "shown; false: they are left out" },
    pals = { default = true,
      meaning = "personas are at /v2/pals too, under their newer names" },
  },
  lists = {
    attached_tools = { default = "data", choices = { "data", "tools", "array" },
      meaning = "the tools of a persona are in data (the documents), in tools, or a bare array (seen live)" },
    list_names = { default = "persona", choices = { "persona", "pal", "mixed" },
      meaning = "rows of a list have the names of /v2/personas, the newer ones of /v2/pals (pal_id, face_id), or "
        .. "both in turn" },
    first_page = { default = 1, choices = { 0, 1 },
      meaning = "the number of the first page of lists whose documents do not tell it: replicas, tools, deployments, "
        .. "speeches" },
    guardrail_lists = { default = "all", choices = { "all", "sets" },
      meaning = "a list of guardrails without ?legacy has guardrails and sets, or sets only (the documents)" },
    hidden_rows = { default = 0,
      meaning = "how many rows total_count counts beyond those that can be listed" },
    empty_page = { default = 0,
      meaning = "the number of a page that is empty in every list; its rows come on the next page (0: none)" },
  },
  writing = {
    bad_tool = { default = "refuse", choices = { "refuse", "drop_layers" },
      meaning = "a persona with a tool that breaks the contract: a 400, or its layers are silently dropped" },
    flow_defaults = { default = true,
      meaning = "when a member of layers.conversational_flow is set, the others that the generation knows are filled "
        .. "in" },
    generation = { default = 5, choices = { 1, 2, 3, 4, 5 },
      meaning = "the generation of Tavus whose members and choices are known: 1 is mid 2025, 2 the winter after it, "
        .. "3 the first half of 2026, 4 its summer, 5 the latest. A later choice is a 400, a later member is unknown "
        .. "(see unknown_fields)" },
    stored_names = { default = "kept", choices = { "kept", "plain" },
      meaning = "a name that is created or patched is stored as it is, or without punctuation: \"Coach (chess)\" "
        .. "becomes \"Coach chess \" (seen live)" },
    unknown_ids = { default = "refuse_seen", choices = { "refuse_seen", "refuse" },
      meaning = "the ids of other rows in a body (guardrails, objectives, documents, voices, dictionaries, faces): a "
        .. "400 for a face's that does not look like one (seen live), or for every id that is not stored here" },
    unknown_fields = { default = "keep", choices = { "keep", "drop", "refuse" },
      meaning = "members of a body that the contract does not know: stored, silently left out, or a 400" },
    unknown_properties = { default = "refuse", choices = { "refuse", "keep" },
      meaning = "members of a conversation's properties that the contract does not know, if unknown_fields keeps them: "
        .. "a 400 (seen live), or accepted" },
    unknown_choices = { default = "refuse_seen", choices = { "refuse_seen", "keep", "refuse" },
      meaning = "values that are not among those the contract knows: a 400 where Tavus was seen to refuse one (an "
        .. "stt_engine) and stored elsewhere, stored everywhere, or a 400 everywhere" },
  },
  patching = {
    patch_answer = { default = "object", choices = { "object", "as_read", "message", "empty", "no_content" },
      meaning = "the answer to a PATCH that changed something: 200 with the persona, the same wrapped as in a GET, "
        .. "200 with a message, 200 without a body, 204" },
    nothing_changed = { default = "empty", choices = { "empty", "message", "body" },
      meaning = "the answer to a PATCH that changes nothing: an empty 304 (seen on the wire), a 304 with the type and "
        .. "length of the documents' message but without a body (as HTTP wants it), or with that message really sent" },
    misfit_status = { default = 400, choices = { 400, 422 },
      meaning = "the status when an operation of a PATCH does not fit the persona" },
    missing_parent = { default = "refuse", choices = { "refuse", "create" },
      meaning = "an operation that adds a member to a missing object: refused, or the object is made" },
    patch_ops = { default = "all", choices = { "all", "basic" },
      meaning = "the operations that a PATCH may have: all six of JSON Patch, or add, replace and remove (others "
        .. "are a 422)" },
    frozen_paths = { default = "", paths = true,
      meaning = "paths that an operation of a PATCH must not name, separated by commas; * matches anything, as in "
        .. "/guardrail_ids*,/layers/llm (a whole layer; its members can be changed)" },
    frozen_answer = { default = "refuse", choices = { "refuse", "ignore" },
      meaning = "a PATCH with an operation on one of frozen_paths: refused, or the operation is silently ignored" },
    model_patch = { default = "plain", choices = { "plain", "drops_llm" },
      meaning = "a PATCH of /layers/llm/model changes the model only, or also drops the layer's other members "
        .. "(seen once)" },
    check_whole = { default = true,
      meaning = "a PATCH is refused for anything wrong with the persona; false: only for what was not wrong before" },
    probe_llm = { default = false,
      meaning = "a custom llm on loopback is asked before a persona with it is created or patched, and must answer "
        .. "with a 2xx (Tavus asks at any address)" },
    retired_model = { default = "",
      meaning = "a hosted model of the llm layer that is no longer served: refused, also in a stored persona "
        .. "(empty: none)" },
    maker_changes = { default = false,
      meaning = "each persona has an unpublished draft of the builder (until it is published or dropped)" },
    draft_patches = { default = "conflict", choices = { "conflict", "draft" },
      meaning = "a PATCH of a persona with a draft (maker_changes): a 409 until ?force=true drops the draft, or "
        .. "it changes "
        .. "the draft (which ?source=draft reads) and not the persona, unless it has ?target=live" },
    mask_secrets = { default = true,
      meaning = "api_key members of the layers read as asterisks, and a patch of a custom llm must bring its key "
        .. "again" },
  },
  refusing = {
    error_field = { default = "error", choices = { "error", "message", "message_on_patch" },
      meaning = "the member with the text of a 400: error (the documents), message, or message for a PATCH only "
        .. "(seen live)" },
    crawl_quota = { default = 100,
      meaning = "how many documents may be web sites that are crawled (0: any number); more is a 429" },
    missing_ids = { default = "documented", choices = { "documented", "400", "404" },
      meaning = "an unknown id: a 400 or a 404 by the resource, as the documents say; a 400 everywhere; a 404 "
        .. "everywhere (seen live in October 2026)" },
    missing_skill = { default = "",
      meaning = "the id of a skill that the account lacks: attaching it is a 403 (empty: none)" },
    rate_limit = { default = 0,
      meaning = "how many requests are served in a window of time (0: any number); more are a 429" },
    rate_window_ms = { default = 1000, low = 1,
      meaning = "the length of that window, in milliseconds" },
    retry_after = { default = "none", choices = { "none", "seconds", "date", "ms" },
      meaning = "what a 429 says about the next try: nothing, Retry-After in seconds, Retry-After as a date, "
        .. "retry-after-ms" },
    check_body_first = { default = true,
      meaning = "a bad body without a key is a 400 and not a 401" },
    max_conversations = { default = 0,
      meaning = "how many conversations may be active at once (0: any number); more is a 400" },
    out_of_credits = { default = false,
      meaning = "creating a conversation answers 402" },
  },
}

-- Rows that become ready in time.
BY_GROUP.states = {}
for _, resource in ipairs(require("tavus.sandbox.contract").resources) do
  if resource.states then
    BY_GROUP.states[resource.name .. "_ms"] = { default = 0,
      meaning = ("how long a new %s takes until it is ready, in milliseconds of the sandbox's clock (0: it is at the "
        .. "next request)"):format(resource.name) }
    BY_GROUP.states[resource.name .. "_error"] = { default = "",
      meaning = ("the reason for which a new %s fails at the end of that time (empty: it does not fail)")
        :format(resource.name) }
  end
end

--- All switches by name.
---@type table<string, tavus.sandbox.Switch>
settings.switches = {}
for group, switches in pairs(BY_GROUP) do
  for name, switch in pairs(switches) do settings.switches[name], switch.group = switch, group end
end

--- Profiles of generations of Tavus: the switches that differ from the defaults.
---@type table<string, table<string, any>>
settings.profiles = {
  current = {},
  -- Before /v2/pals, the conversational flow, masked keys, and the check of the body before the key.
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

--- A fresh table of all switches: at their defaults, or as in a profile.
---@param profile string?
---@return table<string, any>
function settings.defaults(profile)
  local values = {}
  for name, switch in pairs(settings.switches) do values[name] = switch.default end
  for name, value in pairs(settings.profiles[profile] or {}) do values[name] = value end
  return values
end

local RULES = {}
for name, switch in pairs(settings.switches) do
  local rule = { type = type(switch.default) }
  if switch.choices then
    rule.choices = {}
    for _, choice in ipairs(switch.choices) do rule.choices[choice] = true end
  elseif rule.type == "number" then
    rule.integer, rule.least, rule.most = true, switch.low or 0, 2147483647
  end
  RULES[name] = rule
end

local function text_flaw(name, value)
  if value:find "[^\32-\126]" then return name .. " must be plain ASCII" end
  if settings.switches[name].paths and ("," .. value):find ",[^/]" then
    return name .. " must be paths that begin with /, separated by commas"
  end
  return nil
end

--- Takes over new values, all or none.
---@param values table<string, any> the switches as they are; changed in place
---@param changes table<string, any>
---@return boolean? done
---@return string? message what is wrong with the changes
function settings.apply(values, changes)
  local message = options.flaw(changes, RULES, "set")
  if message then return nil, message end
  for name, value in pairs(changes) do
    message = type(value) == "string" and text_flaw(name, value)
    if message then return nil, message end
  end
  -- JSON's 3.0 becomes 3, and so do numbers that are computed from it.
  for name, value in pairs(changes) do values[name] = type(value) == "number" and math.floor(value) or value end
  return true
end

return settings
