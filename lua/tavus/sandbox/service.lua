--- The service in the server's Lua state: from a request to an answer.
-- `require "tavus.sandbox.service" (options, shut)` returns the function that the
-- server calls for every request.

local core = require "tavus.core"
local control = require "tavus.sandbox.control"
local faults = require "tavus.sandbox.faults"
local generic = require "tavus.sandbox.generic"
local habits = require "tavus.sandbox.habits"
local new_context = require("tavus.sandbox.context").new
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"

-- Handlers of single resources, by the names of operations; generic.lua has the others.
local HANDLERS = {
  persona = require "tavus.sandbox.personas",
  conversation = require "tavus.sandbox.conversations",
  deployment = require "tavus.sandbox.deployments",
  document = require "tavus.sandbox.documents",
  guardrail = require "tavus.sandbox.guardrails",
  memory_store = require "tavus.sandbox.memory_stores",
  objective_set = require "tavus.sandbox.objectives",
  registered_tool = require "tavus.sandbox.tools",
  voice = require "tavus.sandbox.voices",
}

local JSON = "application/json"

-- The body of a request, decoded and checked: value | nil, reply.
local function read_body(context, operation, body)
  if operation.sends == "nothing" or operation.optional and (body or "") == "" then return nil end
  if operation.max_body and #(body or "") > operation.max_body then
    return nil, reply.failure(413, "error", ("Request body exceeds %d bytes"):format(operation.max_body))
  end
  local value, err = core.decode(body or "")
  if value == nil then
    return nil, context:bad_request { { path = "", message = "Invalid JSON: " .. err.message } }
  end
  if operation.sends == "json_patch" then return value end -- checked where it is applied
  local refused = context:check(operation.body, value)
  if refused then return nil, refused end
  return value
end

local function unauthorized(context, headers, operation)
  if operation and operation.without_key then return nil end
  local key = headers["x-api-key"]
  if key and key ~= "" and (not context.key or key == context.key) then return nil end
  return reply.failure(401, "message", "Invalid access token")
end

---@class tavus.sandbox.Request
---@field method string
---@field uri string       path and query as they came
---@field path string
---@field query string
---@field headers table<string, string>
---@field body string?
---@field too_large boolean  the body was dropped

local function handle(context, request)
  if request.too_large then return reply.failure(413, "message", "Request Entity Too Large") end
  local route, ids, allowed = context.routes:find(request.method, request.path)
  if route and route.newer and not context.settings.pals then route = nil end
  if not route then
    if not allowed then return reply.failure(404, "message", "Not Found") end
    return reply.failure(405, "message", "Method Not Allowed", { Allow = allowed })
  end
  local refused = habits.limit_rate(context)
  if refused then return refused end
  local body_first = context.settings.check_body_first
  refused = not body_first and unauthorized(context, request.headers, route.operation)
  if refused then return refused end
  local value
  value, refused = read_body(context, route.operation, request.body)
  if refused then return refused end
  refused = body_first and unauthorized(context, request.headers, route.operation)
  if refused then return refused end
  habits.rename(context.settings, route.resource, value)
  local call
  call, refused = generic.call(context, route, ids,
    { query = routes.query(request.query), headers = request.headers, body = value })
  if not call then return refused end
  local own = HANDLERS[route.resource] or {}
  return (own[route.operation.name] or generic.answer)(context, call)
end

-- A new table with the headers of `own`, and those of `base` that `own` lacks. Names
-- are compared without case.
local function overlaid(base, own)
  local all, given = {}, {}
  for name, value in pairs(own) do
    all[name], given[name:lower()] = value, true
  end
  for name, value in pairs(base) do
    if not given[name:lower()] then all[name] = value end
  end
  return all
end

-- A recording's answer to a request: a rule, or a reply.
local function replayed(context, request)
  return context.key and unauthorized(context, request.headers) or context.replay:take(request, context:error_field())
end

