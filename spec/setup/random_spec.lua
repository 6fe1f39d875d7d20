-- Random setups reach what they want, and a killed apply is finished by the next one.
--
-- SOAK_SETS and SOAK_KILLS say how many, SOAK_SEED where the seeds begin.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local declarations = require "spec.support.declarations"
local process = require "spec.support.process"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"

local SETS, KILLS = tonumber(os.getenv "SOAK_SETS") or 60, tonumber(os.getenv "SOAK_KILLS") or 10
local SEED = tonumber(os.getenv "SOAK_SEED") or 1

describe("a random setup", function()
  local sandbox, client = clients.serve(teardown, before_each)
  local dir, its

  before_each(function()
    dir = setups.folder { ["a.lua"] = 'persona "x" { system_prompt = "x" }' }
    its = assert(setup.load(dir))
  end)
  after_each(setups.clean)

  local function steps(plan)
    local list = {}
    for _, step in ipairs(plan.steps) do list[#list + 1] = core.encode(step) end
    return table.concat(list, "\n")
  end

  local function reach(set, seed)
    its.declarations = set
    local plan, err = its:plan(client, { prune = true, renamed = false })
    assert(plan, ("seed %d: %s"):format(seed, tostring(err)))
    assert.equal(0, plan.counts.drift, ("seed %d: %s"):format(seed, steps(plan)))
    local result = assert(its:apply(plan, { no_preflight = true, interval = 0.01 }))
    for _, list in ipairs { result.failed, result.conflicts } do
      for _, one in ipairs(list) do error(("seed %d: %s"):format(seed, tostring(one.err))) end
    end
    assert.equal("done", result.status)
    plan = assert(its:plan(client, { prune = true, renamed = false }))
    assert.equal("", steps(plan), ("seed %d"):format(seed))
  end

  it("is reached, changed into another one, and planned to nothing each time", function()
    -- waiting for the disk would take most of the time
    local save = core.save
    finally(function() core.save = save end)
    core.save = function(path, text)
      local file = assert(io.open(path, "wb"))
      file:write(text)
      return file:close()
    end
    for seed = SEED, SEED + SETS - 1 do
      local random = declarations.random(seed)
      sandbox:reset()
      os.remove(dir .. "/tavus.lock.json")
      declarations.habits(sandbox, random)
      reach(declarations.set(random), seed)
      reach(declarations.set(random), seed)
    end
  end)

  -- Applies the set of a seed, and kills itself at a step: before a request, after an answer, before or after a write of
  -- the state.
  local CHILD = [[
    local core, tavus = require "tavus.core", require "tavus"
    local declarations = require "spec.support.declarations"
    local at = tonumber(arg[4])
    local count = 0
    local function step()
      count = count + 1
      if count == at then os.execute "kill -9 $PPID" while true do end end
    end
    local save = core.save
    core.save = function(...) step() local a, b = save(...) step() return a, b end
    local client = assert(tavus.new { api_key = arg[2], base_url = arg[1], on_request = step, on_response = step })
    local its = assert(require("tavus.setup").load(arg[3]))
    its.declarations = declarations.set(declarations.random(tonumber(arg[5])))
    local plan = assert(its:plan(client))
    count = 0
    assert(its:apply(plan, { no_preflight = true, interval = 0.01 }))
    print("steps " .. count)
  ]]

  local function rows(name, filter)
    local count = 0
    for _ in client[name]:each(filter) do count = count + 1 end
    return count
  end

  it("is finished after a kill, and nothing is made twice", function()
    local child = dir .. "/_child.lua"
    setups.write(dir, { ["_child.lua"] = CHILD })
    for seed = SEED, SEED + KILLS - 1 do
      sandbox:reset()
      os.remove(dir .. "/tavus.lock.json")
      local at = declarations.random(seed * 31)(60)
      local status, output = process.lua { file = child, arguments = ("%s %s %s %d %d"):format(sandbox.url, clients.KEY,
        process.quote(dir), at, seed) }
      assert(status == 137 or output:find "^steps", ("seed %d: %s"):format(seed, output))
      local set = declarations.set(declarations.random(seed))
      reach(set, seed)
      local want = {}
      for _, it in ipairs(set) do want[it.kind] = (want[it.kind] or 0) + 1 end
      assert.same({ want.persona, want.tool or 0, want.guardrail or 0, want.objectives or 0, want.document or 0 },
        { rows("personas", { persona_type = "user" }), rows "tools", rows("guardrails", { legacy = false }),
          rows "objectives", rows "documents" }, ("seed %d, killed at %d"):format(seed, at))
    end
  end)
end)
