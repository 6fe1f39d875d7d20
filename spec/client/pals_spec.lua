-- client.pals: the same resource as client.personas at /v2/pals, with the newer names.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local tavus = require "tavus"

local function pal(change)
  local body = { pal_name = "Guide", system_prompt = "You guide.", default_face_id = "r79e1c033f",
    layers = { conversational_flow = { pal_interruptibility = "low" } } }
  for name, value in pairs(change or {}) do body[name] = value end
  return body
end

describe("client.pals", function()
  local sandbox, client, last = clients.serve(teardown, before_each)

  it("makes, reads, changes, lists and deletes at /v2/pals under the newer names", function()
    local made, meta = assert(client.pals:create(pal()))
    assert.same({}, meta.warnings)
    assert.equal("/v2/pals", last().path)
    local id = made.pal_id
    assert.equal("Guide", assert(client.pals:get(id)).pal_name)
    assert.equal("/v2/pals/" .. id, last().path)
    local changed, about = client.pals:patch(id, tavus.patch():replace("/pal_name", "Host"))
    assert.equal("Host", changed.pal_name)
    assert.same({}, about.warnings)
    assert.equal("Scout", assert(client.pals:update(id, function(it) it.pal_name = "Scout" end)).pal_name)
    local rows = {}
    for row in client.pals:each { pal_type = "user" } do rows[#rows + 1] = row.pal_name end
    assert.same({ "Scout" }, rows)
    assert.equal("Scout", assert(client.personas:get(id)).persona_name)
    assert.is_true(client.pals:delete(id))
  end)

  it("blames its own name for misuse, and asks for its own id", function()
    assert.matches("client.pals:get%(%.%.%.%)", clients.raised(function() client.pals.get(1) end))
    assert.matches("value%.pal_id", clients.raised(function() client.pals:get { pal_id = "p1" } end))
  end)

  it("is read by either name", function()
    sandbox:next { status = 200, body = { data = { { persona_id = "p1" }, { pal_id = "p1" }, { pal_id = "p2" } }, total_count = 2 } }
    local count = 0
    for _ in client.pals:each() do count = count + 1 end
    assert.equal(2, count)
  end)
end)

describe("the kind pal", function()
  local function issues(body)
    local _, list = core.validate("pal", body)
    local found = {}
    for _, issue in ipairs(list) do found[#found + 1] = issue.path .. " " .. issue.code end
    return found
  end

  it("takes either vocabulary, and does not mix them", function()
    assert.same({}, issues(pal()))
    assert.same({ "/default_face_id required" },
      issues { persona_name = "Guide", system_prompt = "x", default_replica_id = "r79e1c033f" })
    assert.same({ " rule" }, issues(pal { persona_name = "Guide" }))
  end)

  it("leaves the kind persona as it was", function()
    local _, list = core.validate("persona", pal())
    assert.equal("renamed", list[1].code)
  end)

  it("is patched under either names", function()
    assert.same({ true, {} }, { core.validate("pal_patch", tavus.patch():replace("/pal_name", "x")) })
    assert.equal("renamed", select(2, core.validate("persona_patch", tavus.patch():replace("/pal_name", "x")))[1].code)
  end)
end)
