--- What the specs of the sandbox's switches share.
local asking = require "spec.support.asking"
local assert = require "luassert"
local clients = require "spec.support.clients"
local tavus = require "tavus"

local habits = {}

--- Operations of a patch.
function habits.replace(path, value) return { op = "replace", path = path, value = value } end
function habits.add(path, value) return { op = "add", path = path, value = value } end

--- Asserts that a call gave an error with a status, and a text in its message.
---@return table err
function habits.refused(status, text, value, err)
  assert.is_nil(value)
  assert.equal(status, err.status)
  assert.matches(text, err.message, 1, true)
  return err
end

--- A sandbox and a client for the specs of a `describe`, fresh for each of them, and
-- calls that are made often.
---@param teardown function busted's, which only a spec has
---@param before_each function
---@return table sandbox
---@return table client
---@return table calls `create(change?)` gives an id, `get(id)`, `patch(id, ...)` takes operations, `raw(method, path,
-- body, query)` is a request that the client would not send
function habits.serve(teardown, before_each)
  local sandbox = asking.serve(teardown, before_each, { port = 0 })
  local client = clients.new(sandbox.url)
  teardown(function() client:close() end)
  local calls = {}
  function calls.create(change) return assert(client.personas:create(clients.persona(change))).persona_id end
  function calls.get(id) return assert(client.personas:get(id)) end
  function calls.patch(id, ...) return client.personas:patch(id, tavus.array { ... }) end
  function calls.raw(method, path, body, query)
    return asking.ask(sandbox.url, method, path, body, { query = query })
  end
  return sandbox, client, calls
end

return habits
