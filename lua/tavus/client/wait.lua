--- Waiting until an object is ready: looks at it again and again, with pauses that grow.
--
-- Which states mean ready or failed is data of the resource in the contract. The pauses are the host's (tavus.host), so
-- nothing else is held up, and a task that is cancelled in one is gone at once.

local errors = require "tavus.errors"
local hosts = require "tavus.host"
local http = require "tavus.http"
local options = require "tavus.options"

local now, max, min = http.now, math.max, math.min

local wait = {}

--- Seconds that a wait may take by default.
wait.TIMEOUT = 3600
--- Seconds of the first pause by default.
wait.INTERVAL = 2

-- Each pause is so many times the one before; a longer one than LONGEST seconds only when the caller asks for it.
local GROWTH, LONGEST = 1.5, 30
-- Seconds that the last look may take at least.
local LAST_LOOK = 1
-- Looks in a row that may fail after the first one succeeded, each with its own retries.
local MOST_MISSED = 5

---@class tavus.WaitOptions
---@field timeout number? seconds until it gives up, 3600 when nil
---@field interval number? seconds of the first pause, 2 when nil; each pause is half as long again, at most 30 s
---@field on_progress (fun(facts: tavus.Progress))? called after each look; see tavus.progress

---@class tavus.Progress
---@field kind string what it is, e.g. "document"
---@field id string
---@field status string? in Tavus' words
---@field fraction number? 0 to 1, where Tavus tells it
---@field elapsed number seconds since the wait began
---@field done boolean it is the last report
---@field row table the object

local rules = { timeout = options.seconds, interval = options.seconds, on_progress = { type = "function" } }

-- The part that is done, from a number of 100 or a text such as "37/100"; or nil.
local function fraction_of(value)
  local part, whole = value, 100
  if type(value) == "string" then
    part, whole = value:match "^%s*(%d+)%s*/%s*(%d+)%s*$"
    part, whole = tonumber(part), tonumber(whole)
  end
  if type(part) ~= "number" or not whole or whole == 0 then return nil end
  return max(0, min(part / whole, 1))
end

local function text_at(row, name)
  local value = name and row[name]
  return type(value) == "string" and value:find "%S" and value or nil
end

local function report(given, facts)
  if given.on_progress then given.on_progress(facts) end
end

-- The error of an object that will not become ready, with the reason that the server gives.
local function failed(states, facts)
  local reason
  for _, name in ipairs(states.reasons or {}) do reason = reason or text_at(facts.row, name) end
  return errors.new {
    type = "unprocessable", code = reason and reason:match "^[%w_]+$" or facts.status,
    message = ("the %s %s has the status %s%s"):format(facts.kind, facts.id, facts.status,
      reason and ": " .. reason or ", without a reason"),
    retryable = false, ambiguous = false,
  }
end

local function late(facts)
  local part = facts.fraction and (" (%d%%)"):format(math.floor(facts.fraction * 100)) or ""
  return errors.new {
    type = "timeout",
    message = ("after %.6g s the %s %s still has the status %s%s"):format(facts.elapsed, facts.kind, facts.id,
      tostring(facts.status), part),
    hint = "it goes on without the wait; wait again, or with a longer timeout", retryable = true, ambiguous = false,
  }
end

-- Sleeps; an error when nothing can wait here.
local function sleep(seconds)
  local host, nowhere = hosts.current()
  if not host then return nowhere end
  local engine, no_engine = hosts.engine()
  if not engine then return no_engine end
  host.sleep(engine, seconds)
end

--- Makes the method `wait` of a resource.
---@param class table the resource's class, with the operation get
---@param states table its states in the contract
---@return function
function wait.method(class, states)
  local title = class.collection .. ":wait"
  local is_failed = {}
  for _, status in ipairs(states.failed) do is_failed[status] = true end

  local function facts_of(id, row, started)
    local status = text_at(row, states.field)
    local is_ready = status == states.ready
    return {
      kind = class.name, id = id, status = status, row = row, elapsed = now() - started,
      fraction = is_ready and 1 or states.progress and fraction_of(row[states.progress]) or nil,
      done = is_ready or is_failed[status] or false,
    }
  end

  --- Waits until an object is ready.
  ---@param id string
  ---@param given tavus.WaitOptions?
  ---@return table? object
  ---@return tavus.Meta|tavus.Error meta of the last look; err of type "unprocessable" with the server's reason,
  --- "timeout", or what a look can give
  return function(self, id, given)
    if type(self) ~= "table" or not self._client then
      error(("wait: call it with a colon: client.%s:wait(...)"):format(class.collection), 2)
    end
    if type(id) ~= "string" then error(("%s: the id must be a string, not %s"):format(title, type(id)), 2) end
    local fine, problem = options.check(given, rules, title, 2)
    if not fine then return nil, problem end
    given = given or {}
    local pause, started = given.interval or wait.INTERVAL, now()
    local longest, ends = max(pause, LONGEST), started + (given.timeout or wait.TIMEOUT)
    local usual = self._client._deadline or class.operations.get.deadline
    local facts, missed = nil, 0
    while true do
      local left = ends - now()
      local row, meta = self:get(id, { deadline = min(usual, max(left, LAST_LOOK)) })
      if row then
        facts, missed = facts_of(id, row, started), 0
        if not facts.done then facts.done = ends <= now() end
        report(given, facts)
        if facts.status == states.ready then return row, meta end
        if is_failed[facts.status] then return nil, failed(states, facts) end
        if facts.done then return nil, late(facts) end
      else
        missed = missed + 1
        if not facts or not meta.retryable or missed > MOST_MISSED or ends <= now() then
          if facts then
            facts.done = true
            report(given, facts)
          end
          return nil, meta
        end
      end
      local next_pause = max(pause, not row and meta.retry_after or 0)
      problem = sleep(max(0, min(next_pause, ends - now())))
      if problem then return nil, problem end
      pause = min(pause * GROWTH, longest)
    end
  end
end

return wait
