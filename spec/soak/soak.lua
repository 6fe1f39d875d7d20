-- soak.lua <url of a sandbox> [requests] - many calls over tasks, 50 in flight, while one request in twenty goes wrong in one of
-- all the ways that a sandbox has. Fails when memory, descriptors or the engine's requests grow, when a call ends late or in a
-- way it should not, when an answer is another's, or when something was made twice. Linux; run by spec/soak/run.
local faults = require "tavus.sandbox.faults"
local options = require "tavus.options"
local heap = require "spec.support.compiled"("heap", "spec/support/heap.c")
local http = require "tavus.http"
local tavus = require "tavus"

local url, wanted = arg[1], tonumber(arg[2]) or 200000
local sanitized = arg[3] == "asan" -- then the heap is another, and what was lost is told at the end
local IN_FLIGHT, CONNECTIONS, TIMEOUT, DEADLINE = 50, 32, 0.75, 10

local FAULTS = {
  { status = 503 }, { status = 500 }, { status = 429 }, { status = 429, headers = { ["retry-after-ms"] = "20" } },
  { close = "before" }, { close = "after" }, { close = "before", reset = true }, { close = "after", reset = true },
  { delay = { 0, 0.05 } }, { delay = 1.5 }, { refuse = true },
}
-- These make megabytes: now and then will do.
local HEAVY, heavy = { "large", "gzip_bomb", "endless", "endless_headers", "deep_json" }, {}
for _, name in ipairs(HEAVY) do heavy[name] = true end
for name in options.listed(faults.all):gmatch "[%w_]+" do -- sorted
  if not heavy[name] then FAULTS[#FAULTS + 1] = { fault = name } end
end
-- What a call may end in when its retries meet faults, too, or it must not be repeated.
local FINE = {
  server = true, connection = true, timeout = true, rate_limit = true, decode = true, response_too_large = true, redirect_blocked = true, auth = true,
}

math.randomseed(20)
local sandbox = assert(require("tavus.sandbox").connect(url))
local pid = assert(io.open "/proc/self/stat"):read "*n"
local client = assert(tavus.new { api_key = "soak", base_url = url, timeout = TIMEOUT, deadline = DEADLINE,
  max_connections = CONNECTIONS, backoff = function() return 0 end })
local made, faults_met, failed, retried, unexpected = 0, 0, {}, 0, nil

local PROMPT = ("You are patient. "):rep(60)
local kept = assert(client.personas:create { persona_name = "Soak", system_prompt = PROMPT }).persona_id

-- Every connection that the client may have is there, and none is broken.
local function fill_pool()
  assert(sandbox:next { delay = 0.3, times = CONNECTIONS, path = "/v2/personas/" .. kept, method = "GET" })
  for _ = 1, CONNECTIONS do client:spawn(function() assert(client.personas:get(kept)) end) end
  client:run()
end

local function wrong(what, result) unexpected = unexpected or what .. ": " .. tostring(result) end

-- Makes a call; returns what it gave.
local function call(fn, ...)
  local began = http.now()
  local value, result = fn(...)
  made = made + 1
  retried = retried + ((result.attempts or 1) > 1 and 1 or 0)
  if http.now() - began > DEADLINE + 5 then wrong("a call came back late", result) end
  if value == nil then
    failed[result.type] = (failed[result.type] or 0) + 1
    -- What an earlier attempt had done may be refused in words that were cut.
    if not FINE[result.type] and not (result.type == "bad_request" and result.ambiguous) then wrong("a call should not end so", result) end
  end
  return value, result
end

local steering = false

-- One at a time, so that it takes one connection.
local function break_something()
  if steering then return end
  steering, faults_met = true, faults_met + 1
  local fault = math.random(60) == 1 and { fault = HEAVY[math.random(#HEAVY)] } or FAULTS[math.random(#FAULTS)]
  if fault.refuse then
    assert(sandbox:refuse())
    assert(sandbox:refuse(false))
  else
    assert(sandbox:next(fault))
  end
  steering = false
end

-- What became of each persona that was made: "there", "gone", or nothing where nobody can know.
local fate, why, count = {}, {}, 0

local function one()
  if math.random(18) == 1 then break_something() end -- a tenth of these are two calls: one call in twenty
  local kind = math.random(10)
  if kind <= 6 then
    local persona = call(client.personas.get, client.personas, kept)
    if persona and persona.persona_id ~= kept and persona.persona_id ~= "p0000000000" then wrong("another's answer", persona.persona_id) end
  elseif kind == 7 then
    call(client.personas.list, client.personas, { limit = 5 })
  elseif kind <= 9 then
    call(client.personas.patch, client.personas, kept, tavus.patch():replace("/system_prompt", PROMPT .. math.random(1000)))
  else
    count = count + 1
    local name = "Soak " .. count
    local persona, result = call(client.personas.create, client.personas, { persona_name = name, system_prompt = PROMPT })
    if not persona then
      local unread = result.type == "decode" or result.type == "response_too_large"
      if not result.ambiguous and not unread then fate[name], why[name] = "gone", result end
    elseif persona.persona_name ~= name then
      if persona.persona_id ~= "p0000000000" then wrong("another's answer", persona.persona_name) end
    else
      fate[name] = "there"
      local done
      done, result = call(client.personas.delete, client.personas, persona.persona_id)
      fate[name] = done and result.status == 204 and "gone" or nil -- a fault may say 200, and delete nothing
    end
  end
end

local function go_on(till)
  for _ = 1, IN_FLIGHT do
    client:spawn(function() while made < till and not unexpected do one() end end)
  end
  client:run()
end

-- Compares what was made with what is there, and clears up.
local function look_at_rows()
  local seen = {}
  for persona in client.personas:each { persona_type = "user" } do
    local name = persona.persona_name
    if seen[name] then wrong("made twice", name) end
    if fate[name] == "gone" then wrong("there, though it should not be", name .. ": " .. tostring(why[name])) end
    seen[name] = persona.persona_id
  end
  for name, is in pairs(fate) do
    if is == "there" and not seen[name] then wrong("not there", name) end
  end
  seen.Soak = nil
  for _, id in pairs(seen) do assert(client.personas:delete(id)) end
  fate, why = {}, {}
end

local function measure(when)
  for _ = 1, 2 * IN_FLIGHT do client.personas:get(kept) end -- they meet the faults that nobody met
  look_at_rows()
  fill_pool()
  collectgarbage()
  collectgarbage()
  local found = { lua = collectgarbage "count", engine = tostring(http.engine()) }
  found.heap = heap.in_use() / 1024
  for line in io.lines "/proc/self/status" do
    found.rss = found.rss or tonumber(line:match "^VmRSS:%s*(%d+)")
  end
  -- Through a file: a pipe to the command would have ends here, too.
  local listed = os.tmpname()
  os.execute(("ls /proc/%d/fd >%s"):format(pid, listed))
  found.descriptors = 0
  for _ in io.lines(listed) do found.descriptors = found.descriptors + 1 end
  os.remove(listed)
  print(("%-8s heap %.1f KiB, Lua %.1f KiB, RSS %d KiB, %d descriptors, %s"):format(when, found.heap, found.lua, found.rss, found.descriptors,
    found.engine))
  return found
end

local before = measure "before"
local began, cpu = http.now(), os.clock()
go_on(wanted / 10) -- pools, caches and the allocator reach their size
local start = measure "start"
go_on(wanted * 0.55)
local middle = measure "middle"
go_on(wanted)
local last = measure "end"

local types = {}
for name, times in pairs(failed) do types[#types + 1] = ("%6d %s"):format(times, name) end
table.sort(types)
print(("%d calls, %d faults, %d calls sent more than once, failed:%s; %.0f s, CPU %.0f s"):format(made, faults_met, retried,
  (table.concat(types, ","):gsub("%s+", " ")), http.now() - began, os.clock() - cpu))
assert(not unexpected, unexpected)
for _, found in ipairs { start, middle, last } do
  assert(found.engine:find "%(0 under way, 0 waiting%)", "requests are left in the engine")
  assert(found.descriptors == before.descriptors, "descriptors grew")
end
for name, most in pairs { heap = sanitized and math.huge or 64, lua = 64 } do -- KiB: less than a byte a call
  local grown, since_start = last[name] - middle[name], last[name] - start[name]
  -- Since the start too: a table that fills grows in steps.
  assert(grown <= most and since_start <= 4 * most, ("%s: memory grew by %.1f, then by %.1f KiB"):format(name, since_start - grown, grown))
end
client:close()
