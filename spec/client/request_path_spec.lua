-- luacheck: std max+busted
-- The path of a call that the library has no function for.
local tavus = require "tavus"

describe("client:request", function()
  local client = tavus.new { api_key = "k", base_url = "http://127.0.0.1:9" }
  for path, right in pairs {
    ["/personas"] = "/v2/personas", ["/personas/p1"] = "/v2/personas/p1", ["/pals"] = "/v2/pals",
    ["/conversations?limit=5"] = "/v2/conversations?limit=5", ["/tools"] = "/v2/tools", ["/v/personas"] = "/v2/v/personas",
    ["personas"] = "/v2/personas", ["v2/personas"] = "/v2/personas", ["v2/personas/p1"] = "/v2/personas/p1",
    ["https://tavusapi.com/v2/personas"] = "/v2/personas", ["https://tavusapi.com/personas"] = "/v2/personas",
  } do
    it("sends nothing to " .. path .. " and says " .. right, function()
      local value, err = client:request("GET", path)
      assert.is_nil(value)
      assert.equal("config", err.type)
      assert.matches(right, err.hint, 1, true)
    end)
  end

  it("leaves the path to a base_url that has one of its own", function()
    local proxied = tavus.new { api_key = "k", base_url = "http://127.0.0.1:9/tavus", timeout = 1 }
    local _, err = proxied:request("GET", "/personas")
    assert.are_not.equal("config", err.type)
  end)
end)
