-- The sandbox's switches, each seen through the client over real HTTP; those about patches are in
-- patching_spec.lua.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

local add, refused, replace = habits.add, habits.refused, habits.replace

describe("habits of the sandbox", function()
  local sandbox, client, calls = habits.serve(teardown, before_each)
  local create, get, patch, raw = calls.create, calls.get, calls.patch, calls.raw

  local function post(body) return raw("POST", "/v2/personas", body) end

  describe("of reading:", function()
    it("get_shape: all three are one to the client", function()
      local id = create()
      for _, shape in ipairs { "array", "object", "flat" } do
        assert(sandbox:set { get_shape = shape })
        assert.equal("Interviewer", get(id).persona_name)
        local answer = raw("GET", "/v2/personas/" .. id).json
        assert.equal(shape == "flat", answer.data == nil)
        assert.equal(shape == "object", answer.data ~= nil and answer.data[1] == nil)
      end
    end)

    it("request_ids: answers carry one, or none and only the journal knows it", function()
      local _, meta = client.personas:list()
      assert.equal(sandbox:requests()[1].request_id, meta.request_id)
      assert(sandbox:set { request_ids = false })
      _, meta = client.personas:list()
      assert.is_nil(meta.request_id)
      local _, err = client.personas:get "p0"
      assert.is_nil(err.request_id)
      assert.is_string(sandbox:requests()[3].request_id)
    end)

    it("timestamps: with a zone, without, empty, or in turn", function()
      local zone, no_zone = "^%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%d%d%d%dZ$", "^%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%d%d%d%d$"
      for manner, pattern in pairs { zone = zone, no_zone = no_zone, empty = "^$" } do
        assert(sandbox:set { timestamps = manner })
        local id = create()
        assert.matches(pattern, get(id).created_at)
        assert(patch(id, replace("/persona_name", "other")))
        assert.matches(pattern, get(id).updated_at)
      end
      assert(sandbox:set { timestamps = "mixed" })
      for _, pattern in ipairs { zone, no_zone, "^$", zone } do assert.matches(pattern, get(create()).created_at) end
    end)

    it("stock_personas: can be read and not changed, or are not there", function()
      local id = "p5317866"
      assert.equal("Sandbox Companion", get(id).persona_name)
      refused(400, "Invalid persona_id", patch(id, replace("/persona_name", "mine")))
      refused(400, "Invalid persona_id", client.personas:delete(id))
      assert.equal(3, client.personas:list().total_count)
      assert(sandbox:set { stock_personas = false })
      assert.equal(0, client.personas:list().total_count)
      assert.equal(0, sandbox:about().stock_personas)
      assert.equal(0, client.personas:list({ persona_type = "system" }).total_count)
      refused(400, "Invalid persona_id", client.personas:get(id))
    end)

    it("create_only_fields: read, or hidden though they are stored", function()
      local id = create(function(persona)
        persona.context, persona.objectives_id = "c", "o"
        persona.layers.llm = { model = "tavus-gpt-oss", speculative_inference = true, headers = { a = "b" },
          extra_body = { top_p = 1 } }
        persona.layers.conversational_flow = { turn_taking_patience = "high" }
      end)
      assert(sandbox:set { create_only_fields = "hidden" })
      local persona = get(id)
      assert.same({ "persona_name", "Interviewer" }, { "persona_name", persona.persona_name })
      for _, name in ipairs { "context", "objectives_id", "pipeline_mode" } do assert.is_nil(persona[name]) end
      assert.is_nil(persona.layers.conversational_flow)
      assert.same({ model = "tavus-gpt-oss", headers = { a = "b" }, extra_body = { top_p = 1 } }, persona.layers.llm)
      local row = client.personas:list({ persona_type = "user" }).data[1]
      assert.same({ model = "tavus-gpt-oss" }, row.layers.llm)
      -- A patch changes what is stored: the client, which saw none of it, takes the flow for missing.
      assert(client.personas:update(id,
        function(p) p.layers.conversational_flow = { turn_taking_patience = "low" } end))
      assert(patch(id, replace("/pipeline_mode", "echo")))
      assert(sandbox:set { create_only_fields = "shown" })
      persona = get(id)
      assert.same({ "c", "o", "echo" }, { persona.context, persona.objectives_id, persona.pipeline_mode })
      assert.equal("low", persona.layers.conversational_flow.turn_taking_patience)
      assert.is_true(persona.layers.llm.speculative_inference)
    end)

    it("llm_defaults: members with the default are shown, or left out", function()
      local function llm(value) return create(function(persona) persona.layers.llm = value end) end
      local plain, other = llm { model = "tavus-gemma-4", speculative_inference = true },
        llm { model = "m", speculative_inference = false }
      assert(sandbox:set { llm_defaults = false })
      assert.same({}, get(plain).layers.llm)
      assert.same({ model = "m", speculative_inference = false }, get(other).layers.llm)
      assert(sandbox:set { llm_defaults = true })
      assert.same({ model = "tavus-gemma-4", speculative_inference = true }, get(plain).layers.llm)
    end)

    it("stock_personas: one can be read and is not in any list", function()
      local echo = get "pipecat-stream"
      assert.equal("echo", echo.pipeline_mode)
      for row in client.personas:each() do assert.are_not.equal("pipecat-stream", row.persona_id) end
      refused(400, "Invalid persona_id", client.personas:delete "pipecat-stream")
      assert(sandbox:set { stock_personas = false })
      refused(400, "Invalid persona_id", client.personas:get "pipecat-stream")
    end)

    it("stock_personas: they are there from their time on", function()
      for generation, count in ipairs { 2, 2, 3, 3 } do
        assert(sandbox:set { generation = generation })
        assert.equal(count, client.personas:list().total_count)
        assert.equal(count, sandbox:about().stock_personas)
        assert.equal(count == 3, client.personas:get "p50bd43dc74b" ~= nil)
      end
    end)

    it("stock_personas: the oldest has the members of the first generations", function()
      local old = get "p5317866"
      assert.same({ "", "", tavus.null, "false", "normal", "" },
        { old.context, old.updated_at, old.layers.conversational_flow,
        old.layers.tts.tts_emotion_control, old.layers.tts.voice_settings.speed, old.layers.perception.tool_prompt })
    end)

    local function walked(filter)
      local ids = {}
      for row in client.personas:each(filter) do ids[#ids + 1] = row.persona_id end
      return ids
    end

    it("hidden_rows: total_count counts rows that cannot be listed, and the walk ends", function()
      for _ = 1, 3 do create() end
      assert(sandbox:set { hidden_rows = 5 })
      local list = assert(client.personas:list { persona_type = "user" })
      assert.equal(8, list.total_count)
      assert.equal(3, #list.data)
      assert.equal(3, #walked { persona_type = "user", limit = 2 })
      assert.equal(200, raw("POST", "/_sandbox/set", '{"hidden_rows":5.0}').status)
      assert.matches('"total_count":%d+}$', raw("GET", "/v2/personas").body)
    end)

    it("empty_page: a page in the middle is empty, and the walk goes on", function()
      for _ = 1, 5 do create() end
      local all = walked { persona_type = "user" }
      assert(sandbox:set { empty_page = 2 })
      local function page(n) return assert(client.personas:list { persona_type = "user", limit = 2, page = n }) end
      assert.same({ 2, 0, 2, 1, 0 }, { #page(1).data, #page(2).data, #page(3).data, #page(4).data, #page(5).data })
      assert.equal(5, page(2).total_count)
      assert.same(all, walked { persona_type = "user", limit = 2 })
      assert(sandbox:set { empty_page = 1 })
      assert.same(all, walked { persona_type = "user", limit = 2 })
    end)
  end)

  describe("of writing:", function()
    local ODD = '{"system_prompt":"x","surprise":1,"layers":{"stt":{"stt_engine":"tavus-auto","a~/b":[1]},'
      .. '"llm":{"extra_body":{"mine":1},"tools":[{"type":"function","zz":1,"function":{"name":"f"}}]}}}'

    it("unknown_fields: kept, dropped without a word, or refused", function()
      local persona = get(post(ODD).json.persona_id)
      assert.equal(1, persona.surprise)
      assert.same({ 1 }, persona.layers.stt["a~/b"])
      assert(sandbox:set { unknown_fields = "drop" })
      persona = get(post(ODD).json.persona_id)
      assert.is_nil(persona.surprise)
      assert.same({ stt_engine = "tavus-auto" }, persona.layers.stt)
      assert.same({ { type = "function", ["function"] = { name = "f" } } }, persona.layers.llm.tools)
      assert.equal(1, persona.layers.llm.extra_body.mine)
      assert(sandbox:set { unknown_fields = "refuse" })
      local answer = post(ODD)
      assert.equal(400, answer.status)
      assert.matches("surprise", answer.json.error, 1, true)
    end)

    local LATER = '{"system_prompt":"x","guardrail_ids":["g"],"layers":{"perception":{"perception_model":"raven-0",'
      .. '"visual_awareness_queries":["q"]},"conversational_flow":{"turn_detection_model":"sparrow-2"}}}'

    it("generation: members that came later are unknown, and handled as such", function()
      assert(sandbox:set { generation = 1, unknown_fields = "refuse" })
      assert.equal("Bad Request. {'guardrail_ids': ['is not known yet'], 'layers': {'conversational_flow': ['is "
        .. "not known yet'], "
        .. "'perception': {'visual_awareness_queries': ['is not known yet']}}}", post(LATER).json.error)
      assert(sandbox:set { unknown_fields = "drop" })
      local persona = get(post(LATER).json.persona_id)
      assert.same({ perception = { perception_model = "raven-0" } }, persona.layers)
      assert.is_nil(persona.guardrail_ids)
      assert(sandbox:set { unknown_fields = "keep" })
      assert.same({ "g" }, get(post(LATER).json.persona_id).guardrail_ids)
      assert(sandbox:set { generation = 2, unknown_fields = "refuse" })
      assert.matches("{'guardrail_ids': ['is not known yet'], 'layers': {'conversational_flow': "
        .. "{'turn_detection_model': "
        .. "['\"sparrow-2\" is not known yet']}, 'perception'", post(LATER).json.error, 1, true)
      assert(sandbox:set { generation = 4 })
      assert.equal(200, post(LATER).status)
    end)

    it("generation: choices that came later are refused, but for the model of a custom llm", function()
      local function layers(text) return post('{"system_prompt":"x","layers":' .. text .. "}") end
      local first = { [[{"perception":{"perception_model":"raven-1"}}]], [[{"stt":{"stt_engine":"tavus-auto"}}]],
        [[{"tts":{"tts_engine":"azure"}}]], [[{"llm":{"model":"tavus-gpt-oss"}}]] }
      local old = { [[{"perception":{"perception_model":"basic"}}]], [[{"stt":{"stt_engine":"tavus-turbo"}}]],
        [[{"tts":{"tts_engine":"playht"}}]], [[{"llm":{"model":"tavus-llama"}}]], [[{"llm":{"model":"nobody-knows"}}]],
        [[{"llm":{"model":"tavus-gpt-oss","base_url":"https://llm.example","api_key":"k"}}]] }
      local id = create()
      assert(sandbox:set { generation = 1 })
      for _, text in ipairs(first) do
        local answer = layers(text)
        assert.equal(400, answer.status)
        assert.matches('" is not known yet', answer.json.error, 1, true)
      end
      for _, text in ipairs(old) do assert.equal(200, layers(text).status) end
      refused(400, "is not known yet", patch(id, replace("/persona_name", "new")))
      assert(patch(id, replace("/layers/llm/model", "tavus-llama"),
        replace("/layers/stt/stt_engine", "tavus-advanced")))
      assert(sandbox:set { generation = 3 })
      for _, text in ipairs(first) do assert.equal(200, layers(text).status) end
      assert.equal(400, layers([[{"llm":{"model":"tavus-gemma-4"}}]]).status)
    end)

    it("unknown_fields: a patch that brings nothing else changes nothing", function()
      local id = create()
      assert(sandbox:set { unknown_fields = "drop" })
      local _, meta = patch(id, add("/surprise", 1))
      assert.equal(304, meta.status)
      assert(patch(id, add("/surprise", 1), add("/layers/stt/zz", 1), replace("/persona_name", "new")))
      local persona = get(id)
      assert.same({ "new" }, { persona.persona_name, persona.surprise, persona.layers.stt.zz })
      assert.equal(id, persona.persona_id)
      assert.is_string(persona.created_at)
    end)

    it("bad_tool: refused, or the layers are gone without a word", function()
      local body = '{"system_prompt":"x","layers":{"stt":{"stt_engine":"tavus-auto"},'
        .. '"llm":{"tools":[{"name":"f","description":"no wrapper"}]}}}'
      assert.equal(400, post(body).status)
      assert(sandbox:set { bad_tool = "drop_layers" })
      local answer = post(body)
      assert.equal(200, answer.status)
      assert.is_nil(get(answer.json.persona_id).layers)
      local doubtful = '{"type":"function","function":{"name":"f","description":"d",'
        .. '"parameters":{"type":"object","properties":{}}},"x":1}'
      assert.equal(400, post('{"system_prompt":"x","layers":{"llm":{"model":1,"tools":[' .. doubtful .. "]}}}").status)
      assert.equal(400, post('{"layers":{"llm":{"tools":[1]}}}').status)
      -- The dropped layers are not a reason to refuse.
      assert(sandbox:set { generation = 1, unknown_fields = "refuse", unknown_choices = "refuse" })
      assert.equal(200, post('{"system_prompt":"x","layers":{"conversational_flow":{},'
        .. '"llm":{"model":"tavus-gemma-4","x":1,"tools":[1]}}}').status)
      assert.equal(400, post('{"system_prompt":"x","guardrail_ids":[],"layers":{"llm":{"tools":[1]}}}').status)
      assert(sandbox:set { generation = 4, unknown_fields = "keep", unknown_choices = "keep" })
      local id = create()
      assert.equal(200, raw("PATCH", "/v2/personas/" .. id,
        '[{"op":"add","path":"/layers/llm/tools","value":[{}]}]').status)
      local persona = get(id)
      assert.is_nil(persona.layers)
      assert.equal(id, persona.persona_id)
      assert.equal("Interviewer", persona.persona_name)
    end)

    local FILLED = {
      turn_detection_model = "sparrow-1", turn_taking_patience = "high", replica_interruptibility = "medium",
      voice_isolation = "near", wake_phrase = tavus.null, idle_engagement = "off",
    }

    it("flow_defaults: one member of the conversational flow brings the others", function()
      local function flow(value)
        return create(function(persona) persona.layers.conversational_flow = value end)
      end
      local id = flow { turn_taking_patience = "high" }
      assert.same(FILLED, get(id).layers.conversational_flow)
      assert.same({}, get(flow(tavus.object {})).layers.conversational_flow)
      assert.same({ wake_phrase = tavus.null }, get(flow { wake_phrase = tavus.null }).layers.conversational_flow)
      assert.is_nil(get(create()).layers.conversational_flow)
      assert.is_nil(get(flow { pal_interruptibility = "low" }).layers.conversational_flow.replica_interruptibility)
      -- Taking a filled member out brings it back: nothing has changed.
      local _, meta = patch(id, { op = "remove", path = "/layers/conversational_flow/voice_isolation" })
      assert.is_false(meta.changed)
      id = create()
      assert(patch(id, add("/layers/conversational_flow", { turn_taking_patience = "high" })))
      assert.same(FILLED, get(id).layers.conversational_flow)
      assert(sandbox:set { flow_defaults = false })
      assert.same({ turn_taking_patience = "high" },
        get(flow { turn_taking_patience = "high" }).layers.conversational_flow)
    end)

    it("flow_defaults: nothing is filled in that its generation does not know, and would refuse", function()
      assert(sandbox:set { generation = 2, unknown_fields = "refuse" })
      local id = post('{"system_prompt":"x","layers":{"conversational_flow":{"turn_taking_patience":"high"}}}')
        .json.persona_id
      assert.same({ turn_detection_model = "sparrow-1", turn_taking_patience = "high",
        replica_interruptibility = "medium" },
        get(id).layers.conversational_flow)
      assert(patch(id, add("/layers/conversational_flow/turn_taking_patience", "low")))
      assert(patch(id, replace("/system_prompt", "y")))
      assert(sandbox:set { generation = 1, unknown_fields = "keep" })
      assert(patch(id, replace("/layers/conversational_flow", { turn_taking_patience = "low" })))
      assert.same({ turn_taking_patience = "low" }, get(id).layers.conversational_flow)
    end)

    it("flow_defaults: a patch of something else leaves a stored flow as it is", function()
      assert(sandbox:set { flow_defaults = false })
      local id = create(function(persona) persona.layers.conversational_flow = { turn_taking_patience = "low" } end)
      assert(sandbox:set { flow_defaults = true })
      local _, meta = patch(id, replace("/persona_name", "Interviewer"))
      assert.equal(304, meta.status)
      assert(patch(id, replace("/persona_name", "new")))
      assert.same({ turn_taking_patience = "low" }, get(id).layers.conversational_flow)
    end)

    it("error_field: the text of a 400 is found under either name", function()
      for _, field in ipairs { "error", "message" } do
        assert(sandbox:set { error_field = field })
        refused(400, "Invalid persona_id", client.personas:get "p0")
      end
      assert(sandbox:set { error_field = "message_on_patch" })
      assert.same({ error = "Invalid persona_id" }, raw("GET", "/v2/personas/p0").json)
      assert.same({ message = "Invalid persona_id" }, raw("PATCH", "/v2/personas/p0", "[]").json)
    end)
  end)

  describe("of limits:", function()
    it("max_conversations and out_of_credits: 400 and 402", function()
      local id = create()
      local function call() return client.conversations:create { persona_id = id } end
      assert(sandbox:set { max_conversations = 2 })
      for _ = 1, 2 do assert(call()) end
      assert.equal("concurrency_limit", refused(400, "maximum concurrent", call()).type)
      assert(sandbox:set { max_conversations = 0, out_of_credits = true })
      assert.equal("payment", refused(402, "credits", call()).type)
    end)

    it("rate_limit: more requests than that are a 429, until the window is over", function()
      assert(sandbox:clock(1000))
      assert(sandbox:set { rate_limit = 2, rate_window_ms = 250, retry_after = "ms" })
      local function list()
        local answer = raw("GET", "/v2/personas")
        return answer.status, answer.headers["retry-after-ms"]
      end
      assert.equal(200, (list()))
      assert(sandbox:clock(1000.125))
      assert.equal(200, (list()))
      local status, wait = list()
      assert.same({ 429, "125" }, { status, wait })
      -- The client waits as long as it is told, and is late enough then.
      local patient = clients.new(sandbox.url,
        { on_retry = function(facts) assert(sandbox:clock(1000.125 + facts.delay)) end })
      local all, meta = patient.personas:list()
      patient:close()
      assert.equal(3, all.total_count)
      assert.equal(2, meta.attempts)
      assert.equal(200, (list()))
      assert.equal(429, (list()))
    end)

    local function limited(manner)
      assert(sandbox:set { rate_limit = 1, rate_window_ms = 3600000, retry_after = manner })
      assert(client.personas:list())
      local _, err = client.personas:list()
      assert.equal(429, err.status)
      assert.equal("rate_limit", err.type)
      return err
    end

    it("retry_after none: nothing is known about when to come again", function()
      local err = limited "none"
      assert.is_nil(err.retry_after)
      assert.equal(3, err.attempts)
    end)

    for _, manner in ipairs { "seconds", "date", "ms" } do
      it("retry_after " .. manner .. ": the client reads it, and does not wait beyond its deadline", function()
        local err = limited(manner)
        assert.equal(1, err.attempts)
        assert.is_true(err.retry_after > 3590 and err.retry_after <= 3602, err.retry_after)
        assert.equal(manner == "ms", err.headers["retry-after"] == nil)
        assert.equal(manner ~= "ms", err.headers["retry-after-ms"] == nil)
      end)
    end

    it("check_body_first: a bad body is reported before a bad key", function()
      for first, status in pairs { [true] = 400, [false] = 401 } do
        assert(sandbox:set { check_body_first = first })
        assert.equal(status, (asking.bare(sandbox.url, "POST /v2/personas", {}, "{}")))
      end
    end)
  end)

  describe("profiles", function()
    it("are named at the start, and switches change them", function()
      local older = assert(sandbox_module.start { profile = "2025", set = { check_body_first = true } })
      local its = older:about().settings
      assert.is_false(its.mask_secrets)
      assert.is_false(its.flow_defaults)
      assert.is_true(its.check_body_first)
      assert.equal(1, its.generation)
      assert.equal(404, asking.ask(older.url, "GET", "/v2/pals").status)
      assert(older:set { mask_secrets = true })
      assert(older:reset())
      assert.is_false(older:about().settings.mask_secrets)
      older:stop()
      local current = assert(sandbox_module.start { profile = "current" })
      assert.same(sandbox:about().settings, current:about().settings)
      current:stop()
    end)

    it("are refused if unknown", function()
      assert.matches("profile must be one of 2025, current",
        clients.raised(function() sandbox_module.start { profile = "2020" } end), 1, true)
      assert.matches("option profile must be a string",
        clients.raised(function() sandbox_module.start { profile = 2025 } end), 1, true)
    end)
  end)

  it("are refused for a value that makes no sense", function()
    for text, changes in pairs {
      ['set: unknown option "get_shap" (did you mean get_shape?)'] = { get_shap = "flat" },
      ['set: unknown option "speed" (known are '] = { speed = 1 },
      ["rate_window_ms must be 1 or more"] = { rate_window_ms = 0 },
      ["get_shape must be one of array, flat, object; did you mean flat?"] = { get_shape = "flag" },
      ["must be plain ASCII"] = { retired_model = "caf\195\169" },
      ["must be one of 400, 422"] = { misfit_status = 418 },
      ["must be a string"] = { retired_model = true },
      ["must be paths that begin with /"] = { frozen_paths = "/a,b" },
    } do
      assert.matches(text, clients.raised(function() sandbox:set(changes) end), 1, true)
    end
  end)
end)
