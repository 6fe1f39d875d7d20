-- Rows as they exist at Tavus: put into the sandbox as they are, and left as
-- they are by a client that reads, changes and writes them.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local core = require "tavus.core"
local sandbox_module = require "tavus.sandbox"

-- Members of older and newer rows that a program must not lose.
local WILD = [[{
  "persona_id": "p7e11a2b3c4d", "persona_name": "Life Coach", "system_prompt": "You coach.",
  "context": "", "pipeline_mode": "full", "default_replica_id": "r79e1c033f", "objectives_id": null,
  "document_ids": [], "document_tags": null, "guardrail_ids": [], "is_published": false,
  "skills": {"internet_search": {"config": {}}}, "made_up": {"deep": [1, 2.0, 1e3, {}, [], null, 12345678901234567]},
  "created_at": "2024-08-28 15:27:40.824457", "updated_at": "",
  "layers": {
    "llm": {
      "model": "tavus-llama", "base_url": "", "api_key": "", "headers": {}, "extra_body": {"temperature": 1.0},
      "tools": [{"type": "function", "function": {"name": "f", "description": "",
        "parameters": {"type": "object", "properties": {}, "required": []}}}]
    },
    "tts": {"tts_engine": "cartesia", "external_voice_id": "", "tts_emotion_control": "false",
      "voice_settings": {"speed": "normal"}},
    "stt": null, "vqa": null,
    "perception": {"perception_model": "raven-0", "tool_prompt": "", "ambient_awareness_queries": [],
      "perception_tools": []},
    "conversational_flow": {"turn_detection_model": null, "wake_phrase": null}
  }
}]]

