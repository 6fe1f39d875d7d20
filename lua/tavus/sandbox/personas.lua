--- The operations on `/v2/personas` and its twin `/v2/pals`, each
-- `handler(context, id, query, body, route)`: with `route.newer` it is the twin.

local checks = require "tavus.sandbox.checks"
local core = require "tavus.core"
local drafts = require "tavus.sandbox.drafts"
local habits = require "tavus.sandbox.habits"
local names = require "tavus.sandbox.names"
local pages = require "tavus.sandbox.pages"
local patch_value = require "tavus.patch.values"
local patching = require "tavus.sandbox.patching"
local reply = require "tavus.sandbox.reply"
local values = require "tavus.sandbox.values"
local views = require "tavus.sandbox.views"

local personas = {}

local READ_ONLY = { "persona_id", "created_at", "updated_at" }

local is_object, shallow = values.is_object, values.shallow

local function check_replica(context, persona)
  for _, name in ipairs { "default_replica_id", "default_face_id" } do
    local replica = persona[name]
    if replica ~= nil and replica ~= core.null and not values.is_replica(replica) then
      return context:refuse "Invalid replica_uuid"
    end
  end
  return nil
end

local function fresh_id(context)
  local id
  repeat id = context.ids:persona() until not context:persona(id)
  return id
end

-- What is special about a persona that is made under its newer names.
local function check_newer(context, body)
  if type(body.default_face_id) == "string" then return nil end
  return context:bad_request { { path = "/default_face_id", message = "is required here, and default_replica_id is no substitute" } }
end

local function created(persona, newer)
  if not newer then
    return { persona_id = persona.persona_id, persona_name = persona.persona_name, created_at = persona.created_at }
  end
  return {
    pal_id = persona.persona_id, pal_name = persona.persona_name, pal_description = persona.pal_description,
    created_at = persona.created_at, tool_ids = persona.tool_ids or core.array {},
  }
end

function personas.create(context, _, _, body, route)
  local newer = route.newer
  if newer then
    local refused = check_newer(context, body)
    if refused then return refused end
    body = names.older("persona", body)
  end
  habits.fill_flow(context.settings, body)
  local refused = check_replica(context, body) or context:check_depth(body)
  if refused then return refused end
  local id = fresh_id(context)
  body.persona_id = id
  body.created_at = habits.timestamp(context)
  body.updated_at = body.created_at
  if body.persona_name == nil then body.persona_name = "" end
  context.stores.persona:insert(id, body)
  return reply.json(200, created(body, newer))
end

--- Puts a row there as it is: nothing is checked, filled in or dated, as with a
-- row that Tavus has had for years. It takes the place of the one with its id. A
-- row of /v2/pals is one of /v2/personas under other names.
---@param context tavus.sandbox.Context
---@param row table
---@return string|nil id
---@return string|nil message
function personas.put(context, row)
  if row.persona_id == nil and row.pal_id ~= nil then row = names.older("persona", row) end
  local id = row.persona_id
  if id == nil and row.data ~= nil and row.system_prompt == nil then
    return nil, "this is a whole answer: the persona is what stands in its data"
  end
  if id == nil then
    id = fresh_id(context)
    row.persona_id = id
  elseif type(id) ~= "string" or id == "" or id:find("/", 1, true) then
    return nil, "persona_id must be a text that is not empty and holds no /"
  elseif context.stock_by_id[id] then
    return nil, ("'%s' is the id of a stock persona"):format(id)
  end
  local flaw = context.depth_flaw(row)
  if flaw then return nil, "the persona is " .. flaw end
  drafts.forget(context, id)
  if context.stores.persona:get(id) then context.stores.persona:replace(id, row) else context.stores.persona:insert(id, row) end
  return id
end

function personas.list(context, _, query, _, route)
  local newer = route.newer
  local settings = context.settings
  local name = newer and query.pal_type ~= nil and "pal_type" or "persona_type"
  local kind = query[name]
  if kind ~= nil and kind ~= "user" and kind ~= "system" then
    return context:bad_request { { path = "/" .. name, message = "must be one of: user, system" } }
  end
  local users = kind == "system" and 0 or context.stores.persona.count
  local stock = kind == "user" and {} or context:stock_personas()
  return pages.list(context, query, users + #stock, function(n)
    local persona = n <= users and context.stores.persona:newest(n) or stock[n - users]
    return views.persona_row(settings, persona, n, newer)
  end, route.operation)
end

-- One persona, wrapped as one that is read.
local function in_shape(context, seen)
  local shape = context.settings.get_shape
  if shape == "array" then return reply.json(200, { data = core.array { seen } }) end
  if shape == "object" then return reply.json(200, { data = seen }) end
  return reply.json(200, seen)
end

