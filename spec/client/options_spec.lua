-- Making a client: options, environment, what a closed client says, what never shows.
local http = require "tavus.http"
local wire = require "spec.support.wire"
local clients = require "spec.support.clients"
local locale = require "spec.support.locale"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

local KEY = clients.KEY

describe("tavus.new", function()
  it("needs a key, and says what to do", function()
    local client, err = tavus.new {}
    assert.is_nil(client)
    assert.equal("config", err.type)
    assert.truthy(tostring(err):find("TAVUS_API_KEY", 1, true))
    client, err = tavus.new { api_key = "" }
    assert.is_nil(client)
    assert.equal("config", err.type)
  end)

  it("refuses a key that no header can carry, without showing it", function()
    for _, key in ipairs { "secret\r\nX: y", "secret\n", "secret\0", "geheim-\195\164" } do
      local client, err = tavus.new { api_key = key }
      assert.is_nil(client)
      assert.equal("config", err.type)
      assert.is_nil(tostring(err):find("secret", 1, true))
      assert.is_nil(tostring(err):find("geheim", 1, true))
    end
  end)

  it("raises for unknown options with the one that was meant, at the caller's line", function()
    assert.matches("options_spec.lua:%d+: tavus.new: unknown option \"api_kye\" %(did you mean api_key%?%)",
      clients.raised(function() tavus.new { api_kye = KEY } end))
    assert.error_matches(function() tavus.new { verify = false } end, "known are allow_http, api_key")
    assert.error_matches(function() tavus.new { [1] = "x" } end, "unknown option 1")
    local _, err = pcall(tavus.new, { api_kye = KEY })
    assert.is_nil(tostring(err):find(KEY, 1, true))
  end)

  it("raises for wrong types", function()
    for name, value in pairs {
      api_key = 1, base_url = true, timeout = "1", deadline = {}, retries = "2", backoff = 1, ca_file = 1,
      allow_http = "yes", proxy = 1, headers = "x", user_agent = {}, on_request = {}, on_response = "x",
      on_retry = 1, log = 3, connect_timeout = "5",
    } do
      assert.error_matches(function() tavus.new { api_key = name ~= "api_key" and KEY or value, [name] = value } end,
        "option " .. name .. " must be a ")
    end
    assert.error_matches(function() tavus.new "key" end, "options must be a table, not string")
    assert.matches("options_spec.lua:%d+: tavus.new: call it with a dot",
      clients.raised(function() tavus:new { api_key = KEY } end))
  end)

  it("gives a config error for bad content", function()
    for name, values in pairs {
      timeout = { 0, -1, 0 / 0, math.huge }, deadline = { 0, -5 }, retries = { -1, 1.5, 1e9 },
      connect_timeout = { 0 }, log = { "loud" },
      base_url = { "", "tavusapi.com", "ftp://tavusapi.com", "http://tavusapi.com", "https://a b", "https://u:p@tavusapi.com",
        "https://tavusapi.com\r\n", "https://tavusapi.com/v2", "https://proxy.example/tavus/v2/" },
      proxy = { "http://a\nb" }, ca_file = { "", "a\0b" },
      user_agent = { "a\r\nb" },
      headers = { { ["X-A"] = "a\r\nb" }, { ["X A"] = "a" } },
    } do
      for _, value in ipairs(values) do
        local client, err = tavus.new { api_key = KEY, [name] = value }
        assert.is_nil(client, name)
        assert.equal("config", err.type)
        assert.is_nil(tostring(err):find(KEY, 1, true))
      end
    end
  end)

  it("takes plain http for loopback, and elsewhere only when allowed", function()
    for _, url in ipairs { "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1" } do
      assert(tavus.new { api_key = KEY, base_url = url }):close()
    end
    assert(tavus.new { api_key = KEY, base_url = "http://tavus.example", allow_http = true }):close()
  end)

  it("makes a client whose text shows where it talks to and not the key", function()
    local client = assert(tavus.new { api_key = KEY })
    assert.equal("tavus.client: https://tavusapi.com", tostring(client))
    for name, value in pairs(client) do
      assert.is_nil(tostring(value):find(KEY, 1, true), name)
      assert.is_not_equal(KEY, value)
    end
    client:close()
    assert.equal("tavus.client: https://tavusapi.com (closed)", tostring(client))
  end)

  it("has the resources of the contract", function()
    local client = assert(tavus.new { api_key = KEY })
    for _, name in ipairs { "create", "get", "list", "each", "patch", "update", "delete" } do
      assert.is_function(client.personas[name])
    end
    for _, name in ipairs { "create", "get", "list", "each", "end_", "delete" } do
      assert.is_function(client.conversations[name])
    end
    assert.is_nil(client.conversations.update)
    client:close()
  end)
end)

