--- The service itself, as it runs in the server's Lua state: from a request to
-- an answer. `require "tavus.sandbox.service" (options)` gives the function that
-- the server calls for every request.

local checks = require "tavus.sandbox.checks"
local clock = require "tavus.sandbox.clock"
local core = require "tavus.core"
local control = require "tavus.sandbox.control"
local data = require "tavus.sandbox.data"
local faults = require "tavus.sandbox.faults"
local generations = require "tavus.sandbox.generations"
local guard = require "tavus.sandbox.guard"
local habits = require "tavus.sandbox.habits"
local ids = require "tavus.sandbox.ids"
local journal = require "tavus.sandbox.journal"
local replay = require "tavus.sandbox.replay"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local script = require "tavus.sandbox.script"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"
local stock = require "tavus.sandbox.stock"
local store = require "tavus.sandbox.store"

local HANDLERS = {
  persona = require "tavus.sandbox.personas",
  conversation = require "tavus.sandbox.conversations",
}

local JSON = "application/json"

---@class tavus.sandbox.Context
---@field settings table<string, any>
---@field personas tavus.sandbox.Store
---@field conversations tavus.sandbox.Store
---@field stock table[]
---@field habits tavus.sandbox.Habits
---@field script tavus.sandbox.Script
---@field journal tavus.sandbox.Journal
---@field routes tavus.sandbox.Routes
---@field ids tavus.sandbox.Ids
---@field clock tavus.sandbox.Clock
---@field snapshots tavus.sandbox.Snapshots
---@field keeper tavus.sandbox.Keeper|nil  of the rows, across runs
---@field seed integer|nil  of the ids
---@field replay tavus.sandbox.Replay|nil  answers, where nothing is handled
---@field url string
---@field steering string   the address that steering gets through at, also while connections to `url` are refused
---@field refusing boolean
---@field method string    of the request that is being handled
---@field initial table<string, any>  switches given at the start
---@field log boolean       a line on stderr for every request
---@field key string|nil   the only key that is accepted; nil: any
local context_methods = {}
context_methods.__index = context_methods

--- Shuts the API's port, or opens it again.
---@param on boolean
function context_methods:refuse_connections(on)
  assert(self.shut(on))
  self.refusing = on
end

--- Back to a fresh sandbox: no rows, no rules, no journal, all switches as at
-- the start, the clock going again. Seeded ids begin anew; snapshots are kept.
function context_methods:reset()
  self:refuse_connections(false)
  self.clock:set(clock.SYSTEM)
  if self.seed or not self.ids then self.ids = ids.new(self.seed, self.clock) end
  self.settings = settings.defaults()
  assert(settings.apply(self.settings, self.initial))
  self.personas = store.new()
  self.conversations = store.new()
  self.stock = stock.personas()
  local unlisted = stock.unlisted()
  self.stock_by_id = { [unlisted.persona_id] = unlisted }
  for _, persona in ipairs(self.stock) do self.stock_by_id[persona.persona_id] = persona end
  self.habits = habits.new()
  self.script:clear()
  self.journal:clear()
  if self.replay then self.replay:rewind() end
end

--- Back to what `state.take` gave: as a reset, but not to nothing.
function context_methods:restore(taken)
  self:refuse_connections(false)
  state.put(self, taken)
  self.script:clear()
  self.journal:clear()
end

-- Is a stock persona there, under the habits that are on? Not before its time.
local function has_stock(self, persona)
  return self.settings.stock_personas and #generations.later(self.settings.generation, "persona", persona) == 0
end

