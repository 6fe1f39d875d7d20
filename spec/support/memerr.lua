--- Want of memory for the specs: memerr.c, built for the Lua that runs, once a process.
local memerr = require "spec.support.compiled"("memerr", "spec/support/memerr.c")

-- The first allocations of a case are all visited, the further ones in steps.
local DENSE = 200

--- Calls a function once for each allocation that it makes, with that one and all later ones failing. It must end in one
-- clean error each time, or not need the allocation, and work afterwards; else this raises.
---@param setup string Lua source that returns the function; it runs with memory enough
---@param steps? integer how many allocations to visit beyond the first 200, at most; all by default
---@return integer visited
---@return integer failed how many of them ended in "not enough memory"
function memerr.visit(setup, steps)
  setup = "if jit then jit.off() end " .. setup -- LuaJIT's recorder does not survive it
  local outcome, allocations = memerr.run(setup, 0)
  assert(outcome == "done", outcome)
  local step = steps and math.max(1, math.floor(allocations / steps)) or 1
  local n, visited, failed = 1, 0, 0
  while n <= allocations do
    outcome = memerr.run(setup, n)
    assert(outcome == "done" or outcome == "memory", ("allocation %d of %d: %s"):format(n, allocations, outcome))
    if outcome == "memory" then failed = failed + 1 end
    visited = visited + 1
    n = n + (n < DENSE and 1 or step)
  end
  return visited, failed
end

return memerr
