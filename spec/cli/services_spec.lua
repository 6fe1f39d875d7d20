-- tavus-lua schema, doctor and sandbox.
local asking = require "spec.support.asking"
local cli = require "spec.support.cli"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"

describe("tavus-lua schema", function()
  it("lists the kinds, and shows a field as the contract has it", function()
    local list = cli.must(nil, "schema")
    for _, kind in ipairs { "persona", "registered_tool", "document_patch", "app_message" } do
      assert.matches("\n" .. kind .. " ", list)
    end
    local engine = cli.must(nil, "schema persona /layers/tts/tts_engine")
    for _, text in ipairs { "type        string", "cartesia, elevenlabs", "playht (removed in January 2026)", "sure        A" } do
      assert.matches(text, engine, 1, true)
    end
    assert.equal(engine, cli.must(nil, "schema persona layers.tts.tts_engine"))
    assert.matches("now system_prompt", cli.must(nil, "schema persona /context"), 1, true)
    assert.matches("secret", cli.must(nil, "schema persona /layers/llm/api_key"), 1, true)
    assert.matches("description", cli.must(nil, "schema persona /layers/llm/tools/0/function"), 1, true)
  end)

  it("knows every kind and every field of it", function()
    local process_of = require "tavus.cli.schema"
    local written = {}
    local its = { out = { line = function(_, text) written[#written + 1] = text end,
      rows = function(_, _, rows) written[#written + 1] = #rows end }, fail = function(_, _, text) error(text) end }
    for _, collection in ipairs(core.collections()) do
      local data = core.contract(collection)
      for _, field in ipairs(data.fields) do
        local kind = data.operations[1].body
        if data.operations[1].name == "create" then
          process_of.command.run(its, { kind = kind, path = "/" .. field.name })
        end
      end
    end
    assert.is_true(#written > 100)
  end)

  it("names what was probably meant", function()
    for words, said in pairs {
      ["schema persno"] = "did you mean persona?", ["schema persona /layers/lm"] = "did you mean llm?",
      ["schema persona /layers/llm/model/x"] = "persona has no field /layers/llm/model/x",
    } do
      local status, output = cli.run(nil, words)
      assert.equal(1, status)
      assert.matches(said, output, 1, true)
    end
  end)
end)

describe("tavus-lua doctor", function()
  local server

  setup(function() server = assert(sandbox.start { port = 0, key = require("spec.support.clients").KEY }) end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  it("finds nothing where all is well", function()
    local output = cli.must(server, "doctor")
    assert.is_nil(output:find "bad ")
    assert.matches("libcurl %d+%.%d+", output)
    assert.matches("key +is accepted", output)
    for line in cli.must(server, "doctor --json"):gmatch "[^\n]+" do assert.equal("good", core.decode(line).verdict) end
    assert.equal(2, #server:requests())
  end)

  it("says what is wrong and what to do", function()
    for _, case in ipairs {
      { 6, { TAVUS_API_KEY = false }, "TAVUS_API_KEY is not set", "export TAVUS_API_KEY=" },
      { 6, { TAVUS_API_KEY = "wrong" }, "bad       key", "check the API key" },
      { 6, { TAVUS_API_KEY = '"quoted"' }, "has blanks or quotes", "set it to the key alone" },
      { 1, { TAVUS_BASE_URL = "https://no-such-host.invalid" }, "bad       dns", "check the name in TAVUS_BASE_URL" },
      { 1, { TAVUS_BASE_URL = "http://127.0.0.1:1" }, "bad       connection", "check the network" },
      { 1, { TAVUS_BASE_URL = "ftp://x" }, "bad       settings", "TAVUS_BASE_URL" },
      { 1, { TAVUS_BASE_URL = "https://127.0.0.1:1", CURL_CA_BUNDLE = "/nowhere" }, "bad       certificates", "set it to certificates" },
    } do
      local status, output = cli.run(server, "doctor", case[2])
      assert.equal(case[1], status, output)
      assert.matches(case[3], output, 1, true)
      assert.matches(case[4], output, 1, true)
    end
  end)

  it("compares the clock with the server's", function()
    server:next { status = 200, body = { data = core.array(), total_count = 0 }, headers = { Date = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 4000) } }
    local status, output = cli.run(server, "doctor")
    assert.equal(1, status)
    assert.matches("is %d+ s behind", output)
    server:next { status = 200, body = { data = core.array(), total_count = 0 }, headers = { Date = os.date "!%a, %d %b %Y %H:%M:%S GMT" } }
    assert.matches("agrees with the server's", cli.must(server, "doctor"), 1, true)
  end)
end)

describe("tavus-lua sandbox", function()
  it("is the program tavus-sandbox", function()
    assert.matches("^tavus%-sandbox ", cli.must(nil, "sandbox --version"))
    -- a shell without job control starts what is beside it with SIGINT ignored
    local script = ("set -m 2>/dev/null; %s & echo $!; wait $!; echo $?"):format(cli.command "sandbox --port 0 -q")
    local running = assert(io.popen("sh -c " .. process.quote(script)))
    local pid, url = running:read "*l", running:read "*l"
    assert.is_number(asking.ask(url, "GET", "/v2/personas", nil, { query = { limit = 1 } }).json.total_count)
    os.execute("kill -INT " .. pid)
    assert.equal("0\n", running:read "*a")
    running:close()
  end)
end)
