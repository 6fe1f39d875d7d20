-- luacheck: std max+busted
-- What a writer is told who has the right thing in mind and the wrong spelling.
local core = require "tavus.core"

local function look(kind, value, path, code)
  local ok, issues = core.validate(kind, value)
  for _, issue in ipairs(issues) do
    if issue.path == path and (code == nil or issue.code == code) then return issue, ok end
  end
  return {}, ok
end

local function persona(more)
  more.system_prompt = "x"
  return more
end

local function layer(name, members) return persona { layers = { [name] = members } } end

local function tool(parameters)
  return { type = "function", ["function"] = { name = "a", parameters = parameters } }
end

local function property(schema) return tool { type = "object", properties = { a = schema } } end

local AT = "/function/parameters/properties/a"

describe("a name is known in any spelling:", function()
  for _, case in ipairs {
    { persona { PERSONA_NAME = "n" }, "/PERSONA_NAME", 'did you mean "persona_name"?' },
    { persona { ["Persona Name"] = "n" }, "/Persona Name", 'did you mean "persona_name"?' },
    { persona { personaname = "n" }, "/personaname", 'did you mean "persona_name"?' },
    { persona { defaultReplicaId = "r" }, "/defaultReplicaId", 'did you mean "default_replica_id"?' },
    { layer("perception", { visualAwarenessQueries = {} }),
      "/layers/perception/visualAwarenessQueries", 'did you mean "visual_awareness_queries"?' },
    { layer("llm", { baseURL = "u" }), "/layers/llm/baseURL", 'did you mean "base_url"?' },
    { layer("tts", { apiKey = "k" }), "/layers/tts/apiKey", 'did you mean "api_key"?' },
    { layer("tts", { externalVoiceId = "v" }), "/layers/tts/externalVoiceId",
      'did you mean "external_voice_id"?' },
    { layer("tts", { voice = "v" }), "/layers/tts/voice",
      "in layers.tts, voice_id is a voice of Tavus and external_voice_id one of the provider" },
    -- of an alias
    { persona { WebhookUrl = "u" }, "/WebhookUrl", "is a field of a conversation (callback_url)" },
    { layer("llm", { maxTokens = 5 }), "/layers/llm/maxTokens", "belongs under extra_body, as max_tokens" },
    -- of a name from another place
    { persona { sttEngine = "e" }, "/sttEngine", "belongs under layers.stt, as stt_engine" },
    { persona { apiKey = "k" }, "/apiKey", "belongs under layers.llm or layers.tts, as api_key" },
    { layer("stt", { PersonaName = "n" }), "/layers/stt/PersonaName",
      "belongs at the top level, as persona_name" },
    -- of a name that has a newer one
    { layer("perception", { ambientAwarenessQueries = {} }),
      "/layers/perception/ambientAwarenessQueries", 'did you mean "visual_awareness_queries"?' },
    { persona { Context = "c" }, "/Context", 'did you mean "system_prompt"?' },
  } do
    it(case[2], function()
      local issue, ok = look("persona", case[1], case[2])
      assert.is_true(ok)
      assert.equal(case[3], issue.hint)
    end)
  end

  it("in a conversation", function()
    assert.equal("belongs under properties, as participant_left_timeout", look("conversation",
      { persona_id = "p5317866", participantLeftTimeout = 5 }, "/participantLeftTimeout").hint)
    assert.equal('did you mean "participant_left_timeout"?', look("conversation",
      { persona_id = "p5317866", properties = { participantLeftTimeout = 5 } },
      "/properties/participantLeftTimeout").hint)
  end)

  it("in a choice", function()
    assert.equal('did you mean "raven-1"?', look("persona",
      layer("perception", { perception_model = "RAVEN 1" }), "/layers/perception/perception_model").hint)
    assert.equal('did you mean "full"?', look("persona", persona { pipeline_mode = "FULL" },
      "/pipeline_mode").hint)
  end)

  it("in required", function()
    assert.equal('did you mean "placeName"?', look("tool", tool { type = "object",
      properties = { placeName = {}, b = {} }, required = { "place_name" } },
      "/function/parameters/required/0").hint)
  end)
end)

describe("a hint", function()
  it("does not lead to a name that has a successor", function()
    assert.is_nil(look("persona", persona { contex = "c" }, "/contex").hint)
    for _, name in ipairs { "perception_tolos", "ambient_awareness_query" } do
      local hint = look("persona", layer("perception", { [name] = {} }), "/layers/perception/" .. name).hint
      assert.is_true(hint == nil or not hint:find("perception_tools", 1, true) and
        not hint:find("ambient", 1, true))
    end
  end)

  it("does not lead to a name that only the server sets", function()
    assert.equal("persona_id is read only: leave it out",
      look("persona", persona { personaId = "p" }, "/personaId").hint)
  end)

  it("does not lead to a name that is unproven, but for a slip of the pen", function()
    assert.equal("persona_type is read only: leave it out", look("persona", persona { type = "user" }, "/type").hint)
    assert.is_nil(look("persona", layer("perception", { screen = true }), "/layers/perception/screen").hint)
    assert.equal('did you mean "disclosure_type"?',
      look("persona", persona { disclosure_typ = "auto" }, "/disclosure_typ").hint)
  end)

  it("does not take a name for another because both are short or strange", function()
    assert.is_nil(look("persona", persona { ["___"] = 1 }, "/___").hint)
    assert.is_nil(look("persona", persona { [("layers"):rep(100)] = 1 },
      "/" .. ("layers"):rep(100)).hint)
  end)
end)

