--- The client: options, environment, and the resources on it.

local core = require "tavus.core"
local http = require "tavus.http"
local answer = require "tavus.client.answer"
local errors = require "tavus.errors"
local hosts = require "tavus.host"
local log = require "tavus.log"
local names = require "tavus.names"
local options = require "tavus.options"
local record = require "tavus.client.record"
local resource = require "tavus.client.resource"
local call = require "tavus.client.call"
local task = require "tavus.client.task"
local version = require "tavus.version"
local with = require "tavus.client.with"

local client = {}

-- How many tasks `map` keeps under way by default; equal to the default of max_connections.
local MAP = 32

---@alias tavus.Log "error"|"info"|"debug"|"off"|boolean|fun(level: string, message: string)

---@class tavus.ClientOptions
---@field api_key string? the key; else TAVUS_API_KEY
---@field base_url string? address of the API, with or without a path; else TAVUS_BASE_URL, else https://tavusapi.com
---@field timeout number? seconds of one attempt; else TAVUS_TIMEOUT, else 30 (conversation create 60)
---@field deadline number? seconds of all attempts and pauses together; else 60 (120), at least the timeout
---@field retries integer? repeats after the first attempt; else TAVUS_RETRIES, else 2
---@field backoff (fun(retry: integer): number)? seconds to sleep before retry 1, 2, ...
---@field ca_file string? a PEM file of the authorities to trust; else CURL_CA_BUNDLE, else SSL_CERT_FILE and
--- SSL_CERT_DIR
---@field allow_http boolean? permits http:// to other hosts than this one
---@field proxy string? address of a proxy, http://host:port (or https, socks4, socks4a, socks5, socks5h); else that of
--- https_proxy and related variables, never for loopback
---@field headers table<string, string>? sent with every request
---@field user_agent string? "tavus-lua/<version>" when nil
---@field connect_timeout number? seconds, 5 when nil
---@field max_connections integer? connections to base_url's host that this client may use; else 32
---@field max_in_flight integer? requests of this client under way at once; more wait in line
---@field rate number? requests that this client begins in a second; more wait in line
---@field on_request (fun(facts: table))? before each attempt: { method, path, attempt, timeout }
---@field on_response (fun(facts: table))? after each attempt: { method, path, attempt, outcome, status, elapsed_ms,
--- request_id }
---@field on_retry (fun(facts: table))? before each pause: { method, path, retry, delay, retry_after, status, outcome,
--- attempts }
---@field record string? a file; every attempt is appended to it as a line of JSON without secrets
---@field log tavus.Log? a level for lines to stderr (true: "info"; false, "off": none), or a function for every line;
--- else TAVUS_LOG; else the warnings of calls, where stderr is a terminal

local rules = {
  api_key = { type = "string" },
  base_url = { type = "string" },
  timeout = options.seconds,
  deadline = options.seconds,
  retries = options.retries,
  backoff = { type = "function" },
  ca_file = { type = "string" },
  allow_http = { type = "boolean" },
  proxy = { type = "string" },
  headers = { type = "table" },
  user_agent = { type = "string" },
  connect_timeout = options.seconds,
  max_connections = { type = "number", integer = true, least = 1, most = 100000 },
  max_in_flight = { type = "number", integer = true, least = 1, most = 1e6 },
  rate = { type = "number", above = 0, least = 1e-9, most = 1e6 },
  on_request = { type = "function" },
  on_response = { type = "function" },
  on_retry = { type = "function" },
  record = { type = "string" },
  log = { type = "string|function|boolean" },
}

---@class tavus.Client  types.lua has a field for each resource
local Client = {}
Client.__index = Client
Client.__name = "tavus.client"

--- Shows the base URL, and never the key.
function Client:__tostring()
  return ("tavus.client: %s%s"):format(self._base_url, self._closed and " (closed)" or "")
end

-- An environment variable; an empty one counts as unset.
local function environment(name)
  local value = os.getenv(name)
  if value ~= nil and value:find "%S" then return value end
  return nil
end

local function number_setting(given, name, variable, rule)
  if given[name] ~= nil then return given[name] end
  local text = environment(variable)
  if text == nil then return nil end
  return options.number_from(variable, text, rule)
end

