--- The operations on `/v2/objectives` that are special: what is made is answered in short, and what is read is the
--- list of its steps. generic.lua serves the others and says what a handler is.

local answers = require "tavus.sandbox.answers"
local core = require "tavus.core"
local generic = require "tavus.sandbox.generic"
local reply = require "tavus.sandbox.reply"

local objectives = {}

function objectives.create(context, call)
  local first = call.body.data[1]
  local name = call.body.name or type(first) == "table" and first.objective_name or core.null
  local answer = generic.answer(context, call)
  if answer.status ~= 200 then return answer end
  local row = call.rows:newest(1)
  return reply.json(200, {
    objectives_id = row.objectives_id, objective_name = name, status = "completed", created_at = row.created_at,
  })
end

function objectives.get(context, call) return answers.set(context, call.row) end

return objectives
