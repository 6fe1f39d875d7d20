-- Many GETs at once in one process: client:map against C on curl_multi and epoll that discards the answers (many.c).
-- many.lua URL PROGRAM: the sandbox's URL, and the C program built from many.c.
--
-- 10,000 GETs of a persona each, whose answers come after 25 to 75 ms with 100 in flight; and with 1,000 in flight after ten times as
-- long, so that in both cases some 2,000 answers come in a second, one after the other: more of them the sandbox could not
-- give without being late, and the client would find them in heaps, which is cheap. Both programs open their connections within
-- what is measured. C holds no answer and reads none; the library decodes each.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local tavus = require "tavus"

local url, program = assert(arg[1]), assert(arg[2])
local count, rounds = 10000, 5

-- Ids of personas, each answered after another time.
local function personas(slower)
  local served = assert(sandbox.connect(url))
  assert(served:reset())
  local client = assert(tavus.new { api_key = "bench", base_url = url })
  local persona, ids = require "spec.bench.persona"(4096), {}
  for ms = 25, 75 do
    local id = assert(client.personas:create(persona)).persona_id
    assert(served:next { path = "/v2/personas/" .. id, delay = ms * slower / 1000, times = "always" })
    ids[#ids + 1] = id
  end
  client:close()
  return ids
end

-- CPU seconds and kilobytes.
local function run(command)
  local _, output = process.run(command)
  local cpu, memory = output:match "^([%d.]+) (%d+)\n$"
  assert(cpu, output)
  return tonumber(cpu), tonumber(memory)
end

local function measure(in_flight, slower)
  local ids, urls = personas(slower), {}
  for i, id in ipairs(ids) do urls[i] = url .. "/v2/personas/" .. id end
  local ours = ("%s spec/bench/many_client.lua %s %d %d %s"):format(process.quote(process.interpreter()), url, count, in_flight,
    table.concat(ids, " "))
  local theirs = ("%s %d %d %s"):format(process.quote(program), count, in_flight, table.concat(urls, " "))
  local a, b, ratios, our_memory, their_memory, memory_ratios = {}, {}, {}, {}, {}, {}
  for i = 1, rounds do
    a[i], our_memory[i] = run(ours)
    b[i], their_memory[i] = run(theirs)
    ratios[i], memory_ratios[i] = a[i] / b[i], our_memory[i] / their_memory[i]
  end
  local us, median = 1e6 / count, compare.median
  return median(a) * us, median(b) * us, median(ratios), median(our_memory), median(their_memory), median(memory_ratios)
end

local ours, theirs, ratio = measure(100, 1)
compare.line("GET, 100 in flight", "tavus", ours, "C, multi + epoll", theirs, ratio, "1.5, at most 2.0")
local our_memory, their_memory, memory_ratio
ours, theirs, ratio, our_memory, their_memory, memory_ratio = measure(1000, 10)
compare.line("GET, 1000 in flight", "tavus", ours, "C, multi + epoll", theirs, ratio, "1.4")
print(("%-34s tavus %8.2f MB   C, multi + epoll %8.2f MB   ratio %.2f   (goal 1.15)"):format("memory, 1000 in flight",
  our_memory / 1024, their_memory / 1024, memory_ratio))
