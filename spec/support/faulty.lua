--- Every fault of the sandbox against every operation of the client, for the specs of all hosts: what to order, what to call,
-- what must come of it. It loads inside nginx too, so whatever is wrong is a text, or raised by plain `error`.

local clients = require "spec.support.clients"
local faults = require "tavus.sandbox.faults"
local http = require "tavus.http"
local tavus = require "tavus"

local faulty = {}

-- What each fault is to the client, the rule holding for all attempts. `repeats`: what may be repeated is; `unsent`: so is
-- everything else; `silent`: not a byte comes; `unread`: only who reads the answer's body notices.
local LOST = { type = "connection", repeats = true }
local REFUSED = { type = "response_too_large" }
local UNREAD = { type = "decode", unread = true }

faulty.cases = {
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

--- Every operation; `once`: its request may not be sent twice, but after the status `safe`; `bodiless`: what its answer holds is not looked at.
faulty.calls = {
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
  { "personas", "find", send = function(p, _, options) return p:find("Ann", options) end },
  { "personas", "delete", bodiless = true, send = function(p, row, options) return p:delete(row.persona, options) end },
  { "conversations", "create", once = true, send = function(c, row, options)
    return c:create({ persona_id = row.persona, replica_id = "r90bbd427f71" }, options)
  end },
  { "conversations", "with", once = true, send = function(c, row, options)
    return c:with({ persona_id = row.persona, replica_id = "r90bbd427f71" }, function() return true end, options)
  end },
  { "conversations", "get", send = function(c, row, options) return c:get(row.conversation, options) end },
  { "conversations", "list", send = function(c, _, options) return c:list(nil, options) end },
  { "conversations", "each", send = function(c, _, options) return c:each(nil, options)() end, raises = true },
  { "conversations", "end_", bodiless = true, send = function(c, row, options) return c:end_(row.conversation, options) end },
  { "conversations", "send_app_message", once = true, safe = 502, send = function(c, row, options)
    return c:send_app_message(row.conversation, { message_type = "conversation", event_type = "conversation.interrupt" }, options)
  end },
  { "conversations", "canvas_interactions", send = function(c, row, options)
    return c:canvas_interactions(row.conversation, nil, options)
  end },
  { "conversations", "record_canvas_interaction", send = function(c, row, options)
    return c:record_canvas_interaction(row.conversation,
      { interaction_id = "i1", tool_call_id = "t1", component = "canvas.question", type = "submit" }, options)
  end },
  { "conversations", "find", send = function(c, _, options) return c:find("Ann", options) end },
  { "conversations", "delete", bodiless = true, send = function(c, row, options) return c:delete(row.conversation, options) end },
}
for _, call in ipairs(faulty.calls) do call.title = call[1] .. ":" .. call[2] .. (call[3] or "") end

--- What the calls are about: for each a persona of its own, and a conversation of that.
---@return table[] rows
---@return string snapshot of a sandbox that has just these
function faulty.rows(server)
  local maker, rows = clients.new(server.url), {}
  for i = 1, #faulty.calls do
    local id = assert(maker.personas:create(clients.persona())).persona_id
    local conversation = assert(maker.conversations:create { persona_id = id, replica_id = "r90bbd427f71" })
    rows[i] = { persona = id, conversation = conversation.conversation_id }
  end
  maker:close()
  return rows, assert(server:snapshot())
end

--- Orders a fault for everything that comes.
---@param name string of a case
---@param slow boolean|nil so that a call is met in the middle of it: it does not end by itself
function faulty.order(server, name, slow)
  local case = faulty.cases[name]
  if name == "refuse" then return assert(server:refuse()) end
  local rule = { path = "/v2/*", times = "always" }
  for member, value in pairs(case.rule or { fault = name }) do rule[member] = value end
  for member, value in pairs(case.members or {}) do rule[member] = value end
  if slow and rule.fault and faults.on_wire(name) then
    rule.step, rule.pause = 1, 0.05
  elseif slow then
    rule.delay = 600
  end
  assert(server:next(rule))
end

--- Makes a call, which may have so much time: what it gave.
---@param in_task boolean|nil what it raises is then the task's result
function faulty.make(client, call, row, case, options, in_task)
  local given = {}
  for name, value in pairs(options) do given[name] = value end
  for name, value in pairs(case.options or {}) do given[name] = value end
  if in_task or not call.raises then return call.send(client[call[1]], row, given) end
  local done, result = pcall(call.send, client[call[1]], row, given)
  if done then return result end
  return nil, result
end

-- Whether a text is anywhere in a value.
local function holds(value, text)
  if type(value) ~= "table" then return tostring(value):find(text, 1, true) ~= nil end
  for key, item in pairs(value) do
    if holds(key, text) or holds(item, text) then return true end
  end
  return false
end

--- Whether an error shows the key, in whatever it holds or prints.
function faulty.shows_key(err) return holds(err, clients.KEY) or tostring(err):find(clients.KEY, 1, true) ~= nil end

--- What is wrong with what a call gave; nil when nothing is.
---@param idle integer connections that lay idle when it began
---@return string|nil
function faulty.flaw(case, call, value, err, idle)
  local once = call.once and (not case.status or case.status ~= call.safe) or false
  local again = case.unsent or case.repeats and not once
  local least = again and (case.most or 3) or 1
  -- What ends on a reused connection without a byte, libcurl mostly sends once more by itself where it may.
  local most = least + (case.silent and again and idle or 0)
  local expected = { type = case.type, status = case.status, ambiguous = case.repeats and once or false }
  if case.unread and call.bodiless then
    if value ~= true then return "its status says that it was done, and it is not told so: " .. tostring(err) end
  elseif value ~= nil then
    return "there is a value: " .. tostring(value)
  else
    for name, wanted in pairs(expected) do
      if err[name] ~= wanted then return ("%s is %s, not %s: %s"):format(name, tostring(err[name]), tostring(wanted), tostring(err)) end
    end
    if faulty.shows_key(err) then return "the key shows" end
  end
  if err.attempts < least or err.attempts > most then return ("%d attempts, not %d: %s"):format(err.attempts, least, tostring(err)) end
  return nil
end

--- A client that has fewer connections than there are calls, so that some wait in line.
function faulty.client(url, options)
  local all = { max_connections = faulty.connections }
  for name, value in pairs(options or {}) do all[name] = value end
  return clients.new(url, all)
end
faulty.connections = 4

--- A client that sleeps after a failure for as long as one likes; and whether it does.
---@return table client
---@return fun(): boolean
function faulty.sleeper(url)
  local sleeps = false
  return faulty.client(url, { backoff = function()
    sleeps = true
    return 1e5
  end }), function() return sleeps end
end

--- What may not be repeated succeeds with one sending. Raises what is wrong.
---@return boolean
function faulty.use(client)
  local persona, meta = client.personas:create(clients.persona())
  assert(persona, meta)
  assert(meta.attempts == 1, "it was sent more than once")
  assert(assert(client.personas:get(persona.persona_id)).persona_id == persona.persona_id, "another's answer")
  return true
end

--- How often it is to be used at once: then no dead or poisoned connection is left.
faulty.uses = 3 * faulty.connections

-- ---- calls in tasks ----

--- Seconds for what comes at once.
local PATIENCE = 60
--- Options of a call that does not end by itself.
faulty.forever = { timeout = 1e6, deadline = 1e6 }

-- What is proven now, for the message.
local where = "to begin with"

local function must(value, message)
  if not value then error(where .. ": " .. tostring(message), 0) end
  return value
end

local function assert_idle()
  local engine = tostring(http.engine())
  must(engine:find("0 under way, 0 waiting", 1, true), engine)
end

--- How many descriptors a process has.
---@param pid string|nil this one when nil
---@return integer
function faulty.descriptors(pid)
  local count = 0
  for _ in require("lfs").dir(("/proc/%s/fd"):format(pid or "self")) do count = count + 1 end
  return count
end

--- All calls at once, each in a task.
function faulty.spawn_all(client, rows, case, options)
  local tasks = {}
  for i, call in ipairs(faulty.calls) do
    tasks[i] = client:spawn(faulty.make, client, call, rows[i], case, options, true)
  end
  return tasks
end

--- The ways in which a program has enough of its calls.
faulty.endings = {
  cancel = function(_, tasks)
    for _, task in ipairs(tasks) do task:cancel() end
  end,
  close = function(client) client:close() end,
}

--- Has enough of them, and looks at what that gives. Raises what is wrong.
---@param name string of the case
---@param how string of the ending
---@return boolean
function faulty.finish(client, tasks, name, how)
  local over = {} -- of garbage the first byte may be enough
  for i, task in ipairs(tasks) do over[i] = task:done() end
  faulty.endings[how](client, tasks)
  for i, task in ipairs(tasks) do
    must(task:done(), faulty.calls[i].title .. " goes on")
    local value, err = task:result()
    local fine = value == nil and err.type == (over[i] and faulty.cases[name].type or "cancelled") and not faulty.shows_key(err)
    must(fine, faulty.calls[i].title .. ": " .. tostring(err))
  end
  assert_idle()
  client:close()
  return true
end

local function all_done(tasks)
  return function()
    for _, task in ipairs(tasks) do
      if not task:done() then return false end
    end
    return true
  end
end

local function assert_usable(client, await)
  local tasks = {}
  for i = 1, faulty.uses do tasks[i] = client:spawn(faulty.use, client) end
  await(all_done(tasks))
  for _, task in ipairs(tasks) do must(task:result()) end
end

-- One fault, that takes its course.
local function meet(client, server, rows, name, await)
  local case = faulty.cases[name]
  local earlier = #server:requests()
  faulty.order(server, name)
  local tasks = faulty.spawn_all(client, rows, case, { timeout = PATIENCE / 2, deadline = PATIENCE })
  await(all_done(tasks))
  local attempts = 0
  for i, task in ipairs(tasks) do
    local value, err = task:result()
    local flaw = faulty.flaw(case, faulty.calls[i], value, err, faulty.connections)
    must(not flaw, flaw and faulty.calls[i].title .. ": " .. flaw)
    attempts = attempts + err.attempts
  end
  local arrived = #server:requests { since = earlier }
  must(arrived == (case.unsent and 0 or attempts), ("%d attempts, and %d arrived"):format(attempts, arrived))
end

-- In the middle of one fault, that does not end by itself.
---@return table client
---@return table[] tasks
local function set_out(server, rows, name, await)
  local client, slept = faulty.sleeper(server.url)
  local earlier, turns = #server:requests(), 0
  faulty.order(server, name, true)
  local tasks = faulty.spawn_all(client, rows, {}, faulty.forever)
  await(function() return slept() or #server:requests { since = earlier } >= faulty.connections end)
  await(function() -- some bytes may come
    turns = turns + 1
    return turns > 3
  end)
  return client, tasks
end

local function collect(server, rows, name, await)
  local left = setmetatable({}, { __mode = "k" })
  do
    local client, tasks = set_out(server, rows, name, await)
    left[client] = true
    for _, task in ipairs(tasks) do left[task] = true end
  end
  await(function()
    collectgarbage()
    return next(left) == nil
  end)
end

--- Meets every fault with every operation at once, in tasks: to its end, and left in the middle, in each way. Raises what is wrong.
---@param drive fun(condition: fun(): boolean) drives the clients, in the way that is to be proven, until the condition holds
function faulty.walk(server, drive)
  local function await(condition)
    local limit = http.now() + PATIENCE
    drive(function()
      must(http.now() < limit, "it never came")
      return condition()
    end)
  end
  local rows, start = faulty.rows(server)
  local client = faulty.client(server.url)
  local before = faulty.descriptors()
  assert_usable(client, await)
  for name in pairs(faulty.cases) do
    for _, how in ipairs { "meet", "cancel", "close", "collect" } do
      where = name .. ", " .. how
      if how == "meet" then
        meet(client, server, rows, name, await)
      elseif how == "collect" then
        collect(server, rows, name, await)
      else
        local other, tasks = set_out(server, rows, name, await)
        faulty.finish(other, tasks, name, how)
      end
      must(server:restore(start))
      assert_usable(client, await)
      assert_idle()
    end
  end
  client:close()
  -- All those calls have left connections of the pool at the most. (The sandbox takes a second to notice who is gone.)
  must(server:refuse())
  where = "descriptors"
  await(function() return faulty.descriptors() <= before + faulty.connections end)
end

return faulty
