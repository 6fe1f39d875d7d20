-- luacheck: std max+busted
-- The check when memory runs out: every allocation of a case fails once.
local memerr = require "spec.support.memerr"
local trust = require "spec.trust.check"

describe("when memory runs out", function()
  for name, body in pairs(trust.cases) do
    it(name .. " ends in one clean error, at every allocation", function()
      local _, failed = memerr.visit(trust.opening .. body, 300)
      assert.is_true(failed > 0)
    end)
  end
end)
