-- luacheck: std max+busted
-- The contract as data: is it whole, is it in order, does the check do what
-- each entry says, and does it know what people write instead?
local core = require "tavus.core"

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

local function issues_at(kind, document, path)
  local ok, issues = core.validate(kind, document)
  local found = {}
  for _, issue in ipairs(issues) do
    if issue.path == path then found[issue.code] = issue end
  end
  return found, ok, issues
end

describe("the contract's data", function()
  it("lists the kinds", function()
    assert.same({ "persona", "persona_patch", "conversation", "tool" },
      contract.kinds)
  end)

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
    assert.same({ "/layers/llm/api_key", "/layers/llm/default_query/*",
      "/layers/llm/headers/*", "/layers/tts/api_key", "/meeting_token",
      "/properties/livekit_room_token" }, secret)
  end)

  it("carries rules 1 and 2 as errors and no other", function()
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
      [5] = "warning", [6] = "warning", [7] = "warning", [8] = "warning",
      [9] = "warning", [11] = "warning" }, found)
  end)

  it("has the operations with their methods, paths and times", function()
    local lines = {}
    for _, r in ipairs(contract.resources) do
      for _, o in ipairs(r.operations) do
        lines[#lines + 1] = table.concat({ r.collection, o.name, o.method,
          o.path, o.body or "-", o.answer, o.timeout, o.deadline,
          o.first_page or "-", table.concat(o.query or {}, ",") }, " ")
      end
    end
    assert.same({
      "personas create POST /v2/personas persona object 30 60 - ",
      "personas list GET /v2/personas - list 30 60 1 limit,page,persona_type",
      "personas get GET /v2/personas/{persona_id} - object 30 60 - source",
      "personas patch PATCH /v2/personas/{persona_id} persona_patch object 30 60 - force,target",
      "personas delete DELETE /v2/personas/{persona_id} - none 30 60 - ",
      "conversations create POST /v2/conversations conversation object 60 120 - ",
      "conversations list GET /v2/conversations - list 30 60 1 limit,page,status",
      "conversations get GET /v2/conversations/{conversation_id} - object 30 60 - verbose",
      "conversations end POST /v2/conversations/{conversation_id}/end - none 30 60 - ",
      "conversations delete DELETE /v2/conversations/{conversation_id} - none 30 60 - hard",
    }, lines)
  end)
end)

describe("each field", function()
  for _, r in ipairs(contract.resources) do
    each_field(r.fields, function(path, field, wrap)
      local function at(value) return issues_at(r.kind, wrap(value), path) end

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
          or (field.successor or field.twin and not field.current) and "renamed"
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

        -- What came later is one of them.
        for choice, generation in pairs(field.since or {}) do
          assert.is_nil(at(choice).choice, choice)
          assert.matches("^G[1-4]$", generation)
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
            local _, issues = core.validate(r.kind, wrap(value))
            for _, issue in ipairs(issues) do
              assert.is_nil((issue.message .. (issue.hint or "")):find("hush"))
            end
          end
          if r.kind == "persona" then
            document.system_prompt = "x"
            document.layers.llm = document.layers.llm or {}
            document.layers.llm.model = "m"
            document.layers.llm.base_url = "https://llm.example.com"
            document.layers.llm.api_key = "hush-hush-hush"
          end
          local _, _, secrets = core.encode(document, r.kind)
          assert.equal("hush-hush-hush", secrets[1])
        end
      end)
    end, {})
  end
end)

