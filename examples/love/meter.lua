-- Times of the frames, for the graph and for the report.
local Meter = {}
Meter.__index = Meter

function Meter.new() return setmetatable({}, Meter) end

function Meter:add(seconds) self[#self + 1] = seconds * 1000 end

--- "median 16.7, 99 of 100 below 17.1, worst 18.0 ms"
function Meter:__tostring()
  if #self == 0 then return "nothing measured" end
  local sorted = {}
  for i, ms in ipairs(self) do sorted[i] = ms end
  table.sort(sorted)
  local function at(share) return sorted[math.max(1, math.ceil(#sorted * share))] end
  return ("median %.2f, 99 of 100 below %.2f, worst %.2f ms"):format(at(0.5), at(0.99), at(1))
end

return Meter
