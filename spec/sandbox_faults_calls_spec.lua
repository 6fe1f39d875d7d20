-- Every fault of the sandbox against every operation of the client: a proper error in time, and nothing that outlasts it.
local clients = require "spec.support.clients"
local faults = require "tavus.sandbox.faults"
local http = require "tavus.http"
local lfs = require "lfs"
local resource = require "tavus.resource"
local sandbox = require "tavus.sandbox"
local tavus = require "tavus"

-- What each fault is to the client, the rule holding for all attempts. `repeats`: what may be repeated is; `unsent`: so is
-- everything else; `silent`: not a byte comes; `unread`: only who reads the answer's body notices.
local LOST = { type = "connection", repeats = true }
local REFUSED = { type = "response_too_large" }
local UNREAD = { type = "decode", unread = true }
local CASES = {
  cut_headers = LOST,
  cut_body = LOST,
  bad_chunk = LOST,
  length_too_long = LOST,
  garbage = LOST,
  length_too_short = UNREAD,
  endless = REFUSED,
  endless_headers = REFUSED,
  large = REFUSED,
  gzip_bomb = REFUSED,
  html_502 = { type = "server", status = 502, repeats = true },
  invalid_utf8 = UNREAD,
  deep_json = UNREAD,
  redirect = { type = "redirect_blocked", status = 307 },
  key_echo = { type = "auth", status = 401 },
  drip = { type = "timeout", repeats = true, most = 1, members = { step = 1, pause = 0.05 }, options = { timeout = 0.12, retries = 0 } },
  ["close before"] = { type = "connection", repeats = true, silent = true, rule = { close = "before" } },
  ["close after"] = { type = "connection", repeats = true, silent = true, rule = { close = "after" } },
  ["reset before"] = { type = "connection", repeats = true, silent = true, rule = { close = "before", reset = true } },
  ["reset after"] = { type = "connection", repeats = true, silent = true, rule = { close = "after", reset = true } },
  refuse = { type = "connection", unsent = true },
}

-- Every operation; `once`: its request may not be sent twice, `bodiless`: what its answer holds is not looked at.
local CALLS = {
  { "personas", "create", once = true, send = function(p, _, options) return p:create(clients.persona(), options) end },
  { "personas", "get", send = function(p, row, options) return p:get(row.persona, options) end },
  { "personas", "list", send = function(p, _, options) return p:list(nil, options) end },
  { "personas", "each", send = function(p, _, options) return p:each(nil, options)() end, raises = true },
  { "personas", "patch", send = function(p, row, options)
    return p:patch(row.persona, tavus.patch():replace("/persona_name", "B"), options)
  end },
  { "personas", "patch", " that may not be repeated", once = true, send = function(p, row, options)
    return p:patch(row.persona, tavus.patch():remove "/persona_name", options)
  end },
  { "personas", "update", send = function(p, row, options)
    return p:update(row.persona, function(persona) persona.persona_name = "B" end, options)
  end },
  { "personas", "delete", bodiless = true, send = function(p, row, options) return p:delete(row.persona, options) end },
  { "conversations", "create", once = true, send = function(c, row, options)
    return c:create({ persona_id = row.persona, replica_id = "r90bbd427f71" }, options)
  end },
  { "conversations", "get", send = function(c, row, options) return c:get(row.conversation, options) end },
  { "conversations", "list", send = function(c, _, options) return c:list(nil, options) end },
  { "conversations", "each", send = function(c, _, options) return c:each(nil, options)() end, raises = true },
  { "conversations", "end_", bodiless = true, send = function(c, row, options) return c:end_(row.conversation, options) end },
  { "conversations", "delete", bodiless = true, send = function(c, row, options) return c:delete(row.conversation, options) end },
}

-- Whether a text is anywhere in a value.
local function holds(value, text)
  if type(value) ~= "table" then return tostring(value):find(text, 1, true) ~= nil end
  for key, item in pairs(value) do
    if holds(key, text) or holds(item, text) then return true end
  end
  return false
