-- Tasks that end early: cancelled, or closed or collected with their client.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local process = require "spec.support.process"
local stage = require "spec.support.stage"
local wire = require "spec.support.wire"

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

describe("task:cancel", function()
  local function is_cancelled(task)
    assert.is_true(task:done())
    assert.equal("tavus.task: cancelled", tostring(task))
    local value, err = task:result()
    assert.is_nil(value)
    assert.equal("cancelled", err.type)
    assert.matches("look before you repeat it", err.hint)
    assert.is_false(task:cancel())
  end

  it("ends a task that did not begin", function()
    open(ANSWERING)
    local ran
    local task = client:spawn(function() ran = true end)
    assert.is_true(task:cancel())
    is_cancelled(task)
    assert.is_false(client:step())
    assert.is_nil(ran)
  end)

  it("ends its transfer at once, and never resumes it", function()
    open { { "read", "hang" }, { "read", OK, "loop" } }
    local resumed
    local task = client:spawn(function()
      client.personas:get "p1"
      resumed = true
    end)
    step_until(function() return server:count "request" == 1 end)
    assert.is_true(task:cancel())
    is_cancelled(task)
    assert.is_false(client:step())
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    while server:count "closed" == 0 do assert(client.personas:get "p2") end
    assert.is_nil(resumed)
  end)

  it("takes a request out of the line: it is never sent", function()
    open({ { "read", { await = "go" }, OK, "loop" } }, { max_in_flight = 1 })
    local first = client:spawn(function() return client.personas:get "p1" end)
    local second = client:spawn(function() return client.personas:get "p2" end)
    local third = client:spawn(function() return client.personas:get "p3" end)
    step_until(function() return server:count "request" == 1 end)
    assert.is_true(second:cancel())
    is_cancelled(second)
    server:release "go"
    client:run()
    assert.is_table((first:result()))
    assert.is_table((third:result()))
    assert.equal("/v2/personas/p3", server:requests()[2].path)
    assert.equal(2, #server:requests())
  end)

  it("wakes one that sleeps before a retry", function()
    local slept
    open({ { "read", { answer = 503 }, "loop" } }, { deadline = 1e6, backoff = function()
      slept = true
      return 1e5
    end })
    local task = client:spawn(function() return client.personas:get "p1" end)
    step_until(function() return slept end)
    assert.is_true(client:timeout() > 9e4)
    assert.is_true(task:cancel())
    is_cancelled(task)
    assert.is_false(client:step())
    assert.is_nil(client:timeout())
  end)

  it("ends one that waits for another, and leaves the other", function()
    open(HOLDING)
    local first = client:spawn(function() return client.personas:get "p1" end)
    local second = client:spawn(function() return first:result() end)
    step_until(function() return server:count "request" == 1 end)
    assert.is_true(second:cancel())
    server:release "go"
    assert.is_table((first:result()))
    assert.is_false(client:step())
    is_cancelled(second)
  end)

  it("tells a loop that sleeps when another task waited for it", function()
    local slept
    open({ { "read", { answer = 503 }, "loop" } }, { deadline = 1e6, backoff = function()
      slept = true
      return 1e5
    end })
    local first = client:spawn(function() return client.personas:get "p1" end)
    local second = client:spawn(function() return select(2, first:result()).type end)
    step_until(function() return slept end)
    client:step(0)
    assert.is_true(client:timeout() > 9e4)
    first:cancel()
    assert.equal(0, client:timeout())
    client:step(0)
    assert.is_true(second:done())
    assert.equal("cancelled", (second:result()))
  end)

  it("of the task that runs takes effect at its next call", function()
    open(ANSWERING)
    local task, told, after
    task = client:spawn(function()
      told = { task:cancel(), task:done() }
      client.personas:get "p1"
      after = true
    end)
    client:run()
    assert.same({ true, true }, told)
    is_cancelled(task)
    client:step(0)
    assert.is_nil(after)
    assert.equal(0, #server:requests())
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    -- and one that has no next call simply ends
    task = client:spawn(function()
      task:cancel()
      return "ignored"
    end)
    client:run()
    is_cancelled(task)
  end)

  it("of an ended task changes nothing", function()
    open(ANSWERING)
    local task = client:spawn(function() return 1 end)
    client:run()
    assert.is_false(task:cancel())
    assert.equal(1, (task:result()))
  end)

  if _VERSION ~= "Lua 5.1" and _VERSION ~= "Lua 5.2" and _VERSION ~= "Lua 5.3" then
    it("closes what the function left to be closed", function()
      open { { "read", "hang" } }
      local closed = {}
      local text = [[
        local client, closed = ...
        return function()
          local held <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "closed" end })
          client.personas:get "p1"
          return held
        end]]
      local task = client:spawn(assert(load(text))(client, closed))
      step_until(function() return server:count "request" == 1 end)
      assert.same({}, closed)
      task:cancel()
      assert.same({ "closed" }, closed)
    end)

    it("closes it too when the task cancelled itself and then failed", function()
      open { { "read", "hang" } }
      local closed = {}
      local text = [[
        local closed, self = ...
        return function()
          local held <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "closed" end })
          self.task:cancel()
          error(held)
        end]]
      local self = {}
      self.task = client:spawn(assert(load(text))(closed, self))
      client:run()
      assert.same({ "closed" }, closed)
    end)
  end

  it("does not wait for a slow name server", function()
    -- getaddrinfo() of this process never returns: whoever waits for it, waits for ever
    local folder = wire.folder()
    local file = assert(io.open(folder .. "/slow.c", "w"))
    file:write [[
      #include <netdb.h>
      #include <stdlib.h>
      #include <unistd.h>
      int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
        (void)node, (void)service, (void)hints, (void)found;
        write(atoi(getenv("SLOW_DNS")), "asked", 5);
        for (;;) pause();
      }]]
    file:close()
    local quoted = process.quote(folder)
    assert.equal(0, (process.run(("cc -shared -fPIC -o %s/slow.so %s/slow.c 2>&1"):format(quoted, quoted), { LD_PRELOAD = false })))
    local chunk = [[
      local tavus, http = require "tavus", require "tavus.http"
      local asked = assert(io.open(os.getenv "SLOW_PIPE", "r"))
      local client = assert(tavus.new { api_key = "k3y", proxy = "", base_url = "https://slow.example" })
      local task = client:spawn(function() client.personas:get "p1" end)
      client:step(0)
      client:step(0)
      assert(asked:read(5) == "asked")
      assert(task:cancel())
      assert(not client:step(0))
      print "cancelled"
      local left = assert(tavus.new { api_key = "k3y", proxy = "", base_url = "https://slower.example" })
      left:spawn(function() left.personas:get "p1" end)
      left:step(0)
      left:step(0)
      assert(asked:read(5) == "asked")
      left:close()
      print "closed"
    ]]
    local preload = os.getenv "LD_PRELOAD"
    local status, output = process.run(
      ("mkfifo %s/pipe; exec 5<>%s/pipe; exec timeout 120 %s -e %s"):format(quoted, quoted, process.quote(process.interpreter()),
        process.quote(chunk)),
      { SLOW_DNS = "5", SLOW_PIPE = folder .. "/pipe", ASAN_OPTIONS = "detect_leaks=0",
        LD_PRELOAD = (preload and preload .. ":" or "") .. folder .. "/slow.so" })
    wire.remove(folder)
    assert.equal("cancelled\nclosed\n", output)
    assert.equal(0, status)
  end)
