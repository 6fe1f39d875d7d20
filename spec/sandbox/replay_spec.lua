-- The sandbox answering from a client's recording.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandboxes = require "tavus.sandbox"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local LLM_KEY = "sk-llm-of-somebody-0123456789"

describe("replaying", function()
  local name, server

  before_each(function() name = os.tmpname() end)
  after_each(function()
    if server then server:stop() end
    server = nil
    os.remove(name)
  end)

  local function write(...)
    local lines = { ... }
    for i, line in ipairs(lines) do lines[i] = (type(line) == "table" and core.encode(line) or line) .. "\n" end
    wire.write_file(name, table.concat(lines))
  end

  local function replayed(...)
    write(...)
    server = assert(sandboxes.start { replay = name })
    return asking.of(server.url)
  end

  local function entry(status, change)
    local all = { method = "GET", path = "/v2/personas", outcome = "answer", status = status }
    for key, value in pairs(change or {}) do all[key] = value end
    return all
  end

  -- All but the one thing that a recording cannot give.
  local function shown(value)
    return (core.encode(value):gsub('"api_key":"[^"]*"', '"api_key":"*"'))
  end

  -- What a program sees, call by call.
  local function session(url, options, order)
    local client = clients.new(url, options)
    local told = {}
    local function note(value, more)
      if value == nil then
        -- libcurl's wording depends on the history of the connection.
        local message = more.type == "connection" and more.message:match "^[^:]*" or more.message:gsub("%d+ "
          .. "milliseconds", "")
        told[#told + 1] = {
          type = more.type, status = more.status, attempts = more.attempts, ambiguous = more.ambiguous,
            message = message,
        }
      else
        told[#told + 1] = { value = value, status = more.status, attempts = more.attempts }
      end
      return value
    end
    local persona = clients.persona(function(p)
      p.layers.llm = { model = "mine", base_url = "https://llm.invalid/v1", api_key = LLM_KEY }
    end)
    local id = note(client.personas:create(persona)).persona_id
    note(client.personas:get(id))
    note(client.personas:patch(id, tavus.patch():replace("/persona_name", "Other")))
    note(client.personas:get(id))
    note(client.personas:get "p00000000")
    note(client:request("GET", "/v2/nothing"))
    order { status = 429, headers = { ["Retry-After"] = "0" } }
    note(client.personas:list({ limit = 2, persona_type = "user" }))
    order { delay = 5 }
    note(client.personas:create(persona, { timeout = 0.2 }))
    order { delay = 5 }
    note(client.personas:get(id, { timeout = 0.2 }))
    order { close = "before" }
    note(client.personas:create(clients.persona()))
    order { fault = "gzip_bomb" }
    note(client.personas:get "p1")
    note(client:request("POST", "/v2/personas", { body = "{broken" .. clients.KEY }))
    note(client.personas:delete(id))
    client:close()
    return told
  end

  it("gives a program the recorded answers", function()
    local real = assert(sandboxes.start())
    local before = session(real.url, { record = name }, function(rule) assert(real:next(rule)) end)
    real:stop()
    server = assert(sandboxes.start { replay = name })
    local after = session(server.url, {}, function() end)
    for i = 1, #before do assert.equal(shown(before[i]), shown(after[i])) end
    assert.equal(#before, #after)
    assert(server:reset())
    assert.equal(shown(before), shown(session(server.url, {}, function() end)))
    local text = wire.read_file(name)
    assert.is_nil(text:find(clients.KEY, 1, true))
    assert.is_nil(text:find(LLM_KEY, 1, true))
  end)

  it("takes entries in their order, and the last one again", function()
    local ask = replayed(entry(500), entry(200, { answer_body = { data = core.array {} } }),
      entry(201, { path = "/v2/x" }), entry(202))
    local found = {}
    for i = 1, 5 do found[i] = ask("GET", "/v2/personas").status end
    assert.same({ 500, 200, 202, 202, 202 }, found)
    assert.equal(201, ask("GET", "/v2/x").status)
    assert(server:reset())
    assert.equal(500, ask("GET", "/v2/personas").status)
  end)

  it("goes back to its place with a snapshot", function()
    local ask = replayed(entry(500), entry(200), entry(201))
    assert.equal(500, ask("GET", "/v2/personas").status)
    local snapshot = assert(server:snapshot())
    for _ = 1, 2 do
      assert.same({ 200, 201 }, { ask("GET", "/v2/personas").status, ask("GET", "/v2/personas").status })
      assert(server:restore(snapshot))
    end
  end)

  it("matches queries in any order and bodies as JSON", function()
    local ask = replayed(
      entry(201, { path = "/v2/a%20b?x=1&y=a%26b" }),
      entry(202, { method = "POST", body = { a = 1, api_key = "[redacted]", b = core.array {} } }),
      entry(203, { method = "POST", body = { a = 2 } }),
      entry(204, { method = "POST", body_text = "plain" }),
      entry(205, { method = "POST" }))
    assert.equal(201, ask("GET", "/v2/a%20b?y=a%26b&x=1").status)
    assert.equal(202, ask("POST", "/v2/personas", ' { "b": [], "api_key": "other", "a": 1 } ').status)
    assert.equal(203, ask("POST", "/v2/personas", '{"a":2}').status)
    assert.equal(204, ask("POST", "/v2/personas", "plain").status)
    assert.equal(205, ask("POST", "/v2/personas").status)
    assert.equal(501, ask("POST", "/v2/personas", '{"a":3}').status)
    assert.equal(501, ask("POST", "/v2/personas", '{"b":{},"a":1,"api_key":"other"}').status)
  end)

  it("says what was asked if nothing fits, without the key", function()
    local ask = replayed(entry(200))
    local result = ask("GET", "/v2/personas?limit=7&k=my-long-secret-key", nil, { key = "my-long-secret-key" })
    assert.equal(501, result.status)
    assert.matches("Not in the recording: GET /v2/personas?limit=7", result.body, 1, true)
    assert.matches("another query or body", result.body, 1, true)
    assert.is_nil(result.body:find("my-long-secret-key", 1, true))
    assert.matches("nothing for this path", ask("DELETE", "/v2/none", nil).body, 1, true)
  end)

  it("lets rules go first, and keeps to the key", function()
    write(entry(200))
    server = assert(sandboxes.start { replay = name, key = "right" })
    assert.equal(401, asking.ask(server.url, "GET", "/v2/personas", nil, { key = "wrong" }).status)
    assert(server:next { status = 503 })
    assert.equal(503, asking.ask(server.url, "GET", "/v2/personas", nil, { key = "right" }).status)
    assert.equal(200, asking.ask(server.url, "GET", "/v2/personas", nil, { key = "right" }).status)
    local scripted = {}
    for i, arrived in ipairs(server:requests()) do scripted[i] = arrived.scripted end
    assert.same({ false, true, false }, scripted)
  end)

  it("leaves out attempts that never arrived", function()
    local ask = replayed(entry(nil, { outcome = "not_sent" }), entry(200))
    assert.equal(200, ask("GET", "/v2/personas").status)
  end)

  it("refuses a broken line by its number", function()
    for _, line in ipairs { '{"method" 1}', "[]", "1", '{"path":"/x"}', entry(nil), entry(99),
      entry(200, { outcome = "odd" }), entry(200, { path = "x" }),
      entry(200, { answer_headers = { X = "a\r\nb" } }), entry(200, { answer_headers = 1 }),
        entry(200, { answer_text = 1 }),
      entry(200, { body_text = 1 }), entry(200, { method = 1 }), entry("200"),
        entry(200, { outcome = core.array {} }) } do
      write(entry(200), "", line)
      local none, err = sandboxes.start { replay = name }
      assert.is_nil(none)
      assert.matches(name .. ": line 3: ", err.message, 1, true)
    end
    local none, err = sandboxes.start { replay = "/nowhere/at/all" }
    assert.is_nil(none)
    assert.matches("/nowhere/at/all", err.message, 1, true)
    assert.is_nil((sandboxes.start { replay = "/" }))
    assert.matches("spec/sandbox/replay_spec.lua:%d+: ", clients.raised(function() sandboxes.start { replay = 1 } end))
  end)

  it("leaves out a line that a killed program did not finish", function()
    local line = core.encode(entry(500))
    for length = 1, #line - 1, 7 do
      write(line:sub(1, length), entry(200))
      server = assert(sandboxes.start { replay = name })
      assert.equal(200, asking.ask(server.url, "GET", "/v2/personas").status)
      server:stop()
    end
    server = nil
  end)

  it("finds a request again that held secrets, and that is asked with others", function()
    local real = assert(sandboxes.start())
    local function calls(url, record, secret)
      local client = clients.new(url, { record = record, headers = { Authorization = "Bearer " .. secret } })
      local told = {}
      for i, body in ipairs {
        { system_prompt = "x " .. secret, persona_name = "https://u:" .. secret .. "@x.test/?a=1&token=" .. secret },
        { system_prompt = "x", layers = { llm = { model = "m", base_url = "https://x.test/?key=" .. secret,
          api_key = secret .. "k" } } },
        "text " .. secret,
      } do
        local _, more = client:request("POST", "/v2/personas?access_token=" .. secret,
          { body = body, query = { sig = secret } })
        told[i] = more.status
      end
      client:close()
      return told
    end
    local before = calls(real.url, name, "one-long-secret")
    real:stop()
    server = assert(sandboxes.start { replay = name })
    assert.same({ 200, 200, 400 }, before)
    assert.same(before, calls(server.url, nil, "quite-another-secret"))
  end)

  it("is an option of the program", function()
    write(entry(200), "[]")
    local status, output = process.lua { file = "lua/tavus/sandbox/cli.lua", arguments = "--port 0 --replay "
      .. process.quote(name) }
    assert.equal(1, status)
    assert.matches("tavus-sandbox: cannot replay " .. name .. ": line 2: ", output, 1, true)
    write(entry(203))
    local pipe = assert(io.popen(("%s lua/tavus/sandbox/cli.lua -q --port 0 --replay %s & echo $!"):format(
      process.quote(process.interpreter()), process.quote(name))))
    local pid, url = pipe:read "*l", pipe:read "*l"
    local answered = asking.ask(url, "GET", "/v2/personas").status
    os.execute("kill -TERM " .. pid)
    pipe:close()
    assert.equal(203, answered)
  end)
end)
