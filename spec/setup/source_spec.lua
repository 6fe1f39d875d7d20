-- tavus.setup.source: declarations as Lua files that load as the same ones.
local core = require "tavus.core"
local folder = require "tavus.setup.folder"
local kinds = require "tavus.setup.kinds"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"
local source = require "tavus.setup.source"
local values = require "tavus.setup.values"

local function declare(kind, name, body, more)
  local fields = { kind = kind, name = name, body = body, file = "?", line = 1 }
  for key, value in pairs(more or {}) do fields[key] = value end
  return values.declaration(fields)
end

-- A value in which names stand for declarations and secrets.
local function plain(value)
  return values.copy(value, function(member)
    if values.is_reference(member) then return ("<%s %s>"):format(member.kind, member.name) end
    return values.is_secret(member) and values.shown(member) or member
  end)
end

-- Writes, loads and compares. Returns the folder and the paths.
local function round_trip(declarations)
  local dir = setups.folder {} .. "/made"
  local paths = assert(source.write(dir, declarations))
  local loaded = assert(setup.load(dir, { getenv = function() return "a-secret-text" end }))
  local by = {}
  for _, it in ipairs(loaded.declarations) do by[it.kind .. " " .. it.name] = it end
  for _, it in ipairs(declarations) do
    local back = by[it.kind .. " " .. it.name]
    for _, member in ipairs { "body", "tools", "skills", "unmanaged" } do
      local wanted, found = plain(it[member]), plain(back[member])
      if member == "body" then
        local field = it.kind == "guardrail" and it.body.data and "name" or kinds[it.kind].name_field
        wanted[field] = wanted[field] or it.name
      end
      assert.is_true(core.equal(wanted, found), ("%s of %s: %s ~= %s"):format(member, it.name,
        tostring(core.encode(wanted)), tostring(core.encode(found))))
    end
  end
  assert.equal(#declarations, #loaded.declarations)
  return dir, paths
end

describe("written declarations", function()
  after_each(setups.clean)

  it("load as the same ones, each with a file of its own", function()
    local calm = declare("guardrail", "stay_calm", { guardrail_name = "stay_calm", guardrail_prompt = "Never shout." })
    local set = declare("guardrail", "old-set", { name = "Old set", data = { { guardrail_name = "n", guardrail_prompt = "p" } } })
    local intake = declare("objectives", "intake", { name = "intake", data = core.array {
      { objective_name = "ask", objective_prompt = "Ask.\nTwice." } } })
    local other = declare("objectives", "other", { name = "Other", data = { { objective_name = "a", objective_prompt = "b" } } })
    local handbook = declare("document", "handbook", { document_name = "Hand book", document_url = "https://example.com/x" })
    local words = declare("dictionary", "words", { name = "words", rules = {
      { text = "Tavus", pronunciation = "TAH-vus", type = "alias" } } })
    local lookup = declare("tool", "order_lookup", { name = "order_lookup", description = "Look up.",
      parameters = { type = "object", properties = { order = { type = "string", description = "x" } }, required = { "order" } },
      delivery = { app_message = false, api = { url = "https://example.com/y", auth = { type = "hmac",
        secret = values.secret("ORDERS_SECRET", "t") } } } })
    local persona = declare("persona", "interviewer", {
      persona_name = "Inter \"viewer\" \195\169", system_prompt = ("You interview.\n"):rep(30), guardrail_ids = { calm },
      guardrails_id = set, objectives_id = intake, document_ids = { handbook }, document_tags = core.array {},
      layers = { tts = { pronunciation_dictionary_id = words }, llm = { model = "m", base_url = "https://l.example.com",
        api_key = values.secret("LLM_KEY", "t"), speculative_inference = true } },
    }, { tools = { lookup, "t0123456789ab" }, skills = { internet_search = {} }, unmanaged = { "/layers/stt" } })
    local dir, paths = round_trip { persona, calm, set, intake, other, handbook, words, lookup }
    assert.same({ "documents/handbook.lua", "guardrails/old-set.lua", "guardrails/stay_calm.lua",
      "objectives/intake.0.objective_prompt.md", "objectives/intake.lua", "objectives/other.lua",
      "personas/interviewer.lua", "personas/interviewer.md", "pronunciation_dictionaries/words.lua",
      "tools/order_lookup.lua" }, paths)
    assert.equal(([[
return persona "interviewer" {
  persona_name = "Inter \"viewer\" é",
  document_ids = {
    require "documents.handbook",
  },
  document_tags = tavus.array {},
  guardrail_ids = {
    require "guardrails.stay_calm",
  },
  guardrails_id = require "guardrails.old-set",
  objectives_id = require "objectives.intake",
  skills = {
    internet_search = {},
  },
  system_prompt = file "interviewer.md",
  tools = {
    require "tools.order_lookup",
    "t0123456789ab",
  },
  unmanaged = {
    "/layers/stt",
  },
  layers = {
    llm = {
      api_key = secret "LLM_KEY",
      base_url = "https://l.example.com",
      model = "m",
      speculative_inference = true,
    },
    tts = {
      pronunciation_dictionary_id = require "pronunciation_dictionaries.words",
    },
  },
}
]]), folder.read(dir .. "/personas/interviewer.lua"))
  end)

  it("keep texts of any bytes, names of any kind, numbers and empty tables", function()
    local texts = { "", "\n", "a\n", "a\n\n", "\r\n", "a\rb", "\0\1\127", '\\"\'[[]]--%s', "]]", "\195\169\226\130\172",
      ("x"):rep(1000), ("x"):rep(1000) .. "\n", "#!x", "\239\187\191bom\n", "\\n", "$(rm -rf)", "return", "\t" }
    local extra = { list = texts, numbers = { 0, -1, 1.5, 1e300, -2.5e-7, 2 ^ 53, 123456789012 }, yes = true, no = false,
      none = core.null, array = core.array {}, object = core.object {}, nested = { { { core.array { core.array {} } } } } }
    for i, text in ipairs(texts) do
      extra["key " .. i .. text] = text
      extra[("k%d.%s"):format(i, text:gsub("%W", "_"))] = text .. "\n"
    end
    for word in ("end nil goto global while A _x x1 1x x-y"):gmatch "%S+" do extra[word] = word end
    round_trip { declare("persona", "p", { persona_name = "P", system_prompt = "x\n", context = "a\nb",
      layers = { llm = { model = "tavus-gpt-oss", extra_body = extra } } }) }
  end)

  it("have files of their own though their names differ in a sign or in case alone", function()
    local all = {}
    for _, name in ipairs { "a.b", "a_b", "A_B", "_x", "x_x", "x-y", "9" } do
      all[#all + 1] = declare("guardrail", name, { guardrail_name = "n" .. #all, guardrail_prompt = "x\n" .. name })
    end
    all[#all + 1] = declare("persona", "p", { system_prompt = "x", persona_name = "p", guardrail_ids = { unpack = nil,
      all[1], all[2], all[3], all[4], all[5], all[6], all[7] } })
    local _, paths = round_trip(all)
    assert.equal(2 * 7 + 1, #paths)
  end)

  it("never replace a file that is there with another text, and write nothing then", function()
    local one = declare("guardrail", "a", { guardrail_name = "a", guardrail_prompt = "x" })
    local two = declare("guardrail", "b", { guardrail_name = "b", guardrail_prompt = "x" })
    local dir = setups.folder { ["guardrails/b.lua"] = "-- mine" }
    local paths, err = source.write(dir, { one, two })
    assert.is_nil(paths)
    assert.equal("config", err.type)
    assert.matches("guardrails/b.lua is there already", err.message, 1, true)
    assert.same({ "b.lua" }, core.list_dir(dir .. "/guardrails"))
    assert.equal("-- mine", folder.read(dir .. "/guardrails/b.lua"))
    os.remove(dir .. "/guardrails/b.lua")
    assert.same({ "guardrails/a.lua", "guardrails/b.lua" }, source.write(dir, { one, two }))
    assert.same({ "guardrails/a.lua" }, source.write(dir, { one })) -- the same text is fine
  end)

  it("name the folder that cannot be made", function()
    local paths, err = source.write("/nonexistent/folder", { declare("guardrail", "a", { guardrail_prompt = "x" }) })
    assert.is_nil(paths)
    assert.matches("cannot make the folder '/nonexistent/folder'", err.message, 1, true)
  end)

  it("hold no text of a secret, and no reference to what is not written", function()
    local secret = values.secret("KEY", "a-secret-text")
    local dir = setups.folder {}
    assert(source.write(dir, { declare("persona", "p", { system_prompt = "x", layers = { llm = { api_key = secret } } }) }))
    assert.is_nil(folder.read(dir .. "/personas/p.lua"):find "a-secret-text")
    local left_out = declare("guardrail", "g", { guardrail_prompt = "x" })
    assert.has_error(function()
      source.write(dir, { declare("persona", "q", { system_prompt = "x", guardrail_ids = { left_out } }) })
    end, "source.write: guardrail g (?:1) is not among the declarations")
  end)

  it("are named after what Tavus calls them", function()
    local taken = {}
    local names = {}
    for i, text in ipairs { "Order Lookup!", "order lookup", "Jos\195\169 & Co.", "---", "", "x-1_y", ("long "):rep(40) } do
      names[i] = source.name(text, taken)
      assert.is_true(require("tavus.setup.environment").is_name(names[i]), names[i])
    end
    assert.same({ "order_lookup", "order_lookup_2", "jos_co", "unnamed", "unnamed_2", "x-1_y" },
      { names[1], names[2], names[3], names[4], names[5], names[6] })
  end)
end)
