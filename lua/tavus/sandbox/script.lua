--- The queue behind `sandbox:next {...}`: answers that were ordered before.

local core = require "tavus.core"
local faults = require "tavus.sandbox.faults"
local routes = require "tavus.sandbox.routes"
local values = require "tavus.sandbox.values"

local is_whole = values.is_whole

local script = {}

---@class tavus.sandbox.Rule
---@field status integer|nil   answer this, and do not handle the request
---@field headers table<string, string>|nil
---@field body any             text, or a value that is sent as JSON
---@field delay number|number[]|nil  seconds before the answer; `{ low, high }`: any between them
---@field fault string|nil     spoil the answer, or answer badly, in one of the ways of `tavus.sandbox.faults`
---@field step integer|nil     of a fault that sends bytes: at most so many at a time
---@field pause number|nil     seconds between two steps
---@field chance number|nil    use the rule only for this share of the requests it fits, 0 to 1
---@field seed integer|nil     for `chance` and `delay`: the same seed gives the same numbers again (default 0)
---@field close "before"|"after"|nil  close without an answer, with the request unhandled or handled
---@field reset boolean|nil    close with a TCP reset
---@field times integer|"always"|nil  for how many requests (default 1)
---@field method string|nil    only requests with this method
---@field path string|nil      only requests with this path; `*` is anything, `{name}` one segment

local TYPES = {
  status = "number", headers = "table", close = "string", reset = "boolean",
  fault = "string", step = "number", pause = "number", chance = "number", seed = "number",
  method = "string", path = "string",
  body = "any", delay = "any", times = "any", -- each has a check of its own
}

local MAX_HEADERS = 16384 -- with twice as much the server closes the connection without a word
local MAX_STEP = 65536
local MAX_SEED = 2147483645

local function check_headers(headers)
  local size = 0
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      return ("'%s' is no name of a header"):format(tostring(name))
    end
    if type(value) ~= "string" and type(value) ~= "number" or tostring(value):find "[%c]" then
      return ("header '%s' must be a text without control characters"):format(name)
    end
    if name:lower() == "content-length" or name:lower() == "transfer-encoding" then
      return ("header '%s' is the server's own"):format(name)
    end
    size = size + #name + #tostring(value)
  end
  if size > MAX_HEADERS then return ("headers must not be longer than %d bytes together"):format(MAX_HEADERS) end
  return nil
end

local function check_times(times)
  if times == nil or times == "always" then return nil end
  if is_whole(times, 1, 2147483647) then return nil end
  return "times must be a whole number of 1 or more, or \"always\""
end

local function seconds(value) return type(value) == "number" and value >= 0 and value <= 3600 end

local function check_delay(delay)
  if delay == nil or seconds(delay) then return nil end
  if type(delay) == "table" and #delay == 2 and seconds(delay[1]) and seconds(delay[2]) and delay[1] <= delay[2] then
    return nil
  end
  return "delay must be from 0 to 3600 seconds, or { low, high }"
end

local function check_fault(rule)
  local fault = rule.fault
  if not fault then
    if rule.step or rule.pause then return "step and pause say how a fault is sent: give fault too" end
    return nil
  end
  if fault == "refuse" then return "a refused connection has no request that a rule could fit: call sandbox:refuse()" end
  local nameless = faults.check(fault)
  if nameless then return nameless end
  if rule.close then return "a rule has a fault or a close, not both" end
  if faults.replaces(fault) and (rule.status or rule.body ~= nil) then
    return ("the fault '%s' has an answer of its own: leave out status and body"):format(fault)
  end
  if (rule.step or rule.pause) and not faults.on_wire(fault) then
    return ("the fault '%s' is an ordinary answer: leave out step and pause"):format(fault)
  end
  if rule.step and not is_whole(rule.step, 1, MAX_STEP) then return ("step must be a whole number from 1 to %d"):format(MAX_STEP) end
  if rule.pause and not seconds(rule.pause) then return "pause must be from 0 to 3600 seconds" end
  if rule.pause and not rule.step and fault ~= "drip" then return "pause is between two steps: give step too" end
  return nil
