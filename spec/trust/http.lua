-- Cases for want of memory: the binding of the engine. Each returns a function; see spec/support/memerr.lua.
local wire = require "spec.support.wire"

local trust = {}

local answering = { answer = 200, body = ("x"):rep(5000), headers = { "X-Twice: 1", "X-Twice: 2", "X-Request-Id: r", "Date: d" } }
local reading = { answer = 200, body = '{"a":1.5,"list":[{},{"name":"b\\n"}],"' .. ("n"):rep(40) .. '":null}' }

local opening = [=[
  local http = require "tavus.http"
  local url, reading = "%s", "%r"
  local options = { api_key = "tvsk_0123456789abcdef", base_url = url .. "/prefix", user_agent = "spec/1", ca_file = "/ca.pem",
    proxy = "", connect_timeout = 2, headers = { ["X-Team"] = "a", ["X-Number"] = 5, Accept = "text/plain" } }
  local sending = { body = ("b"):rep(3000), headers = { ["X-A"] = "b", ["X-Empty"] = "", ["X-Two"] = 2.5 }, timeout = 20,
    may_repeat = true, notify = true }
  local function finish(engine, request)
    while not engine:wait(request, 1) do end
    return request:result()
  end
]=]

--- Starts the servers that the cases call.
function trust.start()
  trust.server = wire.start { { "read", answering, "loop" } }
  trust.reading = wire.start { { "read", reading, "loop" } }
  trust.opening = opening:gsub("%%(.)", { s = trust.server.url, r = trust.reading.url })
end

function trust.stop()
  trust.server:stop()
  trust.reading:stop()
end

-- What each function leaves to the collector must be well when the VM closes.
trust.cases = {
  ["a session"] = [=[
    return function()
      local made = assert(http.session(options))
      assert(made:base_url() == url .. "/prefix" and tostring(made):find("session", 1, true))
      assert(made:redact("a tvsk_0123456789abcdef") == "a [redacted]")
      made:close()
    end]=],
  ["a session that is refused"] = [=[
    return function()
      local refused = { "base_url", "ftp://x", "proxy", "http://h:port", "ca_file", "", "api_key", "a b", "headers", { Host = "x" } }
      for i = 1, #refused, 2 do
        local made, message = http.session { api_key = "kkkk", [refused[i]] = refused[i + 1] }
        assert(made == nil and type(message) == "string")
      end
    end]=],
  ["escape, verdict, retry_after"] = [=[
    return function()
      assert(http.escape(("\233/"):rep(400)) == ("%E9%2F"):rep(400))
      assert(http.escape "" == nil)
      assert(http.verdict("POST", "lost", 0) == "ambiguous")
      assert(http.retry_after { ["retry-after"] = "3" } == 3)
      assert(http.backoff(1, 1) == 0.5)
    end]=],
  ["a request that is never driven"] = [=[
    local made = assert(http.session(options))
    return function()
      sending.query = { b = 2, a = "x y", c = true, d = 1.5 }
      assert(tostring(assert(http.engine():submit(made, "POST", "/v2/personas", sending))):find "pending")
      sending.query = { { "b", 2 }, { "a", ("long "):rep(100) } }
      assert(http.engine():submit(made, "POST", "/v2/personas", sending)):cancel()
    end]=],
  ["a request that is refused"] = [=[
    local made = assert(http.session(options))
    return function()
      for _, bad in ipairs { { query = { a = {} } }, { query = { 1 } }, { headers = { ["a b"] = "c" } }, { headers = 1 } } do
        local request, message = http.engine():submit(made, "POST", "/", bad)
        assert(request == nil and type(message) == "string")
      end
    end]=],
  ["a request and its answer"] = [=[
    local made = assert(http.session(options))
    return function()
      local engine = http.engine()
      local request = assert(engine:submit(made, "POST", "/v2/personas", sending))
      local result = finish(engine, request)
      assert(result.status == 200 and #result.body == 5000 and result.headers["x-twice"] == "1, 2", result.message)
      assert(request:result() == result and result.headers["content-length"] == "5000")
      local id -- what failed before may have left its report behind, for the collector
      repeat id = assert(engine:finished()) until id == request:id()
    end]=],
  ["an answer that is read where it lies"] = [=[
    local core = require "tavus.core"
    local made = assert(http.session { api_key = "kkkk", base_url = reading })
    return function()
      local engine = http.engine()
      local request = assert(engine:submit(made, "GET", "/"))
      while not engine:wait(request, 1) do end
      local result = assert(request:take(core.reader))
      assert(result.value.list[2].name == "b\n" and core.is_array(result.value.list) and result.body == nil)
      assert(#request:body() == #core.encode(result.value))
      request:forget()
    end]=],
  ["a request that failed"] = [=[
    local made = assert(http.session { api_key = "kkkk", base_url = "http://127.0.0.1:1" })
    return function()
      local result = finish(http.engine(), assert(http.engine():submit(made, "GET", "/")))
      assert(result.outcome == "not_sent" and result.code == "CURLE_COULDNT_CONNECT" and result.message ~= "")
    end]=],
  ["opening the module"] = [=[
    return function()
      package.loaded["tavus.http"] = nil
      assert(require("tavus.http").engine())
    end]=],
}

return trust
