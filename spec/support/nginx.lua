--- Real nginx for specs, on loopback, with the certificate of `wire.certificates()`: HTTP/2 in front of whatever a spec
-- wants behind it. It ends at `server:stop()`, and with the spec's process in whatever way.
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local nginx = {}

local Server = {}
Server.__index = Server

local function run(command)
  local status, output = process.run(command, { LD_PRELOAD = false })
  return status == 0, output
end

--- A port that was free a moment ago.
---@return integer
function nginx.free_port()
  local server = wire.start { { "close" } }
  server:stop()
  return server.port
end

local skeleton = [[
daemon off;
master_process off;
pid FOLDER/pid;
error_log FOLDER/errors warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  large_client_header_buffers 8 32k;
  server {
    listen 127.0.0.1:PORT ssl http2;
    ssl_certificate CERT;
    ssl_certificate_key KEY;
    root FOLDER/files;
    default_type application/json;
    add_header X-Connection $connection always;
    add_header X-Protocol $server_protocol always;
CONFIGURATION
  }
}
]]

--- Run nginx with `folder`/nginx.conf, whose errors go to `folder`/errors. The shell between ends it, and removes the
-- folder, when the input that is returned closes: at the latest with the spec's process.
---@param folder string
---@param wrap string|nil shell words before the command
---@return file* input
function nginx.run(folder, wrap)
  return assert(io.popen(([[
    unset LD_PRELOAD LUA_PATH LUA_CPATH LUA_INIT; PATH=$PATH:/usr/local/openresty/nginx/sbin:/usr/sbin
    WRAP nginx -e %s/errors -c %s/nginx.conf 2>%s/start & pid=$!
    cat >/dev/null
    kill $pid 2>/dev/null; wait $pid; rm -rf %s]]):gsub("%%s", process.quote(folder)):gsub("WRAP", wrap or "", 1), "w"))
end

local function start(configuration)
  local folder, port, certificates = wire.folder(), nginx.free_port(), wire.certificates()
  assert(run("mkdir " .. process.quote(folder .. "/files")))
  local values = {
    FOLDER = folder, PORT = tostring(port), CERT = certificates.localhost.cert, KEY = certificates.localhost.key,
    CONFIGURATION = configuration,
  }
  wire.write_file(folder .. "/nginx.conf", (skeleton:gsub("%u%u%u+", values):gsub("FOLDER", folder)))
  local input = nginx.run(folder)
  -- a connection is accepted, or nginx is gone; newer versions only warn of `listen ... http2`
  local up, output = run(([[
    for i in $(seq 500); do
      openssl s_client -connect 127.0.0.1:%d </dev/null 2>/dev/null | grep -q "^CONNECTED" && exit 0
      grep -qsv "\[warn\]" %s/errors %s/start && break
      sleep 0.02
    done
    cat %s/start %s/errors
    exit 1]]):format(port, folder, folder, folder, folder))
  if not up then
    input:close()
    return nil, output
  end
  return setmetatable({
    folder = folder, input = input, port = port, url = "https://127.0.0.1:" .. port, ca_file = certificates.ca_file,
  }, Server)
end

--- Call a function that starts a server, and again where its port has found another owner meanwhile.
---@param what string for the message, when it does not start
---@param fn fun(options: any): table|nil, string|nil
---@param options any
---@return table server
function nginx.insist(what, fn, options)
  local why
  for _ = 1, 5 do
    local server
    server, why = fn(options)
    if server then return server end
    if not why:find "Address already in use" then break end
  end
  error(what .. " did not start: " .. why, 3)
end

--- Start nginx with these lines inside its `server { }`.
---@param configuration string `FOLDER` stands for the server's folder; FOLDER/files is what it serves
---@return table server `url, ca_file, port, folder`
function nginx.start(configuration)
  return (nginx.insist("nginx (Debian's package nginx)", start, configuration))
end

--- Write a file that it serves.
function Server:file(name, text)
  wire.write_file(self.folder .. "/files/" .. name, text)
end

--- End a server at once, in the middle of whatever it does; idempotent.
---@param server { input: file*|nil }
function nginx.stop(server)
  local input = server.input
  server.input = nil
  if input then input:close() end -- waits for the process
end
Server.stop = nginx.stop

return nginx
