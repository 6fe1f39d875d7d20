-- The sandbox plays the other side of a call: the room, webhooks, deliveries, the transcript.
local habits = require "spec.support.habits"
local live = require "tavus.live"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local SECRET = "a-secret-of-forty-characters-0123456789ab"

describe("sandbox:play", function()
  local sandbox, client = habits.serve(teardown, before_each)
  local server

  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  -- A server whose answers have these statuses, the last one from then on.
  local function serve(...)
    local script = {}
    for _, status in ipairs { ... } do
      script[#script + 1] = { "read", { answer = status, headers = { Connection = "close" }, body = '{"left":3}' } }
    end
    server = wire.start(script)
    return server.url
  end

  local function conversation(body)
    body = body or {}
    body.replica_id = "r90bbd427f71"
    return assert(client.conversations:create(body)).conversation_id
  end

  local function events_of(sent)
    local all = {}
    for i, entry in ipairs(sent) do all[i] = assert(live.event(entry.body)) end
    return all
  end

  local function kinds_of(sent)
    local all = {}
    for i, event in ipairs(events_of(sent)) do all[i] = event.kind end
    return table.concat(all, " ")
  end

  local function verbose(id) return assert(client.conversations:get(id, { query = { verbose = true } })) end

  it("gives the messages of the room in order, as Tavus sends them", function()
    local id = conversation()
    local sent = assert(sandbox:play(id, {
      { visitor = "Do you have ferns?" }, { tool = "check_stock", arguments = { plant = "fern" } },
      { persona = "Three are left." }, { objective = "find_plant", output_variables = { plant = "fern" } },
      { perception_tool = "saw_pot", arguments = { color = "red" } }, { perception = "A calm visitor." },
    }))
    assert.equal("utterance tool_call utterance objective_completed perception_tool_call perception_analysis",
      kinds_of(sent))
    local events = events_of(sent)
    assert.same({ "user", "Do you have ferns?" }, { events[1].role, events[1].text })
    assert.same({ "check_stock", { plant = "fern" } }, { events[2].name, events[2].arguments })
    assert.equal(id, events[2].conversation_id)
    assert.equal("pal", events[3].role)
    assert.same({ plant = "fern" }, events[4].arguments)
  end)

  it("keeps a transcript, with the result that was sent for a call", function()
    local id = conversation()
    local sent = assert(sandbox:play(id, { { visitor = "Ferns?" }, { tool = "check_stock", tool_call_id = "c1" } }))
    local call = assert(live.event(sent[2].body))
    assert(client.conversations:send_app_message(id, assert(live.message.tool_result(call.tool_call_id, { left = 3 }))))
    assert(sandbox:play(id, { { persona = "Three." }, { shutdown = "participant_left_timeout" } }))
    local row = verbose(id)
    assert.same({ "ended", "participant_left_timeout" }, { row.status, row.shutdown_reason })
    assert.same({ "user", "assistant", "tool", "assistant" },
      { row.transcript[1].role, row.transcript[2].role, row.transcript[3].role, row.transcript[4].role })
    assert.same({ "c1", '{"left":3}' }, { row.transcript[3].tool_call_id, row.transcript[3].content })
    assert.equal("application.transcription_ready", row.events[#row.events].event_type)
    assert.same(row.transcript, row.events[#row.events].properties.transcript)
    local _, err = sandbox:play(id, { { visitor = "Hello?" } })
    assert.matches("has ended", err.message)
    _, err = sandbox:play("c0123456789abcde", { { visitor = "Hello?" } })
    assert.equal("not_found", err.type)
  end)

  it("delivers a call to the tool's URL, signed, and keeps the answer", function()
    local id, url = conversation(), serve(200)
    local sent = assert(sandbox:play(id, {
      { tool = "check_stock", arguments = { plant = "fern" }, url = url .. "/stock?a=1", secret = SECRET } }))
    assert.same({ "tool", 200, '{"left":3}' }, { sent[1].channel, sent[1].status, sent[1].answer })
    local request = server:requests()[1]
    assert.equal("/stock?a=1", request.path)
    assert.is_true(live.verify(SECRET, request.body, request.headers["x-tavus-signature"]))
    assert.is_nil(request.headers["x-api-key"])
    local event = assert(live.event(request.body, request.headers))
    assert.same({ "tool_call", "check_stock", "fern" }, { event.kind, event.name, event.arguments.plant })
    assert.equal('{"left":3}', verbose(id).transcript[2].content)
  end)

  it("repeats a delivery once on 5xx, and never on 4xx", function()
    for _, case in ipairs { { 503, 200, 2, true }, { 500, 500, 2 }, { 401, 200, 1 } } do
      local id, url = conversation(), serve(case[1], case[2], 200)
      local sent = assert(sandbox:play(id, { { tool = "check_stock", url = url } }))
      assert.equal(case[3], #sent)
      assert.equal(sent[1].body, sent[#sent].body)
      assert.equal(case[4] and '{"left":3}' or "The tool failed.", verbose(id).transcript[2].content)
      server:stop()
    end
  end)

  it("posts webhooks to callback_url", function()
    local id = conversation { callback_url = serve(200) .. "/hook" }
    assert(sandbox:play(id, { { visitor = "Bye" }, { perception = "Calm." }, { shutdown = "max_call_duration" } }))
    local requests = server:requests()
    local kinds = {}
    for i, request in ipairs(requests) do
      local event = assert(live.event(request.body, request.headers))
      assert.same({ id, "/hook" }, { event.conversation_id, request.path })
      kinds[i] = event.kind
    end
    assert.same({ "perception_analysis", "shutdown", "transcription_ready" }, kinds)
  end)

  it("has Tavus' habits as switches", function()
    local id = conversation()
    local function play(given) return assert(sandbox:play(id, given)) end
    assert.equal("utterance utterance", kinds_of(play { { visitor = "Hi" }, twice = true }))
    local pair = events_of(play { { persona = "Hi" }, both_roles = true })
    assert.equal(2, #pair)
    assert.equal(pair[1].key, pair[2].key)
    local broken = events_of(play { { tool = "a", arguments = { b = 1 } }, arguments = "broken" })[1]
    assert.same({ '{"b":1', true }, { broken.arguments, broken.arguments_error ~= nil })
    local object = play { { tool = "a", arguments = { b = 1 } }, arguments = "object" }[1]
    assert.same({ b = 1 }, tavus.decode(object.body).properties.arguments)
    assert.equal("string", type(tavus.decode(play { { visitor = "Hi" }, json_text = true }[1].body)))
    assert.matches("perception-analysis", play { { perception = "x" }, spelling = "hyphen" }[1].body, 1, true)
  end)

  it("sends webhooks late and out of order when told to", function()
    local id = conversation { callback_url = serve(200) }
    local sent = assert(sandbox:play(id, { { perception = "a" }, { visitor = "b" }, { shutdown = "max_call_duration" },
      late = true, out_of_order = true }))
    assert.equal("perception_analysis utterance transcription_ready shutdown perception_analysis", kinds_of(sent))
  end)

  it("calls no other machine unless told", function()
    local id = conversation { callback_url = "https://example.com/hook" }
    assert.same({}, assert(sandbox:play(id, { { shutdown = "max_call_duration" } })))
    local good, message = pcall(sandbox.play, sandbox, id, { { tool = "a", url = "https://example.com/tool" } })
    assert.is_false(good)
    assert.matches("not on this machine", message, 1, true)
    assert.is_false(pcall(sandbox.play, sandbox, id, { { tool = "a", url = "http://127.0.0.1.example.com/" } }))
  end)

  it("raises for what is not a step", function()
    for _, step in ipairs { {}, { visiter = "x" }, { visitor = 1 }, "x", { tool = "a", more = 1 } } do
      local good, message = pcall(sandbox.play, sandbox, "c0", { step })
      assert.is_false(good)
      assert.matches("step 1", message, 1, true)
    end
    assert.is_false(pcall(sandbox.play, sandbox, "c0", { often = true }))
  end)
end)
