--- A mutation of JSON that leaves it JSON: changes one value or name of a text, mostly to one that the contract knows.
local core = require "tavus.core"

local names, scalars = {}, { 0, 1, -1, 0.5, 1e300, 2 ^ 53, "", "x", "true", "1", "/", "/layers/llm", true, false, core.null }

-- The names of all fields, and the values of their choices.
local function collect(value, seen)
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  for key, inner in pairs(value) do
    if type(inner) == "string" and #inner < 60 then
      local list = key == "name" and names or scalars
      list[#list + 1] = inner
    end
    collect(inner, seen)
  end
end
collect(core.contract().resources, {})
table.sort(names)
table.sort(scalars, function(a, b) return core.encode(a) < core.encode(b) end) -- the same order in every run

local function any(list) return list[math.random(#list)] end

-- All tables in a value, each with its depth.
local function tables_of(value, depth, found)
  if type(value) ~= "table" or depth > core.max_depth - 4 then return found end
  found[#found + 1] = value
  for _, inner in pairs(value) do tables_of(inner, depth + 1, found) end
  return found
end

local function keys_of(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function fresh(all)
  local choice = math.random(6)
  if choice == 1 then return core.array { any(scalars) } end
  if choice == 2 then return core.object { [any(names)] = any(scalars) } end
  if choice == 3 then return any { core.array(), core.object() } end
  if choice == 4 then return core.copy(any(all)) end
  return any(scalars)
end

---@param text string
---@param seed integer
---@return string? text nil where the given one is no JSON object or array
return function(text, seed)
  local value = core.decode(text)
  if type(value) ~= "table" then return nil end
  math.randomseed(seed)
  local all = tables_of(value, 1, {})
  local place = any(all)
  local keys = keys_of(place)
  local key = keys[1] ~= nil and any(keys)
  local choice = math.random(4)
  if core.is_array(place) then
    if key and choice == 1 then table.remove(place, key)
    elseif key and choice == 2 then place[key] = fresh(all)
    else table.insert(place, math.random(#place + 1), fresh(all)) end
  elseif key and choice == 1 then
    place[key] = nil
  elseif key and choice == 2 then
    place[key] = fresh(all)
  elseif key and choice == 3 then
    place[any(names)], place[key] = place[key], nil
  else
    place[any(names)] = fresh(all)
  end
  return core.encode(value)
end
