-- luacheck: std max+busted
-- The contract's conditional rules: four are errors, since Tavus refuses; the others warn.
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

describe("rule 11", function()
  it("wants somebody to talk to", function()
    for _, value in ipairs { {}, { persona_id = core.null }, { persona_id = "" }, { conversation_name = "Talk" } } do
      local issue, ok = look("conversation", value, "", "required")
      assert.is_nil(ok)
      assert.matches("persona or a replica", issue.message)
    end
    for _, name in ipairs { "persona_id", "replica_id", "pal_id", "face_id" } do
      assert.is_nil(look("conversation", { [name] = "x" }, "", "required"))
    end
  end)
end)

describe("the kind pal", function()
  local function pal(more)
    local value = { pal_name = "Ada", system_prompt = "x", default_face_id = "r90bbd427f71" }
    for name, one in pairs(more) do value[name] = one end
    return value
  end

  it("has the newer names", function()
    for _, more in ipairs { {}, { layers = { conversational_flow = { pal_interruptibility = "low" } } },
        { layers = { conversational_flow = { replica_interruptibility = "low" } } } } do
      assert.is_true((core.validate("pal", pal(more), { strict = true })))
    end
  end)

  it("does not mix them with the older ones", function()
    assert.is_table(look("pal", pal { persona_name = "Ada" }, "", "rule"))
  end)

  it("is refused without a face (rule 8)", function()
    for _, body in ipairs { { pal_name = "Ada", system_prompt = "x" }, { system_prompt = "x", default_replica_id = "r90bbd427f71" } } do
      local issue, ok = look("pal", body, "/default_face_id", "required")
      assert.is_nil(ok)
      assert.equal("error", issue.severity)
    end
  end)
end)

describe("rule 17", function()
  it("refuses a proxy without a custom llm", function()
    for _, llm in ipairs { { enable_llm_proxy = true }, { enable_llm_proxy = true, model = "tavus-gemma-4" } } do
      local issue, ok = look("persona", layers("llm", llm), "/layers/llm/base_url", "required")
      assert.is_nil(ok)
      assert.matches("enable_llm_proxy", issue.message)
    end
  end)

  it("has nothing against one beside it, one that is off, or one in a patch", function()
    local custom = { model = "m", base_url = "https://llm.example.com/v1", api_key = "k", enable_llm_proxy = true }
    assert.is_true((core.validate("persona", layers("llm", custom), { strict = true })))
    assert.same({}, codes("persona", layers("llm", { enable_llm_proxy = false })))
    assert.same({}, codes("persona_patch", { { op = "add", path = "/layers/llm/enable_llm_proxy", value = true } }))
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
    { 16, layers("tts", { voice_id = "v0a1b2c3d4e5f", external_voice_id = "a0e9" }), "/layers/tts/external_voice_id" },
    { 16, layers("tts", { voice_id = "v0a1b2c3d4e5f", tts_engine = "cartesia" }), "/layers/tts/tts_engine" },
    { 16, layers("tts", { voice_id = "v0a1b2c3d4e5f", tts_model_name = "sonic-3" }), "/layers/tts/tts_model_name" },
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

  it("a storage wants what its provider needs", function()
    local needs = {
      s3 = { bucket_name = "b", bucket_region = "us-east-1", assume_role_arn = "arn:aws:iam::1:role/r" },
      gcs = { bucket_name = "b", project_id = "p", service_account_email = "a@b.example",
        workload_identity_provider = "projects/1/locations/global/workloadIdentityPools/p/providers/q" },
      azure_blob = { storage_account = "a", container = "c", tenant_id = "t", client_id = "c" },
    }
    local at = "/properties/recording_storage/"
    local function call(storage)
      return { persona_id = "p5317866", properties = { enable_recording = true, recording_storage = storage } }
    end
    for provider, members in pairs(needs) do
      members.provider = provider
      assert.is_true((core.validate("conversation", call(members), { strict = true })), provider)
      for name, value in pairs(members) do
        members[name] = nil
        local issue, ok = look("conversation", call(members), at .. name, "required")
        assert.is_true(ok)
        assert.equal("warning", issue.severity)
        members[name] = value
      end
    end
  end)

  it("the older names of a storage want each other", function()
    local all = { recording_s3_bucket_name = "b", recording_s3_bucket_region = "r", aws_assume_role_arn = "a" }
    assert.is_nil(look("conversation", { persona_id = "p5317866", properties = all }, "/properties/aws_assume_role_arn",
      "required"))
    for name, value in pairs(all) do
      for missing in pairs(all) do
        local issue = look("conversation", { persona_id = "p5317866", properties = { [name] = value } },
          "/properties/" .. missing, "required")
        assert.equal(missing ~= name, issue ~= nil, name .. ": " .. missing)
      end
    end
  end)

  it("a recording wants a storage, and one that is off does not", function()
    local function storage(properties)
      return look("conversation", { persona_id = "p5317866", properties = properties }, "/properties/recording_storage",
        "required")
    end
    assert.equal("warning", storage({ enable_recording = true }).severity)
    assert.is_nil(storage { enable_recording = false })
    assert.is_nil(storage {})
    assert.is_nil(storage { enable_recording = true, recording_s3_bucket_name = "b" })
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
      local count = 0
      for _, issue in ipairs(issues) do count = count + (issue.code == "renamed" and 1 or 0) end
      return count
    end
    assert.equal(0, renamed "raven-0")
    assert.equal(3, renamed "raven-1")
  end)
end)