-- The log, or nil; the config error of a wrong setting; and whether warnings are shown at a terminal without a log.
local function log_setting(given)
  local where, name = given.log, "log"
  if where == nil then where, name = environment "TAVUS_LOG", "TAVUS_LOG" end
  if where == nil then return nil, nil, log.at_terminal() end
  if where == true then where = "info" end
  if where == "off" then where = false end
  if type(where) == "string" and not log.levels[where] then
    return nil, options.bad(name, "must be one of debug, error, info, off, not " .. ("%q"):format(where:sub(1, 40)))
  end
  return where and log.new(where) or nil
end

local PEM = "set it to certificates in PEM, or unset it; the option ca_file takes precedence"

-- What is wrong with a file of certificates, or nil. A lack of descriptors is not: the first call reports it.
local function file_problem(path)
  local file, message, code = io.open(path, "rb")
  if not file then return not options.no_descriptor[code] and "cannot be read: " .. message or nil end
  local line, problem
  repeat line, problem = file:read "*l" until not line or line:find "^%-%-%-%-%-BEGIN [%u ]*CERTIFICATE%-%-%-%-%-"
  file:close()
  if line then return nil end
  return (problem and "cannot be read: %s: %s" or "has no certificate in PEM: %s"):format(path, problem)
end

-- What is wrong with a list of folders of certificates, or nil. One folder must exist.
local function folders_problem(list)
  local problem
  for path in list:gmatch "[^:]+" do
    local folder, message, code = io.open(path, "rb")
    local is_file = folder and folder:read(0) ~= nil
    if folder then folder:close() end
    if (folder and not is_file) or options.no_descriptor[code] then return nil end
    problem = is_file and "is not a folder: " .. path or "cannot be read: " .. message
  end
  return problem
end

-- The certificates that the environment names, as curl reads it: a file, folders, or neither.
local function environment_trust(base_url)
  if base_url and base_url:find "^[hH][tT][tT][pP]:" then return nil end
  local variable, folders = "CURL_CA_BUNDLE", nil
  local file = environment(variable)
  if not file then
    variable, folders = "SSL_CERT_FILE", environment "SSL_CERT_DIR"
    file = environment(variable)
  end
  local problem = file and file_problem(file)
  if problem then return nil, nil, options.bad(variable, problem, PEM) end
  problem = folders and folders_problem(folders)
  if problem then return nil, nil, options.bad("SSL_CERT_DIR", problem, PEM) end
  return file, folders
end

-- Opens the session: the server, the key and the limits of the client's requests.
local function open_session(given)
  local base_url = given.base_url or environment "TAVUS_BASE_URL"
  local ca_file, ca_folder, problem = given.ca_file, nil, nil
  if ca_file == nil then ca_file, ca_folder, problem = environment_trust(base_url) end
  if problem then return nil, problem end
  -- The key goes straight to C. When it is not given, C reads TAVUS_API_KEY, so that it never becomes a Lua string.
  local session, refused = http.session {
    api_key = given.api_key,
    base_url = base_url,
    allow_http = given.allow_http,
    ca_file = ca_file,
    ca_folder = ca_folder,
    proxy = given.proxy,
    user_agent = given.user_agent or ("tavus-lua/" .. version),
    headers = given.headers,
    connect_timeout = given.connect_timeout,
    max_connections = given.max_connections,
    max_in_flight = given.max_in_flight,
    rate = given.rate,
  }
  if session then return session end
  local hint
  if refused:find("no API key", 1, true) then
    hint = "keys are made in the Tavus developer portal"
  elseif refused:find("base_url", 1, true) and given.base_url == nil then
    hint = "it was read from TAVUS_BASE_URL"
  elseif refused:find "^%a+_[pP][rR][oO][xX][yY] " then
    hint = "set it to a proxy's address, or unset it; the option proxy takes precedence (\"\": no proxy)"
  end
  return nil, errors.new { type = "config", message = refused, hint = hint }
end

