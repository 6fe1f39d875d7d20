-- What calls cost a worker of real nginx, and those it serves meanwhile.
-- openresty.lua PROBE: the program built from probe.c.
--
-- One worker, max_connections = 256, a sandbox that answers after 200 ms: 200 calls at once, while a location that does
-- nothing is asked every 2 ms; then 2,000 warm calls without a delay, by their CPU time. Beside it the blocking way: the same
-- calls made as a binding makes them that knows nothing of nginx. All of it again over TLS, with another nginx in front of
-- the sandbox, and the system's certificates for trust: a copy of their folder, with the authority of that nginx in it, stands
-- in its place in a mount namespace. Where those are not allowed a file of them all is named, and this is said.
package.path = "./?.lua;" .. package.path
local http = require "tavus.http"
local nginx = require "spec.support.nginx"
local openresty = require "spec.support.openresty"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local probe = assert(arg[1])
local BURST, WARM, DELAY = 200, 2000, 0.2

-- The worker gets a core of its own, and all others the other one.
local apart = process.run "[ $(nproc) -gt 1 ] && command -v taskset && taskset -cp 1 $(ps -o ppid= $PPID)" == 0

local sandbox = assert(require("tavus.sandbox").start { port = 0 })
local client = assert(require("tavus").new { api_key = "bench", base_url = sandbox.url })
local function persona() return assert(client.personas:create(require "spec.bench.persona"(4096))).persona_id end
local slow, fast = persona(), persona()
client:close()
assert(sandbox:next { path = "/v2/personas/" .. slow, delay = DELAY, times = "always" })

