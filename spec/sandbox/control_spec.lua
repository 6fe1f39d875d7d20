-- Steering: the handle, and /_sandbox for those who have none.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local http = require "tavus.http"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

local STOCK = "/v2/personas/p5317866"

describe("steering the sandbox", function()
  local server, ask = asking.serve(teardown, before_each)

  -- POST and PATCH are sent once; a GET that a dead connection loses libcurl sends again.
  local function post() return ask("POST", "/v2/personas", { system_prompt = "x" }) end
  local function stored() return ask("GET", "/v2/personas", nil,
    { query = { persona_type = "user" } }).json.total_count end

  describe("next", function()
    it("answers by the rule, as often as it says, and changes nothing", function()
      assert(server:next { status = 503, times = 2, headers = { ["Retry-After"] = "7" }, body = { message = "busy" } })
      for _ = 1, 2 do
        local result = post()
        assert.equal(503, result.status)
        assert.equal("7", result.headers["retry-after"])
        assert.equal("application/json", result.headers["content-type"])
        assert.same({ message = "busy" }, result.json)
      end
      assert.equal(0, stored())
      assert.equal(200, post().status)
      assert.equal(1, stored())
    end)

    it("keeps the order of rules, and sends text as it is", function()
      assert(server:next { status = 502, body = "<html>", headers = { ["content-type"] = "text/html" } })
      assert(server:next { status = 429 })
      assert(server:next { body = "not json" })
      local result = ask("GET", STOCK)
      assert.equal(502, result.status)
      assert.equal("<html>", result.body)
      assert.equal("text/html", result.headers["content-type"])
      result = ask("GET", STOCK)
      assert.equal(429, result.status)
      assert.equal("", result.body)
      result = ask("GET", STOCK)
      assert.equal(200, result.status)
      assert.equal("not json", result.body)
      assert.equal(200, ask("GET", STOCK).status)
    end)

    it("fits by method and path", function()
      assert(server:next { status = 501, method = "delete" })
      assert(server:next { status = 502, path = "/v2/personas/{persona_id}" })
      assert(server:next { status = 503, path = "/v2/conversations*", method = "GET" })
      assert(server:next { status = 504, path = STOCK })
      assert.equal(200, ask("GET", "/v2/personas").status)
      assert.equal(502, ask("GET", STOCK).status)
      assert.equal(503, ask("GET", "/v2/conversations/c1").status)
      assert.equal(501, ask("DELETE", "/v2/personas/x").status)
      assert.equal(504, ask("GET", STOCK).status)
      assert.equal(0, server:about().scripted)
    end)

    it("lets a request pass with a rule without an effect", function()
      assert(server:next { times = 2 })
      assert(server:next { status = 503 })
      local seen = {}
      for i = 1, 4 do seen[i] = ask("GET", STOCK).status end
      assert.same({ 200, 200, 503, 200 }, seen)
    end)

    it("goes on always, until the reset", function()
      assert(server:next { status = 418, times = "always" })
      for _ = 1, 5 do assert.equal(418, ask("GET", STOCK).status) end
      assert(server:reset())
      assert.equal(200, ask("GET", STOCK).status)
    end)

    it("handles the request if only a delay or headers are given", function()
      assert(server:next { delay = 0.2, headers = { ["X-More"] = "yes" } })
      local before = http.now()
      local result = post()
      assert.is_true(http.now() - before >= 0.2)
      assert.equal(200, result.status)
      assert.equal("yes", result.headers["x-more"])
      assert.equal("application/json", result.headers["content-type"])
      assert.equal(1, stored())
    end)

    it("puts an ordered header in the place of its own, in whatever case", function()
      assert(server:next { headers = { ["X-Request-ID"] = "mine", ["content-TYPE"] = "text/x" } })
      local result = ask("GET", STOCK)
      assert.equal("mine", result.headers["x-request-id"])
      assert.equal("text/x", result.headers["content-type"])
      assert.equal("mine", server:requests()[1].request_id)
      assert(server:next { status = 503, headers = { ["X-REQUEST-ID"] = "again" } })
      assert.equal("again", ask("GET", STOCK).headers["x-request-id"])
    end)

    it("closes before the request is handled, or after", function()
      assert(server:next { close = "before" })
      local result = post()
      assert.equal("lost", result.outcome)
      assert.equal(0, stored())
      assert(server:next { close = "after" })
      result = post()
      assert.equal("lost", result.outcome)
      assert.is_nil(result.status)
      assert.equal(1, stored())
    end)

    it("closes with a reset, late if wanted", function()
      local request = "POST /v2/personas HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: 21\r\n\r\n"
        .. '{"system_prompt":"x"}'
      assert(server:next { close = "after", reset = true, delay = 0.01 })
      local answer, code = asking.raw(server.url, request)
      assert.is_nil(answer)
      assert.equal(104, code)
      assert(server:next { close = "after", delay = 0.01 })
      answer, code = asking.raw(server.url, request)
      assert.equal("", answer or "")
      assert.is_nil(code)
      assert.equal(2, stored())
    end)

    it("refuses what makes no sense, at the caller's line", function()
      local function refused(rule, text)
        local done, message = pcall(function() server:next(rule) end)
        assert.is_false(done)
        assert.matches("^spec/sandbox/control_spec.lua:%d+: bad argument: ", (message:gsub("^%./", "")))
        assert.matches(text, message, 1, true)
      end
      refused(nil, "next: options must be a table, not nil")
      refused({ statsu = 503 }, 'next: unknown option "statsu" (did you mean status?)')
      refused({ code = 503 }, 'next: unknown option "code" (known are body, chance, close, delay')
      refused({ status = 99 }, "status must be 200 or more")
      refused({ status = 600 }, "status must be 599 or less")
      refused({ status = "503" }, "status must be a number, not string")
      refused({ times = 0 }, "times must be")
      refused({ times = "often" }, "times must be")
      refused({ close = "never" }, "close must be one of after, before")
      refused({ reset = true }, "give close too")
      refused({ close = "after", status = 200 }, "leave out status, headers and body")
      refused({ delay = -1 }, "delay must be")
      refused({ body = 1 }, "body must be a string or table")
      refused({ headers = { ["X:"] = "a" } }, "is not a name of a header")
      refused({ headers = { X = "a\r\nb" } }, "control characters")
      refused({ headers = { ["Content-Length"] = "1" } }, "is set by the server")
      refused({ headers = { ["X-A"] = ("x"):rep(10000), ["X-B"] = ("x"):rep(10000) } },
        "headers must not be longer than 16384 bytes")
      refused({ body = { print } }, "the rule cannot be written as JSON")
      assert.equal(0, server:about().scripted)
    end)
  end)

  describe("requests", function()
    it("lists requests and answers", function()
      local id = post().json.persona_id
      ask("GET", "/v2/personas", nil, { query = { limit = 5, persona_type = "user" }, key = "a-very-secret-key" })
      assert(server:next { status = 503 })
      ask("PATCH", "/v2/personas/" .. id, core.array {})
      local all = server:requests()
      assert.equal(3, #all)
      assert.equal("POST", all[1].method)
      assert.equal("/v2/personas", all[1].path)
      assert.equal('{"system_prompt":"x"}', all[1].body)
      assert.same({ system_prompt = "x" }, all[1].json)
      assert.equal(200, all[1].status)
      assert.is_false(all[1].scripted)
      assert.same({ limit = "5", persona_type = "user" }, all[2].query)
      assert.is_nil(all[2].body)
      assert.is_nil(all[2].headers["x-api-key"])
      assert.is_string(all[2].headers["host"])
      assert.equal(503, all[3].status)
      assert.is_true(all[3].scripted)
      assert.same({ 1, 2, 3 }, { all[1].seq, all[2].seq, all[3].seq })
      assert.is_nil(ask("GET", "/_sandbox/requests").body:find("secret%-key"))
    end)

    it("has the answer, but not one that a fault made up", function()
      local answer = ask("DELETE", "/v2/personas/none")
      local id = post().json.persona_id
      ask("DELETE", "/v2/personas/" .. id)
      assert(server:next { status = 503, body = "busy" })
      assert(server:next { fault = "cut_body" })
      assert(server:next { fault = "key_echo" })
      for _ = 1, 3 do ask("GET", "/v2/personas/none", nil, { key = "a-very-secret-key" }) end
      local all = server:requests()
      assert.equal(answer.body, all[1].answer)
      assert.equal(id, core.decode(all[2].answer).persona_id)
      assert.same({ 204, nil }, { all[3].status, all[3].answer })
      assert.same({ 503, "busy" }, { all[4].status, all[4].answer })
      assert.same({ 400, answer.body }, { all[5].status, all[5].answer })
      assert.same({ 401, nil, "key_echo" }, { all[6].status, all[6].answer, all[6].fault })
      assert.is_nil(ask("GET", "/_sandbox/requests").body:find("secret%-key"))
    end)

    it("lists closed connections", function()
      assert(server:next { close = "after" })
      post()
      local entry = server:requests()[1]
      assert.equal("after", entry.closed)
      assert.is_nil(entry.status)
      assert.is_nil(entry.answer)
      assert.is_true(entry.scripted)
    end)

    it("filters", function()
      post()
      ask("GET", STOCK)
      ask("GET", "/v2/personas/none")
      assert.equal(1, #server:requests { method = "POST" })
      assert.equal(2, #server:requests { path = "/v2/personas/*" })
      assert.equal(1, #server:requests { status = 400 })
      assert.equal(3, server:requests { method = "get", since = 2 }[1].seq)
      assert.equal(0, #server:requests { since = 3 })
      for text, filter in pairs {
        ['requests: unknown option "verb"'] = { verb = "GET" }, ["must be a table, not string"] = "GET",
        ["method must be one word"] = { method = "" }, ["path must begin with /"] = { path = "v2" },
        ["status must be 100 or more"] = { status = 40 }, ["status must be a number"] = { status = "400" },
        ["since must be a whole number"] = { since = 0.5 },
      } do
        local done, message = pcall(function() server:requests(filter) end)
        assert.is_false(done)
        assert.matches("control_spec.lua:%d+: bad argument: ", message)
        assert.matches(text, message, 1, true)
      end
    end)

    it("matches the id that the answer carried", function()
      local result = ask("GET", STOCK)
      assert.equal(result.headers["x-request-id"], server:requests()[1].request_id)
    end)

    it("shows bodies and queries that are not UTF-8", function()
      asking.bare(server.url, "POST /v2/personas?%FF=%FE", { ["x-api-key"] = "k", ["x-odd"] = "\255" }, "\255\254{")
      local entry = server:requests()[1]
      assert.equal("??{", entry.body)
      assert.same({ ["?"] = "?" }, entry.query)
      assert.equal("?", entry.headers["x-odd"])
      assert.is_nil(entry.json)
    end)

    it("are all listed, even many and large ones", function()
      local large = '{"system_prompt":"' .. ("x"):rep(900000) .. '"}'
      for _ = 1, 5 do ask("POST", "/v2/personas", large) end
      for _ = 1, 1200 do ask("GET", "/v2/nothing") end
      local all = server:requests()
      assert.equal(1205, #all)
      for i, entry in ipairs(all) do assert.equal(i, entry.seq) end
      assert.equal(large, all[5].body)
      assert.equal(#large, all[5].body_size)
      assert.is_true(#core.decode(ask("GET", "/_sandbox/requests").body).data < 5)
      ask("POST", "/v2/personas", '{"system_prompt":"' .. ("x"):rep(3000000) .. '"}')
      local entry = server:requests { since = 1205 }[1]
      assert.equal(1024 * 1024, #entry.body)
      assert.equal(3000020, entry.body_size)
    end)

    it("are all listed with large headers and queries, too", function()
      local long = { headers = { ["X-Long"] = ("\200"):rep(10000) }, query = { q = ("y"):rep(5000) } }
      for _ = 1, 300 do ask("GET", "/v2/nothing", nil, long) end
      assert.equal(300, #server:requests())
      assert.is_true(#core.decode(ask("GET", "/_sandbox/requests").body).data < 200)
      local journal = require("tavus.sandbox.journal").new()
      for _ = 1, 5000 do journal:add("GET", "/", "", long.headers, nil) end
      assert.is_true(journal.bytes <= 32 * 1024 * 1024)
      assert.is_true(journal.first > 1000)
    end)

    it("keeps the last ten thousand", function()
      local journal = require("tavus.sandbox.journal").new()
      for _ = 1, 10050 do journal:add("GET", "/", "", {}, nil) end
      assert.equal(51, journal:select({})[1].seq)
      assert.equal(10050, journal:select({ since = 10049 })[1].seq)
      for _ = 1, 50 do journal:add("POST", "/", "", {}, ("x"):rep(1024 * 1024)) end
      assert.equal(10100, journal.seq)
      assert.equal(10100 - 30, journal.first)
    end)
  end)

  it("resets rows, rules, journal and switches", function()
    post()
    assert(server:set { get_shape = "flat" })
    assert(server:next { status = 500, times = 9 })
    assert(server:reset())
    assert.equal(0, #server:requests())
    assert.equal(0, stored())
    assert.is_table(ask("GET", STOCK).json.data)
    assert.equal(1, server:requests()[1].seq)
  end)

  it("comes back from a reset with the switches of the start", function()
    local other = assert(sandbox.start { set = { get_shape = "flat", max_conversations = 3 } })
    assert.equal("object", assert(other:set { get_shape = "object" }).get_shape)
    assert(other:reset())
    local about = other:about()
    assert.equal("flat", about.settings.get_shape)
    assert.equal(3, about.settings.max_conversations)
    other:stop()
  end)

  it("refuses switches it does not have", function()
    for _, changes in ipairs { { get_shape = "round" }, { shape = "flat" }, { max_conversations = "many" },
      { max_conversations = -1 }, { max_conversations = 0.5 } } do
      assert.has_error(function() server:set(changes) end)
      local result = ask("POST", "/_sandbox/set", changes)
      assert.equal(400, result.status)
      assert.is_string(result.json.error)
    end
    assert.has_error(function() server:set() end)
    assert.equal("array", server:about().settings.get_shape)
  end)

  it("says what it is, and that it is not Tavus", function()
    for _, path in ipairs { "/_sandbox", "/_sandbox/" } do
      local status, body = asking.bare(server.url, "GET " .. path)
      assert.equal(200, status)
      local about = core.decode(body)
      assert.is_false(about.is_tavus)
      assert.matches("It is not Tavus", about.message, 1, true)
      assert.equal(server.url, about.url)
      assert.equal(3, about.stock_personas)
      assert.equal("POST /v2/personas", about.routes[1])
    end
    assert.equal(0, #server:requests())
  end)

  it("answers nonsense below /_sandbox with a reason", function()
    assert.equal(404, ask("GET", "/_sandbox/nothing").status)
    assert.equal(404, ask("DELETE", "/_sandbox/requests").status)
    assert.equal(404, ask("GET", "/_sandboxed").status)
    for _, body in ipairs { "{", "[]", "1", '{"status":1}', '{"what":1}' } do
      local result = ask("POST", "/_sandbox/next", body)
      assert.equal(400, result.status, body)
      assert.is_string(result.json.error)
    end
  end)

  it("works from another handle too", function()
    local other = assert(sandbox.connect(server.url .. "/"))
    assert(other:next { status = 507 })
    assert.equal(507, ask("GET", STOCK).status)
    assert.equal(1, #other:requests())
    other:stop()
    assert.equal(200, ask("GET", STOCK).status)
  end)

  it("does not connect to one without an address for steering, and never to Tavus instead", function()
    local older = wire.start { { "read", { answer = 200, body = '{"sandbox":true}' }, "loop" } }
    local handle, err = sandbox.connect(older.url)
    older:stop()
    assert.is_nil(handle)
    assert.matches("another version", err.message)
  end)

  it("connects to sandboxes only", function()
    local gone = assert(sandbox.start())
    gone:stop()
    local none, err = sandbox.connect(gone.url)
    assert.is_nil(none)
    assert.equal("connection", err.type)
    assert(server:next { body = "{}", path = "/x" })
    none, err = sandbox.connect "127.0.0.1:8787"
    assert.is_nil(none)
    assert.equal("config: 127.0.0.1:8787 is not an address of a sandbox, as in http://127.0.0.1:8787", tostring(err))
    none, err = sandbox.connect(server.url .. "/v2")
    assert.is_nil(none)
    assert.equal("config", err.type)
    assert.has_error(function() sandbox.connect(7) end)
  end)

  it("ends with the block that closes it, if Lua has such blocks", function()
    local chunk = (rawget(_G, "loadstring") or load) [[
      local sandbox = ...
      local url
      do
        local one <close> = assert(sandbox.start())
        url = one.url
      end
      return url
    ]]
    local can_close = not _VERSION:find "5%.[123]$"
    assert.equal(can_close, chunk ~= nil)
    if chunk then assert.is_nil((sandbox.connect(chunk(sandbox)))) end
  end)

  it("ends with stop, which may be called again", function()
    local other = assert(sandbox.start())
    assert.matches("^tavus.Sandbox %(http://127.0.0.1:%d+%)$", tostring(other))
    assert.is_true(other:stop())
    assert.is_true(other:stop())
    assert.matches("stopped", tostring(other), 1, true)
    local done, err = other:next { status = 503 }
    assert.is_nil(done)
    assert.same({ "config", "closed", "the sandbox has been stopped" }, { err.type, err.code, err.message })
    assert.is_nil((other:requests()))
    assert.is_nil((other:set {}))
    assert.is_nil((other:reset()))
  end)

  it("raises on misuse", function()
    for _, options in ipairs { 1, { prt = 1 }, { port = "1" }, { port = -1 }, { port = 1.5 }, { port = 65536 },
      { key = "" },
      { set = { nothing = 1 } }, { set = 1 } } do
      local done, message = pcall(function() sandbox.start(options) end)
      assert.is_false(done)
      assert.matches("bad argument", message, 1, true)
      assert.matches("control_spec.lua", message, 1, true)
    end
    assert.has_error(function() server.reset() end)
    assert.has_error(function() server.next { status = 500 } end)
  end)
end)
