-- tavus-lua validate, plan, apply, drift, rollback, prune, destroy.
local cli = require "spec.support.cli"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local folder = require "tavus.setup.folder"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local setups = require "spec.support.setups"
local tavus = require "tavus"

local LONG = "You greet the guests of the hotel.\n%s\nThen you ask for the number of their booking, and wait."

local FILES = {
  ["shared.lua"] = [[
    return {
      lookup = tool "order_lookup" { "Look up an order", order = tavus.string "Its number" }:registered {
        delivery = { app_message = false, api = { url = env "ORDERS_URL",
          auth = { type = "hmac", secret = secret "ORDERS_SECRET" } } } },
    }
  ]],
  ["interviewer.lua"] = [[
    persona "interviewer" { persona_name = "Interviewer", default_replica_id = "r79e1c033f",
      system_prompt = "You interview.",
      tools = { require("shared").lookup },
      layers = { llm = { model = "gpt-4o", base_url = "https://llm.example.com/v1", api_key = secret "LLM_KEY" } },
    }
  ]],
  ["greeter.lua"] = [[persona "greeter" { persona_name = "Greeter", default_replica_id = "r79e1c033f",
    system_prompt = file "greeter.md" }]],
  ["greeter.md"] = LONG:format "You are short.",
  ["staging.lua"] = [[overlay "staging" { greeter = { persona_name = "Greeter (staging)" } }]],
}

local SECRETS = { "a-secret-of-orders", "a-secret-of-the-llm" }
local VARIABLES = { ORDERS_URL = "https://shop.example.com/orders", ORDERS_SECRET = SECRETS[1], LLM_KEY = SECRETS[2] }

