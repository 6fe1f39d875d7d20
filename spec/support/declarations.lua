--- Random declarations of setups, the same ones again for the same seed.
local values = require "tavus.setup.values"

local declarations = {}

--- A generator of whole numbers: random(n) is one from 1 to n.
---@param seed integer
---@return fun(n: integer): integer
function declarations.random(seed)
  local state = (seed * 7919 + 12345) % 2147483647
  return function(n)
    state = (state * 16807 + 11) % 2147483647
    return math.floor(state / 7) % n + 1
  end
end

local TEXTS = { "Short.", "With \"quotes\" and \\", "Ünïcode ☃", ("long "):rep(60), "a/b~c", "line\nline" }

-- A member is absent, or one of its values.
local function some(random, choices)
  local n = random(#choices + 1)
  return choices[n]
end

local MAKE = {}

function MAKE.tool(random, name)
  return { name = name, description = TEXTS[random(#TEXTS)], on_call = some(random, { "silent", "generate_filler" }),
    parameters = { type = "object", properties = { order = { type = "string", description = TEXTS[random(#TEXTS)] } } },
    delivery = random(2) == 1 and { app_message = true } or { app_message = false,
      api = { url = "https://example.com/" .. random(9),
        auth = { type = "hmac", secret = values.secret("S", "tool-secret-" .. random(9)) } } } }
end

function MAKE.guardrail(random, name)
  return { guardrail_name = name, guardrail_prompt = TEXTS[random(#TEXTS)], tags = some(random, { { "a" }, { "a", "b" } }),
    modality = some(random, { "verbal", "visual" }) }
end

function MAKE.objectives(random, name)
  return { name = name, data = { { objective_name = "first", objective_prompt = TEXTS[random(#TEXTS)],
    output_variables = some(random, { { "x" }, { "x", "y" } }) } } }
end

function MAKE.document(random, name)
  return { document_name = name, document_url = "https://example.com/" .. random(3) .. ".pdf",
    tags = some(random, { { "hr" }, { "hr", "it" } }) }
end

function MAKE.dictionary(random, name)
  return { name = name, rules = { { text = "SQL", pronunciation = some(random, { "sequel" }) or "ess queue ell",
    type = "alias" } } }
end

function MAKE.persona(random, name, others)
  local function of_kind(kind)
    local list = {}
    for _, other in ipairs(others) do
      if other.kind == kind and random(2) == 1 then list[#list + 1] = other end
    end
    return #list > 0 and list or nil
  end
  local custom = random(3) == 1
  return {
    persona_name = name, system_prompt = TEXTS[random(#TEXTS)], greeting = some(random, TEXTS),
    context = some(random, TEXTS), guardrail_ids = of_kind "guardrail", document_ids = of_kind "document",
    objectives_id = (of_kind "objectives" or {})[1], document_tags = some(random, { { "hr" }, { "a", "b" } }),
    layers = {
      llm = custom and { model = "gpt-4o", base_url = "https://llm.example.com/v1",
        api_key = values.secret("K", "llm-secret-" .. random(9)) }
        or { model = some(random, { "tavus-gpt-oss", "tavus-gemma-4" }), speculative_inference = some(random, { true, false }) },
      tts = some(random, { { tts_engine = "cartesia", tts_emotion_control = true }, { tts_engine = "elevenlabs" } }),
      conversational_flow = some(random, { { turn_taking_patience = "high" }, { turn_detection_model = "sparrow-1" } }),
    },
  }, of_kind "tool", some(random, { { internet_search = {} } })
end

local ORDER = { "tool", "guardrail", "objectives", "document", "dictionary", "persona" }

--- A random set of declarations.
---@param random fun(n: integer): integer
---@return tavus.Declaration[]
function declarations.set(random)
  local list = {}
  for _, kind in ipairs(ORDER) do
    for i = 1, random(3) - (kind == "persona" and 0 or 1) do
      local name = kind .. i
      local body, tools, skills = MAKE[kind](random, name, list)
      list[#list + 1] = values.declaration { kind = kind, name = name, body = body, tools = tools, skills = skills,
        file = "a.lua", line = #list + 1 }
    end
  end
  return list
end

-- Switches of the sandbox, and their values.
local HABITS = {
  get_shape = { "array", "object", "flat" }, timestamps = { "zone", "no_zone", "empty", "mixed" },
  create_only_fields = { "shown", "hidden" }, llm_defaults = { true, false }, list_names = { "persona", "pal", "mixed" },
  stored_names = { "kept", "plain" }, flow_defaults = { true, false }, mask_secrets = { true, false },
  patch_answer = { "object", "as_read", "message", "empty", "no_content" },
  nothing_changed = { "empty", "message" }, missing_ids = { "documented", "400", "404" }, empty_page = { 0, 1 },
}

--- Switches some habits of a sandbox.
---@param sandbox table
---@param random fun(n: integer): integer
function declarations.habits(sandbox, random)
  local names, set = {}, {}
  for name in pairs(HABITS) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if random(3) == 1 then set[name] = HABITS[name][random(#HABITS[name])] end
  end
  if next(set) then sandbox:set(set) end
end

return declarations
