-- Coroutines of the program's own, within tasks and around them.
local http = require "tavus.http"
local stage = require "spec.support.stage"

local ANSWERING, HOLDING = stage.ANSWERING, stage.HOLDING
local server, client

local function open(script)
  client, server = stage.open(script)
end

after_each(function()
  client:close()
  server:stop()
end)

-- Calls fn in a coroutine within a task that one step runs: what it returned.
local function in_a_generator(fn)
  local task = client:spawn(function() return coroutine.wrap(fn)() end)
  client:step(0)
  assert.is_true(task:done())
  return task:result()
end

local function assert_refused(value, err)
  assert.is_nil(value)
  assert.equal("config", err.type)
  assert.equal("coroutine", err.code)
  assert.matches("client:spawn", err.hint)
  assert.equal(0, #server:requests())
  assert.matches("0 under way, 0 waiting", tostring(http.engine()))
end

describe("a coroutine of the program's inside a task", function()
  it("cannot make a call, and holds up nobody", function()
    open(HOLDING)
    assert_refused(in_a_generator(function() return client.personas:get "p1" end))
    assert_refused(in_a_generator(function() return client.personas:update("p1", print) end))
    assert_refused(in_a_generator(function() return client:request("GET", "/v2/personas") end))
    assert_refused(in_a_generator(function()
      local ok, err = pcall(function() for _ in client.personas:each() do error "not reached" end end)
      return not ok and nil, err
    end))
  end)

  it("cannot wait for a task or a map, and takes what is done", function()
    open(HOLDING)
    local other = client:spawn(function() return client.personas:get("p1").persona_name end)
    local value, err
    client:spawn(function() value, err = coroutine.wrap(function() return other:result() end)() end)
    client:step(0)
    assert.is_nil(value)
    assert.equal("coroutine", err.code)
    server:release "go"
    client:run()
    assert.equal("Ann", (in_a_generator(function() return other:result() end)))
    value, err = in_a_generator(function() return client:map({ 1 }, print) end)
    assert.is_nil(value)
    assert.equal("coroutine", err.code)
  end)

  it("may have been made outside", function()
    open(HOLDING)
    local made_outside = coroutine.wrap(function()
      coroutine.yield(1)
      return client.personas:get "p1"
    end)
    made_outside()
    local value, err
    client:spawn(function() value, err = made_outside() end)
    client:step(0)
    assert_refused(value, err)
  end)

  it("starts a task, whose result the task's own function takes, as the error says", function()
    open(ANSWERING)
    local task = client:spawn(function()
      local names = {}
      for other in coroutine.wrap(function()
        for i = 1, 3 do coroutine.yield(client:spawn(function() return client.personas:get("p" .. i) end)) end
      end) do
        local persona = other:result()
        names[#names + 1] = persona.persona_name
      end
      return table.concat(names, " ")
    end)
    assert.equal("Ann Ann Ann", (task:result()))
  end)

  it("closes the client and leaves the task", function()
    open(ANSWERING)
    local task = client:spawn(function()
      coroutine.wrap(function() client:close() end)()
      return 1
    end)
    assert.equal(1, (task:result()))
  end)

  it("drives no tasks", function()
    open(ANSWERING)
    local task = client:spawn(function()
      return coroutine.wrap(function() return pcall(client.run, client) end)()
    end)
    local ok, err = task:result()
    assert.is_false(ok)
    assert.matches("client:run: inside a task this would wait for itself", err)
  end)
end)

describe("a coroutine of the program's outside of tasks", function()
  it("waits for its calls, also when a task made it", function()
    open(ANSWERING)
    local function ask() return client.personas:get("p1").persona_name end
    assert.equal("Ann", coroutine.wrap(ask)())
    local made = client:spawn(function() return coroutine.wrap(ask) end):result()
    assert.equal("Ann", made())
  end)

  it("drives tasks: a program whose main loop is one", function()
    open(ANSWERING)
    local main = coroutine.wrap(function()
      local task = client:spawn(function() return client.personas:get("p1").persona_name end)
      while client:step(0) do coroutine.yield() end
      assert.equal("Ann", (task:result()))
      assert.equal("Ann", client.personas:get("p2").persona_name)
      local results = client:map({ 1, 2 }, function(n) return client.personas:get("p" .. n) end)
      assert.equal("Ann", results[2].value.persona_name)
      return "the end"
    end)
    local give_up, ended = http.now() + 30, nil
    while not ended do
      assert(http.now() < give_up)
      ended = main()
    end
    assert.equal("the end", ended)
  end)
end)
