--- Answers as an operation of the contract has them: one object in its place, under the
-- names of the path, and the refusal of an unknown id.

local core = require "tavus.core"
local reply = require "tavus.sandbox.reply"
local rows_data = require "tavus.sandbox.rows"
local views = require "tavus.sandbox.views"

local answers = {}

--- Refuses an unknown id.
---@param context tavus.sandbox.Context
---@param id_name string  the name of the id
---@param id string?  for the texts that have it
---@return tavus.sandbox.Reply
function answers.not_found(context, id_name, id)
  local habit, known = context.settings.missing_ids, rows_data.missing[id_name]
  if habit == "documented" and known then return reply.failure(404, known[1], (known[2]:gsub("%%s", id or ""))) end
  local text = "Invalid " .. id_name
  return habit == "404" and reply.failure(404, context:error_field(), text) or context:refuse(text)
end

--- A row under the names of the path.
---@param call tavus.sandbox.Call
---@param row table
---@return table
function answers.as_seen(call, row) return call.newer and views.newer(call.resource.name, row) or row end

--- A body under the names of the store.
---@param call tavus.sandbox.Call
---@param body table
---@return table
function answers.as_stored(call, body) return call.newer and views.older(call.resource.name, body) or body end

--- The members that an operation answers with: all, or those of rows.lua.
---@param call tavus.sandbox.Call
---@param value table
---@return table
function answers.selected(call, value)
  local resource, operation = call.resource.name, call.operation.name
  local hidden = call.query.verbose ~= "true" and (rows_data.verbose[resource] or {})[operation]
  local names, copy = (rows_data.answered[resource] or {})[operation], {}
  if hidden then
    copy = views.copy(value)
    for _, name in ipairs(hidden) do copy[name] = nil end
    return copy
  end
  if not names then return value end
  for _, name in ipairs(names) do copy[name] = value[name] end
  return copy
end

--- One object in the place where the operation answers with it.
---@param call tavus.sandbox.Call
---@param value table?
---@return tavus.sandbox.Reply
function answers.one(call, value)
  local operation = call.operation
  local status = operation.status
  if operation.answers == "nothing" then return reply.empty(status or operation.method == "DELETE" and 204 or 200) end
  value = value and answers.as_seen(call, answers.selected(call, value)) or core.object {}
  local at = operation.at[1]
  if at == "data" then value = { data = value } elseif at == "data[1]" then value = { data = core.array { value } } end
  return reply.json(status or 200, value)
end

--- A row whose `data` are its items, as the switch `set_shape` has it.
---@param context tavus.sandbox.Context
---@param row table
---@return tavus.sandbox.Reply
function answers.set(context, row)
  local shape = context.settings.set_shape
  if shape == "row" then return reply.json(200, row) end
  return reply.json(200, { data = shape == "object" and (row.data[1] or core.object {}) or row.data })
end

return answers
