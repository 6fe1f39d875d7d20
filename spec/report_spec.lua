-- How a run of the specs ends, when a person ends it.
local process = require "spec.support.process"
local wire = require "spec.support.wire"

describe("a run of the specs", function()
  it("ends with Ctrl-C, and not with one failure more", function()
    local folder = wire.folder()
    wire.write_file(folder .. "/long_spec.lua", [[
      it("is interrupted", function()
        io.popen("kill -INT $PPID"):close()
        for _ = 1, 1e9 do tostring(_) end
      end)
      it("is not begun", function() print "it goes on" end)
    ]])
    local status, output = process.run(('%s "$(command -v busted)" %s'):format(
      process.quote(process.interpreter()), process.quote(folder .. "/long_spec.lua")))
    wire.remove(folder)
    assert.equal("interrupted\n", output)
    assert.equal(130, status)
  end)
end)
