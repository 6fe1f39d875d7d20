--- The state of a sandbox for the handlers of requests: rows, switches, rules and
-- journal, and what several handlers need of them.

local checks = require "tavus.sandbox.checks"
local clock = require "tavus.sandbox.clock"
local core = require "tavus.core"
local data = require "tavus.sandbox.data"
local drafts = require "tavus.sandbox.drafts"
local generations = require "tavus.sandbox.generations"
local habits = require "tavus.sandbox.habits"
local journal = require "tavus.sandbox.journal"
local patch_value = require "tavus.patch.values"
local replay = require "tavus.sandbox.replay"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local rows_data = require "tavus.sandbox.rows"
local script = require "tavus.sandbox.script"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"
local states = require "tavus.sandbox.states"
local stock = require "tavus.sandbox.stock"
local ties = require "tavus.sandbox.ties"

local context = {}

---@class tavus.sandbox.Context
---@field settings table<string, any>
---@field stores table<string, tavus.sandbox.Store>  by the names of resources, and `attached` for items below rows
---@field stock table[]       stock personas, newest first
---@field stock_by_id table<string, table>  also the one that no list shows
---@field habits tavus.sandbox.Habits
---@field script tavus.sandbox.Script
---@field journal tavus.sandbox.Journal
---@field routes tavus.sandbox.Routes
---@field ids tavus.sandbox.Ids
---@field clock tavus.sandbox.Clock
---@field snapshots tavus.sandbox.Snapshots
---@field keeper tavus.sandbox.Keeper?  of the data file
---@field seed integer?  of the ids
---@field replay tavus.sandbox.Replay?  answers instead of the handlers
---@field url string
---@field steering string   the address for steering, which works while `url` refuses connections
---@field refusing boolean
---@field method string    of the request that is being handled
---@field initial table<string, any>  switches given at the start
---@field log boolean       a line on stderr for every request
---@field key string?   the only key that is accepted; nil: any
local methods = {}
methods.__index = methods

--- Shuts the API's port, or opens it again.
---@param on boolean
function methods:refuse_connections(on)
  assert(self.shut(on))
  self.refusing = on
end

-- What a test orders and counts begins anew.
local function forget_calls(self)
  self:refuse_connections(false)
  self.script:clear()
  self.journal:clear()
end

--- Makes the sandbox fresh again: no rows, no rules, no journal, all switches as at
-- the start, a running clock. Seeded ids begin anew; snapshots are kept.
function methods:reset()
  forget_calls(self)
  self.clock:set(clock.SYSTEM)
  if self.seed or not self.ids then self.ids = state.ids(self.seed, self.clock) end
  self.settings = settings.defaults()
  assert(settings.apply(self.settings, self.initial))
  self.stores = state.stores {}
  self.stock = stock.personas()
  local unlisted = stock.unlisted()
  self.stock_by_id = { [unlisted.persona_id] = unlisted }
  for _, persona in ipairs(self.stock) do self.stock_by_id[persona.persona_id] = persona end
  self.habits = habits.new()
  if self.replay then self.replay:rewind() end
end

--- An id that no row of a resource has.
---@param name string  of the resource
---@return string
function methods:fresh_id(name)
  local id
  local form = rows_data.ids[name] or { name:sub(1, 1) }
  repeat id = self.ids:thing(form[1], form[2]) until not self:row(name, id)
  return id
end

local ID_FIELDS = {}
for _, kind in ipairs(state.kinds) do ID_FIELDS[kind.name] = kind.id end

