-- One table of names through every place where a secret can be sent or stored, and every output that must not show it, in
-- every spelling that a server may choose.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local freed = require "spec.support.freed"
local sandboxes = require "tavus.sandbox"
local tavus = require "tavus"
local wire = require "spec.support.wire"

local NAMES = {
  "api_key", "apiKey", "API_KEY", "api-key", "openai_api_key", "X-Api-Key", "apikey", "api_key_2", "private_key", "privateKey",
  "secret_key", "aws_secret_access_key", "access_key", "signing_key", "ssh_key", "subscription-key", "Ocp-Apim-Subscription-Key",
  "encryption_key", "passwd", "password", "Password", "dbPassword", "passwords", "passphrase", "pwd", "db_pwd", "auth", "x-auth",
  "X-Auth-Token", "basicAuth", "authorization", "Proxy-Authorization", "bearer", "bearer_token", "token", "tokens", "token_value",
  "tokenValue", "accessToken", "ACCESS_TOKEN", "refresh-token", "token2", "secret", "secrets", "client_secret", "clientSecret",
  "webhook_secret_v2", "WEBHOOK-SECRET", "secret_v1", "cookie", "Set-Cookie", "cookies", "credentials", "credential", "signature",
  "x_signature", "sig", "jwt", "hmac", "connection_string", "connectionString", "dsn", "SENTRY_DSN",
}

local HARMLESS = {
  "max_tokens", "maxTokens", "token_type", "completion_tokens", "keyboard", "secretary", "monkey", "author", "tokenizer", "passage",
  "keyword", "authority", "signatory", "public_key", "key", "passenger", "cookieless", "next_page_token",
}

local PART = "9f8e7d6c" -- in each secret

local function secret_of(i) return ("sk-%d/%s-%d"):format(i, PART, i) end

local shapes = {
  text = function(i) return secret_of(i) end,
  list = function(i) return { secret_of(i), { secret_of(i) .. "b" } } end,
  object = function(i) return { inner = secret_of(i), type = "service", deep = { { value = secret_of(i) .. "c" } } } end,
}

-- An object with a member of each name, and harmless ones with texts that are to stay.
local function object_of(shape)
  local all = {}
  for i, name in ipairs(NAMES) do all[name] = shapes[shape](i) end
  for i, name in ipairs(HARMLESS) do all[name] = "stays-" .. i end
  return all
end

local function each_byte(pattern)
  return function(text) return (text:gsub("[^%s]", function(c) return pattern:format(c:byte()) end)) end
end

local percent, entities, escaped = each_byte "%%%02X", each_byte "&#%d;", each_byte "\\u%04x"

local function html(text) return (text:gsub("[&<>\"'/-]", function(c) return ("&#%d;"):format(c:byte()) end)) end

local spellings = {
  ["as they are"] = function(text) return text end,
  ["percent-encoded"] = percent,
  ["percent-encoded twice"] = function(text) return (percent(text):gsub("%%", "%%25")) end,
  ["with the signs percent-encoded"] = function(text) return (text:gsub("[^%w%s]", function(c) return ("%%%02x"):format(c:byte()) end)) end,
  ["in entities"] = entities,
  ["in entities with zeros"] = each_byte "&#00%d;",
  ["in hexadecimal entities"] = each_byte "&#x%X;",
  ["escaped for HTML"] = html,
  ["escaped for HTML twice"] = function(text) return (html(html(text)):gsub("&#38;", "&amp;")) end,
  ["escaped as in JSON"] = escaped,
  ["escaped as in JSON, and again"] = function(text) return (escaped(text):gsub("\\", "\\\\\\\\")) end,
  ["with slashes escaped"] = function(text) return (text:gsub("/", "\\/")) end,
  ["as Python prints bytes"] = function(text) return (text:gsub("[^%w%s]", function(c) return ("\\x%02x"):format(c:byte()) end)) end,
}

