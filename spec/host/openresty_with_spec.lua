-- conversations:with inside nginx: the conversation ends also when the request goes away.
local asking = require "spec.support.asking"
local openresty = require "spec.support.openresty"
local sandbox_module = require "tavus.sandbox"

describe("with inside nginx", function()
  local sandbox, server

  setup(function()
    sandbox = assert(sandbox_module.start { port = 0 })
    server = openresty.start {
      values = { BACK = sandbox.url },
      http = [[
        lua_check_client_abort on;
        init_by_lua_block {
          tavus = require "tavus"
          client = assert(tavus.new { api_key = "k3y", base_url = "BACK", backoff = function() return 0 end })
          function here() ngx.shared.notes:incr(ngx.var.uri, 1, 0) end
          function within(fn, ...) return client.conversations:with({ replica_id = "r90bbd427f71" }, fn, ...) end
        }
      ]],
      server = [[
        location = /return { content_by_lua_block { ngx.print(within(function(c) ngx.sleep(0.01) return "kept" end)) } }
        location = /nothing { content_by_lua_block { ngx.print(tostring(within(function() end))) } }
        location = /raise { content_by_lua_block {
          local ok, err = pcall(within, function() ngx.sleep(0.01) error("of its own", 0) end)
          ngx.print(tostring(ok), " ", err)
        } }
        location = /fail { content_by_lua_block { within(function() error("failed") end) } }
        location = /stay { content_by_lua_block { within(function() here() ngx.sleep(600) end) } }
        location = /call { content_by_lua_block { within(function() here() return client.personas:list() end) } }
        location = /exit { content_by_lua_block { within(function() ngx.exit(204) end) } }
        location = /cancel { content_by_lua_block {
          local task = client:spawn(within, function() ngx.sleep(600) end)
          while not next(client._tasks, next(client._tasks)) do ngx.sleep(0.01) end
          task:cancel()
          ngx.print(select(2, task:result()).type)
        } }
        location = /task { content_by_lua_block {
          ngx.print((client:spawn(within, function(c) return "in a task" end):result()))
        } }
        location = /map { content_by_lua_block {
          local made = client:map({ 1, 2, 3 }, function(n) return within(function() ngx.sleep(0.01) return n end) end)
          ngx.print(made[1].value + made[2].value + made[3].value)
        } }
        location = /timer { content_by_lua_block {
          ngx.timer.at(0, function() within(function() ngx.sleep(0.01) end) end)
        } }
        location = /refused { content_by_lua_block {
          local _, err = within(function() end)
          ngx.print(err.type)
        } }
      ]],
    }
  end)

  teardown(function()
    server:stop()
    sandbox:stop()
  end)

  before_each(function() sandbox:reset() end)

  local function active()
    return asking.ask(sandbox.url, "GET", "/v2/conversations", nil, { query = { status = "active" } }).json.total_count
  end

  local function made()
    local count = 0
    for _, entry in ipairs(sandbox:requests()) do
      if entry.method == "POST" and entry.path == "/v2/conversations" then count = count + 1 end
    end
    return count
  end

  -- All that was made is ended, though perhaps by a timer.
  local function all_ended(count)
    openresty.await(function() return made() >= count and active() == 0 end)
  end

  it("returns what fn returns, after the end", function()
    for path, text in pairs {
      ["/return"] = "kept", ["/nothing"] = "true", ["/raise"] = "false of its own", ["/task"] = "in a task", ["/map"] = "6",
    } do
      sandbox:reset()
      assert.equal(text, server:ask(path).body)
      assert.equal(0, active())
      assert.is_true(made() > 0)
    end
  end)

  it("ends it in a timer's own function", function()
    server:ask "/timer"
    all_ended(1)
  end)

  it("returns the error when none could be made", function()
    sandbox:next { status = 402 }
    assert.equal("payment", server:ask("/refused").body)
  end)

  for _, path in ipairs { "/stay", "/call" } do
    it("ends it when the visitor goes away: " .. path, function()
      if path == "/call" then sandbox:next { delay = 600, path = "/v2/personas", times = 3 } end
      for i = 1, 3 do
        local visit = server:submit(path)
        -- Before fn runs, the id of the conversation may not have arrived.
        openresty.await(function() return server:note(path) == tostring(i) end)
        assert.equal(1, active())
        visit:cancel()
        all_ended(i)
      end
    end)
  end

  it("ends it when the request ends in fn, and when fn fails", function()
    assert.equal(500, server:ask("/fail").status)
    all_ended(1)
    assert.equal(204, server:ask("/exit").status)
    all_ended(2)
  end)

  it("ends it when its task is cancelled, and the request goes on", function()
    assert.equal("cancelled", server:ask("/cancel").body)
    all_ended(1)
  end)

  it("leaves nothing behind", function()
    for _ = 1, 3 do assert.equal("kept", server:ask("/return").body) end
    local lines = {}
    for _, line in ipairs(server:trouble()) do
      if not line:find "failed" then lines[#lines + 1] = line end
    end
    assert.same({}, lines)
  end)
end)
