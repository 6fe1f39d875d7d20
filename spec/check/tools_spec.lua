-- luacheck: std max+busted
-- What the check says of tools, wherever they stand.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, layers, codes = checking.look, checking.layers, checking.codes

describe("tools", function()
  local function tool(f, more)
    local t = { type = "function", ["function"] = f }
    for k, v in pairs(more or {}) do t[k] = v end
    return t
  end
  local function with(parameters) return tool { name = "act", parameters = parameters } end

  it("pass when they are well formed", function()
    assert.same({}, codes("tool", tool { name = "get_weather", description = "d",
      parameters = { type = "object",
        properties = { place = { type = "string", enum = { "a" } } },
        required = { "place" }, additionalProperties = false } }))
    assert.same({}, codes("tool", tool { name = "stop" }))
    assert.same({}, codes("tool", with { type = "object", properties = {}, required = {} }))
  end)

  for _, case in ipairs {
    { "no name", tool { description = "d" }, "/function/name", "error" },
    { "null name", tool { name = core.null }, "/function/name", "error" },
    { "empty name", tool { name = "" }, "/function/name", "error" },
    { "number name", tool { name = 5 }, "/function/name", "error" },
    { "spaces in the name", tool { name = "get weather" }, "/function/name", "error" },
    { "a long name", tool { name = ("x"):rep(65) }, "/function/name", "error" },
    { "a dash in the name", tool { name = "get-weather" }, "/function/name", "warning" },
    { "a digit first", tool { name = "1st" }, "/function/name", "warning" },
    { "no type", { ["function"] = { name = "a" } }, "/type", "warning" },
    { "a wrong type", tool({ name = "a" }, { type = "tool" }), "/type", "warning" },
    { "no function", { type = "function" }, "/function", "error" },
    { "a flat tool", { type = "function", name = "a", description = "d",
      parameters = { type = "object" } }, "/function", "error" },
    { "a stray name", tool({ name = "a" }, { name = "a" }), "/name", "warning" },
    { "a stray required", tool({ name = "a" }, { required = {} }), "/required", "warning" },
    { "required beside parameters", tool { name = "a", required = {},
      parameters = { type = "object" } }, "/function/required", "warning" },
    { "parameters without a type", with {}, "/function/parameters/type", "warning" },
    { "parameters of another type", with { type = "array" },
      "/function/parameters/type", "error" },
    { "parameters as an array", with { { name = "x" } }, "/function/parameters", "error" },
    { "parameters as text", with '{"type":"object"}', "/function/parameters", "error" },
    { "required outside properties", with { type = "object",
      properties = { place = { type = "string" } }, required = { "place", "plaec" } },
      "/function/parameters/required/1", "error" },
    { "required without properties", with { type = "object", required = { "place" } },
      "/function/parameters/required/0", "error" },
    { "required as text", with { type = "object", properties = {}, required = "a" },
      "/function/parameters/required", "error" },
    { "properties as an array", with { type = "object", properties = { { name = "a" } } },
      "/function/parameters/properties", "error" },
    { "a property as text", with { type = "object", properties = { a = "string" } },
      "/function/parameters/properties/a", "error" },
    { "required = true in a property", with { type = "object",
      properties = { a = { type = "string", required = true } } },
      "/function/parameters/properties/a/required", "error" },
    { "enum as text", with { type = "object", properties = { a = { enum = "x,y" } } },
      "/function/parameters/properties/a/enum", "error" },
    { "an unknown JSON type", with { type = "object", properties = { a = { type = "str" } } },
      "/function/parameters/properties/a/type", "warning" },
    { "an unknown keyword", with { type = "object", properties = { a = { colour = 1 } } },
      "/function/parameters/properties/a/colour", "warning" },
    { "maxLength as text", with { type = "object", properties = { a = { maxLength = "5" } } },
      "/function/parameters/properties/a/maxLength", "error" },
    { "a deep required", with { type = "object", properties = { a = { type = "array",
      items = { anyOf = { { type = "object", properties = { b = {} },
        required = { "c" } } } } } } },
      "/function/parameters/properties/a/items/anyOf/0/required/0", "error" },
  } do
    it("with " .. case[1] .. " give one " .. case[4], function()
      local issue, ok = look("tool", case[2], case[3])
      assert.is_table(issue)
      assert.equal(case[4], issue.severity)
      assert.equal(case[4] == "warning" or nil, ok)
    end)
  end

  it("come with hints", function()
    local function hint(value, path) return look("tool", value, path).hint end
    assert.matches("wrap it: { type = \"function\", [\"function\"] = {",
      hint({ name = "a" }, "/function"), 1, true)
    assert.equal("belongs under function", hint(tool({ name = "a" }, { description = "d" }),
      "/description"))
    assert.equal("belongs under parameters", hint(tool { name = "a", required = {} },
      "/function/required"))
    assert.equal('did you mean "place"?', hint(with { type = "object",
      properties = { place = {} }, required = { "plaec" } },
      "/function/parameters/required/0"))
    assert.equal('did you mean "string"?', hint(with { type = "object",
      properties = { a = { type = "strnig" } } }, "/function/parameters/properties/a/type"))
  end)

  it("let a schema without properties ask for names", function()
    assert.same({}, codes("tool", with { type = "object",
      properties = { a = {}, b = {} },
      anyOf = { { required = { "a" } }, { required = { "b" } } } }))
  end)

  it("are checked in each place where they stand", function()
    for place, key in pairs { llm = "tools", perception = "visual_tools" } do
      local issue, ok = look("persona", layers(place, { [key] = { tool { name = "" } } }),
        "/layers/" .. place .. "/" .. key .. "/0/function/name")
      assert.is_nil(ok)
      assert.equal("value", issue.code)
    end
  end)

  it("may have long texts, but not for perception", function()
    local t = with { type = "object", properties = { a = { type = "string", maxLength = 1001 } } }
    local path = "/0/function/parameters/properties/a/maxLength"
    assert.same({}, codes("tool", t))
    assert.same({}, codes("persona", layers("llm", { tools = { t } })))
    for _, key in ipairs { "visual_tools", "audio_tools" } do
      local issue = look("persona", layers("perception", { [key] = { t } }),
        "/layers/perception/" .. key .. path)
      assert.equal("range", issue.code)
    end
  end)

  it("are written with arrays and objects where JSON Schema wants them", function()
    local text = core.encode(with { type = "object", properties = {}, required = {},
      ["$defs"] = {}, allOf = {} }, "tool")
    assert.equal('{"function":{"name":"act","parameters":{"$defs":{},"allOf":[],' ..
      '"properties":{},"required":[],"type":"object"}},"type":"function"}', text)
  end)
end)
