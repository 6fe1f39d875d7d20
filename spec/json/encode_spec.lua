-- luacheck: std max+busted
local core = require "tavus.core"

local has_integers = math.type ~= nil

local function encoded(value)
  local text, issues = core.encode(value)
  assert(text, issues and issues[1] and issues[1].message)
  return text
end

local function decoded(text)
  local value, err = core.decode(text)
  assert(err == nil, err and err.message)
  return value
end

describe("encode: strings", function()
  local cases = {
    { "", '""' },
    { "plain", '"plain"' },
    { 'quote " backslash \\ slash /', '"quote \\" backslash \\\\ slash /"' },
    { "\b\f\n\r\t", '"\\b\\f\\n\\r\\t"' },
    { "\0\1\31", '"\\u0000\\u0001\\u001F"' },
    { "\127", '"\127"' },
    { "\226\128\168\226\128\169", '"\226\128\168\226\128\169"' }, -- U+2028, U+2029
    { "\195\169\226\130\172\240\159\152\128", '"\195\169\226\130\172\240\159\152\128"' },
    { "</script>", '"</script>"' },
  }
  for _, case in ipairs(cases) do
    it("writes " .. case[2]:gsub("[%c\128-\255]", "."), function()
      assert.are.equal(case[2], encoded(case[1]))
    end)
  end

  it("loses no byte, whatever its neighbours", function()
    for length = 0, 40 do
      local run = ("abcdefghij"):rep(4):sub(1, length)
      for _, special in ipairs { '"', "\\", "\n", "\0", "\31", "\127", "\195\169", "\240\159\152\128" } do
        for _, text in ipairs { run .. special, special .. run, run .. special .. run, run .. special:rep(30) } do
          assert.are.equal(text, decoded(encoded(text)))
        end
      end
    end
  end)

  it("refuses what is no UTF-8, in values and in names, and names the place", function()
    for _, bad in ipairs { "\128", "a\255", "\192\128", "\237\160\128", "\244\144\128\128", "\195", ("x"):rep(50) .. "\226\130" } do
      local text, issues = core.encode { a = { bad } }
      assert.is_nil(text)
      assert.are.equal("/a/0", issues[1].path)
      assert.are.equal("utf8", issues[1].code)
      assert.is_nil(core.encode { [bad] = 1 })
    end
  end)
end)

describe("encode: numbers", function()
  local function writes(value, text)
    it("writes " .. text, function() assert.are.equal(text, encoded(value)) end)
  end

  writes(0, "0")
  writes(1, "1")
  writes(-1, "-1")
  writes(3600, "3600")
  writes(0.5, "0.5")
  writes(-0.7, "-0.7")
  writes(0.1, "0.1")
  writes(0.1 + 0.2, "0.30000000000000004")
  writes(1 / 3, "0.3333333333333333")
  writes(123456.789, "123456.789")
  writes(1e-7, "1e-7")
  writes(1.5e-10, "1.5e-10")
  writes(0.0001, "0.0001")
  writes(1.7976931348623157e308, "1.7976931348623157e+308")
  writes(2.2250738585072014e-308, "2.2250738585072014e-308")
  writes(5e-324, "5e-324")
  writes(1e23, "1e+23")
  writes(1e300, "1e+300")
  writes(-1.5e300, "-1.5e+300")
  -- nearest 16 digits would read back as the number below this power of two
  writes(2 ^ -44, "5.684341886080802e-14")

  if has_integers then
    writes(math.maxinteger, "9223372036854775807")
    writes(math.mininteger, "-9223372036854775808")
    writes(1.0, "1.0")
    writes(-0.0, "-0.0")
    writes(3600.0, "3600.0")
    writes(2.0 ^ 53, "9007199254740992.0")
    writes(1e15, "1000000000000000.0")
  else
    writes(1e15, "1000000000000000")
    writes(9007199254740991, "9007199254740991")
    writes(-9007199254740991, "-9007199254740991")
    writes(-1 / math.huge, "-0")
  end

  it("refuses NaN and infinity with their place", function()
    for _, wrong in ipairs { 0 / 0, math.huge, -math.huge } do
      local text, issues = core.encode { a = { 1, wrong } }
      assert.is_nil(text)
      assert.are.equal("/a/1", issues[1].path)
      assert.are.equal("number", issues[1].code)
    end
  end)

  it("gives every double back to the last digit", function()
    local seed = 42
    local function random(n) -- the same numbers in every Lua
      seed = (seed * 16807) % 2147483647
      return seed % n
    end
    for _ = 1, 20000 do
      local mantissa = random(2 ^ 20) * 2 ^ 33 + random(2 ^ 30) * 8 + random(8)
      local value = mantissa * 2.0 ^ (random(2098) - 1074 - 53)
      if random(2) == 1 then value = -value end
      local text = encoded(value)
      local back = decoded(text)
      if back ~= value then error(("%.17g became %s"):format(value, text)) end
      if #(text:gsub("[eE].*", ""):gsub("[^%d]", ""):gsub("^0+", "")) > 19 then error(text) end
    end
    for exponent = -1074, 1023 do
      local value = 2.0 ^ exponent
      assert.are.equal(value, decoded(encoded(value)))
    end
  end)

  it("gives every short decimal back as it is written", function()
    for thousandths = 1, 20000, 7 do
      local text = ("%.3f"):format(thousandths / 1000):gsub("0+$", ""):gsub("%.$", has_integers and ".0" or "")
      assert.are.equal(text, encoded(thousandths / 1000))
    end
  end)
end)

