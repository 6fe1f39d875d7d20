--- Ids and timestamps in the shapes that Tavus uses.

local clock = require "tavus.sandbox.clock"
local httpd = require "tavus.sandbox.httpd"

local ids = {}

---@class tavus.sandbox.Ids
---@field state integer
---@field requests integer
---@field clock tavus.sandbox.Clock
local methods = {}
methods.__index = methods

-- Park and Miller's generator: its products stay below 2^53, so it gives the
-- same row on every Lua.
local function draw(self)
  self.state = self.state * 48271 % 2147483647
  return self.state
end

local function hex(self, digits)
  local parts = {}
  local left = digits
  while left > 0 do
    local n = left < 6 and left or 6
    parts[#parts + 1] = ("%06x"):format(draw(self) % 16777216):sub(1, n)
    left = left - n
  end
  return table.concat(parts)
end

--- A persona's id: `p` and 11 hex digits.
---@return string
function methods:persona() return "p" .. hex(self, 11) end

--- A conversation's id: `c` and 15 hex digits.
---@return string
function methods:conversation() return "c" .. hex(self, 15) end

--- The id of a thing of another kind: its letter and 12 hex digits.
---@param letter string
---@return string
function methods:thing(letter) return letter .. hex(self, 12) end

--- A meeting token: 32 hex digits.
---@return string
function methods:token() return hex(self, 32) end

--- The next `x-request-id`; no two of one sandbox are alike.
---@return string
function methods:request()
  self.requests = self.requests + 1
  return ("%08x%08x"):format(self.salt, self.requests)
end

--- The time now as a persona's row tells it: ISO 8601, microseconds, Z.
---@return string
function methods:timestamp()
  local now = math.floor(self.clock:now() * 1e6 + 0.5) -- whole microseconds: no 0.1 becomes 0.099999
  local second = math.floor(now / 1e6)
  if second ~= self.second then
    self.second, self.prefix = second, ("%04d-%02d-%02dT%02d:%02d:%02d."):format(httpd.utc(second))
  end
  return self.prefix .. ("%06dZ"):format(now - second * 1000000)
end

--- A new source of ids.
---@param seed integer|nil              the same seed gives the same ids; nil: others in every run
---@param own_clock tavus.sandbox.Clock|nil  where the times come from
---@return tavus.sandbox.Ids
function ids.new(seed, own_clock)
  local first = math.floor(seed or httpd.time() * 1e6) % 2147483646 + 1
  local self = setmetatable({ state = first, requests = 0, clock = own_clock or clock.new() }, methods)
  for _ = 1, 3 do draw(self) end
  self.salt = draw(self)
  return self
end

return ids
