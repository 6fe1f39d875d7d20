-- The program that many.lua measures: many_client.lua URL COUNT IN_FLIGHT ID... asks for the personas in turn, COUNT times in all,
-- and prints the CPU seconds that took, without the start, and the most memory (VmHWM, kilobytes) the process ever had.
local tavus = require "tavus"

local url, count, in_flight = arg[1], tonumber(arg[2]), tonumber(arg[3])
local ids, list = { select(4, ...) }, {}
for i = 1, count do list[i] = ids[(i - 1) % #ids + 1] end

local start = os.clock()
local client = assert(tavus.new {
  api_key = "bench", base_url = url, user_agent = "tavus-bench", max_connections = in_flight,
})
local results = client:map(list, function(id)
  local persona, err = client.personas:get(id)
  return persona and persona.persona_id, err
end, { concurrency = in_flight })
for i, result in ipairs(results) do assert(result.value == list[i], result.err) end
local cpu = os.clock() - start

for line in io.lines "/proc/self/status" do
  local kilobytes = line:match "^VmHWM:%s*(%d+)"
  if kilobytes then print(("%.9f %s"):format(cpu, kilobytes)) end
end
client:close()
