-- conversations:with(body, fn): the conversation ends whatever happens in fn.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local BODY = { replica_id = "r90bbd427f71" }

describe("with", function()
  local sandbox = habits.serve(teardown, before_each)
  local client, log

  before_each(function()
    log = {}
    client = clients.new(sandbox.url, { log = function(level, text) if level == "error" then log[#log + 1] = text end end })
  end)
  after_each(function() client:close() end)

  -- How many conversations are active, as another client sees it.
  local function active()
    return asking.ask(sandbox.url, "GET", "/v2/conversations", nil, { query = { status = "active" } }).json.total_count
  end

  -- What every way to call it must do, in fn's place; `run` gives what the function gives, or raises what it raises.
  local ways = {
    ["outside of tasks"] = function(fn) return fn() end,
    ["in a task"] = function(fn)
      local task = client:spawn(function() return "kept", fn() end)
      local function given(kept, ...)
        if kept == "kept" then return ... end
        error((...), 0)
      end
      return given(task:result())
    end,
  }

  for way, run in pairs(ways) do
    describe(way, function()
      it("gives fn the conversation, returns what fn returns, and ends it", function()
        local seen
        local a, b, c = run(function()
          return client.conversations:with(BODY, function(conversation)
            seen = conversation
            assert.equal(1, active())
            return 1, nil, "three"
          end)
        end)
        assert.same({ 1, nil, "three" }, { a, b, c })
        assert.truthy(seen.conversation_url)
        assert.equal(0, active())
        assert.same({}, log)
      end)

      it("returns true when fn returns nothing, and what fn returns after nil", function()
        assert.is_true((run(function() return client.conversations:with(BODY, function() end) end)))
        local value, err = run(function() return client.conversations:with(BODY, function() return nil, "no" end) end)
        assert.is_nil(value)
        assert.equal("no", err)
        assert.equal(0, active())
      end)

      it("ends it when fn raises, and raises the same", function()
        for _, raised in ipairs { "a text", "interrupted!" } do
          local ok, err = pcall(run, function()
            return client.conversations:with(BODY, function() error(raised, 0) end)
          end)
          assert.is_false(ok)
          assert.equal(raised, tostring(err):match "^[^\n]*")
          client:run() -- in plain Lua 5.1 an interrupt is raised before the task that ends it
          assert.equal(0, active())
        end
        local mine = {}
        local _, err = pcall(run, function() return client.conversations:with(BODY, function() error(mine) end) end)
        assert.equal(mine, err)
        assert.equal(0, active())
      end)

      it("makes calls in fn", function()
        assert(run(function()
          return client.conversations:with(BODY, function(conversation)
            return client.conversations:send_app_message(conversation.conversation_id,
              { message_type = "conversation", event_type = "conversation.interrupt" })
          end)
        end))
        assert.equal(0, active())
      end)

      it("is content with one that fn has ended or deleted", function()
        for _, name in ipairs { "end_", "delete" } do
          assert.is_true((run(function()
            return client.conversations:with(BODY, function(conversation)
              return (client.conversations[name](client.conversations, conversation.conversation_id))
            end)
          end)))
        end
        assert.equal(0, active())
        assert.is_nil(table.concat(log):find("could not be ended", 1, true))
      end)

      it("returns the error when none could be made, and does not call fn", function()
        sandbox:next { status = 402 }
        local value, err = run(function() return client.conversations:with(BODY, function() error "called" end) end)
        assert.is_nil(value)
        assert.equal("payment", err.type)
      end)

      it("can be used inside itself", function()
        assert.equal(2, (run(function()
          return client.conversations:with(BODY, function()
            return client.conversations:with(BODY, function() return active() end)
          end)
        end)))
        assert.equal(0, active())
      end)

      it("logs the id of one that could not be ended, and returns what fn returns", function()
        local id
        local value = run(function()
          return client.conversations:with(BODY, function(conversation)
            id = conversation.conversation_id
            sandbox:next { status = 403, path = "*/end" }
            return "done"
          end)
        end)
        assert.equal("done", value)
        assert.equal(2, #log) -- of the call, and of with
        assert.matches("conversation " .. id .. " could not be ended: permission", log[2], 1, true)
      end)
    end)
  end

  it("always has a max_call_duration: the caller's, or 3600", function()
    local cases = {
      { { replica_id = "r90bbd427f71" }, { max_call_duration = 3600 } },
      { { replica_id = "r90bbd427f71", properties = {} }, { max_call_duration = 3600 } },
      { { replica_id = "r90bbd427f71", properties = tavus.null }, { max_call_duration = 3600 } },
      { { replica_id = "r90bbd427f71", properties = { max_call_duration = tavus.null } }, { max_call_duration = 3600 } },
      { { replica_id = "r90bbd427f71", properties = { max_call_duration = 600 } }, { max_call_duration = 600 } },
      { { replica_id = "r90bbd427f71", properties = { enable_recording = false } },
        { enable_recording = false, max_call_duration = 3600 } },
    }
    for _, case in ipairs(cases) do
      local before = tavus.encode(case[1])
      assert(client.conversations:with(case[1], function() end))
      assert.equal(before, tavus.encode(case[1]))
      for _, entry in ipairs(sandbox:requests()) do
        if entry.path == "/v2/conversations" then assert.same(case[2], entry.json.properties) end
      end
      sandbox:reset()
    end
    assert.equal("validation", select(2, client.conversations:with({ replica_id = "r1", properties = 3 }, function() end)).type)
  end)

  it("takes the options of create", function()
    local value, err = client.conversations:with({ replica_id = "r90bbd427f71", no_such = 1 }, function() end, { strict = true })
    assert.is_nil(value)
    assert.equal("validation", err.type)
    assert.equal("config", select(2, client.conversations:with(BODY, function() end, { timeout = -1 })).type)
  end)

  it("raises misuse at the caller's line", function()
    for text, call in pairs {
      ["wants a table, not nil"] = function() client.conversations:with() end,
      ["wants a function, not nil"] = function() client.conversations:with(BODY) end,
      ["with a colon"] = function() client.conversations.with(BODY, function() end) end,
      ["colour"] = function() client.conversations:with(BODY, function() end, { colour = 1 }) end,
    } do
      assert.matches("with_spec.lua:%d+: .*" .. text, clients.raised(call))
    end
    assert.equal(0, #sandbox:requests())
  end)

  describe("in a task that is cancelled", function()
    for where, stop in pairs {
      ["while fn waits for a call"] = function() return client.personas:list(nil, { timeout = 60 }) end,
      ["while fn waits for a map"] = function() client:map({ 1, 2 }, function() return client.personas:list() end) end,
    } do
      it("ends it, " .. where, function()
        local began = false
        local task = client:spawn(function()
          return client.conversations:with(BODY, function()
            sandbox:next { delay = 60, path = "/v2/personas", times = 2 }
            began = true
            stop()
          end)
        end)
        while not began do client:step(0.01) end
        client:step(0.01)
        assert.is_true(task:cancel())
        assert.equal("cancelled", select(2, task:result()).type)
        client:run()
        assert.same({}, log)
        assert.equal(0, active())
      end)
    end

    it("ends it when that comes during the end", function()
      local task = client:spawn(function() return client.conversations:with(BODY, function() end) end)
      sandbox:next { delay = 60, path = "*/end" }
      local function ending()
        for _, entry in ipairs(sandbox:requests()) do
          if entry.path:find "/end$" then return true end
        end
      end
      while not ending() do client:step(0.01) end
      task:cancel()
      client:run()
      assert.equal(0, active())
    end)
  end)

  it("ends it when its client closes, in a task and in fn", function()
    local began
    client:spawn(function()
      client.conversations:with(BODY, function()
        began = true
        while true do coroutine.yield() end
      end)
    end)
    while not began do client:step(0.01) end
    assert.equal(1, active())
    client:close()
    assert.equal(0, active())

    client = clients.new(sandbox.url)
    assert.equal("left", client.conversations:with(BODY, function()
      client:close()
      return "left"
    end))
    assert.equal(0, active())
  end)

  describe("in a program", function()
    -- Runs a program over the sandbox, and returns whether it succeeded, and its output.
    local function program(text)
      return wire.run([[
        local tavus = require "tavus"
        local client = assert(tavus.new { api_key = "k", base_url = (...), backoff = function() return 0 end })
        local BODY = { replica_id = "r90bbd427f71" }
      ]] .. text, nil, sandbox.url)
    end

    it("that ends while a task is under way, ends it", function()
      local _, output = program [[
        local began
        client:spawn(function()
          client.conversations:with(BODY, function()
            began = true
            while true do coroutine.yield() end
          end)
        end)
        while not began do client:step(0.01) end
      ]]
      assert.equal("", output)
      assert.equal(0, active())
    end)

    it("that ends while no coroutine is left to resume, ends it", function()
      local _, output = program [[
        coroutine.wrap(function() client.conversations:with(BODY, function() coroutine.yield() end) end)()
        client = nil
        collectgarbage()
      ]]
      assert.equal("", output)
      assert.equal(0, active())
    end)

    it("that fails, ends it", function()
      local ok, output = program [[
        client.conversations:with(BODY, function() error "of its own" end)
      ]]
      assert.is_false(ok)
      assert.matches("of its own", output, 1, true)
      assert.equal(0, active())
    end)

    it("logs the id of one that it cannot end, and ends", function()
      sandbox:next { status = 503, path = "*/end", times = "always" }
      local _, output = program [[
        coroutine.wrap(function() client.conversations:with(BODY, function(c) print(c.conversation_id) coroutine.yield() end) end)()
      ]]
      local id = output:match "c%x%x%x%x%x%x+"
      assert.matches("tavus: error: conversation " .. id .. " could not be ended: server", output, 1, true)
    end)

    it("does not wait long for a server that does not answer", function()
      sandbox:next { delay = 3600, path = "*/end", times = "always" }
      local _, output = program [[
        coroutine.wrap(function() client.conversations:with(BODY, function(c) print(c.conversation_id) coroutine.yield() end) end)()
      ]]
      assert.matches("could not be ended: timeout: the deadline of 2 s", output, 1, true)
    end)

    it("that is interrupted, ends it", function()
      local _, output = program [[
        local ok, err = pcall(client.conversations.with, client.conversations, BODY, function()
          debug.sethook(function() debug.sethook() error("interrupted!", 0) end, "", 1)
          while true do end
        end)
        print(ok, err)
      ]]
      assert.matches("false%s+interrupted!", output)
      assert.equal(0, active())
    end)
  end)
end)
