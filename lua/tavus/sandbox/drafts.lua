--- The builder's draft of a persona, which stands beside what is live. Tavus'
-- documents differ on what a PATCH does where there is one: it is refused until
-- `?force=true` drops the draft, or it changes the draft and not the persona.

local reply = require "tavus.sandbox.reply"
local shallow = require("tavus.sandbox.values").shallow

local drafts = {}

local function are_written(settings) return settings.maker_changes and settings.draft_patches == "draft" end

--- The persona that a PATCH changes, if that is the draft: of one whose draft was published there is none.
---@param context tavus.sandbox.Context
---@param live table
---@param query table<string, string>
---@return table|nil
function drafts.to_patch(context, live, query)
  local id = live.persona_id
  if not are_written(context.settings) or query.target == "live" or context.habits.without_draft[id] then return nil end
  return context.habits.drafts[id] or live
end

--- Keeps a draft.
---@param context tavus.sandbox.Context
---@param id string
---@param draft table
---@return table members  what the answer tells besides the persona
function drafts.keep(context, id, draft)
  context.habits.drafts[id] = draft
  context.stores.persona:touch()
  return { is_draft_view = true, has_unpublished_changes = true, publish_url = ("%s/v2/personas/%s/publish"):format(context.url, id) }
end

--- The draft, where a reader asks for that.
---@param context tavus.sandbox.Context
---@param live table
---@param query table<string, string>
---@return table|nil
function drafts.to_read(context, live, query)
  if not are_written(context.settings) or query.source ~= "draft" then return nil end
  local row = context.habits.drafts[live.persona_id]
  local seen = shallow(row or live)
  seen.is_draft_view, seen.has_unpublished_changes = true, row ~= nil
  return seen
end

--- Ends the draft of a persona.
---@param context tavus.sandbox.Context
---@param id string
---@return table|nil draft  what it was, where it differs from what is live
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

--- Forgets a persona that is gone.
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

--- Does the draft of a persona stand in the way of a patch?
---@param context tavus.sandbox.Context
---@param id string
---@param query table<string, string>
---@param operations table  a patch that applies and changes something
---@return tavus.sandbox.Reply|nil refused
---@return table|nil members  what the answer tells besides the persona
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
