-- The program tavus-sandbox, as a process of its own.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local http = require "tavus.http"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local settings = require "tavus.sandbox.settings"
local version = require "tavus.version"
local wire = require "spec.support.wire"
local with_program = require "spec.support.program"

local CLI = "lua/tavus/sandbox/cli.lua"

describe("tavus-sandbox", function()
  it("serves until it gets a signal", function()
    for _, signal in ipairs { "INT", "TERM" } do
      local status = with_program("--quiet --port 0", signal, function(url)
        local handle = assert(sandbox.connect(url))
        assert.equal(200, asking.ask(url, "GET", "/v2/personas").status)
        assert.equal(1, #handle:requests())
        handle:stop()
      end)
      assert.equal(0, status)
    end
  end)

  it("ends though answers are under way", function()
    local status = with_program("-q --port 0", "TERM", function(url)
      local handle = assert(sandbox.connect(url))
      assert(handle:next { delay = 600 })
      local late = asking.submit(url, "GET", "/v2/personas")
      repeat require("tavus.http").engine():step(0.01) until #handle:requests() == 1
      late:cancel()
    end)
    assert.equal(0, status)
  end)

  it("prints what it serves, that it is not Tavus, and every request", function()
    local _, rest = with_program("--port 0 --key right --set get_shape=flat --set max_conversations=2", "TERM",
      function(first, pipe)
      assert.matches("^tavus%-sandbox " .. version:gsub("%p", "%%%0") .. " at http://127%.0%.0%.1:%d+$", first)
      local text = {}
      repeat
        local line = pipe:read "*l"
        text[#text + 1] = line
      until line == nil or line:find "Ctrl%-C"
      text = table.concat(text, "\n")
      assert.matches("This is not Tavus", text, 1, true)
      assert.matches("PATCH /v2/personas/{persona_id}", text, 1, true)
      assert.matches("Only the given key is accepted.", text, 1, true)
      local url = first:match "http://%S+"
      assert.equal(401, asking.ask(url, "GET", "/v2/personas", nil, { key = "wrong" }).status)
      local result = asking.ask(url, "GET", "/v2/personas/p5317866", nil, { key = "right" })
      assert.equal("p5317866", result.json.persona_id)
      local handle = assert(sandbox.connect(url))
      assert.equal(2, handle:about().settings.max_conversations)
      assert(handle:next { close = "before" })
      asking.ask(url, "POST", "/v2/personas", {}, { key = "right" })
      handle:stop()
    end)
    assert.matches("GET /v2/personas 401\n", rest, 1, true)
    assert.matches("GET /v2/personas/p5317866 200\n", rest, 1, true)
    assert.matches("POST /v2/personas closed (as ordered)\n", rest, 1, true)
  end)

  it("tells its version and its options", function()
    local status, output = process.lua { file = CLI, arguments = "--version" }
    assert.equal(0, status)
    assert.equal("tavus-sandbox " .. version .. "\n", output)
    status, output = process.lua { file = CLI, arguments = "--help" }
    assert.equal(0, status)
    for _, text in ipairs { "--port", "--key", "--quiet", "It is not Tavus", "--profile",
      "get_shape=array | object | flat",
      "flow_defaults=true | false", "rate_limit=0\n", "profile 2025:\n  check_body_first=false" } do
      assert.matches(text, output, 1, true)
    end
    for _, name in ipairs(settings.names()) do
      local _, times = output:gsub("\n  " .. name .. "=", "")
      assert.equal(settings.profiles["2025"][name] == nil and 1 or 2, times, name)
    end
    for line in output:gmatch "[^\n]+" do assert.is_true(#line <= 100, line) end
  end)

  it("takes a profile, and switches on top of it", function()
    local status = with_program("-q --port 0 --profile 2025 --set check_body_first=true --set "
      .. "retired_model=tavus-llama", "TERM",
      function(url)
        local handle = assert(sandbox.connect(url))
        local its = handle:about().settings
        assert.same({ false, true, "tavus-llama" }, { its.mask_secrets, its.check_body_first, its.retired_model })
        handle:stop()
      end)
    assert.equal(0, status)
  end)

  it("takes a seed", function()
    with_program("-q --port 0 --seed 1", "TERM", function(url)
      assert.equal("pcbf1e38f824", asking.ask(url, "POST", "/v2/personas", { system_prompt = "x" }).json.persona_id)
    end)
  end)

  it("reads a switch's value by the type of the switch", function()
    with_program("-q --port 0 --set retired_model=123 --set hidden_rows=3 --set generation=1 --set pals=false", "TERM",
      function(url)
      local handle = assert(sandbox.connect(url))
      local its = handle:about().settings
      assert.same({ "123", 3, 1, false }, { its.retired_model, its.hidden_rows, its.generation, its.pals })
      handle:stop()
    end)
  end)

  it("prints to no client or file when started without standard files", function()
    local folder = wire.folder()
    local data = folder .. "/rows.json"
    local function awaited(found)
      local give_up = http.now() + 20
      while not found() do assert(http.now() < give_up, "it takes too long") end
    end
    for _, closed in ipairs { ">/dev/null 2>&-", ">&- 2>&-", "<&- >/dev/null 2>&-", "<&- >&- 2>&-" } do
      local port, handle = clients.dead_url():match "%d+$", nil
      os.execute(("%s %s --port %s --data %s %s & echo $! >%s/pid"):format(process.quote(process.interpreter()), CLI,
        port, data, closed, folder))
      local done, message = pcall(function()
        awaited(function()
          handle = sandbox.connect("http://127.0.0.1:" .. port)
          return handle
        end)
        for _ = 1, 3 do assert.equal(200, asking.ask(handle.url, "GET", "/v2/personas").status) end
        assert.equal("", wire.read_file(data .. ".lock"))
        assert(core.decode(wire.read_file(data)))
      end)
      os.execute("kill -TERM " .. wire.read_file(folder .. "/pid"))
      assert(done, message)
      awaited(function() return not handle:about() end)
      handle:stop()
    end
    wire.remove(folder)
  end)

  it("fails with a reason on bad arguments", function()
    for arguments, text in pairs {
      ["--port x"] = "'x' is not a port",
      ["--port 65536"] = "'65536' is not a port",
      ["--seed 1.5"] = "'1.5' is not a seed",
      ["--seed 2147483648"] = "is not a seed",
      ["--key ''"] = "the key must not be empty",
      ["--set get_shape"] = "is not a switch: give name=value",
      ["--set get_shape=round"] = "must be one of",
      ["--profile 2020"] = "must be one of 'current', '2025'",
      ["--nothing"] = "unknown option",
      ["more"] = "too many arguments",
    } do
      local status, output = process.lua { file = CLI, arguments = arguments }
      assert.is_true(status > 0, arguments)
      assert.matches(text, output, 1, true)
    end
  end)

  it("fails with a reason when the port is taken", function()
    local other = assert(sandbox.start())
    local status, output = process.lua { file = CLI, arguments = "--port " .. other.port }
    assert.equal(1, status)
    assert.equal(("tavus-sandbox: cannot start a sandbox on port %d: cannot listen: Address already in "
      .. "use\n"):format(other.port), output)
    other:stop()
  end)
end)
