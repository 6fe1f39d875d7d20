--- Calls of every kind that the retry table tells apart, for the specs that walk it.
local clients = require "spec.support.clients"
local tavus = require "tavus"

local function patch(build)
  return function(client, row) return client.personas:patch(row.id, build(tavus.patch())) end
end

--- One row a kind of call: `name`, `method`, `make(client, row)` where the row has a persona's `id` and a conversation's
-- `call`; `repeats`: doing it twice does what doing it once does.
return {
  { name = "get", method = "GET", repeats = true, make = function(client, row) return client.personas:get(row.id) end },
  { name = "list", method = "GET", repeats = true, make = function(client) return client.conversations:list() end },
  { name = "delete", method = "DELETE", repeats = true, make = function(client, row) return client.personas:delete(row.id) end },
  { name = "end", method = "POST", repeats = true, make = function(client, row) return client.conversations:end_(row.call) end },
  { name = "a patch that may repeat", method = "PATCH", repeats = true,
    make = patch(function(p) return p:replace("/persona_name", "B"):add("/layers/stt/hotwords", "x") end) },
  { name = "a patch with a remove", method = "PATCH", make = patch(function(p) return p:remove "/default_replica_id" end) },
  { name = "a patch with a move", method = "PATCH", make = patch(function(p) return p:move("/context", "/system_prompt") end) },
  { name = "a patch that appends", method = "PATCH", make = patch(function(p) return p:add("/document_ids/-", "d1") end) },
  { name = "a patch of an array's item", method = "PATCH", make = patch(function(p) return p:replace("/document_ids/0", "d1") end) },
  { name = "create", method = "POST", make = function(client) return client.personas:create(clients.persona()) end },
  { name = "create of a conversation", method = "POST",
    make = function(client, row) return client.conversations:create { persona_id = row.id, replica_id = "r90bbd427f71" } end },
  { name = "a raw GET", method = "GET", repeats = true, make = function(client) return client:request("GET", "/v2/personas") end },
  { name = "a raw DELETE", method = "DELETE", repeats = true,
    make = function(client, row) return client:request("DELETE", "/v2/personas/" .. row.id) end },
  { name = "a raw POST", method = "POST",
    make = function(client) return client:request("POST", "/v2/personas", { body = clients.persona() }) end },
  { name = "a raw POST of a list", method = "POST", -- no patch, though it reads like one
    make = function(client, row)
      return client:request("POST", "/v2/conversations/" .. row.call .. "/end", { body = { { op = "replace", path = "/a", value = 1 } } })
    end },
  { name = "a raw PATCH in JSON text", method = "PATCH", make = function(client, row)
    return client:request("PATCH", "/v2/personas/" .. row.id, { body = '[{"op":"replace","path":"/persona_name","value":"B"}]' })
  end },
}
