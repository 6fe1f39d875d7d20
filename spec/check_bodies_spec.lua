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
    /layers/perception/ambient_awareness_queries
    /layers/perception/perception_tool_prompt /layers/perception/perception_tools
    /layers/stt/participant_interrupt_sensitivity
    /layers/stt/participant_pause_sensitivity /layers/stt/smart_turn_detection
    /layers/stt/stt_engine]],
  persona_pal_names = [[/default_face_id /disclosure_type
    /layers/conversational_flow/pal_interruptibility /pal_name /verbal_disclosure
    /visual_disclosure]],
  persona_vqa_words = [[/context /layers/stt/stt_engine /layers/vqa
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
    /layers/tts/playht_voice_id /layers/tts/voice_id]],
  persona_deep_schema = "",
  patch_upserts = "/2/path",
  patch_whole_layer = "",
  patch_custom_llm_fields = "",
  patch_mixed_values = "/2/value /4/path /5/path /6/path /7/path",
  patch_old_names = "/0/path /1/path",
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
}

local function kind_of(name)
  return name:find "patch" and "persona_patch" or "persona"
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
