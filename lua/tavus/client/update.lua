--- Read, change, send the smallest patch: `client.personas:update(id, fn)`.
--
-- It is more than a diff because answers do not show everything: secrets come back masked, and a stored secret is lost
-- when the object around it is written without it (the contract's secret rules).

local core = require "tavus.core"
local http = require "tavus.http"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local options = require "tavus.options"
local diff = require "tavus.patch.diff"
local merge = require "tavus.client.merge"
local new_patch = require "tavus.patch"
local escape = require("tavus.patch.pointer").escape

local update = {}

local masked = core.is_masked
local rules = options.call_and { arrays = { type = "string", choices = { whole = true, items = true } } }

local function is_secret(field) return field.secret end

-- Grades C and D only warn.
local function is_read_only(field)
  if field.read_only and (field.sure == "C" or field.sure == "D") then return "perhaps" end
  return field.read_only
end

-- The tree of the contract's fields that lead to fields of a kind: { members, other, items }, the result of `is_one`
-- for such a field itself, or nil without any. Fields of one shape share a list of members; `known` caches the result
-- for each list, false for none.
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

-- Puts the server's value back where `after` still holds a masked secret, so that the diff sees no change.
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

-- Finds changes of read-only fields. A missing field is not a change: the function may return a table that holds only
-- writable fields.
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
        message = "is read-only and cannot be changed", hint = "leave it unchanged" }
    end
  end
end

-- Marks the empty objects inside arrays, to tell one that moves to another position from a {} that the function wrote.
local function mark_objects(value, in_array)
  in_array = in_array or core.is_array(value)
  for _, child in pairs(value) do
    if type(child) == "table" then
      mark_objects(child, in_array)
      if in_array and next(child) == nil and not core.is_array(child) then core.object(child) end
    end
  end
end

-- Makes Lua's {} an array where the server sent an empty array.
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

