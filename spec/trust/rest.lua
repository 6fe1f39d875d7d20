-- Cases for want of memory: the functions of tavus.core and tavus.http that the specs' cases leave out. Each returns a
-- function; see spec/support/memerr.lua.
local wire = require "spec.support.wire"

local trust = {}

local opening = [=[
  local core = require "tavus.core"
  local http = require "tavus.http"
  local folder, url = "%s", "%r"
]=]

function trust.start()
  trust.folder = wire.folder()
  trust.server = wire.start { { "read", { answer = 200, body = "{}" }, "loop" } }
  trust.opening = opening:gsub("%%(.)", { s = trust.folder, r = trust.server.url })
end

function trust.stop()
  trust.server:stop()
  wire.remove(trust.folder)
end

trust.cases = {
  nearest = [=[
    local known = { persona_name = true, system_prompt = true, layers = true }
    return function() assert(core.nearest("system_promt", known) == "system_prompt") end]=],
  ["marks of every table"] = [=[
    return function()
      local value = core.array { core.object { a = core.array() }, {} }
      assert(core.is_array(value) and core.equal(value, core.copy(value)))
    end]=],
  with_globals = [=[
    local chunk = (loadstring or load) "return answer"
    return function() assert(core.with_globals(chunk, { answer = 42 })() == 42) end]=],
  ["files and locks"] = [=[
    local text = ("x"):rep(5000) -- Lua 5.4's own buffers do not survive want of memory when they are first made
    return function()
      collectgarbage() -- a lock whose acquiring failed
      assert(core.save(folder .. "/a", text))
      assert(not core.save(folder, "x"))
      local lock = assert(core.lock(folder .. "/a", 0))
      assert(lock:path():find("/a", 1, true) and tostring(lock))
      lock:release()
      assert(core.make_dir(folder) and not core.make_dir(folder .. "/none/below"))
      assert(#assert(core.list_dir(folder)) >= 1 and not core.list_dir(folder .. "/none"))
      assert(type(core.is_terminal(0)) == "boolean")
    end]=],
  signatures = [=[
    local crypto = require "tavus.crypto"
    return function()
      local signed = crypto.sign("key", "data" .. folder)
      assert(crypto.verify("key", "data" .. folder, signed))
    end]=],
  ["small functions of http"] = [=[
    local file = assert(io.tmpfile())
    return function()
      assert(http.now() > 0 and http.shared() == http.shared())
      http.close_on_exec(file)
    end]=],
  ["an engine that is stepped"] = [=[
    local made = assert(http.session { api_key = "kkkk", base_url = url })
    return function()
      local engine = http.engine()
      local request = assert(engine:submit(made, "GET", "/"))
      engine:start()
      engine:alarm(http.now() + 60)
      assert(type(engine:fd()) == "number" and engine:timeout() and tostring(engine))
      engine:alarm()
      engine:sleep(0)
      while not request:done() do engine:step(1) end
      assert(request:result().status == 200)
    end]=],
  ["what is cancelled and closed"] = [=[
    return function()
      local made = assert(http.session { api_key = "kkkk", base_url = url })
      local engine = http.engine()
      local first = assert(engine:submit(made, "GET", "/"))
      local second = assert(engine:submit(made, "GET", "/"))
      first:cancel()
      made:cancel()
      assert(first:done() and second:done() and second:result().outcome == "cancelled")
      made:close()
      assert(tostring(made):find "closed")
    end]=],
}

return trust
