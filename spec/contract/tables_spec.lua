-- luacheck: std max+busted
-- The contract as data: is it whole, is it in order, and does the check do what each entry says? What people write instead
-- is in contract_words_spec, errors in contract_errors_spec.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local issues_at = checking.issues_at

local contract = core.contract()

local function resource(name)
  for _, r in ipairs(contract.resources) do
    if r.name == name then return r end
  end
end

--- Calls visit(path, field, wrap, parent) for every named field; wrap(value) is
--- a document that holds the value there. `seen`, when given, holds the names
--- of shapes that need no second visit (tools and their schemas).
local function each_field(fields, visit, seen, path, wrap)
  path, wrap = path or "", wrap or function(v) return v end
  local function inside(its, here, around)
    if its == nil or its.fields == nil or (seen and seen[its.shape]) then return end
    if seen then seen[its.shape] = true end
    each_field(its.fields, visit, seen, here, around)
  end
  for _, field in ipairs(fields) do
    local here = path .. "/" .. field.name
    visit(here, field, function(value) return wrap({ [field.name] = value }) end)
    inside(field, here, function(v) return wrap({ [field.name] = v }) end)
    inside(field.items, here .. "/0",
      function(v) return wrap({ [field.name] = { v } }) end)
  end
end

local function is_type(field, name)
  if field.type == "any" then return true end
  for _, t in ipairs(field.types or { field.type }) do
    if t == name then return true end
  end
  return false
end

--- A value that the entry calls good.
local function good_value(field)
  if field.type == "any" then return "anything" end
  if field.closed or field.choices then return field.choices[1] end
  if is_type(field, "boolean") then return true end
  if field.name == "language" then return "german" end
  if is_type(field, "string") then return "text" end
  if is_type(field, "number") or is_type(field, "integer") then
    return field.maximum or (field.minimum or 0) + 1
  end
  if is_type(field, "array") then return core.array {} end
  return core.object {}
end

--- A value of a type that the entry does not have.
local function bad_value(field)
  if not is_type(field, "array") then return core.array { 1 } end
  if not is_type(field, "boolean") then return true end
  if not is_type(field, "string") then return "text" end
end