--- Makes a client. The first call opens a connection, not this function.
---@param given tavus.ClientOptions?
---@return tavus.Client?
---@return tavus.Error? err of type "config"
function client.new(given)
  if type(given) == "table" and rawget(given, "new") == client.new then
    error("tavus.new: call it with a dot: tavus.new { ... }", 2)
  end
  if type(given) == "string" then
    error("tavus.new: options must be a table, not string: tavus.new { api_key = \"...\" }", 2)
  end
  local fine, problem = options.check(given, rules, "tavus.new", 2)
  if not fine then return nil, problem end
  given = given or {}
  local timeout, retries, logged, shows
  timeout, problem = number_setting(given, "timeout", "TAVUS_TIMEOUT", options.seconds)
  if problem then return nil, problem end
  retries, problem = number_setting(given, "retries", "TAVUS_RETRIES", options.retries)
  if problem then return nil, problem end
  logged, problem, shows = log_setting(given)
  if problem then return nil, problem end

  local session, recording
  session, problem = open_session(given)
  if not session then return nil, problem end
  if given.record then
    local hint
    recording, problem, hint = record.open(given.record, given.headers)
    if not recording then
      session:close()
      return nil, options.bad("record", problem, hint)
    end
  end

  local self = setmetatable({
    _session = session,
    _base_url = session:base_url(),
    _tasks = {},
    _left = 0,
    _closed = false,
    _timeout = timeout,
    _deadline = given.deadline,
    _retries = retries or call.RETRIES,
    _backoff = given.backoff,
    _concurrency = math.min(given.max_in_flight or MAP, MAP),
    _log = logged,
    _shows = shows or false, -- warnings of calls, at a terminal
    _record = recording,
    _on_request = given.on_request,
    _on_response = given.on_response,
    _on_retry = given.on_retry,
    -- Whether attempts are reported to a log, a recording or a hook.
    _watched = (logged or recording or given.on_request or given.on_response) ~= nil,
  }, Client)
  for name, class in pairs(resource.classes()) do
    self[name] = setmetatable({ _client = self }, class)
  end
  return self
end

local function need_colon(self, name)
  if getmetatable(self) == Client then return end
  error(("%s: call it with a colon: client:%s(...)"):format(name, name), 3)
end

local request_options = options.call_and { body = { type = "table|string" } }

local GONE = { "not_found" }

--- Makes a call that the library has no function for.
---@param method string e.g. "GET"
---@param path string begins with "/"; the caller percent-encodes ids in it
---@param given tavus.RequestOptions?
---@return any answer decoded; true when it was empty
---@return tavus.Meta|tavus.Error
function Client:request(method, path, given)
  need_colon(self, "request")
  if type(method) ~= "string" then error("client:request: the method must be a string, not " .. type(method), 2) end
  if type(path) ~= "string" then error("client:request: the path must be a string, not " .. type(path), 2) end
  local fine, problem = options.check(given, request_options, "client:request", 2)
  if not fine then return nil, problem end
  if path:sub(1, 1) ~= "/" then
    local rest = path:match "/v2/.*" or "/v2/" .. path:gsub("^%a+://[^/]*/?", ""):gsub("^v2/", "")
    return nil, options.bad("path", "must begin with /", "give the path only: " .. rest)
  elseif not path:find "^/v%d" and not self._base_url:find "://[^/]+/." then
    return nil, options.bad("path", "must begin with /v2/", "write /v2" .. path)
  end
  method = method:upper()
  local body = given and given.body
  local op = { method = method, answers = "any", reads = call.reads[method], done = method == "DELETE" and GONE or nil }
  local may_repeat = op.reads or method == "DELETE"
  if type(body) == "table" then
    if method == "PATCH" then may_repeat = core.is_array(body) and require("tavus.patch").repeatable(body) end
    local issues
    body, issues = core.encode(body)
    if not body then return nil, errors.validation(issues, "body") end
  end
  local calling = call.new(self, op, path, body, given)
  calling.may_repeat = may_repeat
  return answer.of(calling)
end

--- Starts a task: a function that runs beside others, and whose calls wait only for themselves. It first runs in the
-- next step (in OpenResty at once, on a light thread of the request). The error of a failed task whose result was never
-- read goes to the log, else to stderr, when the task is collected.
---@param fn function called with the arguments that follow
---@param ... any
---@return tavus.Task?
---@return tavus.Error? err of type "config": the client is closed, or tasks cannot be started here
function Client:spawn(fn, ...)
  need_colon(self, "spawn")
  if type(fn) ~= "function" then error("client:spawn: wants a function, not " .. type(fn), 2) end
  if self._closed then return nil, call.closed() end
  local refused = hosts.check()
  if refused then return nil, refused end
  return task.spawn(self, fn, ...)
end

-- Raises where waiting for all tasks would wait for itself.
local function outside(name)
  if not hosts.scheduler.inside() then return end
  error(("client:%s: inside a task this would wait for itself; use task:result() or client:map()"):format(name), 3)
end

-- Why tasks cannot be driven here, or nil. A closed client may still have a task: the one that closed it.
local function cannot_drive(self)
  if self._closed and self._left == 0 then return call.closed() end
  return hosts.refusal()
