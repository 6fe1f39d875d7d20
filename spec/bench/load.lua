-- What `require "tavus"` costs more than `require "cjson"`, each in a fresh interpreter.
package.path = "./?.lua;" .. package.path
local process = require "spec.support.process"
local compare = require "spec.bench.compare"

local function cost(module)
  local _, output = process.lua { chunk = ([[
    local start = os.clock()
    require %q
    io.write(("%%.9f"):format(os.clock() - start))
  ]]):format(module) }
  return assert(tonumber(output), output) * 1e6
end

local ours, theirs = {}, {}
for i = 1, 31 do ours[i], theirs[i] = cost "tavus", cost "cjson" end
local a, b = compare.median(ours), compare.median(theirs)
compare.line("require", "tavus", a, "cjson", b, a / b, "at most 1000 us more; here " .. ("%.0f"):format(a - b))
