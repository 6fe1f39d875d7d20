-- Messages to the persona: the builders, what the check says of each kind, and the way over HTTP.
local habits = require "spec.support.habits"
local live = require "tavus.live"
local tavus = require "tavus"

local function event(name, properties)
  return { message_type = "conversation", event_type = "conversation." .. name, properties = properties }
end

-- "valid", "warning" or "error", and the paths.
local function verdict(value)
  local good, detail = live.message.check(value)
  local paths = {}
  for _, issue in ipairs(good and detail or detail.issues) do paths[#paths + 1] = issue.path end
  return (not good and "error" or #paths > 0 and "warning" or "valid") .. " " .. table.concat(paths, " ")
end

describe("a message to the persona", function()
  for _, case in ipairs {
    { "valid ", event("echo", { modality = "text", text = "Hi", done = true }) },
    { "valid ", event("echo", { modality = "audio", audio = "", inference_id = "i", done = true }) },
    { "warning /properties/inference_id", event("echo", { modality = "audio", audio = "UklG" }) },
    { "error /properties/audio", event("echo", { modality = "audio", inference_id = "i" }) },
    { "error /properties/text", event("echo", { done = true }) },
    { "error /properties/done", event("echo", { text = "Hi", done = "true" }) },
    { "error /properties/modality", event("echo", { modality = "video", text = "Hi" }) },
    { "error /properties", event "echo" },
    { "valid ", event("interrupt", tavus.object()) },
    { "valid ", event "interrupt" },
    { "error /properties/text", event("respond", tavus.object()) },
    { "error /properties/text", event("respond", { text = 7 }) },
    { "valid ", event("append_llm_context", { context = "Gone.", job_status = "completed" }) },
    { "error /properties/context", event("overwrite_llm_context", tavus.object()) },
    { "valid ", event("sensitivity", { participant_pause_sensitivity = "superlow" }) },
    { "error /properties/participant_pause_sensitivity",
      event("sensitivity", { participant_pause_sensitivity = "huge" }) },
    { "error /properties/participant_pause_sensitivity", event("sensitivity", tavus.object()) },
    { "warning /properties/participant_pause_sensitivity", event("sensitivity",
      { participant_pause_sensitivity = "low", participant_interrupt_sensitivity = "low" }) },
    { "valid ", event("tool_result", { tool_call_id = "c", output = { sky = "clear" }, status = "success" }) },
    { "error /properties/output", event("tool_result", { tool_call_id = "c" }) },
    { "error /properties/status", event("tool_result", { tool_call_id = "c", output = "x", status = "failed" }) },
    { "warning /properties/emotion", event("set_emotion", { emotion = "happiness" }) },
    { "warning /event_type", event("control", { action = "pause" }) },
    { "warning /event_type", event("realtime_api", {}) },
    { "valid ", { message_type = "conversation", event_type = "game.score", properties = { text = 1 } } },
  } do
    it(("is checked: %s with %s"):format(case[2].event_type, tavus.encode(case[2].properties or {})), function()
      assert.equal(case[1], verdict(case[2]))
    end)
  end

  it("of a similar name is told the right one", function()
    local _, warnings = live.message.check(event("append_context", { context = "x" }))
    assert.matches("conversation.append_llm_context", warnings[1].hint, 1, true)
  end)

  it("has at most 65,536 bytes", function()
    local _, err = live.message.respond(("x"):rep(65536))
    assert.equal("validation", err.type)
    assert.matches("65536", err.issues[1].message, 1, true)
  end)

  it("with a result of any type has it as text", function()
    assert.equal('{"a":1}', live.message.tool_result("c", { a = 1 }).properties.output)
    assert.equal("plain", live.message.tool_result("c", "plain").properties.output)
    assert.equal("false", live.message.tool_result("c", false).properties.output)
    local _, err = live.message.tool_result("c", print)
    assert.equal("validation", err.type)
    _, err = live.message.tool_result("c", nil)
    assert.equal("/properties/output", err.issues[1].path)
  end)

  it("with sound goes in parts that can be decoded, the last one done", function()
    local audio = ("QUJD"):rep(40000)
    local parts = assert(live.message.audio(audio, { inference_id = "speech-1", sample_rate = 24000 }))
    local whole = {}
    for i, part in ipairs(parts) do
      whole[i] = part.properties.audio
      assert.equal(0, #whole[i] % 4)
      assert.equal(i == #parts, part.properties.done)
      assert.equal("speech-1", part.properties.inference_id)
    end
    assert.equal(3, #parts)
    assert.equal(audio, table.concat(whole))
    assert.equal(1, #live.message.audio("", { inference_id = "end" }))
  end)

  describe("over HTTP", function()
    local sandbox, client = habits.serve(teardown, before_each)

    it("arrives as it was built", function()
      local id = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
      for _, message in ipairs {
        live.message.respond "What is open?", live.message.echo "We close at six.", live.message.interrupt(),
        live.message.append_llm_context("The visitor left.", "completed"), live.message.overwrite_llm_context "New.",
        live.message.sensitivity("interrupt", "low"), live.message.tool_result("c", "done", "error"),
        live.message.set_emotion "happiness",
      } do
        assert(client.conversations:send_app_message(id, message))
        local all = sandbox:requests()
        assert.same(message, all[#all].json)
      end
    end)
  end)

  it("and its delivery: signatures are made and compared", function()
    local signed = assert(live.sign("secret", "{}"))
    assert.is_true(live.verify("secret", "{}", signed))
    assert.is_false(live.verify("secret", "{ }", signed))
  end)
end)
