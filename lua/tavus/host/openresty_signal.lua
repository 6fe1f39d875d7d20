--- How a light thread of nginx waits: for a signal, or for a time.
--
-- nginx may resume a waiting thread early: threads that it once waited for (ngx.thread.wait for the first of several)
-- resume it at their ends, with values of their own. So the results of a semaphore's wait prove nothing. The thread is
-- also still in that semaphore's queue: waiting on any semaphore then, or posting to that one later, corrupts the
-- queue. ngx.sleep takes the thread out of the queue, and returns no values when the time is really over.

local semaphores = require "ngx.semaphore"
local now = require("tavus.http").now

local sleep, spawn, wait, kill = ngx.sleep, ngx.thread.spawn, ngx.thread.wait, ngx.thread.kill
local running_thread = coroutine.running
local error, pcall, select, max = error, pcall, select, math.max

local Signal = {}
Signal.__index = Signal

-- Seconds of the shortest sleep, which is nginx's resolution.
local SHORTEST = 0.001
-- Seconds for which a thread counts as being in that sleep. nginx may kill it there without a trace.
local TRUST = 10

local signal = {}

--- A signal, for one thread at a time to wait for.
---@return tavus.host.Signal
function signal.new()
  ---@class tavus.host.Signal
  ---@field posted boolean
  ---@field semaphore table never one in whose queue a thread was left
  ---@field away number|false its thread is out of the queue, and is back before this time
  return setmetatable({ semaphore = assert(semaphores.new()), posted = false, away = false }, Signal)
end

--- Sleeps for the whole time, although other threads may resume this one.
---@param seconds number
function signal.sleep(seconds)
  local ends = now() + seconds
  while select("#", sleep(seconds)) > 0 do seconds = max(ends - now(), 0) + SHORTEST end
end

local function run(outcome, fn, ...)
  outcome.ok, outcome.value = pcall(fn, ...)
  outcome.ended = true
end

--- Calls a function that waits for signals. Where the caller is the request's first thread, or a coroutine, the
-- function runs on a light thread of its own. A thread of the program that was resumed early may still be in the queue
-- of another semaphore, or wait for a socket, and must not enter a second queue; and nginx does not take coroutines out
-- of queues when their request ends. Other threads of the program may be killed one by one, so they wait themselves.
---@param fn fun(...): any
---@return any value
function signal.apart(fn, ...)
  local _, why = kill(running_thread()) -- always fails; the message says what kind of thread this is
  if why ~= "not user thread" then return fn(...) end
  local outcome = { ended = false, ok = false, value = false }
  local thread = spawn(run, outcome, fn, ...)
  repeat
    _, why = wait(thread)
  until outcome.ended or why == "already waited or killed"
  if not outcome.ok then error(outcome.value or why, 0) end
  return outcome.value
end

--- Ends the wait for it, also a wait that begins later.
function Signal:post()
  if self.posted then return end
  self.posted = true
  if not self.away then self.semaphore:post(2) end
end

--- Whether a thread waits for it; false after nginx killed the thread.
---@return boolean
function Signal:is_awaited()
  return self.semaphore:count() < 0 or self.away and now() < self.away
end

-- Whether a wait ended regularly, with the thread out of the queue. The second of the two posts can only be taken when
-- the queue is empty.
local function has_ended(self)
  if self.posted then return self.semaphore:wait(0) and self.semaphore:count() == 0 end
  return self.semaphore:count() == 0
end

-- Takes the thread out of the queue.
local function leave_queue(self)
  self.away = now() + TRUST
  signal.sleep(SHORTEST)
  self.semaphore = assert(semaphores.new())
  self.away = false
end

--- Waits for it, at most so long, and resets it for the next wait.
---@param seconds number
---@return boolean came
---@return string? why "timeout", or why nothing can wait here
function Signal:wait(seconds)
  local ends = now() + seconds
  repeat
    local _, why = self.semaphore:wait(seconds)
    local ended = has_ended(self)
    if not ended then leave_queue(self) end
    if self.posted then
      self.posted = false
      return true
    end
    if ended then return false, why end
    seconds = ends - now()
  until seconds < SHORTEST
  return false, "timeout"
end

return signal
