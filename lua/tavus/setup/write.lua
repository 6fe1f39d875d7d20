--- Writes one item of a plan to Tavus, reads it back, and keeps the state after each change.

local compare = require "tavus.setup.compare"
local core = require "tavus.core"
local diff = require "tavus.patch.diff"
local errors = require "tavus.errors"
local graph = require "tavus.setup.graph"
local live = require "tavus.setup.live"
local plan = require "tavus.setup.plan"
local values = require "tavus.setup.values"

local write = {}

local null = core.null

local function of_item(fields)
  fields.retryable, fields.ambiguous = false, false
  return errors.new(fields)
end

-- The wanted document with the ids that are known by now, without what is attached by calls of its own.
local function wanted_body(run, item)
  local want = graph.wanted(item, run.plan.by)
  local sealed, err = compare.sealed(want, run.key)
  if not sealed then return nil, err end
  item.want, item.sealed = want, sealed
  local body, sealed_body = {}, {}
  for name, value in pairs(want) do
    if item.kind ~= "persona" or name ~= "tools" and name ~= "skills" then
      body[name], sealed_body[name] = value, sealed[name]
    end
  end
  return body, sealed_body
end

-- Saves the state. The error of a state that cannot be written ends the item.
local function save(run) return run.state:save() end

--- Records in the state what is at Tavus.
---@param run table
---@param item tavus.SetupItem
---@param document table as it was read
---@param written table<string, boolean>? paths that were written
---@return string[] dropped paths that were written and are not there
function write.record(run, item, document, written)
  local entries = run.state.section.entries
  local entry = entries[item.key] or {}
  local last, before, seen, dropped = entry.applied or {}, entry.seen or {}, {}, {}
  local applied = core.copy(item.sealed_body)
  local trusted = { key = run.key, trusted = true }
  for path, want in pairs(compare.leaves(item.sealed_body, item.it.unmanaged)) do
    local now = compare.at(document, path)
    local shown = now == nil and null or now
    if not compare.covers(want, now, trusted) then
      if run.accepted[item.key .. path] or compare.shown_otherwise(item, path, want, now)
        or before[path] ~= nil and core.equal(before[path], shown) then
        seen[path] = shown
      else
        if written and written[path] then dropped[#dropped + 1] = path end
        compare.set(applied, path, compare.at(last, path))
      end
    end
  end
  for path, shown in pairs(before) do
    if path:find "^/tools/" or path:find "^/skills/" then seen[path] = shown end
  end
  if item.kind == "persona" then applied.tools, applied.skills = last.tools, last.skills end
  entry.id, entry.applied, entry.seen, entry.unread = item.id, applied, next(seen) and seen or nil, nil
  entries[item.key] = entry
  table.sort(dropped)
  return dropped
end

-- Reads the item again and compares every path that was written.
local function verify(run, item, written)
  local document, err = live.get(run.client, item, item.id)
  if not document then
    return nil, err or of_item({ type = "not_found", message = item.key .. " is not there after it was written" })
  end
  local dropped = write.record(run, item, document, written)
  local saved, problem = save(run)
  if not saved then return nil, problem end
  if #dropped == 0 then return true end
  return nil, of_item({ type = "unprocessable", code = "silent_drop", paths = dropped,
    message = ("%s: Tavus answered with success and did not keep %s"):format(item.key, table.concat(dropped, ", ")),
    hint = "a draft in the builder may have taken the change: publish it, or apply with discard_drafts" })
end

local function paths_of(document, unmanaged)
  local paths = {}
  for path in pairs(compare.leaves(document, unmanaged)) do paths[path] = true end
  return paths
end

-- "Tue, 01 Dec 2026 02:15:12 GMT" as in rows: 2026-12-01T02:15:12.
local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11,
  Dec = 12 }
local function iso(date)
  local day, month, year, time = tostring(date):match "(%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d)"
  return MONTHS[month] and ("%s-%02d-%sT%s"):format(year, MONTHS[month], day, time) or nil
end

local function owned_ids(run)
  local owned = {}
  for _, entry in pairs(run.state.section.entries) do
    owned[entry.id] = true
    for _, id in ipairs(entry.stale or {}) do owned[id] = true end
  end
  return owned
end

-- Looks for what a create of unknown outcome made.
local function match(run, item)
  return live.match(run.client, item, { cache = {}, owned = owned_ids(run), key = run.key,
    intent = run.state.section.intents[item.key], want = item.sealed_body })
