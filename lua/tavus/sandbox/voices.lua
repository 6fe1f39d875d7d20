--- The operation on `/v2/voices` that is special: a voice that is used cannot be deleted.
-- generic.lua serves the others and says what a handler is.

local generic = require "tavus.sandbox.generic"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local voices = {}

-- How many rows of a store a test fits.
local function count(rows, fits)
  local found = 0
  for n = 1, rows.count do
    if fits((rows:newest(n))) then found = found + 1 end
  end
  return found
end

function voices.delete(context, call)
  local id = call.ids[1]
  local pals = count(context.stores.persona, function(persona)
    local tts = views.layer(persona, "tts")
    return tts and tts.voice_id == id
  end)
  local faces = count(context.stores.replica, function(face)
    return face.default_voice_id == id or face.original_voice_id == id
  end)
  if pals + faces == 0 then return generic.answer(context, call) end
  return reply.json(409, { error = "The voice is still in use", used_by = { pals = pals, faces = faces } })
end

return voices
