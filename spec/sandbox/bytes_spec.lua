-- Requests with bytes that are not UTF-8, in every place of a request: the sandbox answers, and shows them as `?`.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local running = require "spec.support.program"
local sandbox_module = require "tavus.sandbox"

local RAW = "X-\255: a"

-- A whole request; "steering" goes to the port for steering.
local function request(line, headers, body)
  return ("%s HTTP/1.1\r\n%s\r\nConnection: close\r\n%s\r\n%s"):format(
    line, headers or "Host: localhost", body and ("Content-Length: %d\r\n"):format(#body) or "", body or "")
end

local REQUESTS = {
  ["a header's name"] = { request("GET /v2/personas", "Host: localhost\r\n" .. RAW) },
  ["a header's value"] = { request("GET /v2/personas", "Host: localhost\r\nX-A: \255\192") },
  ["the key"] = { request("GET /v2/personas", "Host: localhost\r\nx-api-key: \255") },
  ["Host"] = { request("GET /v2/personas", "Host: \255") },
  ["Origin"] = { request("GET /v2/personas", "Host: localhost\r\nOrigin: http://\255") },
  ["the method"] = { request "G\255T /v2/personas" },
  ["the path"] = { request "GET /v2/\255/personas" },
  ["an id"] = { request("GET /v2/personas/p\255", "Host: localhost\r\nx-api-key: k") },
  ["an escaped id"] = { request("GET /v2/personas/p%FF%C0%80", "Host: localhost\r\nx-api-key: k") },
  ["an id to delete"] = { request("DELETE /v2/conversations/%ED%A0%80", "Host: localhost\r\nx-api-key: k") },
  ["the query"] = { request("GET /v2/personas?\255=\254&limit=%FF&persona_type=\255",
    "Host: localhost\r\nx-api-key: k") },
  ["a body"] = { request("POST /v2/personas", "Host: localhost\r\nx-api-key: k", '{"persona_name":"\255"}') },
  ["a body in which only the end of a character is missing"] =
    { request("POST /v2/personas", "Host: localhost\r\nx-api-key: k", '"\195') },
  ["Host of steering"] = { request("GET /_sandbox", "Host: \255.example"), "steering" },
  ["Origin of steering"] = { request("GET /_sandbox", "Host: localhost\r\nOrigin: http://\255"), "steering" },
  ["the method of steering"] = { request "G\255T /_sandbox", "steering" },
  ["the path of steering"] = { request "GET /_sandbox/\255", "steering" },
  ["the query of steering"] = { request "GET /_sandbox/requests?path=/\255&method=\255&\255=\255&since=\255",
    "steering" },
  ["the body of steering"] = { request("POST /_sandbox/set", nil, '{"\255":1}'), "steering" },
}

describe("the sandbox works after bytes that are not UTF-8 in", function()
  local sandbox
  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function() sandbox:reset() end)

  for where, case in pairs(REQUESTS) do
    it(where, function()
      local steering = sandbox:about().steering
      local answer = asking.raw(case[2] and steering or sandbox.url, case[1])
      local status, body = tonumber(answer:match "^HTTP/1%.1 (%d%d%d)"), answer:match "\r\n\r\n(.*)$"
      assert.is_true(status < 500, answer)
      assert.is_not_nil(core.decode(body), body) -- so every byte of it is UTF-8
      local entries = assert(sandbox:requests())
      assert.equal(case[2] and 0 or 1, #entries)
      if not case[2] then sandbox:expect { times = 1 } end
      assert.matches("expect", select(2, pcall(sandbox.expect, sandbox, { method = "PUT" })))
      assert.equal(200, asking.ask(steering, "GET", "/_sandbox/overview").status)
      assert.equal(200, asking.ask(sandbox.url, "GET", "/v2/personas").status)
    end)
  end

  it("shows the bad bytes as ?, everything else as it came", function()
    asking.raw(sandbox.url, request("G\255T /v2/\255?a=%FF", "Host: localhost\r\nX-\255: \255\r\nX-Good: \195\169"))
    local entry = sandbox:requests()[1]
    assert.same({ "G?T", "/v2/?", "?", "?", "\195\169" },
      { entry.method, entry.path, entry.query.a, entry.headers["x-?"], entry.headers["x-good"] })
  end)

  it("a recording that is replayed", function()
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write '{"method":"GET","path":"/v2/personas","outcome":"answer","status":200,"answer_text":"x"}\n'
    file:close()
    local replaying = assert(sandbox_module.start { port = 0, replay = name })
    os.remove(name)
    for _, line in ipairs { "GET /v2/\255?\255=\255", "G\255T /v2/personas", "POST /v2/personas?%FF=%FF" } do
      local answer = asking.raw(replaying.url, request(line, "Host: localhost\r\nx-api-key: \255\r\n" .. RAW, "\255"))
      assert.matches("^HTTP/1%.1 501", answer)
    end
    assert.equal(3, #replaying:requests())
    replaying:stop()
  end)

  it("lines of --log", function()
    local _, rest = running("--port 0", "TERM", function(first, pipe)
      local url = first:match "http://%S+"
      while not pipe:read("*l"):find "^Ctrl%-C" do end -- luacheck: ignore 542
      asking.raw(url, request "G\255T /v2/\255?\27[2J")
      asking.raw(url, request "\27]0;x\7 /v2/personas")
    end)
    assert.matches("G?T /v2/??", rest, 1, true)
    assert.is_nil(rest:find "[%z\1-\9\11-\31\127-\255]")
  end)
end)
