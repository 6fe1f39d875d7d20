-- tavus.setup.pull: personas at Tavus become the files of a setup that plans to no change.
local folder = require "tavus.setup.folder"
local pull = require "tavus.setup.pull"
local sandbox_module = require "tavus.sandbox"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"
local tavus = require "tavus"

describe("pulled personas", function()
  local sandbox, client

  before_each(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    client = assert(tavus.new { api_key = "a-key", base_url = sandbox.url, log = false })
  end)
  after_each(function()
    client:close()
    sandbox:stop()
    setups.clean()
  end)

  -- A persona with everything, and one that shares a guardrail with it.
  local function fill(secret)
    local calm = assert(client.guardrails:create { guardrail_name = "calm", guardrail_prompt = "Never\nshout." })
    local steps = assert(client.objectives:create { name = "Intake",
      data = { { objective_name = "a", objective_prompt = "b" } } })
    local book = assert(client.documents:create { document_name = "Hand book", document_url = "https://example.com/x" })
    local words = assert(client.pronunciation_dictionaries:create { name = "words",
      rules = { { text = "Tavus", pronunciation = "TAH-vus", type = "alias" } } })
    local look = assert(client.tools:create { name = "look", description = "Look.",
      parameters = { type = "object", properties = { x = { type = "string", description = "y" } } },
      delivery = { app_message = not secret, api = secret and { url = "https://example.com/y",
        auth = { type = "hmac", secret = "a-tool-secret" } } or nil } })
    local one = assert(client.personas:create { persona_name = "Interviewer", system_prompt = ("You ask.\n"):rep(40),
      guardrail_ids = { calm.uuid }, objectives_id = steps.objectives_id, document_ids = { book.document_id },
      layers = { tts = { pronunciation_dictionary_id = words.pronunciation_dictionary_id }, llm = secret and {
        model = "m", base_url = "https://llm.example.com", api_key = "an-llm-secret" } or { model = "tavus-gpt-oss" } } })
    assert(client.personas:attach_tools(one.persona_id, { look.tool_id }))
    assert(client.personas:set_skill(one.persona_id, "internet_search", {}))
    local two = assert(client.personas:create { persona_name = "Greeter", system_prompt = "Hi.",
      guardrail_ids = { calm.uuid } })
    return { one.persona_id, two.persona_id }
  end

  it("are files with what attaches to them, each once, that plan to no change", function()
    local dir, ids = setups.folder {} .. "/made", fill(false)
    local paths = assert(pull.write(client, ids, dir))
    assert.same({ "documents/hand_book.lua", "guardrails/calm.guardrail_prompt.md", "guardrails/calm.lua",
      "objectives/intake.lua", "personas/greeter.lua", "personas/interviewer.lua", "personas/interviewer.md",
      "pronunciation_dictionaries/words.lua", "tools/look.lua" }, paths)
    assert.equal(('return persona "greeter" {\n  persona_name = "Greeter",\n  guardrail_ids = {\n'
      .. '    require "guardrails.calm",\n  },\n  system_prompt = "Hi.",\n}\n'), folder.read(dir .. "/personas/greeter.lua"))
    local loaded = assert(setup.load(dir))
    local plan = assert(loaded:plan(client))
    for _, step in ipairs(plan.steps) do assert.equal("adopt", step.action) end
    assert.equal(#loaded.declarations, #pull.read(client, ids))
    assert.equal("done", assert(loaded:apply(plan)).status)
    assert.is_true(assert(loaded:plan(client)):is_empty())
  end)

  it("hold no secret: a variable stands for each", function()
    local dir = setups.folder {}
    local paths = assert(pull.write(client, fill(true), dir))
    for _, path in ipairs(paths) do
      local text = folder.read(dir .. "/" .. path)
      assert.is_nil(text:find "a%-tool%-secret" or text:find "an%-llm%-secret" or text:find "%*%*%*", path)
    end
    assert.matches('^return objectives "intake" {.*name = "Intake"', folder.read(dir .. "/objectives/intake.lua"))
    local names = {}
    assert(setup.load(dir, { getenv = function(name)
      names[#names + 1] = name
      return "text"
    end }))
    table.sort(names)
    assert.same({ "INTERVIEWER_LAYERS_LLM_API_KEY", "LOOK_DELIVERY_API_AUTH_SECRET" }, names)
  end)

  it("end in the error of the call that failed, and write nothing", function()
    local dir = setups.folder {} .. "/made"
    local paths, err = pull.write(client, { "p0000000000a" }, dir)
    assert.is_nil(paths)
    assert.equal("not_found", err.type)
    assert.is_nil(folder.files(dir))
  end)
end)
