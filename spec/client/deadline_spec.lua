-- Deadlines, pauses between attempts, Retry-After.
local clients = require "spec.support.clients"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"
local call = require "tavus.client.call"
local wire = require "spec.support.wire"

describe("the pause before a retry", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  local function list(options, given)
    local client, retries = clients.new(sandbox.url, options)
    local value, result = client.personas:list(nil, given)
    client:close()
    return value, result, retries
  end

  it("asks the backoff for each retry", function()
    local asked = {}
    sandbox:next { status = 503, times = 2 }
    assert.is_truthy(list { backoff = function(n) asked[#asked + 1] = n return 0 end })
    assert.same({ 1, 2 }, asked)
  end)

  it("is what the backoff says when the server asks for less", function()
    sandbox:next { status = 503, headers = { ["retry-after-ms"] = "1" } }
    local _, _, retries = list { backoff = function() return 0.01 end }
    assert.equal(0.01, retries[1].delay)
    assert.equal(0.001, retries[1].retry_after)
  end)

  it("is what the server asks for when that is longer", function()
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "20" } }
    local value, _, retries = list { backoff = function() return 0.001 end }
    assert.is_truthy(value)
    assert.equal(0.02, retries[1].delay)
  end)

  it("prefers retry-after-ms to Retry-After", function()
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "10", ["Retry-After"] = "50" } }
    local value, _, retries = list()
    assert.is_truthy(value)
    assert.equal(0.01, retries[1].delay)
  end)

  it("is not begun when it would pass the deadline, and the error carries it", function()
    sandbox:next { status = 429, headers = { ["Retry-After"] = "61" }, times = "always" }
    local value, err, retries = list()
    assert.is_nil(value)
    assert.equal("rate_limit", err.type)
    assert.equal(61, err.retry_after)
    assert.equal(1, err.attempts)
    assert.is_true(err.retryable)
    assert.equal(0, #retries)
  end)

  it("is begun when the deadline is far enough", function()
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "30" } }
    assert.is_truthy(list(nil, { deadline = 30 }))
  end)

  it("counts the backoff against the deadline too", function()
    sandbox:next { status = 503, times = "always" }
    local value, err, retries = list({ backoff = function() return 1000 end })
    assert.is_nil(value)
    assert.equal("server", err.type)
    assert.equal(1000, err.retry_after)
    assert.equal(0, #retries)
  end)

  it("reads a date in Retry-After", function()
    sandbox:next { status = 503, headers = { ["Retry-After"] = "Fri, 31 Dec 2100 23:59:59 GMT" }, times = "always" }
    local value, err = list()
    assert.is_nil(value)
    assert.is_true(err.retry_after > 1e6)
  end)

  it("tells retry_after also when the retries are used up", function()
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "5" }, times = "always" }
    local _, err = list { retries = 1 }
    assert.equal(0.005, err.retry_after)
    assert.equal(2, err.attempts)
  end)

  it("of an endless backoff is no retry and no advice", function()
    sandbox:next { status = 503, times = "always" }
    local value, err, retries = list { backoff = function() return math.huge end }
    assert.is_nil(value)
    assert.equal(0, #retries)
    assert.is_nil(err.retry_after)
  end)

  it("that took longer than the deadline allows leaves in the error what the server asked for", function()
    sandbox:next { status = 503, headers = { ["retry-after-ms"] = "200" }, times = "always" }
    -- A clock that jumps while the client sleeps, as that of a laptop does.
    local status, output = process.lua { chunk = ([[
      local http = require "tavus.http"
      local real, ahead = http.now, 0
      http.now = function() return real() + ahead end
      local client = assert(require("tavus").new { api_key = "k3y", base_url = %q, backoff = function() return 0 end })
      require("tavus.host").current = function()
        return { perform = require("tavus.host.blocking").perform, sleep = function() ahead = ahead + 100 end }
      end
      local value, err = client.personas:list()
      print(value, err.type, err.retry_after, err.attempts)
    ]]):format(sandbox.url) }
    assert.equal(0, status, output)
    assert.equal("nil\tserver\t0.2\t1\n", output)
  end)

  it("is slept to its end", function()
    sandbox:next { status = 503 }
    local value, meta = list { backoff = function() return 0.25 end }
    assert.is_truthy(value)
    assert.is_true(meta.elapsed_ms >= 250)
  end)

  it("is none when the backoff is less than nothing", function()
    sandbox:next { status = 503 }
    local value, _, retries = list { backoff = function() return -1 end }
    assert.is_truthy(value)
    assert.equal(0, retries[1].delay)
  end)

  it("doubles up to 8 s, and is drawn between half of that and the whole, when there is no backoff", function()
    sandbox:next { status = 503, times = "always" }
    local slept = {}
    local client = require("tavus").new { api_key = clients.KEY, base_url = sandbox.url, retries = 8, deadline = 1000 }
    local host = { perform = require("tavus.host.blocking").perform, sleep = function(_, seconds) slept[#slept + 1] = seconds end }
    clients.with_host(host, function() assert.is_nil((client.personas:list())) end)
    client:close()
    assert.equal(8, #slept)
    for n, seconds in ipairs(slept) do
      local full = math.min(8, 0.5 * 2 ^ (n - 1))
      assert.is_true(seconds >= full / 2 and seconds <= full, ("%d: %g"):format(n, seconds))
    end
  end)

  it("must be a number", function()
    sandbox:next { status = 503, times = "always" }
    local client = clients.new(sandbox.url, { backoff = function() return "soon" end })
    assert.error_matches(function() client.personas:list() end, "backoff must return a number")
  end)

  it("is random around the powers of two when nobody says other", function()
    local http = require "tavus.http"
    for n = 1, 8 do
      local full = math.min(8, 0.5 * 2 ^ (n - 1))
      assert.near(full * 0.5, http.backoff(n, 0), 1e-9)
      assert.near(full, http.backoff(n, 1), 1e-9)
    end
  end)
end)

describe("time", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  -- The timeout of each attempt, as the hook saw it.
  local function timeouts(options, make)
    local seen = {}
    options = options or {}
    options.on_request = function(facts) seen[#seen + 1] = facts.timeout end
    local client = clients.new(sandbox.url, options)
    local value, result = make(client)
    client:close()
    return seen, value, result
  end

  local function list(given)
    return function(client) return client.personas:list(nil, given) end
  end

  it("of an attempt is 30 s by itself, and 60 s for creating a conversation", function()
    assert.same({ 30 }, (timeouts(nil, list())))
    assert.same({ 60 }, (timeouts(nil, function(client)
      return client.conversations:create { replica_id = "r90bbd427f71" }
    end)))
  end)

  it("of an attempt comes from the call, else from the client", function()
    assert.same({ 7 }, (timeouts({ timeout = 7 }, list())))
    assert.same({ 9 }, (timeouts({ timeout = 7 }, list { timeout = 9 })))
  end)

  it("of an attempt is cut to what is left until the deadline", function()
    assert.same({ 4 }, (timeouts({ deadline = 4 }, list())))
    assert.same({ 3 }, (timeouts({ deadline = 4 }, list { deadline = 3 })))
    sandbox:next { status = 503 }
    local seen = timeouts({ deadline = 20, timeout = 20 }, list())
    assert.equal(20, seen[1])
    assert.is_true(seen[2] < 20)
  end)

  it("of a call is as long as the attempt's when only that is given", function()
    assert.same({ 300 }, (timeouts({ timeout = 300 }, list())))
  end)

  it("is over: the error says so", function()
    sandbox:next { delay = 60, status = 200 }
    local _, value, err = timeouts({ timeout = 0.5, retries = 0 }, list())
    assert.is_nil(value)
    assert.equal("timeout", err.type)
    assert.is_true(err.retryable)
    assert.is_nil(err.message:find("deadline", 1, true), err.message)
    sandbox:next { delay = 60, status = 200 }
    _, value, err = timeouts({ deadline = 0.5 }, list())
    assert.is_nil(value)
    assert.equal("timeout", err.type)
    assert.truthy(err.message:find("deadline", 1, true))
    assert.is_nil(err.retry_after)
  end)

  it("is over while a connection is made: it was not in line", function()
    local server = wire.start { { "hang" } }
    local _, value, err = timeouts({ deadline = 0.5, base_url = "https://127.0.0.1:" .. server.port }, list())
    server:stop()
    assert.is_nil(value)
    assert.equal("connection", err.type)
    assert.is_nil(err.message:find("in line", 1, true), err.message)
    assert.is_true(err.retryable)
    assert.is_false(err.ambiguous)
  end)

  it("is over in line too, counted from the first attempt on", function()
    local server = wire.start {
      { "read", { answer = 503, headers = { ["retry-after-ms"] = "1900" } }, "read", "hang" }, { "read", "hang" },
    }
    local client
    client = clients.new(server.url, { max_in_flight = 1, on_retry = function()
      client:spawn(function() client.personas:get "p2" end) -- what is in flight meanwhile, and stays so
    end })
    local task = client:spawn(function() return client.personas:list(nil, { deadline = 2 }) end)
    local value, err = task:result()
    client:close()
    server:stop()
    assert.is_nil(value)
    assert.equal("timeout", err.type)
    assert.matches("in line", err.message, 1, true)
    assert.is_true(err.elapsed_ms < 3800, err.elapsed_ms) -- not from the second attempt on
  end)

  it("until the deadline is 60 s by itself, and 120 s for creating a conversation", function()
    local blocking = require "tavus.host.blocking"
    local slept = {}
    local client = clients.new(sandbox.url)
    local host = { perform = blocking.perform, sleep = function(_, seconds) slept[#slept + 1] = seconds end }
    local function wait(seconds) sandbox:next { status = 429, headers = { ["Retry-After"] = tostring(seconds) } } end
    local function talk() return client.conversations:create { replica_id = "r90bbd427f71" } end
    clients.with_host(host, function()
      wait(50)
      assert.truthy(client.personas:list())
      wait(61)
      assert.is_nil((client.personas:list()))
      wait(110)
      assert.truthy(talk())
      wait(121)
      assert.is_nil((talk()))
    end)
    assert.same({ 50, 110 }, slept)
    client:close()
  end)

  it("has the defaults that the design names", function()
    assert.equal(30, call.TIMEOUT)
    assert.equal(60, call.DEADLINE)
    assert.equal(2, call.RETRIES)
  end)
end)
