-- Every operation of the contract, at its older and its newer path, over a socket: each shape that its answer may have, each
-- status with each place of the text, answers that fit nothing, and each word about repeats.
local clients = require "spec.support.clients"
local resource = require "tavus.client.resource"
local tavus = require "tavus"

local URL = "https://media.example.com/a.mp4"

-- What a method takes as its body, by the kind of the body, where it has no fixture below: a patch, or the value it wraps.
local bodies = {
  persona = clients.persona(), pal = { pal_name = "Ann", system_prompt = "Hi.", default_face_id = "r90bbd427f71" },
  conversation = { persona_id = "p5317866" },
  app_message = { message_type = "conversation", event_type = "conversation.respond", properties = { text = "Hi." } },
  canvas_interaction = { interaction_id = "i1", tool_call_id = "c1", component = "canvas.question", type = "submit" },
  registered_tool = { name = "order", description = "Order." }, registered_tool_patch = { description = "Buy." },
  attach_tools = { "t0123456789ab" }, replace_skills = { internet_search = { config = {} } }, skill_config = {},
  skill_config_patch = { usage_guidance = "Often." }, clone = {},
  guardrail = { guardrail_name = "calm", guardrail_prompt = "Shouts." },
  objectives = { data = { { objective_name = "greet", objective_prompt = "Greet." } } },
  document = { document_url = URL }, document_patch = { document_name = "Menu" }, recrawl = { crawl = { depth = 2 } },
  pronunciation_dictionary = { name = "Words" }, replica = { train_video_url = URL }, face = { train_video_url = URL },
  replica_patch = { face_name = "Ben" }, face_patch = { face_name = "Ben" }, replica_rename = "Ben", face_rename = "Ben",
  voice = { voice_name = "Ann" }, voice_patch = { voice_name = "Ben" }, video = { replica_id = "r90bbd427f71", script = "Hi." },
  video_patch = "Ben", deployment = { pal_id = "p5317866", channel = "widget" }, deployment_start = {},
  memory_store = { pal_id = "p5317866", participant_tag = "ann" }, pinned_memory = "likes tea",
  lipsync = { original_video_url = URL, source_audio_url = URL }, transcription = { file_url = URL, callback_url = URL },
  replacement = { original_video_url = URL, new_transcript = "Hi." },
  speech = { script = "Hi.", replica_id = "r90bbd427f71" }, speech_patch = "Ben",
}
local again = tavus.patch():replace("/name", "Ben") -- a patch that may be sent again
local once = tavus.patch():remove "/name"

-- The statuses that every call may get, and their errors.
local statuses = {
  { 400, "bad_request" }, { 401, "auth" }, { 402, "payment" }, { 403, "permission" }, { 404, "not_found" }, { 409, "conflict" },
  { 410, "not_found" }, { 413, "bad_request" }, { 422, "unprocessable" }, { 501, "server" },
}
local texts = {
  function(text) return { error = text } end, function(text) return { message = text } end,
  function(text) return { error = { message = text } } end, function(text) return { detail = { { msg = text } } } end,
  function(text) return { detail = text } end,
}
local doubtful = { [408] = "timeout", [500] = "server", [502] = "server", [503] = "server", [504] = "server" }
local strange = {
  "", "null", "5", '"text"', "true", "[]", "[1,2]", "{}", '{"data":null}', '{"data":5}', '{"data":[null]}', '{"data":[5,"a"]}',
  '{"data":{"data":{}}}', '{"data":{},"total_count":"many"}', '{"error":5}', '{"error":{"message":{}}}', '{"message":[]}',
  "<html>Bad Gateway</html>", '{"data":', "\0", ("["):rep(5000), '{"a":1}{"a":2}',
}
local TYPES = {}
for kind in ("auth bad_request conflict decode not_found payment permission rate_limit server unprocessable timeout"):gmatch "%S+" do
  TYPES[kind] = true
end

