--- What the commands of setups write: plans, drift and steps, as lines for people or as JSON. No secret is in it.

local compare = require "tavus.setup.compare"
local core = require "tavus.core"
local state = require "tavus.setup.state"
local terminal = require "tavus.cli.terminal"
local values = require "tavus.setup.values"

local plan_text = {}

local HIDDEN = "(secret)"
-- Columns of a value, of an id, and of a path that others are aligned with.
local VALUE, ID, PATH = 30, 4, 34
-- A text of one line that is longer is shown as lines, too.
local LONG = 60
-- Lines around a change, and the most pairs of lines that are compared.
local CONTEXT, PAIRS = 2, 1000000

local SIGNS = { create = "+", delete = "-", drift = "!" }
local COLORS = { ["+"] = "green", ["-"] = "red", ["!"] = "yellow", ["~"] = "cyan", ["@"] = "dim" }

-- Whether one of the values at a path is a secret.
local function is_secret(path, some)
  for name in path:gmatch "[^/]+" do
    if core.is_secret(name) then return true end
  end
  return core.encode(values.copy(some)):find('"sealed:%x') ~= nil
end

-- A copy of a step or of drift without what is secret.
local function without_secrets(it)
  local copy = values.copy(it)
  if copy.secrets then copy.secrets = core.array(copy.secrets) end
  for _, op in ipairs(copy.ops or {}) do
    if op.value ~= nil and is_secret(op.path, { op.value }) then op.value = HIDDEN end
  end
  for _, entry in ipairs(copy.drift or { copy.path and copy }) do
    if is_secret(entry.path, { want = entry.want, last = entry.last, live = entry.live }) then
      for _, name in ipairs { "want", "last", "live" } do
        if entry[name] ~= nil then entry[name] = HIDDEN end
      end
    end
  end
  return copy
end