end)

describe("client:close", function()
  it("cancels tasks and requests of this client, and of no other", function()
    open(HOLDING)
    local other = clients.new(server.url)
    local mine = client:spawn(function() return client.personas:get "p1" end)
    local theirs = other:spawn(function() return other.personas:get "p2" end)
    step_until(function() return server:count "request" == 2 end)
    client:close()
    assert.is_true(mine:done())
    assert.equal("cancelled", select(2, mine:result()).type)
    assert.is_false(theirs:done())
    server:release "go"
    assert.is_table((theirs:result()))
    other:close()
  end)

  it("leaves the task that calls it, whose calls then fail", function()
    open(ANSWERING)
    local task = client:spawn(function()
      client:close()
      return select(2, client.personas:get "p1").code
    end)
    assert.equal("closed", (task:result()))
  end)

  it("ends a map: each item has its value or its error", function()
    open(HOLDING)
    local results
    client:spawn(function()
      while server:count "request" < 2 do coroutine.yield() end
      client:close()
    end)
    results = client:map({ 1, 2, 3, 4 }, function(n) return client.personas:get("p" .. n) end, { concurrency = 2 })
    assert.equal(4, #results)
    for i = 1, 2 do assert.equal("cancelled", results[i].err.type) end
    for i = 3, 4 do assert.equal("closed", results[i].err.code) end
  end)
end)

describe("a client that is collected", function()
  it("takes its tasks and their transfers along", function()
    server = wire.start { { "read", "hang" } }
    client = clients.new(server.url)
    local gone = setmetatable({}, { __mode = "k" })
    do
      local left = clients.new(server.url)
      gone[left] = true
      gone[left:spawn(function() left.personas:get "p1" end)] = true
      step_until(function() return server:count "request" == 1 end)
    end
    local give_up = http.now() + 30
    while next(gone) or server:count "closed" == 0 do
      assert(http.now() < give_up, "it is still there")
      collectgarbage()
      client:step(0)
    end
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
  end)
end)
