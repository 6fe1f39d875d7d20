-- The sandbox's README.md: every program in it runs, and its tables are complete.
local faults = require "tavus.sandbox.faults"
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"

local README = "lua/tavus/sandbox/README.md"

describe("the sandbox's README.md", function()
  local text = wire.read_file(README)

  for _, block in ipairs(readme.blocks("lua", README)) do
    it(("has a program at line %d that runs and leaves no file behind"):format(block.line), function()
      local folder = wire.folder()
      local status, output = process.run(("cd %s && exec %s -e %s"):format(
        process.quote(folder), process.quote(process.interpreter()), process.quote(block.text)))
      assert.equal(0, status, output)
      assert(os.remove(folder)) -- it is empty
      for expected in block.text:gmatch "print%b()%s*%-%->%s*([^\n]*)" do
        local values = expected:match "^[^:]*":gsub("%f[%w]attempts.*", "")
        for word in values:gmatch "%S+" do assert.matches(word, output, 1, true) end
      end
    end)
  end

  it("names every method, fault and option of start", function()
    local server = assert(sandbox.start())
    for name in pairs(getmetatable(server).__index) do assert.matches("`sandbox:" .. name .. "[( ]", text) end
    server:stop()
    for name in pairs(faults.all) do assert.matches("`" .. name .. "`", text, 1, true) end
    for _, name in ipairs { "port", "key", "seed", "data", "replay", "profile", "set", "log" } do
      assert.matches("| `" .. name .. "` |", text, 1, true)
    end
  end)
end)
