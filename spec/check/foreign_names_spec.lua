-- luacheck: std max+busted
-- Names of older generations and of other products, and mix-ups: each leads to the right place.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local FIRST = " are made first %(POST /v2/"
local VOICE = "^in layers%.tts, voice_id is a voice of Tavus"

-- A name at the top of a persona, a value, and a pattern of the hint.
local IN_PERSONA = {
  -- OpenAI
  { "messages", { { role = "system", content = "x" } }, "system_prompt" },
  { "instructions", "x", '"system_prompt"' }, { "functions", {}, "layers%.llm, as tools" },
  { "tools", {}, "layers%.llm" }, { "max_tokens", 5, "layers%.llm%.extra_body" },
  { "max_output_tokens", 5, "layers%.llm%.extra_body, as max_tokens" }, { "temperature", 1, "layers%.llm%.extra_body" },
  { "response_format", {}, "layers%.llm%.extra_body" }, { "turn_detection", {}, "as conversational_flow" },
  { "turn_detection", "sparrow-1", '{ turn_detection_model = "sparrow%-1" }' },
  { "input_audio_transcription", {}, "as stt" }, { "vector_store_ids", { "d1" }, '"document_ids"' },
  -- Anthropic, Gemini
  { "system", "x", '"system_prompt"' }, { "systemInstruction", "x", '"system_prompt"' },
  { "functionDeclarations", {}, "layers%.llm, as tools" },
  -- Vapi
  { "firstMessage", "Hi", '"greeting"' }, { "transcriber", { provider = "deepgram" }, "as stt" },
  { "model", { provider = "openai", model = "gpt-4o" }, "layers, as llm" }, { "model", "gpt-4o", "layers%.llm" },
  { "voice", { provider = "11labs", voiceId = "x" }, "layers, as tts" }, { "voice", "alloy", VOICE },
  { "silenceTimeoutSeconds", 5, "participant_left_timeout" }, { "maxDurationSeconds", 5, "max_call_duration" },
  { "serverUrl", "https://x.example", "callback_url" }, { "recordingEnabled", true, "enable_recording" },
  -- Retell
  { "general_prompt", "x", '"system_prompt"' }, { "begin_message", "Hi", '"greeting"' },
  { "general_tools", {}, "layers%.llm, as tools" }, { "agent_name", "x", '"persona_name"' },
  { "interruption_sensitivity", 0.5, "replica_interruptibility.*known are" },
  { "responsiveness", "high", "turn_taking_patience" }, { "boosted_keywords", { "x" }, "hotwords; join" },
  { "llm_websocket_url", "https://x.example", "base_url" }, { "max_call_duration_ms", 5, "max_call_duration, in seconds" },
  -- ElevenLabs
  { "conversation_config", {}, "top level" }, { "first_message", "Hi", '"greeting"' }, { "agent", {}, "top level" },
  { "dynamic_variables", {}, "conversational_context" }, { "knowledge_base", { "d1" }, '"document_ids"' },
  { "voice_id", "x", VOICE },
  -- HeyGen, D-ID
  { "avatar_id", "x", '"default_replica_id"' }, { "avatar_name", "x", "default_replica_id" },
  { "presenter_id", "x", "default_replica_id" }, { "knowledge_id", "d1", '"document_ids"%? put it in an array' },
  -- Tavus
  { "custom_llm", {}, "layers%.llm" }, { "objectives_name", "Core", FIRST .. "objectives%)" },
  { "objectives", { { objective_name = "a" } }, FIRST .. "objectives%)" },
  { "guardrails", { "Never talk about politics." }, FIRST .. "guardrails%)" },
  { "guardrails_name", "x", FIRST .. "guardrails%)" }, { "guardrail_prompt", "x", FIRST .. "guardrails%)" },
  { "memory_id", "anna", "memory_stores" }, { "replica_id", "r90bbd427f71", '"default_replica_id"' },
  { "documents", { "All there is to know" }, FIRST .. "documents%)" }, { "wake_word", "hey", "as wake_phrase" },
}

