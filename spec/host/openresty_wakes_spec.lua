-- nginx wakes a light thread that waits, though nothing came: who waited for the first of several threads is woken by the
-- others out of whatever it waits for then (lua-nginx-module #1439, #964).
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local openresty = require "spec.support.openresty"
local sandbox = require "tavus.sandbox"

-- With `disturb`, threads that wait in the library, its own ones too, are woken wrongly again and again: as if what they wait for
-- had come, as if the time were over, and with values.
local HTTP = [[
  lua_check_client_abort on;
  init_by_lua_block {
    local semaphore = require "ngx.semaphore"
    local wait, sleep, spawn = semaphore.wait, ngx.sleep, ngx.thread.spawn
    disturb, wrong = false, { timer = 0, content = 0 }
    local waits = setmetatable({}, { __mode = "k" }) -- the threads that wait
    local function late(thread)
      sleep(math.random(40) / 1000)
      if waits[thread] then
        local phase = ngx.get_phase()
        wrong[phase] = wrong[phase] + 1
      end
      local n = math.random(40)
      if n == 1 then error("timeout", 0) end
      if n > 20 then return "a value", n end
    end
    -- Wakes the thread that calls out of its next waits.
    function be_disturbed()
      if not disturb then return end
      local threads, thread = {}, coroutine.running()
      for n = 1, 8 do threads[n] = spawn(late, thread) end
      threads[9] = spawn(function() end)
      ngx.thread.wait(unpack(threads))
    end
    local function waited(thread, ...)
      waits[thread] = nil
      return ...
    end
    function semaphore:wait(seconds)
      if seconds == 0 then return wait(self, 0) end
      local thread = coroutine.running()
      -- nobody else's code runs on the pump's thread
      if ngx.get_phase() == "timer" and math.random(4) == 1 then be_disturbed() end
      waits[thread] = true
      return waited(thread, wait(self, seconds))
    end
    function ngx.sleep(seconds)
      local thread = coroutine.running()
      waits[thread] = true
      return waited(thread, sleep(seconds))
    end
    -- nor on those of the tasks' guardians
    function ngx.thread.spawn(...)
      be_disturbed()
      return spawn(...)
    end

    tavus, http = require "tavus", require "tavus.http"
    shared = semaphore.new()
    client = assert(tavus.new { base_url = "BACK", api_key = "KEY", backoff = function() return 0.02 end })
    function list() return assert(client.personas:list()) and "ok" end
    function worried() be_disturbed() return list() end
    function first_of(a, b) ngx.thread.wait(spawn(a), spawn(b)) end
    function after(seconds) return function() sleep(seconds) end end
  } ]]

local SERVER = [[
  location = /disturb { content_by_lua_block { disturb = ngx.var.arg_on == "yes" } }
  location = /wrong { content_by_lua_block { ngx.print(ngx.var.arg_in and wrong[ngx.var.arg_in] or wrong.timer + wrong.content) } }
  location = /left { content_by_lua_block { ngx.print(client._left, " ", tostring(http.engine())) } }

  location = /first { content_by_lua_block { first_of(list, list) ngx.print(list(), list()) } }
  location = /hedge { content_by_lua_block {
    first_of(after(0.001), after(0.01))
    ngx.print(assert(client.personas:create { system_prompt = "x" }) and "ok")
  } }
  location = /own { content_by_lua_block {
    first_of(list, list)
    local all = {}
    for i = 1, 3 do all[i] = client:spawn(list) end
    first_of(after(0.001), after(0.005))
    client:run()
    for i = 1, 3 do all[i] = all[i]:done() and all[i]:result() end
    ngx.print(table.concat(all))
  } }

  location = /semaphore { content_by_lua_block {
    first_of(after(0.001), after(0.005))
    shared:wait(1)
    ngx.print(list(), list())
  } }
  location = /post { content_by_lua_block { for _ = 1, 3 do shared:post() ngx.sleep(0.001) end ngx.print "ok" } }
  location = /socket { content_by_lua_block {
    first_of(after(0.001), after(0.01))
    local socket = ngx.socket.tcp()
    socket:connect("127.0.0.1", ngx.var.server_port)
    socket:send "GET /sleep\r\n"
    socket:receive "*a"
    ngx.print(list(), list())
  } }
  location = /coroutine { content_by_lua_block { ngx.print(coroutine.wrap(list)()) } }

  location = /plain { content_by_lua_block { ngx.print(list()) } }
  location = /call { content_by_lua_block { ngx.print(worried()) } }
  location = /create { content_by_lua_block { be_disturbed() ngx.print(assert(client.personas:create { system_prompt = "x" }) and "ok") } }
  location = /retry { content_by_lua_block {
    be_disturbed()
    ngx.print(assert(client.conversations:list({}, { retries = 20 })) and "ok")
  } }
  location = /result { content_by_lua_block { be_disturbed() ngx.print(client:spawn(worried):result()) } }
  location = /map { content_by_lua_block {
    be_disturbed()
    for _, each in ipairs(client:map({ 1, 2, 3, 4 }, worried, { concurrency = 2 })) do assert(each.value, each.err) end
    ngx.print "ok"
  } }
  location = /run { content_by_lua_block {
    local one, other = client:spawn(worried), client:spawn(worried)
    be_disturbed()
    client:run()
    ngx.print(one:done() and other:done() and "ok")
  } }
  location = /step { content_by_lua_block {
    local one = client:spawn(worried)
    be_disturbed()
    while not one:done() do client:step(0.01) end
    ngx.print(one:result())
  } }
  location = /cancel { content_by_lua_block {
    local one, other = client:spawn(client.request, client, "GET", "/v2/voices")
    other = client:spawn(function() ngx.sleep(0.001) other:cancel() worried() end)
    be_disturbed()
    ngx.sleep(0.002)
    one:cancel()
    local _, err = one:result()
    local _, also = other:result()
    ngx.print(err.type == "cancelled" and also.type == "cancelled" and "ok")
  } }
  location = /sleep { content_by_lua_block {
    be_disturbed()
    ngx.update_time()
    local before = http.now()
    require("tavus.host.openresty").sleep(nil, 0.05)
    ngx.print(http.now() - before >= 0.04 and "ok" or "too early")
  } } ]]

local PATHS = { "/plain", "/call", "/create", "/retry", "/result", "/map", "/run", "/step", "/cancel", "/sleep" }

describe("inside nginx, a wait that is woken for nothing", function()
  local back, server, pid

  before_each(function()
    back = assert(sandbox.start())
    server = openresty.start { http = HTTP, server = SERVER, values = { BACK = back.url, KEY = clients.KEY } }
    pid = server:ask("/pid").body
  end)
  after_each(function()
    server:stop()
    back:stop()
  end)

  local function assert_well()
    openresty.await(function() return server:ask("/left").body:find("^0 .*0 under way, 0 waiting") end)
    assert.equal(pid, server:ask("/pid").body)
    local trouble = {}
    for _, line in ipairs(server:trouble()) do
      if not line:find("lua user thread aborted: runtime error: timeout", 1, true) then trouble[#trouble + 1] = line end
    end
    assert.same({}, trouble)
  end

  it("holds after ngx.thread.wait for the first of several", function()
    back:next { delay = 0.02, times = "always" }
    for _ = 1, 10 do
      assert.equal("okok", server:ask("/first").body)
      assert.equal("ok", server:ask("/hedge").body)
      assert.equal("okokok", server:ask("/own").body)
      assert.equal("ok", server:ask("/plain").body)
    end
    assert.equal(10, #back:requests { method = "POST" })
    assert_well()
  end)

  it("holds where the program was woken out of a wait of its own, and harms that one as little", function()
    back:next { delay = 0.02, times = "always" }
    for _ = 1, 5 do
      for _, path in ipairs { "/semaphore", "/socket" } do assert.equal("okok", server:ask(path).body) end
      assert.equal("ok", server:ask("/post").body)
    end
    assert_well()
  end)

  it("ends well in a coroutine of a visitor who leaves", function()
    back:next { delay = 0.1, times = "always" }
    for _ = 1, 5 do
      local earlier, visit = #back:requests(), server:submit "/coroutine"
      openresty.await(function() return #back:requests() > earlier end)
      visit:cancel()
    end
    assert.equal("ok", server:ask("/coroutine").body)
    assert_well()
  end)

  it("holds while nginx reloads", function()
    back:next { delay = 0.1, times = "always" }
    server:ask "/disturb?on=yes"
    local visits = {}
    for n = 1, 60 do visits[n] = server:submit(PATHS[n % #PATHS + 1]) end
    openresty.await(function() return #back:requests() >= 30 end)
    server:signal "HUP"
    for _, visit in ipairs(visits) do assert.equal("ok", asking.finish(visit).body) end
    openresty.await(function() return server:log():find("worker process " .. pid .. " exited with code 0", 1, true) end)
    pid = server:ask("/pid").body
    assert_well()
  end)

  it("holds 10,000 times, whatever it waits for, with others at work and some who leave", function()
    back:next { path = "/v2/conversations", status = 503, chance = 0.5, seed = 1, times = "always" }
    back:next { path = "/v2/voices", delay = 5, times = "always" }
    back:next { delay = { 0, 0.015 }, times = "always" }
    server:ask "/disturb?on=yes"
    local asked, created = 0, 0
    repeat
      local visits, leaving = {}, {}
      for n = 1, 60 do
        local path = PATHS[n % #PATHS + 1]
        visits[n] = { path = path, request = server:submit(path) }
        if path == "/create" then created = created + 1 end
        if n % 10 == 0 then leaving[#leaving + 1] = server:submit "/map" end
      end
      for _, visit in ipairs(visits) do assert.equal("ok", asking.finish(visit.request).body, visit.path) end
      for _, request in ipairs(leaving) do request:cancel() end
      asked = asked + #visits
    until tonumber(server:ask("/wrong").body) >= 10000
    assert.is_true(tonumber(server:ask("/wrong?in=timer").body) > 100) -- the pump
    server:ask "/disturb?on=no"
    assert.equal(created, #back:requests { method = "POST" })
    assert_well()
  end)
end)
