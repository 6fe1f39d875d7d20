--- What a reader sees of a stored row: secrets masked, members left out that
-- are not shown, the names of the path that was asked.

local names = require "tavus.sandbox.names"
local values = require "tavus.sandbox.values"

local views = {}

--- What a secret reads as.
views.MASK = "********"

--- The layers that hold an `api_key`.
views.SECRETIVE_LAYERS = { "llm", "tts" }

-- Members that the official description of the API lists for creating only.
local CREATE_ONLY = { "context", "pipeline_mode", "objectives_id", "guardrails_id" }

-- Members that it lists for reading one, and not in a list.
local NOT_IN_LISTS = { "headers", "extra_body" }

local LLM_DEFAULTS = { model = "tavus-gemma-4", speculative_inference = true }

local is_object, shallow = values.is_object, values.shallow

--- A layer of a persona, where it is one.
---@param persona table
---@param name string
---@return table|nil
function views.layer(persona, name)
  local layers = persona.layers
  local found = is_object(layers) and layers[name]
  return is_object(found) and found or nil
end

--- Is there an `api_key` in a layer?
---@param persona table
---@param name string
---@return boolean
function views.has_secret(persona, name)
  local found = views.layer(persona, name)
  return found ~= nil and values.is_text(found.api_key)
end

-- A copy down to one layer, which can be changed.
local function opened(persona, name)
  local copy = shallow(persona)
  copy.layers = shallow(persona.layers)
  copy.layers[name] = shallow(persona.layers[name])
  return copy, copy.layers[name]
end

--- The persona with its secrets masked, if such are the habits: a patch works on
-- this one, and everything that holds no secret is shared.
---@param settings table<string, any>
---@param persona table
---@return table
function views.masked(settings, persona)
  if not settings.mask_secrets then return persona end
  for _, name in ipairs(views.SECRETIVE_LAYERS) do
    if views.has_secret(persona, name) then
      local layer
      persona, layer = opened(persona, name)
      layer.api_key = views.MASK
    end
  end
  return persona
end

local function without_create_only(persona, in_list)
  persona = shallow(persona)
  for _, name in ipairs(CREATE_ONLY) do persona[name] = nil end
  if is_object(persona.layers) then
    persona.layers = shallow(persona.layers)
    persona.layers.conversational_flow = nil
  end
  if not views.layer(persona, "llm") then return persona end
  local llm
  persona, llm = opened(persona, "llm")
  llm.speculative_inference = nil
  for _, name in ipairs(in_list and NOT_IN_LISTS or {}) do llm[name] = nil end
  return persona
end

local function without_llm_defaults(persona)
  if not views.layer(persona, "llm") then return persona end
  local copy, llm = opened(persona, "llm")
  for name, value in pairs(LLM_DEFAULTS) do
    if llm[name] == value then llm[name] = nil end
  end
  return copy
end

local function shown(settings, persona, newer, in_list)
  persona = views.masked(settings, persona)
  if settings.create_only_fields == "hidden" then persona = without_create_only(persona, in_list) end
  if not settings.llm_defaults then persona = without_llm_defaults(persona) end
  return newer and names.newer("persona", persona) or persona
end

--- The persona as it is answered.
---@param settings table<string, any>
---@param persona table
---@param newer boolean|nil  under its newer names
---@return table
function views.persona(settings, persona, newer) return shown(settings, persona, newer, false) end

local function is_newer(settings, n)
  local naming = settings.list_names
  return naming == "pal" or naming == "mixed" and n % 2 == 0
end

--- The persona as a row of a list.
---@param settings table<string, any>
---@param persona table
---@param n integer  which row it is
---@param newer boolean|nil  a list of newer names
---@return table
function views.persona_row(settings, persona, n, newer)
  return shown(settings, persona, newer or is_newer(settings, n), true)
end

--- A conversation as a row of a list.
---@param settings table<string, any>
---@param row table
---@param n integer  which row it is
---@return table
function views.conversation_row(settings, row, n)
  return is_newer(settings, n) and names.newer("conversation", row) or row
end

return views