local IN_CONVERSATION = {
  { "memory_id", "anna", '"memory_stores"%? put it in an array' }, { "memory", { "anna" }, '"memory_stores"' },
  { "memory_store_id", "m1", "participant_tags" }, { "metadata", { a = 1 }, "tavus%.encode%(table%)" },
  { "variables", { a = 1 }, "tavus%.encode%(table%)" }, { "messages", {}, "conversational_context" },
  { "agent_id", "x", '"persona_id"' }, { "assistant_id", "x", '"persona_id"' }, { "avatar_id", "x", '"replica_id"' },
  { "first_message", "Hi", '"custom_greeting"' }, { "serverUrl", "https://x.example", '"callback_url"' },
  { "maxDurationSeconds", 60, "properties, as max_call_duration" }, { "recording", true, "properties, as enable_recording" },
  { "tools", {}, "layers of a persona" }, { "voice", "x", "layers of a persona" }, { "title", "x", '"conversation_name"' },
}

describe("a foreign name leads to the right place", function()
  for kind, rows in pairs { persona = IN_PERSONA, conversation = IN_CONVERSATION } do
    for _, row in ipairs(rows) do
      it(("in a %s: %s = %s"):format(kind, row[1], core.encode(row[2])), function()
        local body = kind == "persona" and { system_prompt = "Hi" } or { persona_id = "p5317866" }
        body[row[1]] = row[2]
        local issue = checking.look(kind, body, "/" .. row[1])
        assert.matches(row[3], issue.hint)
      end)
    end
  end

  for path, hint in pairs {
    ["/v2/personas/p1/system_prompt"] = "the paths begin at the persona: /system_prompt",
    ["/personas/p5317866/layers/llm/model"] = "the paths begin at the persona: /layers/llm/model",
    ["/v2/pals/p1/greeting"] = "the paths begin at the persona: /greeting",
    ["/persona/persona_name"] = "the paths begin at the persona: /persona_name",
    ["/data/0/system_prompt"] = "the paths begin at the persona: /system_prompt",
    ["/p5317866/greeting"] = "the paths begin at the persona: /greeting",
    ["v2/personas/p1/greeting"] = "the paths begin at the persona: /greeting",
    ["https://tavusapi.com/v2/personas/p1/greeting"] = "the paths begin at the persona: /greeting",
    ["persona.layers.llm.model"] = "the paths begin at the persona: /layers/llm/model",
    ["/body/layers/stt/hotwords"] = "the paths begin at the persona: /layers/stt/hotwords",
    ["/custom_llm"] = "did you mean layers.llm?",
    ["/llm/model"] = "belongs under layers",
    ["/persona_nam"] = 'did you mean "persona_name"?',
  } do
    it("in the path " .. path, function()
      local value = path == "/custom_llm" and {} or "x"
      local issue = checking.look("persona_patch", { { op = "add", path = path, value = value } }, "/0/path")
      assert.equal(hint, issue.hint:sub(1, #hint))
    end)
  end
end)

describe("a value of the wrong type is told what it becomes", function()
  local function tool(parameters) return { type = "function", ["function"] = { name = "a", parameters = parameters } } end
  for _, case in ipairs {
    { "perception", "off", '{ perception_model = "off" }' }, { "perception", "raven-1", '{ perception_model = "raven-1" }' },
    { "llm", "tavus-gpt-oss", '{ model = "tavus-gpt-oss" }' }, { "tts", "cartesia", '{ tts_engine = "cartesia" }' },
    { "stt", "tavus-auto", '{ stt_engine = "tavus-auto" }' }, { "tts", true, "{ tts_engine = " },
    { "conversational_flow", "sparrow-1", '{ turn_detection_model = "sparrow-1" }' },
    { "llm", { tools = { weather = tool() } }, "write the items without names: { { ... }, { ... } }", "/tools" },
    { "llm", { tools = "weather" }, 'write a list: { tavus.tool "', "/tools" },
    { "llm", { tools = tool() }, "put it in an array: { { ... } }", "/tools" },
    { "llm", { tools = { "weather" } }, 'write the tool itself: tavus.tool "', "/tools/0" },
    { "llm", { headers = { "X-A: 1" } }, '{ ["X-A"] = "1" }', "/headers" },
    { "llm", { headers = "X-A: 1" }, '{ ["X-A"] = "1" }', "/headers" },
    { "perception", { visual_tools = { { name = "a" }, "b" } }, "write the tool itself: ", "/visual_tools/1" },
    { "perception", { visual_awareness_queries = { a = "x", b = "y" } }, 'without names: { "...", "..." }',
      "/visual_awareness_queries" },
    { "llm", { tools = { tool { { name = "city" } } } }, '{ type = "object", properties = ',
      "/tools/0/function/parameters" },
    { "llm", { tools = { tool { type = "object", properties = { { name = "city" } } } } },
      "the key is the name: { city = ", "/tools/0/function/parameters/properties" },
    { "llm", { tools = { tool { type = "object", properties = { a = "integer" } } } }, '{ type = "integer" }',
      "/tools/0/function/parameters/properties/a" },
    { "llm", { tools = { tool { type = "object", properties = { a = { enum = { x = "b" } } } } } },
      "write the items without names", "/tools/0/function/parameters/properties/a/enum" },
    { "llm", { tools = { tool { type = "object", required = { a = true } } } }, "write the names alone",
      "/tools/0/function/parameters/required" },
  } do
    it(case[1] .. " = " .. core.encode(case[2]), function()
      local issue = checking.look("persona", checking.layers(case[1], case[2]),
        "/layers/" .. case[1] .. (case[4] or ""), "type")
      assert.matches(case[3], issue.hint, 1, true)
    end)
  end

  it("but shows no secret", function()
    local _, issues = core.validate("persona", checking.layers("llm", { base_url = "https://llm.acme.io", model = "m",
      api_key = "k", headers = { "Authorization: Bearer sk-secret" } }))
    for _, issue in ipairs(issues) do assert.is_nil((issue.hint or ""):find("sk-secret", 1, true)) end
  end)
end)

describe("the names of raven-0 pass in a patch", function()
  local OLD = { op = "replace", path = "/layers/perception/ambient_awareness_queries", value = { "Is it on?" } }
  local MODEL = "/layers/perception/perception_model"
  for _, op in ipairs {
    { op = "replace", path = MODEL, value = "raven-0" }, { op = "add", path = MODEL, value = "raven-0" },
    { op = "test", path = MODEL, value = "raven-0" }, { op = "add", path = MODEL, value = "basic" },
  } do
    for _, order in ipairs { { op, OLD }, { OLD, op } } do
      it(core.encode(order), function()
        local _, issues = core.validate("persona_patch", order)
        for _, issue in ipairs(issues) do assert.are_not.equal("renamed", issue.code) end
      end)
    end
  end

  it("also when an object sets it", function()
    local _, issues = core.validate("persona_patch", { { op = "add", path = "/layers/perception",
      value = { perception_model = "raven-0", perception_tools = {} } }, OLD })
    for _, issue in ipairs(issues) do assert.are_not.equal("renamed", issue.code) end
  end)

  it("and not with another model", function()
    for _, model in ipairs { "raven-1", "off" } do
      local issue = checking.look("persona_patch", { { op = "replace", path = MODEL, value = model }, OLD }, "/1/path", "renamed")
      assert.equal("renamed to visual_awareness_queries", issue.hint)
    end
  end)
end)

describe("a context is one text", function()
  for _, value in ipairs { { user = "Visitor", visits = 3 }, { { role = "user", content = "x" } }, { a = { b = 1 } },
      { "a", "b" }, { name = "Ada" } } do
    it("and a table goes encoded: " .. core.encode(value), function()
      local issue = checking.look("conversation", { persona_id = "p5317866", conversational_context = value },
        "/conversational_context")
      assert.equal("one text; a table goes as tavus.encode(table)", issue.hint)
    end)
  end
end)
