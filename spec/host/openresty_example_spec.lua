-- examples/openresty: the real nginx with the service, run by its one command. nginx brings LuaJIT, so that this is the same
-- program whatever Lua runs the spec.
local asking = require "spec.support.asking"
local clients = require "spec.support.clients"
local nginx = require "spec.support.nginx"
local openresty = require "spec.support.openresty"
local process = require "spec.support.process"
local sandbox_module = require "tavus.sandbox"

-- Runs the command until `use` has returned and the signal has ended it. Returns its status and all it said.
local function with_service(environment, signal, use)
  local port = nginx.free_port()
  local url = "http://127.0.0.1:" .. port
  local words = { "env -u LD_PRELOAD -u LUA_PATH -u LUA_CPATH PORT=" .. port }
  for name, value in pairs(environment) do words[#words + 1] = name .. "=" .. process.quote(value) end
  -- not in the background, where a shell would have it ignore SIGINT
  local command = "sh -c 'echo $$; exec examples/openresty/run' 2>&1; echo \"[status $?]\""
  local pipe = assert(io.popen(table.concat(words, " ") .. " " .. command))
  local pid = assert(tonumber(pipe:read "*l"))
  local said = {}
  repeat
    said[#said + 1] = pipe:read "*l"
  until not said[#said] or said[#said]:find "^the service is at" or said[#said]:find "^%[status"
  local done, message = pcall(function()
    assert(said[#said]:find "^the service is at", table.concat(said, "\n"))
    openresty.await(function() return asking.ask(url, "GET", "/").status == 404 end)
    use(url)
  end)
  os.execute(("kill -%s %d"):format(signal, pid))
  local rest = table.concat(said, "\n") .. "\n" .. pipe:read "*a"
  pipe:close()
  assert(done, tostring(message) .. "\n" .. rest)
  return tonumber(rest:match "%[status (%d+)%]"), rest
end

local function is_gone(url)
  return asking.ask(url, "GET", "/").outcome == "not_sent"
end

local function visit(url, body)
  return asking.ask(url, "POST", "/visit", body)
end

-- The persona is made by a timer, a moment after the start.
local function open(url)
  return openresty.await(function()
    local result = visit(url, { name = "Ada" })
    return result.status ~= 503 and result
  end)
end

describe("the nginx example", function()
  it("starts a sandbox, serves, and leaves nothing running when it is interrupted", function()
    local sandbox_url, served_at
    local status, output = with_service({}, "INT", function(url)
      served_at = url
      local result = open(url)
      assert.equal(201, result.status, result.body)
      assert.matches("^c%x+$", result.json.conversation_id)
      sandbox_url = result.json.join_url:match "^http://[%d.:]+"
      assert.equal(200, asking.ask(sandbox_url, "GET", "/v2/personas").status)
      local list = asking.ask(url, "GET", "/personas?limit=2").json
      assert.equal(2, #list.personas)
      assert.equal(4, list.total_count)
    end)
    assert.equal(0, status, output)
    assert.matches("visitors will meet p", output, 1, true)
    assert.is_true(is_gone(served_at))
    assert.is_true(is_gone(sandbox_url))
  end)

  describe("with a Tavus of ours", function()
    local sandbox, environment

    setup(function()
      sandbox = assert(sandbox_module.start { port = 0 })
      environment = { TAVUS_API_KEY = clients.KEY, TAVUS_BASE_URL = sandbox.url, PUBLIC_URL = "https://example.com" }
    end)
    teardown(function() sandbox:stop() end)
    before_each(function() sandbox:reset() end)

    it("tells visitors what they did wrong, and nothing of what went wrong behind", function()
      local status, output = with_service(environment, "TERM", function(url)
        assert.equal(201, open(url).status)
        for body, expected in pairs {
          [""] = "the body is empty", ["{"] = "the body is no JSON", ["[1]"] = "must be a JSON object", ["{}"] = "name must be",
          ['{"name":7}'] = "name must be", ['{"name":" "}'] = "name must be",
          ['{"name":"Ada\\nforged line"}'] = "name must be one line",
        } do
          local result = visit(url, body)
          assert.equal(400, result.status)
          assert.matches(expected, result.json.error, 1, true)
        end
        local wrong = asking.ask(url, "GET", "/visit")
        assert.equal(405, wrong.status)
        assert.equal("POST", wrong.headers.allow)
        local large = visit(url, ("x"):rep(300000))
        assert.equal(413, large.status)
        assert.equal("the body is too large", large.json.error)
        assert.equal(400, asking.ask(url, "GET", "/personas?limit=many").status)

        for _, each in ipairs {
          { { status = 401, body = { message = "Invalid access token" } }, 500, "not set up" },
          { { status = 402, body = { message = "The user is out of conversational credits." } }, 503, "closed for now" },
          { { status = 400, body = { message = "User has reached maximum concurrent conversations" } }, 503, "all rooms" },
          { { status = 500, body = { error = "a trace of theirs" } }, 502, "no answer that helps" },
          { { status = 200, body = "no json" }, 502, "no answer that helps" },
        } do
          assert(sandbox:next(each[1]))
          local result = visit(url, { name = "Ada" })
          assert.equal(each[2], result.status, result.body)
          assert.matches(each[3], result.json.error, 1, true)
          assert.is_nil(result.body:find("theirs", 1, true))
          assert.equal(each[2] == 503, result.headers["retry-after"] ~= nil)
        end
      end)
      assert.equal(0, status, output)
      -- its log says more, and no secret
      assert.matches("Invalid access token", output, 1, true)
      assert.is_nil(output:find(clients.KEY, 1, true))
      assert.is_nil(output:find("forged", 1, true))
    end)

    it("looks for another persona when its own is gone", function()
      local status, output = with_service(environment, "TERM", function(url)
        open(url)
        local created = sandbox:requests { method = "POST", path = "/v2/conversations" }
        assert.equal(204, asking.ask(sandbox.url, "DELETE", "/v2/personas/" .. created[1].json.persona_id).status)
        assert.equal(502, visit(url, { name = "Ada" }).status)
        assert.equal(201, open(url).status)
        assert.equal(2, #sandbox:requests { method = "POST", path = "/v2/personas" })
      end)
      assert.equal(0, status, output)
    end)

    it("takes Tavus' webhooks, answers at once, and works on them afterwards", function()
      local _, output = with_service(environment, "TERM", function(url)
        local id = open(url).json.conversation_id
        local created = sandbox:requests { method = "POST", path = "/v2/conversations" }
        local key = created[#created].json.callback_url:match "^https://example%.com/callback%?key=(%x+)$"
        assert.equal(32, #key)

        local function tell(given, event) return asking.ask(url, "POST", "/callback?key=" .. given, event) end
        local function event(kind, properties)
          return { message_type = "application", event_type = kind, conversation_id = id, timestamp = "2026-06-01T00:00:00Z",
            properties = properties or {} }
        end
        assert.equal(403, tell("0123456789abcdef", event "system.shutdown").status)
        assert.equal(400, tell(key, "{").status)
        assert.equal(400, tell(key, {}).status)
        assert.equal(400, tell(key, event "a\nforged line").status)
        local stranger = event "system.shutdown"
        stranger.conversation_id = "c0000000000"
        assert.equal(404, tell(key, stranger).status)

        assert.equal(204, tell(key, event "system.replica_joined").status)
        assert.equal(204, tell(key, event("application.transcription_ready",
          { transcript = { { role = "user", content = "Hi" }, { role = "assistant", content = "Hello" } } })).status)
        -- the answer comes though Tavus takes its time for what the event makes us ask
        assert(sandbox:next { delay = 0.3, method = "GET" })
        assert.equal(204, tell(key, event "system.shutdown").status)
        assert.equal(204, tell(key, event "system.shutdown").status) -- the same one again
        openresty.await(function()
          return #sandbox:requests { method = "GET", path = "/v2/conversations/" .. id } == 1
        end)
        assert.equal(200, asking.ask(url, "GET", "/personas").status)
      end)
      for _, line in ipairs { "tells of system.replica_joined", "has a transcript of 2 lines" } do
        assert.matches(line, output, 1, true)
      end
      assert.is_nil(output:find("forged", 1, true))
    end)
  end)
end)
