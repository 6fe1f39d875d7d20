-- The recording of a client: what is in the file, and what never is.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandboxes = require "tavus.sandbox"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local KEY = clients.KEY
local LLM_KEY = "sk-llm-of-somebody-0123456789"

local function entries_of(name)
  local text, entries = wire.read_file(name), {}
  assert.is_true(text == "" or text:sub(-1) == "\n")
  for line in text:gmatch "([^\n]*)\n" do entries[#entries + 1] = assert(core.decode(line)) end
  return entries, text
end

local function custom_persona()
  return clients.persona(function(persona)
    persona.layers.llm = { model = "mine", base_url = "https://llm.invalid/v1", api_key = LLM_KEY, headers = { ["X-Own"] = "header-secret-77" } }
  end)
end

describe("a recording", function()
  local sandbox, name

  setup(function() sandbox = assert(sandboxes.start()) end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    assert(sandbox:reset())
    name = os.tmpname()
  end)
  after_each(function() os.remove(name) end)

  local function recorded(options)
    local all = { record = name }
    for option, value in pairs(options or {}) do all[option] = value end
    return clients.new(sandbox.url, all)
  end

  it("has one line for each attempt", function()
    local client = recorded { headers = { ["X-Mine"] = "yes", Authorization = "Bearer abc" } }
    sandbox:next { status = 429, headers = { ["Retry-After"] = "0" }, body = { message = "slow down" } }
    assert(client.personas:list({ limit = 5, persona_type = "user" }, { headers = { Cookie = "a=b", ["X-Call"] = "1" } }))
    sandbox:next { delay = 5 }
    assert.is_nil((client.personas:create(clients.persona(), { timeout = 0.1 })))
    local entries = entries_of(name)
    assert.equal(3, #entries)
    local first = entries[1]
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", first.time)
    assert.equal("GET", first.method)
    assert.equal("/v2/personas?limit=5&persona_type=user", first.path)
    assert.same({ ["x-mine"] = "yes", ["x-call"] = "1" }, { ["x-mine"] = first.headers["x-mine"], ["x-call"] = first.headers["x-call"] })
    assert.is_nil(first.headers.authorization or first.headers.cookie or first.headers["x-api-key"])
    assert.equal("answer", first.outcome)
    assert.equal(429, first.status)
    assert.equal("0", first.answer_headers["retry-after"])
    assert.equal("slow down", first.answer_body.message)
    assert.is_number(first.elapsed_ms)
    assert.same({ 1, 2 }, { first.attempt, entries[2].attempt })
    assert.equal(200, entries[2].status)
    assert.equal("timeout", entries[3].outcome)
    assert.is_nil(entries[3].status)
    assert.equal("Interviewer", entries[3].body.persona_name)
  end)

  it("holds neither the key nor another secret, however the server says it", function()
    local client = recorded()
    local spelled = KEY:gsub(".", function(c) return ("&#%d;"):format(c:byte()) end)
    local escaped = KEY:gsub(".", function(c) return ("%%%02x"):format(c:byte()) end)
    sandbox:next { status = 400, headers = { ["X-Echo"] = KEY, ["Set-Cookie"] = "session=1" }, body = { error = "Bad " .. KEY .. " " .. LLM_KEY } }
    sandbox:next { status = 400, body = "<h1>" .. spelled .. "</h1> {'api_key': 'old-secret-55'}" }
    sandbox:next { status = 400, body = ('{"api_key":"old-secret-55","api_key":"","a":{"layers":"{\\"api_key\\":\\"old-secret-55\\"}"},"%s":"%s"}')
      :format(KEY, escaped) }
    sandbox:next { status = 400, body = { error = ("x"):rep(40000) .. KEY .. spelled .. LLM_KEY } }
    for _ = 1, 4 do assert.is_nil((client.personas:create(custom_persona()))) end
    sandbox:next { status = 400, body = { error = "Bad raw-secret-66 raw-header-66" } }
    local _, err = client:request("POST", "/v2/personas", { body = { layers = { llm = { api_key = "raw-secret-66",
      headers = { ["X-Own"] = "raw-header-66" } } } } })
    assert.equal("Bad [redacted] [redacted]", err.message)
    local persona = assert(client.personas:create(custom_persona()))
    assert(client.personas:get(persona.persona_id))
    assert(client.personas:patch(persona.persona_id, tavus.patch():replace("/layers/llm/api_key", LLM_KEY .. "new")))
    client:request("GET", "/v2/personas?a=" .. KEY, { query = { b = KEY, api_key = "query-secret" }, headers = { ["X-Key"] = KEY, ["X-More"] = KEY } })
    client:request("POST", "/v2/personas", { body = "no json " .. KEY })
    local entries, text = entries_of(name)
    assert.equal(10, #entries)
    for _, secret in ipairs { KEY, LLM_KEY, "header-secret-77", "old-secret-55", spelled, escaped, "query-secret", "session=1",
      "raw-secret-66", "raw-header-66" } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
    assert.equal("[redacted]", entries[1].body.layers.llm.api_key)
    assert.equal("mine", entries[1].body.layers.llm.model)
    assert.equal("[redacted]", entries[8].body[1].value)
  end)

  it("holds nothing of what names and addresses say is secret, also where the server says it again", function()
    local client = recorded { headers = { Authorization = "Bearer auth-secret-1", ["X-Api-Token"] = "header-secret-2" } }
    local echo = { error = "no: auth-secret-1, header-secret-2, cookie-secret-3, query-secret-4", clientSecret = "member-secret-5",
      next = "https://user:url-secret-6@x.test/?max_tokens=5&sig=url-secret-7#access_token=url-secret-8", max_tokens = 5, key = "the name of it" }
    sandbox:next { status = 200, body = echo, headers = { Location = "https://x.test/?token=url-secret-9" } }
    assert(client:request("POST", "/v2/x?token=query-secret-4", { headers = { Cookie = "a=b; c=cookie-secret-3" }, query = { signature = "query-secret-4" },
      body = { callback_url = "https://hooks.test/?a=b&secret=url-secret-9", tools = { { server = { secret = "member-secret-5" } } },
        properties = { token = { type = "string" } } } }))
    local entries, text = entries_of(name)
    assert.is_nil(text:match "[%w-]*%-secret%-%d")
    assert.equal("https://hooks.test/?a=b&secret=[redacted]", entries[1].body.callback_url)
    assert.equal("https://[redacted]@x.test/?max_tokens=5&sig=[redacted]#access_token=[redacted]", entries[1].answer_body.next)
    assert.same({ 5, "the name of it" }, { entries[1].answer_body.max_tokens, entries[1].answer_body.key })
    assert.equal("string", entries[1].body.properties.token.type)
  end)

  it("hides what a member or an address of a body says is secret wherever it comes again, and in a patch what its path says", function()
    local client = recorded { retries = 0 }
    sandbox:next { status = 400, body = { error = "Bad Request. {'extra_body': ['member-secret-1 word-secret url-secret-2 url-secret-3']}" } }
    client:request("POST", "/v2/x", { body = {
      note = "member-secret-1 again", layers = { llm = { extra_body = { providerToken = "Bearer member-secret-1", auth_type = "function" } } },
      tools = { { type = "function" } }, callback_url = "https://user:url-secret-2@hooks.test/?token=url-secret-3",
    } })
    sandbox:next { status = 200, body = { access_token = "member-secret-4", message = "use member-secret-4" } }
    client.personas:patch("p1", tavus.patch():replace("/layers/llm/extra_body/providerToken", "member-secret-5")
      :add("/layers/llm/extra_body/key", "the name of it"):add("/layers/llm/tools/0/function/parameters/properties/token/type", "string"))
    local entries, text = entries_of(name)
    assert.is_nil(text:match "[%w-]*%-secret%-%d")
    assert.equal("Bad Request. {'extra_body': ['[redacted] word-secret [redacted] [redacted]']}", entries[1].answer_body.error)
    assert.same({ "[redacted] again", "function", "[redacted]" },
      { entries[1].body.note, entries[1].body.tools[1].type, entries[1].body.layers.llm.extra_body.auth_type })
    assert.equal("use [redacted]", entries[2].answer_body.message)
    local values = {}
    for i, operation in ipairs(entries[2].body) do values[i] = operation.value end
    assert.same({ "[redacted]", "the name of it", "string" }, values)
  end)

  it("holds no secret that is too short to be looked for in texts, where its name tells", function()
    local client = recorded()
    client.personas:patch("p1", { { op = "replace", path = "/layers/tts/api_key", value = "k7" } })
    client.personas:list(nil, { query = { token = "k7", limit = 7 } })
    client.personas:create(clients.persona(function(p) p.layers.tts = { api_key = "k7" } end))
    local entries, text = entries_of(name)
    assert.equal(3, #entries)
    assert.equal("[redacted]", entries[1].body[1].value)
    assert.matches("limit=7", entries[2].path, 1, true)
    assert.equal("[redacted]", entries[3].body.layers.tts.api_key)
    assert.is_nil(text:find('"k7"', 1, true) or text:find("=k7", 1, true))
  end)

  it("keeps hostile bodies to a line each", function()
    local client = recorded { retries = 0 }
    for _, body in ipairs { "a\nb\r\n\0c", ("["):rep(128) .. ("]"):rep(128), ("["):rep(5000), ("\\"):rep(100000), "null", '"\\u2028\\n"' } do
      sandbox:next { status = 200, body = body }
      client.personas:get "p1"
    end
    for _, fault in ipairs { "invalid_utf8", "deep_json", "gzip_bomb", "garbage", "cut_body", "key_echo" } do
      sandbox:next { fault = fault }
      client.personas:get "p1"
    end
    local entries, text = entries_of(name)
    assert.equal(12, #entries)
    assert.equal("a\nb\r\n\0c", entries[1].answer_text)
    assert.equal(("["):rep(128) .. ("]"):rep(128), entries[2].answer_text)
    assert.equal(core.null, entries[5].answer_body)
    assert.equal("too_large", entries[9].outcome)
    assert.is_nil(text:find(KEY, 1, true))
  end)

  it("does not look for ever: a body with more secrets than anybody has is not kept", function()
    local client, rows = recorded(), {}
    for i = 1, 600 do rows[i] = { api_key = ("sk-secret-%d"):format(i), name = "sk-secret-1" } end
    sandbox:next { status = 200, body = tavus.array(rows) }
    assert(client:request("GET", "/v2/x"))
    client:request("POST", "/v2/x", { body = { rows = rows } })
    local entries = entries_of(name)
    assert.equal("[redacted]", entries[1].answer_text)
    assert.equal("[redacted]", entries[2].body_text)
  end)

  it("is appended to by several clients, in whole lines", function()
    local one, two = recorded(), recorded()
    local large = clients.persona(function(persona) persona.system_prompt = ("word "):rep(20000) end)
    for _ = 1, 5 do
      for _, client in ipairs { one, two } do client:spawn(function() assert(client.personas:create(large)) end) end
    end
    one:run()
    two:run()
    one:close()
    assert(two.personas:list())
    assert.equal(11, #(entries_of(name)))
    assert(recorded().personas:list())
    assert.equal(12, #(entries_of(name)))
  end)

  it("goes on in a line of its own after a program that was killed in one", function()
    wire.write_file(name, '{"method":"GET","pa')
    assert(recorded().personas:list())
    assert.matches('^{"method":"GET","pa\n{.*}\n$', wire.read_file(name))
    local server = assert(sandboxes.start { replay = name })
    assert(clients.new(server.url).personas:list())
    server:stop()
  end)

  it("has whole lines when two processes write at once", function()
    local chunk = ([[
      local tavus = require "tavus"
      local client = assert(tavus.new { api_key = "k3y-of-the-client", base_url = %q, record = %q })
      for _ = 1, 30 do client:request("POST", "/v2/x", { body = { text = ("word "):rep(20000) } }) end
    ]]):format(sandbox.url, name)
    local command = process.quote(process.interpreter()) .. " -e " .. process.quote(chunk)
    local status, output = process.run(command .. " & " .. command .. "; wait")
    assert.equal(0, status, output)
    assert.equal(60, #(entries_of(name)))
  end)

  it("survives a client that a hook closes, without the key", function()
    local client
    client = recorded { on_response = function() client:close() end }
    sandbox:next { status = 400, body = { error = KEY } }
    client.personas:list()
    local client2
    client2 = recorded { on_request = function() client2:close() end }
    client2.personas:list()
    local entries, text = entries_of(name)
    assert.equal(1, #entries)
    assert.is_nil(text:find(KEY, 1, true))
  end)

  it("must be a file that can be written", function()
    for _, bad in ipairs { "/nowhere/at/all", "/", "", "a\0b" } do
      local client, err = tavus.new { api_key = KEY, base_url = sandbox.url, record = bad }
      assert.is_nil(client)
      assert.equal("config", err.type)
      assert.equal("record", err.code)
    end
    assert.matches("^%.?/?spec/client/record_spec.lua:%d+: .*option record must be a string", clients.raised(function() tavus.new { record = 1 } end))
  end)

  it("that fails later is told, and ends no call", function()
    local lines = {}
    local client = clients.new(sandbox.url, { record = "/dev/full", log = function(level, message) lines[#lines + 1] = level .. " " .. message end })
    assert(client.personas:list())
    assert.matches("error the recording failed: ", table.concat(lines, "\n"), 1, true)
    local _, output = process.lua { chunk = ([[
      local client = assert(require("tavus").new { base_url = %q, api_key = "k3y-of-the-client", record = "/dev/full" })
      assert(client.personas:list())
      assert(client.personas:list())
      print "done"
    ]]):format(sandbox.url) }
    local _, count = output:gsub("the recording failed", "")
    assert.equal(1, count)
    assert.truthy(output:find("done", 1, true))
  end)
end)