describe("the error sentences", function()
  --- The type of the first row that fits, as a client reads them.
  local function type_of(status, text)
    for _, row in ipairs(contract.errors) do
      local low, high = row.status or row.status_min, row.status or row.status_max
      if status >= low and status <= high and (row.text == nil or
          text:lower():find(row.text:lower(), 1, true)) then
        return row.type
      end
    end
  end

  it("have a type for every status from 400", function()
    for status = 400, 599 do assert.is_string(type_of(status, ""), status) end
  end)

  it("are all of known types", function()
    local known = {}
    for name in ([[auth permission payment not_found conflict unprocessable
        rate_limit concurrency_limit bad_request server timeout]]):gmatch("%S+") do
      known[name] = true
    end
    for _, row in ipairs(contract.errors) do
      assert.is_true(known[row.type], row.type)
    end
  end)

  for _, case in ipairs {
    { 400, "Invalid persona_id", "not_found" },
    { 400, "Invalid replica_uuid", "not_found" },
    { 400, "Invalid conversation_id", "not_found" },
    { 400, "Invalid pal_id", "not_found" },
    { 400, "Invalid face_id", "not_found" },
    { 400, "Invalid face_uuid", "not_found" },
    { 400, "Invalid document_id", "not_found" },
    { 400, "Invalid guardrail_id", "not_found" },
    { 400, "Invalid guardrails_id", "not_found" },
    { 400, "Invalid objectives_id", "not_found" },
    { 400, "Objectives not found", "not_found" },
    { 400, "Invalid pronunciation_dictionary_id", "not_found" },
    { 400, "Invalid tool_id", "not_found" },
    { 400, "Invalid lipsync_id", "not_found" },
    { 400, "Invalid voice_id", "not_found" },
    { 400, "Bad Request. {'properties': {'language': ['Invalid value.']}}", "bad_request" },
    { 403, "The user is out of conversational credits.", "payment" },
    { 429, "User has reached maximum concurrent conversations", "concurrency_limit" },
    { 400, "Bad Request. {'field': ['reason']}", "bad_request" },
    { 400, "Bad Request. base_url and api_key must be included to use a custom llm", "bad_request" },
    { 400, "User has reached maximum concurrent conversations", "concurrency_limit" },
    { 401, "Invalid access token", "auth" },
    { 402, "The user is out of conversational credits.", "payment" },
    { 403, "", "permission" },
    { 404, "", "not_found" },
    { 409, '{"conflict":"maker_changes"}', "conflict" },
    { 410, "", "not_found" },
    { 418, "", "bad_request" },
    { 422, "Invalid JSON patch format", "unprocessable" },
    { 429, "", "rate_limit" },
    { 500, "", "server" },
    { 503, "<html>", "server" },
  } do
    it(case[1] .. " " .. case[2] .. " is " .. case[3], function()
      assert.equal(case[3], type_of(case[1], case[2]))
    end)
  end
end)

