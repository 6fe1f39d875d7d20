-- plan and apply: what the files say becomes so at Tavus.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"

local FILES = {
  ["shared.lua"] = [[
    return {
      lookup = tool "order_lookup" { "Look up an order", order = tavus.string "Its number" }
        :registered { delivery = { api = { url = "https://shop.example.com/orders",
          auth = { type = "hmac", secret = secret "ORDERS_SECRET" } } } },
      calm = guardrail "stay_calm" { guardrail_prompt = "Never raise your voice." },
      intake = objectives "intake" { { objective_name = "ask_name", objective_prompt = "Ask for the name." } },
      handbook = document "handbook" { document_url = "https://example.com/handbook.pdf", tags = { "hr" } },
    }
  ]],
  ["interviewer.lua"] = [[
    local shared = require "shared"
    persona "interviewer" {
      persona_name = "Interviewer", system_prompt = "You interview.", default_replica_id = "r90bbd427f71",
      guardrail_ids = { shared.calm }, objectives_id = shared.intake, document_ids = { shared.handbook },
      tools = { shared.lookup }, skills = { internet_search = {} },
      layers = {
        llm = { model = "gpt-4o", base_url = env "LLM_URL", api_key = secret "LLM_KEY" },
        conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
      },
    }
  ]],
  ["greeter.lua"] = [[
    local shared = require "shared"
    persona "greeter" { system_prompt = "You greet.", guardrail_ids = { shared.calm }, tools = { shared.lookup } }
  ]],
}

local VARIABLES = { ORDERS_SECRET = "orders-secret-text", LLM_KEY = "llm-secret-text" }

