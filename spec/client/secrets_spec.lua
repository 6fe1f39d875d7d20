-- The API key, searched for in everything that a client can print while everything goes wrong that can.
-- (Hooks and the log of ordinary calls: client_hooks_spec.lua.)
local clients = require "spec.support.clients"
local http = require "tavus.http"
local process = require "spec.support.process"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local KEY = clients.KEY
local LLM_KEY = "sk/key-of-a-model-that-must-not-show"
local BOTH = KEY .. " and " .. LLM_KEY
local ECHO = { ["X-Echo"] = BOTH, ["Content-Type"] = "application/json", ["X-Request-Id"] = "r-" .. BOTH }

-- As some servers write JSON.
local function slashed(text)
  return (text:gsub("/", "\\/"))
end

-- Looks at everything that is reachable from a value, also at what it prints as; functions are not entered.
local function assert_clean(value, secret, seen)
  secret = secret or KEY
  if type(value) == "function" then return end
  local text = tostring(value)
  assert.is_nil(text:find(secret, 1, true), text)
  assert.is_nil(text:find(slashed(secret), 1, true), text) -- spelled otherwise
  assert.is_nil(text:find("\\u00", 1, true), text)
  if type(value) ~= "table" then return end
  seen = seen or {}
  if seen[value] then return end
  seen[value] = true
  for name, child in pairs(value) do
    assert_clean(name, secret, seen)
    assert_clean(child, secret, seen)
  end
  local meta = getmetatable(value)
  if type(meta) == "table" then assert_clean(meta, secret, seen) end
end

local function escaped(text)
  return (text:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end))
end

local function answered(status, body, headers)
  return { { "read", { answer = status, headers = headers or ECHO, body = body or '{"error":"key ' .. BOTH .. '","conflict":"' .. BOTH .. '"}' },
    "loop" } }
end

-- The type of error, and what the server does to earn it: it sends the key back wherever it can.
local faults = {
  { "auth", answered(401) }, { "permission", answered(403) }, { "payment", answered(402) }, { "not_found", answered(404) },
  { "conflict", answered(409) }, { "unprocessable", answered(422) }, { "rate_limit", answered(429) }, { "bad_request", answered(418) },
  { "server", answered(500) }, { "timeout", answered(408) },
  { "concurrency_limit", answered(400, '{"message":"User has reached maximum concurrent conversations, ' .. BOTH .. '"}') },
  { "bad_request", answered(400, '{"errors":{"' .. BOTH .. '":[{"msg":"' .. BOTH .. '","loc":["' .. BOTH .. '"]}]}}') },
  { "bad_request", answered(400, '{"error":"' .. escaped(BOTH) .. '","conflict":"' .. escaped(BOTH) .. '"}') },
  { "bad_request", answered(400, '{"error":"' .. slashed(BOTH) .. '","other":"' .. slashed(BOTH) .. '"}') },
  { "server", answered(502, "<html><title>" .. BOTH .. "</title></html>", { ["Content-Type"] = "text/html", ["X-Echo"] = BOTH }) },
  { "decode", answered(200, '{"persona_id":"' .. BOTH) },
  { "redirect_blocked", answered(308, "", { Location = "http://127.0.0.1:9/" .. BOTH .. "?k=" .. BOTH }) },
  { "connection", { { "read", { send = "HTTP/1.1 200 OK\r\nX-Echo: " .. BOTH .. "\r\nContent-Length: 99\r\n\r\n" .. BOTH }, "close" } } },
  { "connection", { { "read", { send = BOTH .. "\r\n\r\n" }, "close" } } },
  { "response_too_large", { { "read", { send = "HTTP/1.1 200 OK\r\n" },
    { repeat_bytes = "X-A: " .. BOTH:rep(10) .. "\r\n", count = 100 }, { send = "\r\n" } } } },
  { "decode", answered(200, BOTH, { ["Content-Encoding"] = "gzip", ["X-Echo"] = BOTH }) },
}