function personas.get(context, id, query, _, route)
  local persona = context:persona(id)
  if not persona then return context:refuse "Invalid persona_id" end
  persona = drafts.to_read(context, persona, query) or persona
  return in_shape(context, views.persona(context.settings, persona, route.newer))
end

function personas.delete(context, id)
  if not context:remove("persona", id) then return context:refuse "Invalid persona_id" end
  drafts.forget(context, id)
  return reply.empty(204)
end

function personas.publish(context, id)
  local persona = context.stores.persona:get(id)
  if not persona then return context:refuse "Invalid persona_id" end
  local draft = drafts.drop(context, id)
  if draft then
    context.stores.persona:replace(id, draft)
    persona = draft
  end
  return reply.json(200, {
    status = "success", pal_id = id, pal_name = persona.persona_name, system_prompt = persona.system_prompt,
    updated_at = persona.updated_at,
  })
end

local function touches_llm(operations)
  for _, operation in ipairs(operations) do
    for _, path in ipairs(patching.places(operation)) do
      if path == "" or path == "/layers" or path == "/layers/llm" or path:find "^/layers/llm/" then return true end
    end
  end
  return false
end

-- A patch works on the persona as it is read, so a masked key can stand in the
-- result: the llm's must then have been left alone altogether (the stored key
-- is not taken over into a custom llm that is rewritten), any other is restored.
local function unmask(before, after, operations)
  if views.has_secret(before, "llm") and touches_llm(operations) then
    local llm = views.layer(after, "llm")
    if llm and values.is_text(llm.base_url) and (llm.api_key == nil or llm.api_key == views.MASK) then
      return checks.CUSTOM_LLM
    end
  end
  for _, name in ipairs(views.SECRETIVE_LAYERS) do
    local found = views.layer(after, name)
    if found and found.api_key == views.MASK and views.has_secret(before, name) then
      found.api_key = before.layers[name].api_key
    end
  end
  return nil
end

local function read_only_issues(before, after)
  local issues = {}
  for _, name in ipairs(READ_ONLY) do
    if after[name] ~= before[name] then
      issues[#issues + 1] = { path = "/" .. name, message = "is read only" }
    end
  end
  return issues
end

local function changed(context, persona, besides, newer)
  local answer = context.settings.patch_answer
  if answer == "no_content" then return reply.empty(204) end
  if answer == "empty" then return reply.empty(200) end
  if answer == "message" then return reply.json(200, { message = "The persona was updated" }) end
  local seen = views.persona(context.settings, persona, newer)
  if besides then
    seen = shallow(seen)
    for name, value in pairs(besides) do seen[name] = value end
  end
  if answer == "as_read" then return in_shape(context, seen) end
  return reply.json(200, seen)
end

local function without_read_only(persona)
  local writable = shallow(persona)
  for _, name in ipairs(READ_ONLY) do writable[name] = nil end
  return writable
end

-- What a check may change in a copy, or nil where nothing needs it.
local function stored(context, before)
  if context.settings.check_whole then return nil end
  return without_read_only(patch_value.copy(before))
end

function personas.patch(context, id, query, operations, route)
  local newer = route.newer
  local live = context.stores.persona:get(id)
  if not live then return context:refuse "Invalid persona_id" end
  local draft = drafts.to_patch(context, live, query)
  local before = draft or live
  if not patching.is_list(context.settings, operations) then return patching.no_patch() end
  local document = views.masked(context.settings, before)
  if newer then document = names.newer("persona", document) end
  local after, why = patching.apply(context.settings, document, operations)
  if after == nil then return patching.misfit(context, why) end
  if not is_object(after) then return context:bad_request { { path = "", message = "a persona is an object" } } end
  if newer then after = names.older("persona", after) end
  local issues = read_only_issues(before, after)
  if #issues > 0 then return context:bad_request(issues) end
  if context.settings.mask_secrets then
    local text = unmask(before, after, operations)
    if text then return context:refuse(text) end
  end
  habits.fill_flow(context.settings, after, before)
  if core.equal(before, after) then return patching.unchanged(context, "persona") end

  local writable = without_read_only(after)
  local refused = context:check("persona", writable, stored(context, before))
    or check_replica(context, after) or context:check_depth(after)
  if refused then return refused end
  -- The check may have left out members: those that are kept are in `writable`.
  for _, name in ipairs(READ_ONLY) do writable[name] = after[name] end
  after = writable
  if core.equal(before, after) then return patching.unchanged(context, "persona") end
  local besides
  refused, besides = drafts.conflict(context, id, query, operations)
  if refused then return refused end
  after.updated_at = habits.timestamp(context)
  if draft then besides = drafts.keep(context, id, after) else context.stores.persona:replace(id, after) end
  return changed(context, after, besides, newer)
end

return personas
