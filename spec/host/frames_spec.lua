-- A frame loop that does nothing else for a client than client:step(0): whatever goes wrong with its calls, no frame waits.
local process = require "spec.support.process"
local wire = require "spec.support.wire"

describe("a frame loop", function()
  it("meets every fault of the sandbox with every operation, and leaves it in the middle, and no frame makes a call that may wait", function()
    local folder = wire.folder()
    local object = folder .. "/waits.so"
    require "spec.support.compiled"("waits", "spec/support/waits.c -ldl", object)
    local preload = os.getenv "LD_PRELOAD"
    local status, output = process.lua({ chunk = [[
      local waits = assert(package.loadlib(os.getenv "WAITS", "luaopen_waits"))()
      local server = assert(require("tavus.sandbox").start())
      local client = require("spec.support.clients").new(server.url)
      -- what is proven by counting nothing, must be able to count
      waits.watch(true)
      require("tavus.http").engine():sleep(0.001)
      waits.watch(false)
      assert(waits.count() > 0)
      require("spec.support.faulty").walk(server, function(condition)
        while not condition() do
          waits.watch(true)
          client:step(0)
          waits.watch(false)
        end
      end)
      local count, first, calls = waits.count()
      assert(calls > 1000, calls)
      print(("%d calls waited: %s"):format(count, first or "none"))
    ]] }, { WAITS = object, LD_PRELOAD = (preload and preload .. ":" or "") .. object })
    wire.remove(folder)
    assert.equal("0 calls waited: none\n", output)
    assert.equal(0, status)
  end)
end)