-- Everything that is reachable from a value, and what it prints as, as one text.
local function told(value, out)
  out = out or {}
  out[#out + 1] = tostring(value)
  for name, child in pairs(type(value) == "table" and value or {}) do
    told(name, out)
    told(child, out)
  end
  return out
end

describe("a secret by its name", function()
  local sandbox, client, lines, facts, name

  setup(function() sandbox = assert(sandboxes.start()) end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    assert(sandbox:reset())
    name = os.tmpname()
    lines, facts = {}, {}
    local function note(fact) facts[#facts + 1] = table.concat(told(fact), "\n") end
    client = clients.new(sandbox.url, { record = name, retries = 0, on_request = note, on_response = note,
      log = function(level, message) lines[#lines + 1] = level .. message end })
  end)
  after_each(function()
    client:close()
    os.remove(name)
  end)

  -- No output since the last look shows a secret, spelled like that or in any plain spelling.
  local function assert_hidden(err, spell)
    local recording = wire.read_file(name)
    for what, text in pairs {
      error = table.concat(told(err), "\n"), log = table.concat(lines, "\n"), hooks = table.concat(facts, "\n"), recording = recording,
      replayed = (recording:gsub("\\", "")),
    } do
      for _, wanted in ipairs { PART, spell(PART), (spell(PART):gsub("\\", "")) } do
        local at = text:find(wanted, 1, true)
        assert.is_nil(at, at and ("the %s shows %s"):format(what, text:sub(math.max(1, at - 60), at + 60)))
      end
    end
    lines, facts = {}, {}
    io.open(name, "w"):close()
  end

  -- What the server says of secrets without their names.
  local function echo(spell)
    local parts = {}
    for i = 1, #NAMES do parts[i] = spell(secret_of(i)) end
    return "bad: " .. table.concat(parts, " ")
  end

  local function answer(text, with_header)
    sandbox:next { status = 400, headers = with_header and { ["X-Echo"] = text } or nil, body = core.encode { error = text, more = text } }
  end

  local function persona(change)
    return clients.persona(function(p)
      p.layers.llm = { model = "m", base_url = "https://llm.example/v1", api_key = "sk-of-the-model-1", extra_body = {} }
      change(p)
    end)
  end

  local places = {
    ["llm.extra_body"] = function(shape)
      return client.personas:create(persona(function(p) p.layers.llm.extra_body = object_of(shape) end))
    end,
    ["deep in llm.extra_body"] = function(shape)
      return client.personas:create(persona(function(p) p.layers.llm.extra_body = { a = { { b = object_of(shape) } } } end))
    end,
    ["members that are unknown"] = function(shape)
      return client.personas:create(persona(function(p)
        for member, value in pairs(object_of(shape)) do p[member] = value end
      end))
    end,
    ["a layer's unknown members"] = function(shape)
      return client.personas:create(persona(function(p) p.layers.other = { inner = object_of(shape) } end))
    end,
    ["the body of a request"] = function(shape) return client:request("POST", "/v2/x", { body = { rows = { object_of(shape) } } }) end,
    ["the body of a request, as text"] = function(shape)
      return client:request("POST", "/v2/x", { body = core.encode { object_of(shape) } })
    end,
    ["the value of a patch"] = function(shape)
      return client.personas:patch("p1", tavus.patch():add("/layers/llm/extra_body", object_of(shape)))
    end,
    ["the paths of a patch"] = function(shape)
      local patch = tavus.patch()
      for i, member in ipairs(NAMES) do patch:add("/layers/llm/extra_body/" .. member, shapes[shape](i)) end
      return client.personas:patch("p1", patch)
    end,
    ["the paths of a request's patch, after their values"] = function(shape)
      local ops = {}
      for i, member in ipairs(NAMES) do
        ops[i] = ('{"value":%s,"op":"add","path":"/a/%s"}'):format(core.encode(shapes[shape](i)), member)
      end
      return client:request("PATCH", "/v2/x", { body = "[" .. table.concat(ops, ",") .. "]" })
    end,
    ["what update has read"] = function() return client.personas:update("p1", function(p) p.persona_name = "Another" end) end,
  }

  for place, make in pairs(places) do
    for shape in pairs(shapes) do
      it(("in %s, as %s, is not shown"):format(place, shape), function()
        for how, spell in pairs(spellings) do
          if place == "what update has read" then
            sandbox:next { status = 200, body = core.encode(persona(function(p) p.layers.llm.extra_body = object_of(shape) end)) }
          end
          answer(echo(spell), true)
          local _, err = make(shape)
          assert.equal(400, err.status, how .. tostring(err))
          assert_hidden(err, spell)
        end
      end)
    end
  end

  for how, spell in pairs(spellings) do
    for shape in pairs(shapes) do
      it(("in a row that the server repeats %s, as %s, is not shown"):format(how, shape), function()
        local row = spell(core.encode { layers = object_of(shape) })
        for _, body in ipairs { row, core.encode { error = "no: " .. row }, "<html><title>" .. row .. "</title></html>" } do
          sandbox:next { status = 400, body = body }
          local _, err = client.personas:get "p1"
          assert_hidden(err, spell)
        end
        sandbox:next { status = 200, body = row .. "," } -- a success that is not JSON
        local _, err = client.personas:get "p1"
        assert.equal("decode", err.type)
        assert_hidden(err, spell)
      end)
    end

    it(("in headers and the query of a call is not shown when the server repeats it %s"):format(how), function()
      for i, header in ipairs(NAMES) do
        if header:lower() ~= "x-api-key" then
          answer(spell(secret_of(i)) .. " " .. spell("b" .. secret_of(i)), true)
          local _, err = client.personas:list(nil, { headers = { [header] = "Bearer " .. secret_of(i) }, query = { [header] = "b" .. secret_of(i) } })
          assert.equal(400, err.status, tostring(err))
        end
        answer(spell(secret_of(i)), true)
        local _, err = client:request("GET", ("/v2/x?a=b&%s=%s"):format(header, secret_of(i)))
        assert_hidden(err, spell)
      end
    end)

    it(("in an address is not shown when the server repeats it %s"):format(how), function()
      for _, address in ipairs {
        ("https://visitor:%s@hooks.example/in?id=7"):format("p" .. PART .. "w1"), ("https://%s@hooks.example/in"):format("t" .. PART .. "-9"),
      } do
        for _, text in ipairs { spell(address), spell(address:match "://([^@]*)@"), spell("p" .. PART .. "w1") } do
          if text ~= spell("p" .. PART .. "w1") or address:find("p" .. PART, 1, true) then
            answer(text, true)
            local _, err = client.conversations:create { persona_id = "p5317866", callback_url = address }
            assert_hidden(err, spell)
          end
        end
      end
      for i, parameter in ipairs(NAMES) do
        local address = ("https://hooks.example/in?id=7&%s=%s"):format(parameter, secret_of(i))
        answer(spell(address) .. " " .. spell(secret_of(i)), true)
        local _, err = client.conversations:create { persona_id = "p5317866", callback_url = address }
        assert_hidden(err, spell)
      end
    end)
  end

  it("of the client's headers and of a proxy is not shown", function()
    local login = "visitor:" .. PART .. "-of-the-proxy"
    local base64 = "dmlzaXRvcjo5ZjhlN2Q2Yy1vZi10aGUtcHJveHk="
    local other = clients.new(sandbox.url, { proxy = "http://visitor:" .. PART .. "%2Dof-the-proxy@127.0.0.1:" .. sandbox.url:match ":(%d+)",
      headers = { Authorization = "Basic " .. base64, ["X-Auth-Token"] = secret_of(1) }, retries = 0 })
    for _, spell in pairs(spellings) do
      answer(table.concat({ spell(login), spell(base64), spell(secret_of(1)) }, " "), true)
      local _, err = other.personas:list()
      assert.equal(400, err.status, tostring(err))
      local text = table.concat(told(err), "\n")
      for _, secret in ipairs { PART, base64:sub(1, -2) } do
        assert.is_nil(text:find(secret, 1, true), text)
        assert.is_nil(text:find(spell(secret), 1, true), text)
      end
    end
    other:close()
  end)

  it("that is taken for an id is not shown", function()
    local KEY = clients.KEY
    for _, status in ipairs { 400, 200 } do
      sandbox:next { status = status, body = "no" }
      local _, err = client.personas:get(KEY)
      local text = table.concat(told(err), "\n") .. table.concat(lines, "\n") .. table.concat(facts, "\n") .. wire.read_file(name)
      assert.is_nil(text:find(KEY, 1, true), text)
      assert.equal("/v2/personas/[redacted]", err.path)
    end
  end)

  it("is not in what sandbox:expect says", function()
    for shape in pairs(shapes) do
      sandbox:next { status = 400, body = { error = echo(spellings["as they are"]) } }
      client:request("POST", "/v2/x", { body = object_of(shape) })
      for _, wanted in ipairs { { method = "GET" }, { body = { token = secret_of(99) } }, { body = object_of "text" }, { body = { a = 1 } } } do
        wanted.times = 77
        local ok, message = pcall(sandbox.expect, sandbox, wanted)
        assert.is_false(ok)
        assert.is_nil(tostring(message):find(PART, 1, true), tostring(message))
      end
    end
  end)

  it("is harmless where it only sounds alike", function()
    local sent = {}
    for i, member in ipairs(HARMLESS) do sent[member] = "stays-" .. i end
    sandbox:next { status = 400, body = core.encode { error = "no", row = sent } }
    local _, err = client:request("POST", "/v2/x", { body = sent, query = { max_tokens = "stays-20", author = "stays-21" } })
    local recording = wire.read_file(name)
    for i, member in ipairs(HARMLESS) do
      assert.is_false(core.is_secret(member), member)
      assert.truthy(err.body:find(('"%s":"stays-%d"'):format(member, i), 1, true), member)
      assert.truthy(recording:find(('"%s":"stays-%d"'):format(member, i), 1, true), member)
    end
    assert.truthy(recording:find("author=stays-21", 1, true))
    assert.truthy(recording:find("max_tokens=stays-20", 1, true))
    for _, member in ipairs(NAMES) do assert.is_true(core.is_secret(member), member) end
  end)
end)

describe("a text that no memory is left to search", function()
  it("is not shown", function()
    local outcome = freed.run([[
      local session = assert(require("tavus.http").session { base_url = "http://127.0.0.1" })
      local key = secret()
      for _, text in ipairs { ("x"):rep(100000) .. key, ("%41"):rep(30000) .. key } do
        local ok, shown = pcall(session.redact, session, text)
        assert(not ok and shown:find "memory", shown)
      end
      assert(session:redact("a " .. key) == "a [redacted]")
    ]], "tvsk_of-little-memory-1", 50000)
    assert.equal("done", outcome)
  end)
end)

describe("a secret that an escape before it runs into", function()
  local befores = { -- and how such secrets begin
    ["%"] = "41", ["%4"] = "1", ["%%4"] = "1", ["\\"] = "n", ["\\u"] = "0041", ["\\u004"] = "1", ["\\x"] = "41", ["\\x4"] = "1",
    ["&"] = "amp;", ["&#6"] = "5;", ["&#x"] = "41;", ["&#"] = "065;", ["%255c"] = "n", ["&amp;#6"] = "5;", ["%2"] = "5", ["%25"] = "41",
  }

  it("is found in every spelling", function()
    for before, first in pairs(befores) do
      local long = before == "%4" and 200 or 10
      for _, rest in ipairs { "/" .. PART .. "-/b", "a/b\\" .. PART, "a/&" .. PART, "/%" .. PART, ("/" .. PART):rep(long) } do
        local secret = first .. rest
        for how, spell in pairs(spellings) do
          for _, spelled in ipairs { spell(secret), first .. spell(rest) } do
            local text = core.redact("a b " .. before .. spelled .. " b", { secret, "another-secret" })
            local left = text:match "^a b (.*)%[redacted%] b$"
            -- Backslashes before the last one of an escape may stay.
            local short = left and left:gsub("\\+$", "")
            assert.is_truthy(short and before:sub(1, #short) == short, how .. ": " .. text:sub(1, 200))
          end
        end
      end
    end
  end)
end)

describe("a long text", function()
  local secret = "sk/" .. PART .. "-of-a-long-text"

  it("is searched everywhere, also where its parts meet", function()
    for _, before in ipairs { 90000, 98200, 98304, 131000, 131060, 131072, 196500, 196608, 229370 } do
      for how, spell in pairs(spellings) do
        local filler = ("x y "):rep(math.ceil(before / 4)):sub(1, before)
        local text = core.redact(filler .. spell(secret) .. filler, { secret })
        assert.equal(filler .. "[redacted]" .. filler, text, how)
        text = core.redact(filler .. spell(core.encode { api_key = secret }) .. filler)
        assert.is_nil(text:find(spell(PART), 1, true), how)
        assert.is_true(#text > 2 * before)
      end
    end
  end)

  it("is searched to its end, though it was made to take long", function()
    local size = 2 ^ 18
    for _, piece in ipairs { "token=", '"token":{', '"key":{"key":', '"value":{"value":', '"api_key":"\\', "://a:", "%2525", "&amp;amp;" } do
      local text = piece:rep(math.floor(size / #piece))
      assert.is_string(core.redact(text, { secret }))
      assert.is_string(core.redact(core.encode { password = text:sub(1, size / 2) .. "x", rows = text }))
    end
  end)

  it("has long secrets", function()
    for _, size in ipairs { 3000, 40000, 200000 } do
      local long = (PART .. "-/"):rep(math.floor(size / 10))
      for how, spell in pairs(spellings) do
        for _, value in ipairs { core.encode { api_key = long }, core.encode { token = { a = { long } } }, '{"token":"' .. long } do
          local text = core.redact(("x "):rep(60000) .. spell(value) .. " and more")
          assert.is_nil(text:find(spell(PART), 1, true), how)
        end
      end
    end
  end)
end)

describe("what is no secret", function()
  local argument = { type = "object", properties = {
    password = { type = "string", description = "The password that the visitor says" }, token = { description = "The number of the ticket" },
    credentials = { type = "array", items = { type = "string" } },
  }, required = { "password" } }

  it("stays: the schema of an argument, and the words in it", function()
    local body = core.encode { tools = { { parameters = argument } }, error = "Field password: not a string. The password that the visitor says" }
    assert.equal(body, core.redact(body))
    assert.same({}, core.gather(body))
    local persona = clients.persona(function(p)
      p.layers.llm = { model = "m", tools = { { type = "function", ["function"] = { name = "f", parameters = argument } } },
        extra_body = { tools = { { parameters = argument } } } }
    end)
    assert.is_nil((select(3, core.encode(persona, "persona"))))
  end)

  it("stays: common words under such a name, wherever else they stand", function()
    for _, word in ipairs { "string", "function", "required", "password", "client_credentials", "true", "none" } do
      local text = core.encode { auth_type = word, error = "the field is no " .. word }
      assert.equal(core.encode { auth_type = "[redacted]", error = "the field is no " .. word }, core.redact(text))
    end
  end)

  it("stays: prose after such a name", function()
    for _, text in ipairs {
      "Invalid token: it has expired", "authorization: required", "password: must have 8 characters", "tokens: 100 of 200", "secret = none",
      "signature: see https://docs.example/signature", "Unexpected token: '}' at line 3",
    } do
      assert.equal(text, core.redact(text))
    end
  end)

  it("is an object only when it is a schema", function()
    for _, object in ipairs { { type = "service_account", private = "pk-1" }, { type = "string", value = "pk-1" }, { title = "a", user = "pk-1" } } do
      assert.is_nil(core.redact(core.encode { credentials = object }):find("pk-1", 1, true))
    end
  end)
end)

describe("the names of the contract's secret fields", function()
  -- All that is in a member with such a name is secret, too.
  local function look(field, seen, inside)
    local named = inside or field.name ~= nil and core.is_secret(field.name)
    if field.secret and field.name then assert.is_true(named, field.name) end
    if field.other and field.other.secret and field.name then assert.is_true(named, field.name) end
    if field.items then look(field.items, seen, named) end
    if not field.fields or seen[field.fields] then return end
    seen[field.fields] = true
    for _, child in ipairs(field.fields) do look(child, seen, named) end
  end

  it("are in the table of words", function()
    local seen = {}
    for _, resource in ipairs(core.contract().resources) do
      look(resource, seen)
      for _, operation in ipairs(resource.operations) do look({ fields = operation.fields }, seen) end
    end
  end)
end)
