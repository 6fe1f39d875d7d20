-- Ctrl-C raises an error at any instruction of the library's. Whatever it ends, the tasks that are left can go on, another call can be
-- made, and the client can be closed.
local process = require "spec.support.process"

-- The sanitizers make it slow, and look at what C does, which is the same at most instructions.
local stride = os.getenv "ASAN_OPTIONS" and 10 or 1

describe("an interrupt at any instruction of", function()
  for name, least in pairs {
    map = 1000, map_in_a_task = 1000, run = 800, step = 800, result = 500, failure = 500, cancel = 500, close = 200, sleep = 800,
    call = 200, call_again = 300,
  } do
    it(name .. " leaves everything in order", function()
      local status, output = process.lua { file = "spec/support/interrupting.lua", arguments = name .. " " .. stride }
      assert.equal(0, status, output)
      assert.is_true(tonumber(output:match "(%d+)\n$") * stride >= least, output)
    end)
  end
end)
