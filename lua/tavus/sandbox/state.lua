--- What a sandbox remembers, taken out and put back: rows, switches, what the
-- habits know, where the ids and a recording are, and the clock if it was set.
-- Rules that wait and the journal are no part of it.

local core = require "tavus.core"
local store = require "tavus.sandbox.store"

local state = {}

-- More snapshots than any test needs at a time; the oldest go first.
local MAX_SNAPSHOTS = 100

local shallow = require("tavus.sandbox.values").shallow

local function same(row) return row end

-- A stored persona is never changed but replaced, so its row may be shared. A
-- conversation's is changed in place.
local function rows_of(stored, copy)
  local rows = core.array {}
  for n = 1, stored.count do rows[n] = copy(stored:newest(stored.count - n + 1)) end
  return rows
end

local function store_of(rows, id, copy)
  local stored = store.new()
  for _, row in ipairs(rows) do stored:insert(row[id], copy(row)) end
  return stored
end

local function copied(row) return (core.copy(row)) end

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
  return {
    settings = shallow(context.settings),
    personas = rows_of(context.personas, same),
    conversations = rows_of(context.conversations, copied),
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
  context.personas = store_of(taken.personas, "persona_id", same)
  context.conversations = store_of(taken.conversations, "conversation_id", copied)
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
