-- tavus.progress(): a bar on a terminal, plain lines elsewhere.
local clients = require "spec.support.clients"
local process = require "spec.support.process"
local tavus = require "tavus"

local function facts(status, fraction, done)
  return { kind = "video", id = "v1", status = status, fraction = fraction, elapsed = 2, done = done or false, row = {} }
end

local function written(options, list)
  local out = {}
  options.write = function(text) out[#out + 1] = text end
  local report = tavus.progress(options)
  for _, each in ipairs(list) do report(each) end
  return table.concat(out)
end

describe("tavus.progress", function()
  it("writes a line where something changed", function()
    assert.equal("video v1: queued\nvideo v1: generating 37%\nvideo v1: ready 100%\n", written({}, {
      facts "queued", facts "queued", facts("generating", 0.37), facts("generating", 0.374), facts("ready", 1, true),
    }))
  end)

  it("draws a bar over itself, and ends its line", function()
    local text = written({ bar = true }, { facts("queued", 0), facts("generating", 0.5), facts("ready", 1, true) })
    local lines = {}
    for line in text:gmatch "[^\r]+" do lines[#lines + 1] = line end
    assert.equal(3, #lines)
    assert.matches("[------------------------]   0% video v1: queued, 2 s", lines[1], 1, true)
    assert.matches("[############------------]  50%", lines[2], 1, true)
    assert.matches("[########################] 100%", lines[3], 1, true)
    assert.equal(1, select(2, text:gsub("\n", "")))
    assert.equal("\n", text:sub(-1))
  end)

  it("shows what has no number, and no control character of the server", function()
    assert.equal("video v1: no status\nvideo v1: a?[2J?\n", written({}, { facts(nil), facts "a\27[2J\n" }))
    assert.matches("video v1: started", written({ bar = true }, { facts "started" }), 1, true)
  end)

  it("writes to standard error: lines into a file, a bar on a terminal", function()
    local code = [[require("tavus").progress() { kind = "video", id = "v1", status = "ready", fraction = 1, elapsed = 1, done = true }]]
    local command = ("%s -e %s"):format(process.quote(process.interpreter()), process.quote(code))
    local _, plain = process.run(command .. " 2>&1 >/dev/null | cat")
    assert.equal("video v1: ready 100%", (plain:gsub("%s+$", "")))
    local _, bar = process.run(("TERM=xterm script -qec %s /dev/null"):format(process.quote(command)))
    assert.matches("[########################] 100% video v1: ready", bar, 1, true)
  end)

  it("raises for unknown options at the caller's line", function()
    assert.matches("progress_spec%.lua:%d+: tavus%.progress: unknown option \"bars\"", clients.raised(function()
      tavus.progress { bars = true }
    end))
  end)
end)
