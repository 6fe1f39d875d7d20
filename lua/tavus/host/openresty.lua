--- The host inside nginx (lua-nginx-module, OpenResty): a call waits on a semaphore, and the worker serves other
-- requests meanwhile.
--
-- One pump in each VM drives the engine. It is the light thread of a timer, because a thread of a request would hold
-- that request open. It lives while calls wait, and 5 ms longer, so that consecutive calls share one. It steps the
-- engine every 1 to 5 ms, because nginx cannot watch a descriptor of the engine. New work wakes the pump, unless the
-- pump wakes within a millisecond anyway.
--
-- nginx kills a waiting call (the client went away, ngx.exit, ngx.thread.kill) by taking its coroutine off the
-- semaphore, and no Lua code runs then. So the pump checks at intervals whether each request still has a waiter, and
-- cancels those without.

local ngx = package.loaded.ngx

-- Worker threads of nginx and some test doubles have only a part of this API, which is not enough.
if not (ngx and ngx.get_phase and ngx.timer and ngx.thread and pcall(require, "ngx.semaphore")) then
  return { found = function() return false end }
end

local ffi = require "ffi"
local http = require "tavus.http"
local errors = require "tavus.errors"
local signal = require "tavus.host.openresty_signal"
local tasks = require "tavus.host.openresty_tasks"

local get_phase, timer_at, now = ngx.get_phase, ngx.timer.at, ngx.now
local worker_pid, monotonic = ngx.worker.pid, http.now
local pairs, pcall, tonumber, tostring = pairs, pcall, tonumber, tostring

local openresty = {
  notify = true, start = tasks.start, stop = tasks.stop, running = tasks.running, inside = tasks.running,
  later = tasks.later, watch = tasks.watch,
}

--- Whether this program is an nginx.
---@return boolean
function openresty.found() return true end

-- Seconds between two steps of the engine; doubled after each step without a result.
local SHORTEST, LONGEST = 0.001, 0.005
-- How many requests one step of the engine starts, and for how many seconds steps may follow each other before the pump
-- waits.
local STARTS, WORK = http.starts, 0.001
-- Seconds between two searches for waiters that were killed.
local PATROL = 0.05
-- Seconds after which a waiter checks whether a pump runs, and how often it starts a new one before it gives up.
local DOUBT, PATIENCE = 1, 2

-- ---- where a call may wait ----

local yieldable = {
  rewrite = true, server_rewrite = true, access = true, precontent = true, content = true, timer = true,
  preread = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
  proxy_ssl_cert = true, proxy_ssl_verify = true,
}

-- nginx removes coroutine.isyieldable. A yield that fails would leave this coroutine on the semaphore, so it is checked
-- before.
ffi.cdef [[int tavus_is_yieldable(void *) __asm__("lua_isyieldable");]]
local pointer, cast, format, running = ffi.typeof "void *", ffi.cast, string.format, coroutine.running

local function is_yieldable()
  return ffi.C.tavus_is_yieldable(cast(pointer, tonumber(format("%p", running())))) ~= 0
end
if not pcall(function() return ffi.C.tavus_is_yieldable end) then is_yieldable = function() return true end end

local IN_A_TIMER = "call it in a timer: ngx.timer.at(0, function() ... end)"
local remedies = {
  init = "workers do not exist yet: in init_worker_by_lua, " .. IN_A_TIMER,
  exit_worker = "the worker ends after this function: make the call earlier",
}

local function cannot_wait(code, message, hint)
  return errors.new { type = "config", code = code, message = message, hint = hint }
end

--- Why a call cannot wait here, or nil. Checked before anything is submitted.
---@return tavus.Error?
function openresty.check()
  local phase = get_phase()
  if not yieldable[phase] then
    return cannot_wait("phase", "a call must wait for its answer, and nothing can wait in nginx's phase " .. phase,
      remedies[phase] or IN_A_TIMER)
  end
  if not is_yieldable() then
    return cannot_wait("yield", "a call must wait for its answer, and nothing can wait inside a function that C calls:"
      .. " a file that is being loaded by require, a function given to table.sort or string.gsub",
      "make the call outside of it, or " .. IN_A_TIMER)
  end
  return nil
