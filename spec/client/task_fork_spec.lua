-- A process that forks while tasks wait: they are the parent's; the child sees them end, and can make its own.
local forking = require "spec.support.forking"
local wire = require "spec.support.wire"

local program = [[
  local function load(name) return assert(package.loadlib(arg[2] .. "/fork.so", name)) end
  local fork, leave, await = load "spec_fork", load "spec_leave", load "spec_await"
  io.stdout:setvbuf "no"
  local client = assert(require("tavus").new { api_key = "k3y", base_url = arg[1] })
  local task = client:spawn(function()
    local persona, err = client.personas:get "p1"
    return persona and persona.persona_name or err.type
  end)
  for _ = 1, 5 do client:step(0.02) end
  if fork() == 0 then
    print(pcall(function()
      local mine = client:spawn(function() return assert(client.personas:get "p2").persona_name end)
      local name = mine:result()
      return name, (task:result())
    end))
    leave()
  end
  assert(await() == 0)
  print "child is gone"
  print(task:result())
]]

describe("tasks of a process that forks", function()
  it("go on in the parent, end in the child, and do not disturb those that the child makes", function()
    local folder = wire.folder()
    forking.build(folder)
    local server = wire.start {
      { "read", { await = "child is gone" }, { answer = 200, body = '{"persona_id":"p1","persona_name":"parent"}' }, "loop" },
      { "read", { answer = 200, body = '{"persona_id":"p2","persona_name":"child"}' }, "loop" },
    }
    local file = assert(io.open(folder .. "/main.lua", "w"))
    file:write(program)
    file:close()
    -- the child leaves without tidying up by design, so its leaks are no news
    local pipe = assert(io.popen(("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 %s %s/main.lua %s %s 2>&1"):format(
      wire.interpreter(), folder, server.url, folder)))
    assert.equal("true\tchild\tcancelled", pipe:read "*l")
    assert.equal("child is gone", pipe:read "*l")
    server:release "child is gone"
    assert.equal("parent", pipe:read "*l")
    pipe:close()
    server:stop()
    wire.remove(folder)
  end)
end)
