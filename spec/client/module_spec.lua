-- What `require "tavus"` returns, and what it does not load.
local process = require "spec.support.process"
local tavus = require "tavus"

local function run(chunk)
  local status, output = process.lua { chunk = chunk }
  assert.equal(0, status, output)
  return output
end

describe("the module", function()
  it("has a version", function()
    assert.matches("^%d+%.%d+%.%d+$", tavus._VERSION)
  end)

  it("shares null with cjson, and its marks where it has them", function()
    local cjson = require "cjson"
    assert.equal(cjson.null, tavus.null)
    if cjson.array_mt then assert.equal(cjson.array_mt, getmetatable(tavus.array {})) end
  end)

  it("has everything the design names", function()
    for _, name in ipairs { "new", "validate", "encode", "decode", "array", "object", "string", "number", "integer", "boolean",
      "enum", "array_of", "object_of" } do
      assert.is_function(tavus[name], name)
    end
    assert.is_function(tavus.patch.apply)
    assert.is_function(tavus.patch.diff)
    assert.is_function(tavus.patch.invert)
    assert.equal("[]", tavus.encode(tavus.patch(), "persona_patch"))
    assert.equal("f", tavus.tool "f" { "x" }["function"].name)
    assert.equal("raven-1", tavus.perception("raven-1").perception_model)
    assert.is_nil(tavus.holograms)
  end)

  it("loads libcurl and the builders only when they are used", function()
    local output = run [[
      local tavus = require "tavus"
      for _, name in ipairs { "tavus.http", "tavus.client", "tavus.patch", "tavus.build.tool", "tavus.build.perception" } do
        print(name, package.loaded[name] == nil)
      end
      print(tavus.validate("persona", { persona_name = "A", system_prompt = "x" }))
      print("http", package.loaded["tavus.http"] == nil)
      assert(tavus.new { api_key = "k" })
      print("http", package.loaded["tavus.http"] == nil)
    ]]
    assert.is_nil(output:find("tavus%.%w+\tfalse"))
    assert.truthy(output:find("http\ttrue\nhttp\tfalse\n", 1, true))
  end)

  it("works where there is no cjson", function()
    local output = run [[
      package.preload.cjson = function() error("there is no cjson here") end
      local tavus = require "tavus"
      print(tavus.encode { tavus.array {}, tavus.null })
    ]]
    assert.equal("[[],null]\n", output)
  end)

  it("leaves no globals behind", function()
    local output = run [[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      local tavus = require "tavus"
      assert(tavus.new { api_key = "k" }):close()
      local _ = tavus.patch, tavus.tool, tavus.perception, tavus.string
      for name in pairs(_G) do if not before[name] then print(name) end end
    ]]
    assert.equal("", output)
  end)

  it("makes clients that are collected", function()
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 20 do weak[assert(tavus.new { api_key = "k" })] = true end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)
