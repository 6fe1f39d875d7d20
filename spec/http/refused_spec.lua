-- HTTP/2: what a server says that it did not look at is sent again, a POST too, and nothing else is.
local frames = require "spec.support.frames"
local http = require "tavus.http"
local wire = require "spec.support.wire"

local engine, server

local function serve(...)
  local script = { ... }
  for _, steps in ipairs(script) do table.insert(steps, 1, { send = frames.settings }) end
  server = wire.start(script, { tls = "localhost", alpn = "h2" })
  return server
end

local function session(options)
  options = options or {}
  options.api_key, options.base_url, options.ca_file = "tvsk_0123456789abcdef", server.url, options.ca_file or server.ca_file
  return assert(http.session(options))
end

local function await(condition)
  local give_up = http.now() + 20
  repeat
    engine:step(0.005)
    if http.now() > give_up then error("the condition never came", 2) end
  until condition()
end

local function submit(made, i)
  return assert(engine:submit(made, "POST", "/" .. i, { body = "{}", timeout = 20 }))
end

-- So many POSTs, one after the other, each of them whole at the server.
local function post(made, count)
  local requests, before = { made = made }, server:count "stream"
  for i = 1, count do
    requests[i] = submit(made, i)
    await(function() return server:count "stream" >= before + i end)
  end
  return requests
end

-- How they end. What was surely not sent is begun again, as the client does: libcurl before 8 sends again some of them only.
local function outcomes(requests)
  local words = {}
  for i = 1, #requests do
    local request, tries, result = requests[i], 0
    repeat
      while not engine:wait(request, 1) do end -- luacheck: ignore 542
      result, tries = request:result(), tries + 1
      if result.outcome == "not_sent" then
        assert.matches("before it looked at the request", result.message)
        request = submit(requests.made, i)
      end
    until result.outcome ~= "not_sent" or tries == 5
    request:cancel()
    words[i] = result.outcome .. " " .. result.sent
  end
  return table.concat(words, ", ")
end

local function streams()
  local words = {}
  for _, entry in ipairs(server:journal()) do
    if entry.event == "stream" then words[#words + 1] = entry.connection .. ":" .. entry.stream end
  end
  return table.concat(words, " ")
end

describe("of streams under way", function()
  before_each(function() engine = assert(http.engine()) end)

  after_each(function() server:stop() end)

  it("those behind the last one that GOAWAY names are sent again", function()
    serve({ { streams = 3 }, { send = frames.goaway(1) .. frames.answer(1) }, "hang" },
      { { streams = 1 }, { send = frames.answer(1) }, { streams = 1 }, { send = frames.answer(3) }, "hang" })
    assert.equal("answer 1, answer 1, answer 1", outcomes(post(session(), 3)))
    assert.equal(5, server:count "stream")
  end)

  it("those before it are lost with the connection", function()
    serve({ { streams = 3 }, { send = frames.goaway(3) }, { await = "end" }, "close" },
      { { streams = 1 }, { send = frames.answer(1) }, "hang" })
    local requests = post(session(), 3)
    assert.equal("answer 1", outcomes { made = requests.made, requests[3] })
    server:release "end"
    assert.equal("lost 1, lost 1", outcomes { requests[1], requests[2] })
    assert.equal("1:1 1:3 1:5 2:1", streams())
  end)

  it("all are lost with a connection that ends without a word, or with the notice that it will end", function()
    for _, word in ipairs { "", frames.goaway(2147483647) } do
      serve({ { streams = 3 }, { send = word }, { await = "end" }, "close" }, { "hang" })
      local requests = post(session(), 3)
      server:release "end"
      assert.equal("lost 1, lost 1, lost 1", outcomes(requests))
      server:stop()
    end
  end)

  it("those are sent again that the second of two GOAWAY leaves out", function()
    serve({ { streams = 3 }, { send = frames.goaway(2147483647) .. frames.goaway(1) .. frames.answer(1) }, "hang" },
      { { streams = 1 }, { send = frames.answer(1) }, { streams = 1 }, { send = frames.answer(3) }, "hang" })
    assert.equal("answer 1, answer 1, answer 1", outcomes(post(session(), 3)))
  end)

  it("one that is refused again and again was not sent in the end", function()
    serve { { streams = 1 }, { send = frames.goaway(0) }, "hang" }
    assert.equal("not_sent 0", outcomes(post(session(), 1)))
  end)

  it("one that was refused, and then died, is lost", function()
    serve({ { streams = 2 }, { send = frames.goaway(1) .. frames.answer(1) }, "hang" }, { { streams = 1 }, "close" }, { "hang" })
    assert.equal("answer 1, lost 1", outcomes(post(session(), 2)))
    assert.equal("1:1 1:3 2:1", streams())
  end)

  it("those on another connection to the server are not concerned", function()
    serve({ { streams = 3 }, { await = "end" }, "close" }, { { streams = 2 }, { send = frames.goaway(1) .. frames.answer(1) }, "hang" },
      { { streams = 1 }, { send = frames.answer(1) }, "hang" })
    local other = wire.folder()
    wire.write_file(other .. "/ca.pem", wire.read_file(server.ca_file))
    local first = post(session(), 3)
    local second = post(session { ca_file = other .. "/ca.pem" }, 2)
    assert.equal("answer 1, answer 1", outcomes(second))
    server:release "end"
    assert.equal("lost 1, lost 1, lost 1", outcomes(first))
    assert.equal("1:1 1:3 1:5 2:1 2:3 3:1", streams())
    wire.remove(other)
  end)

  it("one that is reset for another reason is lost", function()
    serve({ { streams = 2 }, { send = frames.reset(3, 2) .. frames.answer(1) }, "hang" }, { "hang" })
    assert.equal("answer 1, lost 1", outcomes(post(session(), 2)))
    assert.equal("1:1 1:3", streams())
  end)

  it("one that is refused is sent again where it is the first of its connection, and else lost: libcurl does not tell", function()
    serve({ { streams = 1 }, { send = frames.reset(1, 7) }, "hang" }, { { streams = 1 }, { send = frames.answer(1) }, "hang" })
    assert.equal("answer 1", outcomes(post(session(), 1)))
    assert.equal("1:1 2:1", streams())
    server:stop()
    serve({ { streams = 2 }, { send = frames.reset(3, 7) .. frames.answer(1) }, "hang" }, { "hang" })
    assert.equal("answer 1, lost 1", outcomes(post(session(), 2)))
  end)
end)
