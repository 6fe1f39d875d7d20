--- What has to be done at Tavus to make it as the files say: a list of steps. Only reads.

local core = require "tavus.core"
local compare = require "tavus.setup.compare"
local diff = require "tavus.patch.diff"
local errors = require "tavus.errors"
local graph = require "tavus.setup.graph"
local kinds = require "tavus.setup.kinds"
local live = require "tavus.setup.live"
local merge = require "tavus.client.merge"
local state = require "tavus.setup.state"
local values = require "tavus.setup.values"

local plan = {}

--- How many requests are under way at once.
plan.CONCURRENCY = 4

---@class tavus.SetupStep
---@field action "create"|"adopt"|"change"|"replace"|"attach"|"detach"|"drift"|"delete"
---@field kind string
---@field name string
---@field id string?
---@field target string? of attach and detach: "tool NAME" or "skill ID"
---@field ops table[]? of a change: the operations, with texts in the places of secrets
---@field secrets string[]? paths of secrets that are sent
---@field drift tavus.SetupDifference[]? of drift: { path, last, live, want }
---@field reason string?

---@class tavus.SetupPlan
---@field steps tavus.SetupStep[]
---@field counts { create: integer, change: integer, delete: integer, drift: integer }
---@field warnings string[]
---@field renamed { kind: string, from: string, to: string }[] questions: a vanished name that resembles a new one
local Plan = {}
Plan.__index = Plan
plan.meta = Plan

--- Whether nothing has to be done, and nothing drifted.
---@return boolean
function Plan:is_empty() return #self.steps == 0 end

