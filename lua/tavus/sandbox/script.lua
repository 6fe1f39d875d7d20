--- The rules of `sandbox:next {...}`, which decide what happens to the next requests.

local copy_of = require("tavus.sandbox.views").copy
local core = require "tavus.core"
local faults = require "tavus.sandbox.faults"
local options = require "tavus.options"
local routes = require "tavus.sandbox.routes"

local script = {}

---@class tavus.sandbox.Rule
---@field status integer?  answer this, and do not handle the request
---@field headers table<string, string>?
---@field body any  text, or a value that is sent as JSON
---@field delay number|number[]?  seconds before the answer; `{ low, high }`: any between them
---@field fault string?  spoil the answer, or answer badly, in one of the ways of `tavus.sandbox.faults`
---@field step integer?  of a fault that sends bytes: at most so many at a time
---@field pause number?  seconds between two steps
---@field chance number?  use the rule only for this share of the requests it fits, 0 to 1
---@field seed integer?  for `chance` and `delay`: the same seed gives the same numbers again (default 0)
---@field close "before"|"after"|nil  close without an answer, with the request unhandled or handled
---@field reset boolean?  close with a TCP reset
---@field times integer|"always"|nil  for how many requests (default 1)
---@field method string?  only requests with this method
---@field path string?  only requests with this path; `*` is anything, `{name}` one segment

local MAX_SECONDS = 3600
local MAX_HEADERS = 16384 -- with twice as much the server closes the connection without an answer

local RULES = {
  status = { type = "number", integer = true, least = 200, most = 599 },
  headers = { type = "table" },
  body = { type = "string|table" },
  delay = { type = "number|table", least = 0, most = MAX_SECONDS },
  fault = { type = "string", choices = faults.all },
  step = { type = "number", integer = true, least = 1, most = 65536 },
  pause = { type = "number", least = 0, most = MAX_SECONDS },
  chance = { type = "number", least = 0, most = 1 },
  seed = { type = "number", integer = true, least = 0, most = 2147483645 },
  close = { type = "string", choices = { before = true, after = true } },
  reset = { type = "boolean" },
  times = { type = "number|string", integer = true, least = 1, most = 2147483647 },
  method = { type = "string" },
  path = { type = "string" },
}

local function check_headers(headers)
  local size = 0
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      return ("'%s' is not a name of a header"):format(tostring(name))
    end
    if type(value) ~= "string" and type(value) ~= "number" or tostring(value):find "[%c]" then
      return ("header '%s' must be a text without control characters"):format(name)
    end
    if name:lower() == "content-length" or name:lower() == "transfer-encoding" then
      return ("header '%s' is set by the server"):format(name)
    end
    size = size + #name + #tostring(value)
  end
  if size > MAX_HEADERS then return ("headers must not be longer than %d bytes together"):format(MAX_HEADERS) end
  return nil
end

local function seconds(value) return type(value) == "number" and value >= 0 and value <= MAX_SECONDS end

local function check_delay(delay)
  if type(delay) ~= "table" then return nil end
  if #delay == 2 and seconds(delay[1]) and seconds(delay[2]) and delay[1] <= delay[2] then return nil end
  return ("delay must be from 0 to %d seconds, or { low, high }"):format(MAX_SECONDS)
end

local function check_fault(rule)
  local fault, is_slowed = rule.fault, rule.step or rule.pause
  if not fault then return is_slowed and "step and pause are for a fault: give fault too" or nil end
  if rule.close then return "a rule has a fault or a close, not both" end
  if faults.replaces(fault) and (rule.status or rule.body ~= nil) then
    return ("the fault '%s' has an answer of its own: leave out status and body"):format(fault)
  end
  if is_slowed and not faults.on_wire(fault) then
    return ("the fault '%s' is an ordinary answer: leave out step and pause"):format(fault)
  end
  if rule.pause and not rule.step and fault ~= "drip" then return "pause is between two steps: give step too" end
  return nil
end

local function check_close(rule)
  if rule.reset and not rule.close then return "reset is a way to close: give close too" end
  if rule.close and (rule.status or rule.body ~= nil or rule.headers) then
    return "a closed connection has no answer: leave out status, headers and body"
  end
  return nil
end

--- Checks a rule.
---@param rule table
---@return string? message what is wrong with it
function script.check(rule)
  if type(rule) == "table" and rule.fault == "refuse" then
    return "a rule cannot refuse connections, which have no request that it could fit: call sandbox:refuse()"
  end
  local message = options.flaw(rule, RULES, "next")
  if message then return message end
  if type(rule.times) == "string" and rule.times ~= "always" then
    return "times must be a whole number of 1 or more, or \"always\""
  end
  if rule.seed and not rule.chance and type(rule.delay) ~= "table" then
    return "seed is for what is random: give chance or delay = { low, high }"
  end
  return check_close(rule) or routes.check_aim(rule) or check_headers(rule.headers or {}) or check_delay(rule.delay)
    or check_fault(rule)
end

-- A generator of numbers from 0 to 1, the same in every Lua (the "minimal standard" of Park and Miller).
local function random_from(seed)
  local state = seed + 1
  local function draw()
    state = state * 16807 % 2147483647
    return (state - 1) / 2147483646
  end
  for _ = 1, 5 do draw() end -- the first numbers of small seeds are similar
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
  self.rules[#self.rules + 1] = copy_of(rule, {
    status = status,
    body = body,
    random = random_from(rule.seed or 0),
    left = rule.times or 1,
    method = rule.method and rule.method:upper(),
    pattern = rule.path and routes.pattern(rule.path),
  })
end

local function fits(rule, method, path)
  return (not rule.method or rule.method == method) and (not rule.pattern or path:find(rule.pattern))
    and (not rule.chance or rule.random() < rule.chance)
end

--- Takes the rule for a request: the oldest that fits. Its `wait` is the delay of this
-- request.
---@param method string
---@param path string
---@return table? rule
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

--- How many rules are left.
---@return integer
function methods:count() return #self.rules end

--- Forgets all rules.
function methods:clear() self.rules = {} end

--- An empty list of rules.
---@return tavus.sandbox.Script
function script.new() return setmetatable({ rules = {} }, methods) end

return script
