-- What one client may ask of its server at a time: connections, requests in flight, a rate; and its own line for the rest.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local wire = require "spec.support.wire"

local OK = { answer = 200, body = '{"persona_id":"p1"}' }
local HOLDING = { { "read", { await = "go" }, OK, "loop" } }

local server, made

local function open(script) server = wire.start(script) end

local function client_of(options)
  local client = clients.new(server.url, options)
  made[#made + 1] = client
  return client
end

local function get(client, id) return client:spawn(function() return client.personas:get(id) end) end

local function step_until(condition)
  local give_up = http.now() + 30
  while not condition() do
    assert(http.now() < give_up, "it never came true")
    made[1]:step(0.02)
  end
end

-- Some more steps, in which nothing of what must not happen may happen.
local function settle()
  for _ = 1, 20 do made[1]:step(0.005) end
end

local function paths()
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.path:match "[^/]+$" end
  return list
end

before_each(function() made = {} end)

after_each(function()
  for _, client in ipairs(made) do client:close() end
  server:stop()
end)

describe("max_connections", function()
  it("counts a connection whose answer ends it no longer, and makes the next one only then", function()
    for _, answer in ipairs {
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 19\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 19\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    } do
      open { { "read", { send = answer .. OK.body }, "close" } }
      local client = client_of { max_connections = 1 }
      for i = 1, 5 do get(client, "p" .. i) end
      client:run()
      assert.equal(5, #server:requests())
      local under_way = 0
      for _, entry in ipairs(server:journal()) do
        if entry.event == "connect" then under_way = under_way + 1 end
        if entry.event == "request" then under_way = under_way - 1 end
        assert.is_true(under_way <= 1)
      end
      assert.equal(5, server:count "connect")
      server:stop()
    end
  end)
end)

describe("max_in_flight", function()
  it("keeps the rest in line, in order", function()
    open(HOLDING)
    local client = client_of { max_in_flight = 2 }
    for i = 1, 6 do get(client, "p" .. i) end
    step_until(function() return #server:requests() == 2 end)
    settle()
    assert.matches("2 under way, 4 waiting", tostring(http.engine()))
    server:release "go"
    client:run()
    local seen = paths()
    table.sort(seen)
    assert.same({ "p1", "p2", "p3", "p4", "p5", "p6" }, seen)
    assert.equal(2, server:count "connect")
  end)

  it("of one client does not slow another", function()
    open(HOLDING)
    local narrow, wide = client_of { max_in_flight = 1 }, client_of()
    for i = 1, 4 do get(narrow, "n" .. i) end
    for i = 1, 4 do get(wide, "w" .. i) end
    step_until(function() return #server:requests() == 5 end)
    local seen = paths()
    table.sort(seen)
    assert.same({ "n1", "w1", "w2", "w3", "w4" }, seen)
    server:release "go"
    narrow:run()
    wide:run()
  end)

  it("holds for calls that wait, too: each is one", function()
    open { { "read", OK, "loop" } }
    local client = client_of { max_in_flight = 1 }
    for _ = 1, 3 do assert(client.personas:get "p1") end
    assert.equal(3, #server:requests())
  end)
end)

describe("max_connections", function()
  it("bounds what a client has a part in, and another's greater bound does not lift it", function()
    open(HOLDING)
    local narrow, wide = client_of { max_connections = 1 }, client_of { max_connections = 3 }
    for i = 1, 5 do get(wide, "w" .. i) end
    for i = 1, 5 do get(narrow, "n" .. i) end
    step_until(function() return #server:requests() == 3 end)
    settle()
    assert.equal(3, server:count "connect")
    local of_narrow = 0
    for _, path in ipairs(paths()) do
      if path:sub(1, 1) == "n" then of_narrow = of_narrow + 1 end
    end
    assert.is_true(of_narrow <= 1)
    server:release "go"
    narrow:run()
    wide:run()
    assert.equal(10, #server:requests())
    assert.equal(3, server:count "connect")
  end)

  it("is 32 by itself", function()
    open(HOLDING)
    local client = client_of()
    for i = 1, 40 do get(client, "p" .. i) end
    step_until(function() return #server:requests() == 32 end)
    settle()
    assert.matches("32 under way, 8 waiting", tostring(http.engine()))
    server:release "go"
    client:run()
    assert.equal(32, server:count "connect")
  end)

  it("is shared in turn: who comes later need not wait for the whole line of another", function()
    open { { "read", OK, "loop" } }
    local first, second = client_of { max_connections = 1 }, client_of { max_connections = 1 }
    for i = 1, 10 do get(first, "a" .. i) end
    local late = get(second, "b1")
    late:result()
    assert.is_true(#server:requests() <= 3)
    first:run()
  end)
end)

describe("rate", function()
  it("spaces the starts", function()
    open { { "read", OK, "loop" } }
    local client = client_of { rate = 100 }
    local started = http.now()
    local results = client:map({ 1, 2, 3, 4, 5, 6 }, function(i) return client.personas:get("p" .. i) end)
    assert.is_true(http.now() - started >= 0.05) -- five spaces between six
    for i = 1, 6 do assert.is_table(results[i].value) end
    assert.same({ "p1", "p2", "p3", "p4", "p5", "p6" }, paths())
  end)

  it("catches up 50 ms when it was not driven for longer, and no more", function()
    open { { "read", OK, "loop" } }
    local client = client_of { rate = 100 }
    local started = http.now()
    for i = 1, 20 do get(client, "p" .. i) end
    client:step(0)
    repeat until http.now() > started + 0.3
    started = http.now()
    client:run()
    assert.is_true(http.now() - started >= 0.1)
  end)

  it("lets others pass, and tells a loop when to come back", function()
    open { { "read", OK, "loop" } }
    local slow, quick = client_of { rate = 0.001 }, client_of()
    local first, second = get(slow, "s1"), get(slow, "s2")
    assert.is_table((first:result()))
    slow:step(0)
    local timeout = slow:timeout()
    assert.is_true(timeout > 50 and timeout <= 1000) -- the deadline of the call comes first
    assert.is_table((get(quick, "q1"):result()))
    assert.is_false(second:done())
    assert.same({ "s1", "q1" }, paths())
    second:cancel()
    assert.is_nil(slow:timeout())
  end)

  it("holds for calls that wait", function()
    open { { "read", OK, "loop" } }
    local client = client_of { rate = 50 }
    local started = http.now()
    for _ = 1, 3 do assert(client.personas:get "p1") end
    assert.is_true(http.now() - started >= 0.04)
  end)
end)

describe("the deadline of a call", function()
  it("counts in line: what it ends there was not sent", function()
    open(HOLDING)
    local client = client_of { max_in_flight = 1, retries = 5 }
    get(client, "p1")
    step_until(function() return #server:requests() == 1 end)
    local late = client:spawn(function() return client.personas:create(clients.persona(), { deadline = 0.05 }) end)
    local value, err = late:result()
    assert.is_nil(value)
    assert.equal("timeout", err.type)
    assert.is_true(err.retryable)
    assert.is_false(err.ambiguous)
    assert.matches("the deadline of 0.05 s came while the call waited in line; nothing was sent", err.message, 1, true)
    server:release "go"
    client:run()
    assert.equal(1, #server:requests())
  end)

  it("of one that ended in line wakes nobody any more", function()
    open(HOLDING)
    local client = client_of { max_in_flight = 1 }
    get(client, "p1")
    step_until(function() return #server:requests() == 1 end)
    local early = client:spawn(function() return client.personas:get("p2", { deadline = 0.05, timeout = 0.05 }) end)
    local late = client:spawn(function() return client.personas:get("p3", { deadline = 50 }) end)
    assert.equal("timeout", select(2, early:result()).type)
    client:step(0.5) -- libcurl has times of its own at first
    -- (A loop without a descriptor looks every 10 ms.)
    assert.is_true(client:fd() == nil or client:timeout() > 1, client:timeout())
    server:release "go"
    assert.is_table((late:result()))
  end)

  it("shortens the attempt that begins late", function()
    open { { "read", { await = "go" }, OK, "read", "hang" } }
    local client = client_of { max_in_flight = 1, retries = 0 }
    local first = get(client, "p1")
    local second = client:spawn(function() return client.personas:get("p2", { deadline = 1.2, timeout = 1.2 }) end)
    local started = http.now()
    step_until(function() return #server:requests() == 1 end)
    while http.now() - started < 1 do client:step(0.05) end
    server:release "go"
    assert.is_table((first:result()))
    local _, err = second:result()
    assert.equal("timeout", err.type)
    assert.is_true(err.elapsed_ms < 2150, err.elapsed_ms) -- not 2.2 s and more
    assert.matches("the deadline of 1.2 s came before an answer", err.message, 1, true)
  end)

  it("is told as what it is, however libcurl rounds milliseconds", function()
    open { { "read", "hang" } }
    local client = client_of { rate = 50, retries = 0 }
    local tasks = {}
    for i = 1, 30 do -- one after the other, across the turn of a second
      tasks[i] = client:spawn(function() return client.personas:get("p" .. i, { deadline = 1.1, timeout = 1.1 }) end)
    end
    client:run()
    for _, task in ipairs(tasks) do
      local _, err = task:result()
      assert.equal("the deadline of 1.1 s came before an answer", err.message)
      assert.is_true(err.elapsed_ms >= 1100, err.elapsed_ms)
    end
  end)
end)

describe("the limits", function()
  it("must make sense", function()
    open(HOLDING)
    local tavus = require "tavus"
    local function refused(options)
      options.api_key = "k3y"
      local client, err = tavus.new(options)
      assert.is_nil(client)
      assert.equal("config", err.type)
      return err.code
    end
    for _, name in ipairs { "max_connections", "max_in_flight" } do
      for _, bad in ipairs { 0, -1, 1.5, 0 / 0, math.huge } do assert.equal(name, refused { [name] = bad }) end
    end
    for _, bad in ipairs { 0, -1, 1e-10, 0 / 0, math.huge } do assert.equal("rate", refused { rate = bad }) end
    assert.error_matches(function() tavus.new { api_key = "k3y", rate = "10" } end, "rate must be a number")
  end)
end)
