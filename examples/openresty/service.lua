--- Run: `examples/openresty/run`. What nginx.conf calls. Every call to Tavus waits for its answer, and the worker serves others
-- meanwhile: there is no other way to write it than for a script that simply waits.
local tavus = require "tavus"

local service = {}

-- Shared by the workers, and kept over a reload: conversations that were made here, what they told, the key of our callback.
local visits = ngx.shared.visits
local A_DAY = 86400

local receptionist = {
  persona_name = "Receptionist",
  system_prompt = "You welcome visitors, ask what brings them here, and are brief.",
  pipeline_mode = "full",
  default_replica_id = "r90bbd427f71",
}

local client

-- ---- answers ----

local function answer(status, value)
  ngx.status = status
  ngx.print(assert(tavus.encode(value)), "\n")
  return ngx.exit(ngx.OK)
end

local function refuse(status, message) return answer(status, { error = message }) end

-- What visitors are told. What Tavus said is for our own log; the library keeps keys out of it.
local told = {
  timeout           = { 504, "Tavus takes too long" },
  rate_limit        = { 503, "too many visitors at once, try again" },
  concurrency_limit = { 503, "all rooms are taken, try again later" },
  payment           = { 503, "closed for now" },
  config            = { 500, "this service is not set up" },
  auth              = { 500, "this service is not set up" },
  permission        = { 500, "this service is not set up" },
}

local function fail(err)
  ngx.log(ngx.ERR, tostring(err))
  local status, message = unpack(told[err.type] or { 502, "Tavus gave no answer that helps" })
  if status == 503 then ngx.header["Retry-After"] = math.ceil(err.retry_after or 5) end
  return refuse(status, message)
end

local function want(method)
  if ngx.req.get_method() == method then return end
  ngx.header["Allow"] = method
  return refuse(405, "use " .. method)
end

-- The body as a table; refuses what is none.
local function json_body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  if not text then return refuse(400, "a JSON object is wanted, and the body is empty") end
  local value, err = tavus.decode(text)
  if value == nil then return refuse(400, "the body is no JSON: " .. err.message) end
  if type(value) ~= "table" or value[1] ~= nil then return refuse(400, "the body must be a JSON object") end
  return value
end

-- ---- setting up ----

function service.init()
  local problem
  client, problem = tavus.new { max_connections = 64 }
  if not client then error(tostring(problem), 0) end
  -- Tavus signs nothing, so the address that it calls back is one that nobody can guess.
  local random = assert(io.open("/dev/urandom", "rb"))
  visits:safe_add("callback key", (random:read(16):gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
  random:close()
end

local function find_persona()
  local found, problem = client.personas:find(receptionist.persona_name, { query = { persona_type = "user" } })
  if found then return found.persona_id end
  if problem.type ~= "not_found" then error(problem, 0) end
  local persona, err = client.personas:create(receptionist)
  if not persona then error(err, 0) end
  return persona.persona_id
end

local function prepare()
  local found, id = pcall(find_persona)
  if found then
    visits:set("persona", id)
    ngx.log(ngx.NOTICE, "visitors will meet ", id)
    return
  end
  ngx.log(ngx.ERR, "no receptionist yet: ", tostring(id))
  if not ngx.worker.exiting() then ngx.timer.at(5, prepare) end
end

function service.init_worker()
  if ngx.worker.id() == 0 then assert(ngx.timer.at(0, prepare)) end
end

-- ---- what the world asks for ----

--- POST /visit { "name": "Ada" }
function service.visit()
  want "POST"
  local body = json_body()
  local name = body.name
  -- it comes back in our log, where a line end would begin a line of the visitor's own
  if type(name) ~= "string" or not name:find "%S" or #name > 100 or name:find "%c" then
    return refuse(400, "name must be one line of 1 to 100 bytes")
  end
  local persona_id = visits:get "persona"
  if not persona_id then
    ngx.header["Retry-After"] = 1
    return refuse(503, "not open yet, try again")
  end
  local call, err = client.conversations:create {
    persona_id = persona_id,
    conversation_name = "Visit of " .. name,
    conversational_context = "The visitor's name is " .. name .. ".",
    callback_url = (os.getenv "PUBLIC_URL" or "http://127.0.0.1:8080") .. "/callback?key=" .. visits:get "callback key",
    properties = { max_call_duration = 600 },
  }
  if not call then
    -- She was deleted at Tavus: another is looked for, by one worker.
    if err.type == "not_found" and visits:add("looking", true, 30) and ngx.timer.at(0, prepare) then visits:delete "persona" end
    return fail(err)
  end
  visits:set("made " .. call.conversation_id, true, A_DAY)
  return answer(201, { conversation_id = call.conversation_id, join_url = call.conversation_url })
end

--- GET /personas?page=1&limit=10
function service.personas()
  want "GET"
  local query = {}
  for _, name in ipairs { "page", "limit" } do
    local text = ngx.var["arg_" .. name]
    if text then
      local number = text:match "^%d%d?%d?$" and tonumber(text)
      if not number or number < 1 or number > 100 then return refuse(400, name .. " must be a number from 1 to 100") end
      query[name] = number
    end
  end
  local list, err = client.personas:list(query)
  if not list then return fail(err) end
  local rows = tavus.array {}
  for i, row in ipairs(list.data) do rows[i] = { persona_id = row.persona_id, persona_name = row.persona_name } end
  return answer(200, { personas = rows, total_count = list.total_count })
end

-- What there is to do when something happened. It may take its time, and ask Tavus: nobody waits for it.
local function handle(_, event)
  local id, kind = event.conversation_id, event.event_type
  if kind == "system.shutdown" then
    local call, err = client.conversations:get(id)
    ngx.log(ngx.NOTICE, call and call.conversation_name or id, " is over", call and "" or ": " .. tostring(err))
  elseif kind == "application.transcription_ready" then
    local lines = type(event.properties) == "table" and event.properties.transcript
    ngx.log(ngx.NOTICE, id, " has a transcript of ", type(lines) == "table" and #lines or 0, " lines")
  else
    ngx.log(ngx.NOTICE, id, " tells of ", kind)
  end
end

--- POST /callback: webhooks of Tavus. They are answered at once; the same one may come twice.
function service.callback()
  want "POST"
  if ngx.var.arg_key ~= visits:get "callback key" then return refuse(403, "who are you?") end
  local event = json_body()
  local id, kind = event.conversation_id, event.event_type
  if type(id) ~= "string" or type(kind) ~= "string" then return refuse(400, "conversation_id and event_type are missing") end
  if not visits:get("made " .. id) then return refuse(404, "no such conversation") end
  -- what would be a stranger's words in our log
  if not kind:find "^[%w_.]+$" then return refuse(400, "that is no event_type") end
  local mark = ("seen %s %s %s"):format(id, kind, tostring(event.timestamp))
  if visits:add(mark, true, A_DAY) then
    local later, why = ngx.timer.at(0, handle, event)
    if not later then
      visits:delete(mark)
      ngx.log(ngx.ERR, "no timer for ", kind, " of ", id, ": ", why)
      return refuse(503, "try again")
    end
  end
  return ngx.exit(204)
end

return service
