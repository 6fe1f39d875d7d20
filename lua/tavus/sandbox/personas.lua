--- The operations on `/v2/personas`, and its twin `/v2/pals`, that are special to
-- personas; generic.lua serves the others and says what a handler is.

local checks = require "tavus.sandbox.checks"
local core = require "tavus.core"
local drafts = require "tavus.sandbox.drafts"
local habits = require "tavus.sandbox.habits"
local custom_llm = require "tavus.sandbox.llm"
local patch_value = require "tavus.patch.values"
local patching = require "tavus.sandbox.patching"
local reply = require "tavus.sandbox.reply"
local ties = require "tavus.sandbox.ties"
local views = require "tavus.sandbox.views"

local personas = {}

local READ_ONLY = { "persona_id", "created_at", "updated_at" }

local is_object, copy_of = views.is_object, views.copy

-- What a persona needs that is made under its newer names.
local function check_newer(context, body)
  if type(body.default_face_id) == "string" then return nil end
  local message = "default_face_id is required when creating a pal."
  return context:bad_request { { path = "/default_face_id", message = message } }
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

function personas.create(context, call)
  local body, newer = call.body, call.newer
  if newer then
    local refused = check_newer(context, body)
    if refused then return refused end
    body = views.older("persona", body)
  end
  habits.fill_flow(context.settings, body)
  local refused = ties.refuse(context, "persona", body) or context:check_depth(body)
  if refused then return refused end
  local flaw = custom_llm.flaw(context.settings, body)
  if flaw then return context:refuse(flaw) end
  local id = context:fresh_id "persona"
  body.persona_id = id
  body.created_at = habits.timestamp(context)
  body.updated_at = body.created_at
  if body.persona_name == nil then body.persona_name = "" end
  call.rows:put(id, body)
  return reply.json(200, created(body, newer))
end

--- Stores a row as it is: nothing is checked, filled in or dated, as with a row that
-- Tavus has had for years. It replaces the row with its id. A row may have the names
-- of `/v2/pals`.
---@param context tavus.sandbox.Context
---@param row table
---@return string? id
---@return string? message
function personas.put(context, row)
  if row.persona_id == nil and row.pal_id ~= nil then row = views.older("persona", row) end
  local id = row.persona_id
  if id == nil and row.data ~= nil and row.system_prompt == nil then
    return nil, "this is a whole answer: give the persona in its data"
  end
  if id == nil then
    id = context:fresh_id "persona"
    row.persona_id = id
  elseif type(id) ~= "string" or id == "" or id:find("/", 1, true) then
    return nil, "persona_id must be a text that is not empty and does not hold a /"
  elseif context.stock_by_id[id] then
    return nil, ("'%s' is the id of a stock persona"):format(id)
  end
  local flaw = context.depth_flaw(row)
  if flaw then return nil, "the persona is " .. flaw end
  drafts.forget(context, id)
  context.stores.persona:put(id, row)
  return id
end

function personas.list(context, call)
  local newer, query, settings = call.newer, call.query, context.settings
  local name = newer and query.pal_type ~= nil and "pal_type" or "persona_type"
  local kind = query[name]
  if kind ~= nil and kind ~= "user" and kind ~= "system" then
    return context:bad_request { { path = "/" .. name, message = "must be one of: user, system" } }
  end
  local users = kind == "system" and 0 or call.rows.count
  local stock = kind == "user" and {} or context:stock_personas()
  return reply.list(context, call, users + #stock, function(n)
    local persona = n <= users and call.rows:newest(n) or stock[n - users]
    return views.persona_row(settings, persona, n, newer)
  end)
end

-- One persona, wrapped as one that is read.
local function in_shape(context, seen)
  local shape = context.settings.get_shape
  if shape == "array" then return reply.json(200, { data = core.array { seen } }) end
  if shape == "object" then return reply.json(200, { data = seen }) end
  return reply.json(200, seen)
end

