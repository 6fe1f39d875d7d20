-- Run: `make demo` on a local sandbox, or `lua5.4 examples/quickstart.lua`, with TAVUS_API_KEY set, against Tavus itself.
-- A persona from its first line to its last: described in Lua, checked in C, created, listed, read, patched, used in a
-- conversation, deleted.
local tavus = require "tavus"

local client = assert(tavus.new()) -- TAVUS_API_KEY and TAVUS_BASE_URL

local function step(text, ...) print(("%-9s " .. text):format(...)) end

local weather = tavus.tool "get_current_weather" {
  "Get the current weather in a given location",
  location = tavus.string "The city and state, e.g. San Francisco, CA",
  unit     = tavus.enum { "The unit to answer in", values = { "celsius", "fahrenheit" }, optional = true },
}

local show_id = tavus.tool "notify_if_id_shown" {
  "Use this function when a drivers license or passport is detected in the image",
  id_type = tavus.string "best guess on what type of ID it is",
}

local interviewer = {
  persona_name  = "Interviewer",
  system_prompt = "As an Interviewer, you are a skilled professional who conducts thoughtful, structured interviews.",
  pipeline_mode = "full",
  default_replica_id = "r90bbd427f71",
  layers = {
    llm = { model = "tavus-gpt-oss", tools = { weather } },
    perception = tavus.perception "raven-1"
      :visual_query "Is the user showing an ID card?"
      :audio_query "Does the user sound distressed?"
      :analysis_query "Did the user stay engaged?"
      :visual_tool(show_id, "You MUST use this tool when a form of ID is detected."),
    stt = { stt_engine = "tavus-auto" },
    conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
  },
}

-- A typo is found here and not in a live conversation.
local ok, problem = tavus.validate("persona", { persona_name = "Interviewer", system_prompt = 7, layers = { lmm = {} } })
assert(not ok)
step("a mistake is told before anything is sent:\n%s", "validate", tostring(problem))

local persona, meta = client.personas:create(interviewer)
if not persona then error(tostring(meta), 0) end
step("%s %q with status %d in %.0f ms", "create", persona.persona_id, interviewer.persona_name, meta.status, meta.elapsed_ms)

-- Whatever happens from here on, what was made is deleted.
local call
local done, failure = pcall(function()
  -- All of them, page after page; an account may have many, so here only the first page.
  for row in client.personas:each { persona_type = "user", max_pages = 1 } do
    step("%s %s", "list", row.persona_id, row.persona_name)
  end

  local full = assert(client.personas:get(persona.persona_id))
  step("the model is %s, with %d tool(s)", "get", full.layers.llm.model, #full.layers.llm.tools)

  local _, patched = assert(client.personas:patch(persona.persona_id,
    tavus.patch():add("/layers/stt/hotwords", "leadership")))
  step("/layers/stt/hotwords is added: status %d, changed %s", "patch", patched.status, tostring(patched.changed))

  local _, updated = assert(client.personas:update(persona.persona_id, function(p)
    p.layers.conversational_flow.turn_taking_patience = "high"
  end))
  step("turn_taking_patience is high now: changed %s", "update", tostring(updated.changed))

  call = assert(client.conversations:create {
    persona_id = persona.persona_id, conversation_name = "Interview User", test_mode = true,
  })
  step("join at %s", "talk", call.conversation_url or "(no URL in test mode)")
end)

local clean = true
local function delete(resource, id)
  local gone, err = resource:delete(id)
  step("%s%s", "delete", id, gone and "" or " failed: " .. tostring(err))
  clean = clean and gone
end
if call then delete(client.conversations, call.conversation_id) end
delete(client.personas, persona.persona_id)
client:close()
if not done then error(tostring(failure), 0) end
if not clean then error("not everything was deleted", 0) end
print "Done."
