-- What the calls send and what they make of the answers.
local clients = require "spec.support.clients"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

describe("the resources", function()
  local sandbox, client, id

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)

  before_each(function()
    sandbox:reset()
    client = clients.new(sandbox.url)
    id = assert(client.personas:create(clients.persona())).persona_id
  end)
  after_each(function() client:close() end)

  local function last()
    local all = sandbox:requests()
    return all[#all]
  end

  local function answer(reply) sandbox:next(reply) end

  describe("create", function()
    it("returns the object and meta", function()
      local persona, meta = client.personas:create(clients.persona())
      assert.truthy(persona.persona_id)
      assert.equal("Interviewer", persona.persona_name)
      assert.equal(200, meta.status)
      assert.is_true(meta.changed)
      assert.equal(1, meta.attempts)
      assert.is_number(meta.elapsed_ms)
      assert.same({}, meta.warnings)
      assert.truthy(meta.headers["content-type"])
      assert.equal("application/json", last().headers["content-type"])
    end)

    it("takes 201 as well", function()
      answer { status = 201, body = { persona_id = "p1" } }
      local persona, meta = client.personas:create(clients.persona())
      assert.equal("p1", persona.persona_id)
      assert.equal(201, meta.status)
    end)

    it("tells the request's id when the server sent one", function()
      local _, meta = client.personas:create(clients.persona())
      assert.is_string(meta.request_id)
      assert.equal(last().request_id, meta.request_id)
      answer { status = 403, body = { error = "no" } }
      local _, err = client.personas:create(clients.persona())
      assert.equal(last().request_id, err.request_id)
    end)

    it("checks first and sends nothing that is wrong", function()
      local before = #sandbox:requests()
      local persona, err = client.personas:create { persona_name = 7, layers = { llm = { model = true } } }
      assert.is_nil(persona)
      assert.equal("validation", err.type)
      local paths = {}
      for _, issue in ipairs(err.issues) do paths[issue.path] = true end
      assert.is_true(paths["/persona_name"])
      assert.is_true(paths["/layers/llm/model"])
      assert.equal(before, #sandbox:requests())
    end)

    it("sends what is doubtful and warns in meta; strict sends nothing", function()
      local doubtful = clients.persona(function(p) p.layers.llm.model = "tavus-brand-new"; p.layers.stt.hot_words = "leadership" end)
      local persona, meta = client.personas:create(doubtful)
      assert.truthy(persona)
      assert.is_true(#meta.warnings > 0)
      local before = #sandbox:requests()
      local none, err = client.personas:create(doubtful, { strict = true })
      assert.is_nil(none)
      assert.equal("validation", err.type)
      assert.equal(before, #sandbox:requests())
    end)

    it("tells what was doubtful where Tavus refuses the call", function()
      local doubtful = clients.persona(function(p) p.layers.LLM = {} end)
      for _, status in ipairs { 400, 422 } do
        answer { status = status, body = { error = "Bad Request." } }
        local _, err = client.personas:create(doubtful)
        assert.equal("/layers/LLM", err.issues[1].path)
        assert.truthy(tostring(err):find('/layers/LLM: warning: unknown field "LLM" (did you mean "llm"?)', 1, true), tostring(err))
      end
      answer { status = 400, body = { error = "Bad Request." } }
      assert.is_nil(select(2, client.personas:create(clients.persona())).issues)
      answer { status = 400, body = { error = "Bad Request." } }
      local _, err = client.personas:patch(id, tavus.patch():add("/layers/LLM", {}))
      assert.equal("/0/path", err.issues[1].path)
    end)

    it("raises for what is no table, at the caller's line", function()
      assert.matches("resource_spec.lua:%d+: .*wants a table, not string", clients.raised(function() client.personas:create("x") end))
      assert.error_matches(function() client.personas:create() end, "wants a table, not nil")
      assert.error_matches(function() client.personas:create ' {"system_prompt":"x"}' end,
        "wants a table, not string %(this is JSON: decode it first, tavus.decode%)")
      assert.error_matches(function() client.personas:patch("p5317866", "[]") end, "tavus.decode")
    end)

    it("makes a conversation and its url", function()
      local call, meta = client.conversations:create { persona_id = id, conversation_name = "Interview User" }
      assert.truthy(call.conversation_url)
      assert.equal(200, meta.status)
    end)
  end)

  describe("get", function()
    local row = { persona_id = "p1", persona_name = "A", extra = { kept = true } }

    for name, body in pairs {
      ["an array of one in data"] = { data = tavus.array { row } },
      ["an object in data"] = { data = row },
      ["a flat object"] = row,
    } do
      it("reads " .. name, function()
        answer { status = 200, body = body }
        local persona, meta = client.personas:get("p1")
        assert.equal("p1", persona.persona_id)
        assert.is_true(persona.extra.kept)
        assert.is_nil(meta.changed)
      end)
    end

    it("keeps a member called data of an object that names itself", function()
      answer { status = 200, body = { pal_id = "p1", data = { a = 1 } } }
      local persona = client.personas:get("p1")
      assert.equal("p1", persona.pal_id)
      assert.equal(1, persona.data.a)
    end)

    it("gives a decode error for data with none or two", function()
      for _, data in ipairs { tavus.array {}, tavus.array { row, row }, tavus.array { "p1" }, tavus.null, "p1", 7, false } do
        answer { status = 200, body = { data = data } }
        local persona, err = client.personas:get("p1")
        assert.is_nil(persona)
        assert.equal("decode", err.type)
      end
    end)

    it("gives a decode error for an empty answer, and for JSON that is no object", function()
      for _, body in ipairs { "", "7", "null", "false", "[ 1, 2.0 ]", "\"text\"", '{"data" :[]}', "no JSON" } do
        answer { status = 200, body = body }
        local persona, err = client.personas:get("p1")
        assert.is_nil(persona)
        assert.equal("decode", err.type)
        assert.equal(body, err.body) -- the very text that came
        assert.equal(200, err.status)
        assert.equal("GET", err.method)
        assert.equal("/v2/personas/p1", err.path)
      end
    end)

    it("says what is not there", function()
      local persona, err = client.personas:get("p0000000")
      assert.is_nil(persona)
      assert.equal("not_found", err.type)
      assert.equal(400, err.status)
      assert.truthy(err.message:find("Invalid persona_id", 1, true))
    end)

    it("keeps empty arrays, empty objects and nulls", function()
      answer { status = 200, body = '{"persona_id":"p1","a":[],"b":{},"c":null}' }
      local persona = client.personas:get("p1")
      assert.equal('{"a":[],"b":{},"c":null,"persona_id":"p1"}', tavus.encode(persona))
    end)

    it("gives a decode error for a 204, which holds no object", function()
      for _, make in ipairs {
        function() return client.personas:get("p1") end,
        function() return client.personas:create(clients.persona()) end,
        function() return client.personas:list() end,
      } do
        sandbox:next { status = 204 }
        local value, err = make()
        assert.is_nil(value)
        assert.equal("decode", err.type)
        assert.equal(204, err.status)
      end
    end)

    it("takes a 304 to a condition of the caller's for no change", function()
      answer { status = 304 }
      local value, meta = client.personas:get(id, { headers = { ["If-None-Match"] = "\"x\"" } })
      assert.is_true(value)
      assert.is_false(meta.changed)
      assert.equal(304, meta.status)
    end)

    it("sends the query it is given", function()
      assert.truthy(client.personas:get(id, { query = { source = "draft" } }))
      assert.equal("draft", last().query.source)
    end)
  end)

  describe("patch", function()
    local patch = tavus.patch():replace("/persona_name", "B")

    it("returns the object of a 200", function()
      local persona, meta = client.personas:patch(id, patch)
      assert.equal("B", persona.persona_name)
      assert.equal(200, meta.status)
      assert.is_true(meta.changed)
    end)

    it("returns true for a 200 without a body, and for a 204", function()
      answer { status = 200, body = "" }
      local done, meta = client.personas:patch(id, patch)
      assert.is_true(done)
      assert.is_true(meta.changed)
      answer { status = 204 }
      done, meta = client.personas:patch(id, patch)
      assert.is_true(done)
      assert.equal(204, meta.status)
      assert.is_true(meta.changed)
    end)

    it("returns other JSON of a 200 as it is", function()
      answer { status = 200, body = { message = "ok", discarded_maker_changes = true } }
      local value = client.personas:patch(id, patch, { query = { force = true } })
      assert.is_true(value.discarded_maker_changes)
      assert.equal("true", last().query.force)
    end)

    it("takes a 304 for success without a change", function()
      answer { status = 304 }
      local done, meta = client.personas:patch(id, patch)
      assert.is_true(done)
      assert.equal(304, meta.status)
      assert.is_false(meta.changed)
    end)

    it("answers an empty patch itself", function()
      local before = #sandbox:requests()
      for _, empty in ipairs { tavus.patch(), {}, tavus.array {} } do
        local done, meta = client.personas:patch(id, empty)
        assert.is_true(done)
        assert.is_false(meta.changed)
        assert.equal(0, meta.attempts)
        assert.is_nil(meta.status)
      end
      assert.equal(before, #sandbox:requests())
    end)

    it("takes a hand-written list", function()
      local persona = client.personas:patch(id, { { op = "replace", path = "/persona_name", value = "C" } })
      assert.equal("C", persona.persona_name)
    end)

    it("checks the operations first", function()
      local before = #sandbox:requests()
      local done, err = client.personas:patch(id, { { op = "remove", path = "/persona_name", value = 1 } })
      assert.is_nil(done)
      assert.equal("validation", err.type)
      assert.equal(before, #sandbox:requests())
    end)

    it("tells of a conflict and of the way out", function()
      answer { status = 409, body = { message = "draft", conflict = "maker_changes" } }
      local done, err = client.personas:patch(id, patch)
      assert.is_nil(done)
      assert.equal("conflict", err.type)
      assert.equal("maker_changes", err.conflict)
      assert.equal("maker_changes", err.code)
      assert.matches("PAL Maker .* would be lost: .* force = true", err.hint)
    end)

    it("tells of a patch that Tavus cannot read", function()
      answer { status = 422, body = { message = "Invalid JSON patch format" } }
      local _, err = client.personas:patch(id, patch)
      assert.equal("unprocessable", err.type)
    end)
  end)

  describe("delete and end_", function()
    it("take any 2xx", function()
      for _, status in ipairs { 200, 202, 204 } do
        answer { status = status, body = status ~= 204 and "no JSON at all" or nil }
        local done, meta = client.personas:delete(id)
        assert.is_true(done)
        assert.equal(status, meta.status)
        assert.is_true(meta.changed)
      end
    end)

    it("really delete and end", function()
      local call = assert(client.conversations:create { persona_id = id }).conversation_id
      assert.is_true((client.conversations:end_(call)))
      assert.equal("POST", last().method)
      assert.equal("/v2/conversations/" .. call .. "/end", last().path)
      assert.is_true(last().body == nil or last().body == "")
      assert.is_true((client.conversations:delete(call, { query = { hard = true } })))
      assert.equal("true", last().query.hard)
      assert.is_true((client.personas:delete(id)))
      local gone, err = client.personas:get(id)
      assert.is_nil(gone)
      assert.equal("not_found", err.type)
    end)
  end)

  describe("ids", function()
    it("that are no strings raise at the caller's line", function()
      assert.matches("resource_spec.lua:%d+: personas:get: the id must be a string, not number", clients.raised(function() client.personas:get(7) end))
      assert.matches("resource_spec.lua:%d+: .*must be a string, not nil", clients.raised(function() client.personas:delete() end))
      assert.error_matches(function() client.personas:patch({ persona_id = "p1" }, {}) end, "give its id: value.persona_id")
    end)

    it("that cannot be are refused before anything is sent", function()
      local before = #sandbox:requests()
      for _, bad in ipairs { "", "a/b", "/", "..", ".", "a\rb", "a\nb", "a\0b", "p5317866 ", " p5317866", "p5317866\n", "My persona",
          "\194\160p5317866", "<persona_id>", '"p5317866"', "https://host/p5317866", "p1,p2" } do
        for _, make in ipairs {
          function() return client.personas:get(bad) end,
          function() return client.personas:delete(bad) end,
          function() return client.personas:patch(bad, { { op = "remove", path = "/context" } }) end,
          function() return client.conversations:end_(bad) end,
        } do
          local value, err = make()
          assert.is_nil(value)
          assert.equal("validation", err.type)
          assert.equal(1, #err.issues)
        end
      end
      assert.equal(before, #sandbox:requests())
    end)

    it("with blanks around them are told without", function()
      local _, err = client.personas:get "p5317866\n"
      assert.equal('write "p5317866"', err.issues[1].hint)
      assert.equal("/persona_id", err.issues[1].path)
      assert.matches("ids hold no blanks", tostring(err))
    end)

    it("are percent-encoded", function()
      answer { status = 200, body = { persona_id = "p" } }
      assert.truthy(client.personas:get("a?c#d%e"))
      assert.equal("/v2/personas/a%3Fc%23d%25e", last().path)
    end)
  end)

  describe("options of a call", function()
    it("that are unknown raise with the name that was meant", function()
      assert.matches(
        "resource_spec.lua:%d+: personas:get: unknown option \"timeot\" %(did you mean timeout%?%)",
        clients.raised(function() client.personas:get(id, { timeot = 1 }) end))
      assert.error_matches(function() client.personas:create({}, { verbose = true }) end, "known are deadline, headers")
      assert.error_matches(function() client.personas:list({}, { retrys = 1 }) end, "did you mean retries%?")
    end)

    it("of a wrong type raise", function()
      assert.error_matches(function() client.personas:get(id, { timeout = "1" }) end, "timeout must be a number, not string")
      assert.error_matches(function() client.personas:get(id, { headers = "x" }) end, "headers must be a table")
      assert.error_matches(function() client.personas:get(id, "x") end, "options must be a table")
    end)

    it("of a wrong content give a config error", function()
      local before = #sandbox:requests()
      for _, bad in ipairs { { timeout = 0 }, { timeout = -1 }, { deadline = 0 / 0 }, { deadline = math.huge }, { retries = 1.5 }, { retries = -1 } } do
        local value, err = client.personas:get(id, bad)
        assert.is_nil(value)
        assert.equal("config", err.type)
      end
      assert.equal(before, #sandbox:requests())
    end)

    it("add headers", function()
      assert.truthy(client.personas:get(id, { headers = { ["X-Trace"] = "t1" } }))
      assert.equal("t1", last().headers["x-trace"])
    end)

    it("with line breaks in headers are refused before anything is sent", function()
      local before = #sandbox:requests()
      for _, headers in ipairs { { ["X-A"] = "b\r\nX-B: c" }, { ["X-A\n"] = "b" }, { ["X-A"] = "b\0" } } do
        local value, err = client.personas:get(id, { headers = headers })
        assert.is_nil(value)
        assert.equal("config", err.type)
      end
      assert.equal(before, #sandbox:requests())
    end)
  end)

  it("say so when they are called with a dot", function()
    local get = client.personas.get
    assert.error_matches(function() get(id) end, "call it with a colon: client.personas:get")
  end)

  describe("client:request", function()
    it("reaches what has no function yet", function()
      answer { status = 200, body = { data = tavus.array { 1, 2 }, total_count = 2 } }
      local value, meta = client:request("GET", "/v2/voices", { query = { limit = 2, tag = "a b&c" }, headers = { ["X-A"] = "b" } })
      assert.same({ 1, 2 }, { value.data[1], value.data[2] })
      assert.equal(200, meta.status)
      assert.equal("/v2/voices", last().path)
      assert.equal("a b&c", last().query.tag)
      assert.equal("2", last().query.limit)
      assert.equal("b", last().headers["x-a"])
    end)

    it("sends a table as JSON and a text as it is", function()
      answer { status = 200, body = {}, times = 2 }
      assert.truthy(client:request("POST", "/v2/replicas", { body = { b = tavus.array {}, a = tavus.null } }))
      assert.equal('{"a":null,"b":[]}', last().body)
      assert.truthy(client:request("POST", "/v2/replicas", { body = '{"x": 1}' }))
      assert.equal('{"x": 1}', last().body)
      assert.equal("application/json", last().headers["content-type"])
    end)

    it("returns true for an empty answer", function()
      answer { status = 204 }
      assert.is_true((client:request("DELETE", "/v2/replicas/r1")))
      answer { status = 200, body = "" }
      assert.is_true((client:request("POST", "/v2/x")))
    end)

    it("returns what JSON there is", function()
      answer { status = 200, body = "[1,2]" }
      assert.equal(2, #client:request("GET", "/v2/x"))
      answer { status = 200, body = "false" }
      assert.is_false((client:request("GET", "/v2/x")))
      answer { status = 200, body = "null" }
      assert.equal(tavus.null, (client:request("GET", "/v2/x")))
    end)

    it("gives errors like every call", function()
      local value, err = client:request("GET", "/v2/personas/p0000000")
      assert.is_nil(value)
      assert.equal("not_found", err.type)
      value, err = client:request("GET", "no-slash")
      assert.is_nil(value)
      assert.equal("config", err.type)
      value, err = client:request("POST", "/v2/x", { body = { f = print } })
      assert.is_nil(value)
      assert.equal("validation", err.type)
      value, err = client:request("GE T", "/v2/x")
      assert.is_nil(value)
      assert.equal("config", err.type)
    end)

    it("shows no secrets of the body in an error", function()
      local secret = "sk-very-secret-123"
      local body = { layers = { llm = { api_key = secret, headers = { Authorization = "Bearer " .. secret .. "4" } } } }
      for _, sent in ipairs { body, tavus.encode(body), { { op = "replace", path = "/layers/llm/api_key", value = secret } } } do
        answer { status = 400, body = { error = "the value " .. secret .. " is bad, and " .. secret .. "4" } }
        local value, err = client:request("PATCH", "/v2/personas/p1", { body = sent })
        assert.is_nil(value)
        assert.equal("the value [redacted] is bad, and [redacted]", (err.message:gsub("%[redacted%]4", "[redacted]")))
        assert.is_nil(err.body:find(secret, 1, true))
        answer { status = 200, body = "no JSON but " .. secret }
        value, err = client:request("PATCH", "/v2/personas/p1", { body = sent })
        assert.is_nil(value)
        assert.equal("decode", err.type)
        assert.is_nil(err.body:find(secret, 1, true))
      end
    end)

    it("says of what only reads that it changed nothing", function()
      for _, method in ipairs { "GET", "HEAD", "OPTIONS" } do
        answer { status = 200, body = method == "HEAD" and "" or "{}" }
        local value, meta = client:request(method, "/v2/personas")
        assert.truthy(value)
        assert.is_nil(meta.changed)
      end
      answer { status = 200, body = "{}" }
      assert.is_true(select(2, client:request("PUT", "/v2/personas/p1")).changed)
    end)

    it("says so when it is called with a dot", function()
      assert.matches("resource_spec.lua:%d+: request: call it with a colon: client:request%(...%)",
        clients.raised(function() client.request("GET", "/v2/x") end))
      assert.matches("resource_spec.lua:%d+: close: call it with a colon: client:close%(...%)",
        clients.raised(function() client.close() end))
    end)

    it("raises for wrong types and unknown options", function()
      assert.error_matches(function() client:request(1, "/") end, "the method must be a string")
      assert.error_matches(function() client:request("GET", {}) end, "the path must be a string")
      assert.error_matches(function() client:request("GET", "/", { boddy = "" }) end, "did you mean body")
    end)

    it("repeats a PATCH only when its operations may repeat", function()
      sandbox:next { status = 503, method = "PATCH" }
      local value, err = client:request("PATCH", "/v2/personas/" .. id, { body = { { op = "remove", path = "/default_replica_id" } } })
      assert.is_nil(value)
      assert.is_true(err.ambiguous)
      -- What is no list of operations is not known to be repeatable.
      for _, body in ipairs { { persona_name = "Z" }, {}, '[{"op":"add","path":"/persona_name","value":"Z"}]' } do
        sandbox:next { status = 503, method = "PATCH" }
        value, err = client:request("PATCH", "/v2/personas/" .. id, { body = body })
        assert.is_nil(value)
        assert.equal(503, err.status)
        assert.is_true(err.ambiguous)
      end
      sandbox:next { status = 503, method = "PATCH" }
      local persona = client:request("PATCH", "/v2/personas/" .. id, { body = { { op = "add", path = "/persona_name", value = "Z" } } })
      assert.equal("Z", persona.persona_name)
    end)
  end)
end)
