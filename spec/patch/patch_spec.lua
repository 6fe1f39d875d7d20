-- The builder, and what applying and undoing promise beyond RFC 6902.
local core = require "tavus.core"
local patch = require "tavus.patch"

local null, array, object = core.null, core.array, core.object

local function same(expected, value)
  assert.is_true(core.equal(expected, value), (core.encode(value)))
end

-- The message of an error must begin with the line of this file that caused it.
local function raises_here(words, line, ok, message)
  assert.is_false(ok)
  assert.matches("^%S*patch_spec%.lua:" .. line .. ": ", message)
  assert.matches(words, message, 1, true)
end

local function line() return debug.getinfo(2, "l").currentline end

local function nested(levels, leaf)
  local value = leaf
  for _ = 1, levels do
    value = { a = value }
  end
  return value
end

describe("tavus.patch", function()
  it("builds operations one after another", function()
    local built = patch()
      :add("/a", 1)
      :remove("/b")
      :replace("/c", null)
      :move("/d", "/e")
      :copy("/f", "/g")
      :test("/h", false)
    assert.are.equal(6, #built)
    assert.are.same({ op = "add", path = "/a", value = 1 }, built[1])
    assert.are.same({ op = "remove", path = "/b" }, built[2])
    assert.are.same({ op = "replace", path = "/c", value = null }, built[3])
    assert.are.same({ op = "move", from = "/d", path = "/e" }, built[4])
    assert.are.same({ op = "copy", from = "/f", path = "/g" }, built[5])
    assert.are.same({ op = "test", path = "/h", value = false }, built[6])
  end)

  it("is ordinary data", function()
    local built = patch():add("/layers/stt/hotwords", "leadership")
    assert.are.equal('[{"op":"add","path":"/layers/stt/hotwords","value":"leadership"}]',
      (core.encode(built):gsub("\\/", "/")))
    local keys = 0
    for key in pairs(built) do
      assert.are.equal(1, key)
      keys = keys + 1
    end
    assert.are.equal(1, keys)
  end)

  it("is an array when it is empty, too", function()
    assert.are.equal("[]", core.encode(patch()))
    assert.are.equal("[]", core.encode(patch.diff({ a = 1 }, { a = 1 })))
    assert.are.equal("[]", core.encode(assert(patch.invert({}, {}))))
    assert.are.equal('{"plan":[]}', core.encode { plan = patch() })
    assert.are.equal("[]", core.encode(core.copy(patch())))
  end)

  it("adopts a hand-written list and leaves the list alone", function()
    local list = { { op = "add", path = "/a", value = 1 } }
    local adopted = patch(list):remove("/b")
    assert.are.equal(2, #adopted)
    assert.are.equal(1, #list)
    assert.is_nil(getmetatable(list))
    assert.are.equal(3, #patch(adopted):remove("/c"))
    assert.are.equal(1, #patch(core.decode '[{"op":"remove","path":"/a"}]'))
  end)

  it("raises at the caller's line when it is misused", function()
    raises_here("not a number", line(), pcall(function() local p = patch(5) return p end))
    raises_here("takes a list of operations", line(), pcall(function() local p = patch { persona_name = "x" } return p end))
    raises_here("operation 1 is a string", line(), pcall(function() local p = patch { "add" } return p end))
    raises_here("must be a JSON Pointer", line(), pcall(function() local p = patch():add("a", 1) return p end))
    raises_here("must be a JSON Pointer", line(), pcall(function() local p = patch():add(nil, 1) return p end))
    raises_here("the value is missing", line(), pcall(function() local p = patch():add("/a") return p end))
    raises_here("is not a JSON value", line(), pcall(function() local p = patch():replace("/a", print) return p end))
    raises_here("is not a JSON value", line(), pcall(function() local p = patch():test("/a", io.stdout) return p end))
    raises_here("takes a path and no value", line(), pcall(function() local p = patch():remove("/a", 1) return p end))
    raises_here("(from) must be a JSON Pointer", line(), pcall(function() local p = patch():move("a", "/b") return p end))
    raises_here("(path) must be a JSON Pointer", line(), pcall(function() local p = patch():copy("/a", "~") return p end))
    raises_here("with a colon", line(), pcall(function() local p = patch().add("/a", 1) return p end))
  end)
end)

describe("patch.apply", function()
  it("shares nothing with the document or the patch", function()
    local document = { kept = { 1 }, list = array {} }
    local operations = patch():add("/given", { inner = { 1 } })
    local result = assert(patch.apply(document, operations))
    result.kept[1], result.given.inner[1] = 2, 2
    table.insert(result.list, 3)
    same({ kept = { 1 }, list = array {} }, document)
    same({ inner = { 1 } }, operations[1].value)
  end)

  it("leaves the document as it was when an operation fails", function()
    local document = { a = { 1, 2 }, b = "x" }
    local result, err = patch.apply(document, patch():remove("/a/0"):replace("/b", "y"):remove("/c"))
    assert.is_nil(result)
    same({ a = { 1, 2 }, b = "x" }, document)
    assert.are.equal("validation", err.type)
    assert.are.equal("/c", err.path)
    assert.are.equal(3, err.issues[1].index)
    assert.are.equal("/2", err.issues[1].path)
    assert.matches("operation 3", err.message, 1, true)
    assert.matches('there is no member "c"', tostring(err), 1, true)
  end)

  it("tells everything that is wrong with a patch at once", function()
    local _, err = patch.apply({}, { { op = "add", path = "/a" }, 5, { op = "spam" }, { op = "move", path = "x" } })
    local found = {}
    for i, issue in ipairs(err.issues) do
      found[i] = issue.path .. " " .. issue.index .. " " .. issue.severity
    end
    assert.are.same({ "/0/value 1 error", "/1 2 error", "/2/op 3 error", "/3/path 4 error", "/3/from 4 error" }, found)
  end)

  it("never raises for a malformed patch", function()
    local odd = { 5, "text", true, print, null, { 1 }, { false }, { {} }, { { op = {} } }, { { op = "add", path = {} } },
      { { op = "add", path = "/a", value = print } }, { a = 1 }, object {}, { [2] = {} },
      { { op = "remove", path = "/a" }, nil, { op = "remove", path = "/b" } }, { { op = "remove", path = "/a" }, name = "x" } }
    for i = 1, #odd do
      local ok, result, err = pcall(patch.apply, { a = 1 }, odd[i])
      assert.is_true(ok, tostring(result))
      assert.is_nil(result)
      assert.are.equal("validation", err.type)
    end
    local ok, result, err = pcall(patch.apply, { a = 1 }, nil)
    assert.is_true(ok)
    assert.is_nil(result)
    assert.matches("not nil", tostring(err), 1, true)
  end)

  it("raises for a document that is nil", function()
    raises_here("the document is nil", line(), pcall(function() local r = patch.apply(nil, {}) return r end))
  end)

  it("does not show a value that a test did not find", function()
    local _, err = patch.apply({ api_key = "hidden-key" }, { { op = "test", path = "/api_key", value = "guessed-key" } })
    assert.is_nil(tostring(err):find("hidden", 1, true))
    assert.is_nil(tostring(err):find("guessed", 1, true))
  end)

  it("keeps empty arrays arrays and empty objects objects", function()
    local document = { list = { 1 }, marked = array { 1 }, members = { a = 1 }, void = {} }
    local result = assert(patch.apply(document,
      patch():remove("/list/0"):remove("/marked/0"):remove("/members/a"):copy("/list", "/again")))
    assert.are.equal('{"again":[],"list":[],"marked":[],"members":{},"void":{}}', (core.encode(result)))
    result = assert(patch.apply(result, patch():add("/list/-", 1):add("/members/0", 1)))
    assert.are.equal('{"again":[],"list":[1],"marked":[],"members":{"0":1},"void":{}}', (core.encode(result)))
  end)

  it("uses what a later operation of the same patch emptied", function()
    local result = assert(patch.apply({ list = { "a" } }, patch():remove("/list/0"):add("/list/-", "b")))
    same({ list = { "b" } }, result)
  end)

  -- Newer versions of cjson have a light userdata for it; any other one can stand in.
  local upvalue_id = rawget(debug, "upvalueid")
  if upvalue_id then
    it("takes cjson's empty_array for an empty array", function()
      local empty = upvalue_id(function() return same end, 1)
      core.use_marks { empty_array = empty }
      assert.is_true(core.is_array(empty))
      same(array { 1 }, (assert(patch.apply({ list = empty }, patch():add("/list/-", 1)))).list)
      same({ a = array {} }, (assert(patch.apply({}, patch():add("/a", empty)))))
      same(array {}, (assert(patch.apply(empty, {}))))
      assert.are.equal(0, #assert(patch.diff({ a = array {} }, { a = empty })))
      assert.are.equal(0, #assert(patch.diff({ a = { { empty } } }, { a = { { array {} } } })))
    end)
  end

  it("takes documents up to 128 levels deep", function()
    local deep = nested(128, 1)
    local result = assert(patch.apply(deep, patch():replace(("/a"):rep(128), 2)))
    same(nested(128, 2), result)
    local none, err = patch.apply(nested(129, 1), {})
    assert.is_nil(none)
    assert.matches("128", tostring(err), 1, true)
    none, err = patch.apply(nested(100000, 1), {})
    assert.is_nil(none)
    assert.are.equal("validation", err.type)
  end)

  it("does not build documents deeper than that", function()
    for _, operations in ipairs {
      patch():replace(("/a"):rep(127), { a = { a = 1 } }),
      patch():add(("/a"):rep(126) .. "/b", { a = { a = 1 } }),
      patch():copy("", ("/a"):rep(64) .. "/b"),
      patch():add("/b", nested(100, 1)):move("/a", ("/b"):rep(1) .. ("/a"):rep(100)),
    } do
      local result, err = patch.apply(nested(128, 1), operations)
      assert.is_nil(result)
      assert.matches("deeper than 128 levels", tostring(err), 1, true)
    end
  end)

  it("tells of a cycle in the document or in a value", function()
    local cycle = { a = {} }
    cycle.a.b = cycle
    local result, err = patch.apply(cycle, {})
    assert.is_nil(result)
    assert.are.equal("validation", err.type)
    assert.matches("contains itself", tostring(err), 1, true)
    result, err = patch.apply({}, patch():add("/x", cycle))
    assert.is_nil(result)
    assert.are.equal("/0/value", err.issues[1].path)
    assert.matches("contains itself", tostring(err), 1, true)
  end)

  -- Each level holds the one below twice, so that a small value stands for a vast one.
  local function doubling(levels)
    local value = { x = 1 }
    for _ = 1, levels do
      value = { a = value, b = value }
    end
    return value
  end

  it("ends in an error where tables are shared without end", function()
    local vast = doubling(40)
    local result, err = patch.apply(vast, {})
    assert.is_nil(result)
    assert.are.equal("validation", err.type)
    assert.are.equal("size", err.issues[1].code)
    assert.matches("too large", tostring(err), 1, true)
    result, err = patch.apply({}, patch():add("/x", vast))
    assert.is_nil(result)
    assert.are.equal("/0/value", err.issues[1].path)
    assert.are.equal("size", err.issues[1].code)
    result, err = patch.diff({}, vast)
    assert.is_nil(result)
    assert.matches("too large", tostring(err), 1, true)
  end)

  it("ends in an error where copies of copies grow without end", function()
    local operations = patch()
    for i = 1, 100 do
      operations:copy("", "/" .. i)
    end
    for _, undo in ipairs { false, true } do
      local result, err
      if undo then
        result, err = patch.invert(operations, { a = 1 })
      else
        result, err = patch.apply({ a = 1 }, operations)
      end
      assert.is_nil(result)
      assert.are.equal("validation", err.type)
      assert.matches("operation 19 of the patch failed: copy /19: ", err.message, 1, true)
      assert.matches("more than a million values", err.message, 1, true)
    end
    local few = patch()
    for i = 1, 1000 do
      few:copy("/a", "/" .. i)
    end
    assert.is_not_nil(patch.apply({ a = { 1, 2, 3 } }, few))
  end)

  it("reads operations as they would be sent, past any metatable", function()
    local inherits = setmetatable({ op = "add", path = "/a" }, { __index = { value = 1 } })
    local result, err = patch.apply({}, { inherits })
    assert.is_nil(result)
    assert.are.equal("/0/value", err.issues[1].path)
    local raises = setmetatable({ op = "add" }, { __index = function() error("looked at") end })
    local ok
    ok, result, err = pcall(patch.apply, {}, { raises })
    assert.is_true(ok, tostring(result))
    assert.is_nil(result)
    assert.are.equal("/0/path", err.issues[1].path)
    assert.is_false(patch.repeatable { inherits, raises })
  end)

  if rawget(_G, "jit") then
    it("refuses LuaJIT's own kinds of value", function()
      local int64 = require("ffi").new("int64_t", 1)
      local result, err = patch.apply({ a = { int64 } }, {})
      assert.is_nil(result)
      assert.are.equal("/a/0", err.path)
      result, err = patch.apply({}, { { op = "add", path = "/a", value = int64 } })
      assert.is_nil(result)
      assert.are.equal("/0/value", err.issues[1].path)
      raises_here("is not a JSON value", line(), pcall(function() local p = patch():add("/a", int64) return p end))
    end)
  end

  it("refuses what is no JSON, and says where", function()
    for place, value in pairs {
      ["/a/0"] = { a = { print } }, ["/b~1c"] = { ["b/c"] = io.stdout }, ["/list"] = { list = { 1, 2, nil, 4 } },
      ["/mixed"] = { mixed = array { 1, x = 2 } }, ["/keys"] = { keys = { a = 1, [5] = 2 } }, ["/nan"] = { nan = 0 / 0 },
      ["/infinite"] = { infinite = math.huge }, ["/true"] = { ["true"] = { [true] = 1 } }, [""] = print,
    } do
      local result, err = patch.apply(value, {})
      assert.is_nil(result)
      assert.are.equal("validation", err.type)
      assert.are.equal(place, err.path)
      assert.are.equal(place, err.issues[1].path)
      result, err = patch.apply({}, { { op = "add", path = "/x", value = value } })
      assert.is_nil(result)
      assert.are.equal("/0/value" .. place, err.issues[1].path)
      for _, pair in ipairs { { value, {} }, { {}, value } } do
        result, err = patch.diff(pair[1], pair[2])
        assert.is_nil(result)
        assert.are.equal(place, err.path)
      end
    end
  end)
end)

describe("patch.repeatable", function()
  it("holds for add and replace by name", function()
    assert.is_true(patch.repeatable(patch()))
    assert.is_true(patch.repeatable(patch():add("/a", 1):replace("/layers/llm/model", "x"):replace("", {})))
    assert.is_true(patch.repeatable { { op = "add", path = "/a1/-b", value = 1 } })
  end)

  it("does not hold for other operations", function()
    assert.is_false(patch.repeatable(patch():add("/a", 1):remove("/b")))
    assert.is_false(patch.repeatable(patch():move("/a", "/b")))
    assert.is_false(patch.repeatable(patch():copy("/a", "/b")))
    assert.is_false(patch.repeatable(patch():test("/a", 1)))
  end)

  it("does not hold where a token may be an array's", function()
    assert.is_false(patch.repeatable(patch():add("/list/-", 1)))
    assert.is_false(patch.repeatable(patch():replace("/list/0", 1)))
    assert.is_false(patch.repeatable(patch():replace("/list/12/name", 1)))
    assert.is_false(patch.repeatable(patch():replace("/list/007", 1)))
  end)

  it("does not hold for what is no patch", function()
    assert.is_false(patch.repeatable(nil))
    assert.is_false(patch.repeatable { 5 })
    assert.is_false(patch.repeatable { persona_name = "x" })
    assert.is_false(patch.repeatable { { op = "add", path = "a" } })
  end)
end)

describe("patch.invert", function()
  -- The document may be `false`, so it is the error that tells.
  local function applied(document, operations)
    local result, err = patch.apply(document, operations)
    assert.is_nil(err)
    return result
  end

  local function undoes(before, operations)
    local undo = assert(patch.invert(operations, before))
    same(before, applied(applied(before, operations), undo))
    for _, operation in ipairs(undo) do
      assert.matches("^[ar]", operation.op) -- add, remove, replace
    end
    return undo
  end

  it("undoes each operation", function()
    local document = { a = 1, b = { 1, 2, 3 }, c = { d = { 4 } }, n = null, f = false, e = array {} }
    undoes(document, patch():add("/x", 1))
    undoes(document, patch():add("/a", { 2 }))
    undoes(document, patch():add("/b/1", 9))
    undoes(document, patch():add("/b/-", 9))
    undoes(document, patch():add("/e/-", 9))
    undoes(document, patch():remove("/b"))
    undoes(document, patch():remove("/b/0"))
    undoes(document, patch():remove("/n"):remove("/f"))
    undoes(document, patch():replace("/c/d/0", 5))
    undoes(document, patch():replace("/c", 5))
    undoes(document, patch():move("/c/d", "/c/e"))
    undoes(document, patch():move("/b/0", "/b/2"))
    undoes(document, patch():move("/b/2", "/b/0"))
    undoes(document, patch():move("/a", "/b/-"))
    undoes(document, patch():move("/c/d", "/c"))
    undoes(document, patch():copy("/c", "/c/d/0"))
    undoes(document, patch():copy("/b", "/a"))
  end)

  it("undoes what happens at the root", function()
    undoes({ a = 1 }, patch():replace("", { 1 }))
    undoes({ a = 1 }, patch():add("", "text"))
    undoes({ a = 1 }, patch():remove(""):add("", 5))
    undoes({ a = 1 }, patch():remove(""))
    undoes({ a = { 1 } }, patch():move("/a", ""))
    undoes("text", patch():replace("", false))
  end)

  it("undoes operations that build on each other, and values that move on", function()
    undoes({ a = { x = 1 } }, patch():move("/a", "/b"):replace("/b/x", 2):add("/b/y", 3))
    undoes({ a = { { x = 1 }, 2 } }, patch():move("/a/0/x", "/a/0"):remove("/a/1"):add("/a/-", 7))
    undoes({ a = { 1, { x = 2 } } }, patch():move("/a/0", "/b"):move("/b", "/a/0/x"))
    undoes({ a = { 1 } }, patch():copy("/a", "/b"):add("/b/-", 2):move("/b", "/a"):test("/a/1", 2))
  end)

  it("is empty for a patch that changes nothing", function()
    assert.are.equal(0, #undoes({ a = 1 }, patch():test("/a", 1)))
    assert.are.equal(0, #undoes({ a = 1 }, patch():move("/a", "/a")))
    assert.are.equal(0, #undoes({ a = 1 }, {}))
  end)

  it("does not change with what it was made from", function()
    local before = { a = { list = { 1 } } }
    local undo = assert(patch.invert(patch():remove("/a"), before))
    before.a.list[1] = 2
    same({ list = { 1 } }, undo[1].value)
  end)

  it("chains like any patch", function()
    local undo = assert(patch.invert(patch():add("/a", 1), {}))
    assert.are.equal(2, #undo:test("/b", 2))
  end)

  it("fails where the patch cannot be applied", function()
    local undo, err = patch.invert(patch():remove("/b"), { a = 1 })
    assert.is_nil(undo)
    assert.are.equal("validation", err.type)
    assert.are.equal("/b", err.path)
    undo, err = patch.invert({ a = 1 }, { a = 1 })
    assert.is_nil(undo)
    assert.are.equal("validation", err.type)
    raises_here("is nil", line(), pcall(function() local u = patch.invert({}, nil) return u end))
  end)
end)