describe("a closed client", function()
  it("has nothing under way any more, whoever started it", function()
    local server = wire.start { { "read", "hang" } }
    local client = assert(tavus.new { api_key = KEY, base_url = server.url })
    local request = assert(http.engine():submit(client._session, "GET", "/", {}))
    client:close()
    assert.equal("cancelled", request:result().outcome)
    server:stop()
  end)

  it("says so on every call", function()
    local client = assert(tavus.new { api_key = KEY, base_url = "http://127.0.0.1:1" })
    client:close()
    client:close()
    for _, make in ipairs {
      function() return client.personas:get("p1") end,
      function() return client.personas:create(clients.persona()) end,
      function() return client.personas:update("p1", function() end) end,
      function() return client:request("GET", "/v2/x") end,
    } do
      local value, err = make()
      assert.is_nil(value)
      assert.equal("config", err.type)
      assert.equal("closed", err.code)
    end
    local ok, err = pcall(function() for _ in client.personas:each() do error("a row") end end)
    assert.is_false(ok)
    assert.equal("closed", err.code)
  end)

  it("that was closed between two attempts says so, and that the first may have done it", function()
    local sandbox = assert(sandbox_module.start { port = 0 })
    sandbox:next { status = 503, method = "DELETE" }
    local client
    client = clients.new(sandbox.url, { on_retry = function() client:close() end })
    local value, err = client.personas:delete "p1"
    assert.is_nil(value)
    assert.equal("config", err.type)
    assert.equal("closed", err.code)
    assert.is_true(err.ambiguous)
    assert.equal(1, err.attempts)
    sandbox:stop()
  end)

  it("that was closed in the middle of a call shows no key either", function()
    local sandbox = assert(sandbox_module.start { port = 0 })
    for _, reply in ipairs { { status = 200, body = '{"key":' .. KEY }, { status = 400, body = { error = KEY } } } do
      sandbox:next(reply)
      local client
      client = assert(tavus.new { api_key = KEY, base_url = sandbox.url, on_response = function() client:close() end })
      local value, err = client.personas:get "p1"
      assert.is_nil(value)
      assert.equal(reply.status, err.status)
      for _, text in ipairs { tostring(err), err.message, err.body or "" } do assert.is_nil(text:find(KEY, 1, true)) end
    end
    sandbox:stop()
  end)

  if _VERSION >= "Lua 5.4" then
    it("is what a to-be-closed variable leaves", function()
      local outer
      assert(load [[
        local tavus, key, keep = ...
        local client <close> = assert(tavus.new { api_key = key })
        keep(client)
      ]])(tavus, KEY, function(client) outer = client end)
      assert.truthy(tostring(outer):find("closed", 1, true))
    end)
  end
end)

describe("the client's headers", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)

  local function sent(options, given)
    sandbox:reset()
    local client = clients.new(sandbox.url, options)
    assert(client.personas:list(nil, given))
    client:close()
    return sandbox:requests()[1]
  end

  it("name the library, or what the program says", function()
    assert.equal("tavus-lua/" .. tavus._VERSION, sent().headers["user-agent"])
    assert.equal("mine/1", sent({ user_agent = "mine/1" }).headers["user-agent"])
  end)

  it("are the client's, and the call's win", function()
    local entry = sent({ headers = { ["X-A"] = "1", ["X-B"] = "1" } }, { headers = { ["x-b"] = "2" } })
    assert.equal("1", entry.headers["x-a"])
    assert.equal("2", entry.headers["x-b"])
  end)

  it("are sent to a base URL with a path, which is kept", function()
    sandbox:reset()
    sandbox:next { status = 200, body = { data = tavus.array {}, total_count = 0 } }
    local client = clients.new(sandbox.url .. "/proxy/tavus/")
    assert(client.personas:list())
    assert.equal("/proxy/tavus/v2/personas", sandbox:requests()[1].path)
    client:close()
  end)
end)

