--- Real nginx with its Lua module for specs: workers of their own, with the library as it is built for LuaJIT, whatever Lua
-- runs the spec.
--
--     local server = openresty.start { values = { BACK = sandbox.url }, http = "...", server = "location / { ... }" }
--     asking.ask(server.url, "GET", "/")
--     server:stop()
local asking = require "spec.support.asking"
local http = require "tavus.http"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local openresty = {}

local Server = {}
Server.__index = Server

local function shell(command)
  local status, output = process.run(command, { LD_PRELOAD = false })
  return status == 0 and output:gsub("%s+$", "") or nil
end

-- OpenResty has the Lua module built in; elsewhere it is loaded, and what it needs before it.
local modules
local function load_modules()
  if not modules then
    modules = assert(shell [[
      PATH=$PATH:/usr/local/openresty/nginx/sbin:/usr/sbin
      folder=$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
      for name in ndk_http_module ngx_http_lua_module; do
        if [ -n "$folder" ] && [ -f "$folder/$name.so" ]; then echo "load_module $folder/$name.so;"; fi
      done]], "nginx cannot be asked")
  end
  return modules
end

local tree
local function find_tree()
  tree = tree or assert(shell "cd .build/luajit/tree && test -f ../built && pwd",
    "nginx runs LuaJIT: `make build LUA=luajit` makes what it loads")
  return tree
end

local skeleton = [[
MODULES
OWNER
daemon off;
worker_processes WORKERS;
pid FOLDER/pid;
error_log FOLDER/errors notice;
MAIN
events { worker_connections CONNECTIONS; }
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  lua_package_path "TREE/share/lua/5.1/?.lua;TREE/share/lua/5.1/?/init.lua;;";
  lua_package_cpath "TREE/lib/lua/5.1/?.so;;";
  lua_shared_dict notes 1m;
  keepalive_requests 1000000;
HTTP
  server {
    listen 127.0.0.1:PORT backlog=1024 LISTEN;
    root FOLDER/files;
    location = /ready { return 200; }
    location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
    location = /note { content_by_lua_block { ngx.print(ngx.shared.notes:get(ngx.var.arg_of)) } }
SERVER
  }
}
]]

local function start(options)
  local folder, port = wire.folder(), nginx.free_port()
  local values = {
    FOLDER = folder, PORT = tostring(port), TREE = find_tree(), OWNER = shell "id -u" == "0" and "user root;" or "", MODULES = load_modules(),
    WORKERS = tostring(options.workers or 1), CONNECTIONS = tostring(options.connections or 1024),
    LISTEN = options.listen or "", MAIN = options.main or "", HTTP = options.http or "", SERVER = options.server,
  }
  local text = skeleton:gsub("%u%u%u+", values)
  for name, value in pairs(options.values or {}) do values[name] = value end
  wire.write_file(folder .. "/nginx.conf", (text:gsub("%u%u%u+", values)))
  local self = setmetatable({ folder = folder, port = port, url = "http://127.0.0.1:" .. port }, Server)
  self.input = nginx.run(folder, options.wrap)
  for _ = 1, 1000 do
    if asking.ask(self.url, "GET", "/ready").status == 200 then return self end
    local log = self:log()
    if log:find "%[emerg%]" or log:find "init_by_lua error" then
      self:stop()
      return nil, log
    end
    http.engine():sleep(0.02)
  end
  local log = self:log()
  self:stop()
  return nil, "it does not answer: " .. log
end

--- Start it.
---@param options table { server, http, main: lines of the configuration; listen, workers, connections, values; wrap, see nginx.run }
--- in the lines FOLDER, PORT and the names in `values` (capitals) stand for what they name
---@return table server `url, port, folder`
function openresty.start(options)
  return (nginx.insist("nginx with Lua (Debian's packages nginx and libnginx-mod-http-lua)", start, options))
end

--- What it wrote to its error log.
---@return string
function Server:log()
  return wire.read_file(self.folder .. "/errors") .. wire.read_file(self.folder .. "/start")
end

--- The lines of the log that tell of trouble.
---@return string[]
function Server:trouble()
  local lines = {}
  for line in self:log():gmatch "[^\n]+" do
    if line:find " %[warn%] " or line:find " %[error%] " or line:find " %[crit%] " or line:find " %[alert%] "
      or line:find " %[emerg%] " then
      lines[#lines + 1] = line
    end
  end
  return lines
end

--- Send its master a signal: "HUP" reloads, "QUIT" ends it when the last request is answered.
---@param name string
function Server:signal(name)
  assert(process.run(("kill -%s %s"):format(name, (wire.read_file(self.folder .. "/pid"):gsub("%s", "")))) == 0)
end

--- Ask it, and wait for the answer.
---@return table result as of asking.ask
function Server:ask(path, method, body)
  return asking.ask(self.url, method or "GET", path, body)
end

--- Begin to ask it.
---@return table request for asking.finish
function Server:submit(path, method, body)
  return asking.submit(self.url, method or "GET", path, body)
end

--- Wait until a condition holds, while requests go on.
---@param condition fun(): any
---@return any what it returned at last
function openresty.await(condition)
  local give_up = http.now() + 20
  while true do
    local value = condition()
    if value then return value end
    if http.now() > give_up then error("the condition never came", 2) end
    http.engine():sleep(0.01)
  end
end

--- A note that Lua in nginx left in `ngx.shared.notes`; waits for it.
---@param name string
---@return string
function Server:note(name)
  return openresty.await(function()
    local text = self:ask("/note?of=" .. name).body
    return text ~= "nil" and text
  end)
end

Server.stop = nginx.stop

return openresty
