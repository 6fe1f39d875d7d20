-- Run: `lua5.4 examples/perception.lua`, with TAVUS_API_KEY set. What the persona watches and listens for.
local tavus = require "tavus"

local client = assert(tavus.new())

local show_id = tavus.tool "notify_if_id_shown" {
  "Use this function when a drivers license or passport is detected in the image",
  id_type = tavus.string { "Best guess on what type of ID it is", maxLength = 200 },
}
local distress = tavus.tool "notify_if_distressed" {
  "Use this function when the user sounds distressed",
  reason = tavus.string { "What was heard", maxLength = 200 },
}

local layer = tavus.perception "raven-1"
  :visual_query "Is the user showing an ID card?"
  :audio_query "Does the user sound distressed?"
  :analysis_query "Did the user stay engaged until the end?"
  :visual_tool(show_id, "You MUST use notify_if_id_shown when a form of ID is detected.")
  :audio_tool(distress, "Use notify_if_distressed at most once a call.")

-- An older model gets the names it knows, and cannot be asked to listen.
local older = tavus.perception "raven-0":visual_query "Is the user showing an ID card?"
print("raven-1: " .. assert(tavus.encode(layer.visual_awareness_queries)))
print("raven-0: " .. assert(tavus.encode(older.ambient_awareness_queries)))
print("raven-0 is deaf: " .. select(2, pcall(function()
  local deaf = older:audio_query "Does the user sound distressed?"
  return deaf
end)))

local persona = assert(client.personas:create {
  persona_name = "Doorkeeper",
  system_prompt = "You greet visitors and ask for their ID.",
  layers = { perception = layer },
})
print("created " .. persona.persona_id)

local stored = assert(client.personas:get(persona.persona_id))
print("it uses " .. stored.layers.perception.visual_tools[1]["function"].name)

assert(client.personas:delete(persona.persona_id))
print("deleted " .. persona.persona_id)
client:close()
