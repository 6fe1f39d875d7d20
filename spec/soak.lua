-- soak.lua <url of a sandbox> [requests] - many calls over tasks, 50 in flight, while one request in twenty goes wrong.
-- Fails when memory, descriptors or the engine's requests grow, or a call ends in a way it should not. Linux; run by .ci/soak.
local http = require "tavus.http"
local tavus = require "tavus"

local url, wanted = arg[1], tonumber(arg[2]) or 200000
local IN_FLIGHT, CONNECTIONS = 50, 32
local FAULTS = {
  { status = 503 }, { status = 500 }, { status = 429 }, { close = "before" }, { close = "after" }, { close = "before", reset = true },
  { close = "after", reset = true }, { delay = 0.02 }, { delay = 1.5 },
}
-- What a call may end in when its retries meet faults, too, or it must not be repeated.
local FINE = { server = true, connection = true, timeout = true, rate_limit = true }

math.randomseed(20)
local sandbox = assert(require("tavus.sandbox").connect(url))
local pid = assert(io.open "/proc/self/stat"):read "*n"

local function measure(when)
  collectgarbage()
  collectgarbage()
  local found = { when = when, lua = collectgarbage "count", engine = tostring(http.engine()) }
  for line in io.lines "/proc/self/status" do
    found.rss = found.rss or tonumber(line:match "^VmRSS:%s*(%d+)")
  end
  local pipe = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(pid)))
  found.descriptors = pipe:read "*n"
  pipe:close()
  print(("%-8s RSS %d KiB, Lua %.0f KiB, %d descriptors, %s"):format(when, found.rss, found.lua, found.descriptors, found.engine))
  return found
end

local before = measure "before"
local client = assert(tavus.new { api_key = "soak", base_url = url, timeout = 0.75, deadline = 10,
  max_connections = CONNECTIONS, backoff = function() return 0 end })
local made, faults, failed, retried, unexpected = 0, 0, {}, 0, nil

local PERSONA = { persona_name = "Soak", system_prompt = ("You are patient. "):rep(60) }
local kept = assert(client.personas:create(PERSONA)).persona_id

local function counted(value, result)
  made = made + 1
  retried = retried + ((result.attempts or 1) > 1 and 1 or 0)
  if value == nil then
    failed[result.type] = (failed[result.type] or 0) + 1
    if not FINE[result.type] then unexpected = unexpected or tostring(result) end
  end
  return value
end

local function one()
  if math.random(18) == 1 then -- a tenth of these are two calls: one call in twenty
    faults = faults + 1
    assert(sandbox:next(FAULTS[math.random(#FAULTS)]))
  end
  local kind = math.random(10)
  if kind <= 6 then
    counted(client.personas:get(kept))
  elseif kind == 7 then
    counted(client.personas:list { limit = 5 })
  elseif kind <= 9 then
    counted(client.personas:patch(kept, tavus.patch():replace("/persona_name", "Soak " .. math.random(1000))))
  else
    local persona = counted(client.personas:create(PERSONA))
    if persona then counted(client.personas:delete(persona.persona_id)) end
  end
end

local function go_on(till)
  for _ = 1, IN_FLIGHT do
    client:spawn(function() while made < till and not unexpected do one() end end)
  end
  client:run()
end

local began, cpu = http.now(), os.clock()
go_on(wanted / 10) -- pools, caches and the allocator reach their size
local start = measure "start"
go_on(wanted * 0.55)
local middle = measure "middle"
go_on(wanted)
local last = measure "end"

local types = {}
for name, count in pairs(failed) do types[#types + 1] = count .. " " .. name end
table.sort(types)
print(("%d calls, %d faults, %d calls sent more than once, failed: %s; %.0f s, CPU %.0f s"):format(made, faults, retried,
  table.concat(types, ", "), http.now() - began, os.clock() - cpu))
assert(not unexpected, unexpected)
for _, found in ipairs { start, middle, last } do
  assert(found.engine:find "%(0 under way, 0 waiting%)", "requests are left in the engine")
  assert(found.descriptors <= before.descriptors + CONNECTIONS + 8, "descriptors grew")
end
assert(last.rss <= start.rss * 1.05 + 2048, "memory grew")
assert(last.lua <= start.lua * 1.05 + 64, "Lua's memory grew")
client:close()
