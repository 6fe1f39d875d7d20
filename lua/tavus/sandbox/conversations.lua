--- The operations on `/v2/conversations` that are special to conversations;
-- generic.lua serves the others and says what a handler is.

local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local parts = require "tavus.sandbox.parts"
local reply = require "tavus.sandbox.reply"
local ties = require "tavus.sandbox.ties"
local views = require "tavus.sandbox.views"

local conversations = {}

local LIST_FIELDS = {
  "conversation_id", "conversation_name", "conversation_url", "status", "callback_url",
  "replica_id", "persona_id", "policy", "created_at", "updated_at",
}

local CREATED_FIELDS = {
  "conversation_id", "conversation_name", "conversation_url", "status", "callback_url", "policy", "created_at",
}

local function member(body, name)
  local value = body[name]
  if value == core.null then return nil end
  return value
end

-- A member by its old or its newer name.
local function either(body, old, new)
  local value = member(body, old)
  if value == nil then return member(body, new) end
  return value
end

local function mixes_names(body)
  local has_old = member(body, "persona_id") or member(body, "replica_id")
  return has_old and (member(body, "pal_id") or member(body, "face_id"))
end

local function selected(row, names)
  local copy = {}
  for _, name in ipairs(names) do copy[name] = row[name] end
  return copy
end

