-- Many GETs at once in one process: client:map against C on curl_multi and epoll (many.c), which discards the answers, and which
-- reads them with cJSON, as the library reads them for its caller.
-- many.lua URL PROGRAM: the sandbox's URL, and the C program built from many.c.
--
-- 10,000 GETs of a persona each, whose answers come after 25 to 75 ms with 100 in flight; and with 1,000 in flight after ten times as
-- long, so that in both cases some 2,000 answers come in a second, one after the other: more of them the sandbox could not
-- give without being late, and the client would find them in heaps, which is cheap. Both programs open their connections within
-- what is measured. The personas are short ones, as most are, and then those of 4 KB that the other benches have.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local tavus = require "tavus"

local url, program = assert(arg[1]), assert(arg[2])
local count, rounds = 10000, 3

local short = {
  persona_name = "Interviewer", system_prompt = "You are an interviewer who asks one question at a time.", pipeline_mode = "full",
  default_replica_id = "r90bbd427f71", layers = { llm = { model = "tavus-gpt-oss" }, stt = { stt_engine = "tavus-auto" } },
}
local long = require "spec.bench.persona"(4096)

-- Ids of personas, each answered after another time.
local function personas(persona, slower)
  local served = assert(sandbox.connect(url))
  assert(served:reset())
  local client = assert(tavus.new { api_key = "bench", base_url = url })
  local ids = {}
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

-- The two programs for so many GETs.
local function programs(ids, times, in_flight)
  local urls = {}
  for i, id in ipairs(ids) do urls[i] = url .. "/v2/personas/" .. id end
  local client = ("%s spec/bench/many_client.lua %s %d %d %s"):format(process.quote(process.interpreter()), url, times, in_flight,
    table.concat(ids, " "))
  return client, function(what)
    return ("%s %s %d %d %s"):format(process.quote(program), what, times, in_flight, table.concat(urls, " "))
  end
end

local function measure(title, persona, in_flight, slower, goal)
  local client, c = programs(personas(persona, slower), count, in_flight)
  local ours, discards, reads = {}, {}, {}
  for i = 1, rounds do ours[i], discards[i], reads[i] = run(client), run(c "discard"), run(c "read") end
  compared(("GET, %d in flight, %s"):format(in_flight, title), ours, "C, discards", discards, goal)
  compared("", ours, "C, cJSON", reads, "none")
end

-- The most memory the two had, all requests under way at once, so many times over.
local function memory(title, waves)
  local client, c = programs(personas(short, 10), 1000 * waves, 1000)
  local ours, theirs = run(client).memory / 1024, run(c "discard").memory / 1024
  print(("%-34s tavus %8.2f MB   C, discards %8.2f MB   ratio %.2f   (goal 1.15)"):format(title, ours, theirs, ours / theirs))
end

measure("short", short, 100, 1, "1.5, at most 2.0")
measure("4 KB", long, 100, 1, "1.5, at most 2.0")
measure("short", short, 1000, 10, "1.4")
measure("4 KB", long, 1000, 10, "1.4")
memory("memory, 1000 in flight once", 1)
memory("memory, 1000 in flight, ten times", 10)
