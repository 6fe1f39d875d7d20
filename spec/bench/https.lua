-- CPU of an HTTPS script that makes a new client for every request (tavus.new, a GET, close), against C on one libcurl handle
-- that it keeps; nginx does TLS and HTTP/2 in front of the sandbox.
-- https.lua URL PROGRAM [COMMAND]: the sandbox's URL, the C program built from cycle.c, and a command that pins a process by its
-- id to the server's core.
--
-- Trust: libcurl's build says where the system's certificates are, and no variable of the environment changes that, so the
-- authority of this nginx cannot be put among them without being root. Both sides therefore name a file that holds the system's
-- certificates and this one. Which of the two it is matters for the first connection of a process, which is not measured here: every
-- client after the first uses that connection again, and this is what the figure shows.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local tavus = require "tavus"

local url, program, pin = assert(arg[1]), assert(arg[2]), arg[3]
local count, rounds = 500, 11

-- A short persona, as most are, and one of 4 KB: C discards the answers, the library reads them.
local plain = assert(tavus.new { api_key = "bench", base_url = url })
local short = assert(plain.personas:create { persona_name = "Interviewer", system_prompt = "You are an interviewer.",
  pipeline_mode = "full", default_replica_id = "r90bbd427f71", layers = { llm = { model = "tavus-gpt-oss" } } }).persona_id
local long = assert(plain.personas:create(require "spec.bench.persona"(4096))).persona_id
plain:close()

local server = nginx.start(([[
    keepalive_requests 1000000;
    location / { proxy_pass %s; }
]]):format(url))
if pin and pin ~= "" then process.run(("%s $(cat %s/pid)"):format(pin, process.quote(server.folder))) end

local trusted = os.tmpname()
process.run(("cat /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem %s 2>/dev/null >%s")
  :format(process.quote(server.ca_file), process.quote(trusted)))

local function ours(id)
  local start = os.clock()
  for _ = 1, count do
    local client = assert(tavus.new { api_key = "bench", base_url = server.url, ca_file = trusted })
    assert(client.personas:get(id))
    client:close()
  end
  return os.clock() - start
end

local function theirs(id)
  local _, output = process.run(("%s %s %s - %d %s"):format(process.quote(program), process.quote(server.url), id, count,
    process.quote(trusted)))
  return assert(tonumber(output), output)
end

local function measure(title, id)
  ours(id)
  local a, b, ratios = {}, {}, {}
  for i = 1, rounds do
    a[i], b[i] = ours(id), theirs(id)
    ratios[i] = a[i] / b[i]
  end
  local us = 1e6 / count
  compare.line(title, "tavus", compare.median(a) * us, "C, one handle", compare.median(b) * us, compare.median(ratios), "1.6 or less")
end

measure("HTTPS GET, new client each, short", short)
measure("HTTPS GET, new client each, 4 KB", long)
server:stop()
os.remove(trusted)
