-- /v2/personas as the contract describes it (sections 3.1, 5, 6, 7, 8).
local asking = require "spec.support.asking"
local core = require "tavus.core"
local sandbox = require "tavus.sandbox"

describe("the sandbox's personas", function()
  local server, ask = asking.serve(teardown, before_each)

  local function create(body)
    body = body or {}
    body.system_prompt = body.system_prompt or "You are kind."
    local result = ask("POST", "/v2/personas", body)
    assert.equal(200, result.status, result.body)
    return result.json.persona_id, result
  end

  local function get(id) return ask("GET", "/v2/personas/" .. id).json.data[1] end

  local function patch(id, ...)
    return ask("PATCH", "/v2/personas/" .. id, core.array { ... })
  end

  local function custom_llm()
    return create { layers = { llm = { model = "m", base_url = "https://llm.example", api_key = "sk-secret" } } }
  end

  describe("create", function()
    it("answers id, name and time", function()
      local id, result = create { persona_name = "Interviewer" }
      assert.matches("^p%x%x%x%x%x%x%x%x%x%x%x$", id)
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ$", result.json.created_at)
      assert.same({ persona_id = id, persona_name = "Interviewer", created_at = result.json.created_at }, result.json)
      assert.equal("application/json", result.headers["content-type"])
      assert.matches("^%x+$", result.headers["x-request-id"])
    end)

    it("gives every persona and every answer an id of its own", function()
      local seen = {}
      for _ = 1, 50 do
        local id, result = create()
        assert.is_nil(seen[id])
        assert.is_nil(seen[result.headers["x-request-id"]])
        seen[id], seen[result.headers["x-request-id"]] = true, true
      end
    end)

    it("keeps what it was given, empty arrays, objects and nulls among it", function()
      local text = '{"persona_name":"Ä","system_prompt":"x","document_ids":[],"greeting":null,'
        .. '"made_up":{"deep":[1,2.5,{}]},'
        .. '"layers":{"llm":{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object",'
        .. '"properties":{},"required":[]}}}]}}}'
      local result = ask("POST", "/v2/personas", text)
      assert.equal(200, result.status)
      local persona = get(result.json.persona_id)
      persona.persona_id, persona.created_at, persona.updated_at = nil, nil, nil
      assert.equal(core.encode(core.decode(text)), core.encode(persona))
    end)

    it("refuses what breaks the contract, with Tavus' text", function()
      local result = ask("POST", "/v2/personas", { persona_name = "x" })
      assert.equal(400, result.status)
      assert.matches("^Bad Request%. {'system_prompt': %['.+'%]}$", result.json.error)
      result = ask("POST", "/v2/personas", { system_prompt = "x", layers = { llm = { model = 1 } } })
      assert.equal(400, result.status)
      assert.matches("^Bad Request%. {'layers': {'llm': {'model': %['.+'%]}}}$", result.json.error)
      for _, llm in ipairs { { model = "m", base_url = "u" }, { model = "m", api_key = "k" } } do
        result = ask("POST", "/v2/personas", { system_prompt = "x", layers = { llm = llm } })
        assert.equal(400, result.status)
        assert.equal("Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm.", result.json.error)
      end
      result = ask("POST", "/v2/personas",
        { system_prompt = "x", layers = { llm = { base_url = "u", api_key = "k" } } })
      assert.matches("^Bad Request%. {'layers': {'llm': {'model': %[", result.json.error)
      result = ask("POST", "/v2/personas", { layers = { llm = { model = "m", base_url = "u" } } })
      assert.matches("{'llm': {'api_key': ['a custom llm needs model, base_url and api_key together']}}",
        result.json.error, 1, true)
    end)

    it("names only what is wrong, not what is merely old", function()
      local result = ask("POST", "/v2/personas", { system_prompt = "x", context = "old", made_up = 1,
        layers = { llm = { model = "tavus-llama" }, stt = { hotwords = core.array { "a" } } } })
      assert.equal(400, result.status)
      assert.equal("Bad Request. {'layers': {'stt': {'hotwords': ['expected string, got array']}}}", result.json.error)
    end)

    it("dates a persona: the same time for made and changed, in the row and not in the answer", function()
      local id, result = create()
      assert.is_nil(result.json.updated_at)
      assert.equal(result.json.created_at, get(id).created_at)
      assert.equal(result.json.created_at, get(id).updated_at)
    end)

    it("refuses a persona that is nested too deep for a list", function()
      local function nested(levels)
        return '{"system_prompt":"x","made_up":' .. ("["):rep(levels) .. ("]"):rep(levels) .. "}"
      end
      local result = ask("POST", "/v2/personas", nested(126))
      assert.equal(400, result.status)
      assert.matches("^Bad Request%. {'_schema': %['nested deeper than 126 levels'%]}", result.json.error)
      result = ask("POST", "/v2/personas", nested(125))
      assert.equal(200, result.status)
      local id = result.json.persona_id
      assert.equal(200, ask("GET", "/v2/personas").status)
      assert.equal(200, ask("GET", "/v2/personas/" .. id).status)
      result = patch(id, { op = "add", path = "/made_up" .. ("/0"):rep(124) .. "/-",
        value = core.array { core.array() } })
      assert.equal(400, result.status)
      assert.equal(200, ask("GET", "/v2/personas").status)
    end)

    it("refuses a body that is not a JSON object", function()
      for _, body in ipairs { "", "{", "nonsense", "[]", "1", '"x"', "null", '{"a":"\255"}' } do
        local status, text = asking.bare(server.url, "POST /v2/personas", { ["x-api-key"] = "k" }, body)
        assert.equal(400, status, body)
        assert.matches('^{"error":"Bad Request%. ', text)
      end
    end)

    it("refuses the id of a persona as a replica", function()
      local result = ask("POST", "/v2/personas", { system_prompt = "x", default_replica_id = "p5317866" })
      assert.equal(400, result.status)
      assert.same({ error = "Invalid replica_uuid" }, result.json)
    end)

    it("keeps or refuses unknown members and values, as switched", function()
      local body = { system_prompt = "x", surprise = 1, layers = { stt = { stt_engine = "tavus-next" } } }
      local other = { system_prompt = "x", layers = { tts = { tts_engine = "choir" }, llm = { model = "tavus-next" } } }
      assert.equal(200, ask("POST", "/v2/personas", other).status)
      local result = ask("POST", "/v2/personas", body)
      assert.equal(400, result.status)
      assert.equal("Bad Request. {'layers': {'stt': {'stt_engine': ['\"tavus-next\" is not known as an STT "
        .. "engine']}}}", result.json.error)
      assert(server:set { unknown_choices = "keep" })
      assert.equal(200, ask("POST", "/v2/personas", body).status)
      assert(server:set { unknown_fields = "refuse" })
      result = ask("POST", "/v2/personas", body)
      assert.equal(400, result.status)
      assert.matches("{'surprise': ", result.json.error, 1, true)
      assert(server:set { unknown_fields = "keep", unknown_choices = "refuse" })
      result = ask("POST", "/v2/personas", body)
      assert.equal(400, result.status)
      assert.matches("{'layers': {'stt': {'stt_engine': ", result.json.error, 1, true)
      assert.equal(400, ask("POST", "/v2/personas", other).status)
    end)
  end)

  describe("keys", function()
    it("may be anything but missing or empty", function()
      assert.equal(200, ask("GET", "/v2/personas", nil, { key = "anything" }).status)
      for _, headers in ipairs { {}, { ["x-api-key"] = "" }, { ["x-api-key"] = " " } } do
        local status, text = asking.bare(server.url, "GET /v2/personas", headers)
        assert.equal(401, status)
        assert.equal('{"message":"Invalid access token"}', text)
      end
    end)

    it("must be the one that was set", function()
      local locked = assert(sandbox.start { key = "right" })
      assert.equal(401, asking.ask(locked.url, "GET", "/v2/personas", nil, { key = "wrong" }).status)
      assert.equal(200, asking.ask(locked.url, "GET", "/v2/personas", nil, { key = "right" }).status)
      locked:stop()
    end)

    it("come after the body, or before it", function()
      assert.equal(400, (asking.bare(server.url, "POST /v2/personas", {}, "{}")))
      assert.equal(401, (asking.bare(server.url, "POST /v2/personas", {}, '{"system_prompt":"x"}')))
      assert(server:set { check_body_first = false })
      assert.equal(401, (asking.bare(server.url, "POST /v2/personas", {}, "{}")))
    end)
  end)

  describe("get", function()
    it("answers in each of the three shapes", function()
      local id = create { persona_name = "Shape" }
      local path = "/v2/personas/" .. id
      local array = ask("GET", path).json
      assert.is_true(core.is_array(array.data))
      assert.equal(1, #array.data)
      assert.equal("Shape", array.data[1].persona_name)
      assert(server:set { get_shape = "object" })
      assert.equal("Shape", ask("GET", path).json.data.persona_name)
      assert(server:set { get_shape = "flat" })
      assert.equal("Shape", ask("GET", path).json.persona_name)
    end)

    it("answers 400 for an unknown id, under error or message", function()
      local result = ask("GET", "/v2/personas/p000")
      assert.equal(400, result.status)
      assert.same({ error = "Invalid persona_id" }, result.json)
      assert(server:set { error_field = "message" })
      assert.same({ message = "Invalid persona_id" }, ask("GET", "/v2/personas/a%2Fb%20c").json)
    end)

    it("masks keys, everywhere", function()
      local id = create { layers = {
        llm = { model = "m", base_url = "https://llm.example", api_key = "sk-secret" },
        tts = { tts_engine = "elevenlabs", api_key = "el-secret" },
      } }
      for _, path in ipairs { "/v2/personas/" .. id, "/v2/personas" } do
        local body = ask("GET", path).body
        assert.is_nil(body:find("secret", 1, true))
        assert.matches('"api_key":"********"', body, 1, true)
      end
      assert(server:set { mask_secrets = false })
      assert.equal("sk-secret", get(id).layers.llm.api_key)
    end)

    it("takes HEAD for GET, without the body", function()
      local id = create()
      local _, body = asking.bare(server.url, "GET /v2/personas/" .. id, { ["x-api-key"] = "k" })
      local status, none, head = asking.bare(server.url, "HEAD /v2/personas/" .. id, { ["x-api-key"] = "k" })
      assert.equal(200, status)
      assert.equal("", none)
      assert.matches("Content-Length: " .. #body, head, 1, true)
    end)
  end)

  describe("list", function()
    local function list(query) return ask("GET", "/v2/personas", nil, { query = query }) end

    it("shows the newest first, ten a page, stock personas at the end", function()
      local ids = {}
      for i = 1, 12 do ids[i] = create { persona_name = "n" .. i } end
      local first = list().json
      assert.equal(10, #first.data)
      assert.equal(15, first.total_count)
      for i = 1, 10 do assert.equal(ids[13 - i], first.data[i].persona_id) end
      local second = list { page = 2 }.json
      assert.equal(5, #second.data)
      assert.equal(15, second.total_count)
      assert.equal(ids[2], second.data[1].persona_id)
      assert.equal("p50bd43dc74b", second.data[3].persona_id)
      local past = list { page = 3 }
      assert.matches('"data":[]', past.body, 1, true)
      assert.equal(15, past.json.total_count)
    end)

    it("filters by type, and counts under the filter", function()
      local id = create()
      local users = list { persona_type = "user" }.json
      assert.equal(1, users.total_count)
      assert.equal(id, users.data[1].persona_id)
      assert.equal(3, list { persona_type = "system" }.json.total_count)
      assert.equal(4, list().json.total_count)
      assert.equal(400, list { persona_type = "other" }.status)
    end)

    it("takes a limit, page 0 for the first, and refuses nonsense", function()
      for _ = 1, 4 do create() end
      assert.equal(2, #list { limit = 2 }.json.data)
      assert.same(list { limit = 2, page = 1 }.json, list { limit = 2, page = 0 }.json)
      assert.equal(7, #list { limit = 1000 }.json.data)
      assert.equal(0, #list { page = "999999999999999" }.json.data)
      for _, query in ipairs { { limit = 0 }, { limit = "x" }, { limit = -1 }, { page = "1.5" }, { page = "" } } do
        local result = list(query)
        assert.equal(400, result.status)
        assert.matches("^Bad Request%. {'%a+': %['must be an integer of %d or more'%]}$", result.json.error)
      end
    end)

    it("keeps its order when rows go", function()
      local a, b, c = create(), create(), create()
      ask("DELETE", "/v2/personas/" .. b)
      local data = list { persona_type = "user" }.json.data
      assert.same({ c, a }, { data[1].persona_id, data[2].persona_id })
    end)
  end)

  describe("patch", function()
    it("changes, and answers with the persona", function()
      local id = create { persona_name = "before" }
      local result = patch(id, { op = "replace", path = "/persona_name", value = "after" })
      assert.equal(200, result.status)
      assert.equal("after", result.json.persona_name)
      assert.is_string(result.json.updated_at)
      assert.equal("after", get(id).persona_name)
    end)

    it("answers 200 without a body, with a message, or 204, as switched", function()
      local id = create { persona_name = "0" }
      local function rename(n) return patch(id, { op = "replace", path = "/persona_name", value = n }) end
      assert(server:set { patch_answer = "empty" })
      local result = rename "1"
      assert.equal(200, result.status)
      assert.equal("", result.body)
      assert(server:set { patch_answer = "message" })
      assert.is_string(rename "2".json.message)
      assert(server:set { patch_answer = "no_content" })
      assert.equal(204, rename "3".status)
      assert.equal("3", get(id).persona_name)
    end)

    it("answers 304 and nothing more when nothing changes", function()
      local id = create { persona_name = "same" }
      for _, result in ipairs {
        patch(id, { op = "replace", path = "/persona_name", value = "same" }), patch(id),
      } do
        assert.equal(304, result.status)
        assert.equal("", result.body)
        assert.is_nil(result.headers["content-type"])
      end
      assert.equal(get(id).created_at, get(id).updated_at)
    end)

    it("answers 422 for a body that is not a patch", function()
      local id = create()
      for _, body in ipairs { '{"persona_name":"x"}', "{}", '"x"', "1", "null", "[1]",
        '[{"op":"set","path":"/a","value":1}]',
        '[{"op":"add","path":"a","value":1}]', '[{"op":"add","path":"/a"}]', '[{"path":"/a","value":1}]',
        '[{"op":"move","path":"/a"}]' } do
        local result = ask("PATCH", "/v2/personas/" .. id, body)
        assert.equal(422, result.status, body)
        assert.same({ message = "Invalid JSON patch format" }, result.json)
      end
      assert.equal(400, ask("PATCH", "/v2/personas/" .. id, "[").status)
    end)

    it("refuses to add under a missing parent, and changes nothing then", function()
      local id = create { persona_name = "before" }
      local result = patch(id, { op = "replace", path = "/persona_name", value = "after" },
        { op = "add", path = "/layers/stt/hotwords", value = "x" })
      assert.equal(400, result.status)
      assert.matches("^Bad Request%. {'/layers/stt/hotwords': ", result.json.error)
      assert.equal("before", get(id).persona_name)
      assert.equal(200, patch(id, { op = "add", path = "/layers", value = { stt = { hotwords = "x" } } }).status)
      assert.equal("x", get(id).layers.stt.hotwords)
    end)

    it("refuses to replace or remove a missing member", function()
      local id = create()
      assert.equal(400, patch(id, { op = "replace", path = "/greeting", value = "x" }).status)
      assert.equal(400, patch(id, { op = "remove", path = "/greeting" }).status)
      assert.equal(400, patch(id, { op = "test", path = "/system_prompt", value = "other" }).status)
    end)

    it("checks the whole persona again", function()
      local id = create()
      assert.equal(400, patch(id, { op = "remove", path = "/system_prompt" }).status)
      assert.equal(400, patch(id, { op = "replace", path = "/system_prompt", value = 1 }).status)
      assert.equal(400, patch(id, { op = "replace", path = "", value = core.array {} }).status)
      local result = patch(id, { op = "add", path = "/default_replica_id", value = "nobody" })
      assert.same({ error = "Invalid replica_uuid" }, result.json)
      result = patch(id, { op = "add", path = "/default_face_id", value = "nobody" })
      assert.same({ error = "Invalid replica_uuid" }, result.json)
    end)

    it("keeps the server's members", function()
      local id = create()
      for _, name in ipairs { "persona_id", "created_at" } do
        local result = patch(id, { op = "replace", path = "/" .. name, value = "x" })
        assert.equal(400, result.status)
        assert.equal("Bad Request. {'" .. name .. "': ['is read only']}", result.json.error)
      end
    end)

    it("wants the key of a custom llm again when the llm is touched", function()
      local id = custom_llm()
      local function refused(...)
        local result = patch(id, ...)
        assert.equal(400, result.status)
        assert.equal("Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm.", result.json.error)
      end
      refused { op = "replace", path = "/layers/llm/model", value = "n" }
      refused { op = "add", path = "/layers/llm", value = { model = "n", base_url = "https://llm.example" } }
      refused { op = "replace", path = "/layers/llm/api_key", value = "********" }
      assert.equal(200, patch(id, { op = "replace", path = "/persona_name", value = "other" }).status)
      assert.equal(200, patch(id, { op = "replace", path = "/layers/llm/model", value = "n" },
        { op = "replace", path = "/layers/llm/api_key", value = "sk-new" }).status)
      assert(server:set { mask_secrets = false })
      assert.equal("sk-new", get(id).layers.llm.api_key)
      assert.equal("other", get(id).persona_name)
    end)

    it("keeps a stored key when other layers change", function()
      local id = create { layers = { tts = { tts_engine = "elevenlabs", api_key = "el-secret" } } }
      assert.equal(200, patch(id, { op = "add", path = "/layers/tts/external_voice_id", value = "v" }).status)
      assert(server:set { mask_secrets = false })
      assert.equal("el-secret", get(id).layers.tts.api_key)
    end)

    it("lets a custom llm go", function()
      local id = custom_llm()
      assert.equal(200, patch(id, { op = "replace", path = "/layers/llm", value = { model = "tavus-gpt-oss" } }).status)
      assert.same({ model = "tavus-gpt-oss" }, get(id).layers.llm)
    end)
  end)

  describe("delete", function()
    it("answers 204 once and 400 after that", function()
      local id = create()
      local result = ask("DELETE", "/v2/personas/" .. id)
      assert.equal(204, result.status)
      assert.equal("", result.body)
      for _, method in ipairs { "DELETE", "GET" } do
        local again = ask(method, "/v2/personas/" .. id)
        assert.equal(400, again.status)
        assert.same({ error = "Invalid persona_id" }, again.json)
      end
    end)
  end)

  it("knows a deleted persona nowhere, but in the conversations it had", function()
    local id, other = create { default_replica_id = "r79e1c033f" }, create()
    local call = ask("POST", "/v2/conversations", { persona_id = id }).json.conversation_id
    assert.equal(204, ask("DELETE", "/v2/personas/" .. id).status)
    local list = ask("GET", "/v2/personas", nil, { query = { persona_type = "user" } }).json
    assert.same({ 1, other }, { list.total_count, list.data[1].persona_id })
    for method, body in pairs { GET = false, PATCH = "[]", DELETE = false } do
      assert.same({ error = "Invalid persona_id" }, ask(method, "/v2/personas/" .. id, body or nil).json)
    end
    assert.same({ error = "Invalid persona_id" }, ask("POST", "/v2/conversations", { persona_id = id }).json)
    assert.equal(id, ask("GET", "/v2/conversations/" .. call).json.persona_id)
    assert.equal(200, ask("POST", "/v2/conversations/" .. call .. "/end").status)
  end)

  it("lets stock personas be read and nothing else", function()
    local id = "p5317866"
    assert.equal(200, ask("GET", "/v2/personas/" .. id).status)
    assert.same({ error = "Invalid persona_id" },
      patch(id, { op = "replace", path = "/persona_name", value = "x" }).json)
    assert.same({ error = "Invalid persona_id" }, ask("DELETE", "/v2/personas/" .. id).json)
    assert.equal("Sandbox Companion", get(id).persona_name)
  end)

  it("has stock personas that fit the contract", function()
    local stock = require "tavus.sandbox.stock"
    local all = stock.personas()
    all[#all + 1] = stock.unlisted()
    for _, persona in ipairs(all) do
      persona.persona_id, persona.created_at, persona.updated_at = nil, nil, nil
      local done, issues = core.validate("persona", persona)
      assert.is_true(done, done or issues[1].message)
    end
  end)

  it("answers 404 for paths it does not have and 405 for methods", function()
    for _, path in ipairs { "/v2/nothing", "/v3/personas", "/v2", "/v2/personas/p1/nothing" } do
      local result = ask("GET", path)
      assert.equal(404, result.status)
      assert.same({ message = "Not Found" }, result.json)
    end
    local result = ask("PUT", "/v2/personas", {})
    assert.equal(405, result.status)
    assert.equal("GET, HEAD, POST", result.headers.allow)
    assert.equal(405, ask("POST", "/v2/personas/p1", {}).status)
  end)

  it("ignores a slash at the end, and refuses a double one", function()
    assert.equal(200, ask("GET", "/v2/personas/").status)
    assert.equal(200, ask("GET", "/v2/personas/p5317866/").status)
    assert.equal(404, ask("GET", "/v2//personas").status)
    assert.equal(404, ask("GET", "//v2/personas").status)
    assert.equal(404, ask("GET", "/v2/personas//p5317866").status)
    assert.equal(404, ask("GET", "/v2/personas//").status)
    assert.equal(405, ask("DELETE", "/v2/personas/").status)
  end)

  it("refuses bodies beyond 16 MiB", function()
    local result = ask("POST", "/v2/personas", '{"system_prompt":"' .. ("x"):rep(17 * 1024 * 1024) .. '"}')
    assert.equal(413, result.status)
    assert.is_string(result.json.message)
    assert.equal(3, ask("GET", "/v2/personas").json.total_count)
    local entry = server:requests { method = "POST" }[1]
    assert.equal(413, entry.status)
    assert.is_true(entry.body == nil)
    assert(server:next { status = 503 })
    assert.equal(503, ask("POST", "/v2/personas", ("x"):rep(17 * 1024 * 1024)).status)
    assert.equal(413, ask("POST", "/_sandbox/next", ("x"):rep(17 * 1024 * 1024)).status)
  end)
end)