--- The stock personas that are there, newest first.
---@return table[]
function context_methods:stock_personas()
  local rows = {}
  for _, persona in ipairs(self.stock) do
    if has_stock(self, persona) then rows[#rows + 1] = persona end
  end
  return rows
end

--- A user's or a stock persona.
function context_methods:persona(id)
  local persona = self.personas:get(id)
  if persona then return persona end
  persona = self.stock_by_id[id]
  return persona and has_stock(self, persona) and persona or nil
end

--- How many conversations are going on.
function context_methods:active_conversations()
  local active = 0
  for n = 1, self.conversations.count do
    if self.conversations:newest(n).status == "active" then active = active + 1 end
  end
  return active
end

--- The member that holds the text of a 400 to this request.
---@return "error"|"message"
function context_methods:error_field()
  local field = self.settings.error_field
  if field == "message_on_patch" then return self.method == "PATCH" and "message" or "error" end
  return field
end

--- A 400 with a text.
function context_methods:refuse(text) return reply.failure(400, self:error_field(), text) end

--- A 400 with the text of a schema failure.
function context_methods:bad_request(issues) return self:refuse(reply.bad_request_text(issues)) end

--- Checks a body against the contract; the habits may take members out of it.
---@param before table|nil  a copy of what is stored, in a change
---@return tavus.sandbox.Reply|nil refused
function context_methods:check(kind, value, before)
  local issues = checks.issues(self.settings, kind, value, before)
  if #issues > 0 then return self:refuse(checks.text(issues)) end
  return nil
end

-- The body of a request, decoded and checked: value | nil, reply.
local function read_body(context, operation, body)
  if not operation.body then return nil end
  local value, err = core.decode(body or "")
  if value == nil then
    return nil, context:bad_request { { path = "", message = "Invalid JSON: " .. err.message } }
  end
  if operation.body == "persona_patch" then return value end -- checked where it is applied
  local refused = context:check(operation.body, value)
  if refused then return nil, refused end
  return value
end

local function unauthorized(context, headers)
  local key = headers["x-api-key"]
  if key and key ~= "" and (not context.key or key == context.key) then return nil end
  return reply.failure(401, "message", "Invalid access token")
end

---@class tavus.sandbox.Request
---@field method string
---@field uri string       path and query as they came
---@field path string
---@field query string
---@field headers table<string, string>
---@field body string|nil
---@field too_large boolean  the body was dropped

---@param request tavus.sandbox.Request
local function handle(context, request)
  if request.too_large then return reply.failure(413, "message", "Request Entity Too Large") end
  local route, id, allowed = context.routes:find(request.method, request.path)
  if route and route.newer and not context.settings.pals then route = nil end
  if not route then
    if not allowed then return reply.failure(404, "message", "Not Found") end
    return reply.failure(405, "message", "Method Not Allowed", { Allow = allowed })
  end
  local refused = habits.limit_rate(context)
  if refused then return refused end
  local body_first = context.settings.check_body_first
  refused = not body_first and unauthorized(context, request.headers)
  if refused then return refused end
  local value
  value, refused = read_body(context, route.operation, request.body)
  if refused then return refused end
  refused = body_first and unauthorized(context, request.headers)
  if refused then return refused end
  local handler = HANDLERS[route.resource][route.operation.name]
  return handler(context, id, routes.query(request.query), value, route.newer)
end

-- A new table: the headers of `own`, and those of `base` that `own` does not
-- have in any case of letters.
local function overlaid(base, own)
  local all, given = {}, {}
  for name, value in pairs(own) do
    all[name], given[name:lower()] = value, true
  end
  for name, value in pairs(base) do
    if not given[name:lower()] then all[name] = value end
  end
  return all
end

-- What a recording has for a request: a rule, or a reply.
local function replayed(context, request)
  return context.key and unauthorized(context, request.headers) or context.replay:take(request, context:error_field())
end

local function scripted(context, rule, request)
  if rule.close == "before" then return nil end
  local status, body = rule.status, rule.body
  if status then
    local bodiless = status == 204 or status == 304
    return { status = status, body = body, headers = rule.headers, with_body = bodiless and body ~= nil and body ~= "" }
  end
  local replaced = rule.fault and faults.replaces(rule.fault)
  local answer = replaced and faults.answer(rule.fault, request) or handle(context, request)
  if not rule.headers then return answer end
  return {
    status = answer.status, body = answer.body, headers = overlaid(answer.headers or {}, rule.headers), with_body = answer.with_body,
  }
end

-- Headers are read by the server before the next request, so one table serves
-- all answers that bring none of their own.
local plain, bare = { ["Content-Type"] = JSON }, {}

-- The headers that go out with an answer; one to a steering request has no id.
local function dressed(answer, request_id)
  local headers = answer.body and plain or bare
  headers["x-request-id"] = request_id
  return answer.headers and overlaid(headers, answer.headers) or headers
end

local function header(headers, wanted)
  for name, value in pairs(headers) do
    if name:lower() == wanted then return tostring(value) end
  end
  return nil
end

local function tell(request, outcome, rule)
  io.stderr:write(request.method, " ", (request.uri:gsub("[%c\128-\255]", "?")), " ", tostring(outcome),
    rule and " (as ordered)" or "", "\n")
end

-- A steering request: not scripted, not in the journal.
local function steer(context, request)
  local path = request.path
  if path ~= "/" and (not path:find "^/_sandbox" or #path > 9 and path:byte(10) ~= 47) then return nil end
  local refusal = guard.refusal(request.headers)
  if refusal then return reply.failure(403, "error", refusal) end
  if request.too_large then return reply.failure(413, "error", "Request Entity Too Large") end
  return control.answer(context, request.method, path, request.query, request.body)
end

local function serve(context, method, uri, headers, body, too_large)
  local mark = uri:find("?", 1, true)
  local request = {
    method = method, uri = uri, headers = headers, body = body, too_large = too_large,
    path = mark and uri:sub(1, mark - 1) or uri,
    query = mark and uri:sub(mark + 1) or "",
  }
  local answer = steer(context, request)
  -- It takes no id: with a seed, those of the others are the same whoever looks on.
  if answer then return answer.status, answer.body, dressed(answer) end

  context.method = method
  local request_id = context.ids:request()
  local entry = context.journal:add(method, request.path, request.query, headers, body)
  entry.request_id = request_id
  local rule = context.script:take(method, request.path)
  entry.scripted = rule ~= nil
  if not rule and context.replay then rule = replayed(context, request) end
  if rule then
    answer = scripted(context, rule, request)
  else
    answer = handle(context, request)
  end
  if rule and rule.close then
    entry.closed = rule.close
    if context.log then tell(request, "closed", rule) end
    return nil, nil, nil, rule.wait, rule.reset and "reset" or "close"
  end
  entry.status = answer.status
  entry.fault = rule and rule.fault
  if context.log then tell(request, answer.status, rule) end
  local all = dressed(answer, context.settings.request_ids and request_id or nil)
  if rule and rule.headers then entry.request_id = header(all, "x-request-id") end
  if rule and rule.fault and faults.on_wire(rule.fault) then
    return nil, nil, nil, rule.wait, faults.wire(rule, answer.status, answer.body, all)
  end
  if answer.with_body then return nil, nil, nil, rule and rule.wait or nil, faults.with_body(answer.status, answer.body, all) end
  return answer.status, answer.body, all, rule and rule.wait or nil
end

-- An answer goes out once its change is in the file, if there is one. `seq` is
-- where the journal was before the request. What could not be written is tried
-- again with the next one.
local function kept(context, seq, status, ...)
  local done, message = true, nil
  if context.keeper then done, message = context.keeper:save(context) end
  if done or not message then return status, ... end
  io.stderr:write("tavus-sandbox: ", message, "\n")
  if not status then return status, ... end
  local entry = context.journal.seq > seq and context.journal.entries[context.journal.seq]
  if entry then entry.status = 500 end
  local answer = reply.failure(500, "error", "The sandbox " .. message)
  return answer.status, answer.body, dressed(answer, entry and entry.request_id or context.ids:request())
end

---@param options table `port` and `steering`, and where given `key, data, seed, log, replay`, and switches as `["set.name"] = value`
---@param shut fun(on: boolean): true|nil, string|nil  shuts the API's port, or opens it again
---@return fun(method: string, uri: string, headers: table, body: string|nil, too_large: boolean): ...
return function(options, shut)
  local initial = {}
  for name, value in pairs(options) do
    local switch = name:match "^set%.(.*)$"
    if switch then initial[switch] = value end
  end
  local context = setmetatable({
    key = options.key,
    log = options.log,
    url = ("http://127.0.0.1:%d"):format(options.port),
    steering = ("http://127.0.0.1:%d"):format(options.steering),
    shut = shut,
    initial = initial,
    seed = options.seed,
    clock = clock.new(),
    snapshots = state.snapshots(),
    replay = options.replay and replay.new(assert(replay.read(options.replay))),
    script = script.new(),
    journal = journal.new(),
    routes = routes.new(core.contract()),
  }, context_methods)
  context:reset()
  if options.data then
    context.keeper = data.keeper(options.data)
    assert(context.keeper:load(context))
  end
  return function(...) return kept(context, context.journal.seq, serve(context, ...)) end
end
