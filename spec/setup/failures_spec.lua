-- Failures that were seen in scripts which keep personas in step by hand.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"

describe("apply", function()
  local sandbox, client = clients.serve(teardown, before_each)
  local dir

  after_each(setups.clean)

  local function loaded(text, variables)
    if text then
      dir = dir or setups.folder {}
      setups.write(dir, { ["a.lua"] = text })
    end
    return assert(setup.load(dir, { getenv = function(name) return (variables or {})[name] end }))
  end

  local function planned(text, options)
    local its = loaded(text)
    return assert(its:plan(client, options)), its
  end

  local function apply(text, options, given)
    local plan, its = planned(text, options)
    return assert(its:apply(plan, given))
  end

  local function done(text, options, given)
    local result = apply(text, options, given)
    assert.same({ {}, {}, "done" }, { result.failed, result.conflicts, result.status })
    return result
  end

  local function state() return core.decode(assert(io.open(dir .. "/tavus.lock.json")):read "*a") end
  local function id_of(key) return state().environments.default.entries[key].id end

  before_each(function() dir = nil end)

  it("tells of a success that changed only a draft", function()
    done [[persona "a" { system_prompt = "One." }]]
    sandbox:set { maker_changes = true, draft_patches = "draft" }
    local result = apply [[persona "a" { system_prompt = "Two." }]]
    assert.equal("partly", result.status)
    assert.equal("silent_drop", result.failed[1].err.code)
    assert.same({ "/system_prompt" }, result.failed[1].err.paths)
    assert.equal(1, planned().counts.change)
  end)

  it("takes a 304 in the middle of a sweep for success", function()
    done [[for _, n in ipairs { "a", "b", "c" } do persona(n) { system_prompt = "One." } end]]
    sandbox:next { method = "PATCH", status = 304 }
    local result = apply [[for _, n in ipairs { "a", "b", "c" } do persona(n) { system_prompt = "Two." } end]]
    -- the scripted 304 changed nothing, which reading back finds; the others are done
    assert.equal(1, #result.failed)
    assert.equal("silent_drop", result.failed[1].err.code)
    done()
    assert.is_true(planned():is_empty())
  end)

  it("goes on with the others after a 409 of the third of five personas", function()
    local all = [[for _, n in ipairs { "a", "b", "c", "d", "e" } do persona(n) { system_prompt = "%s" } end]]
    done(all:format "One.")
    local third = id_of "persona c"
    sandbox:next { method = "PATCH", path = "/v2/personas/" .. third, status = 409,
      body = '{"message":"unpublished changes","conflict":"maker_changes"}' }
    local result = apply(all:format "Two.")
    assert.equal("conflict", result.status)
    assert.equal(1, #result.conflicts)
    assert.equal("c", result.conflicts[1].name)
    assert.equal(4, #result.applied)
    assert.same({ create = 0, change = 1, delete = 0, drift = 0 }, planned().counts)
    done()
  end)

  it("drops drafts only when told, and says what they have", function()
    done [[persona "a" { system_prompt = "One." }]]
    sandbox:set { maker_changes = true }
    local result = apply [[persona "a" { system_prompt = "Two." }]]
    assert.equal("maker_changes", result.conflicts[1].err.conflict)
    assert.is_table(result.conflicts[1].err.lost)
    done(nil, nil, { discard_drafts = true })
    assert.equal("Two.", assert(client.personas:get(id_of "persona a")).system_prompt)
  end)

  it("does not take order_lookup for order", function()
    assert(client.tools:create { name = "order_lookup", description = "d",
      parameters = { type = "object", properties = {} }, delivery = { app_message = true } })
    local plan = planned [[tool "order":registered { description = "d", delivery = { app_message = true },
      parameters = { type = "object", properties = {} } }]]
    assert.equal("create", plan.steps[1].action)
  end)

  it("finds the match on the last page", function()
    local wanted = assert(client.guardrails:create { guardrail_name = "calm", guardrail_prompt = "x" }).uuid
    for i = 1, 120 do
      assert(client.guardrails:create { guardrail_name = "other_" .. i, guardrail_prompt = "x" })
    end
    local plan = planned [[guardrail "calm" { guardrail_prompt = "x" }]]
    assert.equal("adopt", plan.steps[1].action)
    assert.equal(wanted, plan.steps[1].id)
  end)

  it("stops where several have the name, and names their ids", function()
    local ids = {}
    for i = 1, 2 do ids[i] = assert(client.personas:create { persona_name = "a", system_prompt = "x" }).persona_id end
    local plan, err = loaded [[persona "a" { system_prompt = "x" }]]:plan(client)
    assert.is_nil(plan)
    assert.equal("conflict", err.type)
    for _, id in ipairs(ids) do assert.is_truthy(err.message:find(id, 1, true)) end
  end)

  it("does not lose the voice when it sets another member of the layer", function()
    done [[persona "a" { system_prompt = "x" }]]
    local id = id_of "persona a"
    assert(client.personas:patch(id, { { op = "add", path = "/layers",
      value = { tts = { tts_engine = "cartesia", external_voice_id = "voice-1" } } } }))
    done [[persona "a" { system_prompt = "x", layers = { tts = { tts_emotion_control = true } } }]]
    local tts = assert(client.personas:get(id)).layers.tts
    assert.equal("voice-1", tts.external_voice_id)
    assert.is_true(tts.tts_emotion_control)
  end)

  it("never writes a mask back", function()
    local text = [[tool "t":registered { description = "%s", parameters = { type = "object", properties = {} },
      delivery = { api = { url = "https://shop.example.com/%s", auth = { type = "hmac", secret = secret "S" } } } }]]
    local variables = { S = "the-secret-of-the-tool" }
    for _, with in ipairs { { "One", "a" }, { "Two", "a" }, { "Two", "b" } } do
      local its = loaded(text:format(with[1], with[2]), variables)
      local result = assert(its:apply(assert(its:plan(client))))
      assert.same({}, result.failed)
    end
    for _, request in ipairs(sandbox:requests()) do
      assert.is_nil(tostring(request.body):find("***", 1, true))
    end
    sandbox:set { mask_secrets = false }
    local row = assert(client.tools:get(id_of "tool t"))
    assert.equal("the-secret-of-the-tool", row.delivery.api.auth.secret)
    assert.equal("https://shop.example.com/b", row.delivery.api.url)
  end)

  it("adopts a tool whose name is taken since the plan", function()
    local text = [[tool "t":registered { description = "mine", parameters = { type = "object", properties = {} },
      delivery = { app_message = true } }]]
    local plan, its = planned(text)
    local other = assert(client.tools:create { name = "t", description = "theirs",
      parameters = { type = "object", properties = {} }, delivery = { app_message = true } }).tool_id
    local result = assert(its:apply(plan))
    assert.same({}, result.failed)
    assert.equal(other, id_of "tool t")
    assert.equal("mine", assert(client.tools:get(other)).description)
    assert.is_true(planned():is_empty())
  end)

  it("keeps the old objectives while a persona that failed refers to them", function()
    local text = [[local o = objectives "o" { { objective_name = "a", objective_prompt = "%s" } }
      persona "p" { system_prompt = "x", objectives_id = o }]]
    done(text:format "One.")
    local old = id_of "objectives o"
    sandbox:next { method = "PATCH", path = "/v2/personas/*", status = 400, body = '{"error":"no"}' }
    local result = apply(text:format "Two.")
    assert.equal("partly", result.status)
    assert.is_truthy((client.objectives:get(old)))
    done()
    assert.is_nil((client.objectives:get(old)))
    assert.equal(id_of "objectives o", assert(client.personas:get(id_of "persona p")).objectives_id)
    assert.is_true(planned():is_empty())
  end)

  it("takes a tool that is detached elsewhere for detached", function()
    local tools = [[local t = tool "t":registered { description = "d", delivery = { app_message = true },
      parameters = { type = "object", properties = {} } } persona "p" { system_prompt = "x"%s }]]
    done(tools:format ", tools = { t }")
    local plan, its = planned(tools:format "", { prune = true })
    assert(client.personas:detach_tool(id_of "persona p", id_of "tool t"))
    local result = assert(its:apply(plan))
    assert.equal("done", result.status)
    assert.is_true(planned(nil, { prune = true }):is_empty())
  end)

  it("attaches a document when it is ready", function()
    sandbox:set { document_ms = 60 }
    done([[local d = document "d" { document_url = "https://example.com/a.pdf" }
      persona "p" { system_prompt = "x", document_ids = { d } }]], nil, { interval = 0.02 })
    local created, ready
    for _, request in ipairs(sandbox:requests()) do
      if request.method == "GET" and request.path:find "^/v2/documents/" and request.answer:find '"ready"' then
        ready = ready or request.seq
      end
      if request.method == "POST" and request.path == "/v2/personas" then created = request.seq end
    end
    assert.is_true(ready < created)
  end)

  it("does not ask a custom LLM that a change has nothing to do with", function()
    local text = [[persona "p" { system_prompt = "%s", layers = { llm = { model = "%s", base_url = "%s",
      api_key = secret "K" } } }]]
    local dead, variables = clients.dead_url() .. "/v1", { K = "llm-secret-text" }
    local function run(prompt, model, given)
      local its = loaded(text:format(prompt, model, dead), variables)
      return assert(its:apply(assert(its:plan(client)), given))
    end
    local result = run("One.", "m")
    assert.equal("preflight", result.failed[1].err.code)
    assert.equal("done", run("One.", "m", { no_preflight = true }).status)
    assert.equal("done", run("Two.", "m").status)
    assert.equal("preflight", run("Two.", "n").failed[1].err.code)
  end)

  it("does the rest when the account lacks a skill", function()
    sandbox:next { method = "PUT", path = "/v2/personas/*/skills/*", status = 403, body = '{"message":"no such plan"}' }
    local result = apply [[persona "p" { system_prompt = "x", skills = { internet_search = {} } }
      persona "q" { system_prompt = "y" }]]
    assert.equal("partly", result.status)
    assert.equal("permission", result.failed[1].err.type)
    assert.is_truthy(id_of "persona p")
    assert.is_truthy(id_of "persona q")
    local plan = planned()
    assert.equal(1, #plan.steps)
    assert.equal("attach", plan.steps[1].action)
    done()
  end)

  it("makes anew what is gone, whether that is a 404 or a 400", function()
    for _, answer in ipairs { "400", "404" } do
      sandbox:reset()
      dir = nil
      sandbox:set { missing_ids = answer }
      done [[persona "p" { system_prompt = "x" } guardrail "g" { guardrail_prompt = "y" }]]
      assert(client.personas:delete(id_of "persona p"))
      assert(client.guardrails:delete(id_of "guardrail g"))
      local plan = planned()
      assert.equal(2, plan.counts.create)
      assert.is_truthy(plan.steps[1].reason)
      done()
      assert.is_true(planned():is_empty())
    end
  end)

  it("keeps in step what is stored without its punctuation", function()
    sandbox:set { stored_names = "plain" }
    local text = [[persona "p" { persona_name = "Coach (chess)", system_prompt = "x" }]]
    done(text)
    assert.is_true(planned():is_empty())
    os.remove(dir .. "/tavus.lock.json")
    local plan = planned()
    assert.equal("adopt", plan.steps[1].action)
    done()
    assert.is_true(planned():is_empty())
    assert.equal(1, #assert(client.personas:list { persona_type = "user" }).data)
  end)

  it("leaves the files as they are", function()
    local text = [[persona "p" { system_prompt = "x" }]]
    done(text)
    assert.equal(text, assert(io.open(dir .. "/a.lua")):read "*a")
  end)

  it("stops when another apply holds the lock, or changed the state since the plan", function()
    local plan, its = planned [[persona "p" { system_prompt = "x" }]]
    local lock = assert(core.lock(dir .. "/tavus.lock.json"))
    local result, err = its:apply(plan, { lock_wait = 0 })
    lock:release()
    assert.is_nil(result)
    assert.equal("locked", err.code)
    done()
    result, err = its:apply(plan)
    assert.is_nil(result)
    assert.equal("stale", err.code)
    assert.equal(1, #assert(client.personas:list { persona_type = "user" }).data)
  end)

  it("changes nothing that was changed since the plan", function()
    done [[persona "p" { system_prompt = "One." }]]
    local plan, its = planned [[persona "p" { system_prompt = "Two." }]]
    assert(client.personas:patch(id_of "persona p", { { op = "replace", path = "/system_prompt", value = "Mine." } }))
    local result = assert(its:apply(plan))
    assert.equal("conflict", result.status)
    assert.equal("stale", result.conflicts[1].err.code)
    assert.equal("Mine.", assert(client.personas:get(id_of "persona p")).system_prompt)
  end)

  it("starts and ends a call in test mode with each changed persona, with probe", function()
    done([[persona "p" { system_prompt = "One.", default_replica_id = "r90bbd427f71" }]], nil, { probe = true })
    local made = sandbox:expect { method = "POST", path = "/v2/conversations", times = 1 }[1]
    assert.is_true(made.json.test_mode)
    sandbox:expect { method = "POST", path = made.path .. "/*/end", times = 1 }
  end)

  it("tells a wrong key from a failure", function()
    local plan, its = planned [[persona "p" { system_prompt = "x" }]]
    sandbox:next { method = "POST", status = 402, body = '{"message":"out of credits"}' }
    assert.equal("key", assert(its:apply(plan)).status)
    sandbox:next { status = 401, body = '{"message":"Invalid access token"}' }
    local _, err = its:plan(client)
    assert.equal("auth", err.type)
  end)
end)