describe("the commands of setups", function()
  local server, client, dir

  setup(function()
    server = assert(sandbox.start { port = 0 })
    client = assert(tavus.new { api_key = clients.KEY, base_url = server.url, log = false })
  end)
  teardown(function()
    client:close()
    server:stop()
  end)
  before_each(function()
    server:reset()
    dir = setups.folder(FILES)
  end)
  after_each(setups.clean)

  local function run(arguments, more)
    for name, value in pairs(VARIABLES) do
      more = more or {}
      if more[name] == nil then more[name] = value end
    end
    local status, output = cli.run(server, (arguments:gsub("DIR", dir)), more)
    for _, secret in ipairs(SECRETS) do assert.is_nil(output:find(secret, 1, true), output) end
    assert.is_nil(output:find("sealed:", 1, true), output)
    return status, output
  end

  local function expect(status, arguments, more)
    local got, output = run(arguments, more)
    assert(got == status, ("%s: %d\n%s"):format(arguments, got, output))
    return output
  end

  local function apply(arguments) return expect(0, "apply DIR --yes --no-preflight " .. (arguments or "")) end

  local function edit(file, from, to)
    local text = FILES[file]
    local first, last = text:find(from, 1, true)
    setups.write(dir, { [file] = text:sub(1, first - 1) .. to .. text:sub(last + 1) })
  end

  local function id_of(name) return assert(client.personas:find(name)).persona_id end

  it("check the files without a key, and end with 3 for faults", function()
    local none = { TAVUS_API_KEY = false, TAVUS_BASE_URL = false }
    assert.equal("3 declarations, and nothing is wrong with them\n", expect(0, "validate DIR", none))
    assert.same({ declarations = 3, warnings = 0 }, core.decode(expect(0, "validate DIR --json", none)))
    edit("greeter.lua", '"Greeter"', "7")
    assert.matches("greeter.lua:1: /persona_name: ", expect(3, "validate DIR", none), 1, true)
    for _, command in ipairs { "plan", "apply", "drift", "rollback", "prune", "destroy" } do
      assert.matches("greeter.lua:1", expect(3, command .. " DIR"), 1, true)
    end
    assert.matches("ORDERS_URL", expect(3, "validate DIR", { ORDERS_URL = false }), 1, true)
    assert.matches("/nowhere", expect(1, "validate /nowhere"), 1, true)
  end)

  it("plan with 2 for changes and 0 for none, and apply what was planned", function()
    assert.equal([[
+ greeter            create
+ tool order_lookup  create
+ interviewer        create
    attach  tool order_lookup
Plan: 3 to create, 0 to change, 0 to delete, 0 drifted.
]], expect(2, "plan DIR"))
    local output = apply()
    assert.matches("+ created persona greeter (" .. id_of "Greeter" .. ")\n", output, 1, true)
    assert.matches("Apply: 4 done, 0 failed, 0 in conflict.\n", output, 1, true)
    assert.equal("Plan: 0 to create, 0 to change, 0 to delete, 0 drifted.\n", expect(0, "plan DIR"))
    expect(0, "apply DIR")
    expect(2, "plan DIR --env staging")
  end)

  it("show each change as the README does: a secret only by its place, prompts as a diff of lines", function()
    apply()
    edit("greeter.md", "You are short.", "You are friendly.\nYou smile.")
    edit("interviewer.lua", '"gpt-4o"', '"gpt-4.1"')
    setups.write(dir, { ["closer.lua"] = [[persona "closer" { system_prompt = "You say goodbye." }]] })
    assert(client.personas:patch(id_of "Interviewer", tavus.patch():replace("/default_replica_id", "r90bbd427f71")))
    local output = expect(2, "plan DIR")
    local shown = assert(folder.read "README.md"):match "tavus%-lua plan\n(.-)```"
    local function without_ids(text) return (text:gsub("%(p%w%w%w%.%.%.%)", "(p123...)")) end
    assert.equal(without_ids(shown), without_ids(output))
    local changed = expect(2, "plan DIR", { LLM_KEY = "another-secret" })
    assert.matches("/layers/llm/api_key  (secret)\n", changed, 1, true)
    assert.is_nil(changed:find("another-secret", 1, true))
    assert.matches("\27[36m~ greeter", expect(2, "plan DIR --color always"), 1, true)
    assert.is_nil(output:find "\27")
  end)

  it("write one JSON object a line", function()
    local lines = {}
    for line in expect(2, "plan DIR --json"):gmatch "[^\n]+" do lines[#lines + 1] = assert(core.decode(line)) end
    assert.equal("create", lines[1].action)
    assert.same({ create = 3, change = 0, delete = 0, drift = 0 }, lines[#lines].counts)
    lines = {}
    for line in expect(0, "apply DIR --yes --no-preflight --json"):gmatch "[^\n]+" do
      lines[#lines + 1] = assert(core.decode(line))
    end
    assert.same({ status = "done", done = 4, failed = 0, conflicts = 0 }, lines[#lines])
    assert.is_string(lines[#lines - 1].applied.id)
  end)

  it("ask on a terminal, and change nothing where there is none", function()
    for _, command in ipairs { "apply DIR", "apply DIR --json" } do
      assert.matches("no terminal to ask on", expect(1, command .. " < /dev/null"), 1, true)
    end
    assert.is_nil((client.personas:find "Greeter"))
    local words = ("apply %s --no-preflight"):format(dir)
    local status, output = cli.on_terminal(server, words, "n\n", VARIABLES)
    assert.equal(1, status, output)
    assert.matches("Apply this plan? [y/N]", output, 1, true)
    assert.matches("nothing was changed", output, 1, true)
    assert.is_nil((client.personas:find "Greeter"))
    status, output = cli.on_terminal(server, words, "y\n", VARIABLES)
    assert.equal(0, status, output)
    assert.is_truthy(client.personas:find "Greeter")
  end)

  it("apply a saved plan of a folder and an environment, and refuse one that no longer fits", function()
    local file = dir .. "/plan.json"
    expect(2, "plan DIR --env staging -o DIR/plan.json")
    expect(0, "apply DIR/plan.json --no-preflight")
    assert.is_truthy(client.personas:find "Greeter (staging)")
    assert.matches("does not fit any more", expect(4, "apply DIR/plan.json"), 1, true)
    local written = assert(io.open(file, "w"))
    written:write "{}"
    written:close()
    assert.matches("is not a saved plan", expect(1, "apply DIR/plan.json"), 1, true)
    expect(1, "plan DIR -o /nowhere/plan.json")
  end)

  it("show drift with 2, stop with 4, and go on with --resolve", function()
    apply()
    assert.equal("Drift: 0.\n", expect(0, "drift DIR"))
    local id = id_of "Greeter"
    local shown = ("! greeter (%s...)  drift  /greeting  "):format(id:sub(1, 4))
    setups.write(dir, { ["greeter.lua"] = [[persona "greeter" { persona_name = "Greeter", greeting = "Hello.",
      system_prompt = file "greeter.md" }]] })
    apply()
    assert(client.personas:patch(id, tavus.patch():replace("/greeting", "Hi.")))
    assert.equal(shown .. '"Hello." -> "Hi."\nDrift: 1.\n', expect(2, "drift DIR"))
    assert.equal("Hi.", core.decode((expect(2, "drift DIR --json"))).live)
    assert.matches("0 drifted", expect(2, "plan DIR --resolve ours"), 1, true)
    local output = expect(4, "apply DIR --yes")
    assert.matches(shown, output, 1, true)
    assert.matches("--resolve ours", output, 1, true)
    assert.equal("Hi.", assert(client.personas:get(id)).greeting)
    apply "--resolve theirs"
    expect(0, "drift DIR")
    assert(client.personas:patch(id, tavus.patch():replace("/greeting", "Hey.")))
    apply "--resolve ours"
    assert.equal("Hello.", assert(client.personas:get(id)).greeting)
  end)

  it("hide the live text of a secret that drifted", function()
    server:set { mask_secrets = false }
    apply()
    assert(client.personas:patch(id_of "Interviewer", tavus.patch():replace("/layers/llm/api_key", "a-secret-of-others")
      :replace("/layers/llm/base_url", "https://llm.example.com/v1"):replace("/layers/llm/model", "gpt-4o")))
    for _, command in ipairs { "drift DIR", "drift DIR --json", "plan DIR", "plan DIR --json", "plan DIR --resolve ours" } do
      local output = expect(2, command)
      assert.matches("/layers/llm/api_key", output, 1, true)
      assert.is_nil(output:find("a-secret-of-others", 1, true), output)
    end
  end)

  it("bring back how it was, prune and destroy", function()
    apply()
    edit("greeter.md", "You are short.", "You are friendly.")
    apply()
    assert.matches("-You are friendly.\n", expect(1, "rollback DIR < /dev/null"), 1, true)
    expect(0, "rollback DIR --yes --no-preflight")
    assert.equal(FILES["greeter.md"], assert(client.personas:get(id_of "Greeter")).system_prompt)
    setups.write(dir, { ["greeter.lua"] = "", ["staging.lua"] = "" })
    assert.matches("- greeter (", expect(0, "prune DIR --yes"), 1, true)
    assert.is_nil((client.personas:find "Greeter"))
    assert.matches("2 to delete", expect(0, "destroy DIR --yes"), 1, true)
    assert.is_nil((client.personas:find "Interviewer"))
  end)

  it("ask whether a vanished name was renamed", function()
    apply()
    local id = id_of "Greeter"
    setups.write(dir, { ["staging.lua"] = "",
      ["greeter.lua"] = [[persona "greeters" { persona_name = "Greeters", system_prompt = "Hi." }]] })
    assert.matches("--renamed yes", expect(4, "apply DIR --yes"), 1, true)
    apply "--renamed yes"
    assert.equal(id, id_of "Greeters")
  end)

  it("end with 5 when a part failed and with 6 without a key", function()
    edit("interviewer.lua", "https://llm.example.com/v1", clients.dead_url() .. "/v1")
    local output = expect(5, "apply DIR --yes")
    assert.matches("persona interviewer: ", output, 1, true)
    assert.matches("1 failed", output, 1, true)
    assert.is_truthy(client.personas:find "Greeter")
    expect(6, "plan DIR", { TAVUS_API_KEY = false })
  end)

  it("stop with 4 at a draft of the builder, and drop it only when told", function()
    apply()
    server:set { maker_changes = true }
    edit("greeter.md", "short", "friendly")
    local output = expect(4, "apply DIR --yes --no-preflight")
    assert.matches("--discard-drafts", output, 1, true)
    assert.matches("1 in conflict", output, 1, true)
    apply "--discard-drafts"
    expect(0, "plan DIR")
  end)

  it("start a conversation with each changed persona and end it", function()
    apply "--probe"
    local list = assert(client.conversations:list()).data
    assert.equal(2, #list)
    for _, row in ipairs(list) do assert.equal("ended", row.status) end
  end)

  it("check, plan and apply the setup of the examples", function()
    assert.equal(0, (process.run(("cp -R examples/setup/personas %s/hotel"):format(process.quote(dir)))))
    local hotel = { DESK_URL = "https://hotel.example.com/desk", DESK_SECRET = "a-secret-of-the-desk" }
    expect(0, "validate DIR/hotel --env staging", hotel)
    assert.matches("Plan: 7 to create", expect(2, "plan DIR/hotel --env staging", hotel), 1, true)
    expect(0, "apply DIR/hotel --env staging --yes", hotel)
    expect(0, "plan DIR/hotel --env staging", hotel)
  end)
end)
