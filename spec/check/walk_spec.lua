-- luacheck: std max+busted
-- What the check says: severities, types, hints. Rules are in check_rules_spec, tools in check_tools_spec, the walk over
-- hostile values in hostile_spec, patches in check_patch_spec.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, persona, layers, codes = checking.look, checking.persona, checking.layers, checking.codes

describe("validate", function()
  it("raises on misuse at the caller's line", function()
    local ok, message = pcall(core.validate, "personas", {})
    assert.is_false(ok)
    assert.matches('unknown kind "personas"', message, 1, true)
    assert.matches(table.concat(core.contract().kinds, ", "), message, 1, true)
    assert.is_false(pcall(core.validate))
    assert.is_false(pcall(core.validate, "persona"))
    assert.is_false(pcall(core.validate, "persona", {}, "strict"))
    assert.is_false(pcall(core.encode))
    assert.is_false(pcall(core.encode, {}, "nothing"))
  end)

  it("gives true and an empty array for a plain persona", function()
    local ok, warnings = core.validate("persona", persona {
      persona_name = "Ada", pipeline_mode = "full",
      layers = { llm = { model = "tavus-gpt-oss" }, stt = { stt_engine = "tavus-auto" } },
    })
    assert.is_true(ok)
    assert.same({}, warnings)
  end)

  it("tells all issues at once, in the order of the text", function()
    local ok, issues = core.validate("persona", {
      persona_name = 7,
      layers = { stt = { hotwords = { "a" } }, llm = { tools = "[]" } },
      document_ids = "d1",
    })
    assert.is_nil(ok)
    local paths = {}
    for i, issue in ipairs(issues) do paths[i] = issue.path end
    assert.same({ "/document_ids", "/layers/llm/tools", "/layers/stt/hotwords",
      "/persona_name", "/system_prompt" }, paths)
    local issue = issues[1]
    assert.same({ path = "/document_ids", code = "type", severity = "error",
      message = "expected array, got string",
      hint = "put it in an array: { ... }" }, issue)
  end)

  it("says the same every time", function()
    local value = { b = 1, a = 2, layers = { z = 1, y = 2 }, d = 1, c = 1 }
    local first = select(2, core.validate("persona", value))
    for _ = 1, 5 do
      assert.same(first, select(2, core.validate("persona", value)))
    end
  end)

  it("refuses a document that is no object", function()
    for _, value in ipairs { 1, "text", true, core.null, core.array {}, { 1 } } do
      local issue, ok = look("persona", value, "", "type")
      assert.is_nil(ok)
      assert.matches("^expected object, got ", issue.message)
    end
  end)

  it("lets null stand for any member", function()
    local ok, warnings = core.validate("persona", persona {
      persona_name = core.null, document_ids = core.null,
      layers = { llm = core.null, tts = { voice_settings = core.null,
        pronunciation_dictionary_id = core.null } },
      objectives_id = core.null,
    })
    assert.is_true(ok)
    assert.same({}, warnings)
    assert.is_true((core.validate("persona", persona { layers = core.null })))
  end)

  it("warns of null among the items of an array", function()
    local function expect(kind, value, path, wanted)
      local issue, ok = look(kind, value, path, "type")
      assert.is_true(ok)
      assert.equal("warning", issue.severity)
      assert.equal("expected " .. wanted .. ", got null", issue.message)
    end
    expect("persona", persona { document_ids = { "d1", core.null } }, "/document_ids/1", "string")
    expect("persona", layers("llm", { tools = { core.null } }), "/layers/llm/tools/0", "object")
    expect("persona", layers("perception", { visual_tools = { core.null } }),
      "/layers/perception/visual_tools/0", "object")
    expect("tool", { type = "function", ["function"] = { name = "a", parameters = {
      type = "object", properties = {}, required = { core.null } } } },
      "/function/parameters/required/0", "string")
    assert.same({}, codes("tool", { type = "function", ["function"] = { name = "a", parameters = {
      type = "object", properties = { a = { enum = { "x", core.null } } } } } }))
  end)

  it("only warns of what it does not know, and refuses it when strict", function()
    local value = persona { favourite_colour = "blue",
      layers = { llm = { model = "tavus-next" }, tts = { tts_engine = "choir" } } }
    local ok, warnings = core.validate("persona", value)
    assert.is_true(ok)
    assert.equal(3, #warnings)
    for _, w in ipairs(warnings) do assert.equal("warning", w.severity) end
    local strict, issues = core.validate("persona", value, { strict = true })
    assert.is_nil(strict)
    assert.equal(3, #issues)
    for _, i in ipairs(issues) do assert.equal("error", i.severity) end
    assert.is_nil((core.encode(value, "persona", { strict = true })))
  end)

  it("stops counting at a thousand issues", function()
    local ids = {}
    for i = 1, 2000 do ids[i] = i end
    local ok, issues = core.validate("persona", persona { document_ids = ids })
    assert.is_nil(ok)
    assert.equal(1001, #issues)
    assert.equal("too_many", issues[1001].code)
  end)
end)

describe("types", function()
  local function hint_of(value, path)
    local issue, ok = look("persona", value, path, "type")
    assert.is_nil(ok)
    return issue.hint
  end

  it("are named as JSON names them", function()
    local issue = look("persona", layers("tts", { voice_settings = { speed = true } }),
      "/layers/tts/voice_settings/speed", "type")
    assert.equal("expected string or number, got boolean", issue.message)
  end)

  it("of settings that another engine may have otherwise only warn", function()
    local issue, ok = look("persona", layers("tts", { tts_engine = "azure",
      voice_settings = { style = "cheerful" } }), "/layers/tts/voice_settings/style", "type")
    assert.is_true(ok)
    assert.equal("warning", issue.severity)
  end)

  it("come with a hint", function()
    assert.equal("write it as a string, in quotes",
      hint_of(persona { persona_name = 12 }, "/persona_name"))
    assert.equal("join the items into one text",
      hint_of(layers("stt", { hotwords = { "Ada" } }), "/layers/stt/hotwords"))
    assert.equal("this is JSON in a string: decode it first (tavus.decode)",
      hint_of(layers("llm", { tools = " [ ]" }), "/layers/llm/tools"))
    assert.equal("this is JSON in a string: decode it first (tavus.decode)",
      hint_of(persona { layers = "{}" }, "/layers"))
    assert.equal("write the number without quotes", hint_of(
      layers("tts", { voice_settings = { stability = "0.5" } }),
      "/layers/tts/voice_settings/stability"))
    assert.equal("write true or false, no quotes", hint_of(
      layers("llm", { speculative_inference = "true" }),
      "/layers/llm/speculative_inference"))
    assert.equal("an empty object is tavus.object{}",
      hint_of(persona { layers = core.array {} }, "/layers"))
    assert.equal("put it in an array: { { ... } }",
      hint_of(layers("llm", { tools = { type = "function" } }), "/layers/llm/tools"))
  end)

  it("of a fact that is not sure only warn", function()
    local issue, ok = look("persona", persona { greeting = 5 }, "/greeting", "type")
    assert.is_true(ok)
    assert.equal("warning", issue.severity)
  end)

  it("know whole numbers", function()
    local function duration(n)
      return look("conversation", { persona_id = "p5317866",
        properties = { max_call_duration = n } }, "/properties/max_call_duration")
    end
    assert.is_nil(duration(600))
    assert.equal("type", duration(600.5).code)
    assert.equal("type", duration("600").code)
    assert.equal("range", duration(0).code)
    assert.equal("outside the usual range 60 to 7200", duration(59).message)
    assert.equal("the unit is the second", duration(59).hint)
    assert.equal("less than 2", look("conversation", { persona_id = "p5317866", max_participants = 1 },
      "/max_participants").message)
    assert.equal("outside the usual range 0 to 2",
      look("persona", layers("llm", { extra_body = { temperature = 3 } }), "/layers/llm/extra_body/temperature").message)
  end)
end)

describe("tts_emotion_control", function()
  it("may be a word, and is sent as a boolean", function()
    for word, sent in pairs { ["true"] = "true", ["false"] = "false" } do
      local text, warnings = core.encode(
        layers("tts", { tts_emotion_control = word }), "persona")
      assert.equal('{"layers":{"tts":{"tts_emotion_control":' .. sent ..
        '}},"system_prompt":"You are calm."}', text)
      assert.equal("warning", warnings[1].severity)
    end
  end)

  it("may be no other word", function()
    local issue, ok = look("persona", layers("tts", { tts_emotion_control = "yes" }),
      "/layers/tts/tts_emotion_control")
    assert.is_nil(ok)
    assert.equal("error", issue.severity)
  end)
end)

describe("hints", function()
  for _, case in ipairs {
    { persona { llm = {} }, "/llm", "belongs under layers" },
    { persona { perception = {} }, "/perception", "belongs under layers" },
    { persona { hotwords = "a" }, "/hotwords", "belongs under layers.stt" },
    { persona { api_key = "k" }, "/api_key", "belongs under layers.llm or layers.tts" },
    { persona { name = "n" }, "/name", 'did you mean "persona_name"?' },
    { persona { system_promt = "n" }, "/system_promt", 'did you mean "system_prompt"?' },
    { persona { replica_id = "r" }, "/replica_id", 'did you mean "default_replica_id"?' },
    { persona { pal_name = "n", default_face_id = "r90bbd427f71" }, "/pal_name",
      'called "persona_name" here' },
    { persona { default_face_id = "r90bbd427f71" }, "/default_face_id",
      'called "default_replica_id" here' },
    { persona { default_replica_id = "p5317866" }, "/default_replica_id",
      "this looks like a persona id, and a replica id is wanted" },
    { persona { context = "c" }, "/context", "use system_prompt: add the text there" },
    { persona { callback_url = "u" }, "/callback_url", "is a field of a conversation" },
    { layers("conversational", {}), "/layers/conversational",
      'did you mean "conversational_flow"?' },
    { layers("document_ids", {}), "/layers/document_ids", "belongs at the top level" },
    { layers("percetpion", {}), "/layers/percetpion", 'did you mean "perception"?' },
    { layers("llm", { temperature = 1 }), "/layers/llm/temperature",
      "belongs under extra_body" },
    { layers("llm", { tts_engine = "x" }), "/layers/llm/tts_engine",
      "belongs under layers.tts" },
    { layers("tts", { cartesia_voice_id = "v" }), "/layers/tts/cartesia_voice_id",
      'did you mean "external_voice_id"?' },
    { layers("tts", { speed = 1 }), "/layers/tts/speed", "belongs under voice_settings" },
    { layers("perception", { perception_model = "tavus-turbo" }),
      "/layers/perception/perception_model",
      '"tavus-turbo" is an STT engine (stt_engine)' },
    { layers("perception", { perception_model = "raven1" }),
      "/layers/perception/perception_model", 'did you mean "raven-1"?' },
    { layers("perception", { ambient_awareness_queries = {} }),
      "/layers/perception/ambient_awareness_queries",
      "renamed to visual_awareness_queries" },
    { layers("perception", { perception_tools = {} }),
      "/layers/perception/perception_tools", "renamed to visual_tools" },
    { layers("perception", { perception_tool_prompt = "" }),
      "/layers/perception/perception_tool_prompt", "renamed to visual_tool_prompt" },
    { layers("conversational_flow", { turn_taking_patience = "meduim" }),
      "/layers/conversational_flow/turn_taking_patience", 'did you mean "medium"?' },
    { layers("stt", { participant_pause_sensitivity = "high" }),
      "/layers/stt/participant_pause_sensitivity",
      "use conversational_flow.turn_taking_patience: high sensitivity is low patience" },
  } do
    it("at " .. case[2] .. " say: " .. case[3], function()
      local issue, ok = look("persona", case[1], case[2])
      assert.is_true(ok)
      assert.equal("warning", issue.severity)
      assert.equal(case[3], issue.hint)
    end)
  end

  it("work for conversations", function()
    local function hint(key, value)
      return look("conversation", { persona_id = "p5317866", [key] = value },
        "/" .. key).hint
    end
    assert.equal("belongs under properties", hint("language", "german"))
    assert.equal("is a field of a persona", hint("system_prompt", "x"))
    assert.equal("this looks like a persona id, and a replica id is wanted",
      hint("replica_id", "p5317866"))
    assert.equal("this looks like a replica id, and a persona id is wanted",
      look("conversation", { persona_id = "r90bbd427f71" }, "/persona_id").hint)
  end)

  it("quote what the user wrote, short and printable", function()
    local issue = look("persona", layers("tts",
      { tts_engine = "a\0b\27[31m" .. ("x"):rep(500) }), "/layers/tts/tts_engine")
    assert.matches("\\x00", issue.message, 1, true)
    assert.matches("\\x1b", issue.message, 1, true)
    assert.matches('"\\xff"', select(2, pcall(core.validate, "\255", {})), 1, true)
    assert.is_true(#issue.message < 150)
    assert.is_nil(issue.message:find("%c"))
    local key = ("k"):rep(500) .. "\n"
    local unknown = select(2, core.validate("persona", persona { [key] = 1 }))[1]
    assert.is_true(#unknown.message < 150)
  end)

  it("never quote a secret, wherever it was put", function()
    local secret = "hush-hush-hush"
    local value = persona { api_key = secret, layers = {
      llm = { model = "m", base_url = "https://llm.example.com", api_key = secret,
        headers = { Authorization = secret } }, tts = { api_key = { secret } } } }
    local _, issues = core.validate("persona", value)
    for _, issue in ipairs(issues) do
      for _, text in pairs(issue) do assert.is_nil(text:find(secret, 1, true)) end
    end
    value.layers.tts = nil
    local _, _, secrets = core.encode(value, "persona")
    assert.same({ secret, secret, secret }, secrets)
  end)
end)

describe("model names", function()
  it("are free with a custom llm, and known when hosted", function()
    assert.same({}, codes("persona", layers("llm",
      { model = "anything", base_url = "https://llm.example.com", api_key = "k" })))
    assert.same({ "choice" }, codes("persona", layers("llm", { model = "anything" })))
    assert.same({ "deprecated" }, codes("persona", layers("llm", { model = "tavus-llama" })))
  end)
end)

describe("encode with a kind", function()
  it("writes the types of the contract", function()
    local text = core.encode({ persona_id = "p5317866", document_ids = {},
      properties = { max_call_duration = 3600.0 } }, "conversation")
    assert.equal('{"document_ids":[],"persona_id":"p5317866",' ..
      '"properties":{"max_call_duration":3600}}', text)
    text = core.encode(persona { layers = { llm = { extra_body = {}, headers = {},
      tools = {} }, tts = { voice_settings = {} } } }, "persona")
    assert.equal('{"layers":{"llm":{"extra_body":{},"headers":{},"tools":[]},' ..
      '"tts":{"voice_settings":{}}},"system_prompt":"You are calm."}', text)
  end)

  it("writes what it does not know", function()
    assert.equal('{"later":{"a":[1,{}],"b":null},"system_prompt":"You are calm."}',
      (core.encode(persona { later = { a = { 1, {} }, b = core.null } }, "persona")))
  end)

  it("sorts the keys of objects of any size", function()
    local value, parts = {}, {}
    for i = 1, 300 do
      value[("k%03d"):format(i)] = i
      parts[i] = ('"k%03d":%d'):format(i, i)
    end
    assert.equal("{" .. table.concat(parts, ",") .. "}", (core.encode(value)))
    value.system_prompt = "x"
    parts[301] = '"system_prompt":"x"'
    assert.equal("{" .. table.concat(parts, ",") .. "}",
      (core.encode(value, "persona")))
  end)

  it("checks rules in objects of any size", function()
    local value = {}
    for i = 1, 40 do value["x" .. i] = i end
    assert.is_table(look("persona", value, "/system_prompt", "required"))
    value.system_prompt = "x"
    assert.is_nil(look("persona", value, "/system_prompt", "required"))
  end)
end)
