-- Faults on demand: the bytes on the wire, when they come, and their side effects.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local faults = require "tavus.sandbox.faults"
local http = require "tavus.http"
local lfs = require "lfs"
local sandbox = require "tavus.sandbox"
local script = require "tavus.sandbox.script"
local tavus = require "tavus"

local STOCK = "/v2/personas/p5317866"
local GET = "GET " .. STOCK .. " HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n"

local function descriptors()
  local count = 0
  for _ in lfs.dir "/proc/self/fd" do count = count + 1 end
  return count
end

describe("a fault of the sandbox", function()
  local server, client

  setup(function() server = assert(sandbox.start()) end)
  teardown(function() server:stop() end)
  before_each(function()
    assert(server:reset())
    client = clients.new(server.url)
  end)
  after_each(function() client:close() end)

  local function raw(rule)
    assert(server:next(rule))
    return (asking.raw(server.url, GET))
  end

  local function stored()
    return asking.ask(server.url, "GET", "/v2/personas", nil, { query = { persona_type = "user" } }).json.total_count
  end

  describe("on the wire", function()
    it("cut_headers ends inside a line, without a length", function()
      local bytes = raw { fault = "cut_headers" }
      assert.matches("^HTTP/1.1 200 OK\r\n", bytes)
      assert.is_nil(bytes:find("\r\n\r\n", 1, true))
      assert.is_nil(bytes:lower():find("content-length", 1, true))
      assert.not_equal("\r\n", bytes:sub(-2))
    end)

    it("cut_body ends in the middle of the body", function()
      local promised, body = raw { fault = "cut_body" }:match "Content%-Length: (%d+)\r\n.-\r\n\r\n(.*)$"
      assert.equal(math.floor(promised / 2), #body)
      assert.equal("{", body:sub(1, 1))
    end)

    it("bad_chunk has a first chunk that is good and a second whose size is not a number", function()
      local bytes = raw { fault = "bad_chunk" }
      assert.matches("Transfer%-Encoding: chunked\r\n", bytes)
      assert.matches("\r\n\r\n%x+\r\n{.*\r\nno size\r\n", bytes)
    end)

    it("a length is too long by 100 bytes, or too short by half the body", function()
      local promised, body = raw { fault = "length_too_long" }:match "Content%-Length: (%d+)\r\n.-\r\n\r\n(.*)$"
      assert.equal(tonumber(promised), #body + 100)
      -- Here the connection stays until the client leaves, or asks again.
      assert(server:next { fault = "length_too_short" })
      local connection = require("cqueues.socket").connect("127.0.0.1", server.port)
      connection:setmode("b", "b")
      connection:settimeout(5)
      connection:write(GET)
      connection:flush()
      promised, body = connection:read(-65536):match "Content%-Length: (%d+)\r\n.-\r\n\r\n(.*)$"
      assert.equal(tonumber(promised), math.floor(#body / 2))
      assert.truthy(tavus.decode(body))
      connection:write(GET)
      connection:flush()
      local before = http.now()
      assert.is_nil((connection:read(1)))
      assert.is_true(http.now() - before < 1)
      connection:close()
    end)

    it("garbage is not HTTP", function()
      assert.matches("^SSH%-", raw { fault = "garbage" })
    end)

    it("drip is the real answer in small pieces", function()
      local before = http.now()
      local bytes = raw { fault = "drip", step = 200, pause = 0.05 }
      local pauses = math.floor((#bytes - 1) / 200)
      assert.is_true(pauses >= 2)
      assert.is_true(http.now() - before >= pauses * 0.05)
      assert.matches("p5317866", assert(tavus.encode(assert(tavus.decode(bytes:match "\r\n\r\n(.*)$")))), 1, true)
    end)

    it("any fault that sends bytes can drip, and come late", function()
      local before = http.now()
      assert.matches("^SSH%-", raw { fault = "garbage", step = 100, pause = 0.1, delay = 0.2 })
      assert.is_true(http.now() - before >= 0.4)
    end)

    it("large is 100 MB, and a gzip bomb 1 MB, and all of it is sent", function()
      for name, low in pairs { large = 1e8, gzip_bomb = 2 ^ 20 } do
        local plan = faults.wire({ fault = name }, 200, nil, {})
        local promised = tonumber(plan.head:match "Content%-Length: (%d+)")
        assert.is_true(promised >= low and promised < low + 100)
        assert.equal(promised, #plan.head:match "\r\n\r\n(.*)$" + #plan.block * plan.count + #plan.tail)
      end
    end)

    it("an answer without a body gets one to spoil", function()
      assert(server:next { fault = "cut_body", status = 204 })
      assert.matches("^HTTP/1.1 200 OK\r\n.*\r\n\r\n{\"message\"", asking.raw(server.url, GET))
    end)

    it("a 304 of a PATCH has a body if the switch says so, and the client ignores it", function()
      assert(server:set { nothing_changed = "body" })
      local id = assert(client.personas:create(clients.persona())).persona_id
      local operations = '[{"op":"replace","path":"/persona_name","value":"Interviewer"}]'
      local connection = require("cqueues.socket").connect("127.0.0.1", server.port)
      connection:setmode("b", "b")
      connection:settimeout(5)
      connection:write(("PATCH /v2/personas/%s HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: "
        .. "%d\r\n\r\n%s"):format(
        id, #operations, operations))
      connection:flush()
      local promised, body = connection:read(-65536):match "^HTTP/1.1 304 .*Content%-Length: (%d+)\r\n.-\r\n\r\n(.*)$"
      connection:close()
      assert.equal('{"message":"No changes were made to the persona"}', body)
      assert.equal(tonumber(promised), #body)

      for _ = 1, 3 do
        local done, meta = client.personas:patch(id, tavus.patch():replace("/persona_name", "Interviewer"))
        assert.is_true(done)
        assert.equal(304, meta.status)
        assert.is_false(meta.changed)
        assert.equal(1, meta.attempts)
        -- A POST is sent once, and would get the rest of the 304.
        local persona, after = client.personas:create(clients.persona())
        assert.truthy(persona, tostring(after))
      end
    end)

    it("a 304 or a 204 has the body of its rule", function()
      for _, status in ipairs { 304, 204 } do
        assert(server:next { status = status, body = "stray", delay = 0.1 })
        local begun = http.now()
        local connection = require("cqueues.socket").connect("127.0.0.1", server.port)
        connection:setmode("b", "b")
        connection:settimeout(5)
        connection:write(GET)
        connection:flush()
        assert.matches(("^HTTP/1.1 %d .*Content%%-Length: 5\r\n.*\r\n\r\nstray$"):format(status),
          connection:read(-65536))
        assert.is_true(http.now() - begun > 0.09)
        connection:close()
      end
    end)

    it("redirect leads to another host, key_echo says the key", function()
      assert.matches("\r\nLocation: http://elsewhere.invalid" .. STOCK .. "\r\n",
        raw { fault = "redirect", headers = { Connection = "close" } })
      assert.matches('{"message":"Invalid access token: k"}',
        raw { fault = "key_echo", headers = { Connection = "close" } }, 1, true)
    end)
  end)

  it("spoils the answer of a request that took effect, or replaces it", function()
    for name in pairs(faults.all) do
      assert(server:reset())
      assert(server:next { fault = name, step = name == "drip" and 65536 or nil })
      client.personas:create(clients.persona())
      assert.equal(faults.replaces(name) and 0 or 1, stored(), name)
      assert.equal(name, server:requests()[1].fault)
    end
  end)

  it("spoils an ordered answer too, and then nothing is handled", function()
    assert(server:next { fault = "length_too_short", status = 503, body = '{"message":"busy"}',
      headers = { ["X-More"] = "yes" } })
    local persona, err = client.personas:create(clients.persona())
    assert.is_nil(persona)
    assert.equal("server", err.type)
    assert.equal("yes", err.headers["x-more"])
    assert.equal(0, stored())
  end)

  it("leaves a DELETE that took effect a success", function()
    local id = assert(client.personas:create(clients.persona())).persona_id
    assert(server:next { fault = "cut_headers", method = "DELETE" })
    local done, meta = client.personas:delete(id)
    assert.is_true(done)
    assert.equal(2, meta.attempts)
  end)

  it("holds for a method and a path, and as often as wanted", function()
    assert(server:next { fault = "html_502", method = "GET", path = "/v2/personas/{id}", times = 2 })
    assert(client.personas:list())
    local _, meta = client.personas:get "p5317866"
    assert.equal(3, meta.attempts)
  end)

  it("comes at random, the same at random again", function()
    local function run(seed)
      assert(server:reset())
      assert(server:next { status = 418, chance = 0.3, seed = seed, times = "always" })
      local seen = {}
      for i = 1, 40 do seen[i] = asking.ask(server.url, "GET", STOCK).status == 418 and "x" or "." end
      return table.concat(seen)
    end
    local first = run(7)
    local _, hits = first:gsub("x", "")
    assert.is_true(hits > 4 and hits < 24)
    assert.equal(first, run(7))
    assert.not_equal(first, run(8))
  end)

  it("is as likely as its chance says, whatever the seed, in every Lua", function()
    local list = script.new()
    for seed = 0, 20 do
      list:clear()
      list:add { status = 500, chance = 0.05, seed = seed, times = "always" }
      local hits = 0
      for _ = 1, 10000 do hits = hits + (list:take("GET", "/") and 1 or 0) end
      assert.is_true(hits > 400 and hits < 600, hits .. " of 10000 with seed " .. seed)
    end
    list:clear()
    list:add { delay = { 0, 1 }, seed = 3, times = "always" }
    local waits = {}
    for i = 1, 3 do waits[i] = ("%.6f"):format(list:take("GET", "/").wait) end
    assert.same({ "0.875837", "0.188178", "0.715459" }, waits)
  end)

  it("waits any time between two", function()
    assert(server:next { delay = { 0.05, 0.15 }, times = 5 })
    for _ = 1, 5 do
      local before = http.now()
      assert(client.personas:get "p5317866")
      local took = http.now() - before
      assert.is_true(took >= 0.05 and took < 1)
    end
  end)

  it("leaves no descriptor open, also if the client does not wait for the end", function()
    assert(client.personas:get "p5317866")
    client:close()
    local before = descriptors()
    for name in pairs(faults.all) do
      local short = clients.new(server.url, { retries = 0 })
      assert(server:next { fault = name })
      short.personas:get("p5317866", { timeout = 0.1 })
      short:close()
    end
    local limit = http.now() + 3
    while descriptors() > before + 1 and http.now() < limit do http.engine():step(0.01) end
    assert.is_true(descriptors() <= before + 1, ("%d and then %d"):format(before, descriptors()))
  end)

  it("does not keep the others waiting, nor the end", function()
    local other = assert(sandbox.start())
    assert(other:next { fault = "endless", path = "/v2/personas" })
    assert(other:next { fault = "drip", step = 1, pause = 60, path = "/v2/personas" })
    assert(other:next { fault = "length_too_short", path = "/v2/personas" })
    local requests = {}
    for i = 1, 3 do requests[i] = asking.submit(other.url, "GET", "/v2/personas") end
    for _ = 1, 5 do http.engine():step(0.01) end
    local before = http.now()
    assert.equal(200, asking.ask(other.url, "GET", STOCK).status)
    other:stop()
    assert.is_true(http.now() - before < 1)
    for i = 1, 3 do asking.finish(requests[i]) end
  end)

  it("refuses what makes no sense", function()
    local function refused(rule, text) assert.matches(text, script.check(rule) or "nothing is wrong", 1, true) end
    refused({ fault = "fire" }, "fault must be one of bad_chunk, cut_body")
    refused({ fault = "cut-body" }, "did you mean cut_body?")
    refused({ fault = 1 }, "option fault must be a string")
    refused({ fault = "drip", close = "after" }, "a fault or a close")
    refused({ fault = "html_502", status = 503 }, "leave out status and body")
    refused({ fault = "large", body = "x" }, "leave out status and body")
    refused({ fault = "redirect", step = 1 }, "leave out step and pause")
    refused({ step = 1 }, "give fault too")
    refused({ fault = "drip", step = 0 }, "step must be")
    refused({ fault = "drip", pause = -1 }, "pause must be")
    refused({ fault = "large", pause = 1 }, "give step too")
    refused({ delay = { 2, 1 } }, "delay must be")
    refused({ delay = { 1 } }, "delay must be")
    refused({ delay = "1" }, "delay must be")
    refused({ delay = 0 / 0 }, "delay must be")
    refused({ fault = "refuse" }, "call sandbox:refuse()")
    refused({ close = "after", headers = { ["X-A"] = "b" } }, "leave out status, headers and body")
    refused({ method = "get post" }, "method must be one word")
    refused({ method = "" }, "method must be one word")
    refused({ path = "v2/personas" }, "path must begin with / or *")
    refused({ path = "/v2/personas?limit=1" }, "path is without the query")
    refused({ path = "/_sandbox/next" }, "path cannot be below /_sandbox")
    refused({ chance = 2 }, "chance must be")
    refused({ status = 500, seed = 1 }, "seed is for what is random")
    refused({ status = 500, chance = 1, seed = 0.5 }, "seed must be")
    assert.is_nil(script.check { fault = "drip", step = 5, pause = 0, chance = 0.5, seed = 3, delay = { 0, 1 },
      times = "always" })
  end)
end)
