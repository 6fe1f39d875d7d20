--- The smallest patch between two JSON values.
--
-- Objects are compared member by member, and replaced where that is shorter and loses nothing. Arrays are aligned by
-- the longest common subsequence of their items' keys, so that a tool inserted at the front is one `add`. Where the
-- list of changes is longer than the array itself, the array is replaced.

local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"
local values = require "tavus.patch.values"

local type, next, concat, sort = type, next, table.concat, table.sort
local floor, huge = math.floor, math.huge
local is_array, null = core.is_array, core.null

-- Cells of subsequence tables that one diff may fill, about a tenth of a second. An array that needs more is replaced
-- as a whole.
local CELL_BUDGET = 400000

local function kind_of(value)
  if type(value) ~= "table" then
    return "scalar"
  end
  return is_array(value) and "array" or "object"
end

-- values.copy has checked that all keys are strings.
local function sorted_keys(first, second)
  local keys = {}
  for key in next, first do
    keys[#keys + 1] = key
  end
  for key in next, second do
    if first[key] == nil then
      keys[#keys + 1] = key
    end
  end
  sort(keys)
  return keys
end

-- Keys of array items --------------------------------------------------------

-- A number's text that is the same for 1 and 1.0, which JSON equality calls equal.
local function number_text(number)
  if floor(number) == number and number > -huge and number < huge then
    if number > -2 ^ 63 and number < 2 ^ 63 then
      return ("%d"):format(number)
    end
    return ("%.0f"):format(number)
  end
  return ("%.17g"):format(number)
end

-- A text that is equal for equal values and for no others.
local function value_text(value, out)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = #value .. ":" .. value
  elseif kind == "number" then
    out[#out + 1] = "n" .. number_text(value) .. ";"
  elseif kind ~= "table" then
    out[#out + 1] = value == null and "z" or value and "t" or "f"
  elseif is_array(value) then
    out[#out + 1] = "["
    for i = 1, #value do
      value_text(value[i], out)
    end
    out[#out + 1] = "]"
  else
    out[#out + 1] = "{"
    for _, key in ipairs(sorted_keys(value, value)) do
      value_text(key, out)
      value_text(value[key], out)
    end
    out[#out + 1] = "}"
  end
  return out
end

-- The name an item goes by: its function's name (a tool), else its own name.
local function name_of(item)
  if kind_of(item) ~= "object" then
    return nil
  end
  local fn = item["function"]
  if kind_of(fn) == "object" and type(fn.name) == "string" then
    return "f" .. fn.name
  elseif type(item.name) == "string" then
    return "o" .. item.name
  end
  return nil
end

-- One key for each item: its name, or its value where two items of one array share the name.
---@return string[] keys
---@return boolean[] named
local function item_keys(array, shared)
  local keys, named = {}, {}
  for i = 1, #array do
    local name = name_of(array[i])
    if name and not shared[name] then
      keys[i], named[i] = name, true
    else
      keys[i], named[i] = "v" .. concat(value_text(array[i], {})), false
    end
  end
  return keys, named
end

local function shared_names(first, second)
  local shared = {}
  for _, array in ipairs { first, second } do
    local seen = {}
    for i = 1, #array do
      local name = name_of(array[i])
      if name then
        shared[name] = shared[name] or seen[name]
        seen[name] = true
      end
    end
  end
  return shared
end

-- Longest common subsequence --------------------------------------------------

-- Positions of the items whose key occurs in `others` too.
local function common_positions(keys, from, to, others, others_from, others_to)
  local known = {}
  for i = others_from, others_to do
    known[others[i]] = true
  end
  local positions = {}
  for i = from, to do
    if known[keys[i]] then
      positions[#positions + 1] = i
    end
  end
  return positions
end

-- Fill the table from the end, so that it can be read from the start.
local function longest(before, b, after, a, matches)
  local rows, columns = #b, #a
  local width = columns + 1
  local length = {}
  for i = 0, (rows + 1) * width - 1 do
    length[i] = 0
  end
  for i = rows - 1, 0, -1 do
    local row, key = i * width, before[b[i + 1]]
    for j = columns - 1, 0, -1 do
      local cell = row + j
      if key == after[a[j + 1]] then
        length[cell] = length[cell + width + 1] + 1
      else
        local down, right = length[cell + width], length[cell + 1]
        length[cell] = down >= right and down or right
      end
    end
  end
  local i, j = 0, 0
  while i < rows and j < columns do
    if before[b[i + 1]] == after[a[j + 1]] then
      matches[#matches + 1] = { b[i + 1], a[j + 1] }
      i, j = i + 1, j + 1
    elseif length[(i + 1) * width + j] >= length[i * width + j + 1] then
      i = i + 1
    else
      j = j + 1
    end
  end
end

-- Pairs of positions that stay, in order; nil when finding them costs too much.
local function align(before, after, state)
  local matches, last, n, m = {}, {}, #before, #after
  local first = 1
  while first <= n and first <= m and before[first] == after[first] do
    matches[first] = { first, first }
    first = first + 1
  end
  while n >= first and m >= first and before[n] == after[m] do
    last[#last + 1] = { n, m }
    n, m = n - 1, m - 1
  end
  if n >= first and m >= first then
    local b = common_positions(before, first, n, after, first, m)
    local a = common_positions(after, first, m, before, first, n)
    -- Without the items of only one side, the rest is often the same on both sides.
    local b_first, a_last = 1, {}
    while b[b_first] and a[b_first] and before[b[b_first]] == after[a[b_first]] do
      matches[#matches + 1] = { b[b_first], a[b_first] }
      b_first = b_first + 1
    end
    local rest_b, rest_a = {}, {}
    local b_end, a_end = #b, #a
    while b_end >= b_first and a_end >= b_first and before[b[b_end]] == after[a[a_end]] do
      a_last[#a_last + 1] = { b[b_end], a[a_end] }
      b_end, a_end = b_end - 1, a_end - 1
    end
    for i = b_first, b_end do
      rest_b[#rest_b + 1] = b[i]
    end
    for i = b_first, a_end do
      rest_a[#rest_a + 1] = a[i]
    end
    if #rest_b > 0 and #rest_a > 0 then
      local cells = (#rest_b + 1) * (#rest_a + 1)
      if cells > state.cells then
        return nil
      end
      state.cells = state.cells - cells
      longest(before, rest_b, after, rest_a, matches)
    end
    for i = #a_last, 1, -1 do
      matches[#matches + 1] = a_last[i]
    end
  end
  for i = #last, 1, -1 do
    matches[#matches + 1] = last[i]
  end
  return matches
end

-- Emitting ---------------------------------------------------------------------

local function emit(state, op, path, value)
  state.ops[#state.ops + 1] = { op = op, path = path, value = value }
end

-- How many bytes an operation takes on the wire.
local function size_of(state, operation)
  local size = state.sizes[operation]
  if not size then
    local text = core.encode(operation)
    -- What JSON cannot carry (NaN, broken UTF-8) is the sender's to refuse.
    size = text and #text + 1 or #concat(value_text(operation, {}))
    state.sizes[operation] = size
  end
  return size
end

-- A lower bound of the bytes that remain of a budget after a value is written; negative as soon as they do not suffice,
-- so that a large value is not searched to its end.
local function left_of(budget, value)
  local kind = type(value)
  if kind == "string" then
    return budget - #value - 2
  elseif kind ~= "table" then
    return budget - 1
  end
  budget = budget - 2
  for key, inner in next, value do
    if budget < 0 then
      break
    end
    budget = left_of(type(key) == "string" and budget - #key - 3 or budget, inner)
  end
  return budget
end

-- The names of ids that Tavus assigns, read once.
local id_names

local function is_kept(name)
  if not id_names then
    id_names = {}
    for _, resource in ipairs(core.contract().resources) do
      id_names[resource.id_field] = true
    end
  end
  return id_names[name] or core.is_secret(name)
end

-- Whether an object holds what a `replace` of it would lose: a secret, which answers only show masked, or an id, which
-- stands beside members that cannot be written.
local function holds_kept(value)
  if type(value) ~= "table" then
    return false
  end
  for key, inner in next, value do
    if type(key) == "string" and is_kept(key) or holds_kept(inner) then
      return true
    end
  end
  return false
end

-- Replaces the operations after `start` by one `replace`, where it is shorter.
local function shorten(state, start, path, value)
  local ops, size = state.ops, 0
  for i = start + 1, #ops do
    size = size + size_of(state, ops[i])
  end
  if left_of(size - #path, value) < 0 then
    return
  end
  local whole = { op = "replace", path = path, value = value }
  if size > size_of(state, whole) and (is_array(value) or not holds_kept(value)) then
    for k = #ops, start + 1, -1 do
      ops[k] = nil
    end
    ops[start + 1] = whole
  end
end

local compare

-- Compares a removed and an added item at the same position: one `replace`, or the changes inside where those are
-- shorter.
local function compare_pair(state, path, before, after, may_go_inside)
  if may_go_inside and kind_of(before) ~= "scalar" and kind_of(before) == kind_of(after) then
    compare(state, path, before, after)
  else
    emit(state, "replace", path, after)
  end
end

local function compare_items(state, path, before, after)
  local shared = shared_names(before, after)
  local before_keys, before_named = item_keys(before, shared)
  local after_keys, after_named = item_keys(after, shared)
  local matches = align(before_keys, after_keys, state)
  if not matches then
    emit(state, "replace", path, after)
    return
  end

  local start = #state.ops
  matches[#matches + 1] = { #before + 1, #after + 1 }
  -- `at` is the position when the operation is applied: the items before it already have their final values.
  local i, j, at = 1, 1, 0
  for _, match in ipairs(matches) do
    while i < match[1] and j < match[2] do
      compare_pair(state, path .. "/" .. at, before[i], after[j], not (before_named[i] or after_named[j]))
      i, j, at = i + 1, j + 1, at + 1
    end
    while i < match[1] do
      emit(state, "remove", path .. "/" .. at)
      i = i + 1
    end
    while j < match[2] do
      emit(state, "add", path .. "/" .. at, after[j])
      j, at = j + 1, at + 1
    end
    if before[i] ~= nil and after[j] ~= nil then
      compare(state, path .. "/" .. at, before[i], after[j])
    end
    i, j, at = i + 1, j + 1, at + 1
  end
  shorten(state, start, path, after)
end

local function compare_members(state, path, before, after)
  local start = #state.ops
  for _, key in ipairs(sorted_keys(before, after)) do
    local old, new = before[key], after[key]
    local place = path .. "/" .. pointer.escape(key)
    if new == nil then
      emit(state, "remove", place)
    elseif old == nil then
      emit(state, "add", place, new)
    else
      compare(state, place, old, new)
    end
  end
  if not state.members then
    shorten(state, start, path, after)
  end
end

function compare(state, path, before, after)
  local kind = kind_of(before)
  if kind ~= kind_of(after) then
    emit(state, "replace", path, after)
  elseif kind == "object" then
    compare_members(state, path, before, after)
  elseif kind == "array" and not state.whole then
    compare_items(state, path, before, after)
  elseif not core.equal(before, after) then
    emit(state, "replace", path, after)
  end
end

--- The operations that turn `before` into `after`. See `tavus.patch.diff`.
---@param before any
---@param after any
---@param whole boolean replace a changed array as a whole
---@param members boolean|nil never replace an object as a whole
---@return table[]? operations
---@return table? err
local function diff(before, after, whole, members)
  local copies = {}
  for i, value in ipairs { before, after } do
    -- Copying checks the value, and keeps the patch independent of `after`.
    local copy, problem = values.copy(value)
    if problem then
      return nil, values.refusal(i == 1 and "the value before" or "the value after", problem)
    end
    copies[i] = copy
  end
  local state = {
    ops = {},
    sizes = {},
    cells = CELL_BUDGET,
    whole = whole,
    members = members,
  }
  compare(state, "", copies[1], copies[2])
  return state.ops
end

return diff
