--- Members and choices that a generation of Tavus does not know yet. The contract has
-- the generation of each member ("G3+"); this file has the choices that are newer
-- than their fields.

local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"
local views = require "tavus.sandbox.views"

local generations = {}

--- The newest one.
generations.LATEST = 5

--- Choices that are newer than their fields, with their generation, by kind and place.
---@type table<string, table<string, table<string, integer>>>
generations.choices = {
  persona = {
    ["/layers/llm/model"] = {
      ["tavus-gpt-oss"] = 2, ["tavus-gpt-5.2"] = 3, ["tavus-gemini-3-flash"] = 3, ["tavus-gemini-2.5-flash"] = 3,
      ["tavus-claude-haiku-4.5"] = 3, ["tavus-gemma-4"] = 4, ["tavus-gemma-4-thinking"] = 4, ["tavus-glm-4.7"] = 4,
    },
    ["/layers/tts/tts_engine"] = { azure = 3 },
    ["/layers/stt/stt_engine"] = {
      ["tavus-auto"] = 3, ["tavus-parakeet"] = 3, ["tavus-soniox"] = 3, ["tavus-whisper"] = 3,
      ["tavus-deepgram-medical"] = 3,
    },
    ["/layers/perception/perception_model"] = { ["raven-1"] = 3, ["raven-2"] = 4 },
    ["/layers/conversational_flow/turn_detection_model"] = { timebased = 3, ["sparrow-2"] = 4 },
  },
}

-- The generation that a field came with, by the text of the contract; 0: at the latest with one ("<=G3"), or not known.
local function first(text) return text and tonumber(text:match "^G(%d)") or 0 end

-- The generation of a field and of its choices, the sibling that allows any choice,
-- and the fields below it by name.
local function known_of(field, later, path)
  local known = { since = first(field.generation), choices = later[path] or {}, custom = field.custom, below = {} }
  for _, child in ipairs(field.fields or {}) do
    known.below[child.name] = known_of(child, later, path .. "/" .. child.name)
  end
  return known
end

local roots = {}
for _, resource in ipairs(require("tavus.sandbox.contract").resources) do
  for _, operation in ipairs(resource.operations) do
    local kind = operation.body
    local shape = { fields = operation.fields or resource.fields }
    if kind then roots[kind] = known_of(shape, generations.choices[kind] or {}, "") end
  end
end

local function walk(known, value, path, generation, found)
  for name, item in pairs(value) do
    local field = item ~= core.null and known.below[name]
    local place = path .. "/" .. pointer.escape(name)
    if field and field.since > generation then
      found[#found + 1] = { path = place, code = "unknown_field", message = "is not known yet" }
    elseif field and views.is_object(item) then
      walk(field, item, place, generation, found)
    elseif field and (field.choices[item] or 0) > generation
      and not (field.custom and views.is_text(value[field.custom])) then
      found[#found + 1] = { path = place, code = "later_choice", message = ('"%s" is not known yet'):format(item) }
    end
  end
end

--- Finds members and choices that are newer than a generation.
---@param generation integer
---@param kind string  a kind of the contract
---@param value any
---@return { path: string, code: "unknown_field"|"later_choice", message: string }[]
function generations.later(generation, kind, value)
  local found = {}
  if generation == generations.LATEST or not views.is_object(value) then return found end
  walk(roots[kind], value, "", generation, found)
  table.sort(found, function(one, other) return one.path < other.path end)
  return found
end

return generations