local certificates = wire.certificates()
local port = nginx.free_port()
local pass = [[
    keepalive_requests 1000000;
    location / { proxy_pass http://sandbox; proxy_http_version 1.1; proxy_set_header Connection ""; }
]]
local front = nginx.start(pass .. ([[
  }
  upstream sandbox { server %s; keepalive 256; }
  server {
    listen 127.0.0.1:%d ssl backlog=1024;
    ssl_certificate %s;
    ssl_certificate_key %s;
]]):format(sandbox.url:match "//(.*)", port, certificates.localhost.cert, certificates.localhost.key) .. pass)

local trust = wire.folder()
local prepared = process.run(([[
  set -e
  cd %s
  mkdir folder
  cp -a /etc/ssl/certs/. folder
  cp %s folder/$(openssl x509 -hash -noout -in %s).0
  cat /etc/ssl/certs/ca-certificates.crt %s > file
  unshare -rm mount --bind folder /etc/ssl/certs]]):format(trust, certificates.ca_file, certificates.ca_file, certificates.ca_file)) == 0

local function serve(url)
  return openresty.start {
    connections = 2048,
    main = apart and "worker_cpu_affinity 01;" or "",
    wrap = prepared and ("unshare -rm sh -c 'mount --bind %s/folder /etc/ssl/certs && exec \"$@\"' -- "):format(trust),
    values = { BACK = url, TRUST = prepared and "nil" or ('"%s/file"'):format(trust) },
    http = [[ init_by_lua_block {
      local tavus, hosts, blocking = require "tavus", require "tavus.host", require "tavus.host.blocking"
      local client = assert(tavus.new { api_key = "bench", base_url = "BACK", max_connections = 256, ca_file = TRUST })
      function get()
        local persona, err = client.personas:get(ngx.var.arg_id)
        if not persona then ngx.status = 502 return ngx.print(tostring(err)) end
        ngx.print(persona.persona_name)
      end
      function get_blocking()
        local current = hosts.current
        hosts.current = function() return blocking end
        get()
        hosts.current = current
      end
    } ]],
    server = [[
      location = /nothing { content_by_lua_block { ngx.print "nothing" } }
      location = /get { content_by_lua_block { get() } }
      location = /blocking { content_by_lua_block { get_blocking() } }
    ]],
  }
end

local session
local engine = http.engine()

-- Asks so often, so many at a time; returns the seconds it took.
local function load(path, count, at_once)
  local start, begun, under_way, requests = http.now(), 0, 0, {}
  while begun < count or under_way > 0 do
    while begun < count and under_way < at_once do
      local request = assert(engine:submit(session, "GET", path, { notify = true, timeout = 120 }))
      requests[request:id()] = request
      begun, under_way = begun + 1, under_way + 1
    end
    engine:step(1)
    local done = engine:finished()
    while done do
      local result = requests[done]:result()
      if result.status ~= 200 then error(("%s: %s %s"):format(path, result.status or result.outcome, result.body or result.message)) end
      requests[done], under_way = nil, under_way - 1
      done = engine:finished()
    end
  end
  return http.now() - start
end

-- Calls at once, with what a probe saw meanwhile: seconds, 99th percentile and longest of the probe in ms.
local function burst(server, path, count)
  local report = os.tmpname()
  local probing = assert(io.popen(("%s %d /nothing >%s"):format(process.quote(probe), server.port, report), "w"))
  engine:sleep(0.1)
  local seconds = load(path, count, count)
  probing:close()
  local file = assert(io.open(report))
  local _, _, late, longest = file:read("*n", "*n", "*n", "*n")
  file:close()
  os.remove(report)
  return seconds, assert(late, "the probe failed"), longest
end

-- Microseconds of the worker's CPU time that a request takes.
local function cpu(pid)
  local file = io.open(("/proc/%d/schedstat"):format(pid))
  local ns = file and file:read "*n"
  if file then file:close() end
  if ns then return ns / 1e3 end
  local stat = assert(io.open(("/proc/%d/stat"):format(pid)))
  local fields = stat:read("*a"):match "%) (.*)"
  stat:close()
  local user, system = fields:match(("%S+ "):rep(11) .. "(%d+) (%d+)")
  return (user + system) * 1e4
end

local function cost(pid, path, at_once)
  load(path, 200, at_once)
  local before = cpu(pid)
  load(path, WARM, at_once)
  return (cpu(pid) - before) / WARM
end

local function measure(title, url)
  local server = serve(url)
  session = assert(http.session { base_url = server.url, api_key = "bench", max_connections = 256 })
  local pid = assert(tonumber(server:ask("/pid").body))
  local late_get, late_blocking = "/get?id=" .. slow, "/blocking?id=" .. slow
  local cold, cold_late, cold_longest = burst(server, late_get, BURST)
  local warm, late, longest = burst(server, late_get, BURST)
  local blocked, _, blocked_longest = burst(server, late_blocking, 10)
  print(("%-9s %d at once: first %.2f s, probe p99 %.1f ms, longest %.1f   then %.2f s, p99 %.1f, longest %.1f"):format(
    title, BURST, cold, cold_late, cold_longest, warm, late, longest))
  print(("%-9s blocking: 10 at once %.2f s, probe longest %.0f ms"):format("", blocked, blocked_longest))
  print(("%-9s warm call: %.1f us of CPU with 20 at once, %.1f one by one; blocking %.1f; a location that does nothing %.1f"):format(
    "", cost(pid, "/get?id=" .. fast, 20), cost(pid, "/get?id=" .. fast, 1), cost(pid, "/blocking?id=" .. fast, 20), cost(pid, "/nothing", 20)))
  server:stop()
end

print(("nginx, one worker, answers after %g ms; trusted over TLS is %s"):format(DELAY * 1e3,
  prepared and "the system's folder of certificates" or "a file of the system's certificates (no namespaces here)"))
measure("plain", sandbox.url)
measure("HTTP/1.1", "https://127.0.0.1:" .. port)
measure("HTTP/2", front.url)
print "          (goal: 0.5 s, p99 5 ms, longest 50 ms, 70 us)"
front:stop()
sandbox:stop()
wire.remove(trust)
