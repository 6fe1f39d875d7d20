-- What `require "tavus"` costs more than `require "cjson"`, and what the first client costs, which loads libcurl and all
-- the modules; each in a fresh interpreter.
package.path = "./?.lua;" .. package.path
local process = require "spec.support.process"
local compare = require "spec.bench.compare"

local function cost(before, chunk)
  local _, output = process.lua { chunk = ([[
    %s
    local start = os.clock()
    %s
    io.write(("%%.9f"):format(os.clock() - start))
  ]]):format(before, chunk) }
  return assert(tonumber(output), output) * 1e6
end

local ours, theirs, first, library = {}, {}, {}, {}
for i = 1, 31 do
  ours[i], theirs[i] = cost("", "require 'tavus'"), cost("", "require 'cjson'")
  first[i] = cost("local tavus = require 'tavus'", "local _ = assert(tavus.new { api_key = 'k' }), tavus.patch, tavus.tool")
  library[i] = cost("require 'tavus'", "require 'tavus.http'")
end
local a, b = compare.median(ours), compare.median(theirs)
compare.line("require", "tavus", a, "cjson", b, a / b, "at most 1000 us more; here " .. ("%.0f"):format(a - b))
a, b = compare.median(first), compare.median(library)
compare.line("first client", "tavus", a, "libcurl", b, a / b, "at most 8000 us more; here " .. ("%.0f"):format(a - b))
