-- The sandbox asks a custom llm before it writes a persona with it, when the switch says so.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local sandboxes = require "tavus.sandbox"
local wire = require "spec.support.wire"

describe("a custom llm, in the sandbox that asks it,", function()
  local sandbox, client, server

  setup(function()
    sandbox = assert(sandboxes.start { set = { probe_llm = true } })
    client = clients.new(sandbox.url, { log = false })
  end)
  teardown(function()
    client:close()
    sandbox:stop()
  end)
  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  local function persona(url)
    local body = clients.persona()
    body.layers = { llm = { model = "mine", base_url = url, api_key = "llm-key-0123456789" } }
    return body
  end

  it("is asked with its key, as for a conversation that does not exist", function()
    server = wire.start { { "read", { answer = 200, body = "data: [DONE]\n\n" }, "close" } }
    assert(client.personas:create(persona(server.url .. "/v1")))
    local request = server:requests()[1]
    assert.same({ "POST", "/v1/chat/completions" }, { request.method, request.path })
    assert.equal("Bearer llm-key-0123456789", request.headers.authorization)
    assert.equal("tavus-openai-compat-test", request.headers["conversation-id"])
    assert.is_true(core.decode(request.body).stream)
  end)

  it("that cannot be reached, or answers with an error, fails the write", function()
    local _, err = client.personas:create(persona(clients.dead_url()))
    assert.equal("bad_request", err.type)
    assert.matches("The custom llm could not be reached: not_sent", err.message, 1, true)
    server = wire.start { { "read", { answer = 401 }, "close" } }
    assert.matches("could not be reached: status 401", select(2, client.personas:create(persona(server.url))).message, 1, true)
  end)

  it("fails a patch that touches something else", function()
    server = wire.start { { "read", { answer = 200 }, "close" } }
    local id = assert(client.personas:create(persona(server.url))).persona_id
    server:stop()
    server = nil
    local _, err = client.personas:patch(id, { { op = "replace", path = "/persona_name", value = "B" } })
    assert.matches("The custom llm could not be reached", err.message, 1, true)
    assert(client.personas:get(id))
    assert(sandbox:set { probe_llm = false })
    assert(client.personas:patch(id, { { op = "replace", path = "/persona_name", value = "B" } }))
    assert(sandbox:set { probe_llm = true })
  end)

  it("is asked on loopback only", function()
    assert(client.personas:create(persona "https://llm.example.invalid/v1"))
  end)
end)
