-- The binding when memory runs out: every allocation of a call, libcurl's too, fails once, and nothing stays behind in the
-- VM; what C holds is counted by the sanitizers' run.
local memerr = require "spec.support.memerr"
local trust = require "spec.trust.http"
local wire = require "spec.support.wire"

describe("when memory runs out in the binding of the engine,", function()
  setup(trust.start)
  teardown(trust.stop)

  for name, body in pairs(trust.cases) do
    it(name .. " ends in one clean error, at every allocation", function()
      local visited, failed = memerr.visit(trust.opening .. body)
      assert.is_true(visited > 0 and failed > 0)
    end)
  end

  it("libcurl's too, nothing goes elsewhere than it was to go, and all is well afterwards", function()
    local ok, output = wire.run([=[
      local memory = require "spec.support.compiled"("curlmem", "spec/support/curlmem.c -lcurl")
      local http = require "tavus.http"
      local options = { api_key = "kkkk", base_url = ..., user_agent = "spec/1", headers = { ["X-Team"] = "a" } }
      local function fetch(method, body)
        local made, message = http.session(options)
        if not made then return message end
        assert(made:base_url() == options.base_url, made:base_url())
        local request
        request, message = http.engine():submit(made, method, "/", { body = body, headers = { ["X-A"] = "b" }, timeout = 20 })
        if not request then return message end
        while not http.engine():wait(request, 1) do end
        local result = request:result()
        -- of a header line libcurl says the same when it is too long for it
        return result.outcome == "answer" and result.status or result.outcome == "too_large" or result.code
      end
      local counted, fine = 0, { [200] = true, [true] = true, CURLE_OUT_OF_MEMORY = true, CURLE_WRITE_ERROR = true }
      for _, all in ipairs { false, true } do
        local n = 0
        repeat
          n = n + 1
          for _, method in ipairs { "GET", "POST" } do
            memory.fail(n, all)
            local how = fetch(method, method == "POST" and ("b"):rep(5000) or nil)
            counted = math.max(counted, memory.used())
            memory.fail(0)
            assert(fine[how] or tostring(how):find "not enough memory", n .. ": " .. tostring(how))
            how = fetch "GET"
            assert(how == 200, n .. ", afterwards: " .. tostring(how))
          end
        until n > counted
      end
      assert(counted > 50)
    ]=], nil, trust.reading.url)
    assert.is_true(ok, output)
  end)
end)