describe("the types of JSON Schema", function()
  for word, type_name in pairs { OBJECT = "object", STRING = "string", str = "string",
      int = "integer", bool = "boolean", dict = "object", float = "number", list = "array",
      None = "null", Boolean = "boolean", text = "string" } do
    it("are known as " .. word, function()
      local issue, ok = look("tool", property { type = word }, AT .. "/type")
      assert.is_true(ok)
      assert.equal('did you mean "' .. type_name .. '"?', issue.hint)
    end)
  end

  it("of parameters are only one", function()
    for _, word in ipairs { "OBJECT", "Object", "dict" } do
      local issue, ok = look("tool", tool { type = word }, "/function/parameters/type")
      assert.is_nil(ok)
      assert.equal('did you mean "object"?', issue.hint)
    end
    assert.equal("known are object", look("tool", tool { type = "list" },
      "/function/parameters/type").hint)
  end)
end)

describe("a schema that is written short", function()
  for _, case in ipairs {
    { "a type for a property", property "string", AT, 'write an object: { type = "string" }' },
    { "a type for items", property { type = "array", items = "string" }, AT .. "/items",
      'write an object: { type = "string" }' },
    { "a type among several", property { anyOf = { "string" } }, AT .. "/anyOf/0",
      'write an object: { type = "string" }' },
    { "a type for additionalProperties", property { additionalProperties = "string" },
      AT .. "/additionalProperties", 'write an object: { type = "string" }' },
    { "a property in a string", property '{"type":"string"}', AT,
      "this is JSON in a string: decode it first (tavus.decode)" },
    { "required in the property", property { type = "string", required = true }, AT .. "/required",
      "name it in `required` beside `properties`" },
    { "required as one text", property { type = "object", required = "b" }, AT .. "/required",
      "put it in an array: { ... }" },
  } do
    it("is told what to write: " .. case[1], function()
      local issue, ok = look("tool", case[2], case[3])
      assert.is_nil(ok)
      assert.equal(case[4], issue.hint)
    end)
  end

  it("is told so in a patch too", function()
    assert.equal('write an object: { type = "string" }', look("persona_patch", { { op = "add",
      path = "/layers/llm/tools/0/function/parameters/properties/a", value = "string" } },
      "/0/value").hint)
  end)
end)

describe("a list of ids where one id belongs", function()
  it("is told so", function()
    for _, name in ipairs { "objectives_id", "guardrails_id", "default_replica_id" } do
      assert.equal("one id, not a list", look("persona", persona { [name] = { "o1" } },
        "/" .. name, "type").hint)
      assert.equal("one id, not a list", look("persona_patch",
        { { op = "add", path = "/" .. name, value = { "o1" } } }, "/0/value").hint)
    end
    assert.equal("one id, not a list", look("conversation",
      { persona_id = "p5317866", replica_id = { "r90bbd427f71" } }, "/replica_id").hint)
    assert.equal("join the items into one text", look("persona",
      layer("stt", { hotwords = { "a" } }), "/layers/stt/hotwords").hint)
  end)
end)

describe("a list where one text belongs", function()
  it("is not to be joined where the joined text would mean something else", function()
    assert.equal("one phrase, not a list", look("persona",
      layer("conversational_flow", { wake_phrase = { "hey", "hello" } }),
      "/layers/conversational_flow/wake_phrase").hint)
    for _, key in ipairs { "path", "from" } do
      local op = { op = "move", path = "/context", from = "/greeting" }
      op[key] = { "layers", "llm" }
      assert.equal('a pointer is one text: "/layers/llm/model"', look("persona_patch", { op }, "/0/" .. key).hint)
    end
  end)
end)

