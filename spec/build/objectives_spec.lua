-- tavus.objectives: steps, and whether they make a chain.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local tavus = require "tavus"

local function step(name, more)
  local made = { objective_name = name, objective_prompt = "Do " .. name .. "." }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

describe("objectives", function()
  it("are the body of a create", function()
    local made = tavus.objectives "intake" {
      step("first", { next_conditional_objectives = { second = "yes", third = "no" } }),
      step("second", { next_required_objective = "third" }), step "third",
    }
    assert.equal("intake", made.name)
    assert.same({ true, {} }, { core.validate("objectives", made) })
  end)

  local broken = {
    ['"third"'] = { step("first", { next_required_objective = "third" }) },
    ["/data/0/next_conditional_objectives"] = { step("first", { next_conditional_objectives = { x = "yes" } }) },
    ["2 steps come first"] = { step "first", step "second" },
    ["the name of another step"] = { step("first", { next_required_objective = "second" }), step "second", step "second" },
    ["the call ends"] = { step("first", { next_required_objective = "second" }),
      step("second", { next_required_objective = "third" }), step("third", { next_required_objective = "second" }) },
    ["part of a cycle"] = { step("alone", { next_required_objective = "alone" }) },
    ["no blanks"] = { step "two words" },
    ["objective_prompt is missing"] = { { objective_name = "a" } },
    ["has no steps"] = {},
  }
  for text, steps in pairs(broken) do
    it("that are broken raise at the caller's line: " .. text, function()
      local message = clients.raised(function() tavus.objectives "x" (steps) end)
      assert.matches(text, message, 1, true)
      assert.matches("objectives_spec.lua:", message, 1, true)
    end)
  end

  it("written by hand are warned of, since Tavus accepts them", function()
    local ok, issues = core.validate("objectives", { data = broken["the call ends"] })
    assert.is_true(ok)
    assert.same({ "chain", "warning" }, { issues[1].code, issues[1].severity })
    ok = core.validate("objectives", { data = broken["the call ends"] }, { strict = true })
    assert.is_nil(ok)
  end)

  it("raise for a name that is not one", function()
    assert.matches("must be a string", clients.raised(function() tavus.objectives(1) end), 1, true)
  end)
end)
