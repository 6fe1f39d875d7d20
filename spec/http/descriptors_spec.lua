-- Descriptors: whose they are, who inherits them, and what is said when none is left.
local forking = require "spec.support.forking"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local folder, opening, authority

-- Where there is no epoll libcurl itself watches, and the engine has no descriptors.
local with_epoll = require "tavus.http".engine():fd() ~= nil
local function none() end
local it_with_epoll, describe_with_epoll = with_epoll and it or none, with_epoll and describe or none

-- What a Lua of its own prints, with spec/support/descriptors.c beneath it and at most so many descriptors.
local function run(text, limit)
  local status, output = process.run(("ulimit -n %d && exec %s -e %s"):format(limit or 200, process.quote(process.interpreter()),
    process.quote(opening .. text)), {
    CURL_CA_BUNDLE = authority or "",
    LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " " .. folder .. "/spec.so", no_proxy = "*",
    ASAN_OPTIONS = (os.getenv "ASAN_OPTIONS" or "") .. ":detect_leaks=0", -- what the spec opens stays open
  })
  assert.equal(0, status, output)
  return output
end

setup(function()
  folder = wire.folder()
  assert.equal(0, (process.run("cc -shared -fPIC -o " .. process.quote(folder .. "/spec.so") .. " spec/support/descriptors.c -ldl",
    { LD_PRELOAD = false })))
  opening = ([[
    package.path = "./?.lua;" .. package.path
    local function load(name) return assert(package.loadlib(%q, "spec_" .. name)) end
    local adds, failures, inherited = load "adds", load "failures", load "inherited"
    local events, hang, refuse, no_threads = load "events", load "hang", load "refuse", load "no_threads"
    local http, tavus = require "tavus.http", require "tavus"
    require "tavus.client.record"
    local function client(options)
      options.api_key, options.allow_http, options.retries = "kkkkkkkkkk", true, options.retries or 0
      return assert(tavus.new(options))
    end
    local function list(options) return select(2, client(options).personas:list()) end
    -- Opens files until only so many descriptors are free.
    local function leave(free)
      local held = {}
      repeat
        local file = io.open "/dev/null"
        held[#held + 1] = file
      until not file
      for _ = 1, free do table.remove(held):close() end
      return held
    end
  ]]):format(folder .. "/spec.so")
end)

teardown(function() wire.remove(folder) end)

describe_with_epoll("a socket that libcurl closed without a word", function()
  it("is nobody's: look-ups that get its number are watched, and no stranger is touched", function()
    assert.equal("timed out\n4 more watched, 0 failures\n", run [[
      local err = list { base_url = "http://127.0.0.1:" .. hang(), timeout = 0.2 }
      print(err.message:match "timed out")
      local before = adds()
      for i = 1, 4 do
        assert(list { base_url = "http://nosuch" .. i .. ".invalid" }.message:find "resolve")
      end
      print(("%d more watched, %d failures"):format(adds() - before, failures()))
    ]])
  end)

  it("is nobody's either when it was refused, and the next address is tried", function()
    assert.equal("2 watched\n4 more watched, 0 failures\n", run [[
      local engine = assert(http.engine())
      local made = assert(http.session { api_key = "kkkk", allow_http = true, connect_timeout = 4,
        base_url = "http://two.invalid:" .. hang() })
      local before
      local request = assert(engine:submit(made, "GET", "/", { timeout = 10 }))
      repeat engine:step(0.01) before = before or adds() > 0 and adds() until before -- the look-up
      repeat engine:sleep(0.01) until adds() > before
      refuse()
      while not engine:wait(request, 1) do end
      assert(request:result().outcome == "not_sent")
      print(("%d watched"):format(adds() - before))
      before = adds()
      for i = 1, 4 do
        assert(list { base_url = "http://nosuch" .. i .. ".invalid" }.message:find "resolve")
      end
      print(("%d more watched, %d failures"):format(adds() - before, failures()))
    ]])
  end)
end)

describe_with_epoll("a socket that a forked child holds", function()
  it("keeps nobody busy when libcurl has closed it", function()
    forking.build(folder)
    local output = run(([[
      local function load(name) return assert(package.loadlib(%q, name)) end
      local engine = assert(http.engine())
      local made = assert(http.session { api_key = "kkkk", base_url = "http://127.0.0.1:" .. hang() })
      local request = assert(engine:submit(made, "GET", "/", { timeout = 0.2 }))
      engine:step(0.05)
      if load "spec_fork"() == 0 then
        refuse()
        os.execute "sleep 2.5"
        load "spec_leave"()
      end
      refuse()
      while not engine:wait(request, 1) do end
      -- the kernel tries again after a second, and is refused
      local woken, ends = 0, http.now() + 2
      while http.now() < ends do
        engine:sleep(0.01)
        woken = woken + events()
      end
      print(woken <= 1)
    ]]):format(folder .. "/fork.so"))
    assert.equal("true\n", output)
  end)
end)

describe("a child process inherits nothing", function()
  it("of calls, look-ups, tasks, a sandbox, its data and a recording", function()
    assert.equal("0 inherited\nchild: 0 1 2 3\n", run(([[
      local folder = %q
      -- what the spec itself was given stays
      local given = inherited()
      local sandbox = assert(require "tavus.sandbox".start { data = folder .. "/data.json", log = false })
      local caller = client { base_url = sandbox.url, record = folder .. "/record.jsonl" }
      assert(caller.personas:create { system_prompt = "Hi" })
      local watched = caller:fd()
      sandbox:next { delay = 1, times = "always" }
      for i = 1, 3 do caller:spawn(function() caller.personas:list() end) end
      local other = client { base_url = "http://nosuch.invalid" }
      -- without epoll nobody tells the descriptors of a look-up
      if watched then other:spawn(function() other.personas:list() end) end
      caller:step(0.02)
      caller:step(0.02)
      print(("%%d inherited"):format(inherited() - given))
      io.stdout:flush()
      if given == 0 then
        local pipe = io.popen "ls /proc/self/fd" -- 3 is the folder that ls reads
        print("child: " .. table.concat({ pipe:read("*l", "*l", "*l", "*l", "*l") }, " "))
      else
        print "child: 0 1 2 3"
      end
      caller:close()
      other:close()
      sandbox:stop()
    ]]):format(folder)))
  end)
end)

describe("a process without descriptors", function()
  local HINT = "nothing was sent; close files and sockets .*raise the limit %(ulimit %-n%)"

  it("is told so by a call, whatever could not be opened, and the call may be made again", function()
    for free = 0, 2 do
      local output = run(([[
        local first = client { base_url = "http://127.0.0.1:9" }
        if %d > 0 then first.personas:list() end -- the engine has its own
        local held = leave(%d)
        local err = list { base_url = "http://name.invalid" }
        print(err.type, err.retryable, err.ambiguous, err.message, err.hint)
        for _, file in ipairs(held) do file:close() end
        print(list { base_url = "http://name.invalid" }.message)
      ]]):format(free, free), 60)
      assert.matches("^connection\ttrue\tfalse\t[^\t]*out of file descriptors[^\t]*\t" .. HINT, output)
      assert.matches("\nno connection: [^\n]*resolve[^\n]*\n$", output)
    end
  end)

  it("is told so where the socket, or the authority's certificate, is missing", function()
    local server = wire.start({ { "read", { answer = 200, body = "{}" }, "loop" } }, { tls = "localhost" })
    for _, case in ipairs { { 0, "" }, { 1, server.ca_file }, { 1, "", server.ca_file } } do
      local free, ca_file = case[1], case[2]
      authority = case[3]
      local output = run(([[
        client { base_url = "http://127.0.0.1:9" }.personas:list()
        local held = leave(%d)
        local err = list { base_url = %q, ca_file = %q ~= "" and %q or nil }
        print(err.type, err.retryable, err.ambiguous, err.message, err.hint)
      ]]):format(free, server.url, ca_file, ca_file), 60)
      assert.matches("^connection\ttrue\tfalse\t[^\t]*out of file descriptors[^\t]*\t" .. HINT, output)
    end
    authority = nil
    server:stop()
  end)

  it_with_epoll("is told so by fd and by the recording; a refused connection is still told as such", function()
    local output = run([[
      local caller = client { base_url = "http://127.0.0.1:9" }
      local _, refused = caller.personas:list()
      local held = leave(0)
      print(select(2, caller:fd()))
      print(select(2, tavus.new { api_key = "kkkk", record = "/tmp/tavus-spec-record" }))
      table.remove(held):close()
      print(refused.hint == select(2, caller.personas:list()).hint)
      table.remove(held):close()
      print(type(caller:fd()))
    ]], 60)
    assert.matches("^out of file descriptors: close files and sockets, or raise the limit %(ulimit %-n%)\n", output)
    assert.matches("\nconfig: record cannot be written: [^\n]*Too many open files[^\n]*\n.*hint: close files and sockets", output)
    assert.matches("\ntrue\nnumber\n$", output)
  end)

  it_with_epoll("has no engine: every way to use one says so, and works when there are some again", function()
    local output = run([[
      local caller = client { base_url = "http://127.0.0.1:9" }
      local held = leave(0)
      print(select(2, caller:fd()))
      print(select(2, caller:timeout()))
      print(caller:close())
      for _, file in ipairs(held) do file:close() end
      print(type(client { base_url = "http://127.0.0.1:9" }:fd()))
    ]], 60)
    assert.equal(("no HTTP engine: out of file descriptors\n"):rep(2) .. "\nnumber\n", output)
  end)
end)

describe("a process without threads", function()
  it("is told so when a name is looked up", function()
    local output = run [[
      no_threads()
      local err = list { base_url = "http://name.invalid" }
      print(err.type, err.retryable, err.ambiguous, err.message, err.hint)
    ]]
    assert.matches("^connection\ttrue\tfalse\t[^\t]*no thread[^\t]*\tnothing was sent; end some threads.*ulimit %-u", output)
  end)
end)
