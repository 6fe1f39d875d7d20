-- Ctrl-C ends a blocking call and cancels its request.
local process = require "spec.support.process"
local wire = require "spec.support.wire"

-- Runs a chunk in a process of its own, sends it SIGINT when it has printed "ready", and returns what it printed after.
local function interrupted(chunk)
  local command = ("echo $$; exec %s -e %s 2>&1"):format(process.quote(process.interpreter()), process.quote(chunk))
  local pipe = assert(io.popen("sh -c " .. process.quote(command)))
  local pid = assert(tonumber(pipe:read "*l"))
  local line
  repeat line = pipe:read "*l" until line == nil or line == "ready"
  assert(line == "ready", "the program ended too early")
  assert(process.run("kill -INT " .. pid) == 0)
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local PRELUDE = [[
  io.stdout:setvbuf "no"
  local tavus, http = require "tavus", require "tavus.http"
  local function ready() print "ready" end
]]

describe("Ctrl-C", function()
  local server

  before_each(function() server = wire.start { { "read", "hang" } } end)
  after_each(function() server:stop() end)

  it("ends a call that waits for an answer, and cancels the request", function()
    local output = interrupted(PRELUDE .. ([[
      local client = assert(tavus.new { api_key = "k3y", base_url = %q, timeout = 600, on_request = ready })
      local ok, err = pcall(client.personas.get, client.personas, "p1")
      print(ok, err)
      print("left", http.engine():step(0))
    ]]):format(server.url))
    assert.truthy(output:find("false\t.*interrupted!"), output)
    assert.truthy(output:find("left\t0", 1, true), output)
  end)

  it("ends the program when nobody catches it", function()
    local output = interrupted(PRELUDE .. ([[
      local client = assert(tavus.new { api_key = "k3y", base_url = %q, timeout = 600, on_request = ready })
      client.personas:get("p1")
      print "not reached"
    ]]):format(server.url))
    assert.truthy(output:find("interrupted!", 1, true), output)
    assert.is_nil(output:find("not reached", 1, true))
    assert.is_nil(output:find("k3y", 1, true))
  end)

  it("ends a sleep between attempts", function()
    local other = wire.start { { "read", { answer = 503, headers = { ["Retry-After"] = "500" } }, "loop" } }
    local output = interrupted(PRELUDE .. ([[
      local client = assert(tavus.new { api_key = "k3y", base_url = %q, deadline = 600, on_retry = ready })
      print(pcall(client.personas.get, client.personas, "p1"))
    ]]):format(other.url))
    other:stop()
    assert.truthy(output:find("false\t.*interrupted!"), output)
  end)

  it("while a task works ends the run, and the tasks can go on", function()
    local output = interrupted("if jit then jit.off() end\n" .. PRELUDE .. ([[
      local client = assert(tavus.new { api_key = "k3y", base_url = %q })
      client:spawn(function()
        ready()
        local ends = http.now() + 2 -- only the main thread of PUC Lua is interrupted
        while http.now() < ends do end
      end)
      print(pcall(client.run, client))
      print(pcall(client.step, client))
      print(client:spawn(function() return "next" end):result())
    ]]):format(server.url))
    assert.truthy(output:find("^false\t[^\n]*interrupted!\ntrue\t%l+\nnext\n"), output)
  end)

  it("inside a hook ends the call too", function()
    local output = interrupted(PRELUDE .. ([[
      local client = assert(tavus.new { api_key = "k3y", base_url = %q, on_request = function()
        ready()
        while true do end
      end })
      print(pcall(client.personas.get, client.personas, "p1"))
    ]]):format(server.url):gsub("^", "if jit then jit.off() end\n"))
    assert.truthy(output:find("false\t.*interrupted!"), output)
  end)
end)
