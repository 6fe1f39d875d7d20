-- luacheck: std max+busted
-- What people write instead of what the contract has: words, wrappers, choices; and what the check makes of it.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local issues_at = checking.issues_at

describe("a word that people write instead", function()
  local function llm(key)
    return { system_prompt = "x", layers = { llm = { [key] = "x" } } }, "/layers/llm/" .. key
  end
  local function layer(name, key)
    return { system_prompt = "x", layers = { [name] = { [key] = core.array { "x" } } } },
      "/layers/" .. name .. "/" .. key
  end
  local function layers(key) return { system_prompt = "x", layers = { [key] = "x" } }, "/layers/" .. key end
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
    { "persona", "language", 'use languages, with codes: { "en" }', top },
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
    { "persona", "voice", "in layers.tts, voice_id is a voice of Tavus", top },
    { "persona", "mode", mean "pipeline_mode", top },
    { "persona", "knowledge_base", mean "document_ids", top },
    { "persona", "system_message", mean "system_prompt", top },
    { "persona", "replica", mean "default_replica_id", top },
    { "persona", "conversation_rules", "objectives are attached with objectives_id, guardrails with guardrail_ids", top },
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
    { "persona", "enabled", 'perception_model = "off" turns the layer off: leave it out', layer, "perception" },
    { "persona", "model", mean "turn_detection_model", layer, "conversational_flow" },
    { "persona", "smart_turn_detection", "turn_detection_model takes its place here", layer, "conversational_flow" },
    { "persona", "participant_pause_sensitivity",
      "turn_taking_patience takes its place here: high sensitivity is low patience", layer, "conversational_flow" },
    { "persona", "participant_interrupt_sensitivity", "replica_interruptibility takes its place here", layer,
      "conversational_flow" },
    -- Beside the layers.
    { "persona", "guardrails", "belongs at the top level, as guardrail_ids", layers },
    { "persona", "objectives", "belongs at the top level, as objectives_id", layers },
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
    { "persona_patch", "val", mean "value", op },
    { "persona_patch", "persona_name", 'goes as { op = "add", path = "/persona_name", value = ... }', op },
    { "persona_patch", "layers", 'one operation for each value, as { op = "add", path = "/layers/llm/model", value = ... }', op },
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
      assert.equal(hint, issue.hint:sub(1, #hint))
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
    for word, hint in pairs { desc = 'did you mean "description"?',
        name = "the key in properties is the name",
        fields = 'did you mean "properties"? write an object: { city = { type = "string" } }',
        any_of = 'did you mean "anyOf"? write a list: { { type = "string" } }' } do
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

  it("in quotes is told to be written without", function()
    assert.equal("write the number without quotes", at("0.9").choice.hint)
    assert.matches("^known are slowest, ", at("very fast").choice.hint)
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
    assert.equal("known are cartesia, elevenlabs, azure, tavus-auto", hint("tts", "tts_engine", "openai"))
    assert.matches("^known are tavus%-gemma%-4, ", hint("llm", "model", "mistral-large"))
  end)

  it("is no model that a single program names", function()
    for _, model in ipairs { "tavus-gpt-5.6-sol", "tavus-gpt-5.6-terra" } do
      assert.equal("seen in one program, named in no document", hint("llm", "model", model))
    end
    assert.is_nil(hint("llm", "model", "mistral-large"):find("5.6", 1, true))
    assert.is_nil((hint("llm", "model", "tavus-gpt-5.6-solo") or ""):find("5.6", 1, true))
  end)

  it("of before is told what is known of it", function()
    local found = issues_at("persona", { system_prompt = "x", layers = { llm = { model = "tavus-llama-4" } } }, "/layers/llm/model")
    assert.equal('"tavus-llama-4": seen in 2025, in no list since', found.deprecated.message)
  end)

  it("is a known name with an unknown level", function()
    local function emotion(value)
      return issues_at("persona", { system_prompt = "x", layers = { tts = { voice_settings = {
        emotion = { value } } } } }, "/layers/tts/voice_settings/emotion/0").choice.hint
    end
    assert.equal("the levels are low, medium, high", emotion "positivity:very-high")
    assert.equal("the levels are low, medium, high", emotion "anger:")
    assert.matches("^known are anger, ", emotion "professionalism:very-high")
    assert.matches("^known are anger, ", emotion "professionalism:high")
    assert.equal('did you mean "sadness"?', emotion "sadnes:high")
  end)
end)

describe("active_listening", function()
  it("may be off, as by default", function()
    local found = issues_at("persona", { system_prompt = "x", layers = { conversational_flow = {
      active_listening = "off" } } }, "/layers/conversational_flow/active_listening")
    assert.is_nil(found.choice)
    assert.equal("warning", found.deprecated.severity)
  end)
end)

describe("a name of another resource", function()
  local resources, smallest = {}, { persona = { system_prompt = "x" }, conversation = { persona_id = "p5317866" } }
  for _, resource in ipairs(core.contract().resources) do resources[resource.name] = resource end

  -- What is said of a field at the top of a body, if it is not known there.
  local function hint_of(kind, field)
    local value = { [field.name] = core.null }
    for name, one in pairs(smallest[kind]) do value[name] = one end
    local unknown = issues_at(kind, value, "/" .. field.name).unknown_field
    return unknown and (unknown.hint or "nothing")
  end

  local function each(fields, visit)
    for _, field in ipairs(fields) do
      if not field.read_only and field.sure ~= "D" then visit(field) end
      if field.fields and field.shape ~= "function" then each(field.fields, visit) end
    end
  end

  local function member(fields, name)
    for _, field in ipairs(fields) do
      if field.name == name then return field.fields end
    end
  end

  it("is told whose it is", function()
    local names = { greeting = 'did you mean "custom_greeting"?', context = 'did you mean "conversational_context"?',
      default_face_id = 'did you mean "face_id"?', default_replica_id = 'did you mean "replica_id"?',
      face_id = 'did you mean "default_replica_id"?', replica_id = 'did you mean "default_replica_id"?',
      languages = "belongs under properties", language = 'use languages, with codes: { "en" }',
      custom_greeting = 'is a field of a conversation; did you mean "greeting"?' }
    for here, there in pairs { persona = "conversation", conversation = "persona" } do
      for _, field in ipairs(resources[there].fields) do
        local hint = not field.read_only and field.sure ~= "D" and hint_of(here, field)
        if hint then assert.equal(names[field.name] or "is a field of a " .. there, hint, field.name) end
      end
    end
    for _, field in ipairs(member(resources.conversation.fields, "properties")) do
      local hint = field.sure ~= "D" and field.name ~= "require_auth" and hint_of("persona", field)
      if hint then assert.equal(names[field.name] or "is a property of a conversation", hint, field.name) end
    end
  end)

  it("is not taken for one that looks like it", function()
    each(member(resources.persona.fields, "layers"), function(field)
      local hint = hint_of("conversation", field)
      assert.is_true(hint == nil or not hint:find "^did you mean", field.name .. ": " .. tostring(hint))
    end)
    assert.equal("is a field of a conversation", hint_of("persona", { name = "enableDynamicGreeting" }))
  end)

  it("is told so below the top, too", function()
    local _, issues = core.validate("conversation", { persona_id = "p5317866", properties = { system_prompt = "x" } })
    assert.equal("is a field of a persona", issues[1].hint)
    _, issues = core.validate("persona_patch", { { op = "add", path = "/layers/memory_stores", value = core.array {} } })
    assert.equal("is a field of a conversation", issues[1].hint)
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
