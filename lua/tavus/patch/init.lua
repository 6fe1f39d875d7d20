--- JSON Patch (RFC 6902): building, applying, comparing, undoing.
--
-- A patch is a list of operations, ordinary data. Its metatable only holds the methods that add to it; every function
-- also takes a hand-written list.
--
--    local patch = tavus.patch()
--      :add("/layers/stt/hotwords", "leadership")
--      :remove("/context")

local core = require "tavus.core"
local changes = require "tavus.patch.apply"
local names = require "tavus.names"
local check_options = require("tavus.options").check
local compare = require "tavus.patch.diff"
local pointer = require "tavus.patch.pointer"
local values = require "tavus.patch.values"

local error, rawget, type = error, rawget, type

---@class tavus.PatchOperation
---@field op "add"|"remove"|"replace"|"move"|"copy"|"test"
---@field path string JSON Pointer from the document's root
---@field value? any for `add`, `replace` and `test`; `tavus.null` for null
---@field from? string JSON Pointer, for `move` and `copy`

---@class tavus.Patch
---@field [integer] tavus.PatchOperation
local methods = {}

local patch_mt = core.list_mark { __index = methods, __name = "tavus.patch" }

names.guard(methods, { title = "the patch", kinds = { "patch" } })

--- Called, it begins a patch: an empty one, or one with the operations of a list, which is not changed.
---@class tavus.PatchModule
---@overload fun(operations?: tavus.PatchOperation[]): tavus.Patch
local patch = {}

-- Level 3 is the line of the program that called the method.
local function check_pointer(method, name, text)
  local tokens, message = pointer.parse(text)
  if not tokens then
    error(("patch:%s: %s %s"):format(method, name, message), 3)
  end
end

local function check_value(method, value)
  if value == nil then
    error(("patch:%s: the value is missing (tavus.null stands for null)"):format(method), 3)
  elseif not values.is_json_type(value) then
    error(("patch:%s: a %s is not a JSON value"):format(method, type(value)), 3)
  end
end

local function check_self(method, self)
  if type(self) ~= "table" then
    error(("patch:%s: call it with a colon, as in patch:%s(...)"):format(method, method), 3)
  end
end

