--- Rows as values, and what a reader sees of a stored row: secrets masked, hidden
-- members left out, the names of the path that was asked. Rows are stored under the
-- older names, those of `/v2/personas`; the contract says which field is whose twin.

local core = require "tavus.core"

local views = {}

--- What a secret reads as.
views.MASK = "********"

--- The layers that hold an `api_key`.
views.SECRETIVE_LAYERS = { "llm", "tts" }

-- Members that the official description of the API lists for creating only.
local CREATE_ONLY = { "context", "pipeline_mode", "objectives_id", "guardrails_id" }

-- Members that it lists for reading one persona, and not for a list.
local NOT_IN_LISTS = { "headers", "extra_body" }

local LLM_DEFAULTS = { model = "tavus-gemma-4", speculative_inference = true }

--- Whether a value is what JSON calls an object.
---@param value any
---@return boolean
function views.is_object(value) return type(value) == "table" and not core.is_array(value) end

--- Whether a value is a text that is not empty: an empty one counts as left out.
---@param value any
---@return boolean
function views.is_text(value) return type(value) == "string" and value ~= "" end

--- A new table with the same members. A stored row is never changed but replaced
-- by such a copy, so that snapshots can share it.
---@param row table
---@param changes table?  members to overwrite in the copy
---@return table
function views.copy(row, changes)
  local copy = {}
  for name, item in pairs(row) do copy[name] = item end
  for name, item in pairs(changes or {}) do copy[name] = item end
  return copy
end

local is_object, copy_of = views.is_object, views.copy

-- The twins of a shape's fields by name, and the trees of the shapes below it; nil without twins.
local function tree_of(fields)
  local tree = { newer = {}, older = {}, below = {} }
  for _, field in ipairs(fields or {}) do
    if field.twin then tree.newer[field.twin], tree.older[field.name] = field.name, field.twin end
    tree.below[field.name] = tree_of(field.fields)
  end
  return (next(tree.newer) or next(tree.below)) and tree or nil
end

local trees = {}
for _, resource in ipairs(require("tavus.sandbox.contract").resources) do
  trees[resource.name] = tree_of(resource.fields)
end

local function renamed(tree, naming, value)
  if not tree or not is_object(value) or next(value) == nil then return value end
  local copy = {}
  for name, item in pairs(value) do
    local other = tree[naming][name]
    if other == nil or value[other] ~= nil then other = name end -- with both names present, each stays
    copy[other] = tree.below[name] and renamed(tree.below[name], naming, item) or item
  end
  return copy
end

--- A row under its newer names, those of `/v2/pals`.
---@param resource string  name of the resource in the contract
---@param row table
---@return table  a new one where anything is renamed; it shares the rest
function views.newer(resource, row) return renamed(trees[resource], "newer", row) end

--- A row under its older names.
---@param resource string
---@param row table
---@return table
function views.older(resource, row) return renamed(trees[resource], "older", row) end

--- A layer of a persona, if it is an object.
---@param persona table
---@param name string
---@return table?
function views.layer(persona, name)
  local found = is_object(persona.layers) and persona.layers[name]
  return is_object(found) and found or nil
end

--- Whether a layer has an `api_key`.
---@param persona table
---@param name string
---@return boolean
function views.has_secret(persona, name)
  local found = views.layer(persona, name)
  return found ~= nil and views.is_text(found.api_key)
end

-- A copy of the persona, and in it a copy of one layer that may be changed.
local function with_own_layer(persona, name)
  local copy = copy_of(persona)
  copy.layers = copy_of(persona.layers)
  copy.layers[name] = copy_of(persona.layers[name])
  return copy, copy.layers[name]
end

--- A copy in which every secret of the contract is masked.
---@param shape table  a resource or field of the contract
---@param value table
---@return table
function views.without_secrets(shape, value)
  local copy = copy_of(value)
  for _, field in ipairs(shape.fields or {}) do
    local item = value[field.name]
    if field.secret and views.is_text(item) then
      copy[field.name] = views.MASK
    elseif is_object(item) then
      copy[field.name] = views.without_secrets(field, item)
    end
  end
  if shape.other and shape.other.secret then
    for name, item in pairs(value) do
      if views.is_text(item) then copy[name] = views.MASK end
    end
  end
  return copy
end

--- The persona with its secrets masked, unless that is switched off. A patch works
-- on this one; what holds no secret is shared.
---@param settings table<string, any>
---@param persona table
---@return table
function views.masked(settings, persona)
  if not settings.mask_secrets then return persona end
  for _, name in ipairs(views.SECRETIVE_LAYERS) do
    if views.has_secret(persona, name) then
      local layer
      persona, layer = with_own_layer(persona, name)
      layer.api_key = views.MASK
    end
  end
  return persona
end

local function without_create_only(persona, in_list)
  persona = copy_of(persona)
  for _, name in ipairs(CREATE_ONLY) do persona[name] = nil end
  if is_object(persona.layers) then
    persona.layers = copy_of(persona.layers)
    persona.layers.conversational_flow = nil
  end
  if not views.layer(persona, "llm") then return persona end
  local llm
  persona, llm = with_own_layer(persona, "llm")
  llm.speculative_inference = nil
  for _, name in ipairs(in_list and NOT_IN_LISTS or {}) do llm[name] = nil end
  return persona
end

local function without_llm_defaults(persona)
  if not views.layer(persona, "llm") then return persona end
  local copy, llm = with_own_layer(persona, "llm")
  for name, value in pairs(LLM_DEFAULTS) do
    if llm[name] == value then llm[name] = nil end
  end
  return copy
end

local function shown(settings, persona, newer, in_list)
  persona = views.masked(settings, persona)
  if settings.create_only_fields == "hidden" then persona = without_create_only(persona, in_list) end
  if not settings.llm_defaults then persona = without_llm_defaults(persona) end
  return newer and views.newer("persona", persona) or persona
end

--- The persona as it is answered.
---@param settings table<string, any>
---@param persona table
---@param newer boolean?  under its newer names
---@return table
function views.persona(settings, persona, newer) return shown(settings, persona, newer, false) end

local function is_newer(settings, n)
  local naming = settings.list_names
  return naming == "pal" or naming == "mixed" and n % 2 == 0
end

--- The persona as a row of a list.
---@param settings table<string, any>
---@param persona table
---@param n integer  position in the list
---@param newer boolean?  the list has the newer names
---@return table
function views.persona_row(settings, persona, n, newer)
  return shown(settings, persona, newer or is_newer(settings, n), true)
end

--- A conversation as a row of a list.
---@param settings table<string, any>
---@param row table
---@param n integer  position in the list
---@return table
function views.conversation_row(settings, row, n)
  return is_newer(settings, n) and views.newer("conversation", row) or row
end

return views
