-- Calls that wait in coroutines of lua-cqueues, through a host of the program's own. Run: `lua5.4 examples/cqueues.lua`
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local tavus = require "tavus"

-- The calls that wait: a condition for each request.
local waiting = setmetatable({}, { __mode = "k" })

-- One call's step may end the request of another, so every step signals all that are done.
local function step(engine)
  engine:step(0)
  for request, done in pairs(waiting) do
    if request:done() then
      waiting[request] = nil
      done:signal()
    end
  end
end

local host = {}

-- Outside of the loop the program waits as ever.
function host.serves() return cqueues.running() ~= nil end

function host.perform(engine, request)
  local done, fd = condition.new(), engine:fd()
  waiting[request] = done
  step(engine)
  while not request:done() do
    -- Systems without epoll have no descriptor to poll.
    if fd then cqueues.poll({ pollfd = fd, events = "r" }, done) else cqueues.poll(done, 0.005) end
    step(engine)
  end
end

function host.sleep(_, seconds) cqueues.sleep(seconds) end

assert(require("tavus.host").register(host))

local client = assert(tavus.new())
local loop = cqueues.new()
local answered = 0

for i = 1, 3 do
  loop:wrap(function()
    local list = assert(client.personas:list { limit = i })
    answered = answered + 1
    print(("asked for %d, got %d of %d personas"):format(i, #list.data, list.total_count))
  end)
end
loop:wrap(function()
  local ticks = 0
  while answered < 3 do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
  print("the loop went on meanwhile: " .. ticks .. " ticks")
end)

assert(loop:loop())
client:close()