-- Differences by what they are about.
local function sorted_out(list)
  local body, tools, skills = {}, {}, {}
  for _, entry in ipairs(list) do
    local member, id = entry.path:match "^/(%w+)/([^/]+)"
    local part = member == "tools" and tools or member == "skills" and skills or nil
    if part then
      entry.id = id
      part[#part + 1] = entry
    elseif entry.path ~= "/tools" and entry.path ~= "/skills" then
      body[#body + 1] = entry
    end
  end
  return body, tools, skills
end

-- The members that a resource lets one change; nil when all.
local function changeable(client, item)
  local fields = getmetatable(client[item.about.collection]).operations.patch.fields
  if not fields then return nil end
  local names = {}
  for _, field in ipairs(fields) do names[field.name] = true end
  return names
end

-- Whether the changes can only be made by a new object in the place of the old one.
local function needs_new(client, item, body)
  if #body == 0 then return false end
  if item.kind == "objectives" then return true end
  local names = changeable(client, item)
  for _, entry in ipairs(body) do
    if names and not names[entry.path:match "^/([^/]+)"] then return true end
  end
  return false
end

--- The secrets that have to be sent again with changes: those of the same part of the document.
---@param client table
---@param item tavus.SetupItem
---@param want table
---@param body tavus.SetupDifference[]
---@return table<string, any> secrets by their paths
function plan.secrets_of(client, item, want, body)
  local found, roots = {}, {}
  local class = getmetatable(client[item.about.collection])
  local style = class.operations.patch.sends
  for _, rule in ipairs(core.contract(item.about.collection).secret_rules or {}) do roots[#roots + 1] = rule.root end
  for path, value in pairs(compare.leaves(want, item.it.unmanaged)) do
    if values.is_secret(value) then
      for _, entry in ipairs(body) do
        local root = style == "partial" and path:match "^/[^/]+" or nil
        for _, other in ipairs(roots) do
          if compare.below(path, { other }) then root = other end
        end
        if entry.path == path or root and compare.below(entry.path, { root }) then found[path] = value end
      end
    end
  end
  return found
end

local function is_empty(value) return type(value) == "table" and next(value) == nil end

--- Makes changes in a document.
---@param document table changed in place
---@param want table the wanted document
---@param body tavus.SetupDifference[]
---@param secrets table<string, any>
function plan.write(document, want, body, secrets)
  for _, entry in ipairs(body) do
    local value
    if entry.op == "write" then value = values.copy(compare.at(want, entry.path)) end
    if entry.op == "empty" then value = core.array {} end
    compare.set(document, entry.path, value)
    local above = entry.path:match "^(.+)/"
    -- objects that a removal left empty go, too
    while value == nil and above and compare.at(want, above) == nil and is_empty(compare.at(document, above)) do
      compare.set(document, above, nil)
      above = above:match "^(.+)/"
    end
  end
  for path, value in pairs(secrets) do compare.set(document, path, value) end
end

-- The operations of a change, as they are shown.
local function operations(client, item, body, secrets)
  local after = core.copy(item.live)
  plan.write(after, item.want, body, secrets)
  after = graph.shown(after)
  local before = values.copy(item.live)
  for _, name in ipairs { "tools", "skills" } do
    if item.kind == "persona" then before[name], after[name] = nil, nil end
  end
  local style = getmetatable(client[item.about.collection]).operations.patch.sends
  if style == "json_patch" then return diff(before, after, true, true) or {} end
  local ops = {}
  for name, value in pairs(merge.body(style, before, after) or {}) do
    ops[#ops + 1] = { op = "replace", path = "/" .. name, value = value }
  end
  table.sort(ops, function(a, b) return a.path < b.path end)
  return ops
end

-- The name of a tool whose id is known, for people.
local function target_of(self, member, id)
  if member == "skills" then return "skill " .. id end
  for _, item in ipairs(self.items) do
    if item.id == id then return item.kind .. " " .. item.name end
  end
  return id:match "^%((tool .*)%)$" or "tool " .. id
end

local function add(self, item, action, more)
  local step = more or {}
  step.action, step.kind, step.name, step.id = action, item.kind, item.name, step.id or item.id
  self.steps[#self.steps + 1] = step
  return step
end

-- A call that only sets members removes none: a list becomes empty, and anything else stays.
local function removable(self, item, body)
  local class = getmetatable(self.client[item.about.collection])
  if class.operations.patch.sends ~= "partial" then return body end
  local list = {}
  for _, entry in ipairs(body) do
    local is_member = entry.op == "remove" and not entry.path:find("/", 2, true)
    if is_member and type(entry.live) == "table" and core.is_array(entry.live) then entry.op = "empty" end
    local was_empty = entry.op == "empty" and is_empty(entry.live)
    if entry.op == "remove" and is_member then
      self.warnings[#self.warnings + 1] = ("%s: %s cannot be removed at Tavus, and stays"):format(item.key, entry.path)
    elseif not was_empty then
      list[#list + 1] = entry
    end
  end
  return list
end

-- Drift is changed, accepted, or shown.
local function resolve(self, changes, drift)
  if self.options.resolve ~= "ours" then return changes, drift end
  for _, entry in ipairs(drift) do changes[#changes + 1] = entry end
  table.sort(changes, function(a, b) return a.path < b.path end)
  return changes, {}
end

-- Adds the lines of attaching and detaching.
local function add_attachments(self, item, member, list)
  local named = {}
  for _, entry in ipairs(list) do
    local keeps = entry.op == "remove" and (member == "tools" or compare.at(item.want, "/skills/" .. entry.id) == nil)
    local action = keeps and "detach" or "attach"
    if not named[entry.id] and (action == "attach" or self.options.prune) then
      named[entry.id] = action
      add(self, item, action, { target = target_of(self, member, entry.id) })
    end
  end
  item.attachments = item.attachments or {}
  item.attachments[member] = named
end

--- Compares an item with what is at Tavus and adds its steps.
local function add_item(self, item)
  item.want = graph.wanted(item, self.by)
  local sealed, err = compare.sealed(item.want, self.key)
  if not sealed then return err end
  item.sealed = sealed
  if not item.live then
    item.action = "create"
    item.id = nil
    add(self, item, "create", { body = graph.shown(item.it.body),
      reason = item.gone and ("%s is not there any more"):format(item.gone) or nil })
    for _, member in ipairs { "tools", "skills" } do
      for _, id in ipairs(values.sorted_keys(item.want[member] or {})) do
        add(self, item, "attach", { target = target_of(self, member, id) })
      end
    end
    return nil
  end
  local entry = item.entry or {}
  local changes, drift = compare.three { kind = item.kind, want = sealed,
    last = not entry.unread and entry.applied or nil, seen = entry.seen, live = item.live, key = self.key,
    unmanaged = item.it.unmanaged }
  changes, drift = resolve(self, changes, drift)
  local body, tools, skills = sorted_out(changes)
  body = removable(self, item, body)
  item.changes, item.drift = body, drift
  if item.adopted then add(self, item, "adopt") end
  if needs_new(self.client, item, body) then
    item.action, item.old_id, item.id = "replace", item.id, nil
    add(self, item, "replace", { id = item.old_id, ops = operations(self.client, item, body, {}) })
  elseif #body > 0 then
    item.action = "change"
    local secrets = plan.secrets_of(self.client, item, item.want, body)
    local ops = operations(self.client, item, body, secrets)
    add(self, item, "change", { ops = ops, secrets = values.sorted_keys(secrets) })
  end
  add_attachments(self, item, "tools", tools)
  add_attachments(self, item, "skills", skills)
  if #drift > 0 then add(self, item, "drift", { drift = graph.shown(drift) }) end
  for _, id in ipairs(entry.stale or {}) do
    add(self, item, "delete", { id = id, reason = "another one took its place" })
  end
  return nil
end

-- The order of deleting: what refers to others first.
local DELETED = { persona = 1, tool = 2, guardrail = 3, objectives = 4, document = 5, dictionary = 6 }

-- Entries of the state that no declaration has.
local function vanished(self)
  local declared, list = {}, {}
  for _, item in ipairs(self.items) do declared[item.key] = true end
  for key, entry in pairs(self.state.section.entries) do
    local kind, name = key:match "^(%S+) (.+)$"
    if not declared[key] and kinds[kind] then
      list[#list + 1] = { key = key, kind = kind, name = name, id = entry.id }
    end
  end
  table.sort(list, function(a, b)
    if a.kind ~= b.kind then return DELETED[a.kind] < DELETED[b.kind] end
    return a.name < b.name
  end)
  return list
end

-- Gives the entries of old names to the new ones.
local function rename(self, renamed)
  local entries = self.state.section.entries
  for from, to in pairs(renamed) do
    local kind = from:match "^%S+"
    if entries[from] then entries[kind .. " " .. to], entries[from] = entries[from], nil end
  end
end

-- A vanished name that resembles that of something new may be the same thing.
local function ask_renamed(self)
  if self.options.renamed ~= nil then return end
  for _, old in ipairs(vanished(self)) do
    local new = {}
    for _, item in ipairs(self.items) do
      if item.kind == old.kind and item.action == "create" and not item.gone then new[item.name] = true end
    end
    local near = core.nearest(old.name, new)
    if near then
      self.renamed[#self.renamed + 1] = { kind = old.kind, from = old.name, to = near }
      self.warnings[#self.warnings + 1] = ("%s %q vanished, and %q is new: renamed?"):format(old.kind, old.name, near)
    end
  end
end

local function adopt(self)
  local cache, owned, section = {}, {}, self.state.section
  for _, entry in pairs(section.entries) do owned[entry.id] = true end
  for _, item in ipairs(self.items) do
    if not item.entry then
      local sealed, err = compare.sealed(item.it.body, self.key)
      if not sealed then return err end
      local id
      id, err = live.match(self.client, item, { cache = cache, owned = owned, intent = section.intents[item.key],
        want = sealed, key = self.key })
      if err then return err end
      if id then
        item.id, item.adopted, owned[id] = id, true, true
      end
    end
  end
  return nil
end

local COUNTED = { create = "create", replace = "create", change = "change", delete = "delete" }

local function count(self)
  local changed = {}
  for _, step in ipairs(self.steps) do
    local what = COUNTED[step.action] or (step.action == "attach" or step.action == "detach") and "change"
    local key = state.key(step)
    if step.action == "drift" then
      self.counts.drift = self.counts.drift + #step.drift
    elseif what and not changed[key] then
      changed[key] = true
      self.counts[what] = self.counts[what] + 1
    end
  end
end

--- Plans what has to be done.
---@param setup tavus.Setup
---@param client table
---@param options table? { prune, resolve, renamed, concurrency, declarations }
---@return tavus.SetupPlan?
---@return tavus.Error?
function plan.make(setup, client, options)
  options = options or {}
  local read, err = state.read(setup.dir, setup.env)
  if not read then return nil, err end
  local self = setmetatable({
    setup = setup, client = client, options = options, state = read, state_text = read.text, steps = {}, warnings = {},
    renamed = {}, counts = { create = 0, change = 0, delete = 0, drift = 0 }, key = client._session,
  }, Plan)
  self.items, self.by = graph.items(options.declarations or setup.declarations)
  if type(options.renamed) == "table" then rename(self, options.renamed) end
  for _, item in ipairs(self.items) do
    item.entry = read.section.entries[item.key]
    item.id = item.entry and item.entry.id
  end
  err = live.read(client, self.items, options.concurrency or plan.CONCURRENCY)
  if err then return nil, err end
  for _, item in ipairs(self.items) do
    if item.id and not item.live then item.gone, item.entry, item.id = item.id, nil, nil end
  end
  err = adopt(self) or live.read(client, self.items, options.concurrency or plan.CONCURRENCY)
  if err then return nil, err end
  for _, item in ipairs(self.items) do
    err = add_item(self, item)
    if err then return nil, err end
  end
  ask_renamed(self)
  self.deletes = options.prune and vanished(self) or {}
  for _, gone in ipairs(self.deletes) do add(self, gone, "delete") end
  count(self)
  return self
end

--- The steps as text: equal for plans that do the same.
---@param self tavus.SetupPlan
---@return string
function plan.text(self) return assert(core.encode(values.copy(self.steps))) end

-- For messages of apply.
function plan.drifted(self)
  local paths = {}
  for _, step in ipairs(self.steps) do
    for _, entry in ipairs(step.drift or {}) do paths[#paths + 1] = ("%s %s"):format(state.key(step), entry.path) end
  end
  return errors.new { type = "conflict", code = "drift", retryable = false, ambiguous = false,
    message = ("others changed what the files declare: %s"):format(table.concat(paths, ", ")),
    hint = 'plan with resolve = "ours" to write what the files say, or "theirs" to leave it as it is' }
end

return plan
