--- Reads what is at Tavus: the objects that the state knows, and the rows among which others are found by their names.

local errors = require "tavus.errors"
local compare = require "tavus.setup.compare"
local find = require "tavus.client.find"
local pages = require "tavus.client.pages"

local live = {}

-- Filters with which a list has the rows of one's own.
local FILTERS = { personas = { persona_type = "user" } }

--- Reads an object, and for a persona what is attached to it.
---@param client table
---@param item tavus.SetupItem
---@param id string
---@return table? document nil when it is not there, or could not be read
---@return tavus.Error? err not for one that is not there
---@return table? meta
function live.get(client, item, id)
  local document, meta = client[item.about.collection]:get(id)
  if not document then return nil, meta.type ~= "not_found" and meta or nil end
  return document, nil, meta
end

--- Adds to the document of a persona what is attached to it.
---@param client table
---@param item tavus.SetupItem
---@param document table
---@return tavus.Error?
function live.attached(client, item, document)
  local applied = item.entry and item.entry.applied or {}
  if item.it.tools or applied.tools then
    local list, err = client.personas:tools(item.id)
    if not list then return err end
    document.tools = {}
    for _, row in ipairs(list.data) do document.tools[row.tool_id] = true end
  end
  if item.it.skills or applied.skills then
    local map, err = client.personas:skills(item.id)
    if not map then return err end
    document.skills = {}
    for id, row in pairs(map) do document.skills[id] = type(row) == "table" and row.config or {} end
  end
  return nil
end

--- Reads the objects of items that have an id into `item.live`.
---@param client table
---@param items tavus.SetupItem[]
---@param concurrency integer
---@return tavus.Error?
function live.read(client, items, concurrency)
  local known = {}
  for _, item in ipairs(items) do
    if item.id and not item.live then known[#known + 1] = item end
  end
  local results = client:map(known, function(item)
    local document, err = live.get(client, item, item.id)
    if document and item.kind == "persona" then err = live.attached(client, item, document) end
    item.live = document
    return not err or nil, err
  end, { concurrency = concurrency })
  for _, result in ipairs(results) do
    if result.err then
      if errors.is(result.err) then return result.err end
      error(result.err, 0)
    end
  end
  return nil
end

local function filter_of(item)
  if item.kind == "guardrail" then return { legacy = item.is_set and nil or false } end
  return FILTERS[item.about.collection]
end

-- All rows of a list; `cache` has those that were read before.
local function rows_of(client, item, cache)
  local key = item.about.collection .. (item.is_set and " sets" or "")
  if cache[key] then return cache[key] end
  local class = getmetatable(client[item.about.collection])
  local op, rows, row = class.operations.list, {}
  local walk, err = pages.walk(client, op, filter_of(item), nil, class.collection .. ":each", 2)
  if not walk then return nil, err end
  row, err = pages.next(walk)
  while row do
    if type(row) == "table" then rows[#rows + 1] = row end
    row, err = pages.next(walk)
  end
  if err then return nil, err end
  cache[key] = rows
  return rows
end

local function names_of(client, item)
  local names = { item.name_path:sub(2), "guardrails_name" }
  for _, name in ipairs(getmetatable(client[item.about.collection]).names) do
    if not (item.is_set or item.kind == "objectives") then names[#names + 1] = name end
  end
  return names
end

local function has_name(row, names)
  for _, name in ipairs(names) do
    if type(row[name]) == "string" then return true end
  end
  return false
end

-- Whether a row was certainly made before an intent.
local function is_older(row, intent)
  local made = type(row.created_at) == "string" and row.created_at:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d"
  return intent and intent.date and made and made < intent.date or false
end

local function ambiguous(item, ids, why)
  table.sort(ids)
  return errors.new { type = "conflict", code = "several",
    message = ("%s: %d %s at Tavus %s: %s"):format(item.key, #ids, item.about.collection, why,
      table.concat(ids, ", ")),
    hint = "delete or rename those that are not meant, and plan again", retryable = false, ambiguous = false }
end

-- Rows without a name, made since an intent, that have the content.
local function by_content(client, item, rows, known)
  local found, intent = {}, known.intent
  for _, row in ipairs(rows) do
    local id = pages.id_of(row, getmetatable(client[item.about.collection]).id_names)
    if id and not known.owned[id] and not is_older(row, intent) then
      local document, err = live.get(client, item, id)
      if err then return nil, err end
      local want = {}
      for name, value in pairs(known.want) do want[name] = value end
      want[item.name_path:sub(2)] = nil
      local fits = document and compare.covers(want, document, { key = known.key, trusted = true })
      if fits then found[#found + 1] = id end
    end
  end
  return found
end

--- Finds the object that an item without an id already has at Tavus.
---@param client table
---@param item tavus.SetupItem
---@param known table { cache, owned = ids of other items, intent, want = sealed body, key }
---@return string? id nil when there is none
---@return tavus.Error? of type `conflict` when there are several
function live.match(client, item, known)
  local rows, err = rows_of(client, item, known.cache)
  if not rows then return nil, err end
  local names, nameless, id_names = names_of(client, item), {}, getmetatable(client[item.about.collection]).id_names
  local free, ids, since = {}, {}, {}
  for _, row in ipairs(rows) do
    if not known.owned[pages.id_of(row, id_names)] then
      free[#free + 1] = row
      if not has_name(row, names) then nameless[#nameless + 1] = row end
    end
  end
  for _, row in ipairs((find.pick(free, item.stored_name, names))) do
    local list = is_older(row, known.intent) and ids or since
    list[#list + 1] = pages.id_of(row, id_names)
  end
  -- a row from before the intent counts only where no other is there
  if #since > 0 then ids = since end
  if #ids == 0 and known.intent and #nameless > 0 then
    ids, err = by_content(client, item, nameless, known)
    if not ids then return nil, err end
  end
  if #ids > 1 then
    return nil, ambiguous(item, ids, known.intent and "may be what an interrupted apply made" or
      ("are named %q"):format(item.stored_name))
  end
  return ids[1]
end

return live
