-- What a run of the specs tells, and how it ends when a person ends it.
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local function run(folder)
  return process.run(('%s "$(command -v busted)" %s'):format(
    process.quote(process.interpreter()), process.quote(folder)))
end

describe("a run of the specs", function()
  it("tells every failure and every error once, in the order of the files", function()
    local folder = wire.folder()
    wire.write_file(folder .. "/a_spec.lua", [[it("first", function() error "on purpose" end)]])
    wire.write_file(folder .. "/b_spec.lua", [[it("second", function() assert.is_true(false) end)]])
    wire.write_file(folder .. "/c_spec.lua", [[it("third", function() error "on purpose" end)]])
    local _, output = run(folder)
    wire.remove(folder)
    local told = {}
    for name in output:gmatch "failed: ([a-z]+)" do told[#told + 1] = name end
    assert.same({ "first", "second", "third" }, told)
    assert.matches("0 passed, 3 failed", output, 1, true)
  end)

  it("ends with Ctrl-C, and not with one failure more", function()
    local folder = wire.folder()
    wire.write_file(folder .. "/long_spec.lua", [[
      it("is interrupted", function()
        io.popen("kill -INT $PPID"):close()
        for _ = 1, 1e9 do tostring(_) end
      end)
      it("is not begun", function() print "it goes on" end)
    ]])
    local status, output = run(folder)
    wire.remove(folder)
    assert.equal("interrupted\n", output)
    assert.equal(130, status)
  end)
end)