-- Lines -----------------------------------------------------------------------

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  if lines[#lines] == "" then lines[#lines] = nil end
  return lines
end

-- lengths[i][j]: how many lines old[i...] and new[j...] have in common, in their order.
local function common(old, new, first, n, m)
  local lengths = { [n + 1] = {} }
  for j = 1, m + 1 do lengths[n + 1][j] = 0 end
  for i = n, 1, -1 do
    local row, below = { [m + 1] = 0 }, lengths[i + 1]
    for j = m, 1, -1 do
      row[j] = old[first + i] == new[first + j] and below[j + 1] + 1 or math.max(below[j], row[j + 1])
    end
    lengths[i] = row
  end
  return lengths
end

-- The lines of both texts with " ", "-" or "+", and how many were added and removed.
local function edits(old, new)
  local first, last, list = 0, 0, {}
  while first < math.min(#old, #new) and old[first + 1] == new[first + 1] do first = first + 1 end
  while last < math.min(#old, #new) - first and old[#old - last] == new[#new - last] do last = last + 1 end
  local n, m = #old - first - last, #new - first - last
  local lengths = n * m <= PAIRS and common(old, new, first, n, m)
  local i, j, added, removed = 1, 1, 0, 0
  for at = 1, first do list[at] = { " ", old[at] } end
  while i <= n or j <= m do
    if lengths and i <= n and j <= m and old[first + i] == new[first + j] then
      list[#list + 1] = { " ", old[first + i] }
      i, j = i + 1, j + 1
    elseif i <= n and (j > m or not lengths or lengths[i + 1][j] >= lengths[i][j + 1]) then
      list[#list + 1] = { "-", old[first + i] }
      i, removed = i + 1, removed + 1
    else
      list[#list + 1] = { "+", new[first + j] }
      j, added = j + 1, added + 1
    end
  end
  for at = #old - last + 1, #old do list[#list + 1] = { " ", old[at] } end
  return list, added, removed
end

-- What is near a change: a unified diff. Where lines are left out, the numbers of the next ones stand.
local function hunks(list)
  local near, shown = {}, {}
  for at, edit in ipairs(list) do
    for other = at - CONTEXT, at + CONTEXT do near[other] = near[other] or edit[1] ~= " " end
  end
  local old, new = 1, 1
  for at, edit in ipairs(list) do
    if at > 1 and near[at] and not near[at - 1] then shown[#shown + 1] = { "@", ("@ -%d +%d @@"):format(old, new) } end
    if near[at] then shown[#shown + 1] = edit end
    if edit[1] ~= "+" then old = old + 1 end
    if edit[1] ~= "-" then new = new + 1 end
  end
  return shown
end

-- Values ----------------------------------------------------------------------

local function is_long(value) return type(value) == "string" and (#value > LONG or value:find "\n" ~= nil) end

-- A value on part of a line.
local function short(out, value)
  if value == nil or value == core.null then return "nothing" end
  return terminal.cut(out:encoded(value), VALUE)
end

-- The change of a value: a note, and the lines of long texts.
local function change_of(out, old, new)
  if not is_long(old) and not is_long(new) then
    if type(old) == "table" or old == nil then return short(out, new) end
    return ("%s -> %s"):format(short(out, old), short(out, new))
  end
  local function lines(value)
    if type(value) ~= "string" then return {} end
    return lines_of((core.decode(out:encoded(value))))
  end
  local list, added, removed = edits(lines(old), lines(new))
  local note = ("+%d%s lines"):format(added, removed > 0 and (" -%d"):format(removed) or "")
  return note, hunks(list)
end

local function size(count) return count < 1000 and ("%d B"):format(count) or ("%.1f KB"):format(count / 1000) end

-- Why a secret is sent that was not changed.
local function reason_of(path)
  local layer = path:match "^/layers/([^/]+)"
  return ("(secret, sent again because %s changes)"):format(layer and ("the %s layer"):format(layer)
    or path:match "^/[^/]+")
end

-- Plans -----------------------------------------------------------------------

local function label_of(step)
  local name = step.kind == "persona" and step.name or ("%s %s"):format(step.kind, step.name)
  return step.id and step.action ~= "create" and ("%s (%s...)"):format(name, step.id:sub(1, ID)) or name
end

-- One line below a head.
local function operation_line(out, item, op, secret)
  local line = { op.op, op.path }
  if secret then
    local changed
    for _, entry in ipairs(item.changes or {}) do changed = changed or entry.path == op.path end
    line[3] = changed and HIDDEN or reason_of(op.path)
  elseif is_secret(op.path, { op.value }) then
    line[3] = HIDDEN
  elseif op.op ~= "remove" then
    line[3], line.diff = change_of(out, op.op == "replace" and compare.at(item.live, op.path) or nil, op.value)
  end
  return line
end

local function add_operations(out, head, item, step)
  local secrets = {}
  for _, path in ipairs(step.secrets or {}) do secrets[path] = true end
  for _, op in ipairs(step.ops) do
    head.lines[#head.lines + 1] = operation_line(out, item, op, secrets[op.path])
  end
  if step.action ~= "change" then return end
  head.size = ("%s (whole body %s)"):format(size(#core.encode(values.copy(step.ops))),
    size(#core.encode(values.copy(item.live))))
end

local function add_drift(out, heads, step)
  for _, entry in ipairs(without_secrets(step).drift) do
    local note, diff = HIDDEN, nil
    if entry.live ~= HIDDEN then
      local last = entry.last
      if last == nil then last = entry.want end
      if last == nil or type(last) == "table" then last = core.null end
      note, diff = change_of(out, last, entry.live)
    end
    heads[#heads + 1] = { sign = "!", label = label_of(step), text = ("drift  %s  %s"):format(entry.path, note),
      lines = { diff and { diff = diff } } }
  end
end

local function summary_of(head)
  local parts = { head.text }
  if not head.is_new and #head.lines > 0 then
    parts[#parts + 1] = ("%d change%s"):format(#head.lines, #head.lines == 1 and "" or "s")
  end
  parts[#parts + 1] = head.size
  return table.concat(parts, ", ")
end

-- The steps of a plan, put together by what they are about.
local function heads_of(out, plan)
  local heads, by, items = {}, {}, {}
  for _, item in ipairs(plan.items) do items[item.key] = item end
  for _, step in ipairs(plan.steps) do
    local key = state.key(step)
    if step.action == "drift" then
      add_drift(out, heads, step)
    else
      local head = step.action ~= "delete" and by[key]
      if not head then
        head = { sign = SIGNS[step.action] or "~", label = label_of(step), lines = {},
          is_new = step.action == "create" }
        heads[#heads + 1] = head
        if step.action ~= "delete" then by[key] = head end
      end
      if step.ops then add_operations(out, head, items[key], step) end
      if step.target then
        head.lines[#head.lines + 1] = { step.action, step.target }
      elseif step.action ~= "change" then
        head.text = step.action .. (step.reason and (" (%s)"):format(step.reason) or "")
      end
    end
  end
  for _, head in ipairs(heads) do head.text = head.sign == "!" and head.text or summary_of(head) end
  return heads
end

local function show_heads(out, heads)
  local width = 0
  for _, head in ipairs(heads) do width = math.max(width, #head.label) end
  for _, head in ipairs(heads) do
    out:line(("%s %s  %s"):format(head.sign, head.label .. (" "):rep(width - #head.label), head.text),
      COLORS[head.sign])
    local longest = 0
    for _, line in ipairs(head.lines) do longest = math.min(PATH, math.max(longest, line[2] and #line[2] or 0)) end
    for _, line in ipairs(head.lines) do
      if line[1] then
        local padded = line[2] .. (" "):rep(line[3] and longest - #line[2] or 0)
        out:line(("    %-7s %s%s"):format(line[1], padded, line[3] and "  " .. line[3] or ""))
      end
      for _, edit in ipairs(line.diff or {}) do out:line("        " .. edit[1] .. edit[2], COLORS[edit[1]]) end
    end
  end
end

--- Writes a plan.
---@param out tavus.Terminal
---@param plan tavus.SetupPlan
function plan_text.show(out, plan)
  if out.json then
    for _, step in ipairs(plan.steps) do out:object(without_secrets(step)) end
    return out:object { counts = plan.counts, warnings = core.array(plan.warnings) }
  end
  show_heads(out, heads_of(out, plan))
  for _, warning in ipairs(plan.warnings) do out:note("warning: " .. warning, "yellow") end
  local counts = plan.counts
  out:line(("Plan: %d to create, %d to change, %d to delete, %d drifted."):format(counts.create, counts.change,
    counts.delete, counts.drift), "bold")
end

--- Writes what others changed.
---@param out tavus.Terminal
---@param list table[] of setup:drift
function plan_text.drift(out, list)
  local heads = {}
  for _, one in ipairs(list) do
    if out.json then
      out:object(without_secrets(one))
    else
      add_drift(out, heads, { kind = one.kind, name = one.name, id = one.id, drift = { one } })
    end
  end
  show_heads(out, heads)
  if not out.json then out:line(("Drift: %d."):format(#list), "bold") end
end

local DONE = { create = "created", adopt = "adopted", change = "changed", replace = "replaced", attach = "attached",
  detach = "detached", delete = "deleted" }

--- Writes a step that was done.
---@param out tavus.Terminal
---@param step table
function plan_text.step(out, step)
  if out.json then return out:object { applied = step } end
  local sign = SIGNS[step.action] or "~"
  out:line(("%s %s %s %s (%s)%s"):format(sign, DONE[step.action], step.kind, step.name, step.id,
    step.target and ": " .. step.target or ""), COLORS[sign])
end

--- Writes how an apply ended.
---@param out tavus.Terminal
---@param result tavus.SetupResult
function plan_text.result(out, result)
  for _, name in ipairs { "failed", "conflicts" } do
    for _, one in ipairs(result[name]) do
      local err = one.err
      if out.json then
        out:object { [name] = { kind = one.kind, name = one.name, type = err.type, code = err.code,
          message = err.message, hint = err.hint, paths = err.paths, lost = err.lost } }
      else
        out:note(("%s %s: %s"):format(one.kind, one.name, tostring(err)), "red")
        if err.lost then out:note("the draft would lose: " .. table.concat(err.lost, ", ")) end
      end
    end
  end
  local done, failed, conflicts = #result.applied, #result.failed, #result.conflicts
  if out.json then return out:object { status = result.status, done = done, failed = failed, conflicts = conflicts } end
  out:line(("Apply: %d done, %d failed, %d in conflict."):format(done, failed, conflicts), "bold")
end

return plan_text
