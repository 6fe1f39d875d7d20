--- A local imitation of Tavus, over real HTTP: `require "tavus.sandbox"`.
--
--     local sandbox = assert(require("tavus.sandbox").start())
--     local client = assert(tavus.new { base_url = sandbox.url, api_key = "anything" })
--     sandbox:next { status = 503, times = 2 }
--     ...
--     sandbox:stop()
--
-- The server runs on a thread with a Lua state of its own, so that a blocking client in
-- the same program can talk to it. It is steered over HTTP, so a sandbox in another
-- process (`tavus-sandbox`) has the same handle: `connect(url)`. Steering has a port of
-- its own, because the API's port can refuse connections.

local modules = require "tavus.modules"
local load_module = modules.load
local clock = load_module "tavus.sandbox.clock"
local core = load_module "tavus.core"
local data = load_module "tavus.sandbox.data"
local errors = load_module "tavus.errors"
local expect = load_module "tavus.sandbox.expect"
local http = load_module "tavus.http"
local httpd = load_module "tavus.sandbox.httpd"
local journal = load_module "tavus.sandbox.journal"
local names = load_module "tavus.names"
local options = load_module "tavus.options"
local play = load_module "tavus.sandbox.play"
local replay = load_module "tavus.sandbox.replay"
local script = load_module "tavus.sandbox.script"
local settings = load_module "tavus.sandbox.settings"
local views = load_module "tavus.sandbox.views"

-- Loaded here so that the server's Lua state gets them without a file.
load_module "tavus.sandbox.service"
load_module "tavus.meanings" -- which tavus.names loads when it is needed
local kept = modules.kept()

-- A host may remove these globals.
local error, getmetatable, ipairs, open, pairs, select, setmetatable, tostring, type =
  error, getmetatable, ipairs, io.open, pairs, select, setmetatable, tostring, type

local sandbox = {}

local TIMEOUT = 30

---@class tavus.Sandbox
---@field url string  for a client's `base_url`
---@field port integer?  of a sandbox that was started here
local methods = {}
local meta = { __index = methods, __name = "tavus.Sandbox" }
names.guard(methods, {
  title = "the sandbox", kinds = { "sandbox" }, more = function() return { url = true, port = true } end,
  members = { port = true, session = true, server = true, lock = true },
})

-- Raises at the caller's line of the public function that calls this.
local function misuse(message, ...) error(("bad argument: " .. message):format(...), 3) end

-- nil and an error.
local function failed(kind, message, status)
  return nil, errors.new { type = kind, message = message, status = status }
end

local function check_handle(self, name)
  if type(self) ~= "table" or getmetatable(self) ~= meta then
    error(("call it with a colon: sandbox:%s(...)"):format(name), 3)
  end
end

-- One request to the server's `/_sandbox`, and its decoded answer.
local function call(self, method, path, request_options)
  if not self.session then
    return nil, errors.new { type = "config", code = "closed", message = "the sandbox has been stopped" }
  end
  local engine, message = http.engine()
  if not engine then return failed("connection", message) end
  local request
  request_options.timeout = TIMEOUT
  request, message = engine:submit(self.session, method, path, request_options)
  if not request then return failed("connection", message) end
  while not engine:wait(request, 0.1) do end -- in steps, so that Ctrl-C reaches Lua
  local result = request:result()
  if result.outcome ~= "answer" then
    return failed("connection", "the sandbox does not answer: " .. tostring(result.message))
  end
  local value, err = core.decode(result.body)
  if value == nil then return failed("decode", "the sandbox's answer is not JSON: " .. err.message, result.status) end
  if result.status ~= 200 then
    message = tostring(type(value) == "table" and value.error or result.status)
    local kind = result.status == 404 and "not_found" or result.status >= 500 and "server" or "bad_request"
    return failed(kind, message, result.status)
  end
  return value
end

-- Posts a value. Returns the answer; nil and an error; or false and a message if the
-- value cannot be encoded.
local function post(self, path, value)
  local text, issues = core.encode(core.object(value))
  if not text then return false, ("%s at '%s'"):format(issues[1].message, issues[1].path) end
  return call(self, "POST", path, { body = text, headers = { ["Content-Type"] = "application/json" } })
end

-- Posts a value that can always be encoded; true | nil, error.
local function order(self, path, value)
  local answer, err = post(self, path, value)
  if not answer then return nil, err end
  return true
end

