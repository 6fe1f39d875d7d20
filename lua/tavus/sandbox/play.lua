--- The other side of a call, for tests: what a visitor and Tavus do in a conversation, as messages of the room,
-- webhooks and deliveries to a tool's URL. It runs in the program that plays, which also sends the requests.

local core = require "tavus.core"
local options = require "tavus.options"
local signature = require "tavus.signature"

local play = {}

local SWITCHES = {
  twice = { type = "boolean" }, late = { type = "boolean" }, out_of_order = { type = "boolean" },
  both_roles = { type = "boolean" }, json_text = { type = "boolean" }, anywhere = { type = "boolean" },
  spelling = { type = "string", choices = { underscore = true, hyphen = true } },
  arguments = { type = "string", choices = { text = true, object = true, broken = true } },
}

local TEXT = { type = "string" }

-- The members of each step, by the one that says what it is.
local STEPS = {
  visitor = { visitor = TEXT },
  persona = { persona = TEXT },
  tool = { tool = TEXT, arguments = { type = "table" }, tool_call_id = TEXT, url = TEXT, secret = TEXT },
  perception_tool = { perception_tool = TEXT, arguments = { type = "table" }, modality = TEXT },
  objective = { objective = TEXT, output_variables = { type = "table" } },
  perception = { perception = TEXT },
  shutdown = { shutdown = TEXT },
}

local function kind_of(step)
  for kind in pairs(STEPS) do
    if type(step) == "table" and step[kind] ~= nil then return kind end
  end
  return nil
end

local function is_loopback(url)
  local host = url:match "^https?://([^/?#]*)"
  return host ~= nil and (host:find "^127%.%d+%.%d+%.%d+:?%d*$" or host:find "^localhost:?%d*$"
    or host:find "^%[::1%]:?%d*$") ~= nil
end

--- What is wrong with what `play` was given, or nil.
---@param given table
---@return string?
function play.flaw(given)
  if type(given) ~= "table" then return "play takes a list of steps, not a " .. type(given) end
  local switches = {}
  for name, value in pairs(given) do
    if type(name) ~= "number" then switches[name] = value end
  end
  local message = options.flaw(switches, SWITCHES, "play")
  if message then return message end
  for n, step in ipairs(given) do
    local kind = kind_of(step)
    if not kind then
      return ("step %d is not a step: it has one of visitor, persona, tool, perception_tool, objective, perception and "
        .. "shutdown"):format(n)
    end
    message = options.flaw(step, STEPS[kind], ("step %d"):format(n))
    if message then return message end
    if step.url and not given.anywhere and not is_loopback(step.url) then
      return ("step %d: %s is not on this machine; with anywhere = true it is called"):format(n, step.url)
    end
  end
  return nil
end

local function encode(value) return assert(core.encode(value)) end

local function arguments_of(step, form)
  local value = core.object(step.arguments or {})
  if form == "object" then return value end
  local text = encode(value)
  return form == "broken" and text:sub(1, -2) or text
end

-- The messages of a step in the room: event types and properties.
local ROOM = {
  visitor = function(step) return { { "conversation.utterance", { role = "user", speech = step.visitor } } } end,
  persona = function(step, given)
    local turn = { { "conversation.utterance", { role = "replica", speech = step.persona } } }
    if given.both_roles then turn[2] = { "conversation.utterance", { role = "pal", speech = step.persona } } end
    return turn
  end,
  tool = function(step, given, id)
    if step.url then return {} end
    return { { "conversation.tool_call",
      { name = step.tool, arguments = arguments_of(step, given.arguments), tool_call_id = id } } }
  end,
  perception_tool = function(step, given)
    return { { "conversation.perception_tool_call", { name = step.perception_tool, modality = step.modality or "vision",
      arguments = arguments_of(step, given.arguments or "object") } } }
  end,
  objective = function(step)
    return { { "conversation.objective.completed",
      { objective_name = step.objective, output_variables = core.object(step.output_variables or {}) } } }
  end,
  perception = function(step) return { { "conversation.perception_analysis", { analysis = step.perception } } } end,
}

local CALLBACKS = {
  perception = function(step)
    return { { "application", "application.perception_analysis", { analysis = step.perception } } }
  end,
  shutdown = function(step, transcript)
    return {
      { "system", "system.shutdown", { shutdown_reason = step.shutdown } },
      { "application", "application.transcription_ready", { transcript = core.array(transcript) } },
    }
  end,
}

local function spelled(event_type, given)
  return given.spelling == "hyphen" and event_type:gsub("perception_analysis", "perception-analysis") or event_type
end

