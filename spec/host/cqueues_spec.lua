-- A loop of lua-cqueues that serves a client through one descriptor.
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local foreign = require "spec.support.foreign"

local Loop = {}
Loop.__index = Loop

local function new_loop()
  return setmetatable({ queue = cqueues.new(), ended = false, ending = condition.new() }, Loop)
end

function Loop:watch(fd, fn)
  self.queue:wrap(function()
    local watched = { pollfd = fd, events = "r" }
    while not self.ended do
      if cqueues.poll(watched, self.ending) == watched then fn() end
    end
    cqueues.cancel(fd)
  end)
end

function Loop:after(seconds, fn)
  self.queue:wrap(function()
    cqueues.poll(self.ending, seconds)
    if not self.ended then fn() end
  end)
end

function Loop:run() assert(self.queue:loop()) end

function Loop:stop()
  self.ended = true
  self.ending:signal()
end

function Loop:close() self.queue:close() end

describe("lua-cqueues", function()
  local loop

  before_each(function() loop = new_loop() end)
  after_each(function() loop:close() end)

  for _, way in ipairs(foreign.ways) do
    describe("by " .. way, function()
      for _, case in ipairs(foreign.cases) do
        it(case.name, function() case.run(loop, way) end)
      end
    end)
  end
end)
