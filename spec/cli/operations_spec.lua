-- tavus-lua persona, tool, document, ...: the calls of the contract from a shell.
local cli = require "spec.support.cli"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"

describe("a resource's command", function()
  local server

  setup(function() server = assert(sandbox.start { port = 0 }) end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  local function object(arguments, more) return assert(core.decode(cli.must(server, arguments, more))) end

  local function rows(arguments)
    local list = {}
    for line in cli.must(server, arguments):gmatch "[^\n]+" do list[#list + 1] = assert(core.decode(line)) end
    return list
  end

  local function last() local all = server:requests() return all[#all] end

  it("exists for every operation of the contract", function()
    local seen = {}
    for _, resource in ipairs(require("tavus.cli.operations").commands()) do
      for _, command in ipairs(resource.commands) do
        seen[resource.name:match "^%S+" .. " " .. command.name] = true
      end
    end
    for _, words in ipairs { "persona create", "persona publish", "persona attach-tools", "tool list", "document wait",
      "document recrawl", "video rename", "conversation start", "conversation end", "dictionary patch", "objectives get",
      "memory-store pin", "pal check-username", "face list", "guardrail delete" } do
      assert.is_true(seen[words], words)
    end
    local count = 0
    for _, collection in ipairs(core.collections()) do count = count + #core.contract(collection).operations end
    for words in pairs(seen) do count = count - (words:find " wait$" and 0 or 1) end
    assert.equal(0, count)
  end)

  it("takes a body from pairs, a file and standard input", function()
    local made = object [[persona create persona_name=7 'system_prompt=You are "Anna".' layers.llm.model=tavus-gpt-oss 'document_tags=["a"]']]
    assert.same({ persona_name = "7", system_prompt = 'You are "Anna".', layers = { llm = { model = "tavus-gpt-oss" } },
      document_tags = { "a" } }, core.decode(last().body))
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write "You are Bea.\n"
    file:close()
    object("persona create persona_name=Bea system_prompt=@" .. name)
    assert.equal("You are Bea.", core.decode(last().body).system_prompt)
    file = assert(io.open(name, "w"))
    file:write '{"system_prompt": "You are Cleo."}'
    file:close()
    object("persona create " .. name)
    object("persona create - < " .. name)
    os.remove(name)
    assert.equal("You are Cleo.", core.decode(last().body).system_prompt)
    assert.is_string(made.persona_id)
  end)

  it("says what a body is that cannot be read", function()
    for words, said in pairs {
      ["persona create"] = "the body is missing", ["persona create /nowhere.json"] = "cannot read /nowhere.json: No such file",
      ["persona create - < /dev/null"] = "standard input is not JSON", ["persona create - <<< 1"] = "- holds no JSON object",
      ["persona create persona_name=Anna nonsense"] = '"nonsense" is neither a file nor KEY=VALUE',
      ["persona create =x"] = 'cannot read =x', ["persona create system_prompt=@/nowhere.md"] = "cannot read /nowhere.md",
      ["persona create / "] = "cannot read /: Is a directory",
    } do
      local status, output = process.run("bash -c " .. process.quote(cli.command(words)),
        { TAVUS_API_KEY = "key", TAVUS_BASE_URL = server.url })
      assert.is_true(status == 1 or status == 3, words)
      assert.matches(said, output, 1, true)
    end
    assert.equal(0, #server:requests())
  end)

  it("changes members with pairs, in the smallest patch", function()
    local id = object("persona create persona_name=Anna 'system_prompt=You are Anna.'").persona_id
    cli.must(server, ("persona patch %s layers.stt.hotwords=x"):format(id))
    assert.same({ { op = "add", path = "/layers", value = { stt = { hotwords = "x" } } } }, core.decode(last().body))
    cli.must(server, ([[persona patch %s - <<'end'
[{"op": "replace", "path": "/persona_name", "value": "Bea"}]
end]]):format(id))
    assert.equal("Bea", object("persona get " .. id).persona_name)
    assert.matches("done", cli.must(server, "persona delete " .. id), 1, true)
    local status, output = cli.run(server, "persona get " .. id)
    assert.equal(1, status)
    assert.matches("not_found", output, 1, true)
  end)

  it("lists all pages, or as many rows as wanted", function()
    for i = 1, 12 do cli.must(server, ("persona create persona_name=P%d system_prompt=x"):format(i)) end
    assert.equal(12, #rows "persona list --persona-type user")
    assert.equal(5, #rows "persona list --persona-type user --limit 5")
    local status, output = cli.on_terminal(server, "persona list --persona-type user")
    assert.equal(0, status)
    assert.matches("persona_id +persona_name", output)
    for line in output:gmatch "[^\n]+" do assert.is_true(#line:gsub("\27%[%d+m", "") <= 80, line) end
    assert.equal(12, select(2, output:gsub("P%d+ ", "")))
    assert.matches('^{\n  "', select(2, cli.on_terminal(server, "persona get " .. rows("persona list --persona-type user")[1].persona_id)))
  end)

  it("attaches tools by their ids, and writes one text as it is", function()
    local id = object("persona create persona_name=Anna system_prompt=x").persona_id
    local tool = object [[tool create name=order description=x 'parameters={"type":"object","properties":{}}']].tool_id
    assert.equal(tool, object(("persona attach-tools %s %s"):format(id, tool)).tool_id)
    assert.equal(1, #rows("persona tools " .. id))
    cli.must(server, ("persona detach-tool %s %s"):format(id, tool))
    assert.equal(0, #rows("persona tools " .. id))
  end)

  it("waits for documents, with a line for each state", function()
    server:set { document_ms = 200 }
    local id = object("document create document_name=Menu document_url=https://example.com/menu.pdf").document_id
    local output = cli.must(server, ("document wait %s --interval 0.05"):format(id))
    assert.matches("document " .. id .. ": ready", output, 1, true)
    assert.matches('"status":"ready"', output, 1, true)
  end)

  it("starts conversations, prints where to join them, and ends them", function()
    local id = object("persona create persona_name=Anna system_prompt=x default_replica_id=r90bbd427f71").persona_id
    local output = cli.must(server, "conversation start persona_id=" .. id)
    local call = assert(output:match "conversation (c%w+)\n")
    assert.matches("http://[^\n]*/" .. call .. "\n", output)
    assert.equal(call, rows("conversation list --status active")[1].conversation_id)
    assert.matches("done", cli.must(server, "conversation end " .. call), 1, true)
    assert.equal("ended", object("conversation get " .. call).status)
    assert.is_string(object("conversation start --json persona_id=" .. id).conversation_url)
  end)

  it("opens nothing but web addresses", function()
    for _, url in ipairs { "file:///etc/passwd", "https://x/$(touch hacked) y", "--help" } do
      server:next { status = 200, body = { conversation_id = "c1", conversation_url = url } }
      assert.matches("not opened", cli.must(server, "conversation start --open persona_id=p1"), 1, true)
    end
  end)
end)