describe("a word that people write instead", function()
  local function llm(key)
    return { system_prompt = "x", layers = { llm = { [key] = "x" } } }, "/layers/llm/" .. key
  end
  local function layer(name, key)
    return { system_prompt = "x", layers = { [name] = { [key] = core.array { "x" } } } },
      "/layers/" .. name .. "/" .. key
  end
  local function top(key) return { system_prompt = "x", [key] = "x" }, "/" .. key end
  local function call(key) return { persona_id = "p5317866", [key] = "x" }, "/" .. key end
  local function property(key)
    return { persona_id = "p5317866", properties = { [key] = "x" } }, "/properties/" .. key
  end
  local function tool(key)
    return { type = "function", ["function"] = { name = "f" }, [key] = "x" }, "/" .. key
  end
  local function inside(key)
    return { type = "function", ["function"] = { name = "f", [key] = true } }, "/function/" .. key
  end

  local function op(key)
    return { { op = "replace", path = "/persona_name", value = "x", [key] = "x" } }, "/0/" .. key
  end

  local function mean(name) return ('did you mean "%s"?'):format(name) end

  local cases = {
    -- Fields of other resources at the top of a persona.
    { "persona", "max_call_duration", "is a property of a conversation", top },
    { "persona", "enable_recording", "is a property of a conversation", top },
    { "persona", "language", "is a property of a conversation", top },
    { "persona", "memory_stores", "is a field of a conversation", top },
    { "persona", "test_mode", "is a field of a conversation", top },
    { "persona", "conversation_context", "is a field of a conversation (conversational_context)", top },
    { "persona", "webhook_url", "is a field of a conversation (callback_url)", top },
    -- Envelopes around the persona.
    { "persona", "data", "the persona's fields stand at the top level", top },
    { "persona", "persona", "the persona's fields stand at the top level", top },
    -- Names from elsewhere.
    { "persona", "avatar_id", mean "default_replica_id", top },
    { "persona", "defaultReplicaId", mean "default_replica_id", top },
    { "persona", "first_message", mean "greeting", top },
    { "persona", "description", "a persona has none (pal_description on /v2/pals)", top },
    { "persona", "voice", "belongs under layers, as tts", top },
    { "persona", "mode", mean "pipeline_mode", top },
    { "persona", "knowledge_base", mean "document_ids", top },
    { "persona", "prompt", "belongs at the top level, as system_prompt", llm },
    { "persona", "baseURL", mean "base_url", llm },
    { "persona", "api_base", mean "base_url", llm },
    { "persona", "endpoint", mean "base_url", llm },
    { "persona", "name", mean "model", llm },
    { "persona", "max_completion_tokens", "belongs under extra_body", llm },
    { "persona", "top_k", "belongs under extra_body", llm },
    { "persona", "functions", mean "tools", llm },
    -- Layers and what lies in them.
    { "persona", "externalVoiceId", mean "external_voice_id", layer, "tts" },
    { "persona", "language", "is a property of a conversation", layer, "tts" },
    { "persona", "keywords", mean "hotwords", layer, "stt" },
    { "persona", "provider", mean "stt_engine", layer, "stt" },
    { "persona", "language", "is a property of a conversation", layer, "stt" },
    { "persona", "queries", mean "visual_awareness_queries", layer, "perception" },
    { "persona", "ambient_awareness", mean "visual_awareness_queries", layer, "perception" },
    { "persona", "visual_queries", mean "visual_awareness_queries", layer, "perception" },
    { "persona", "audio_queries", mean "audio_awareness_queries", layer, "perception" },
    { "persona", "enabled", "perception_model off turns the layer off", layer, "perception" },
    { "persona", "model", mean "turn_detection_model", layer, "conversational_flow" },
    { "persona", "smart_turn_detection", "turn_detection_model takes its place here", layer, "conversational_flow" },
    { "persona", "participant_pause_sensitivity",
      "turn_taking_patience takes its place here: high sensitivity is low patience", layer, "conversational_flow" },
    { "persona", "participant_interrupt_sensitivity", "replica_interruptibility takes its place here", layer,
      "conversational_flow" },
    -- Conversations.
    { "conversation", "webhook_url", mean "callback_url", call },
    { "conversation", "persona", mean "persona_id", call },
    { "conversation", "persona_name", "is a field of a persona", call },
    { "conversation", "objectives_id", "is a field of a persona", call },
    { "conversation", "max_duration", "belongs under properties, as max_call_duration", call },
    { "conversation", "maxCallDuration", mean "max_call_duration", property },
    { "conversation", "recording", mean "enable_recording", property },
    { "conversation", "properties", "one properties object is enough", property },
    -- Operations of a patch.
    { "persona_patch", "operation", mean "op", op },
    { "persona_patch", "field", mean "path", op },
    { "persona_patch", "new_value", mean "value", op },
    { "persona_patch", "persona_name", 'goes as { op = "replace", path = "/persona_name", value = ... }', op },
    { "persona_patch", "layers", 'goes as { op = "replace", path = "/layers/...", value = ... }', op },
    -- Tools of other makers.
    { "tool", "inputSchema", "belongs under function, as parameters", tool },
    { "tool", "origin", "is a field of the tools registry (/v2/tools)", tool },
    { "tool", "delivery", "is a field of the tools registry (/v2/tools)", tool },
    { "tool", "strict", "Tavus documents none: leave it out", tool },
    { "tool", "strict", "Tavus documents none: leave it out", inside },
    { "tool", "schema", mean "parameters", inside },
    { "tool", "params", mean "parameters", inside },
  }

  for _, case in ipairs(cases) do
    local kind, key, hint, make, name = case[1], case[2], case[3], case[4], case[5]
    local document, path
    if name then document, path = make(name, key) else document, path = make(key) end
    it(kind .. path .. ": " .. hint, function()
      local found = issues_at(kind, document, path)
      local issue = found.unknown_field or found.unverified
      assert.equal("warning", issue.severity)
      assert.equal(hint, issue.hint)
    end)
  end
end)

