-- The page at `/` and what it fetches, over HTTP; spec/sandbox/browser_spec.lua looks at it with a browser.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local page = require "tavus.sandbox.browser"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

describe("the sandbox's page", function()
  local server, ask = asking.serve(teardown, before_each, { key = "the-only-key" })

  local KEY = { key = "the-only-key" }

  local function create(body)
    local result = ask("POST", "/v2/personas", body, KEY)
    assert.equal(200, result.status, result.body)
    return result.json.persona_id
  end

  local function overview()
    local status, body, head = asking.bare(server.url, "GET /_sandbox/overview")
    assert.equal(200, status)
    assert.matches("Content%-Type: application/json", head)
    return assert(core.decode(body)), body
  end

  it("is HTML, for anybody, and says that it is not Tavus", function()
    local status, body, head = asking.bare(server.url, "GET /")
    assert.equal(200, status)
    assert.equal(page.html, body)
    assert.matches("^<!DOCTYPE html>", body)
    assert.matches("This is not Tavus.", body, 1, true)
    assert.matches("\r\nContent-Type: text/html; charset=utf-8\r\n", head, 1, true)
    assert.matches("\r\nX-Content-Type-Options: nosniff\r\n", head, 1, true)
    assert.equal(200, (asking.bare(server.url, "GET /?a=b")))
    status, body = asking.bare(server.url, "HEAD /")
    assert.equal(200, status)
    assert.equal("", body)
    for _, line in ipairs { "POST /", "DELETE /", "POST /_sandbox/overview" } do
      assert.equal(404, (asking.bare(server.url, line)), line)
    end
  end)

  it("needs nothing from elsewhere", function()
    assert.is_nil(page.html:find "https?://")
    assert.is_nil(page.html:find("innerHTML", 1, true))
    for source in page.html:gmatch "%f[%w]src=" do error("the page loads something: " .. source) end
    for address in page.html:gmatch 'href="([^"]*)"' do
      assert.is_true(address == "data:," or address:sub(1, 1) == "/", address)
    end
  end)

  it("has a policy that lets only its own style and script run", function()
    local _, body, head = asking.bare(server.url, "GET /")
    local policy = assert(head:match "\r\nContent%-Security%-Policy: ([^\r]*)")
    assert.matches("default-src 'none'", policy, 1, true)
    assert.is_nil(policy:find("unsafe", 1, true))
    local folder = wire.folder()
    for _, name in ipairs { "style", "script" } do
      local tag = "<" .. name .. ">(.-)</" .. name .. ">"
      wire.write_file(folder .. "/part", assert(body:match(tag)))
      local pipe = assert(io.popen("openssl dgst -sha256 -binary " .. folder .. "/part | openssl base64"))
      local hash = pipe:read "*l"
      pipe:close()
      local allowed = policy:match(name .. "%-src '([^']*)'")
      assert.equal("sha256-" .. hash, allowed, name)
    end
    wire.remove(folder)
  end)

  it("fetches what is stored, newest first, without secrets", function()
    local first = create { persona_name = "First", system_prompt = "A hidden prompt", layers = {
      llm = { model = "custom-x", base_url = "https://llm.example.com/v1", api_key = "a-secret-of-the-llm" },
    } }
    local second = create { persona_name = "<script>alert(1)</script>", system_prompt = "x" }
    local made = ask("POST", "/v2/conversations",
      { persona_id = second, replica_id = "r79e1c033f", conversation_name = "Talk" }, KEY)
    assert.equal(200, made.status)
    local all, text = overview()
    assert.same({ 2, 1, 3 }, { all.persona_count, all.conversation_count, all.request_count })
    assert.same({ second, first }, { all.personas[1].persona_id, all.personas[2].persona_id })
    assert.equal("<script>alert(1)</script>", all.personas[1].persona_name)
    assert.equal("custom-x", all.personas[2].model)
    assert.equal("Talk", all.conversations[1].conversation_name)
    assert.equal("active", all.conversations[1].status)
    for _, secret in ipairs { "a-secret-of-the-llm", "the-only-key", "hidden prompt", "layers\"" } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
  end)

  it("fetches what was asked, newest first, without queries", function()
    assert(server:next { fault = "html_502" })
    ask("GET", "/v2/personas", nil, { key = "the-only-key", query = { token = "a-token" } })
    assert(server:next { close = "before", method = "POST" })
    ask("POST", "/v2/personas", { system_prompt = "x" }, KEY)
    asking.bare(server.url, "GET /v2/\255")
    local all, text = overview()
    local newest, closed, spoiled = all.requests[1], all.requests[2], all.requests[3]
    assert.same({ 3, "GET", "/v2/?", 404 }, { newest.seq, newest.method, newest.path, newest.status })
    assert.same({ "POST", "before", true }, { closed.method, closed.closed, closed.scripted })
    assert.is_nil(closed.status)
    assert.same({ "/v2/personas", 502, "html_502" }, { spoiled.path, spoiled.status, spoiled.fault })
    assert.is_nil(text:find("a-token", 1, true))
  end)

  it("fetches the switches, the changed ones first", function()
    assert.is_false(overview().switches[1].changed)
    assert(server:set { get_shape = "flat", retired_model = ("m"):rep(5000) })
    local switches = overview().switches
    assert.same({ "get_shape", "flat", "array", true },
      { switches[1].name, switches[1].value, switches[1].default, switches[1].changed })
    assert.equal("retired_model", switches[2].name)
    assert.is_true(#switches[2].value < 250)
    assert.is_false(switches[3].changed)
    local count = 0
    for _ in pairs(server:about().settings) do count = count + 1 end
    assert.equal(count, #switches)
  end)

  it("does not fill the journal or use up a rule", function()
    assert(server:next { status = 503 })
    for _ = 1, 3 do
      assert.equal(200, (asking.bare(server.url, "GET /")))
      overview()
    end
    assert.equal(0, #server:requests())
    assert.equal(1, overview().scripted)
    assert.equal(503, ask("GET", "/v2/personas", nil, KEY).status)
    assert.equal(401, (asking.bare(server.url, "GET /v2/personas")))
  end)

  it("says at the steering address that connections are refused", function()
    assert.is_false(overview().refusing)
    assert(server:refuse())
    local _, body = asking.bare(assert(server:about()).steering, "GET /_sandbox/overview")
    assert.is_true(core.decode(body).refusing)
    assert(server:refuse(false))
  end)

  it("does not change the ids of other requests", function()
    local function ids(look)
      local seeded = assert(sandbox.start { seed = 7 })
      local list = {}
      for i = 1, 3 do
        if look then asking.bare(seeded.url, "GET /_sandbox/overview") end
        list[i] = asking.ask(seeded.url, "GET", "/v2/personas").headers["x-request-id"]
      end
      seeded:stop()
      return list
    end
    assert.is_string(ids(true)[3])
    assert.same(ids(false), ids(true))
  end)

  it("stays small with many rows and requests", function()
    local long = ("\226\130\172"):rep(100000)
    for _ = 1, 60 do create { persona_name = long, system_prompt = "x" } end
    for _ = 1, 120 do ask("GET", "/v2/" .. ("y"):rep(4000), nil, KEY) end
    local all, text = overview()
    assert.equal(50, #all.personas)
    assert.equal(60, all.persona_count)
    assert.equal(100, #all.requests)
    assert.same({ 180, 81 }, { all.requests[1].seq, all.requests[100].seq })
    assert.is_true(#text < 100000, #text)
    assert.matches("^\226\130\172.*\226\130\172%.%.%.$", all.personas[1].persona_name)
  end)
end)
