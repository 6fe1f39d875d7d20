--- How it was before the last apply, and the way back: the old values as declarations, which are planned and applied as
-- those of the files are.

local compare = require "tavus.setup.compare"
local core = require "tavus.core"
local errors = require "tavus.errors"
local folder = require "tavus.setup.folder"
local kinds = require "tavus.setup.kinds"
local state = require "tavus.setup.state"
local values = require "tavus.setup.values"

local snapshot = {}

-- Beside the state; not to be committed.
local FILE = "tavus.before.json"

-- What the file has, by environments; empty where it cannot be read.
local function stored(path)
  local all = core.decode(folder.read(path) or "")
  return type(all) == "table" and all or {}
end

local function is_secret(path, value)
  for name in path:gmatch "[^/]+" do
    if core.is_secret(name) then return true end
  end
  return type(value) == "string" and (core.is_masked(value) or value:find "^sealed:" ~= nil)
end

-- A copy of a live value without what is secret.
local function without_secrets(value, path)
  return values.copy(value, function(member, below)
    if type(member) == "string" and is_secret(path .. below, member) then return nil end
    return member
  end)
end

-- The values that an object has on the paths of a change or of its state, and the paths whose values are secret.
local function before_of(item)
  local entry, paths, found, secret = item.entry or {}, {}, {}, {}
  for path in pairs(compare.leaves(entry.applied or {})) do paths[path] = true end
  for _, change in ipairs(item.changes or {}) do paths[change.path] = true end
  -- of an adopted object, all that is declared was there before
  for path in pairs(item.adopted and compare.leaves(item.sealed) or {}) do paths[path] = true end
  for path in pairs(paths) do
    local live = compare.at(item.live, path)
    if live ~= nil and is_secret(path, live) then
      secret[#secret + 1] = path
    elseif live ~= nil then
      found[path] = without_secrets(live, path)
    end
  end
  table.sort(secret)
  return { id = item.old_id or item.id, values = found, secret = core.array(secret) }
end

--- Keeps how the objects are before an apply changes them.
---@param run table
---@param items tavus.SetupItem[]
---@return true?
---@return tavus.Error?
function snapshot.save(run, items)
  local plan = run.plan
  if #items == 0 and #plan.deletes == 0 then return true end
  local path = plan.setup.dir .. "/" .. FILE
  local all = stored(path)
  local before = {}
  for _, item in ipairs(plan.items) do
    if item.live then before[item.key] = before_of(item) end
  end
  for _, gone in ipairs(plan.deletes) do
    local document = run.client[kinds[gone.kind].collection]:get(gone.id)
    if type(document) == "table" then
      local entry = plan.state.section.entries[gone.key]
      local name = gone.kind == "persona" and gone
      if name and entry.applied.tools then document.tools = entry.applied.tools end
      if name and entry.applied.skills then document.skills = entry.applied.skills end
      before[gone.key] = before_of({ entry = entry, live = document, id = gone.id })
    end
  end
  all[plan.setup.env or "default"] = before
  local saved, message = core.save(path, (core.encode(all)))
  if saved then return true end
  return nil, errors.new { type = "config", code = "state", message = message,
    hint = "nothing was changed at Tavus; make the folder writable" }
end

-- The values of a snapshot as a declaration without references.
local function declaration_of(key, before, current)
  local kind, name = key:match "^(%S+) (.+)$"
  local body, unmanaged = {}, {}
  for path, value in pairs(before.values) do compare.set(body, path, value) end
  for path, value in pairs(current and compare.leaves(current.body) or {}) do
    if values.is_secret(value) then
      if compare.at(body, path:match "^(.*)/") then compare.set(body, path, value) end
    end
  end
  -- what the snapshot must not have is as the files say, or stays as it is
  for _, path in ipairs(before.secret or {}) do
    local value = current and compare.at(current.body, path)
    if value ~= nil then compare.set(body, path, value) else unmanaged[#unmanaged + 1] = path end
  end
  for _, path in ipairs(current and current.unmanaged or {}) do unmanaged[#unmanaged + 1] = path end
  local it = { kind = kind, name = name, body = body, file = FILE, line = 1, unmanaged = unmanaged }
  if kind == "persona" then
    it.skills, body.skills = body.skills, nil
    it.tools = body.tools and {} or nil
    for id in pairs(body.tools or {}) do it.tools[#it.tools + 1] = id end
    table.sort(it.tools or {})
    body.tools = nil
  end
  return values.declaration(it)
end

-- Puts declarations in the places of their old ids.
local function refer(it, by_id)
  local function map(member) return type(member) == "string" and by_id[member] ~= it and by_id[member] or member end
  it.body = values.copy(it.body, map)
  if it.tools then it.tools = values.copy(it.tools, map) end
end

--- The declarations of how it was before the last apply.
---@param setup tavus.Setup
---@return tavus.Declaration[]?
---@return tavus.Error?
function snapshot.declarations(setup)
  local path = setup.dir .. "/" .. FILE
  local before = stored(path)[setup.env or "default"]
  if type(before) ~= "table" then
    return nil, errors.new { type = "config", code = "snapshot",
      message = ("%s has nothing of this environment"):format(path),
      hint = "each apply that changes something makes it" }
  end
  local current, by_id, list = {}, {}, {}
  for _, it in ipairs(setup.declarations) do current[state.key(it)] = it end
  for _, key in ipairs(values.sorted_keys(before)) do
    local it = declaration_of(key, before[key], current[key])
    list[#list + 1], by_id[before[key].id] = it, it
  end
  for _, it in ipairs(list) do refer(it, by_id) end
  return list
end

return snapshot
