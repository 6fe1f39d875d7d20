-- JSON Pointer and JSON Patch. An input is [before, after] or [before, after, patch]: the difference of the two makes the
-- second of the first, and what a patch does can be undone. The given values stay as they are.
local tavus = ...
local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"

local function same(a, b, what)
  local equal, message = core.equal(a, b)
  if equal == nil then error(message) end
  if not equal then error(("%s: %s, not %s"):format(what, core.encode(a), core.encode(b))) end
end

local function undo(patch, before, after)
  local back, err = tavus.patch.invert(patch, before)
  if not back then error(tostring(err)) end
  same(assert(tavus.patch.apply(after, back)), before, "undone by " .. core.encode(back))
end

local function is_list(value) return type(value) == "table" and core.is_array(value) end

local function test(text)
  local tokens = pointer.parse(text)
  assert(not tokens or pointer.format(tokens) == text)

  local input = core.decode(text)
  if not is_list(input) or #input < 2 then return end
  local before, after, patch = input[1], input[2], input[3]
  for _, arrays in ipairs { "items", "whole" } do
    local found, err = tavus.patch.diff(before, after, { arrays = arrays })
    if found then
      same(assert(tavus.patch.apply(before, found)), after, "after " .. core.encode(found))
      undo(found, before, after)
      if arrays == "whole" then assert(#found == 0 or tavus.patch.repeatable(found) ~= nil) end
    else
      assert(err.type == "validation", err)
    end
  end
  if type(patch) == "table" then
    local made, err = tavus.patch.apply(before, patch)
    if made ~= nil then undo(patch, before, made)
    else assert(err.type == "validation" and tostring(err) ~= "") end
  end
  same(core.decode(text), input, "changed")
end

return test, dofile "spec/fuzz/mutate.lua"
