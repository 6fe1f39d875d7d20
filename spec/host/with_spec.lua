-- conversations:with in a host of the program's own, whose coroutines wait: those of lua-cqueues.
local clients = require "spec.support.clients"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local habits = require "spec.support.habits"
local hosts = require "tavus.host"

local host = {}

function host.serves() return cqueues.running() ~= nil end

function host.perform(engine, request)
  local done = condition.new()
  engine:step(0)
  while not request:done() do
    cqueues.poll(done, 0.005)
    engine:step(0)
  end
end

function host.sleep(_, seconds) cqueues.sleep(seconds) end

describe("with in a host of the program's own", function()
  local _, client = habits.serve(teardown, before_each)

  setup(function() assert(hosts.register(host)) end)
  teardown(function() assert(hosts.register(nil)) end)

  local function active() return client.conversations:list({ status = "active" }).total_count end

  -- What a function gives in a coroutine of a loop.
  local function inside(fn)
    local loop, results = cqueues.new(), nil
    loop:wrap(function() results = { fn() } end)
    assert(loop:loop())
    return (table.unpack or unpack)(results) -- luacheck: ignore (5.1 has unpack)
  end

  it("ends the conversation after fn, which waits", function()
    local value, during = inside(function()
      return client.conversations:with({ replica_id = "r90bbd427f71" }, function(conversation)
        cqueues.sleep(0.001)
        assert(client.conversations:get(conversation.conversation_id))
        return "kept", active()
      end)
    end)
    assert.same({ "kept", 1 }, { value, during })
    assert.equal(0, active())
  end)

  it("ends it when fn raises, and raises the same", function()
    local ended
    local loop = cqueues.new()
    loop:wrap(function()
      client.conversations:with({ replica_id = "r90bbd427f71" }, function()
        cqueues.sleep(0.001)
        error("of its own", 0)
      end)
      ended = "not raised"
    end)
    local ok, err = loop:loop()
    assert.is_nil(ended)
    assert.is_falsy(ok)
    assert.matches("of its own", tostring(err), 1, true)
    assert.equal(0, active())
  end)

  it("finds a row by its name, page after page", function()
    local made = assert(client.personas:create(clients.persona(function(p) p.persona_name = "Coach chess " end)))
    local row, meta = inside(function() return client.personas:find "Coach (chess)" end)
    assert.equal(made.persona_id, row.persona_id)
    assert.is_true(meta.renamed)
  end)
end)
