-- luacheck: std max+busted
-- What the check says of texts where an id belongs, and what the client's methods say of their ids.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, layers, persona, codes = checking.look, checking.layers, checking.persona, checking.codes

local function call(name, id) return { persona_id = "p5317866", [name] = id } end

-- Every field that holds ids: a body with one, and the id's path.
local fields = {
  { "conversation", function(id) return { persona_id = id } end, "/persona_id" },
  { "conversation", function(id) return { pal_id = id } end, "/pal_id" },
  { "conversation", function(id) return call("replica_id", id) end, "/replica_id" },
  { "conversation", function(id) return { pal_id = "p5317866", face_id = id } end, "/face_id" },
  { "conversation", function(id) return call("document_ids", { "d1", id }) end, "/document_ids/1" },
  { "persona", function(id) return persona { default_replica_id = id } end, "/default_replica_id" },
  { "persona", function(id) return persona { document_ids = { id } } end, "/document_ids/0" },
  { "persona", function(id) return persona { guardrail_ids = { id } } end, "/guardrail_ids/0" },
  { "persona", function(id) return persona { guardrails_id = id } end, "/guardrails_id" },
  { "persona", function(id) return persona { objectives_id = id } end, "/objectives_id" },
  { "persona", function(id) return layers("tts", { voice_id = id }) end, "/layers/tts/voice_id" },
  { "persona", function(id) return layers("tts", { external_voice_id = id }) end, "/layers/tts/external_voice_id" },
  { "persona", function(id) return layers("tts", { pronunciation_dictionary_id = id }) end,
    "/layers/tts/pronunciation_dictionary_id" },
  { "persona_patch", function(id) return { { op = "add", path = "/guardrail_ids/-", value = id } } end, "/0/value" },
  { "persona_patch", function(id) return { { op = "replace", path = "/objectives_id", value = id } } end, "/0/value" },
}

local blanks = {
  " p5317866", "p5317866 ", "p5317866\n", "p5317866\r\n", "\tp5317866", "p53 17866", "Be kind to everybody.",
  "My persona", " ",
  "\194\160p5317866", "p5317866\226\128\139", "\239\187\191p5317866", "p5317866\0", "p5317866\n\n",
}

local slashes = { "a/b", "https://host.com/p5317866", "/v2/personas/p5317866", "p5317866/" }
local others = {
  "\"p5317866\"", "'p5317866'", "<persona_id>", "{persona_id}", "p5317866,p5317867", "p5317866;", "{{id}}",
  "p\195\169", "`p5317866`",
  "[p5317866]", "${PERSONA_ID}",
}

-- Ids are opaque: these are odd, and could be real.
local harmless = {
  "pipecat-stream", "my_persona", "P5317866", "0b4a3b1c-6a1f-4d65-8e7c-9a0d7b2c1e3f", "a.b:c", "x", "gd~1",
  "a+b=c",
  "21m00Tcm4TlvDq8ikWAM", "en-US-JennyNeural", "a@b",
}

local function expect(list, words, has)
  for _, id in ipairs(list) do
    for _, field in ipairs(fields) do
      if not (has and not has(field)) then
        it(("%q at %s of a %s"):format(id, field[3], field[1]), function()
          local issue, ok = look(field[1], field[2](id), field[3], "id")
          assert.is_true(ok)
          assert.is_table(issue)
          assert.equal("warning", issue.severity)
          assert.matches(words, issue.message)
          assert.is_string(issue.hint)
        end)
      end
    end
  end
end

local function is_ours(field) return not field[3]:find "external" end

describe("an id warns of a blank:", function() expect(blanks, "ids? ?h?o?l?d? ?") end)
describe("an id warns of a slash:", function() expect(slashes, "hold no \"/\"", is_ours) end)
describe("an id warns of a sign that ids do not have:", function() expect(others, "ids", is_ours) end)

describe("an id that could be real is silent:", function()
  for _, id in ipairs(harmless) do
    it(id, function()
      for _, field in ipairs(fields) do assert.is_nil((look(field[1], field[2](id), field[3], "id")), field[3]) end
    end)
  end

  it("also with a slash, at another provider", function()
    assert.same({}, codes("persona", layers("tts", { external_voice_id = "s3://voices/abc/manifest.json" })))
  end)

  it("also empty, where that detaches something or means none", function()
    for _, name in ipairs { "pronunciation_dictionary_id", "external_voice_id" } do
      assert.same({}, codes("persona", layers("tts", { [name] = "" })))
    end
  end)

  it("also where tags and names of stores stand", function()
    assert.same({}, codes("persona", persona { document_tags = { "my tag" }, guardrail_tags = { "a/b" } }))
    assert.same({}, codes("conversation", call("memory_stores", { "store of Ada" })))
  end)
end)

describe("the hint for an id", function()
  it("writes it without the blanks around it", function()
    for _, id in ipairs { " p5317866", "p5317866\r\n", "\194\160p5317866\t" } do
      local issue = look("conversation", { persona_id = id }, "/persona_id")
      assert.equal('write "p5317866"', issue.hint)
    end
  end)

  it("says that texts are not ids", function()
    local issue = look("conversation", { persona_id = "My persona" }, "/persona_id")
    assert.equal("write the id of a persona, not its name or text", issue.hint)
    issue = look("persona", persona { guardrail_ids = { "Be kind." } }, "/guardrail_ids/0")
    assert.matches("guardrails are made first", issue.hint)
  end)
end)

describe("the contract", function()
  it("says of each field with ids that is sent whose they are", function()
    local foreign = { client_id = true, external_id = true, project_id = true, tenant_id = true, playht_user_id = true }
    local function walk(list, seen)
      for _, field in ipairs(list or {}) do
        local name = field.name or ""
        if name:find "_ids?$" and not field.read_only and not foreign[name] then
          assert.is_string(field.id_of or field.items and field.items.id_of, name)
        end
        if field.fields and not seen[field.fields] then
          seen[field.fields] = true
          walk(field.fields, seen)
        end
      end
    end
    for _, resource in ipairs(core.contract().resources) do walk(resource.fields, {}) end
  end)
end)
