-- luacheck: std max+busted
-- Values that JSON cannot hold, and tables made to do harm: one clear issue
-- each, with its path, and never a crash.
local core = require "tavus.core"

local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end

--- The only issue of encoding a value in free form.
local function only_issue(value)
  local text, issues = core.encode(value)
  assert.is_nil(text)
  assert.equal(1, #issues)
  assert.equal("error", issues[1].severity)
  return issues[1]
end

local function expect(value, path, code, message)
  local issue = only_issue(value)
  assert.equal(path, issue.path)
  assert.equal(code, issue.code)
  if message then assert.matches(message, issue.message, 1, true) end
end

--- The same inside a persona, where the contract leads the walk.
local function expect_in_persona(value, path, code)
  for _, place in ipairs {
    { { system_prompt = "x", layers = { llm = { extra_body = { here = value } } } },
      "/layers/llm/extra_body/here" },
    { { system_prompt = "x", unknown = value }, "/unknown" },
  } do
    local ok, issues = core.validate("persona", place[1])
    local found
    for _, issue in ipairs(issues) do
      if issue.path == place[2] .. path and issue.code == code then found = issue end
    end
    assert.is_nil(ok)
    assert.is_table(found)
    assert.equal("error", found.severity)
  end
end

local function nested(depth, leaf, object)
  local value = leaf
  for _ = 1, depth do value = object and { a = value } or { value } end
  return value
end

describe("things JSON cannot hold", function()
  local thread = coroutine.create(function() end)
  for _, case in ipairs {
    { "a function", print, "value" },
    { "a thread", thread, "value" },
    { "a userdata", io.stdout, "value" },
    { "NaN", 0 / 0, "number" },
    { "infinity", 1 / 0, "number" },
    { "minus infinity", -1 / 0, "number" },
    { "a string that is no UTF-8", "a\255", "utf8" },
    { "half a surrogate pair", "\237\160\128", "utf8" },
    { "an overlong form", "\192\175", "utf8" },
  } do
    it(case[1] .. " gives one issue, wherever it stands", function()
      expect(case[2], "", case[3])
      expect({ a = { b = { case[2] } } }, "/a/b/0", case[3])
      expect_in_persona(case[2], "", case[3])
      expect_in_persona({ x = { 1, case[2] } }, "/x/1", case[3])
    end)
  end

  it("say which byte is no UTF-8", function()
    expect({ text = "abc\255" }, "/text", "utf8", "byte 4")
  end)

  it("a key that is no UTF-8 has a path that can be shown", function()
    local issue = only_issue { ["a\255/b"] = 1 }
    assert.equal("utf8", issue.code)
    assert.equal("/a\\xff~1b", issue.path)
  end)

  it("keys may hold anything else", function()
    assert.equal('{"":1,"\\u0000":3,"a/b":2}',
      (core.encode { [""] = 1, ["a/b"] = 2, ["\0"] = 3 }))
    expect({ ["a/b~c"] = print }, "/a~1b~0c", "value")
    expect({ ["\0"] = print }, "/\0", "value")
  end)
end)

describe("tables that are neither array nor object", function()
  for _, case in ipairs {
    { "items and names", { 1, 2, name = "x" }, "mixed" },
    { "a hole", { 1, nil, 3 }, "sparse" },
    { "a hole made later", (function() local t = { 1, 2, 3, 4 } t[2] = nil return t end)(), "sparse" },
    { "an item far away", { [1] = 1, [1000000] = 2 }, "sparse" },
    { "no first item", { [2] = "x" }, "sparse" },
    { "a boolean key", { [true] = 1 }, "key" },
    { "a fraction as key", { [1.5] = 1 }, "key" },
    { "a zero key beside items", { [0] = 0, 1, 2 }, "key" },
    { "a negative key", { [-1] = 1 }, "key" },
    { "a table as key", { [{}] = 1 }, "key" },
    { "a function as key", { a = 1, [print] = 1 }, "key" },
    { "an infinite key", { [1 / 0] = 1 }, "key" },
    { "a name in a marked array", core.array { name = "x" }, "mixed" },
    { "an item in a marked object", core.object { "x" }, "key" },
  } do
    it(case[1] .. " gives one issue", function()
      expect(case[2], "", case[3])
      expect({ here = case[2] }, "/here", case[3])
      expect_in_persona(case[2], "", case[3])
    end)
  end

  it("are told where the hole is", function()
    local issue = only_issue { list = { 1, nil, 3 } }
    assert.matches("nothing at Lua index 2", issue.message)
    assert.matches("tavus.null", issue.hint, 1, true)
  end)

  -- Looked for place by place, the last item takes half a minute.
  it("are checked to the last item at once, however far away it is", function()
    local began = os.clock()
    local ok, issues = core.validate("persona", { system_prompt = "x", document_ids = { "a", [5] = 5, [2147483647] = {} } })
    assert.is_true(os.clock() - began < 5)
    assert.is_nil(ok)
    local told = {}
    for _, issue in ipairs(issues) do told[issue.path] = issue.code end
    assert.same({ ["/document_ids"] = "sparse", ["/document_ids/4"] = "type", ["/document_ids/2147483646"] = "type" }, told)
  end)

  it("give an issue where the contract wants an array", function()
    for _, value in ipairs { { "a", nil, "c" }, { "a", x = 1 }, { [3] = "c" } } do
      local ok, issues = core.validate("persona", { system_prompt = "x", document_ids = value })
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal("/document_ids", issues[1].path)
    end
  end)

  it("give one issue where the contract wants an object", function()
    for path, value in pairs {
      [""] = { system_prompt = "x", "stray" },
      ["/layers"] = { system_prompt = "x", layers = { llm = {}, "stray" } },
    } do
      local ok, issues = core.validate("persona", value)
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal("mixed", issues[1].code)
      assert.equal(path, issues[1].path)
    end
    local _, issues = core.validate("persona_patch", { { op = "remove", path = "/context", "stray" } })
    assert.equal(1, #issues)
    assert.equal("/0", issues[1].path)
  end)

  it("give one issue, of the type, where the contract wants another", function()
    local function only(more, path, code)
      local value = { system_prompt = "x" }
      for k, v in pairs(more) do value[k] = v end
      local ok, issues = core.validate("persona", value)
      assert.is_nil(ok)
      assert.equal(1, #issues, path)
      assert.equal(path, issues[1].path)
      assert.equal(code, issues[1].code)
    end
    local sparse, mixed, odd = { 1, nil, 3 }, { 1, x = 1 }, { [true] = 1 }
    only({ layers = sparse }, "/layers", "type")
    only({ layers = { llm = sparse } }, "/layers/llm", "type")
    only({ layers = core.array { x = {} } }, "/layers", "type")
    for _, value in ipairs { sparse, mixed, odd } do
      only({ persona_name = value }, "/persona_name", "type")
      only({ layers = { llm = { speculative_inference = value } } },
        "/layers/llm/speculative_inference", "type")
    end
    only({ document_ids = odd }, "/document_ids", "key")
    only({ document_ids = core.object { 1 } }, "/document_ids", "type")
    for _, number in ipairs { 0 / 0, 1 / 0, -1 / 0 } do
      only({ persona_name = number }, "/persona_name", "number")
      only({ layers = { tts = { voice_settings = { stability = number } } } },
        "/layers/tts/voice_settings/stability", "number")
    end
    only({ layers = "\255" }, "/layers", "type")
    only({ layers = { tts = { tts_engine = "\255" } } }, "/layers/tts/tts_engine", "utf8")
    only({ default_replica_id = "/\255" }, "/default_replica_id", "utf8")
    only({ ["a\255"] = 1 }, "/a\\xff", "utf8")
    for _, prompt in ipairs { false, 5, {}, core.array {}, print } do
      only({ system_prompt = prompt }, "/system_prompt", prompt == print and "value" or "type")
    end
    for _, id in ipairs { false, 5, {}, { "p5317866" } } do
      local ok, issues = core.validate("conversation", { persona_id = id })
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal("/persona_id", issues[1].path)
    end
    for _, properties in ipairs { { { name = "a" } }, core.array {}, "a", false } do
      local ok, issues = core.validate("tool", { type = "function", ["function"] = { name = "f",
        parameters = { type = "object", properties = properties, required = { "a" } } } })
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal("/function/parameters/properties", issues[1].path)
    end
    local ok, issues = core.validate("conversation", { persona_id = "p5317866",
      properties = { max_call_duration = 1 / 0 } })
    assert.is_nil(ok)
    assert.equal(1, #issues)
    assert.equal("number", issues[1].code)
  end)

  it("number keys where the contract wants an object are told", function()
    local ok, issues = core.validate("persona", { system_prompt = "x",
      layers = { llm = { headers = { [7] = "x" } } } })
    assert.is_nil(ok)
    assert.equal("/layers/llm/headers", issues[1].path)
    assert.equal("key", issues[1].code)
  end)

  it("arrays are arrays in whatever order they were filled", function()
    local t = {}
    for i = 40, 1, -1 do t[i] = i end
    local list = {}
    for i = 1, 40 do list[i] = tostring(i) end
    assert.equal("[" .. table.concat(list, ",") .. "]", (core.encode(t)))
    assert.equal("[1,2,3]", (core.encode { [1.0] = 1, [2.0] = 2, [3.0] = 3 }))
  end)
end)

describe("cycles", function()
  it("are found at any distance", function()
    local one = {}
    one.self = one
    expect(one, "/self", "cycle")
    local far = { a = { b = { {} } } }
    far.a.b[1].c = far.a
    expect(far, "/a/b/0/c", "cycle")
    local list = {}
    list[1] = list
    expect(list, "/0", "cycle")
    expect_in_persona(one, "/self", "cycle")
  end)

  it("are no tables that are merely used twice", function()
    local shared = { x = 1 }
    assert.equal('{"a":{"x":1},"b":[{"x":1},{"x":1}]}',
      (core.encode { a = shared, b = { shared, shared } }))
  end)

  it("in a patch or a tool are found too", function()
    local value = {}
    value.layers = value
    local ok, issues = core.validate("persona_patch",
      { { op = "add", path = "/layers", value = value } })
    assert.is_nil(ok)
    local cycle
    for _, issue in ipairs(issues) do cycle = issue.code == "cycle" and issue or cycle end
    assert.equal("/0/value/layers", cycle.path)
    local patch = {}
    patch[1] = patch
    assert.is_nil((core.validate("persona_patch", patch)))
    local schema = { type = "object", properties = {} }
    schema.properties.a = schema
    ok, issues = core.validate("tool",
      { type = "function", ["function"] = { name = "a", parameters = schema } })
    assert.is_nil(ok)
    assert.equal("/function/parameters/properties/a", issues[1].path)
    assert.equal("cycle", issues[1].code)
  end)
end)

describe("nesting", function()
  it("may be 128 levels deep", function()
    for _, object in ipairs { false, true } do
      local text = assert(core.encode(nested(128, nil, object)))
      assert.is_string(text)
      assert.is_nil((core.encode(nested(129, nil, object))))
    end
    assert.equal(("["):rep(127) .. "{}" .. ("]"):rep(127), (core.encode(nested(127, {}))))
  end)

  it("gives one issue beyond, with its path", function()
    expect(nested(200, 1), ("/0"):rep(128), "depth")
    expect(nested(100000, 1, true), ("/a"):rep(128), "depth", "128")
    assert.is_nil((core.validate("persona", nested(100000, 1, true))))
    assert.is_nil((core.validate("persona_patch", nested(100000, 1))))
  end)

  it("agrees with reading", function()
    local text = assert(core.encode(nested(128, nil)))
    assert.equal(text, (core.encode((assert(core.decode(text))))))
    assert.is_nil((core.decode("[" .. text .. "]")))
  end)

  it("of large objects does not run out of stack", function()
    local value = 1
    for _ = 1, 127 do
      local t = { inner = value }
      for i = 1, 30 do t["k" .. i] = i end
      value = t
    end
    assert.is_string((core.encode(value)))
    local small = 1
    for _ = 1, 127 do
      local t = { inner = small }
      for i = 1, 20 do t["k" .. i] = i end
      small = t
    end
    assert.is_string((core.encode(small)))
    local co = coroutine.wrap(function() return core.encode(small) end)
    assert.is_string((co()))
  end)
end)

describe("tables that explode", function()
  it("are stopped by their size, with a path", function()
    local value = { "x" }
    for _ = 1, 100 do value = { value, value } end
    local issue = only_issue(value)
    assert.equal("size", issue.code)
    assert.matches("^/0", issue.path)
    local wide = ("x"):rep(1024 * 1024)
    local list = {}
    for i = 1, 80 do list[i] = wide end
    issue = only_issue(list)
    assert.equal("size", issue.code)
  end)

  it("leave the encoder as good as before", function()
    assert.equal('{"a":1}', (core.encode { a = 1 }))
  end)
end)

describe("metatables", function()
  local function never() error "a metamethod was called" end
  local trap = { __index = never, __newindex = never, __pairs = never, __ipairs = never,
    __len = never, __eq = never, __call = never, __tostring = never, __name = "trap",
    __metatable = "locked", __concat = never, __lt = never, __le = never, __unm = never }

  it("of others are not looked at", function()
    local value = setmetatable({ a = setmetatable({ 1, 2 }, trap),
      b = setmetatable({}, trap) }, trap)
    assert.equal('{"a":[1,2],"b":{}}', (core.encode(value)))
    local ok, warnings = core.validate("persona", setmetatable({ system_prompt = "x",
      layers = setmetatable({ llm = setmetatable({ tools = setmetatable({}, trap) }, trap) },
        trap) }, trap))
    assert.is_true(ok)
    assert.same({}, warnings)
  end)

  it("do not lend a table what it does not hold", function()
    local default = setmetatable({}, { __index = { system_prompt = "inherited" } })
    local ok, issues = core.validate("persona", default)
    assert.is_nil(ok)
    assert.equal("/system_prompt", issues[1].path)
    assert.equal("{}", (core.encode(default)))
  end)

  it("of options are not looked at either", function()
    assert.is_true((core.validate("persona", { system_prompt = "x" },
      setmetatable({}, { __index = never }))))
  end)
end)

describe("finalizers that encode in the middle of a walk", function()
  it("get a buffer of their own", function()
    local inner = 0
    local function garbage()
      for _ = 1, 20 do
        if newproxy then
          local p = newproxy(true)
          getmetatable(p).__gc = function() core.encode { x = "inner" } inner = inner + 1 end
        else
          setmetatable({}, { __gc = function() core.encode { x = "inner" } inner = inner + 1 end })
        end
      end
    end
    local value = {}
    for i = 1, 100 do value["key" .. i] = ("v"):rep(i) end
    local expected = core.encode(value)
    for _ = 1, 300 do
      garbage()
      assert.equal(expected, (core.encode(value)))
    end
    collectgarbage()
    assert.is_true(inner > 0)
  end)
end)

describe("errors that jump out", function()
  it("leave the encoder as good as before", function()
    for _ = 1, 10 do
      assert.is_false(pcall(core.encode, {}, "no kind"))
      assert.is_false(pcall(core.validate, "persona", {}, 5))
      assert.equal('["x"]', (core.encode { "x" }))
    end
  end)
end)

describe("marks of cjson", function()
  local has_cjson, cjson = pcall(require, "cjson")

  it("are accepted once they are registered", function()
    local array_mt, empty_array_mt = {}, {}
    core.use_marks { array_mt = array_mt, empty_array_mt = empty_array_mt }
    local marked = setmetatable({}, array_mt)
    local empty = setmetatable({}, empty_array_mt)
    assert.equal('[[],[],[]]', (core.encode { marked, empty, core.array {} }))
    assert.is_true((core.validate("persona", { system_prompt = "x",
      document_ids = empty, guardrail_ids = marked })))
    assert.equal("type", select(2, core.validate("persona",
      { system_prompt = "x", layers = marked }))[1].code)
    core.use_marks {}
  end)

  it("null is cjson's null", function()
    if has_cjson then assert.equal(cjson.null, core.null) end
    assert.equal("[null]", (core.encode { core.null }))
  end)
end)

describe("random values", function()
  it("are encoded, or refused with a reason", function()
    local seed = 12345
    local function random(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return math.floor(seed / 65536) % n + 1
    end
    local names = { "layers", "llm", "tools", "type", "function", "name", "parameters",
      "properties", "required", "system_prompt", "op", "path", "value", "from", "stt",
      "hotwords", "document_ids", "x", "", "a/b", "\255", "model", "base_url" }
    local function make(depth)
      local kind = random(depth > 6 and 8 or 14)
      if kind == 1 then return random(100)
      elseif kind == 2 then return names[random(#names)]
      elseif kind == 3 then return random(2) == 1
      elseif kind == 4 then return core.null
      elseif kind == 5 then return random(50) / 7
      elseif kind == 6 then return "/layers/" .. names[random(#names)]
      elseif kind == 7 then return ({ "add", "remove", "replace", "test", "move" })[random(5)]
      elseif kind == 8 then return random(40) == 1 and print or "text"
      end
      local t = {}
      for i = 1, random(6) - 1 do
        if kind <= 10 then t[i] = make(depth + 1) else t[names[random(#names)]] = make(depth + 1) end
      end
      if random(30) == 1 then t[random(9)] = 1 end
      return t
    end
    for _ = 1, 3000 do
      local value = make(1)
      for _, kind in ipairs { "persona", "persona_patch", "tool", "conversation" } do
        local text, more = core.encode(value, kind)
        local ok, issues = core.validate(kind, value)
        assert.equal(text ~= nil, ok == true)
        if text then
          assert.is_truthy(core.decode(text) ~= nil)
          assert.equal(more and #more or 0, #issues)
        else
          assert.is_true(#issues > 0)
          for _, issue in ipairs(issues) do
            assert.equal("string", type(issue.path))
            assert.equal("string", type(issue.message))
            assert.is_true(issue.path == "" or issue.path:sub(1, 1) == "/")
            assert.is_true(count(issue) >= 4)
          end
        end
      end
    end
  end)
end)
