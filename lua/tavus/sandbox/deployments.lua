--- The operations on `/v2/deployments` that are special: the password is never shown, and
-- a page's own calls. generic.lua serves the others and says what a handler is.

local conversations = require "tavus.sandbox.conversations"
local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local deployments = {}

local function has_password(row) return views.is_text(row.password) end

--- The row as it is shown.
local function seen(row)
  local copy = views.copy(row, { has_password = has_password(row) })
  copy.password = nil
  return copy
end

function deployments.create(context, call)
  if not context:row("persona", call.body.pal_id) then return context:refuse "Invalid pal_id" end
  generic.answer(context, call)
  return reply.json(200, seen((call.rows:newest(1))))
end

function deployments.list(context, call) return generic.list(context, call, seen) end

function deployments.get(_, call) return reply.json(200, seen(call.row), { ETag = generic.etag(call.row) }) end

function deployments.patch(context, call)
  local answer = generic.answer(context, call)
  if answer.status ~= 200 then return answer end
  return deployments.get(context, { row = call.rows:get(call.ids[1]) })
end

function deployments.init(_, call)
  local row = call.row
  return reply.json(200, {
    customization = row.customization, limits = row.limits, has_password = has_password(row),
    show_tavus_branding = true, captcha = core.null, is_available = row.status == "active",
    unavailable_reason = core.null,
  })
end

function deployments.start(context, call)
  local row, body = call.row, call.body
  if has_password(row) and body.password ~= row.password then
    return reply.failure(401, "message", "Invalid password")
  end
  row = views.copy(row, { usage_total = row.usage_total + 1, usage_today = row.usage_today + 1 })
  call.rows:put(call.ids[1], row)
  local wanted = {
    pal_id = row.pal_id, conversational_context = body.conversational_context, custom_greeting = body.custom_greeting,
  }
  return conversations.create(context, { body = wanted, rows = context.stores.conversation, query = {} })
end

deployments["end"] = function() return reply.empty(200) end

return deployments
