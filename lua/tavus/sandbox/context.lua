--- What a sandbox is, for those who answer a request: its rows, switches and
-- rules, and the questions that several of them ask of it.

local checks = require "tavus.sandbox.checks"
local clock = require "tavus.sandbox.clock"
local core = require "tavus.core"
local data = require "tavus.sandbox.data"
local generations = require "tavus.sandbox.generations"
local habits = require "tavus.sandbox.habits"
local ids = require "tavus.sandbox.ids"
local journal = require "tavus.sandbox.journal"
local patch_value = require "tavus.patch.values"
local replay = require "tavus.sandbox.replay"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local script = require "tavus.sandbox.script"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"
local stock = require "tavus.sandbox.stock"

local context = {}

---@class tavus.sandbox.Context
---@field settings table<string, any>
---@field stores table<string, tavus.sandbox.Store>  rows by the names of their resources; `attached`: what is attached to rows
---@field stock table[]       stock personas, newest first
---@field stock_by_id table<string, table>  them, and one that no list shows
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
local methods = {}
methods.__index = methods

--- Shuts the API's port, or opens it again.
---@param on boolean
function methods:refuse_connections(on)
  assert(self.shut(on))
  self.refusing = on
end

--- Back to a fresh sandbox: no rows, no rules, no journal, all switches as at
-- the start, the clock going again. Seeded ids begin anew; snapshots are kept.
function methods:reset()
  self:refuse_connections(false)
  self.clock:set(clock.SYSTEM)
  if self.seed or not self.ids then self.ids = ids.new(self.seed, self.clock) end
  self.settings = settings.defaults()
  assert(settings.apply(self.settings, self.initial))
  self.stores = state.stores {}
  self.stock = stock.personas()
  local unlisted = stock.unlisted()
  self.stock_by_id = { [unlisted.persona_id] = unlisted }
  for _, persona in ipairs(self.stock) do self.stock_by_id[persona.persona_id] = persona end
  self.habits = habits.new()
  self.script:clear()
  self.journal:clear()
  if self.replay then self.replay:rewind() end
end

--- An id that no row of a resource has.
---@param resource table  its contract
---@return string
function methods:fresh_id(resource)
  local id
  repeat id = self.ids:thing(resource.name:sub(1, 1)) until not self.stores[resource.name]:get(id)
  return id
end

--- Takes a row out, and what is attached to it.
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
  return true
end

--- Back to what `state.take` gave: as a reset, but not to nothing.
---@param taken table
function methods:restore(taken)
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
function methods:stock_personas()
  local rows = {}
  for _, persona in ipairs(self.stock) do
    if has_stock(self, persona) then rows[#rows + 1] = persona end
  end
  return rows
end

--- A user's or a stock persona.
---@param id string
---@return table|nil
function methods:persona(id)
  local persona = self.stores.persona:get(id)
  if persona then return persona end
  persona = self.stock_by_id[id]
  return persona and has_stock(self, persona) and persona or nil
end

--- How many conversations are going on.
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
---@return string|nil
function methods.depth_flaw(row)
  return patch_value.measure(row) > MAX_DEPTH and ("nested deeper than %d levels"):format(MAX_DEPTH) or nil
end

--- Refuses a row that could not be answered.
---@param row table
---@return tavus.sandbox.Reply|nil refused
function methods:check_depth(row)
  local flaw = self.depth_flaw(row)
  return flaw and self:bad_request { { path = "", message = flaw } } or nil
end

--- Checks a body against the contract; the habits may take members out of it.
---@param kind string  a kind of the contract
---@param value any
---@param before table|nil  a copy of what is stored, in a change
---@return tavus.sandbox.Reply|nil refused
function methods:check(kind, value, before)
  local issues = checks.issues(self.settings, kind, value, before)
  if #issues > 0 then return self:refuse(checks.text(issues)) end
  return nil
end

--- The context of a sandbox that begins: fresh, or with what its data file holds.
---@param options table `port` and `steering`, and where given `key, data, seed, log, replay`, and switches as `["set.name"] = value`
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
    routes = routes.new(core.contract()),
  }, methods)
  self:reset()
  if options.data then
    self.keeper = data.keeper(options.data)
    assert(self.keeper:load(self))
  end
  return self
end

return context
