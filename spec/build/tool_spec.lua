local core = require "tavus.core"
local schema = require "tavus.build.property"
local tool = require "tavus.build.tool"

local array, object, null = core.array, core.object, core.null

local function text(value)
  return (assert(core.encode(value)):gsub("\\/", "/"))
end

local function line() return debug.getinfo(2, "l").currentline end

-- Misuse raises, and names the line of this file that is to blame.
local function raises_here(words, at, fn)
  local ok, message = pcall(fn)
  assert.is_false(ok)
  assert.matches("^%S*tool_spec%.lua:" .. at .. ": ", message)
  assert.matches(words, message, 1, true)
end

describe("tavus.build.tool", function()
  it("writes the wrapper that the API takes", function()
    local weather = tool "get_current_weather" {
      "Get the current weather in a given location",
      location = schema.string "The city and state, e.g. San Francisco, CA",
      unit     = schema.enum { "The unit to answer in", values = { "celsius", "fahrenheit" }, optional = true },
    }
    assert.are.same({
      type = "function",
      ["function"] = {
        name = "get_current_weather",
        description = "Get the current weather in a given location",
        parameters = {
          type = "object",
          properties = {
            location = { type = "string", description = "The city and state, e.g. San Francisco, CA" },
            unit = { type = "string", description = "The unit to answer in", enum = { "celsius", "fahrenheit" } },
          },
          required = { "location" },
        },
      },
    }, weather)
  end)

  it("is data that encodes as it is, the empty parts as what they are", function()
    assert.are.equal('{"function":{"description":"Answers","name":"ping","parameters":'
      .. '{"properties":{},"required":[],"type":"object"}},"type":"function"}', text(tool "ping" { "Answers" }))
    local optional = tool "ping" { "Answers", loud = schema.boolean { "Whether to shout", optional = true } }
    assert.are.equal('{"properties":{"loud":{"description":"Whether to shout","type":"boolean"}},"required":[],"type":"object"}',
      text(optional["function"].parameters))
  end)

  it("carries no metatable but that of its method and the marks of JSON", function()
    local made = tool "x" {
      "d",
      a = schema.string { "a", optional = true },
      b = schema.object_of { "b", c = schema.array_of { "c", items = schema.enum { "e", values = { 1 } } } },
    }
    local function walk(value)
      if type(value) ~= "table" then
        assert.are_not.equal("function", type(value))
        return
      end
      local mark = getmetatable(value)
      assert.is_true(mark == nil or mark == getmetatable(array {}) or mark == getmetatable(object {}))
      for _, inner in pairs(value) do
        walk(inner)
      end
    end
    assert.same({ "registered" }, (function(names)
      for name in pairs(getmetatable(made).__index) do names[#names + 1] = name end
      return names
    end) {})
    for _, member in pairs(made) do walk(member) end
  end)

  it("sorts what is required", function()
    local made = tool "x" {
      "d", zebra = schema.string "z", apple = schema.string "a", mango = schema.integer "m",
      kiwi = schema.string { "k", optional = true }, fig = schema.string { "f", optional = false },
    }
    assert.are.same({ "apple", "fig", "mango", "zebra" }, made["function"].parameters.required)
  end)

  it("shares no property between two tools", function()
    local city = schema.string "The city"
    local one, two = tool "one" { "1", city = city }, tool "two" { "2", city = city }
    one["function"].parameters.properties.city.description = "changed"
    assert.are.equal("The city", two["function"].parameters.properties.city.description)
    assert.are.equal("The city", city.description)
  end)

  it("takes hand-written JSON Schema as a property", function()
    local made = tool "x" {
      "d",
      free = {},
      id = { type = "string", pattern = "^[a-z]+$" },
      note = { type = "string", optional = true },
      either = { anyOf = { { type = "string" }, { type = "integer" } } },
    }
    local parameters = made["function"].parameters
    assert.are.equal('{"either":{"anyOf":[{"type":"string"},{"type":"integer"}]},"free":{},'
      .. '"id":{"pattern":"^[a-z]+$","type":"string"},"note":{"type":"string"}}', text(parameters.properties))
    assert.are.same({ "either", "free", "id" }, parameters.required)
  end)

  it("has room for properties with the names of keywords", function()
    local made = tool "x" {
      "d", name = schema.string "n", type = schema.string "t", optional = schema.boolean "o",
      description = schema.string "d", required = schema.string "r", properties = schema.string "p", ["a/b c"] = schema.string "x",
    }
    assert.are.same({ "a/b c", "description", "name", "optional", "properties", "required", "type" },
      made["function"].parameters.required)
    assert.are.same({ type = "boolean", description = "o" }, made["function"].parameters.properties.optional)
  end)

  it("takes every name that Tavus takes", function()
    for _, name in ipairs { "a", "_", "A1", "get_weather", ("x"):rep(64) } do
      assert.are.equal(name, tool(name) { "d" }["function"].name)
    end
  end)

  it("raises at the caller's line for other names", function()
    for _, name in ipairs { "", "1a", "get-weather", "get weather", "caf\195\169", "a.b", "x\n" } do
      raises_here("is not a tool name", line(), function() local f = tool(name) return f end)
    end
    raises_here("64 are allowed", line(), function() local f = tool(("x"):rep(65)) return f end)
    raises_here("must be a string, not a number", line(), function() local f = tool(5) return f end)
    raises_here("must be a string, not a table", line(), function() local f = tool { "d" } return f end)
    raises_here("must be a string, not nil", line(), function() local f = tool() return f end)
    raises_here('tavus.tool "x" { ... }', line(), function() local f = tool("x", { "d" }) return f end)
  end)

  it("raises at the caller's line for a type that is called with a colon", function()
    local tavus = require "tavus"
    for _, kind in ipairs { "string", "number", "integer", "boolean", "enum", "array_of", "object_of" } do
      raises_here("tavus." .. kind .. ": call it with a dot", line(), function() local t = tavus[kind](tavus, "d") return t end)
    end
  end)

  it("raises at the caller's line for what is no description or no property", function()
    raises_here("takes a table, not a string", line(), function() local t = tool "x" "d" return t end)
    raises_here("takes a table, not nil", line(), function() local t = tool "x" () return t end)
    raises_here("it is missing", line(), function() local t = tool "x" {} return t end)
    raises_here("not a number", line(), function() local t = tool "x" { 5 } return t end)
    raises_here("not a table", line(), function() local t = tool "x" { schema.string "d" } return t end)
    raises_here("a value at [2]", line(), function() local t = tool "x" { "d", schema.string "a" } return t end)
    raises_here("a value at [true]", line(), function() local t = tool "x" { "d", [true] = {} } return t end)
    raises_here('the property "a" is a string', line(), function() local t = tool "x" { "d", a = "text" } return t end)
    raises_here('the property "a" is a function', line(), function() local t = tool "x" { "d", a = schema.string } return t end)
    raises_here('the property "a" must be', line(), function() local t = tool "x" { "d", a = true } return t end)
    raises_here("not a list", line(), function() local t = tool "x" { "d", a = { "string" } } return t end)
    raises_here("not a list", line(), function() local t = tool "x" { "d", a = array {} } return t end)
    raises_here('the property "a" must be', line(), function() local t = tool "x" { "d", a = null } return t end)
    local cycle = { type = "object" }
    cycle.properties = { again = cycle }
    raises_here('the property "a" cannot be copied', line(), function() local t = tool "x" { "d", a = cycle } return t end)
  end)
end)

describe("a property type", function()
  it("takes a description alone", function()
    assert.are.same({ type = "string", description = "d" }, schema.string "d")
    assert.are.same({ type = "number", description = "d" }, schema.number "d")
    assert.are.same({ type = "integer", description = "d" }, schema.integer "d")
    assert.are.same({ type = "boolean", description = "d" }, schema.boolean "d")
  end)

  it("takes a table with keywords", function()
    assert.are.same({ type = "string", description = "d", minLength = 1, maxLength = 10, pattern = "^a", format = "email",
      default = "a", examples = { "a", "b" }, title = "t" },
      schema.string { "d", minLength = 1, maxLength = 10, pattern = "^a", format = "email", default = "a",
        examples = { "a", "b" }, title = "t", optional = true })
    assert.are.same({ type = "number", description = "d", minimum = -1.5, exclusiveMaximum = 2, multipleOf = 0.5, default = 1 },
      schema.number { "d", minimum = -1.5, exclusiveMaximum = 2, multipleOf = 0.5, default = 1 })
    assert.are.same({ type = "integer", description = "d", enum = { 1, 2 }, default = 2 },
      schema.integer { "d", enum = { 1, 2 }, default = 2 })
    assert.are.same({ type = "boolean", description = "d", default = false }, schema.boolean { "d", default = false })
    assert.are.same({ type = "string", description = "d", nullable = true, default = null },
      schema.string { description = "d", nullable = true, default = null })
    assert.are.same({ type = "string", maxLength = 5 }, schema.string { maxLength = 5 })
  end)

  it("writes a count as an integer", function()
    assert.are.equal('{"maxLength":1000,"type":"string"}', text(schema.string { maxLength = 1e3 }))
  end)

  it("raises at the caller's line for what is neither", function()
    raises_here("tavus.string: takes a description or a table, not nil", line(), function() local p = schema.string() return p end)
    raises_here("tavus.number: takes a description or a table", line(), function() local p = schema.number(5) return p end)
    raises_here("tavus.integer: takes a description or a table", line(), function() local p = schema.integer(true) return p end)
    raises_here("tavus.boolean: takes a description or a table", line(), function() local p = schema.boolean(print) return p end)
    raises_here("must be a string, not a number", line(), function() local p = schema.string { 5 } return p end)
    raises_here("given twice", line(), function() local p = schema.string { "a", description = "b" } return p end)
    raises_here("a value at [2]", line(), function() local p = schema.string { "a", "b" } return p end)
  end)

  it("raises for a keyword that it does not know", function()
    raises_here('did you mean "minLength"?', line(), function() local p = schema.string { "d", min_length = 5 } return p end)
    raises_here('unknown keyword "maxlength": did you mean "maxLength"?', line(), function() local p = schema.string { "d", maxlength = 5 } return p end)
    raises_here('unknown keyword "minimum"', line(), function() local p = schema.string { "d", minimum = 5 } return p end)
    raises_here('unknown keyword "maxLength"', line(), function() local p = schema.integer { "d", maxLength = 5 } return p end)
    raises_here('"required": a property is required unless optional = true', line(), function() local p = schema.string { "d", required = true } return p end)
    raises_here('"type" is set by the function', line(), function() local p = schema.string { "d", type = "integer" } return p end)
    raises_here("pattern", line(), function() local p = schema.string { "d", patern = "" } return p end)
  end)

  it("raises for a keyword of the wrong type", function()
    raises_here('"optional" must be true or false', line(), function() local p = schema.string { "d", optional = 1 } return p end)
    raises_here('"maxLength" must be an integer', line(), function() local p = schema.string { "d", maxLength = "5" } return p end)
    raises_here("not -1", line(), function() local p = schema.string { "d", maxLength = -1 } return p end)
    raises_here("not 1.5", line(), function() local p = schema.string { "d", minLength = 1.5 } return p end)
    raises_here('"pattern" must be a string', line(), function() local p = schema.string { "d", pattern = 5 } return p end)
    raises_here('"minimum" must be a number', line(), function() local p = schema.number { "d", minimum = "0" } return p end)
    for _, value in ipairs { 1 / 0, -1 / 0, 0 / 0 } do
      for _, keyword in ipairs { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf" } do
        raises_here('"' .. keyword .. '" must be a number', line(), function() local p = schema.number { "d", [keyword] = value } return p end)
      end
      for _, keyword in ipairs { "minLength", "maxLength" } do
        raises_here('"' .. keyword .. '" must be', line(), function() local p = schema.string { "d", [keyword] = value } return p end)
      end
      raises_here("", line(), function() local p = schema.enum { "d", values = { value } } return p end)
      raises_here("", line(), function() local p = schema.number { "d", default = value } return p end)
    end
    raises_here('"maximum" must be a number', line(), function() local p = schema.number { "d", maximum = 0 / 0 } return p end)
    raises_here("above 0", line(), function() local p = schema.number { "d", multipleOf = 0 } return p end)
    raises_here('"enum" must be a list', line(), function() local p = schema.string { "d", enum = "a" } return p end)
    raises_here('"enum" must be a list', line(), function() local p = schema.string { "d", enum = {} } return p end)
    raises_here('"default" does not fit', line(), function() local p = schema.string { "d", default = 5 } return p end)
    raises_here("an integer", line(), function() local p = schema.integer { "d", default = 1.5 } return p end)
    raises_here('"default" does not fit', line(), function() local p = schema.boolean { "d", default = "true" } return p end)
    raises_here('"enum" does not fit: value 2 must be a string', line(), function() local p = schema.string { "d", enum = { "a", 1 } } return p end)
    raises_here('"enum" does not fit: value 1 must be an integer', line(), function() local p = schema.integer { "d", enum = { 1.5 } } return p end)
    raises_here('"enum" must be a list', line(), function() local p = schema.string { "d", enum = { "a", nil, "b" } } return p end)
    raises_here("not an empty table", line(), function() local p = schema.string { "d", enum = {} } return p end)
    raises_here('"default" is not among the values', line(), function() local p = schema.string { "d", enum = { "a" }, default = "b" } return p end)
    raises_here('"default" must be a JSON value', line(), function() local p = schema.string { "d", default = print } return p end)
  end)
end)

describe("tavus.enum", function()
  it("has the type of its values", function()
    assert.are.equal('{"description":"d","enum":["a","b"],"type":"string"}', text(schema.enum { "d", values = { "a", "b" } }))
    assert.are.equal('{"description":"d","enum":[1,2],"type":"integer"}', text(schema.enum { "d", values = { 1, 2 } }))
    assert.are.equal("number", schema.enum { "d", values = { 1, 2.5 } }.type)
    assert.are.equal("number", schema.enum { "d", values = { 2.5, 1, 3 } }.type)
    assert.are.equal("boolean", schema.enum { "d", values = { true } }.type)
    assert.are.equal("a", schema.enum { "d", values = { "a" }, default = "a" }.default)
  end)

  it("does not change with the list it was given", function()
    local values = { "a" }
    local made = schema.enum { "d", values = values }
    values[1] = "b"
    assert.are.same({ "a" }, made.enum)
    assert.is_nil(getmetatable(values))
  end)

  it("raises at the caller's line without values that fit together", function()
    raises_here('"values" is missing', line(), function() local p = schema.enum { "d" } return p end)
    raises_here('"values" is missing', line(), function() local p = schema.enum { "d", enum = { "a" } } return p end)
    raises_here("takes a table with values", line(), function() local p = schema.enum "d" return p end)
    raises_here("takes a table with values", line(), function() local p = schema.enum() return p end)
    raises_here("at least one value", line(), function() local p = schema.enum { "d", values = {} } return p end)
    raises_here('"values" must be a list', line(), function() local p = schema.enum { "d", values = "a" } return p end)
    raises_here('"values" must be a list', line(), function() local p = schema.enum { "d", values = { a = 1 } } return p end)
    raises_here('"values" must be a list', line(), function() local p = schema.enum { "d", values = { "a", x = 1 } } return p end)
    raises_here('"values" must be a list', line(), function() local p = schema.enum { "d", values = { "a", nil, "c" } } return p end)
    raises_here('"default" is not among the values', line(), function() local p = schema.enum { "d", values = { "a" }, default = "b" } return p end)
    raises_here("values must have one type", line(), function() local p = schema.enum { "d", values = { "a", 1 } } return p end)
    raises_here("value 2 comes twice", line(), function() local p = schema.enum { "d", values = { "a", "a" } } return p end)
    raises_here("value 1 is a table", line(), function() local p = schema.enum { "d", values = { {} } } return p end)
    raises_here('"default" does not fit', line(), function() local p = schema.enum { "d", values = { "a" }, default = 1 } return p end)
    raises_here('unknown keyword "enum"', line(), function() local p = schema.enum { "d", values = { "a" }, enum = { "a" } } return p end)
    raises_here('unknown keyword "value"', line(), function() local p = schema.enum { "d", values = { "a" }, value = 1 } return p end)
  end)
end)

describe("tavus.array_of", function()
  it("says what its items are", function()
    assert.are.equal('{"description":"d","items":{"description":"one","type":"string"},"maxItems":3,"minItems":1,"type":"array",'
      .. '"uniqueItems":true}', text(schema.array_of { "d", items = schema.string "one", minItems = 1, maxItems = 3, uniqueItems = true }))
    assert.are.equal('{"items":{"type":"number"},"type":"array"}', text(schema.array_of { items = { type = "number" } }))
    assert.are.equal('{"items":{"items":{"type":"integer"},"type":"array"},"type":"array"}',
      text(schema.array_of { items = schema.array_of { items = schema.integer {} } }))
  end)

  it("raises at the caller's line without items", function()
    raises_here('"items" is missing', line(), function() local p = schema.array_of { "d" } return p end)
    raises_here("takes a table with items", line(), function() local p = schema.array_of "d" return p end)
    raises_here('"items" must be a property type', line(), function() local p = schema.array_of { "d", items = "string" } return p end)
    raises_here('"items" must be a property type', line(), function() local p = schema.array_of { "d", items = schema.string } return p end)
    raises_here('"items" must be a property type', line(), function() local p = schema.array_of { "d", items = { schema.string "a" } } return p end)
    raises_here('"minItems" must be', line(), function() local p = schema.array_of { "d", items = {}, minItems = -1 } return p end)
    raises_here('unknown keyword "values"', line(), function() local p = schema.array_of { "d", items = {}, values = {} } return p end)
  end)
end)

describe("tavus.object_of", function()
  local expected = '{"description":"An address","properties":{"city":{"description":"City","type":"string"},'
    .. '"zip":{"description":"Code","type":"string"}},"required":["city"],"type":"object"}'

  it("takes properties like a tool", function()
    assert.are.equal(expected, text(schema.object_of {
      "An address", city = schema.string "City", zip = schema.string { "Code", optional = true },
    }))
  end)

  it("takes them in a table of their own, too", function()
    assert.are.equal(expected, text(schema.object_of {
      "An address", properties = { city = schema.string "City", zip = schema.string { "Code", optional = true } },
    }))
    raises_here('"city" stands beside "properties"', line(), function() local p = schema.object_of { "d", properties = {}, city = {} } return p end)
  end)

  it("takes keywords beside them, and may be optional itself", function()
    local made = tool "x" {
      "d",
      place = schema.object_of { "p", optional = true, additionalProperties = false, minProperties = 1, city = schema.string "c" },
    }
    local parameters = made["function"].parameters
    assert.are.same({}, parameters.required)
    assert.is_false(parameters.properties.place.additionalProperties)
    assert.are.equal(1, parameters.properties.place.minProperties)
    assert.are.same({ "city" }, parameters.properties.place.required)
    assert.is_nil(parameters.properties.place.optional)
  end)

  it("has room for properties with the names of keywords", function()
    local made = schema.object_of {
      "d", optional = schema.boolean "o", description = schema.string "x", properties = schema.string "p",
      additionalProperties = schema.string "a",
    }
    assert.are.same({ "additionalProperties", "description", "optional", "properties" }, made.required)
    assert.are.equal("d", made.description)
  end)

  it("keeps empty required lists lists", function()
    assert.matches('"required":%[%]', text(schema.object_of { "d", a = schema.string { "a", optional = true } }))
  end)

  it("raises at the caller's line without properties, and for what is none", function()
    raises_here("properties are missing", line(), function() local p = schema.object_of { "d" } return p end)
    raises_here("properties are missing", line(), function() local p = schema.object_of { "d", properties = {} } return p end)
    raises_here("takes a table with properties", line(), function() local p = schema.object_of "d" return p end)
    raises_here('unknown keyword "city"', line(), function() local p = schema.object_of { "d", city = "City" } return p end)
    raises_here('the property "city" is a function', line(), function() local p = schema.object_of { "d", city = schema.string } return p end)
    raises_here("not a list", line(), function() local p = schema.object_of { "d", city = { "x" } } return p end)
    raises_here("tavus.object_of: ", line(), function() local p = schema.object_of { "d", {}, city = {} } return p end)
  end)

  it("goes as deep as it is written", function()
    local made = tool "book" {
      "Book a trip",
      legs = schema.array_of {
        "Each leg",
        items = schema.object_of {
          "A leg",
          from = schema.string "Airport",
          seats = schema.array_of { "Seats", items = schema.enum { "A seat", values = { "window", "aisle" } }, optional = true },
        },
      },
    }
    assert.are.equal('{"legs":{"description":"Each leg","items":{"description":"A leg","properties":{"from":{"description":"Airport",'
      .. '"type":"string"},"seats":{"description":"Seats","items":{"description":"A seat","enum":["window","aisle"],"type":"string"},'
      .. '"type":"array"}},"required":["from"],"type":"object"},"type":"array"}}', text(made["function"].parameters.properties))
  end)
end)
