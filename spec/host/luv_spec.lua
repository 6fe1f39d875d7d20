-- A loop of lua-luv (libuv) that serves a client through one descriptor.
local uv = require "luv"
local foreign = require "spec.support.foreign"

local Loop = {}
Loop.__index = Loop

local function new_loop() return setmetatable({ handles = {} }, Loop) end

-- libuv ends the process when a callback raises.
function Loop:guarded(fn)
  return function(...)
    local ok, err = pcall(fn, ...)
    if ok then return end
    self.failed = self.failed or err
    uv.stop()
  end
end

function Loop:watch(fd, fn)
  local poll = uv.new_poll(fd)
  self.handles[#self.handles + 1] = poll
  poll:start("r", self:guarded(function(err)
    assert(not err, err)
    fn()
  end))
end

function Loop:after(seconds, fn)
  local timer = uv.new_timer()
  self.handles[#self.handles + 1] = timer
  timer:start(math.ceil(seconds * 1000), 0, self:guarded(fn))
end

function Loop:run()
  uv.run()
  if self.failed then error(self.failed, 0) end
end

function Loop:stop() -- luacheck: ignore 212
  uv.stop()
end

function Loop:close()
  for _, handle in ipairs(self.handles) do
    if not handle:is_closing() then handle:close() end
  end
  uv.run()
end

describe("lua-luv", function()
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
