--- Reads a JSON Patch: checks its form before anything is applied.

local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"
local values = require "tavus.patch.values"

local type, next, getmetatable, rawget = type, next, getmetatable, rawget
local is_array, described = core.is_array, values.described

-- Members that each operation needs beside `op` and `path`.
local OPERATIONS = {
  add = { value = true },
  remove = {},
  replace = { value = true },
  move = { from = true },
  copy = { from = true },
  test = { value = true },
}

-- `path` points into the patch, as in every other issue; `index` is the operation's place in Lua.
local function issue(index, member, code, message, hint)
  return {
    path = index and ("/" .. (index - 1) .. (member and "/" .. member or "")) or "",
    index = index,
    code = code,
    message = message,
    hint = hint,
    severity = "error",
  }
end

local function read_operation(operation, index, issues)
  if type(operation) ~= "table" or is_array(operation) then
    issues[#issues + 1] = issue(index, nil, "type", "an operation is an object, not " .. described(operation))
    return nil
  end
  -- Raw, as the encoder reads: members from a metatable are not sent, and reading them may raise.
  local name, path = rawget(operation, "op"), rawget(operation, "path")
  local wants = type(name) == "string" and OPERATIONS[name]
  if not wants then
    issues[#issues + 1] = issue(index, "op", name == nil and "required" or "op",
      name == nil and 'the member "op" is missing'
        or type(name) ~= "string" and "must be a string, not " .. described(name)
        or ('"%s" is not an operation'):format(name),
      "one of add, remove, replace, move, copy, test")
    return nil
  end

  local before = #issues
  local step = { op = name, index = index, path = path }
  local message
  if path == nil then
    issues[#issues + 1] = issue(index, "path", "required", 'the member "path" is missing')
  else
    step.tokens, message = pointer.parse(path)
    if not step.tokens then
      issues[#issues + 1] = issue(index, "path", "pointer", message)
    end
  end
  if wants.from then
    step.from_path = rawget(operation, "from")
    if step.from_path == nil then
      issues[#issues + 1] = issue(index, "from", "required", ('"%s" needs the member "from"'):format(name))
    else
      step.from, message = pointer.parse(step.from_path)
      if not step.from then
        issues[#issues + 1] = issue(index, "from", "pointer", message)
      end
    end
  end
  if wants.value then
    local value = rawget(operation, "value")
    if value == nil then
      issues[#issues + 1] = issue(index, "value", "required", ('"%s" needs the member "value"'):format(name),
        "write tavus.null for null")
    else
      -- A copy: the result must not change when the patch is changed later.
      local problem
      step.value, problem = values.copy(value)
      if problem then
        issues[#issues + 1] = issue(index, "value" .. problem.path, problem.code, problem.message, problem.hint)
      end
    end
  end
  return #issues == before and step or nil
end

--- Reads a patch. Reports all faults of its form together. Unknown members of an operation are ignored, as RFC 6902
-- asks.
---@param patch any
---@return table[]? steps one an operation: op, path, tokens, from_path, from, value (a copy), index
---@return tavus.Issue[]? issues
local function read_patch(patch)
  if type(patch) ~= "table" then
    return nil, { issue(nil, nil, "type", "a patch is an array of operations, not " .. described(patch)) }
  end
  if next(patch) ~= nil and not is_array(patch) or getmetatable(patch) == core.object_mt then
    return nil, { issue(nil, nil, "type", "a patch is an array of operations, not an object",
      'write { { op = "replace", path = "/persona_name", value = "..." } }') }
  end
  local steps, issues, count = {}, {}, 0
  for _ in next, patch do
    count = count + 1
  end
  for i = 1, count do
    local operation = rawget(patch, i)
    if operation == nil then
      -- An operation after a hole would be dropped silently.
      return nil, { issue(nil, nil, "sparse", "a patch is an array of operations, without holes and named members") }
    end
    steps[i] = read_operation(operation, i, issues)
  end
  if #issues > 0 then
    return nil, issues
  end
  return steps
end

return read_patch
