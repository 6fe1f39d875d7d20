-- Calls on a running conversation: app messages, canvas interactions, the hard delete.
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local tavus = require "tavus"
local wire = require "spec.support.wire"

describe("a running conversation", function()
  local sandbox, client = habits.serve(teardown, before_each)
  local id

  before_each(function()
    id = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
  end)

  local function last()
    local all = sandbox:requests()
    return all[#all]
  end

  local function message(more)
    local body = { message_type = "conversation", event_type = "conversation.respond", properties = { text = "Hi" } }
    for name, value in pairs(more or {}) do body[name] = value end
    return body
  end

  local function interaction(more)
    local body = { interaction_id = "i1", tool_call_id = "t1", component = "canvas.question", type = "submit", value = { 1 } }
    for name, value in pairs(more or {}) do body[name] = value end
    return body
  end

  describe("send_app_message", function()
    it("sends the message as it is", function()
      local sent, meta = client.conversations:send_app_message(id, message())
      assert.truthy(sent)
      assert.equal(200, meta.status)
      assert.is_true(meta.changed)
      assert.same(message(), last().json)
      assert.equal("/v2/conversations/" .. id .. "/send-app-message", last().path)
    end)

    it("checks the message", function()
      for path, body in pairs {
        ["/event_type"] = { message_type = "conversation", properties = {} },
        ["/message_type"] = { event_type = "conversation.interrupt" },
        ["/properties"] = message { properties = "Hi" },
      } do
        local _, err = client.conversations:send_app_message(id, body)
        assert.equal(path, err.issues[1].path)
      end
      local _, meta = client.conversations:send_app_message(id, message { text = "Hi" })
      assert.equal("belongs under properties", meta.warnings[1].hint)
      assert.is_true((tavus.validate("app_message", message { event_type = "my.own" })))
    end)

    it("has a code for a conversation that has ended, whatever the status", function()
      assert(client.conversations:end_(id))
      local _, err = client.conversations:send_app_message(id, message())
      assert.same({ "bad_request", "conversation_ended", 400 }, { err.type, err.code, err.status })
      for _, status in ipairs { 400, 404, 409, 410, 413 } do
        sandbox:next { status = status, body = { error = "The conversation's room is no longer available." } }
        assert.equal("conversation_ended", select(2, client.conversations:send_app_message(id, message())).code)
      end
    end)

    it("is refused before it is sent when it is too large", function()
      local _, err = client.conversations:send_app_message(id, message { properties = { text = ("x"):rep(65500) } })
      assert.equal("validation", err.type)
      assert.matches("65536", err.issues[1].message, 1, true)
      assert.equal("POST /v2/conversations", last().method .. " " .. last().path)
      local answer = client:request("POST", "/v2/conversations/" .. id .. "/send-app-message", { body = ("x"):rep(65537) })
      assert.is_nil(answer)
      assert(client.conversations:send_app_message(id, message { properties = { text = ("x"):rep(65000) } }))
    end)

    it("is repeated after 502 and 429, and never after 504, 500 or a cut connection", function()
      for _, case in ipairs {
        { { status = 502, body = { error = "The app message could not be delivered. Please retry." } }, 3, false },
        { { status = 429, body = { error = "Too many requests" } }, 3, false },
        { { status = 504, body = { error = "The app message may have been delivered; check before retrying." } }, 1, true },
        { { status = 500 }, 1, true }, { { status = 503 }, 1, true }, { { close = "after" }, 1, true },
        { { status = 413, body = { error = "Request body exceeds 65536 bytes" } }, 1, false },
      } do
        local before = #sandbox:requests()
        case[1].times = 3
        sandbox:next(case[1])
        local value, err = client.conversations:send_app_message(id, message())
        assert.is_nil(value)
        assert.equal(case[2], #sandbox:requests() - before)
        assert.equal(case[3], err.ambiguous)
        assert.equal(case[2] == 3, err.retryable)
        sandbox:reset()
        id = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
      end
    end)

    it("has a limit of 120 in 60 seconds", function()
      assert(sandbox:clock(1800000000))
      for _ = 1, 120 do assert(client.conversations:send_app_message(id, message())) end
      local _, err = client.conversations:send_app_message(id, message(), { retries = 0 })
      assert.same({ "rate_limit", 429, 60 }, { err.type, err.status, err.retry_after })
      assert(sandbox:clock(1800000060))
      assert(client.conversations:send_app_message(id, message()))
    end)
  end)

  describe("its canvas interactions", function()
    it("are recorded without the key, and listed with it", function()
      local OK = { answer = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"data":[]}' }
      local server = wire.start { { "read", OK, "loop" } }
      local keyed = clients.new(server.url)
      assert(keyed.conversations:record_canvas_interaction(id, interaction()))
      assert(keyed.conversations:canvas_interactions(id))
      keyed:close()
      assert.is_nil(server:requests()[1].headers["x-api-key"])
      assert.equal(clients.KEY, server:requests()[2].headers["x-api-key"])
      server:stop()
    end)

    it("are listed in order, the oldest first", function()
      local done, meta = client.conversations:record_canvas_interaction(id, interaction())
      assert.same({ success = true }, done)
      assert.equal(200, meta.status)
      assert(client.conversations:record_canvas_interaction(id, interaction { interaction_id = "i2", type = "skip" }))
      local list = assert(client.conversations:canvas_interactions(id))
      assert.equal(2, #list.data)
      assert.same({ "i1", "submit", id }, { list.data[1].interaction_id, list.data[1].type, list.data[1].conversation_id })
      assert.is_nil(list.data[1].created_at:find "Z")
      assert.equal("i2", list.data[2].interaction_id)
    end)

    it("are none at first, and gone with the conversation", function()
      assert.same({}, assert(client.conversations:canvas_interactions(id)).data)
      assert(client.conversations:record_canvas_interaction(id, interaction()))
      assert.is_true((client.conversations:delete(id, { query = { hard = true } })))
      assert.equal("true", last().query.hard)
      assert.equal("not_found", select(2, client.conversations:canvas_interactions(id)).type)
    end)

    it("are known by their key: a repeat records nothing", function()
      assert(client.conversations:record_canvas_interaction(id, interaction()))
      assert(client.conversations:record_canvas_interaction(id, interaction()))
      assert.equal(1, #client.conversations:canvas_interactions(id).data)
      local _, err = client.conversations:record_canvas_interaction(id, interaction { type = "clear" })
      assert.equal("conflict", err.type)
      sandbox:next { close = "after", method = "POST" }
      local _, meta = client.conversations:record_canvas_interaction(id, interaction { interaction_id = "i3" })
      assert.equal(2, meta.attempts)
      assert.equal(2, #client.conversations:canvas_interactions(id).data)
    end)

    it("are refused after the end", function()
      assert(client.conversations:end_(id))
      local _, err = client.conversations:record_canvas_interaction(id, interaction())
      assert.equal("conversation_ended", err.code)
    end)

    it("are checked", function()
      for _, name in ipairs { "interaction_id", "tool_call_id", "component", "type" } do
        local body = interaction()
        body[name] = nil
        local ok, err = tavus.validate("canvas_interaction", body)
        assert.is_nil(ok)
        assert.equal("/" .. name, err.issues[1].path)
        assert.equal("validation", select(2, client.conversations:record_canvas_interaction(id, body)).type)
      end
      assert.matches("submit", tostring(select(2, tavus.validate("canvas_interaction", interaction { type = "sent" }))[1]), 1, true)
    end)

    it("have a limit of 120 in 60 seconds", function()
      assert(sandbox:clock(1800000000))
      for i = 1, 120 do
        assert(client.conversations:record_canvas_interaction(id, interaction { interaction_id = "i" .. i }))
      end
      local _, err = client.conversations:record_canvas_interaction(id, interaction(), { retries = 0 })
      assert.same({ 429, 60 }, { err.status, err.retry_after })
      local other = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
      assert(client.conversations:record_canvas_interaction(other, interaction()))
    end)
  end)

  it("needs its id and a body", function()
    for _, call in ipairs { "send_app_message", "record_canvas_interaction" } do
      assert.matches("conversation_calls_spec.lua:%d+: conversations:" .. call .. ": wants a table",
        clients.raised(function() client.conversations[call](client.conversations, id) end))
      assert.matches("the id must be a string", clients.raised(function() client.conversations[call](client.conversations) end))
    end
  end)
end)
