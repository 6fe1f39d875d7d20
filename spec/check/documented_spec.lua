-- luacheck: std max+busted
-- What the documents state passes without a word, under strict, too; and what is near to it is told how to be written.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local persona, layers, look = checking.persona, checking.layers, checking.look

local function call(more)
  local value = { persona_id = "p5317866" }
  for k, v in pairs(more) do value[k] = v end
  return value
end

local function properties(more) return call { properties = more } end

local VOICE = "v0a1b2c3d4e5f"

local custom = { model = "m", base_url = "https://llm.example.com/v1", api_key = "k" }
local function with(more)
  local llm = {}
  for k, v in pairs(custom) do llm[k] = v end
  for k, v in pairs(more) do llm[k] = v end
  return layers("llm", llm)
end

describe("what the documents state", function()
  local bodies = {
    persona = {
      layers("tts", { voice_id = VOICE }),
      layers("tts", { voice_id = VOICE, voice_settings = { speed = 0.9 } }),
      layers("tts", { external_voice_id = "a0e99841-438c-4a64-b679-ae501e7d6091" }),
      layers("tts", { external_voice_id = "21m00Tcm4TlvDq8ikWAM", tts_engine = "elevenlabs" }),
      layers("tts", { external_voice_id = "", pronunciation_dictionary_id = "" }),
      layers("tts", { tts_engine = "tavus-auto" }),
      persona { disclosure_type = "auto" }, persona { disclosure_type = "always" }, persona { disclosure_type = "off" },
      persona { disclosure_type = "always", verbal_disclosure = "You talk to an AI.", visual_disclosure = "AI" },
      persona { verbal_disclosure = "auto", visual_disclosure = "auto" },
      persona { languages = { "ar", "en" } }, persona { languages = {} },
      layers("perception", { emotion_recognition = "limited" }),
      layers("conversational_flow", { wake_phrase = "hey Anna", sleep_phrase = "good night" }),
      layers("conversational_flow", { turn_detection_model = "sparrow-2", voice_isolation = "far" }),
      with { enable_llm_proxy = true }, with { default_query = { v = "1" } },
      persona { default_replica_id = "r90bbd427f71", layers = { conferencing = { username = "ada" } } },
      persona { default_replica_id = "r90bbd427f71",
        layers = { conferencing = { username = "ada", allowlist = { "a@b.example" } } } },
      persona { guardrail_ids = { "g0a1b2c3d4e5f" }, guardrails_id = "g0a1b2c3d4e5f", objectives_id = "o0a1b2c3d4e5f" },
      persona { document_ids = { "d8-5c71baca86fc", "d1234567890" } },
    },
    conversation = {
      properties { languages = { "en", "es" } }, properties { max_call_duration = 60 },
      properties { max_call_duration = 7200 }, properties { daily_room = "https://me.daily.co/x" },
      call { meeting_url = "https://meet.google.com/abc-defg-hij" }, call { participant_tags = { "ada" } },
      call { policy = "eu" }, call { test_mode = true, require_auth = true }, call { document_retrieval_strategy = "quality" },
      call { enable_dynamic_greeting = true }, call { memory_stores = { "ada" } },
      { pal_id = "p5317866", face_id = "r90bbd427f71" }, { replica_id = "r90bbd427f71" },
      properties { enable_recording = true, recording_storage = { provider = "s3", bucket_name = "b", bucket_region = "r",
        assume_role_arn = "a", external_id = "e", key_template = "{room}" } },
    },
    persona_patch = {
      { { op = "replace", path = "/layers/tts/voice_id", value = VOICE } },
      { { op = "add", path = "/disclosure_type", value = "off" } },
      { { op = "add", path = "/languages", value = { "de", "en" } } },
      { { op = "replace", path = "/languages/0", value = "de" } },
      { { op = "add", path = "/layers/conversational_flow/sleep_phrase", value = "good night" } },
      { { op = "add", path = "/layers/llm/enable_llm_proxy", value = true } },
      { { op = "add", path = "/layers/conferencing", value = { username = "ada", allowlist = {} } } },
      { { op = "add", path = "/guardrail_ids/-", value = "g0a1b2c3d4e5f" } },
    },
  }
  for kind, list in pairs(bodies) do
    for _, value in ipairs(list) do
      it("passes under strict: " .. core.encode(value), function()
        local ok, issues = core.validate(kind, value, { strict = true })
        assert.same({}, issues)
        assert.is_true(ok)
      end)
    end
  end

  it("is never called undocumented", function()
    for _, resource in ipairs(core.contract().resources) do
      for _, field in ipairs(bodies[resource.name] and resource.fields or {}) do
        if field.sure == "A" or field.sure == "B" then
          local issue = look(resource.name, { [field.name] = core.null }, "/" .. field.name, "unverified")
          assert.is_nil(issue, field.name)
        end
      end
    end
  end)
end)

