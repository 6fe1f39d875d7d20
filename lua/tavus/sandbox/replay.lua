--- Answers from a recording (the client's option `record`). The entries that fit a
-- request are used once each, in order; then the last one is repeated.

local core = require "tavus.core"
local redact = require "tavus.secret.redact"
local reply = require "tavus.sandbox.reply"
local script = require "tavus.sandbox.script"
local unescape = require("tavus.query").unescape
local views = require "tavus.sandbox.views"

local replay = {}

-- Seconds of a replayed timeout: longer than any client waits.
local FOREVER = 3600

-- Headers of one connection, or of an encoding that is not repeated.
local NOT_REPLAYED = {
  ["content-length"] = true, ["transfer-encoding"] = true, ["content-encoding"] = true,
  ["connection"] = true, ["keep-alive"] = true, ["date"] = true, ["trailer"] = true, ["upgrade"] = true,
}

local function answer_rule(entry)
  if type(entry.status) ~= "number" then return nil, "an answer without a status" end
  local headers = entry.answer_headers or {}
  if type(headers) ~= "table" then return nil, "answer_headers must be an object" end
  local kept = {}
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not NOT_REPLAYED[name:lower()] then kept[name] = value end
  end
  local body = entry.answer_text
  if entry.answer_body ~= nil then body = core.encode(entry.answer_body) end
  if body ~= nil and type(body) ~= "string" then return nil, "answer_text must be a text" end
  local rule = { status = entry.status, headers = kept, body = body }
  local message = script.check(rule)
  return not message and rule or nil, message
end

-- The rule for a request like the recorded one, by the outcome; false: it never arrived.
local RULES = {
  answer = answer_rule,
  lost = function() return { close = "before" } end,
  timeout = function() return { close = "before", wait = FOREVER } end,
  cancelled = function() return { close = "before", wait = FOREVER } end,
  too_large = function() return { status = 200, fault = "large" } end,
  garbled = function() return { status = 200, body = "not gzip", headers = { ["Content-Encoding"] = "gzip" } } end,
  not_sent = false,
  certificate = false,
}

-- A request in comparable form, without secrets (`key` is one that is known); see `same`.
local function question(method, target, headers, body, key)
  local asked = redact.request(nil, { method = method, path = target, headers = { headers }, body = body },
    { secrets = { key } })
  local query = {}
  for i, pair in ipairs(asked.query) do query[i] = pair[1] .. "=" .. pair[2] end
  table.sort(query)
  -- A slash and an escaped %2F stay different.
  local path = unescape((asked.path:gsub("/", "\0")))
  return {
    place = method .. " " .. path, query = table.concat(query, "&"), value = asked.body, text = asked.text,
    shown = redact.target(asked),
  }
end

local function same(a, b)
  if a.query ~= b.query or a.text ~= b.text then return false end
  if a.value == nil or b.value == nil then return a.value == b.value end
  return core.equal(a.value, b.value)
end

local function read_entry(line)
  local entry, err = core.decode(line)
  -- A killed program left the line unfinished.
  if entry == nil and err.position > #line then return {} end
  if entry == nil then return nil, "not JSON: " .. err.message end
  if type(entry) ~= "table" or core.is_array(entry) then return nil, "not an object" end
  if type(entry.method) ~= "string" then return nil, "no method" end
  if type(entry.path) ~= "string" or entry.path:sub(1, 1) ~= "/" then return nil, "no path" end
  local make = RULES[entry.outcome]
  if make == nil then return nil, "unknown outcome" end
  local rule, message = {}, nil
  if make then rule, message = make(entry) end
  if not rule then return nil, message end
  local body = entry.body_text
  if entry.body ~= nil then body = core.encode(entry.body) end
  if body ~= nil and type(body) ~= "string" then return nil, "body_text must be a text" end
  local asked = question(entry.method, entry.path, {}, body)
  asked.rule = make and rule
  return asked
end

--- Reads a recording.
---@param text string
---@return table[]? entries
---@return string? message with the number of the line
function replay.read(text)
  local entries, number = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if line:find "%S" then
      local entry, message = read_entry(line)
      if not entry then return nil, ("line %d: %s"):format(number, message) end
      if entry.rule then entries[#entries + 1] = entry end
    end
  end
  return entries
end

---@class tavus.sandbox.Replay
local methods = {}
methods.__index = methods

-- The request in comparable form, also with its key removed, as the recording has it.
local function questions(request)
  local headers = views.copy(request.headers)
  local key = headers["x-api-key"]
  headers["x-api-key"] = nil
  local asked = { question(request.method, request.uri, headers, request.body) }
  if key then asked[2] = question(request.method, request.uri, headers, request.body, key) end
  return asked
end

local function refusal(self, request, asked, field)
  local shown = asked[#asked].shown
  local near = self.places[asked[1].place] or asked[2] and self.places[asked[2].place]
  return reply.failure(501, field, ("Not in the recording: %s %s%s. %s"):format(request.method, shown,
    request.body and request.body ~= "" and " with this body" or "",
    near and "It has this path with another query or body." or "It has nothing for this path."))
end

--- Finds what happens to a request: a rule, as in `tavus.sandbox.script`, or a reply
-- that says that it was not recorded.
---@param request tavus.sandbox.Request
---@param field "error"|"message"
---@return table
function methods:take(request, field)
  if request.too_large then return reply.failure(413, "message", "Request Entity Too Large") end
  local asked = questions(request)
  local last
  for _, one in ipairs(asked) do
    for _, entry in ipairs(self.places[one.place] or {}) do
      if same(entry, one) then
        if not self.used[entry] then
          self.used[entry] = true
          return entry.rule
        end
        last = entry
      end
    end
  end
  return last and last.rule or refusal(self, request, asked, field)
end

--- Starts the recording again.
function methods:rewind() self.used = {} end

--- Makes a replay of entries.
---@param entries table[]
---@return tavus.sandbox.Replay
function replay.new(entries)
  local places = {}
  for _, entry in ipairs(entries) do
    places[entry.place] = places[entry.place] or {}
    table.insert(places[entry.place], entry)
  end
  return setmetatable({ places = places, used = {} }, methods)
end

return replay
