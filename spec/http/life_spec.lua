-- Requests that end early: cancelled, collected, interrupted, left over at exit, inherited by a fork.
local http = require "tavus.http"
local forking = require "spec.support.forking"
local wire = require "spec.support.wire"

local key = "tvsk_0123456789abcdef"
local engine, server

local function serve(script)
  server = wire.start(script)
  return server
end

local function session(url)
  return assert(http.session { api_key = key, base_url = url or server.url, allow_http = true })
end

local function submit(made, method, path, options)
  options = options or {}
  options.timeout = options.timeout or 20
  return assert(engine:submit(made, method, path, options))
end

local function await(condition)
  local give_up = http.now() + 20
  repeat
    engine:step(0.005)
    engine:sleep(0.001)
    if http.now() > give_up then error("the condition never came", 2) end
  until condition()
end

before_each(function() engine = assert(http.engine()) end)

after_each(function()
  if server then server:stop() end
  server = nil
end)

describe("cancelling", function()
  it("ends a request that waits in line, under way, or done", function()
    serve { { "read", "hang" }, { "read", { answer = 200 }, "loop" } }
    local made = session()
    local queued = submit(made, "GET", "/")
    queued:cancel()
    assert.is_true(queued:done())
    assert.equal("cancelled", queued:result().outcome)
    assert.equal(0, queued:result().sent)
    local flying = submit(made, "POST", "/", { body = "{}" })
    await(function() return server:count "request" == 1 end)
    assert.is_false(flying:done())
    assert.is_nil(flying:result())
    flying:cancel()
    flying:cancel()
    local result = flying:result()
    assert.equal("cancelled", result.outcome)
    assert.equal(1, result.sent)
    assert.equal(0, engine:step(0))
    await(function() return server:count "closed" == 1 end)
    local whole = submit(made, "GET", "/")
    assert.is_true(engine:wait(whole, 20))
    whole:cancel()
    assert.equal("answer", whole:result().outcome)
  end)

  it("does not wait for a slow name server, nor does a timeout or the end", function()
    local folder = wire.folder()
    local file = assert(io.open(folder .. "/slow.c", "w"))
    file:write [[
      #include <netdb.h>
      #include <unistd.h>
      int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r) {
        (void)n, (void)s, (void)h, (void)r;
        sleep(30);
        return EAI_AGAIN;
      }
    ]]
    file:close()
    assert.is_truthy(os.execute(("env -u LD_PRELOAD cc -shared -fPIC -o %s/slow.so %s/slow.c"):format(folder, folder)))
    local started = http.now()
    local ok, output = wire.run([[
      local http = require "tavus.http"
      local engine = http.engine()
      local function submit(options, timeout)
        options.api_key, options.base_url, options.proxy = "kkkk", "https://tavus-spec.invalid", ""
        return assert(engine:submit(assert(http.session(options)), "POST", "/", { body = "{}", timeout = timeout }))
      end
      for _ = 1, 5 do
        local request = submit {}
        engine:step(0.02)
        request:cancel()
      end
      for _, request in ipairs { submit({}, 0.2), submit({ connect_timeout = 0.2 }, 20) } do
        while not engine:wait(request, 1) do end
        print(request:result().outcome, request:result().code, request:result().sent)
      end
      left = submit {} -- global: in flight at the end
      engine:step(0.02)
    ]], { LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " " .. folder .. "/slow.so" })
    wire.remove(folder)
    assert.is_true(ok, output)
    assert.equal(("not_sent\tCURLE_OPERATION_TIMEDOUT\t0\n"):rep(2), output)
    assert.is_true(http.now() - started < 20)
  end)

  it("of a session's requests, in line or under way, leaves those of others alone", function()
    serve { { "read", { await = "go" }, { answer = 200 }, "loop" } }
    local mine, other = session(), session()
    local requests = {}
    for i, made in ipairs { mine, other, mine, other } do requests[i] = submit(made, "GET", "/" .. i) end
    await(function() return server:count "request" == 4 end)
    requests[5], requests[6] = submit(mine, "GET", "/5"), submit(other, "GET", "/6")
    mine:cancel()
    server:release "go"
    for i, request in ipairs(requests) do
      assert.is_true(engine:wait(request, 20))
      assert.equal(i % 2 == 1 and "cancelled" or "answer", request:result().outcome)
    end
    mine:close()
    other:close()
  end)

  it("leaves other requests alone", function()
    serve { { "read", { await = "go" }, { answer = 200, body = "mine" } }, { "read", "hang" } }
    local made = session()
    local first = submit(made, "GET", "/1")
    await(function() return server:count "request" == 1 end)
    local second = submit(made, "GET", "/2")
    await(function() return server:count "request" == 2 end)
    second:cancel()
    server:release "go"
    assert.is_true(engine:wait(first, 20))
    assert.equal("mine", first:result().body)
  end)
