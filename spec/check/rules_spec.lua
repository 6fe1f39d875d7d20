-- luacheck: std max+busted
-- The contract's conditional rules: two are errors, since Tavus refuses; the others warn.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, persona, layers, codes = checking.look, checking.persona, checking.layers, checking.codes

describe("rule 1", function()
  it("wants a system_prompt", function()
    for _, value in ipairs { {}, { system_prompt = core.null } } do
      local issue, ok = look("persona", value, "/system_prompt")
      assert.is_nil(ok)
      assert.equal("required", issue.code)
      assert.equal("error", issue.severity)
    end
    assert.is_nil((core.validate("persona", { pipeline_mode = "full" })))
  end)

  it("only warns of an empty one", function()
    local value = { system_prompt = "" }
    local issue, ok = look("persona", value, "/system_prompt")
    assert.is_true(ok)
    assert.equal("required", issue.code)
    assert.equal("warning", issue.severity)
    assert.equal('{"system_prompt":""}', (core.encode(value, "persona")))
    assert.is_nil((core.encode(value, "persona", { strict = true })))
  end)

  it("wants none in echo mode", function()
    assert.is_true((core.validate("persona", { pipeline_mode = "echo" })))
    for _, prompt in ipairs { "", core.null, "text" } do
      assert.same({}, codes("persona",
        { pipeline_mode = "echo", system_prompt = prompt }))
    end
  end)

  it("only warns in a mode that is not known", function()
    for _, mode in ipairs { "custom", "Echo" } do
      local issue, ok = look("persona", { pipeline_mode = mode }, "/system_prompt")
      assert.is_true(ok)
      assert.equal("warning", issue.severity)
    end
  end)
end)

describe("rule 2", function()
  local all = { model = "m", base_url = "https://llm.example.com/v1", api_key = "k" }

  it("is content with all three and with none", function()
    assert.same({}, codes("persona", layers("llm", all)))
    assert.same({}, codes("persona", layers("llm", {})))
    assert.same({}, codes("persona", layers("llm", { model = "tavus-gpt-oss" })))
  end)

  for _, missing in ipairs { "model", "base_url", "api_key" } do
    it("misses " .. missing, function()
      local llm = {}
      for k, v in pairs(all) do llm[k] = v end
      llm[missing] = nil
      local issue, ok = look("persona", layers("llm", llm), "/layers/llm/" .. missing)
      assert.is_nil(ok)
      assert.equal("required", issue.code)
      assert.matches("model, base_url and api_key", issue.message)
    end)
  end

  it("counts null as missing and empty texts as nothing", function()
    assert.is_nil((core.validate("persona", layers("llm",
      { model = "m", base_url = "https://llm.example.com", api_key = core.null }))))
    assert.is_true((core.validate("persona", layers("llm",
      { model = "tavus-gpt-oss", base_url = "", api_key = core.null }))))
  end)
end)

