-- Run: `lua5.4 examples/patching.lua`, with TAVUS_API_KEY set. Changes a stored persona: by hand, computed, and taken back.
local tavus = require "tavus"

local client = assert(tavus.new())

local persona = assert(client.personas:create {
  persona_name = "Coach",
  system_prompt = "You are a patient coach.",
  layers = {
    stt = { stt_engine = "tavus-auto" },
    conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
  },
})
local id = persona.persona_id
print("created " .. id)

-- A patch by hand: JSON Patch operations, one after another.
local _, meta = assert(client.personas:patch(id, tavus.patch()
  :add("/layers/stt/hotwords", "leadership")
  :replace("/persona_name", "Leadership coach")))
print(("patched by hand: status %d"):format(meta.status))

-- The same without writing paths: get, change, send the smallest patch.
assert(client.personas:update(id, function(p)
  p.layers.conversational_flow.turn_taking_patience = "high"
end))
print "updated"

-- A patch computed and tried out here, before anything is sent, and the one that takes it back.
local before = assert(client.personas:get(id))
local wanted = assert(tavus.decode(assert(tavus.encode(before))))
wanted.system_prompt = "You are a patient coach who answers briefly."
wanted.layers.stt.hotwords = nil
local change = assert(tavus.patch.diff(before, wanted))
for _, operation in ipairs(change) do
  print("to send: " .. operation.op .. " " .. operation.path)
end
assert(tavus.patch.apply(before, change))
local undo = assert(tavus.patch.invert(change, before))

assert(client.personas:patch(id, change))
print("prompt is now: " .. assert(client.personas:get(id)).system_prompt)
assert(client.personas:patch(id, undo))
print("and again:     " .. assert(client.personas:get(id)).system_prompt)

-- What does not fit is an error that says where, and changes nothing.
local none, err = tavus.patch.apply(before, tavus.patch():replace("/layers/tts/tts_engine", "cartesia"))
print(none == nil and tostring(err))

assert(client.personas:delete(id))
print("deleted " .. id)
client:close()
