-- Habits of single resources of the sandbox: their lists, times, ids and refusals.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local tavus = require "tavus"

describe("in the sandbox,", function()
  local sandbox, client = clients.serve(teardown, before_each)

  local function ask(method, path, body, query)
    local answer = asking.ask(sandbox.url, method, path, body, { query = query })
    return answer.json, answer.status
  end

  local function names(path, query, member)
    local found = {}
    for i, row in ipairs(ask("GET", path, nil, query).data) do found[i] = row[member] end
    return table.concat(found, " ")
  end

  it("lists of voices, documents, dictionaries and deployments echo page and limit, the others do not", function()
    for path, first in pairs { voices = 1, documents = 0, ["pronunciation-dictionaries"] = 0, deployments = 1 } do
      local list = ask("GET", "/v2/" .. path, nil, { limit = 7 })
      assert.same({ first, 7 }, { list.page, list.limit }, path)
      list = ask("GET", "/v2/" .. path, nil, { page = 3 })
      assert.same({ 3, 10 }, { list.page, list.limit }, path)
    end
    for _, path in ipairs { "personas", "videos", "tools", "objectives" } do
      assert.is_nil(ask("GET", "/v2/" .. path).page, path)
    end
  end)

  it("the first page is switched where the documents do not tell it", function()
    for i = 1, 3 do assert(client.tools:create { name = "t" .. i, description = "T." }) end
    for _, first in ipairs { 0, 1 } do
      sandbox:set { first_page = first }
      assert.equal("t3 t2", names("/v2/tools", { limit = 2, page = first }, "name"))
      assert.equal("t1", names("/v2/tools", { limit = 2, page = first + 1 }, "name"))
      local seen = 0
      for _ in client.tools:each { limit = 2 } do seen = seen + 1 end
      assert.equal(3, seen)
    end
  end)

  it("voices are found by a part of the name and by tag, and sorted", function()
    for i, name in ipairs { "Ann Smith", "Ben Jones", "Ann Jones" } do
      local id = assert(client.voices:create { voice_name = name }).voice_id
      assert(client.voices:patch(id, { tags = { "t" .. i, "all" } }))
    end
    assert.equal("Ann Smith Ben Jones Ann Jones", names("/v2/voices", nil, "voice_name"))
    assert.equal("Ann Jones Ben Jones Ann Smith", names("/v2/voices", { sort = "desc" }, "voice_name"))
    assert.equal("Ann Smith Ann Jones", names("/v2/voices", { search = "ann" }, "voice_name"))
    assert.equal("Ben Jones", names("/v2/voices", { tag = "t2" }, "voice_name"))
    assert.equal("", names("/v2/voices", { tag = "t" }, "voice_name"))
    assert.equal(400, select(2, ask("GET", "/v2/voices", nil, { sort = "up" })))
  end)

  it("documents are found by tags and by name, and sorted", function()
    for i, name in ipairs { "Guide", "Prices" } do
      assert(client.documents:create {
        document_name = name, document_url = "https://example.com/a.pdf", tags = { "t" .. i },
      })
    end
    assert.equal("Guide Prices", names("/v2/documents", nil, "document_name"))
    assert.equal("Prices Guide", names("/v2/documents", { sort = "descending" }, "document_name"))
    assert.equal("Guide Prices", names("/v2/documents", { tags = "t1,t2" }, "document_name"))
    assert.equal("Prices", names("/v2/documents", { tags = "t2,t9" }, "document_name"))
    assert.equal("Guide", names("/v2/documents", { name_or_uuid = "uid" }, "document_name"))
  end)

  it("times have the form of the resource", function()
    sandbox:clock "2025-07-14T09:14:24Z"
    local voice = assert(client.voices:create { voice_name = "Ann" })
    local tool = assert(client.tools:create { name = "t", description = "T." })
    local video = assert(client.videos:create { replica_id = "r90bbd427f71", script = "Hi" })
    assert.equal("2025-07-14T09:14:24.000000", voice.created_at)
    assert.equal("2025-07-14T09:14:24.000000", tool.created_at)
    assert.equal("Mon, 14 Jul 2025 09:14:24 GMT", video.created_at)
    assert.equal("Mon, 14 Jul 2025 09:14:24 GMT", assert(client.videos:get(video.video_id)).updated_at)
  end)

  it("a dictionary counts its rules, which its list does not show, and ignores changes of read-only members", function()
    local rule = { text = "SQL", pronunciation = "sequel", type = "alias" }
    local made = assert(client.pronunciation_dictionaries:create { name = "W", rules = { rule } })
    local id = made.pronunciation_dictionary_id
    assert.equal(1, made.rules_count)
    assert.is_nil(ask("GET", "/v2/pronunciation-dictionaries").data[1].rules)
    local path = "/v2/pronunciation-dictionaries/" .. id
    assert.equal(304, select(2, ask("PATCH", path, '[{"op":"replace","path":"/rules_count","value":9}]')))
    assert(client.pronunciation_dictionaries:patch(id, tavus.patch():add("/rules/-",
      { text = "API", pronunciation = "a p i", type = "alias" })))
    assert.equal(2, ask("GET", path).rules_count)
  end)

  it("some members are shown with ?verbose=true only", function()
    local id = assert(client.videos:create { replica_id = "r90bbd427f71", script = "Hi" }).video_id
    for path, member in pairs {
      ["/v2/videos/" .. id] = "gif_thumbnail_url", ["/v2/replicas/r90bbd427f71"] = "replica_type",
    } do
      assert.is_nil(ask("GET", path)[member])
      assert.is_string(ask("GET", path, nil, { verbose = "true" })[member])
    end
  end)

  it("a body that does not fit is refused in the resource's own words", function()
    local text = ask("POST", "/v2/documents", {}).error
    assert.matches("^Invalid request: .*document_url", text)
    assert.matches("^Invalid request: .*name", ask("POST", "/v2/pronunciation-dictionaries", {}).error)
    assert.matches("objective_name", ask("POST", "/v2/objectives", { data = { { objective_prompt = "A." } } }).message)
    assert.matches("guardrail_name", ask("POST", "/v2/guardrails", { guardrail_prompt = "A." }).message)
  end)

  it("a clone is another persona, and a username is free until a persona has it", function()
    local id = assert(client.personas:create(clients.persona())).persona_id
    local clone = assert(client.personas:clone(id)).persona_id
    assert.not_equal(id, clone)
    assert.equal(assert(client.personas:get(id)).system_prompt, assert(client.personas:get(clone)).system_prompt)
    assert.is_true(ask("GET", "/v2/pals/check-username", nil, { username = "ann" }).available)
    assert(sandbox:put { system_prompt = "x", layers = { conferencing = { username = "ann" } } })
    local taken = ask("GET", "/v2/pals/check-username", nil, { username = "ann" })
    assert.same({ false, "string" }, { taken.available, type(taken.reason) })
  end)
end)
