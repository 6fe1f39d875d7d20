--- A local stand-in for Tavus, over real HTTP: `require "tavus.sandbox"`.
--
--     local sandbox = assert(require("tavus.sandbox").start())
--     local client = assert(tavus.new { base_url = sandbox.url, api_key = "anything" })
--     sandbox:next { status = 503, times = 2 }
--     ...
--     sandbox:stop()
--
-- The server runs on a thread with a Lua state of its own, so a client that
-- blocks can talk to it from the same program. It is steered over HTTP, and so
-- a sandbox in another process (`tavus-sandbox`) is used alike: `connect(url)`.
-- Steering has a port of its own, because the API's can be made to refuse.

local modules = require "tavus.modules"
local load_module = modules.load
local clock = load_module "tavus.sandbox.clock"
local core = load_module "tavus.core"
local data = load_module "tavus.sandbox.data"
local expect = load_module "tavus.sandbox.expect"
local http = load_module "tavus.http"
local httpd = load_module "tavus.sandbox.httpd"
local journal = load_module "tavus.sandbox.journal"
local replay = load_module "tavus.sandbox.replay"
local script = load_module "tavus.sandbox.script"
local settings = load_module "tavus.sandbox.settings"
local values = load_module "tavus.sandbox.values"

-- What the server's Lua state loads, which needs no file then.
load_module "tavus.sandbox.service"
local kept = modules.kept()

-- A host may take them away.
local error, getmetatable, ipairs, open, pairs, setmetatable, tostring, type =
  error, getmetatable, ipairs, io.open, pairs, setmetatable, tostring, type

local sandbox = {}

local TIMEOUT = 30

---@class tavus.Sandbox
---@field url string    for a client's `base_url`
---@field port integer|nil  of a sandbox that was started here
local methods = {}
local meta = { __index = methods, __name = "tavus.Sandbox" }

-- Raises at the line of whoever called the public function.
local function misuse(message, ...) error(("bad argument: " .. message):format(...), 3) end

local function check_handle(self, name)
  if type(self) ~= "table" or getmetatable(self) ~= meta then
    error(("call it with a colon: sandbox:%s(...)"):format(name), 3)
  end
end

-- One request to the server's `/_sandbox` and its decoded answer.
local function call(self, method, path, options)
  if not self.session then return nil, "the sandbox has been stopped" end
  local engine = http.engine()
  options.timeout = TIMEOUT
  local request, message = engine:submit(self.session, method, path, options)
  if not request then return nil, message end
  while not engine:wait(request, 0.1) do end -- in steps, so that Ctrl-C reaches Lua
  local result = request:result()
  if result.outcome ~= "answer" then return nil, "the sandbox does not answer: " .. tostring(result.message) end
  local value, err = core.decode(result.body)
  if value == nil then return nil, "the sandbox gave no JSON: " .. err.message end
  if result.status ~= 200 then return nil, tostring(type(value) == "table" and value.error or result.status) end
  return value
end

local function post(self, path, value)
  local text, issues = core.encode(core.object(value))
  if not text then return false, ("%s at '%s'"):format(issues[1].message, issues[1].path) end
  return call(self, "POST", path, { body = text, headers = { ["Content-Type"] = "application/json" } })
end

--- Orders what happens to the next request (of this method and path, if given).
-- With `status` the request is answered so and changes nothing; without, it is
-- handled, and `delay` and `headers` are added. With `fault` its answer is
-- spoiled or replaced, see `tavus.sandbox.faults`. With `chance` the rule is used
-- for that share of the requests it fits, the same ones for the same `seed`.
-- Rules are used in the order they were given.
---@param rule tavus.sandbox.Rule
---@return true|nil done
---@return string|nil message
function methods:next(rule)
  check_handle(self, "next")
  local message = script.check(rule)
  if message then misuse("%s", message) end
  local answer
  answer, message = post(self, "/_sandbox/next", values.shallow(rule))
  if answer == false then misuse("the rule cannot be written as JSON: %s", message) end
  if not answer then return nil, message end
  return true