describe("every operation of the contract:", function()
  local sandbox, client = clients.serve(teardown, before_each)
  local seen = 0

  local function call(collection, name, op, body)
    local arguments, n = {}, #op.ids
    for i = 1, n do arguments[i] = "x" .. i end
    if op.sends == "json_patch" then
      n, arguments[n + 1] = n + 1, body or again
    elseif op.sends ~= "nothing" then
      n, arguments[n + 1] = n + 1, bodies[op.body]
    end
    return client[collection][name](client[collection], (table.unpack or unpack)(arguments, 1, n)) -- luacheck: ignore
  end

  local function answers(op, rule)
    rule.method, rule.path = op.method, "/v2/*"
    sandbox:next(rule)
  end

  -- The shapes of a success: the body, and what it is to the program.
  local function shapes(op)
    local row = { [op.id_names[1]] = "x1", made = "yes" }
    if op.answers == "nothing" then return { { "", true, 204 }, { { message = "done" }, true }, { "no JSON", true } } end
    if op.answers == "any" then return { { { success = true }, { success = true } }, { "", true } } end
    if op.answers == "list" then
      local found = { { { data = { row }, total_count = 1 }, { row } }, { { row }, { row } }, { '{"data":[]}', {} } }
      if op.rows then found[#found + 1] = { { [op.rows] = { row } }, { row } } end
      return found
    end
    if op.answers == "map" then
      return { { { magic_canvas = row }, { magic_canvas = row } }, { { data = { magic_canvas = row } }, { magic_canvas = row } } }
    end
    local found = {}
    if op.where.flat then found[#found + 1] = { row, row } end
    if op.where.data then found[#found + 1] = { { data = row }, row } end
    if op.where["data[1]"] then found[#found + 1] = { { data = { row } }, row } end
    if op.answers == "changed" then found[#found + 1] = { "", true } end
    return found
  end

  for collection, class in pairs(resource.classes()) do
    for name, op in pairs(class.operations) do
      local title = collection .. ":" .. name
      seen = seen + 1

      it(title .. " reads each shape of its answer, and says that nothing changed after a 304", function()
        for i, shape in ipairs(shapes(op)) do
          answers(op, { status = shape[3] or op.status or 200, body = shape[1] })
          local value, meta = call(collection, name, op)
          assert.is_not_nil(value, tostring(meta))
          assert.same(shape[2], op.answers == "list" and value.data or value, title .. " " .. i)
          assert.equal(not op.reads or nil, meta.changed)
        end
        answers(op, { status = 304 })
        assert.is_false(select(2, call(collection, name, op)).changed)
      end)

      it(title .. " tells each error by its status, wherever its text stands", function()
        for i, status in ipairs(statuses) do
          answers(op, { status = status[1], body = texts[i % #texts + 1] "a reason of the server" })
          local value, err = call(collection, name, op)
          assert.is_nil(value)
          assert.same({ status[1], status[2], 1, false, false }, { err.status, err.type, err.attempts, err.retryable, err.ambiguous })
          assert.matches("a reason of the server", tostring(err), 1, true)
        end
      end)

      it(title .. " takes a strange answer for an error, or for what it is", function()
        for i, body in ipairs(strange) do
          for _, status in ipairs { 200, 400 } do
            answers(op, { status = status, body = body, headers = { ["Content-Type"] = "application/json" } })
            local value, err = call(collection, name, op)
            if value == nil then
              assert.is_true(TYPES[err.type], ("%s %d: %s"):format(title, i, tostring(err.type)))
              assert.is_string(tostring(err))
            else
              assert.equal(200, status, title .. " " .. i)
            end
          end
        end
      end)

      it(("%s is %s: what may be done twice is sent again, and nothing else"):format(title, op.repeats), function()
        local own = {}
        for _, exception in ipairs(op.exceptions or {}) do
          if not exception.text then own[exception.status] = exception.verdict end
        end
        for status, kind in pairs(doubtful) do
          for _, body in ipairs(op.repeats == "ops" and { again, once } or { false }) do
            sandbox:reset()
            answers(op, { status = status, body = "{}", times = "always" })
            local value, err = call(collection, name, op, body or nil)
            local may = op.repeats ~= "twice" and body ~= once
            local verdict = own[status] or (may and "retry" or "ambiguous")
            assert.is_nil(value)
            assert.same({ kind, verdict == "retry" and 3 or 1, verdict == "ambiguous" },
              { err.type, err.attempts, err.ambiguous }, title .. " " .. status)
            assert.equal(err.attempts, clients.arrived(sandbox, op.method) - (op.get and op.method == "GET" and 1 or 0))
          end
        end
        sandbox:reset()
        answers(op, { status = 429, body = "{}", times = "always" })
        assert.same({ "rate_limit", 3 }, { select(2, call(collection, name, op)).type, clients.arrived(sandbox, op.method) })
      end)

      if op.done then
        it(title .. " succeeds when an earlier attempt had done it, and only then", function()
          local means = {
            not_found = { status = 404, body = { error = "no" } }, not_attached = { status = 400, body = { error = "Tool not attached to this PAL" } },
            conflict = { status = 409, body = { error = "no" } }, rate_limit = { status = 429, body = { error = "Recrawl cooldown: please wait 59 minutes" } },
            conversation_ended = { status = 400, body = { error = "already ended" } },
          }
          local already = {}
          for _, word in ipairs(op.already or {}) do already[word] = true end
          for _, word in ipairs(op.done) do
            sandbox:reset()
            answers(op, { status = 503, body = "{}" })
            answers(op, means[word])
            local value, meta = call(collection, name, op)
            assert.is_true(value, title .. " " .. word .. ": " .. tostring(meta))
            assert.equal(2, meta.attempts)
            sandbox:reset()
            answers(op, means[word])
            assert.equal(already[word] or nil, (call(collection, name, op)))
          end
        end)
      end
    end
  end

  it("none is left out", function()
    local count = 0
    for _, each in ipairs(require("tavus.core").contract().resources) do
      count = count + #each.operations * (each.twin and 2 or 1)
    end
    assert.equal(count, seen)
  end)
end)
