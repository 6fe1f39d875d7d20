-- What becomes of calls inside nginx when their request, their worker or their VM goes away, and when nginx gives no timer.
local asking = require "spec.support.asking"
local openresty = require "spec.support.openresty"
local wire = require "spec.support.wire"

local INIT = [[
  init_by_lua_block {
    tavus = require "tavus"
    client = assert(tavus.new { api_key = "k3y", base_url = "BACK", retries = 0 })
    first, refused = client.personas:get "p1"
    require("tavus.http").engine():fd()
    function tell(value, err)
      ngx.print(value ~= nil and tavus.encode(value) or ("%s %s: %s"):format(err.type, tostring(err.code), err.message))
    end
  }
]]

local GET = [[
  location = /get { content_by_lua_block { tell(client.personas:get "p1") } }
]]

local ANSWER = { answer = 200, body = '{"persona_id":"p1"}' }

describe("a call inside nginx", function()
  local server, back

  local function serve(script, options)
    back = wire.start(script)
    options.http = INIT .. (options.http or "")
    options.server = GET .. (options.server or "")
    options.values = { BACK = back.url }
    server = openresty.start(options)
  end

  -- with the lines of its log that a spec expects
  local function finish(expected)
    local trouble = {}
    for _, line in ipairs(server:trouble()) do
      if not (expected and line:find(expected)) then trouble[#trouble + 1] = line end
    end
    server:stop()
    back:stop()
    server, back = nil, nil
    assert.same({}, trouble)
  end

  after_each(function()
    if server then server:stop() end
    if back then back:stop() end
    server, back = nil, nil
  end)

  local function arrived(count)
    openresty.await(function() return #back:requests() >= count end)
  end

  local function gone(count)
    openresty.await(function() return back:count "closed" >= count end)
  end

  it("is cancelled when nginx notices that the visitor went away", function()
    serve({ { "read", "hang" } }, { http = "lua_check_client_abort on;" })
    for i = 1, 3 do
      local visit = server:submit "/get"
      arrived(i)
      visit:cancel()
      gone(i)
    end
    finish()
  end)

  it("sends nothing when the visitor went away before the first step", function()
    serve({ { "read", ANSWER } }, { server = [[
      location = /early { content_by_lua_block {
        local thread = ngx.thread.spawn(function() return client.personas:get "p1" end)
        ngx.print(coroutine.status(thread))
        assert(ngx.thread.kill(thread))
      } } ]] })
    for _ = 1, 3 do assert.equal("running", server:ask("/early").body) end
    assert.truthy(server:ask("/get").json)
    assert.equal(1, #back:requests())
    finish()
  end)

  it("is cancelled when its light thread is killed, or its request exits", function()
    serve({ { "read", "hang" } }, { server = [[
      location = /kill { content_by_lua_block {
        local thread = ngx.thread.spawn(function() return client.personas:get "p1" end)
        stop:wait(60)
        assert(ngx.thread.kill(thread))
        ngx.print "killed"
      } }
      location = /exit { content_by_lua_block {
        ngx.thread.spawn(function() return client.personas:get "p1" end)
        stop:wait(60)
        ngx.exit(204)
      } }
      location = /stop { content_by_lua_block { stop:post() } } ]], http = [[ init_worker_by_lua_block { stop = require("ngx.semaphore").new() } ]] })
    local killer = server:submit "/kill"
    arrived(1)
    server:ask "/stop"
    assert.equal("killed", asking.finish(killer).body)
    gone(1)
    local leaver = server:submit "/exit"
    arrived(2)
    server:ask "/stop"
    assert.equal(204, asking.finish(leaver).status)
    gone(2)
    finish()
  end)

  it("lives on through a reload, and its request may make more", function()
    serve({ { "read", { await = "answer" }, ANSWER, "loop" } }, { server = [[
      location = /twice { content_by_lua_block {
        local first = assert(client.personas:get "p1")
        ngx.sleep(0.05)
        local second = assert(client.personas:get "p1")
        ngx.print(first.persona_id, second.persona_id, " ", tostring(ngx.worker.exiting()))
      } } ]] })
    local visits = {}
    for i = 1, 20 do visits[i] = server:submit "/twice" end
    arrived(20)
    local before = server:ask("/pid").body
    server:signal "HUP"
    openresty.await(function() return server:ask("/pid").body ~= before end)
    assert.equal(20, #back:requests())
    back:release "answer"
    for i = 1, 20 do
      local result = asking.finish(visits[i])
      assert.equal("p1p1 true", result.body, result.message)
    end
    assert.truthy(server:ask("/get").json)
    finish()
  end)

  it("is answered though its worker was told to end, and the worker ends then", function()
    serve({ { "read", { await = "answer" }, ANSWER, "loop" } }, {})
    local visit = server:submit "/get"
    arrived(1)
    server:signal "QUIT"
    openresty.await(function() return server:log():find "gracefully shutting down" end)
    back:release "answer"
    assert.truthy(asking.finish(visit).json)
    openresty.await(function() return server:log():find "worker process %d+ exited with code 0" end)
    finish()
  end)

  it("works in every worker, of a client that was made, and refused a call, before they were", function()
    -- each visit on a connection of its own, which the kernel gives to any of the workers
    serve({ { "read", ANSWER, "loop" } }, { workers = 3, listen = "reuseport", http = "keepalive_timeout 0;", server = [[
      location = /who { content_by_lua_block {
        assert(first == nil and refused.code == "phase")
        assert(client.personas:get "p1")
        ngx.print(ngx.worker.pid())
      } } ]] })
    local seen, count = {}, 0
    openresty.await(function()
      local visits = {}
      for i = 1, 30 do visits[i] = server:submit "/who" end
      for i = 1, 30 do
        local pid = assert(tonumber(asking.finish(visits[i]).body))
        if not seen[pid] then seen[pid], count = true, count + 1 end
      end
      return count == 3
    end)
    finish()
  end)

  it("says that nginx has no timer for it, and sends nothing", function()
    serve({ { "read", ANSWER, "loop" } }, { http = [[
      lua_max_pending_timers 1;
      init_worker_by_lua_block { assert(ngx.timer.at(3600, function() end)) } ]] })
    local answer = server:ask("/get").body
    assert.matches("^config timer: .*too many pending timers", answer)
    assert.same({}, back:requests())
    finish()
  end)

  it("waits for a timer that nginx cannot run yet, and gives up in the end", function()
    serve({ { "read", ANSWER, "loop" } }, { http = [[
      lua_max_running_timers 1;
      init_worker_by_lua_block {
        busy = require("ngx.semaphore").new()
        assert(ngx.timer.at(0, function() busy:wait(3600) end))
      } ]], server = [[
      location = /free { content_by_lua_block { busy:post() } } ]] })
    openresty.await(function() return server:ask("/ready").status == 200 end)
    local visits = {}
    for i = 1, 5 do visits[i] = server:submit "/get" end
    for i = 1, 5 do assert.matches("^config timer: .*its timers do not run", asking.finish(visits[i]).body) end
    assert.same({}, back:requests())
    local patient = server:submit "/get"
    server:ask "/free"
    assert.truthy(asking.finish(patient).json)
    assert.equal(1, #back:requests())
    finish "lua_max_running_timers are not enough"
  end)

  it("ends when what drives it breaks, and the next one works", function()
    serve({ { "read", "hang" }, { "read", ANSWER, "loop" } }, { server = [[
      location = /break { content_by_lua_block {
        local http = require "tavus.http"
        local engine = http.engine
        local broken = setmetatable({}, { __index = function() error "broken" end })
        http.engine = function() http.engine = engine return broken end
        tell(client.personas:get "p1")
      } } ]] })
    assert.matches("^config timer: .*broken", server:ask("/break").body)
    assert.same({}, back:requests())
    local visit = server:submit "/get"
    arrived(1)
    visit:cancel()
    assert.truthy(server:ask("/get").json)
    finish "tavus: the loop that drives requests failed: .*broken"
  end)
end)