end

local function descriptors()
  local count = 0
  for _ in lfs.dir "/proc/self/fd" do count = count + 1 end
  return count
end

describe("a fault of the sandbox", function()
  local server, client, row, start

  setup(function()
    server = assert(sandbox.start())
    local maker = clients.new(server.url)
    row = { persona = assert(maker.personas:create(clients.persona())).persona_id }
    row.conversation = assert(maker.conversations:create { persona_id = row.persona, replica_id = "r90bbd427f71" }).conversation_id
    start = assert(server:snapshot())
    maker:close()
  end)
  teardown(function() server:stop() end)
  before_each(function()
    assert(server:restore(start))
    client = clients.new(server.url)
  end)
  after_each(function() client:close() end)

  it("has a case here, whichever it is, and so has every operation", function()
    for name in faults.names:gmatch "[^, ]+" do assert.truthy(CASES[name], name) end
    local have = {}
    for _, call in ipairs(CALLS) do have[call[1] .. ":" .. call[2]] = true end
    for collection, class in pairs(resource.classes()) do
      for method in pairs(class.__index) do assert.is_true(have[collection .. ":" .. method], collection .. ":" .. method) end
    end
  end)

  -- Orders the fault for everything that comes.
  local function order(name, case)
    if name == "refuse" then return assert(server:refuse()) end
    local rule = { path = "/v2/*", times = "always" }
    for member, value in pairs(case.rule or { fault = name }) do rule[member] = value end
    for member, value in pairs(case.members or {}) do rule[member] = value end
    assert(server:next(rule))
  end

  -- Makes the call: value, error, whether it was in time.
  local function make(call, case)
    local options = { timeout = 2, deadline = 4 }
    for member, value in pairs(case.options or {}) do options[member] = value end
    local begun = http.now()
    local value, err
    if call.raises then
      local done, result = pcall(call.send, client[call[1]], row, options)
      if done then value = result else err = result end
    else
      value, err = call.send(client[call[1]], row, options)
    end
    return value, err, http.now() - begun < options.deadline
  end

  for name, case in pairs(CASES) do
    for _, call in ipairs(CALLS) do
      local title = call[1] .. ":" .. call[2] .. (call[3] or "")
      it(("%s is a proper error of %s, once, and does not outlast its connection"):format(name, title), function()
        assert(client.personas:get(row.persona)) -- and now the connection is a reused one
        local open = descriptors()
        order(name, case)
        local value, err, in_time = make(call, case)
        assert.is_true(in_time)

        local arrived = #server:requests() - 1
        local again = case.unsent or case.repeats and not call.once
        local attempts = err.attempts
        assert.equal(case.unsent and 0 or attempts, arrived)
        -- What ends on a reused connection without a byte, libcurl mostly sends once more by itself where it may.
        if case.silent and again and attempts == 4 then attempts = 3 end
        assert.equal(again and (case.most or 3) or 1, attempts)
        if case.unread and call.bodiless then
          assert.is_true(value) -- the status says it
        else
          assert.is_nil(value)
          assert.equal(case.type, err.type)
          if case.status then assert.equal(case.status, err.status) end
          assert.equal(case.repeats and call.once or false, err.ambiguous)
          assert.is_false(holds(err, clients.KEY))
          assert.is_nil(tostring(err):find(clients.KEY, 1, true))
        end

        -- The next call may not be repeated, so a dead or poisoned connection would end it.
        assert(server:restore(start))
        local persona, meta = client.personas:create(clients.persona())
        assert.truthy(persona, tostring(meta))
        assert.equal(1, meta.attempts)
        assert.equal(persona.persona_id, assert(client.personas:get(persona.persona_id)).persona_id)
        local limit = http.now() + 5
        while descriptors() > open and http.now() < limit do http.engine():step(0.001) end
        assert.is_true(descriptors() <= open, ("%d and then %d"):format(open, descriptors()))
      end)
    end
  end
end)