end

--- Does a bounded piece of work: reads what arrived, and resumes the tasks that waited for it. A frame loop calls it
-- once a frame with 0.
---@param seconds number? how long it may wait for something to do; 0 when nil
---@return boolean left whether any task of this client is not done yet
---@return tavus.Error? err of type "config", after false: the client is closed, or this place cannot wait
function Client:step(seconds)
  need_colon(self, "step")
  if seconds ~= nil and type(seconds) ~= "number" then
    error("client:step: wants a number of seconds, not " .. type(seconds), 2)
  end
  if seconds and (seconds < 0 or seconds ~= seconds) then error("client:step: the seconds must be 0 or more", 2) end
  outside "step"
  local refused = cannot_drive(self)
  if refused then return false, refused end
  hosts.scheduler.step(self, math.min(seconds or 0, 1e6))
  return self._left > 0
end

--- Waits until every task of this client is done.
---@return boolean? done true
---@return tavus.Error? err of type "config": the client is closed, or this place cannot wait
function Client:run()
  need_colon(self, "run")
  outside "run"
  local refused = cannot_drive(self)
  if refused then return nil, refused end
  hosts.scheduler.run(self)
  if self._orphans then
    -- Some failed: reports those that the program has no handle of.
    self._orphans = nil
    collectgarbage()
  end
  return true
end

local map_options = { concurrency = { type = "number", integer = true, least = 1, most = 1e6 } }

--- Calls a function for each item of a list, several at a time, each call in a task of its own, and waits for all.
---@param list table
---@param fn fun(item: any, index: integer): any, any returns a value, or nil and an error
---@param given { concurrency: integer }? how many at a time; when nil 32, or max_in_flight where that is less
---@return table[]? results in the list's order, one for each item: { value = v } or { err = e }
---@return tavus.Error? err of type "config"
function Client:map(list, fn, given)
  need_colon(self, "map")
  if type(list) ~= "table" then error("client:map: wants a list, not " .. type(list), 2) end
  if type(fn) ~= "function" then error("client:map: wants a function, not " .. type(fn), 2) end
  local count = 0
  for _ in pairs(list) do count = count + 1 end
  if count ~= #list then error("client:map: the list has holes, or keys that are not positions", 2) end
  local fine, problem = options.check(given, map_options, "client:map", 2)
  if not fine then return nil, problem end
  if self._closed then return nil, call.closed() end
  local refused = hosts.refusal()
  if refused then return nil, refused end
  return task.map(self, list, fn, given and given.concurrency or self._concurrency, call.closed)
end

-- Calls a function of the VM's engine.
local function ask_engine(question)
  local engine, problem = http.engine()
  if not engine then return nil, problem end
  return engine[question](engine)
end

--- A descriptor that is readable when `step` has something to do, for other event loops. It belongs to the VM and is
-- the same for every client.
---@return integer?
---@return string? message why there is none; use `timeout` then
function Client:fd()
  need_colon(self, "fd")
  return ask_engine "fd"
end

--- The time until `step` must be called at the latest.
---@return number? seconds nil when there is nothing to wait for
function Client:timeout()
  need_colon(self, "timeout")
  return ask_engine "timeout"
end

--- Closes the client: its requests and tasks are cancelled, its key is wiped, and calls on it fail with a config error.
-- Outside nginx, conversations that `with` has open are ended first, in at most 2 s each. Closing twice is harmless.
-- Connections belong to the VM and stay open.
function Client:close()
  need_colon(self, "close")
  with.close(self)
  -- Everything is repeated each time, because Ctrl-C may have ended an earlier call.
  self._closed = true
  self._session:cancel()
  self._session:close()
  task.cancel_all(self)
end

Client.__close = Client.close

-- client:create_persona, client:listPersonas
local function call_of_resource(name)
  for collection, class in pairs(resource.classes()) do
    local calls = names.without_noun(class.about, name)
    if calls then return ("did you mean client.%s:%s?"):format(collection, calls[1]) end
  end
  return nil
end

-- Members that may be absent.
for _, name in ipairs {
  "_timeout", "_deadline", "_backoff", "_log", "_record", "_on_request", "_on_response", "_on_retry", "_orphans",
  "_failed_hooks", "_failed_recording",
} do
  Client[name] = false
end
names.guard(Client, { title = "client", kinds = { "client" }, more = resource.classes, beyond = call_of_resource })

return client
