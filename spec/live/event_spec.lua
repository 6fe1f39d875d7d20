-- live.event: one form for everything that Tavus sends, and no raise for any body.

local core = require "tavus.core"
local live = require "tavus.live"

local CALL = { "conversation.tool_call", "conversation.tool-call" }

-- { event types in every spelling, properties, what is decoded }. The properties are given inside `properties`, and
-- beside the envelope.
local EVENTS = {
  { CALL, { name = "open_gate", arguments = '{"gate":"north"}', tool_call_id = "call_1" },
    { kind = "tool_call", name = "open_gate", arguments = { gate = "north" }, tool_call_id = "call_1" } },
  { CALL, { tool_name = "open_gate", args = { gate = "south" } },
    { kind = "tool_call", name = "open_gate", arguments = { gate = "south" } } },
  { CALL, { ["function"] = { name = "open_gate", arguments = '{"gate":"west"}' } },
    { kind = "tool_call", name = "open_gate", arguments = { gate = "west" } } },
  { CALL, { name = "open_gate", arguments = "" }, { kind = "tool_call", name = "open_gate", arguments = {} } },
  { CALL, { name = "open_gate", arguments = core.null }, { kind = "tool_call", name = "open_gate", arguments = {} } },
  { CALL, { name = "canvas_clear", arguments = { tool_call_id = "call_shown" } },
    { kind = "tool_call", name = "canvas_clear", arguments = { tool_call_id = "call_shown" } } },
  { { "conversation.perception_tool_call", "conversation.perception-tool-call" },
    { name = "hat_seen", modality = "audio", arguments = '{"colour":"green"}' },
    { kind = "perception_tool_call", name = "hat_seen", arguments = { colour = "green" } } },
  { { "conversation.utterance" }, { role = "replica", speech = "Welcome." },
    { kind = "utterance", role = "pal", text = "Welcome." } },
  { { "conversation.utterance" }, { role = "pal", text = "Welcome." }, { kind = "utterance", role = "pal", text = "Welcome." } },
  { { "conversation.utterance" }, { role = "user", content = "Hi." }, { kind = "utterance", role = "user", text = "Hi." } },
  { { "conversation.utterance.streaming" }, { role = "user", speech = "Hi", content_index = 0, final = false },
    { kind = "utterance_streaming", role = "user", text = "Hi" } },
  { { "conversation.started_speaking", "conversation.started-speaking" }, { role = "replica" },
    { kind = "started_speaking", role = "pal" } },
  { { "conversation.stopped_speaking", "conversation.stopped-speaking" }, { role = "user", duration = 1.5 },
    { kind = "stopped_speaking", role = "user" } },
  { { "conversation.replica.started_speaking", "conversation.pal.started_speaking" }, {},
    { kind = "started_speaking", role = "pal" } },
  { { "conversation.replica.stopped_speaking", "conversation.pal.stopped_speaking" }, { interrupted = true },
    { kind = "stopped_speaking", role = "pal" } },
  { { "conversation.user.started_speaking" }, {}, { kind = "started_speaking", role = "user" } },
  { { "conversation.user.stopped_speaking" }, {}, { kind = "stopped_speaking", role = "user" } },
  { { "conversation.replica_interrupted" }, {}, { kind = "replica_interrupted", role = "pal" } },
  { { "conversation.perception_analysis", "conversation.perception-analysis", "application.perception_analysis",
    "application.perception-analysis" }, { analysis = "A calm visitor." }, { kind = "perception_analysis" } },
  { { "conversation.objective.activated" }, { objective_name = "ask_day" }, { kind = "objective_activated", name = "ask_day" } },
  { { "conversation.objective.completed" }, { objective_name = "ask_day", output_variables = { day = "Monday" } },
    { kind = "objective_completed", name = "ask_day", arguments = { day = "Monday" } } },
  { { "conversation.objective.pending" }, { objective_name = "ask_day", output_variables = '{"day":"Monday"}' },
    { kind = "objective_pending", name = "ask_day", arguments = { day = "Monday" } } },
  { { "conversation.guardrail", "conversation.guardrail.triggered", "system.guardrail_violation" }, { guardrail_name = "no_prices" },
    { kind = "guardrail", name = "no_prices" } },
  { { "conversation.guardrail" }, { guardrail = "no_prices", guardrail_uuid = "u1" }, { kind = "guardrail", name = "no_prices" } },
  { { "system.wake_phrase_detected", "system.wake-phrase-detected" }, {}, { kind = "wake_phrase_detected" } },
  { { "system.sleep_phrase_detected" }, {}, { kind = "sleep_phrase_detected" } },
  { { "system.replica_joined", "system.pal_joined" }, { replica_id = "r1" }, { kind = "pal_joined" } },
  { { "system.replica_present" }, { attempt = 3 }, { kind = "replica_present" } },
  { { "conversation.joined" }, { role = "user" }, { kind = "joined", role = "user" } },
  { { "conversation.left" }, { role = "user" }, { kind = "left", role = "user" } },
  { { "system.shutdown" }, { shutdown_reason = "max_call_duration" }, { kind = "shutdown", name = "max_call_duration" } },
  { { "system.shutdown" }, { reason = "participant_left_timeout reached" },
    { kind = "shutdown", name = "participant_left_timeout reached" } },
  { { "application.transcription_ready" }, { transcript = core.array() }, { kind = "transcription_ready" } },
  { { "application.recording_ready", "application.recording-ready" }, { s3_key = "k" }, { kind = "recording_ready" } },
  { { "application.recording_copy_failed" }, { error_message = "denied" }, { kind = "recording_copy_failed" } },
  { { "application.perception_unavailable" }, { reason = "no_vision_history" },
    { kind = "perception_unavailable", name = "no_vision_history" } },
  { { "application.post_call_action_executed" }, { tool_name = "send_report", status = "error", request = { body = '{"a":1}' } },
    { kind = "post_call_action_executed", name = "send_report", arguments = { a = 1 } } },
  { { "application.memory_consolidation" }, {}, { kind = "memory_consolidation" } },
  { { "application.raven_memory_evidence" }, { analysis = "x" }, { kind = "raven_memory_evidence" } },
  { { "canvas.interaction" }, { interaction_id = "ci_1", type = "submit" }, { kind = "canvas_interaction" } },
  { { "application.voice_status_changed" }, { voice_id = "v1", status = "ready" }, { kind = "voice_status_changed", name = "ready" } },
  { { "conversation.echo" }, { text = "Hi" }, { kind = "echo", text = "Hi" } },
  { { "conversation.tool_result", "conversation.tool-result" }, { tool_call_id = "call_1" },
    { kind = "tool_result", tool_call_id = "call_1" } },
  { { "application.not_known_yet", "System.Shutdown" }, { reason = "x" }, { kind = "other" } },
}

