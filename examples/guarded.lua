-- Run: `lua5.4 examples/guarded.lua`, with TAVUS_API_KEY set. A persona with guardrails, objectives and a tool of the
-- registry, published.
local tavus = require "tavus"

local client = assert(tavus.new())

-- What is made is noted, and deleted at the end whatever happens.
local made = {}
local function create(resource, id_field, body)
  local row, err = resource:create(body)
  if not row then error(tostring(err), 0) end
  table.insert(made, 1, function() return resource:delete(row[id_field]) end)
  return row[id_field]
end

local note = tavus.tool "note_allergy" {
  "Note an allergy that the guest mentions",
  allergy = tavus.string "What the guest is allergic to",
}

-- A tool's name is unique in the account: one that exists already is used, and stays.
local function tool_of(registered)
  local row, err = client.tools:create(registered)
  if row then
    table.insert(made, 1, function() return client.tools:delete(row.tool_id) end)
    return row.tool_id
  end
  return err.existing_id or error(tostring(err), 0)
end

local done, failure = pcall(function()
  local guardrail_id = create(client.guardrails, "uuid", {
    guardrail_name = "no_medical_advice", guardrail_prompt = "The assistant says what to do about a symptom.",
  })

  -- The names of the steps are checked here: Tavus takes a broken chain, and the call ends soon after its start.
  local objectives_id = create(client.objectives, "objectives_id", tavus.objectives "table" {
    { objective_name = "ask_guests", objective_prompt = "Ask how many guests come.", output_variables = { "guests" },
      next_required_objective = "ask_allergies" },
    { objective_name = "ask_allergies", objective_prompt = "Ask for allergies.", output_variables = { "allergies" } },
  })

  local persona_id = create(client.personas, "persona_id", {
    persona_name = "Host", system_prompt = "You take reservations for a small restaurant.",
    default_replica_id = "r90bbd427f71", guardrail_ids = { guardrail_id }, objectives_id = objectives_id,
  })

  local tool_id = tool_of(note:registered { on_call = "silent", on_resolve = "add_to_context" })
  assert(client.personas:attach_tools(persona_id, { tool_id }))
  assert(client.personas:publish(persona_id))

  local persona = assert(client.personas:get(persona_id))
  print(persona.persona_name .. " keeps to " .. #persona.guardrail_ids .. " guardrail")
  for _, step in ipairs(assert(client.objectives:get(objectives_id)).data) do print("step: " .. step.objective_name) end
  for _, tool in ipairs(assert(client.personas:tools(persona_id)).data) do print("it may call " .. tool.name) end
end)

for _, delete in ipairs(made) do assert(delete()) end -- only because this is an example
client:close()
if not done then error(tostring(failure), 0) end
