-- luacheck: std max+busted
-- JSON Schemas that no value meets, or that models refuse; and tools of one name.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, layers, codes = checking.look, checking.layers, checking.codes

local function tool(properties, name)
  return { type = "function", ["function"] = { name = name or "act", description = "d",
    parameters = { type = "object", properties = properties } } }
end

local AT = "/function/parameters/properties/x"
local text, number = { type = "string" }, { type = "number" }

-- A property, and where its doubt is.
local doubtful = {
  ["an array without items"] = {
    { { type = "array" }, "/items" }, { { type = "array", description = "d" }, "/items" },
    { { type = { "array", "null" } }, "/items" }, { { type = { "string", "array" } }, "/items" },
    { { type = "array", minItems = 1 }, "/items" }, { { type = "array", items = core.null }, "/items" },
    { { type = "array", items = { type = "array" } }, "/items/items" },
    { { type = "object", properties = { y = { type = "array" } } }, "/properties/y/items" },
    { { anyOf = { text, { type = "array" } } }, "/anyOf/1/items" },
    { { type = "object", additionalProperties = { type = "array" } }, "/additionalProperties/items" },
    { { ["$defs"] = { y = { type = "array" } } }, "/$defs/y/items" },
  },
  ["a value that does not fit its type"] = {
    { { type = "string", enum = { 1, 2, 3 } }, "/enum/0" }, { { type = "string", enum = { "a", 2 } }, "/enum/1" },
    { { type = "integer", enum = { "1", "2" } }, "/enum/0" }, { { type = "number", enum = { "1.5" } }, "/enum/0" },
    { { type = "integer", enum = { 1, 2.5 } }, "/enum/1" }, { { type = "boolean", enum = { "true", "false" } },
    "/enum/0" },
    { { type = "string", enum = { true, false } }, "/enum/0" }, { { type = "string", enum = { "a", core.null } },
    "/enum/1" },
    { { type = "array", items = text, enum = { "a" } }, "/enum/0" }, { { type = "object", enum = { 5 } }, "/enum/0" },
    { { type = { "string", "null" }, enum = { "a", 1 } }, "/enum/1" }, { { type = "string", const = 5 }, "/const" },
    { { type = "null", enum = { "a" } }, "/enum/0" }, { { type = "integer", default = "5" }, "/default" },
    { { type = "string", default = 5 }, "/default" }, { { type = "boolean", default = "true" }, "/default" },
    { { type = "array", items = text, default = "a" }, "/default" }, { { type = "number", default = true },
    "/default" },
    { { type = "array", items = { type = "string", enum = { 1 } } }, "/items/enum/0" },
  },
  ["a default that is not in enum"] = {
    { { type = "string", enum = { "a", "b" }, default = "c" }, "/default" }, { { enum = { 1, 2 }, default = 3 },
    "/default" },
    { { enum = { "A" }, default = "a" }, "/default" }, { { enum = { true }, default = false }, "/default" },
    { { type = "string", enum = { "1" }, default = "one" }, "/default" }, { { enum = { "a", 1 }, default = "1" },
    "/default" },
  },
  ["limits that no value meets"] = {
    { { type = "number", minimum = 5, maximum = 4 }, "/minimum" }, { { type = "integer", minimum = 0, maximum = -1 },
    "/minimum" },
    { { type = "string", minLength = 5, maxLength = 2 }, "/minLength" },
    { { type = "array", items = text, minItems = 3, maxItems = 2 }, "/minItems" },
    { { type = "object", minProperties = 2, maxProperties = 1 }, "/minProperties" },
    { { type = "array", items = text, contains = text, minContains = 2, maxContains = 1 }, "/minContains" },
    { { type = "number", exclusiveMinimum = 1, exclusiveMaximum = 1 }, "/exclusiveMinimum" },
    { { type = "number", exclusiveMinimum = 2, exclusiveMaximum = 1 }, "/exclusiveMinimum" },
    { { type = "number", minimum = 1, exclusiveMaximum = 1 }, "/minimum" },
    { { type = "number", exclusiveMinimum = 4, maximum = 4 }, "/exclusiveMinimum" },
    { { type = "array", items = { type = "number", minimum = 2, maximum = 1.5 } }, "/items/minimum" },
  },
  ["an enum without values"] = { { { type = "string", enum = {} }, "/enum" }, { { enum = core.array {} }, "/enum" } },
}

local harmless = {
  { type = "array", items = text }, { type = "array", items = {} }, { type = "array", items = true },
  { type = "array", prefixItems = { text, number } }, { type = "array", ["$ref"] = "#/$defs/list" },
  { type = { "array", "null" }, items = text }, { type = "string", enum = { "a", "1" } }, { type = "integer",
  enum = { 1, 2, 3 } },
  { type = "integer", enum = { 1.0, 2 } }, { type = "number", enum = { 1, 2.5 } }, { enum = { 1, "a", true,
  core.null } },
  { type = { "string", "null" }, enum = { "a", core.null } }, { type = { "integer", "string" }, enum = { 1, "a" } },
  { type = "string", nullable = true, enum = { "a", core.null } }, { type = "boolean", enum = { true } },
  { type = "array", items = text, enum = { { "a" } } }, { type = "object", enum = { { a = 1 } } }, { type = "null" },
  { type = "string", default = "a" }, { type = "string", default = core.null }, { type = "number", default = 1 },
  { type = "array", items = text, default = {} }, { type = "object", default = {} }, { type = "string", enum = { "a" },
  default = "a" },
  { enum = { 1, 2 }, default = 2 }, { type = "number", minimum = 1, maximum = 1 }, { type = "number", minimum = 0 },
  { type = "string", minLength = 2, maxLength = 2 }, { type = "number", exclusiveMinimum = true, minimum = 5 },
  { type = "number", exclusiveMinimum = 0, exclusiveMaximum = 1 }, { type = "string", const = "a" }, { items = text },
  { type = "array", items = { type = "array", items = number } }, { anyOf = { text, { type = "null" } },
  default = core.null },
}

