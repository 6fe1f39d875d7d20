--- Steering a sandbox over HTTP: everything under `/_sandbox`, and the page at `/`.
-- These requests need no key, are never scripted and do not appear in the journal.
-- They are refused to pages of other sites, which a browser lets send requests to this
-- machine. The API itself is safe: for `x-api-key` a browser asks the server first.

local browser = require "tavus.sandbox.browser"
local clock = require "tavus.sandbox.clock"
local conversations = require "tavus.sandbox.conversations"
local core = require "tavus.core"
local drafts = require "tavus.sandbox.drafts"
local journal = require "tavus.sandbox.journal"
local overview = require "tavus.sandbox.overview"
local personas = require "tavus.sandbox.personas"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local script = require "tavus.sandbox.script"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"

local control = {}

local NOTICE = "This is a local sandbox that imitates the persona API of Tavus. It is not Tavus: "
  .. "it sends nothing anywhere and costs nothing, and no one joins a call."

local function about(context)
  local facts = {
    sandbox = true,
    is_tavus = false,
    message = NOTICE,
    version = require "tavus.version",
    url = context.url,
    steering = context.steering,
    refusing = context.refusing,
    routes = core.array(context.routes.list),
    settings = context.settings,
    stock_personas = #context:stock_personas(),
    requests = context.journal.seq,
    scripted = context.script:count(),
    time = context.clock:now(),
    seed = context.seed,
  }
  for _, kind in ipairs(state.kinds) do facts[kind.kept_as] = context.stores[kind.name].count end
  return reply.json(200, facts)
end

local function refused(message, status) return reply.failure(status or 400, "error", message) end

local function requests(context, query)
  query.status, query.since = tonumber(query.status) or query.status, tonumber(query.since) or query.since
  local message = journal.check(query)
  if message then return refused(message) end
  local data, more = context.journal:select(query)
  local total, forgotten = context.journal.seq, context.journal.first - 1
  return reply.json(200, { data = data, next = more, total_count = total, forgotten = forgotten })
end

local function add_rule(context, _, body)
  local message = script.check(body)
  if message then return refused(message) end
  context.script:add(body)
  return reply.json(200, { scripted = context.script:count() })
end

local function set(context, _, body)
  local done, message = settings.apply(context.settings, body)
  if not done then return refused(message) end
  -- Setting it again gives every persona a new draft.
  if body.maker_changes ~= nil then drafts.renew(context) end
  return reply.json(200, { settings = context.settings })
end

local function put(context, _, body)
  local id, message = personas.put(context, body)
  if not id then return refused(message) end
  return reply.json(200, { persona_id = id })
end

local function reset(context)
  context:reset()
  return reply.json(200, { settings = context.settings })
end

local function refuse(context, _, body)
  local on = body.refuse == nil or body.refuse
  if type(on) ~= "boolean" then return refused "refuse must be true or false" end
  context:refuse_connections(on)
  return reply.json(200, { refusing = on })
end

local function snapshot(context)
  return reply.json(200, { snapshot = context.snapshots:add(context) })
end

local function restore(context, _, body)
  local taken, message = context.snapshots:get(body.snapshot)
  if not taken then return refused(message, 404) end
  context:restore(taken)
  return reply.json(200, { settings = context.settings })
end

local function time(context)
  return reply.json(200, { time = context.clock:now(), stands_still = context.clock.fixed ~= nil })
end

local function set_time(context, _, body)
  local seconds, message = clock.read(body.time)
  if not seconds then return refused(message) end
  context.clock:set(seconds)
  return time(context)
end

-- The address in a conversation's url.
local function room(context, _, _, id)
  local row = context.stores.conversation:get(id)
  if not row then return refused("unknown conversation", 404) end
  return reply.json(200, { message = NOTICE, conversation_id = id, status = row.status })
end

