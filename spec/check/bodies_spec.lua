-- luacheck: std max+busted
-- Bodies as people write them: those that work have no errors, those that do
-- not have one that names the place, and all survive reading and writing.
local core = require "tavus.core"

local function read(name)
  local file = assert(io.open("spec/fixtures/bodies/" .. name .. ".json", "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- Paths of the warnings of bodies that work, space between; errors of those
--- that do not.
local works = {
  persona_prompt_alone = "",
  persona_echo_smallest = "",
  persona_echo_transport = "",
  persona_echo_with_llm = "/context",
  persona_current = "",
  persona_senses = "",
  persona_documents_and_rules = "",
  persona_legacy = [[/context /layers/llm/model
    /layers/stt/participant_interrupt_sensitivity
    /layers/stt/participant_pause_sensitivity /layers/stt/smart_turn_detection
    /layers/stt/stt_engine]],
  persona_pal_names = "/default_face_id /pal_name",
  persona_vqa_words = [[/context /layers/llm/base_url /layers/stt/stt_engine /layers/vqa
    /layers/vqa/enable_vision /layers/vqa/prompt]],
  persona_stray_required = [[/layers/llm/tools/0/function/parameters/type
    /layers/llm/tools/0/function/required]],
  persona_empty_schema = "",
  persona_word_boolean = [[/layers/stt/stt_engine /layers/stt/hotwords
    /layers/tts/tts_emotion_control]],
  persona_unknown_keys = [[/callback_url /conversational_context_template
    /description /name]],
  persona_layer_at_top = "/llm",
  persona_nulls_and_empties = "/context /layers/perception/tool_prompt",
  persona_live_values = "/layers/llm/model",
  persona_wrong_layer_name = [[/layers/conversational
    /layers/perception/ambient_awareness /layers/tts/cartesia_voice_id
    /layers/tts/playht_voice_id /layers/tts/tts_engine]],
  persona_deep_schema = "",
  patch_upserts = "/2/path",
  patch_whole_layer = "/0/path /1/path",
  patch_custom_llm_fields = "",
  patch_mixed_values = "/2/value /4/path /5/path /6/path /7/path",
  patch_old_names = "/0/path /1/path",
  persona_from_a_chat = [[/context /description /layers/llm/max_tokens
    /layers/llm/model /layers/llm/provider /layers/llm/temperature
    /layers/perception/enabled /layers/perception/model
    /layers/perception/queries /layers/stt/language /layers/stt/stt_engine
    /layers/tts/language /layers/tts/voice]],
  persona_camel_case = [[/defaultReplicaId /layers/conversationalFlow
    /layers/tts/ttsEngine /personaName /pipelineMode]],
  persona_null_everywhere = "",
  persona_with_call_fields = [[/conversation_name /custom_greeting /language
    /max_call_duration /properties /replica_id /webhook_url]],
  persona_row_sent_back = [[/context /created_at /layers/perception/tool_prompt
    /persona_id /persona_type /updated_at]],
  persona_engines_swapped = [[/layers/llm/model
    /layers/perception/perception_model /layers/stt/stt_engine
    /layers/tts/tts_engine]],
  persona_turns_misplaced = [[
    /layers/conversational_flow/participant_pause_sensitivity
    /layers/conversational_flow/smart_turn_detection
    /layers/conversational_flow/turn_taking_patience
    /layers/stt/turn_detection_model /layers/stt/turn_taking_patience]],
  persona_flat_sense_tools = [[/layers/perception/audio_tools/0/description
    /layers/perception/audio_tools/0/function
    /layers/perception/audio_tools/0/name /layers/perception/audio_tools/0/type
    /layers/perception/visual_tools/0/description
    /layers/perception/visual_tools/0/function
    /layers/perception/visual_tools/0/name
    /layers/perception/visual_tools/0/type]],
  persona_newer_than_we = [[/layers/conversational_flow/turn_detection_model
    /layers/haptics /layers/llm/model /layers/perception/perception_model
    /layers/tts/tts_engine /memory_policy]],
  persona_swagger_tools = [[/layers/llm/tools/1/function/name
    /layers/llm/tools/1/function/strict /layers/llm/tools/3/type]],
  tool_pydantic = "",
  tool_own_words = "",
  tool_from_openai = "/function/strict",
  patch_test_move_copy = "",
  patch_camel_paths = "/0/path /1/path /2/path /3/path /4/path",
  conversation_full = "/properties/language",
  conversation_camel_case = [[/conversationName /personaId
    /properties/enableRecording /properties/maxCallDuration]],
  conversation_misplaced = [[/enable_recording /max_call_duration /persona_name
    /properties/custom_greeting /properties/language /properties/language
    /properties/pipeline_mode
    /system_prompt]],
  conversation_ids_swapped = "/persona_id /replica_id",
}

local fails = {
  bad_hotwords_array = "/layers/stt/hotwords",
  bad_tools_string = "/layers/llm/tools",
  bad_half_custom_llm = "/layers/llm/api_key",
  bad_no_prompt = "/system_prompt",
  bad_number_id = "/default_replica_id /document_ids/0 /document_ids/1",
  bad_layers_array = "/layers",
  bad_flat_tool = "/layers/llm/tools/0/function",
  bad_number_string = "/layers/tts/voice_settings/stability",
  bad_queries_string = "/layers/perception/visual_awareness_queries",
  bad_patch_tools_string = "/1/value",
  bad_patch_merge = "(root)",
  bad_patch_misread = "/0/value /1/value",
  bad_patch_dots = "/0/path",
  bad_words_for_values = [[/layers/conversational_flow/voice_isolation
    /layers/conversational_flow/wake_phrase /layers/llm/speculative_inference
    /layers/tts/tts_emotion_control /layers/tts/voice_settings/emotion
    /layers/tts/voice_settings/stability
    /layers/tts/voice_settings/use_speaker_boost]],
  bad_layers_as_names = "/layers/llm /layers/perception /layers/tts",
  bad_tools_object = "/layers/llm/tools /layers/perception/visual_tools",
  bad_tools_names = "/layers/llm/tools/0",
  bad_null_key = "/layers/llm/api_key",
  bad_prompt_lines = "/persona_name /system_prompt",
  bad_envelope = "/system_prompt",
  bad_inline_rules = "/document_tags /guardrail_ids /guardrails_id /objectives_id",
  bad_tool_gemini = "/function/parameters/type",
  bad_tool_list_of_parameters = "/function/parameters/properties",
  bad_tool_required = [[/function/parameters/properties/days/minimum
    /function/parameters/properties/place/required
    /function/parameters/properties/unit /function/parameters/required/1]],
  bad_tool_parameters_text = "/function/name /function/parameters",
  bad_tool_anthropic = "/function",
  bad_patch_case = "/0/op /1/op /2/path /3/path",
  bad_patch_missing = "/0/value /1/op /2/path /3/from /3/value /4/op",
  bad_patch_appends = "/0/value /1/value /2/path /3/path /4/path",
  bad_patch_one = "(root)",
  bad_conversation_types = [[/audio_only /callback_url /conversational_context
    /document_ids /persona_id /properties/enable_recording
    /properties/max_call_duration /properties/participant_absent_timeout
    /properties/recording_storage /replica_id]],
  bad_conversation_properties = "/properties",
}

--- What the author of a body is told: the hint at a place of it.
local told = {
  { "persona_with_call_fields", "/max_call_duration", "is a property of a conversation" },
  { "persona_with_call_fields", "/replica_id", 'did you mean "default_replica_id"?' },
  { "persona_from_a_chat", "/layers/llm/temperature", "belongs under extra_body" },
  { "persona_from_a_chat", "/layers/perception/queries", 'did you mean "visual_awareness_queries"?' },
  { "persona_engines_swapped", "/layers/stt/stt_engine", '"cartesia" is a TTS engine (tts_engine)' },
  { "persona_newer_than_we", "/layers/perception/perception_model", 'did you mean "raven-1"?' },
  { "patch_camel_paths", "/1/path", "belongs under layers" },
  { "conversation_ids_swapped", "/persona_id", "this looks like a replica id, and a persona id is wanted" },
  { "bad_envelope", "/data", "the persona's fields stand at the top level" },
  { "bad_tool_required", "/function/parameters/required/1", 'did you mean "unit"?' },
  { "bad_patch_case", "/3/path", 'did you mean "/layers/llm/model"?' },
  { "bad_patch_missing", "/4/operation", 'did you mean "op"?' },
  { "bad_conversation_properties", "/properties", "this is JSON in a string: decode it first (tavus.decode)" },
}

local kinds = { patch = "persona_patch", tool = "tool", conversation = "conversation" }

local function kind_of(name)
  return kinds[name:gsub("^bad_", ""):match "^%a+"] or "persona"
end

local function paths_of(issues, severity)
  local paths = {}
  for _, issue in ipairs(issues) do
    if issue.severity == severity then
      paths[#paths + 1] = issue.path == "" and "(root)" or issue.path
    end
  end
  table.sort(paths)
  return paths
end

local function sorted(words)
  local list = {}
  for word in words:gmatch("%S+") do list[#list + 1] = word end
  table.sort(list)
  return list
end

describe("a body that works:", function()
  for name, warnings in pairs(works) do
    it(name, function()
      local ok, issues = core.validate(kind_of(name), (assert(core.decode(read(name)))))
      assert.is_true(ok)
      assert.same(sorted(warnings), paths_of(issues, "warning"))
    end)
  end
end)

describe("a body that does not:", function()
  for name, errors in pairs(fails) do
    it(name, function()
      local ok, issues = core.validate(kind_of(name), (assert(core.decode(read(name)))))
      assert.is_nil(ok)
      assert.same(sorted(errors), paths_of(issues, "error"))
    end)
  end
end)

describe("the author of", function()
  for _, case in ipairs(told) do
    it(case[1] .. " is told at " .. case[2] .. ": " .. case[3], function()
      local _, issues = core.validate(kind_of(case[1]), (assert(core.decode(read(case[1])))))
      local hints = {}
      for _, issue in ipairs(issues) do
        if issue.path == case[2] then hints[#hints + 1] = issue.hint end
      end
      assert.same({ case[3] }, hints)
    end)
  end
end)

describe("reading and writing keeps", function()
  for _, list in ipairs { works, fails } do
    for name in pairs(list) do
      it(name, function()
        local value = assert(core.decode(read(name)))
        local text = assert(core.encode(value))
        assert.is_true(core.equal(value, (assert(core.decode(text)))))
        assert.equal(text, (core.encode((core.decode(text)))))
        local typed = core.encode(value, kind_of(name))
        if list == fails then
          assert.is_nil(typed)
        elseif typed ~= text then
          -- Only booleans written as words are sent differently.
          assert.is_true(name == "persona_word_boolean" or name == "patch_mixed_values")
        end
      end)
    end
  end
end)