end

-- ---- the pump ----

-- The state of one process: after a fork the child has none of its parent's pumps.
local function new_state()
  return {
    pid = worker_pid(),
    waiters = {}, -- by the request's id
    count = 0,
    fresh = {}, -- ids that no pump has seen yet
    arrived = 0, -- how many ids `fresh` holds
    bell = signal.new(), -- wakes the pump
    pump = nil, -- identity of the pump that runs or was started
    asleep = false, -- the pump waits for the bell
    pause = SHORTEST, -- how long the pump waits at most, while calls wait
    rounds = 0, -- how often a pump went through its loop
    called = 0, -- when the last pump was started
  }
end

local state

-- Waiters (signals) for reuse: a semaphore is expensive to make and to collect.
local spare, spares, MOST_SPARES = {}, 0, 256

local function take_waiter(request)
  local waiter
  if spares > 0 then
    waiter = spare[spares]
    spare[spares] = nil
    spares = spares - 1
  else
    waiter = signal.new()
  end
  waiter.request = request
  return waiter
end

-- Keeps a waiter for reuse. Its wait must have returned.
local function give_back(waiter)
  waiter.request, waiter.failure = false, false
  if spares < MOST_SPARES then
    spares = spares + 1
    spare[spares] = waiter
  end
end

local function wake(mine, id, waiter)
  mine.waiters[id] = nil
  mine.count = mine.count - 1
  waiter:post()
end

-- A waiter is in the table until it is woken; if its signal is not awaited, its thread was killed.
local function cancel_if_killed(mine, id, waiter)
  if waiter:is_awaited() then return end
  mine.waiters[id] = nil
  mine.count = mine.count - 1
  waiter.request:cancel()
end

local function patrol(mine)
  for id, waiter in pairs(mine.waiters) do cancel_if_killed(mine, id, waiter) end
end

-- Cancels new requests whose threads were killed before their waits, so that they are not sent.
local function admit(mine)
  local fresh = mine.fresh
  for i = 1, mine.arrived do
    local waiter = mine.waiters[fresh[i]]
    if waiter then cancel_if_killed(mine, fresh[i], waiter) end
  end
  mine.arrived = 0
end

-- Wakes the waiters whose request is done.
local function deliver(mine, engine)
  local id = engine:finished()
  while id do
    local waiter = mine.waiters[id]
    if waiter then wake(mine, id, waiter) end
    id = engine:finished()
  end
end

local function drive(mine, me, engine)
  local bell, due = mine.bell, now() + PATROL
  mine.pause = SHORTEST
  while mine.pump == me do
    local starts = mine.arrived
    if starts > 0 then admit(mine) end
    -- A step starts a few requests, and may end with the first of several answers; it is repeated while it has results.
    local count, ends = mine.count, monotonic() + WORK
    local before
    repeat
      before = mine.count
      engine:step(0)
      deliver(mine, engine)
      starts = starts - STARTS
    until mine.count == 0 or mine.count == before and starts <= 0 or monotonic() >= ends
    if mine.count < count then mine.pause = SHORTEST end
    mine.rounds = mine.rounds + 1
    mine.asleep = true
    local rung = bell:wait(mine.count > 0 and mine.pause or LONGEST)
    mine.asleep = false
    if rung then
      mine.pause = SHORTEST
    elseif mine.count == 0 then
      break
    elseif mine.pause < LONGEST then
      mine.pause = mine.pause * 2 < LONGEST and mine.pause * 2 or LONGEST
    end
    local time = now()
    if time >= due then
      due = time + PATROL
      patrol(mine)
      tasks.reap()
    end
  end
  tasks.reap()
end

local function fail_all(mine, message)
  for id, waiter in pairs(mine.waiters) do
    waiter.failure = message
    wake(mine, id, waiter)
  end
