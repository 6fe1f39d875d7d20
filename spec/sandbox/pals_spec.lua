-- Personas under their newer names: /v2/pals, and lists that carry them.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"

describe("the sandbox's pals", function()
  local server, ask = asking.serve(teardown, before_each)

  local FACE = "r79e1c033f"

  local function create(change)
    local body = { pal_name = "Guide", system_prompt = "You guide.", default_face_id = FACE,
      layers = { conversational_flow = { pal_interruptibility = "low" } } }
    for name, value in pairs(change or {}) do body[name] = value end
    local result = ask("POST", "/v2/pals", body)
    assert.equal(200, result.status, result.body)
    return result.json.pal_id, result.json
  end

  local function get(path) return ask("GET", path).json.data[1] end

  it("are personas, under other names", function()
    local id, answer = create { pal_description = "Leads the way." }
    assert.same({ pal_id = id, pal_name = "Guide", pal_description = "Leads the way.", created_at = answer.created_at,
      tool_ids = {} }, answer)
    local pal, persona = get("/v2/pals/" .. id), get("/v2/personas/" .. id)
    assert.same({ id, "Guide", FACE, "low" },
      { pal.pal_id, pal.pal_name, pal.default_face_id, pal.layers.conversational_flow.pal_interruptibility })
    assert.same({ id, "Guide", FACE, "low" }, { persona.persona_id, persona.persona_name, persona.default_replica_id,
      persona.layers.conversational_flow.replica_interruptibility })
    for _, name in ipairs { "persona_id", "persona_name", "default_replica_id" } do assert.is_nil(pal[name]) end
    for _, name in ipairs { "pal_id", "pal_name", "default_face_id" } do assert.is_nil(persona[name]) end
    assert.same({ "near", "near" }, { pal.layers.conversational_flow.voice_isolation,
      persona.layers.conversational_flow.voice_isolation })
  end)

  it("need a face of that name", function()
    for _, body in ipairs {
      { system_prompt = "x" }, { system_prompt = "x", default_replica_id = FACE },
        { system_prompt = "x", default_face_id = core.null },
    } do
      local result = ask("POST", "/v2/pals", body)
      assert.equal(400, result.status)
      assert.matches("{'default_face_id': ", result.json.error, 1, true)
    end
    local result = ask("POST", "/v2/pals", { system_prompt = "x", default_face_id = "nobody" })
    assert.same({ error = "Invalid replica_uuid" }, result.json)
  end)

  it("are patched, listed and deleted", function()
    local id = create()
    local path = "/v2/pals/" .. id
    local result = ask("PATCH", path, [[[{"op":"replace","path":"/pal_name","value":"Host"},
      {"op":"replace","path":"/layers/conversational_flow/pal_interruptibility","value":"high"}] ]])
    assert.equal(200, result.status, result.body)
    assert.equal("Host", result.json.pal_name)
    assert.equal("high", get("/v2/personas/" .. id).layers.conversational_flow.replica_interruptibility)
    assert.equal(400, ask("PATCH", path, '[{"op":"replace","path":"/persona_name","value":"x"}]').status)
    assert.equal(400, ask("PATCH", path, '[{"op":"replace","path":"/pal_id","value":"x"}]').status)
    assert.equal(304, ask("PATCH", path, '[{"op":"replace","path":"/pal_name","value":"Host"}]').status)
    local list = ask("GET", "/v2/pals", nil, { query = { pal_type = "user" } }).json
    assert.equal(1, list.total_count)
    assert.equal("Host", list.data[1].pal_name)
    assert.equal(4, ask("GET", "/v2/pals").json.total_count)
    assert.equal(400, ask("GET", "/v2/pals", nil, { query = { pal_type = "x" } }).status)
    assert.equal(204, ask("DELETE", path).status)
    assert.equal(400, ask("GET", path).status)
    assert.equal(405, ask("PUT", path, {}).status)
  end)

  it("hide their keys, and keep a stored key in its layer", function()
    local id = create { layers = { tts = { tts_engine = "elevenlabs", api_key = "el-secret" } } }
    assert.equal("********", get("/v2/pals/" .. id).layers.tts.api_key)
    assert.equal(200, ask("PATCH", "/v2/pals/" .. id, '[{"op":"add","path":"/greeting","value":"Hello"}]').status)
    assert(server:set { mask_secrets = false })
    assert.equal("el-secret", get("/v2/personas/" .. id).layers.tts.api_key)
  end)

  it("leave a row alone that has both names", function()
    local id = assert(server:put { persona_name = "old", pal_name = "new", system_prompt = "x" })
    assert.same({ "old", "new" }, { get("/v2/pals/" .. id).persona_name, get("/v2/pals/" .. id).pal_name })
  end)

  it("are not there before their time", function()
    assert(server:set { pals = false })
    local result = ask("GET", "/v2/pals")
    assert.equal(404, result.status)
    assert.same({ message = "Not Found" }, result.json)
    assert.equal(200, ask("GET", "/v2/personas").status)
  end)

  it("list_names: rows of lists carry either name, and the client walks them", function()
    local client = clients.new(server.url)
    local ids = {}
    for i = 5, 1, -1 do ids[i] = create() end
    local function named(path)
      local seen = {}
      for i, row in ipairs(ask("GET", path, nil, { query = { persona_type = "user" } }).json.data) do
        seen[i] = row.pal_id and "pal" or row.persona_id and "persona"
        assert.is_nil(row.pal_id and row.persona_id)
      end
      return table.concat(seen, " ")
    end
    for naming, text in pairs { persona = "persona persona persona persona persona", pal = "pal pal pal pal pal",
      mixed = "persona pal persona pal persona" } do
      assert(server:set { list_names = naming })
      assert.equal(text, named "/v2/personas")
      assert.equal("pal pal pal pal pal", named "/v2/pals")
      local walked = {}
      for row in client.personas:each { persona_type = "user", limit = 2 } do
        walked[#walked + 1] = row.persona_id or row.pal_id
      end
      assert.same(ids, walked)
    end
    assert(server:set { list_names = "mixed" })
    for _ = 1, 2 do ask("POST", "/v2/conversations", { persona_id = ids[1] }) end
    local rows = ask("GET", "/v2/conversations").json.data
    assert.same({ ids[1], FACE }, { rows[1].persona_id, rows[1].replica_id })
    assert.same({ ids[1], FACE }, { rows[2].pal_id, rows[2].face_id })
    client:close()
  end)
end)
