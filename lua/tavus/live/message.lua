--- Messages to the persona of a running conversation, for `conversations:send_app_message` or a data channel. Each
--- builder gives the message, or nil and a validation error: for what the contract refuses, and for more than 65,536
--- bytes.

local core = require "tavus.core"
local errors = require "tavus.errors"

local pairs, tostring, type = pairs, tostring, type

---@class tavus.live.message
---@field respond fun(text: string): table?, tavus.Error? what the visitor is taken to have said
---@field echo fun(text: string): table?, tavus.Error? what the persona says, word by word
---@field overwrite_llm_context fun(context: string): table?, tavus.Error? replaces what the model was told
---@field set_emotion fun(emotion: string): table?, tavus.Error? lasts until the next one
local message = {}

--- What Tavus takes by HTTP.
message.MOST_BYTES = 65536

--- Checks a message, and its size as JSON.
---@param value table
---@return true?
---@return tavus.Issue[]|tavus.Error warnings, or the error
function message.check(value)
  local text, issues = core.encode(value, "app_message")
  if text and #text > message.MOST_BYTES then
    text, issues = nil, { { path = "", code = "size", severity = "error",
      message = ("the message has %d bytes, and %d are allowed"):format(#text, message.MOST_BYTES),
      hint = "send less; audio goes in parts, by live.message.audio" } }
  end
  if not text then return nil, errors.validation(issues, "app_message") end
  return true, errors.printable(issues or {})
end

local function build(event, properties)
  local value = { message_type = "conversation", event_type = "conversation." .. event,
    properties = core.object(properties) }
  local good, err = message.check(value)
  if not good then return nil, err end
  return value
end

-- The events with one member, and its name.
local MEMBERS = { respond = "text", echo = "text", overwrite_llm_context = "context", set_emotion = "emotion" }
for event, member in pairs(MEMBERS) do
  message[event] = function(value) return build(event, { [member] = value }) end
end

--- Tells the model something without an answer.
---@param context string
---@param job_status string? "completed" after a tool's work
---@return table?
---@return tavus.Error?
function message.append_llm_context(context, job_status)
  return build("append_llm_context", { context = context, job_status = job_status })
end

--- Stops the persona's speech.
---@return table
function message.interrupt() return (build("interrupt", {})) end

--- How easily the persona takes a pause of the visitor for the end of a turn, or stops when the visitor speaks.
---@param what "pause"|"interrupt"
---@param level "superlow"|"verylow"|"low"|"medium"|"high"|"auto"
---@return table?
---@return tavus.Error?
function message.sensitivity(what, level)
  return build("sensitivity", { ["participant_" .. tostring(what) .. "_sensitivity"] = level })
end

--- The result of a tool call.
---@param tool_call_id string as in the call
---@param output any text, or a value that is sent as JSON text
---@param status "success"|"error"|nil
---@return table?
---@return tavus.Error?
function message.tool_result(tool_call_id, output, status)
  if output ~= nil and type(output) ~= "string" then
    local text, issues = core.encode(output)
    if not text then return nil, errors.validation(issues, "app_message") end
    output = text
  end
  return build("tool_result", { tool_call_id = tool_call_id, output = output, status = status })
end

-- Base64 of one part: a multiple of 4, so that each part can be decoded by itself.
local PART = 60000

--- What the persona says, as sound: messages to send in this order, the last one with `done`.
---@param audio string base64
---@param options { inference_id: string, sample_rate: integer? } an id of your own for this speech
---@return table[]?
---@return tavus.Error?
function message.audio(audio, options)
  local parts = {}
  for from = 1, math.max(#audio, 1), PART do
    local part, err = build("echo", {
      modality = "audio", audio = audio:sub(from, from + PART - 1), done = from + PART > #audio,
      inference_id = options.inference_id, sample_rate = options.sample_rate,
    })
    if not part then return nil, err end
    parts[#parts + 1] = part
  end
  return parts
end

return message
