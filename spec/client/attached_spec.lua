-- Guardrails, objectives, documents and dictionaries, and what is attached to personas: each call against the sandbox, and
-- the shapes and errors that its answers have. The registry's own promises are in tools_spec.
local clients = require "spec.support.clients"
local tavus = require "tavus"

local sandbox, client

local function last()
  local all = sandbox:requests()
  return all[#all]
end

local function step(name, more)
  local made = { objective_name = name, objective_prompt = "Do " .. name .. "." }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

-- For each resource: the path, a body, the name of the id, a change as `patch` takes it and as `update` makes it, and what
-- then is where.
local cases = {
  guardrails = { path = "/v2/guardrails", id = "uuid", name = "no_advice",
    body = { guardrail_name = "no_advice", guardrail_prompt = "No advice." },
    patch = tavus.patch():replace("/guardrail_prompt", "None."), field = "guardrail_prompt", first = 1 },
  documents = { path = "/v2/documents", id = "document_id", name = "Guide",
    body = { document_name = "Guide", document_url = "https://example.com/guide.pdf", tags = { "a" } },
    patch = { document_name = "None." }, field = "document_name", first = 0 },
  pronunciation_dictionaries = { path = "/v2/pronunciation-dictionaries", id = "pronunciation_dictionary_id", name = "Words",
    body = { name = "Words", rules = { { text = "SQL", pronunciation = "sequel", type = "alias" } } },
    patch = tavus.patch():replace("/name", "None."), field = "name", first = 0, status = 201 },
}

describe("client.", function()
  setup(function()
    sandbox = assert(require("tavus.sandbox").start { port = 0 })
    client = clients.new(sandbox.url)
  end)
  teardown(function()
    client:close()
    sandbox:stop()
  end)
  before_each(function() sandbox:reset() end)

  for collection, case in pairs(cases) do
    it(collection .. " makes, reads, lists, finds, changes and deletes", function()
      local it = client[collection]
      local made, meta = assert(it:create(case.body))
      assert.same({ case.status or 200, {} }, { meta.status, meta.warnings })
      assert.same({ "POST", case.path }, { last().method, last().path })
      local id = made[case.id]
      assert.is_string(id)
      assert.equal(id, assert(it:get(id))[case.id])
      assert.equal(case.path .. "/" .. id, last().path)
      assert.equal(1, assert(it:list { limit = 5 }).total_count)
      assert.equal(id, assert(it:find(case.name))[case.id])
      it:each()()
      assert.equal(tostring(case.first), last().query.page)
      assert(it:patch(id, case.patch))
      assert.equal("None.", assert(it:get(id))[case.field])
      local row, about = it:update(id, function(object) object[case.field] = "Some." end)
      assert.equal("Some.", row[case.field], tostring(about))
      assert.is_false(select(2, it:update(id, function() end)).changed)
      assert.is_true(it:delete(id))
      local gone, err = it:get(id)
      assert.is_nil(gone)
      assert.equal("not_found", err.type)
    end)

    it(collection .. " is made once when nobody knows whether it was made, and deleted again", function()
      sandbox:next { close = "after" }
      local _, err = client[collection]:create(case.body)
      assert.same({ 1, true }, { err.attempts, err.ambiguous })
      local id = assert(client[collection]:create(case.body))[case.id]
      sandbox:next { close = "after" }
      local done, meta = client[collection]:delete(id)
      assert.same({ true, 2 }, { done, meta.attempts })
    end)

    for _, answer in ipairs { { 404, "Not found" }, { 400, "Invalid " .. case.id:gsub("^uuid", "guardrails_id") } } do
      it(("%s answers not_found for %d"):format(collection, answer[1]), function()
        for _, member in ipairs { "error", "message" } do
          sandbox:next { status = answer[1], body = { [member] = answer[2] } }
          assert.equal("not_found", select(2, client[collection]:get "x1").type)
        end
      end)
    end
  end

  it("guardrails takes a set of the earlier generation, and reads it as it comes", function()
    local set = { name = "Set", data = { { guardrail_name = "Any Name", guardrail_prompt = "No." } } }
    assert.same({}, select(2, assert(client.guardrails:create(set))).warnings)
    sandbox:next { status = 200, body = { data = set.data } }
    assert.equal("Any Name", assert(client.guardrails:get "g1").data[1].guardrail_name)
    sandbox:next { status = 200, body = { data = { { guardrails_id = "g1" }, { guardrails_id = "g2" } }, total_count = 15 } }
    sandbox:next { status = 200, body = { data = { { guardrails_id = "g1" } }, total_count = 15 } }
    sandbox:next { status = 200, body = { data = tavus.array {}, total_count = 15 } }
    local count = 0
    for _ in client.guardrails:each { legacy = false } do count = count + 1 end
    assert.equal(2, count)
    assert.equal("false", last().query.legacy)
    assert.equal("not_found", select(2, client.guardrails:find "calm").type) -- only single guardrails have names in a list
    assert.equal("false", last().query.legacy)
    client.guardrails:find("calm", { query = { legacy = true } })
    assert.equal("true", last().query.legacy)
  end)

  it("objectives makes, reads, lists, changes and deletes a chain", function()
    local chain = tavus.objectives "intake" { step("ask", { next_required_objective = "thank" }), step "thank" }
    local made = assert(client.objectives:create(chain))
    local id = made.objectives_id
    assert.equal("thank", assert(client.objectives:get(id)).data[2].objective_name)
    assert.equal(1, assert(client.objectives:list()).total_count)
    assert(client.objectives:patch(id, tavus.patch():replace("/data/0/objective_prompt", "Ask.")))
    local row = assert(client.objectives:update(id, function(it) it.data[2].objective_prompt = "Thank." end))
    assert.same({ "Ask.", "Thank." }, { row.data[1].objective_prompt, row.data[2].objective_prompt })
    assert.is_true(client.objectives:delete(id))
    sandbox:next { status = 400, body = { error = "Objectives not found" } }
    assert.equal("not_found", select(2, client.objectives:get(id)).type)
    sandbox:next { status = 304 }
    assert.is_false(select(2, client.objectives:patch(id, tavus.patch():replace("/name", "x"))).changed)
  end)

  it("documents crawls again: once, done when an earlier attempt had begun it, never after a cooldown", function()
    local id = assert(client.documents:create(cases.documents.body)).document_id
    sandbox:next { status = 202, body = { document_id = id, status = "recrawling" } }
    local row, meta = client.documents:recrawl(id)
    assert.same({ id, 202 }, { row.document_id, meta.status })
    assert.equal("", last().body or "")
    sandbox:next { status = 202, body = { document_id = id, status = "recrawling" } }
    assert(client.documents:recrawl(id, { crawl = { depth = 2 } }))
    assert.same({ crawl = { depth = 2 } }, tavus.decode(last().body))
    for _, answer in ipairs { { 409, "Document must be in 'ready' or 'error' state to recrawl, current status: recrawling", "conflict" },
      { 429, "Recrawl cooldown: please wait 59 minutes before recrawling this document.", "rate_limit" } } do
      sandbox:next { status = answer[1], body = { error = answer[2] } }
      local _, err = client.documents:recrawl(id)
      assert.same({ answer[3], 1 }, { err.type, err.attempts })
      sandbox:next { close = "after" }
      sandbox:next { status = answer[1], body = { error = answer[2] } }
      local done, about = client.documents:recrawl(id)
      assert.same({ true, 2 }, { done, about.attempts })
    end
  end)

  it("documents does not ask again after the quota of crawled documents", function()
    sandbox:next { status = 429, body = { error = "Crawl document limit reached (100). Contact support@tavus.io" } }
    local _, err = client.documents:create(cases.documents.body)
    assert.same({ "rate_limit", 1, false }, { err.type, err.attempts, err.retryable })
  end)

  for _, collection in ipairs { "personas", "pals" } do
    describe(collection, function()
      local id, it_id

      before_each(function()
        id = assert(client.personas:create(clients.persona())).persona_id
        it_id = assert(client.tools:create { name = "order", description = "d" }).tool_id
      end)

      it("attach, list and detach tools", function()
        local its = client[collection]
        assert.equal(it_id, assert(its:attach_tools(id, { it_id })).data[1].tool_id)
        assert.same({ "/v2/" .. collection .. "/" .. id .. "/tools", { tool_ids = { it_id } } },
          { last().path, tavus.decode(last().body) })
        assert(its:attach_tools(id, { it_id }))
        assert.equal(1, #assert(its:tools(id)).data)
        assert.is_true(its:detach_tool(id, it_id))
        assert.equal(0, #assert(its:tools(id)).data)
        sandbox:next { status = 400, body = { error = "Tool not attached to this PAL" } }
        assert.is_true(its:detach_tool(id, it_id))
        sandbox:next { status = 404, body = { error = "Not found" } }
        assert.equal("not_found", select(2, its:detach_tool(id, it_id)).type)
        for _, body in ipairs { '[{"tool_id":"t1"}]', '{"tools":[{"tool_id":"t1"}]}', '{"data":[{"tool_id":"t1"}]}' } do
          sandbox:next { status = 200, body = body }
          assert.equal("t1", assert(its:tools(id)).data[1].tool_id)
        end
      end)

      it("set, patch, replace, read and remove skills", function()
        local its = client[collection]
        local config = { document_ids = { "d1-5c71baca86fc" }, prompt = "Show." }
        assert.same(config.prompt, assert(its:set_skill(id, "presentation", config)).config.prompt)
        assert.equal("PUT", last().method)
        assert(its:set_skill(id, "magic_canvas", {}))
        assert.equal('{"config":{}}', last().body)
        assert.equal("walk_the_deck",
          assert(its:patch_skill(id, "presentation", { slides_trigger = "walk_the_deck" })).config.slides_trigger)
        assert.equal("Show.", assert(its:skill(id, "presentation")).config.prompt)
        assert.is_table(assert(its:skills(id)).magic_canvas)
        assert(its:replace_skills(id, { internet_search = { config = {} } }))
        local left = assert(its:skills(id))
        assert.is_nil(left.magic_canvas)
        assert.is_table(left.internet_search)
        assert.is_true(its:remove_skill(id, "internet_search"))
        sandbox:next { status = 404, body = { error = "Unknown skill 'x'" } }
        assert.equal("not_found", select(2, its:set_skill(id, "x", {})).type)
      end)

      it("publish, clone a template and check a username", function()
        local its = client[collection]
        assert.equal("success", assert(its:publish(id)).status)
        sandbox:next { status = 200, body = { persona_id = "p1" } }
        assert.equal("p1", assert(its:clone "t-1").persona_id)
        assert.equal("/v2/personas/templates/t-1/clone", last().path)
        sandbox:next { status = 200, body = { available = false, reason = "taken" } }
        assert.is_false(assert(its:check_username "anna").available)
        assert.same({ "/v2/pals/check-username", "anna" }, { last().path, last().query.username })
      end)

      it("force only when the caller says so", function()
        sandbox:next { status = 409, body = { error = "A draft", conflict = "maker_changes" } }
        local _, err = client[collection]:patch(id, tavus.patch():replace("/greeting", "Hi"))
        assert.same({ "conflict", "maker_changes" }, { err.type, err.conflict })
        assert.is_nil(last().query.force)
        client[collection]:patch(id, tavus.patch():add("/greeting", "Hi"), { query = { force = true } })
        assert.equal("true", last().query.force)
      end)
    end)
  end
end)
