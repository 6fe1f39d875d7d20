--- A persona of about the size asked for, of the kind people send: a long prompt, some tools, perception, all layers.
---@param bytes integer about as many bytes of JSON
---@return table persona plain data, no marks needed
return function(bytes)
  local sentence = "You are an interviewer who listens first, asks one question at a time and says \"thank you\" between them.\n"
  local function tool(i)
    return {
      type = "function",
      ["function"] = {
        name = "record_answer_" .. i,
        description = "Call this when the candidate has answered question " .. i .. " to the end; never in the middle of an answer.",
        parameters = {
          type = "object",
          properties = {
            answer = { type = "string", description = "What was said, in one sentence", maxLength = 400 },
            score = { type = "integer", description = "How well it was answered", minimum = 1, maximum = 5 },
            topic = { type = "string", enum = { "leadership", "delivery", "people", "other" } },
          },
          required = { "answer", "topic" },
        },
      },
    }
  end
  local tools = {}
  for i = 1, math.max(2, math.floor(bytes / 2000)) do tools[i] = tool(i) end
  local persona = {
    persona_name = "Interviewer",
    pipeline_mode = "full",
    default_replica_id = "r90bbd427f71",
    document_ids = { "d8a91071d1b64", "d45c8ea5c10a3" },
    layers = {
      llm = { model = "tavus-gpt-oss", speculative_inference = true, tools = tools,
              extra_body = { temperature = 0.7, top_p = 0.95 } },
      tts = { tts_engine = "cartesia", external_voice_id = "a0e99841-438c-4a64-b679-ae501e7d6091",
              voice_settings = { speed = 0.5, emotion = { "positivity:high", "curiosity" } } },
      stt = { stt_engine = "tavus-auto", hotwords = "leadership, roadmap, retrospective" },
      perception = {
        perception_model = "raven-1",
        visual_awareness_queries = { "Is the user showing an ID card?", "Is the user alone?" },
        audio_awareness_queries = { "Does the user sound distressed?" },
        perception_analysis_queries = { "Did the user stay engaged?" },
      },
      conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
    },
  }
  local rest = bytes - #require("cjson").encode(persona)
  persona.system_prompt = sentence:rep(math.max(1, math.floor(rest / #sentence)))
  return persona
end
