--- What a sandbox remembers: stores of rows, the source of ids and times, and
-- snapshots of both with the switches, the habits, the place in a recording and the
-- clock if it was set. Rules that wait and the journal are not part of a snapshot.

local clock = require "tavus.sandbox.clock"
local copy_of = require("tavus.sandbox.views").copy
local core = require "tavus.core"
local httpd = require "tavus.sandbox.httpd"

local state = {}

-- Stores ---------------------------------------------------------------------

--- Rows in the order they were made, found by id, listed newest first.
---@class tavus.sandbox.Store
---@field count integer
---@field changes integer  counts all changes
local store_methods = {}
store_methods.__index = store_methods

--- Puts a row in the place of the one with its id, or adds it.
---@param id string
---@param row table
function store_methods:put(id, row)
  self.changes = self.changes + 1
  if not self.rows[id] then
    self.count = self.count + 1
    self.order[self.count] = id
  end
  self.rows[id] = row
end

--- The row with this id.
---@param id string
---@return table?
function store_methods:get(id) return self.rows[id] end

--- Counts a change that is not visible in any row.
function store_methods:touch() self.changes = self.changes + 1 end

--- Takes a row out.
---@param id string
---@return boolean found
function store_methods:remove(id)
  if not self.rows[id] then return false end
  self.changes = self.changes + 1
  self.rows[id] = nil
  local place = self.count
  while self.order[place] ~= id do place = place - 1 end
  table.remove(self.order, place)
  self.count = self.count - 1
  return true
end

--- The n-th row; the first is the newest.
---@param n integer 1 to `count`
---@return table row
---@return string id
function store_methods:newest(n)
  local id = self.order[self.count - n + 1]
  return self.rows[id], id
end

--- An empty store.
---@return tavus.sandbox.Store
function state.store() return setmetatable({ rows = {}, order = {}, count = 0, changes = 0 }, store_methods) end

--- The stores: one for each resource, and one for what is attached to rows. `id` is
-- the member that a row is known by, `kept_as` the name of the rows in the data file.
---@type { name: string, id: string, kept_as: string }[]
state.kinds = {}
for i, resource in ipairs(require("tavus.sandbox.contract").resources) do
  state.kinds[i] = { name = resource.name, id = resource.id_field, kept_as = resource.collection }