describe("a value of the wrong type is told what is wanted:", function()
  for _, case in ipairs {
    -- a choice
    { layer("conversational_flow", { turn_taking_patience = 2 }),
      "/layers/conversational_flow/turn_taking_patience", "known are low, medium, high" },
    { layer("conversational_flow", { voice_isolation = true }),
      "/layers/conversational_flow/voice_isolation", "known are off, near, far" },
    { layer("stt", { stt_engine = { "tavus-auto" } }), "/layers/stt/stt_engine",
      "known are tavus-auto, tavus-parakeet, tavus-soniox, tavus-whisper, tavus-deepgram-medical" },
    -- items of a list
    { persona { document_ids = { first = "d" } }, "/document_ids",
      'write the items without names: { "...", "..." }' },
    { persona { document_ids = { ["1"] = "d" } }, "/document_ids",
      'write the items without names: { "...", "..." }' },
    { persona { document_ids = { { "d" } } }, "/document_ids/0", "an item is one text, not a list" },
    -- an id
    { persona { default_replica_id = { replica_id = "r" } }, "/default_replica_id",
      "the id alone, not the object that has it" },
    -- a truth
    { layer("llm", { speculative_inference = 1 }), "/layers/llm/speculative_inference", "write true or false" },
    -- what is no data
    { persona { greeting = print }, "/greeting", "is a call missing?" },
    { layer("llm", { tools = { require("tavus").tool "later" } }), "/layers/llm/tools/0", "is a call missing?" },
  } do
    it(case[2] .. ", " .. case[3], function()
      local issue, ok = look("persona", case[1], case[2])
      assert.is_nil(ok)
      assert.equal(case[3], issue.hint)
    end)
  end

  it("an item of a patch's list", function()
    assert.equal("an item is one text, not a list", look("persona_patch",
      { { op = "add", path = "/document_ids/-", value = { "d" } } }, "/0/value").hint)
  end)
end)

describe("a key that JSON has no place for", function()
  for _, case in ipairs {
    { { [0] = "a", "b" }, "the key 0 is not a position in an array", "the first position is 1" },
    { { [1.5] = "a" }, "the key 1.5 is not a position in an array", "the first position is 1" },
    { { [true] = "a" }, "the key true is neither a string nor an array index", "keys of a JSON object are strings" },
    { { [print] = "a" }, "a key that is a function is neither a string nor an array index",
      "keys of a JSON object are strings" },
  } do
    it("is named: " .. case[2], function()
      local issue = look("persona", persona { document_ids = case[1] }, "/document_ids")
      assert.equal(case[2], issue.message)
      assert.equal(case[3], issue.hint)
    end)
  end
end)

describe("a value that went out of use", function()
  for _, case in ipairs {
    { "stt", "stt_engine", "tavus-turbo", "known are tavus-auto, " },
    { "tts", "tts_engine", "playht", "known are cartesia, elevenlabs, azure" },
    { "llm", "model", "tavus-llama", "known are tavus-gemma-4, " },
  } do
    it("is told which are known: " .. case[3], function()
      local path = "/layers/" .. case[1] .. "/" .. case[2]
      local issue, ok = look("persona", layer(case[1], { [case[2]] = case[3] }), path, "deprecated")
      assert.is_true(ok)
      assert.equal(1, issue.hint:find(case[4], 1, true))
    end)
  end
end)

describe("the name that was meant", function()
  for _, case in ipairs {
    { "llm", "key", 'did you mean "api_key"?' },
    { "tts", "model_id", 'did you mean "tts_model_name"?' },
    { "llm", "tool_choice", "belongs under extra_body" },
    { "stt", "participant_pause_sensitivty", "use conversational_flow.turn_taking_patience" },
    { "stt", "pause_sensitivity", "use conversational_flow.turn_taking_patience" },
    { "stt", "interrupt_sensitivity", "use conversational_flow.replica_interruptibility" },
    { "stt", "smart_turn", "use conversational_flow.turn_detection_model" },
    { "stt", "turn_detection", "use conversational_flow.turn_detection_model" },
    { "stt", "stt_model", 'did you mean "stt_engine"?' },
    { "conversational_flow", "wake_word", 'did you mean "wake_phrase"?' },
    { "conversational_flow", "turn_patience", 'did you mean "turn_taking_patience"?' },
    { "conversational_flow", "interruptible", 'did you mean "replica_interruptibility"?' },
    { "perception", "prompt", 'did you mean "visual_tool_prompt"?' },
  } do
    it(case[1] .. "." .. case[2], function()
      assert.equal(case[3], look("persona", layer(case[1], { [case[2]] = "x" }),
        "/layers/" .. case[1] .. "/" .. case[2]).hint)
    end)
  end

  it("of a layer", function()
    for name, hint in pairs { transcription = "stt", speech_to_text = "stt", text_to_speech = "tts" } do
      assert.equal('did you mean "' .. hint .. '"?',
        look("persona", persona { layers = { [name] = {} } }, "/layers/" .. name).hint)
    end
  end)

  it("in a tool", function()
    assert.equal('did you mean "function"?', look("tool", { type = "function", func = {} }, "/func").hint)
    assert.equal('did you mean "description"?', look("tool",
      { type = "function", ["function"] = { name = "a", desc = "d" } }, "/function/desc").hint)
    assert.equal("an argument is described under properties", look("tool",
      tool { type = "object", city = { type = "string" } }, "/function/parameters/city").hint)
  end)
end)
