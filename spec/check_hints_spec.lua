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
    -- of an alias
    { persona { WebhookUrl = "u" }, "/WebhookUrl", "is a field of a conversation (callback_url)" },
    { layer("llm", { maxTokens = 5 }), "/layers/llm/maxTokens", "belongs under extra_body" },
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
    { "a type for a property", property "string", AT, 'a schema is an object: { type = "string" }' },
    { "a type for items", property { type = "array", items = "string" }, AT .. "/items",
      'put it in an object: { type = "string" }' },
    { "a type among several", property { anyOf = { "string" } }, AT .. "/anyOf/0",
      'a schema is an object: { type = "string" }' },
    { "a type for additionalProperties", property { additionalProperties = "string" },
      AT .. "/additionalProperties", 'a schema is an object: { type = "string" }' },
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
    assert.equal('a schema is an object: { type = "string" }', look("persona_patch", { { op = "add",
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
