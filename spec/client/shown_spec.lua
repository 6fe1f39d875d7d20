-- Warnings that a person sees: where standard error is a terminal and no log is given.
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"

local sandbox

-- What a program writes to standard error, which is a terminal (a real one, of `script`). `before` comes before its
-- client `client`, whose further options are `options`.
local function at_terminal(chunk, more)
  more = more or {}
  local program = ([[
    local tavus = require "tavus"
    %s
    local client = assert(tavus.new { api_key = "k3y-of-the-client", base_url = %q, retries = 0, %s })
    %s
  ]]):format(more.before or "", sandbox.url, more.options or "", chunk)
  local command = ("exec %s -e %s >/dev/null"):format(process.quote(process.interpreter()), process.quote(program))
  if more.stderr then command = command .. " 2>" .. more.stderr end
  local status, output = process.run(("script -qec %s /dev/null </dev/null"):format(process.quote(command)), more.environment)
  assert.equal(0, status, output)
  local lines = {}
  for line in output:gmatch "[^\r\n]+" do lines[#lines + 1] = line end
  return lines, output
end

-- Bodies with one doubt each, and what its line has.
local bodies = {
  { '{ system_prompt = "x", sytem_prompt = "y" }', '/sytem_prompt: unknown field "sytem_prompt" (did you mean "system_prompt"?)' },
  { '{ system_prompt = "x", layers = { tss = {} } }', '/layers/tss: unknown field "tss" (did you mean "tts"?)' },
  { '{ system_prompt = "x", layers = { tts = { elevenlabs_voice_id = "E" } } }', "/layers/tts/elevenlabs_voice_id: " },
  { '{ system_prompt = "x", layers = { tts = { tts_engine = "elevenlab" } } }',
    '/layers/tts/tts_engine: "..." is not known as a TTS engine (did you mean "elevenlabs"?)' },
  { '{ system_prompt = "x", layers = { stt = { hotword = "a" } } }', '/layers/stt/hotword: unknown field "hotword" (did you mean "hotwords"?)' },
  { '{ system_prompt = "x", persona_nam = "a" }', '/persona_nam: unknown field "persona_nam" (did you mean "persona_name"?)' },
  { '{ system_prompt = "x", pipeline_mode = "fulll" }', '/pipeline_mode: "..." is not known as a pipeline mode' },
  { '{ system_prompt = "x", default_replica = "r90bbd427f71" }', "/default_replica: unknown field" },
  { '{ system_prompt = "x", layers = { perception = { model = "raven-1" } } }', "/layers/perception/model: unknown field" },
  { '{ system_prompt = "x", layers = { conversational = {} } }', "/layers/conversational: unknown field" },
}

local function create(body) return ("client.personas:create(%s)\n"):format(body) end

local MISSPELT = create(bodies[1][1])

describe("a warning at a terminal", function()
  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  it("is a line with the place, the problem and the hint", function()
    local chunk = {}
    for _, case in ipairs(bodies) do chunk[#chunk + 1] = create(case[1]) end
    local lines, output = at_terminal(table.concat(chunk))
    assert.equal(#bodies, #lines, output)
    for i, case in ipairs(bodies) do
      assert.equal("tavus: warning: personas:create: ", lines[i]:match "^tavus: warning: personas:create: ", lines[i])
      assert.truthy(lines[i]:find(case[2], 1, true), lines[i] .. "\n" .. case[2])
    end
  end)

  it("comes for patches and conversations, too", function()
    local lines, output = at_terminal [[
      local p = assert(client.personas:create { system_prompt = "x", default_replica_id = "r90bbd427f71" })
      assert(client.personas:update(p.persona_id, function(q) q.systemprompt = "y" end))
      assert(client.personas:patch(p.persona_id, tavus.patch():add("/contxt", "y")))
      assert(client.conversations:create { persona_id = p.persona_id, conversation_nam = "z" })
    ]]
    assert.equal(3, #lines, output)
    assert.truthy(lines[1]:find("personas:update: /systemprompt: unknown field", 1, true), output)
    assert.truthy(lines[2]:find("personas:patch: /0/path: unknown field", 1, true), output)
    assert.truthy(lines[3]:find("conversations:create: /conversation_nam: unknown field", 1, true), output)
  end)

  it("comes once, however many calls, clients and tasks have it", function()
    local lines, output = at_terminal(([[
      for _ = 1, 3 do %s end
      local other = assert(tavus.new { api_key = "k", base_url = client._base_url })
      other:map({ 1, 2, 3 }, function() return other.personas:create(%s) end)
    ]]):format(MISSPELT, bodies[1][1]))
    assert.equal(1, #lines, output)
  end)

  it("comes 20 times at most", function()
    local lines, output = at_terminal [[
      for i = 1, 15 do client.personas:create { system_prompt = "x", ["unknown_" .. i] = 1, ["other_" .. i] = 2 } end
    ]]
    assert.equal(20, #lines, output)
  end)

  it("comes before an error of the call", function()
    sandbox:next { status = 500 }
    local lines, output = at_terminal(MISSPELT)
    assert.equal(1, #lines, output)
  end)

  for title, more in pairs {
    ["log = false"] = { options = "log = false" },
    ['log = "off"'] = { options = 'log = "off"' },
    ["TAVUS_LOG=off"] = { environment = { TAVUS_LOG = "off" } },
    ['log = "error"'] = { options = 'log = "error"' },
    ["TAVUS_LOG=error"] = { environment = { TAVUS_LOG = "error" } },
    ["a function"] = { options = "log = function() end" },
    ["nginx"] = { before = "package.loaded.ngx = {}" },
    ["standard error that is a file"] = { stderr = "/dev/null" },
  } do
    it("does not come with " .. title, function()
      local lines, output = at_terminal(MISSPELT, more)
      assert.equal(0, #lines, output)
    end)
  end

  it("does not come where standard error is a pipe", function()
    local _, output = process.lua { chunk = ([[
      local client = assert(require("tavus").new { api_key = "k", base_url = %q })
      %s
    ]]):format(sandbox.url, MISSPELT) }
    assert.equal("", output)
  end)

  it("is a line of the log where there is one", function()
    local _, output = at_terminal(MISSPELT, { environment = { TAVUS_LOG = "info" } })
    assert.truthy(output:find("tavus: info: POST /v2/personas: doubtful: /sytem_prompt", 1, true), output)
    assert.falsy(output:find("tavus: warning:", 1, true), output)
  end)

  it("shows no secret, also not one in a wrong place", function()
    local chunk = {}
    for _, body in ipairs {
      '{ system_prompt = "x", pipeline_mode = "s3cret-%d" }',
      '{ system_prompt = "x", pipeline_mode = "s3cret\\"-%d\\"-s3cret" }',
      '{ system_prompt = "x", default_replica_id = "s3cret-%d" }',
      '{ system_prompt = "x", callback = "https://u:s3cret-%d@example.com/" }',
      '{ system_prompt = "x", layers = { llm = { model = "k3y-of-the-client", unknown = "s3cret-%d" } } }',
      '{ system_prompt = "x", layers = { tts = { tts_engine = "s3cret-%d", api_key = "hidden-%d" } } }',
      '{ system_prompt = "x", layers = { tts = { tts_engine = "cartesia", api_key = "hidden-key", ["hidden-key"] = 1 } } }',
    } do
      chunk[#chunk + 1] = create((body:gsub("%%d", tostring(#chunk))))
    end
    local lines, output = at_terminal(table.concat(chunk))
    assert.is_true(#lines >= 6, output)
    for _, secret in ipairs { "s3cret", "hidden%-", "k3y%-of" } do assert.falsy(output:find(secret), output) end
  end)

  it("shows no control character of a name", function()
    local _, output = at_terminal [[client.personas:create { system_prompt = "x", ["a\27[2Jb\nc"] = 1 }]]
    assert.truthy(output:find "^tavus: warning: ", output)
    assert.falsy(output:find "\27", output)
  end)
end)