describe("the other rules only warn:", function()
  for _, case in ipairs {
    { 4, layers("perception", { perception_model = "off", visual_awareness_queries = { "x" } }),
      "/layers/perception/visual_awareness_queries" },
    { 5, layers("perception", { perception_model = "raven-0", audio_tools = {},
        audio_awareness_queries = { "x" } }), "/layers/perception/audio_awareness_queries" },
    { 6, layers("tts", { tts_engine = "azure", tts_model_name = "sonic-3" }),
      "/layers/tts/tts_model_name" },
    { 7, layers("stt", { stt_engine = "tavus-auto", smart_turn_detection = true }),
      "/layers/stt/smart_turn_detection" },
    { 7, layers("stt", { stt_engine = "tavus-turbo", hotwords = "x" }),
      "/layers/stt/hotwords" },
  } do
    it("rule " .. case[1] .. " at " .. case[3], function()
      local issue, ok = look("persona", case[2], case[3], "rule")
      assert.is_true(ok)
      assert.equal("warning", issue.severity)
    end)
  end

  it("rule 4 has nothing against empty lists", function()
    assert.same({}, codes("persona", layers("perception",
      { perception_model = "off", visual_tools = {}, visual_tool_prompt = "" })))
  end)

  it("rule 7 has nothing against tavus-advanced, or smart_turn_detection = false", function()
    assert.is_nil(look("persona", layers("stt", { stt_engine = "tavus-advanced",
      smart_turn_detection = true }), "/layers/stt/smart_turn_detection", "rule"))
    assert.is_nil(look("persona", layers("stt", { stt_engine = "tavus-auto",
      smart_turn_detection = false }), "/layers/stt/smart_turn_detection", "rule"))
  end)

  it("rule 8, a face for a pal", function()
    local issue, ok = look("persona", persona { pal_name = "x" }, "/default_face_id")
    assert.is_true(ok)
    assert.equal("required", issue.code)
  end)

  it("rule 9, fifty guardrails in all", function()
    local ids, tags = {}, {}
    for i = 1, 30 do ids[i], tags[i] = "g" .. i, "t" .. i end
    local issue, ok = look("persona",
      persona { guardrail_ids = ids, guardrail_tags = tags }, "", "range")
    assert.is_true(ok)
    assert.matches("50", issue.message)
  end)

  it("meetings want a default face", function()
    local function meeting(conferencing, more)
      local value = layers("conferencing", conferencing)
      for name, one in pairs(more or {}) do value[name] = one end
      return value
    end
    local issue, ok = look("persona", meeting { username = "Ada" }, "/default_replica_id", "required")
    assert.is_true(ok)
    assert.equal("warning", issue.severity)
    assert.matches("conferencing", issue.message)
    for _, value in ipairs { meeting({ username = "Ada" }, { default_replica_id = "r90bbd427f71" }), meeting {}, meeting(core.null),
        persona { layers = core.null }, persona {} } do
      assert.same({}, codes("persona", value))
    end
    assert.is_nil(look("persona", meeting({ username = "Ada" }, { default_face_id = "r90bbd427f71" }), "/default_replica_id"))
    assert.is_nil((core.validate("persona", meeting { username = "Ada" }, { strict = true })))
    -- A patch does not tell what the persona has.
    assert.same({}, codes("persona_patch", { { op = "add", path = "/layers/conferencing", value = { username = "Ada" } } }))
    local large = meeting { username = "Ada" }
    for i = 1, 30 do large["x" .. i] = i end
    assert.is_table((look("persona", large, "/default_replica_id", "required")))
  end)

  it("rule 11, somebody to talk to", function()
    local issue, ok = look("conversation", {}, "", "required")
    assert.is_true(ok)
    assert.matches("persona or a replica", issue.message)
    for _, name in ipairs { "persona_id", "replica_id", "pal_id", "face_id" } do
      assert.is_nil(look("conversation", { [name] = "x" }, "", "required"))
    end
  end)

  it("old and new names do not mix", function()
    assert.is_table(look("conversation",
      { pal_id = "p5317866", replica_id = "r90bbd427f71" }, "", "rule"))
    assert.is_nil(look("conversation",
      { pal_id = "p5317866", face_id = "r90bbd427f71" }, "", "rule"))
    assert.is_table(look("persona", persona { pal_name = "a", persona_name = "b",
      default_face_id = "r90bbd427f71" }, "", "rule"))
  end)

  it("a conversation takes the newer names as well", function()
    for _, strict in ipairs { false, true } do
      for _, value in ipairs { { pal_id = "p5317866", face_id = "r90bbd427f71" },
          { pal_id = "p5317866" }, { face_id = "r90bbd427f71" } } do
        local ok, issues = core.validate("conversation", value, { strict = strict })
        assert.is_true(ok)
        assert.same({}, issues)
      end
    end
    assert.equal("id", look("conversation", { pal_id = "r90bbd427f71" }, "/pal_id").code)
  end)

  it("a storage wants its provider", function()
    local issue, ok = look("conversation", { persona_id = "p5317866",
      properties = { recording_storage = { bucket_name = "b" } } },
      "/properties/recording_storage/provider")
    assert.is_true(ok)
    assert.equal("required", issue.code)
  end)
end)

describe("raven-0's own names", function()
  local function of(model)
    return { perception_model = model, ambient_awareness_queries = { "Is there a dog?" },
      perception_tool_prompt = "p", perception_tools = {} }
  end

  it("are right beside raven-0 and basic", function()
    assert.same({}, codes("persona", layers("perception", of "raven-0")))
    assert.is_true((core.validate("persona", layers("perception", of "raven-0"), { strict = true })))
    -- What is said of basic is that it is retired.
    assert.same({ "deprecated" }, codes("persona", layers("perception", of "basic")))
    local large = of "raven-0"
    for i = 1, 30 do large["x" .. i] = i end
    assert.is_nil(look("persona", layers("perception", large), "/layers/perception/perception_tools"))
  end)

  it("are old names elsewhere", function()
    for _, model in ipairs { "raven-1", "raven-2", "raven-9", "off", core.null, false, 5 } do
      for name, successor in pairs { ambient_awareness_queries = "visual_awareness_queries",
          perception_tool_prompt = "visual_tool_prompt", perception_tools = "visual_tools" } do
        local issue = look("persona", layers("perception", of(model)),
          "/layers/perception/" .. name, "renamed")
        assert.equal("warning", issue.severity)
        assert.equal("renamed to " .. successor, issue.hint)
      end
    end
  end)

  it("are judged by the model in a patch where it is given", function()
    local function renamed(model)
      local _, issues = core.validate("persona_patch",
        { { op = "add", path = "/layers/perception", value = of(model) } })
      return #issues
    end
    assert.equal(0, renamed "raven-0")
    assert.equal(3, renamed "raven-1")
  end)
end)
