-- overlay "env" { name = { ... } }: what is different in one environment.
local core = require "tavus.core"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"
local values = require "tavus.setup.values"

local BASE = [[
local calm = guardrail "calm" { guardrail_prompt = "x" }
local loud = guardrail "loud" { guardrail_prompt = "y" }
persona "interviewer" {
  system_prompt = "Hi.", greeting = "Hello.", guardrail_ids = { calm, loud }, document_tags = { "a", "b" },
  skills = { internet_search = {} },
  layers = { llm = { model = "tavus-gpt-oss", speculative_inference = true }, stt = { stt_engine = "tavus-auto" } },
}
]]

local function load(overlay, env, variables)
  return setup.load(setups.folder { ["a.lua"] = BASE, ["z.lua"] = overlay },
    { env = env, getenv = function(name) return (variables or {})[name] end })
end

local function body_of(overlay, env, variables)
  local loaded = assert(load(overlay, env or "staging", variables))
  for _, it in ipairs(loaded.declarations) do
    if it.kind == "persona" then return it.body, it end
  end
end

local function fault_of(overlay)
  local loaded, err = load(overlay, "staging")
  assert.is_nil(loaded)
  assert.equal(1, #err.issues, tostring(err))
  return tostring(err.issues[1])
end

describe("an overlay", function()
  after_each(setups.clean)

  it("merges objects, replaces lists and scalars, and removes with tavus.null", function()
    local body, persona = body_of [[overlay "staging" { interviewer = {
      system_prompt = "Staging.", greeting = tavus.null, guardrail_ids = { "g1" }, document_tags = {},
      skills = { internet_search = tavus.null, canvas = {} }, unmanaged = { "/layers/tts" },
      layers = { llm = { model = "tavus-glm-4.7" }, stt = tavus.null, tts = { tts_engine = "cartesia" } } } }]]
    assert.equal("Staging.", body.system_prompt)
    assert.is_nil(body.greeting)
    assert.same({ "g1" }, body.guardrail_ids)
    assert.is_nil(next(body.document_tags))
    assert.same({ canvas = {} }, persona.skills)
    assert.same({ "/layers/tts" }, persona.unmanaged)
    assert.same({ model = "tavus-glm-4.7", speculative_inference = true }, body.layers.llm)
    assert.is_nil(body.layers.stt)
    assert.equal("cartesia", body.layers.tts.tts_engine)
  end)

  it("is for one environment, and none is used without a name", function()
    local overlay = 'overlay "staging" { interviewer = { system_prompt = "S" } } '
      .. 'overlay "production" { interviewer = { system_prompt = "P" } }'
    assert.equal("S", body_of(overlay, "staging").system_prompt)
    assert.equal("P", body_of(overlay, "production").system_prompt)
    local loaded = assert(load(overlay, nil))
    assert.equal("Hi.", loaded.declarations[3].body.system_prompt)
    assert.is_nil(loaded.env)
    assert.equal("Hi.", body_of(overlay, "elsewhere").system_prompt)
  end)

  it("of several files comes in their order", function()
    local loaded = assert(setup.load(setups.folder {
      ["0.lua"] = 'overlay "e" { interviewer = { greeting = "0", system_prompt = "0" } }', ["a.lua"] = BASE,
      ["b.lua"] = 'overlay "e" { interviewer = { greeting = "b" } }' }, { env = "e" }))
    local body = loaded.declarations[3].body
    assert.same({ "b", "0" }, { body.greeting, body.system_prompt })
  end)

  it("has references and secrets as values, and changes other kinds, too", function()
    local loaded = assert(load([[overlay "staging" {
      interviewer = { guardrail_ids = { guardrail "quiet" { guardrail_prompt = "q" } },
        layers = { llm = { base_url = "https://llm.example.com", api_key = secret "KEY" } } },
      calm = { guardrail_prompt = "calmer" } }]], "staging", { KEY = "k" }))
    local persona = loaded.declarations[3]
    assert.equal("quiet", persona.body.guardrail_ids[1].name)
    assert.equal("k", values.reveal(persona.body.layers.llm.api_key))
    assert.equal("calmer", loaded.declarations[1].body.guardrail_prompt)
  end)

  it("of another environment may lack its variables and files", function()
    local overlay = [[overlay "production" { interviewer = { greeting = env "P_GREETING", system_prompt = file "p.md",
      layers = { llm = { base_url = env "P_URL", api_key = secret "P_KEY" } } } } overlay "staging" {}]]
    assert.equal("Hi.", body_of(overlay, "staging").system_prompt)
    local loaded, err = load(overlay, "production")
    assert.is_nil(loaded)
    assert.equal(4, #err.issues, tostring(err))
    loaded, err = load('overlay "production" { interviewer = {} } local x = env "X"', "staging")
    assert.is_nil(loaded)
    assert.equal(1, #err.issues, tostring(err))
  end)

  it("leaves the tables that it was written with", function()
    local loaded = assert(setup.load(setups.folder { ["a.lua"] = [[
      local shared = { llm = { model = "tavus-glm-4.7" } }
      persona "a" { system_prompt = "x" } persona "b" { system_prompt = "y" }
      overlay "e" { a = { layers = shared }, b = { layers = shared } }
      overlay "e" { a = { layers = { llm = { model = "tavus-gpt-oss" } } } }]] }, { env = "e" }))
    assert.equal("tavus-gpt-oss", loaded.declarations[1].body.layers.llm.model)
    assert.equal("tavus-glm-4.7", loaded.declarations[2].body.layers.llm.model)
  end)

  it("names what it changes, by its kind where two have the name", function()
    local two = 'document "interviewer" { document_url = "https://example.com/x" } overlay "staging" { %s = { %s } }'
    assert.equal('z.lua:1: the overlay "staging" changes "interviewer", and several kinds have that name '
      .. '(name the kind: ["persona interviewer"] = { ... })', fault_of(two:format("interviewer", "")))
    assert.equal("P", body_of(two:format('["persona interviewer"]', 'system_prompt = "P"')).system_prompt)
  end)

  it("with a fault names its file and line", function()
    for text, said in pairs {
      ['\noverlay "staging" { interviever = {} }'] =
        'z.lua:2: the overlay "staging" changes "interviever", and nothing has that name (did you mean "interviewer"?)',
      ['\noverlay "staging" { xyz = {} }'] = 'z.lua:2: the overlay "staging" changes "xyz", and nothing has that name'
        .. ' (write the name of a declaration, as in persona "name" { ... })',
      ['overlay "staging" { interviewer = "x" }'] = "z.lua:1: the change of interviewer must be a table of members",
      ['overlay "staging" { interviewer = tavus.null }'] = "z.lua:1: the change of interviewer must be a table of members",
      ['overlay "staging" { { interviewer = {} } }'] = "z.lua:1: an overlay is a table from names to changes",
      ['overlay "staging"'] = 'z.lua:1: overlay "staging" has no table after it (write overlay "staging" { ... })',
      ["overlay {}"] = "z.lua:1: overlay takes a name first, not a table",
      ['overlay "staging" (3)'] = 'z.lua:1: overlay "staging" takes a table, not number',
      ['overlay "staging" { interviewer = { system_prompt = 3 } }'] = "a.lua:3: /system_prompt: expected string, got number",
    } do
      assert.matches(said, fault_of(text), 1, true)
    end
  end)

  it("is missing for an environment whose name resembles one that has it", function()
    local overlay = 'overlay "staging" { interviewer = {} }'
    local loaded, err = load(overlay, "stagin")
    assert.is_nil(loaded)
    assert.equal('config: no overlay is for the environment "stagin"\n  hint: did you mean "staging"?', tostring(err))
    for _, wrong in ipairs { "", "a b", "../x", ("x"):rep(65) } do
      loaded, err = load(overlay, wrong)
      assert.is_nil(loaded)
      assert.equal("config", err.type)
    end
  end)

  it("replaces a list by an empty one and an empty table by anything", function()
    local body = body_of 'overlay "staging" { interviewer = { document_tags = tavus.array {}, layers = { llm = {} } } }'
    assert.equal("[]", core.encode(body.document_tags))
    assert.equal("tavus-gpt-oss", body.layers.llm.model)
  end)
end)
