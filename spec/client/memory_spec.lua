-- The API key in memory that was given back: which strings of Lua ever held it, and that C wiped each of its copies.
-- (What libcurl and OpenSSL free is theirs, and not looked at.)
local freed = require "spec.support.freed"
local wire = require "spec.support.wire"

local KEY = "tvsk_0123456789-freed-memory"

local function spelled(form)
  return (KEY:gsub(".", function(c) return form:format(c:byte()) end))
end

local OK = { answer = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"persona_id":"p1","data":[]}' }
-- Every spelling that C knows: Lua gets to see none of them.
local ECHO = { answer = 400, headers = { ["X-Echo"] = KEY },
  body = ('{"error":"%s %s %s %s"}'):format(KEY, spelled "&#%d;", spelled "%%%02x", spelled "\\u%04x") }
local CUT = { send = "HTTP/1.1 200 OK\r\nX-Echo: " .. KEY .. "\r\nContent-Length: 99999\r\n\r\n" .. KEY:rep(300) }

-- What comes after it is shorter.
local INTERIM = { send = "HTTP/1.1 103 Early Hints\r\nX-Long: " .. ("x"):rep(200) .. KEY .. "\r\n\r\n" }

-- Of unknown length: what was read is copied as it grows.
local LONG = { send = "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n" .. KEY }

-- Calls of every kind, alone and in tasks, through answers, echoes of the key, retries and lost connections. `options` is
-- the source of a client's options.
local CALLS = [[
  local tavus = require "tavus"
  local options = OPTIONS
  options.base_url, options.backoff, options.timeout = "URL", function() return 0 end, 10
  local client = assert(tavus.new(options))
  local calls = {
    function() return client.personas:get "p1" end,
    function() return client.personas:list { limit = 3 } end,
    function() return client.personas:create({ system_prompt = "x" }, { headers = { ["X-Call"] = "c" } }) end,
    function() return client.personas:patch("p1", tavus.patch():remove "/context") end,
    function() return client.conversations:end_ "c1" end,
    function() return client:request("POST", "/v2/x", { body = ("b"):rep(100000), query = { a = "b" } }) end,
  }
  local function told(value, err) return tostring(value) .. tostring(err) .. tostring(client) end
  for _ = 1, 2 do
    for _, call in ipairs(calls) do
      told(call())
      client:spawn(function() told(call()) end)
    end
    client:run()
  end
]]

describe("memory that is given back", function()
  local server

  before_each(function()
    server = wire.start {
      { "read", INTERIM, OK, "read", ECHO, "read", OK, "read", { answer = 503, headers = { ["X-Echo"] = KEY } }, "read", CUT, "reset" },
      { "read", LONG, { repeat_bytes = ("x"):rep(20000), count = 4 }, "close" },
      { "read", OK, "read", ECHO, "read", { answer = 429, headers = { ["retry-after-ms"] = "1" } }, "loop" },
    }
  end)
  after_each(function() server:stop() end)

  -- How many blocks of Lua and of C held the key when they were freed.
  local function blocks(source, options)
    source = source:gsub("OPTIONS", function() return options end):gsub("URL", function() return server.url end)
    local outcome, lua, c = freed.run(source, KEY)
    assert.equal("done", outcome)
    return { lua = lua, c = c }
  end

  it("is seen: a string that holds the key, and what C leaves in a block", function()
    assert.same({ lua = 1, c = 0 }, blocks [[local text = "!" .. #secret()]])
    assert.same({ lua = 1, c = 1 }, blocks [[assert(require("tavus.http").session { ca_file = secret() })]])
  end)

  it("never held the key of the environment in Lua, and is wiped in C", function()
    assert.same({ lua = 0, c = 0 }, blocks(CALLS .. "client:close()", "{}"))
    assert.is_true(#server:requests() >= 24)
  end)

  it("held a key that was given in the program's own string alone", function()
    assert.same({ lua = 1, c = 0 }, blocks(CALLS .. "client:close()", "{ api_key = secret() }"))
  end)

  it("held no more when all is logged, told to hooks and recorded", function()
    assert.same({ lua = 0, c = 0 }, blocks(CALLS .. "client:close() os.remove(options.record)",
      "{ record = os.tmpname(), log = function() end, on_request = tostring, on_response = tostring, on_retry = tostring }"))
  end)

  it("is wiped also when a client is not closed, and while calls are under way", function()
    assert.same({ lua = 0, c = 0 }, blocks(CALLS, "{}"))
    assert.same({ lua = 0, c = 0 }, blocks(CALLS .. [[
      for _, call in ipairs(calls) do client:spawn(call) end
      client:step(0)
      client:close()]], "{}"))
    assert.same({ lua = 0, c = 0 }, blocks(CALLS .. "for _, call in ipairs(calls) do client:spawn(call) end client:step(0)", "{}"))
  end)

  it("is wiped in C after a secret in a body, a header, a query and the password of a proxy", function()
    local of_c = blocks(CALLS .. [[
      client:request("GET", "/v2/x", { headers = { Authorization = "another" } })
      for _, method in ipairs { "POST", "PATCH" } do
        client:request(method, "/v2/x", { body = ("b"):rep(5000) .. secret(), headers = { ["X-Call"] = secret() }, query = { a = secret() } })
      end
      assert(tavus.new { api_key = "other", proxy = "http://user:" .. secret() .. "@127.0.0.1:9" }):close()
      client:close()]], '{ api_key = "other", headers = { Authorization = "Bearer " .. secret() } }').c
    assert.equal(0, of_c)
  end)
end)

describe("memory that is not to be had for an answer", function()
  it("leaves in doubt what was sent, and sends it once", function()
    local server = wire.start { { "read", { send = "HTTP/1.1 200 OK\r\n\r\n" }, { repeat_bytes = ("x"):rep(10000), count = 100 }, "close" } }
    local outcome = freed.run(([[
      local client = assert(require("tavus").new { base_url = %q, backoff = function() return 0 end })
      local value, err = client.personas:create { system_prompt = "x" }
      assert(not value and err.type == "connection" and err.message:find("not enough memory", 1, true), tostring(err))
      assert(err.ambiguous and not err.retryable and err.attempts == 1, tostring(err))
      value, err = client.personas:get "p1"
      assert(not value and not err.ambiguous and err.retryable and err.attempts == 3, tostring(err))
    ]]):format(server.url), KEY, 200000)
    assert.equal("done", outcome)
    assert.equal(4, #server:requests())
    server:stop()
  end)
end)