describe("JSON Schema in a tool", function()
  local function look(schema)
    return core.validate("tool", { type = "function", ["function"] = { name = "f",
      parameters = { type = "object", properties = { a = schema } } } })
  end

  it("may use the keywords of all dialects", function()
    for key, value in pairs {
      dependencies = { b = { "c" }, d = { type = "object" } },
      unevaluatedProperties = false, unevaluatedItems = { type = "string" },
      contentSchema = { type = "object" }, ["$dynamicRef"] = "#node", ["$dynamicAnchor"] = "node",
      example = "x",
    } do
      local ok, issues = look { [key] = value }
      assert.is_true(ok, key)
      assert.same({}, issues, key)
    end
  end)

  it("says what a type of another language is called", function()
    for word, hint in pairs { desc = 'did you mean "description"?', name = "the key in properties is the name",
        fields = 'did you mean "properties"?', any_of = 'did you mean "anyOf"?' } do
      local _, issues = look { [word] = "x" }
      assert.equal(hint, issues[1].hint, word)
    end
  end)
end)

describe("a tool without its wrapper", function()
  local flat = { name = "f", description = "d" }
  local function severity(layer, field)
    local value = { system_prompt = "x", layers = { [layer] = { [field] = { flat } } } }
    return issues_at("persona", value, "/layers/" .. layer .. "/" .. field .. "/0/function").required.severity
  end

  it("is refused where every source has the wrapper", function()
    assert.equal("error", severity("llm", "tools"))
    assert.equal("error", severity("perception", "perception_tools"))
  end)

  it("is only warned of where Tavus' own schema lists it so", function()
    assert.equal("warning", severity("perception", "visual_tools"))
    assert.equal("warning", severity("perception", "audio_tools"))
  end)
end)

describe("the voice's speed", function()
  local path = "/layers/tts/voice_settings/speed"
  local function at(speed)
    return issues_at("persona", { system_prompt = "x",
      layers = { tts = { voice_settings = { speed = speed } } } }, path)
  end

  it("is a number or one of five words", function()
    for _, speed in ipairs { 0.5, 1, -1, "slowest", "slow", "normal", "fast", "fastest" } do
      assert.same({}, at(speed))
    end
  end)

  it("passes as any other word, with a warning", function()
    assert.equal("warning", at("0.9").choice.severity)
    assert.equal("warning", at("very fast").choice.severity)
  end)
end)

describe("the hints of errors", function()
  it("name the IP addresses that a key may be tied to", function()
    for _, row in ipairs(contract.errors) do
      if row.type == "auth" or row.type == "permission" then
        assert.matches("IP address", row.hint, 1, true)
      end
    end
  end)

  it("tell of the builder's draft, whatever sentence a 409 has", function()
    local found = 0
    for _, row in ipairs(contract.errors) do
      if row.status == 409 then
        found = found + 1
        assert.matches("force = true", row.hint, 1, true)
      end
    end
    assert.is_true(found > 0)
  end)

  it("stand at most once a sentence", function()
    local seen = {}
    for _, row in ipairs(contract.errors) do
      local key = (row.status or row.status_min) .. (row.text or "")
      assert.is_nil(seen[key], key)
      seen[key] = true
    end
  end)
end)

describe("a choice that is not known", function()
  local function hint(layer, field, value)
    local path = "/layers/" .. layer .. "/" .. field
    return issues_at("persona", { system_prompt = "x", layers = { [layer] = { [field] = value } } },
      path).choice.hint
  end

  it("is led to the usual one of several that are equally near", function()
    assert.equal('did you mean "raven-1"?', hint("perception", "perception_model", "raven"))
    assert.equal('did you mean "raven-1"?', hint("perception", "perception_model", "raven-9"))
    assert.equal('did you mean "sparrow-1"?', hint("conversational_flow", "turn_detection_model", "sparrow"))
  end)

  it("is told of the others in their own order", function()
    assert.equal("known are low, medium, high", hint("conversational_flow", "turn_taking_patience", "impatient"))
    assert.equal("known are cartesia, elevenlabs, azure", hint("tts", "tts_engine", "openai"))
    assert.matches("^known are tavus%-gpt%-oss, ", hint("llm", "model", "mistral-large"))
  end)
end)

describe("what belongs to a persona", function()
  it("is told so in a conversation", function()
    for _, key in ipairs { "llm", "tts", "stt", "perception", "conversational_flow", "tools" } do
      local found = issues_at("conversation", { persona_id = "p5317866", [key] = core.object {} }, "/" .. key)
      assert.equal("belongs to the layers of a persona", found.unknown_field.hint)
    end
  end)
end)