end)

describe("collection", function()
  it("of a request in flight cancels it", function()
    serve { { "read", "hang" } }
    local made = session()
    local function fly()
      local request = submit(made, "GET", "/")
      await(function() return server:count "request" == 1 end)
      return request:done()
    end
    assert.is_false(fly())
    collectgarbage()
    collectgarbage()
    assert.equal(0, engine:step(0))
    await(function() return server:count "closed" == 1 end)
  end)

  it("of a session does not disturb its requests", function()
    serve { { "read", { await = "go" }, { answer = 404, body = "no " .. key } } }
    local request = submit(session(), "POST", "/", { body = "{}", headers = { ["X-A"] = "b" } })
    collectgarbage()
    collectgarbage()
    await(function() return server:count "request" == 1 end)
    server:release "go"
    assert.is_true(engine:wait(request, 20))
    assert.equal("no [redacted]", request:result().body)
    assert.equal(key, server:requests()[1].headers["x-api-key"])
  end)

  it("of a session closed before its request was sent neither, and the key is forgotten with the last of them", function()
    serve { { "read", { answer = 401, body = key } } }
    local made = session()
    local request = submit(made, "GET", "/")
    made:close()
    assert.equal("[redacted]", made:redact(key))
    assert.is_true(engine:wait(request, 20))
    assert.equal(key, made:redact(key))
    assert.equal("[redacted]", request:result().body)
    assert.equal(key, server:requests()[1].headers["x-api-key"])
  end)
end)

