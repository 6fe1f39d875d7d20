--- Decodes what Tavus sends: messages of the room, webhooks, callbacks of resources, calls of a tool's URL and requests
-- to a custom LLM. Whatever the body is, the result is an event or an error.

local core = require "tavus.core"
local errors = require "tavus.errors"
local kinds = require "tavus.live.kinds"

local error, ipairs, next, rawget, select, type = error, ipairs, next, rawget, select, type
local concat, format = table.concat, string.format

---@class tavus.Event
---@field kind string one word, the same for all spellings; `other` for an unknown event
---@field event_type string? as sent
---@field message_type string? as sent
---@field conversation_id string?
---@field name string? of the tool, objective or guardrail; the reason of a shutdown; the status of a resource
---@field arguments any decoded; of an objective its variables; the text itself when it is not JSON
---@field arguments_error tavus.Error? why the arguments are not an object
---@field issues tavus.Issue[]? what is wrong with an event that was decoded
---@field tool_call_id string?
---@field role "pal"|"user"|nil
---@field text string? what was said
---@field inference_id string?
---@field turn_idx integer?
---@field seq integer?
---@field timestamp number|string|nil as sent
---@field properties table its `properties`, or the table that has its members
---@field signature string? the header X-Tavus-Signature as it came; see live.verify
---@field headers table<string, string>? as given
---@field key string equal for a repeat and for the twin of a doubled turn
---@field raw table the decoded body

-- Most texts that lie in each other: a message as a JSON string in JSON.
local MOST_WRAPPED = 3

-- Where wrappers have the message, and where a message has its members besides its own.
local WRAPPERS = { "data", "detail" }
local HOLDERS = { "properties", "data", "detail" }

local ROLES = { pal = "pal", replica = "pal", user = "user" }

-- A member, without metamethods. JSON's null is no member.
local function member(object, name)
  local value = rawget(object, name)
  if value == core.null then return nil end
  return value
end

local function is_object(value)
  return type(value) == "table" and not core.is_array(value)
end

-- The text of a JSON value that is text or a number.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then return value end
  return kind == "number" and format("%.17g", value) or nil
end

-- The first member that one of the tables has, under one of the names. A name may be a path: "request.body".
local function find(places, names)
  for _, name in ipairs(names) do
    local outer, inner = name:match "^([^.]+)%.(.+)$"
    for _, place in ipairs(places) do
      local value = member(place, outer or name)
      if inner then value = type(value) == "table" and member(value, inner) or nil end
      if value ~= nil then return value, name end
    end
  end
  return nil
end

-- Like find, for a text that is not empty.
local function find_text(places, names)
  for _, name in ipairs(names) do
    local value = find(places, { name })
    if type(value) == "string" and value ~= "" then return value end
  end
  return nil
end

-- A header, whatever the case of its name.
local function header(headers, name)
  for key, value in next, headers or {} do
    if type(key) == "string" and type(value) == "string" and key:lower() == name then return value end
  end
  return nil
end

local function not_an_event(code, message, hint)
  return errors.new { type = "decode", code = code, message = message, hint = hint }
end

-- The object that a body holds, or nil and an error.
local function object_of(body)
  for _ = 1, MOST_WRAPPED do
    if type(body) ~= "string" then break end
    if not body:find "%S" then return nil, not_an_event("empty", "the body is empty") end
    local value, failure = core.decode(body)
    if value == nil then return nil, errors.decode(failure) end
    body = value
  end
  if is_object(body) then return body end
  local found = body == core.null and "null" or type(body) == "table" and "an array" or "a " .. type(body)
  return nil, not_an_event("type", "an event is a JSON object, and the body is " .. found,
    "give live.event the body as it came, as a text or decoded")
end

-- The message inside a wrapper of the app, or the body itself.
local function unwrapped(body)
  if type(member(body, "event_type")) == "string" then return body end
  for _, name in ipairs(WRAPPERS) do
    local inner = member(body, name)
    if is_object(inner) and type(member(inner, "event_type")) == "string" then return inner end
  end
  return body
end