-- Bodies without an event type: { body, what is decoded, headers }.
local BODIES = {
  { { replica_id = "r1", status = "ready" }, { kind = "replica_status", name = "ready" } },
  { { face_id = "r1", status = "ready" }, { kind = "replica_status", name = "ready" } },
  { { video_id = "v1", replica_id = "r1", status = "error", data = { script = "x" } }, { kind = "video_status", name = "error" } },
  { { document_id = "d1", status = "ready" }, { kind = "document_status", name = "ready" } },
  { { properties = { document_id = "d1", status = "ready" } }, { kind = "document_status", name = "ready" } },
  { { lipsync_id = "l1", status = "ready" }, { kind = "lipsync_status", name = "ready" } },
  { { conversation_id = "c1", objective_name = "ask_day", output_variables = { day = "Monday" } },
    { kind = "objective_completed", name = "ask_day", arguments = { day = "Monday" }, conversation_id = "c1" } },
  { { conversation_id = "c1", properties = { guardrail = "no_prices", guardrail_uuid = "u1" } },
    { kind = "guardrail", name = "no_prices", conversation_id = "c1" } },
  { { name = "open_gate", arguments = '{"gate":"north"}', tool_call_id = "call_1", conversation_id = "c1" },
    { kind = "tool_call", name = "open_gate", arguments = { gate = "north" }, signature = "ab" },
    { ["X-Tavus-Signature"] = "ab" } },
  { { detail = { name = "open_gate", arguments = "{}" } }, { kind = "tool_call", name = "open_gate", arguments = {} } },
  { { name = "open_gate", tool_call_id = "call_1" }, { kind = "tool_call", name = "open_gate", arguments = {} }, {} },
  { { summary = "Short." }, { kind = "delivery", arguments = { summary = "Short." } }, {} },
  { "", { kind = "delivery", arguments = {} }, {} },
  { { model = "m", messages = core.array() }, { kind = "llm_request", conversation_id = "c9" }, { ["Conversation-Id"] = "c9" } },
  { { event = "add_to_cart", data = { id = "1" } }, { kind = "other" } },
  { { event_type = core.null, properties = core.null }, { kind = "other" } },
}

local function text_of(body) return type(body) == "string" and body or assert(core.encode(body)) end

local function assert_event(expected, body, headers)
  local event = assert(live.event(body, headers))
  for name, value in pairs(expected) do
    assert.is_true(core.equal(value, event[name]), ("%s: %s is %s"):format(text_of(body), name, tostring(event[name])))
  end
  assert.is_nil(event.issues)
  assert.is_nil(event.arguments_error)
  return event
end

local function with(...)
  local all = {}
  for _, part in ipairs { ... } do
    for name, value in pairs(part) do all[name] = value end
  end
  return all
