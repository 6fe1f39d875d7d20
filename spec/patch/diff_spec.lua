local core = require "tavus.core"
local patch = require "tavus.patch"
local pointer = require "tavus.patch.pointer"

local null, array, object = core.null, core.array, core.object

local function text(value)
  return (assert(core.encode(value)):gsub("\\/", "/"))
end

local function tool(name, description)
  return { type = "function", ["function"] = { name = name, description = description or ("What " .. name .. " does, at length") } }
end

-- Diff, and prove that the diff does what it is for.
local function diff(before, after, options)
  local operations = assert(patch.diff(before, after, options))
  local result, err = patch.apply(before, operations)
  assert.is_nil(err)
  if not core.equal(after, result) then
    error(("from %s to %s by %s, but it gave %s"):format(text(before), text(after), text(operations), text(result)))
  end
  return operations
end

local function ops(operations)
  local list = {}
  for i, operation in ipairs(operations) do
    list[i] = operation.op .. " " .. operation.path
  end
  return list
end

describe("patch.diff", function()
  local long = ("words "):rep(50)

  it("is empty where nothing differs", function()
    for _, value in ipairs { 1, "x", false, null, array {}, object {}, { a = { 1, { b = null } } } } do
      local copy = core.copy(value)
      assert.are.equal(0, #diff(value, copy))
      assert.are.equal(0, #diff(value, copy, { arrays = "whole" }))
    end
    assert.are.equal(0, #diff({ a = 1 }, { a = 1.0 }))
    assert.are.equal(0, #diff({ a = {} }, { a = object {} }))
  end)

  it("adds, removes and replaces members, and leaves equal parts alone", function()
    local operations = diff(
      { same = { 1, { 2 } }, changed = 1, gone = { 1 }, layers = { llm = { model = "a", tools = { tool "x" } } } },
      { same = { 1, { 2 } }, changed = 2, come = "new", layers = { llm = { model = "b", tools = { tool "x" } } } })
    assert.are.same({ "replace /changed", "add /come", "remove /gone", "replace /layers/llm/model" }, ops(operations))
    assert.is_nil(operations[3].value)
  end)

  it("adds only the smallest missing ancestor", function()
    local operations = diff({ layers = { llm = {} } }, { layers = { llm = {}, stt = { hotwords = "x" } } })
    assert.are.same({ "add /layers/stt" }, ops(operations))
    assert.are.equal('{"hotwords":"x"}', text(operations[1].value))
  end)

  it("tells null from absent, an empty array from an empty object, false from null", function()
    assert.are.same({ "add /a" }, ops(diff({}, { a = null })))
    assert.are.same({ "remove /a" }, ops(diff({ a = null }, {})))
    assert.are.same({ "replace /a" }, ops(diff({ a = null }, { a = false })))
    assert.are.same({ "replace /a" }, ops(diff({ a = array {} }, { a = {} })))
    assert.are.same({ "replace /a" }, ops(diff({ a = {} }, { a = array {} })))
    assert.are.same({ "replace /a" }, ops(diff({ a = "1" }, { a = 1 })))
  end)

  it("tells null, false, true and their names apart in arrays, too", function()
    local values = { null, false, true, "z", "t", "f", "", 0, 1, array {}, object {} }
    for i, gone in ipairs(values) do
      for k, stays in ipairs(values) do
        if i ~= k then
          assert.are.same({ "remove /0" }, ops(diff({ gone, stays, long }, { stays, long })))
          assert.are.same({ "add /0" }, ops(diff({ stays, long }, { gone, stays, long })))
          assert.are.same({ "replace /0" }, ops(diff({ gone, long }, { stays, long })))
          assert.are.same({ "replace /a" }, ops(diff({ a = gone, b = long }, { a = stays, b = long })))
          assert.are.same({ "remove /0" }, ops(diff({ { x = gone }, { x = stays }, long }, { { x = stays }, long })))
        end
      end
    end
  end)

  it("replaces at the root what has no members in common", function()
    assert.are.same({ "replace " }, ops(diff({ a = 1 }, { 1 })))
    assert.are.same({ "replace " }, ops(diff("a", "b")))
    assert.are.same({ "replace " }, ops(diff(true, false)))
  end)

  it("escapes names", function()
    assert.are.same({ "add /", "remove /a~1b", "replace /m~0n/~01" },
      ops(diff({ ["a/b"] = 1, ["m~n"] = { ["~1"] = 1 }, rest = long }, { [""] = 1, ["m~n"] = { ["~1"] = 2 }, rest = long })))
  end)

  it("treats members that look like numbers as members", function()
    assert.are.same({ "replace /m/0", "remove /m/1", "add /m/2" },
      ops(diff({ m = { ["0"] = "a", ["1"] = "b", rest = long } }, { m = { ["0"] = "c", ["2"] = "b", rest = long } })))
  end)

  describe("on arrays", function()
    it("inserts one tool with one operation, wherever", function()
      for place = 1, 4 do
        local before, after = { tool "a", tool "b", tool "c" }, { tool "a", tool "b", tool "c" }
        table.insert(after, place, tool "new")
        local operations = diff({ tools = before }, { tools = after })
        assert.are.same({ "add /tools/" .. (place - 1) }, ops(operations))
      end
    end)

    it("removes one tool with one operation, wherever", function()
      for place = 1, 3 do
        local before, after = { tool "a", tool "b", tool "c" }, { tool "a", tool "b", tool "c" }
        table.remove(after, place)
        assert.are.same({ "remove /tools/" .. (place - 1) }, ops(diff({ tools = before }, { tools = after })))
      end
    end)

    it("goes into a tool that kept its name", function()
      local operations = diff({ tools = { tool "a", tool("b", "old"), tool "c" } },
        { tools = { tool "new", tool "a", tool("b", "new"), tool "c" } })
      assert.are.same({ "add /tools/0", "replace /tools/2/function/description" }, ops(operations))
    end)

    it("knows items by their name, too", function()
      local operations = diff({ { name = "a", text = long, n = 1 }, { name = "b", text = long } },
        { { name = "b", text = long }, { name = "a", text = long, n = 2 }, { name = "c" } })
      assert.are.equal("add", operations[#operations].op)
      assert.is_true(#text(operations) < #text { { name = "b", text = long }, { name = "a", text = long, n = 2 } })
    end)

    it("knows other items by their value", function()
      assert.are.same({ "remove /0", "add /2" },
        ops(diff({ "one " .. long, "two " .. long, "three " .. long }, { "two " .. long, "three " .. long, "four " .. long })))
      assert.are.same({ "replace /1/x" },
        ops(diff({ { x = 1, t = long }, { x = 2, t = long } }, { { x = 1, t = long }, { x = 3, t = long } })))
    end)

    it("replaces an item in place where one left and one came", function()
      local operations = diff({ tool "a", tool "b", tool "c" }, { tool "a", tool "x", tool "c" })
      assert.are.same({ "replace /1" }, ops(operations))
    end)

    it("goes by value where two items share a name", function()
      local before = { tool("a", "first " .. long), tool("a", "second " .. long), tool "b" }
      assert.are.same({ "remove /0" }, ops(diff(before, { before[2], before[3] })))
    end)

    it("does not mistake 1 for another 1.0", function()
      assert.are.same({ "add /0" }, ops(diff({ { 1, long }, { 2, long } }, { { 3, long }, { 1.0, long }, { 2.0, long } })))
    end)

    it("replaces the whole array where that is shorter", function()
      local before, after = { list = { 1, 2, 3, 4, 5, 6 } }, { list = { 6, 4, 2 } }
      assert.are.same({ "replace /list" }, ops(diff(before, after)))
      assert.are.same({ "replace /list" }, ops(diff({ list = { 1, 2, 3 } }, { list = array {} })))
    end)

    it("never writes more than the whole array would take", function()
      for _, pair in ipairs {
        { { 1, 2, 3 }, { 3, 2, 1 } }, { { "a" }, { "b", "c" } }, { { { 1 }, { 2 } }, { { 2, 3 }, { 1 } } },
        { { tool "a", tool "b" }, { tool "b", tool "a" } }, { { long, 1 }, { 1, long } },
      } do
        local operations = diff({ list = pair[1] }, { list = pair[2] })
        local whole = { { op = "replace", path = "/list", value = pair[2] } }
        assert.is_true(#text(operations) <= #text(whole) + 1, text(operations))
      end
    end)

    it("has one operation at one place for arrays in arrays", function()
      local before = { { { long, 1 }, { long, 2 } }, { long } }
      local after = { { { long, 1 }, { long, 3 } }, { long } }
      assert.are.same({ "replace /0/1/1" }, ops(diff(before, after)))
    end)

    it("replaces what changed as a whole when asked to, safe to send twice", function()
      local before = { n = 1, tools = { tool "a", tool "b" }, deep = { list = { { x = { 1 } } } }, rest = long }
      local after = { n = 2, tools = { tool "a", tool "b", tool "c" }, deep = { list = { { x = { 2 } } } }, rest = long }
      local operations = diff(before, after, { arrays = "whole" })
      assert.are.same({ "replace /deep/list", "replace /n", "replace /tools" }, ops(operations))
      assert.is_true(patch.repeatable(operations))
      local twice = assert(patch.apply(assert(patch.apply(before, operations)), operations))
      assert.is_true(core.equal(after, twice))
    end)

    it("finds few changes in a long array, in few operations", function()
      local before, after = {}, {}
      for i = 1, 5000 do
        before[i], after[i] = "item " .. i, "item " .. i
      end
      for place = 4900, 100, -400 do
        table.insert(after, place, "new at " .. place)
      end
      table.remove(after, 3000)
      local operations = diff(before, after)
      assert.are.equal(14, #operations)
    end)

    it("gives up looking, and stays right, where two long arrays are shuffled", function()
      local before, after = {}, {}
      for i = 1, 3000 do
        before[i] = { key = i, text = long }
        after[3001 - i] = { key = i, text = long }
      end
      assert.are.same({ "replace /list" }, ops(diff({ list = before }, { list = after })))
    end)
  end)

  it("replaces an object where that is shorter, and only there", function()
    local before, after = {}, {}
    for i = 1, 9 do before["member " .. i], after["member " .. i] = i, -i end
    assert.are.same({ "replace " }, ops(diff(before, after)))
    assert.are.same({ "replace /a" }, ops(diff({ a = before, rest = long }, { a = after, rest = long })))
    assert.are.same({ "replace /a", "replace /n" }, ops(diff({ a = before, n = 1, rest = long }, { a = after, n = 2, rest = long })))
    before.rest, after.rest = long, long
    assert.are.equal(9, #diff({ a = before }, { a = after }))
    -- One operation may be longer, too.
    assert.are.same({ "replace /a" }, ops(diff({ a = { [("long"):rep(9)] = 1 }, rest = long }, { a = object {}, rest = long })))
    assert.are.same({ "replace /list/0" }, ops(diff({ list = { { x = 1, y = 2, z = 3 }, long } }, { list = { { x = 2, y = 3, z = 4 }, long } })))
  end)

  it("never replaces an object with an id or a secret of Tavus' in it, which could not be written again", function()
    local function persona(value, more)
      local layer = { model = value, speculative_inference = value, extra_body = value, x = value, y = value, z = value }
      for name, member in pairs(more or {}) do layer[name] = member end
      return { persona_id = "p1", persona_name = value, system_prompt = value, context = value, a = value, b = value, layers = { llm = layer } }
    end
    local operations = diff(persona(1), persona(2))
    assert.are.same({ "replace /a", "replace /b", "replace /context", "replace /layers/llm", "replace /persona_name", "replace /system_prompt" },
      ops(operations))
    for _, secret in ipairs { { api_key = "****" }, { headers = { ["X-A"] = "****" } }, { default_query = { key = "****" } } } do
      operations = diff(persona(1, secret), persona(2, secret))
      assert.are.equal(11, #operations)
      for _, operation in ipairs(operations) do assert.is_nil(core.encode(operation):find("****", 1, true)) end
    end
  end)

  it("looks at a large document only where it must", function()
    local before, after = {}, {}
    local inner_before, inner_after = before, after
    for i = 1, 100 do
      inner_before.text, inner_after.text = ("text "):rep(200), ("text "):rep(200)
      inner_before.a, inner_after.a = { i = i }, { i = i }
      inner_before, inner_after = inner_before.a, inner_after.a
    end
    inner_after.i = 0
    assert.are.equal(1, #diff(before, after))
  end)

  it("does not change with what it was made from", function()
    local after = { a = { 1 } }
    local operations = diff({}, after)
    after.a[1] = 2
    assert.are.equal("[1]", text(operations[1].value))
  end)

  it("chains like any patch", function()
    assert.are.equal(2, #diff({}, { a = 1 }):remove("/b"))
  end)

  it("takes values up to 128 levels deep, and tells of deeper ones and of cycles", function()
    local function nested(levels, leaf, array_too)
      local value = leaf
      for i = 1, levels do
        value = array_too and i % 2 == 0 and { value } or { a = value }
      end
      return value
    end
    assert.are.equal(1, #diff(nested(128, 1), nested(128, 2)))
    assert.are.equal(1, #diff(nested(128, 1, true), nested(128, 2, true)))
    for _, deep in ipairs { nested(129, 1), nested(50000, 1) } do
      for _, pair in ipairs { { deep, {} }, { {}, deep } } do
        local operations, err = patch.diff(pair[1], pair[2])
        assert.is_nil(operations)
        assert.are.equal("validation", err.type)
        assert.matches("128", tostring(err), 1, true)
      end
    end
    local cycle = { {} }
    cycle[1][1] = cycle
    for _, pair in ipairs { { cycle, { {} } }, { { {} }, cycle } } do
      local operations, err = patch.diff(pair[1], pair[2])
      assert.is_nil(operations)
      assert.matches("contains itself", tostring(err), 1, true)
    end
  end)

  it("raises at the caller's line when it is misused", function()
    local function check(words, ok, message)
      assert.is_false(ok)
      assert.matches("^%S*diff_spec%.lua:%d+: ", message)
      assert.matches(words, message, 1, true)
    end
    check("before is nil", pcall(function() local d = patch.diff(nil, {}) return d end))
    check("after is nil", pcall(function() local d = patch.diff({}, nil) return d end))
    check("options must be a table", pcall(function() local d = patch.diff({}, {}, "whole") return d end))
    check('unknown option "array" (did you mean arrays?)', pcall(function() local d = patch.diff({}, {}, { array = "whole" }) return d end))
    local none, err = patch.diff({}, {}, { arrays = "all" })
    assert.is_nil(none)
    assert.are.equal("config: arrays must be one of items, whole", tostring(err))
  end)
end)

-- Values made by a small generator of our own: the same in every Lua, for every run.
describe("patch.diff and patch.invert, on any two values,", function()
  local state

  local function random(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end

  local names = { "a", "b", "name", "function", "0", "1", "-", "", "a/b", "m~n", "~1", "\195\169", "long name" }
  local scalars = { 0, 1, -1, 1.5, 1e300, 123456789, "", "a", "1", "\195\169\0", true, false, null }

  local make

  local function make_array(depth, length)
    local value = array {}
    for i = 1, length do
      value[i] = make(depth - 1)
    end
    return value
  end

  function make(depth)
    local choice = random(depth > 0 and 10 or 4)
    if choice <= 4 then
      return scalars[random(#scalars)]
    elseif choice <= 6 then
      return make_array(depth, random(6) - 1)
    elseif choice == 7 then
      return tool(names[random(#names)], names[random(#names)])
    end
    local value = object {}
    for _ = 1, random(5) - 1 do
      value[names[random(#names)]] = make(depth - 1)
    end
    return value
  end

  -- A changed copy: most of it stays, so that there is something to line up.
  local function change(value, depth)
    if type(value) ~= "table" or random(8) == 1 then
      return random(3) == 1 and make(depth) or value
    end
    local changed
    if core.is_array(value) then
      changed = array {}
      for i = 1, #value do
        local choice = random(8)
        if choice == 1 then
          table.insert(changed, random(#changed + 1), make(depth - 1))
        end
        if choice ~= 2 then
          table.insert(changed, choice == 3 and random(#changed + 1) or #changed + 1, change(value[i], depth - 1))
        end
      end
      return changed
    end
    changed = object {}
    local keys = {}
    for key in pairs(value) do
      keys[#keys + 1] = key
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
      if random(8) > 1 then
        changed[key] = change(value[key], depth - 1)
      end
    end
    if random(4) == 1 then
      changed[names[random(#names)]] = make(depth - 1)
    end
    return changed
  end

  -- Every place in a value, as a pointer; of an array also the one after its last item.
  local function places(value, here, list)
    list[#list + 1] = here
    if type(value) == "table" then
      local array_like = core.is_array(value)
      for key, inner in pairs(value) do
        places(inner, here .. "/" .. (array_like and key - 1 or pointer.escape(key)), list)
      end
      list[#list + 1] = here .. (array_like and "/-" or "/" .. pointer.escape(names[random(#names)]))
    end
    table.sort(list)
    return list
  end

  -- Each object or array around changes: one replace of it is not shorter than the operations in it.
  local function assert_smallest(before, after, operations, here)
    here = here or ""
    local size, inside = 0, 0
    for _, operation in ipairs(operations) do
      if operation.path == here then return end
      if operation.path:sub(1, #here + 1) == here .. "/" then
        size, inside = size + #core.encode(operation) + 1, inside + 1
      end
    end
    if inside == 0 then return end
    local whole = core.encode { op = "replace", path = here, value = after }
    assert.is_true(size <= #whole + 1, text { here, before, after, operations })
    if core.is_array(before) or core.is_array(after) then return end
    for name, value in pairs(before) do
      if type(value) == "table" and type(after[name]) == "table" then
        assert_smallest(value, after[name], operations, here .. "/" .. pointer.escape(name))
      end
    end
  end

  it("undo any operations that could be applied", function()
    state = 20261120
    local kinds = { "add", "add", "remove", "replace", "move", "copy", "test" }
    local undone, refused = 0, 0
    for _ = 1, 600 do
      local before = make(4)
      local operations, now = patch(), before
      for _ = 1, random(6) do
        local all = places(now, "", {})
        local operation = {
          op = kinds[random(#kinds)], path = all[random(#all)], from = all[random(#all)], value = make(2),
        }
        local after, err = patch.apply(now, { operation })
        if err then
          refused = refused + 1
        else
          operations[#operations + 1], now = operation, after
        end
      end
      local result, err = patch.apply(before, operations)
      assert.is_nil(err)
      assert.is_true(core.equal(now, result), text(operations))
      local undo = assert(patch.invert(operations, before))
      local back, problem = patch.apply(now, undo)
      assert.is_nil(problem)
      assert.is_true(core.equal(before, back), text { before = before, patch = operations, undo = undo })
      undone = undone + #operations
    end
    assert.is_true(undone > 600)
    assert.is_true(refused > 100)
  end)

  for seed = 1, 5 do
    it(("hold with seed %d"):format(seed), function()
      state = seed * 7919
      local changed_arrays = 0
      for _ = 1, 300 do
        local before = make(4)
        local after = random(5) == 1 and make(4) or change(before, 4)
        local kept_before, kept_after = text(before), text(after)
        for _, arrays in ipairs { "items", "whole" } do
          local operations = diff(before, after, { arrays = arrays })
          assert_smallest(before, after, operations)
          local undo = assert(patch.invert(operations, before))
          local back, err = patch.apply(after, undo)
          assert.is_nil(err)
          assert.is_true(core.equal(before, back), text { before = before, after = after, undo = undo })
          assert.are.equal(core.equal(before, after), #operations == 0)
          changed_arrays = changed_arrays + #operations
          for _, operation in ipairs(operations) do
            assert.is_true(operation.op == "add" or operation.op == "remove" or operation.op == "replace")
          end
        end
        assert.are.equal(kept_before, text(before))
        assert.are.equal(kept_after, text(after))
      end
      assert.is_true(changed_arrays > 300)
    end)
  end
end)
