--- The ids of other rows that a row holds: which are refused when they are unknown, and
-- what becomes of them when the row with that id is deleted.

local core = require "tavus.core"
local views = require "tavus.sandbox.views"

local ties = {}

---@class tavus.sandbox.Tie
---@field of string       the resource whose rows have the id
---@field path string[]   where the id is, or a list of ids
---@field text string     of the refusal
---@field deleted "gone"|"null"|nil  what becomes of it with the row that it names; nil: nothing
---@field shape string?   what Tavus was seen to refuse: an id that does not fit this

local FACE = "^r[%w_-]+$"

-- By the names of the resources that hold the ids.
---@type table<string, tavus.sandbox.Tie[]>
local TIES = {
  persona = {
    { of = "replica", path = { "default_replica_id" }, text = "Invalid replica_uuid", shape = FACE },
    { of = "replica", path = { "default_face_id" }, text = "Invalid replica_uuid", shape = FACE },
    { of = "document", path = { "document_ids" }, text = "Invalid document_id" },
    { of = "guardrail", path = { "guardrail_ids" }, text = "Invalid guardrails_id", deleted = "gone" },
    { of = "guardrail", path = { "guardrails_id" }, text = "Invalid guardrails_id", deleted = "gone" },
    { of = "objective_set", path = { "objectives_id" }, text = "Invalid objectives_id" },
    { of = "voice", path = { "layers", "tts", "voice_id" }, text = "Invalid voice_id" },
    { of = "pronunciation_dictionary", path = { "layers", "tts", "pronunciation_dictionary_id" },
      text = "Invalid pronunciation_dictionary_id", deleted = "null" },
  },
  conversation = {
    { of = "replica", path = { "replica_id" }, text = "Invalid replica_uuid", shape = FACE },
  },
  replica = {
    { of = "voice", path = { "default_voice_id" }, text = "Invalid voice_id" },
  },
  video = {
    { of = "replica", path = { "replica_id" }, text = "Invalid replica_id", shape = FACE },
  },
}

local function at(row, path)
  for _, name in ipairs(path) do
    if not views.is_object(row) then return nil end
    row = row[name]
  end
  return row
end

-- A copy of a row with another value at a place that it has.
local function with(row, path, value, depth)
  depth = depth or 1
  local name, copy = path[depth], views.copy(row)
  if depth == #path then copy[name] = value else copy[name] = with(row[name], path, value, depth + 1) end
  return copy
end

local function is_none(id) return id == nil or id == core.null or id == "" end

local function is_unknown(context, tie, id)
  if is_none(id) then return false end
  if tie.shape and not (type(id) == "string" and id:find(tie.shape)) then return true end
  return context.settings.unknown_ids == "refuse" and not context:row(tie.of, id)
end

--- Refuses a row that holds an id that is not known.
---@param context tavus.sandbox.Context
---@param name string  of the resource
---@param row table
---@return tavus.sandbox.Reply? refused
function ties.refuse(context, name, row)
  for _, tie in ipairs(TIES[name] or {}) do
    local held = at(row, tie.path)
    for _, id in ipairs(type(held) == "table" and core.is_array(held) and held or { held }) do
      if is_unknown(context, tie, id) then return context:refuse(tie.text) end
    end
  end
  return nil
end

-- What a row has at a place when `id` is deleted; nil if it does not hold it there.
local function without(tie, held, id)
  if held == id then return tie.deleted == "null" and core.null or nil, true end
  if type(held) ~= "table" or not core.is_array(held) then return nil, false end
  local left = core.array {}
  for _, other in ipairs(held) do
    if other ~= id then left[#left + 1] = other end
  end
  return left, #left < #held
end

-- The rows of other resources that hold the id in a way that ends with it.
local function cut_held(context, name, id)
  for holder, list in pairs(TIES) do
    local rows = context.stores[holder]
    for _, tie in ipairs(list) do
      for n = 1, tie.of == name and tie.deleted and rows.count or 0 do
        local row, row_id = rows:newest(n)
        local left, holds = without(tie, at(row, tie.path), id)
        if holds then rows:put(row_id, with(row, tie.path, left)) end
      end
    end
  end
end

--- Takes a deleted row away from the rows that hold its id, or that it is attached to.
---@param context tavus.sandbox.Context
---@param name string  of its resource
---@param id_field string
---@param id string
function ties.cut(context, name, id_field, id)
  cut_held(context, name, id)
  local attached = context.stores.attached
  for n = 1, attached.count do
    local kept, key = attached:newest(n)
    local left = core.array {}
    for _, item in ipairs(kept.items) do
      if item[id_field] ~= id then left[#left + 1] = item end
    end
    if #left < #kept.items then attached:put(key, { path = key, items = left }) end
  end
end

return ties