describe("a setup", function()
  local sandbox, client = clients.serve(teardown, before_each)
  local dir, variables

  local function loaded(env)
    return assert(setup.load(dir, { env = env, getenv = function(name) return variables[name] end }))
  end

  local function planned(options)
    local its = loaded()
    return assert(its:plan(client, options)), its
  end

  local function applied(options, given)
    local plan, its = planned(options)
    local result, err = its:apply(plan, given)
    if not result then error(tostring(err), 2) end
    for _, one in ipairs(result.failed) do error(tostring(one.err), 2) end
    assert.equal("done", result.status)
    return result
  end

  local function edit(file, from, to)
    local text = assert(io.open(dir .. "/" .. file)):read "*a"
    local first, last = text:find(from, 1, true)
    assert(first, from)
    setups.write(dir, { [file] = text:sub(1, first - 1) .. to .. text:sub(last + 1) })
  end

  local function state() return core.decode(assert(io.open(dir .. "/tavus.lock.json")):read "*a") end
  local function id_of(key) return state().environments.default.entries[key].id end
  local function live(key) return assert(client.personas:get(id_of(key))) end

  local function lines(plan)
    local list = {}
    for _, step in ipairs(plan.steps) do
      list[#list + 1] = ("%s %s %s%s"):format(step.action, step.kind, step.name, step.target and " " .. step.target or "")
    end
    return list
  end

  before_each(function()
    dir = setups.folder(FILES)
    variables = { LLM_URL = sandbox.url .. "/v1" }
    for name, text in pairs(VARIABLES) do variables[name] = text end
  end)
  after_each(setups.clean)

  it("is created from nothing, and then nothing is left to do", function()
    local plan = planned()
    assert.same({ create = 6, change = 0, delete = 0, drift = 0 }, plan.counts)
    assert.is_false(plan:is_empty())
    applied()
    local persona = live "persona interviewer"
    assert.equal("Interviewer", persona.persona_name)
    assert.same({ id_of "guardrail stay_calm" }, persona.guardrail_ids)
    assert.equal(id_of "objectives intake", persona.objectives_id)
    assert.equal(id_of "tool order_lookup", assert(client.personas:tools(persona.persona_id)).data[1].tool_id)
    assert.is_truthy(assert(client.personas:skills(persona.persona_id)).internet_search)
    local again = planned()
    assert.same({}, lines(again))
    assert.is_true(again:is_empty())
  end)

  it("has no secret in plan, state, snapshot and errors", function()
    local plan = planned()
    applied()
    edit("interviewer.lua", '"gpt-4o"', '"gpt-4.1"')
    local second, its = planned()
    assert(second:save(dir .. "/plan.json"))
    assert(its:read_plan(dir .. "/plan.json", client))
    applied()
    local texts = { core.encode(plan.steps), core.encode(second.steps) }
    for _, name in ipairs { "tavus.lock.json", "tavus.before.json", "plan.json" } do
      texts[#texts + 1] = assert(io.open(dir .. "/" .. name)):read "*a"
    end
    for _, text in ipairs(texts) do
      for _, secret in pairs(VARIABLES) do assert.is_nil(text:find(secret, 1, true)) end
    end
  end)

  it("changes the least, and sends a secret again with its layer", function()
    applied()
    edit("interviewer.lua", "You interview.", "You interview well.")
    local plan = planned()
    assert.same({ { op = "replace", path = "/system_prompt", value = "You interview well." } }, plan.steps[1].ops)
    applied()
    edit("interviewer.lua", '"gpt-4o"', '"gpt-4.1"')
    plan = planned()
    assert.same({ "/layers/llm/api_key" }, plan.steps[1].secrets)
    applied()
    assert.equal("gpt-4.1", live "persona interviewer".layers.llm.model)
    assert.is_true(planned():is_empty())
  end)

  it("notices a changed secret by its fingerprint", function()
    applied()
    variables.LLM_KEY = "another-secret-text"
    assert.same({ "change persona interviewer" }, lines(planned()))
    applied()
    assert.is_true(planned():is_empty())
    variables.ORDERS_SECRET = "another-orders-secret"
    assert.same({ "change tool order_lookup" }, lines(planned()))
    applied()
    assert.is_true(planned():is_empty())
  end)

  it("replaces objectives: the new set, then the persona, then the old set is deleted", function()
    applied()
    local old = id_of "objectives intake"
    edit("shared.lua", "Ask for the name.", "Ask for the full name.")
    applied()
    assert.not_equal(old, id_of "objectives intake")
    assert.equal(id_of "objectives intake", live "persona interviewer".objectives_id)
    assert.is_nil((client.objectives:get(old)))
    assert.is_true(planned():is_empty())
  end)

  it("replaces objectives whose name changed, though reading them shows no name", function()
    applied()
    edit("shared.lua", '{ { objective_name = "ask_name", objective_prompt = "Ask for the name." } }',
      '{ name = "greeting", data = { { objective_name = "ask_name", objective_prompt = "Ask for the name." } } }')
    assert.same({ "replace objectives intake", "change persona interviewer" }, lines(planned()))
    applied()
    local row = assert(client.objectives:list()).data[1]
    assert.same({ id_of "objectives intake", "greeting" }, { row.objectives_id, row.name })
    assert.is_true(planned():is_empty())
  end)

  it("shows drift, stops, and resolves it either way", function()
    applied()
    local id = id_of "persona interviewer"
    assert(client.personas:patch(id, { { op = "replace", path = "/system_prompt", value = "Changed by hand." } }))
    local plan, its = planned()
    assert.equal(1, plan.counts.drift)
    local drift = assert(its:drift(client))
    assert.equal("/system_prompt", drift[1].path)
    assert.equal("Changed by hand.", drift[1].live)
    local result, err = its:apply(plan)
    assert.is_nil(result)
    assert.equal("drift", err.code)
    applied { resolve = "ours" }
    assert.equal("You interview.", live "persona interviewer".system_prompt)
    assert(client.personas:patch(id, { { op = "replace", path = "/system_prompt", value = "Changed by hand." } }))
    applied { resolve = "theirs" }
    assert.equal("Changed by hand.", live "persona interviewer".system_prompt)
    assert.is_true(planned():is_empty())
    edit("interviewer.lua", "You interview.", "You interview well.")
    applied()
    assert.equal("You interview well.", live "persona interviewer".system_prompt)
  end)

  it("leaves unmanaged paths and what the server fills in alone", function()
    edit("interviewer.lua", "tools =", 'unmanaged = { "/layers/llm/model" }, tools =')
    applied()
    local id = id_of "persona interviewer"
    assert(client.personas:update(id, function(it)
      it.layers.llm.model, it.layers.llm.api_key = "other", VARIABLES.LLM_KEY
      it.layers.conversational_flow.voice_isolation = "off"
    end))
    assert.is_true(planned():is_empty())
  end)

  it("deletes and detaches only with prune", function()
    applied()
    edit("greeter.lua", ", tools = { shared.lookup }", "")
    edit("interviewer.lua", "skills = { internet_search = {} },", "")
    assert.is_true(planned():is_empty())
    os.remove(dir .. "/greeter.lua")
    local greeter = id_of "persona greeter"
    assert.is_true(planned():is_empty())
    assert.same({ "detach persona interviewer skill internet_search", "delete persona greeter" },
      lines(planned { prune = true }))
    applied { prune = true }
    assert.is_nil((client.personas:get(greeter)))
    assert.is_nil(next((client.personas:skills(id_of "persona interviewer"))))
    assert.is_true(planned { prune = true }:is_empty())
  end)

  it("is destroyed", function()
    applied()
    local its = loaded()
    local result = assert(its:apply(assert(its:destroy(client))))
    assert.equal("done", result.status)
    assert.equal(6, #result.applied)
    assert.equal(0, #assert(client.personas:list { persona_type = "user" }).data)
    assert.equal(0, #assert(client.tools:list()).data)
  end)

  it("is rolled back: changes, creations and deletions", function()
    applied()
    edit("interviewer.lua", "You interview.", "You interview well.")
    edit("interviewer.lua", "tools =", 'greeting = "Hello.", tools =')
    edit("shared.lua", "Ask for the name.", "Ask for the full name.")
    os.remove(dir .. "/greeter.lua")
    setups.write(dir, { ["new.lua"] = 'persona "new" { system_prompt = "New." }' })
    applied { prune = true, renamed = false }
    local its = loaded()
    local result = assert(its:apply(assert(its:rollback(client))))
    assert.same({}, result.failed)
    assert.equal("You interview.", live "persona interviewer".system_prompt)
    assert.is_nil(live "persona interviewer".greeting)
    assert.equal("Ask for the name.",
      assert(client.objectives:get(live "persona interviewer".objectives_id)).data[1].objective_prompt)
    assert.equal("You greet.", live "persona greeter".system_prompt)
    assert.equal(2, #assert(client.personas:list { persona_type = "user" }).data)
  end)

  it("is rolled back without a change of what nobody changed, secrets among it", function()
    applied()
    edit("greeter.lua", "You greet.", "You greet well.")
    applied()
    local _, its = planned()
    local plan = assert(its:rollback(client))
    assert.same({ "change persona greeter" }, lines(plan))
    assert.equal("done", assert(its:apply(plan)).status)
    assert.equal("hmac", assert(client.tools:get(id_of "tool order_lookup")).delivery.api.auth.type)
  end)

  it("asks whether a vanished name was renamed, and keeps the object then", function()
    applied()
    local id = id_of "persona greeter"
    edit("greeter.lua", 'persona "greeter"', 'persona "greeters"')
    edit("greeter.lua", "system_prompt", 'persona_name = "Greeters", system_prompt')
    local plan, its = planned()
    assert.same({ { kind = "persona", from = "greeter", to = "greeters" } }, plan.renamed)
    local result, err = its:apply(plan)
    assert.is_nil(result)
    assert.equal("renamed", err.code)
    applied { renamed = { ["persona greeter"] = "greeters" } }
    assert.equal(id, id_of "persona greeters")
    assert.equal("Greeters", live "persona greeters".persona_name)
    assert.is_true(planned():is_empty())
  end)

  it("refuses a saved plan that does not fit any more", function()
    applied()
    edit("interviewer.lua", "You interview.", "You interview well.")
    local plan, its = planned()
    assert(plan:save(dir .. "/plan.json"))
    assert(client.personas:patch(id_of "persona greeter", { { op = "replace", path = "/system_prompt", value = "x" } }))
    local read, err = its:read_plan(dir .. "/plan.json", client)
    assert.is_nil(read)
    assert.equal("conflict", err.type)
    assert.equal("stale", err.code)
  end)

  it("adopts what has the name, changes it, and keeps the rest", function()
    local id = assert(client.personas:create { persona_name = "Interviewer", system_prompt = "Old.",
      greeting = "Kept." }).persona_id
    local found = {}
    for _, line in ipairs(lines(planned())) do found[line] = true end
    assert.is_true(found["adopt persona interviewer"])
    assert.is_true(found["change persona interviewer"])
    applied()
    assert.equal(id, id_of "persona interviewer")
    local persona = live "persona interviewer"
    assert.equal("You interview.", persona.system_prompt)
    assert.equal("Kept.", persona.greeting)
    assert.is_true(planned():is_empty())
  end)
end)
