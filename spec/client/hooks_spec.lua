-- Hooks and the log: what they are told, what they are never told, and what their errors do.
local clients = require "spec.support.clients"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

local KEY = clients.KEY
local LLM_KEY = "sk-llm-very-secret-0123456789"

local function custom_persona()
  return clients.persona(function(p)
    p.layers.llm = { model = "gpt-x", base_url = "https://llm.example/v1", api_key = LLM_KEY,
      headers = { Authorization = "Bearer " .. LLM_KEY } }
  end)
end

-- Every string inside a value, keys too.
local function each_text(value, fn, seen)
  if type(value) == "string" then fn(value) end
  if type(value) ~= "table" then return end
  seen = seen or {}
  if seen[value] then return end
  seen[value] = true
  for name, child in pairs(value) do
    each_text(name, fn, seen)
    each_text(child, fn, seen)
  end
end

local function assert_clean(value)
  each_text(value, function(text)
    assert.is_nil(text:find(KEY, 1, true), text)
    assert.is_nil(text:find(LLM_KEY, 1, true), text)
  end)
end

describe("hooks", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  it("may close the client: the retry of a call that may be repeated ends with that, and nothing in doubt", function()
    assert(sandbox:next { status = 503 })
    local client
    client = clients.new(sandbox.url, { on_retry = function() client:close() end })
    local value, err = client.personas:list()
    assert.is_nil(value)
    assert.equal("closed", err.code)
    assert.is_false(err.ambiguous)
    assert.equal(1, err.attempts)
  end)

  it("are told of each attempt, answer and retry, in order", function()
    local told = {}
    local function note(kind) return function(facts) told[#told + 1] = { kind, facts } end end
    sandbox:next { status = 503, headers = { ["retry-after-ms"] = "1" } }
    local client = clients.new(sandbox.url, {
      on_request = note "request", on_response = note "response", on_retry = note "retry",
    })
    assert(client.personas:list { limit = 5 })
    client:close()
    local kinds = {}
    for i, entry in ipairs(told) do kinds[i] = entry[1] end
    assert.same({ "request", "response", "retry", "request", "response" }, kinds)
    assert.same({ method = "GET", path = "/v2/personas", attempt = 1, timeout = 30 }, told[1][2])
    assert.equal("answer", told[2][2].outcome)
    assert.equal(503, told[2][2].status)
    assert.is_number(told[2][2].elapsed_ms)
    assert.same({ method = "GET", path = "/v2/personas", retry = 1, delay = 0.001, retry_after = 0.001,
      status = 503, outcome = "answer", attempts = 1 }, told[3][2])
    assert.equal(2, told[4][2].attempt)
    assert.equal(200, told[5][2].status)
  end)

  it("are told of the path without its query, and so is the log and who reads the error", function()
    local told = {}
    local function note(...) told[#told + 1] = { ... } end
    sandbox:next { status = 503 }
    local client = clients.new(sandbox.url, { on_request = note, on_response = note, on_retry = note, log = note })
    local value, err = client:request("GET", "/v2/nothing?token=hush-hush")
    assert.is_nil(value)
    assert.equal("/v2/nothing", err.path)
    assert.is_true(#told >= 5)
    told[#told + 1] = { tostring(err), err }
    each_text(told, function(text) assert.is_nil(text:find("hush", 1, true), text) end)
    assert.equal("hush-hush", sandbox:requests()[1].query.token)
  end)

  it("are told nothing of a call on a closed client", function()
    local told = 0
    local client = clients.new(sandbox.url, { on_request = function() told = told + 1 end })
    client:close()
    assert.is_nil((client.personas:list()))
    assert.equal(0, told)
  end)

  it("are told of outcomes without an answer", function()
    local told = {}
    local client = clients.new(clients.dead_url(), { retries = 0, on_response = function(facts) told[#told + 1] = facts end })
    assert.is_nil((client.personas:get("p1")))
    assert.equal("not_sent", told[1].outcome)
    assert.is_nil(told[1].status)
  end)

  it("see no secrets", function()
    local told = {}
    local function note(facts) told[#told + 1] = facts end
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "1", ["X-Echo"] = KEY } }
    local client = clients.new(sandbox.url, { on_request = note, on_response = note, on_retry = note, headers = { ["X-More"] = LLM_KEY } })
    assert(client.personas:create(custom_persona(), { headers = { ["X-Token"] = LLM_KEY }, query = { token = LLM_KEY } }))
    assert.equal(5, #told)
    assert_clean(told)
  end)

  it("may fail: the call goes on, and stderr is told once a hook", function()
    local chunk = ([[
      local tavus = require "tavus"
      local client = assert(tavus.new { base_url = %q, api_key = "k3y-of-the-client",
        on_request = function() error("first hook") end, on_response = function() error({}) end })
      assert(client.personas:list())
      assert(client.personas:list())
      print "done"
    ]]):format(sandbox.url)
    local status, output = process.lua { chunk = chunk }
    assert.equal(0, status, output)
    assert.truthy(output:find("done", 1, true))
    local _, count = output:gsub("the hook on_request failed: [^\n]*first hook", "")
    assert.equal(1, count)
    _, count = output:gsub("the hook on_response failed", "")
    assert.equal(1, count)
  end)

  it("may fail in every way", function()
    local chunk = ([[
      local tavus = require "tavus"
      local bad = setmetatable({}, { __tostring = function() error "no text" end })
      local function client(options)
        options.base_url, options.api_key = %q, "k3y-of-the-client"
        return assert(tavus.new(options))
      end
      assert(client { on_request = function() error(bad) end }.personas:list())
      assert(client { log = function() error(bad) end }.personas:list())
      assert(client { on_request = function() error "the download was interrupted! Sorry" end }.personas:list())
      print "done"
      io.stderr:close()
      assert(client { on_request = function() error "told to nobody" end }.personas:list())
      print "done again"
    ]]):format(sandbox.url)
    local _, output = process.lua { chunk = chunk }
    assert.truthy(output:find("done\n", 1, true), output)
    assert.truthy(output:find("done again\n", 1, true), output)
    assert.truthy(output:find("the hook on_request failed: ", 1, true), output)
    assert.truthy(output:find("the log function failed: ", 1, true), output)
  end)

  it("that fail are told to the log, when there is one", function()
    local lines = {}
    local client = clients.new(sandbox.url, {
      on_request = function() error("boom") end,
      log = function(level, message) lines[#lines + 1] = level .. " " .. message end,
    })
    assert(client.personas:list())
    assert.truthy(lines[1]:find("^error the hook on_request failed: .*boom"))
  end)
end)

describe("the log", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  local function logged(options, make)
    local lines = {}
    options = options or {}
    options.log = function(level, message) lines[#lines + 1] = { level, message } end
    local client = clients.new(sandbox.url, options)
    make(client)
    client:close()
    return lines
  end

  it("tells calls, retries and failures", function()
    sandbox:next { status = 503 }
    local lines = logged(nil, function(client)
      assert(client.personas:list())
      assert.is_nil((client.personas:get("p00000000")))
    end)
    local levels, texts = {}, {}
    for _, line in ipairs(lines) do
      levels[#levels + 1] = line[1]
      texts[#texts + 1] = line[2]
    end
    local all = table.concat(texts, "\n")
    assert.truthy(all:find("GET /v2/personas: status 503, retry 1 in 0 s", 1, true))
    assert.truthy(all:find("GET /v2/personas: 200 in", 1, true))
    assert.truthy(all:find("GET /v2/personas/p00000000: not_found: Invalid persona_id", 1, true))
    assert.equal("error", levels[#levels])
  end)

  it("holds no secrets, even when the server sends them back", function()
    sandbox:next { status = 400, body = { error = "Bad key " .. KEY .. " and " .. LLM_KEY } }
    local lines = logged(nil, function(client)
      assert.is_nil((client.personas:create(custom_persona())))
      assert(client.personas:create(custom_persona()))
    end)
    assert.is_true(#lines > 0)
    assert_clean(lines)
  end)

  it("tells what the check found doubtful, without the values", function()
    local lines = logged(nil, function(client)
      assert(client.personas:create { system_prompt = "x", persona_nam = "Ada", layers = { llm = { model = LLM_KEY } } })
    end)
    assert.same({ "info", "POST /v2/personas: doubtful: /persona_nam: unknown_field (did you mean \"persona_name\"?)" }, lines[2])
    assert.equal("info", lines[1][1])
    assert.truthy(lines[1][2]:find("POST /v2/personas: doubtful: /layers/llm/model: choice (known are ", 1, true))
    assert_clean(lines)
  end)

  it("keeps one call to one line, without control characters", function()
    sandbox:next { status = 400, body = { error = "bad\ntavus: info: forged\27[31m" } }
    local lines = logged(nil, function(client) client.personas:get("p1") end)
    assert.equal("GET /v2/personas/p1: bad_request: bad tavus: info: forged [31m", lines[#lines][2])
  end)

  it("tells of a DELETE that an earlier attempt had done", function()
    local lines = logged(nil, function(client)
      local id = assert(client.personas:create(clients.persona())).persona_id
      sandbox:next { close = "after", method = "DELETE" }
      assert(client.personas:delete(id))
    end)
    assert.equal("info", lines[#lines][1])
    assert.truthy(lines[#lines][2]:find("^DELETE /v2/personas/p%x+: 400 in %d+ ms, an earlier attempt had done it$"), lines[#lines][2])
  end)

  it("goes to stderr from the level on that is asked for", function()
    local chunk = ([[
      local client = assert(require("tavus").new { base_url = %q, api_key = "k3y-of-the-client", log = %%q })
      client.personas:list()
      client.personas:get("p00000000")
    ]]):format(sandbox.url)
    local _, output = process.lua { chunk = chunk:format "error" }
    assert.is_nil(output:find("tavus: info", 1, true))
    assert.truthy(output:find("tavus: error: GET /v2/personas/p00000000", 1, true))
    _, output = process.lua { chunk = chunk:format "debug" }
    assert.truthy(output:find("tavus: info: GET /v2/personas: 200", 1, true))
    assert.truthy(output:find("tavus: debug: ", 1, true))
    assert.is_nil(output:find("k3y", 1, true))
  end)

  it("function may fail: the call goes on", function()
    local chunk = ([[
      local client = assert(require("tavus").new { base_url = %q, api_key = "k3y-of-the-client", log = function() error("full") end })
      assert(client.personas:list())
      assert(client.personas:list())
      print "done"
    ]]):format(sandbox.url)
    local _, output = process.lua { chunk = chunk }
    assert.truthy(output:find("done", 1, true))
    local _, count = output:gsub("the log function failed", "")
    assert.equal(1, count)
  end)

  it("is off when it is false", function()
    local client = assert(tavus.new { api_key = KEY, base_url = sandbox.url, log = false })
    assert.is_falsy(client._log)
  end)
end)