--- Adds a member (or replace it, when it exists), or inserts an array item before `path`'s index.
--- `-` as the last token appends to an array.
---@param path string JSON Pointer; all but its last token must exist
---@param value any JSON value; `tavus.null` for null
---@return tavus.Patch self
function methods:add(path, value)
  check_self("add", self)
  check_pointer("add", "the path", path)
  check_value("add", value)
  self[#self + 1] = { op = "add", path = path, value = value }
  return self
end

--- Removes what is at `path`.
---@param path string JSON Pointer of something that exists
---@return tavus.Patch self
function methods:remove(path, ...)
  check_self("remove", self)
  check_pointer("remove", "the path", path)
  if select("#", ...) > 0 then
    error("patch:remove takes a path and no value", 2)
  end
  self[#self + 1] = { op = "remove", path = path }
  return self
end

--- Replaces what is at `path`.
---@param path string JSON Pointer of something that exists
---@param value any JSON value; `tavus.null` for null
---@return tavus.Patch self
function methods:replace(path, value)
  check_self("replace", self)
  check_pointer("replace", "the path", path)
  check_value("replace", value)
  self[#self + 1] = { op = "replace", path = path, value = value }
  return self
end

--- Removes the value at `from` and adds it at `path`.
---@param from string JSON Pointer of something that exists
---@param path string JSON Pointer, not below `from`
---@return tavus.Patch self
function methods:move(from, path)
  check_self("move", self)
  check_pointer("move", "the first argument (from)", from)
  check_pointer("move", "the second argument (path)", path)
  self[#self + 1] = { op = "move", from = from, path = path }
  return self
end

--- Adds a copy of the value at `from` at `path`.
---@param from string JSON Pointer of something that exists
---@param path string JSON Pointer
---@return tavus.Patch self
function methods:copy(from, path)
  check_self("copy", self)
  check_pointer("copy", "the first argument (from)", from)
  check_pointer("copy", "the second argument (path)", path)
  self[#self + 1] = { op = "copy", from = from, path = path }
  return self
end

--- Makes the whole patch fail unless the value at `path` equals `value`.
--- Numbers are equal by value (1 and 1.0), objects whatever the order of their members.
---@param path string JSON Pointer
---@param value any JSON value; `tavus.null` for null
---@return tavus.Patch self
function methods:test(path, value)
  check_self("test", self)
  check_pointer("test", "the path", path)
  check_value("test", value)
  self[#self + 1] = { op = "test", path = path, value = value }
  return self
end

local function adopt(operations)
  return setmetatable(operations, patch_mt)
end

-- tavus.patch(), tavus.patch { {op=...}, ... }: the list is copied, its
-- operations are the caller's.
setmetatable(patch, {
  __call = function(_, operations)
    if operations == nil then
      return adopt {}
    end
    if type(operations) ~= "table" then
      error("tavus.patch takes a list of operations, not a " .. type(operations), 2)
    end
    local list, count = {}, #operations
    for key in next, operations do
      if type(key) ~= "number" or key < 1 or key > count or key % 1 ~= 0 then
        error('tavus.patch takes a list of operations, as in { { op = "replace", path = "/persona_name", '
          .. 'value = "..." } }', 2)
      end
    end
    for i = 1, count do
      if type(operations[i]) ~= "table" then
        error(("tavus.patch: operation %d is a %s, not a table"):format(i, type(operations[i])), 2)
      end
      list[i] = operations[i]
    end
    return adopt(list)
  end,
})

--- Applies a patch to a document.
---
--- The document is not changed, and the result shares nothing with it or with the
--- patch. All operations are applied or none. Unknown members of an operation are
--- ignored. Removing the root leaves `tavus.null`. Nesting is limited to 128 levels.
---@param document any JSON value; `nil` raises
---@param operations tavus.Patch|tavus.PatchOperation[]
---@return any? document a new one
---@return tavus.Error? err `type = "validation"`: the patch is malformed (every fault is in `issues`), or an operation
--- failed (`path` is its path). An issue's `path` points into the patch; `index` is the operation's place, from one.
function patch.apply(document, operations)
  if document == nil then
    error("tavus.patch.apply: the document is nil (tavus.null stands for null)", 2)
  end
  return changes.apply(document, operations)
end

local diff_options = { arrays = { type = "string", choices = { whole = true, items = true } } }

--- The patch that turns `before` into `after`; empty when they are equal.
---
--- It uses `add`, `remove` and `replace`. Where one `replace` of a surrounding object or array is shorter than the
--- changes inside, it takes their place; not for an object that holds an id or a secret of Tavus, which could not be
--- written again. Array items are matched by their `function.name`, else their `name`, else their value. An array is
--- also replaced where matching would take too long.
---@param before any JSON value; `nil` raises
---@param after any JSON value; `nil` raises
---@param options? { arrays?: "items"|"whole" } `"whole"` replaces every array that changed: longer, but safe to send
--- twice
---@return tavus.Patch? patch
---@return tavus.Error? err `type = "validation"`: a value has cycles, is nested deeper than 128 levels, too large, or
--- not JSON
function patch.diff(before, after, options)
  if before == nil or after == nil then
    error(("tavus.patch.diff: %s is nil (tavus.null stands for null)"):format(before == nil and "before" or "after"), 2)
  end
  local fine, problem = check_options(options, diff_options, "tavus.patch.diff", 2)
  if not fine then
    return nil, problem
  end
  local operations, err = compare(before, after, options and options.arrays == "whole")
  if not operations then
    return nil, err
  end
  return adopt(operations)
end

--- The patch that undoes `operations`: applied to what they make of `before`, it gives `before` again.
--- It uses `add`, `remove` and `replace` only.
---@param operations tavus.Patch|tavus.PatchOperation[]
---@param before any the document that `operations` are meant for; `nil` raises
---@return tavus.Patch? patch
---@return tavus.Error? err as from `tavus.patch.apply`: what cannot be applied cannot be undone
function patch.invert(operations, before)
  if before == nil then
    error("tavus.patch.invert: the document before the patch is nil (tavus.null stands for null)", 2)
  end
  local undo, err = changes.invert(operations, before)
  if not undo then
    return nil, err
  end
  return adopt(undo)
end

--- Whether sending the patch a second time leaves what the first time made: it holds only
--- `add` and `replace`, and no path has a number or `-` as a token.
---@param operations tavus.Patch|tavus.PatchOperation[]
---@return boolean
function patch.repeatable(operations)
  -- A table that is not a list has no operations.
  if type(operations) ~= "table" or (#operations == 0 and next(operations) ~= nil) then
    return false
  end
  for i = 1, #operations do
    local operation = operations[i]
    local op = type(operation) == "table" and rawget(operation, "op")
    if op ~= "add" and op ~= "replace" then
      return false
    end
    local tokens = pointer.parse(rawget(operation, "path"))
    if not tokens then
      return false
    end
    for _, token in ipairs(tokens) do
      if token == "-" or token:find("^[0-9]+$") then
        return false
      end
    end
  end
  return true
end

names.guard(patch, { title = "tavus.patch", kinds = { "patches" } })

return patch