end

local function check_random(rule)
  if rule.chance and not (rule.chance >= 0 and rule.chance <= 1) then return "chance must be from 0 to 1" end
  if rule.seed and not is_whole(rule.seed, 0, MAX_SEED) then return ("seed must be a whole number from 0 to %d"):format(MAX_SEED) end
  if rule.seed and not rule.chance and type(rule.delay) ~= "table" then
    return "seed is for what is random: give chance or delay = { low, high }"
  end
  return nil
end

--- Checks a rule.
---@param rule table
---@return string|nil message what is wrong with it
function script.check(rule)
  if type(rule) ~= "table" then return "a table is wanted, as in next { status = 503 }" end
  for name, value in pairs(rule) do
    local wanted = TYPES[name]
    if not wanted then return values.unknown("there is no '%s' here", name, TYPES) end
    if wanted ~= "any" and type(value) ~= wanted then return ("%s must be a %s"):format(name, wanted) end
  end
  local status = rule.status
  if status and not is_whole(status, 200, 599) then
    return "status must be a whole number from 200 to 599"
  end
  if rule.close and rule.close ~= "before" and rule.close ~= "after" then
    return "close must be \"before\" or \"after\""
  end
  if rule.reset and not rule.close then return "reset says how to close: give close too" end
  if rule.close and (status or rule.body ~= nil or rule.headers) then
    return "a closed connection has no answer: leave out status, headers and body"
  end
  local kind = type(rule.body)
  if kind ~= "nil" and kind ~= "string" and kind ~= "table" then return "body must be a string or a table" end
  return check_times(rule.times) or routes.check_aim(rule) or check_headers(rule.headers or {}) or check_delay(rule.delay)
    or check_fault(rule) or check_random(rule)
end

-- A generator of numbers from 0 to 1 that is the same in every Lua (the "minimal standard" of Park and Miller).
local function random_from(seed)
  local state = seed + 1
  local function draw()
    state = state * 16807 % 2147483647
    return (state - 1) / 2147483646
  end
  for _ = 1, 5 do draw() end -- small seeds begin alike
  return draw
end

---@class tavus.sandbox.Script
local methods = {}
methods.__index = methods

--- Adds a rule that `script.check` has passed.
---@param rule tavus.sandbox.Rule
function methods:add(rule)
  local status, body = rule.status, rule.body
  if body ~= nil and type(body) ~= "string" then body = assert(core.encode(body)) end
  if body ~= nil and not status then status = 200 end
  self.rules[#self.rules + 1] = {
    status = status,
    headers = rule.headers,
    body = body,
    delay = rule.delay,
    fault = rule.fault,
    step = rule.step,
    pause = rule.pause,
    chance = rule.chance,
    random = random_from(rule.seed or 0),
    close = rule.close,
    reset = rule.reset,
    left = rule.times or 1,
    method = rule.method and rule.method:upper(),
    pattern = rule.path and routes.pattern(rule.path),
  }
end

local function fits(rule, method, path)
  return (not rule.method or rule.method == method) and (not rule.pattern or path:find(rule.pattern))
    and (not rule.chance or rule.random() < rule.chance)
end

--- Takes the rule for a request: of those that fit, the one that was added first.
-- Its `wait` is the delay for this request.
---@param method string
---@param path string
---@return table|nil rule
function methods:take(method, path)
  local rules = self.rules
  for i = 1, #rules do
    local rule = rules[i]
    if fits(rule, method, path) then
      local delay = rule.delay
      rule.wait = type(delay) == "table" and delay[1] + (delay[2] - delay[1]) * rule.random() or delay
      if rule.left ~= "always" then
        rule.left = rule.left - 1
        if rule.left <= 0 then table.remove(rules, i) end
      end
      return rule
    end
  end
  return nil
end

--- How many rules wait.
---@return integer
function methods:count() return #self.rules end

--- Forgets all rules.
function methods:clear() self.rules = {} end

--- An empty queue.
---@return tavus.sandbox.Script
function script.new()
  return setmetatable({ rules = {} }, methods)
end

return script
