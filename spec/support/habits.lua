--- What the specs of the sandbox's switches have in common.
local asking = require "spec.support.asking"
local assert = require "luassert"
local clients = require "spec.support.clients"
local tavus = require "tavus"

local habits = {}

--- Operations of a patch.
function habits.replace(path, value) return { op = "replace", path = path, value = value } end
function habits.add(path, value) return { op = "add", path = path, value = value } end

--- What a call gave must be an error with a status, and a text in its message.
---@return table err
function habits.refused(status, text, value, err)
  assert.is_nil(value)
  assert.equal(status, err.status)
  assert.matches(text, err.message, 1, true)
  return err
end

--- Calls that are made often.
---@param client table
---@param url string of the sandbox
---@return fun(change: function|nil): string create  gives the id
---@return fun(id: string): table get
---@return fun(id: string, ...): any, any patch  takes operations
---@return fun(method: string, path: string, body: any, query: table|nil): table raw  a request as it is, for what the client
--- would not send or does not tell
function habits.calls(client, url)
  local function create(change) return assert(client.personas:create(clients.persona(change))).persona_id end
  local function get(id) return assert(client.personas:get(id)) end
  local function patch(id, ...) return client.personas:patch(id, tavus.array { ... }) end
  local function raw(method, path, body, query) return asking.ask(url, method, path, body, { query = query }) end
  return create, get, patch, raw
end

return habits
