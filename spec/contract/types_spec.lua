-- lua/tavus/types.lua is what an editor knows of the contract: it must be what the contract says today.
local annotations = require "csrc.contract.annotations"

describe("lua/tavus/types.lua", function()
  local text = annotations.text()

  it("is up to date (make types)", function()
    local file = assert(io.open("lua/tavus/types.lua"))
    local stored = file:read "*a"
    file:close()
    assert.are.equal(text, stored)
  end)

  it("loads as Lua and does nothing", function()
    assert.is_nil(assert((rawget(_G, "loadstring") or load)(text))())
  end)

  it("names every resource of the client", function()
    for _, resource in ipairs(require("tavus.core").contract().resources) do
      assert.is_truthy(text:find("\n---@field " .. resource.collection .. " tavus.", 1, true), resource.collection)
    end
  end)

  it("names every field of the contract once a class", function()
    local contract = require("tavus.core").contract()
    for _, resource in ipairs(contract.resources) do
      for _, field in ipairs(resource.fields) do
        assert.is_truthy(text:find("---@field " .. field.name .. "? ", 1, true), field.name)
      end
    end
    for class in text:gmatch "%-%-%-@class ([%w.]+)" do
      local _, count = text:gsub("%-%-%-@class " .. class:gsub("%.", "%%.") .. "%f[^%w.]", "")
      assert.are.equal(1, count, class)
    end
  end)

  it("refers to no class of the contract that it does not make", function()
    local known = {}
    for class in text:gmatch "%-%-%-@class ([%w.]+)" do known[class] = true end
    local pipe = assert(io.popen("LC_ALL=C grep -rhoE '@(class|alias) tavus[A-Za-z.]*' lua/tavus"))
    for line in pipe:lines() do known[line:match "(tavus[%a.]*)$"] = true end
    pipe:close()
    for name in text:gmatch "%f[%w](tavus%.[%a]+)%f[^%a.]" do
      if name ~= "tavus.types" then assert.is_true(known[name] or false, name) end
    end
  end)
end)
