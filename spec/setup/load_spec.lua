-- tavus.setup.load: a folder of Lua files becomes declarations, or one error with all faults.
local readme = require "spec.support.readme"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"
local values = require "tavus.setup.values"

local INTERVIEWER = [[
local lookup = tool "order_lookup" { "Look up an order", order = tavus.string "Its number" }
  :registered { delivery = { app_message = false,
    api = { url = env "ORDERS_URL", auth = { type = "hmac", secret = secret "ORDERS_SECRET" } } } }
local calm    = guardrail "stay_calm" { guardrail_prompt = "Never raise your voice." }
local intake  = objectives "intake" { { objective_name = "ask", objective_prompt = "Ask for the name." } }
local handbook = document "handbook" { document_url = "https://example.com/handbook.pdf", tags = { "hr" } }

persona "interviewer" {
  persona_name  = "Interviewer",
  system_prompt = file "interviewer.md",
  default_replica_id = env "INTERVIEWER_REPLICA",
  guardrail_ids = { calm }, objectives_id = intake, document_ids = { handbook },
  tools = { lookup }, skills = { internet_search = {} }, unmanaged = { "/layers/tts" },
  layers = {
    llm = { model = "gpt-4o", base_url = env "LLM_URL", api_key = secret "LLM_KEY" },
    conversational_flow = { turn_detection_model = "sparrow-1", turn_taking_patience = "medium" },
  },
}
]]

local VARIABLES = {
  ORDERS_URL = "https://orders.example.com/{order}", ORDERS_SECRET = "orders-secret-text",
  INTERVIEWER_REPLICA = "r90bbd427f71", LLM_URL = "https://llm.example.com/v1", LLM_KEY = "llm-key-text",
}

local function load(files, env, variables)
  return setup.load(setups.folder(files), { env = env, getenv = function(name) return (variables or {})[name] end })
end

-- The faults of one file as lines, without their hints.
local function faults_of(text, files)
  files = files or {}
  files["a.lua"] = text
  local loaded, err = load(files)
  assert.is_nil(loaded)
  assert.equal("validation", err.type, tostring(err))
  local lines = {}
  for i, issue in ipairs(err.issues) do lines[i] = tostring(issue) end
  return lines, err
end

