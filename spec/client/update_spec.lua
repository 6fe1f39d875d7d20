-- client.personas:update: get, change, send the smallest patch.
local clients = require "spec.support.clients"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

local LLM_KEY = "sk-llm-very-secret-0123456789"

local function custom(persona)
  persona.layers.llm = { model = "gpt-x", base_url = "https://llm.example/v1", api_key = LLM_KEY }
end

describe("update", function()
  local sandbox, client

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    sandbox:reset()
    client = clients.new(sandbox.url)
  end)
  after_each(function() client:close() end)

  local function create(change)
    return assert(client.personas:create(clients.persona(change))).persona_id
  end

  -- What the last PATCH held; nil when none was sent.
  local function sent()
    local all = sandbox:requests { method = "PATCH" }
    return all[#all] and all[#all].json
  end

  local function paths(patch)
    local list = {}
    for i, op in ipairs(patch) do list[i] = op.op .. " " .. op.path end
    return list
  end

  -- A persona that is answered as given, whatever the sandbox would say.
  local function shows(persona)
    persona.persona_id = "p1"
    sandbox:next { method = "GET", status = 200, body = persona }
  end

  it("sends the smallest patch and returns the object", function()
    local id = create()
    local persona, meta = client.personas:update(id, function(p) p.layers.stt.stt_engine = "tavus-whisper" end)
    assert.equal("tavus-whisper", persona.layers.stt.stt_engine)
    assert.equal(id, persona.persona_id)
    assert.equal(200, meta.status)
    assert.is_true(meta.changed)
    assert.same({ "replace /layers/stt/stt_engine" }, paths(sent()))
    assert.equal("tavus-whisper", assert(client.personas:get(id)).layers.stt.stt_engine)
  end)

  it("sends nothing when nothing changed", function()
    local id = create()
    for _, fn in ipairs {
      function() end,
      function(p) p.persona_name = "Interviewer" end,
      function(p) return p end,
      function(p) return (tavus.decode((tavus.encode(p)))) end,
    } do
      local persona, meta = client.personas:update(id, fn)
      assert.equal(id, persona.persona_id)
      assert.is_false(meta.changed)
    end
    assert.is_nil(sent())
  end)

  it("gives a copy: what the function keeps is its own", function()
    local id = create()
    local kept
    local persona = client.personas:update(id, function(p) kept = p end)
    assert.is_not_equal(kept, persona)
    kept.layers.llm.model = "x"
    assert.equal("tavus-gpt-oss", persona.layers.llm.model)
  end)

  it("takes a table that the function returns, and leaves it alone", function()
    local id = create()
    local wanted = clients.persona(function(p) p.persona_name = "Other" p.layers.stt = nil end)
    local persona = client.personas:update(id, function() return wanted end)
    assert.equal("Other", persona.persona_name)
    assert.same({ "remove /layers/stt", "replace /persona_name" }, paths(sent()))
    assert.is_nil(wanted.persona_id)
    assert.is_nil(wanted.created_at)
  end)

  it("adds the parents of what was missing as one add of the smallest missing ancestor", function()
    local id = create()
    local persona = client.personas:update(id, function(p)
      p.layers.conversational_flow = { turn_taking_patience = "high" }
    end)
    assert.equal("high", persona.layers.conversational_flow.turn_taking_patience)
    local patch = sent()
    assert.same({ "add /layers/conversational_flow" }, paths(patch))
    assert.same({ turn_taking_patience = "high" }, patch[1].value)
  end)

  it("replaces a layer that reads as null", function()
    shows { persona_name = "A", layers = { stt = tavus.null } }
    sandbox:next { method = "PATCH", status = 204 }
    local persona, meta = client.personas:update("p1", function(p) p.layers.stt = { hotwords = "x" } end)
    assert.equal("x", persona.layers.stt.hotwords)
    assert.equal(204, meta.status)
    assert.same({ "replace /layers/stt" }, paths(sent()))
  end)

  it("replaces an array that changed as a whole, and so may repeat", function()
    local id = create(function(p) p.document_ids = { "d1", "d2", "d3" } end)
    sandbox:next { method = "PATCH", status = 503 }
    local persona, meta = client.personas:update(id, function(p) p.document_ids[2] = "d9" end)
    assert.equal("d9", persona.document_ids[2])
    assert.equal(2, meta.attempts)
    local patch = sent()
    assert.same({ "replace /document_ids" }, paths(patch))
    assert.equal(3, #patch[1].value)
  end)

  it("leaves an empty object one that moves to where an empty array was", function()
    local row = '{"persona_id":"p1","system_prompt":"x","made_up":%s,"layers":{"llm":{"tools":%s}}}'
    local function tool(parameters) return '{"type":"function","function":{"name":"f","parameters":' .. parameters .. "}}" end
    local odd = tool '{"type":"object","properties":{"a":[]},"required":[]}'
    local plain = tool '{"type":"object","properties":{"a":{}},"required":[]}'
    assert(sandbox:put(row:format("[[],1,{}]", "[" .. odd .. "," .. plain .. "]")))
    local function take_out_the_first(p)
      table.remove(p.made_up, 1)
      table.remove(p.made_up, 1)
      table.remove(p.layers.llm.tools, 1)
      table.insert(p.made_up, 1, {})
    end
    -- What the function writes is still an array where there was one.
    local wanted = tavus.encode(tavus.decode(row:format("[[],{}]", "[" .. plain .. "]")))
    assert(client.personas:update("p1", take_out_the_first))
    local now = assert(client.personas:get "p1")
    now.updated_at = nil
    assert.equal(wanted, tavus.encode(now))
  end)

  it("changes single items when it is asked to", function()
    local names = {}
    for i = 1, 20 do names[i] = "document-with-a-long-name-" .. i end
    local id = create(function(p) p.document_ids = names end)
    local persona = client.personas:update(id, function(p) table.remove(p.document_ids, 2) end, { arrays = "items" })
    assert.equal(19, #persona.document_ids)
    assert.same({ "remove /document_ids/1" }, paths(sent()))
  end)

  it("keeps what it does not know, empty tables and nulls", function()
    local row = '{"persona_id":"p1","persona_name":"A","odd":{"a":[],"b":{},"c":null},"layers":{"tts":null}}'
    sandbox:next { method = "GET", status = 200, body = row }
    local persona, meta = client.personas:update("p1", function(p) p.persona_name = "A" end)
    assert.is_false(meta.changed)
    assert.is_true(tavus.decode(row) ~= nil and require("tavus.core").equal(tavus.decode(row), persona))
    assert.is_nil(sent())
  end)

  it("takes a 304 for no change", function()
    local id = create()
    sandbox:next { method = "PATCH", status = 304 }
    local persona, meta = client.personas:update(id, function(p) p.persona_name = "B" end)
    assert.equal("Interviewer", persona.persona_name)
    assert.is_false(meta.changed)
    assert.equal(304, meta.status)
  end)

  it("returns what it sent when Tavus answers no object", function()
    local id = create()
    for _, shape in ipairs { "message", "empty", "no_content" } do
      assert(sandbox:set { patch_answer = shape })
      local persona, meta = client.personas:update(id, function(p) p.persona_name = shape end)
      assert.equal(shape, persona.persona_name)
      assert.equal(id, persona.persona_id)
      assert.is_true(meta.changed)
    end
  end)

  it("gives the function nothing when the get says that nothing is new", function()
    sandbox:next { method = "GET", status = 304 }
    local done, meta = client.personas:update("p1", function() error("must not run") end, { headers = { ["If-None-Match"] = "x" } })
    assert.is_true(done)
    assert.equal(304, meta.status)
    assert.is_false(meta.changed)
  end)

  it("checks the patch before anything is sent", function()
    local id = create()
    local persona, err = client.personas:update(id, function(p) p.layers.llm.model = 7 end)
    assert.is_nil(persona)
    assert.equal("validation", err.type)
    assert.is_nil(sent())
    persona, err = client.personas:update(id, function(p) p.layers.llm.self = p end)
    assert.is_nil(persona)
    assert.equal("validation", err.type)
    persona, err = client.personas:update(id, function(p) p.layers.llm.modle = "x" end, { strict = true })
    assert.is_nil(persona)
    assert.equal("validation", err.type)
    assert.is_nil(sent())
  end)

  it("tells of a refused patch what was doubtful in the persona", function()
    local id = create()
    sandbox:next { method = "PATCH", status = 400, body = { error = "Bad Request." } }
    local persona, err = client.personas:update(id, function(p) p.layers.llm.modle = "x" end)
    assert.is_nil(persona)
    assert.equal("bad_request", err.type)
    assert.equal("/layers/llm/modle", err.issues[1].path)
  end)

  it("refuses a change of what is read-only", function()
    local id = create()
    for _, name in ipairs { "persona_id", "created_at" } do
      local persona, err = client.personas:update(id, function(p) p[name] = "other" end)
      assert.is_nil(persona)
      assert.equal("validation", err.type)
      assert.equal("/" .. name, err.issues[1].path)
      assert.equal("read_only", err.issues[1].code)
    end
    assert.is_nil(sent())
  end)

  it("only warns of a change where it is not sure that it is read-only", function()
    local id = create()
    local persona, meta = client.personas:update(id, function(p) p.tool_ids, p.persona_name = { "t1" }, "B" end)
    assert.truthy(persona, tostring(meta))
    assert.same({ "t1" }, persona.tool_ids)
    assert.equal("/tool_ids", meta.warnings[1].path)
    assert.equal("read_only", meta.warnings[1].code)
    -- Left out is not changed, all the same.
    assert(client.personas:update(id, function(p) return { persona_name = "C", system_prompt = p.system_prompt, layers = p.layers } end))
    assert.same({ "t1" }, assert(client.personas:get(id)).tool_ids)
    local before = #sandbox:requests { method = "PATCH" }
    local none, err = client.personas:update(id, function(p) p.tool_ids = { "t2" } end, { strict = true })
    assert.is_nil(none)
    assert.equal("/tool_ids", err.issues[1].path)
    assert.equal(before, #sandbox:requests { method = "PATCH" })
  end)

  it("passes errors of the get and of the patch", function()
    local persona, err = client.personas:update("p00000000", function() error("must not run") end)
    assert.is_nil(persona)
    assert.equal("not_found", err.type)
    assert.equal("GET", err.method)
    local id = create()
    sandbox:next { method = "PATCH", status = 409, body = { conflict = "maker_changes" } }
    persona, err = client.personas:update(id, function(p) p.persona_name = "B" end)
    assert.is_nil(persona)
    assert.equal("PATCH", err.method)
    assert.equal("maker_changes", err.conflict)
  end)

  it("raises what the function raises, and for what is no function", function()
    local id = create()
    local mine = {}
    local ok, err = pcall(client.personas.update, client.personas, id, function() error(mine) end)
    assert.is_false(ok)
    assert.equal(mine, err)
    assert.matches("update_spec.lua:%d+: personas:update: wants a function that changes the object, not table",
      clients.raised(function() client.personas:update(id, {}) end))
    assert.matches("update_spec.lua:%d+: .*must return a table or nothing, not string",
      clients.raised(function() client.personas:update(id, function() return "x" end) end))
    assert.matches("update_spec.lua:%d+: .*the id must be a string",
      clients.raised(function() client.personas:update(nil, function() end) end))
    assert.matches("update_spec.lua:%d+: .*did you mean arrays",
      clients.raised(function() client.personas:update(id, function() end, { array = "whole" }) end))
    assert.matches("update_spec.lua:%d+: .*call it with a colon",
      clients.raised(function() client.personas.update(id, function() end) end))
    local none, problem = client.personas:update(id, function() end, { arrays = "some" })
    assert.is_nil(none)
    assert.equal("config", problem.type)
  end)

  it("names places in the persona, and not in the patch that nobody wrote", function()
    local id = create()
    local _, err = client.personas:update(id, function(p)
      p.persona_name = 7
      p.layers.llm = { model = "tavus-gpt-oss", tools = 7 }
      p.nick = "x"
    end, { strict = true })
    local places = {}
    for i, issue in ipairs(err.issues) do places[i] = issue.path end
    table.sort(places)
    assert.same({ "/layers/llm/tools", "/nick", "/persona_name" }, places)
    assert.truthy(err.message:find("^the persona has %d problems, the first at /%l"), err.message)
    local _, meta = client.personas:update(id, function(p) p.layers.stt = { stt_engine = "tavus-auto", hotwrds = "x" } end)
    assert.equal("/layers/stt/hotwrds", meta.warnings[1].path)
  end)

  it("takes an empty table for the empty array that was there", function()
    local id = create(function(p) p.document_tags = tavus.array {} end)
    local _, meta = client.personas:update(id, function(p) p.document_tags = {} end)
    assert.is_false(meta.changed)
    assert.is_nil(sent())
    shows { layers = { llm = { model = "m", extra_body = { stop = tavus.array {}, a = tavus.array { tavus.array {} } } } } }
    _, meta = client.personas:update("p1", function(p) p.layers.llm.extra_body = { stop = {}, a = { {} } } end)
    assert.is_false(meta.changed)
    shows { layers = { llm = { model = "m", extra_body = { stop = tavus.array {} } } } }
    sandbox:next { method = "PATCH", status = 204 }
    assert(client.personas:update("p1", function(p) p.layers.llm.extra_body.stop = tavus.object {} end))
    assert.same({ "replace /layers/llm/extra_body/stop" }, paths(sent()))
    assert.equal("{}", tavus.encode(sent()[1].value))
  end)

  it("tells what is wrong with what the function made of the persona", function()
    local id = create()
    for path, change in pairs {
      [""] = function() return tavus.array {} end,
      ["/layers/f"] = function(p) p.layers.f = print end,
      ["/document_ids"] = function(p) p.document_ids = { [3] = "x" } end,
    } do
      local persona, err = client.personas:update(id, change)
      assert.is_nil(persona)
      assert.equal("validation", err.type)
      assert.equal(path, err.issues[1].path)
      assert.truthy(err.message:find("^the persona has 1 problem, at "), err.message)
    end
    local _, err = client.personas:update(id, function() return tavus.array {} end)
    assert.equal("must be an object, not an array", err.issues[1].message)
    assert.is_nil(sent())
  end)

  it("gives each request the query parameters that are its own", function()
    local id = create()
    assert(client.personas:update(id, function(p) p.persona_name = "B" end,
      { query = { source = "draft", force = true, other = 1 }, headers = { ["X-A"] = "b" } }))
    local all = sandbox:requests()
    assert.same({ source = "draft", other = "1" }, all[#all - 1].query)
    assert.same({ force = "true", other = "1" }, all[#all].query)
    assert.equal("b", all[#all - 1].headers["x-a"])
    assert.equal("b", all[#all].headers["x-a"])
  end)

  it("shares one deadline between its two requests", function()
    local seen = {}
    client = clients.new(sandbox.url, { on_request = function(facts) seen[#seen + 1] = facts end })
    local id = create()
    assert(client.personas:update(id, function(p) p.persona_name = "B" end, { deadline = 20 }))
    assert.equal("GET", seen[2].method)
    assert.equal(20, seen[2].timeout)
    assert.equal("PATCH", seen[3].method)
    assert.is_true(seen[3].timeout < 20)
  end)

  it("has a deadline that is no shorter than the time of one request", function()
    local id, seen = create(), {}
    client = clients.new(sandbox.url, { on_request = function(facts) seen[facts.method] = facts.timeout end })
    assert(client.personas:update(id, function(p) p.persona_name = "B" end, { timeout = 300 }))
    assert.is_true(seen.PATCH > 200, seen.PATCH)
  end)

  it("sends no patch when the get used the deadline up", function()
    local id = create()
    -- A clock that jumps when the answer has come, as that of a laptop does.
    local status, output = process.lua { chunk = ([[
      local http = require "tavus.http"
      local real, ahead = http.now, 0
      http.now = function() return real() + ahead end
      local client = assert(require("tavus").new { api_key = "k3y", base_url = %q, on_response = function() ahead = ahead + 100 end })
      local persona, err = client.personas:update(%q, function(p) p.persona_name = "B" end)
      print(persona, err.type, err.ambiguous, err.retryable, err.method, err.path)
    ]]):format(sandbox.url, id) }
    assert.equal(0, status, output)
    assert.equal("nil\ttimeout\tfalse\ttrue\tPATCH\t/v2/personas/" .. id .. "\n", output)
    assert.is_nil(sent())
  end)

  describe("and secrets", function()
    for _, mask in ipairs {
      "********", "sk-l********", "sk**", "\226\128\162\226\128\162\226\128\162\226\128\162", "[redacted]", "REDACTED", "sk-...789", "sk-\226\128\166",
    } do
      it("never sends back " .. mask, function()
        shows { persona_name = "A", layers = { llm = { model = "m" }, tts = { api_key = mask, tts_engine = "cartesia" } } }
        sandbox:next { method = "PATCH", status = 204 }
        assert(client.personas:update("p1", function(p) p.layers.tts.tts_engine = "elevenlabs" end))
        assert.same({ "replace /layers/tts/tts_engine" }, paths(sent()))
        -- Also not when the function moves the layer into a new table, or makes the mask another one.
        for _, again in ipairs { mask, "*****" } do
          shows { persona_name = "A", layers = { tts = { api_key = mask } } }
          sandbox:next { method = "PATCH", status = 204 }
          assert(client.personas:update("p1", function(p)
            p.layers = { tts = { api_key = again, tts_engine = "elevenlabs" }, llm = { model = "m", headers = { Authorization = mask } } }
          end))
          assert.is_nil(tavus.encode(sent()):find(mask, 1, true))
          assert.is_nil(tavus.encode(sent()):find("*****", 1, true))
        end
      end)
    end

    it("sends a text that only looks a little like a hidden one", function()
      shows { layers = { llm = { model = "m", headers = { ["X-Prompt"] = "wait" } } } }
      sandbox:next { method = "PATCH", status = 204 }
      assert(client.personas:update("p1", function(p) p.layers.llm.headers["X-Prompt"] = "wait ... then go" end))
      assert.same({ "replace /layers/llm/headers/X-Prompt" }, paths(sent()))
    end)

    it("sends a new key of the voice", function()
      local id = create(function(p) p.layers.tts = { tts_engine = "elevenlabs", external_voice_id = "v", api_key = "el-key-1" } end)
      assert(client.personas:update(id, function(p) p.layers.tts.api_key = "el-key-2" end))
      assert.same({ "replace /layers/tts/api_key" }, paths(sent()))
      assert.equal("el-key-2", sent()[1].value)
    end)

    it("removes a secret that the function takes out", function()
      local id = create(function(p) p.layers.tts = { tts_engine = "elevenlabs", external_voice_id = "v", api_key = "el-key-1" } end)
      assert(client.personas:update(id, function(p) p.layers.tts.api_key = nil end))
      assert.same({ "remove /layers/tts/api_key" }, paths(sent()))
    end)
  end)

  describe("of a persona with a custom model", function()
    local changes = {
      model = function(p) p.layers.llm.model = "gpt-y" end,
      tools = function(p) p.layers.llm.tools = { tavus.tool "f" { "x", a = tavus.string "y" } } end,
      headers = function(p) p.layers.llm.headers = { ["X-A"] = "bbbb" } end,
      ["base_url"] = function(p) p.layers.llm.base_url = "https://other.example/v1" end,
      ["the whole layer"] = function(p)
        p.layers.llm = { model = "gpt-z", base_url = "https://llm.example/v1", api_key = p.layers.llm.api_key }
      end,
    }

    for what, change in pairs(changes) do
      it("needs the key again for a change of " .. what, function()
        local id = create(custom)
        local persona, err = client.personas:update(id, change)
        assert.is_nil(persona)
        assert.equal("validation", err.type)
        assert.equal("/layers/llm/api_key", err.issues[1].path)
        assert.truthy(tostring(err):find("key given again", 1, true))
        assert.is_nil(sent())
      end)

      it("sends a change of " .. what .. " with the key that was given", function()
        local id = create(custom)
        local persona, meta = client.personas:update(id, function(p)
          change(p)
          p.layers.llm.api_key = LLM_KEY
        end, { strict = true })
        assert.truthy(persona, tostring(meta))
        local found
        for _, op in ipairs(sent()) do
          if op.path == "/layers/llm/api_key" then found = op.value end
          assert.is_nil(tostring(op.value):find("**", 1, true))
        end
        assert.equal(LLM_KEY, found)
        local stored = assert(client.personas:get(id))
        assert.equal("********", stored.layers.llm.api_key)
      end)
    end

    it("needs no key for a change elsewhere", function()
      local id = create(custom)
      local persona = assert(client.personas:update(id, function(p)
        p.persona_name = "B"
        p.layers.stt.hotwords = "x"
      end))
      assert.equal("B", persona.persona_name)
      assert.same({ "add /layers/stt/hotwords", "replace /persona_name" }, paths(sent()))
    end)

    it("needs a key when a hosted model becomes a custom one", function()
      local id = create()
      local function change(p) p.layers.llm = { model = "gpt-x", base_url = "https://llm.example/v1" } end
      local persona, err = client.personas:update(id, change)
      assert.is_nil(persona)
      assert.equal("validation", err.type)
      assert(client.personas:update(id, function(p)
        change(p)
        p.layers.llm.api_key = LLM_KEY
      end))
    end)

    it("needs none when it becomes a hosted one, and drops the old key", function()
      local id = create(custom)
      local persona, err = client.personas:update(id, function(p)
        p.layers.llm.model = "tavus-gpt-oss"
        p.layers.llm.base_url = nil
      end)
      assert.truthy(persona, tostring(err))
      assert.same({ "remove /layers/llm/api_key", "remove /layers/llm/base_url", "replace /layers/llm/model" }, paths(sent()))
    end)

    it("sends a custom model where there was none as one operation", function()
      for path, layers in pairs { ["/layers"] = { tavus.null }, ["/layers/llm"] = { tavus.object {}, tavus.object { llm = tavus.null } } } do
        for _, shown in ipairs(layers) do
          local function change(api_key)
            return client.personas:update("p1", function(p)
              if p.layers == tavus.null then p.layers = {} end
              p.layers.llm = { model = "gpt-x", base_url = "https://llm.example/v1", api_key = api_key }
            end)
          end
          shows { layers = shown }
          local persona, err = change(nil)
          assert.is_nil(persona)
          assert.equal("/layers/llm/api_key", err.issues[1].path)
          assert.matches("given again", tostring(err), 1, true)
          shows { layers = shown }
          sandbox:next { method = "PATCH", status = 204 }
          assert(change(LLM_KEY))
          assert.equal(1, #sent())
          assert.equal(path, sent()[1].path)
          assert.matches(LLM_KEY, tavus.encode(sent()[1].value), 1, true)
        end
      end
    end)

    it("sends the key that is given although get showed the same", function()
      assert(sandbox:set { mask_secrets = false })
      local id = create(custom)
      local _, meta = client.personas:update(id, function(p)
        assert.is_nil(p.layers.llm.api_key:find(LLM_KEY, 1, true))
        p.layers.llm.model = "gpt-y"
        p.layers.llm.api_key = LLM_KEY
      end)
      assert.is_true(meta.changed)
      local values = {}
      for _, op in ipairs(sent()) do values[op.path] = op.value end
      assert.equal(LLM_KEY, values["/layers/llm/api_key"])
      assert.equal("gpt-y", values["/layers/llm/model"])
      _, meta = client.personas:update(id, function(p) p.layers.llm.api_key = LLM_KEY end)
      assert.is_false(meta.changed)
    end)

    it("takes the key that get showed for not given", function()
      assert(sandbox:set { mask_secrets = false })
      local id = create(custom)
      local persona, err = client.personas:update(id, function(p) p.layers.llm.model = "gpt-y" end)
      assert.is_nil(persona)
      assert.equal("validation", err.type)
      assert.is_nil(tostring(err):find(LLM_KEY, 1, true))
    end)

    it("does not show the key in the error of a refused patch", function()
      local id = create(custom)
      sandbox:next { method = "PATCH", status = 400, body = { error = "Bad Request. {'api_key': '" .. LLM_KEY .. "'}", echo = LLM_KEY } }
      local persona, err = client.personas:update(id, function(p)
        p.layers.llm.model = "gpt-y"
        p.layers.llm.api_key = LLM_KEY
      end)
      assert.is_nil(persona)
      assert.equal("bad_request", err.type)
      for _, text in ipairs { tostring(err), err.message, err.body } do
        assert.is_nil(text:find(LLM_KEY, 1, true))
      end
    end)
  end)
end)