describe("encode: arrays and objects", function()
  it("tells an empty array from an empty object", function()
    assert.are.equal("{}", encoded {})
    assert.are.equal("[]", encoded(core.array {}))
    assert.are.equal("[]", encoded(core.array()))
    assert.are.equal("{}", encoded(core.object {}))
    assert.are.equal('{"a":[],"b":{}}', encoded { a = core.array(), b = core.object() })
  end)

  it("takes a non-empty sequence for an array", function()
    assert.are.equal("[1,2]", encoded { 1, 2 })
    assert.are.equal("[[],[null]]", encoded { core.array(), { core.null } })
  end)

  it("sorts names", function()
    assert.are.equal('{"B":1,"a":2,"aa":3,"b":4}', encoded { b = 4, aa = 3, a = 2, B = 1 })
  end)

  it("gives a decoded text back", function()
    for _, text in ipairs {
      "[]", "{}", "null", "true", "false", '""', "0", "[[],{},[{}],{\"a\":[]}]",
      '{"a":{"b":[1,null,"x",{"c":false}]},"d":null}',
      '{"parameters":{"properties":{},"required":[],"type":"object"}}',
    } do
      assert.are.equal(text, encoded(decoded(text)))
    end
  end)
end)

describe("marks", function()
  it("an object with items is told as such, and not as an array with a hole", function()
    for _, items in ipairs { { 1 }, { 1, 2, 3 } } do
      local text, issues = core.encode { a = core.object(items) }
      assert.is_nil(text)
      assert.are.equal(1, #issues)
      assert.are.equal("/a", issues[1].path)
      assert.are.equal("a key is a number; an object's keys are strings", issues[1].message)
    end
  end)

  it("array and object mark the table they are given", function()
    local list, object = {}, { 1 }
    assert.are.equal(list, core.array(list))
    assert.are.equal(object, core.object(object))
    assert.is_true(core.is_array(list))
    assert.is_false(core.is_array(object))
    assert.are.equal(core.array_mt, getmetatable(list))
    assert.are.equal(core.object_mt, getmetatable(object))
    assert.is_true(core.is_array(core.array(object)))
  end)

  it("is_array answers for every kind of value", function()
    assert.is_true(core.is_array { 1 })
    assert.is_false(core.is_array {})
    assert.is_false(core.is_array { a = 1 })
    assert.is_false(core.is_array(setmetatable({}, {})))
    assert.is_true(core.is_array(setmetatable({ 1 }, { __index = error })))
    for _, value in ipairs { 1, "x", true, print, core.null } do
      assert.is_false(core.is_array(value))
    end
  end)

  it("raises for what is no table", function()
    assert.has_error(function() core.array(1) end)
    assert.has_error(function() core.object "x" end)
    assert.has_error(function() core.use_marks() end)
  end)

  it("null is lightuserdata NULL, cjson's own", function()
    assert.are.equal("userdata", type(core.null))
    assert.are.equal(require("cjson").null, core.null)
  end)
end)

describe("copy", function()
  it("makes new tables with the same marks", function()
    local source = { a = core.array(), b = core.object(), c = { 1, core.null, { "x" } }, d = true, [1.5] = 2 }
    local copy = assert(core.copy(source))
    assert.are_not.equal(source, copy)
    assert.are_not.equal(source.c, copy.c)
    assert.are_not.equal(source.c[3], copy.c[3])
    assert.are.same(source, copy)
    assert.are.equal(core.array_mt, getmetatable(copy.a))
    assert.are.equal(core.object_mt, getmetatable(copy.b))
    assert.is_nil(getmetatable(copy.c))
    copy.c[3][1] = "y"
    assert.are.equal("x", source.c[3][1])
  end)

  it("leaves a builder's methods behind", function()
    local built = setmetatable({ a = 1 }, { __index = { method = print }, __pairs = error })
    local copy = core.copy(built)
    assert.is_nil(getmetatable(copy))
    assert.are.equal(1, copy.a)
    assert.is_nil(copy.method)
  end)

  it("gives other values as they are", function()
    for _, value in ipairs { 1, 1.5, "x", true, print, core.null } do
      assert.are.equal(value, (core.copy(value)))
    end
    assert.is_false((core.copy(false)))
    assert.is_nil((core.copy(nil)))
  end)

  it("copies a table that stands in two places twice", function()
    local shared = { 1 }
    local copy = core.copy { shared, shared }
    assert.are.same({ { 1 }, { 1 } }, copy)
    assert.are_not.equal(copy[1], copy[2])
  end)

  it("tells of a cycle and of too deep a nesting", function()
    local loop = { a = { b = {} } }
    loop.a.b.c = loop.a
    local copy, message = core.copy(loop)
    assert.is_nil(copy)
    assert.are.equal("a table contains itself", message)
    local deep = {}
    for _ = 1, 127 do deep = { deep } end
    assert.is_not_nil(core.copy(deep))
    copy, message = core.copy { deep }
    assert.is_nil(copy)
    assert.are.equal("nested deeper than 128 levels", message)
  end)
end)

describe("equal", function()
  local function same(a, b) assert.is_true(core.equal(a, b)) assert.is_true(core.equal(b, a)) end
  local function differ(a, b) assert.is_false(core.equal(a, b)) assert.is_false(core.equal(b, a)) end

  it("compares numbers by value", function()
    same(1, 1.0)
    same(decoded "[1, 2.0, 1e2, -0]", { 1.0, 2, 100, 0 })
    differ(1, 2)
    differ(1, "1")
    if has_integers then
      differ(math.maxinteger, 2.0 ^ 63)
      differ(9007199254740993, 9007199254740992.0)
    end
  end)

  it("compares members, not their order", function()
    same(decoded '{"a":1,"b":[2,{"c":null}]}', decoded '{"b":[2,{"c":null}],"a":1}')
    differ({ 1, 2 }, { 2, 1 })
    differ({ 1, 2 }, { 1, 2, 3 })
    differ({ a = 1 }, { a = 1, b = 2 })
    differ({ a = 1 }, { b = 1 })
    differ({ a = core.null }, {})
    differ({ a = false }, {})
    same({ a = { b = { c = "x" } } }, { a = { b = { c = "x" } } })
    differ({ a = { b = { c = "x" } } }, { a = { b = { c = "y" } } })
  end)

  it("tells arrays from objects", function()
    differ(core.array(), core.object())
    differ(core.array(), {})
    same(core.object(), {})
    same(core.array { 1 }, { 1 })
    differ(core.object { 1 }, { 1 })
    differ({ core.array() }, { {} })
  end)

  it("compares other values as Lua does", function()
    same(core.null, core.null)
    same(nil, nil)
    differ(core.null, nil)
    differ(core.null, false)
    differ(true, 1)
    differ({}, "x")
  end)

  it("tells of a cycle instead of running on", function()
    local a, b = {}, {}
    a.x, b.x = a, b
    local answer, message = core.equal(a, b)
    assert.is_nil(answer)
    assert.are.equal("a table contains itself", message)
    assert.is_true(core.equal(a, a))
  end)
end)

-- What use_marks changes, it changes for the whole VM: these run in a Lua of
-- their own.
describe("use_marks", function()
  local process = require "spec.support.process"

  local function run(chunk)
    local status, output = process.lua { chunk = "local core = require 'tavus.core' " .. chunk }
    assert.are.equal("good", output)
    assert.are.equal(0, status)
  end

  it("gives arrays the foreign mark and still knows the old one", function()
    run [=[
      local theirs, old = {}, core.array()
      local own = core.array_mt
      core.use_marks { array_mt = theirs }
      assert(core.array_mt == theirs and getmetatable(old) == own)
      assert(getmetatable(core.array()) == theirs)
      assert(getmetatable(core.decode "[]") == theirs)
      assert(core.is_array(old) and core.is_array(setmetatable({}, theirs)))
      assert(core.encode { old, setmetatable({}, theirs) } == "[[],[]]")
      assert(core.equal(old, core.array()))
      collectgarbage() collectgarbage()
      assert(core.is_array(old) and core.is_array(core.copy(old)))
      io.write "good"
    ]=]
  end)

  it("understands cjson's empty_array_mt and empty_array", function()
    run [=[
      -- any light userdata stands in for cjson.empty_array
      local mark = {}
      local light = core.null
      core.use_marks { empty_array_mt = mark, empty_array = light }
      assert(not core.is_array(core.null)) -- NULL stays null
      assert(core.is_array(setmetatable({}, mark)))
      assert(core.is_array(setmetatable({ 1 }, mark)))
      assert(not core.is_array(setmetatable({ a = 1 }, mark)))
      assert(core.encode { setmetatable({}, mark), setmetatable({ a = 1 }, mark) } == '[[],{"a":1}]')
      assert(core.equal(setmetatable({}, mark), core.array()))
      assert(getmetatable(core.copy(setmetatable({}, mark))) == mark)
      io.write "good"
    ]=]
  end)

  it("passes over what is no mark", function()
    run [=[
      local before = core.array_mt
      core.use_marks {}
      core.use_marks { array_mt = 1, empty_array_mt = "x", empty_array = {} }
      core.use_marks { array_mt = false }
      assert(core.array_mt == before and core.is_array(core.array()))
      io.write "good"
    ]=]
  end)
end)
