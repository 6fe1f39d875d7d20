-- A web page that the developer visits can send requests to this machine: it must not steer the sandbox or read from
-- it.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local control = require "tavus.sandbox.control"
local sandbox = require "tavus.sandbox"

describe("steering a sandbox", function()
  local server

  setup(function() server = assert(sandbox.start()) end)
  teardown(function() server:stop() end)

  local function send(line, headers, body)
    local text = { line .. " HTTP/1.1", "Connection: close" }
    for name, value in pairs(headers) do text[#text + 1] = name .. ": " .. value end
    if body then text[#text + 1] = "Content-Length: " .. #body end
    local answer = asking.raw(server.url, table.concat(text, "\r\n") .. "\r\n\r\n" .. (body or ""))
    return tonumber(answer:match "^HTTP/1.1 (%d+)"), answer:match "\r\n\r\n(.*)$"
  end

  it("is not for a page of another site", function()
    assert.equal(200, asking.ask(server.url, "POST", "/v2/personas", { system_prompt = "x" }).status)
    local host = server.url:match "//(.*)"
    for _, origin in ipairs { "https://evil.example", "null", "http://127.0.0.1:1", "http://" .. host
      .. ".evil.example", "file://", "" } do
      local status, body = send("POST /_sandbox/reset",
        { Host = host, Origin = origin, ["Content-Type"] = "text/plain" }, "{}")
      assert.equal(403, status, origin)
      assert.matches("not steered by web pages", body, 1, true)
    end
    assert.equal(1, server:about().personas)
    assert.equal(200, (send("POST /_sandbox/set", { Host = host, Origin = "http://" .. host }, "{}")))
  end)

  it("is not for a page whose name leads here", function()
    for _, line in ipairs { "GET /", "GET /_sandbox", "GET /_sandbox/overview", "GET /_sandbox/requests",
      "POST /_sandbox/next", "GET /_sandbox/x" } do
      local status, body = send(line, { Host = "evil.example:8787" })
      assert.equal(403, status, line)
      assert.matches("'evil.example:8787' is not such an address", assert(core.decode(body)).error, 1, true)
    end
    assert.equal(200, (send("GET /v2/personas", { Host = "tavus.test", ["x-api-key"] = "k" })))
  end)

  it("is allowed under every name of this machine", function()
    for _, host in ipairs { "localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:8787", "[::1]:8787", "[::1]",
      "a.localhost:1", "sandbox:8787", "localhost." } do
      assert.is_nil(control.refusal { host = host }, host)
    end
    assert.is_nil(control.refusal {})
    for _, host in ipairs { "", ":80", "a.b", "1.2.3.4.example", "127.0.0.1.nip.io", "localhost, evil.example",
      "[::1].evil.example", "evil.example:1:2",
      "xlocalhost.example" } do
      assert.is_string(control.refusal { host = host }, host)
    end
  end)
end)
