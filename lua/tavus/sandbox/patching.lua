--- Applies the operations of a PATCH to a document, with the habits that change
-- their effect.

local core = require "tavus.core"
local patch = require "tavus.patch"
local pointer = require "tavus.patch.pointer"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local views = require "tavus.sandbox.views"

local patching = {}

local BASIC = { add = true, replace = true, remove = true }
local ADDS = { add = true, copy = true, move = true }
local WRITES = { add = true, replace = true, remove = true, copy = true, move = true }

--- Whether a body is a list, and its operations are allowed by the switch `patch_ops`.
---@param settings table<string, any>
---@param body any
---@return boolean
function patching.is_list(settings, body)
  if type(body) ~= "table" or not core.is_array(body) then return false end
  if settings.patch_ops == "all" then return true end
  for _, operation in ipairs(body) do
    if type(operation) ~= "table" or not BASIC[operation.op] then return false end
  end
  return true
end

--- The places that an operation changes.
---@param operation any
---@return string[]
function patching.places(operation)
  if type(operation) ~= "table" or not WRITES[operation.op] then return {} end
  local places = { type(operation.path) == "string" and operation.path or nil }
  if operation.op == "move" and type(operation.from) == "string" then places[#places + 1] = operation.from end
  return places
end

local function frozen_place(settings, operation)
  for _, place in ipairs(patching.places(operation)) do
    for path in settings.frozen_paths:gmatch "[^,]+" do
      if place:find(routes.pattern(path)) then return place end
    end
  end
  return nil
end

-- The operations without those on frozen paths, or nil and the place that is refused.
local function without_frozen(settings, operations)
  if settings.frozen_paths == "" then return operations end
  local left = core.array {}
  for _, operation in ipairs(operations) do
    local place = frozen_place(settings, operation)
    if place and settings.frozen_answer == "refuse" then return nil, place end
    if not place then left[#left + 1] = operation end
  end
  return left
end

local function member(node, token)
  if type(node) ~= "table" then return nil end
  if core.is_array(node) then return node[pointer.position(token) or 0] end
  return node[token]
end

-- Operations that make the missing parents of an added member: objects, or an array to
-- append to.
local function missing_parents(document, operation)
  local made = {}
  local tokens = type(operation) == "table" and ADDS[operation.op] and pointer.parse(operation.path) or {}
  local node = document
  for i = 1, #tokens - 1 do
    local child = member(node, tokens[i])
    if child == nil and not views.is_object(node) then return {} end
    if child == nil then
      child = tokens[i + 1] == "-" and core.array {} or core.object {}
      made[#made + 1] = { op = "add", path = pointer.format(tokens, i), value = child }
    end
    node = child
  end
  return made
end

local function apply_with_parents(document, operations)
  local after = document
  for i, operation in ipairs(operations) do
    local steps = missing_parents(after, operation)
    steps[#steps + 1] = operation
    local result, err = patch.apply(after, core.array(steps))
    if result == nil then
      if err.path then err.issues[1].index = i end -- in `operations`, not in `steps`
      return nil, err
    end
    after = result
  end
  return after
end

local MODEL = "/layers/llm/model"

-- Drops the other members of the llm layer if a patch has written its model.
local function drop_beside_model(document, operations)
  for _, operation in ipairs(operations) do
    local op = operation.op
    local llm = operation.path == MODEL and WRITES[op] and op ~= "remove" and views.layer(document, "llm")
    if llm then document.layers.llm = { model = llm.model } end
  end
end

--- The answer to a body that is not a list of operations.
---@return tavus.sandbox.Reply
function patching.no_patch() return reply.failure(422, "message", "Invalid JSON patch format") end

---@class tavus.sandbox.Misfit
---@field path string?  where an operation does not fit; nil: it is not a patch
---@field message string?

-- The words of Python's jsonpatch and jsonpointer libraries, which Tavus was seen to use, for those of tavus.patch: a
-- pattern, and a text with what the pattern captures, or else the last name in the path. `op`: only for this operation,
-- when the place itself is missing. The first row that fits counts.
local WORDS = {
  { op = "replace", '^there is no member "(.*)" %(', "can't replace a non-existent object '%s'" },
  { op = "remove", '^there is no member "(.*)" %(', "can't remove a non-existent object '%s'" },
  { op = "remove", "^there is no item (%d+),", "can't remove a non-existent object '%s'" },
  { op = "replace", "^there is no item %d+,", "can't replace outside of list" },
  { op = "replace", '^"%-" is the place after', "'path' with '-' can't be applied to 'replace' operation" },
  { "^index %d+ is past the end", "can't insert outside of list" },
  { '^there is no member "(.*)"', "member '%s' not found in the document" },
  { "^there is no item (%d+),", "index '%s' is out of bounds" },
  { "^an array index ", "'%s' is not a valid sequence index" },
  { '^"%-" is the place after', "'%s' is not a valid sequence index" },
  { '^an? .* has no member "(.*)"', "unable to fully resolve json pointer, part %s" },
  { '^null has no member "(.*)"', "unable to fully resolve json pointer, part %s" },
  { "^a value cannot be moved into itself", "Cannot move values into their own children" },
  { "^the value is different", "the value is not equal to tested value" },
}

-- The message of a failed operation in those words.
local function in_python(operation, message)
  local parent, name = operation.path:match "^(.*)/(.*)$"
  local is_last = message:find(("(in %s)"):format(parent == "" and "the root" or parent or ""), 1, true) ~= nil
  for _, row in ipairs(WORDS) do
    local start, _, captured
    if not row.op or row.op == operation.op and is_last then start, _, captured = message:find(row[1]) end
    if start then return (row[2]:gsub("%%s", { ["%s"] = captured or name })) end
  end
  return message
end

--- Applies a patch.
---@param settings table<string, any>
---@param document table  not changed
---@param operations table  a list
---@return any after
---@return tavus.sandbox.Misfit? why
function patching.apply(settings, document, operations)
  local left, place = without_frozen(settings, operations)
  if not left then return nil, { path = place, message = "cannot be changed" } end
  local apply = settings.missing_parent == "create" and apply_with_parents or patch.apply
  local after, err = apply(document, left)
  if after == nil then
    local issue = err.issues[1]
    return nil, { path = err.path, message = err.path and in_python(left[issue.index], issue.message) }
  end
  if settings.model_patch == "drops_llm" and views.is_object(after) then drop_beside_model(after, left) end
  return after
end

--- The answer to a patch that does not fit.
---@param context tavus.sandbox.Context
---@param why tavus.sandbox.Misfit
---@return tavus.sandbox.Reply
function patching.misfit(context, why)
  if not why.path then return patching.no_patch() end
  -- The answer has the whole path as one name.
  local issues = { { path = "/" .. pointer.escape(why.path), message = why.message } }
  if context.settings.misfit_status == 400 then return context:bad_request(issues) end
  return reply.failure(422, "message", reply.bad_request_text(issues))
end

--- The answer to a patch that changes nothing.
---@param context tavus.sandbox.Context
---@param what string  name of the resource
---@return tavus.sandbox.Reply
function patching.unchanged(context, what)
  local style = context.settings.nothing_changed
  if style == "empty" then return reply.empty(304) end
  local answer = reply.json(304, { message = "No changes were made to the " .. what })
  answer.with_body = style == "body"
  return answer
end

return patching