--- Adds a rule for the next request (of its method and path, if given). With `status`
-- the request gets that answer and changes nothing; without it the request is handled,
-- and `delay` and `headers` are added. `fault` spoils or replaces the answer, see
-- `tavus.sandbox.faults`. With `chance` the rule is used for that share of the requests
-- it fits, the same ones for the same `seed`. Rules are used in the order they were
-- given.
---@param rule tavus.sandbox.Rule
---@return true? done
---@return tavus.Error?
function methods:next(rule)
  check_handle(self, "next")
  local message = script.check(rule)
  if message then misuse("%s", message) end
  local answer, err = post(self, "/_sandbox/next", views.copy(rule))
  if answer == false then misuse("the rule cannot be written as JSON: %s", err) end
  if not answer then return nil, err end
  return true
end

-- The entries that fit a filter, and how many older entries the journal has dropped.
local function entries_of(self, filter)
  local all, query = {}, views.copy(filter)
  while true do
    for name, value in pairs(query) do query[name] = type(value) == "number" and ("%d"):format(value) or value end
    local answer, err = call(self, "GET", "/_sandbox/requests", { query = query })
    if not answer then return nil, err end
    for _, entry in ipairs(answer.data) do
      if entry.body then entry.json = core.decode(entry.body) end
      all[#all + 1] = entry
    end
    if not answer.next then return all, answer.forgotten end
    query.since = answer.next
  end
end

--- The requests since the start or the last reset, oldest first. `json` is the decoded
-- body, if the body is JSON.
---@param filter tavus.sandbox.Filter?
---@return tavus.sandbox.Entry[]?
---@return tavus.Error?
function methods:requests(filter)
  check_handle(self, "requests")
  filter = filter == nil and {} or filter
  local message = journal.check(filter)
  if message then misuse("%s", message) end
  local all, err = entries_of(self, filter)
  if not all then return nil, err end
  return all
end

--- Checks what arrived: raises an error that lists it, if it is not as expected (also
-- if the sandbox does not answer: a test must not pass then).
---@param wanted tavus.sandbox.Expectation
---@return tavus.sandbox.Entry[] entries those that fit
function methods:expect(wanted)
  check_handle(self, "expect")
  local message = expect.check(wanted)
  if message then misuse("%s", message) end
  local entries, forgotten = entries_of(self, { method = wanted.method, path = wanted.path, status = wanted.status })
  if not entries then error("expect: " .. forgotten.message, 2) end
  local fitting, misfits = expect.select(wanted, entries)
  if forgotten > 0 and (wanted.times or #fitting == 0) then
    error(("expect: the journal no longer has the first %d requests, so the number is unknown; "
      .. "expect earlier, or reset in between"):format(forgotten), 2)
  end
  if expect.satisfied(wanted, #fitting) then return fitting end
  local all, err = self:requests()
  if not all then error("expect: " .. err.message, 2) end
  error(expect.message(wanted, #fitting, all, misfits, expect.hider(self.session, wanted, all)), 2)
end

--- Refuses connections, as if no server were there, and cuts the open ones; `false`
-- accepts them again, on the same port, and so does a reset or restore.
---@param on boolean? default true
---@return true? done
---@return tavus.Error?
function methods:refuse(on)
  check_handle(self, "refuse")
  if on == nil then on = true end
  if type(on) ~= "boolean" then misuse("refuse takes true or false, not a %s", type(on)) end
  return order(self, "/_sandbox/refuse", { refuse = on })
end

--- Makes the sandbox fresh again: rows, rules, journal and switches.
---@return true? done
---@return tavus.Error?
function methods:reset()
  check_handle(self, "reset")
  return order(self, "/_sandbox/reset", {})
end

--- Changes switches; `tavus.sandbox.settings` lists them.
---@param changes table<string, any>
---@return table<string, any>? settings all of them, as they are now
---@return tavus.Error?
function methods:set(changes)
  check_handle(self, "set")
  local done, message = settings.apply(settings.defaults(), changes)
  if not done then misuse("%s", message) end
  local answer, err = post(self, "/_sandbox/set", views.copy(changes))
  if not answer then return nil, err end
  return answer.settings
end

--- Stores a persona as it is, unchecked: a row as it was seen at Tavus, with any
-- members, nulls and times. It replaces the persona with its id; without `persona_id`
-- it gets an id.
---@param row table|string  in JSON text, an empty array stays an array
---@return string? persona_id
---@return tavus.Error?
function methods:put(row)
  check_handle(self, "put")
  if type(row) == "string" then
    local value, err = core.decode(row)
    if value == nil then misuse("the persona is not JSON: %s", err.message) end
    row = value
  end
  if not views.is_object(row) then misuse("put takes a persona, as a table or as JSON text") end
  local answer, err = post(self, "/_sandbox/personas", views.copy(row))
  if answer == false then misuse("the persona cannot be written as JSON: %s", err) end
  if not answer then return nil, err end
  return answer.persona_id
end

local DELIVERY_TIMEOUT = 60 -- the most that Tavus allows

-- Posts a text to an address. Status and body, or nil and why there is no answer.
local function send(url, text, headers)
  local origin, path = url:match "^(https?://[^/?#]*)(.*)$"
  local session, message = http.session { base_url = origin, api_key = "not-sent" }
  if not session then return nil, message end
  local engine
  engine, message = http.engine()
  if not engine then return nil, message end
  headers["Content-Type"] = "application/json"
  local request
  request, message = engine:submit(session, "POST", path == "" and "/" or path,
    { body = text, headers = headers, timeout = DELIVERY_TIMEOUT, without_key = true })
  if not request then return nil, message end
  while not engine:wait(request, 0.1) do end -- in steps, so that Ctrl-C reaches Lua
  local result = request:result()
  session:close()
  if result.outcome ~= "answer" then return nil, tostring(result.message) end
  return result.status, result.body
end

--- Plays the other side of a call: each step in order, as messages of the room, webhooks to the conversation's
-- `callback_url`, and deliveries to a tool's URL. The README of the sandbox lists the steps and the switches.
---@param conversation_id string
---@param given table steps, and switches by their names
---@return tavus.sandbox.Sent[]? sent in this order
---@return tavus.Error?
function methods:play(conversation_id, given)
  check_handle(self, "play")
  local message = type(conversation_id) ~= "string" and "play takes the id of a conversation first" or play.flaw(given)
  if message then misuse("%s", message) end
  return play.run(conversation_id, given, function(happened)
    return post(self, "/_sandbox/conversations/" .. http.escape(conversation_id) .. "/happened", happened)
  end, send)
end

--- Keeps what the sandbox remembers: rows, switches, the state of the habits, the place
-- in the ids and in a recording, and the clock if it was set. The sandbox keeps the last
-- 100 snapshots, also through a reset.
---@return string? snapshot for `restore`
---@return tavus.Error?
function methods:snapshot()
  check_handle(self, "snapshot")
  local answer, err = post(self, "/_sandbox/snapshot", {})
  if not answer then return nil, err end
  return answer.snapshot
end

--- Goes back to a snapshot, any number of times. The rules and the journal are emptied,
-- as in a reset: what a test orders and counts begins with the test.
---@param snapshot string what `snapshot` gave
---@return true? done
---@return tavus.Error?
function methods:restore(snapshot)
  check_handle(self, "restore")
  if type(snapshot) ~= "string" then misuse("restore takes what snapshot gave, not a %s", type(snapshot)) end
  return order(self, "/_sandbox/restore", { snapshot = snapshot })
end

--- Sets the clock for the times of rows and for rate limits. It stands still until it is
-- set again; "system" (or a reset) makes it follow the computer's. Without a time the
-- clock is only read.
---@param time number|string? seconds since 1970, ISO 8601 text, or "system"
---@return number? now seconds since 1970
---@return tavus.Error?
function methods:clock(time)
  check_handle(self, "clock")
  local answer, err
  if time == nil then
    answer, err = call(self, "GET", "/_sandbox/clock", {})
  else
    local read, message = clock.read(time)
    if read == nil then misuse("%s", message) end
    answer, err = post(self, "/_sandbox/clock", { time = read })
  end
  if not answer then return nil, err end
  return answer.time
end

--- Facts about the sandbox: its addresses, routes, switches and counts (`GET /_sandbox`).
---@return table?
---@return tavus.Error?
function methods:about()
  check_handle(self, "about")
  return call(self, "GET", "/_sandbox", {})
end

--- Ends a sandbox that was started here, or disconnects from one in another process.
-- Later calls do nothing; it is also called when the handle is collected.
---@return true
function methods:stop()
  check_handle(self, "stop")
  local session, server, lock = self.session, self.server, self.lock
  self.session, self.server, self.lock = nil, nil, nil
  if session then session:close() end
  if server then server:stop() end
  if lock then lock:release() end
  return true
end

meta.__gc = methods.stop
meta.__close = methods.stop

function meta:__tostring()
  return ("tavus.Sandbox (%s%s)"):format(self.url, self.session and "" or ", stopped")
end

local function local_url(port) return ("http://127.0.0.1:%d"):format(port) end

-- A handle that steers through the address `steering`; nil and an error if that is not an address.
local function new_handle(url, steering, server, lock)
  local self = setmetatable({ url = url, port = server and (server:port()), server = server, lock = lock }, meta)
  self.session = http.session { base_url = steering, api_key = "sandbox-control" }
  if self.session then return self end
  self:stop()
  return failed("config", steering .. " is not an address of a sandbox, as in http://127.0.0.1:8787")
end

local START_OPTIONS = {
  port = { type = "number", integer = true, least = 0, most = 65535 },
  seed = { type = "number", integer = true, least = 0, most = 2147483647 },
  key = { type = "string" },
  set = { type = "table" },
  log = { type = "boolean" },
  profile = { type = "string", choices = settings.profiles },
  data = { type = "string" },
  replay = { type = "string" },
}

-- The text of a recording that can be replayed.
local function read_recording(name)
  local file, message = open(name, "rb")
  if not file then return nil, message end
  local text
  text, message = file:read "*a"
  file:close()
  if not text then return nil, name .. ": " .. tostring(message) end
  local entries
  entries, message = replay.read(text)
  if not entries then return nil, name .. ": " .. message end
  return text
end

---@class tavus.sandbox.StartOptions
---@field port integer?    on 127.0.0.1; 0 (the default) takes any free one
---@field key string?      accept this key only; nil: any that is not empty
---@field seed integer?    the same ids in every run and after every reset
---@field data string?     a file that keeps the rows across runs
---@field profile "current"|"2025"|nil  a generation of Tavus
---@field set table<string, any>?       switches that differ from the profile
---@field log boolean?     write a line for every request on stderr
---@field replay string?   answer from this file, which a client recorded (its option `record`)

-- What is wrong with the options of `start`, or nil.
local function start_flaw(given)
  local message = options.flaw(given, START_OPTIONS, "start")
  if message then return message end
  for name, value in pairs(given) do
    if type(value) == "string" and value:find "%z" then return name .. " must not have a NUL byte" end
  end
  return given.key == "" and "key must not be empty" or nil
end

--- Starts a sandbox in this process. Raises for options that make no sense.
---@param given tavus.sandbox.StartOptions?
---@return tavus.Sandbox?
---@return tavus.Error?
function sandbox.start(given)
  if given == sandbox then error("call it with a dot: start { ... }", 2) end
  given = given == nil and {} or given
  local message = start_flaw(given)
  if message then misuse("%s", message) end
  local switches = settings.defaults(given.profile)
  message = select(2, settings.apply(switches, given.set or {}))
  if message then misuse("%s", message) end
  local service = { key = given.key, seed = given.seed, log = given.log }
  for name, value in pairs(switches) do service["set." .. name] = value end
  if given.replay then
    service.replay, message = read_recording(given.replay)
    if not service.replay then return failed("config", "cannot replay " .. message) end
  end
  local lock, server
  if given.data then
    lock, message = data.claim(given.data)
    if not lock then return failed("config", message) end
    service.data = lock:path()
  end
  local port = given.port or 0
  server, message = httpd.start { entry = "tavus.sandbox.service", options = service, modules = kept, port = port }
  if not server then
    if lock then lock:release() end
    return failed("config", ("cannot start a sandbox on port %d: %s"):format(port, message))
  end
  local api, steering = server:port()
  return new_handle(local_url(api), local_url(steering), server, lock)
end

--- A handle for a sandbox that runs elsewhere on this machine.
---@param url string as `tavus-sandbox` prints it, or its address for steering
---@return tavus.Sandbox?
---@return tavus.Error? if no sandbox answers
function sandbox.connect(url)
  if type(url) ~= "string" then misuse("connect takes the url of a sandbox, not a %s", type(url)) end
  url = url:gsub("/+$", "")
  local self, answer, err
  self, err = new_handle(url, url)
  if not self then return nil, err end
  answer, err = self:about()
  self:stop()
  if not answer then return nil, err end
  if type(answer) ~= "table" or answer.sandbox ~= true then return failed("config", url .. " is not a sandbox") end
  if type(answer.steering) ~= "string" then
    return failed("config", url .. " is a sandbox of another version, which does not tell its address for steering")
  end
  return new_handle(url == answer.steering and answer.url or url, answer.steering)
end

names.guard(sandbox, { title = "tavus.sandbox", kinds = { "sandboxes" } })

return sandbox
