--- The builder's draft of a persona, beside the live one. Tavus' documents differ on
-- a PATCH of a persona with a draft: it is refused until `?force=true` drops the
-- draft, or it changes the draft and not the live persona.

local reply = require "tavus.sandbox.reply"
local copy_of = require("tavus.sandbox.views").copy

local drafts = {}

local function are_written(settings) return settings.maker_changes and settings.draft_patches == "draft" end

--- The draft, if a PATCH changes that; nil if it changes the live persona.
---@param context tavus.sandbox.Context
---@param live table
---@param query table<string, string>
---@return table?
function drafts.to_patch(context, live, query)
  local id = live.persona_id
  if not are_written(context.settings) or query.target == "live" or context.habits.without_draft[id] then return nil end
  return context.habits.drafts[id] or live
end

--- Keeps a draft.
---@param context tavus.sandbox.Context
---@param id string
---@param draft table
---@return table members  of the answer, besides those of the persona
function drafts.keep(context, id, draft)
  context.habits.drafts[id] = draft
  context.stores.persona:touch()
  local publish_url = ("%s/v2/personas/%s/publish"):format(context.url, id)
  return { is_draft_view = true, has_unpublished_changes = true, publish_url = publish_url }
end

--- The draft, if the query asks for it.
---@param context tavus.sandbox.Context
---@param live table
---@param query table<string, string>
---@return table?
function drafts.to_read(context, live, query)
  if not are_written(context.settings) or query.source ~= "draft" then return nil end
  local row = context.habits.drafts[live.persona_id]
  local seen = copy_of(row or live)
  seen.is_draft_view, seen.has_unpublished_changes = true, row ~= nil
  return seen
end

--- Ends the draft of a persona.
---@param context tavus.sandbox.Context
---@param id string
---@return table? draft  if it differs from the live persona
function drafts.drop(context, id)
  local row = context.habits.drafts[id]
  context.habits.drafts[id], context.habits.without_draft[id] = nil, true
  context.stores.persona:touch()
  return row
end

--- Gives each persona a new draft.
---@param context tavus.sandbox.Context
function drafts.renew(context)
  context.habits.drafts, context.habits.without_draft = {}, {}
  context.stores.persona:touch()
end

--- Forgets a persona that was deleted or replaced.
---@param context tavus.sandbox.Context
---@param id string
function drafts.forget(context, id)
  context.habits.drafts[id], context.habits.without_draft[id] = nil, nil
end

local function is_conferencing_only(operations)
  for _, operation in ipairs(operations) do
    local path = operation.path
    if path ~= "/layers/conferencing" and not path:find "^/layers/conferencing/" then return false end
  end
  return true
end

--- Refuses a patch if the draft of the persona conflicts with it.
---@param context tavus.sandbox.Context
---@param id string
---@param query table<string, string>
---@param operations table  a patch that applies and changes something
---@return tavus.sandbox.Reply? refused
---@return table? members  of the answer, besides those of the persona
function drafts.conflict(context, id, query, operations)
  local settings = context.settings
  if not settings.maker_changes or settings.draft_patches ~= "conflict" or context.habits.without_draft[id]
    or is_conferencing_only(operations) then
    return nil
  end
  if query.force == "true" then
    drafts.drop(context, id)
    return nil, { discarded_maker_changes = true }
  end
  return reply.json(409, {
    message = "The builder holds changes that have not been published. Repeat with force=true to discard them.",
    conflict = "maker_changes",
  })
end

return drafts
