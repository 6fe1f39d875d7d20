--- Applies and inverts a JSON Patch (RFC 6902) on Lua values.
--
-- The copy of the document is changed, so a patch that fails half way has no effect. Every failure is `nil, err`; no
-- patch can raise.

local core = require "tavus.core"
local errors = require "tavus.errors"
local pointer = require "tavus.patch.pointer"
local read_patch = require "tavus.patch.read"
local values = require "tavus.patch.values"

local type, rawget = type, rawget
local is_array, null = core.is_array, core.null
local described = values.described

local apply = {}

-- The deepest nesting of JSON text, in reading and in writing.
local MAX_DEPTH = core.max_depth

-- Values that the `copy` operations of one patch may copy together. Copies of copies double, so forty short operations
-- could otherwise fill any memory.
local MAX_COPIED = 1000000

local function failure(message, issues, path)
  return errors.new {
    type = "validation",
    message = message,
    path = path,
    issues = issues,
  }
end

-- Finding places -----------------------------------------------------------

-- The position of an existing item, or nil and a message.
local function item_position(array, token)
  if token == "-" then
    return nil, '"-" is the place after the last item, and nothing is there'
  end
  local position, message = pointer.position(token)
  if not position then
    return nil, message
  end
  if position > #array then
    return nil, ("there is no item %s, the array has %d"):format(token, #array)
  end
  return position
end

-- The member or item `token` of `node`, or nil and a message.
local function child(node, token)
  if type(node) ~= "table" then
    return nil, ('%s has no member "%s"'):format(described(node), token)
  end
  if is_array(node) then
    local position, message = item_position(node, token)
    if not position then
      return nil, message
    end
    return node[position]
  end
  local found = rawget(node, token)
  if found == nil then
    return nil, ('there is no member "%s"'):format(token)
  end
  return found
end

-- " (in /layers/llm)", for the end of a message
local function inside(tokens, count)
  return (" (in %s)"):format(count == 0 and "the root" or pointer.format(tokens, count))
end

-- Follows the first `count` tokens from the root.
local function follow(box, tokens, count)
  local node = box.root
  for i = 1, count do
    local message
    node, message = child(node, tokens[i])
    if node == nil then
      return nil, message .. inside(tokens, i - 1)
    end
  end
  return node
end

local function get(box, tokens)
  return follow(box, tokens, #tokens)
end

-- The container that holds the last token, and that token.
local function holder(box, tokens)
  local node, message = follow(box, tokens, #tokens - 1)
  if node == nil then
    return nil, message
  end
  local token = tokens[#tokens]
  if type(node) ~= "table" then
    return nil, ('%s has no member "%s"'):format(described(node), token) .. inside(tokens, #tokens - 1)
  end
  return node, token
end

-- The operations -----------------------------------------------------------
--
-- Each returns true, or nil and a message. `undo`, when given, collects the
-- operations that take the step back, in the order they must be applied.

local function note(undo, op, path, value)
  if undo then
    undo[#undo + 1] = { op = op, path = path, value = value }
  end
end

local function too_deep(tokens, value)
  return #tokens + values.measure(value) > MAX_DEPTH
end

local function add(box, tokens, value, undo)
  if too_deep(tokens, value) then
    return nil, ("the document would be nested deeper than %d levels"):format(MAX_DEPTH)
  end
  if #tokens == 0 then
    note(undo, "replace", "", box.root)
    box.root = value
    return true
  end
  local node, token = holder(box, tokens)
  if not node then
    return nil, token
  end
  local parent = pointer.format(tokens, #tokens - 1)
  if is_array(node) then
    local position = #node + 1
    if token ~= "-" then
      local message
      position, message = pointer.position(token)
      if not position then
        return nil, message .. inside(tokens, #tokens - 1)
      end
      if position > #node + 1 then
        return nil, ("index %s is past the end, the array has %d"):format(token, #node) .. inside(tokens, #tokens - 1)
      end
    end
    table.insert(node, position, value)
    note(undo, "remove", ("%s/%d"):format(parent, position - 1))
    return true
  end
  local path = parent .. "/" .. pointer.escape(token)
  local old = rawget(node, token)
  if old ~= nil then
    note(undo, "replace", path, old)
  else
    note(undo, "remove", path)
  end
  node[token] = value
  return true
end

-- Returns the value that was taken out.
local function remove(box, tokens, undo)
  if #tokens == 0 then
    -- A document without a root is nil, which means failure; null stands for it.
    local old = box.root
    box.root = null
    note(undo, "replace", "", old)
    return old
  end
  local node, token = holder(box, tokens)
  if not node then
    return nil, token
  end
  local old, message = child(node, token)
  if old == nil then
    return nil, message .. inside(tokens, #tokens - 1)
  end
  if is_array(node) then
    table.remove(node, (pointer.position(token)))
    if #node == 0 then
      -- An unmarked sequence without items would turn into an object.
      core.array(node)
    end
  else
    node[token] = nil
  end
  note(undo, "add", pointer.format(tokens), old)
  return old
end

local function replace(box, tokens, value, undo)
  if too_deep(tokens, value) then
    return nil, ("the document would be nested deeper than %d levels"):format(MAX_DEPTH)
  end
  local old, message = get(box, tokens)
  if old == nil then
    return nil, message
  end
  if #tokens == 0 then
    box.root = value
  else
    local node, token = holder(box, tokens)
    if is_array(node) then
      node[pointer.position(token)] = value
    else
      node[token] = value
    end
  end
  note(undo, "replace", pointer.format(tokens), old)
  return true
end

-- Whether `inner` lies below `outer`, where a move is not allowed.
local function is_below(inner, outer)
  if #inner <= #outer then
    return false
  end
  for i = 1, #outer do
    if inner[i] ~= outer[i] then
      return false
    end
  end
  return true
end

local STEPS = {}

function STEPS.add(box, step, undo)
  return add(box, step.tokens, step.value, undo)
end

function STEPS.remove(box, step, undo)
  local old, message = remove(box, step.tokens, undo)
  if old == nil then
    return nil, message
  end
  return true
end

function STEPS.replace(box, step, undo)
  return replace(box, step.tokens, step.value, undo)
end

function STEPS.move(box, step, undo)
  if is_below(step.tokens, step.from) then
    return nil, "a value cannot be moved into itself"
  end
  local value, message = get(box, step.from)
  if value == nil then
    return nil, message
  end
  if step.from_path == step.path then
    return true
  end
  if undo then
    -- The undo operation must not share tables with the document, which changes further.
    local first, second = {}, {}
    value = remove(box, step.from, second)
    second[1].value = core.copy(value)
    local done
    done, message = add(box, step.tokens, value, first)
    undo[1], undo[2] = first[1], second[1]
    return done, message
  end
  return add(box, step.tokens, remove(box, step.from), nil)
end

function STEPS.copy(box, step, undo)
  local value, message = get(box, step.from)
  if value == nil then
    return nil, message
  end
  local _, count = values.measure(value)
  box.copied = box.copied + count
  if box.copied > MAX_COPIED then
    return nil, "the patch copies more than a million values"
  end
  return add(box, step.tokens, core.copy(value), undo)
end

function STEPS.test(box, step)
  local value, message = get(box, step.tokens)
  if value == nil then
    return nil, message
  end
  if not core.equal(value, step.value) then
    return nil, "the value is different"
  end
  return true
end

-- Runs a patch on a copy of `document`.
---@return table? box the changed copy in `box.root`
---@return table? err
---@return table[][]? undos what takes each step back
local function run(document, patch, with_undo)
  local steps, issues = read_patch(patch)
  if not steps then
    return nil, failure("the patch is malformed", issues)
  end
  local root, problem = values.copy(document)
  if problem then
    return nil, values.refusal("the document", problem)
  end
  local box, undos = { root = root, copied = 0 }, {}
  for i = 1, #steps do
    local step = steps[i]
    local undo = with_undo and {} or nil
    local done, message = STEPS[step.op](box, step, undo)
    if not done then
      return nil, failure(("operation %d of the patch failed: %s %s: %s"):format(i, step.op, step.path, message), { {
        path = "/" .. (i - 1), -- in the patch, as in every issue; `index` is the place in Lua
        index = i,
        code = step.op == "test" and "test" or "pointer",
        message = message,
        severity = "error",
      } }, step.path)
    end
    undos[i] = undo
  end
  return box, nil, undos
end

--- Applies `patch` to a copy of `document`. See `tavus.patch.apply`.
---@param document any
---@param patch any
---@return any? document
---@return table? err
function apply.apply(document, patch)
  local box, err = run(document, patch, false)
  if not box then
    return nil, err
  end
  return box.root
end

--- The operations that undo `patch` on `before`. See `tavus.patch.invert`.
---@param patch any
---@param before any
---@return table[]? operations
---@return table? err
function apply.invert(patch, before)
  local box, err, undos = run(before, patch, true)
  if not box then
    return nil, err
  end
  local operations = {}
  for i = #undos, 1, -1 do
    for _, operation in ipairs(undos[i]) do
      operations[#operations + 1] = operation
    end
  end
  return operations
end

return apply
