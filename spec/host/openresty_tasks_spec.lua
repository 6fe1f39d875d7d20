-- Tasks inside nginx: light threads of the request that started them.
local asking = require "spec.support.asking"
local openresty = require "spec.support.openresty"
local wire = require "spec.support.wire"

local INIT = [[
  init_by_lua_block {
    tavus = require "tavus"
    client = assert(tavus.new { api_key = "k3y", base_url = "BACK", retries = 0, max_connections = 64, log = function(_, text)
      ngx.shared.notes:set("log", text)
    end })
    function get(id)
      local persona, err = client.personas:get(id)
      if not persona then return nil, err end
      return persona.persona_id
    end
    left = function() return client._left end
  }
  init_worker_by_lua_block { signals = { go = require("ngx.semaphore").new() } }
]]

local COMMON = [[
  location = /left { content_by_lua_block { ngx.print(left()) } }
  location = /go { content_by_lua_block { signals.go:post() } }
]]

local ANSWER = { answer = 200, body = '{"persona_id":"p1"}' }

describe("a task inside nginx", function()
  local server, back

  local function serve(script, lines, http_lines)
    back = wire.start(script)
    server = openresty.start { http = INIT .. (http_lines or ""), server = COMMON .. lines, values = { BACK = back.url } }
  end

  after_each(function()
    local trouble = server:trouble()
    server:stop()
    back:stop()
    assert.same({}, trouble)
  end)

  local function arrived(count)
    openresty.await(function() return #back:requests() >= count end)
  end

  it("runs beside others, and its result is waited for", function()
    serve({ { "read", { await = "answer" }, ANSWER, "loop" } }, [[
      location = /three { content_by_lua_block {
        local tasks = {}
        for i = 1, 3 do tasks[i] = client:spawn(get, "p" .. i) end
        ngx.print(tostring(tasks[1]:done()), " ")
        for i = 1, 3 do ngx.print(tasks[i]:result(), " ") end
        ngx.print(tostring(tasks[1]:done()), " ", left())
      } } ]])
    local visit = server:submit "/three"
    arrived(3)
    back:release "answer"
    assert.equal("false p1 p1 p1 true 0", asking.finish(visit).body)
  end)

  it("hands on all values, nils among them, and errors with their traceback", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /values { content_by_lua_block {
        ngx.print(select("#", client:spawn(function(...) return nil, ..., nil end, 1, 2):result()), " ")
        local value, err = client:spawn(function() local x = nil; return x.y end):result()
        ngx.print(tostring(value), " ", tostring(err:find("attempt to index", 1, true) ~= nil), " ",
          tostring(err:find("stack traceback:", 1, true) ~= nil), " ")
        local _, raised = client:spawn(function() assert(client.personas:get "") end):result()
        ngx.print(raised.type, " ", tostring(raised.traceback:find("stack traceback:", 1, true) ~= nil))
      } } ]])
    assert.equal("3 nil true true validation true", server:ask("/values").body)
  end)

  it("is map's way to ask for many, in order, so many at a time", function()
    serve({ { "read", { wait = 0.01 }, ANSWER, "loop" } }, [[
      location = /map { content_by_lua_block {
        local most, now, list = 0, 0, {}
        for i = 1, 60 do list[i] = i end
        local results = client:map(list, function(item, index)
          now = now + 1
          most = math.max(most, now)
          local id = assert(get("p" .. item))
          now = now - 1
          if item == 7 then return nil, "seven" end
          if item == 8 then error "eight" end
          return item == index and id .. item
        end, { concurrency = 10 })
        for i = 1, 60 do
          if i == 7 then assert(results[i].err == "seven")
          elseif i == 8 then assert(results[i].err:find "eight")
          else assert(results[i].value == "p1" .. i, i) end
        end
        ngx.print(#results, " ", most, " ", left())
      } } ]])
    assert.equal("60 10 0", server:ask("/map").body)
    assert.equal(60, #back:requests())
  end)

  it("may start others, and map may be called in one", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /deep { content_by_lua_block {
        local outer = client:spawn(function()
          local results = client:map({ 1, 2, 3 }, function(i)
            return client:map({ 10, 20 }, function(j) return assert(get "p") .. i + j end)
          end)
          local all = {}
          for _, inner in ipairs(results) do
            for _, each in ipairs(inner.value) do all[#all + 1] = each.value end
          end
          return table.concat(all, " ")
        end)
        ngx.print(outer:result(), " ", left())
      } } ]])
    assert.equal("p111 p121 p112 p122 p113 p123 0", server:ask("/deep").body)
  end)

  it("that is cancelled takes its request with it and is not resumed, whoever cancels it", function()
    serve({ { "read", "hang" } }, [[
      location = /cancel { content_by_lua_block {
        local resumed = "not resumed"
        local victim = client:spawn(function() pcall(get, "p1") resumed = "resumed" end)
        local sleeper = client:spawn(function() ngx.sleep(0.02) resumed = "resumed" end)
        signals.go:wait(60)
        local killer = client:spawn(function() return victim:cancel(), sleeper:cancel(), victim:cancel() end)
        local first, second, again = killer:result()
        local value, err = victim:result()
        ngx.sleep(0.05)
        ngx.print(tostring(first), tostring(second), tostring(again), " ", tostring(value), " ", err.type, " ",
          tostring(victim:done()), " ", resumed, " ", left())
      } } ]])
    local visit = server:submit "/cancel"
    arrived(1)
    server:ask "/go"
    assert.equal("truetruefalse nil cancelled true not resumed 0", asking.finish(visit).body)
    openresty.await(function() return back:count "closed" == 1 end)
  end)

  it("that is cancelled lets its request end, though tasks that it started had ended before", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /parent { content_by_lua_block {
        local task = client:spawn(function()
          client:spawn(function() end)
          client:spawn(get, "p1"):result()
          client:map({ "p1", "p2" }, get)
          ngx.shared.notes:set("started", "yes")
          ngx.sleep(600)
        end)
        signals.go:wait(60)
        task:cancel()
        ngx.print(left())
      } } ]])
    local visit = server:submit "/parent"
    server:note "started"
    server:ask "/go"
    assert.equal("0", asking.finish(visit).body)
  end)

  it("that is cancelled while a coroutine of its own waits ends when that has waited", function()
    serve({ { "read", { await = "answer" }, ANSWER, "loop" } }, [[
      location = /nested { content_by_lua_block {
        local reached = "nothing"
        local task = client:spawn(function()
          local generator = coroutine.wrap(function()
            while true do coroutine.yield(get "p1") end
          end)
          generator()
          reached = "its own code"
          get "p2"
          reached = "too far"
        end)
        signals.go:wait(60)
        task:cancel()
        ngx.shared.notes:set("cancelled", "yes")
        signals.go:wait(60)
        collectgarbage()
        ngx.sleep(0.1)
        ngx.print(select(2, task:result()).type, " ", reached, " ", left())
      } } ]])
    local visit, pid = server:submit "/nested", server:ask("/pid").body
    arrived(1)
    server:ask "/go"
    server:note "cancelled"
    back:release "answer"
    server:ask "/go"
    local body = asking.finish(visit).body
    assert.truthy(body == "cancelled its own code 0" or body == "cancelled nothing 0", body)
    assert.equal(pid, server:ask("/pid").body)
  end)

  it("that cancels itself ends at its next call, which is not sent", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /self { content_by_lua_block {
        local task, reached
        task = client:spawn(function()
          ngx.sleep(0.001)
          task:cancel()
          reached = "next"
          pcall(get, "p1")
          reached = "too far"
        end)
        local _, err = task:result()
        ngx.sleep(0.02)
        ngx.print(err.type, " ", reached)
      } } ]])
    assert.equal("cancelled next", server:ask("/self").body)
    assert.same({}, back:requests())
  end)

  it("holds its request open, and run waits for those of the own request only", function()
    serve({ { "read", { await = "first" }, ANSWER }, { "read", { await = "second" }, ANSWER } }, [[
      location = /open { content_by_lua_block {
        client:spawn(function() get "p1" ngx.print "done" end)
        ngx.print "returned "
      } }
      location = /run { content_by_lua_block {
        client:spawn(get, "p2")
        client:run()
        ngx.print("run ", left())
      } } ]])
    local open = server:submit "/open"
    arrived(1)
    local run = server:submit "/run"
    arrived(2)
    back:release "second"
    assert.equal("run 1", asking.finish(run).body)
    assert.is_false(open:done())
    back:release "first"
    assert.equal("returned done", asking.finish(open).body)
  end)

  it("belongs to its request whatever becomes of ngx.ctx", function()
    serve({ { "read", { wait = 0.02 }, ANSWER, "loop" } }, [[
      location = /ctx { content_by_lua_block {
        ngx.ctx = {}
        local task = client:spawn(function()
          get "p1"
          ngx.ctx = {}
          local _, err = pcall(client.run, client)
          return err:find("inside a task", 1, true) and get "p2"
        end)
        ngx.ctx = {}
        client:run()
        ngx.print(tostring(task:done()), " ", task:result(), " ", left())
      } } ]])
    for _ = 1, 3 do assert.equal("true p1 0", server:ask("/ctx").body) end
  end)

  it("that a subrequest or a timer started is waited for there", function()
    serve({ { "read", { wait = 0.02 }, ANSWER, "loop" } }, [[
      location = /sub { content_by_lua_block {
        local task = client:spawn(get, "p1")
        ngx.ctx = {}
        client:run()
        ngx.print(tostring(task:done()))
      } }
      location = /main { content_by_lua_block {
        ngx.timer.at(0, function()
          local task = client:spawn(get, "p1")
          ngx.ctx = {}
          client:run()
          ngx.shared.notes:set("timer", tostring(task:done()))
        end)
        local task = client:spawn(get, "p1")
        ngx.print(ngx.location.capture("/sub").body, " ")
        client:run()
        ngx.print(tostring(task:done()))
      } }
      location = /other { content_by_lua_block {
        client:spawn(get, "p1")
        ngx.exec "/sub"
      } } ]])
    assert.equal("true true", server:ask("/main").body)
    assert.equal("true", server:note "timer")
    assert.equal("true", server:ask("/other").body)
  end)

  it("is stepped for programs that step elsewhere", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /step { content_by_lua_block {
        local task = client:spawn(get, "p1")
        while client:step(0.01) do end
        ngx.print(tostring(task:done()), " ", tostring(client:step()))
      } } ]])
    assert.equal("true false", server:ask("/step").body)
  end)

  it("cannot wait for itself, nor for all", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /inside { content_by_lua_block {
        for _, name in ipairs { "run", "step" } do
          local _, err = client:spawn(function() client[name](client) end):result()
          ngx.print(tostring(err:find("inside a task", 1, true) ~= nil), " ")
        end
        ngx.print(left())
      } } ]])
    assert.equal("true true 0", server:ask("/inside").body)
  end)

  it("ends with its request: nothing is left behind, and nothing new begins", function()
    serve({ { "read", "hang" } }, [[
      location = /visit { content_by_lua_block {
        client:map({ "p1", "p2", "p3", "p4", "p5", "p6" }, get, { concurrency = 3 })
      } }
 ]], "lua_check_client_abort on;")
    local visit = server:submit "/visit"
    arrived(3)
    visit:cancel()
    openresty.await(function() return back:count "closed" == 3 end)
    openresty.await(function() return server:ask("/left").body == "0" end)
    assert.equal(3, #back:requests())
  end)

  it("that its request left behind before it could begin to wait is told as cancelled", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /leave { content_by_lua_block {
        client:spawn(get, "p1")
        client:spawn(ngx.sleep, 600)
        ngx.exit(204)
      } }
      location = /others { content_by_lua_block { ngx.print(client:spawn(get, "p2"):result(), " ", left()) } } ]])
    assert.equal(204, server:ask("/leave").status)
    openresty.await(function() return server:ask("/others").body == "p1 0" end)
    for _, request in ipairs(back:requests()) do assert.equal("/v2/personas/p2", request.path) end
  end)

  it("leaves no trace on the threads that nginx uses again", function()
    serve({ { "read", { await = "answer" }, ANSWER, "loop" } }, [[
      location = /visit { content_by_lua_block {
        for _ = 1, 5 do client:spawn(get, "p") end
        client:spawn(ngx.sleep, 600)
        get "p"
      } }
      location = /leave { content_by_lua_block {
        for _ = 1, 5 do client:spawn(get, "p") end
        ngx.exit(204)
      } }
      location = /get { content_by_lua_block {
        local thread = ngx.thread.spawn(get, "p")
        local _, id = ngx.thread.wait(thread)
        ngx.print(id, get "p")
      } } ]], "lua_check_client_abort on;")
    local visits, others = {}, {}
    for i = 1, 4 do visits[i] = server:submit "/visit" end
    arrived(24)
    for i = 1, 4 do visits[i]:cancel() end
    for _ = 1, 4 do server:ask "/leave" end
    -- at once, and when the threads were found dead
    for i = 1, 10 do others[i] = server:submit "/get" end
    openresty.await(function() return server:ask("/left").body == "0" end)
    for i = 11, 20 do others[i] = server:submit "/get" end
    back:release "answer"
    for i = 1, 20 do assert.equal("p1p1", asking.finish(others[i]).body) end
  end)

  it("of a request that is gone is told to who waits for it in another", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /sleep { content_by_lua_block {
        signals.sleeper = client:spawn(function() ngx.sleep(600) end)
        ngx.shared.notes:set("sleeps", "yes")
        ngx.sleep(600)
      } }
      location = /wait { content_by_lua_block {
        ngx.shared.notes:set("waits", "yes")
        local _, err = signals.sleeper:result()
        ngx.print(err.type, " ", left())
      } } ]], "lua_check_client_abort on;")
    local sleeper = server:submit "/sleep"
    server:note "sleeps"
    local waiting = server:submit "/wait"
    server:note "waits"
    sleeper:cancel()
    assert.equal("cancelled 0", asking.finish(waiting).body)
  end)

  it("ends when its client is closed", function()
    serve({ { "read", "hang" } }, [[
      location = /open { content_by_lua_block {
        local results = client:map({ "p1", "p2", "p3", "p4", "p5", "p6" }, get, { concurrency = 3 })
        local types = {}
        for i, each in ipairs(results) do types[i] = each.err.type end
        ngx.print(table.concat(types, " "), " ", left())
      } }
      location = /close { content_by_lua_block { client:close() } } ]])
    local visit = server:submit "/open"
    arrived(3)
    server:ask "/close"
    assert.equal("cancelled cancelled cancelled config config config 0", asking.finish(visit).body)
    openresty.await(function() return back:count "closed" == 3 end)
  end)

  it("is not begun where nothing can wait", function()
    serve({ { "read", ANSWER, "loop" } }, [[
      location = /log {
        content_by_lua_block { ngx.print "served" }
        log_by_lua_block {
          local task, err = client:spawn(get, "p1")
          local results, other = client:map({ 1 }, get)
          ngx.shared.notes:set("refused", tostring(task) .. err.code .. tostring(results) .. other.code)
        }
      } ]])
    assert.equal("served", server:ask("/log").body)
    assert.equal("nilphasenilphase", server:note "refused")
    assert.same({}, back:requests())
  end)
end)