-- Rows of the transcript.
local function rows_of(step, id)
  if step.visitor then return { { role = "user", content = step.visitor } } end
  if step.persona then return { { role = "assistant", content = step.persona } } end
  if not step.tool then return {} end
  local call = { id = id, ["function"] = { name = step.tool, arguments = arguments_of(step) } }
  return { { role = "assistant", content = "", tool_calls = core.array { call } } }
end

-- Adds what is sent, and posts it if there is a URL.
local function add(sent, channel, text, url, headers)
  local entry = { channel = channel, body = text, url = url }
  sent[#sent + 1] = entry
  if not url then return entry end
  local status, answer = sent.post(url, text, headers or {})
  entry.status, entry.answer = status, status and answer or nil
  entry.failed = not status and answer or nil
  return entry
end

-- A delivery, which Tavus repeats once after 5xx. Returns the row of the answer.
local function deliver(sent, step, given, conversation_id, id)
  local text = encode { name = step.tool, arguments = arguments_of(step, given.arguments), tool_call_id = id,
    conversation_id = conversation_id }
  local headers = step.secret and { ["X-Tavus-Signature"] = assert(signature.sign(step.secret, text)) }
  local entry
  for _ = 1, given.twice and 2 or 1 do
    entry = add(sent, "tool", text, step.url, headers)
    if entry.status and entry.status >= 500 then entry = add(sent, "tool", text, step.url, headers) end
  end
  local good = entry.status and entry.status >= 200 and entry.status < 300
  return { role = "tool", tool_call_id = id, content = good and entry.answer or "The tool failed." }
end

local function ordered(list, given)
  local all = {}
  for i = 1, #list do
    local item = list[given.out_of_order and #list + 1 - i or i]
    for _ = 1, given.twice and 2 or 1 do all[#all + 1] = item end
  end
  return all
end

---@class tavus.sandbox.Sent
---@field channel "room"|"webhook"|"tool"
---@field body string as it was sent, for `live.event`
---@field url string? of a webhook or tool
---@field status integer? of the answer
---@field answer string?
---@field failed string? why there was no answer

-- The texts of a step's messages in the room.
local function messages_of(step, given, context)
  local texts = {}
  local build = ROOM[kind_of(step)]
  for i, message in ipairs(build and build(step, given, context.call_id) or {}) do
    local text = encode { message_type = "conversation", event_type = spelled(message[1], given),
      conversation_id = context.id, timestamp = context.row.time, seq = context.turn * 10 + i, turn_idx = context.turn,
      inference_id = ("%s-%d"):format(context.id, context.turn), properties = message[2] }
    texts[i] = given.json_text and encode(text) or text
  end
  return texts
end

-- The texts of a step's webhooks, and the same as events of the conversation.
local function hooks_of(step, given, context)
  local texts, events = {}, {}
  local row, build = context.row, CALLBACKS[kind_of(step)]
  for i, hook in ipairs(build and build(step, row.transcript) or {}) do
    events[i] = { message_type = hook[1], event_type = hook[2], timestamp = row.timestamp, properties = hook[3] }
    texts[i] = encode { message_type = hook[1], event_type = spelled(hook[2], given), timestamp = row.timestamp,
      properties = hook[3], conversation_id = context.id, webhook_url = row.callback_url }
  end
  return texts, events
end

--- Plays the steps.
---@param id string of the conversation
---@param given table steps and switches, without a flaw
---@param steer fun(body: table): table?, tavus.Error? notes what happened; its answer is the conversation
---@param send fun(url: string, text: string, headers: table): integer?, string status and body, or nil and why not
---@return tavus.sandbox.Sent[]?
---@return tavus.Error?
function play.run(id, given, steer, send)
  local sent, late = { post = send }, {}
  local row, err = steer {}
  if not row then return nil, err end
  local function call_back(list)
    for _, text in ipairs(ordered(list, given)) do
      if given.anywhere or is_loopback(row.callback_url) then add(sent, "webhook", text, row.callback_url) end
    end
  end
  for _, step in ipairs(given) do
    local turn = row.happened + 1
    local call_id = step.tool and (step.tool_call_id or ("call_%d"):format(turn)) or nil
    local context = { id = id, row = row, turn = turn, call_id = call_id }
    local messages = messages_of(step, given, context)
    local hooks, events = hooks_of(step, given, context)
    row, err = steer { transcript = core.array(rows_of(step, call_id)), events = core.array(events),
      shutdown_reason = step.shutdown }
    if not row then return nil, err end
    for _, text in ipairs(ordered(messages, given)) do add(sent, "room", text) end
    if given.late then
      for _, text in ipairs(hooks) do late[#late + 1] = text end
    else
      call_back(hooks)
    end
    if step.url then
      row, err = steer { transcript = core.array { deliver(sent, step, given, id, call_id) } }
      if not row then return nil, err end
    end
  end
  call_back(late)
  sent.post = nil
  return sent
end

return play
