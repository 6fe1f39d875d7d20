-- luacheck: std max+busted
-- What the check says of a JSON Patch for a persona, op by op.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local function look(patch, path, code)
  local ok, issues = core.validate("persona_patch", patch)
  for _, issue in ipairs(issues) do
    if issue.path == path and (code == nil or issue.code == code) then
      return issue, ok
    end
  end
  return nil, ok, issues
end

local function clean(patch)
  local ok, issues = core.validate("persona_patch", patch)
  assert.same({}, issues)
  assert.is_true(ok)
end

describe("a patch", function()
  it("of all six operations passes", function()
    clean {
      { op = "add", path = "/layers/stt/hotwords", value = "leadership" },
      { op = "replace", path = "/persona_name", value = "Ada" },
      { op = "remove", path = "/objectives_id" },
      { op = "move", from = "/document_ids/0", path = "/document_ids/-" },
      { op = "copy", from = "/persona_name", path = "/greeting" },
      { op = "test", path = "/persona_name", value = "Ada" },
    }
  end)

  it("may be empty", function()
    clean {}
    clean(core.array {})
    assert.equal("[]", (core.encode({}, "persona_patch")))
  end)

  it("may be made by a builder with methods", function()
    local methods = { add = function() error "never called" end }
    local patch = setmetatable({ { op = "remove", path = "/context" } },
      { __index = methods, __len = function() error "never called" end,
        __pairs = function() error "never called" end })
    clean(patch)
    assert.equal('[{"op":"remove","path":"/context"}]',
      (core.encode(patch, "persona_patch")))
  end)

  it("is no merge-style object", function()
    local ok, issues = core.validate("persona_patch",
      { persona_name = "Ada", layers = { nonsense = function() end } })
    assert.is_nil(ok)
    assert.equal(1, #issues)
    assert.equal("", issues[1].path)
    assert.matches("array of operations", issues[1].message)
    assert.matches("tavus.patch", issues[1].hint, 1, true)
    local one = look({ op = "remove", path = "/context" }, "")
    assert.matches("in an array", one.hint)
    assert.is_table(look(core.object {}, ""))
  end)

  it("is an array and nothing else", function()
    for _, value in ipairs { "[]", 5, true, core.null } do
      local issue, ok = look(value, "", "type")
      assert.is_nil(ok)
      assert.matches("^expected array", issue.message)
    end
    assert.equal("type", look({ "remove" }, "/0").code)
    local all = { { op = "remove", path = "/context" }, core.null,
      { op = "remove", path = "/context" } }
    for path, patch in pairs { ["/0"] = { core.null }, ["/1"] = all } do
      local issue, ok = look(patch, path, "type")
      assert.is_nil(ok)
      assert.equal("error", issue.severity)
      assert.equal("expected object, got null", issue.message)
    end
    assert.equal("type", look({ { { op = "remove" } } }, "/0").code)
  end)
end)

describe("an operation", function()
  for _, case in ipairs {
    { "without op", { path = "/persona_name", value = "x" }, "/0/op", "required" },
    { "with a null op", { op = core.null, path = "/persona_name" }, "/0/op", "required" },
    { "with a number op", { op = 1, path = "/persona_name" }, "/0/op", "type" },
    { "with an unknown op", { op = "upsert", path = "/persona_name" }, "/0/op", "op" },
    { "without path", { op = "remove" }, "/0/path", "required" },
    { "with a number path", { op = "remove", path = 1 }, "/0/path", "type" },
    { "add without value", { op = "add", path = "/persona_name" }, "/0/value", "required" },
    { "replace without value", { op = "replace", path = "/persona_name" }, "/0/value", "required" },
    { "test without value", { op = "test", path = "/persona_name" }, "/0/value", "required" },
    { "remove with value", { op = "remove", path = "/document_ids", value = "d" },
      "/0/value", "op" },
    { "move with a null from", { op = "move", from = core.null, path = "/persona_name" },
      "/0/from", "required" },
    { "move with value", { op = "move", from = "/a", path = "/context", value = 1 },
      "/0/value", "op" },
    { "copy with value", { op = "copy", from = "/a", path = "/context", value = 1 },
      "/0/value", "op" },
    { "move without from", { op = "move", path = "/persona_name" }, "/0/from", "required" },
    { "copy without from", { op = "copy", path = "/persona_name" }, "/0/from", "required" },
    { "add with from", { op = "add", from = "/context", path = "/persona_name", value = "x" },
      "/0/from", "op" },
    { "remove with from", { op = "remove", from = "/context", path = "/persona_name" },
      "/0/from", "op" },
    { "with a number from", { op = "move", from = 1, path = "/persona_name" },
      "/0/from", "type" },
    { "move into itself", { op = "move", from = "/layers", path = "/layers/llm" },
      "/0/from", "pointer" },
    { "with a path that has no slash", { op = "remove", path = "persona_name" },
      "/0/path", "pointer" },
    { "with a bad escape", { op = "remove", path = "/layers/~2" }, "/0/path", "pointer" },
    { "with a tilde at the end", { op = "remove", path = "/layers/~" }, "/0/path", "pointer" },
    { "with a from that has no slash", { op = "copy", from = "context", path = "/greeting" },
      "/0/from", "pointer" },
    { "through a text", { op = "add", path = "/persona_name/first", value = "x" },
      "/0/path", "pointer" },
    { "through an item", { op = "add", path = "/document_ids/0/x", value = "x" },
      "/0/path", "pointer" },
    { "with a name in an array", { op = "add", path = "/document_ids/first", value = "x" },
      "/0/path", "pointer" },
    { "with a leading zero", { op = "remove", path = "/document_ids/01" }, "/0/path", "pointer" },
    { "removing the item after the last", { op = "remove", path = "/document_ids/-" },
      "/0/path", "pointer" },
    { "replacing the item after the last",
      { op = "replace", path = "/document_ids/-", value = "d" }, "/0/path", "pointer" },
    { "through the item after the last",
      { op = "add", path = "/layers/llm/tools/-/type", value = "function" }, "/0/path", "pointer" },
    { "removing the document", { op = "remove", path = "" }, "/0/path", "pointer" },
    { "with a value of the wrong type", { op = "replace", path = "/persona_name", value = 5 },
      "/0/value", "type" },
    { "with a text for an array", { op = "add", path = "/document_ids", value = "d" },
      "/0/value", "type" },
    { "with an array for an item", { op = "add", path = "/document_ids/-", value = { "d" } },
      "/0/value", "type" },
    { "with tools in a string", { op = "replace", path = "/layers/llm/tools", value = "[{}]" },
      "/0/value", "type" },
    { "with half an llm", { op = "replace", path = "/layers/llm",
      value = { model = "m", base_url = "https://llm.example.com" } },
      "/0/value/api_key", "required" },
    { "with half an llm in the layers", { op = "add", path = "/layers",
      value = { llm = { model = "m", api_key = "k" } } }, "/0/value/llm/base_url", "required" },
    { "with a whole document that breaks rule 1", { op = "replace", path = "",
      value = { persona_name = "x" } }, "/0/value/system_prompt", "required" },
    { "with a bad tool", { op = "add", path = "/layers/llm/tools/-", value = { name = "x" } },
      "/0/value/function", "required" },
    { "with a bad schema", { op = "add",
      path = "/layers/llm/tools/0/function/parameters/properties/a", value = "string" },
      "/0/value", "type" },
  } do
    it(case[1] .. " is an error", function()
      local issue, ok = look({ case[2] }, case[3], case[4])
      assert.is_table(issue)
      assert.equal("error", issue.severity)
      assert.is_nil(ok)
    end)
  end

  for _, case in ipairs {
    { "at an unknown path", { op = "add", path = "/favourite_colour", value = "blue" },
      "/0/path", "unknown_field" },
    { "in an unknown layer", { op = "add", path = "/layers/smell/nose", value = 1 },
      "/0/path", "unknown_field" },
    { "from an unknown path", { op = "copy", from = "/x", path = "/greeting" },
      "/0/from", "unknown_field" },
    { "with a member of its own", { op = "remove", path = "/context", note = "n" },
      "/0/note", "unknown_field" },
    { "at an old name", { op = "replace", path = "/layers/perception/perception_tools",
      value = {} }, "/0/path", "renamed" },
    { "at a deprecated name", { op = "replace", path = "/context", value = "c" },
      "/0/path", "deprecated" },
    { "at a name that is read only", { op = "replace", path = "/persona_id", value = "p" },
      "/0/path", "read_only" },
    { "with an unknown choice", { op = "replace", path = "/layers/tts/tts_engine", value = "x" },
      "/0/value", "choice" },
    { "with a word for a boolean",
      { op = "replace", path = "/layers/tts/tts_emotion_control", value = "true" },
      "/0/value", "type" },
    { "moving to a place of another type",
      { op = "move", from = "/document_ids", path = "/persona_name" }, "/0/from", "type" },
    { "testing for a wrong type", { op = "test", path = "/persona_name", value = 5 },
      "/0/value", "type" },
    { "remove with a null value", { op = "remove", path = "/document_ids", value = core.null },
      "/0/value", "op" },
    { "remove with an empty value", { op = "remove", path = "/document_ids", value = "" },
      "/0/value", "op" },
    { "writing the route into base_url",
      { op = "replace", path = "/layers/llm/base_url", value = "https://llm.example.com/chat/completions" },
      "/0/value", "value" },
    { "add with a null from", { op = "add", from = core.null, path = "/persona_name", value = "x" },
      "/0/from", "op" },
    { "giving base_url without api_key",
      { op = "replace", path = "/layers/llm/base_url", value = "https://llm.example.com" },
      "/0/path", "rule" },
    { "giving api_key without base_url",
      { op = "add", path = "/layers/llm/api_key", value = "k" }, "/0/path", "rule" },
    { "with a long schema text in perception", { op = "add",
      path = "/layers/perception/visual_tools/0/function/parameters/properties/a/maxLength",
      value = 2000 }, "/0/value", "range" },
  } do
    it(case[1] .. " is a warning", function()
      local issue, ok = look({ case[2] }, case[3], case[4])
      assert.is_table(issue)
      assert.equal("warning", issue.severity)
      assert.is_true(ok)
    end)
  end

  it("that is no UTF-8 is told so once", function()
    for key, op in pairs { op = { op = "\255", path = "/greeting" },
        path = { op = "remove", path = "x\255" },
        from = { op = "copy", from = "/x\255", path = "/greeting" } } do
      local ok, issues = core.validate("persona_patch", { op })
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal("/0/" .. key, issues[1].path)
      assert.equal("utf8", issues[1].code)
    end
  end)

  it("counts itself in paths", function()
    local issue = look({ { op = "remove", path = "/context" },
      { op = "add", path = "/layers/stt", value = { hotwords = { "a" } } } },
      "/1/value/hotwords")
    assert.equal("error", issue.severity)
  end)

  it("that leads away from a deprecated name is welcome", function()
    clean { { op = "remove", path = "/context" },
      { op = "move", from = "/layers/perception/perception_tools",
        path = "/layers/perception/visual_tools" } }
  end)

  it("whose word is unknown is told that alone: it may be meant to lead away", function()
    for _, word in ipairs { "delete", "REMOVE", "unset" } do
      local ok, issues = core.validate("persona_patch", { { op = word, path = "/context" } })
      assert.is_nil(ok)
      assert.equal(1, #issues)
      assert.equal('did you mean "remove"?', issues[1].hint)
    end
    assert.equal("required", select(2, core.validate("persona_patch", { { path = "/context" } }))[1].code)
    assert.equal(1, #select(2, core.validate("persona_patch", { { path = "/persona_id" } })))
  end)

  it("may fill free-form places", function()
    clean {
      { op = "add", path = "/layers/llm/headers/X-Trace", value = "1" },
      { op = "add", path = "/layers/llm/extra_body/top_k", value = 40 },
      { op = "add", path = "/layers/llm/extra_body/stop/-", value = "x" },
      { op = "add", path = "/layers/llm/headers/a~1b~0c", value = "x" },
      { op = "remove", path = "/layers/llm/default_query" },
      { op = "add", path = "/layers/tts/voice_settings/speed", value = "fast" },
      { op = "replace", path = "/layers/llm/model", value = "my-own" },
    }
    assert.equal("type", look({ { op = "add", path = "/layers/llm/headers/X", value = 1 } },
      "/0/value").code)
  end)

  it("names fields with ~1 for / and ~0 for ~, also where the path goes on", function()
    for path, said in pairs {
      ["/layers~1llm/model"] = 'unknown field "layers/llm"', ["/layers/llm/mod~0el"] = 'unknown field "mod~el"',
      ["/layers/llm/~01"] = 'unknown field "~1"', ["/layers/~1~0"] = 'unknown field "/~"', ["/layers/l~0lm/model"] = 'unknown field "l~lm"',
    } do
      local _, issues = core.validate("persona_patch", { { op = "add", path = path, value = "x" } })
      assert.equal(said, issues[1] and issues[1].message)
    end
    -- Behind a name that is escaped, the contract still holds.
    local issue = look({ { op = "add", path = "/layers/llm/headers/a~1b", value = 1 } }, "/0/value")
    assert.equal("type", issue.code)
    assert.equal("type", look({ { op = "add", path = "/layers/llm/headers/a~0b", value = 1 } }, "/0/value").code)
    for _, path in ipairs { "/layers/llm/~", "/layers/~2/x", "/~~0" } do
      assert.equal("pointer", look({ { op = "add", path = path, value = 1 } }, "/0/path").code)
    end
  end)

  it("with the three llm fields one by one is complete", function()
    clean {
      { op = "replace", path = "/layers/llm/base_url", value = "https://llm.example.com" },
      { op = "replace", path = "/layers/llm/api_key", value = "k" },
      { op = "replace", path = "/layers/llm/model", value = "m" },
    }
  end)

  it("may clear one of them: an empty one asks for no custom llm", function()
    for _, key in ipairs { "base_url", "api_key" } do
      clean { { op = "replace", path = "/layers/llm/" .. key, value = "" } }
      clean { { op = "add", path = "/layers/llm/" .. key, value = "" },
        { op = "add", path = "/persona_name", value = "x" } }
    end
  end)

  it("on conferencing is patched alone", function()
    local own = { op = "add", path = "/layers/conferencing/username", value = "Ada" }
    local whole = { op = "add", path = "/layers/conferencing", value = { username = "Ada" } }
    local other = { op = "replace", path = "/persona_name", value = "Ada" }
    clean { own }
    clean { whole, own }
    clean { other, other }
    for _, patch in ipairs { { own, other }, { whole, other }, { other, own, other },
        { { op = "remove", path = "/layers/conferencing" }, other },
        { { op = "move", from = "/layers/conferencing/username", path = "/persona_name" }, own } } do
      local _, issues = core.validate("persona_patch", patch)
      assert.equal(1, #issues)
      assert.equal("rule", issues[1].code)
      assert.equal("warning", issues[1].severity)
      assert.matches("patched alone", issues[1].message)
    end
    assert.equal("/1/path", select(2, core.validate("persona_patch", { other, own }))[1].path)
  end)

  it("may replace the document", function()
    assert.same({ "whole" }, checking.codes("persona_patch",
      { { op = "replace", path = "", value = { system_prompt = "x" } } }))
    assert.equal("expected object, got null",
      look({ { op = "replace", path = "", value = core.null } }, "/0/value", "type").message)
  end)
end)

describe("hints for a patch", function()
  local function hint(op, path) return look({ op }, path).hint end

  it("name the operation that was meant", function()
    for word, op in pairs { repalce = "replace", delete = "remove", set = "replace",
        update = "replace", REMOVE = "remove", Delete = "remove", ad = "add", insert = "add" } do
      assert.equal('did you mean "' .. op .. '"?',
        hint({ op = word, path = "/context" }, "/0/op"))
    end
    assert.matches("add, remove, replace", hint({ op = "frobnicate", path = "/context" }, "/0/op"))
  end)

  it("write the pointer that was meant", function()
    for _, text in ipairs { "layers.llm.model", "$.layers.llm.model", "#/layers/llm/model",
        "layers/llm/model" } do
      assert.equal('did you mean "/layers/llm/model"?',
        hint({ op = "replace", path = text, value = "m" }, "/0/path"))
    end
  end)

  for text, meant in pairs {
    ["/layers.llm.model"] = "/layers/llm/model",
    ["/layers/llm.model"] = "/layers/llm/model",
    ["/layers/llm/tools[0]/function/name"] = "/layers/llm/tools/0/function/name",
    ["/layers.llm.tools[0].function.name"] = "/layers/llm/tools/0/function/name",
    ["layers.llm.tools[0].function.name"] = "/layers/llm/tools/0/function/name",
    ["/layers['llm'].model"] = "/layers/llm/model",
    ['layers["llm"]'] = "/layers/llm",
    ["/layers/llm/tools/[0]"] = "/layers/llm/tools/0",
    ["/document_ids[-]"] = "/document_ids/-",
    ["/layers/"] = "/layers",
    ["/layers/llm/"] = "/layers/llm",
    ["/document_ids/"] = "/document_ids",
    ["/persona_name/"] = "/persona_name",
    ["//persona_name"] = "/persona_name",
    ["layers/"] = "/layers",
  } do
    it("write " .. meant .. " for " .. text, function()
      local ok, issues = core.validate("persona_patch",
        { { op = "add", path = text, value = core.null } })
      assert.equal(1, #issues)
      assert.equal("/0/path", issues[1].path)
      assert.equal('did you mean "' .. meant .. '"?', issues[1].hint)
      assert.equal(issues[1].severity == "warning", ok == true)
      assert.equal('did you mean "' .. meant .. '"?',
        hint({ op = "copy", from = text, path = "/greeting" }, "/0/from"))
    end)
  end

  it("leave dots alone that belong to a name", function()
    clean { { op = "add", path = "/layers/llm/headers/x.y[0]", value = "z" } }
    assert.is_nil(hint({ op = "add", path = "/my.own.field", value = 1 }, "/0/path"))
    assert.equal('the whole document is ""', hint({ op = "test", path = "/", value = {} }, "/0/path"))
  end)

  it("name the place that was meant", function()
    assert.equal("belongs under extra_body",
      hint({ op = "add", path = "/layers/llm/temperature", value = 1 }, "/0/path"))
    assert.equal("belongs under layers", hint({ op = "add", path = "/llm/model", value = "m" },
      "/0/path"))
    assert.equal('did you mean "conversational_flow"?',
      hint({ op = "add", path = "/layers/conversational/x", value = 1 }, "/0/path"))
    assert.equal("renamed to visual_tools",
      hint({ op = "add", path = "/layers/perception/perception_tools/-",
        value = { type = "function", ["function"] = { name = "a" } } }, "/0/path"))
  end)
end)

describe("encode of a patch", function()
  it("is guided by the place a value goes to", function()
    local text = core.encode({
      { op = "add", path = "/document_ids", value = {} },
      { op = "add", path = "/layers/tts/voice_settings", value = {} },
      { op = "replace", path = "/layers/tts/tts_emotion_control", value = "false" },
      { op = "test", path = "/layers/tts/tts_emotion_control", value = "false" },
      { op = "add", path = "/layers/llm/tools/0/function/parameters/required", value = {} },
    }, "persona_patch")
    assert.equal('[{"op":"add","path":"/document_ids","value":[]},' ..
      '{"op":"add","path":"/layers/tts/voice_settings","value":{}},' ..
      '{"op":"replace","path":"/layers/tts/tts_emotion_control","value":false},' ..
      '{"op":"test","path":"/layers/tts/tts_emotion_control","value":"false"},' ..
      '{"op":"add","path":"/layers/llm/tools/0/function/parameters/required","value":[]}]', text)
  end)

  it("hands out the secrets in it, and shows none", function()
    local secret = "hush-hush-hush"
    for _, op in ipairs {
      { op = "add", path = "/layers/llm/api_key", value = secret },
      { op = "add", path = "/layers/tts", value = { api_key = secret } },
      { op = "add", path = "/layers/llm/headers/Authorization", value = secret },
      { op = "add", path = "/api_key", value = secret },
      { op = "add", path = "/llm/api_key", value = secret },
    } do
      local text, warnings, secrets = core.encode({ op }, "persona_patch")
      assert.is_string(text)
      assert.same({ secret }, secrets)
      for _, warning in ipairs(warnings or {}) do
        for _, part in pairs(warning) do assert.is_nil(part:find(secret, 1, true)) end
      end
    end
  end)

  it("refuses what validate refuses", function()
    local text, issues = core.encode({ { op = "remove" } }, "persona_patch")
    assert.is_nil(text)
    assert.equal("/0/path", issues[1].path)
  end)
end)