local function scripted(context, rule, request)
  if rule.close == "before" then return nil end
  local status, body = rule.status, rule.body
  if status then
    local with_body = (status == 204 or status == 304) and (body or "") ~= ""
    return { status = status, body = body, headers = rule.headers, with_body = with_body }
  end
  local replaced = rule.fault and faults.replaces(rule.fault)
  local answer = replaced and faults.answer(rule.fault, request) or handle(context, request)
  if not rule.headers then return answer end
  local headers = overlaid(answer.headers or {}, rule.headers)
  return { status = answer.status, body = answer.body, headers = headers, with_body = answer.with_body }
end

-- The server reads the headers before the next request, so one table serves all
-- answers without headers of their own.
local plain, bare = { ["Content-Type"] = JSON }, {}

-- The headers of an answer; without `request_id` for a steering request.
local function all_headers(answer, request_id)
  local headers = answer.body and plain or bare
  headers["x-request-id"] = request_id
  return answer.headers and overlaid(headers, answer.headers) or headers
end

local function header(headers, wanted)
  for name, value in pairs(headers) do
    if name:lower() == wanted then return tostring(value) end
  end
  return nil
end

local function log(request, outcome, rule)
  local line = ("%s %s %s%s"):format(request.method, request.uri, tostring(outcome), rule and " (as ordered)" or "")
  io.stderr:write((line:gsub("[%c\128-\255]", "?")), "\n")
end

local function serve(context, method, uri, headers, body, too_large)
  local mark = uri:find("?", 1, true)
  local request = {
    method = method, uri = uri, headers = headers, body = body, too_large = too_large,
    path = mark and uri:sub(1, mark - 1) or uri,
    query = mark and uri:sub(mark + 1) or "",
  }
  local answer = control.answer(context, request)
  -- Steering draws no id, so it does not change the seeded ids of other requests.
  if answer then return answer.status, answer.body, all_headers(answer) end

  context.method = method
  local request_id = context.ids:request()
  local entry = context.journal:add(method, request.path, request.query, headers, body)
  entry.request_id = request_id
  local rule = context.script:take(method, request.path)
  entry.scripted = rule ~= nil
  if not rule and context.replay then rule = replayed(context, request) end
  if rule then
    answer = scripted(context, rule, request)
  else
    answer = handle(context, request)
  end
  local wait = rule and rule.wait
  if rule and rule.close then
    entry.closed = rule.close
    if context.log then log(request, "closed", rule) end
    return nil, nil, nil, wait, rule.reset and "reset" or "close"
  end
  local fault = rule and rule.fault
  entry.fault = fault
  context.journal:answered(entry, answer.status, not (fault and faults.replaces(fault)) and answer.body or nil)
  if context.log then log(request, answer.status, rule) end
  local all = all_headers(answer, context.settings.request_ids and request_id or nil)
  if rule and rule.headers then entry.request_id = header(all, "x-request-id") end
  if fault and faults.on_wire(fault) then
    return nil, nil, nil, wait, faults.wire(rule, answer.status, answer.body, all)
  end
  if answer.with_body then return nil, nil, nil, wait, faults.with_body(answer.status, answer.body, all) end
  return answer.status, answer.body, all, wait
end

-- Sends an answer after its change was written to the data file, if there is one.
-- `seq` is the journal's number before the request. A failed write is repeated with
-- the next request.
local function saved(context, seq, status, ...)
  local done, message = true, nil
  if context.keeper then done, message = context.keeper:save(context) end
  if done or not message then return status, ... end
  io.stderr:write("tavus-sandbox: ", message, "\n")
  if not status then return status, ... end
  local entry = context.journal.seq > seq and context.journal.entries[context.journal.seq]
  local answer = reply.failure(500, "error", "The sandbox " .. message)
  if entry then context.journal:answered(entry, answer.status, answer.body) end
  return answer.status, answer.body, all_headers(answer, entry and entry.request_id or context.ids:request())
end

---@param options table what `context.new` takes
---@param shut fun(on: boolean): true?, string?  shuts the API's port, or opens it again
---@return fun(method: string, uri: string, headers: table, body: string|nil, too_large: boolean): ...
return function(options, shut)
  local context = new_context(options, shut)
  return function(...) return saved(context, context.journal.seq, serve(context, ...)) end
end
