--- What Tavus does to a persona or a request without being asked. Each habit has its
-- switch in `settings`.

local core = require "tavus.core"
local generations = require "tavus.sandbox.generations"
local httpd = require "tavus.sandbox.httpd"
local reply = require "tavus.sandbox.reply"
local rows_data = require "tavus.sandbox.rows"
local views = require "tavus.sandbox.views"

local habits = {}

---@class tavus.sandbox.Habits
---@field stamps integer       how many timestamps were given
---@field without_draft table<string, boolean>  personas whose builder draft was dropped, by id
---@field drafts table<string, table>  builder drafts that differ from the live persona, by id
---@field pending table<string, tavus.sandbox.Pending>  rows on their way, by resource and id
---@field crawled table<string, number>  when a document was last read again, by id
---@field window number?  when the window of the rate limit began
---@field served integer       requests in it
---@field windows table<string, { ends: number, served: integer }>  of calls that Tavus limits, by call and row

--- What the habits of a fresh sandbox remember.
---@return tavus.sandbox.Habits
function habits.new()
  return {
    stamps = 0, without_draft = {}, drafts = {}, pending = {}, crawled = {}, window = nil, served = 0, windows = {},
  }
end

-- Conversational flow ------------------------------------------------------

local FLOW = {
  turn_detection_model = "sparrow-1",
  turn_taking_patience = "medium",
  replica_interruptibility = "medium",
  voice_isolation = "near",
  wake_phrase = core.null,
  idle_engagement = "off",
}

-- The members that a generation fills in: those that it knows.
local function flow_in(generation)
  local filled = {}
  for name, value in pairs(FLOW) do
    local persona = { layers = { conversational_flow = { [name] = value == core.null and "" or value } } }
    if #generations.later(generation, "persona", persona) == 0 then filled[name] = value end
  end
  return filled
end

local FILLED = {}
for generation = 1, generations.LATEST do FILLED[generation] = flow_in(generation) end

-- Names on /v2/pals.
local TWIN = { replica_interruptibility = "pal_interruptibility" }

local function flow_of(persona) return views.layer(persona, "conversational_flow") end

local function missing(value) return value == nil or value == core.null end

--- Fills in the missing members of a conversational flow. One without any member set
-- is off and stays as it is; so does one that a patch did not change.
---@param settings table<string, any>
---@param persona table  changed in place
---@param before table?  for a patch: the persona as it was
function habits.fill_flow(settings, persona, before)
  local flow = settings.flow_defaults and flow_of(persona)
  if not flow or before and core.equal(flow, flow_of(before)) then return end
  local any = false
  for _, value in pairs(flow) do any = any or value ~= core.null end
  if not any then return end
  for name, value in pairs(FILLED[settings.generation]) do
    if missing(flow[name]) and missing(TWIN[name] and flow[TWIN[name]]) then flow[name] = value end
  end
end

-- Names --------------------------------------------------------------------

-- The names of the field that rows of a resource are found by, by the name of the resource.
local NAMED = {}
for _, resource in ipairs(core.contract().resources) do
  local names = {}
  for _, field in ipairs(resource.name_field and resource.fields or {}) do
    if field.name == resource.name_field or field.twin == resource.name_field then names[#names + 1] = field.name end
  end
  NAMED[resource.name] = names
end

local function plain(name) return (name:gsub("[%p%s]+", " ")) end

--- Takes the punctuation out of the names in a body, if the switch says so.
---@param settings table<string, any>
---@param resource string  its name
---@param body any  an object or a JSON Patch; changed in place
function habits.rename(settings, resource, body)
  if settings.stored_names == "kept" or type(body) ~= "table" then return end
  for _, name in ipairs(NAMED[resource]) do
    if type(body[name]) == "string" then body[name] = plain(body[name]) end
    for _, operation in ipairs(body) do
      local is_name = type(operation) == "table" and operation.op ~= "test" and operation.path == "/" .. name
      if is_name and type(operation.value) == "string" then operation.value = plain(operation.value) end
    end
  end
end

-- Times --------------------------------------------------------------------

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

-- HTTP's date, whatever the locale.
local function http_date(time)
  local year, month, day, hour, minute, second, weekday = httpd.utc(time)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[weekday], day, MONTHS[month], year, hour, minute, second)
end

local IN_TURN = { "zone", "no_zone", "empty" }

--- The time now, in the style of the resource, or else of the switch `timestamps`.
---@param context tavus.sandbox.Context
---@param resource string?  its name
---@return string
function habits.timestamp(context, resource)
  local style = rows_data.times[resource] or context.settings.timestamps
  if style == "rfc1123" then return http_date(math.floor(context.clock:now())) end
  local time = context.ids:timestamp()
  if style == "zone" then return time end
  if style == "mixed" then
    style = IN_TURN[context.habits.stamps % #IN_TURN + 1]
    context.habits.stamps = context.habits.stamps + 1
  end
  if style == "empty" then return "" end
  if style == "no_zone" then return (time:gsub("Z$", "")) end
  return time
end

-- Rate ---------------------------------------------------------------------

local ADVICE = {
  none = function() return nil end,
  seconds = function(_, left) return { ["Retry-After"] = ("%d"):format(math.ceil(left)) } end,
  date = function(now, left) return { ["Retry-After"] = http_date(math.ceil(now + left)) } end,
  ms = function(_, left) return { ["retry-after-ms"] = ("%d"):format(math.ceil(left * 1000)) } end,
}

--- Counts a request, and refuses it above the rate limit.
---@param context tavus.sandbox.Context
---@return tavus.sandbox.Reply? refused
function habits.limit_rate(context)
  local settings, state = context.settings, context.habits
  if settings.rate_limit == 0 then return nil end
  local now, length = context.clock:now(), settings.rate_window_ms / 1000
  if not state.window or now >= state.window + length or now < state.window then
    state.window, state.served = now, 0
  end
  if state.served < settings.rate_limit then
    state.served = state.served + 1
    return nil
  end
  local headers = ADVICE[settings.retry_after](now, state.window + length - now)
  return reply.failure(429, "message", "Too Many Requests", headers)
end

return habits