local function event(row, name, timestamp, properties)
  row.events[#row.events + 1] = { event_type = name, timestamp = timestamp, properties = core.object(properties) }
end

local function finish(row, reason, timestamp)
  row.status = "ended"
  row.updated_at = timestamp
  row.shutdown_reason = reason
  event(row, "system.shutdown", timestamp, { shutdown_reason = reason })
end

local function property(body, name)
  local properties = member(body, "properties")
  return properties and member(properties, name)
end

local function wants_token(body) return body.require_auth == true or property(body, "require_auth") == true end

-- The page of Tavus for a call in a Daily room, which it has unless the call is held elsewhere.
local function room_url(context, body, id)
  local elsewhere = member(body, "meeting_url") or property(body, "livekit_ws_url")
  if elsewhere or context.settings.generation < 5 then return nil end
  return context.url .. "/_sandbox/conversations/" .. id
end

-- Where a call takes place: in the caller's own room, if there is one.
local function conversation_url(context, body, id)
  local room = property(body, "daily_room")
  return type(room) == "string" and room or context.url .. "/_sandbox/conversations/" .. id
end

local SHORTEST = 60 -- seconds of a call; Tavus was seen to refuse shorter ones

function conversations.create(context, call)
  local body = call.body
  if context.settings.out_of_credits then
    return reply.failure(402, "message", "The user is out of conversational credits.")
  end
  if mixes_names(body) then
    return context:bad_request { { path = "", message = "old and new names in one body" } }
  end
  if (property(body, "max_call_duration") or SHORTEST) < SHORTEST then
    local message = "a call lasts 60 seconds at least"
    return context:bad_request { { path = "/properties/max_call_duration", message = message } }
  end
  local persona_id = either(body, "persona_id", "pal_id")
  local replica_id = either(body, "replica_id", "face_id")
  local persona
  if persona_id then
    persona = context:row("persona", persona_id)
    if not persona then return context:refuse "Invalid persona_id" end
  end
  replica_id = replica_id or persona and either(persona, "default_replica_id", "default_face_id")
  if not replica_id then
    return context:bad_request { { path = "/replica_id", message = "is needed: the persona has no default replica" } }
  end
  local refused = ties.refuse(context, "conversation", { replica_id = replica_id })
  if refused then return refused end
  local limit = context.settings.max_conversations
  if limit > 0 and context:active_conversations() >= limit and body.test_mode ~= true then
    return reply.failure(400, "message", "User has reached maximum concurrent conversations")
  end

  local id = context:fresh_id "conversation"
  local now = context.ids:timestamp()
  local row = {
    conversation_id = id,
    conversation_name = member(body, "conversation_name") or "New Conversation " .. id,
    conversation_url = conversation_url(context, body, id),
    status = "active",
    callback_url = member(body, "callback_url") or "",
    persona_id = persona_id or context.stock[#context.stock].persona_id, -- the oldest exists in every generation
    replica_id = replica_id,
    policy = member(body, "policy"),
    created_at = now,
    updated_at = now,
    events = core.array {},
  }
  if body.test_mode == true then finish(row, "test_mode", now) end
  call.rows:put(id, row)
  local answer = selected(row, CREATED_FIELDS)
  answer.room_url = room_url(context, body, id)
  if wants_token(body) then answer.meeting_token = context.ids:token() end
  return reply.json(200, answer)
end

function conversations.list(context, call)
  local status = call.query.status
  if status ~= nil and status ~= "active" and status ~= "ended" then
    return context:bad_request { { path = "/status", message = "must be one of: active, ended" } }
  end
  return generic.list(context, call, function(row, n)
    return views.conversation_row(context.settings, selected(row, LIST_FIELDS), n)
  end)
end

function conversations.get(_, call)
  local row = call.row
  local answer = selected(row, LIST_FIELDS)
  if call.query.verbose == "true" then
    answer.events, answer.shutdown_reason, answer.transcript = row.events, row.shutdown_reason, row.transcript
  end
  return reply.json(200, answer)
end

conversations["end"] = function(context, call)
  local row = call.row
  if row.status == "ended" then return context:refuse "Conversation has already ended" end
  local ended = views.copy(row, { events = core.array(views.copy(row.events)) })
  finish(ended, "end_conversation_endpoint_hit", context.ids:timestamp())
  call.rows:put(call.ids[1], ended)
  return reply.empty(200)
end

-- A copy of a row with more rows of the transcript.
local function with_transcript(row, rows)
  local transcript = core.array {}
  for _, list in ipairs { row.transcript or {}, rows } do
    for _, item in ipairs(list) do transcript[#transcript + 1] = item end
  end
  return views.copy(row, { events = core.array(views.copy(row.events)), transcript = transcript })
end

--- Notes what was played in a conversation: rows of the transcript, events, and why it ended.
---@param context tavus.sandbox.Context
---@param id string
---@param body { transcript: table[]?, events: table[]?, shutdown_reason: string? }
---@return table? row what a player needs to know
---@return string? message
function conversations.happened(context, id, body)
  local row = context.stores.conversation:get(id)
  if not row then return nil, "unknown conversation" end
  if row.status == "ended" then return nil, "the conversation has ended" end
  row = with_transcript(row, body.transcript or {})
  local happened = row.happened or 0
  if body.transcript and body.transcript[1] or body.events then happened = happened + 1 end
  row.happened = happened
  for _, item in ipairs(body.events or {}) do row.events[#row.events + 1] = item end
  local timestamp = context.ids:timestamp()
  if body.shutdown_reason then
    row.status, row.updated_at, row.shutdown_reason = "ended", timestamp, body.shutdown_reason
  end
  context.stores.conversation:put(id, row)
  return { callback_url = row.callback_url, transcript = row.transcript, happened = happened, timestamp = timestamp,
    time = context.clock:now() }
end

-- Calls on a running conversation ---------------------------------------------------

local MOST, WINDOW = 120, 60

-- Counts a call of a limited operation on a conversation, and refuses it above the limit.
local function limited(context, call)
  local windows, now = context.habits.windows, context.clock:now()
  local key = call.operation.name .. " " .. call.ids[1]
  local window = windows[key]
  if not window or now >= window.ends then
    window = { ends = now + WINDOW, served = 0 }
    windows[key] = window
  end
  window.served = window.served + 1
  if window.served <= MOST then return nil end
  return reply.failure(429, "error", "Too many requests",
    { ["Retry-After"] = ("%d"):format(math.ceil(window.ends - now)) })
end

function conversations.send_app_message(context, call)
  if call.row.status == "ended" then
    return context:refuse "App messages can only be sent to active conversations."
  end
  local refused = limited(context, call)
  if refused then return refused end
  local body = call.body
  if body.event_type == "conversation.tool_result" then
    local output = body.properties.output
    local answer = { role = "tool", tool_call_id = body.properties.tool_call_id,
      content = type(output) == "string" and output or core.encode(output) }
    call.rows:put(call.ids[1], with_transcript(call.row, { answer }))
  end
  return reply.json(200, core.object {})
end

-- Whether an interaction that was recorded has the content of a body.
local function same_content(item, body)
  local content = views.copy(item)
  content.conversation_id, content.created_at = nil, nil
  return core.equal(content, body)
end

function conversations.record_canvas_interaction(context, call)
  if call.row.status == "ended" then return context:refuse "Conversation has already ended" end
  local refused = limited(context, call) or context:check_depth(call.body)
  if refused then return refused end
  local items, body = parts.items(context, call), call.body
  for _, item in ipairs(items) do
    if item.interaction_id == body.interaction_id then
      if same_content(item, body) then return reply.json(200, { success = true }) end
      return reply.failure(409, context:error_field(), "interaction_id was recorded with other content")
    end
  end
  items = views.copy(items)
  items[#items + 1] = views.copy(body, {
    conversation_id = call.ids[1], created_at = (context.ids:timestamp():gsub("Z$", "")),
  })
  parts.keep(context, call, items)
  return reply.json(200, { success = true })
end

return conversations
