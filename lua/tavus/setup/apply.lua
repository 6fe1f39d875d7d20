--- Makes a plan real: in the order of what needs what, independent parts at once, the state after each change.

local core = require "tavus.core"
local errors = require "tavus.errors"
local hosts = require "tavus.host"
local kinds = require "tavus.setup.kinds"
local llm = require "tavus.setup.llm"
local plans = require "tavus.setup.plan"
local snapshot = require "tavus.setup.snapshot"
local state = require "tavus.setup.state"
local write = require "tavus.setup.write"

local apply = {}

---@class tavus.SetupResult
---@field applied { action: string, kind: string, name: string, id: string, target: string? }[]
---@field failed { kind: string, name: string, err: tavus.Error }[]
---@field conflicts { kind: string, name: string, err: tavus.Error }[] nothing was written there
---@field status "done"|"partly"|"conflict"|"key"

local Run = {}
Run.__index = Run

--- Notes what was done.
function Run:done(item, action, target)
  if action == "create" and item.old_id then action = "replace" end
  local step = { action = action, kind = item.kind, name = item.name, id = item.id, target = target }
  self.result.applied[#self.result.applied + 1] = step
  if self.options.on_step then self.options.on_step(step) end
end

local function is_conflict(err) return err.type == "conflict" and (err.conflict ~= nil or err.code == "stale") end

function Run:fail(item, err)
  local list = is_conflict(err) and self.result.conflicts or self.result.failed
  list[#list + 1] = { kind = item.kind, name = item.name, err = err }
end

-- Whether the llm layer of a persona is written.
local function writes_llm(item)
  if item.action == "create" then return true end
  for _, entry in ipairs(item.changes or {}) do
    if entry.path:find "^/layers/llm" then return true end
  end
  return false
end

-- Documents must be ready before a persona takes them.
local function wait_for_documents(run, item)
  for _, other in ipairs(item.needs) do
    if other.kind == "document" then
      local ready, err = write.wait(run, other.id)
      if not ready then return nil, err end
    end
  end
  return true
end

-- Does what the plan says of one item.
local function perform(run, item)
  local fine, err = true, nil
  if item.kind == "persona" and (item.action == "create" or item.action == "change") then
    if not run.options.no_preflight and writes_llm(item) then fine, err = llm.check(item.it.body) end
    if fine then fine, err = wait_for_documents(run, item) end
  end
  if not fine then return nil, err end
  if item.action == "create" or item.action == "replace" then
    fine, err = write.create(run, item)
  elseif item.action == "change" then
    fine, err = write.change(run, item)
  end
  if item.kind ~= "persona" or not item.id or not run.state.section.entries[item.key] then return fine, err end
  -- what is attached does not depend on the body
  local attached, problem = true, nil
  if fine or err.code == "silent_drop" then attached, problem = write.attach(run, item) end
  if not fine then return nil, err end
  return attached, problem
end

local function skipped(item, other)
  return errors.new { type = "conflict", code = "skipped", retryable = true, ambiguous = false,
    message = ("%s was left, because %s failed"):format(item.key, other.key), hint = "apply again" }
end

-- Runs the items, each after what it needs, `limit` at a time.
local function run_items(run, items, limit)
  local tasks, under_way, over = run.tasks, 0, {} -- over[item]: "fine" or "failed"
  local start_more
  local function finish(item, fine, err)
    over[item] = fine and "fine" or "failed"
    if not fine then run:fail(item, err) end
  end
  local function is_ready(item)
    for _, other in ipairs(item.needs) do
      if items[other] and not over[other] then return false end
      if over[other] == "failed" and not other.id then
        finish(item, nil, skipped(item, other))
        return false
      end
    end
    return true
  end
  local started = {}
  function start_more()
    for _, item in ipairs(items) do
      if under_way >= limit then return end
      if not started[item] and not over[item] and is_ready(item) then
        started[item] = true
        under_way = under_way + 1
        tasks[#tasks + 1] = { item = item, task = run.client:spawn(function()
          local fine, err = perform(run, item)
          finish(item, fine, err)
          under_way = under_way - 1
          start_more()
        end) }
      end
    end
  end
  start_more()
  local n = 1
  while tasks[n] do
    local each = tasks[n]
    local _, err, trace = each.task:result()
    if not over[each.item] then -- it raised an error
      under_way = under_way - 1
      finish(each.item, nil, errors.is(err) and err or errors.new { type = "config", code = "raised",
        message = tostring(trace or err) })
      start_more()
    end
    n = n + 1
  end
  return over
end

-- Whether something that failed may still refer to an id.
local function is_in_use(run, over, items, id)
  for _, item in ipairs(items) do
    local entry = run.state.section.entries[item.key]
    if over[item] == "failed" and entry and core.encode({ entry.applied, item.live }):find(id, 1, true) then
      return true
    end
  end
  return false
end

-- Deletes what was replaced and, with prune, what vanished. Personas come first.
local function delete_old(run, over)
  local list = {}
  for _, item in ipairs(run.plan.items) do
    local entry = run.state.section.entries[item.key]
    for _, id in ipairs(entry and entry.stale or {}) do
      list[#list + 1] = { kind = item.kind, name = item.name, key = item.key, id = id, stale = true }
    end
  end
  for _, gone in ipairs(run.plan.deletes) do list[#list + 1] = gone end
  local personas, others = {}, {}
  for _, gone in ipairs(list) do
    gone.collection = kinds[gone.kind].collection
    local part = gone.kind == "persona" and personas or others
    part[#part + 1] = gone
  end
  for _, part in ipairs { personas, others } do
    run.client:map(part, function(gone)
      if is_in_use(run, over, run.plan.items, gone.id) then return true end
      local fine, err = write.delete(run, gone)
      if not fine then run:fail(gone, err) return true end
      local entries = run.state.section.entries
      if gone.stale then
        local left = {}
        for _, id in ipairs(entries[gone.key].stale) do
          if id ~= gone.id then left[#left + 1] = id end
        end
        entries[gone.key].stale = #left > 0 and left or nil
      else
        entries[gone.key] = nil
      end
      fine, err = run.state:save()
      if not fine then run:fail(gone, err) end
      return true
    end, { concurrency = run.limit })
  end
end

-- Starts and ends a call with each persona that was changed.
local function probe(run)
  local seen = {}
  for _, step in ipairs(run.result.applied) do
    if step.kind == "persona" and step.action ~= "delete" and not seen[step.id] then
      seen[step.id] = true
      local row, err = run.client.conversations:create { persona_id = step.id, test_mode = true }
      if row then
        local ended
        ended, err = run.client.conversations:end_(row.conversation_id)
        if ended then err = nil end
      end
      if err and not row then run:fail(step, err) end
    end
  end
end

local KEY = { auth = true, payment = true }

local function status_of(result)
  for _, entry in ipairs(result.failed) do
    if KEY[entry.err.type] then return "key" end
  end
  if #result.failed > 0 then return "partly" end
  return #result.conflicts > 0 and "conflict" or "done"
end

-- What has to be done, and the state of what fits already.
local function work_of(run)
  local items = {}
  for _, item in ipairs(run.plan.items) do
    local attachments = item.attachments and (next(item.attachments.tools) or next(item.attachments.skills))
    if item.action or attachments then
      items[#items + 1] = item
      items[item] = true
    end
    for _, entry in ipairs(item.drift or {}) do run.accepted[item.key .. entry.path] = true end
    if item.live and not item.old_id then
      item.sealed_body = core.copy(item.sealed)
      if item.kind == "persona" then item.sealed_body.tools, item.sealed_body.skills = nil, nil end
      if item.adopted then run:done(item, "adopt") end
    end
  end
  return items
end

-- Records what fits already, and attachments that are there.
local function record_fitting(run, items)
  for _, item in ipairs(run.plan.items) do
    if item.live and not item.old_id and not (items[item] and item.action) then
      write.record(run, item, item.live)
    elseif item.adopted then
      run.state.section.entries[item.key] = { id = item.id or item.old_id, applied = {}, unread = true }
    end
    local entry = run.state.section.entries[item.key]
    if item.live and item.kind == "persona" and not item.old_id and entry then
      entry.applied = entry.applied or {}
      for _, one in ipairs(item.drift or {}) do
        if one.path:find "^/tools/" or one.path:find "^/skills/" then
          entry.seen = entry.seen or {}
          entry.seen[one.path] = one.live == nil and core.null or one.live
        end
      end
      for _, member in ipairs { "tools", "skills" } do
        local planned = item.attachments and item.attachments[member] or {}
        for id, config in pairs(item.sealed[member] or {}) do
          if not planned[id] then
            entry.applied[member] = entry.applied[member] or {}
            entry.applied[member][id] = config
          end
        end
      end
    end
    if items[item] == nil then run.state.section.intents[item.key] = nil end
  end
  return run.state:save()
end

local function refuse(code, message, hint)
  return errors.new { type = "conflict", code = code, message = message, hint = hint, retryable = false,
    ambiguous = false }
end

-- Why a plan cannot be applied, or nil.
local function obstacle(plan, options)
  if #plan.renamed > 0 then
    local one = plan.renamed[1]
    return refuse("renamed", table.concat(plan.warnings, "; "),
      ('plan with renamed = { ["%s %s"] = "%s" }, or with renamed = false'):format(one.kind, one.from, one.to))
  end
  if plan.counts.drift > 0 and plan.options.resolve ~= "theirs" and options.resolve ~= "theirs" then
    return plans.drifted(plan)
  end
  return nil
end

--- Applies a plan.
---@param plan tavus.SetupPlan
---@param options table? { discard_drafts, no_preflight, probe, concurrency, lock_wait, timeout, interval, on_step,
--- on_progress }
---@return tavus.SetupResult?
---@return tavus.Error? of type `conflict`: nothing was done
function apply.run(plan, options)
  local all = {}
  for _, given in ipairs { plan.options, options or {} } do
    for name, value in pairs(given) do all[name] = value end
  end
  local problem = obstacle(plan, all)
  if problem then return nil, problem end
  local lock, err = plan.state:lock(all.lock_wait)
  if not lock then return nil, err end
  local now
  now, err = state.read(plan.setup.dir, plan.setup.env)
  if not now or now.text ~= plan.state_text then
    lock:release()
    return nil, err or refuse("stale", "the state was changed since the plan, by another apply", "plan again")
  end
  local run = setmetatable({
    plan = plan, client = plan.client, key = plan.key, state = plan.state, options = all,
    accepted = {}, ready = {}, tasks = {}, limit = all.concurrency or plans.CONCURRENCY,
    result = { applied = {}, failed = {}, conflicts = {}, status = "done" },
  }, Run)
  local function work()
    local items = work_of(run)
    local saved, message = snapshot.save(run, items)
    if saved then saved, message = record_fitting(run, items) end
    if not saved then return nil, message end
    delete_old(run, (run_items(run, items, run.limit)))
    if all.probe then probe(run) end
    run.result.status = status_of(run.result)
    return run.result
  end
  local result
  if hosts.scheduler.running() then -- plain Lua 5.1 cannot yield in pcall
    result, err = work()
  else
    local ok
    ok, result, err = pcall(work)
    if not ok then
      for _, each in ipairs(run.tasks) do each.task:cancel() end
      lock:release()
      error(result, 0)
    end
  end
  lock:release()
  return result, err
end

return apply