function personas.get(context, call)
  local persona = drafts.to_read(context, call.row, call.query) or call.row
  return in_shape(context, views.persona(context.settings, persona, call.newer))
end

function personas.publish(context, call)
  local id, persona = call.ids[1], call.row
  local draft = drafts.drop(context, id)
  if draft then
    call.rows:put(id, draft)
    persona = draft
  end
  return reply.json(200, {
    status = "success", pal_id = id, pal_name = persona.persona_name, system_prompt = persona.system_prompt,
    updated_at = persona.updated_at,
  })
end

-- Makes another persona of one. A name that the body has is that of the path's vocabulary.
function personas.clone(context, call)
  local body = copy_of(call.row, views.older("persona", call.body))
  return personas.create(context, { body = body, rows = call.rows })
end

function personas.check_username(context, call)
  local rows, wanted = context.stores.persona, call.query.username
  for n = 1, rows.count do
    local conferencing = views.layer(rows:newest(n), "conferencing")
    if conferencing and conferencing.username == wanted then
      return reply.json(200, { available = false, reason = "The username is taken" })
    end
  end
  return reply.json(200, { available = true })
end

local function touches_llm(operations)
  for _, operation in ipairs(operations) do
    for _, path in ipairs(patching.places(operation)) do
      if path == "" or path == "/layers" or path == "/layers/llm" or path:find "^/layers/llm/" then return true end
    end
  end
  return false
end

-- A patch works on the persona as it is read, so the result can have a masked key. It
-- is replaced by the stored one, but for an llm that the patch touches: a custom llm
-- must bring its key again. Returns the text of the refusal, or nil.
local function unmask(before, after, operations)
  if views.has_secret(before, "llm") and touches_llm(operations) then
    local llm = views.layer(after, "llm")
    if llm and views.is_text(llm.base_url) and (llm.api_key == nil or llm.api_key == views.MASK) then
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

-- The answer to a PATCH: the persona and `more` members.
local function changed(context, persona, more, newer)
  local answer = context.settings.patch_answer
  if answer == "no_content" then return reply.empty(204) end
  if answer == "empty" then return reply.empty(200) end
  if answer == "message" then return reply.json(200, { message = "The persona was updated" }) end
  local seen = views.persona(context.settings, persona, newer)
  if more then seen = copy_of(seen, more) end
  if answer == "as_read" then return in_shape(context, seen) end
  return reply.json(200, seen)
end

local function without_read_only(persona)
  local writable = copy_of(persona)
  for _, name in ipairs(READ_ONLY) do writable[name] = nil end
  return writable
end

-- A copy that the check may change, or nil if the check does not compare.
local function stored(context, before)
  if context.settings.check_whole then return nil end
  return without_read_only(patch_value.copy(before))
end

function personas.patch(context, call)
  local id, query, operations, newer = call.ids[1], call.query, call.body, call.newer
  local draft = drafts.to_patch(context, call.row, query)
  local before = draft or call.row
  if not patching.is_list(context.settings, operations) then return patching.no_patch() end
  local document = views.masked(context.settings, before)
  if newer then document = views.newer("persona", document) end
  local after, why = patching.apply(context.settings, document, operations)
  if after == nil then return patching.misfit(context, why) end
  if not is_object(after) then return context:bad_request { { path = "", message = "a persona is an object" } } end
  if newer then after = views.older("persona", after) end
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
    or ties.refuse(context, "persona", after) or context:check_depth(after)
  if refused then return refused end
  -- The check may have removed members from `writable`.
  for _, name in ipairs(READ_ONLY) do writable[name] = after[name] end
  after = writable
  if core.equal(before, after) then return patching.unchanged(context, "persona") end
  local flaw = custom_llm.flaw(context.settings, after)
  if flaw then return context:refuse(flaw) end
  local more
  refused, more = drafts.conflict(context, id, query, operations)
  if refused then return refused end
  after.updated_at = habits.timestamp(context)
  if draft then more = drafts.keep(context, id, after) else call.rows:put(id, after) end
  return changed(context, after, more, newer)
end

return personas
