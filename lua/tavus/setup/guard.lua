--- Runs the files of a setup within limits of instructions and memory, so that a slip ends in an error.
--
-- A hook looks at both every few instructions. It does not see inside functions of C: those of string and table that
-- can make something large are wrapped. This is no guard against files that mean harm.

local collectgarbage, error, getmetatable, pairs = collectgarbage, error, getmetatable, pairs
local pcall, setmetatable, type, xpcall = pcall, setmetatable, type, xpcall
local gethook, sethook = debug.gethook, debug.sethook
local jit, utf8 = rawget(_G, "jit"), rawget(_G, "utf8")
local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local guard = {}

-- Instructions between two looks, those of the hook included: in so few, `s = s .. s` makes a text eight times as long
-- at most.
local EVERY = 10
-- Looks at a file and those that it requires, at most: ten times what 200 personas take.
local STEPS = 1e6
-- Bytes by which the memory of the Lua VM may grow meanwhile.
local MEMORY = 64 * 2 ^ 20
-- Bytes of a text made by one call.
local TEXT = 16 * 2 ^ 20

-- The error of a limit. It cannot be caught by the files.
local Limit = { __tostring = function(limit) return limit.message end }

--- Whether an error is that of a limit.
---@param value any
---@return boolean
function guard.is_limit(value) return type(value) == "table" and getmetatable(value) == Limit end

local function too_large(what)
  error(("%s would make a text of more than %d MiB"):format(what, TEXT / 2 ^ 20), 3)
end

local raw_string, raw_concat = string, table.concat

local function rep(text, count, separator)
  if type(text) == "string" and type(count) == "number"
    and (#text + (type(separator) == "string" and #separator or 0)) * count > TEXT then
    too_large "string.rep"
  end
  return raw_string.rep(text, count, separator)
end

-- An upper bound of the length: each match is replaced by the whole text of `with`, and what it captures is counted for
-- each "%" in it.
local function gsub(text, pattern, with, most)
  if type(text) == "string" and type(with) == "string" and #with > 0 then
    local _, matches = raw_string.gsub(text, pattern, "", most)
    local _, captures = raw_string.gsub(with, "%%", "")
    if matches * #with + captures * #text > TEXT then too_large "string.gsub" end
  end
  return raw_string.gsub(text, pattern, with, most)
end

local function concat(list, separator, from, to)
  local length = 0
  for i = type(from) == "number" and from or 1, type(list) == "table" and (type(to) == "number" and to or #list) or 0 do
    local item = list[i]
    length = length + (type(item) == "string" and #item or 0) + (type(separator) == "string" and #separator or 0)
    if length > TEXT then too_large "table.concat" end
  end
  return raw_concat(list, separator, from, to)
end

local function copy_of(library, changes)
  local copy = {}
  for name, value in pairs(library) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value or nil end
  return copy
end

-- The library of texts within the limits.
local function strings() return copy_of(raw_string, { dump = false, rep = rep, gsub = gsub }) end

--- The libraries that the files have, in copies of their own.
---@return table<string, table>
function guard.libraries()
  return {
    string = strings(),
    table = copy_of(table, { concat = concat, unpack = unpack }),
    math = copy_of(math, {}),
    utf8 = utf8 and copy_of(utf8, {}),
  }
end

-- What is over its limit, and a hint; nil while nothing is.
local function over(meter)
  meter.taken = meter.taken + 1
  if meter.taken > STEPS then
    return ("takes more than %.0f million steps of Lua"):format(STEPS / 1e6), "is there an endless loop?"
  end
  if collectgarbage "count" > meter.most then
    collectgarbage()
    if collectgarbage "count" > meter.most then
      return ("takes more than %d MiB of memory"):format(MEMORY / 2 ^ 20), "is there an endless loop?"
    end
  end
  return nil
end

--- `pcall` for the files: the error of a limit goes on.
---@return function
function guard.pcall_of()
  local function passed_on(ok, err, ...)
    if not ok and guard.is_limit(err) then error(err, 0) end
    return ok, err, ...
  end
  return function(fn, ...) return passed_on(pcall(fn, ...)) end
end

--- Lets the hook see each instruction of a chunk. LuaJIT calls no hook in compiled code.
---@param chunk function
---@return function
function guard.interpreted(chunk)
  if jit then jit.off(chunk, true) end
  return chunk
end

--- Calls a chunk within the limits.
---@param chunk function
---@param on_error fun(err: any): any as for xpcall
---@return boolean ok
---@return any result of the chunk, or of on_error
function guard.call(chunk, on_error)
  local meter, limit = { taken = 0, most = collectgarbage "count" + MEMORY / 1024 }, nil
  local function hook()
    if limit then return end
    local message, hint = over(meter)
    if not message then return end
    limit = setmetatable({ message = message, hint = hint }, Limit)
    error(limit, 0)
  end
  local old, mask, count = gethook()
  local is_foreign = type(old) == "string" -- a hook of C, which could not be set again
  local texts = getmetatable("")
  local methods = texts.__index
  texts.__index = strings() -- not the files' own: a change there is no change here
  if not is_foreign then sethook(hook, "", EVERY) end
  local ok, result = xpcall(guard.interpreted(chunk), on_error)
  if gethook() == hook then sethook(old, mask, count) end -- else Ctrl-C has set another one
  texts.__index = methods
  return ok, result
end

return guard
