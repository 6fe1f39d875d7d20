-- Copying and comparing (what a shared table costs), and the marks of lists.
local core = require "tavus.core"
local tavus = require "tavus"

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

describe("a mark of lists", function()
  local function new_mark() return { __index = { push = function(self, value) self[#self + 1] = value end } } end

  it("makes arrays of tables that keep their own methods; every builder has one of its own", function()
    local marks = {}
    for i = 1, 20 do marks[i] = core.list_mark(new_mark()) end
    for _, mark in ipairs(marks) do
      local list = setmetatable({}, mark)
      assert.equal("[]", core.encode(list))
      assert.is_true(core.is_array(list))
      assert.equal(mark, getmetatable(core.copy(list)))
      assert.is_true(core.equal(core.array {}, list))
      list:push "x"
      assert.equal('{"a":["x"]}', core.encode { a = list })
    end
    assert.equal("[]", core.encode(tavus.patch()))
    assert.equal("{}", core.encode(setmetatable({}, new_mark())))
  end)

  it("is a table", function()
    assert.error_matches(function() core.list_mark() end, "table expected")
    assert.error_matches(function() core.list_mark "x" end, "table expected")
  end)
end)
