--- The operations on `/v2/memory-stores` that are special: one store for a pair, and the
-- pinned memories in it. generic.lua serves the others and says what a handler is.

local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local habits = require "tavus.sandbox.habits"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local memory_stores = {}

-- The key of a store's pinned memories among the attached items.
local function key_of(id) return "memory_store/" .. id .. "/pinned" end

local function memory(context, text)
  return { memory_id = "pm" .. context.ids:thing(""), memory = text, created_at = habits.timestamp(context) }
end

local function pinned(context, id)
  local kept = context.stores.attached:get(key_of(id))
  return kept and kept.items or core.array {}
end

local function keep(context, id, items)
  context.stores.attached:put(key_of(id), { path = key_of(id), items = core.array(items) })
end

local function seen(context, row)
  return views.copy(row, { pinned_memories = pinned(context, row.memory_store_id), learned = core.null })
end

function memory_stores.create(context, call)
  local body = call.body
  for n = 1, call.rows.count do
    local row = call.rows:newest(n)
    if row.pal_id == body.pal_id and row.participant_tag == body.participant_tag then
      return reply.failure(409, "error", "A memory store for this pal and participant already exists")
    end
  end
  if not context:row("persona", body.pal_id) then return context:refuse "Invalid pal_id" end
  local texts, items = body.pinned_memories, {}
  body.pinned_memories = nil
  generic.answer(context, call)
  local row = call.rows:newest(1)
  for i, text in ipairs(type(texts) == "table" and texts or {}) do items[i] = memory(context, text) end
  keep(context, row.memory_store_id, items)
  return reply.json(200, seen(context, row))
end

function memory_stores.get(context, call) return reply.json(200, seen(context, call.row)) end

function memory_stores.list(context, call)
  return generic.list(context, call, function(row) return seen(context, row) end)
end

function memory_stores.pin(context, call)
  local id = call.ids[1]
  local items, item = views.copy(pinned(context, id)), memory(context, call.body.memory)
  items[#items + 1] = item
  keep(context, id, items)
  return reply.json(200, item)
end

return memory_stores
