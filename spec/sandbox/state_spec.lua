-- Snapshots, seeded ids and a clock that can be set, for tests that see the same in every run.
local asking = require "spec.support.asking"
local clock = require "tavus.sandbox.clock"
local sandbox = require "tavus.sandbox"
local state = require "tavus.sandbox.state"

local function raised(use, text)
  local done, message = pcall(use)
  assert.is_false(done)
  assert.matches("^spec/sandbox/state_spec.lua:%d+: bad argument: ", (message:gsub("^%./", "")))
  assert.matches(text, message, 1, true)
end

describe("the state of a sandbox", function()
  local server, ask = asking.serve(teardown, before_each, { seed = 1 })

  local function create(name)
    return ask("POST", "/v2/personas", { persona_name = name, system_prompt = "x" }).json.persona_id
  end
  local function names()
    local found = {}
    for i, row in ipairs(ask("GET", "/v2/personas", nil, { query = { persona_type = "user" } }).json.data) do
      found[i] = row.persona_name
    end
    return table.concat(found, " ")
  end
  local function rename(id, name)
    return ask("PATCH", "/v2/personas/" .. id, ('[{"op":"replace","path":"/persona_name","value":"%s"}]'):format(name))
  end

  describe("in a snapshot", function()
    it("comes back, as often as wanted", function()
      local one = create "one"
      create "two"
      local snapshot = assert(server:snapshot())
      for _ = 1, 2 do
        assert.equal(200, rename(one, "uno").status)
        create "three"
        assert.equal("three two uno", names())
        assert.equal(204, ask("DELETE", "/v2/personas/" .. one).status)
        assert(server:restore(snapshot))
        assert.equal("two one", names())
      end
      assert(server:reset())
      assert.equal("", names())
      assert(server:restore(snapshot))
      assert.equal("two one", names())
    end)

    it("holds conversations as they were", function()
      local id = ask("POST", "/v2/conversations",
        { persona_id = create "one", replica_id = "r90bbd427f71" }).json.conversation_id
      local snapshot = assert(server:snapshot())
      for _ = 1, 2 do
        assert.equal(200, ask("POST", "/v2/conversations/" .. id .. "/end").status)
        assert(server:restore(snapshot))
        local row = ask("GET", "/v2/conversations/" .. id, nil, { query = { verbose = "true" } }).json
        assert.equal("active", row.status)
        assert.equal(0, #row.events)
      end
    end)

    it("holds switches, drafts, ids and the clock; rules and the journal are forgotten", function()
      local one = create "one"
      assert(server:set { maker_changes = true })
      assert(server:clock(1000))
      local snapshot = assert(server:snapshot())
      local two = create "two"
      assert.equal(409, rename(one, "uno").status)
      assert.equal(200, ask("PATCH", "/v2/personas/" .. one,
        '[{"op":"replace","path":"/persona_name","value":"uno"}]', { query = { force = "true" } }).status)
      assert(server:set { maker_changes = false, get_shape = "flat" })
      assert(server:clock "system")
      assert(server:next { status = 500, times = "always" })
      assert(server:restore(snapshot))
      assert.equal(0, #server:requests())
      assert.equal(1000, server:clock())
      assert.equal("array", server:about().settings.get_shape)
      assert.equal(409, rename(one, "uno").status)
      assert.equal(two, create "again")
    end)

    it("is found by its name in any handle, or said to be gone", function()
      create "one"
      local snapshot = assert(server:snapshot())
      create "two"
      local other = assert(sandbox.connect(server.url))
      assert(other:restore(snapshot))
      other:stop()
      assert.equal("one", names())
      for _ = 1, 100 do server:snapshot() end
      local done, err = server:restore(snapshot)
      assert.is_nil(done)
      assert.equal("not_found", err.type)
      assert.matches("the last 100 snapshots are kept", err.message, 1, true)
      done, err = server:restore "snapshot-99999"
      assert.is_nil(done)
      assert.matches("unknown snapshot 'snapshot-99999'", err.message, 1, true)
      assert.equal(404, ask("POST", "/_sandbox/restore", { snapshot = 1 }).status)
      raised(function() server:restore() end, "restore takes what snapshot gave, not a nil")
    end)
  end)

  describe("with a seed", function()
    it("has the same ids in every run and after every reset", function()
      local function drawn(url)
        local persona = asking.ask(url, "POST", "/v2/personas", { system_prompt = "x" })
        local talk = asking.ask(url, "POST", "/v2/conversations",
          { persona_id = persona.json.persona_id, replica_id = "r1", require_auth = true })
        return { persona.json.persona_id, talk.json.conversation_id, talk.json.meeting_token }
      end
      local first = drawn(server.url)
      assert(server:reset())
      assert.same(first, drawn(server.url))
      local other, another = assert(sandbox.start { seed = 1 }), assert(sandbox.start { seed = 2 })
      assert.same(first, drawn(other.url))
      assert.not_same(first, drawn(another.url))
      assert.equal(2, another:about().seed)
      other:stop()
      another:stop()
    end)

    it("has them on every Lua", function()
      local source = state.ids(1)
      assert.same({ "pcbf1e38f824", "pd574a3e3e0b" }, { source:thing("p", 11), source:thing("p", 11) })
    end)

    it("refuses a bad seed", function()
      for seed, text in pairs { [-1] = "0 or more", [0.5] = "a whole number", [2 ^ 31] = "2147483647 or less" } do
        raised(function() sandbox.start { seed = seed } end, "seed must be " .. text)
      end
      raised(function() sandbox.start { seed = "1" } end, "option seed must be a number")
    end)
  end)

  describe("with a clock", function()
    local function created_at() return ask("POST", "/v2/personas", { system_prompt = "x" }).json.created_at end

    it("gives rows its time, and stands still", function()
      assert.equal(1772366400, server:clock "2026-03-01T12:00:00Z")
      for _ = 1, 2 do assert.equal("2026-03-01T12:00:00.000000Z", created_at()) end
      assert.equal(1772366400, server:clock())
      assert(server:clock(1772366400.123456))
      assert.equal("2026-03-01T12:00:00.123456Z", created_at())
      assert(server:clock(0))
      assert.equal("1970-01-01T00:00:00.000000Z", created_at())
    end)

    it("follows the system's after \"system\" or a reset", function()
      assert(server:clock(0))
      assert.is_true(server:clock "system" > 1.7e9)
      assert(server:clock(0))
      assert(server:reset())
      assert.is_true(server:clock() > 1.7e9)
      assert.not_equal(created_at(), created_at())
    end)

    it("ends the window of a rate limit", function()
      assert(server:set { rate_limit = 1, rate_window_ms = 60000, retry_after = "date" })
      assert(server:clock "2026-03-01T12:00:00Z")
      local function get() return ask("GET", "/v2/personas") end
      assert.equal(200, get().status)
      local refused = get()
      assert.equal(429, refused.status)
      assert.equal("Sun, 01 Mar 2026 12:01:00 GMT", refused.headers["retry-after"])
      assert(server:clock "2026-03-01T12:01:00Z")
      assert.equal(200, get().status)
    end)

    it("reads ISO 8601, and refuses other texts", function()
      assert.equal(951782400, clock.read "2000-02-29")
      assert.equal(951786000.5, clock.read "2000-02-29T01:00:00.5")
      assert.equal(951782400, clock.read "2000-02-29T02:00:00+02:00")
      assert.equal(951782400, clock.read "2000-02-28t22:30:00-0130")
      assert.equal(253402300799, clock.read "9999-12-31T23:59:59Z")
      for _, time in ipairs { "now", "2001-02-29", "2000-13-01", "2000-00-01", "2000-01-32", "2000-01-01T24:00:00",
        "2000-01-01T00:00:60", "2000-01-01T00:00", "2000-01-01T00:00:00 UTC", "1969-12-31", -1, 1e12, 0 / 0, true } do
        raised(function() server:clock(time) end, "a time is seconds since 1970")
      end
      assert.equal(400, ask("POST", "/_sandbox/clock", {}).status)
      assert.equal(400, ask("POST", "/_sandbox/clock", '{"time":"noon"}').status)
    end)
  end)
end)