end
state.kinds[#state.kinds + 1] = { name = "attached", id = "path", kept_as = "attached" }

--- Stores with rows in them.
---@param rows table<string, table[]>  by the names of their stores; the others are empty
---@return table<string, tavus.sandbox.Store>
function state.stores(rows)
  local stores = {}
  for _, kind in ipairs(state.kinds) do
    local stored = state.store()
    for _, row in ipairs(rows[kind.name] or {}) do stored:put(row[kind.id], row) end
    stores[kind.name] = stored
  end
  return stores
end

-- Ids and times --------------------------------------------------------------

--- Ids and timestamps in the shapes that Tavus uses.
---@class tavus.sandbox.Ids
---@field state integer
---@field requests integer
---@field clock tavus.sandbox.Clock
local id_methods = {}
id_methods.__index = id_methods

-- Park and Miller's generator. Its products stay below 2^53, so every Lua gives the same row.
local function draw(self)
  self.state = self.state * 48271 % 2147483647
  return self.state
end

local function hex(self, digits)
  local parts = {}
  for left = digits, 1, -6 do
    parts[#parts + 1] = ("%06x"):format(draw(self) % 16777216):sub(1, math.min(left, 6))
  end
  return table.concat(parts)
end

--- An id: a letter and hex digits.
---@param letter string
---@param digits integer?  default 12; a persona has 11, a conversation 15
---@return string
function id_methods:thing(letter, digits) return letter .. hex(self, digits or 12) end

--- A meeting token: 32 hex digits.
---@return string
function id_methods:token() return hex(self, 32) end

--- The next `x-request-id`, unique in one sandbox.
---@return string
function id_methods:request()
  self.requests = self.requests + 1
  return ("%08x%08x"):format(self.salt, self.requests)
end

--- The time now as a row has it: ISO 8601, microseconds, Z.
---@return string
function id_methods:timestamp()
  local now = math.floor(self.clock:now() * 1e6 + 0.5) -- whole microseconds: no 0.1 becomes 0.099999
  local second = math.floor(now / 1e6)
  if second ~= self.second then
    self.second, self.prefix = second, ("%04d-%02d-%02dT%02d:%02d:%02d."):format(httpd.utc(second))
  end
  return self.prefix .. ("%06dZ"):format(now - second * 1000000)
end

--- A new source of ids and times.
---@param seed integer?  the same seed gives the same ids; without one they differ in every run
---@param own_clock tavus.sandbox.Clock?  where the times come from
---@return tavus.sandbox.Ids
function state.ids(seed, own_clock)
  local first = math.floor(seed or httpd.time() * 1e6) % 2147483646 + 1
  local self = setmetatable({ state = first, requests = 0, clock = own_clock or clock.new() }, id_methods)
  for _ = 1, 3 do draw(self) end
  self.salt = draw(self)
  return self
end

-- Snapshots ------------------------------------------------------------------

-- More snapshots than a test needs at a time; the oldest are dropped first.
local MAX_SNAPSHOTS = 100

local function rows_of(stored)
  local rows = core.array {}
  for n = 1, stored.count do rows[n] = (stored:newest(stored.count - n + 1)) end
  return rows
end

local function copied_habits(remembered)
  local copy = copy_of(remembered, { windows = {} })
  for _, name in ipairs { "without_draft", "drafts", "pending", "crawled" } do
    copy[name] = copy_of(remembered[name])
  end
  return copy
end

--- Takes what a sandbox remembers, as it is now.
---@param context tavus.sandbox.Context
---@return table taken  read only: it shares rows with the sandbox
function state.take(context)
  local rows = {}
  for name, stored in pairs(context.stores) do rows[name] = rows_of(stored) end
  return {
    settings = copy_of(context.settings),
    rows = rows,
    habits = copied_habits(context.habits),
    ids = context.ids.state,
    clock = context.clock.fixed,
    replayed = context.replay and copy_of(context.replay.used),
  }
end

--- Puts back what `take` gave, any number of times.
---@param context tavus.sandbox.Context
---@param taken table
function state.put(context, taken)
  context.settings = copy_of(taken.settings)
  context.stores = state.stores(taken.rows)
  context.habits = copied_habits(taken.habits)
  context.ids.state = taken.ids
  context.clock.fixed = taken.clock
  if context.replay then context.replay.used = copy_of(taken.replayed) end
end

---@class tavus.sandbox.Snapshots
local snapshot_methods = {}
snapshot_methods.__index = snapshot_methods

--- Keeps what a sandbox remembers.
---@param context tavus.sandbox.Context
---@return string id
function snapshot_methods:add(context)
  self.last = self.last + 1
  self.kept[self.last] = state.take(context)
  self.kept[self.last - MAX_SNAPSHOTS] = nil
  return ("snapshot-%d"):format(self.last)
end

--- What was kept under an id.
---@param id any
---@return table? taken
---@return string? message
function snapshot_methods:get(id)
  local number = type(id) == "string" and tonumber(id:match "^snapshot%-(%d+)$")
  if not number or number < 1 or number > self.last then return nil, ("unknown snapshot '%s'"):format(tostring(id)) end
  if not self.kept[number] then
    return nil, ("'%s' was dropped: the last %d snapshots are kept"):format(id, MAX_SNAPSHOTS)
  end
  return self.kept[number]
end

--- An empty list of snapshots.
---@return tavus.sandbox.Snapshots
function state.snapshots() return setmetatable({ kept = {}, last = 0 }, snapshot_methods) end

return state
