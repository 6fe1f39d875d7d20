-- Cases for want of memory: every operation of the contract as a call, and what a client has besides. Each returns a
-- function; see spec/support/memerr.lua.
local core = require "tavus.core"
local wire = require "spec.support.wire"

local trust = {}

local opening = [=[
  local tavus = require "tavus"
  local options = { api_key = "tvsk_0123456789abcdef", base_url = "%s", retries = 0, log = function() end }
  local client = assert(tavus.new(options))
  -- a call ends well, or for want of memory
  local function ended(value, err)
    if value == nil and err and err.type ~= "validation" then error(tostring(err)) end
    return value
  end
]=]

-- One answer for every call: an object that has all ids, and a list.
local ANSWER = '{"persona_id":"p1","conversation_id":"c1","persona_name":"n","system_prompt":"x","data":[{"persona_id":"p1"}],"total_count":1}'

-- Source of a body that passes the check, by its kind; another kind is refused by the check.
local BODIES = {
  persona = '{ system_prompt = "x", layers = { llm = { model = "tavus-gpt-oss" } } }',
  persona_patch = 'tavus.patch():add("/context", "y"):remove "/context"',
  conversation = '{ persona_id = "p1", conversation_name = "n" }',
}

function trust.start()
  trust.server = wire.start { { "read", { answer = 200, body = ANSWER }, "loop" } }
  trust.opening = opening:format(trust.server.url)
end

function trust.stop() trust.server:stop() end

local LUA_NAMES = { ["end"] = "end_" }

trust.cases = {
  ["new, close"] = [=[
    return function()
      local made = assert(tavus.new(options))
      assert(tostring(made))
      made:close()
    end]=],
  ["request"] = [=[
    return function() ended(client:request("POST", "/v2/x", { body = { a = { 1 } }, query = { b = "c" }, headers = { D = "e" } })) end]=],
  ["personas:update"] = [=[
    return function() ended(client.personas:update("p1", function(p) p.persona_name = "other" end)) end]=],
  ["spawn, step, fd, timeout, task"] = [=[
    return function()
      local task = client:spawn(function() return ended(client.personas:get "p1") end)
      client:step(0)
      assert(client:fd() and (client:timeout() or true))
      assert(ended(task:result()).persona_id == "p1" and task:done())
      client:spawn(function() return client.personas:get "p1" end):cancel()
    end]=],
  ["map, run"] = [=[
    return function()
      for _, got in ipairs(assert(client:map({ "p1", "p2" }, function(id) return client.personas:get(id) end))) do
        ended(got.value, got.err)
      end
      assert(client:run())
    end]=],
}

for _, resource in ipairs(core.contract().resources) do
  for _, operation in ipairs(resource.operations) do
    local arguments = {}
    for _ in operation.path:gmatch "{" do arguments[#arguments + 1] = '"p1"' end
    if operation.sends ~= "nothing" then arguments[#arguments + 1] = BODIES[operation.body] or "{}" end
    local call = ("%s:%s"):format(resource.collection, LUA_NAMES[operation.name] or operation.name)
    trust.cases[call] = ("return function() ended(client.%s(%s)) end"):format(call, table.concat(arguments, ", "))
    if operation.name == "list" then
      trust.cases[resource.collection .. ":each"] =
        ("return function() for row in client.%s:each { limit = 1 } do assert(row.persona_id == 'p1') end end"):format(resource.collection)
    end
  end
end

return trust
