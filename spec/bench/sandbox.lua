-- How soon a sandbox is there, and how many requests a second it answers on one core with 1,000 personas stored.
-- sandbox.lua URL PROGRAM: the URL of a sandbox that runs on a core of its own, and the C program built from many.c, which asks.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local http = require "tavus.http"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local tavus = require "tavus"

local url, program = assert(arg[1]), assert(arg[2])
local stored, count, rounds = 1000, 20000, 5

-- Milliseconds until a sandbox in this process listens.
local starts = {}
for i = 1, 21 do
  local begun = http.now()
  local started = assert(sandbox.start { port = 0 })
  starts[i] = (http.now() - begun) * 1000
  started:stop()
end

local served = assert(sandbox.connect(url))
assert(served:reset())
local client = assert(tavus.new { api_key = "bench", base_url = url })
local persona, list = require "spec.bench.persona"(4096), {}
for i = 1, stored do list[i] = i end
local urls = {}
for i, made in ipairs(client:map(list, function() return client.personas:create(persona) end)) do
  urls[i] = url .. "/v2/personas/" .. assert(made.value, made.err).persona_id
end
client:close()

-- Requests a second, the program's start among them.
local function rate(what)
  local command, best = ("%s discard %d 32 %s"):format(process.quote(program), count, what), {}
  for i = 1, rounds do
    local begun = http.now()
    local status, output = process.run(command)
    assert(status == 0, output)
    best[i] = count / (http.now() - begun)
  end
  return compare.median(best)
end

print(("sandbox: there after %.1f ms (goal 20); with %d personas stored, GETs a second: %.0f of 4 KB personas in turn (goal 10000)")
  :format(compare.median(starts), stored, rate(table.concat(urls, " ", 1, 200))))
