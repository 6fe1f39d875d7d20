-- Calls made inside real nginx: they wait without holding up their worker, and end as calls end elsewhere.
local asking = require "spec.support.asking"
local openresty = require "spec.support.openresty"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

local INIT = [[
  init_by_lua_block {
    tavus = require "tavus"
    client = assert(tavus.new { api_key = "k3y", base_url = "BACK", backoff = function() return 0.01 end })
    function tell(value, err)
      ngx.print(value ~= nil and tavus.encode(value) or tavus.encode {
        type = err.type, code = err.code, message = err.message, hint = err.hint, attempts = err.attempts, ambiguous = err.ambiguous,
      })
    end
  }
]]

local GET = [[
  location = /get { content_by_lua_block { tell(client.personas:get(ngx.var.arg_id or "p1")) } }
  location = /list { content_by_lua_block { tell(client.personas:list()) } }
]]

describe("a call inside nginx", function()
  local server, sandbox, back

  local function serve(options)
    options.http = INIT .. (options.http or "")
    options.server = GET .. (options.server or "")
    options.values = { BACK = (back or sandbox).url }
    server = openresty.start(options)
    return server
  end

  after_each(function()
    if server then
      local trouble = server:trouble()
      server:stop()
      server = nil
      assert.same({}, trouble)
    end
  end)

  describe("to the sandbox", function()
    setup(function()
      back = nil
      sandbox = assert(sandbox_module.start { port = 0 })
    end)
    teardown(function() sandbox:stop() end)
    before_each(function() sandbox:reset() end)

    it("gives what it gives elsewhere", function()
      serve { server = [[
        location = /life { content_by_lua_block {
          local persona, meta = assert(client.personas:create { persona_name = "Nginx", system_prompt = "Hi" })
          assert(meta.status == 200)
          assert(client.personas:patch(persona.persona_id, tavus.patch():replace("/persona_name", "nginx")))
          assert(client.personas:update(persona.persona_id, function(p) p.system_prompt = "Hello" end))
          local got = assert(client.personas:get(persona.persona_id))
          local names = {}
          for row in client.personas:each { persona_type = "user", limit = 1 } do names[#names + 1] = row.persona_name end
          assert(client.personas:delete(persona.persona_id))
          local _, err = client.personas:get(persona.persona_id)
          ngx.print(got.persona_name, " ", got.system_prompt, " ", table.concat(names, ","), " ", err.type)
        } } ]] }
      local result = server:ask "/life"
      assert.equal("nginx Hello nginx not_found", result.body)
      assert.equal(200, result.status)
    end)

    it("leaves the worker to others while it waits", function()
      assert(sandbox:next { delay = 600 })
      serve {}
      local slow = server:submit "/list"
      openresty.await(function() return #sandbox:requests() == 1 end)
      for _ = 1, 3 do assert.equal(3, server:ask("/list").json.total_count) end
      assert.is_false(slow:done())
      slow:cancel()
    end)

    it("may be made in a timer", function()
      serve { server = [[
        location = /later { content_by_lua_block {
          assert(ngx.timer.at(0, function()
            local list, err = client.personas:list()
            ngx.shared.notes:set("later", list and list.total_count or tostring(err))
          end))
          ngx.print "soon"
        } } ]] }
      assert.equal("soon", server:ask("/later").body)
      assert.equal("3", server:note "later")
    end)

    it("retries, and sleeps between without holding up anybody", function()
      assert(sandbox:next { status = 503, times = 2 })
      serve { server = [[
        location = /retry { content_by_lua_block {
          local list, meta = client.personas:list()
          ngx.print(list.total_count, " after ", meta.attempts)
        } }
        location = /late { content_by_lua_block { tell(client.personas:list(nil, { deadline = 600 })) } } ]] }
      assert.equal("3 after 3", server:ask("/retry").body)
      assert(sandbox:next { status = 429, headers = { ["Retry-After"] = "500" } })
      local sleeper = server:submit "/late"
      openresty.await(function() return #sandbox:requests() == 4 end)
      assert.equal(3, server:ask("/list").json.total_count)
      assert.is_false(sleeper:done())
      sleeper:cancel()
    end)

    it("waits until an object is ready, and holds up nobody", function()
      local now = assert(sandbox:clock "2026-03-01T12:00:00Z")
      sandbox:set { voice_ms = 1000 }
      serve { server = [[
        location = /voice { content_by_lua_block {
          local voice = assert(client.voices:create { voice_name = "Ann" })
          tell(client.voices:wait(voice.voice_id, { interval = 0.02 }))
        } } ]] }
      local waiter = server:submit "/voice"
      openresty.await(function() return #sandbox:requests { method = "GET", path = "/v2/voices/{id}" } >= 2 end)
      assert.equal(3, server:ask("/list").json.total_count)
      assert.is_false(waiter:done())
      assert(sandbox:clock(now + 1))
      openresty.await(function() return waiter:done() end)
      assert.matches('"status":"completed"', waiter:result().body, 1, true)
    end)

    it("is one of hundreds", function()
      assert(sandbox:next { delay = 0.05, times = "always" })
      serve {}
      local requests = {}
      for i = 1, 200 do requests[i] = server:submit "/list" end
      for i = 1, 200 do
        local result = asking.finish(requests[i])
        assert.equal(200, result.status, result.message)
        assert.equal(3, result.json.total_count)
      end
      assert.equal(200, #sandbox:requests())
    end)

    it("may be made by several light threads of one request", function()
      assert(sandbox:next { delay = 0.05, times = "always" })
      serve { server = [[
        location = /threads { content_by_lua_block {
          local threads, counts = {}, {}
          for i = 1, 10 do
            threads[i] = assert(ngx.thread.spawn(function() return assert(client.personas:list()).total_count end))
          end
          for i, thread in ipairs(threads) do
            local ok, count = ngx.thread.wait(thread)
            counts[i] = tostring(ok and count)
          end
          ngx.print(table.concat(counts, " "))
        } } ]] }
      assert.equal(("3 "):rep(9) .. "3", server:ask("/threads").body)
    end)

    it("may be made in a coroutine of the program", function()
      serve { server = [[
        location = /co { content_by_lua_block {
          local co = coroutine.wrap(function()
            for i = 1, 3 do coroutine.yield(assert(client.personas:list()).total_count) end
          end)
          ngx.print(co(), co(), co())
        } } ]] }
      assert.equal("333", server:ask("/co").body)
    end)

    it("with lua_code_cache off has a VM of its own, which ends with it", function()
      serve { http = "lua_code_cache off;", server = [[
        location = /own { content_by_lua_block {
          package.loaded.counter = (package.loaded.counter or 0) + 1
          ngx.print(package.loaded.counter, " ", assert(client.personas:list()).total_count)
        } } ]] }
      -- nginx warns of the switch itself
      local warned = #server:trouble()
      assert.equal(2, warned)
      for _ = 1, 3 do assert.equal("1 3", server:ask("/own").body) end
      local many = {}
      for i = 1, 20 do many[i] = server:submit "/own" end
      for i = 1, 20 do assert.equal("1 3", asking.finish(many[i]).body) end
      assert.equal(warned, #server:trouble())
      server:stop()
      server = nil
    end)
  end)

  describe("to a scripted server", function()
    local function scripted(...) back = wire.start { ... } end
    after_each(function()
      back:stop()
      back = nil
    end)

    it("ends at its timeout", function()
      scripted { "read", "hang" }
      serve { server = [[
        location = /short { content_by_lua_block { tell(client.personas:get("p1", { timeout = 0.2, retries = 0 })) } }
        location = /deadline { content_by_lua_block { tell(client.personas:get("p1", { deadline = 0.2 })) } } ]] }
      assert.equal("timeout", server:ask("/short").json.type)
      assert.equal("timeout", server:ask("/deadline").json.type)
    end)

    it("ends when its client is closed by somebody else", function()
      scripted { "read", "hang" }
      serve { server = [[
        location = /close { content_by_lua_block { client:close() tell(client.personas:get "p1") } } ]] }
      local waiting = server:submit "/get"
      openresty.await(function() return #back:requests() == 1 end)
      assert.equal("closed", server:ask("/close").json.code)
      assert.equal("cancelled", asking.finish(waiting).json.type)
      openresty.await(function() return back:count "closed" == 1 end)
    end)
  end)
end)