local function fault_of(text, files)
  local lines = faults_of(text, files)
  assert.equal(1, #lines, table.concat(lines, "\n"))
  return lines[1]
end

describe("a setup", function()
  after_each(setups.clean)

  it("is a folder of files with declarations, which stand for ids", function()
    local loaded, err = load({ ["personas/interviewer.lua"] = INTERVIEWER, ["personas/interviewer.md"] = "Hi.\n" }, nil,
      VARIABLES)
    assert.is_nil(err)
    local names, by = {}, {}
    for i, it in ipairs(loaded.declarations) do
      names[i] = ("%s %s %s:%d"):format(it.kind, it.name, it.file, it.line)
      by[it.name] = it
      assert.is_true(values.is_reference(it))
      assert.is_nil(it.spec)
    end
    assert.same({
      "tool order_lookup personas/interviewer.lua:1", "guardrail stay_calm personas/interviewer.lua:4",
      "objectives intake personas/interviewer.lua:5", "document handbook personas/interviewer.lua:6",
      "persona interviewer personas/interviewer.lua:8",
    }, names)
    local persona = by.interviewer
    assert.equal(by.stay_calm, persona.body.guardrail_ids[1])
    assert.equal(by.intake, persona.body.objectives_id)
    assert.equal(by.handbook, persona.body.document_ids[1])
    assert.equal(by.order_lookup, persona.tools[1])
    assert.same({ internet_search = {} }, persona.skills)
    assert.same({ "/layers/tts" }, persona.unmanaged)
    assert.equal("Hi.", persona.body.system_prompt)
    assert.equal("r90bbd427f71", persona.body.default_replica_id)
    assert.equal("llm-key-text", values.reveal(persona.body.layers.llm.api_key))
    for _, member in ipairs { "tools", "skills", "unmanaged" } do assert.is_nil(persona.body[member]) end
    assert.equal("stay_calm", by.stay_calm.body.guardrail_name)
    assert.equal("handbook", by.handbook.body.document_name)
    assert.equal("intake", by.intake.body.name)
    assert.equal("ask", by.intake.body.data[1].objective_name)
    assert.equal("order_lookup", by.order_lookup.body.name)
    assert.same({ "order" }, by.order_lookup.body.parameters.required)
    assert.same({}, loaded.warnings)
  end)

  it("is what the documents show", function()
    local count = 0
    for _, path in ipairs(readme.files) do
      local files = { ["personas/interviewer.md"] = "You interview.\n" }
      for _, block in ipairs(readme.blocks("lua", path)) do
        local file = readme.setup_file(block)
        if file then files[file], count = block.text, count + 1 end
      end
      if files["personas/interviewer.lua"] then
        for _, env in ipairs { "staging", false } do
          local loaded = assert(load(files, env or nil, VARIABLES))
          assert.same({}, loaded.warnings, path)
        end
      end
    end
    assert.is_true(count > 0)
  end)

  it("reads the files sorted by name, also in folders, and not what begins with . or _, nor packages", function()
    local one = 'persona "%s" { system_prompt = "Hi." }'
    local loaded = assert(load { ["b.lua"] = one:format "b", ["a/z.lua"] = one:format "z", ["a.lua"] = one:format "a",
      [".x.lua"] = one:format "x", ["_y.lua"] = one:format "y", ["_old/w.lua"] = one:format "w",
      ["lua_modules/share/m.lua"] = "module 'm'", ["notes.md"] = "no Lua" })
    local names = {}
    for i, it in ipairs(loaded.declarations) do names[i] = it.name end
    assert.same({ "a", "z", "b" }, names)
  end)

  it("takes a text before the first line of Lua, and a byte order mark", function()
    assert(load { ["a.lua"] = '#!/usr/bin/env tavus-lua\npersona "a" { system_prompt = "Hi." }',
      ["b.lua"] = '\239\187\191persona "b" { system_prompt = "Hi." }' })
  end)

  it("names the folder that cannot be read, or has no files", function()
    for _, case in ipairs { { "/nonexistent/folder", "cannot read" }, { setups.folder {}, "has no Lua files" } } do
      local loaded, err = setup.load(case[1])
      assert.is_nil(loaded)
      assert.equal("config", err.type)
      assert.matches(case[2], err.message, 1, true)
      assert.matches(case[1], err.message, 1, true)
    end
    assert.has_error(function() setup.load() end, "setup.load takes a folder, not nil")
    assert.has_error(function() setup.load(".", { enw = "x" }) end,
      'setup.load: unknown option "enw" (did you mean env?)')
  end)

  it("reports all faults of all files at once, each with its file, line and place", function()
    local loaded, err = load {
      ["a.lua"] = '\npersona "a" { system_prompt = 3, layers = { stt = { hotwords = {} } } }\nlocal x = env "A_URL"\nfoo()',
      ["b.lua"] = 'persona "b" {',
      ["c.lua"] = '\n\npersona "c" { system_prompt = file "c.md", objectives_id = guardrail "g" { guardrail_prompt = "x" } }',
    }
    assert.is_nil(loaded)
    local lines = {}
    for i, issue in ipairs(err.issues) do
      lines[i] = ("%s:%s %s"):format(issue.file, issue.line, issue.path)
    end
    assert.same({ "a.lua:2 /layers/stt/hotwords", "a.lua:2 /system_prompt", "a.lua:3 ", "a.lua:4 ", "b.lua:1 ",
      "c.lua:3 ", "c.lua:3 /objectives_id" }, lines)
    assert.matches("a.lua:2: /system_prompt: expected string, got number", tostring(err), 1, true)
  end)

  it("keeps what the check doubts as warnings", function()
    local loaded = assert(load { ["a.lua"] = 'persona "a" { system_prompt = "Hi.", colour = "red" }' })
    assert.equal(1, #loaded.warnings)
    assert.matches("^a.lua:1: /colour: warning: unknown field", tostring(loaded.warnings[1]))
  end)

  describe("refuses", function()
    local CASES = {
      { "a kind of declaration that stands for no such id",
        'persona "a" { system_prompt = "x", objectives_id = guardrail "g" { guardrail_prompt = "x" } }',
        "/objectives_id: expected an id of objectives, got the guardrail g (a persona takes it in guardrail_ids" },
      { "a declaration where a text belongs",
        'persona "a" { system_prompt = guardrail "g" { guardrail_prompt = "x" } }',
        "/system_prompt: expected a value that is not an id, got the guardrail g" },
      { "a set of guardrails among single ones",
        [[local g = guardrail "g" { data = { { guardrail_name = "n", guardrail_prompt = "x" } } }
        persona "a" { system_prompt = "x", guardrail_ids = { g } }]],
        "/guardrail_ids/0: expected an id of a guardrail, got the guardrail set g (a persona takes it in guardrails_id" },
      { "something else than a tool among tools",
        'persona "a" { system_prompt = "x", tools = { guardrail "g" { guardrail_prompt = "x" } } }',
        "/tools/0: expected a tool, got the guardrail g (a persona takes it in guardrail_ids" },
      { "an inline tool among registered ones", 'persona "a" { system_prompt = "x", tools = { tool "t" { "Do." } } }',
        "/tools/0: expected a registered tool, or its id (write tool" },
      { "a list of skills", 'persona "a" { system_prompt = "x", skills = { "internet_search" } }',
        "/skills: expected a table from skills to their configs (write skills = { internet_search = {} })" },
      { "a path that is no pointer", 'persona "a" { system_prompt = "x", unmanaged = { "layers.tts" } }',
        "/unmanaged/0: expected a JSON Pointer, which begins with /" },
      { "two declarations of one name", [[persona "a" { system_prompt = "x", persona_name = "A" }
        persona "a" { system_prompt = "y" }]], 'a.lua:2: the persona "a" is declared already (a.lua:1)' },
      { "two of one name at Tavus", [[persona "a" { system_prompt = "x", persona_name = "Ann" }
        persona "b" { system_prompt = "y", persona_name = "Ann" }]], 'another persona is called "Ann" at Tavus (a.lua:1)' },
      { "a chain of objectives that does not end", [[objectives "o" {
        { objective_name = "a", objective_prompt = "x", next_required_objective = "b" },
        { objective_name = "b", objective_prompt = "x", next_required_objective = "a" } }]], "/data" },
      { "a table that holds itself", 'local t = {} t.t = t persona "a" { system_prompt = "x", layers = t }',
        'persona "a" is nested deeper than 128 levels, or holds itself' },
      { "a declaration without its table", 'local p = persona "a"', 'a.lua:1: persona "a" has no table after it' },
      { "a declaration without a name", 'persona { system_prompt = "x" }', "persona takes a name first, not a table" },
      { "a table beside the name", 'persona("a", { system_prompt = "x" })',
        'persona takes the name alone, and the rest after it (write persona "a" { ... })' },
      { "a name that cannot be one", 'persona "Ann Lee" { system_prompt = "x" }', 'persona: "Ann Lee" is not a name' },
      { "a text in place of the table", 'persona "a" "You are Ann."', 'persona "a" takes a table, not string' },
      { "what the builder of a tool refuses", 'tool "t" { name = 3 }', "a.lua:1: tool \"t\": the description comes first" },
      { "what is shown of a secret in a text",
        'persona "a" { system_prompt = "key: " .. tostring(secret "S") }', "/system_prompt: what is shown of a secret" },
      { "a skill's config that does not fit", 'persona "a" { system_prompt = "x", skills = { internet_search = 3 } }',
        "/skills/internet_search: expected the config of a skill, a table" },
    }
    for _, case in ipairs(CASES) do
      it(case[1], function() assert.matches(case[3], fault_of(case[2]), 1, true) end)
    end
  end)

  it("has a tool as the API has it, with env and secrets in it", function()
    local loaded = assert(load({ ["a.lua"] = [[
      local t = tool "t":registered { description = "Do.", parameters = { type = "object", properties = {} },
        delivery = { app_message = false, api = { url = "https://example.com/x",
          auth = { type = "bearer", token = secret "TOKEN" } } } }
      persona "a" { system_prompt = "x", tools = { t, "t1234567890" } }]] }, nil, { TOKEN = "s" }))
    assert.equal("t", loaded.declarations[1].body.name)
    assert.is_true(values.is_secret(loaded.declarations[1].body.delivery.api.auth.token))
    assert.same({ loaded.declarations[1], "t1234567890" }, loaded.declarations[2].tools)
  end)

  it("keeps inline tools where the API has them", function()
    local loaded = assert(load { ["a.lua"] = [[
      persona "a" { system_prompt = "x", layers = { llm = { model = "tavus-gpt-oss", tools = { tool "t" { "Do." } } } } }]] })
    local body = loaded.declarations[1].body
    assert.equal("t", body.layers.llm.tools[1]["function"].name)
    assert.is_true((require("tavus").validate("persona", body)))
  end)

  it("does not see changes of a table after it was declared, and shares none between declarations", function()
    local loaded = assert(load { ["a.lua"] = [[
      local layers = { stt = { stt_engine = "tavus-auto" } }
      local a = persona "a" { system_prompt = "x", layers = layers }
      layers.stt.stt_engine = 3
      layers.stt = { stt_engine = "tavus-parakeet" }
      persona "b" { system_prompt = "x", layers = layers }]] })
    local a, b = loaded.declarations[1].body, loaded.declarations[2].body
    assert.equal("tavus-auto", a.layers.stt.stt_engine)
    assert.equal("tavus-parakeet", b.layers.stt.stt_engine)
  end)

  it("makes a folder of two hundred personas in a loop", function()
    local loaded = assert(load { ["a.lua"] = [[
      local shared = {}
      for i = 1, 100 do shared[i] = guardrail("g" .. i) { guardrail_prompt = "No " .. i } end
      for i = 1, 200 do
        persona(("p%03d"):format(i)) { system_prompt = ("You are %d. "):format(i):rep(100), guardrail_ids = { shared[i % 100 + 1] } }
      end]] })
    assert.equal(300, #loaded.declarations)
    assert.equal(loaded.declarations[2], loaded.declarations[101].body.guardrail_ids[1])
  end)
end)
