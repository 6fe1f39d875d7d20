-- luacheck: std max+busted
-- Patches that drop what they do not restate, or remove what a persona needs.
local core = require "tavus.core"
local tavus = require "tavus"

local function op(word, path, value) return { op = word, path = path, value = value } end

-- The codes and paths of the issues of a patch.
local function found(patch, options)
  local ok, issues = core.validate("persona_patch", patch, options)
  local list = {}
  for i, issue in ipairs(issues) do list[i] = issue.code .. " " .. issue.path end
  return table.concat(list, ", "), ok, issues
end

local layers = {
  tts = { tts_engine = "cartesia", external_voice_id = "v" }, llm = { model = "tavus-gpt-oss" },
  stt = { stt_engine = "tavus-auto" },
  perception = { perception_model = "off" }, conversational_flow = { turn_taking_patience = "low" },
}

describe("a patch that writes a whole layer warns", function()
  for name, value in pairs(layers) do
    for _, word in ipairs { "add", "replace" } do
      it(("(%s %s)"):format(word, name), function()
        local list, ok, issues = found { op(word, "/layers/" .. name, value) }
        assert.equal("whole /0/path", list)
        assert.is_true(ok)
        assert.equal("warning", issues[1].severity)
        assert.matches("dropped", issues[1].message)
        assert.matches("/layers/" .. name .. "/...", issues[1].hint, 1, true)
        -- Following the hint: members by their own paths.
        local patch = {}
        for member, inner in pairs(value) do patch[#patch + 1] = op(word, ("/layers/%s/%s"):format(name, member),
        inner) end
        assert.equal("", (found(patch)))
      end)
    end
  end

  it("at /layers and at the root, at each place of a patch", function()
    assert.equal("whole /0/path", (found { op("add", "/layers", { tts = layers.tts }) }))
    assert.equal("whole /0/path", (found { op("replace", "/layers", layers) }))
    assert.equal("whole /0/path", (found { op("replace", "", { system_prompt = "Hi" }) }))
    assert.equal("whole /2/path, whole /1/path", (found { op("replace", "/persona_name", "x"), op("add", "/layers/tts",
    layers.tts),
      op("replace", "/layers/stt", layers.stt) }))
  end)

  it("also where warnings are errors, since it depends on what is stored", function()
    local _, ok, issues = found({ op("add", "/layers/tts", layers.tts) }, { strict = true })
    assert.is_true(ok)
    assert.equal("warning", issues[1].severity)
  end)
end)

describe("a patch that drops nothing unseen is silent:", function()
  for about, patch in pairs {
    ["a leaf"] = { op("replace", "/layers/tts/tts_engine", "cartesia") },
    ["an array"] = { op("replace", "/layers/llm/tools", core.array {}) },
    ["settings of a voice"] = { op("add", "/layers/tts/voice_settings", { speed = 1 }) },
    ["a meeting, which is patched as a whole"] = { op("add", "/layers/conferencing", { username = "ada" }) },
    ["a layer that was removed before"] = { op("remove", "/layers/tts"), op("add", "/layers/tts", layers.tts) },
    ["a layer that was tested before"] = { op("test", "/layers/tts", core.null), op("add", "/layers/tts", layers.tts) },
    ["a layer that is removed"] = { op("remove", "/layers/tts") },
    ["a layer that is set to null"] = { op("replace", "/layers/tts", core.null) },
    ["a test of a layer"] = { op("test", "/layers/tts", layers.tts) },
    ["a copy of a layer"] = { { op = "copy", from = "/layers/tts", path = "/layers/stt" } },
    ["a prompt"] = { op("replace", "/system_prompt", "Hi") },
  } do
    it(about, function()
      local _, _, issues = found(patch)
      for _, issue in ipairs(issues) do assert.not_equal("whole", issue.code) end
    end)
  end

  it("what update makes of a layer that was not there", function()
    local sandbox = assert(require("tavus.sandbox").start())
    local client = assert(tavus.new { api_key = "any", base_url = sandbox.url, retries = 0 })
    local made = assert(client.personas:create { persona_name = "a", system_prompt = "Hi" })
    local _, meta = assert(client.personas:update(made.persona_id, function(persona)
      persona.layers = { tts = { tts_engine = "cartesia", external_voice_id = "v" } }
    end))
    for _, warning in ipairs(meta.warnings) do assert.not_equal("whole", warning.code) end
    _, meta = assert(client.personas:patch(made.persona_id, tavus.patch():add("/layers/tts",
    { tts_engine = "cartesia" })))
    assert.equal("whole", meta.warnings[1].code)
    sandbox:stop()
  end)
end)

describe("a patch that removes what a persona needs warns:", function()
  for about, patch in pairs {
    ["its prompt"] = { op("remove", "/system_prompt") },
    ["its prompt, by null"] = { op("replace", "/system_prompt", core.null) },
    ["its prompt, by an empty text"] = { op("replace", "/system_prompt", "") },
    ["its prompt, with add"] = { op("add", "/system_prompt", "") },
    ["its prompt, moved away"] = { { op = "move", from = "/system_prompt", path = "/persona_name" } },
    ["all layers"] = { op("remove", "/layers") },
    ["all layers, by null"] = { op("replace", "/layers", core.null) },
    ["one half of a custom llm"] = { op("remove", "/layers/llm/base_url") },
    ["the other half"] = { op("remove", "/layers/llm/api_key") },
    ["a half, by null"] = { op("replace", "/layers/llm/base_url", core.null) },
    ["a pal's face"] = { op("remove", "/default_face_id") },
    ["a persona's face"] = { op("remove", "/default_replica_id") },
    ["a face, by an empty text"] = { op("replace", "/default_replica_id", "") },
  } do
    it(about, function()
      local _, ok, issues = found(patch)
      assert.is_true(ok)
      local at
      for _, issue in ipairs(issues) do
        if issue.code == "required" then at = issue end
      end
      assert.is_table(at)
      assert.equal("/0/" .. (patch[1].from and "from" or "path"), at.path)
      assert.equal("warning", at.severity)
      assert.is_string(at.hint)
    end)
  end
end)

describe("a patch that removes what a persona can do without is silent:", function()
  for about, patch in pairs {
    ["a prompt that is written again"] = { op("remove", "/system_prompt"), op("add", "/system_prompt", "Hi") },
    ["the prompt of an echo persona"] = { op("replace", "/pipeline_mode", "echo"), op("remove", "/system_prompt") },
    ["both halves of a custom llm"] = { op("remove", "/layers/llm/base_url"), op("remove", "/layers/llm/api_key") },
    ["a context"] = { op("remove", "/context") },
    ["objectives"] = { op("remove", "/objectives_id") },
    ["a name"] = { op("remove", "/persona_name") },
    ["hotwords"] = { op("remove", "/layers/stt/hotwords") },
    ["tools"] = { op("remove", "/layers/llm/tools") },
    ["one layer"] = { op("remove", "/layers/perception") },
    ["a dictionary, by an empty text"] = { op("replace", "/layers/tts/pronunciation_dictionary_id", "") },
    ["a copy of the prompt"] = { { op = "copy", from = "/system_prompt", path = "/greeting" } },
    ["a test of an empty prompt"] = { op("test", "/system_prompt", "") },
  } do
    it(about, function()
      local _, _, issues = found(patch)
      for _, issue in ipairs(issues) do assert.not_equal("required", issue.code) end
    end)
  end
end)
