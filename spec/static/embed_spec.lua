-- tavus linked into C programs: examples/embed, the program of a README, and several Lua states in one program.
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local sandbox_module = require "tavus.sandbox"

local quote = process.quote
local KEY = "tvsk_a-key-that-must-not-show"

-- Under the sanitizers the programs are built with them too, instead of having the runtime preloaded.
local sanitized = (os.getenv "LD_PRELOAD" or ""):find "san" ~= nil
local variant = sanitized and " VARIANT=asan" or ""

-- What is built and run here shall see nothing of this process' own way of finding modules.
local function plain(environment)
  local all = { LD_PRELOAD = false, MAKEFLAGS = false, MFLAGS = false, MAKELEVEL = false, LUA_PATH = false, LUA_CPATH = false }
  for name, value in pairs(environment or {}) do all[name] = value end
  return all
end

local function must(command)
  local status, output = process.run(command, plain())
  assert(status == 0, output)
  return output
end

local function write_file(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

-- Builds the archive for a Lua, and a program with it, by the line that `make static` prints.
local function build(lua, source)
  local line = must(("make -s -j2 static LUA=%s%s"):format(lua, variant)):match "[^\n]*program%.c[^\n]*"
  local program = os.tmpname()
  must((line:gsub("program%.c", function() return ("-Wall -Wextra -o %s %s"):format(quote(program), quote(source)) end)))
  return program
end

describe("tavus linked into a C program", function()
  local sandbox, environment

  setup(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    environment = plain { TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url }
  end)

  teardown(function() sandbox:stop() end)

  before_each(function() sandbox:reset() end)

  local function left_behind()
    local client = assert(require("tavus").new { api_key = KEY, base_url = sandbox.url })
    local personas = assert(client.personas:list { persona_type = "user" }).total_count
    local conversations = assert(client.conversations:list()).total_count
    client:close()
    return personas + conversations
  end

  local function arrived()
    local methods = {}
    for i, entry in ipairs(sandbox:requests()) do methods[i] = entry.method end
    return table.concat(methods, " ")
  end

  describe("several states,", function()
    local program
    setup(function() program = build(process.interpreter(), "spec/support/vms.c") end)
    teardown(function() os.remove(program) end)

    local function run(what, script)
      local status, output = process.run(("%s %s %s"):format(quote(program), what, quote(script or "")), environment)
      assert.are.equal(0, status, output)
      return output
    end

    local life = [[
      package.path, package.cpath = "", ""
      local tavus = require "tavus"
      local client = client or assert(tavus.new())
      _G.client = client -- a state that is used again uses it again
      local persona = assert(client.personas:create { persona_name = "Guest", system_prompt = "Be brief.", pipeline_mode = "full" })
      assert(client.personas:patch(persona.persona_id, tavus.patch():add("/persona_name", "Host")))
      assert(client.personas:get(persona.persona_id).persona_name == "Host")
      assert(client.personas:delete(persona.persona_id))
    ]]

    it("one after the other, then two at once", function()
      run("turns", life)
      assert.are.equal(6, select(2, arrived():gsub("POST PATCH GET DELETE", "")))
      assert.are.equal(0, left_behind())
    end)

    it("on two threads", function()
      run("threads", life)
      assert.are.equal(6, select(2, arrived():gsub("POST", "")))
      assert.are.equal(6, select(2, arrived():gsub("DELETE", "")))
      assert.are.equal(0, left_behind())
    end)

    it("opened while memory runs out, at every allocation", function()
      assert.is_true(tonumber(run("memory"):match "(%d+) allocations") > 100)
    end)

    it("required again after each of these failures", function()
      assert.is_true(tonumber(run("again"):match "(%d+) allocations") > 100)
    end)

    it("without the standard libraries: told so", function()
      assert.matches("tavus needs the standard libraries base, coroutine, io, math, os, package, string, table: call luaL_openlibs first",
        run "bare", 1, true)
    end)

    it("without one of the standard libraries: told which", function()
      local output = {}
      for _, name in ipairs { "base", "package", "coroutine", "string", "table", "math", "io", "os" } do
        output[#output + 1] = ("tavus needs the standard libraries %s: call luaL_openlibs first\n"):format(name)
      end
      assert.equal(table.concat(output), run "without")
    end)
  end)

  -- The host carries Lua 5.4, whichever Lua runs this spec: once is enough.
  if _VERSION ~= "Lua 5.4" then return end

  describe("examples/embed", function()
    local host = ".build/lua5.4" .. (sanitized and "-asan" or "") .. "-static/embed"

    setup(function() must("make -s -j2 embed LUA=lua5.4" .. variant) end)

    local function play(script, with)
      return process.run(("%s %s"):format(host, script or "examples/embed/game.lua"), with or environment)
    end

    -- Runs Lua text as the host's script.
    local function play_text(text, with)
      local path = write_file(text)
      local status, output = play(path, with)
      os.remove(path)
      return status, output
    end

    it("has Lua and tavus inside and exports nothing of them", function()
      local libraries = must("ldd " .. host)
      assert.matches("libcurl", libraries, 1, true)
      assert.is_nil(libraries:find "lua")
      assert.are.equal("", (must(("nm -D --defined-only %s | grep -i -e tavus -e lua || true"):format(host))))
    end)

    it("finds every module inside, though Lua files and shared objects lie around", function()
      local paths = must [[eval "$(make -s env LUA=lua5.4)"; printf '%s\n' "$LUA_PATH" "$LUA_CPATH"]]
      local status, output = play_text([[
        local tavus = require "tavus"
        assert(package.path == "" and package.cpath == "")
        for _, name in ipairs { "cjson", "tavus.sandbox", "spec.support.process" } do assert(not pcall(require, name), name) end
        for _, name in ipairs { "tavus.core", "tavus.http", "tavus.client", "tavus.patch" } do require(name) end
        assert(tavus.null ~= nil and tavus.encode { a = tavus.null, b = tavus.array {} } == '{"a":null,"b":[]}')
        local client = assert(tavus.new())
        local list = assert(client.personas:list())
        assert(list.total_count >= 0)
        for line in io.lines "/proc/self/maps" do
          local object = line:match "([^/]*%.so[^/]*)$"
          if object then print("object " .. object) end
        end
        return { update = function() return false end, quit = function() end }
      ]], plain {
        TAVUS_API_KEY = KEY, TAVUS_BASE_URL = sandbox.url,
        LUA_PATH = paths:match "^[^\n]*", LUA_CPATH = paths:match "\n([^\n]*)",
      })
      assert.are.equal(0, status, output)
      assert.matches("object libcurl", output, 1, true)
      for object in output:gmatch "object ([^\n]*)" do
        assert.is_nil(object:find "lua" or object:find "cjson" or object:find "^core" or object:find "^http", object)
      end
    end)

    it("turns frames while it makes, changes, reads and talks, and leaves nothing behind", function()
      assert(sandbox:next { delay = 0.4, times = "always" })
      local status, output = play()
      assert.are.equal(0, status, output)
      assert.are.equal("POST PATCH GET POST DELETE DELETE", arrived())
      -- In a host that waited, each answer would be there in the frame that asked; here 24 frames fit in.
      for _, title in ipairs { "create", "patch", "read", "talk" } do
        local frames = output:match(title .. " +status 20%d, (%d+) frames later")
        assert.is_true(tonumber(frames) >= 2, output)
      end
      assert.is_true(tonumber(output:match "(%d+) frames went by while requests were under way") >= 12, output)
      assert.matches("Shopkeeper waits for the player: turn_taking_patience is high", output, 1, true)
      assert.matches("%d+ frames; the work in one took [%d.]+ ms on average, [%d.]+ ms at worst\n$", output)
      assert.is_nil(output:find(KEY, 1, true))
      assert.are.equal(0, left_behind())
    end)

    it("ends with status 1 and the server's words when a step fails, and has deleted what it made", function()
      for method, requests in pairs {
        PATCH = "POST PATCH DELETE",
        GET = "POST PATCH GET DELETE",
        POST = "POST",
      } do
        sandbox:reset()
        assert(sandbox:next { method = method, status = 400, body = { error = "not today" } })
        local status, output = play()
        assert.are.equal(1, status, output)
        assert.matches("embed: bad_request: not today", output, 1, true)
        assert.are.equal(requests, arrived())
        assert.are.equal(0, left_behind())
      end
    end)

    it("goes on deleting when one deletion fails, and says so", function()
      assert(sandbox:next { method = "DELETE", path = "/v2/conversations/*", status = 400, body = { error = "not today" } })
      local status, output = play()
      assert.are.equal(1, status, output)
      assert.matches("not today", output, 1, true)
      assert.matches("embed: 1 of what was made is not deleted", output, 1, true)
      assert.are.equal("POST PATCH GET POST DELETE DELETE", arrived())
    end)

    it("finishes in order when the player leaves in the middle of a request", function()
      assert(sandbox:next { method = "PATCH", delay = 1 })
      -- Leaves as soon as the persona exists; the PATCH is under way then.
      local status, output = process.run(([[
        log=$(mktemp)
        %s examples/embed/game.lua >"$log" 2>&1 &
        host=$!
        tail -n +1 -f --pid=$host "$log" | { grep -q -m 1 "create  status" && kill -INT $host; }
        wait $host; status=$?
        cat "$log"; rm -f "$log"; exit $status
      ]]):format(host), environment)
      assert.are.equal(0, status, output)
      assert.matches("leaving", output, 1, true)
      assert.matches("^POST PATCH.* DELETE$", arrived())
      assert.are.equal(0, left_behind())
    end)

    it("says what is missing when there is no key", function()
      local status, output = play(nil, plain { TAVUS_BASE_URL = sandbox.url })
      assert.are.equal(1, status)
      assert.matches("embed: config: no API key: give api_key, or set TAVUS_API_KEY", output, 1, true)
      assert.is_nil(output:find "traceback")
    end)

    it("is built and run by one command, with a sandbox of its own", function()
      local output = must "examples/embed/run"
      assert.matches("frames went by while requests were under way", output, 1, true)
      assert.are.equal("", arrived())
    end)

    it("finishes in order when Ctrl-C reaches everything that the command started", function()
      local status, output = process.run([[
        log=$(mktemp)
        setsid examples/embed/run >"$log" 2>&1 &
        all=$!
        tail -n +1 -f --pid=$all "$log" | { grep -q -m 1 "create  status" && kill -s INT -- -$all; }
        wait $all; status=$?
        cat "$log"; rm -f "$log"; exit $status
      ]], plain {})
      assert.are.equal(0, status, output) -- a shell in the background takes no notice of SIGINT
      assert.matches("leaving", output, 1, true)
      assert.matches("delete  p%x+\n", output)
    end)

    it("tells what is wrong with a script and ends with status 1", function()
      for text, message in pairs {
        ["return {"] = "near <eof>",
        ["return 1"] = "the script must return a table with the functions update and quit",
        ["error 'at the start'"] = "at the start\nstack traceback:",
        ["return { update = function() error 'in a frame' end, quit = print }"] = "in a frame\nstack traceback:",
        ["return { update = function() error() end, quit = print }"] = "embed: nil",
        ["return { update = function() error(setmetatable({}, { __tostring = error })) end, quit = print }"] = "embed: ",
      } do
        local status, output = play_text(text)
        assert.are.equal(1, status, output)
        assert.matches(message, output, 1, true)
      end
      local status, output = play "no/such/file.lua"
      assert.are.equal(1, status)
      assert.matches("cannot open no/such/file.lua", output, 1, true)
      status, output = process.run(host, environment)
      assert.are.equal(2, status)
      assert.matches("usage: ", output, 1, true)
    end)
  end)

  describe("the READMEs", function()
    -- Every C program in them, built by the line above it that calls the compiler.
    local programs = {}
    for _, file in ipairs(readme.files) do
      for command, program in readme.text(file):gmatch "\n(cc [^\n]*npc%.c[^\n]*)\n```\n\n```c\n(.-\n)```" do
        programs[#programs + 1] = { command = command, text = program }
      end
    end

    for _, program in ipairs(programs) do
      it("show a C program of fewer than 30 lines, which runs", function()
        assert.is_true(select(2, program.text:gsub("\n", "")) < 30)
        must "make -s -j2 static LUA=lua5.4"
        local source, binary = write_file(program.text), os.tmpname()
        must((program.command:gsub("npc%.c", "-Wall -Wextra -x c " .. source .. " -x none"):gsub("%-o npc", "-o " .. binary)))
        local status, output = process.run(binary, environment)
        assert.are.equal(0, status, output)
        assert.matches("%d+ personas\n%d+ frames\n", output)
        status, output = process.run(binary, plain { TAVUS_BASE_URL = sandbox.url })
        assert.are.equal(1, status, output)
        assert.matches("no API key", output, 1, true)
        os.remove(source)
        os.remove(binary)
      end)
    end

    it("show one, and no other C", function()
      assert.are.equal(1, #programs)
      assert.are.equal(1, #readme.blocks "c")
    end)
  end)
end)
