-- Every fault of the sandbox against every operation, inside real nginx, for several visitors at once: to its end, and left in
-- the middle, by the visitors or by the program.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local faulty = require "spec.support.faulty"
local openresty = require "spec.support.openresty"
local sandbox = require "tavus.sandbox"
local tavus = require "tavus"
local lfs = require "lfs"

local HTTP = [[
  lua_check_client_abort on;
  keepalive_timeout 0;
  init_by_lua_block {
    package.path = "SPECS/?.lua;" .. package.path
    tavus, http, faulty = require "tavus", require "tavus.http", require "spec.support.faulty"
    rows, last = tavus.decode [=[ROWS]=], {}
    client = faulty.client("BACK", { log = function(_, line) ngx.log(ngx.NOTICE, line) end })
  }
  init_worker_by_lua_block { stop = require("ngx.semaphore").new() } ]]

local SERVER = [[
  # what is wrong with a call, else how often it was sent
  location = /call { content_by_lua_block {
    local case, call = faulty.cases[ngx.unescape_uri(ngx.var.arg_case)], faulty.calls[tonumber(ngx.var.arg_n)]
    local value, err = faulty.make(client, call, rows[tonumber(ngx.var.arg_n)], case, { timeout = 30, deadline = 60 })
    ngx.log(ngx.NOTICE, tostring(err))
    ngx.print(faulty.flaw(case, call, value, err, faulty.connections) or err.attempts)
  } }
  location = /hang { content_by_lua_block {
    local n, other = tonumber(ngx.var.arg_n), nil
    other, last.slept = faulty.sleeper "BACK"
    faulty.make(other, faulty.calls[n], rows[n], {}, faulty.forever)
  } }
  location = /leave { content_by_lua_block {
    local other
    other, last.slept = faulty.sleeper "BACK"
    local tasks = faulty.spawn_all(other, rows, {}, faulty.forever)
    stop:wait(60)
    ngx.print(tostring(select(2, pcall(faulty.finish, other, tasks, ngx.unescape_uri(ngx.var.arg_case), ngx.var.arg_how))))
  } }
  location = /stop { content_by_lua_block { stop:post() } }
  location = /use { content_by_lua_block { ngx.print(tostring(select(2, pcall(faulty.use, client)))) } }
  location = /slept { content_by_lua_block { ngx.print(tostring(last.slept())) } }
  location = /engine { content_by_lua_block { ngx.print(tostring(http.engine())) } } ]]

describe("inside nginx, a fault of the sandbox", function()
  local back, server, start, pid, before

  -- Asks at once, and gives the answers' bodies.
  local function ask_all(count, path)
    local visits, bodies = {}, {}
    for n = 1, count do visits[n] = server:submit(path:format(n)) end
    for n = 1, count do bodies[n] = asking.finish(visits[n]).body end
    return bodies
  end

  local function assert_usable()
    assert(back:restore(start))
    openresty.await(function() return server:ask("/engine").body:find("0 under way, 0 waiting", 1, true) end)
    for _, body in ipairs(ask_all(faulty.uses, "/use")) do assert.equal("true", body) end
  end

  setup(function()
    back = assert(sandbox.start())
    local rows
    rows, start = faulty.rows(back)
    server = openresty.start { http = HTTP, server = SERVER, values = { BACK = back.url, SPECS = lfs.currentdir(), ROWS = tavus.encode(tavus.array(rows)) } }
    assert_usable()
    pid = server:ask("/pid").body
    before = faulty.descriptors(pid)
  end)
  teardown(function()
    server:stop()
    back:stop()
  end)

  local function arrived(name, earlier)
    openresty.await(function()
      if name == "refuse" then return server:ask("/slept").body == "true" end
      return #back:requests { since = earlier } >= faulty.connections
    end)
  end

  for name, case in pairs(faulty.cases) do
    local of = "case=" .. name:gsub(" ", "%%%%20")

    it(name .. " is a proper error of every operation", function()
      local earlier = #back:requests()
      faulty.order(back, name)
      local attempts = 0
      for n, body in ipairs(ask_all(#faulty.calls, "/call?n=%d&" .. of)) do
        attempts = attempts + assert(tonumber(body), faulty.calls[n].title .. ": " .. body)
      end
      assert.equal(case.unsent and 0 or attempts, #back:requests { since = earlier })
      assert_usable()
    end)

    it(name .. " ends with the visitors who leave", function()
      local earlier, visits = #back:requests(), {}
      faulty.order(back, name, true)
      for n = 1, #faulty.calls do visits[n] = server:submit("/hang?n=" .. n) end
      arrived(name, earlier)
      for _, visit in ipairs(visits) do visit:cancel() end
      assert_usable()
    end)

    for how in pairs(faulty.endings) do
      it(("%s ends where the program has enough of it (%s)"):format(name, how), function()
        local earlier = #back:requests()
        faulty.order(back, name, true)
        local visit = server:submit(("/leave?how=%s&%s"):format(how, of))
        arrived(name, earlier)
        server:ask "/stop"
        assert.equal("true", asking.finish(visit).body)
        assert_usable()
      end)
    end
  end

  it("leaves no descriptor, no trouble and no key in the log", function()
    openresty.await(function() return faulty.descriptors(pid) <= before end)
    assert.same({}, server:trouble())
    assert.is_nil(server:log():find(clients.KEY, 1, true))
    assert.truthy(server:log():find("response_too_large", 1, true)) -- it was told
  end)
end)
