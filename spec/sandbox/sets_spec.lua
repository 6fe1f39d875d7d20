-- Objectives, and guardrails of both generations, in the sandbox: the shapes of their answers, and the items of a set.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local tavus = require "tavus"

describe("in the sandbox,", function()
  local sandbox, client = clients.serve(teardown, before_each)

  local function ask(method, path, body, query) return asking.ask(sandbox.url, method, path, body, query).json end

  local function new_set()
    return ask("POST", "/v2/guardrails", { name = "Rules", data = {
      { guardrail_name = "one", guardrail_prompt = "One." }, { guardrail_name = "two", guardrail_prompt = "Two." },
    } })
  end

  local function items_of(id) return ask("GET", "/v2/guardrails/" .. id).data end

  local function listed(legacy) return ask("GET", "/v2/guardrails", nil, { query = { legacy = legacy } }) end

  it("a set of guardrails is made, and its items are guardrails, too", function()
    local made = new_set()
    assert.same({ "Rules", "string" }, { made.guardrails_name, type(made.status) })
    assert.is_nil(made.uuid)
    local items = items_of(made.guardrails_id)
    assert.equal("one", items[1].guardrail_name)
    local one = ask("GET", "/v2/guardrails/" .. items[1].uuid)
    assert.equal("One.", one.guardrail_prompt)
    assert(client.guardrails:patch(items[1].uuid, tavus.patch():replace("/guardrail_prompt", "None.")))
    assert.equal("None.", items_of(made.guardrails_id)[1].guardrail_prompt)
    assert(client.guardrails:delete(items[2].uuid))
    assert.equal(1, #items_of(made.guardrails_id))
    assert(client.guardrails:delete(made.guardrails_id))
    assert.equal("Invalid guardrails_id", ask("GET", "/v2/guardrails/" .. items[1].uuid).error)
  end)

  it("the items of a set keep their ids, but not one that is replaced whole", function()
    local id = new_set().guardrails_id
    local before = items_of(id)
    assert(client.guardrails:patch(id, tavus.patch():replace("/data/0/guardrail_prompt", "None.")))
    assert.equal(before[1].uuid, items_of(id)[1].uuid)
    assert.equal("None.", items_of(id)[1].guardrail_prompt)
    local new = { guardrail_name = "three", guardrail_prompt = "Three." }
    assert(client.guardrails:patch(id, tavus.patch():replace("/data/0", new)))
    local after = items_of(id)
    assert.equal("three", after[1].guardrail_name)
    assert.is_string(after[1].uuid)
    assert.not_equal(before[1].uuid, after[1].uuid)
    assert.equal(before[2].uuid, after[2].uuid)
    assert(client.guardrails:patch(id, tavus.patch():remove "/data/0"))
    assert.equal(before[2].uuid, items_of(id)[1].uuid)
  end)

  it("a list has guardrails or sets, by ?legacy", function()
    new_set()
    assert(client.guardrails:create { guardrail_name = "alone", guardrail_prompt = "Alone." })
    local single, sets = listed "false", listed "true"
    assert.same({ 3, "alone" }, { single.total_count, single.data[1].guardrail_name })
    assert.equal(1, sets.total_count)
    assert.is_string(sets.data[1].guardrails_id)
    assert.equal(4, listed().total_count)
    sandbox:set { guardrail_lists = "sets" }
    assert.equal(1, listed().total_count)
  end)

  it("one guardrail is flat, and tells what was not given", function()
    local made = ask("POST", "/v2/guardrails", { guardrail_name = "alone", guardrail_prompt = "Alone." })
    assert.same({ true, "verbal" }, { made.app_message, made.modality })
    assert.equal("alone", ask("GET", "/v2/guardrails/" .. made.uuid).guardrail_name)
  end)

  it("objectives are answered in short when they are made, and then in each shape", function()
    local steps = { { objective_name = "a", objective_prompt = "A.", next_required_objective = "b" },
      { objective_name = "b", objective_prompt = "B." } }
    local made = ask("POST", "/v2/objectives", { name = "Chain", data = steps })
    assert.same({ "Chain", "string" }, { made.objective_name, type(made.status) })
    assert.is_nil(made.data)
    local id = made.objectives_id
    for shape, find in pairs {
      array = function(json) return json.data[1].objective_name end,
      object = function(json) return json.data.objective_name end,
      row = function(json) return json.objectives_id == id and json.data[1].objective_name end,
    } do
      sandbox:set { set_shape = shape }
      assert.equal("a", find(ask("GET", "/v2/objectives/" .. id)))
      assert.is_table(client.objectives:get(id))
    end
  end)

  it("a change of objectives and guardrails is answered with a message", function()
    local id = assert(client.objectives:create { data = { { objective_name = "a", objective_prompt = "A." } } }).objectives_id
    local answer = ask("PATCH", "/v2/objectives/" .. id, '[{"op":"replace","path":"/data/0/objective_prompt","value":"B."}]')
    assert.is_string(answer.message)
    assert.is_nil(answer.data)
    assert.equal("B.", ask("GET", "/v2/objectives/" .. id).data[1].objective_prompt)
  end)
end)
