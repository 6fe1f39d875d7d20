--- The service itself, as it runs in the server's Lua state: from a request to
-- an answer. `require "tavus.sandbox.service" (options)` gives the function that
-- the server calls for every request.

local core = require "tavus.core"
local control = require "tavus.sandbox.control"
local faults = require "tavus.sandbox.faults"
local generic = require "tavus.sandbox.generic"
local guard = require "tavus.sandbox.guard"
local habits = require "tavus.sandbox.habits"
local new_context = require("tavus.sandbox.context").new
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"

-- Of resources that have habits of their own; what is not here is done as the contract says.
local HANDLERS = {
  persona = require "tavus.sandbox.personas",
  conversation = require "tavus.sandbox.conversations",
}

local JSON = "application/json"

-- The body of a request, decoded and checked: value | nil, reply.
local function read_body(context, operation, body)
  if operation.sends == "nothing" or operation.optional and (body or "") == "" then return nil end
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
---@field body string|nil
---@field too_large boolean  the body was dropped

---@param request tavus.sandbox.Request
local function handle(context, request)
  if request.too_large then return reply.failure(413, "message", "Request Entity Too Large") end
  local route, id, allowed, ids = context.routes:find(request.method, request.path)
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
  local query, own = routes.query(request.query), HANDLERS[route.resource]
  local handler = own and own[route.operation.name]
  if handler then return handler(context, id, query, value, route) end
  return generic.answer(context, route, ids, query, value)
end

-- A new table: the headers of `own`, and those of `base` that `own` does not
-- have in any case of letters.
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

-- What a recording has for a request: a rule, or a reply.
local function replayed(context, request)
  return context.key and unauthorized(context, request.headers) or context.replay:take(request, context:error_field())
end

local function scripted(context, rule, request)
  if rule.close == "before" then return nil end
  local status, body = rule.status, rule.body
  if status then
    local bodiless = status == 204 or status == 304
    return { status = status, body = body, headers = rule.headers, with_body = bodiless and body ~= nil and body ~= "" }
  end
  local replaced = rule.fault and faults.replaces(rule.fault)
  local answer = replaced and faults.answer(rule.fault, request) or handle(context, request)
  if not rule.headers then return answer end
  return {
    status = answer.status, body = answer.body, headers = overlaid(answer.headers or {}, rule.headers), with_body = answer.with_body,
  }
end

-- Headers are read by the server before the next request, so one table serves
-- all answers that bring none of their own.
local plain, bare = { ["Content-Type"] = JSON }, {}

-- The headers that go out with an answer; one to a steering request has no id.
local function dressed(answer, request_id)
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

local function tell(request, outcome, rule)
  local line = ("%s %s %s%s"):format(request.method, request.uri, tostring(outcome), rule and " (as ordered)" or "")
  io.stderr:write((line:gsub("[%c\128-\255]", "?")), "\n")
end

-- A steering request: not scripted, not in the journal.
local function steer(context, request)
  local path = request.path
  if path ~= "/" and (not path:find "^/_sandbox" or #path > 9 and path:byte(10) ~= 47) then return nil end
  local refusal = guard.refusal(request.headers)
  if refusal then return reply.failure(403, "error", refusal) end
  if request.too_large then return reply.failure(413, "error", "Request Entity Too Large") end
  return control.answer(context, request.method, path, request.query, request.body)
end

local function serve(context, method, uri, headers, body, too_large)
  local mark = uri:find("?", 1, true)
  local request = {
    method = method, uri = uri, headers = headers, body = body, too_large = too_large,
    path = mark and uri:sub(1, mark - 1) or uri,
    query = mark and uri:sub(mark + 1) or "",
  }
  local answer = steer(context, request)
  -- It takes no id: with a seed, those of the others are the same whoever looks on.
  if answer then return answer.status, answer.body, dressed(answer) end

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
    if context.log then tell(request, "closed", rule) end
    return nil, nil, nil, wait, rule.reset and "reset" or "close"
  end
  local fault = rule and rule.fault
  entry.fault = fault
  context.journal:answered(entry, answer.status, not (fault and faults.replaces(fault)) and answer.body or nil)
  if context.log then tell(request, answer.status, rule) end
  local all = dressed(answer, context.settings.request_ids and request_id or nil)
  if rule and rule.headers then entry.request_id = header(all, "x-request-id") end
  if fault and faults.on_wire(fault) then
    return nil, nil, nil, wait, faults.wire(rule, answer.status, answer.body, all)
  end
  if answer.with_body then return nil, nil, nil, wait, faults.with_body(answer.status, answer.body, all) end
  return answer.status, answer.body, all, wait
end

-- An answer goes out once its change is in the file, if there is one. `seq` is
-- where the journal was before the request. What could not be written is tried
-- again with the next one.
local function kept(context, seq, status, ...)
  local done, message = true, nil
  if context.keeper then done, message = context.keeper:save(context) end
  if done or not message then return status, ... end
  io.stderr:write("tavus-sandbox: ", message, "\n")
  if not status then return status, ... end
  local entry = context.journal.seq > seq and context.journal.entries[context.journal.seq]
  local answer = reply.failure(500, "error", "The sandbox " .. message)
  if entry then context.journal:answered(entry, answer.status, answer.body) end
  return answer.status, answer.body, dressed(answer, entry and entry.request_id or context.ids:request())
end

---@param options table what `context.new` takes
---@param shut fun(on: boolean): true|nil, string|nil  shuts the API's port, or opens it again
---@return fun(method: string, uri: string, headers: table, body: string|nil, too_large: boolean): ...
return function(options, shut)
  local context = new_context(options, shut)
  return function(...) return kept(context, context.journal.seq, serve(context, ...)) end
end
