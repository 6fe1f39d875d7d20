--- What a sandbox remembers, taken out and put back: rows, switches, what the
-- habits know, where the ids and a recording are, and the clock if it was set.
-- Rules that wait and the journal are no part of it.

local core = require "tavus.core"
local store = require "tavus.sandbox.store"

local state = {}

-- More snapshots than any test needs at a time; the oldest go first.
local MAX_SNAPSHOTS = 100

local shallow = require("tavus.sandbox.values").shallow

--- The stores: `id` is the member that a row is known by, `kept_as` what the rows are called where they are kept. Besides
-- one for each resource, there is one for what is attached to rows.
---@type { name: string, id: string, kept_as: string }[]
state.kinds = {}
for i, resource in ipairs(core.contract().resources) do
  state.kinds[i] = { name = resource.name, id = resource.id_field, kept_as = resource.collection }
end
state.kinds[#state.kinds + 1] = { name = "attached", id = "path", kept_as = "attached" }

-- A stored row is never changed but replaced, so it may be shared.
local function rows_of(stored)
  local rows = core.array {}
  for n = 1, stored.count do rows[n] = (stored:newest(stored.count - n + 1)) end
  return rows
end

--- Stores with rows in them.
---@param rows table<string, table[]>  by the names of their stores; the others are empty
---@return table<string, tavus.sandbox.Store>
function state.stores(rows)
  local stores = {}
  for _, kind in ipairs(state.kinds) do
    local stored = store.new()
    for _, row in ipairs(rows[kind.name] or {}) do stored:insert(row[kind.id], row) end
    stores[kind.name] = stored
  end
  return stores
end

local function copied_habits(remembered)
  local copy = shallow(remembered)
  copy.without_draft = shallow(remembered.without_draft)
  copy.drafts = shallow(remembered.drafts)
  return copy
end

--- Takes what a sandbox remembers, as it is now.
---@param context tavus.sandbox.Context
---@return table taken  not to be changed: it shares rows with the sandbox
function state.take(context)
  local rows = {}
  for name, stored in pairs(context.stores) do rows[name] = rows_of(stored) end
  return {
    settings = shallow(context.settings),
    rows = rows,
    habits = copied_habits(context.habits),
    ids = context.ids.state,
    clock = context.clock.fixed,
    replayed = context.replay and shallow(context.replay.used),
  }
end

--- Puts back what `take` gave; it can be put back any number of times.
---@param context tavus.sandbox.Context
---@param taken table
function state.put(context, taken)
  context.settings = shallow(taken.settings)
  context.stores = state.stores(taken.rows)
  context.habits = copied_habits(taken.habits)
  context.ids.state = taken.ids
  context.clock.fixed = taken.clock
  if context.replay then context.replay.used = shallow(taken.replayed) end
end

---@class tavus.sandbox.Snapshots
local methods = {}
methods.__index = methods

--- Keeps what a sandbox remembers.
---@param context tavus.sandbox.Context
---@return string id
function methods:add(context)
  self.last = self.last + 1
  self.kept[self.last] = state.take(context)
  self.kept[self.last - MAX_SNAPSHOTS] = nil
  return ("snapshot-%d"):format(self.last)
end

--- What was kept.
---@param id any
---@return table|nil taken
---@return string|nil message
function methods:get(id)
  local number = type(id) == "string" and tonumber(id:match "^snapshot%-(%d+)$")
  if not number or number < 1 or number > self.last then
    return nil, ("there is no snapshot '%s'"):format(tostring(id))
  end
  if not self.kept[number] then
    return nil, ("'%s' is gone: the last %d snapshots are kept"):format(id, MAX_SNAPSHOTS)
  end
  return self.kept[number]
end

--- A place for snapshots.
---@return tavus.sandbox.Snapshots
function state.snapshots() return setmetatable({ kept = {}, last = 0 }, methods) end

return state