describe("the contract's data", function()
  it("is fresh each time", function()
    contract.resources[1].mark = true
    assert.is_nil(core.contract().resources[1].mark)
  end)

  it("keeps names sorted and described", function()
    for _, r in ipairs(contract.resources) do
      local last = {}
      each_field(r.fields, function(path, field)
        local parent = path:match("^(.*)/")
        assert.is_true(last[parent] == nil or last[parent] < field.name, path)
        last[parent] = field.name
        assert.is_string(field.description, path)
        assert.matches("%.$", field.description, 1, false, path)
        assert.is_string(field.type, path)
      end)
    end
  end)

  it("has every field of the persona's tables", function()
    local known = {}
    each_field(resource("persona").fields, function(path) known[path] = true end)
    local wanted = {
      [""] = [[persona_id persona_name system_prompt pipeline_mode context
        default_replica_id document_ids document_tags objectives_id
        guardrail_ids guardrail_tags guardrails_id layers created_at updated_at
        greeting memories is_template tool_ids pal_description disclosure_type
        verbal_disclosure visual_disclosure conferencing_email is_published
        skills has_unpublished_changes is_draft_view publish_url pal_id pal_name
        default_face_id pal_type persona_type]],
      ["/layers"] = [[llm tts stt perception conversational_flow transport
        conferencing vqa]],
      ["/layers/llm"] = [[model base_url api_key speculative_inference tools
        headers extra_body default_query]],
      ["/layers/llm/extra_body"] = "temperature top_p",
      ["/layers/tts"] = [[tts_engine api_key external_voice_id tts_model_name
        tts_emotion_control voice_settings playht_user_id
        pronunciation_dictionary_id voice_id]],
      ["/layers/tts/voice_settings"] = [[speed emotion volume stability
        similarity_boost style use_speaker_boost]],
      ["/layers/stt"] = [[stt_engine hotwords participant_pause_sensitivity
        participant_interrupt_sensitivity smart_turn_detection diarization
        smart_format language]],
      ["/layers/perception"] = [[perception_model visual_awareness_queries
        audio_awareness_queries perception_analysis_queries visual_tool_prompt
        visual_tools audio_tool_prompt audio_tools ambient_awareness_queries
        perception_tool_prompt perception_tools tool_prompt
        emotion_recognition screen_awareness_queries screen_tools]],
      ["/layers/conversational_flow"] = [[turn_detection_model
        turn_taking_patience replica_interruptibility pal_interruptibility
        voice_isolation wake_phrase idle_engagement idle_end_behavior
        turn_commitment active_listening]],
      ["/layers/transport"] = "transport_type",
      ["/layers/conferencing"] = "username",
      ["/layers/vqa"] = "enabled",
      ["/layers/llm/tools/0"] = "type function",
      ["/layers/llm/tools/0/function"] = "name description parameters",
      ["/layers/perception/audio_tools/0/function/parameters"] =
        "type properties required",
    }
    for path, names in pairs(wanted) do
      for name in names:gmatch("%S+") do
        assert.is_true(known[path .. "/" .. name], path .. "/" .. name)
      end
    end
  end)

  it("has every field of the conversation's table", function()
    local known = {}
    each_field(resource("conversation").fields,
      function(path) known[path] = true end)
    local wanted = {
      [""] = [[replica_id face_id persona_id pal_id audio_only callback_url
        conversation_name conversational_context custom_greeting
        enable_dynamic_greeting memory_stores document_ids document_tags
        document_retrieval_strategy test_mode require_auth max_participants
        policy participant_tags meeting_url properties conversation_id
        conversation_url status created_at updated_at meeting_token
        shutdown_reason events]],
      ["/properties"] = [[max_call_duration participant_left_timeout
        participant_absent_timeout enable_recording enable_closed_captions
        enable_transcription apply_greenscreen language languages
        recording_s3_bucket_name recording_s3_bucket_region aws_assume_role_arn
        recording_storage livekit_ws_url livekit_room_token require_auth]],
      ["/properties/recording_storage"] = [[provider bucket_name bucket_region
        assume_role_arn external_id project_id workload_identity_provider
        service_account_email storage_account container tenant_id client_id
        key_template]],
    }
    for path, names in pairs(wanted) do
      for name in names:gmatch("%S+") do
        assert.is_true(known[path .. "/" .. name], path .. "/" .. name)
      end
    end
  end)

  it("marks secrets, and nothing else", function()
    local secret = {}
    for _, r in ipairs(contract.resources) do
      each_field(r.fields, function(path, field)
        if field.secret then secret[#secret + 1] = path end
        if field.other and field.other.secret then
          secret[#secret + 1] = path .. "/*"
        end
      end)
    end
    table.sort(secret)
    assert.same({ "/delivery/api/auth/client_secret", "/delivery/api/auth/password", "/delivery/api/auth/secret",
      "/delivery/api/auth/token", "/delivery/api/auth/value", "/delivery/api/headers/*", "/layers/llm/api_key", "/layers/llm/default_query/*",
      "/layers/llm/headers/*", "/layers/tts/api_key", "/meeting_token",
      "/password", "/properties/livekit_room_token" }, secret)
  end)

  it("carries rules 1, 2, 8, 11 and 17 as errors and no other", function()
    local function rules_of(list, found)
      for _, rule in ipairs(list or {}) do
        if rule.number then found[rule.number] = rule.severity end
      end
    end
    local found = {}
    for _, r in ipairs(contract.resources) do
      rules_of(r.rules, found)
      each_field(r.fields, function(_, field) rules_of(field.rules, found) end)
    end
    assert.same({ [1] = "error", [2] = "error", [4] = "warning",
      [5] = "warning", [6] = "warning", [7] = "warning", [8] = "error",
      [9] = "warning", [11] = "error", [15] = "warning", [16] = "warning", [17] = "error" }, found)
  end)

  local function listed()
    local lines, kinds = {}, { tool = true }
    for _, r in ipairs(contract.resources) do
      for _, o in ipairs(r.operations) do
        kinds[o.body or "tool"], kinds[o.newer_body or "tool"] = true, true
        local others = {}
        for _, name in ipairs { "wraps", "optional", "rows", "repeat_key", "condition", "status", "without_key", "settled_field",
            "settled_value", "max_body", "closed_by", "limit", "limit_value" } do
          if o[name] then others[#others + 1] = ("%s=%s"):format(name, tostring(o[name])) end
        end
        for _, e in ipairs(o.exceptions or {}) do others[#others + 1] = ("%d%s=%s"):format(e.status, e.text or "", e.verdict) end
        lines[#lines + 1] = (table.concat({ r.collection, o.name, o.method,
          o.path, o.newer_path or "-", o.sends, o.body or "-", o.newer_body or "-", o.answers, table.concat(o.at, ","),
          o.repeats, table.concat(o.done or {}, ","), table.concat(o.already or {}, ","), o.timeout, o.deadline,
          o.first_page or "-", table.concat(o.query or {}, ","), table.concat(others, " ") }, " "):gsub(" +$", ""))
      end
    end
    return lines, kinds
  end

  -- The other place where each operation stands: all that it says of itself.
  it("has the operations that are listed in spec/fixtures/contract/operations.txt", function()
    local wanted = {}
    for line in io.lines "spec/fixtures/contract/operations.txt" do wanted[#wanted + 1] = line end
    assert.same(wanted, (listed()))
  end)

  it("lists each kind once", function()
    local _, kinds = listed()
    for _, kind in ipairs(contract.kinds) do
      assert.is_true(kinds[kind], kind)
      kinds[kind] = nil
    end
    assert.same({}, kinds)
  end)
end)

-- The kind of the body that makes a row.
local function kind_of(r)
  for _, operation in ipairs(r.operations) do
    if operation.name == "create" then return operation.body end
  end
end

describe("each field", function()
  for _, r in ipairs(contract.resources) do
    local kind = kind_of(r)
    if kind then each_field(r.fields, function(path, field, wrap)
      local function at(value) return issues_at(kind, wrap(value), path) end

      it(r.name .. path .. " is checked as its entry says", function()
        -- A good value and null pass.
        local found = at(good_value(field))
        assert.is_nil(found.type)
        assert.is_nil(found.choice)
        assert.is_nil(found.unknown_field)
        assert.is_nil(at(core.null).type)

        -- Remarks on its use.
        local remark = field.read_only and "read_only"
          or field.deprecated and "deprecated"
          or (field.successor or field.twin and not field.twin_allowed) and "renamed"
          or field.sure == "D" and "unverified"
        for _, code in ipairs { "read_only", "deprecated", "renamed",
            "unverified" } do
          if code == remark then
            assert.equal("warning", found[code].severity)
          elseif not (field.retired and code == "deprecated") then
            assert.is_nil(found[code])
          end
        end

        -- A wrong type is an error where the fact is sure.
        if field.type ~= "any" then
          local doubtful = field.sure == "C" or field.sure == "D"
          local wrong, ok = at(bad_value(field))
          assert.equal(doubtful and "warning" or "error", wrong.type.severity)
          if not doubtful then assert.is_nil(ok) end
        end

        -- Known choices pass, retired ones are told of, others only warn.
        if field.choices and is_type(field, "string") then
          for _, choice in ipairs(field.choices) do
            local known = at(choice)
            assert.is_nil(known.choice, choice)
            if field.retired and field.retired[choice] then
              assert.is_table(known.deprecated, choice)
            end
          end
          local other = at("no-such-value")
          assert.equal(field.closed and "error" or "warning", other.choice.severity)
          assert.matches("no%-such%-value", other.choice.message)
        end

        -- Limits warn just outside.
        if field.maximum and field.name ~= "maxLength" then
          assert.equal("warning", at(field.maximum + 1).range.severity)
          assert.is_nil(at(field.maximum).range)
        end
        if field.minimum then
          assert.equal("warning", at(field.minimum - 1).range.severity)
          assert.is_nil(at(field.minimum).range)
        end
        if field.max_items then
          local items = core.array {}
          for i = 1, field.max_items do items[i] = "x" end
          assert.is_nil(at(items).range)
          items[#items + 1] = "x"
          assert.equal("warning", at(items).range.severity)
        end
        if field.max_length then
          local long = ("\195\169"):rep(field.max_length)
          assert.is_nil(at(long).range)
          assert.equal("warning", at(long .. "x").range.severity)
        end

        -- A secret is handed out to be redacted, and never shown.
        if field.secret then
          local document = wrap("hush-hush-hush")
          for _, value in ipairs { "hush-hush-hush", { "hush-hush-hush" } } do
            local _, issues = core.validate(kind, wrap(value))
            for _, issue in ipairs(issues) do
              assert.is_nil((issue.message .. (issue.hint or "")):find("hush"))
            end
          end
          if r.name == "persona" then
            document.system_prompt = "x"
            document.layers.llm = document.layers.llm or {}
            document.layers.llm.model = "m"
            document.layers.llm.base_url = "https://llm.example.com"
            document.layers.llm.api_key = "hush-hush-hush"
          end
          if r.name == "conversation" then document.persona_id = "p5317866" end
          if kind == "registered_tool" then
            document.name, document.description = "tool", "x"
            document.delivery.api.url = "https://example.com/tool"
          end
          if kind == "deployment" then document.pal_id, document.channel = "p5317866", "widget" end
          local _, _, secrets = core.encode(document, kind)
          assert.equal("hush-hush-hush", secrets[1])
        end
      end)
    end, {}) end
  end
end)
