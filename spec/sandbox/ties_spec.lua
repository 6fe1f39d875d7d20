-- Ids of other rows in the sandbox: refused where they are unknown, and gone with the row that they name.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local tavus = require "tavus"

describe("the id of another row", function()
  local sandbox, client = clients.serve(teardown, before_each)

  local function persona(more)
    local body = clients.persona()
    for name, value in pairs(more) do body[name] = value end
    return body
  end

  local made = {
    guardrail = function()
      return assert(client.guardrails:create { guardrail_name = "g", guardrail_prompt = "No." }).uuid
    end,
    set = function()
      local body = { name = "s", data = { { guardrail_name = "g", guardrail_prompt = "No." } } }
      return assert(client.guardrails:create(body)).guardrails_id
    end,
    objectives = function()
      return assert(client.objectives:create {
        name = "o", data = { { objective_name = "a", objective_prompt = "A." } },
      }).objectives_id
    end,
    document = function()
      return assert(client.documents:create { document_url = "https://example.com/a.pdf" }).document_id
    end,
    voice = function() return assert(client.voices:create { voice_name = "Ann" }).voice_id end,
    dictionary = function()
      return assert(client.pronunciation_dictionaries:create { name = "W" }).pronunciation_dictionary_id
    end,
  }

  -- What a persona has of each, by the kind; and the text of the refusal.
  local holds = {
    guardrail = { "Invalid guardrails_id", function(id) return { guardrail_ids = { id } } end },
    set = { "Invalid guardrails_id", function(id) return { guardrails_id = id } end },
    objectives = { "Invalid objectives_id", function(id) return { objectives_id = id } end },
    document = { "Invalid document_id", function(id) return { document_ids = { id } } end },
    voice = { "Invalid voice_id", function(id) return { layers = { tts = { voice_id = id } } } end },
    dictionary = { "Invalid pronunciation_dictionary_id",
      function(id) return { layers = { tts = { pronunciation_dictionary_id = id } } } end },
  }

  for kind, case in pairs(holds) do
    it(("of a %s is refused when it is unknown, if the switch says so"):format(kind), function()
      local known = persona(case[2](made[kind]()))
      local unknown = persona(case[2] "x404")
      assert(client.personas:create(unknown))
      sandbox:set { unknown_ids = "refuse" }
      local id = assert(client.personas:create(known)).persona_id
      local _, err = client.personas:create(unknown)
      assert.same({ "not_found", 400 }, { err.type, err.status })
      assert.matches(case[1], err.message, 1, true)
      local name, value = next(case[2] "x404")
      _, err = client.personas:patch(id, tavus.patch():add("/" .. name, value))
      assert.matches(case[1], err.message, 1, true)
    end)
  end

  it("of a face is refused where it does not look like one", function()
    local function post(path, body) return asking.ask(sandbox.url, "POST", path, body).json.error end
    assert.equal("Invalid replica_uuid", post("/v2/personas", persona { default_replica_id = "p123" }))
    assert.equal("Invalid replica_uuid", post("/v2/conversations", { replica_id = "p123" }))
    assert.equal("Invalid replica_id", post("/v2/videos", { replica_id = "p123", script = "Hi" }))
    sandbox:set { unknown_ids = "refuse" }
    assert.equal("Invalid replica_uuid", post("/v2/personas", persona { default_replica_id = "r123" }))
    assert.equal("Invalid replica_id", post("/v2/videos", { replica_id = "r123", script = "Hi" }))
    assert(client.personas:create(persona { default_replica_id = "r90bbd427f71" }))
  end)

  it("is taken out of personas with the guardrail, the set or the dictionary", function()
    local ids = {}
    for kind, make in pairs(made) do ids[kind] = make() end
    local other = made.guardrail()
    local id = assert(client.personas:create(persona {
      guardrail_ids = { ids.guardrail, other }, guardrails_id = ids.set, objectives_id = ids.objectives,
      layers = { tts = { pronunciation_dictionary_id = ids.dictionary, tts_engine = "cartesia" } },
    })).persona_id
    assert(client.guardrails:delete(ids.guardrail))
    assert(client.guardrails:delete(ids.set))
    assert(client.pronunciation_dictionaries:delete(ids.dictionary))
    local row = assert(client.personas:get(id))
    assert.same({ other }, row.guardrail_ids)
    assert.is_nil(row.guardrails_id)
    assert.equal(tavus.null, row.layers.tts.pronunciation_dictionary_id)
    assert.equal("cartesia", row.layers.tts.tts_engine)
    assert.equal(ids.objectives, row.objectives_id)
  end)

  it("has the form that Tavus' ids have", function()
    local tool = assert(client.tools:create { name = "t", description = "T." }).tool_id
    for id, form in pairs {
      [made.document()] = "^d%d%-%x+$", [made.dictionary()] = "^pd_%x+$", [made.voice()] = "^v%x+$",
      [made.guardrail()] = "^g%x+$", [made.objectives()] = "^o%x+$", [tool] = "^t%x+$",
    } do
      assert.matches(form, id)
    end
  end)
end)
