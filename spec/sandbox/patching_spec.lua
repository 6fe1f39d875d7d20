-- The sandbox's switches about patches, each seen through the client over real HTTP.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local tavus = require "tavus"

local add, refused, replace = habits.add, habits.refused, habits.replace

describe("habits of patching:", function()
  local sandbox, client, calls = habits.serve(teardown, before_each)
  local create, get, patch, raw = calls.create, calls.get, calls.patch, calls.raw

  it("nothing_changed: 304 is a success that changed nothing, with the message's headers or without", function()
    local id = create()
    for manner, kind in pairs { empty = false, message = "application/json" } do
      assert(sandbox:set { nothing_changed = manner })
      local done, meta = patch(id, replace("/persona_name", "Interviewer"))
      assert.is_true(done)
      assert.equal(304, meta.status)
      assert.is_false(meta.changed)
      assert.equal(kind, meta.headers["content-type"] or false)
      -- The connection is as good as before.
      assert.equal("Interviewer", get(id).persona_name)
      local _, body, head = asking.bare(sandbox.url, "PATCH /v2/personas/" .. id, { ["x-api-key"] = "k" }, "[]")
      assert.equal("", body)
      assert.equal(kind and "49" or "0", head:match "Content%-Length: (%d+)")
    end
  end)

  it("patch_answer: a persona is one to the client, wrapped or not", function()
    local id = create()
    for i, shape in ipairs { "array", "object", "flat" } do
      assert(sandbox:set { patch_answer = "as_read", get_shape = shape })
      local name = "name " .. i
      assert.equal(name, assert(patch(id, replace("/persona_name", name))).persona_name)
      local answer = raw("PATCH", "/v2/personas/" .. id, '[{"op":"replace","path":"/persona_name","value":"raw"}]').json
      assert.equal("raw", (answer.data and (answer.data[1] or answer.data) or answer).persona_name)
      assert.equal(shape == "flat", answer.data == nil)
    end
  end)

  it("missing_parent: adding below a missing member is refused, or makes it", function()
    local id = create(function(persona) persona.layers = nil end)
    local hotwords = add("/layers/stt/hotwords", "leadership")
    refused(400, "/layers/stt/hotwords", patch(id, hotwords))
    assert.is_nil(get(id).layers)
    assert(sandbox:set { missing_parent = "create" })
    assert(patch(id, replace("/persona_name", "new"), hotwords, add("/layers/stt/stt_engine", "tavus-auto")))
    local persona = get(id)
    assert.equal("new", persona.persona_name)
    assert.same({ stt = { hotwords = "leadership", stt_engine = "tavus-auto" } }, persona.layers)
    assert(patch(id, add("/greeting", "hello")))
    refused(400, "/greeting/x", patch(id, add("/greeting/x", 1)))
    refused(400, "/goodbye", patch(id, replace("/goodbye", "hello")))
    assert(patch(id, add("/skills", { list = { {} } }), add("/skills/list/0/deep/er", 1)))
    assert.same({ list = { { deep = { er = 1 } } } }, get(id).skills)
    assert(patch(id, add("/document_tags/-", "menu")))
    assert.same({ "menu" }, get(id).document_tags)
    assert(patch(id, { op = "copy", from = "/persona_name", path = "/layers/conferencing/username" },
      { op = "move", from = "/greeting", path = "/layers/vqa/note" }, add("/greeting", "hello")))
    assert.same({ "new", "hello" }, { get(id).layers.conferencing.username, get(id).layers.vqa.note })
    assert.equal(422, raw("PATCH", "/v2/personas/" .. id, "[1]").status)
    assert.equal(304, raw("PATCH", "/v2/personas/" .. id, "[]").status)
  end)

  it("misfit_status: 400 or 422 if an operation does not fit", function()
    local id = create()
    refused(400, "/greeting", patch(id, replace("/greeting", "x")))
    assert(sandbox:set { misfit_status = 422 })
    local err = refused(422, "/greeting", patch(id, replace("/greeting", "x")))
    assert.equal("unprocessable", err.type)
  end)

  it("retired_model: a persona with it refuses every patch, unless check_whole is off", function()
    local id = create()
    assert(sandbox:set { retired_model = "tavus-gpt-oss" })
    local prompt = replace("/system_prompt", "You are somebody else.")
    refused(400, "tavus-gpt-oss", patch(id, prompt))
    refused(400, "tavus-gpt-oss", client.personas:create(clients.persona()))
    assert(patch(id, prompt, replace("/layers/llm/model", "tavus-gemma-4")))
    assert(sandbox:set { retired_model = "tavus-gemma-4" })
    refused(400, "tavus-gemma-4", patch(id, replace("/persona_name", "new")))
    assert(sandbox:set { check_whole = false })
    assert(patch(id, replace("/persona_name", "new")))
    assert.equal("new", get(id).persona_name)
    assert(sandbox:set { retired_model = "tavus-gpt-oss" })
    refused(400, "tavus-gpt-oss", patch(id, replace("/layers/llm/model", "tavus-gpt-oss")))
    -- A custom llm can be called anything.
    create(function(persona)
      persona.layers.llm = { model = "tavus-gpt-oss", base_url = "https://llm.example", api_key = "sk-secret" }
    end)
  end)

  it("check_whole off: what was wrong before is not refused", function()
    assert(sandbox:set { unknown_choices = "keep" })
    local id = create(function(persona) persona.layers.stt.stt_engine = "tavus-next" end)
    assert(sandbox:set { unknown_choices = "refuse" })
    refused(400, "stt_engine", patch(id, replace("/persona_name", "new")))
    assert(sandbox:set { check_whole = false })
    assert(patch(id, replace("/persona_name", "new")))
    refused(400, "stt_engine", patch(id, replace("/layers/stt/stt_engine", "tavus-last")))
  end)

  it("patch_ops: all six, or three and 422 for the others", function()
    local id = create()
    local copy = '[{"op":"copy","from":"/persona_name","path":"/greeting"}]'
    assert.equal(200, raw("PATCH", "/v2/personas/" .. id, copy).status)
    assert(sandbox:set { patch_ops = "basic" })
    for _, body in ipairs { copy, '[{"op":"test","path":"/persona_name","value":"Interviewer"}]', "[1]" } do
      local answer = raw("PATCH", "/v2/personas/" .. id, body)
      assert.equal(422, answer.status)
      assert.same({ message = "Invalid JSON patch format" }, answer.json)
    end
    assert(patch(id, add("/greeting", "a"), replace("/greeting", "b"), { op = "remove", path = "/greeting" },
      replace("/persona_name", "new")))
  end)

  it("frozen_paths: operations on them are refused, or have no effect", function()
    local id = create(function(persona) persona.guardrail_ids = { "g1" } end)
    assert(sandbox:set { frozen_paths = "/guardrail_ids*,/layers/llm" })
    refused(400, "/guardrail_ids/-", patch(id, add("/guardrail_ids/-", "g2")))
    refused(400, "/guardrail_ids", patch(id, { op = "move", from = "/guardrail_ids", path = "/document_ids" }))
    refused(400, "/layers/llm", patch(id, replace("/persona_name", "new"), add("/layers/llm", { model = "m" })))
    assert.equal("Interviewer", get(id).persona_name)
    assert(patch(id, { op = "copy", from = "/guardrail_ids", path = "/document_ids" },
      replace("/layers/llm/model", "m")))
    assert(sandbox:set { frozen_answer = "ignore" })
    local _, meta = patch(id, replace("/layers/llm", { model = "other" }))
    assert.equal(304, meta.status)
    assert(patch(id, replace("/persona_name", "new"), add("/guardrail_ids/-", "g2")))
    local persona = get(id)
    assert.same({ "new", "m" }, { persona.persona_name, persona.layers.llm.model })
    assert.same({ "g1" }, persona.guardrail_ids)
    for _, body in ipairs { "[1]", '[{"op":"set","path":"/guardrail_ids"}]' } do
      assert.equal(422, raw("PATCH", "/v2/personas/" .. id, body).status)
    end
  end)

  it("model_patch: the model is patched, or the rest of its layer is gone", function()
    local id = create(function(persona) persona.layers.llm = { model = "m", speculative_inference = true } end)
    assert(patch(id, replace("/layers/llm/model", "n")))
    assert.same({ model = "n", speculative_inference = true }, get(id).layers.llm)
    assert(sandbox:set { model_patch = "drops_llm" })
    assert(patch(id, replace("/layers/llm/speculative_inference", false)))
    assert(patch(id, { op = "test", path = "/layers/llm/model", value = "n" }, replace("/persona_name", "tested")))
    assert.same({ model = "n", speculative_inference = false }, get(id).layers.llm)
    assert(patch(id, replace("/layers/llm/model", "o"), add("/layers/llm/extra_body", { top_p = 1 })))
    assert.same({ model = "o" }, get(id).layers.llm)
    assert.equal(200, raw("PATCH", "/v2/personas/" .. id, [[[{"op":"add","path":"/layers/llm/model","value":"p"},
      {"op":"remove","path":"/layers"}] ]]).status)
    assert.is_nil(get(id).layers)
    assert.equal(400, raw("PATCH", "/v2/personas/" .. id, [[
      [{"op":"add","path":"/layers","value":{"llm":{"model":"p"}}},
      {"op":"replace","path":"/layers/llm/model","value":"q"},{"op":"replace","path":"","value":5}] ]]).status)
  end)

  it("mask_secrets: an llm whose base_url is empty is not a custom one", function()
    local id = assert(sandbox:put { system_prompt = "x",
      layers = { llm = { model = "m", base_url = "", api_key = "old" } } })
    assert(patch(id, replace("/layers/llm/model", "n")))
    assert(sandbox:set { mask_secrets = false })
    assert.same({ model = "n", base_url = "", api_key = "old" }, get(id).layers.llm)
  end)

  it("mask_secrets: a key reads as asterisks, and a custom llm is not rewritten without it", function()
    local id = create(function(persona)
      persona.layers.llm = { model = "m", base_url = "https://llm.example", api_key = "sk-secret" }
    end)
    assert.equal("********", get(id).layers.llm.api_key)
    local model = replace("/layers/llm/model", "n")
    refused(400, "api_key", patch(id, model))
    assert(patch(id, model, replace("/layers/llm/api_key", "sk-secret")))
    assert(sandbox:set { mask_secrets = false })
    assert(patch(id, replace("/layers/llm/model", "o")))
    assert.equal("sk-secret", get(id).layers.llm.api_key)
  end)

  it("maker_changes: 409 until the draft is dropped with force", function()
    local id, other = create(), create()
    assert(sandbox:set { maker_changes = true })
    local rename = replace("/persona_name", "new")
    local err = refused(409, "force=true", patch(id, rename))
    assert.equal("conflict", err.type)
    assert.equal("maker_changes", err.body.conflict or tavus.decode(err.body).conflict)
    assert.equal("Interviewer", get(id).persona_name)
    local persona = assert(client.personas:patch(id, { rename }, { query = { force = "true" } }))
    assert.is_true(persona.discarded_maker_changes)
    assert.equal("new", persona.persona_name)
    assert.is_nil(get(id).discarded_maker_changes)
    persona = assert(patch(id, replace("/persona_name", "newer")))
    assert.is_nil(persona.discarded_maker_changes)
    refused(409, "force=true", patch(other, rename))
    assert(patch(other, add("/layers/conferencing", { username = "x" })))
    assert(sandbox:set { maker_changes = true })
    refused(409, "force=true", patch(id, rename))
    -- Publishing pushes the draft.
    assert.equal(200, raw("POST", "/v2/personas/" .. id .. "/publish").status)
    assert(patch(id, replace("/persona_name", "newest")))
  end)

  it("draft_patches: a PATCH may change the draft, and the live persona only with target=live", function()
    local id = create()
    assert(sandbox:set { maker_changes = true, draft_patches = "draft" })
    local function draft() return assert(client.personas:get(id, { query = { source = "draft" } })) end
    assert.is_false(draft().has_unpublished_changes)
    local persona, meta = patch(id, replace("/persona_name", "draft"))
    assert.is_true(meta.changed)
    assert.equal("draft", persona.persona_name)
    assert.equal(sandbox.url .. "/v2/personas/" .. id .. "/publish", persona.publish_url)
    assert.equal("Interviewer", get(id).persona_name)
    assert.is_nil(get(id).is_draft_view)
    assert(patch(id, add("/greeting", "Hello")))
    persona = draft()
    assert.same({ "draft", "Hello", true, true },
      { persona.persona_name, persona.greeting, persona.is_draft_view, persona.has_unpublished_changes })
    assert.equal(304, raw("PATCH", "/v2/personas/" .. id,
      '[{"op":"replace","path":"/persona_name","value":"draft"}]').status)
    assert(client.personas:patch(id, { replace("/persona_name", "live") }, { query = { target = "live" } }))
    assert.same({ "live", "draft" }, { get(id).persona_name, draft().persona_name })

    local kept = sandbox:snapshot()
    local path = "/v2/pals/" .. id .. "/publish"
    local answer = raw("POST", path).json
    persona = get(id)
    assert.same({ status = "success", pal_id = id, pal_name = "draft", system_prompt = persona.system_prompt,
      updated_at = persona.updated_at }, answer)
    assert.same({ "draft", "Hello" }, { persona.persona_name, persona.greeting })
    assert.is_nil(persona.publish_url)
    assert.same(answer, raw("POST", path).json)
    -- The draft was published: a PATCH changes the live persona.
    persona = assert(patch(id, replace("/persona_name", "after")))
    assert.is_nil(persona.is_draft_view)
    assert.same({ "after", false }, { get(id).persona_name, draft().has_unpublished_changes })
    assert(sandbox:restore(kept))
    assert.same({ "live", "draft" }, { get(id).persona_name, draft().persona_name })

    assert(sandbox:set { maker_changes = true })
    assert.equal("live", draft().persona_name)
    assert.equal(400, raw("POST", "/v2/personas/p5317866/publish").status)
    assert(sandbox:set { maker_changes = false })
    assert(patch(id, replace("/persona_name", "plain")))
    assert.equal("plain", draft().persona_name)
  end)
end)
