-- Reading and writing JSON: what is read is written in one form, which reads as the same value; what is refused is refused
-- at a place in the text.
local core = require "tavus.core"

local function test(text)
  local value, failure = core.decode(text)
  if value == nil then
    assert(type(failure.message) == "string" and failure.position >= 1 and failure.position <= #text + 1)
    assert(failure.line >= 1 and failure.column >= 1 and failure.column <= failure.position)
    return
  end
  local written = assert(core.encode(value))
  local again = assert(core.decode(written))
  assert(core.equal(value, again), written)
  assert(core.equal(assert(core.copy(value)), value))
  assert(core.encode(again) == written)
end

return test, dofile "spec/fuzz/mutate.lua"