describe("what is near to what the documents state", function()
  for _, case in ipairs {
    -- A voice in the other field.
    { "persona", layers("tts", { external_voice_id = VOICE }), "/layers/tts/external_voice_id", "voice_id" },
    { "persona", layers("tts", { voice_id = "r90bbd427f71" }), "/layers/tts/voice_id", "replica" },
    { "persona", layers("tts", { voice_id = "p5317866" }), "/layers/tts/voice_id", "persona" },
    { "persona", layers("tts", { voice_id = "Anna (calm)" }), "/layers/tts/voice_id", "id of a voice" },
    { "persona", layers("tts", { voice_id = " " .. VOICE }), "/layers/tts/voice_id", VOICE },
    { "persona", layers("tts", { voice_id = { VOICE } }), "/layers/tts/voice_id", "one id" },
    { "persona", persona { voice_id = VOICE }, "/voice_id", "layers.tts" },
    { "persona", layers("tts", { tavus_voice_id = VOICE }), "/layers/tts/tavus_voice_id", "voice_id" },
    { "persona", layers("llm", { voice_id = VOICE }), "/layers/llm/voice_id", "layers.tts" },
    { "persona_patch", { { op = "add", path = "/layers/tts/external_voice_id", value = VOICE } }, "/0/value", "voice_id" },
    -- Disclosure.
    { "persona", persona { disclosure_type = "Always" }, "/disclosure_type", '"always"' },
    { "persona", persona { disclosure_type = "never" }, "/disclosure_type", "auto, always, off" },
    { "persona", persona { disclosure_type = true }, "/disclosure_type", "auto, always, off" },
    { "persona", persona { disclosure_type = { "always" } }, "/disclosure_type", "auto, always, off" },
    { "persona", persona { verbal_disclosure = true }, "/verbal_disclosure", '"auto"' },
    { "persona", persona { visual_disclosure = false }, "/visual_disclosure", '"auto"' },
    { "persona", persona { visual_disclosure = { text = "AI" } }, "/visual_disclosure", "text" },
    { "persona", persona { disclosure = "always" }, "/disclosure", "disclosure_type" },
    { "persona", persona { verbalDisclosure = "AI" }, "/verbalDisclosure", "verbal_disclosure" },
    { "conversation", call { disclosure_type = "always" }, "/disclosure_type", "persona" },
    -- Wrong case.
    { "persona", persona { pipeline_mode = "Full" }, "/pipeline_mode", '"full"' },
    { "persona", layers("stt", { stt_engine = "Tavus-Auto" }), "/layers/stt/stt_engine", '"tavus-auto"' },
    { "persona", layers("stt", { stt_engine = "tavus_auto" }), "/layers/stt/stt_engine", '"tavus-auto"' },
    { "persona", layers("tts", { tts_engine = "ElevenLabs" }), "/layers/tts/tts_engine", '"elevenlabs"' },
    { "persona", layers("tts", { tts_engine = "Cartesia" }), "/layers/tts/tts_engine", '"cartesia"' },
    { "persona", layers("perception", { perception_model = "Raven-1" }), "/layers/perception/perception_model", '"raven-1"' },
    { "persona", layers("perception", { perception_model = "OFF" }), "/layers/perception/perception_model", '"off"' },
    { "persona", layers("llm", { model = "Tavus-GPT-OSS" }), "/layers/llm/model", '"tavus-gpt-oss"' },
    { "persona", layers("conversational_flow", { turn_taking_patience = "HIGH" }),
      "/layers/conversational_flow/turn_taking_patience", '"high"' },
    { "persona", layers("conversational_flow", { turn_detection_model = "Sparrow-1" }),
      "/layers/conversational_flow/turn_detection_model", '"sparrow-1"' },
    { "conversation", call { policy = "EU" }, "/policy", '"eu"' },
    { "conversation", call { document_retrieval_strategy = "Balanced" }, "/document_retrieval_strategy", '"balanced"' },
    { "conversation", properties { recording_storage = { provider = "S3", bucket_name = "b" } },
      "/properties/recording_storage/provider", '"s3"' },
    -- The rest.
    { "persona", layers("conversational_flow", { sleep_phrase = { "bye" } }), "/layers/conversational_flow/sleep_phrase",
      "one phrase" },
    { "persona", layers("conversational_flow", { sleep_word = "bye" }), "/layers/conversational_flow/sleep_word",
      "sleep_phrase" },
    { "persona", layers("llm", { llm_proxy = true }), "/layers/llm/llm_proxy", "enable_llm_proxy" },
    { "persona", layers("llm", { enable_llm_proxy = "true" }), "/layers/llm/enable_llm_proxy", "no quotes" },
    { "persona", layers("conferencing", { whitelist = { "a@b.example" } }), "/layers/conferencing/whitelist", "allowlist" },
    { "persona", layers("conferencing", { allowlist = "a@b.example" }), "/layers/conferencing/allowlist", "{" },
    { "conversation", call { participant_tag = "ada" }, "/participant_tag", "participant_tags" },
    { "conversation", call { participant_tags = "ada" }, "/participant_tags", "array" },
    { "conversation", call { meetingUrl = "https://meet.google.com/a" }, "/meetingUrl", "meeting_url" },
    { "conversation", call { daily_room = "https://me.daily.co/x" }, "/daily_room", "properties" },
    { "conversation", call { languages = { "en" } }, "/languages", "properties" },
    { "conversation", properties { recording_storage = { provider = "s3", bucket = "b" } },
      "/properties/recording_storage/bucket", "bucket_name" },
    { "conversation", properties { recording_storage = { provider = "s3", aws_assume_role_arn = "a" } },
      "/properties/recording_storage/aws_assume_role_arn", "assume_role_arn" },
  } do
    it("is told: " .. core.encode(case[2]), function()
      local found = {}
      for _, issue in ipairs(select(2, core.validate(case[1], case[2]))) do
        if issue.path == case[3] then found[#found + 1] = tostring(issue.hint) end
      end
      assert.matches(case[4], table.concat(found, "\n"), 1, true)
    end)
  end

  for _, properties_of in ipairs { { max_call_duration = 59 }, { max_call_duration = 0 }, { max_call_duration = 7201 } } do
    it("is out of range: " .. core.encode(properties_of), function()
      local issue = look("conversation", properties(properties_of), "/properties/max_call_duration", "range")
      assert.matches("60 to 7200", issue.message, 1, true)
    end)
  end
end)
