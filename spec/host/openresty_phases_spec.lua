-- Where nginx lets nothing wait, a call says so, with the remedy, and nothing is sent.
local openresty = require "spec.support.openresty"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

local INIT = [[
  init_by_lua_block {
    tavus = require "tavus"
    client = assert(tavus.new { api_key = "k3y", base_url = "BACK" })
    function attempt(name)
      local list, err = client.personas:list()
      if not list then
        local none, no_map = client:map({ 1 }, print)
        local not_run, no_run = client:run()
        local left, no_step = client:step(0)
        assert(none == nil and not_run == nil and left == false)
        assert(no_map.code == err.code and no_run.code == err.code and no_step.code == err.code)
      end
      ngx.shared.notes:set(name, list and "answered" or ("%s %s: %s"):format(err.type, tostring(err.code), tostring(err)))
    end
    attempt "init"
  }
]]

describe("inside nginx, the phase", function()
  local server, sandbox

  local function serve(options)
    sandbox = assert(sandbox_module.start { port = 0 })
    options.http = INIT .. (options.http or "")
    options.values = options.values or {}
    options.values.BACK = sandbox.url
    server = openresty.start(options)
  end

  after_each(function()
    local trouble = server:trouble()
    server:stop()
    sandbox:stop()
    assert.same({}, trouble)
  end)

  local function assert_refused(name, remedy)
    local note = server:note(name)
    assert.matches("^config phase: ", note)
    assert.matches("in nginx's phase " .. name, note, 1, true)
    assert.matches(remedy or "call it in a timer: ngx.timer.at(0, function() ... end)", note, 1, true)
  end

  it("of a request in which nothing may wait is refused", function()
    serve {
      http = [[
        init_worker_by_lua_block { attempt "init_worker" }
        upstream balanced { server 0.0.0.1; balancer_by_lua_block { attempt "balancer" ngx.exit(500) } }
      ]],
      server = [[
        location = /request {
          set_by_lua_block $nothing { attempt "set" return "" }
          content_by_lua_block { ngx.print "served" }
          header_filter_by_lua_block { attempt "header_filter" }
          body_filter_by_lua_block { attempt "body_filter" }
          log_by_lua_block { attempt "log" }
        }
        location = /balanced { proxy_pass http://balanced; }
      ]],
    }
    assert.equal("served", server:ask("/request").body)
    assert.equal(500, server:ask("/balanced").status)
    assert_refused("init", "in init_worker_by_lua, call it in a timer")
    for _, name in ipairs { "init_worker", "set", "header_filter", "body_filter", "log", "balancer" } do assert_refused(name) end
    assert.same({}, sandbox:requests())
  end)

  it("of a worker that ends is refused, and a reload starts it", function()
    serve { http = [[ exit_worker_by_lua_block { attempt "exit_worker" } ]], server = "" }
    server:signal "HUP"
    assert_refused("exit_worker", "make the call earlier")
    assert.same({}, sandbox:requests())
  end)

  it("of a request in which a call may wait is served", function()
    local certificate = wire.certificates().localhost
    local port = tostring(require("spec.support.nginx").free_port())
    serve {
      values = { TLS = port, CERT = certificate.cert, SECRET = certificate.key },
      http = [[
        server {
          listen 127.0.0.1:TLS ssl;
          ssl_certificate CERT;
          ssl_certificate_key SECRET;
          ssl_certificate_by_lua_block { attempt "ssl_cert" }
          location / { return 200 "secret"; }
        }
      ]],
      server = [[
        server_rewrite_by_lua_block { if ngx.var.uri == "/request" then attempt "server_rewrite" end }
        location = /request {
          rewrite_by_lua_block { attempt "rewrite" }
          access_by_lua_block { attempt "access" }
          content_by_lua_block {
            attempt "content"
            ngx.timer.at(0, function() attempt "timer" end)
            ngx.print "served"
          }
        }
      ]],
    }
    assert.equal("served", server:ask("/request").body)
    local _, output = process.run(
      "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect 127.0.0.1:" .. port, { LD_PRELOAD = false })
    assert.matches("secret", output, 1, true)
    for _, name in ipairs { "server_rewrite", "rewrite", "access", "content", "timer", "ssl_cert" } do
      assert.equal("answered", server:note(name))
    end
    assert.equal(6, #sandbox:requests())
  end)

  it("allows it, but not where C calls Lua back", function()
    serve { server = [[
      location = /nested { content_by_lua_block {
        string.gsub("x", "x", function() attempt "gsub" end)
        table.sort({ 1, 2 }, function() attempt "sort" return false end)
        package.preload.loading = function() attempt "require" end
        require "loading"
        pcall(attempt, "pcall")
        local _ = setmetatable({}, { __index = function() attempt "index" end }).x
        ngx.print "served"
      } } ]] }
    assert.equal("served", server:ask("/nested").body)
    for _, name in ipairs { "gsub", "sort", "require" } do
      local note = server:note(name)
      assert.matches("^config yield: ", note)
      assert.matches("make the call outside of it, or call it in a timer", note, 1, true)
    end
    for _, name in ipairs { "pcall", "index" } do assert.equal("answered", server:note(name)) end
    assert.equal(2, #sandbox:requests())
  end)
end)
