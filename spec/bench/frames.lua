-- What 200 requests over TLS cost the frames of a game: real nginx in front of the sandbox, the system's own certificates.
--
-- Each frame of a 60 Hz loop spawns what it has to ask, calls client:step(0), and sleeps for the rest. The loop is a process
-- of its own that trusts nobody but the system's folder of certificates: in a mount namespace, where a copy of that folder
-- with the authority of the spec's nginx in it stands in its place. Where namespaces are not allowed it names the authority
-- in a `ca_file`, and says so.
package.path = "./?.lua;" .. package.path

local FRAMES, REQUESTS = 1 / 60, 200

if arg[1] == "loop" then
  local socket = require "socket"
  local url, id, ca_file = arg[2], arg[3], arg[4]
  local wall, cpu = socket.gettime, os.clock

  local function spent(fn, ...)
    local w, c = wall(), cpu()
    fn(...)
    return (wall() - w) * 1e3, (cpu() - c) * 1e3
  end

  local client
  local loaded, loaded_cpu = spent(function() client = assert(require "tavus".new { api_key = "bench", base_url = url, ca_file = ca_file }) end)

  local failed, answered = nil, 0
  local function ask()
    local persona, err = client.personas:get(id)
    if persona then answered = answered + 1 else failed = tostring(err) end
  end

  -- Frames until `stop` says so; asks(n) is how many requests the nth spawns.
  local function run(asks, stop)
    local walls, cpus = {}, {}
    local n, left = 0, true
    repeat
      n = n + 1
      local ends = wall() + FRAMES
      walls[n], cpus[n] = spent(function()
        for _ = 1, asks(n) do client:spawn(ask) end
        left = client:step(0)
      end)
      socket.sleep(math.max(0, ends - wall()))
    until stop(n, left)
    table.sort(walls)
    table.sort(cpus)
    return walls, cpus
  end

  local idle = run(function() return 0 end, function(n) return n == 120 end)
  -- one that finds no connection, two bursts, and then some in every frame
  local bursts = { [1] = 1, [10] = 60, [40] = 60 }
  local walls, cpus = run(function(n) return bursts[n] or (n > 70 and n <= 149 and 1) or 0 end,
    function(n, left) return n > 149 and not left end)
  if failed or answered ~= REQUESTS then error(("%d of %d answered: %s"):format(answered, REQUESTS, tostring(failed))) end
  local last = #walls
  io.write(("first tavus.new %.1f (CPU %.1f)   idle worst %.2f   with requests median %.2f, p99 %.2f, worst %.2f (CPU %.2f)"):format(
    loaded, loaded_cpu, idle[#idle], walls[math.ceil(last * 0.5)], walls[math.ceil(last * 0.99)], walls[last], cpus[last]))
  os.exit(true)
end

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

-- The servers get a core of their own, as they would elsewhere.
local on_a_core = ""
if process.run "[ $(nproc) -gt 1 ] && command -v taskset && taskset -cp 1 $(ps -o ppid= $PPID)" == 0 then on_a_core = "taskset -c 0 " end

local sandbox = assert(require("tavus.sandbox").start { port = 0 })
local client = assert(require("tavus").new { api_key = "bench", base_url = sandbox.url })
local id = assert(client.personas:create(require "spec.bench.persona"(4096))).persona_id
client:close()

local certificates = wire.certificates()
local port = nginx.free_port()
local pass = ([[
    keepalive_requests 100000;
    location / { proxy_pass %s; proxy_http_version 1.1; proxy_set_header Connection ""; }
]]):format(sandbox.url)
local server = nginx.start(pass .. ([[
  }
  server {
    listen 127.0.0.1:%d ssl;
    ssl_certificate %s;
    ssl_certificate_key %s;
]]):format(port, certificates.localhost.cert, certificates.localhost.key) .. pass)

local folder = wire.folder()
local prepared = process.run(([[
  set -e
  cp -a /etc/ssl/certs/. %s
  cp %s %s/$(openssl x509 -hash -noout -in %s).0
  unshare -rm mount --bind %s /etc/ssl/certs]]):format(folder, certificates.ca_file, folder, certificates.ca_file, folder)) == 0

local function measure(title, url)
  local loop = on_a_core .. process.quote(process.interpreter()) .. " spec/bench/frames.lua loop " .. url .. " " .. id
  local command = prepared
    and "unshare -rm sh -c " .. process.quote(("mount --bind %s /etc/ssl/certs && exec %s"):format(folder, loop))
    or loop .. " " .. certificates.ca_file
  local status, output = process.run(command)
  print(("%-10s %s"):format(title, output))
  if status ~= 0 then os.exit(1) end
end

print(("frames: ms that one spends on %d GETs over TLS; trusted is %s"):format(REQUESTS,
  prepared and "the system's folder of certificates" or "a ca_file (no namespaces here)"))
measure("HTTP/2", server.url)
measure("HTTP/1.1", "https://127.0.0.1:" .. port)
print "           (goal: worst at most 8 over idle; on a busy machine look at the CPU time)"
server:stop()
sandbox:stop()
wire.remove(folder)
