-- Many GETs at once in one process: client:map against C on curl_multi and epoll (many.c), which discards the answers, and which
-- reads them with cJSON, as the library reads them for its caller.
-- many.lua URL PROGRAM: the sandbox's URL, and the C program built from many.c.
--
-- 10,000 GETs of a persona each, whose answers come after 25 to 75 ms with 100 in flight; and with 1,000 in flight after ten times as
-- long, so that in both cases some 2,000 answers come in a second, one after the other: more of them the sandbox could not
-- give without being late, and the client would find them in heaps, which is cheap. Both programs open their connections within
-- what is measured.
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
  return { cpu = tonumber(cpu), memory = tonumber(memory) }
end

local function median_of(list, field)
  local values = {}
  for i, each in ipairs(list) do values[i] = each[field] end
  return compare.median(values)
end

local function compared(title, ours, name, theirs, goal)
  local ratios, us = {}, 1e6 / count
  for i in ipairs(ours) do ratios[i] = ours[i].cpu / theirs[i].cpu end
  compare.line(title, "tavus", median_of(ours, "cpu") * us, name, median_of(theirs, "cpu") * us, compare.median(ratios), goal)
end

local function measure(in_flight, slower, goal)
  local ids, urls = personas(slower), {}
  for i, id in ipairs(ids) do urls[i] = url .. "/v2/personas/" .. id end
  local client = ("%s spec/bench/many_client.lua %s %d %d %s"):format(process.quote(process.interpreter()), url, count, in_flight,
    table.concat(ids, " "))
  local function c(what)
    return ("%s %s %d %d %s"):format(process.quote(program), what, count, in_flight, table.concat(urls, " "))
  end
  local ours, discards, reads = {}, {}, {}
  for i = 1, rounds do ours[i], discards[i], reads[i] = run(client), run(c "discard"), run(c "read") end
  local title = ("GET, %d in flight"):format(in_flight)
  compared(title, ours, "C, discards", discards, goal)
  compared("", ours, "C, cJSON", reads, "none")
  return median_of(ours, "memory") / 1024, median_of(discards, "memory") / 1024
end

measure(100, 1, "1.5, at most 2.0")
local ours, theirs = measure(1000, 10, "1.4")
print(("%-34s tavus %8.2f MB   C, discards %8.2f MB   ratio %.2f   (goal 1.15)"):format("memory, 1000 in flight",
  ours, theirs, ours / theirs))
