--- The stock ("system") personas of a fresh sandbox: they can be read, and not changed
-- or deleted. Newest first, as a list shows them.

local core = require "tavus.core"

local stock = {}

local function persona(id, name, prompt, created_at, layers)
  return {
    persona_id = id,
    persona_name = name,
    system_prompt = prompt,
    default_replica_id = "r79e1c033f",
    pipeline_mode = "full",
    layers = layers,
    created_at = created_at,
    updated_at = created_at,
  }
end

-- A row as the first generations of Tavus left them: old names, nulls, empty texts and
-- times, words instead of numbers and booleans.
local function old_persona()
  local old = persona("p5317866", "Sandbox Companion",
    "You listen and answer in short, friendly sentences. You are part of a sandbox.", "2024-08-28T15:27:40.824457Z", {
      llm = { model = "tavus-llama", base_url = "", api_key = "", tools = core.array {} },
      tts = {
        tts_engine = "cartesia", api_key = "", external_voice_id = "", tts_emotion_control = "false",
        voice_settings = { speed = "normal", emotion = core.array {} },
      },
      stt = {
        stt_engine = "tavus-advanced", hotwords = "", participant_pause_sensitivity = "high",
        participant_interrupt_sensitivity = "high", smart_turn_detection = true,
      },
      perception = {
        perception_model = "raven-0", tool_prompt = "", ambient_awareness_queries = core.array {},
        perception_tool_prompt = "", perception_tools = core.array {},
      },
      conversational_flow = core.null,
    })
  old.context = ""
  old.updated_at = ""
  return old
end

--- The stock personas, fresh tables.
---@return table[]
function stock.personas()
  return {
    persona("p50bd43dc74b", "Sandbox Interviewer",
      "You interview a candidate for a job, kindly and to the point. You are part of a sandbox.",
      "2026-02-12T09:30:00.000000Z", {
        llm = { model = "tavus-gpt-oss" },
        perception = { perception_model = "raven-1" },
        conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
      }),
    persona("pcb7a34da5fe", "Sandbox Sales Coach",
      "You train sales people by playing their customers. You are part of a sandbox.",
      "2025-05-13T06:42:58.291561Z", {
        llm = { model = "tavus-gpt-4o", tools = core.array {} },
        tts = { tts_engine = "cartesia", external_voice_id = "" },
      }),
    old_persona(),
  }
end

--- A persona that can be read and is not in any list.
---@return table
function stock.unlisted()
  local echo = persona("pipecat-stream", "Sandbox Echo", "", "2024-11-05T10:00:00.000000Z", {
    transport = { transport_type = "daily" },
  })
  echo.pipeline_mode = "echo"
  return echo
end

return stock
