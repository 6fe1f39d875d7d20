-- Tasks: functions whose calls wait only for themselves.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local process = require "spec.support.process"
local stage = require "spec.support.stage"

local OK, ANSWERING, HOLDING = stage.OK, stage.ANSWERING, stage.HOLDING
local server, client

local function open(script, options)
  client, server = stage.open(script, options)
  return client
end

local function step_until(condition) stage.step_until(client, condition) end

after_each(function()
  if client then client:close() end
  if server then server:stop() end
  client, server = nil, nil
end)

describe("client:spawn", function()
  it("runs nothing of the function before a step, then gives it its arguments", function()
    open(ANSWERING)
    local got
    local task = client:spawn(function(...) got = { n = select("#", ...), ... } end, 1, nil, "x", nil)
    assert.is_nil(got)
    assert.is_false(task:done())
    assert.equal("tavus.task: under way", tostring(task))
    assert.is_false(client:step())
    assert.same({ n = 4, [1] = 1, [3] = "x" }, got)
    assert.is_true(task:done())
    assert.equal("tavus.task: done", tostring(task))
  end)

  it("lets calls run side by side", function()
    open(HOLDING)
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = client:spawn(function() return (client.personas:get("p" .. i)), i end)
    end
    step_until(function() return server:count "request" == 3 end)
    for i = 1, 3 do assert.is_false(tasks[i]:done()) end
    server:release "go"
    client:run()
    for i = 1, 3 do
      local persona, n = tasks[i]:result()
      assert.equal("Ann", persona.persona_name)
      assert.equal(i, n)
    end
  end)

  it("serves whole conversations with the server: update gets and patches in a task as elsewhere", function()
    open { { "read", OK, "read", OK, "loop" } }
    local task = client:spawn(function()
      return client.personas:update("p1", function(p) p.persona_name = "Bob" end)
    end)
    assert.is_table((task:result()))
    assert.equal("PATCH", server:requests()[2].method)
  end)

  it("keeps a task whose handle nobody has", function()
    open(ANSWERING)
    local name
    client:spawn(function()
      for _ = 1, 3 do
        name = nil
        name = client.personas:get("p1").persona_name
        collectgarbage()
      end
    end)
    collectgarbage()
    client:run()
    assert.equal("Ann", name)
    assert.equal(3, #server:requests())
  end)

  it("sleeps between attempts without holding up the other tasks", function()
    local slept
    open({ { "read", { answer = 503 }, "read", OK, "loop" } }, { deadline = 1e6, backoff = function()
      slept = true
      return 1e5
    end })
    local patient = client:spawn(function() return client.personas:get "p1" end)
    step_until(function() return slept end)
    local other = client:spawn(function() return client.personas:get "p2" end)
    assert.is_table((other:result()))
    assert.is_false(patient:done())
  end)

  it("needs a function, and an open client", function()
    open(ANSWERING)
    assert.matches("task_spec.lua:%d+: client:spawn: wants a function, not nil", clients.raised(function() client:spawn() end))
    assert.matches("call it with a colon", clients.raised(function() client.spawn(print) end))
    client:close()
    local task, err = client:spawn(print)
    assert.is_nil(task)
    assert.equal("config", err.type)
    assert.equal("closed", err.code)
  end)

  it("takes no part in calls outside: they wait, and no task is resumed meanwhile", function()
    open { { "read", OK, "loop" } }
    local seen = {}
    local task = client:spawn(function()
      seen[#seen + 1] = "asked"
      client.personas:get "p1"
      seen[#seen + 1] = "answered"
    end)
    client:step(0) -- it asks
    assert(client.personas:get "p2")
    assert.same({ "asked" }, seen)
    client:run()
    assert.same({ "asked", "answered" }, seen)
    assert.is_true(task:done())
  end)

  it("lets the others on when a task yields by itself", function()
    open(ANSWERING)
    local order = {}
    for i = 1, 2 do
      client:spawn(function()
        for turn = 1, 2 do
          order[#order + 1] = i .. "/" .. turn
          coroutine.yield "whatever"
        end
      end)
    end
    assert.is_true(client:step())
    assert.same({ "1/1", "2/1" }, order)
    client:run()
    assert.same({ "1/1", "2/1", "1/2", "2/2" }, order)
  end)
end)

describe("a coroutine that a task had", function()
  it("is of no use to who kept it, and does no harm to later tasks", function()
    open(ANSWERING)
    local kept
    client:spawn(function() kept = coroutine.running() end)
    client:run()
    assert.is_true(coroutine.resume(kept))
    assert.equal("dead", coroutine.status(kept))
    assert.equal("Ann", (client:spawn(function() return client.personas:get("p1").persona_name end):result()))
  end)

  it("goes on only when what it waits for is there, whoever resumes it", function()
    open { { "read", { answer = 503 }, "read", { await = "go" }, OK, "loop" } }
    local thread, sleeper
    client = clients.new(server.url, { backoff = function() return 0.05 end, on_retry = function() sleeper = true end })
    local task = client:spawn(function()
      thread = coroutine.running()
      return client.personas:get("p1").persona_name
    end)
    local waiter = client:spawn(function()
      local name = task:result()
      return name
    end)
    step_until(function() return sleeper end)
    assert.is_true(coroutine.resume(thread))
    step_until(function() return server:count "request" == 2 end)
    assert.is_true(coroutine.resume(thread))
    assert.is_false(task:done())
    server:release "go"
    assert.equal("Ann", (waiter:result()))
    assert.equal(2, #server:requests())
  end)

  it("takes no hook to the next task", function()
    open(ANSWERING)
    local lines = 0
    client:spawn(function() debug.sethook(function() lines = lines + 1 end, "l") end)
    client:run()
    debug.sethook() -- LuaJIT has one for all
    local before = lines
    client:spawn(function() return 1 end)
    client:run()
    assert.equal(before, lines)
  end)
end)

describe("task:result", function()
  it("waits: outside by driving the loop, inside by yielding", function()
    open(HOLDING)
    local first = client:spawn(function() return client.personas:get("p1").persona_name end)
    local second = client:spawn(function() return first:result(), nil, "and nothing lost", nil end)
    step_until(function() return server:count "request" == 1 end)
    server:release "go"
    local all = { n = select("#", second:result()), second:result() }
    assert.same({ n = 4, [1] = "Ann", [3] = "and nothing lost" }, all)
  end)

  it("of a function that raised is nil, the error and its traceback", function()
    open(ANSWERING)
    local task = client:spawn(function()
      local function deep() error "on purpose" end
      deep()
    end)
    local value, err, trace = task:result()
    assert.is_nil(value)
    assert.matches("task_spec.lua:%d+: on purpose\nstack traceback:.*deep", err)
    assert.matches("^stack traceback:.*deep", trace)
    assert.equal("tavus.task: failed", tostring(task))
  end)

  it("leaves raised tables what they are; an error of the library gets its traceback", function()
    open { { "read", { answer = 404, body = "{}" }, "loop" } }
    local raised = { a = 1 }
    local value, err, trace = client:spawn(function() error(raised) end):result()
    assert.is_nil(value)
    assert.equal(raised, err)
    assert.same({ a = 1 }, err)
    assert.matches("task_spec.lua", trace)
    value, err = client:spawn(function() error((select(2, client.personas:get "p1"))) end):result()
    assert.is_nil(value)
    assert.equal("not_found", err.type)
    assert.matches("task_spec.lua", err.traceback)
    value, err, trace = client:spawn(function() error() end):result()
    assert.is_nil(value)
    assert.is_nil(err)
    assert.is_string(trace)
  end)

  it("tells that a task waits for itself, or in a circle", function()
    open(ANSWERING)
    local task
    task = client:spawn(function()
      local value = task:result()
      return value
    end)
    assert.matches("task_spec.lua:%d+: task:result: a task cannot wait for itself", select(2, task:result()))
    local a, b
    a = client:spawn(function() return b:result() end)
    b = client:spawn(function() return a:result() end)
    assert.matches("wait for each other", clients.raised(function() client:run() end))
    assert.matches("wait for each other", clients.raised(function() a:result() end))
    assert.is_true(a:cancel())
    assert.equal("cancelled", select(2, b:result()).type)
  end)

  it("is called with a colon", function()
    open(ANSWERING)
    local task = client:spawn(print)
    for _, name in ipairs { "done", "result", "cancel" } do
      assert.matches("task:" .. name, clients.raised(function() task[name]() end))
    end
  end)
end)

describe("an error in a task that nobody asks for", function()
  it("goes to the log", function()
    local lines = {}
    open(ANSWERING, { log = function(level, line) lines[#lines + 1] = level .. ": " .. line end })
    client:spawn(function() error "unseen" end)
    client:run()
    assert.equal(1, #lines)
    assert.matches("^error: a task failed: .*unseen stack traceback: ", lines[1])
  end)

  it("goes to the log, too, when whoever waited for it was cancelled", function()
    local lines = {}
    open(HOLDING, { log = function(level, line) lines[#lines + 1] = level .. ": " .. line end })
    do
      local first = client:spawn(function()
        client.personas:get "p1"
        error "unseen"
      end)
      local second = client:spawn(function() return first:result() end)
      step_until(function() return server:count "request" == 1 end)
      second:cancel()
    end
    server:release "go"
    client:run()
    assert.matches("error: a task failed: .*unseen", table.concat(lines, "\n"))
  end)

  it("goes to stderr where there is no log; one that is waited for does not", function()
    open(ANSWERING)
    local status, output = process.lua { chunk = ([[
      local client = assert(require("tavus").new { api_key = "k3y", base_url = %q })
      client:spawn(function() error "unseen" end)
      client:spawn(function() error(setmetatable({}, { __tostring = function() error "no text" end })) end)
      client:run()
      local value, err = client:spawn(function() error "seen" end):result()
      assert(value == nil and err:find "seen")
      local task = client:spawn(function() error "asked for later" end)
      client:run()
      assert(select(2, task:result()):find "later")
      task = nil
      client:spawn(function() client.personas:get "x" end):cancel()
    ]]):format(server.url) }
    assert.equal(0, status, output)
    assert.matches("tavus: error: a task failed: .*unseen\nstack traceback:", output)
    assert.matches("a task failed: an error without text\nstack traceback:", output)
    assert.not_matches(": seen", output)
    assert.not_matches("later", output)
    assert.not_matches("cancelled", output)
  end)
end)

describe("client:step and client:run", function()
  it("do a bounded piece of work: tasks that take long are spread over steps", function()
    open(ANSWERING)
    local ran = 0
    for _ = 1, 50 do
      client:spawn(function()
        local ends = http.now() + 0.001
        while http.now() < ends do end -- luacheck: ignore 542
        ran = ran + 1
      end)
    end
    assert.is_true(client:step(0))
    assert.is_true(ran >= 1 and ran < 50)
    assert.equal(0, client:timeout()) -- there is more to do at once
    while client:step(0) do end -- luacheck: ignore 542
    assert.equal(50, ran)
  end)

  it("attend to answers, however often there is something new to run", function()
    open(ANSWERING, { connect_timeout = 600 }) -- libcurl looks at the socket then
    local first = client:spawn(function() return client.personas:get("p1").persona_name end)
    local give_up = http.now() + 30
    while not first:done() do
      assert(http.now() < give_up, "it never came true")
      client:spawn(function() return 1 end)
      client:step(0)
    end
    assert.equal("Ann", (first:result()))
  end)

  it("answer for this client alone, and drive them all", function()
    open(ANSWERING)
    local other = clients.new(server.url)
    local task = other:spawn(function() return other.personas:get "p1" end)
    assert.is_false(client:step(0))
    step_until(function() return task:done() end)
    assert.is_false(other:step(0))
    other:close()
  end)

  it("return at once when nothing is left", function()
    open(ANSWERING)
    local started = http.now()
    assert.is_false(client:step(20))
    client:run()
    assert.is_true(http.now() - started < 19)
    assert.is_nil(client:timeout())
  end)

  it("refuse what makes no sense", function()
    open(ANSWERING)
    for _, bad in ipairs { "1", true, -1, 0 / 0 } do
      assert.matches("task_spec.lua:%d+: client:step: ", clients.raised(function() client:step(bad) end))
    end
    local inside = {}
    client:spawn(function()
      inside[1], inside[2] = pcall(client.step, client, 0)
      inside[3], inside[4] = pcall(client.run, client)
    end)
    client:run()
    assert.matches("client:step: inside a task this would wait for itself", inside[2])
    assert.matches("client:run: inside a task this would wait for itself", inside[4])
  end)

  it("of a closed client are an error, unless a task that closed it goes on", function()
    open(ANSWERING)
    local turns = 0
    local task = client:spawn(function()
      client:close()
      repeat
        turns = turns + 1
        coroutine.yield()
      until turns == 3
    end)
    assert.is_true(client:run())
    assert.is_true(task:done())
    local left, err = client:step(0)
    assert.is_false(left)
    assert.equal("closed", err.code)
    for _, call in ipairs { function() return client:run() end, function() return client:map({ 1 }, print) end } do
      left, err = call()
      assert.is_nil(left)
      assert.equal("closed", err.code)
    end
    -- misuse is told all the same
    assert.matches("task_spec.lua:%d+: client:map: wants a list", clients.raised(function() client:map() end))
    assert.matches("task_spec.lua:%d+: client:step: wants a number", clients.raised(function() client:step "1" end))
    assert.matches("task_spec.lua:%d+: run: call it with a colon", clients.raised(function() client.run() end))
  end)

  -- Without epoll the engine needs no descriptor, and the calls themselves fail (spec/http/descriptors_spec.lua).
  local with_epoll = require "tavus.http".engine():fd() ~= nil
  local it_with_epoll = with_epoll and it or function() end
  it_with_epoll("are an error without a descriptor for the engine", function()
    local status, output = process.run("ulimit -n 60 && exec " .. process.quote(process.interpreter()) .. " -e " .. process.quote [[
      local client = assert(require("tavus").new { api_key = "k3y" })
      local held, file = {}
      repeat
        file = io.open "/dev/null"
        held[#held + 1] = file
      until not file
      local task = assert(client:spawn(print))
      for _, tell in ipairs {
        function() return client:step(0) end, function() return client:run() end, function() return client:map({ 1 }, print) end,
        function() return task:result() end, function() return client.personas:list() end,
      } do
        local value, err = tell()
        print(value, err.type, tostring(err):match "descriptors")
      end
      held = nil
      collectgarbage()
      print(client:run(), task:done())
    ]])
    assert.equal(0, status, output)
    assert.equal("false\tconnection\tdescriptors\n" .. ("nil\tconnection\tdescriptors\n"):rep(4) .. "\ntrue\ttrue\n", output)
  end)

  it("carry a thousand tasks at once", function()
    open(HOLDING, { max_connections = 1000 })
    local done = 0
    for i = 1, 1000 do
      client:spawn(function()
        assert(client.personas:get("p" .. i))
        done = done + 1
      end)
    end
    step_until(function() return tostring(http.engine()):find "1000 under way, 0 waiting" end)
    server:release "go"
    client:run()
    assert.equal(1000, done)
  end)
end)

describe("client:map", function()
  it("keeps the order, and gives every item its value or its error", function()
    open { { "read", OK, "loop" } }
    local results = client:map({ "a", "b", "c", "d", "e" }, function(item, index)
      if item == "b" then return nil, "no " .. index end
      if item == "c" then error "raised" end
      if item == "d" then return nil end
      if item == "e" then return false end
      return client.personas:get(item)
    end)
    assert.equal(5, #results)
    assert.equal("Ann", results[1].value.persona_name)
    assert.same({ err = "no 2" }, results[2])
    assert.matches("raised\nstack traceback:", results[3].err)
    assert.same({}, results[4])
    assert.same({ value = false }, results[5])
  end)

  it("keeps so many under way and no more", function()
    open { { "read", OK, "loop" } }
    local now, most, list = 0, 0, {}
    for i = 1, 40 do list[i] = i end
    local results = client:map(list, function(i)
      now = now + 1
      most = math.max(most, now)
      local persona, err = client.personas:get("p" .. i)
      now = now - 1
      return persona and i, err
    end, { concurrency = 7 })
    assert.equal(7, most)
    for i = 1, 40 do assert.equal(i, results[i].value) end
  end)

  it("works in a task, and is cancelled with it", function()
    open { { "read", { await = "go" }, OK, "loop" } }
    local reached = 0
    local function get(n)
      reached = reached + 1
      return client.personas:get("p" .. n)
    end
    local task = client:spawn(function() return #client:map({ 1, 2, 3, 4 }, get, { concurrency = 2 }) end)
    step_until(function() return server:count "request" == 2 end)
    assert.is_true(task:cancel())
    assert.is_false(client:step())
    assert.equal(2, reached)
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    server:release "go"
    task = client:spawn(function() return #client:map({ 1, 2, 3, 4 }, get, { concurrency = 2 }) end)
    assert.equal(4, (task:result()))
  end)

  it("of another client is cancelled with the task, too", function()
    open(HOLDING)
    local other = clients.new(server.url)
    local task = client:spawn(function()
      return #other:map({ 1, 2, 3, 4 }, function(n) return other.personas:get("p" .. n) end, { concurrency = 2 })
    end)
    step_until(function() return server:count "request" == 2 end)
    assert.is_true(task:cancel())
    assert.is_false(other:step())
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    other:close()
  end)

  it("takes an empty list, and ten thousand items that fail at once", function()
    open(ANSWERING)
    assert.same({}, client:map({}, print))
    local list = {}
    for i = 1, 10000 do list[i] = i end
    local results = client:map(list, function(i) return nil, i end, { concurrency = 1 })
    for i = 1, 10000 do assert.equal(i, results[i].err) end
  end)

  it("of items that never wait leaves the others their turns", function()
    open(ANSWERING)
    local turns, list = 0, {}
    for i = 1, 1000 do list[i] = i end
    local map = client:spawn(function() return client:map(list, function(i) return i end, { concurrency = 2 }) end)
    client:spawn(function()
      repeat
        turns = turns + 1
        coroutine.yield()
      until map:done()
    end)
    local results = map:result()
    for i = 1, 1000 do assert.equal(i, results[i].value) end
    assert.is_true(turns > 100, turns)
    client:run()
  end)

  it("refuses what is no list, no function, no number", function()
    open(ANSWERING)
    assert.matches("task_spec.lua:%d+: client:map: wants a list", clients.raised(function() client:map("x", print) end))
    assert.matches("client:map: wants a function", clients.raised(function() client:map({}) end))
    assert.matches("holes", clients.raised(function() client:map({ 1, nil, 3 }, print) end))
    assert.matches("holes", clients.raised(function() client:map({ a = 1 }, print) end))
    assert.matches("concurrency", clients.raised(function() client:map({}, print, { concurrency = "2" }) end))
    assert.matches("did you mean concurrency", clients.raised(function() client:map({}, print, { concurency = 2 }) end))
    local results, err = client:map({}, print, { concurrency = 0 })
    assert.is_nil(results)
    assert.equal("config", err.type)
  end)
end)

if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  describe("Lua 5.1", function()
    it("sends nothing of a call inside pcall, which does not disturb the next one", function()
      open(HOLDING)
      local task = client:spawn(function()
        assert(not pcall(client.personas.get, client.personas, "p1"))
        return client.personas:get("p2").persona_name
      end)
      step_until(function() return server:count "request" == 1 end)
      server:release "go"
      assert.equal("Ann", (task:result()))
      assert.equal("/v2/personas/p2", server:requests()[1].path)
      assert.equal(1, #server:requests())
    end)


    it("cannot wait in a for over each() in a task, and says so", function()
      open(ANSWERING)
      local task = client:spawn(function()
        for _ in client.personas:each() do error "not reached" end
      end)
      assert.matches("Lua 5.1 cannot wait inside pcall", select(2, task:result()))
      client:step(0)
      assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    end)
  end)
else
  describe("each() in a task", function()
    it("waits page by page", function()
      local sandbox = assert(require("tavus.sandbox").start { port = 0 })
      client = clients.new(sandbox.url)
      for i = 1, 5 do assert(client.personas:create(clients.persona(function(p) p.persona_name = "p" .. i end))) end
      local task = client:spawn(function()
        local names, ok = {}, pcall(error)
        for p in client.personas:each { persona_type = "user", limit = 2 } do names[#names + 1] = p.persona_name end
        assert(not ok)
        return #names
      end)
      assert.equal(5, (task:result()))
      sandbox:stop()
    end)
  end)
end

