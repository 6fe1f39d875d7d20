--- Clients and a sandbox for the specs of the client.
local tavus = require "tavus"

local clients = {}

clients.KEY = "tvsk_a-key-that-must-not-show"

--- A persona that passes the check without warnings.
---@param change? fun(persona: table)
---@return table
function clients.persona(change)
  local persona = {
    persona_name = "Interviewer",
    system_prompt = "You are an interviewer.",
    pipeline_mode = "full",
    default_replica_id = "r90bbd427f71",
    layers = {
      llm = { model = "tavus-gpt-oss" },
      stt = { stt_engine = "tavus-auto" },
    },
  }
  if change then change(persona) end
  return persona
end

--- A client that never waits between attempts and notes the retries it made.
---@param url string
---@param options? table options of tavus.new
---@return table client
---@return table[] retries the facts of each on_retry
function clients.new(url, options)
  local retries = {}
  local all = {
    api_key = clients.KEY,
    base_url = url,
    backoff = function() return 0 end,
    on_retry = function(facts) retries[#retries + 1] = facts end,
  }
  for name, value in pairs(options or {}) do all[name] = value end
  return assert(tavus.new(all)), retries
end

--- A URL on loopback where nobody listens.
---@return string
function clients.dead_url()
  local gone = assert(require("tavus.sandbox").start { port = 0 })
  local url = gone.url
  gone:stop()
  return url
end

--- Calls a function that must raise a text, and returns the text with its position (luassert's own matchers drop it).
---@param fn function
---@return string
function clients.raised(fn)
  local ok, err = pcall(fn)
  assert(not ok, "nothing was raised")
  assert(type(err) == "string", "no text was raised")
  return err
end

--- A sandbox for the specs of a `describe`, fresh for each of them, and a client of it.
---@param teardown function busted's, which only a spec has
---@param before_each function
---@return table sandbox
---@return table client
---@return fun(): table last the last request that came
function clients.serve(teardown, before_each)
  local sandbox = assert(require("tavus.sandbox").start { port = 0 })
  local client = clients.new(sandbox.url)
  teardown(function()
    client:close()
    sandbox:stop()
  end)
  before_each(function() sandbox:reset() end)
  return sandbox, client, function()
    local all = sandbox:requests()
    return all[#all]
  end
end

--- How many requests of a method reached the sandbox.
---@param sandbox table
---@param method string
---@return integer
function clients.arrived(sandbox, method)
  local count = 0
  for _, entry in ipairs(sandbox:requests()) do
    if entry.method == method then count = count + 1 end
  end
  return count
end

--- Lets a host of the spec's own serve the calls that a function makes.
---@param host table
---@param fn function
function clients.with_host(host, fn)
  local hosts = require "tavus.host"
  local real = hosts.current
  hosts.current = function() return host end
  local ok, err = pcall(fn)
  hosts.current = real
  if not ok then error(err, 0) end
end

return clients
