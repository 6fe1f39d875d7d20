-- client.tools: the tools registry. Changes are partial objects, secrets come back masked, names are unique.
local clients = require "spec.support.clients"
local tavus = require "tavus"

local MASK = "********"

local function tool(change)
  local body = {
    name = "order", description = "Order something.",
    parameters = { type = "object", properties = { what = { type = "string" } } },
    delivery = { app_message = false, api = { url = "https://example.com/order",
      auth = { type = "bearer", token = "a-token-that-is-secret" } } },
  }
  for name, value in pairs(change or {}) do body[name] = value end
  return body
end

describe("client.tools", function()
  local sandbox, client, last = clients.serve(teardown, before_each)

  it("makes, reads, lists, finds, changes and deletes", function()
    local made = assert(client.tools:create(tool()))
    local id = made.tool_id
    assert.equal("order", assert(client.tools:get(id)).name)
    assert.equal(1, #assert(client.tools:list()).data)
    assert.equal(id, assert(client.tools:find "order").tool_id)
    assert.equal("Buy.", assert(client.tools:patch(id, { description = "Buy." })).description)
    assert.same({ description = "Buy." }, tavus.decode(last().body))
    assert.is_true(client.tools:delete(id))
    assert.equal("not_found", select(2, client.tools:get(id)).type)
  end)

  it("reads secrets as asterisks, finds parts of names, and keeps names unique", function()
    local made = assert(client.tools:create(tool()))
    assert(client.tools:create(tool { name = "order_lookup" }))
    for _, row in ipairs { made, assert(client.tools:get(made.tool_id)), client.tools:list().data[1] } do
      assert.equal(MASK, row.delivery.api.auth.token)
    end
    assert.equal(2, #client.tools:list { name_or_uuid = "order" }.data)
    assert.equal(1, #client.tools:list { name_or_uuid = "lookup" }.data)
    local _, err = client.tools:create(tool())
    assert.same({ "conflict", made.tool_id }, { err.type, err.existing_id })
    assert.is_true(client.tools:delete(made.tool_id))
    assert(client.tools:create(tool()))
  end)

  it("detaches a tool that is deleted, and attaches none that is unknown", function()
    local persona = assert(client.personas:create(clients.persona())).persona_id
    local id = assert(client.tools:create(tool())).tool_id
    assert(client.personas:attach_tools(persona, { id }))
    assert.is_true(client.tools:delete(id))
    assert.equal(0, #client.personas:tools(persona).data)
    assert.equal("not_found", select(2, client.personas:attach_tools(persona, { id })).type)
  end)

  it("updates with the members that changed, and no masked secret", function()
    local id = assert(client.tools:create(tool())).tool_id
    local row, meta = assert(client.tools:update(id, function(it) it.description = "Buy." end))
    assert.equal("Buy.", row.description)
    assert.is_true(meta.changed)
    assert.same({ description = "Buy." }, tavus.decode(last().body))
    assert.is_false(select(2, client.tools:update(id, function() end)).changed)
  end)

  it("refuses to write a masked secret back", function()
    local row = tool { tool_id = "t1", delivery = { app_message = false, api = { url = "https://example.com/order",
      auth = { type = "bearer", token = MASK } } } }
    sandbox:next { status = 200, body = row }
    local _, err = client.tools:update("t1", function(it) it.delivery.api.url = "https://example.com/buy" end)
    assert.equal("validation", err.type)
    assert.equal("/delivery/api/auth/token", err.issues[1].path)
    assert.equal(1, #sandbox:requests())
    row.tool_id = nil
    _, err = client.tools:create(row)
    assert.equal("/delivery/api/auth/token", err.issues[1].path)
    _, err = client.tools:patch("t1", { delivery = row.delivery })
    assert.equal("masked", err.issues[1].code)
    assert.equal(1, #sandbox:requests())
    -- Given again it is sent.
    sandbox:next { status = 200, body = tool { tool_id = "t1", delivery = row.delivery } }
    sandbox:next { status = 200, body = tool { tool_id = "t1" } }
    assert(client.tools:update("t1", function(it) it.delivery.api.auth.token = "another-secret-token" end))
    assert.matches("another%-secret%-token", last().body)
  end)

  it("says that a partial change cannot remove a member", function()
    local id = assert(client.tools:create(tool { tags = { "a" } })).tool_id
    local _, err = client.tools:update(id, function(it) it.tags = nil end)
    assert.equal("/tags", err.issues[1].path)
    assert.matches("cannot be removed", err.issues[1].message)
  end)

  it("names the tool that has the name, in the conflict", function()
    assert(client.tools:create(tool { name = "order_lookup" }))
    local id = assert(client.tools:create(tool())).tool_id
    sandbox:next { status = 409, body = { error = "A tool with this name exists" } }
    local made, err = client.tools:create(tool())
    assert.is_nil(made)
    assert.same({ "conflict", id, false, false }, { err.type, err.existing_id, err.retryable, err.ambiguous })
    assert.matches(id, err.hint, 1, true)
    -- Nothing was adopted, and nothing else is said where the look fails.
    sandbox:next { status = 409, body = { error = "A tool with this name exists" } }
    sandbox:next { status = 403 }
    err = select(2, client.tools:create(tool()))
    assert.same({ "conflict" }, { err.type, err.existing_id })
  end)

  it("is not repeated when it is unknown whether it was made", function()
    sandbox:next { close = "after" }
    local _, err = client.tools:create(tool())
    assert.same({ 1, true }, { err.attempts, err.ambiguous })
  end)
end)
