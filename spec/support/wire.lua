--- A scripted server for specs: it does on the wire exactly what it was told, and keeps a journal.
--
-- The server (wire_server.lua, lua-cqueues) is a process of its own, so blocking clients can be tested against it. It ends
-- when its standard input closes: at `server:stop()`, when the handle is collected, and when the spec's process ends in
-- whatever way.
--
--     local wire = require "spec.support.wire"
--     local server = wire.start { { "read", { answer = 200, body = "{}" }, "loop" } }
--     -- ... talk to server.url (http://127.0.0.1:<port>) ...
--     assert.equal("GET", server:requests()[1].method)
--     server:stop()
--
-- `wire.start(script, options)`: `script` is a list of connections, each a list of steps. The first connection accepted runs
-- the first list, and so on; the last list serves all further connections too.
--
-- | step | what the server does |
-- | --- | --- |
-- | `"read"` | reads one request (with its Content-Length body) and journals it; ends the connection when the client closed it |
-- | `"read_head"` | the same, but its body stays unread |
-- | `{ answer = 200, headers = {...}, body = "..." }` | a whole answer with `Content-Length`; `headers` is a table, or a list of lines |
-- | `{ streams = n }` | reads HTTP/2 until `n` requests are whole, and journals their streams; see spec/support/frames.lua |
-- | `{ send = "bytes" }` | these bytes and no others |
-- | `{ send_file = "path" }` | the bytes of a file |
-- | `{ drip = "bytes", every = 0.01, size = 1 }` | the bytes in pieces, a pause before each |
-- | `{ repeat_bytes = "x", count = n }` | the same bytes `n` times (a large body that is never whole in the script) |
-- | `{ wait = seconds }` | nothing, for this long |
-- | `{ await = "name" }` | nothing, until the spec calls `server:release "name"` |
-- | `{ tunnel = port }` | from now on passes bytes to and from this port on loopback (a proxy after CONNECT) |
-- | `{ tunnel = port, till = "name" }` | the same, and is cut when the spec calls `server:release "name"` |
-- | `"hang"` | never answers: waits until the client closes, and journals it |
-- | `"close"` | closes the connection in an orderly way (FIN) |
-- | `"reset"` | closes it with a reset (RST) |
-- | `"loop"` | starts over with the first step, on the same connection |
--
-- After the last step the connection is closed. Options: `tls = "localhost"` (a certificate for localhost and 127.0.0.1) or
-- `tls = "elsewhere"` (valid, but for another host), made by `wire.certificates()`; `server.ca_file` is then the authority
-- that signed it. With TLS `server.url` is https. `alpn = "h2"`: it speaks HTTP/2 then, or says so.
--
-- `server:journal()` is everything that happened so far, oldest first: `{ event = "connect" | "request" | "closed" |
-- "broken" | "stream", connection = n, ... }`, a request with `method, path, version, headers` (lower-case names), `header_lines`,
-- `body`. An entry is written before the next step runs: what the client saw answered is in the journal.
-- `server:requests()` is the requests alone; `server:count(event)` counts.

local wire = {}

local load_text = loadstring or load -- luacheck: ignore (5.1 has loadstring)

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function run(command)
  local a, _, c = os.execute(command)
  return a == true or a == 0 and c == nil
end

local function capture(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return (text:gsub("%s+$", ""))
end

--- Write a file.
---@param path string
---@param text string
function wire.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- What is in a file; "" where there is none.
---@param path string
---@return string
function wire.read_file(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read "*a"
  file:close()
  return text
end

--- A value made of tables, strings, numbers and booleans, as Lua source.
local function source(value)
  if type(value) == "string" then
    -- %q alone leaves line breaks and, in 5.1, NULs in a form that depends on the Lua
    return '"' .. value:gsub('[%c"\\\127-\255]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
  elseif type(value) == "table" then
    local parts = {}
    for k, v in pairs(value) do parts[#parts + 1] = "[" .. source(k) .. "]=" .. source(v) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return tostring(value)
end

--- A new folder for the files of a test; whoever asks for it removes it (`wire.remove`).
function wire.folder()
  return capture "unset LD_PRELOAD; exec mktemp -d" -- with the sanitizers it would take 0.1 s more, for a leak of its own
end

function wire.remove(folder)
  assert(folder:match "^/.+/", "not a folder of mktemp")
  run("rm -rf " .. quote(folder))
end

--- The Lua that runs the specs.
function wire.interpreter()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

--- Run Lua source in a process of its own, under the Lua that runs the specs: whether it ended with status 0, and what it
-- printed (errors too). `environment` is a table of variables for it; `...` in the source are the further arguments.
function wire.run(text, environment, ...)
  local folder = wire.folder()
  wire.write_file(folder .. "/main.lua", text)
  local words = { "env" }
  for name, value in pairs(environment or {}) do words[#words + 1] = quote(name .. "=" .. value) end
  words[#words + 1] = quote(wire.interpreter())
  words[#words + 1] = quote(folder .. "/main.lua")
  for _, argument in ipairs { ... } do words[#words + 1] = quote(tostring(argument)) end
  local ok = run(table.concat(words, " ") .. " >" .. quote(folder .. "/output") .. " 2>&1")
  local output = wire.read_file(folder .. "/output")
  wire.remove(folder)
  return ok, output
end

local certificates

--- Certificates, made once a process with the `openssl` command: `{ folder, ca_file, other_ca_file, localhost = { cert, key },
-- elsewhere = { cert, key } }`. `other_ca_file` is an authority that signed nothing.
function wire.certificates()
  if certificates then return certificates end
  local folder = wire.folder()
  local function path(name) return folder .. "/" .. name end
  local script = [[
set -e
unset LD_PRELOAD
cd %s
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$1.key" -out "$1.pem"
}
leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%%s\nbasicConstraints=CA:FALSE\n' "$2" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem"
}
authority ca "tavus spec authority"
authority other "another authority"
leaf localhost DNS:localhost,IP:127.0.0.1
leaf elsewhere DNS:elsewhere.example
]]
  wire.write_file(path "make.sh", script:format(quote(folder)))
  assert(run("sh " .. quote(path "make.sh") .. " >" .. quote(path "log") .. " 2>&1"), "openssl: " .. wire.read_file(path "log"))
  certificates = {
    folder = folder,
    ca_file = path "ca.pem",
    other_ca_file = path "other.pem",
    localhost = { cert = path "localhost.pem", key = path "localhost.key" },
    elsewhere = { cert = path "elsewhere.pem", key = path "elsewhere.key" },
  }
  -- removed with the process: a userdata or table finalizer is not sure to run under every Lua, a child's EOF is
  certificates.guard = assert(io.popen("cat >/dev/null; rm -rf " .. quote(folder), "w"))
  return certificates
end

local Server = {}
Server.__index = Server

--- Everything that happened so far. (An entry ends with a comma and a line's end, which no quoted text holds; of a long
-- one that is being written a part may be there.)
function Server:journal()
  local whole = wire.read_file(self.folder .. "/journal"):match "^.*,\n" or ""
  local chunk = assert(load_text("return {" .. whole .. "}"))
  return chunk()
end

--- The requests that arrived so far.
function Server:requests()
  local list = {}
  for _, entry in ipairs(self:journal()) do
    if entry.event == "request" then list[#list + 1] = entry end
  end
  return list
end

--- How many entries of this kind the journal has.
function Server:count(event)
  local count = 0
  for _, entry in ipairs(self:journal()) do
    if entry.event == event then count = count + 1 end
  end
  return count
end

--- Let every `{ await = name }` go on, now and later.
function Server:release(name)
  self.input:write(name, "\n")
  self.input:flush()
end

--- End the server and remove its folder; idempotent.
function Server:stop()
  if self.input then
    local input = self.input
    self.input = nil
    input:close() -- waits for the process
  end
end

Server.__gc = Server.stop

local interpreter

-- The server needs not run under the Lua that is tested.
local function find_interpreter()
  interpreter = interpreter or capture([[
    for lua in lua5.4 lua5.3 lua5.1 luajit lua; do
      env -u LD_PRELOAD -u LUA_PATH -u LUA_CPATH -u LUA_INIT $lua -e 'require "cqueues" require "socket" require "ssl"' \
        2>/dev/null && echo $lua && break
    done]])
  assert(interpreter ~= "", "no Lua with lua-cqueues, lua-socket and lua-sec found to run the scripted server")
  return interpreter
end

--- Start a server with this script; see the head of this file.
function wire.start(script, options)
  options = options or {}
  -- One shell: hundreds of tests start a server.
  local folder = capture [[unset LD_PRELOAD; d=$(mktemp -d) && mkfifo "$d/port" && echo "$d"]]
  assert(folder ~= "", "no folder for the scripted server")
  local task = { script = script }
  local ca_file
  if options.tls then
    local certs = wire.certificates()
    task.cert, task.key, ca_file = certs[options.tls].cert, certs[options.tls].key, certs.ca_file
    task.alpn = options.alpn
  end
  wire.write_file(folder .. "/script.lua", "return " .. source(task))
  -- the server is free of the spec's sanitizers and of its search paths; the shell removes the folder behind it
  local input = assert(io.popen(
    ("unset LD_PRELOAD LUA_PATH LUA_CPATH LUA_INIT; %s spec/support/wire_server.lua %s 2>%s/errors; rm -rf %s"):format(
      find_interpreter(), quote(folder), quote(folder), quote(folder)), "w"))
  local fifo = assert(io.open(folder .. "/port", "r")) -- opens when the server listens
  local port = tonumber(fifo:read "*l")
  fifo:close()
  if not port then
    local why = wire.read_file(folder .. "/errors")
    input:close()
    error("the scripted server did not start: " .. why)
  end
  return setmetatable({
    folder = folder,
    input = input,
    port = port,
    ca_file = ca_file,
    url = (options.tls and "https" or "http") .. "://127.0.0.1:" .. port,
  }, Server)
end

return wire
