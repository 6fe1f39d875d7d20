-- live.check: a value against a JSON Schema, in C, on schemas and values that nobody has looked at before.

local core = require "tavus.core"
local live = require "tavus.live"
local memerr = require "spec.support.memerr"

local CASES = dofile "spec/fixtures/schema/cases.lua"

local function read(text)
  local value, failure = core.decode(text)
  assert(value ~= nil, failure and text .. ": " .. tostring(failure.message))
  return value
end

local function issues_of(schema, value)
  local ok, err = live.check(schema, value)
  assert.is_nil(ok)
  assert.equal("validation", err.type)
  local list = {}
  for i, issue in ipairs(err.issues) do list[i] = issue.path .. " " .. issue.code end
  return list, err
end

describe("live.check", function()
  it("agrees with JSON Schema", function()
    local count = 0
    for _, case in ipairs(CASES) do
      local schema = read(case[1])
      for _, text in ipairs(case[2]) do
        local ok, detail = live.check(schema, read(text))
        assert.is_true(ok, ("%s must fit %s: %s"):format(text, case[1], tostring(detail)))
        count = count + 1
      end
      for _, text in ipairs(case[3]) do
        local ok, detail = live.check(schema, read(text))
        assert.is_nil(ok, ("%s must not fit %s"):format(text, case[1]))
        assert.equal("validation", detail.type)
        count = count + 1
      end
    end
    assert.is_true(count >= 300, count)
  end)

  it("reports all issues, each with its place and what was expected", function()
    local schema = {
      type = "object", required = { "day", "a/b" }, additionalProperties = false,
      properties = {
        day = { enum = { "monday", "friday" } }, people = { type = "integer", minimum = 1 }, tags = { items = { type = "string" } },
        note = { maxLength = 3, pattern = "^[a-z]+$" },
      },
    }
    local list, err = issues_of(schema, { people = "4", tags = { "x", 5 }, other = 1, note = "ABCD" })
    assert.same({ "/a~1b required", "/day required", "/note pattern", "/note length", "/other unknown_field", "/people type", "/tags/1 type" },
      list)
    assert.equal("is of type string, expected integer", err.issues[6].message)
    assert.equal("must have at most 3 characters", err.issues[4].message)
    list, err = issues_of(schema, { day = "sunday", ["a/b"] = 1, people = 0 })
    assert.same({ "/a~1b unknown_field", "/day choice", "/people range" }, list)
    assert.equal("is none of the values that are allowed: monday, friday", err.issues[2].message)
    assert.equal("must be at least 1", err.issues[3].message)
  end)

  it("takes Lua values as the JSON of this library does", function()
    assert.is_true(live.check({ type = "object" }, {}))
    assert.is_nil(live.check({ type = "array" }, {}))
    assert.is_true(live.check({ type = "array" }, core.array()))
    assert.is_nil(live.check({ type = "object" }, core.array()))
    assert.is_nil(live.check({ type = "array" }, core.object()))
    assert.is_true(live.check({ const = {} }, core.object()))
    assert.is_true(live.check({ type = "null" }, core.null))
    assert.is_true(live.check({ type = "null" }, nil))
    assert.is_true(live.check({ type = "integer" }, 3.0))
    assert.is_true(live.check({ enum = { 1 } }, 1.0))
    assert.same({ " value" }, (issues_of({}, print)))
    assert.same({ " value" }, (issues_of({ type = "number" }, 0 / 0)))
    assert.same({ " value" }, (issues_of({}, math.huge)))
    assert.same({ " key" }, (issues_of({}, { a = 1, [true] = 2 })))
    assert.same({ "/\\xff unknown_field" }, (issues_of({ additionalProperties = false }, { ["\255"] = 1 })))
    local trap = setmetatable({}, { __index = error, __len = error, __pairs = error })
    assert.is_true(live.check(trap, trap))
  end)

  it("tells once what it does not check, and lets it pass", function()
    for _, pattern in ipairs { "(?=a)", "(?<!a)b", "\\bx", "(a)\\1", "\\p{L}", "(?<n>a)", "a**", "(a", "a)", "[a", "[z-a]", "a{2,1}", "\\",
      "\\uD800", "(a{1000}){1000}", "a{99999999999}", ("("):rep(200) .. (")"):rep(200) } do
      local ok, warnings = live.check({ items = { pattern = pattern } }, { "x", "y", "z" })
      assert.is_true(ok, pattern)
      assert.equal(1, #warnings)
      assert.equal("not_checked", warnings[1].code)
      assert.equal("warning", warnings[1].severity)
      assert.is_true(live.check({ ["not"] = { pattern = pattern } }, "x"), pattern)
    end
    for _, ref in ipairs { "other.json", "#name", "#/definitions/none", "http://example.com/#", "#/~2" } do
      local ok, warnings = live.check({ allOf = { { ["$ref"] = ref } } }, 1)
      assert.is_true(ok, ref)
      assert.equal("not_checked", warnings[1].code)
    end
  end)

  it("ends with an issue for what has no end", function()
    local cycle = { type = "object" }
    cycle.properties = { a = cycle }
    local value = {}
    value.a = value
    local deep = {}
    for _ = 1, 5000 do deep = { a = deep } end
    local nested = {}
    for _ = 1, 5000 do nested = { allOf = { nested } } end
    local wide = { allOf = { { ["$ref"] = "#" }, { ["$ref"] = "#" } } }
    for _, case in ipairs {
      { cycle, value }, { cycle, deep }, { nested, 1 }, { wide, 1 }, { { ["$ref"] = "#" }, 1 },
      { { anyOf = { { ["$ref"] = "#" }, { ["$ref"] = "#" } } }, 1 }, { { ["not"] = { ["$ref"] = "#" } }, 1 },
      { { const = deep }, core.object { a = value } },
    } do
      local list = issues_of(case[1], case[2])
      assert.matches(" limit$", list[#list])
    end
    assert.is_true(live.check(cycle, { a = { a = {} } }))
  end)

  it("reads long texts and lists in linear time", function()
    local long = ("ab"):rep(200000)
    assert.is_true(live.check({ pattern = "^[ab]+$", minLength = 400000, maxLength = 400000 }, long))
    assert.is_nil(live.check({ pattern = "^(a|b|ab)*c$" }, long))
    assert.is_nil(live.check({ pattern = "^(((a*)*)*)*$" }, long))
    local list = issues_of({ pattern = "(x+x+)+y|(.*.*)*z" }, ("x"):rep(10 * 1024 * 1024))
    assert.matches("limit$", list[1])
    local many = {}
    for i = 1, 100000 do many[i] = i end
    assert.is_true(live.check({ uniqueItems = true, items = { type = "integer" } }, many))
  end)

  it("keeps the number of issues small", function()
    local values = {}
    for i = 1, 10000 do values[i] = "x" end
    local list = issues_of({ items = { type = "number" } }, values)
    assert.equal(100, #list)
  end)

  it("raises for a schema that is none", function()
    assert.has_error(function() live.check("string", 1) end,
      "live.check: the schema comes first, a table or a boolean, not a string")
    assert.has_error(function() live.check() end, "live.check: the schema comes first, a table or a boolean, not a nil")
  end)

  it("survives each allocation that fails", function()
    local visited, failed = memerr.visit([[
      local core = require "tavus.core"
      local schema = { type = "object", required = { "z" }, additionalProperties = false, properties = {
        a = { pattern = "^(x|y)*$", enum = { "x", "y" } }, b = { ["$ref"] = "#/properties/a" }, c = { pattern = "\\bx" },
        d = { oneOf = { { type = "string" }, { const = { 1, { q = 2 } } } }, uniqueItems = true },
      } }
      return function()
        local valid, issues = core.check_schema(schema, { a = "z", b = "x", c = "x", d = { 1, { q = 2 } }, e = 1 })
        assert(not valid and #issues == 5, #issues)
      end]])
    assert.is_true(visited > 20)
    assert.is_true(failed > 20)
  end)
end)

describe("live.defaults", function()
  local SCHEMA = { properties = {
    day = { default = "monday" }, people = { type = "integer", default = 2 },
    seat = { properties = { window = { default = true } } }, tags = { default = core.array() },
  } }

  it("fills in what is missing, in a copy", function()
    local given = { people = 4, seat = {} }
    local copy = live.defaults(SCHEMA, given)
    assert.same({ people = 4, seat = {} }, given)
    assert.same({ day = "monday", people = 4, seat = { window = true }, tags = {} }, copy)
    copy.tags[1] = "x"
    assert.same({}, live.defaults(SCHEMA, given).tags)
  end)

  it("leaves other values alone", function()
    assert.equal(5, live.defaults(SCHEMA, 5))
    assert.same({ 1 }, live.defaults(SCHEMA, { 1 }))
    assert.same({ a = 1 }, live.defaults(true, { a = 1 }))
    local cycle = {}
    cycle.a = cycle
    assert.equal("validation", select(2, live.defaults(SCHEMA, cycle)).type)
  end)
end)

describe("the arguments of a call", function()
  local arguments = require("tavus.live.check").arguments
  local CLOSED = { type = "object", additionalProperties = false, properties = { day = { type = "string", default = "monday" } } }

  it("lose the sentence that Tavus adds, unless the tool declares it", function()
    local given = { day = "friday", response_to_user = "One moment." }
    assert.same({ day = "friday" }, arguments(CLOSED, given))
    assert.equal("One moment.", given.response_to_user)
    local declared = { properties = { response_to_user = { type = "string" } } }
    assert.equal("One moment.", arguments(declared, given).response_to_user)
  end)

  it("get defaults after the check", function()
    assert.same({ day = "monday" }, arguments(CLOSED, {}))
    local none, err = arguments(CLOSED, { day = 5 })
    assert.is_nil(none)
    assert.equal("/day", err.issues[1].path)
  end)
end)