describe("rows as they exist", function()
  for _, profile in ipairs { "current", "2025" } do
    describe("under the profile " .. profile, function()
      local sandbox, client

      setup(function() sandbox = assert(sandbox_module.start { profile = profile }) end)
      teardown(function() sandbox:stop() end)
      before_each(function()
        assert(sandbox:reset())
        client = clients.new(sandbox.url)
      end)
      after_each(function() client:close() end)

      local function put(change)
        local row = core.decode(WILD)
        if change then change(row) end
        return assert(sandbox:put(row)), row
      end

      -- The row as text, as it is on the wire.
      local function stored(id)
        return (asking.ask(sandbox.url, "GET", "/v2/personas/" .. id).body:gsub('^{"data":%[', ""):gsub("%]}$", ""))
      end

      it("are stored as they are", function()
        local id, row = put()
        assert.equal("p7e11a2b3c4d", id)
        assert.equal(core.encode(row), stored(id))
        assert.equal(core.encode(row), core.encode((assert(client.personas:get(id)))))
        for seen in client.personas:each { persona_type = "user" } do
          assert.equal(core.encode(row), core.encode(seen))
        end
      end)

      it("survive read, change, write: only the change differs", function()
        local function speed(row) row.layers.tts.voice_settings.speed = 0.5 end
        local function emotion(row) row.layers.tts.tts_emotion_control = true end
        local function nothing_there(row) row.layers = core.null end
        for _, change in ipairs { function() end, speed, emotion, nothing_there } do
          local id, row = put(change)
          assert(client.personas:update(id, function(persona) persona.persona_name = "other" end))
          local now = core.decode(stored(id))
          assert.equal("other", now.persona_name)
          assert.matches("^%d%d%d%d%-", now.updated_at)
          now.persona_name, now.updated_at = row.persona_name, row.updated_at
          assert.equal(core.encode(row), core.encode(now))
          local sent = sandbox:expect { method = "PATCH", times = 1 }[1]
          assert.equal('[{"op":"replace","path":"/persona_name","value":"other"}]', sent.body)
          assert(sandbox:reset())
        end
      end)

      it("survive a change in the midst of them", function()
        local id, row = put()
        assert(client.personas:update(id, function(persona)
          persona.layers.perception.perception_model = "off"
          persona.layers.llm.tools[1]["function"].description = "Does it."
          persona.layers.stt = { hotwords = "x" }
        end))
        local now = core.decode(stored(id))
        row.layers.perception.perception_model = "off"
        row.layers.llm.tools[1]["function"].description = "Does it."
        row.layers.stt = { hotwords = "x" }
        row.updated_at = now.updated_at
        assert.equal(core.encode(row), core.encode(now))
      end)
    end)
  end

  describe("put", function()
    local sandbox
    setup(function() sandbox = assert(sandbox_module.start()) end)
    teardown(function() sandbox:stop() end)
    before_each(function() assert(sandbox:reset()) end)

    it("gives an id to a row without one, and replaces the row with its id", function()
      local id = assert(sandbox:put { system_prompt = "x" })
      assert.matches("^p%x+$", id)
      assert.equal(id, sandbox:put { persona_id = id, layers = "none" })
      assert.equal("not-one", sandbox:put '{"persona_id":"not-one"}')
      local list = asking.ask(sandbox.url, "GET", "/v2/personas", nil, { query = { persona_type = "user" } }).json
      assert.same({ { persona_id = "not-one" }, { persona_id = id, layers = "none" } }, list.data)
    end)

    it("drops the draft of the row that it replaces", function()
      local id = assert(sandbox:put { system_prompt = "x" })
      assert(sandbox:set { maker_changes = true, draft_patches = "draft" })
      local function has_draft()
        local answer = asking.ask(sandbox.url, "GET", "/v2/personas/" .. id, nil, { query = { source = "draft" } })
        return answer.json.data[1].has_unpublished_changes
      end
      local name = '[{"op":"add","path":"/persona_name","value":"x"}]'
      assert.is_true(asking.ask(sandbox.url, "PATCH", "/v2/personas/" .. id, name).json.has_unpublished_changes)
      assert.is_true(has_draft())
      assert.equal(id, sandbox:put { persona_id = id, system_prompt = "y" })
      assert.is_false(has_draft())
    end)

    it("accepts a row with the names of /v2/pals", function()
      assert.equal("p77", sandbox:put { pal_id = "p77", pal_name = "Guide", system_prompt = "x" })
      local function get(path) return asking.ask(sandbox.url, "GET", path .. "p77").json.data[1] end
      assert.same({ pal_id = "p77", pal_name = "Guide", system_prompt = "x" }, get "/v2/pals/")
      assert.same({ persona_id = "p77", persona_name = "Guide", system_prompt = "x" }, get "/v2/personas/")
    end)

    it("stores a broken row, which only a patch that repairs it can change", function()
      local id = assert(sandbox:put '{"default_replica_id":7,"layers":[]}')
      local function patch(body) return asking.ask(sandbox.url, "PATCH", "/v2/personas/" .. id, body).status end
      assert.equal(400, patch '[{"op":"add","path":"/persona_name","value":"x"}]')
      assert.equal(200, patch [=[[{"op":"add","path":"/system_prompt","value":"x"},
        {"op":"replace","path":"/layers","value":{}},
        {"op":"remove","path":"/default_replica_id"}]]=])
      id = assert(sandbox:put '{"default_replica_id":7}')
      assert.equal(400, asking.ask(sandbox.url, "POST", "/v2/conversations", { persona_id = id }).status)
    end)

    it("says why it refuses a row", function()
      for text, row in pairs {
        ["put takes a persona"] = 7,
        ["put takes a persona, "] = "[]",
        ["the persona is not JSON"] = "{",
        ["cannot be written as JSON"] = { x = print },
      } do
        assert.matches(text, clients.raised(function() sandbox:put(row) end), 1, true)
      end
      for text, row in pairs {
        ["is not empty and does not hold a /"] = { persona_id = "a/b" },
        ["persona_id must be a text"] = { persona_id = 1 },
        ["is the id of a stock persona"] = { persona_id = "p5317866" },
        ["this is a whole answer"] = { data = core.array { { persona_id = "p1" } } },
        ["nested deeper than 126 levels"] = '{"a":' .. ("["):rep(126) .. ("]"):rep(126) .. "}",
      } do
        local id, err = sandbox:put(row)
        assert.is_nil(id)
        assert.matches(text, err.message, 1, true)
      end
    end)
  end)
end)
