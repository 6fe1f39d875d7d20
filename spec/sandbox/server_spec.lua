-- The server under the sandbox: threads, connections, delays, endings.
local asking = require "spec.support.asking"
local process = require "spec.support.process"
local http = require "tavus.http"
local httpd = require "tavus.sandbox.httpd"
local lfs = require "lfs"
local sandbox = require "tavus.sandbox"

local ECONNRESET = 104

-- A service of our own, as a module that the server's Lua state can load.
local MODULE = [[
return function(options)
  local calls = 0
  return function(method, uri, headers, body, too_large)
    calls = calls + 1
    if uri == "/error" then error "on purpose" end
    if uri == "/nothing" then return nil end
    if uri == "/header" then return 200, "x", { ["X-Bad"] = "a\r\nb: c" } end
    if uri == "/status" then return 99 end
    if uri == "/number" then return 200, "x", { ["X-Number"] = 12 } end
    if uri == "/large" then return 200, tostring(too_large) .. " " .. tostring(body and #body) end
    if uri == "/close" then return nil, nil, nil, 0, "close" end
    if uri == "/reset" then return nil, nil, nil, 0, "reset" end
    if uri == "/late-reset" then return nil, nil, nil, 0.01, "reset" end
    if uri == "/bytes" then return nil, nil, nil, 0, { head = "any", block = " by", count = 2, tail = "tes" } end
    if uri == "/bad-bytes" then return nil, nil, nil, 0, { head = "any", tail = 1 } end
    if uri == "/bad-count" then return nil, nil, nil, 0, { block = "x", count = 0 / 0 } end
    if uri == "/long" then return 200, "|" .. tostring(headers[("x-long-"):rep(40)]) .. "|" end
    local delay = tonumber(uri:match "^/delay/(.+)$")
    return 200, table.concat({ method, uri, tostring(body), headers["x-twice"] or "", tostring(options.number),
      tostring(options.flag), tostring(options.text), tostring(calls) }, "|"), { ["X-Service"] = "yes" }, delay
  end
end
]]

local function entries(folder)
  local count = 0
  for _ in lfs.dir(folder) do count = count + 1 end
  return count
end

describe("the sandbox's server", function()
  local folder, server, url

  local function start(options)
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    local all = { entry = "spec_service", options = {} }
    for name, value in pairs(options or {}) do all[name] = value end
    local started = assert(httpd.start(all))
    package.path = path
    return started
  end

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local file = assert(io.open(folder .. "/spec_service.lua", "w"))
    file:write(MODULE)
    file:close()
    server = start { options = { number = 7, flag = true, text = "a\0b", other = {} }, max_body = 1000 }
    url = "http://127.0.0.1:" .. server:port()
  end)

  teardown(function()
    server:stop()
    os.remove(folder .. "/spec_service.lua")
    lfs.rmdir(folder)
  end)

  it("hands over method, path with query, headers, body and the options", function()
    local status, body, head = asking.bare(url, "PUT /a%20b?c=d", { ["X-Twice"] = "one" }, "text")
    assert.equal(200, status)
    assert.equal("PUT|/a%20b?c=d|text|one|7|true|a\0b", body:match "^(.*)|%d+$")
    assert.matches("X%-Service: yes", head)
    local twice = asking.raw(url, "GET / HTTP/1.1\r\nHost: x\r\nX-Twice: a\r\nx-twice: b\r\nConnection: close\r\n\r\n")
    assert.matches("|a, b|", twice, 1, true)
  end)

  it("hands over every header, however many and long", function()
    local lines = { "GET / HTTP/1.1", "Host: x", "Connection: close" }
    for i = 1, 200 do lines[#lines + 1] = "X-Filler-" .. i .. ": y" end
    lines[#lines + 1] = ("X-Long-"):rep(40) .. ": z"
    lines[#lines + 1] = "X-Twice: the last"
    assert.matches("|the last|", asking.raw(url, table.concat(lines, "\r\n") .. "\r\n\r\n"), 1, true)
    assert.matches("|long|", asking.raw(url, "GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      .. ("X-Long-"):rep(40) .. ": long\r\n\r\n"), 1, true)
  end)

  it("sends headers whose values are numbers", function()
    assert.equal("12", asking.ask(url, "GET", "/number").headers["x-number"])
  end)

  it("makes an error of the service a 500 and a traceback on stderr, and goes on", function()
    local status, output = process.lua { chunk = ([[
      package.path = %q .. "/?.lua;./?.lua;" .. package.path
      local asking = require "spec.support.asking"
      local server = assert(require("tavus.sandbox.httpd").start { entry = "spec_service", options = {} })
      local ask = asking.of("http://127.0.0.1:" .. server:port())
      for _, path in ipairs { "/error", "/nothing", "/header", "/status", "/bad-bytes", "/bad-count", "/" } do
        local result = ask("GET", path)
        io.stdout:write(path, " ", result.status, " ", result.json and result.json.error or "fine", "\n")
        io.stdout:flush()
      end
      server:stop()
    ]]):format(folder) }
    assert.equal(0, status, output)
    for _, where in ipairs { "/error", "/nothing", "/header", "/status", "/bad-bytes", "/bad-count" } do
      assert.matches(where .. " 500 The sandbox failed; its stderr says why.", output, 1, true)
    end
    assert.matches("/ 200 fine", output, 1, true)
    assert.matches("tavus%-sandbox: [^\n]*spec_service.lua:5: on purpose\nstack traceback:", output)
    assert.matches("cannot answer with status 99", output, 1, true)
    assert.matches("the header 'X-Bad' cannot be sent", output, 1, true)
    assert.matches("a fault's 'tail' must be a string", output, 1, true)
    assert.matches("a fault's count, step or pause is out of range", output, 1, true)
  end)

  it("does not use a date that Lua shares with other threads", function()
    local name = folder .. "/spec_dateless.lua"
    local file = assert(io.open(name, "w"))
    file:write 'os.date = nil return require "tavus.sandbox.service"'
    file:close()
    local other = start { entry = "spec_dateless" }
    os.remove(name)
    local port, steering = other:port()
    local ask, steer = asking.of("http://127.0.0.1:" .. port), asking.of("http://127.0.0.1:" .. steering)
    assert.equal(200, steer("POST", "/_sandbox/clock", { time = 951782399.5 }).status)
    local made = ask("POST", "/v2/personas", { persona_name = "a", system_prompt = "b" })
    assert.equal("2000-02-28T23:59:59.500000Z", made.json.created_at)
    assert.equal(200, steer("POST", "/_sandbox/set",
      { rate_limit = 1, rate_window_ms = 1000, retry_after = "date" }).status)
    ask("GET", "/v2/personas")
    assert.equal("Tue, 29 Feb 2000 00:00:01 GMT", ask("GET", "/v2/personas").headers["retry-after"])
    other:stop()
  end)

  it("goes on after a line that asks for nothing", function()
    for _, line in ipairs { "GET", "GET ", "GET  HTTP/1.1", "" } do
      asking.raw(url, line .. "\r\nHost: x\r\nConnection: close\r\n\r\n")
      assert.equal(200, asking.ask(url, "GET", "/").status)
    end
  end)

  it("tells the service of a body that is too large, without keeping it", function()
    assert.equal("false 1000", asking.ask(url, "POST", "/large", ("x"):rep(1000)).body)
    assert.equal("true nil", asking.ask(url, "POST", "/large", ("x"):rep(300000)).body)
  end)

  it("sends bytes as they are and closes, if the service wants that", function()
    assert.equal("any by bytes", asking.raw(url, "GET /bytes HTTP/1.1\r\nHost: x\r\n\r\n"))
  end)

  it("closes without an answer: in order, or with a reset, at once or late", function()
    local request = "GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
    assert.equal("", asking.raw(url, request:format "/close") or "")
    for _, where in ipairs { "/reset", "/late-reset" } do
      local answer, code = asking.raw(url, request:format(where))
      assert.is_nil(answer)
      assert.equal(ECONNRESET, code)
    end
  end)

  it("resets a connection that has answered before", function()
    assert.equal(200, asking.ask(url, "GET", "/").status)
    local result = asking.ask(url, "POST", "/late-reset", "x")
    assert.equal("lost", result.outcome)
  end)

  it("keeps 200 delayed answers in the air at the same time", function()
    local requests = {}
    local before = http.now()
    for i = 1, 200 do requests[i] = asking.submit(url, "GET", "/delay/0.3") end
    for i = 1, 200 do assert.equal(200, asking.finish(requests[i]).status) end
    local elapsed = http.now() - before
    assert.is_true(elapsed >= 0.3)
    assert.is_true(elapsed < 30, "one after the other they would take a minute, and took " .. elapsed)
  end)

  it("lets go of who does not wait for a delayed answer", function()
    local socket = require "cqueues.socket"
    local other = start()
    local other_url = "http://127.0.0.1:" .. other:port()
    local before, count = entries "/proc/self/fd", 50
    local connections = {}
    for i = 1, count do
      connections[i] = socket.connect("127.0.0.1", (other:port()))
      connections[i]:setmode("b", "b")
      assert(connections[i]:xwrite("GET /delay/600 HTTP/1.1\r\nHost: x\r\n\r\n", "bn", 5))
    end
    local asked = 0
    repeat
      asked = asked + 1
      local _, body = asking.bare(other_url, "GET /")
    until tonumber(body:match "|(%d+)$") == count + asked
    for i = 1, count do connections[i]:close() end
    local limit = http.now() + 20
    while entries "/proc/self/fd" > before + 10 and http.now() < limit do asking.bare(other_url, "GET /") end
    assert.is_true(entries "/proc/self/fd" <= before + 10)
    other:stop()
  end)

  it("gives delayed answers in the order they are due", function()
    local slow = asking.submit(url, "GET", "/delay/0.4")
    http.engine():step(0)
    local fast = asking.submit(url, "GET", "/delay/0.01")
    asking.finish(fast)
    assert.is_false(slow:done())
    assert.equal(200, asking.finish(slow).status)
  end)

  it("lets those wait who are too many, until one has left", function()
    local small = start { max_connections = 2 }
    local socket = require "cqueues.socket"
    local connections = {}
    for i = 1, 4 do
      connections[i] = socket.connect("127.0.0.1", (small:port()))
      connections[i]:setmode("b", "b")
      connections[i]:settimeout(30)
      assert(connections[i]:xwrite("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bn"))
    end
    for i = 1, 4 do
      assert.matches("^HTTP/1.1 200", (connections[i]:xread("*l", "b")))
      connections[i]:close()
    end
    small:stop()
  end)

  it("stops while answers are delayed and connections are open", function()
    local other = start()
    local other_url = "http://127.0.0.1:" .. other:port()
    assert.equal(200, asking.ask(other_url, "GET", "/").status)
    local late = asking.submit(other_url, "POST", "/delay/600", "x")
    repeat http.engine():step(0.01) until late:done() or asking.ask(other_url, "GET", "/").body:match "|3$"
    other:stop()
    assert.equal("lost", asking.finish(late).outcome)
    assert.is_nil(other:port())
    assert.is_true(other:stop())
    assert.equal("sandbox server (stopped)", tostring(other))
  end)

  it("frees threads, descriptors and ports, a hundred times over", function()
    local function once()
      local one = assert(sandbox.start())
      assert.equal(200, asking.ask(one.url, "GET", "/v2/personas").status)
      one:stop()
    end
    once()
    for _ = 1, 2 do collectgarbage() end -- what earlier specs left
    local threads = entries "/proc/self/task"
    local before = entries "/proc/self/fd"
    for _ = 1, 100 do assert(sandbox.start()):stop() end
    assert.equal(threads, entries "/proc/self/task")
    assert.equal(before, entries "/proc/self/fd")
  end)

  it("is stopped by the collector", function()
    collectgarbage()
    local threads = entries "/proc/self/task"
    for _ = 1, 5 do assert(sandbox.start()) end
    collectgarbage()
    collectgarbage()
    assert.equal(threads, entries "/proc/self/task")
  end)

  it("says why it cannot start", function()
    local none, message = httpd.start { entry = "no.such.module", options = {} }
    assert.is_nil(none)
    assert.matches("no.such.module", message, 1, true)
    local err
    none, err = sandbox.start { port = server:port() }
    assert.is_nil(none)
    assert.equal("config", err.type)
    assert.matches("cannot start a sandbox on port " .. server:port() .. ": cannot listen: Address already in use",
      err.message, 1, true)
  end)

  it("frees what it had when it cannot start", function()
    local before = entries "/proc/self/fd"
    for _ = 1, 20 do
      assert.is_nil((sandbox.start { port = server:port() }))
      assert.is_nil((httpd.start { entry = "no.such.module", options = {} }))
    end
    assert.equal(before, entries "/proc/self/fd")
  end)

  it("raises on options it cannot understand", function()
    assert.has_error(function() httpd.start { entry = "spec_service", options = {}, port = 70000 } end,
      "option 'port' must be an integer from 0 to 65535")
    assert.has_error(function() httpd.start { entry = "spec_service", options = {}, max_body = "much" } end)
    assert.has_error(function() httpd.start {} end)
    assert.has_error(function() httpd.start() end)
  end)

  it("ends with the state that started it, in whatever order", function()
    local status, output = process.lua { chunk = [[
      local sandbox = require "tavus.sandbox"
      kept = assert(sandbox.start())
      local inner = coroutine.wrap(function() return assert(sandbox.start()) end)()
      for _, name in ipairs { "sandbox", "http", "sandbox.httpd" } do package.loaded["tavus." .. name] = nil end
      collectgarbage()
      local server = assert(require("tavus.sandbox").start())
      assert(server:next { delay = 60 })
      print(kept:about().is_tavus, inner:about().is_tavus)
    ]] }
    assert.equal("false\tfalse\n", output)
    assert.equal(0, status)
  end)

  it("lets in thousands of connections", function()
    local limit = httpd.raise_file_limit()
    local count = math.min(2000, math.floor((limit - entries "/proc/self/fd" - 60) / 2))
    assert.is_true(count >= 400, "only " .. limit .. " files may be open here")
    local one = assert(sandbox.start())
    local socket = require "cqueues.socket"
    local connections = {}
    for i = 1, count do
      connections[i] = socket.connect("127.0.0.1", one.port)
      connections[i]:setmode("b", "b")
      connections[i]:settimeout(30)
      assert(connections[i]:xwrite("GET /v2/personas/p5317866 HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n", "bn"))
    end
    for i = 1, count do assert.matches("^HTTP/1.1 200", (connections[i]:xread("*l", "b"))) end
    for i = 1, count do connections[i]:close() end
    one:stop()
  end)
end)
