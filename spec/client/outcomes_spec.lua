-- What an answer means to a person: doubts of the check beside any error, the texts of a patch that does not fit, and a
-- conversation that has ended already.
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local tavus = require "tavus"

describe("an error of a call whose body had doubts", function()
  local sandbox, client = habits.serve(teardown, before_each)

  -- Statuses, and what the error is.
  local answers = {
    { 400, "bad_request" }, { 401, "auth" }, { 402, "payment" }, { 403, "permission" }, { 404, "not_found" },
    { 405, "bad_request" }, { 409, "conflict" }, { 413, "bad_request" }, { 422, "unprocessable" }, { 429, "rate_limit" },
    { 500, "server" }, { 501, "server" }, { 502, "server" }, { 503, "server" }, { 504, "server" }, { 307, "redirect_blocked" },
  }
  -- What Tavus says with it; nil: a page of HTML.
  local bodies = { { message = "Internal Server Error" }, { error = "no" }, "<html><h1>Bad Gateway</h1></html>" }

  for i, answer in ipairs(answers) do
    it(("%d shows them"):format(answer[1]), function()
      sandbox:next { status = answer[1], body = bodies[i % #bodies + 1], times = "always" }
      for _, call in ipairs {
        function()
          return client.personas:create({ system_prompt = "Hi", layers = { llm = { model = "gpt-4" } } }, { retries = 0 })
        end,
        function()
          return client.personas:patch("p1", tavus.patch():add("/no_such_field", "x"), { retries = 0 })
        end,
        function() return client.conversations:create({ persona_id = "p1", no_such_field = "red" }, { retries = 0 }) end,
      } do
        local value, err = call()
        assert.is_nil(value)
        assert.equal(answer[2], err.type)
        assert.equal(1, #err.issues)
        assert.equal("warning", err.issues[1].severity)
        assert.matches(tostring(err.issues[1]), tostring(err), 1, true)
      end
    end)
  end

  it("shows none where there were none, and none without an answer", function()
    sandbox:next { status = 500, times = "always" }
    assert.is_nil(select(2, client.personas:create(clients.persona(), { retries = 0 })).issues)
    sandbox:refuse()
    local _, err = client.personas:create({ system_prompt = "Hi", layers = { llm = { model = "gpt-4" } } }, { retries = 0 })
    assert.equal("connection", err.type)
    assert.is_nil(err.issues)
  end)
end)

describe("a patch that does not fit", function()
  local sandbox, client, calls = habits.serve(teardown, before_each)

  -- Texts of Python's jsonpatch and jsonpointer, and a part of the hint that each needs.
  local texts = {
    { "can't replace a non-existent object 'perception_tool_prompt'", "use add, or update(id, fn)" },
    { "Can't replace a non-existent object 'x'", "use add, or update(id, fn)" },
    { "can't remove a non-existent object 'hotwords'", "leave this operation out" },
    { "member 'stt' not found in {'llm': {}}", "add that member first" },
    { "member 'it's' not found in {'layers': {'llm': {'api_key': '********'}}}", "add that member first" },
    { "'greeting'", "correct \"from\"" },
    { "can't insert outside of list", "appends" },
    { "can't replace outside of list", "appends" },
    { "index '7' is out of bounds", "appends" },
    { "list index out of range", "appends" },
    { "'visual' is not a valid sequence index", "a position from 0" },
    { "invalid array index '-'", "a position from 0" },
    { "'path' with '-' can't be applied to 'replace' operation", "for add only" },
    { "unable to fully resolve json pointer /system_prompt/x, part x", "not an object or a list" },
    { "Document '<class 'str'>' does not support indexing, must be a mapping/sequence or support __getitem__",
      "not an object or a list" },
    { "Ann (<class 'str'>) is not equal to tested value Ben (<class 'str'>)", "get it again" },
    { "Cannot move values into their own children", "below itself" },
    { "Location must start with /", "begins with /" },
    { "Found invalid escape ~2", "~0" },
    { "Operation must have a 'path' member", "tavus.patch()" },
    { "Operation does not contain 'op' member", "tavus.patch()" },
    { "Unknown operation 'set'", "tavus.patch()" },
    { "The operation does not contain a 'value' member", "tavus.patch()" },
    { "The operation does not contain a 'from' member", "tavus.patch()" },
    { "Document is expected to be sequence of operations, got a sequence of characters.", "array of operations" },
    { "Invalid patch operation", "tavus.patch()" },
    { [[Bad Request. {'_schema': ['can\'t replace a non-existent object \'x\'']}]], "use add, or update(id, fn)" },
  }

  for _, case in ipairs(texts) do
    it("with the text " .. case[1], function()
      for _, status in ipairs { 400, 409, 422, 500 } do
        for _, field in ipairs { "error", "message", "detail" } do
          sandbox:next { status = status, body = { [field] = case[1] } }
          local _, err = client.personas:patch("p1", tavus.patch():replace("/persona_name", "x"), { retries = 0 })
          assert.equal(({ [400] = "bad_request", [409] = "conflict", [422] = "unprocessable", [500] = "server" })[status], err.type)
          assert.matches(case[2], err.hint, 1, true)
          sandbox:reset()
        end
      end
    end)
  end

  it("gets no such hint for other texts", function()
    for _, text in ipairs { "Document not found", "'a' and 'b'", "a member is missing", "member 'a' is wrong" } do
      sandbox:next { status = 400, body = { error = text } }
      assert.is_nil(select(2, client.personas:patch("p1", tavus.patch():replace("/persona_name", "x"))).hint)
    end
  end)

  local replace, add = habits.replace, habits.add

  -- Operations on a persona in the sandbox, which speaks the same words, and a part of the hint.
  local operations = {
    { replace("/greeting", "x"), "can't replace a non-existent object 'greeting'", "use add" },
    { replace("/layers/stt/hotwords", "x"), "can't replace a non-existent object 'hotwords'", "use add" },
    { replace("/layers/perception/visual_tool_prompt", "x"), "member 'perception' not found in", "add that member first" },
    { { op = "remove", path = "/greeting" }, "can't remove a non-existent object 'greeting'", "leave this operation out" },
    { { op = "remove", path = "/document_ids/4" }, "can't remove a non-existent object '4'", "leave this operation out" },
    { { op = "remove", path = "/layers/tts/voice_id" }, "member 'tts' not found in", "add that member first" },
    { add("/layers/tts/voice_id", "v1"), "member 'tts' not found in", "add that member first" },
    { add("/document_ids/4", "d"), "can't insert outside of list", "appends" },
    { replace("/document_ids/4", "d"), "can't replace outside of list", "appends" },
    { replace("/document_ids/-", "d"), "'path' with '-' can't be applied to 'replace' operation", "for add only" },
    { add("/document_ids/first", "d"), "'first' is not a valid sequence index", "a position from 0" },
    { add("/system_prompt/x", "d"), "unable to fully resolve json pointer", "not an object or a list" },
    { { op = "test", path = "/persona_name", value = "Ben" }, "is not equal to tested value", "get it again" },
    { { op = "test", path = "/greeting", value = "Hi" }, "member 'greeting' not found in", "add that member first" },
    { { op = "move", from = "/layers", path = "/layers/x" }, "Cannot move values into their own children", "below itself" },
    { { op = "copy", from = "/greeting", path = "/system_prompt" }, "member 'greeting' not found in", "add that member first" },
  }

  for _, case in ipairs(operations) do
    it(("in the sandbox: %s %s"):format(case[1].op, case[1].path), function()
      local id = calls.create(function(p) p.document_ids = { "d1" } end)
      for _, setting in ipairs { { misfit_status = 400 }, { misfit_status = 422 } } do
        assert(sandbox:set(setting))
        -- Some of them the check would not let out.
        local _, err = client:request("PATCH", "/v2/personas/" .. id, { body = tavus.array { case[1] } })
        assert.equal(setting.misfit_status, err.status)
        assert.matches(case[2], err.message, 1, true)
        assert.matches(case[3], err.hint, 1, true)
      end
    end)
  end

  it("gets its hint though the text has a secret's name, and is not shown", function()
    local _, err = calls.patch(calls.create(), { op = "remove", path = "/layers/tts/api_key" })
    assert.matches("[redacted]", err.message, 1, true)
    assert.matches("add that member first", err.hint, 1, true)
  end)

  it("does fit once its hint was followed", function()
    local id = calls.create()
    assert.is_nil((calls.patch(id, replace("/greeting", "x"))))
    assert(calls.patch(id, add("/greeting", "x")))
    assert.is_nil((calls.patch(id, add("/layers/tts/voice_id", "v1"))))
    assert(calls.patch(id, add("/layers/tts", { voice_id = "v1" })))
    assert(client.personas:update(id, function(p) p.layers.conversational_flow = { turn_taking_patience = "high" } end))
  end)
end)

describe("a conversation that has ended already", function()
  local sandbox, client = habits.serve(teardown, before_each)
  local id

  before_each(function()
    id = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
  end)

  local function ended()
    assert(client.conversations:end_(id))
    return id
  end

  it("is ended with success, and nothing changed", function()
    local done, meta = client.conversations:end_(ended())
    assert.is_true(done)
    assert.is_false(meta.changed)
    assert.equal(400, meta.status)
    assert.equal(1, meta.attempts)
  end)

  -- What a server may say of one; `asks`: one GET is needed to know.
  local known = {
    { 400, { error = "Conversation has already ended" } },
    { 400, { error = "The conversation has ended." } },
    { 400, { message = "conversation already ended" } },
    { 404, { error = "This conversation is ALREADY ENDED" } },
    { 400, { error = "Conversation has already been ended by the participant" } },
    { 400, { detail = "Conversation is not active" } },
    { 400, { error = "App messages can only be sent to active conversations." } },
    { 404, { error = "The conversation's room is no longer available." } },
    { 409, { error = "The conversation has ended" } },
    { 410, { error = "The conversation has ended" } },
    { 400, { error = "Invalid conversation_id" }, asks = true },
    { 404, { error = "Not Found" }, asks = true },
    { 404, "", asks = true },
    { 400, "<html><title>Bad Request</title></html>", asks = true },
    { 400, { error = "Call is over" }, asks = true },
    { 400, { errors = { conversation = { "status must be active" } } }, asks = true },
  }

  for i, case in ipairs(known) do
    it(("told in the manner %d: %d"):format(i, case[1]), function()
      ended()
      local before = #sandbox:requests()
      sandbox:next { status = case[1], body = case[2], method = "POST" }
      local done, meta = client.conversations:end_(id)
      assert.is_true(done)
      assert.is_false(meta.changed)
      assert.equal(case[1], meta.status)
      assert.equal(before + (case.asks and 2 or 1), #sandbox:requests())
    end)
  end

  it("is perhaps one that an attempt without an answer ended", function()
    for _, body in ipairs { { error = "Conversation has already ended" }, { error = "Call is over" } } do
      sandbox:reset()
      id = assert(client.conversations:create { replica_id = "r90bbd427f71" }).conversation_id
      sandbox:next { close = "after", method = "POST" }
      sandbox:next { status = 400, body = body, method = "POST" }
      local done, meta = client.conversations:end_(id)
      assert.is_true(done)
      assert.is_true(meta.changed)
      assert.equal(2, meta.attempts)
    end
  end)

  it("is not one that is active, unknown, or cannot be asked about", function()
    local refusal = { status = 400, body = { error = "Call is odd" }, method = "POST" }
    sandbox:next(refusal)
    local value, err = client.conversations:end_(id)
    assert.is_nil(value)
    assert.same({ "bad_request", 400, "Call is odd" }, { err.type, err.status, err.message })
    ended()
    for _, answer in ipairs { { status = 500 }, { status = 404 }, { close = "before" }, { status = 200, body = {} } } do
      sandbox:next(refusal)
      answer.method, answer.times = "GET", 3
      sandbox:next(answer)
      assert.equal("Call is odd", select(2, client.conversations:end_(id)).message)
    end
    sandbox:reset()
    assert.equal("not_found", select(2, client.conversations:end_ "c000000000000000").type)
  end)

  it("is asked about only after 400 and 404", function()
    ended()
    for _, status in ipairs { 401, 403, 409, 422, 500 } do
      sandbox:reset()
      sandbox:next { status = status, times = "always", method = "POST" }
      assert.equal(status, select(2, client.conversations:end_(id, { retries = 0 })).status)
      assert.equal(1, #sandbox:requests())
    end
  end)

  it("takes no longer than its deadline", function()
    ended()
    sandbox:next { status = 400, body = { error = "odd" }, method = "POST" }
    sandbox:next { delay = 60, method = "GET", times = "always" }
    local _, err = client.conversations:end_(id, { deadline = 0.3 })
    assert.equal("odd", err.message)
  end)

  it("is ended in a task as elsewhere", function()
    ended()
    sandbox:next { status = 404, method = "POST" }
    local task = client:spawn(function() return client.conversations:end_(id) end)
    local done, meta = task:result()
    assert.is_true(done)
    assert.is_false(meta.changed)
  end)
end)
