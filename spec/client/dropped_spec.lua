-- client.personas:update whose function returns a table: what that table drops is removed, and said.
local clients = require "spec.support.clients"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

describe("update whose function returns a table", function()
  local sandbox, client

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    sandbox:reset()
    client = clients.new(sandbox.url)
  end)
  after_each(function() client:close() end)

  -- As the server shows it, whatever the sandbox would say.
  local STORED = {
    persona_id = "p1", persona_name = "A", system_prompt = "x", context = tavus.null, ["odd/na~me"] = "z",
    created_at = "2026-01-01T00:00:00Z",
    layers = {
      llm = { model = "tavus-gpt-oss", speculative_inference = true },
      stt = { stt_engine = "tavus-auto", hotwords = "scale" },
      tts = { tts_engine = "cartesia", external_voice_id = "v", api_key = "****" },
    },
  }

  local function copy(value)
    if type(value) ~= "table" then return value end
    local made = {}
    for name, child in pairs(value) do made[name] = copy(child) end
    return made
  end

  -- What an update warns of as dropped, and its meta or error.
  local function dropped(fn, options)
    sandbox:next { method = "GET", status = 200, body = STORED }
    sandbox:next { method = "PATCH", status = 200, body = STORED }
    local updated, meta = client.personas:update("p1", fn, options)
    local list = {}
    for _, warning in ipairs(updated and meta.warnings or meta.issues) do
      if warning.code == "dropped" then list[#list + 1] = warning.path end
    end
    return list, meta, updated
  end

  local ODD = "/odd~1na~0me"
  local llm, tts, stt = STORED.layers.llm, STORED.layers.tts, STORED.layers.stt
  -- What the function returns, and what that drops.
  local drops = {
    ["one member alone"] = { { system_prompt = "y" }, { "/layers", ODD, "/persona_name" } },
    ["nothing"] = { {}, { "/layers", ODD, "/persona_name", "/system_prompt" } },
    ["an id alone"] = { { persona_id = "p1" }, { "/layers", ODD, "/persona_name", "/system_prompt" } },
    ["a changed name and layers"] = { { persona_name = "B", layers = STORED.layers }, { ODD, "/system_prompt" } },
    ["a layer too few"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z", layers = { llm = llm, tts = tts } }, { "/layers/stt" },
    },
    ["one layer of three"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z", layers = { llm = llm } }, { "/layers/stt", "/layers/tts" },
    },
    ["no layer"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z", layers = {} }, { "/layers/llm", "/layers/stt", "/layers/tts" },
    },
    ["a member of a layer too few"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z", layers = { llm = { model = "m" }, stt = stt, tts = tts } },
      { "/layers/llm/speculative_inference" },
    },
    ["a key too few"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z",
        layers = { llm = llm, stt = stt, tts = { tts_engine = "cartesia", external_voice_id = "v" } } },
      { "/layers/tts/api_key" },
    },
    ["misspelt members"] = {
      { persona_nam = "A", system_promt = "x", ["odd/na~me"] = "z", layers = STORED.layers }, { "/persona_name", "/system_prompt" },
    },
    ["layers at the top"] = {
      { persona_name = "A", system_prompt = "x", ["odd/na~me"] = "z", llm = llm, stt = stt, tts = tts }, { "/layers" },
    },
  }
  for title, case in pairs(drops) do
    it("warns of what is removed: " .. title, function()
      assert.same(case[2], (dropped(function() return copy(case[1]) end)))
    end)

    it("sends nothing when warnings are errors: " .. title, function()
      local list, err, updated = dropped(function() return copy(case[1]) end, { strict = true })
      assert.is_nil(updated)
      assert.equal("validation", err.type)
      assert.same(case[2], list)
      assert.equal(0, clients.arrived(sandbox, "PATCH"))
    end)
  end

  local keeps = {
    ["a copy with a change"] = function(p)
      local new = copy(p)
      new.system_prompt = "y"
      return new
    end,
    ["no null, id or time"] = function()
      local new = copy(STORED)
      new.persona_id, new.created_at, new.context, new.system_prompt = nil, nil, nil, "y"
      return new
    end,
    ["its argument, without a member"] = function(p)
      p.persona_name, p.layers.stt = nil, nil
      return p
    end,
    ["nothing, after it took a member away"] = function(p) p.persona_name, p.layers.tts.external_voice_id = nil, nil end,
  }
  for title, fn in pairs(keeps) do
    it("warns of nothing: " .. title, function() assert.same({}, (dropped(fn))) end)
  end

  it("prints the warning with what to do, beside those of the check", function()
    local _, meta = dropped(function(p)
      return { persona_nam = "B", system_prompt = "y", layers = p.layers, ["odd/na~me"] = "z" }
    end)
    assert.equal(2, #meta.warnings)
    assert.equal("/persona_name: warning: is not in the table that the function returned, so it is removed"
      .. " (change the argument and return nothing, or return all that is to stay)", tostring(meta.warnings[1]))
    assert.matches('^/persona_nam: warning: unknown field "persona_nam"', tostring(meta.warnings[2]))
  end)

  it("lists the warning in the error of a patch that is refused", function()
    sandbox:next { method = "GET", status = 200, body = STORED }
    sandbox:next { method = "PATCH", status = 400, body = { error = "no" } }
    local _, err = client.personas:update("p1", function() return { system_prompt = "y" } end)
    assert.equal("bad_request", err.type)
    assert.equal("/layers", err.issues[1].path)
  end)

  it("tells the log", function()
    local lines = {}
    client = clients.new(sandbox.url, { log = function(_, message) lines[#lines + 1] = message end })
    dropped(function(p) return { persona_name = "A", system_prompt = "y", layers = p.layers } end)
    assert.matches("PATCH /v2/personas/p1: doubtful: " .. ODD .. ": dropped (", table.concat(lines, "\n"), 1, true)
  end)
end)
