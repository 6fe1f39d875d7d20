-- client.<resource>:wait: until it is ready, or the server's reason; in every host, and nothing is left when it is cancelled.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local samples = require "spec.support.samples"
local sandboxes = require "tavus.sandbox"
local stage = require "spec.support.stage"
local wire = require "spec.support.wire"

local server, client

setup(function() server = assert(sandboxes.start { port = 0 }) end)
teardown(function() server:stop() end)
before_each(function()
  server:reset()
  client = clients.new(server.url)
end)
after_each(function() client:close() end)

local function looks(id) return #server:requests { method = "GET", path = "*/" .. id } end

-- The switches of each resource that is waited for.
local waited = { replicas = "replica", faces = "replica", voices = "voice", videos = "video", documents = "document" }

for collection, name in pairs(waited) do
  describe("client." .. collection .. ":wait", function()
    it("returns the object once it is ready", function()
      server:set { [name .. "_ms"] = 150 }
      local id, made = samples.make(client, collection)
      assert.is_not_equal("completed", made.status)
      local seen = {}
      local row, meta = client[collection]:wait(id, { interval = 0.02, on_progress = function(facts)
        seen[#seen + 1] = facts
      end })
      assert(row, meta)
      assert.equal(200, meta.status)
      assert.is_true(row.status == "completed" or row.status == "ready")
      assert.is_true(#seen > 1)
      assert.equal(#seen, looks(id))
      local last = seen[#seen]
      assert.same({ true, 1, id, row }, { last.done, last.fraction, last.id, last.row })
      assert.is_false(seen[1].done)
      assert.is_true(last.elapsed >= seen[1].elapsed)
      assert.equal(collection:gsub("s$", ""), last.kind)
    end)

    it("returns what is ready at the first look", function()
      local id = samples.make(client, collection)
      assert(client[collection]:wait(id))
      assert.equal(1, looks(id))
    end)

    it("tells the server's reason when it fails", function()
      server:set { [name .. "_ms"] = 50, [name .. "_error"] = "The audio is too short" }
      local id = samples.make(client, collection)
      local row, err = client[collection]:wait(id, { interval = 0.02 })
      assert.is_nil(row)
      assert.equal("unprocessable", err.type)
      assert.matches("The audio is too short", err.message, 1, true)
      assert.matches(id, err.message, 1, true)
      assert.is_false(err.retryable)
    end)

    it("gives up at its timeout, with what it saw last", function()
      server:set { [name .. "_ms"] = 1e6 }
      local id = samples.make(client, collection)
      local last
      local row, err = client[collection]:wait(id, { interval = 0.02, timeout = 0.1, on_progress = function(facts)
        last = facts
      end })
      assert.is_nil(row)
      assert.equal("timeout", err.type)
      assert.matches("still has the status", err.message)
      assert.is_true(err.retryable)
      assert.is_true(last.done)
    end)
  end)
end

describe("wait", function()
  it("looks with pauses that grow", function()
    server:set { video_ms = 1000 }
    local id = samples.make(client, "videos")
    local times = {}
    assert(client.videos:wait(id, { interval = 0.05, on_progress = function(facts) times[#times + 1] = facts.elapsed end }))
    -- 0.05, 0.075, 0.11 ...: at most nine looks in the first 1.5 seconds.
    assert.is_true(#times <= 9, #times .. " looks")
  end)

  it("tells how far it is", function()
    local started = assert(server:clock "2026-03-01T12:00:00Z")
    server:set { replica_ms = 10000 }
    local id = samples.make(client, "replicas")
    local seen = {}
    assert(client.replicas:wait(id, { interval = 0.01, on_progress = function(facts)
      seen[#seen + 1] = facts.fraction
      server:clock(started + 4 * #seen)
    end }))
    assert.same({ 0, 0.4, 0.8, 1 }, seen)
  end)

  it("tells an unknown id, and looks once", function()
    local row, err = client.voices:wait "v404"
    assert.is_nil(row)
    assert.equal("not_found", err.type)
    assert.equal(1, looks "v404")
  end)

  it("goes on after a look that may be repeated and fails, once one has succeeded", function()
    server:set { video_ms = 100 }
    local id = samples.make(client, "videos")
    local reports = 0
    assert(client.videos:wait(id, { interval = 0.02, on_progress = function()
      reports = reports + 1
      if reports == 1 then server:next { method = "GET", status = 503, times = 3 } end
    end }))
    assert.equal(3, #server:requests { method = "GET", status = 503 })
  end)

  it("returns the error of its first look, and one that must not be repeated", function()
    local id = samples.make(client, "videos")
    server:next { method = "GET", status = 503, times = 3 }
    local row, err = client.videos:wait(id)
    assert.is_nil(row)
    assert.equal("server", err.type)
    server:set { video_ms = 1e6 }
    id = samples.make(client, "videos")
    row, err = client.videos:wait(id, { interval = 0.01, on_progress = function() server:next { method = "GET", status = 401 } end })
    assert.is_nil(row)
    assert.equal("auth", err.type)
  end)

  it("blames the caller's line for misuse, and names a wrong value", function()
    for _, make in ipairs {
      function() client.videos:wait() end, function() client.videos:wait {} end,
      function() client.videos:wait("v", { pause = 1 }) end, function() client.videos:wait("v", { interval = "1" }) end,
      function() client.videos.wait "v" end,
    } do
      assert.matches("wait_spec%.lua:%d+: .*wait", clients.raised(make))
    end
    local row, err = client.videos:wait("v", { interval = 0 })
    assert.is_nil(row)
    assert.equal("config", err.type)
  end)

  it("holds up nothing but its task", function()
    server:set { voice_ms = 300 }
    local id = samples.make(client, "voices")
    local task = client:spawn(function() return client.voices:wait(id, { interval = 0.05 }) end)
    local steps, asked = 0, 0
    local other = client:spawn(function()
      repeat
        asked = asked + 1
        assert(client.voices:list())
      until task:done()
    end)
    while client:step(0.01) do steps = steps + 1 end
    assert.equal("completed", assert(task:result()).status)
    assert(other:done())
    assert.is_true(asked > 3 and steps > 3)
  end)

  it("leaves nothing behind when its task is cancelled in a pause, or in a look", function()
    server:set { voice_ms = 1e6 }
    local id = samples.make(client, "voices")
    local task = client:spawn(function() return client.voices:wait(id, { interval = 1000 }) end)
    stage.step_until(client, function() return looks(id) == 1 and tostring(http.engine()):find("0 under way", 1, true) end)
    assert.is_true(task:cancel())
    assert.is_false(client:step())
    assert.is_nil(client:timeout())
    assert.equal(1, looks(id))

    local held = wire.start { { "read", "hang" } }
    local slow = clients.new(held.url)
    task = slow:spawn(function() return slow.voices:wait "v1" end)
    stage.step_until(slow, function() return held:count "request" == 1 end)
    task:cancel()
    assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    slow:close()
    held:stop()
  end)

  it("ends with its client", function()
    server:set { voice_ms = 1e6 }
    local id = samples.make(client, "voices")
    local other = clients.new(server.url)
    local task = other:spawn(function() return other.voices:wait(id, { interval = 1000 }) end)
    stage.step_until(other, function() return looks(id) == 1 end)
    other:close()
    local _, err = task:result()
    assert.equal("cancelled", err.type)
  end)

  it("takes a state that it does not know for one on the way", function()
    local said = {
      '{"video_id":"v1","status":"dreaming"}', '{"video_id":"v1"}', '{"video_id":"v1","status":null,"generation_progress":"x"}',
      '{"video_id":"v1","status":"deleted","status_details":"by the user"}',
    }
    local script = {}
    for _, body in ipairs(said) do
      script[#script + 1] = "read"
      script[#script + 1] = { answer = 200, body = body }
    end
    local strange = wire.start { script }
    local guest = clients.new(strange.url)
    local seen = {}
    local row, err = guest.videos:wait("v1", { interval = 0.01, on_progress = function(facts)
      seen[#seen + 1] = tostring(facts.status)
    end })
    guest:close()
    strange:stop()
    assert.is_nil(row)
    assert.equal("unprocessable", err.type)
    assert.matches("by the user", err.message)
    assert.same({ "dreaming", "nil", "nil", "deleted" }, seen)
  end)
end)
