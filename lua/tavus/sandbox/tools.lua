--- The operations on `/v2/tools` that are special: secrets read as asterisks, and names are
-- unique. generic.lua serves the others and says what a handler is.

local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local reply = require "tavus.sandbox.reply"
local views = require "tavus.sandbox.views"

local tools = {}

local FIELDS = core.contract("tools").fields

-- The answer of the generic handler, with its secrets masked.
local function hidden(context, call)
  local answer = generic.answer(context, call)
  if not context.settings.mask_secrets or answer.status >= 300 or not answer.body then return answer end
  local value = core.decode(answer.body)
  if call.operation.answers == "list" then
    for i, row in ipairs(value.data) do value.data[i] = views.without_secrets({ fields = FIELDS }, row) end
  else
    value = views.without_secrets({ fields = FIELDS }, value)
  end
  return reply.json(answer.status, value, answer.headers)
end

-- Whether another tool has that name.
local function is_taken(call, name)
  for n = 1, call.rows.count do
    local row = call.rows:newest(n)
    if row.name == name and row.tool_id ~= call.ids[1] then return true end
  end
  return false
end

local function unique(context, call)
  local name = call.body.name
  if is_taken(call, name) then
    return reply.failure(409, "error", ("A tool with the name '%s' already exists"):format(tostring(name)))
  end
  return hidden(context, call)
end

tools.create, tools.patch = unique, unique
tools.get, tools.list = hidden, hidden

return tools
