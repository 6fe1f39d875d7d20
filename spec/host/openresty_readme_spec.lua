-- What a README shows for nginx runs in the real one: its block as it stands there, and beside it what the text below the
-- block asks for.
local asking = require "spec.support.asking"
local openresty = require "spec.support.openresty"
local readme = require "spec.support.readme"
local sandbox_module = require "tavus.sandbox"

local KEY = "the-key-of-the-readme"
local blocks = readme.blocks "nginx"

describe("a README", function()
  it("shows one block for nginx", function() assert.equal(1, #blocks) end)

  for _, block in ipairs(blocks) do
    describe(block.where, function()
      local sandbox, server, url

      setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
      teardown(function() sandbox:stop() end)
      before_each(function() sandbox:reset() end)
      after_each(function()
        if server then server:stop() end
        server = nil
      end)

      -- Its server has an address of its own beside the one that the specs' server is at.
      local function serve(variables)
        local text, count = block.text:gsub("127%.0%.0%.1:8080", "127.0.0.2:PORT")
        assert.equal(1, count)
        server = openresty.start { workers = 2, http = text, server = "", wrap = "env " .. variables }
        url = "http://127.0.0.2:" .. server.port
      end

      it("lists the personas, many at a time", function()
        serve(("TAVUS_API_KEY=%s TAVUS_BASE_URL=%s"):format(KEY, sandbox.url))
        assert(sandbox:next { delay = 0.1, times = "always" })
        local visits = {}
        for i = 1, 100 do visits[i] = asking.submit(url, "GET", "/personas") end
        for i = 1, 100 do
          local result = asking.finish(visits[i])
          assert.equal(200, result.status, result.body)
          assert.equal(0, result.json.total_count)
        end
        assert.same({}, server:trouble())
        assert.equal(100, #sandbox:requests { path = "/v2/personas" })
      end)

      it("tells visitors that Tavus failed, and its log why", function()
        serve(("TAVUS_API_KEY=%s TAVUS_BASE_URL=%s TAVUS_RETRIES=0"):format(KEY, sandbox.url))
        assert(sandbox:next { status = 500, body = { error = "a trace of theirs" }, times = "always" })
        local result = asking.ask(url, "GET", "/personas")
        assert.equal(502, result.status)
        assert.is_nil(result.body:find("theirs", 1, true))
        assert.matches("server: a trace of theirs (GET /v2/personas", server:log(), 1, true)
        assert.is_nil(server:log():find(KEY, 1, true))
      end)

      it("does not start without a key, and says what is missing", function()
        local started, why = pcall(serve, "TAVUS_API_KEY=")
        assert.is_false(started)
        assert.matches("no API key: give api_key, or set TAVUS_API_KEY", why, 1, true)
      end)
    end)
  end
end)
