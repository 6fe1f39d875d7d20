-- The program tavus-lua itself: help, messages, statuses, output that nobody reads.
local cli = require "spec.support.cli"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local version = require "tavus.version"

describe("tavus-lua", function()
  local server

  setup(function() server = assert(sandbox.start { port = 0 }) end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  it("says its version", function() assert.equal("tavus-lua " .. version .. "\n", cli.must(nil, "--version")) end)

  it("has help with an example for each command", function()
    local commands = require("tavus.cli.commands").all()
    local parser = require("tavus.cli.parser").new(commands, version)
    local function visit(helper, list)
      for i, command in ipairs(list) do
        local below = helper._commands[i]
        if command.commands then
          visit(below, command.commands)
        else
          local help = below:get_help()
          assert.matches("Example:\n[^\n]*tavus%-lua " .. (below:_get_fullname(true):gsub("%p", "%%%0")), help)
          if not command.raw then assert.matches("--json", help, 1, true) end
        end
      end
    end
    visit(parser, commands)
    assert.matches("Exit status: 0 done, 1 error", cli.must(nil, "--help"), 1, true)
    assert.matches("Usage: tavus-lua persona list", cli.must(nil, "persona list --help"), 1, true)
  end)

  it("names the command and the option that were probably meant", function()
    for words, said in pairs {
      ["persona lst"] = "Did you mean 'list'?", ["persno list"] = "Did you mean 'persona'?",
      ["persona list --limt 3"] = "Did you mean '--limit'?", ["--jsn persona list"] = "Did you mean '--json'?",
      [""] = "a command is required", ["persona get"] = "missing argument 'persona_id'",
      ["persona list --color red"] = "must be one of 'auto', 'always', 'never'",
      ["persona list --limit 0"] = "is not a number of rows",
    } do
      local status, output = cli.run(server, words)
      assert.equal(1, status)
      assert.matches(said, output, 1, true)
      assert.matches("--help)", output, 1, true)
    end
  end)

  it("takes the common options before the command and after it", function()
    for _, words in ipairs { "--json persona get p1", "persona --json get p1", "persona get p1 --json" } do
      local status, output = cli.run(server, words)
      assert.equal(1, status)
      assert.equal("not_found", core.decode(output).error.type)
    end
  end)

  it("ends with a status for each kind of error", function()
    local statuses = {
      [401] = 6, [402] = 6, [403] = 6, [404] = 1, [409] = 4, [422] = 1, [500] = 1,
    }
    for answer, wanted in pairs(statuses) do
      server:next { status = answer, times = 3 }
      assert.equal(wanted, (cli.run(server, "persona publish p123456789ab", { TAVUS_RETRIES = "0" })), answer)
      server:reset()
    end
    local status, output = cli.run(server, "persona list", { TAVUS_API_KEY = false })
    assert.equal(6, status)
    assert.matches("set TAVUS_API_KEY", output, 1, true)
    assert.equal(3, (cli.run(server, "persona create persona_name=Anna")))
  end)

  it("ends with status 130 when it is interrupted", function()
    server:next { delay = 60 }
    -- a shell without job control starts what is beside it with SIGINT ignored
    local script = ("set -m 2>/dev/null; %s 2>&1 & echo $!; wait $!; echo $?"):format(cli.command "persona list")
    local running = assert(io.popen(("env TAVUS_API_KEY=key TAVUS_BASE_URL=%s sh -c %s"):format(server.url, process.quote(script))))
    local pid = running:read "*l"
    repeat until #server:requests { path = "/v2/personas" } > 0
    os.execute("kill -INT " .. pid)
    local output = running:read "*a"
    running:close()
    assert.matches("^tavus%-lua: interrupted\n130\n$", output)
  end)

  it("ends quietly when its output is not read any more, and says so when it cannot be written", function()
    local status, output = cli.run(nil, "schema persona | head -n 1")
    assert.equal(0, status)
    assert.equal("persona\n", output)
    status, output = cli.run(nil, "schema persona > /dev/full")
    assert.equal(1, status)
    assert.matches("cannot write: No space left", output, 1, true)
    assert.equal(1, (cli.run(nil, "schema persona >&-")))
    status, output = process.run("trap '' PIPE; { " .. cli.command "schema persona" .. "; echo $? >&2; } | :")
    assert.equal(0, status)
    assert.equal("1\n", output)
  end)

  it("shows no secret that a server sends back", function()
    server:next { status = 200, body = { persona_id = "p1", layers = { llm = { api_key = "sk-very-secret-1234" } } } }
    local output = cli.must(server, "persona get p1")
    assert.is_nil(output:find("very-secret", 1, true))
    assert.matches("[redacted]", output, 1, true)
    server:next { status = 400, body = { message = "bad key " .. require("spec.support.clients").KEY } }
    assert.equal(1, (cli.run(server, "persona get p1")))
  end)

  it("writes no control characters of a server to a terminal", function()
    server:next { status = 200, body = { data = { { persona_id = "p1", persona_name = "a\27]0;x\7b\194\155c" } }, total_count = 1 } }
    local status, output = cli.on_terminal(server, "persona list --color never")
    assert.equal(0, status)
    assert.is_nil(output:find "[\27\7]")
    assert.is_nil(output:find("\194\155", 1, true))
    server:next { status = 400, body = { message = "a\27[2Jb" } }
    assert.is_nil(select(2, cli.run(server, "persona get p1")):find "\27")
  end)

  it("uses colors on a terminal, unless told otherwise", function()
    for words, more in pairs {
      ["persona list --color auto"] = {}, ["persona list"] = {}, ["persona list --color always"] = { NO_COLOR = "1" },
    } do
      assert.matches("\27[1mpersona_id", select(2, cli.on_terminal(server, words, nil, more)), 1, true)
    end
    assert.is_nil(select(2, cli.on_terminal(server, "persona list", nil, { NO_COLOR = "1" })):find "\27")
    assert.is_nil(select(2, cli.on_terminal(server, "persona list --color never")):find "\27")
    assert.is_nil(cli.must(server, "persona list"):find "\27")
  end)

  it("completes in bash, zsh and fish", function()
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      assert.matches("check%-username", cli.must(nil, "completion " .. shell))
    end
    local status, output = process.run(cli.command "completion bash" .. " | bash -n")
    assert.equal(0, status, output)
  end)
end)