local function happened(context, _, body, id)
  local row, message = conversations.happened(context, id, body)
  if not row then return refused(message, message == "unknown conversation" and 404 or 400) end
  return reply.json(200, row)
end

local PAGE = { status = 200, body = browser.html, headers = browser.headers }

local function show_page() return PAGE end

local function show_overview(context) return reply.json(200, overview.of(context)) end

local ACTIONS = {
  ["GET /"] = show_page,
  ["GET /_sandbox"] = about,
  ["GET /_sandbox/overview"] = show_overview,
  ["GET /_sandbox/requests"] = requests,
  ["POST /_sandbox/next"] = add_rule,
  ["POST /_sandbox/set"] = set,
  ["POST /_sandbox/personas"] = put,
  ["POST /_sandbox/refuse"] = refuse,
  ["POST /_sandbox/reset"] = reset,
  ["POST /_sandbox/snapshot"] = snapshot,
  ["POST /_sandbox/restore"] = restore,
  ["GET /_sandbox/clock"] = time,
  ["POST /_sandbox/clock"] = set_time,
}

local function find(method, path)
  if method == "HEAD" then method = "GET" end
  path = path:gsub("(.)/+$", "%1")
  local action = ACTIONS[method .. " " .. path]
  if action then return action end
  local id = method == "GET" and path:match "^/_sandbox/conversations/([^/]+)$"
  if id then return room, id end
  id = method == "POST" and path:match "^/_sandbox/conversations/([^/]+)/happened$"
  return id and happened, id
end

local function read(method, body)
  if method ~= "POST" or body == nil then return {} end
  local value, err = core.decode(body)
  if value == nil then return nil, "the body is not JSON: " .. err.message end
  if type(value) ~= "table" or core.is_array(value) then return nil, "the body must be an object" end
  return value
end

-- The name in a Host header, without the port.
local function name_of(host)
  return host:lower():match "^(%[.*%]):?%d*$" or host:lower():match "^([^:]*):?%d*$" or ""
end

-- Guards against DNS rebinding: a name that anyone can register may lead to this
-- machine. Addresses, localhost and names of one word cannot be registered.
local function cannot_be_registered(name)
  return name:find "^%[[%x:.]+%]$" ~= nil or name:find "^%d+%.%d+%.%d+%.%d+$" ~= nil
    or name:find "^[%w_-]+%.?$" ~= nil or name:find "%.localhost%.?$" ~= nil
end

--- Why a request may not steer the sandbox.
---@param headers table<string, string> names in lower case
---@return string? reason nil if it may
function control.refusal(headers)
  local host, origin = headers.host, headers.origin
  if host and not cannot_be_registered(name_of(host)) then
    return ("A sandbox is steered, and shows its page, under an address of its machine, such as 127.0.0.1 or "
      .. "localhost; '%s' is not such an address."):format(host)
  end
  local own = host and origin and origin:match "^https?://(.*)$"
  if origin and (not own or own:lower() ~= host:lower()) then
    return ("A sandbox is not steered by web pages, and this request comes from one: '%s'."):format(origin)
  end
  return nil
end

--- Answers a request that steers.
---@param context tavus.sandbox.Context
---@param request tavus.sandbox.Request
---@return tavus.sandbox.Reply? answer nil if the request is for the API: neither for `/`, nor below `/_sandbox`
function control.answer(context, request)
  local path = request.path
  if path ~= "/" and path ~= "/_sandbox" and path:sub(1, 10) ~= "/_sandbox/" then return nil end
  local refusal = control.refusal(request.headers)
  if refusal then return refused(refusal, 403) end
  if request.too_large then return refused("Request Entity Too Large", 413) end
  local action, id = find(request.method, path)
  if not action then
    return refused("the sandbox does not have " .. request.method .. " here; GET /_sandbox says what it has", 404)
  end
  local value, message = read(request.method, request.body)
  if not value then return refused(message) end
  return action(context, routes.query(request.query), value, id)
end

return control
