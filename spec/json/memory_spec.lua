-- JSON when memory runs out: every allocation of a case fails once.
local memerr = require "spec.support.memerr"
local trust = require "spec.trust.json"

describe("when memory runs out", function()
  for name, body in pairs(trust.cases) do
    it(name .. " ends in one clean error, at every allocation", function()
      local _, failed = memerr.visit(trust.opening .. body, 300)
      assert.is_true(failed > 0)
    end)
  end

  it("leaves nothing of opening the module either", function()
    local setup = [=[
      if jit then jit.off() end
      local path = assert(package.searchpath and package.searchpath("tavus.core", package.cpath) or SEARCH())
      return function()
        assert(package.loadlib(path, "luaopen_tavus_core"))("tavus.core")
      end]=]
    local search = [=[
      local function SEARCH()
        for template in package.cpath:gmatch "[^;]+" do
          local name = template:gsub("%?", "tavus/core")
          local file = io.open(name)
          if file then file:close() return name end
        end
      end ]=]
    local _, allocations = memerr.run(search .. setup, 0)
    for n = 1, allocations do
      local outcome = memerr.run(search .. setup, n)
      assert.is_truthy(outcome == "memory" or outcome == "done", outcome)
    end
  end)
end)
