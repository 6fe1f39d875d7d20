--- The events that Tavus sends, as data.
--
-- A row says what an event is and where its facts are:
--   kind       one word for all spellings of the event
--   name       members that may hold its name, in the order of trust
--   arguments  members that may hold its arguments; a path goes into objects
--   call       true: it asks for something to run, so it needs a name, and missing arguments are an empty object
--   role       the role, where the name of the event says it
--   key        what tells two events of the kind apart, besides the conversation; nil: see event.lua. A list in it
--              holds the names of one member

local kinds = {}

local TOOL = { "name", "tool_name", "function.name" }
local ARGUMENTS = { "arguments", "args", "function.arguments" }
-- The twins of a turn of the PAL differ in `role` and `seq` only.
local TURN = { "inference_id", "turn_idx", "role" }
local CHUNK = { "inference_id", "turn_idx", "role", "content_index" }
local FACE = { "face_id", "replica_id", "pal_id" }

local tool_call = { kind = "tool_call", name = TOOL, arguments = ARGUMENTS, call = true }
local perception_tool_call = { kind = "perception_tool_call", name = TOOL, arguments = ARGUMENTS, call = true }
local utterance = { kind = "utterance", key = TURN }
local utterance_streaming = { kind = "utterance_streaming", key = CHUNK }
local perception_analysis = { kind = "perception_analysis" }
local pal_joined = { kind = "pal_joined", key = { FACE } }

local function speaking(kind, role) return { kind = kind, role = role, key = TURN } end

local function objective(kind)
  return { kind = kind, name = { "objective_name" }, arguments = { "output_variables" } }
end
local completed = objective "objective_completed"

local guardrail = { kind = "guardrail", name = { "guardrail", "guardrail_name" } }

local function status(kind, id)
  return { kind = kind, name = { "status" }, key = { id, "status", "generation_progress", "updated_at" } }
end
local tool_result = { kind = "tool_result" }
local voice = status("voice_status_changed", "voice_id")

--- By `event_type`, folded by `kinds.fold`.
kinds.by_type = {
  -- in the room, and to the app
  ["conversation.tool_call"] = tool_call,
  ["conversation.perception_tool_call"] = perception_tool_call,
  ["conversation.utterance"] = utterance,
  ["conversation.utterance.streaming"] = utterance_streaming,
  ["conversation.started_speaking"] = speaking "started_speaking",
  ["conversation.stopped_speaking"] = speaking "stopped_speaking",
  ["conversation.pal.started_speaking"] = speaking("started_speaking", "pal"),
  ["conversation.pal.stopped_speaking"] = speaking("stopped_speaking", "pal"),
  ["conversation.user.started_speaking"] = speaking("started_speaking", "user"),
  ["conversation.user.stopped_speaking"] = speaking("stopped_speaking", "user"),
  ["conversation.pal_interrupted"] = { kind = "replica_interrupted", role = "pal" },
  ["conversation.perception_analysis"] = perception_analysis,
  ["conversation.objective.activated"] = objective "objective_activated",
  ["conversation.objective.completed"] = completed,
  ["conversation.objective.pending"] = objective "objective_pending",
  ["conversation.joined"] = { kind = "joined" },
  ["conversation.left"] = { kind = "left" },
  ["system.wake_phrase_detected"] = { kind = "wake_phrase_detected" },
  ["system.sleep_phrase_detected"] = { kind = "sleep_phrase_detected" },
  ["system.pal_joined"] = pal_joined,
  ["system.pal_present"] = { kind = "replica_present" },
  -- to callback_url
  ["system.shutdown"] = { kind = "shutdown", name = { "shutdown_reason", "reason" } },
  ["application.transcription_ready"] = { kind = "transcription_ready" },
  ["application.recording_ready"] = { kind = "recording_ready" },
  ["application.recording_copy_failed"] = { kind = "recording_copy_failed" },
  ["application.perception_analysis"] = perception_analysis,
  ["application.perception_unavailable"] = { kind = "perception_unavailable", name = { "reason" } },
  ["application.post_call_action_executed"] = { kind = "post_call_action_executed", name = { "tool_name" },
    arguments = { "request.body" } },
  ["application.memory_consolidation"] = { kind = "memory_consolidation" },
  ["application.raven_memory_evidence"] = { kind = "raven_memory_evidence" },
  ["canvas.interaction"] = { kind = "canvas_interaction", key = { "interaction_id" } },
  ["application.voice_status_changed"] = voice,
  -- from the app to Tavus
  ["conversation.echo"] = { kind = "echo" },
  ["conversation.respond"] = { kind = "respond" },
  ["conversation.interrupt"] = { kind = "interrupt" },
  ["conversation.append_llm_context"] = { kind = "append_llm_context" },
  ["conversation.overwrite_llm_context"] = { kind = "overwrite_llm_context" },
  ["conversation.sensitivity"] = { kind = "sensitivity" },
  ["conversation.tool_result"] = tool_result,
  ["tool_result"] = tool_result, -- home-made, Tavus does not understand it
  ["conversation.set_emotion"] = { kind = "set_emotion" },
  ["conversation.objective.confirm"] = { kind = "objective_confirm" },
}

--- By a part of `event_type`, where the exact name is not known.
kinds.by_part = { { "guardrail", guardrail } }

--- By the members, of a status that is posted to the callback of a resource. A video names its replica, too.
kinds.by_id = {
  { "document_id", status("document_status", "document_id") },
  { "video_id", status("video_status", "video_id") },
  { "lipsync_id", status("lipsync_status", "lipsync_id") },
  { "voice_id", voice },
  { "replica_id", status("replica_status", FACE) },
  { "face_id", status("replica_status", FACE) },
}

--- By the members, of a body without `event_type`: the first of which all are there.
kinds.by_members = {
  { { "objective_name" }, completed },
  { { "guardrail_uuid" }, guardrail },
  { { "guardrail", "conversation_id" }, guardrail },
  { { "guardrail_name", "conversation_id" }, guardrail },
  { { "interaction_id", "tool_call_id" }, { kind = "canvas_interaction", key = { "interaction_id" } } },
  { { "name", "arguments" }, tool_call },
  { { "name", "tool_call_id" }, tool_call },
  { { "tool_name", "arguments" }, tool_call },
}

--- What the body of a tool's `body_template`, or of a tool after the call, becomes: its members are the arguments.
kinds.delivery = { kind = "delivery", call = true }

--- A request to a custom LLM.
kinds.llm_request = { kind = "llm_request" }

--- What nothing above describes.
kinds.other = { kind = "other" }

--- The event's name in the spelling of `kinds.by_type`: underscores, and `pal` for `replica`.
---@param event_type string
---@return string
function kinds.fold(event_type)
  return (event_type:gsub("-", "_"):gsub("replica", "pal"))
end

return kinds