describe("a process", function()
  local opening = [[
    local http = require "tavus.http"
    local url = arg[1]
    local engine = http.engine()
    local made = assert(http.session { api_key = "tvsk_0123456789abcdef", base_url = url, allow_http = true })
    local function get(path) return assert(engine:submit(made, "GET", path or "/", { timeout = 20 })) end
    local function wait(request) while not engine:wait(request, 1) do end return request:result() end
  ]]

  it("may end with requests in every state, whatever is collected first", function()
    for _, order in ipairs { "engine, made, requests", "requests, made, engine", "made, requests, engine" } do
      serve { { "read", { answer = 200 }, "read", "hang" }, { "read", "hang" } }
      local ok, output = wire.run(opening .. [[
        local requests = {}
        wait(get())
        for i = 1, 50 do requests[i] = get("/" .. i) end
        engine:step(0)
        engine:fd()
        local resolving = assert(http.session { api_key = "kkkk", base_url = "https://tavus-spec.invalid" })
        requests[#requests + 1] = engine:submit(resolving, "GET", "/")
        engine:step(0)
        keep = { ]] .. order .. [[ } -- global: only the end of the VM collects it
        print "reached the end"
      ]], nil, server.url)
      assert.is_true(ok, output)
      assert.equal("reached the end\n", output)
      server:stop()
    end
  end)

  it("may use the module in a finalizer while the VM closes", function()
    serve { { "read", "hang" } }
    local ok, output = wire.run(opening .. [[
      local request = get()
      engine:step(0)
      local function late()
        local engine = http.engine()
        local ok, message = engine:submit(made, "GET", "/")
        engine:step(0.001)
        engine:wait(request, 0)
        request:cancel()
        tostring(request); tostring(engine); tostring(made)
        collectgarbage()
      end
      if newproxy then
        local proxy = newproxy(true)
        getmetatable(proxy).__gc = late
        keep = proxy
      else
        keep = setmetatable({}, { __gc = late })
      end
      print "reached the end"
      -- Lua never finalizes what is made while it closes: that request's memory is its own leak
    ]], { ASAN_OPTIONS = "detect_leaks=0" }, server.url)
    assert.is_true(ok, output)
    assert.equal("reached the end\n", output)
  end)

  it("may have many VMs, each on its own thread, that share nothing but the code", function()
    serve { { "read", { answer = 200, body = "{}" }, "loop" } }
    local ok, output = wire.run([[
      local thread = require "cqueues.thread"
      local threads = {}
      for i = 1, 8 do
        threads[i] = thread.start(function(_, url)
          local http = require "tavus.http"
          local engine = http.engine()
          assert(engine == http.engine())
          local made = assert(http.session { api_key = "tvsk_0123456789abcdef", base_url = url })
          for n = 1, 30 do
            local request = engine:submit(made, "GET", "/" .. n, { timeout = 20 })
            while not engine:wait(request, 1) do end
            assert(request:result().status == 200, request:result().message)
          end
          engine:submit(made, "GET", "/left over")
          local left = engine:submit(made, "GET", "/left-over")
          engine:step(0)
          made = left -- and the VM ends
        end, arg[1])
      end
      for i = 1, 8 do
        local ok, why = threads[i]:join(60)
        assert(ok, why)
      end
      print "all joined"
    ]], nil, server.url)
    assert.is_true(ok, output)
    assert.equal("all joined\n", output)
    local count = 0
    for _, request in ipairs(server:requests()) do
      if request.path:match "^/%d+$" then count = count + 1 end
    end
    assert.equal(240, count)
  end)

  it("hears Ctrl-C while it waits", function()
    serve { { "read", "hang" } }
    local folder = wire.folder()
    local file = assert(io.open(folder .. "/main.lua", "w"))
    file:write(opening, "while not engine:wait(get(), 0.1) do end\n")
    file:close()
    local pipe = assert(io.popen(("%s %s/main.lua %s 2>&1 & echo $!; wait $!; echo status $?"):format(
      wire.interpreter(), folder, server.url)))
    local pid = pipe:read "*l"
    await(function() return server:count "request" >= 1 end)
    os.execute("kill -INT " .. pid)
    local rest = pipe:read "*a"
    pipe:close()
    wire.remove(folder)
    assert.matches("interrupted", rest)
    assert.is_nil(rest:match "status 0")
  end)

  it("that forks leaves the parent's requests to the parent, and starts afresh in the child", function()
    local folder = wire.folder()
    forking.build(folder)
    serve {
      { "read", { answer = 200 }, "read", { await = "child is gone" }, { answer = 200, body = "to the parent" }, "loop" },
      { "read", { answer = 200, body = "to the child" }, "loop" },
    }
    local source = opening .. [[
      local function load(name) return assert(package.loadlib(arg[2] .. "/fork.so", name)) end
      local fork, leave, await = load "spec_fork", load "spec_leave", load "spec_await"
      if arg[3] == "fd" then engine:fd() end
      wait(get "/first")
      local flying, queued = get "/parent", nil
      for _ = 1, 5 do engine:step(0.02) end
      queued = get "/queued"
      if fork() == 0 then
        local ok, why = pcall(function()
          if arg[3] == "daemon" then load "spec_renew"() end
          if arg[3] == "gc" then
            flying, queued = nil, nil
            collectgarbage()
            collectgarbage()
          elseif arg[3] == "cancel" then
            flying:cancel()
          end
          local mine = http.engine()
          if arg[3] == "daemon" then assert(load "spec_open"() >= 61, "a file of the program was closed") end
          local result = wait(mine:submit(made, "GET", "/child", { timeout = 20 }))
          assert(result.body == "to the child", result.message or result.body)
          if flying then
            assert(flying:done() and flying:result().outcome == "cancelled", "the child sees it cancelled")
            assert(flying:result().message:find "forked")
            assert(queued:done())
          end
        end)
        print(ok and "child is well" or why)
        io.stdout:flush()
        leave()
      end
      assert(await() == 0)
      print "child is gone"
      io.stdout:flush()
      local result = wait(flying)
      assert(result.body == "to the parent", result.message)
      assert(result.elapsed_ms < 4000, "the parent no longer heard its connection")
      assert(result.sent == 1)
      assert(wait(queued).status == 200)
      print "parent is well"
    ]]
    for _, way in ipairs { "plain", "gc", "cancel", "fd", "daemon" } do
      local main = folder .. "/main.lua"
      local out = assert(io.open(main, "w"))
      out:write(source)
      out:close()
      -- the child leaves without tidying up by design, so its leaks are no news
      local pipe = assert(io.popen(("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 %s %s %s %s %s 2>&1"):format(
        wire.interpreter(), main, server.url, folder, way)))
      assert.equal("child is well", pipe:read "*l", way)
      assert.equal("child is gone", pipe:read "*l", way)
      server:release "child is gone"
      assert.equal("parent is well", pipe:read "*l", way)
      pipe:close()
      server:stop()
      serve {
        { "read", { answer = 200 }, "read", { await = "child is gone" }, { answer = 200, body = "to the parent" }, "loop" },
        { "read", { answer = 200, body = "to the child" }, "loop" },
      }
    end
    wire.remove(folder)
  end)
end)