describe("the key is not in", function()
  local server, client

  after_each(function()
    if client then client:close() end
    if server then server:stop() end
    client, server = nil, nil
  end)

  for i, fault in ipairs(faults) do
    it(("an error of type %s (%d), nor in the hooks, the log or a task that tell of it"):format(fault[1], i), function()
      server = wire.start(fault[2])
      local told = {}
      local function note(...) told[#told + 1] = { ... } end
      client = clients.new(server.url, { retries = 1, on_request = note, on_response = note, on_retry = note, log = note })
      local value, err = client.personas:get "p1"
      assert.is_nil(value)
      assert.equal(fault[1], err.type)
      assert_clean(err)
      local before = #told
      local persona = clients.persona(function(p) p.layers.llm = { model = "m", base_url = "https://llm.example/v1", api_key = LLM_KEY } end)
      local task = client:spawn(function() error((select(2, client.personas:create(persona)))) end)
      local _, raised, trace = task:result()
      for _, secret in ipairs { KEY, LLM_KEY } do
        assert_clean(raised, secret)
        assert_clean(trace, secret)
        for n = before + 1, #told do assert_clean(told[n], secret) end
      end
      -- Lost before anybody asked: told to the log.
      client:spawn(function() error((select(2, client.personas:delete "p1")) or "done") end)
      client:run()
      assert.is_true(#told > 4)
      assert_clean(told)
      assert.equal(KEY, (server:requests()[1] or {}).headers["x-api-key"]) -- it had been sent
    end)
  end

  it("what was cut: no beginning of it is left where a message, a body or a text ends", function()
    local sent = clients.persona(function(p) p.layers.llm = { model = "m", base_url = "https://llm.example/v1", api_key = LLM_KEY } end)
    for _, limit in ipairs { 300, 4096, 16384 } do
      for _, before in ipairs { 8, 20, #KEY - 1 } do
        local text = ("x"):rep(limit - before) .. (before == 20 and LLM_KEY or KEY) .. ("y"):rep(20000)
        for _, body in ipairs { text, '{"error":"' .. text .. '"}', '{"note":"' .. text .. '","error":"no"}', "<html><title>" .. text .. "</title></html>" } do
          server = wire.start(answered(400, body, {}))
          client = clients.new(server.url)
          local _, err = client.personas:create(sent)
          assert.equal("bad_request", err.type)
          assert_clean(err, KEY:sub(1, 6))
          assert_clean(err, LLM_KEY:sub(1, 6))
          client:close()
          server:stop()
        end
      end
    end
  end)

  it("what did not come whole: half an answer, and headers without an end", function()
    for _, script in ipairs {
      { { "read", { send = "HTTP/1.1 400 Bad\r\nX-Echo: " .. KEY .. "\r\nContent-Length: 9999\r\n\r\n{\"error\":\"" .. KEY }, "close" } },
      { { "read", { send = "HTTP/1.1 400 Bad\r\nX-Echo: " .. KEY .. "\r\nX-More: " .. KEY:sub(1, -3) }, "close" } },
      { { "read", { send = "HTTP/1.1 400 Bad\r\nX-Echo: " .. KEY .. "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" .. KEY:sub(1, 5) .. "\r\n"
        .. KEY }, "close" } },
    } do
      server = wire.start(script)
      client = clients.new(server.url, { retries = 0 })
      local _, err = client.personas:create(clients.persona())
      assert.equal("connection", err.type)
      assert_clean(err)
      local engine = http.engine()
      local request = engine:submit(http.session { api_key = KEY, base_url = server.url }, "GET", "/", { timeout = 10 })
      while not engine:wait(request, 1) do end -- luacheck: ignore 542
      assert.equal("[redacted]", request:result().headers["x-echo"])
      client:close()
      server:stop()
    end
  end)

  it("what hides a success: that is passed on as it came, the key included", function()
    local row = '{"persona_id":"p1","persona_name":"' .. KEY .. '","system_prompt":"' .. escaped(KEY) .. '"}'
    for _, status in ipairs { 200, 201 } do
      server = wire.start(answered(status, row, {}))
      client = clients.new(server.url)
      for _, persona in ipairs {
        assert(client.personas:get "p1"), assert(client.personas:create(clients.persona())), (assert(client:request("GET", "/v2/personas/p1"))),
      } do
        assert.equal(KEY, persona.persona_name)
        assert.equal(KEY, persona.system_prompt)
      end
      client:close()
      server:stop()
    end
    server = wire.start(answered(200, row, {}))
    local engine = http.engine()
    local request = engine:submit(http.session { api_key = KEY, base_url = server.url }, "GET", "/", { timeout = 10 })
    while not engine:wait(request, 1) do end -- luacheck: ignore 542
    assert.equal(row, request:result().body)
  end)

  it("an error of what was never sent", function()
    for _, options in ipairs {
      { base_url = "http://example.com" }, { base_url = "no url" }, { proxy = "what: ever" }, { headers = { ["X-A"] = "a\nb" } },
      { ca_file = false }, { api_kye = KEY }, { timeout = KEY }, { base_url = "https://" .. KEY .. "@example.com" }, { api_key = KEY .. "\n" },
    } do
      options.api_key = options.api_key or KEY
      local ok, made, err = pcall(tavus.new, options)
      assert_clean(made)
      if ok then assert_clean(err) end
    end
    client = clients.new(clients.dead_url(), { retries = 1 })
    for _, call in ipairs {
      function() return client.personas:get "p1" end,
      function() return client.personas:create { system_prompt = 1 } end,
      function() return client.personas:get("p1", { timeout = -1 }) end,
      function() return client.personas:get("p1", { headers = { [KEY .. "\n"] = "x" } }) end,
      function() return client:request("GET", "no path") end,
      function() client:close() return client.personas:list() end,
    } do
      local value, err = call()
      assert.is_nil(value)
      assert_clean(err)
    end
  end)

  it("what a client, its parts, a session, an engine, a request and a task print as, nor in their fields", function()
    server = wire.start { { "read", "hang" } }
    client = clients.new(server.url, { headers = { ["X-More"] = KEY } })
    local task = client:spawn(function() return client.personas:list() end)
    client:step(0)
    local session = assert(http.session { api_key = KEY, base_url = server.url, headers = { ["X-More"] = KEY } })
    local request = assert(http.engine():submit(session, "GET", "/", {}))
    for _, thing in ipairs { client, task, session, request, http.engine() } do assert_clean(thing) end
    request:cancel()
    assert_clean(request:take())
    task:cancel()
    assert_clean { task:result() }
    client:close()
    assert_clean(client)
    session:close()
    assert_clean(session)
  end)

  it("what goes to stderr, at every level, when hooks and tasks fail", function()
    server = wire.start(answered(500))
    for _, level in ipairs { "error", "info", "debug" } do
      local _, output = process.lua({ chunk = ([[
        local client = assert(require("tavus").new { base_url = %q, log = %q, retries = 1, backoff = function() return 0 end,
          on_request = function(facts) error(facts) end })
        client.personas:get "p1"
        client:spawn(function() error((select(2, client.personas:list()))) end)
        client:run()
        io.stderr:write(tostring(client), debug.traceback(), "\n")
        local _, err = client.conversations:end_ "c1"
        error(tostring(err))
      ]]):format(server.url, level) }, { TAVUS_API_KEY = KEY })
      assert.truthy(output:find("server", 1, true), output)
      assert_clean(output)
    end
  end)

  it("what another host gets: no redirect is followed, by no call", function()
    local other = wire.start { { "read", { answer = 200, body = "{}" }, "loop" } }
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      server = wire.start(answered(status, "", { Location = "http://localhost:" .. other.port .. "/v2/personas" }))
      client = clients.new(server.url)
      for _, call in ipairs {
        function() return client.personas:get "p1" end,
        function() return client.personas:delete "p1" end,
        function() return client.personas:create(clients.persona()) end,
        function() return client.personas:patch("p1", tavus.patch():replace("/persona_name", "B")) end,
        function() return client.conversations:end_ "c1" end,
      } do
        local value, err = call()
        assert.is_nil(value)
        assert.equal("redirect_blocked", err.type)
        assert.equal(status, err.status)
        assert.is_false(err.retryable)
      end
      assert.equal(5, #server:requests())
      client:close()
      server:stop()
    end
    assert.same({}, other:journal())
    other:stop()
    server, client = nil, nil
  end)
end)

describe("what an address carries", function()
  local PARTS = { "pass-of-a-hook", "token-of-a-hook" }
  local HOOK = ("https://visitor:%s@hooks.example/in?id=7&access_token=%s"):format(PARTS[1], PARTS[2])

  -- As the address of a hook, and as that of a model.
  local calls = {
    function(client) return client.conversations:create { persona_id = "p5317866", callback_url = HOOK } end,
    function(client)
      return client.personas:create(clients.persona(function(p) p.layers.llm = { model = "m", base_url = HOOK, api_key = LLM_KEY } end))
    end,
  }

  for name, body in pairs {
    ["a text"] = '{"error":"Bad Request. {\'callback_url\': [\'no URL: ' .. HOOK .. '\']}"}',
    ["a member"] = '{"message":"bad","callback_url":"' .. HOOK .. '"}',
    ["another spelling"] = '{"error":"' .. slashed(HOOK) .. '"}',
    ["a page"] = "<html><title>" .. HOOK .. "</title></html>",
  } do
    it("is not in the error that repeats it in " .. name, function()
      local server = wire.start(answered(400, body, { ["X-Echo"] = HOOK }))
      local client = clients.new(server.url)
      for _, call in ipairs(calls) do
        local value, err = call(client)
        assert.is_nil(value)
        assert.equal("bad_request", err.type)
        for _, part in ipairs(PARTS) do assert_clean(err, part) end
        assert.matches("hooks.example", err.headers["x-echo"], 1, true)
        assert.matches("id=7", err.headers["x-echo"], 1, true)
      end
      client:close()
      server:stop()
    end)
  end
end)
