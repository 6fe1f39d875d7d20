-- examples/love: the real game, on a screen that nobody sees, against the sandbox. LÖVE brings LuaJIT, so that this is the
-- same program whatever Lua runs the spec. Its frame times are printed, and not judged: the machine may be busy.
local clients = require "spec.support.clients"
local http = require "tavus.http"
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

describe("the LÖVE example", function()
  local sandbox, environment
  -- LÖVE is not built with sanitizers, and has its own libraries
  -- A screen that is reset when its last window goes tells xvfb-run, which then may fail at its own cleaning up (status 5).
  local game = 'eval "$(make -s env LUA=luajit)"; exec xvfb-run -a -s -noreset '

  setup(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    environment = { TAVUS_API_KEY = clients.KEY, TAVUS_BASE_URL = sandbox.url, LD_PRELOAD = false, LUA_PATH = false, LUA_CPATH = false,
      SDL_AUDIODRIVER = "dummy", LIBGL_ALWAYS_SOFTWARE = "1" }
    local status, output = process.run("make -s build LUA=luajit", { LD_PRELOAD = false })
    assert.equal(0, status, output)
  end)

  teardown(function() sandbox:stop() end)

  before_each(function() sandbox:reset() end)

  local function what_arrived()
    local list = {}
    for i, entry in ipairs(sandbox:requests()) do
      local path = entry.path:gsub("/[pc]%x%x%x%x%x%x+", "/*")
      list[i] = ("%s %s %d"):format(entry.method, path, entry.status)
    end
    return list
  end

  local whole_story = {
    "POST /v2/personas 200", "PATCH /v2/personas/* 200", "POST /v2/conversations 200", "POST /v2/conversations/*/end 200",
    "DELETE /v2/personas/* 204",
  }

  it("moves on while Tavus takes its time, and leaves nothing behind", function()
    local folder = wire.folder()
    assert(sandbox:next { delay = 0.4, times = 5 })
    local status, output = process.run("examples/love/run --headless --frames 60 --pause 0.1 --report --screenshot "
      .. folder .. "/shot.png --at 30", environment)
    assert.equal(0, status, output)
    assert.same(whole_story, what_arrived())
    for _, name in ipairs { "create", "patch", "talk", "delete" } do
      local ms, frames = output:match(name .. " +done after (%d+) ms, (%d+) frames")
      assert.is_truthy(ms, output)
      assert.is_true(tonumber(ms) >= 400, output)
      assert.is_true(tonumber(frames) > 3, output) -- two dozen, unless the machine has something else to do
    end
    assert.is_nil(output:find(clients.KEY, 1, true))
    local file = assert(io.open(folder .. "/shot.png", "rb"))
    assert.equal("\137PNG\r\n", file:read(6))
    assert.is_true(file:seek "end" > 10000) -- a picture of one colour is smaller
    file:close()
    wire.remove(folder)
    print(output:match "%d+ frames,.*")
  end)

  local function play(arguments)
    return process.run(game .. "love examples/love --frames 10 --pause 0 --report " .. arguments, environment)
  end

  it("shows what Tavus says, and goes on", function()
    assert(sandbox:next { method = "PATCH", status = 400, body = { error = "not today" } })
    local status, output = play ""
    assert.equal(0, status, output)
    assert.matches("patch +failed after %d+ ms, %d+ frames: bad_request: not today", output)
    assert.matches("talk +done", output)
    assert.matches("delete +done", output)
    assert.equal("PATCH /v2/personas/* 400", what_arrived()[2])
    assert.equal("DELETE /v2/personas/* 204", what_arrived()[5])
  end)

  it("survives an error in a task", function()
    assert(sandbox:next { method = "POST", path = "/v2/personas", status = 200, body = {} })
    local status, output = play ""
    assert.equal(0, status, output)
    assert.matches("create +failed after %d+ ms, %d+ frames: npc.lua:%d+: attempt to concatenate", output)
    assert.matches("patch +failed after %d+ ms, %d+ frames: there is no persona to patch", output)
    assert.same({ "POST /v2/personas 200" }, what_arrived())
  end)

  it("ends with what went wrong when nobody is there to see it", function()
    local status, output = process.run("examples/love/run --headless --frames 10 --bogus", environment)
    assert.equal(2, status, output)
    assert.matches("unknown argument --bogus", output, 1, true)
    local key = environment.TAVUS_API_KEY
    environment.TAVUS_API_KEY = false
    status, output = play ""
    environment.TAVUS_API_KEY = key
    assert.equal(1, status, output)
    assert.matches("Error: .*no API key: give api_key, or set TAVUS_API_KEY", output)
    assert.same({}, what_arrived())
  end)

  -- Plays a folder until the sandbox was asked, then leaves as one who closes the window. Returns what it said.
  local function play_and_leave(folder, arguments)
    local command = { "exec 2>&1; unset LD_PRELOAD;" }
    for name, value in pairs(environment) do
      if value then command[#command + 1] = ("export %s=%s;"):format(name, process.quote(value)) end
    end
    command[#command + 1] = ("(%s sh -c 'echo pid $$; exec love %s %s'); echo status $?"):format(game, folder, arguments)
    local pipe = assert(io.popen(table.concat(command, " ")))
    local pid
    repeat pid = assert(pipe:read "*l"):match "^pid (%d+)$" until pid
    local give_up = http.now() + 30
    while #sandbox:requests() == 0 do
      assert(http.now() < give_up, "it never asked")
      http.engine():sleep(0.02)
    end
    os.execute("kill -INT " .. pid)
    local output = pipe:read "*a"
    pipe:close()
    return output
  end

  it("deletes the persona that is just being made when it is left", function()
    assert(sandbox:next { delay = 1, method = "POST" })
    assert.matches("create +done.*delete +done.*status 0\n", play_and_leave("examples/love", "--pause 0 --report"))
    assert.same({ whole_story[1], whole_story[5] }, what_arrived())
  end)

  local games = {}
  for _, block in ipairs(readme.blocks "lua") do
    if readme.is_game(block) then games[#games + 1] = block end
  end

  for _, block in ipairs(games) do
    it(("has a short form in %s that runs"):format(block.where), function()
      local folder = wire.folder()
      -- without a sound card, LÖVE's audio keeps SDL from hearing the signal
      for name, text in pairs { main = block.text, conf = "function love.conf(t) t.modules.audio = false end" } do
        local file = assert(io.open(("%s/%s.lua"):format(folder, name), "w"))
        file:write(text)
        file:close()
      end
      assert.equal("status 0\n", play_and_leave(folder, ""))
      wire.remove(folder)
      assert.same({ whole_story[1] }, what_arrived())
    end)
  end

  it("has one short form", function() assert.equal(1, #games) end)
end)