-- Whether an operation writes at a path, or above it.
local function has_path(patch, path)
  for _, op in ipairs(patch) do
    if op.path == path or path:sub(1, #op.path + 1) == op.path .. "/" then return true end
  end
  return false
end

-- Whether an operation writes at a path, above or below it.
local function touches(patch, path)
  for _, op in ipairs(patch) do
    if op.path:sub(1, #path + 1) == path .. "/" then return true end
  end
  return has_path(patch, path)
end

-- The object of a secret rule, if it is one that needs its secret; or nil.
local function marked_object(rule, value)
  local object = follow(value, rule.root)
  return object and given_text(object[rule.mark]) and object or nil
end

-- Masks the secrets of the rules that the answer shows, to tell one that the function gives again from one that it left
-- alone. Returns the secrets by their rules.
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

-- The rules whose secrets the answer showed and the function gave again.
local function given_again(shown, after)
  local again = {}
  for rule, secret in pairs(shown) do
    local object = follow(after, rule.root)
    again[rule] = object ~= nil and object[rule.secret] == secret
  end
  return again
end

-- Applies a secret rule to a patch, to which it may add operations. keep_secrets must have run. Returns an issue, or
-- nil.
local function check_secret(rule, patch, before, after, again)
  local old, new = follow(before, rule.root), marked_object(rule, after)
  if not (new and touches(patch, rule.root)) then return nil end
  local secret = new[rule.secret]
  if not given_text(secret) or (not again and old and old[rule.secret] == secret) then
    return {
      path = rule.root .. "/" .. rule.secret, code = "required", severity = "error",
      message = rule.message, hint = rule.hint,
    }
  end
  -- A patch that writes one of the two must write both.
  for _, name in ipairs { rule.mark, rule.secret } do
    local path = rule.root .. "/" .. name
    if not has_path(patch, path) then patch[#patch + 1] = { op = "replace", path = path, value = new[name] } end
  end
  return nil
end

-- Drops the old secret of an object that needs none any more.
local function drop_stale(rule, before, after)
  local old, new = marked_object(rule, before), follow(after, rule.root)
  if old and new and not marked_object(rule, after) and new[rule.secret] == old[rule.secret] then
    new[rule.secret] = nil
  end
end

-- Finds a masked secret that the patch would send, inside an array that is written as a whole. Returns its path, or
-- nil.
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

-- The options of one of the two requests. A query parameter that only one of them knows is sent with that one.
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

-- Turns paths in a patch into paths in the object that it changes.
local function in_place(issues, patch)
  for _, issue in ipairs(issues) do
    local index, rest = issue.path:match "^/(%d+)/value(.*)$"
    index = index or issue.path:match "^/(%d+)"
    local op = index and patch[tonumber(index) + 1]
    if op then issue.path = op.path .. (rest or "") end
  end
end

-- What the parts of one update share.
---@class tavus.Change
---@field title string the method's name for messages
---@field facts table the contract's trees of secret and read-only fields, the secret rules, and the kind
---@field before table as the server answered it
---@field shown table? secrets in `before`, by their rules
---@field whole boolean replace changed arrays as a whole
---@field returned boolean? the function returned another table than its argument
---@field dropped tavus.Issue[] members that are not in that table
---@field patch table[] what is written: the operations, or for each place in `body` { path }
---@field body table? what is sent in place of operations
local Change = {}
Change.__index = Change

--- The warnings of sending the patch: those of the check, with paths in the object, after those of the update. A whole
--- object in the patch drops nothing, since it was read before.
---@param found tavus.Issue[]? of the check
---@return tavus.Issue[]?
function Change:warn(found)
  if found then in_place(found, self.patch) end
  local all = self.dropped
  for _, issue in ipairs(found or {}) do
    if issue.code ~= "whole" then all[#all + 1] = issue end
  end
  return #all > 0 and all or nil
end

-- Collects the members of an object that another does not have.
local function dropped_members(before, after, path, issues)
  local names = {}
  for name in pairs(before) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local old, new, here = before[name], after[name], path .. "/" .. escape(name)
    if new == nil and old ~= core.null then
      issues[#issues + 1] = {
        path = here, code = "dropped", severity = "warning",
        message = "is not in the table that the function returned, so it is removed",
        hint = "change the argument and return nothing, or return all that is to stay",
      }
    elseif type(old) == "table" and type(new) == "table" and not (core.is_array(old) or core.is_array(new)) then
      dropped_members(old, new, here, issues)
    end
  end
end

-- The operations that make `after` of an object, or nil and an error.
local function operations_to(change, after, again)
  local facts, before = change.facts, change.before
  -- Replacing a whole object would lose what Tavus stores and does not show, and what others changed meanwhile.
  local operations, problem = diff(before, after, change.whole, true)
  if not operations then return nil, problem.issues and errors.validation(problem.issues, facts.kind) or problem end
  local patch = new_patch(operations)
  for _, rule in ipairs(facts.secret_rules) do
    local issue = check_secret(rule, patch, before, after, again[rule])
    if issue then return nil, errors.validation({ issue }, facts.kind) end
  end
  return patch
end

-- What has to be written to make `after` of an object, or nil and an error.
local function patch_to(change, after)
  local facts, before, shown = change.facts, change.before, change.shown
  local issues = {}
  if facts.read_only then keep_read_only(facts.read_only, before, after, "", issues) end
  if #issues > 0 then return nil, errors.validation(issues, facts.kind) end
  local again = given_again(shown, after)
  if facts.secret then keep_secrets(facts.secret, before, after) end
  for _, rule in ipairs(facts.secret_rules) do drop_stale(rule, before, after) end
  keep_arrays(before, after)
  local patch
  if facts.style == "json_patch" then
    if change.returned then dropped_members(before, after, "", change.dropped) end
    patch, issues = operations_to(change, after, again)
    if not patch then return nil, issues end
  else
    change.body, patch = merge.body(facts.style, before, after)
    if not change.body then return nil, errors.validation(patch, facts.kind) end
    for old, new in pairs(facts.successors) do
      if change.body[old] ~= nil then change.body[new], change.body[old] = change.body[old], nil end
    end
  end
  local hidden = facts.secret and masked_inside(facts.secret, after, "", patch)
  if hidden then
    return nil, errors.issue(hidden, "value", "is masked, and the mask would be stored",
      "give the secret again", facts.kind)
  end
  return patch
end

-- Calls the function with a copy of the object. Returns the changed object, or nil and an error.
local function changed_by(fn, change)
  local facts, working = change.facts, core.copy(change.before)
  mark_objects(working, false)
  change.shown = mask_shown(facts.secret_rules, working)
  local result = fn(working)
  if result == nil then result = working end
  change.returned = result ~= working
  if type(result) ~= "table" then
    error(("%s: the function must return a table or nothing, not %s"):format(change.title, type(result)), 3)
  end
  -- A copy, because the table may belong to the caller.
  local after, message = core.copy(result)
  if not after then return nil, errors.issue("", "value", message, nil, facts.kind) end
  if core.is_array(after) then
    return nil, errors.issue("", "type", "must be an object, not an array", nil, facts.kind)
  end
  return after
end

-- The options of sending the patch in the time that reading has left, or nil and an error.
local function options_left(client, class, id, given, spent_ms)
  local send = class.operations.patch
  local deadline = deadline_of(client, send, given)
  local left = deadline - spent_ms / 1000
  if left > 0 then return options_for(send, class.operations.get, given, left) end
  local calling = call.new(client, send, send.parts[1] .. http.escape(id) .. send.parts[2])
  calling.started = calling.started - spent_ms / 1000
  return nil, call.sign(calling, errors.new {
    type = "timeout", message = ("the deadline of %g s came before the patch was sent"):format(deadline),
    retryable = true, ambiguous = false,
  })
end

-- Adds the version that was read to the options of the patch, where the server refuses to change another one.
local function add_condition(rest, condition, version)
  if not condition or not version then return end
  local headers = {}
  for name, value in pairs(rest.headers or {}) do
    if name:lower() == condition:lower() then return end
    headers[name] = value
  end
  headers[condition] = version
  rest.headers = headers
end

-- The error of sending a patch that the check refused, with paths in the object; other errors as they are.
local function in_object(kind, patch, err)
  if err.type ~= "validation" then return err end
  in_place(err.issues, patch)
  return errors.validation(err.issues, kind)
end

-- The members that a change has under other names than the object.
local function successors(fields)
  local names = {}
  for _, field in ipairs(fields or {}) do names[field.name] = field.successor end
  return names
end

--- Makes the method `update` of a resource.
---@param class table the resource's class, with operations get and patch
---@param data table its contract
---@return function
function update.method(class, data)
  local get, send = class.operations.get, class.operations.patch
  local title = class.collection .. ":update"
  local facts

  --- Reads an object, lets a function change it, and sends the smallest patch, or nothing when nothing changed.
  ---@param id string
  ---@param fn fun(object: table): table? changes its argument, a copy, or returns a new object
  ---@param given table? options of the calls, and arrays = "whole" (default) | "items"
  ---@return table? object as Tavus answered it, else as it was sent
  ---@return tavus.Meta|tavus.Error meta.changed is false when nothing had to be sent
  return function(self, id, fn, given)
    if type(self) ~= "table" or not self._client then
      error(("update: call it with a colon: client.%s:update(...)"):format(class.collection), 2)
    end
    if type(fn) ~= "function" then
      error(("%s: wants a function that changes the object, not %s"):format(title, type(fn)), 2)
    end
    local fine, problem = options.check(given, rules, title, 2)
    if not fine then return nil, problem end
    if type(id) ~= "string" then error(("%s: the id must be a string, not %s"):format(title, type(id)), 2) end
    -- Read from the contract once.
    facts = facts or {
      kind = class.name, secret = marked(data, is_secret, {}), read_only = marked(data, is_read_only, {}),
      secret_rules = data.secret_rules or {}, style = send.sends,
      successors = successors(send.fields),
    }

    local before, meta = self:get(id, options_for(get, send, given))
    -- An error, or true for a 304, which the caller's own headers may ask for.
    if type(before) ~= "table" then return before, meta end
    local change = setmetatable({
      title = title, facts = facts, before = before, whole = not given or given.arrays ~= "items", dropped = {},
    }, Change)
    local after, patch, rest
    after, problem = changed_by(fn, change)
    if not after then return nil, problem end
    patch, problem = patch_to(change, after)
    if not patch then return nil, problem end
    if given and given.strict and #change.dropped > 0 then return nil, errors.validation(change.dropped, facts.kind) end
    change.patch = patch
    if #patch == 0 then
      meta.changed = false
      return before, meta
    end
    rest, problem = options_left(self._client, class, id, given, meta.elapsed_ms)
    if not rest then return nil, problem end
    local answered
    add_condition(rest, send.condition, meta.headers.etag)
    answered, meta = self:patch(id, change.body or patch, rest, change)
    if not answered then return nil, in_object(class.name, patch, meta) end
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