describe("the environment", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  local function run(chunk, variables)
    return process.lua({ chunk = chunk }, variables)
  end

  local LIST = [[
    local tavus = require "tavus"
    local client, err = tavus.new()
    if not client then print("E", err.type, err) os.exit(0) end
    local list, failure = client.personas:list()
    print(list and "ok" or failure.type, list and list.total_count or failure.attempts)
    print(tostring(client))
  ]]

  it("gives the key and the base URL", function()
    local status, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url })
    assert.equal(0, status, output)
    assert.truthy(output:find("^ok"))
    assert.truthy(output:find(sandbox.url, 1, true))
    assert.is_nil(output:find(KEY, 1, true))
  end)

  it("may lack the key", function()
    local _, output = run(LIST, {})
    assert.truthy(output:find("E\tconfig\t.*TAVUS_API_KEY"))
  end)

  it("gives the retries", function()
    sandbox:next { status = 429, headers = { ["retry-after-ms"] = "1" }, times = "always" }
    local _, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_RETRIES = "0" })
    assert.truthy(output:find("^rate_limit\t1\n"))
  end)

  it("gives the timeout; options win", function()
    local chunk = [[
      local tavus = require "tavus"
      local client = assert(tavus.new { on_request = function(facts) print(facts.timeout) end, deadline = 50 })
      client.personas:list()
      assert(tavus.new { on_request = function(facts) print(facts.timeout) end, timeout = 8, retries = 0 }).personas:list()
    ]]
    local _, output = run(chunk, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_TIMEOUT = "12.5" })
    assert.equal("12.5", output:match "^(%S+)\n")
    assert.truthy(output:find("\n8"))
  end)

  it("is read alike where the decimal point is a comma", function()
    local folder = locale.make()
    local chunk = [[
      assert(os.setlocale("comma", "numeric"), "no comma locale")
      local tavus = require "tavus"
      local client = assert(tavus.new { on_request = function(facts) print(facts.timeout == 12.5) end })
      assert(client.personas:list())
      local sandbox = assert(require("tavus.sandbox").start())
      print(sandbox:clock "2026-01-01T00:00:00.5Z" == 1767225600.5)
    ]]
    for _, text in ipairs { "12.5", " 012.50 " } do
      local _, output = run(chunk, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_TIMEOUT = text, TAVUS_RETRIES = "01",
        LOCPATH = folder, LC_ALL = false })
      assert.equal("true\ntrue\n", output)
    end
    for _, text in ipairs { "12,5", "1.2.3", ".", "-", "1 2", "9e9", ("9"):rep(400) } do
      local _, output = run("assert(os.setlocale('comma', 'numeric')) print(select(2, require('tavus').new()))",
        { TAVUS_API_KEY = KEY, TAVUS_TIMEOUT = text, LOCPATH = folder, LC_ALL = false })
      assert.matches("TAVUS_TIMEOUT", output, 1, true)
    end
    process.run("rm -rf " .. process.quote(folder))
  end)

  it("is checked", function()
    for name, values in pairs {
      TAVUS_TIMEOUT = { "soon", "0", "-1", "1e999", "nan", "0x10" },
      TAVUS_RETRIES = { "two", "-1", "1.5", "100000" },
      TAVUS_LOG = { "loud" },
      TAVUS_BASE_URL = { "http://tavusapi.com", "nonsense" },
    } do
      for _, value in ipairs(values) do
        local variables = { TAVUS_API_KEY = KEY, [name] = value }
        local _, output = run(LIST, variables)
        assert.truthy(output:find("^E\tconfig\t"), name .. "=" .. value .. ": " .. output)
        assert.truthy(output:find(name, 1, true), output)
      end
    end
    local _, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_RETRIES = "-1" })
    assert.truthy(output:find("TAVUS_RETRIES must be 0 or more", 1, true), output)
  end)

  it("set to nothing counts as unset", function()
    local _, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_TIMEOUT = "", TAVUS_RETRIES = " ", TAVUS_LOG = "" })
    assert.truthy(output:find("^ok"))
  end)

  it("turns the log on", function()
    local _, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_LOG = "info" })
    assert.truthy(output:find("tavus: info: GET /v2/personas: 200 in %d+ ms"))
    assert.is_nil(output:find(KEY, 1, true))
    _, output = run(LIST, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url, TAVUS_LOG = "error" })
    assert.is_nil(output:find("tavus: ", 1, true))
  end)

  it("never gives the key to Lua", function()
    -- os.getenv would make it a string; it is not asked for it.
    local chunk = [[
      local real = os.getenv
      os.getenv = function(name) assert(name ~= "TAVUS_API_KEY", "asked for the key") return real(name) end
      assert(require("tavus").new())
      print "made"
    ]]
    local _, output = run(chunk, { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url })
    assert.equal("made\n", output)
  end)
end)
