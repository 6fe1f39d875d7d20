-- luacheck: std max+busted
-- Secrets under a name that only resembles the right one: handed out to be
-- redacted all the same, and never shown.
local core = require "tavus.core"

local SECRET = "hush-hush-hush"

local function expect_kept(kind, value)
  local text, issues, secrets = core.encode(value, kind)
  assert.is_string(text)
  assert.same({ SECRET }, secrets)
  for _, issue in ipairs(issues or {}) do
    for _, part in pairs(issue) do assert.is_nil(part:find(SECRET, 1, true)) end
  end
end

local function persona(more)
  more.system_prompt = "x"
  return more
end

describe("a secret is kept", function()
  for _, case in ipairs {
    { "under another spelling", persona { layers = { llm = { apiKey = SECRET } } } },
    { "under a longer name", persona { layers = { tts = { elevenlabs_api_key = SECRET } } } },
    { "under a name that ends like it", persona { openai_api_key = SECRET } },
    { "in capitals", persona { OPENAI_API_KEY = SECRET } },
    { "with dashes", persona { ["X-Api-Key"] = SECRET } },
    { "with a letter amiss", persona { layers = { llm = { api_kye = SECRET } } } },
    { "in a layer at the top", persona { llm = { api_key = SECRET } } },
    { "in a layer that is none", persona { layers = { openai = { account = { { apiKey = SECRET } } } } } },
    { "under a name that speaks of a token", persona { layers = { llm = { auth_token = SECRET } } } },
    { "under a name that speaks of a password", persona { layers = { haptics = { Password = SECRET } } } },
    { "among the members of a custom llm's body", persona { layers = { llm = { extra_body = { api_key = SECRET } } } } },
    { "deep in them", persona { layers = { llm = { extra_body = { extra_headers = { { Authorization = SECRET } } } } } } },
    { "in a layer with members of its own", persona { layers = { conferencing = { client_secret = SECRET } } } },
    { "in a field of any type", persona { memories = { store = { access_token = SECRET } } } },
    { "in a list where a text may stand", persona { layers = { llm = { default_query = { keys = { { SECRET } } } } } } },
    { "in a list under such a name", persona { layers = { llm = { extra_body = { token = { SECRET } } } } } },
    { "in a large object", (function()
      local value = persona { apiKey = SECRET }
      for i = 1, 40 do value["x" .. i] = i end
      return value
    end)() },
  } do
    it(case[1], function() expect_kept("persona", case[2]) end)
  end

  for _, path in ipairs { "/layers/llm/apiKey", "/layers/tts/elevenlabs_api_key",
      "/openai_api_key", "/llm/apiKey", "/layers/llm/api_kye", "/layers.llm.api_key",
      "/layers/llm/API-KEY", "/layers.llm.headers.Authorization",
      "/layers/llm/headers[Authorization]", "/layers/llm.default_query/token",
      "/layers/llm//headers/Authorization", "/layers/llm/extra_body/api_key",
      "/layers/llm/default_query/keys/0", "/layers/llm/extra_body/token/-",
      "/layers/llm/extra_body/extra_headers/0/Authorization", "/memories/access_token" } do
    it("at the path " .. path, function()
      expect_kept("persona_patch", { { op = "add", path = path, value = SECRET } })
    end)
  end

  it("in a value for a place that holds anything", function()
    for path, value in pairs { ["/layers/llm/extra_body"] = { api_key = SECRET }, ["/layers/llm/extra_body/a"] = { api_key = SECRET },
        ["/layers/llm/default_query/keys"] = { SECRET }, ["/layers/llm/headers"] = { Authorization = SECRET },
        ["/layers/llm/extra_body/a/b"] = { { c = { api_key = SECRET } } } } do
      expect_kept("persona_patch", { { op = "add", path = path, value = value } })
    end
  end)

  it("in a value for an unknown path", function()
    expect_kept("persona_patch", { { op = "add", path = "/llm", value = { api_key = SECRET } } })
  end)

  it("in a tool and in a conversation", function()
    expect_kept("tool", { type = "function", ["function"] = { name = "a" }, apiKey = SECRET })
    expect_kept("conversation", { persona_id = "p5317866", tavus_api_key = SECRET })
    expect_kept("conversation", { persona_id = "p5317866", properties = { access_token = SECRET } })
  end)
end)

describe("a secret as Tavus shows it", function()
  local function warned(kind, value)
    local ok, issues = core.validate(kind, value)
    assert.is_true(ok)
    for _, issue in ipairs(issues) do
      if issue.code == "masked" then return issue.path end
    end
  end

  it("is told, since it would be stored like that", function()
    assert.equal("/layers/tts/api_key", warned("persona", persona { layers = { tts = { api_key = "********" } } }))
    assert.equal("/layers/tts/api_key", warned("persona", persona { layers = { tts = { api_key = "sk-1••••••" } } }))
    assert.equal("/0/value", warned("persona_patch",
      { { op = "add", path = "/layers/tts/api_key", value = "**********ab12" } }))
  end)

  it("is not the word that stands for a key in a published body", function()
    for mask, masked in pairs { ["[redacted]"] = true, ["<REDACTED>"] = true, redacted = false } do
      local path = warned("persona", persona { layers = { tts = { api_key = mask } } })
      assert.equal(masked, path ~= nil, mask)
    end
  end)

  it("may be tested for, and other texts have asterisks too", function()
    assert.is_nil(warned("persona_patch", { { op = "test", path = "/layers/tts/api_key", value = "********" } }))
    assert.is_nil(warned("persona", persona { greeting = "**Hello**", layers = { tts = { api_key = "a*b" } } }))
  end)
end)

describe("no secret", function()
  it("is what an unknown field holds otherwise", function()
    local _, _, secrets = core.encode(persona { favourite_colour = "blue",
      key = "c", layers = { haptics = { strength = "low" } } }, "persona")
    assert.is_nil(secrets)
    _, _, secrets = core.encode({ { op = "add", path = "/keys", value = "c" },
      { op = "add", path = "/later", value = { a = "b" } },
      { op = "add", path = "/document_ids/-", value = "d" } }, "persona_patch")
    assert.is_nil(secrets)
  end)

  it("is what an argument of a tool is called, or a limit of a model", function()
    local _, _, secrets = core.encode(persona { layers = { llm = { extra_body = { max_tokens = 5, tokens = "all", token_type = "x" },
      tools = { { type = "function", ["function"] = { name = "f", parameters = { type = "object",
        properties = { token = { type = "string", description = "The token on the ticket" } }, required = { "token" } } } } } } } }, "persona")
    assert.is_nil(secrets)
    local argument = { type = "object", properties = { token = { type = "string" } } }
    _, _, secrets = core.encode(persona { layers = { llm = { extra_body = { tools = { { parameters = argument } } } } }, tools = argument }, "persona")
    assert.is_nil(secrets)
  end)

  it("is a number, or an empty text", function()
    local _, _, secrets = core.encode(persona { openai_api_key = 5, apiKey = "" }, "persona")
    assert.is_nil(secrets)
  end)
end)