--- Takes a row out, what is attached to it, and its draft; other rows lose their ties to it.
---@param name string  of the resource
---@param id string
---@return boolean found
function methods:remove(name, id)
  if not self.stores[name]:remove(id) then return false end
  local attached, prefix, keys = self.stores.attached, name .. "/" .. id .. "/", {}
  for key in pairs(attached.rows) do
    if key:sub(1, #prefix) == prefix then keys[#keys + 1] = key end
  end
  for _, key in ipairs(keys) do attached:remove(key) end
  if name == "persona" then drafts.forget(self, id) end
  ties.cut(self, name, ID_FIELDS[name], id)
  return true
end

--- Goes back to what `state.take` gave.
---@param taken table
function methods:restore(taken)
  forget_calls(self)
  state.put(self, taken)
end

-- Whether a stock persona exists under the switches: not with members of a later generation.
local function has_stock(self, persona)
  return self.settings.stock_personas and #generations.later(self.settings.generation, "persona", persona) == 0
end

--- The stock personas that exist under the switches, newest first.
---@return table[]
function methods:stock_personas()
  local rows = {}
  for _, persona in ipairs(self.stock) do
    if has_stock(self, persona) then rows[#rows + 1] = persona end
  end
  return rows
end

--- A stock row.
---@param name string  of the resource
---@param id string
---@return table?
function methods:stock_row(name, id)
  for _, row in ipairs(rows_data.stock[name] or {}) do
    if row[name .. "_id"] == id then return row end
  end
  local persona = name == "persona" and self.stock_by_id[id]
  return persona and has_stock(self, persona) and persona or nil
end

--- A row, of the user or of the stock.
---@param name string  of the resource
---@param id string
---@return table?
function methods:row(name, id) return self.stores[name]:get(id) or self:stock_row(name, id) end

--- How many conversations are active.
---@return integer
function methods:active_conversations()
  local active = 0
  for n = 1, self.stores.conversation.count do
    if self.stores.conversation:newest(n).status == "active" then active = active + 1 end
  end
  return active
end

--- The member that holds the text of a 400 to this request.
---@return "error"|"message"
function methods:error_field()
  local field = self.settings.error_field
  if field == "message_on_patch" then return self.method == "PATCH" and "message" or "error" end
  return field
end

--- A 400 with a text.
---@param text string
---@return tavus.sandbox.Reply
function methods:refuse(text) return reply.failure(400, self:error_field(), text) end

--- A 400 with the text of a schema failure.
---@param issues { path: string, message: string }[]
---@return tavus.sandbox.Reply
function methods:bad_request(issues) return self:refuse(reply.bad_request_text(issues)) end

-- A list wraps a row twice.
local MAX_DEPTH = core.max_depth - 2

--- What is wrong with the depth of a row, or nil.
---@param row table
---@return string?
function methods.depth_flaw(row)
  return patch_value.measure(row) > MAX_DEPTH and ("nested deeper than %d levels"):format(MAX_DEPTH) or nil
end

--- Refuses a row that is too deep to be answered.
---@param row table
---@return tavus.sandbox.Reply? refused
function methods:check_depth(row)
  local flaw = self.depth_flaw(row)
  return flaw and self:bad_request { { path = "", message = flaw } } or nil
end

--- Checks a body against the contract; the switches may take members out of it.
---@param kind string  a kind of the contract
---@param value any
---@param before table?  for a change: a copy of what is stored
---@return tavus.sandbox.Reply? refused
function methods:check(kind, value, before)
  local issues = checks.issues(self.settings, kind, value, before)
  if #issues == 0 then return nil end
  local form = rows_data.unfit[kind]
  if not form then return self:refuse(checks.text(issues)) end
  local name, message = issues[1].path:match "[^/]*$", issues[1].message
  local text = (name == "" or message:find(name, 1, true)) and message or name .. " " .. message
  return reply.failure(400, form[1], form[2] .. text)
end

--- The context of a new sandbox: fresh, or with the rows of its data file.
---@param options table `port, steering, key?, data?, seed?, log?, replay?`, and switches as `["set.name"] = value`
---@param shut fun(on: boolean): true|nil, string|nil  shuts the API's port, or opens it again
---@return tavus.sandbox.Context
function context.new(options, shut)
  local initial = {}
  for name, value in pairs(options) do
    local switch = name:match "^set%.(.*)$"
    if switch then initial[switch] = value end
  end
  local self = setmetatable({
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
    routes = routes.new(require "tavus.sandbox.contract"),
  }, methods)
  self:reset()
  if options.data then
    self.keeper = data.keeper(options.data)
    assert(self.keeper:load(self))
    states.resume(self)
  end
  return self
end

return context
