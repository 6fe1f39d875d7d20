-- What the sandbox promises for rows holds for every resource of the contract: kept in a data file, brought back by a
-- snapshot, recorded and replayed, expected, and shown on the page.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local samples = require "spec.support.samples"
local sandboxes = require "tavus.sandbox"

-- Bodies of the resources that samples.lua does not have.
local BODIES = {
  personas = function() return clients.persona() end,
  conversations = function(row) return { persona_id = row.persona, replica_id = row.replica } end,
  tools = function() return { name = "look_up", description = "Looks it up." } end,
  guardrails = function() return { guardrail_name = "g", guardrail_prompt = "No." } end,
  objectives = function() return { data = { { objective_name = "a", objective_prompt = "A." } } } end,
  pronunciation_dictionaries = function() return { name = "W" } end,
}

describe("every resource of the sandbox", function()
  local data, recording, sandbox, client
  local made = {} -- by collection: its contract, the id, and the row as it was read

  local function read(url, resource, id)
    local path
    for _, operation in ipairs(resource.operations) do
      if operation.name == "get" then path = operation.path:gsub("{.-}", id) end
    end
    return asking.ask(url, "GET", path).body
  end

  setup(function()
    data, recording = os.tmpname(), os.tmpname()
    os.remove(recording)
    sandbox = assert(sandboxes.start { data = data })
    client = clients.new(sandbox.url, { record = recording })
    local persona = assert(client.personas:create(clients.persona())).persona_id
    for _, resource in ipairs(core.contract().resources) do
      local sample = samples.of[resource.collection]
      local body = sample and sample.body or BODIES[resource.collection]
      if body then
        local row = assert(client[resource.collection]:create(body { persona = persona, replica = "r90bbd427f71" }))
        local id = row[resource.id_field]
        read(sandbox.url, resource, id) -- it is ready now
        made[resource.collection] = {
          resource = resource, id = id, text = read(sandbox.url, resource, id),
          row = assert(client[resource.collection]:get(id)),
        }
      else
        assert.is_string(sample and sample.id, resource.collection .. " has no sample")
      end
    end
  end)
  teardown(function()
    client:close()
    sandbox:stop()
    os.remove(data)
    os.remove(recording)
  end)

  it("is counted, and shown on the page", function()
    local shown = {}
    local all = asking.ask(sandbox.url, "GET", "/_sandbox/overview").json
    for _, row in ipairs(all.others) do shown[row.resource .. " " .. row.id] = true end
    for _, row in ipairs(all.personas) do shown["personas " .. row.persona_id] = true end
    for _, row in ipairs(all.conversations) do shown["conversations " .. row.conversation_id] = true end
    for collection, one in pairs(made) do
      assert.is_true(shown[collection .. " " .. one.id], collection)
      assert.is_true(sandbox:about()[collection] >= 1, collection)
    end
  end)

  it("expects its requests", function()
    for _, one in pairs(made) do
      for _, operation in ipairs(one.resource.operations) do
        if operation.name == "create" then sandbox:expect { method = operation.method, path = operation.path } end
      end
    end
  end)

  it("comes back with a snapshot", function()
    local taken = assert(sandbox:snapshot())
    for collection, one in pairs(made) do
      assert(client[collection]:delete(one.id))
      assert.is_nil((client[collection]:get(one.id)))
    end
    assert(sandbox:restore(taken))
    for collection, one in pairs(made) do
      assert.equal(one.text, read(sandbox.url, one.resource, one.id), collection)
    end
  end)

  it("is kept in a data file", function()
    sandbox:stop()
    sandbox = assert(sandboxes.start { data = data })
    for collection, one in pairs(made) do
      local text = read(sandbox.url, one.resource, one.id)
      if collection == "conversations" then text = text:gsub("127.0.0.1:%d+", one.text:match "127.0.0.1:%d+") end
      assert.equal(one.text, text, collection)
    end
  end)

  it("is answered from a recording", function()
    local replay = assert(sandboxes.start { replay = recording })
    local its = clients.new(replay.url)
    for collection, one in pairs(made) do
      assert.equal(core.encode(one.row), core.encode((assert(its[collection]:get(one.id)))), collection)
    end
    its:close()
    replay:stop()
  end)
end)
