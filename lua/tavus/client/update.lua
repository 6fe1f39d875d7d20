--- Read, change, send the smallest patch: `client.personas:update(id, fn)`.
--
-- What makes this more than a diff is what an answer of Tavus does not tell:
-- secrets come back masked, and some that are stored are not used again when
-- what is around them is written (the contract's secret rules).

local core = require "tavus.core"
local http = require "tavus.http"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local options = require "tavus.options"
local diff = require "tavus.patch.diff"
local new_patch = require "tavus.patch"
local redact = require "tavus.secret.redact"

local update = {}

local masked = core.is_masked

local rules = options.call_and { arrays = { type = "string", choices = { whole = true, items = true } } }

local function is_secret(field) return field.secret end

-- Of a fact that is not sure the check warns, as everywhere.
local function is_read_only(field)
  if field.read_only and (field.sure == "C" or field.sure == "D") then return "perhaps" end
  return field.read_only
end

-- The part of the contract that leads to fields of a kind: { members, other, items },
-- or what `is_one` gives for such a field itself, or nil where there are none. Fields of
-- one shape share one list of members; `known` holds what was found in each, false for nothing.
local function marked(field, is_one, known)
  local found = is_one(field)
  if found then return found end
  local members
  if field.fields then
    members = known[field.fields]
    if members == nil then
      members = false
      for _, child in ipairs(field.fields) do
        local below = marked(child, is_one, known)
        if below then
          members = members or {}
          members[child.name] = below
        end
      end
      known[field.fields] = members
    end
  end
  local other = field.other and marked(field.other, is_one, known)
  local items = field.items and marked(field.items, is_one, known)
  if not (members or other or items) then return nil end
  return { members = members or {}, other = other or nil, items = items or nil }
end

local function table_at(value, name)
  local child = type(value) == "table" and value[name] or nil
  return type(child) == "table" and child or nil
end

local function below(tree, name)
  if tree == true then return true end
  return tree.members[name] or tree.other
end

-- Puts back what the server gave where `after` still holds a masked secret, so
-- that it shows as no change.
local function keep_secrets(tree, before, after)
  for name, value in pairs(after) do
    local here = below(tree, name) or (type(name) == "number" and tree ~= true and tree.items)
    if here then
      if type(value) == "table" then
        keep_secrets(here, table_at(before, name), value)
      elseif here == true and type(value) == "string" and masked(value) then
        after[name] = type(before) == "table" and before[name] or nil
      end
    end
  end
end

-- Finds what changed in read-only fields. Left out is not changed: a function
-- may return a table of its own that holds only what can be written.
local function keep_read_only(tree, before, after, path, issues)
  for name, here in pairs(tree.members) do
    local old, new = before[name], after[name]
    if type(here) == "table" then
      if type(old) == "table" and type(new) == "table" then
        keep_read_only(here, old, new, path .. "/" .. name, issues)
      end
    elseif new == nil then
      after[name] = old
    elseif here == true and not core.equal(old, new) then
      issues[#issues + 1] = { path = path .. "/" .. name, code = "read_only", severity = "error",
        message = "is read-only and cannot be changed", hint = "leave it as it was" }
    end
  end
end

-- Marks the empty objects inside arrays, so that one which moves when the
-- function takes out another item is told from a {} that the function wrote.
local function mark_objects(value, in_array)
  in_array = in_array or core.is_array(value)
  for _, child in pairs(value) do
    if type(child) == "table" then
      mark_objects(child, in_array)
      if in_array and next(child) == nil and not core.is_array(child) then core.object(child) end
    end
  end
end

-- Lua's {} is an array where an empty array was.
local function keep_arrays(before, after)
  for name, value in pairs(after) do
    local old = type(value) == "table" and table_at(before, name)
    if old and next(value) ~= nil then
      keep_arrays(old, value)
    elseif old and getmetatable(value) == nil and core.is_array(old) then
      core.array(value)
    end
  end
end

local function follow(value, path)
  for name in path:gmatch "[^/]+" do
    value = type(value) == "table" and value[name] or nil
  end
  return type(value) == "table" and value or nil
end

local function given_text(value)
  return type(value) == "string" and value ~= ""
end

-- Does an operation write at a place, or above it?
local function has_path(patch, path)
  for _, op in ipairs(patch) do
    if op.path == path or path:sub(1, #op.path + 1) == op.path .. "/" then return true end
  end
  return false
end

-- Or below it?
local function touches(patch, path)
  for _, op in ipairs(patch) do
    if op.path:sub(1, #path + 1) == path .. "/" then return true end
  end
  return has_path(patch, path)
end

-- The object that a secret rule is about, where it is one that needs its secret.
local function marked_object(rule, value)
  local object = follow(value, rule.root)
  return object and given_text(object[rule.mark]) and object or nil
end

-- Masks the secrets that the rules are about, should the answer show them, so
-- that one the function gives again can be told from one it left alone. Returns
-- them by their rules.
local function mask_shown(secret_rules, value)
  local shown = {}
  for _, rule in ipairs(secret_rules) do
    local object = marked_object(rule, value)
    local secret = object and object[rule.secret]
    if given_text(secret) and not masked(secret) then
      shown[rule], object[rule.secret] = secret, "********"
    end
  end
  return shown
end

-- The rules whose secrets, shown to the function, it has given again.
local function given_again(shown, after)
  local again = {}
  for rule, secret in pairs(shown) do
    local object = follow(after, rule.root)
    again[rule] = object ~= nil and object[rule.secret] == secret
  end
  return again
end

-- Applies a secret rule to a patch, to which it may add. Wants masked secrets put
-- back before. Returns an issue, or nil.
local function check_secret(rule, patch, before, after, again)
  local old, new = follow(before, rule.root), marked_object(rule, after)
  if not (new and touches(patch, rule.root)) then return nil end
  local secret = new[rule.secret]
  if not given_text(secret) or (not again and old and old[rule.secret] == secret) then
    return { path = rule.root .. "/" .. rule.secret, code = "required", severity = "error", message = rule.message, hint = rule.hint }
  end
  -- The two belong together in every patch that writes one of them.
  for _, name in ipairs { rule.mark, rule.secret } do
    local path = rule.root .. "/" .. name
    if not has_path(patch, path) then patch[#patch + 1] = { op = "replace", path = path, value = new[name] } end
  end
  return nil
end

-- An object that needs its secret no longer has no use for the one that shows masked.
local function drop_stale(rule, before, after)
  local old, new = marked_object(rule, before), follow(after, rule.root)
  if old and new and not marked_object(rule, after) and new[rule.secret] == old[rule.secret] then new[rule.secret] = nil end
end

-- Finds a masked secret that would be sent after all, inside an array that is
-- written whole. Returns its path.
local function masked_inside(tree, value, path, patch)
  if type(value) ~= "table" then
    return tree == true and type(value) == "string" and masked(value) and has_path(patch, path) and path or nil
  end
  for name, child in pairs(value) do
    local number = type(name) == "number"
    local here = below(tree, name) or (number and tree ~= true and tree.items)
    local found = here and masked_inside(here, child, path .. "/" .. (number and name - 1 or name), patch)
    if found then return found end
  end
  return nil
end

-- The options of one of the two requests. A query parameter that only one of
-- them knows goes to that one.
local function options_for(op, other, given, deadline)
  local out = {}
  for name, value in pairs(given or {}) do
    if name ~= "arrays" then out[name] = value end
  end
  out.deadline = deadline or out.deadline
  if out.query then
    local mine, others = {}, {}
    for _, name in ipairs(op.query or {}) do mine[name] = true end
    for _, name in ipairs(other.query or {}) do others[name] = true end
    local query = {}
    for name, value in pairs(out.query) do
      local key = type(name) == "number" and type(value) == "table" and value[1] or name
      if mine[key] or not others[key] then query[type(name) == "number" and #query + 1 or name] = value end
    end
    out.query = query
  end
  return out
end

-- Seconds for both requests together.
local function deadline_of(client, op, given)
  local timeout = given and given.timeout or client._timeout or 0
  return given and given.deadline or client._deadline or math.max(op.deadline or call.DEADLINE, timeout)
end

-- Makes places in a patch places in the object that it changes.
local function in_place(issues, patch)
  for _, issue in ipairs(issues) do
    local index, rest = issue.path:match "^/(%d+)/value(.*)$"
    index = index or issue.path:match "^/(%d+)"
    local op = index and patch[tonumber(index) + 1]
    if op then issue.path = op.path .. (rest or "") end
  end
end

-- From the object as it is and as it shall be to the patch, or nil, error.
-- `facts`: what the contract says of secret and read-only fields, the secret
-- rules, and the kind.
local function patch_between(facts, before, after, shown, arrays)
  local issues = {}
  if facts.read_only then keep_read_only(facts.read_only, before, after, "", issues) end
  if #issues > 0 then return nil, errors.validation(issues, facts.kind) end
  local again = given_again(shown, after)
  if facts.secret then keep_secrets(facts.secret, before, after) end
  for _, rule in ipairs(facts.secret_rules) do drop_stale(rule, before, after) end
  keep_arrays(before, after)
  -- An object that is replaced would lose what Tavus keeps of it and does not show, and what others changed meanwhile.
  local operations, problem = diff(before, after, arrays == "whole", true)
  -- What `diff` calls the document after is the persona here.
  if not operations then return nil, problem.issues and errors.validation(problem.issues, facts.kind) or problem end
  local patch = new_patch(operations)
  for _, rule in ipairs(facts.secret_rules) do
    local issue = check_secret(rule, patch, before, after, again[rule])
    if issue then return nil, errors.validation({ issue }, facts.kind) end
  end
  local hidden = facts.secret and masked_inside(facts.secret, after, "", patch)
  if hidden then
    return nil, errors.issue(hidden, "value", "is masked, and would be stored as it is shown",
      "give the secret again", facts.kind)
  end
  return patch
end

-- What the function makes of an object, which stays as it is. Returns the object
-- after and the secrets that were shown, by their rules; or nil, error.
local function changed_by(fn, before, title, facts)
  local working = core.copy(before)
  mark_objects(working, false)
  local shown = mask_shown(facts.secret_rules, working)
  local result = fn(working)
  if result == nil then result = working end
  if type(result) ~= "table" then
    error(("%s: the function must return a table or nothing, not %s"):format(title, type(result)), 3)
  end
  -- A copy, since the table may be the caller's own.
  local after, message = core.copy(result)
  if not after then return nil, errors.issue("", "value", message, nil, facts.kind) end
  if core.is_array(after) then return nil, errors.issue("", "type", "must be an object, not an array", nil, facts.kind) end
  return after, shown
end

-- Sends the patch in what the reading has left of the time. What the answer says
-- of places in the patch, it says of places in the object then. Secrets of the object
-- as it was are hidden, too.
local function send_patch(self, class, id, before, patch, given, spent_ms)
  local send = class.operations.patch
  local deadline = deadline_of(self._client, send, given)
  local left = deadline - spent_ms / 1000
  if left <= 0 then
    return nil, errors.new { type = "timeout", message = ("the deadline of %g s came before the patch was sent"):format(deadline),
      method = send.method, path = send.parts[1] .. http.escape(id) .. send.parts[2], attempts = 0, elapsed_ms = spent_ms,
      retryable = true, ambiguous = false }
  end
  local mine = options_for(send, class.operations.get, given, left)
  redact.remember(mine, before)
  local answered, meta = self:patch(id, patch, mine)
  if answered then
    in_place(meta.warnings, patch)
  elseif meta.issues then
    in_place(meta.issues, patch)
    if meta.type == "validation" then meta = errors.validation(meta.issues, class.name) end
  end
  return answered, meta
end

--- Makes the method `update` of a resource.
---@param class table the resource's class, with operations get and patch
---@param data table its contract
---@return function
function update.method(class, data)
  local get, send = class.operations.get, class.operations.patch
  local title = class.collection .. ":update"
  local facts

  --- Reads an object, lets a function change it, and sends the smallest patch,
  -- or nothing when nothing changed.
  ---@param id string
  ---@param fn fun(object: table): table|nil changes its argument, a copy, or returns a new object
  ---@param given table|nil options of the calls, and arrays = "whole" (default) | "items"
  ---@return table|nil object as Tavus answered it, else as it was sent
  ---@return tavus.Meta|tavus.Error meta.changed is false when nothing had to be sent
  return function(self, id, fn, given)
    if type(self) ~= "table" or not self._client then
      error(("update: call it with a colon: client.%s:update(...)"):format(class.collection), 2)
    end
    if type(fn) ~= "function" then error(("%s: wants a function that changes the object, not %s"):format(title, type(fn)), 2) end
    local fine, problem = options.check(given, rules, title, 2)
    if not fine then return nil, problem end
    if type(id) ~= "string" then error(("%s: the id must be a string, not %s"):format(title, type(id)), 2) end
    facts = facts or {
      kind = class.name, secret = marked(data, is_secret, {}), read_only = marked(data, is_read_only, {}),
      secret_rules = data.secret_rules or {},
    }

    local before, meta = self:get(id, options_for(get, send, given))
    -- An error, or a 304 to a condition among the caller's own headers.
    if type(before) ~= "table" then return before, meta end
    local after, shown = changed_by(fn, before, title, facts)
    if not after then return nil, shown end
    local patch
    patch, problem = patch_between(facts, before, after, shown, given and given.arrays or "whole")
    if not patch then return nil, problem end
    if #patch == 0 then
      meta.changed = false
      return before, meta
    end
    local answered
    answered, meta = send_patch(self, class, id, before, patch, given, meta.elapsed_ms)
    if not answered then return nil, meta end
    if meta.changed == false then return before, meta end
    if type(answered) == "table" then
      for _, name in ipairs(class.id_names) do
        if answered[name] ~= nil then return answered, meta end
      end
    end
    return after, meta
  end
end

return update
