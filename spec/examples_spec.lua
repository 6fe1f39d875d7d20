-- Every example and every Lua block of the READMEs runs, against the sandbox, in a process of its own.
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local sandbox_module = require "tavus.sandbox"
local wire = require "spec.support.wire"

local function files_of(folder)
  local list = {}
  local pipe = assert(io.popen("ls " .. folder .. "/*.lua"))
  for name in pipe:lines() do list[#list + 1] = name end
  pipe:close()
  return list
end

describe("what the documents show", function()
  local sandbox, environment

  setup(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    environment = { TAVUS_API_KEY = "an-example-key", TAVUS_BASE_URL = sandbox.url }
  end)

  teardown(function() sandbox:stop() end)

  before_each(function() sandbox:reset() end)

  local function left_behind()
    local count = 0
    local client = assert(require("tavus").new { api_key = "an-example-key", base_url = sandbox.url })
    for _ in client.personas:each { persona_type = "user" } do count = count + 1 end
    client:close()
    return count
  end

  it("says in its first line how it is run", function()
    local commands = {
      ["examples/embed/game.lua"] = "examples/embed/run", ["examples/embed/host.c"] = "examples/embed/run",
      ["examples/embed/run"] = "examples/embed/run", ["examples/love/main.lua"] = "examples/love/run", ["examples/love/run"] = "examples/love/run",
      ["examples/openresty/nginx.conf"] = "examples/openresty/run", ["examples/openresty/run"] = "examples/openresty/run",
      ["examples/openresty/service.lua"] = "examples/openresty/run",
      ["examples/setup/run.lua"] = "lua5.4 examples/setup/run.lua",
      ["examples/testing/interviewer_spec.lua"] = "cd examples/testing && busted --lua=lua5.4 interviewer_spec.lua",
    }
    for _, file in ipairs(files_of("examples")) do commands[file] = "lua5.4 " .. file end
    for file, command in pairs(commands) do
      local first
      for line in io.lines(file) do
        first = line
        if line:sub(1, 2) ~= "#!" then break end
      end
      assert.matches("Run: `", first, 1, true)
      assert.matches(command, first, 1, true)
    end
  end)

  for _, file in ipairs(files_of("examples")) do
    it(file .. " runs and leaves nothing behind", function()
      local status, output = process.lua({ file = file }, environment)
      assert.are.equal(0, status, output)
      assert.is_truthy(output:find("%S"), "it should say what it does")
      assert.are.equal(0, left_behind())
    end)
  end

  it("examples/quickstart.lua deletes the persona though a step before that fails", function()
    for _, rule in ipairs {
      { method = "PATCH", status = 400, body = { error = "not today" } },
      { method = "DELETE", path = "/v2/conversations/*", status = 400, body = { error = "not today" } },
    } do
      assert(sandbox:next(rule))
      local status, output = process.lua({ file = "examples/quickstart.lua" }, environment)
      assert.are_not.equal(0, status)
      -- Lua 5.1's own assert takes no table for a message.
      if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then assert.matches("not today", output, 1, true) end
      assert.are.equal(0, left_behind())
    end
  end)

  it("examples/testing/interviewer_spec.lua passes, run as a user runs it, in fewer than 40 lines", function()
    local lines = 0
    for _ in io.lines "examples/testing/interviewer_spec.lua" do lines = lines + 1 end
    assert.is_true(lines < 40)
    local status, output = process.run(("cd examples/testing && exec %s \"$(command -v busted)\" interviewer_spec.lua")
      :format(process.quote(process.interpreter())))
    assert.are.equal(0, status, output)
    assert.matches("3 successes / 0 failures", output, 1, true)
  end)

  it("examples/setup/run.lua goes from a plan to a rollback, and leaves no file behind", function()
    local folder = wire.folder()
    local status, output = process.lua({ file = "examples/setup/run.lua" }, { TMPDIR = folder })
    assert.are.equal(0, status, output)
    local last = 0
    for _, line in ipairs {
      "plan      7 to create, 0 to change", "apply     done", "plan      0 to create, 0 to change, 0 to delete, 0 drifted",
      "drift     persona concierge /system_prompt", "plan      0 to create, 1 to change", "apply     done",
      "rollback  0 to create, 1 to change, 0 to delete", "apply     done", '"You sell boat trips."',
    } do
      last = assert(select(2, output:find(line, last + 1, true)), line .. " is not in:\n" .. output)
    end
    assert(os.remove(folder)) -- and it is empty
  end)

  it("examples/setup/personas has three personas that share, and a form for each environment", function()
    for _, env in ipairs { "staging", "production" } do
      local its = assert(require("tavus.setup").load("examples/setup/personas",
        { env = env, getenv = function() return "https://hotel.example.com/desk" end }))
      local kinds = {}
      for _, it in ipairs(its.declarations) do kinds[it.kind] = (kinds[it.kind] or 0) + 1 end
      assert.are.same({ persona = 3, tool = 2, guardrail = 1, document = 1 }, kinds)
      assert.are.same({}, its.warnings)
    end
  end)

  local blocks = readme.blocks "lua"

  for _, block in ipairs(blocks) do
    if not readme.is_game(block) and not readme.setup_file(block) then
      it(block.where .. ": the block runs and leaves nothing behind", function()
        local folder = wire.folder() -- one block writes a file
        local status, output = process.run(("cd %s && exec %s -e %s"):format(
          process.quote(folder), process.quote(process.interpreter()), process.quote(block.text)), environment)
        assert.are.equal(0, status, output)
        assert(os.remove(folder)) -- and it is empty
        -- An error that a block prints on purpose is of another type.
        assert.is_nil(output:find("bad_request", 1, true), output)
        assert.are.equal(0, left_behind())
      end)
    end
  end

  it("finds README blocks at all", function()
    assert.is_true(#blocks >= 9)
  end)
end)