describe("a schema warns:", function()
  for about, list in pairs(doubtful) do
    for i, case in ipairs(list) do
      it(("%s (%d, at %s)"):format(about, i, case[2]), function()
        local issue, ok, issues = look("tool", tool { x = case[1] }, AT .. case[2])
        assert.is_true(ok)
        assert.is_table(issue)
        assert.equal("warning", issue.severity)
        assert.is_string(issue.hint)
        assert.equal(1, #issues)
      end)
    end
  end

  it("in the tools of every list", function()
    for list, layer in pairs { tools = "llm", visual_tools = "perception", audio_tools = "perception",
    perception_tools = "perception" } do
      local issue = look("persona", layers(layer, { [list] = { tool { x = { type = "array" } } } }),
        ("/layers/%s/%s/0%s/items"):format(layer, list, AT))
      assert.equal("warning", issue.severity, list)
    end
  end)
end)

describe("a schema that some value meets is silent", function()
  for i, schema in ipairs(harmless) do
    it(("(%d) %s"):format(i, (core.encode(schema))), function() assert.same({}, codes("tool", tool { x = schema })) end)
  end
end)

describe("the hint for a value that does not fit", function()
  it("works when it is followed", function()
    local issue = look("tool", tool { x = { type = "string", enum = { 1, 2 } } }, AT .. "/enum/0")
    assert.equal("expected string, got integer", issue.message)
    assert.equal('write the values in quotes, or type = "integer"', issue.hint)
    assert.same({}, codes("tool", tool { x = { type = "string", enum = { "1", "2" } } }))
    assert.same({}, codes("tool", tool { x = { type = "integer", enum = { 1, 2 } } }))
    issue = look("tool", tool { x = { type = "integer", default = "5" } }, AT .. "/default")
    assert.equal('write type = "string", or a value of that type', issue.hint)
  end)
end)

describe("two tools of one name warn", function()
  local function names(...)
    local list = {}
    for i, name in ipairs { ... } do list[i] = tool({}, name) end
    return list
  end
  local second = "/function/name"

  for _, case in ipairs {
    { { llm = { tools = names("a", "a") } }, "/layers/llm/tools/1" },
    { { llm = { tools = names("a", "b", "c", "b") } }, "/layers/llm/tools/3" },
    { { perception = { visual_tools = names("a", "a") } }, "/layers/perception/visual_tools/1" },
    { { perception = { audio_tools = names("x_1", "y", "x_1") } }, "/layers/perception/audio_tools/2" },
    { { perception = { perception_model = "raven-0", perception_tools = names("a", "a") } },
    "/layers/perception/perception_tools/1" },
    { { llm = { tools = names "a" }, perception = { visual_tools = names "a" } }, "/layers/perception/visual_tools/0" },
    { { llm = { tools = names "a" }, perception = { audio_tools = names "a" } }, "/layers/perception/audio_tools/0" },
    { { perception = { visual_tools = names "a", audio_tools = names "a" } }, "/layers/perception/visual_tools/0" },
  } do
    it("at " .. case[2], function()
      local issue, ok, issues = look("persona", checking.persona { layers = case[1] }, case[2] .. second)
      assert.is_true(ok)
      assert.is_table(issue)
      assert.equal("warning", issue.severity)
      assert.matches("give each tool a name of its own", issue.hint)
      assert.equal(1, #issues)
    end)
  end

  it("in a patch", function()
    local function add(path, value) return { op = "add", path = path, value = value } end
    for _, patch in ipairs {
      { add("/layers/llm/tools", names("a", "a")) },
      { add("/layers/llm/tools/-", tool({}, "a")), add("/layers/llm/tools/-", tool({}, "a")) },
      { add("/layers/llm/tools", names "a"), add("/layers/perception/visual_tools", names "a") },
    } do
      assert.same({ "value" }, codes("persona_patch", patch))
    end
    assert.same({}, codes("persona_patch",
      { { op = "test", path = "/layers/llm/tools", value = names "a" }, add("/layers/llm/tools", names("a", "b")) }))
  end)

  it("unless they differ", function()
    for _, list in ipairs { names("a", "b"), names("a", "A"), names("get_a", "get_b", "get_c"), names "a", {} } do
      assert.same({}, codes("persona", layers("llm", { tools = list })))
    end
    local shared = tool({}, "a")
    assert.same({ "value" }, codes("persona", layers("llm", { tools = { shared, shared } })))
  end)
end)
