-- Nothing is done twice when connections that were used before die unanswered: libcurl would then send again by itself.
-- Many calls at once, each in a task, over every kind of connection.
local calls = require "spec.support.calls"
local clients = require "spec.support.clients"
local nginx = require "spec.support.nginx"
local wire = require "spec.support.wire"

local OK = { answer = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"persona_id":"p1","conversation_id":"c1","data":[]}' }

-- The same list for the first connections, and another for those that come later.
local function each_then(count, first, later)
  local script = {}
  for i = 1, count do script[i] = first end
  script[#script + 1] = later
  return script
end

-- Answers the first request, when all connections are there, and never the second.
local DYING = each_then(#calls, { "read", { await = "warm" }, OK, "read", "hang" }, { "read", OK, "loop" })

-- What lies between the client and a port: the first connections are cut when the spec says so.
local function cable(port, count, before)
  local function steps(tunnel)
    local all = {}
    for i, step in ipairs(before or {}) do all[i] = step end
    all[#all + 1] = tunnel
    return all
  end
  return wire.start(each_then(count, steps { tunnel = port, till = "cut" }, steps { tunnel = port }))
end

local CONNECT = { "read", { send = "HTTP/1.1 200 OK\r\n\r\n" } }

-- Each: the server that sees the requests, what is cut, the options of the clients, and how many connections they make.
local ways = {
  ["HTTP/1.1"] = function()
    local back = wire.start(DYING)
    local between = cable(back.port, #calls)
    return back, between, { base_url = between.url }, #calls
  end,
  ["TLS"] = function()
    local back = wire.start(DYING, { tls = "localhost" })
    local between = cable(back.port, #calls)
    return back, between, { base_url = "https://127.0.0.1:" .. between.port, ca_file = back.ca_file }, #calls
  end,
  ["HTTP/2"] = function()
    local script = each_then(#calls, { "read", "hang" }, { "read", OK, "close" })
    table.insert(script, 1, { "read", { await = "warm" }, OK, "close" })
    local back = wire.start(script)
    local front = nginx.start(([[
      location / {
        proxy_pass %s;
        proxy_http_version 1.0;
        proxy_buffering off;
        proxy_next_upstream off;
      }]]):format(back.url))
    local between = cable(front.port, 1)
    return back, between, { base_url = "https://127.0.0.1:" .. between.port, ca_file = front.ca_file }, 1, front
  end,
  ["a proxy"] = function()
    local back = wire.start(DYING)
    local between = cable(back.port, #calls)
    return back, between, { base_url = "http://127.0.0.1:9", proxy = between.url }, #calls
  end,
  ["a proxy's tunnel"] = function()
    local back = wire.start(DYING, { tls = "localhost" })
    local between = cable(back.port, #calls, CONNECT)
    return back, between, { base_url = back.url, ca_file = back.ca_file, proxy = between.url }, #calls
  end,
}

for name, way in pairs(ways) do
  describe("used connections that die unanswered, over " .. name .. ":", function()
    local servers, results, back, connections

    local function await(client, condition)
      local http = require "tavus.http"
      local give_up = http.now() + 20
      while not condition() do
        client:step(0.01)
        assert(http.now() < give_up, "the condition never came")
      end
    end

    setup(function()
      local between, options, front
      back, between, options, connections, front = way()
      servers = { back, between, front }
      local function new(case)
        options.headers = case and { ["X-Case"] = tostring(case) }
        return clients.new(options.base_url, options)
      end
      local warm = new()
      for _ = 1, connections do warm:spawn(function() assert(warm.personas:get "warm") end) end
      await(warm, function() return back:count "request" == connections end)
      back:release "warm"
      warm:run()
      results = {}
      for i, call in ipairs(calls) do
        local kept = {}
        kept.client, kept.retries = new(i)
        kept.client:spawn(function() kept.value, kept.result = call.make(kept.client, { id = "p1", call = "c1" }) end)
        results[i] = kept
      end
      await(warm, function() return back:count "request" == connections + #calls end)
      between:release "cut"
      for _, kept in ipairs(results) do
        kept.client:run()
        kept.client:close()
      end
      warm:close()
    end)

    teardown(function()
      for _, server in ipairs(servers) do server:stop() end
    end)

    for i, call in ipairs(calls) do
      it(call.name, function()
        local kept, sent = results[i], 0
        for _, request in ipairs(back:requests()) do
          if request.headers["x-case"] == tostring(i) then sent = sent + 1 end
        end
        if call.repeats then
          assert.is_truthy(kept.value, tostring(kept.result))
          assert.equal(2, kept.result.attempts)
          assert.equal(2, sent)
          assert.is_true(#kept.retries <= 1) -- libcurl sent it again by itself, or left that to us
        else
          assert.is_nil(kept.value)
          assert.equal("connection", kept.result.type)
          assert.is_true(kept.result.ambiguous)
          assert.is_false(kept.result.retryable)
          assert.equal(1, kept.result.attempts)
          assert.equal(1, sent)
          assert.equal(0, #kept.retries)
        end
      end)
    end
  end)
end

describe("a used connection that dies while a large body is sent:", function()
  local server, client

  after_each(function()
    client:close()
    server:stop()
  end)

  for _, tls in ipairs { false, "localhost" } do
    for _, ending in ipairs { "close", "reset" } do
      local function start(method)
        server = wire.start({ { "read", OK, "read_head", ending }, { "read", OK, "loop" } }, { tls = tls or nil })
        client = clients.new(server.url, { ca_file = server.ca_file })
        assert(client.personas:get "p1")
        return client:request(method, "/v2/personas", { body = { text = ("x"):rep(6 * 1024 * 1024) } })
      end
      local how = (tls and " over TLS" or "") .. " (" .. ending .. ")"

      it("a POST is not sent again" .. how, function()
        local value, err = start "POST"
        assert.is_nil(value)
        assert.equal("connection", err.type)
        assert.is_true(err.ambiguous)
        assert.equal(1, err.attempts)
        assert.equal(2, #server:requests())
      end)

      it("a DELETE is, whole" .. how, function()
        assert(start "DELETE")
        local seen = server:requests()
        assert.equal(3, #seen)
        assert.equal(6 * 1024 * 1024 + #'{"text":""}', #seen[3].body)
      end)
    end
  end
end)

describe("a server that ends each HTTP/2 connection after a few requests", function()
  it("has every create once", function()
    local sandbox = require("tavus.sandbox").start { port = 0 }
    local front = nginx.start(("keepalive_requests 10; location / { proxy_pass %s; proxy_set_header Host $proxy_host; }"):format(sandbox.url))
    local client, names = clients.new(front.url, { ca_file = front.ca_file }), {}
    for i = 1, 60 do names[i] = "made " .. i end
    for _, made in ipairs(client:map(names, function(name)
      return client.personas:create { persona_name = name, system_prompt = "x" }
    end)) do assert.is_truthy(made.value, tostring(made.err)) end
    local seen, count = {}, 0
    for _, request in ipairs(sandbox:requests { method = "POST" }) do
      assert.is_nil(seen[request.json.persona_name], "made twice")
      seen[request.json.persona_name], count = true, count + 1
    end
    assert.equal(60, count)
    client:close()
    front:stop()
    sandbox:stop()
  end)
end)
