-- Run: `lua5.4 examples/keep_one.lua`, with TAVUS_API_KEY set. A persona as a file describes it: made on the first run, brought up
-- to date on later ones, left alone when nothing differs.
local tavus = require "tavus"

local client = assert(tavus.new())

local concierge = {
  persona_name  = "Example concierge",
  system_prompt = "You are the concierge of a small hotel. You answer in two sentences.",
  layers = {
    stt = { stt_engine = "tavus-auto", hotwords = "late check-out, concierge" },
    conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
  },
}

-- Writes what is wanted into what is there. What is not mentioned stays (Tavus fills in members of its own); a list is
-- replaced.
local function write(wanted, into)
  for name, value in pairs(wanted) do
    local there = into[name]
    if type(value) == "table" and type(there) == "table" and value[1] == nil and there[1] == nil then
      write(value, there)
    else
      into[name] = value
    end
  end
end

local function set_up(wanted)
  local found, problem = client.personas:find(wanted.persona_name, { query = { persona_type = "user" } })
  if not found and problem.type ~= "not_found" then error(tostring(problem), 0) end
  if not found then
    local made, err = client.personas:create(wanted)
    if not made then error(tostring(err), 0) end
    return made.persona_id, "created"
  end
  local persona, meta = client.personas:update(found.persona_id, function(persona)
    write(wanted, persona)
    persona.persona_name = found.persona_name -- Tavus may have stored it without punctuation
  end)
  if not persona then error(tostring(meta), 0) end
  return found.persona_id, meta.changed and "updated" or "as it was"
end

print(set_up(concierge))
print(set_up(concierge))
concierge.layers.conversational_flow.turn_taking_patience = "high"
local id = set_up(concierge)
print(assert(client.personas:get(id)).layers.conversational_flow.turn_taking_patience)

assert(client.personas:delete(id)) -- only because this is an example
client:close()
