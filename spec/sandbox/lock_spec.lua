-- A data file belongs to one sandbox at a time.
local asking = require "spec.support.asking"
local forking = require "spec.support.forking"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

local CLI = "lua/tavus/sandbox/cli.lua"
local USED = "another process holds its lock"

describe("a data file", function()
  local folder, path

  before_each(function()
    folder = wire.folder()
    path = folder .. "/rows.json"
  end)
  after_each(function() wire.remove(folder) end)

  local function shell(command)
    local status, output = process.run(command)
    assert.equal(0, status, output)
    return output
  end

  local function refused(file, reason)
    local server, message = sandbox.start { data = file }
    if server then server:stop() end
    assert.is_nil(server)
    assert.matches("cannot write '" .. file .. "': " .. reason, message, 1, true)
  end

  local function start(file) return assert(sandbox.start { data = file or path }) end

  local function create(server, name)
    assert.equal(200, asking.ask(server.url, "POST", "/v2/personas",
      { persona_name = name, system_prompt = "x" }).status)
  end

  it("is one sandbox's at a time, under whatever name, and nothing is left beside it", function()
    shell(("cd %s && mkdir real && ln -s real other && ln -s real/rows.json link.json"):format(folder))
    local first = start(folder .. "/real/rows.json")
    for _, name in ipairs { "/real/../other/rows.json", "/link.json" } do
      refused(folder .. name, USED)
    end
    create(first, "one")
    refused(folder .. "/real/rows.json", USED)
    local status, output = process.lua { file = CLI, arguments = "-q --port 0 --data " .. folder .. "/link.json" }
    assert.equal(1, status)
    assert.matches("^tavus%-sandbox: cannot write '.*': " .. USED, output)
    first:stop()
    start(folder .. "/other/rows.json"):stop()
    assert.equal("rows.json\n", shell("ls -A " .. folder .. "/real"))
  end)

  it("is free when its sandbox did not start, is collected, or was killed", function()
    local taken = assert(sandbox.start())
    assert.is_nil((sandbox.start { data = path, port = taken.port }))
    taken:stop()
    start()
    collectgarbage()
    collectgarbage()
    start():stop()
    for _ = 1, 2 do
      local pipe = assert(io.popen(("%s %s -q --port 0 --data %s & echo "
        .. "$!"):format(process.quote(process.interpreter()), CLI, path)))
      local pid, url = pipe:read "*l", pipe:read "*l"
      assert.matches("^http", url)
      refused(path, USED)
      shell("kill -KILL " .. pid)
      assert.equal("", pipe:read "*a") -- the program is gone
      pipe:close()
    end
    start():stop()
  end)

  it("is not held by a process that was forked off, nor freed by it", function()
    forking.build(folder)
    local _, output = process.lua { chunk = ([[
      local folder, path = %q, %q
      local function load(name) return assert(package.loadlib(folder .. "/fork.so", name)) end
      local fork, leave, await = load "spec_fork", load "spec_leave", load "spec_await"
      local sandbox = require "tavus.sandbox"
      io.stdout:setvbuf "no"
      local server = assert(sandbox.start { data = path })
      local function child(stops)
        if stops then server:stop() end
        local mine = sandbox.start { data = path }
        print(mine and "free" or "held")
        leave()
      end
      if fork() == 0 then child(true) end
      await()
      print(sandbox.start { data = path } and "free" or "held")
      server:stop()
      if fork() == 0 then child(false) end
      await()
      local go_on = io.popen("cat >/dev/null", "w") -- a child that outlives this process
      server = assert(sandbox.start { data = path })
      server:stop()
      print "done"
      go_on:close()
    ]]):format(folder, path) }
    assert.equal("held\nheld\nfree\ndone\n", output)
  end)

  it("that is a link stays one, and its permissions stay", function()
    wire.write_file(folder .. "/rows.json", "")
    shell(("cd %s && chmod 640 rows.json && ln -s rows.json link.json"):format(folder))
    local server = start(folder .. "/link.json")
    create(server, "one")
    server:stop()
    assert.matches("one", wire.read_file(path), 1, true)
    assert.matches("^%-rw%-r%-%-%-%-%-.*rows.json", (shell("ls -l " .. path)))
    assert.matches("^l.* %-> rows.json", (shell("ls -l " .. folder .. "/link.json")))
  end)

  it("is an ordinary file that may be written, or is not there yet", function()
    shell(("cd %s && mkfifo pipe && mkdir folder && ln -s nowhere dangling"):format(folder))
    refused(folder .. "/pipe", "it is not an ordinary file")
    refused(folder .. "/folder", "Is a directory")
    refused(folder .. "/new/", "No such file or directory")
    refused(folder .. "/dangling", "it is a link to nothing")
    refused(folder .. "/none/rows.json", "No such file or directory")
    refused(path .. "/rows.json", "No such file or directory")
    refused(folder .. "/" .. ("x"):rep(300), "File name too long")
    refused("", "No such file or directory")
    assert.has_error(function() sandbox.start { data = "a\0b" } end)
  end)

  it("may be empty, as a temporary file is", function()
    wire.write_file(path, "")
    local server = start()
    create(server, "one")
    server:stop()
    server = start()
    assert.equal(1, server:about().personas)
    server:stop()
  end)
end)
