-- A program that forgets the library's modules and loads them anew while calls are under way: two copies on one engine.
local http = require "tavus.http"
local wire = require "spec.support.wire"

local OK = { answer = 200, body = '{"persona_id":"p1","persona_name":"Ann"}' }
local KEY = "k3y"

local server, made, loaded

-- Another copy of the library's Lua modules, and of the C modules where they are forgotten, too.
local function copy(with_c)
  for name in pairs(package.loaded) do
    if name:find "^tavus" and (with_c or name ~= "tavus.http" and name ~= "tavus.core") then package.loaded[name] = nil end
  end
  local client = assert(require("tavus").new { api_key = KEY, base_url = server.url })
  made[#made + 1] = client
  return client
end

local function get(client, id)
  return client:spawn(function() return assert(client.personas:get(id)).persona_name end)
end

before_each(function()
  made, loaded = {}, {}
  for name, module in pairs(package.loaded) do
    if name:find "^tavus" then loaded[name] = module end
  end
end)

after_each(function()
  for _, client in ipairs(made) do client:close() end
  server:stop()
  for name in pairs(package.loaded) do
    if name:find "^tavus" then package.loaded[name] = loaded[name] end
  end
end)

for name, with_c in pairs { ["Lua modules"] = false, ["Lua and C modules"] = true } do
  describe("a second copy of the " .. name, function()
    it("lets the tasks of the first go on, while its own are held up", function()
      server = wire.start { { "read", { await = "first" }, OK, "loop" }, { "read", { await = "second" }, OK, "loop" } }
      local old = copy(with_c)
      local first = get(old, "p1")
      while server:count "request" < 1 do old:step(0.01) end
      local new = copy(with_c)
      assert.are_not.equal(getmetatable(old), getmetatable(new))
      local second = get(new, "p2")
      while server:count "request" < 2 do new:step(0.01) end
      server:release "first"
      local give_up = http.now() + 30
      while not first:done() do
        assert(http.now() < give_up, "the old task rests")
        assert.is_true(new:step(0.01))
      end
      assert.equal("Ann", (first:result()))
      server:release "second"
      assert.equal("Ann", (second:result()))
    end)

    it("leaves the first its answers, and each runs to its end without the other's", function()
      server = wire.start { { "read", OK, "loop" } }
      local old = copy(with_c)
      local tasks = {}
      for i = 1, 20 do tasks[i] = get(old, "p" .. i) end
      old:step(0)
      local new = copy(with_c)
      for i = 21, 40 do tasks[i] = get(new, "p" .. i) end
      assert.is_true(new:run())
      assert.is_true(old:run())
      for i = 1, 40 do assert.equal("Ann", (tasks[i]:result())) end
      assert.is_nil(new:timeout())
      assert.matches("0 under way, 0 waiting", tostring(http.engine()))
    end)

    it("serves calls on the first in tasks of the second, and waits for tasks of either", function()
      server = wire.start { { "read", OK, "loop" } }
      local old = copy(with_c)
      local new = copy(with_c)
      local task = new:spawn(function()
        local ann = assert(old.personas:get "p1").persona_name
        return ann .. get(old, "p2"):result() .. #old:map({ 1, 2 }, function() return new.personas:get "p3" end)
      end)
      assert.equal("AnnAnn2", (task:result()))
      local ok, err = new:spawn(function() return pcall(old.run, old) end):result()
      assert.is_false(ok)
      assert.matches("inside a task this would wait for itself", err)
    end)
  end)
end