end

local start

-- The timer's function. It ignores `premature` (nginx reloads): calls under way still get their answers.
local function pump(_, mine, me)
  if mine.pump ~= me then return end
  local rounds = mine.rounds
  local ok, why = pcall(drive, mine, me, http.engine())
  mine.asleep = false
  if mine.pump ~= me then return end
  mine.pump = nil
  if ok then return end
  ngx.log(ngx.ERR, "tavus: the loop that drives requests failed: ", why)
  local problem = mine.rounds == rounds and tostring(why) or start(mine)
  if problem then fail_all(mine, problem) end
end

-- Starts a pump. Returns why there will be none, or nil.
function start(mine)
  local me = {}
  mine.pump, mine.called = me, now()
  local ok, called, why = pcall(timer_at, 0, pump, mine, me)
  if ok and called then return nil end
  mine.pump = nil
  return tostring(ok and why or called)
end

-- ---- waiting for a call ----

local function no_pump(why)
  return cannot_wait("timer", "the request needs a timer, and nginx gives none: " .. why,
    "see lua_max_pending_timers, lua_max_running_timers and worker_connections")
end

-- Waits until the waiter is woken. Returns why it cannot be, or nil.
local function wait(mine, waiter)
  local rounds, missed = mine.rounds, 0
  while true do
    local came, why = waiter:wait(DOUBT)
    if came then return waiter.failure and no_pump(waiter.failure) end
    if why ~= "timeout" then return cannot_wait("phase", "nothing can wait here: " .. tostring(why), IN_A_TIMER) end
    if mine.rounds ~= rounds then
      rounds, missed = mine.rounds, 0
    else
      missed = missed + 1
      if missed > PATIENCE then return no_pump "its timers do not run" end
      -- the first waiter to notice starts a pump for all
      local problem = now() - mine.called >= DOUBT * 0.9 and start(mine)
      if problem then return no_pump(problem) end
    end
  end
end

--- Waits until a request is done.
---@param _ userdata engine
---@param request userdata
---@return tavus.Error? err when it cannot wait here
function openresty.perform(_, request)
  local task = tasks.running()
  if task then
    if task._done then
      request:cancel()
      tasks.await_end()
    end
    task._request = request
  end
  local mine = state
  if not mine or mine.pid ~= worker_pid() then
    mine = new_state()
    state, spare, spares = mine, {}, 0
  end
  if not mine.pump then
    local problem = start(mine)
    if problem then return no_pump(problem) end
  elseif mine.asleep and (mine.pause > SHORTEST or mine.count == 0) then
    -- otherwise it wakes by itself as soon
    mine.asleep = false
    mine.bell:post()
  end
  local id, waiter = request:id(), take_waiter(request)
  mine.waiters[id] = waiter
  mine.count = mine.count + 1
  mine.arrived = mine.arrived + 1
  mine.fresh[mine.arrived] = id
  local problem = signal.apart(wait, mine, waiter)
  if problem and mine.waiters[id] then
    mine.waiters[id] = nil
    mine.count = mine.count - 1
  end
  give_back(waiter)
  if task then
    task._request = nil
    if task._done then tasks.await_end() end
  end
  return problem
end

--- Waits for a time; other requests go on meanwhile.
---@param _ userdata engine
---@param seconds number
function openresty.sleep(_, seconds)
  signal.sleep(seconds)
end

-- ---- tasks ----

local function check_or_raise()
  local refused = openresty.check()
  if refused then error(refused, 0) end
end

--- Returns when a task, or the gate of a map, is done.
---@param gate table
function openresty.wait(gate)
  check_or_raise()
  tasks.wait(gate)
end

--- Yields until one of the client's tasks is done, at most so long.
---@param client table
---@param seconds number
function openresty.step(client, seconds)
  check_or_raise()
  tasks.step(client, seconds)
end

--- Waits until no task that the client has in this request is left.
---@param client table
function openresty.run(client)
  check_or_raise()
  tasks.run(client)
end

return openresty
