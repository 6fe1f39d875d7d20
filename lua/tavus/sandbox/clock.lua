--- The sandbox's clock: the system's until it is set, then it stands still, so that a
-- test sees the same times in every run.

local decimal = require("tavus.options").decimal
local httpd = require "tavus.sandbox.httpd"

local clock = {}

---@class tavus.sandbox.Clock
---@field fixed number?  seconds since 1970, once it is set
local methods = {}
methods.__index = methods

--- The time that makes the clock run again.
clock.SYSTEM = "system"

local LAST = 253402300799 -- the last second of the year 9999

local WANTED = "a time is seconds since 1970 (to the year 9999), ISO 8601 text as in \"2026-03-01T12:00:00Z\", "
  .. "or \"system\""

-- Days from 1970-01-01 to a date; years begin in March here, so that the leap
-- day is the last of its year.
local function days(year, month, day)
  if month < 3 then year, month = year - 1, month + 12 end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local LENGTHS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_date(year, month, day)
  if month < 1 or month > 12 or day < 1 or day > LENGTHS[month] then return false end
  return month ~= 2 or day < 29 or year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

-- "Z", "+02:00" and the like as seconds; without a zone a time is UTC.
local function zone_seconds(zone)
  if zone == "" or zone == "Z" or zone == "z" then return 0 end
  local sign, hours, minutes = zone:match "^([+-])(%d%d):?(%d%d)$"
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then return nil end
  return (hours * 3600 + minutes * 60) * (sign == "+" and 1 or -1)
end

local function from_text(text)
  local year, month, day, rest = text:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$"
  if not year or not is_date(tonumber(year), tonumber(month), tonumber(day)) then return nil end
  local midnight = days(tonumber(year), tonumber(month), tonumber(day)) * 86400
  if rest == "" then return midnight end
  local hour, minute, second, zone = rest:match "^[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$"
  if not hour or tonumber(hour) > 23 or tonumber(minute) > 59 or decimal(second) >= 60 then
    return nil
  end
  local offset = zone_seconds(zone)
  return offset and midnight + hour * 3600 + minute * 60 + decimal(second) - offset
end

--- Reads a time.
---@param time number|string seconds since 1970, ISO 8601, or "system"
---@return number|string? seconds or "system"
---@return string? message
function clock.read(time)
  if time == clock.SYSTEM then return time end
  local seconds = time
  if type(time) == "string" then seconds = from_text(time) end
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= LAST) then return nil, WANTED end
  return seconds
end

--- The time in seconds since 1970.
---@return number
function methods:now() return self.fixed or httpd.time() end

--- Sets it; it stands still from then on.
---@param time number|string what `clock.read` gave
function methods:set(time)
  if time == clock.SYSTEM then self.fixed = nil else self.fixed = time end
end

--- A clock that follows the system's.
---@return tavus.sandbox.Clock
function clock.new() return setmetatable({}, methods) end

return clock