end

-- The journal's entries under a filter, and how many of those that were before them it no longer has.
local function entries_of(self, query)
  local all = {}
  while true do
    local answer, message = call(self, "GET", "/_sandbox/requests", { query = query })
    if not answer then return nil, message end
    for _, entry in ipairs(answer.data) do
      if entry.body then entry.json = core.decode(entry.body) end
      all[#all + 1] = entry
    end
    if not answer.next then return all, answer.forgotten end
    query.since = ("%d"):format(answer.next)
  end
end

local FILTER = { method = "string", path = "string", status = "number", since = "number" }

--- What arrived since the start or the last reset, oldest first. `json` is the
-- decoded body where the body is JSON.
---@param filter { method: string|nil, path: string|nil, status: integer|nil, since: integer|nil }|nil
---@return tavus.sandbox.Entry[]|nil
---@return string|nil message
function methods:requests(filter)
  check_handle(self, "requests")
  if filter ~= nil and type(filter) ~= "table" then misuse("a filter is a table, not a %s", type(filter)) end
  local query = {}
  for name, value in pairs(filter or {}) do
    local wanted = FILTER[name]
    if not wanted then misuse("%s", values.unknown("there is no filter '%s'", name, FILTER)) end
    if type(value) ~= wanted then misuse("%s must be a %s", name, wanted) end
    query[name] = wanted == "number" and ("%.14g"):format(value) or value
  end
  local flaw = journal.check(query)
  if flaw then misuse("%s", flaw) end
  local all, message = entries_of(self, query)
  if not all then return nil, message end
  return all
end

--- Insists on what arrived: raises an error that lists it, where it is not as
-- expected (also where the sandbox cannot be asked: a test that knows nothing
-- must not pass).
---@param wanted tavus.sandbox.Expectation
---@return tavus.sandbox.Entry[] entries those that fit
function methods:expect(wanted)
  check_handle(self, "expect")
  local message = expect.check(wanted)
  if message then misuse("%s", message) end
  local status = wanted.status and ("%d"):format(wanted.status)
  local entries, forgotten = entries_of(self, { method = wanted.method, path = wanted.path, status = status })
  if not entries then error("expect: " .. forgotten, 2) end
  local fitting, misfits = expect.select(wanted, entries)
  if forgotten > 0 and (wanted.times or #fitting == 0) then
    error(("expect: the journal no longer has the first %d requests, so nobody can tell; expect earlier, or reset in between"):format(forgotten), 2)
  end
  if expect.satisfied(wanted, #fitting) then return fitting end
  local all
  all, message = self:requests()
  if not all then error("expect: " .. message, 2) end
  error(expect.without_secrets(self.session, expect.message(wanted, #fitting, all, misfits), wanted, all), 2)
end

--- Refuses connections, as if no server were there, and cuts those there are;
-- with `false` it is there again, on the same port. A reset or restore ends it too.
---@param on boolean|nil default true
---@return true|nil done
---@return string|nil message
function methods:refuse(on)
  check_handle(self, "refuse")
  if on == nil then on = true end
  if type(on) ~= "boolean" then misuse("refuse takes true or false, not a %s", type(on)) end
  local answer, message = post(self, "/_sandbox/refuse", { refuse = on })
  if not answer then return nil, message end
  return true
end

--- Back to a fresh sandbox: rows, rules, journal and switches.
---@return true|nil done
---@return string|nil message
function methods:reset()
  check_handle(self, "reset")
  local answer, message = post(self, "/_sandbox/reset", {})
  if not answer then return nil, message end
  return true
end

--- Changes switches; `tavus.sandbox.settings` lists them.
---@param changes table<string, any>
---@return table<string, any>|nil settings all of them, as they are now
---@return string|nil message
function methods:set(changes)
  check_handle(self, "set")
  if type(changes) ~= "table" then misuse("set takes a table, as in set { get_shape = \"flat\" }") end
  local done, message = settings.apply(settings.defaults(), changes)
  if not done then misuse("%s", message) end
  local answer
  answer, message = post(self, "/_sandbox/set", values.shallow(changes))
  if not answer then return nil, message end
  return answer.settings
end

--- Puts a persona there as it is, unchecked: a row as it was seen at Tavus, with
-- whatever members, nulls and times it has. It takes the place of the one with
-- its id; without `persona_id` it gets one.
---@param row table|string  JSON text is the safest: there, an empty array is none but that
---@return string|nil persona_id
---@return string|nil message
function methods:put(row)
  check_handle(self, "put")
  if type(row) == "string" then
    local value, err = core.decode(row)
    if value == nil then misuse("the persona is no JSON: %s", err.message) end
    row = value
  end
  if type(row) ~= "table" or core.is_array(row) then misuse("put takes a persona, as a table or as JSON text") end
  local answer, message = post(self, "/_sandbox/personas", values.shallow(row))
  if answer == false then misuse("the persona cannot be written as JSON: %s", message) end
  if not answer then return nil, message end
  return answer.persona_id
end

--- Keeps what the sandbox remembers: rows, switches, what the habits know,
-- where the ids and a recording are, and the clock if it was set. The sandbox keeps the last 100
-- snapshots, also through a reset.
---@return string|nil snapshot for `restore`
---@return string|nil message
function methods:snapshot()
  check_handle(self, "snapshot")
  local answer, message = post(self, "/_sandbox/snapshot", {})
  if not answer then return nil, message end
  return answer.snapshot
end

--- Back to a snapshot, as often as wanted. Rules that wait and the journal are
-- forgotten, as in a reset: what a test orders and counts begins with the test.
---@param snapshot string what `snapshot` gave
---@return true|nil done
---@return string|nil message
function methods:restore(snapshot)
  check_handle(self, "restore")
  if type(snapshot) ~= "string" then misuse("restore takes what snapshot gave, not a %s", type(snapshot)) end
  local answer, message = post(self, "/_sandbox/restore", { snapshot = snapshot })
  if not answer then return nil, message end
  return true
end

--- Sets the clock from which rows get their times and by which rates are
-- limited. It stands still until it is set again; "system" (or a reset) sets it
-- going with the computer's. Without a time it only tells.
---@param time number|string|nil seconds since 1970, ISO 8601 text, or "system"
---@return number|nil now seconds since 1970
---@return string|nil message
function methods:clock(time)
  check_handle(self, "clock")
  local answer, message
  if time == nil then
    answer, message = call(self, "GET", "/_sandbox/clock", {})
  else
    time, message = clock.read(time)
    if time == nil then misuse("%s", message) end
    answer, message = post(self, "/_sandbox/clock", { time = time })
  end
  if not answer then return nil, message end
  return answer.time
end

--- What the sandbox is and has: `GET /_sandbox`.
---@return table|nil
---@return string|nil message
function methods:about()
  check_handle(self, "about")
  return call(self, "GET", "/_sandbox", {})
end

--- Ends a sandbox that was started here, or lets go of one in another process.
-- Calling it again is fine; it also happens when the handle is collected.
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

-- A handle that steers through the address `steering`.
local function new_handle(url, steering, server, lock)
  local self = setmetatable({ url = url, port = server and (server:port()), server = server, lock = lock }, meta)
  local message
  self.session, message = http.session { base_url = steering, api_key = "sandbox-control" }
  if self.session then return self end
  self:stop()
  return nil, message
end

local START_OPTIONS = {
  port = "number", seed = "number", key = "string", set = "table", log = "boolean", profile = "string",
  data = "string", replay = "string",
}

-- The text of a recording that can be answered from.
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
---@field port integer|nil     on 127.0.0.1; 0 (the default) takes any free one
---@field key string|nil       accept this key only; any that is not empty when nil
---@field seed integer|nil     the same ids in every run and after every reset
---@field data string|nil      a file that keeps personas and conversations across runs
---@field profile "current"|"2025"|nil  a generation of Tavus
---@field set table<string, any>|nil    switches that differ from the profile
---@field log boolean|nil      tell every request on stderr
---@field replay string|nil    a file that a client recorded (its option `record`): it answers

-- What is wrong with the options of `start`, or nil.
local function start_flaw(options)
  for name, value in pairs(options) do
    local wanted = START_OPTIONS[name]
    if not wanted then return values.unknown("start has no option '%s'", name, START_OPTIONS) end
    if type(value) ~= wanted then return ("option '%s' must be a %s"):format(name, wanted) end
    if wanted == "string" and value:find "%z" then return ("option '%s' must not hold a NUL byte"):format(name) end
  end
  if options.port and not values.is_whole(options.port, 0, 65535) then
    return "option 'port' must be a whole number from 0 to 65535"
  end
  if options.key == "" then return "option 'key' must not be empty" end
  if options.seed and not values.is_whole(options.seed, 0, 2147483647) then
    return "option 'seed' must be a whole number from 0 to 2147483647"
  end
  return nil
end

-- The switches of a profile, with changes to it: all of them, or nil and a message.
local function starting_switches(profile, changes)
  local switches, message = settings.profile(profile)
  if not switches then return nil, message end
  local done
  done, message = settings.apply(switches, changes)
  if not done then return nil, message end
  return switches
end

--- Starts a sandbox in this process. Raises for options that make no sense.
---@param options tavus.sandbox.StartOptions|nil
---@return tavus.Sandbox|nil
---@return string|nil message
function sandbox.start(options)
  if options == sandbox then error("call it with a dot: start { ... }", 2) end
  if options ~= nil and type(options) ~= "table" then misuse "start takes a table of options" end
  options = options or {}
  local message = start_flaw(options)
  if message then misuse("%s", message) end
  local switches
  switches, message = starting_switches(options.profile or "current", options.set or {})
  if not switches then misuse("%s", message) end
  local service = { key = options.key, seed = options.seed, log = options.log }
  for name, value in pairs(switches) do service["set." .. name] = value end
  if options.replay then
    service.replay, message = read_recording(options.replay)
    if not service.replay then return nil, "cannot replay " .. message end
  end
  local lock, server
  if options.data then
    lock, message = data.claim(options.data)
    if not lock then return nil, message end
    service.data = lock:path()
  end
  local port = options.port or 0
  server, message = httpd.start { entry = "tavus.sandbox.service", options = service, modules = kept, port = port }
  if not server then
    if lock then lock:release() end
    return nil, ("cannot start a sandbox on port %d: %s"):format(port, message)
  end
  local api, steering = server:port()
  return new_handle(local_url(api), local_url(steering), server, lock)
end

--- A handle for a sandbox that runs elsewhere on this machine.
---@param url string as `tavus-sandbox` prints it; the address for steering serves too, also while the other refuses
---@return tavus.Sandbox|nil
---@return string|nil message where nobody answers, or somebody who is no sandbox
function sandbox.connect(url)
  if type(url) ~= "string" then error("bad argument: connect takes the url of a sandbox", 2) end
  url = url:gsub("/+$", "")
  local self = new_handle(url, url)
  if not self then return nil, url .. " is no address of a sandbox, as in http://127.0.0.1:8787" end
  local answer, message
  answer, message = self:about()
  self:stop()
  if not answer then return nil, message end
  if type(answer) ~= "table" or answer.sandbox ~= true then return nil, url .. " is not a sandbox" end
  if type(answer.steering) ~= "string" then return nil, url .. " is a sandbox of another version, which tells no address for steering" end
  return new_handle(url == answer.steering and answer.url or url, answer.steering)
end

return sandbox
