-- Declarations and secrets: values that are no JSON, and are not shown.
local core = require "tavus.core"
local crypto = require "tavus.crypto"
local setup = require "tavus.setup"
local setups = require "spec.support.setups"
local tavus = require "tavus"
local values = require "tavus.setup.values"

local TEXT = "a-very-secret-text"

-- Everything that can be reached from a value, as a text.
local function reachable(value, seen)
  seen = seen or {}
  if type(value) ~= "table" or seen[value] then return tostring(value) end
  seen[value] = true
  local out = { tostring(value) }
  for key, member in next, value do out[#out + 1] = reachable(key, seen) .. "=" .. reachable(member, seen) end
  local meta = debug.getmetatable(value)
  if meta then out[#out + 1] = reachable(meta, seen) end
  return table.concat(out, "\n")
end

describe("a secret", function()
  after_each(setups.clean)

  it("is revealed by values.reveal alone", function()
    local secret = values.secret("LLM_KEY", TEXT)
    assert.is_true(values.is_secret(secret))
    assert.is_false(values.is_reference(secret))
    assert.equal(TEXT, values.reveal(secret))
    assert.equal("(secret LLM_KEY)", values.shown(secret))
    assert.equal("(secret LLM_KEY)", tostring(secret))
    assert.is_nil(reachable(secret):find(TEXT, 1, true))
    assert.equal("tavus secret", getmetatable(secret))
    assert.is_nil(values.reveal(values.secret "UNSET"))
    for _, other in ipairs { "x", 1, {}, true } do assert.is_false(values.is_secret(other)) end
    assert.is_false(values.is_secret(nil))
  end)

  it("is an error where JSON is made of it, also after a copy", function()
    local secret = values.secret("LLM_KEY", TEXT)
    local reference = values.declaration { kind = "guardrail", name = "g", file = "a.lua", line = 1, body = { x = TEXT } }
    for _, value in ipairs { secret, reference } do
      for _, body in ipairs { value, { value }, { a = { b = value } }, core.copy { a = value } } do
        local text, err = tavus.encode(body)
        assert.is_nil(text)
        assert.is_nil(tostring(err):find(TEXT, 1, true))
      end
      local body = { system_prompt = value, objectives_id = value, guardrail_ids = { value }, layers = { tts = value } }
      local ok, err = tavus.validate("persona", body)
      assert.is_nil(ok)
      assert.is_nil(tostring(err):find(TEXT, 1, true))
    end
  end)

  it("stays one when it is joined with texts", function()
    local secret = values.secret("TOKEN", TEXT)
    for joined, text in pairs {
      ["Bearer " .. secret] = "Bearer " .. TEXT, [secret .. 7] = TEXT .. "7", [secret .. "-" .. secret] = TEXT .. "-" .. TEXT,
    } do
      assert.is_true(values.is_secret(joined))
      assert.equal(text, values.reveal(joined))
      assert.equal("(secret TOKEN)", values.shown(joined))
    end
    assert.is_nil(values.reveal("Bearer " .. values.secret "UNSET"))
    assert.has_error(function() return secret .. {} end)
  end)

  it("shows in no error and no warning of a setup", function()
    local dir = setups.folder { ["a.lua"] = [[
      local s = secret "S"
      persona "a" { system_prompt = "x", persona_name = s, colour = s, objectives_id = s, greeting = "Bearer " .. s,
        layers = { llm = { model = s, api_key = s, base_url = s, headers = { x = s } }, stt = s, tts = { [s] = s } } }
      persona "b" { [s] = s, system_prompt = s, tools = { s }, skills = { [s] = s }, unmanaged = { s } }
      guardrail "c" (s)]] }
    local loaded, err = setup.load(dir, { getenv = function() return TEXT end })
    assert.is_nil(loaded)
    assert.is_true(#err.issues > 3)
    assert.is_nil(tostring(err):find(TEXT, 1, true))
    assert.is_nil(reachable(err):find(TEXT, 1, true))
  end)

  it("is told from another text by a fingerprint, which depends on the API key", function()
    local print = values.fingerprint(TEXT, "api-key")
    assert.equal(crypto.sign("api-key", TEXT):sub(1, 16), print)
    assert.equal(print, values.fingerprint(TEXT, "api-key"))
    assert.are_not.equal(print, values.fingerprint(TEXT .. "2", "api-key"))
    assert.are_not.equal(print, values.fingerprint(TEXT, "another-key"))
    local session = assert(require("tavus.http").session { api_key = "api-key" })
    assert.equal(print, values.fingerprint(TEXT, session))
  end)
end)

describe("a copy", function()
  it("is deep, keeps marks, declarations and secrets, and maps the rest", function()
    local secret = values.secret("S", TEXT)
    local it_self = values.declaration { kind = "tool", name = "t", file = "a.lua", line = 1 }
    local value = { list = { 1, { secret } }, it_self, empty = core.array {}, object = core.object {}, none = core.null }
    local copy = values.copy(value)
    assert.are_not.equal(value.list, copy.list)
    assert.equal(secret, copy.list[2][1])
    assert.equal(it_self, copy[1])
    assert.equal("[]", core.encode(copy.empty))
    assert.equal("{}", core.encode(copy.object))
    assert.equal(core.null, copy.none)
    local seen = {}
    values.copy({ a = { { ["b/c~d"] = "x" } } }, function(leaf, pointer)
      seen[pointer] = leaf
      return leaf
    end)
    assert.same({ ["/a/0/b~1c~0d"] = "x" }, seen)
  end)

  it("ends where a table holds itself", function()
    local circle = {}
    circle.a = { circle }
    local copy, message = values.copy(circle)
    assert.is_nil(copy)
    assert.matches("holds itself", message)
  end)

  it("reads tables as they are", function()
    local value = setmetatable({ a = 1 }, { __index = { b = 2 }, __pairs = function() return next, { c = 3 } end })
    assert.same({ a = 1 }, values.copy(value))
    assert.same({ [1.5] = "x" }, values.copy { [1.5] = "x" })
  end)
end)
