-- luacheck: std max+busted
-- Parts of tools and schemas that are given to a builder as if they were arguments.
local tavus = require "tavus"

local function failure(make)
  local ok, message = pcall(make)
  assert.is_false(ok)
  return message
end

local city = { type = "string", description = "The city" }
local schema = { type = "object", properties = { city = city }, required = { "city" } }

describe("tavus.tool refuses", function()
  for _, case in ipairs {
    { "a schema as parameters", { "d", parameters = schema }, "write the arguments themselves" },
    { "a schema as input_schema", { "d", input_schema = schema }, "write the arguments themselves" },
    { "a schema as inputSchema", { "d", inputSchema = schema }, "write the arguments themselves" },
    { "a schema as schema", { "d", schema = schema }, "write the arguments themselves" },
    { "a map of parameters", { "d", parameters = { city = city } }, "write the arguments themselves" },
    { "a map of properties", { "d", properties = { city = city } }, "write the arguments themselves" },
    { "a map of arguments", { "d", arguments = { city = tavus.string "c" } }, "write the arguments themselves" },
    { "args", { "d", args = { city = city, unit = city } }, "write the arguments themselves" },
    { "a list of required names", { "d", city = city, required = { "city" } }, "optional = true" },
    { "an empty list of required names", { "d", city = city, required = tavus.array {} }, "optional = true" },
    { "required = true", { "d", city = city, required = true }, "optional = true" },
    { "the type of the schema", { "d", type = "object", city = city }, "leave it out" },
    { "the members of a schema", { "d", type = "object" }, "leave it out" },
    { "strict", { "d", strict = true }, "leave it out" },
    { "additionalProperties", { "d", additionalProperties = false }, "leave it out" },
    { "the name again", { "d", name = "a" }, "the name stands before the table" },
    { "a description with a name", { description = "d", city = city }, "the description comes first" },
    { "a tool of OpenAI", { type = "function", ["function"] = { name = "a", parameters = schema } },
      "use it as it is" },
    { "a tool of Anthropic", { name = "a", description = "d", input_schema = schema }, "the description comes first" },
    { "a function in a tool", { "d", ["function"] = { name = "a", parameters = schema } },
      "write the arguments themselves" },
  } do
    it(case[1], function()
      assert.matches(case[3], failure(function() tavus.tool "a"(case[2]) end), 1, true)
    end)
  end

  it("a definition in the place of the name", function()
    assert.matches("use it as it is", failure(function()
      tavus.tool { type = "function", ["function"] = { name = "a", parameters = schema } }
    end), 1, true)
    assert.matches('tavus.tool "a" {', failure(function()
      tavus.tool { name = "a", description = "d", input_schema = schema }
    end), 1, true)
  end)

  it("what an object refuses, too", function()
    assert.matches("optional = true", failure(function()
      tavus.object_of { "d", city = city, required = { "city" } }
    end), 1, true)
  end)
end)

describe("tavus.tool takes an argument that is called", function()
  for _, name in ipairs { "parameters", "properties", "required", "type", "name", "description", "schema", "arguments",
      "function", "strict", "input_schema" } do
    it(name, function()
      for _, argument in ipairs { tavus.string "s", tavus.object_of { "o", city = tavus.string "c" },
          { type = "string", description = "s" } } do
        local tool = tavus.tool "a" { "d", [name] = argument }
        assert.is_table(tool["function"].parameters.properties[name])
        assert.is_true((tavus.validate("tool", tool)))
      end
    end)
  end
end)
