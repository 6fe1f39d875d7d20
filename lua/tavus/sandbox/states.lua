--- Rows that become ready in time, as the contract's `states` say: a face that trains, a
-- video that renders, a document that is read. The switches `<resource>_ms` and
-- `<resource>_error` say how long it takes and whether it fails; those of the time when
-- the row was made count. The time is the sandbox's clock.

local by_name = {}
for _, resource in ipairs(require("tavus.sandbox.contract").resources) do by_name[resource.name] = resource end
local copy_of = require("tavus.sandbox.views").copy
local core = require "tavus.core"
local habits = require "tavus.sandbox.habits"

local states = {}

---@class tavus.sandbox.Pending  never changed, so that snapshots can share it
---@field name string    of the resource
---@field id string
---@field began number   seconds since 1970
---@field ms integer     how long it takes
---@field reason string  why it fails; "": it does not

-- Members of a row that is ready; %s is its id.
local READY = {
  video = {
    download_url = "https://videos.example.com/%s.mp4", stream_url = "https://videos.example.com/%s.m3u8",
    still_image_thumbnail_url = "https://videos.example.com/%s.jpg",
    gif_thumbnail_url = "https://videos.example.com/%s.gif",
  },
  replica = { thumbnail_video_url = "https://videos.example.com/%s.mp4" },
  lipsync = { video_url = "https://videos.example.com/%s.mp4" },
  transcription = { text = "This is what %s says." },
}

local function type_of(resource, name)
  for _, field in ipairs(resource.fields) do
    if field.name == name then return field.type end
  end
end

-- The row when `part` (0 to 1) of the time is over.
local function at(context, resource, row, pending, part)
  local data, changes = resource.states, {}
  local percent = math.floor(part * 100)
  if part < 1 then
    changes[data.field] = row[data.field]
    local place = math.floor(part * #data.path) + 1
    -- What is not on the way, as a document that is read again, stays what it is until then.
    for i, status in ipairs(data.path) do
      if status == row[data.field] and i < place then changes[data.field] = data.path[place] end
    end
  elseif pending.reason == "" then
    changes[data.field] = data.ready
    for name, text in pairs(READY[resource.name] or {}) do changes[name] = text:format(pending.id) end
  else
    changes[data.field] = data.failed[1]
    if data.reasons then changes[data.reasons[1]] = pending.reason end
  end
  if data.progress and (part < 1 or pending.reason == "") then
    changes[data.progress] = type_of(resource, data.progress) == "string" and percent .. "/100" or percent
  end
  local after = copy_of(row, changes)
  if not core.equal(after, row) and type_of(resource, "updated_at") then
    after.updated_at = habits.timestamp(context, resource.name)
  end
  return after
end

--- Begins the way of a row to its state of readiness.
---@param context tavus.sandbox.Context
---@param resource table  its contract
---@param row table  changed in place
---@param status string?  the state that it begins in; default: the first of the way
function states.begin(context, resource, row, status)
  local data = resource.states
  if not data then return end
  local id, name = row[resource.id_field], resource.name
  row[data.field] = status or data.path[1]
  if data.reasons then row[data.reasons[1]] = core.null end
  if data.progress then row[data.progress] = type_of(resource, data.progress) == "string" and "0/100" or 0 end
  context.habits.pending[name .. "/" .. id] = {
    name = name, id = id, began = context.clock:now(),
    ms = context.settings[name .. "_ms"], reason = context.settings[name .. "_error"],
  }
end

--- Brings the rows that are on their way to their states of now.
---@param context tavus.sandbox.Context
function states.move(context)
  local pending = context.habits.pending
  if next(pending) == nil then return end
  local now, keys = context.clock:now(), {}
  for key in pairs(pending) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do
    local one = pending[key]
    local rows = context.stores[one.name]
    local row = rows:get(one.id)
    local part = one.ms == 0 and 1 or math.max(0, math.min((now - one.began) * 1000 / one.ms, 1))
    if row then
      local after = at(context, by_name[one.name], row, one, part)
      if not core.equal(after, row) then rows:put(one.id, after) end
    end
    if not row or part == 1 then pending[key] = nil end
  end
end

local function is_final(data, status)
  for _, failed in ipairs(data.failed) do
    if status == failed then return true end
  end
  return status == data.ready
end

--- Begins again what was on its way when the data file was written.
---@param context tavus.sandbox.Context
function states.resume(context)
  for name, resource in pairs(by_name) do
    local data, rows = resource.states, context.stores[name]
    for n = 1, data and rows.count or 0 do
      local row = rows:newest(n)
      if not is_final(data, row[data.field]) then
        row = copy_of(row)
        states.begin(context, resource, row, row[data.field])
        rows:put(row[resource.id_field], row)
      end
    end
  end
end

return states
