--- The queue behind `sandbox:next {...}`: answers that were ordered before.

local core = require "tavus.core"
local routes = require "tavus.sandbox.routes"

local script = {}

---@class tavus.sandbox.Rule
---@field status integer|nil   answer this, and do not handle the request
---@field headers table<string, string>|nil
---@field body any             text, or a value that is sent as JSON
---@field delay number|nil     seconds before the answer
---@field close "before"|"after"|nil  close without an answer, with the request unhandled or handled
---@field reset boolean|nil    close with a TCP reset
---@field times integer|"always"|nil  for how many requests (default 1)
---@field method string|nil    only requests with this method
---@field path string|nil      only requests with this path; `*` is anything, `{name}` one segment

local TYPES = {
  status = "number", headers = "table", delay = "number", close = "string", reset = "boolean",
  method = "string", path = "string",
}

local function check_headers(headers)
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
  end
  return nil
end

local function check_times(times)
  if times == nil or times == "always" then return nil end
  if type(times) == "number" and times >= 1 and times == math.floor(times) then return nil end
  return "times must be a whole number of 1 or more, or \"always\""
end

--- Checks a rule.
---@param rule table
---@return string|nil message what is wrong with it
function script.check(rule)
  if type(rule) ~= "table" then return "a table is wanted, as in next { status = 503 }" end
  for name, value in pairs(rule) do
    if name ~= "body" and name ~= "times" then
      local wanted = TYPES[name]
      if not wanted then
        return ("there is no '%s' here; there are: body, close, delay, headers, method, path, reset, status, times")
          :format(tostring(name))
      end
      if type(value) ~= wanted then return ("%s must be a %s"):format(name, wanted) end
    end
  end
  local status = rule.status
  if status and not (status >= 200 and status <= 599 and status == math.floor(status)) then
    return "status must be a whole number from 200 to 599"
  end
  if rule.delay and not (rule.delay >= 0 and rule.delay <= 3600) then
    return "delay must be from 0 to 3600 seconds"
  end
  if rule.close and rule.close ~= "before" and rule.close ~= "after" then
    return "close must be \"before\" or \"after\""
  end
  if rule.reset and not rule.close then return "reset says how to close: give close too" end
  if rule.close and (status or rule.body ~= nil) then return "a closed connection has no answer: leave out status and body" end
  local kind = type(rule.body)
  if kind ~= "nil" and kind ~= "string" and kind ~= "table" then return "body must be a string or a table" end
  return check_times(rule.times) or check_headers(rule.headers or {})
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
    close = rule.close,
    reset = rule.reset,
    left = rule.times or 1,
    method = rule.method and rule.method:upper(),
    pattern = rule.path and routes.pattern(rule.path),
  }
end

--- Takes the rule for a request: of those that fit, the one that was added first.
---@param method string
---@param path string
---@return table|nil rule
function methods:take(method, path)
  local rules = self.rules
  for i = 1, #rules do
    local rule = rules[i]
    if (not rule.method or rule.method == method) and (not rule.pattern or path:find(rule.pattern)) then
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