end

-- Keeps the id of a new object, before anything else is done with it.
local function made(run, item, id)
  local entries, entry = run.state.section.entries, run.state.section.entries[item.key]
  local stale = entry and entry.stale or {}
  if item.old_id then stale[#stale + 1] = item.old_id end
  item.id = id
  entries[item.key] = { id = id, applied = {}, unread = true, stale = #stale > 0 and stale or nil }
  run.state.section.intents[item.key] = nil
  return save(run)
end

-- Writes everything to an object that was found in place of a new one.
local function take_over(run, item, id)
  local saved, err = made(run, item, id)
  if not saved then return nil, err end
  local document
  document, err = live.get(run.client, item, id)
  if not document then
    return nil, err or of_item({ type = "not_found", message = ("%s: %s is not there"):format(item.key, id) })
  end
  item.live, item.drift = document, {}
  item.changes = compare.three { kind = item.kind, want = item.sealed_body, live = document, key = run.key,
    unmanaged = item.it.unmanaged }
  return write.change(run, item)
end

--- Makes a new object.
---@param run table
---@param item tavus.SetupItem
---@return true?
---@return tavus.Error?
function write.create(run, item)
  local body, sealed = wanted_body(run, item)
  if not body then return nil, sealed end
  item.sealed_body = sealed
  local section = run.state.section
  if section.intents[item.key] and item.old_id then -- of an apply that was interrupted
    local id, err = match(run, item)
    if err then return nil, err end
    if id then return take_over(run, item, id) end
  end
  section.intents[item.key] = { kind = item.kind, name = item.stored_name, date = run.date,
    fingerprint = values.fingerprint(graph.text(sealed), run.key) }
  local saved, err = save(run)
  if not saved then return nil, err end
  local row, meta = run.client[item.about.collection]:create(graph.revealed(body))
  if not row then
    local id = meta.existing_id
    if not id and meta.ambiguous then
      id, err = match(run, item)
      if err then return nil, err end
    elseif not meta.ambiguous then
      section.intents[item.key] = nil
      save(run)
    end
    if not id then return nil, meta end
    return take_over(run, item, id)
  end
  run.date = iso(meta.headers and meta.headers.date) or run.date
  local id
  for _, name in ipairs(getmetatable(run.client[item.about.collection]).id_names) do id = id or row[name] end
  saved, err = made(run, item, id)
  if not saved then return nil, err end
  run:done(item, "create")
  if item.kind == "document" then
    local ready
    ready, err = write.wait(run, id)
    if not ready then return nil, err end
  end
  return verify(run, item, paths_of(sealed, item.it.unmanaged))
end

--- Waits until a document can be attached.
---@return true?
---@return tavus.Error?
function write.wait(run, id)
  if run.ready[id] then return true end
  local row, err = run.client.documents:wait(id, { timeout = run.options.timeout, interval = run.options.interval,
    on_progress = run.options.on_progress })
  run.ready[id] = row ~= nil
  return row and true or nil, not row and err or nil
end


-- Compares the object as it is now with the plan. Returns the paths that changed since.
local function changed_since(item, now)
  local paths = {}
  for _, entry in ipairs(item.changes) do
    local value, planned = compare.at(now, entry.path), entry.live
    if value == nil then value = null end
    if planned == nil then planned = null end
    -- update masks secrets that an answer showed
    local is_masked = type(value) == "string" and type(planned) == "string" and core.is_masked(value)
    if not is_masked and not core.equal(value, planned) then
      paths[#paths + 1] = entry.path
    end
  end
  return paths
end

-- The error of an object that was changed since the plan.
local function stale(item, paths)
  return of_item({ type = "conflict", code = "stale", paths = paths,
    message = ("%s was changed since the plan, at %s"):format(item.key, table.concat(paths, ", ")),
    hint = "plan again" })
end

-- What a draft in the builder has that the live persona does not.
local function lost(run, item)
  local draft = run.client.personas:get(item.id, { query = { source = "draft" } })
  local current = run.client.personas:get(item.id)
  if not draft or not current then return {} end
  local paths = {}
  for _, op in ipairs(diff(current, draft, true, true) or {}) do
    if not op.path:find "^/is_draft_view" and not op.path:find "^/has_unpublished" and not op.path:find "^/publish_url"
      and not op.path:find "^/updated_at" then
      paths[#paths + 1] = op.path
    end
  end
  return paths
end

--- Changes an object.
---@param run table
---@param item tavus.SetupItem
---@return true?
---@return tavus.Error?
function write.change(run, item)
  local body, sealed = wanted_body(run, item)
  if not body then return nil, sealed end
  item.sealed_body = sealed
  local secrets = plan.secrets_of(run.client, item, body, item.changes)
  local stale_paths
  local function fn(now)
    stale_paths = changed_since(item, now)
    if #stale_paths > 0 then return end
    local writable = graph.revealed(body)
    local texts = {}
    for path in pairs(secrets) do texts[path] = compare.at(writable, path) end
    plan.write(now, writable, item.changes, texts)
  end
  local options = item.kind == "persona" and run.options.discard_drafts and { query = { force = true } } or nil
  local written, err = run.client[item.about.collection]:update(item.id, fn, options)
  if not written then
    if err.conflict == "maker_changes" then err.lost = lost(run, item) end
    return nil, err
  end
  if #stale_paths > 0 then return nil, stale(item, stale_paths) end
  run:done(item, "change")
  local paths = {}
  for _, entry in ipairs(item.changes) do paths[entry.path] = true end
  for path in pairs(secrets) do paths[path] = true end
  return verify(run, item, paths)
end

-- The id and key under which a planned attachment of a new tool goes by now.
local function ids_of(item, member, planned)
  local ids = {}
  for id in pairs(item.want[member] or {}) do
    local pending = ("(tool %s)"):format(tostring(item.tool_names[id]))
    if planned == nil or planned[id] == "attach" or planned[pending] == "attach" then ids[#ids + 1] = id end
  end
  table.sort(ids)
  return ids
end

local function note(run, item, member, id, value)
  local entry = run.state.section.entries[item.key]
  entry.applied[member] = entry.applied[member] or {}
  entry.applied[member][id] = value
  if next(entry.applied[member]) == nil then entry.applied[member] = nil end
  if entry.seen then entry.seen["/" .. member .. "/" .. id] = nil end
  return save(run)
end

-- Calls fn for each id, and keeps the first error while the others go on.
local function each_id(list, fn)
  local first
  for _, id in ipairs(list) do
    local fine, err = fn(id)
    if not fine then first = first or err end
  end
  return first
end

--- Attaches and detaches tools and skills of a persona.
---@param run table
---@param item tavus.SetupItem
---@return true?
---@return tavus.Error?
function write.attach(run, item)
  local fine, problem = wanted_body(run, item)
  if not fine then return nil, problem end
  local planned = item.attachments or {}
  local personas, id = run.client.personas, item.id
  item.tool_names = {}
  for _, other in ipairs(item.needs) do
    if other.kind == "tool" and other.id then item.tool_names[other.id] = other.name end
  end
  local tools = ids_of(item, "tools", planned.tools)
  local first
  if #tools > 0 then
    local attached, err = personas:attach_tools(id, tools)
    if not attached then
      first = err
    else
      for _, tool in ipairs(tools) do
        run:done(item, "attach", "tool " .. (item.tool_names[tool] or tool))
        note(run, item, "tools", tool, true)
      end
    end
  end
  local function detached(member, call)
    local list = {}
    for target, action in pairs(planned[member] or {}) do
      if action == "detach" then list[#list + 1] = target end
    end
    table.sort(list)
    return each_id(list, function(target)
      local gone, err = call(target)
      if not gone and err.type ~= "not_found" then return nil, err end -- detached elsewhere is as good
      run:done(item, "detach", (member == "tools" and "tool " or "skill ") .. target)
      return note(run, item, member, target, nil)
    end)
  end
  first = detached("tools", function(tool) return personas:detach_tool(id, tool) end) or first
  first = each_id(ids_of(item, "skills", planned.skills), function(skill)
    local config = graph.revealed(item.want.skills[skill])
    local set, err = personas:set_skill(id, skill, config)
    if not set then return nil, err end
    run:done(item, "attach", "skill " .. skill)
    return note(run, item, "skills", skill, item.sealed.skills[skill])
  end) or first
  first = detached("skills", function(skill) return personas:remove_skill(id, skill) end) or first
  if first then return nil, first end
  return true
end

--- Deletes an object.
---@return true?
---@return tavus.Error?
function write.delete(run, gone)
  local deleted, err = run.client[gone.collection]:delete(gone.id)
  if not deleted and err.type ~= "not_found" then return nil, err end
  run:done(gone, "delete")
  return true
end

return write
