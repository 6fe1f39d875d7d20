-- Tools and skills that are attached to a persona in the sandbox: how many, in which shape, and what is refused.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local tavus = require "tavus"

describe("attached to a persona,", function()
  local sandbox, client = clients.serve(teardown, before_each)
  local id

  before_each(function() id = assert(client.personas:create(clients.persona())).persona_id end)

  local function tool(name) return assert(client.tools:create { name = name, description = "A tool." }).tool_id end

  local function path(rest) return "/v2/personas/" .. id .. rest end

  describe("tools", function()
    it("are 50 at most", function()
      local ids = {}
      for i = 1, 51 do ids[i] = tool("tool_" .. i) end
      local last = table.remove(ids)
      assert(client.personas:attach_tools(id, ids))
      assert(client.personas:attach_tools(id, { ids[1] }))
      local _, err = client.personas:attach_tools(id, { last })
      assert.same({ "bad_request", 400 }, { err.type, err.status })
      assert(client.tools:delete(ids[1]))
      assert.equal(50, #assert(client.personas:attach_tools(id, { last })).data)
    end)

    it("are gone from the persona when they are deleted", function()
      local one = tool "one"
      assert(client.personas:attach_tools(id, { one }))
      assert(client.tools:delete(one))
      assert.equal(0, #assert(client.personas:tools(id)).data)
      local answer = asking.ask(sandbox.url, "DELETE", path("/tools/" .. one))
      assert.same({ 400, "Tool not attached to this PAL" }, { answer.status, answer.json.error })
    end)

    it("have their secrets masked, as in the registry", function()
      local one = assert(client.tools:create { name = "one", description = "A tool.", delivery = { api = {
        url = "https://example.com", auth = { type = "hmac", secret = "a-tool-secret" } } } }).tool_id
      local expected = assert(client.tools:get(one)).delivery
      assert.is_nil(expected.api.auth.secret:find "secret")
      assert.same(expected, assert(client.personas:attach_tools(id, { one })).data[1].delivery)
      assert.same(expected, assert(client.personas:tools(id)).data[1].delivery)
      assert(sandbox:set { mask_secrets = false })
      assert.equal("a-tool-secret", assert(client.personas:tools(id)).data[1].delivery.api.auth.secret)
      assert(sandbox:set { mask_secrets = true })
    end)

    it("that are not attached cannot be detached", function()
      local answer = asking.ask(sandbox.url, "DELETE", path "/tools/t404")
      assert.same({ 400, "Tool not attached to this PAL" }, { answer.status, answer.json.error })
    end)

    it("come in data, in tools or in a bare array", function()
      assert(client.personas:attach_tools(id, { tool "one" }))
      for shape, find in pairs {
        data = function(json) return json.data end,
        tools = function(json) return json.tools end,
        array = function(json) return json end,
      } do
        sandbox:set { attached_tools = shape }
        assert.equal("one", find(asking.ask(sandbox.url, "GET", path "/tools").json)[1].name)
        assert.equal("one", assert(client.personas:tools(id)).data[1].name)
      end
    end)
  end)

  describe("skills", function()
    it("have the times when they were attached and changed", function()
      local first = assert(client.personas:set_skill(id, "magic_canvas", {}))
      assert.matches("+00:00$", first.attached_at)
      sandbox:clock "2035-01-01T00:00:00Z"
      local again = assert(client.personas:patch_skill(id, "magic_canvas", { usage_guidance = "Rarely." }))
      assert.same({ first.attached_at, "2035-01-01T00:00:00.000000+00:00" }, { again.attached_at, again.updated_at })
      assert(client.personas:replace_skills(id, { magic_canvas = {} }))
      assert.equal(first.attached_at, assert(client.personas:skill(id, "magic_canvas")).attached_at)
    end)

    it("must be known, by the documented text", function()
      for _, call in ipairs { { "PUT", { config = {} } }, { "PATCH", { config = {} } }, { "GET" }, { "DELETE" } } do
        local answer = asking.ask(sandbox.url, call[1], path "/skills/juggling", call[2])
        assert.same({ 404, "Unknown skill 'juggling'" }, { answer.status, answer.json.error }, call[1])
      end
      local _, err = client.personas:replace_skills(id, { juggling = {} })
      assert.same({ "not_found", 404 }, { err.type, err.status })
    end)

    it("are not made by a merge", function()
      local _, err = client.personas:patch_skill(id, "magic_canvas", {})
      assert.same({ "not_found", 404 }, { err.type, err.status })
    end)

    it("have a config of their own, which is checked", function()
      local function put(skill, config)
        return asking.ask(sandbox.url, "PUT", path("/skills/" .. skill), { config = config })
      end
      assert.matches("document_ids", put("presentation", { prompt = "Go." }).json.error)
      assert.equal(400, put("internet_search", { document_ids = { "d1" } }).status)
      assert(client.personas:set_skill(id, "presentation", { document_ids = { "d1" } }))
      local _, err = client.personas:patch_skill(id, "presentation", { document_ids = tavus.null })
      assert.equal(400, err.status)
    end)

    it("keep the rest of config in a merge, and replace components whole", function()
      local components = { chart = { enabled = true }, text = { enabled = false } }
      assert(client.personas:set_skill(id, "magic_canvas", { components = components, usage_guidance = "Often." }))
      assert(client.personas:patch_skill(id, "magic_canvas", { components = { alert = { enabled = true } } }))
      assert.same({ components = { alert = { enabled = true } }, usage_guidance = "Often." },
        assert(client.personas:skill(id, "magic_canvas")).config)
    end)

    it("can be out of the account's reach", function()
      sandbox:set { missing_skill = "magic_canvas" }
      for _, call in ipairs { { "set_skill", "magic_canvas", {} }, { "replace_skills", { magic_canvas = {} } } } do
        local _, err = client.personas[call[1]](client.personas, id, call[2], call[3])
        assert.same({ "permission", 403 }, { err.type, err.status })
      end
      assert(client.personas:set_skill(id, "internet_search", {}))
    end)

    it("are answered in data by a PUT of all of them, and keyed by id by a GET", function()
      local answer = asking.ask(sandbox.url, "PUT", path "/skills", { skills = { internet_search = { config = {} } } })
      assert.is_table(answer.json.data.internet_search)
      assert.is_table(asking.ask(sandbox.url, "GET", path "/skills").json.internet_search)
    end)
  end)
end)