-- The tables that have the members of a message.
local function places_of(message)
  local places = {}
  local function add(value, depth)
    if type(value) == "string" and value:find "^%s*{" then value = core.decode(value) end
    if not is_object(value) then return end
    for _, name in ipairs(depth > 0 and HOLDERS or {}) do add(member(value, name), depth - 1) end
    places[#places + 1] = value
  end
  for _, name in ipairs(HOLDERS) do add(member(message, name), 1) end
  places[#places + 1] = message
  return places
end

local function has_all(places, names)
  for _, name in ipairs(names) do
    if find(places, { name }) == nil then return false end
  end
  return true
end

-- The row of an event.
local function row_of(message, places, headers)
  local event_type = member(message, "event_type")
  if type(event_type) == "string" then
    local folded = kinds.fold(event_type)
    if kinds.by_type[folded] then return kinds.by_type[folded] end
    for _, part in ipairs(kinds.by_part) do
      if folded:find(part[1], 1, true) then return part[2] end
    end
  end
  if find(places, { "conversation_id" }) == nil and find_text(places, { "status" }) then
    for _, row in ipairs(kinds.by_id) do
      if find_text(places, { row[1] }) then return row[2] end
    end
  end
  if event_type ~= nil then return kinds.other end
  for _, row in ipairs(kinds.by_members) do
    if has_all(places, row[1]) then return row[2] end
  end
  if type(member(message, "messages")) == "table" then return kinds.llm_request end
  return headers and kinds.delivery or kinds.other
end

local function issue(event, path, code, message, hint)
  event.issues = event.issues or {}
  event.issues[#event.issues + 1] =
    { path = path, code = code, message = message, hint = hint, severity = "warning" }
  errors.printable(event.issues)
end

-- Sets `arguments` of a value, and what is wrong with it.
local function decode_arguments(event, value, where)
  local failure
  event.arguments = value
  if type(value) == "string" then
    local decoded, fault = core.decode(value)
    if not value:find "%S" then
      event.arguments = core.object()
    elseif decoded == nil then
      failure = errors.decode(fault)
      failure.message = "the arguments are not JSON: " .. failure.message
    else
      event.arguments = decoded
    end
  end
  if event.arguments == core.null then event.arguments = core.object() end
  if not failure and not is_object(event.arguments) then
    failure = not_an_event("type", ("the arguments are %s, an object was expected"):format(
      type(event.arguments) == "table" and "an array" or "a " .. type(event.arguments)))
  end
  if not failure then return end
  event.arguments_error = failure
  issue(event, "/" .. where:gsub("%.", "/"), failure.code or "not_json", failure.message)
end

-- A value as a part of a key: no two different lists of parts give the same key.
local function part_of(value)
  local text = text_of(value)
  if not text and value ~= nil then
    text = core.encode(value) or type(value)
  end
  return text and #text .. ":" .. text or "-"
end

-- What tells an event apart from every other one of its conversation.
local function identity(event, row, places)
  local values = {}
  local function add(value) values[#values + 1] = part_of(value) end
  if row.call and event.tool_call_id then return { part_of(event.tool_call_id) } end
  local known = false
  for _, name in ipairs(row.key or {}) do
    local value
    if type(name) == "table" then value = find_text(places, name)
    elseif name == "role" then value = event.role
    else value = find(places, { name }) end
    add(value)
    known = known or value ~= nil and name ~= "role"
  end
  if row.key == nil then
    for _, name in ipairs { "event_type", "inference_id", "turn_idx", "seq", "timestamp", "name", "arguments" } do
      local value = event[name]
      add(name == "event_type" and value and kinds.fold(value) or value)
      known = known or value ~= nil and name ~= "event_type"
    end
  end
  return values, known
end

-- The key of an event.
local function key_of(event, row, places)
  local parts = { event.kind, part_of(event.conversation_id) }
  local values, known = identity(event, row, places)
  parts[#parts + 1] = concat(values, ",")
  -- An utterance without an inference, and what has nothing that tells it apart.
  if known == false then
    parts[#parts + 1] = part_of(event.seq or event.timestamp or event.text or event.raw)
  elseif event.text and not event.inference_id and row.key then
    parts[#parts + 1] = part_of(event.role == "pal" and event.text or event.seq or event.text)
  end
  return concat(parts, " ")
end

-- The event of a message.
local function decoded(raw, headers)
  local message = unwrapped(raw)
  local places = places_of(message)
  local row = row_of(message, places, headers)
  local function any(name) return find(places, { name }) end
  local event = {
    kind = row.kind,
    event_type = find_text({ message }, { "event_type" }),
    message_type = find_text({ message }, { "message_type" }),
    conversation_id = find_text(places, { "conversation_id" }) or header(headers, "conversation-id"),
    name = row.name and find_text(places, row.name),
    tool_call_id = find_text(places, { "tool_call_id" }),
    role = row.role or ROLES[any "role"],
    text = find_text(places, { "speech", "text", "content" }),
    inference_id = find_text(places, { "inference_id" }),
    turn_idx = any "turn_idx", seq = any "seq", timestamp = any "timestamp",
    properties = places[1],
    signature = header(headers, "x-tavus-signature"),
    headers = headers,
    raw = raw,
  }
  local value, where = nil, "arguments"
  if row == kinds.delivery then value = message
  elseif row.arguments then value, where = find(places, row.arguments) end
  if value ~= nil then decode_arguments(event, value, where)
  elseif row.call then event.arguments = core.object() end
  if row.call and row.name and not event.name then
    issue(event, "/name", "required", "the call has no name", "a toolbox finds no tool for it")
  end
  event.key = key_of(event, row, places)
  return event
end

--- Decodes an event. With `headers`, the body is that of an HTTP request to the app; a GET has none.
---@param ... any the body (a text, or a decoded table), and the headers (a table) or nil
---@return tavus.Event? event
---@return tavus.Error? err of type `decode`
local function event(...)
  if select("#", ...) == 0 then error("live.event takes the body, as a text or a table", 2) end
  local body, headers = ...
  if headers ~= nil and type(headers) ~= "table" then
    error("live.event: the headers are a table, not a " .. type(headers), 2)
  end
  if headers and (body == nil or body == "") then body = core.object() end
  local raw, err = object_of(body)
  if not raw then return nil, err end
  return decoded(raw, headers)
end

return event
