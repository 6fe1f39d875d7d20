--- The operations on `/v2/guardrails` that are special: single guardrails and sets of the
-- earlier generation have one path. The items of a set are rows of their own; the set has
-- their ids in `items`. generic.lua serves the others and says what a handler is.

local answers = require "tavus.sandbox.answers"
local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local habits = require "tavus.sandbox.habits"
local lists = require "tavus.sandbox.lists"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local guardrails = {}

local copy_of = views.copy

local function is_set(row) return row.items ~= nil or row.data ~= nil end

-- A set with its items in `data`, without what only single guardrails have.
local function whole(rows, set)
  local data = core.array {}
  for _, id in ipairs(set.items) do
    local item = rows:get(id)
    if item then
      item = copy_of(item)
      item.created_at, item.updated_at = nil, nil
      data[#data + 1] = item
    end
  end
  local copy = copy_of(set, { data = data })
  copy.items = nil
  return copy
end

-- A row as it is shown in a list.
local function seen(rows, row)
  if not is_set(row) then return row end
  local copy = whole(rows, row)
  copy.uuid = nil
  return copy
end

-- Stores a set that has its items in `data`: those with the id of an item of `before` stay, the others get ids of
-- their own, and what is left of `before` is deleted.
local function store(context, rows, set, before)
  local left, ids, now = {}, core.array {}, habits.timestamp(context)
  for _, id in ipairs(before or {}) do left[id] = true end
  for i, item in ipairs(set.data) do
    local id = left[item.uuid] and item.uuid or context:fresh_id "guardrail"
    local old = rows:get(id)
    rows:put(id, copy_of(item, { uuid = id, created_at = old and old.created_at or now, updated_at = now }))
    left[id], ids[i] = nil, id
  end
  for id in pairs(left) do context:remove("guardrail", id) end
  set = copy_of(set, { items = ids })
  set.data = nil
  rows:put(set.uuid, set)
end

function guardrails.create(context, call)
  local body = call.body
  if not is_set(body) then
    if body.app_message == nil then body.app_message = true end
    body.modality = body.modality or "verbal"
    return generic.answer(context, call)
  end
  local refused = context:check_depth(body)
  if refused then return refused end
  local id, now = context:fresh_id "guardrail", habits.timestamp(context)
  local named = { guardrails_id = id, guardrails_name = body.name or core.null, created_at = now }
  store(context, call.rows, copy_of(copy_of(body, named), { uuid = id, updated_at = now }))
  named.status = "completed"
  return reply.json(200, named)
end

function guardrails.list(context, call)
  local rows, refused = lists.rows(context, call, function(row)
    local legacy = call.query.legacy or context.settings.guardrail_lists == "sets" and "true"
    return not legacy or is_set(row) == (legacy ~= "false")
  end)
  if not rows then return refused end
  return reply.list(context, call, #rows, function(n) return seen(call.rows, rows[n]) end)
end

function guardrails.get(context, call)
  if not is_set(call.row) then return generic.answer(context, call) end
  return answers.set(context, seen(call.rows, call.row))
end

function guardrails.patch(context, call)
  local id, before = call.ids[1], call.row.items
  if before then call.row = whole(call.rows, call.row) end
  local answer = generic.answer(context, call)
  local after = call.rows:get(id)
  if before and answer.status == 200 then store(context, call.rows, after, before) end
  return answer
end

function guardrails.delete(context, call)
  for _, id in ipairs(call.row.items or {}) do context:remove("guardrail", id) end
  return generic.answer(context, call)
end

return guardrails