end

-- The messages of a row of EVENTS.
local function messages(row)
  local list = {}
  for _, event_type in ipairs(row[1]) do
    local envelope = { event_type = event_type, message_type = "conversation", conversation_id = "c1", turn_idx = 2 }
    list[#list + 1] = with(envelope, { properties = core.object(with(row[2])) })
    list[#list + 1] = with(envelope, row[2])
    list[#list + 1] = with(envelope, { properties = assert(core.encode(core.object(with(row[2])))) })
    list[#list + 1] = with(envelope, { data = { properties = core.object(with(row[2])) } })
  end
  return list
end

describe("live.event", function()
  it("decodes each event in each spelling, as a table, as a text and as a text in a text, with one key", function()
    for _, row in ipairs(EVENTS) do
      local key
      for _, message in ipairs(messages(row)) do
        local text = text_of(message)
        for _, body in ipairs { message, text, assert(core.encode(text)) } do
          local event = assert_event(row[3], body)
          assert.equal("c1", event.conversation_id)
          assert.equal(2, event.turn_idx)
          if row[3].kind ~= "other" and row[3].kind ~= "guardrail" and row[3].kind ~= "perception_analysis" then
            key = key or event.key
            assert.equal(key, event.key)
          end
        end
      end
    end
  end)

  it("knows bodies without an event type by their members", function()
    for _, row in ipairs(BODIES) do
      assert_event(row[2], row[1], row[3])
      assert_event(row[2], text_of(row[1]), row[3])
    end
  end)

  it("keeps the body, and what it does not know", function()
    local body = { event_type = "conversation.tool_call", properties = { name = "x" }, canvas_config = { version = 1 } }
    local event = assert(live.event(body))
    assert.equal(body, event.raw)
    assert.equal(body.properties, event.properties)
    assert.is_nil(event.tool_call_id)
  end)

  it("keeps arguments that are not an object, and says what is wrong", function()
    for text, code in pairs {
      ['{"gate": "nor'] = "not_json", ["north"] = "not_json", ["[1]"] = "type", ["5"] = "type",
      [("["):rep(3000)] = "not_json", ["\"{}\""] = "type",
    } do
      local event = assert(live.event { event_type = "conversation.tool_call", name = "x", arguments = text })
      assert.equal(code, event.issues[1].code)
      assert.equal("/arguments", event.issues[1].path)
      assert.equal("decode", event.arguments_error.type)
      if code == "not_json" then assert.equal(text, event.arguments) end
    end
    local nameless = assert(live.event { event_type = "conversation.tool_call", properties = core.array { { name = "x" } } })
    assert.equal("required", nameless.issues[1].code)
  end)

  it("gives an empty object that is written as one", function()
    local event = assert(live.event { event_type = "conversation.tool_call", properties = { name = "x" } })
    assert.equal("{}", core.encode(event.arguments))
  end)

  it("refuses what is not an object, as an error", function()
    for _, body in ipairs { "", " \n", "<html>", "5", "null", "[]", '"x"', "{", "\255", 5, true, core.null, core.array(), print } do
      local event, err = live.event(body)
      assert.is_nil(event)
      assert.equal("decode", err.type)
    end
    assert.equal("empty", select(2, live.event "").code)
    assert.equal("decode", select(2, live.event(nil)).type)
    local cycle = { event_type = "conversation.tool_call", arguments = {} }
    cycle.arguments.self = cycle
    assert.is_string(assert(live.event(cycle)).key)
    assert.is_truthy(live.event(setmetatable({}, { __index = error })))
  end)

  it("raises for a call without a body and for headers that are not a table", function()
    assert.has_error(function() live.event() end, "live.event takes the body, as a text or a table")
    assert.has_error(function() live.event("{}", "x") end, "live.event: the headers are a table, not a string")
  end)
end)

describe("the key of an event", function()
  local function key(...) return assert(live.event(with(...))).key end
  local CALLED = { event_type = "conversation.tool_call", conversation_id = "c1", name = "x", inference_id = "i1", turn_idx = 1, seq = 4 }
  local SAID = { event_type = "conversation.utterance", conversation_id = "c1", inference_id = "i1", turn_idx = 1, seq = 4, role = "pal",
    speech = "Yes." }
  local CHUNK = with(SAID, { event_type = "conversation.utterance.streaming", content_index = 1 })
  local HOOK = { event_type = "application.recording_ready", conversation_id = "c1", timestamp = "2026-01-01T00:00:00Z" }
  local SPOKE = { event_type = "conversation.started_speaking", conversation_id = "c1", inference_id = "i1", turn_idx = 1, role = "pal" }

  it("is that of the twin and of the repeat", function()
    local same = {
      { with(CALLED, { tool_call_id = "t1" }), with(CALLED, { tool_call_id = "t1", seq = 5 }) },
      { with(CALLED, { tool_call_id = "t1" }), { name = "x", tool_call_id = "t1", conversation_id = "c1", arguments = "" } },
      { CALLED, CALLED },
      { with(CALLED, { arguments = '{"a":1,"b":2}' }), with(CALLED, { arguments = { b = 2, a = 1 } }) },
      { SAID, with(SAID, { role = "replica", seq = 5 }) },
      { CHUNK, with(CHUNK, { role = "replica", seq = 5 }) },
      { SPOKE, { event_type = "conversation.replica.started_speaking", conversation_id = "c1", inference_id = "i1", turn_idx = 1 } },
      { { event_type = "system.replica_joined", conversation_id = "c1", replica_id = "r1" },
        { event_type = "system.pal_joined", conversation_id = "c1", face_id = "r1" } },
      { HOOK, HOOK },
      { { replica_id = "r1", status = "ready" }, { face_id = "r1", status = "ready" } },
    }
    for i, pair in ipairs(same) do assert.equal(key(pair[1]), key(pair[2]), i) end
  end)

  it("is another one for another event", function()
    local other = {
      { with(CALLED, { tool_call_id = "t1" }), with(CALLED, { tool_call_id = "t2" }) },
      { with(CALLED, { tool_call_id = "t1" }), with(CALLED, { tool_call_id = "t1", conversation_id = "c2" }) },
      { with(CALLED, { tool_call_id = "t1" }), with(CALLED, { tool_call_id = "t1", event_type = "conversation.perception_tool_call" }) },
      { CALLED, with(CALLED, { seq = 5 }) },
      { CALLED, with(CALLED, { name = "y" }) },
      { CALLED, with(CALLED, { arguments = { a = 1 } }) },
      { SAID, with(SAID, { role = "user" }) },
      { SAID, with(SAID, { turn_idx = 2 }) },
      { SAID, with(SAID, { inference_id = "i2" }) },
      { SAID, CHUNK },
      { CHUNK, with(CHUNK, { content_index = 2 }) },
      { { event_type = "conversation.utterance", role = "user", speech = "Yes.", seq = 1 },
        { event_type = "conversation.utterance", role = "user", speech = "Yes.", seq = 2 } },
      { { event_type = "conversation.utterance", role = "user", speech = "Yes.", turn_idx = 1, seq = 1 },
        { event_type = "conversation.utterance", role = "user", speech = "Yes.", turn_idx = 1, seq = 2 } },
      { SPOKE, with(SPOKE, { event_type = "conversation.stopped_speaking" }) },
      { HOOK, with(HOOK, { timestamp = "2026-01-01T00:00:01Z" }) },
      { HOOK, with(HOOK, { event_type = "application.other" }) },
      { { event_type = "canvas.interaction", interaction_id = "a" }, { event_type = "canvas.interaction", interaction_id = "b" } },
      { { replica_id = "r1", status = "ready" }, { replica_id = "r1", status = "error" } },
      { { event = "a" }, { event = "b" } },
      { { name = "a", conversation_id = "c 1:t", tool_call_id = "1" }, { name = "a", conversation_id = "c", tool_call_id = "t 1:1" } },
    }
    for i, pair in ipairs(other) do assert.are_not.equal(key(pair[1]), key(pair[2]), i) end
  end)
end)

describe("10,000 mutated events", function()
  local mutate = dofile "spec/fuzz/mutate.lua"

  -- Some bytes changed, cut out or doubled.
  local function bent(text)
    local at, choice = math.random(#text), math.random(3)
    local fresh = choice == 1 and string.char(math.random(0, 255)) or choice == 2 and "" or text:sub(at, at + math.random(20))
    return text:sub(1, at - 1) .. fresh .. text:sub(at + (choice == 3 and 0 or math.random(4)))
  end

  it("give an event or an error", function()
    local texts = {}
    for _, row in ipairs(EVENTS) do
      for _, message in ipairs(messages(row)) do texts[#texts + 1] = text_of(message) end
    end
    for _, row in ipairs(BODIES) do texts[#texts + 1] = text_of(row[1]) end
    for seed = 1, 10000 do
      local text = texts[seed % #texts + 1]
      if text ~= "" then
        text = seed % 3 > 0 and mutate(text, seed) or text
        math.randomseed(seed)
        if seed % 2 == 0 then text = bent(text) end
        local event, err = live.event(text, seed % 5 == 0 and { ["x-tavus-signature"] = "x" } or nil)
        if event then
          assert.is_string(event.kind)
          assert.is_string(event.key)
          assert.equal(event.key, live.event(text, event.headers).key)
        else
          assert.equal("decode", err.type)
          assert.is_string(tostring(err))
        end
      end
    end
  end)
end)
