--- A client and a scripted server for the specs of tasks.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local wire = require "spec.support.wire"

local stage = {}

--- An answer with a persona.
stage.OK = { answer = 200, body = '{"persona_id":"p1","persona_name":"Ann"}' }
--- Every request is answered.
stage.ANSWERING = { { "read", stage.OK, "loop" } }
--- Every request is read, and answered when the spec says so: `server:release "go"`.
stage.HOLDING = { { "read", { await = "go" }, stage.OK, "loop" } }

--- Start a server with this script (spec/support/wire.lua), and make a client for it.
---@param script table
---@param options? table options of tavus.new
---@return table client
---@return table server
function stage.open(script, options)
  local server = wire.start(script)
  return clients.new(server.url, options), server
end

--- Step until something is true; no test waits for a time.
---@param client table
---@param condition fun(): boolean
function stage.step_until(client, condition)
  local give_up = http.now() + 30
  while not condition() do
    assert(http.now() < give_up, "it never came true")
    client:step(0.02)
  end
end

return stage
