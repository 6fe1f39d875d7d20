-- Copying and comparing: what a shared table costs.
local core = require "tavus.core"

-- A table of a few members that stands for 2^levels: each level holds the one below twice.
local function doubling(levels)
  local value = { x = 1 }
  for _ = 1, levels do value = { a = value, b = value } end
  return value
end

local TOO_LARGE = "too large: more than 10 million values, where a table counts as 10"

describe("values that share tables", function()
  it("are copied once a place", function()
    local shared = { 1 }
    local copy = assert(core.copy { a = shared, b = shared })
    assert.are_not.equal(copy.a, copy.b)
    assert.is_true(core.equal({ a = { 1 }, b = { 1 } }, copy))
    assert.is_true(core.equal(doubling(10), assert(core.copy(doubling(10)))))
  end)

  it("end in an error where the copy would be too large", function()
    local copy, message = core.copy(doubling(40))
    assert.is_nil(copy)
    assert.are.equal(TOO_LARGE, message)

    local wide = {}
    for i = 1, 1000 do wide[i] = i end
    local many = {}
    for i = 1, 10000 do many[i] = wide end
    copy, message = core.copy(many)
    assert.is_nil(copy)
    assert.are.equal(TOO_LARGE, message)
  end)

  it("end in an error where comparing would take too long", function()
    local same, message = core.equal(doubling(40), doubling(40))
    assert.is_nil(same)
    assert.are.equal(TOO_LARGE, message)
    local one = doubling(40)
    assert.is_true(core.equal(one, one))
    assert.is_false(core.equal(one, { a = 1, b = 1 }))
  end)

  it("may be as large as any answer that is read", function()
    local row = {}
    for i = 1, 100000 do row[i] = i end
    local large = {}
    for i = 1, 50 do large[i] = row end
    assert.are.equal(50, #assert(core.copy(large)))
    assert.is_true(core.equal(large, assert(core.copy(large))))
  end)
end)
