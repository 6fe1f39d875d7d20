--- Steering a sandbox over HTTP: everything under `/_sandbox`, and the page at `/`.
-- These requests need no key, are never scripted and do not appear in the journal.

local clock = require "tavus.sandbox.clock"
local core = require "tavus.core"
local drafts = require "tavus.sandbox.drafts"
local journal = require "tavus.sandbox.journal"
local overview = require "tavus.sandbox.overview"
local page = require "tavus.sandbox.page"
local personas = require "tavus.sandbox.personas"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local script = require "tavus.sandbox.script"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"

local control = {}

local NOTICE = "This is a local sandbox that imitates the persona API of Tavus. It is not Tavus: "
  .. "nothing here is sent anywhere, costs anything or talks to anybody."

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

local function requests(context, query)
  local message = journal.check(query)
  if message then return reply.failure(400, "error", message) end
  local data, more = context.journal:select(query)
  return reply.json(200, { data = data, next = more, total_count = context.journal.seq, forgotten = context.journal.first - 1 })
end

local function add_rule(context, _, body)
  local message = script.check(body)
  if message then return reply.failure(400, "error", message) end
  context.script:add(body)
  return reply.json(200, { scripted = context.script:count() })
end

local function set(context, _, body)
  local done, message = settings.apply(context.settings, body)
  if not done then return reply.failure(400, "error", message) end
  -- Saying it again gives every persona a new draft.
  if body.maker_changes ~= nil then drafts.renew(context) end
  return reply.json(200, { settings = context.settings })
end

local function put(context, _, body)
  local id, message = personas.put(context, body)
  if not id then return reply.failure(400, "error", message) end
  return reply.json(200, { persona_id = id })
end

local function reset(context)
  context:reset()
  return reply.json(200, { settings = context.settings })
end

local function refuse(context, _, body)
  local on = body.refuse == nil or body.refuse
  if type(on) ~= "boolean" then return reply.failure(400, "error", "refuse must be true or false") end
  context:refuse_connections(on)
  return reply.json(200, { refusing = on })
end

local function snapshot(context)
  return reply.json(200, { snapshot = context.snapshots:add(context) })
end

local function restore(context, _, body)
  local taken, message = context.snapshots:get(body.snapshot)
  if not taken then return reply.failure(404, "error", message) end
  context:restore(taken)
  return reply.json(200, { settings = context.settings })
end

local function time(context)
  return reply.json(200, { time = context.clock:now(), stands_still = context.clock.fixed ~= nil })
end

local function set_time(context, _, body)
  local seconds, message = clock.read(body.time)
  if not seconds then return reply.failure(400, "error", message) end
  context.clock:set(seconds)
  return time(context)
end

-- Where a conversation's url leads: there is nobody to talk to.
local function room(context, _, _, id)
  local row = context.stores.conversation:get(id)
  if not row then return reply.failure(404, "error", "There is no such conversation.") end
  return reply.json(200, { message = NOTICE, conversation_id = id, status = row.status })
end

local PAGE = { status = 200, body = page.html, headers = page.headers }

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
  return nil
end

local function read(method, body)
  if method ~= "POST" or body == nil then return {} end
  local value, err = core.decode(body)
  if value == nil then return nil, "the body is no JSON: " .. err.message end
  if type(value) ~= "table" or core.is_array(value) then return nil, "the body must be an object" end
  return value
end

--- Answers a request for `/`, or below `/_sandbox`.
---@param context tavus.sandbox.Context
---@param method string
---@param path string
---@param query string
---@param body string|nil
---@return tavus.sandbox.Reply
function control.answer(context, method, path, query, body)
  local action, id = find(method, path)
  if not action then
    return reply.failure(404, "error", "The sandbox has no " .. method .. " here; GET /_sandbox tells what it is.")
  end
  local value, message = read(method, body)
  if not value then return reply.failure(400, "error", message) end
  return action(context, routes.query(query), value, id)
end

return control
