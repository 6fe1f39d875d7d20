-- /v2/conversations as the public documents tell it.
local asking = require "spec.support.asking"
local core = require "tavus.core"

describe("the sandbox's conversations", function()
  local server, ask = asking.serve(teardown, before_each)

  local function persona(replica)
    return ask("POST", "/v2/personas", { system_prompt = "x", default_replica_id = replica }).json.persona_id
  end

  local function create(body)
    local result = ask("POST", "/v2/conversations", body or { persona_id = "p5317866" })
    assert.equal(200, result.status, result.body)
    return result.json.conversation_id, result.json
  end

  it("are created with an address to join", function()
    local id, row = create { persona_id = persona "r90bbd427f71", conversation_name = "Interview User",
      callback_url = "https://example.com/hook", properties = { max_call_duration = 600 } }
    assert.matches("^c%x+$", id)
    assert.equal(server.url .. "/_sandbox/conversations/" .. id, row.conversation_url)
    assert.equal("active", row.status)
    assert.equal("Interview User", row.conversation_name)
    assert.equal("https://example.com/hook", row.callback_url)
    assert.is_string(row.created_at)
    assert.is_nil(row.meeting_token)
    local room = ask("GET", row.conversation_url:sub(#server.url + 1))
    assert.equal(200, room.status)
    assert.matches("It is not Tavus", room.json.message, 1, true)
    assert.equal(404, ask("GET", "/_sandbox/conversations/c0").status)
  end)

  it("take a replica without a persona, under the old or the new names", function()
    create { replica_id = "r79e1c033f" }
    create { pal_id = "p5317866", face_id = "r79e1c033f" }
    local _, row = create { persona_id = persona(), replica_id = "r79e1c033f" }
    assert.equal("r79e1c033f", ask("GET", "/v2/conversations/" .. row.conversation_id).json.replica_id)
  end)

  it("give a meeting token if one is wanted", function()
    local _, row = create { persona_id = "p5317866", require_auth = true }
    assert.is_string(row.meeting_token)
    _, row = create { persona_id = "p5317866", properties = { require_auth = true } }
    assert.is_string(row.meeting_token)
  end)

  it("are refused without a persona that exists or a replica", function()
    local function refused(body, text)
      local result = ask("POST", "/v2/conversations", body)
      assert.equal(400, result.status)
      assert.matches(text, result.json.error, 1, true)
    end
    refused({ persona_id = "p404" }, "Invalid persona_id")
    refused({ persona_id = persona() }, "{'replica_id': ")
    refused({ persona_id = "p5317866", replica_id = "nobody" }, "Invalid replica_uuid")
    refused({ persona_id = 1 }, "{'persona_id': ")
    refused({}, "Bad Request. {'_schema': ['a conversation needs a persona or a replica']}")
    refused({ persona_id = "p5317866", face_id = "r79e1c033f" }, "old and new names in one body")
    refused({ pal_id = "p5317866", replica_id = "r79e1c033f" }, "old and new names in one body")
  end)

  it("are refused as Tavus does, though the client only warns", function()
    local function refused(change, text)
      change.persona_id = "p5317866"
      local result = ask("POST", "/v2/conversations", change)
      assert.equal(400, result.status, result.body)
      assert.equal("Bad Request. " .. text, result.json.error)
    end
    refused({ properties = { language = "de" } }, "{'properties': {'language': ['language codes are refused']}}")
    refused({ max_participants = 1 }, "{'max_participants': ['less than 2']}")
    refused({ properties = { max_call_duration = 59 } },
      "{'properties': {'max_call_duration': ['a call lasts 60 seconds at least']}}")
    create { persona_id = "p5317866", properties = { max_call_duration = 60 } }
    create { persona_id = "p5317866", properties = { max_call_duration = 9999 } }
    local mode = { properties = { pipeline_mode = "echo" } }
    refused(mode, "{'properties': {'pipeline_mode': ['unknown field \"pipeline_mode\"']}}")
    create { persona_id = "p5317866", surprise = 1, properties = { language = "Lao" } }
    assert(server:set { unknown_properties = "keep" })
    create(mode)
    assert(server:set { unknown_fields = "refuse" })
    refused({ surprise = 1 }, "{'surprise': ['unknown field \"surprise\"']}")
    assert(server:set { unknown_fields = "drop", unknown_properties = "refuse" })
    create(mode)
  end)

  it("are never refused for what the check has nothing to say of", function()
    local function with(properties) return { persona_id = "p5317866", properties = properties } end
    local storage = { provider = "s3", bucket_name = "b" }
    for _, body in ipairs {
      {}, { persona_id = "" }, { persona_id = "p5317866", face_id = "r79e1c033f" }, { pal_id = "p5317866", replica_id = "r1" },
      { persona_id = "p5317866", max_participants = 1 }, { persona_id = 5 }, { persona_id = "p5317866", audio_only = "yes" },
      with { language = "de" }, with { language = "en-US" }, with { max_call_duration = 30 }, with { max_call_duration = 0 },
      with { pipeline_mode = "echo" }, with { max_duration = 60 }, with { recording_storage = storage },
      with { recording_s3_bucket_name = "b" }, with { aws_assume_role_arn = "a", recording_s3_bucket_region = "r" },
      with { languages = "en" }, with { enable_recording = "true" },
    } do
      assert.equal(400, ask("POST", "/v2/conversations", body).status, core.encode(body))
      local _, issues = core.validate("conversation", body)
      assert.is_true(#issues > 0, core.encode(body))
    end
  end)

  it("have a page of Tavus, and their own room", function()
    local _, row = create()
    assert.equal(row.conversation_url, row.room_url)
    _, row = create { persona_id = "p5317866", properties = { daily_room = "https://me.daily.co/x" } }
    assert.equal("https://me.daily.co/x", row.conversation_url)
    assert.is_string(row.room_url)
    _, row = create { persona_id = "p5317866", meeting_url = "https://meet.google.com/abc-defg-hij" }
    assert.is_nil(row.room_url)
    assert(server:set { generation = 4 })
    _, row = create()
    assert.is_nil(row.room_url)
  end)

  it("tell the policy they were given", function()
    local id, row = create { persona_id = "p5317866", policy = "eu" }
    assert.equal("eu", row.policy)
    assert.equal("eu", ask("GET", "/v2/conversations/" .. id).json.policy)
  end)

  it("take null for left out", function()
    local id, row = create { replica_id = "r79e1c033f", persona_id = core.null, pal_id = core.null,
      conversation_name = core.null, callback_url = core.null }
    assert.equal("New Conversation " .. id, row.conversation_name)
    assert.equal("", row.callback_url)
  end)

  it("that are a test end at once", function()
    local id, row = create { persona_id = "p5317866", test_mode = true }
    assert.equal("ended", row.status)
    assert.equal("test_mode", ask("GET", "/v2/conversations/" .. id, nil,
      { query = { verbose = "true" } }).json.shutdown_reason)
  end)

  it("are read flat, with events when asked for", function()
    local id = create()
    local row = ask("GET", "/v2/conversations/" .. id).json
    assert.equal(id, row.conversation_id)
    assert.equal("p5317866", row.persona_id)
    assert.equal("r79e1c033f", row.replica_id)
    assert.is_string(row.updated_at)
    assert.is_nil(row.events)
    ask("POST", "/v2/conversations/" .. id .. "/end")
    row = ask("GET", "/v2/conversations/" .. id, nil, { query = { verbose = "true" } }).json
    assert.equal("system.shutdown", row.events[1].event_type)
    assert.equal(row.shutdown_reason, row.events[1].properties.shutdown_reason)
    assert.same({ error = "Invalid conversation_id" }, ask("GET", "/v2/conversations/c404").json)
  end)

  it("are listed newest first, by page and status", function()
    local a, b, c = create(), create(), create()
    ask("POST", "/v2/conversations/" .. b .. "/end")
    local list = ask("GET", "/v2/conversations", nil, { query = { limit = 2 } }).json
    assert.equal(3, list.total_count)
    assert.same({ c, b }, { list.data[1].conversation_id, list.data[2].conversation_id })
    list = ask("GET", "/v2/conversations", nil, { query = { status = "active" } }).json
    assert.equal(2, list.total_count)
    assert.same({ c, a }, { list.data[1].conversation_id, list.data[2].conversation_id })
    assert.equal(b, ask("GET", "/v2/conversations", nil, { query = { status = "ended" } }).json.data[1].conversation_id)
    assert.equal(400, ask("GET", "/v2/conversations", nil, { query = { status = "x" } }).status)
  end)

  it("are ended with an empty answer, once", function()
    local id = create()
    local path = "/v2/conversations/" .. id .. "/end"
    local result = ask("POST", path)
    assert.equal(200, result.status)
    assert.equal("", result.body)
    assert.equal("ended", ask("GET", "/v2/conversations/" .. id).json.status)
    assert.equal(400, ask("POST", path).status)
    assert.same({ error = "Invalid conversation_id" }, ask("POST", "/v2/conversations/c404/end").json)
  end)

  it("are deleted", function()
    local id = create()
    assert.equal(204, ask("DELETE", "/v2/conversations/" .. id, nil, { query = { hard = "true" } }).status)
    assert.same({ error = "Invalid conversation_id" }, ask("DELETE", "/v2/conversations/" .. id).json)
  end)

  it("are limited in number and cost credits, as switched", function()
    assert(server:set { max_conversations = 1 })
    local id = create()
    local result = ask("POST", "/v2/conversations", { persona_id = "p5317866" })
    assert.equal(400, result.status)
    assert.same({ message = "User has reached maximum concurrent conversations" }, result.json)
    ask("POST", "/v2/conversations/" .. id .. "/end")
    create()
    assert(server:set { out_of_credits = true })
    result = ask("POST", "/v2/conversations", { persona_id = "p5317866" })
    assert.equal(402, result.status)
    assert.same({ message = "The user is out of conversational credits." }, result.json)
  end)
end)
