-- tavus.tool ... :registered { ... } and tavus.tool.registered: the body of a tool of the registry.
local clients = require "spec.support.clients"
local core = require "tavus.core"
local tavus = require "tavus"

local function order() return tavus.tool "order" { "Order something.", what = tavus.string "What to order." } end

describe("a tool", function()
  it("becomes the body of a registered one", function()
    local body = order():registered { on_call = "silent", on_resolve = "add_to_context", tags = { "shop" },
      delivery = { app_message = true } }
    assert.same({
      name = "order", description = "Order something.", parameters = order()["function"].parameters, on_call = "silent",
      on_resolve = "add_to_context", tags = { "shop" }, delivery = { app_message = true },
    }, body)
    assert.same({ true, {} }, { core.validate("registered_tool", body) })
    assert.is_nil(getmetatable(body))
    assert.equal("order", order():registered().name)
  end)

  it("written by hand does, too", function()
    local by_hand = { type = "function", ["function"] = { name = "order", description = "d",
      parameters = { type = "object", properties = {} } } }
    assert.equal("post_call", tavus.tool.registered(by_hand, { trigger_type = "post_call",
      delivery = { app_message = false, api = { url = "https://example.com/x" } } }).trigger_type)
  end)

  it("has a method that encoding, comparing and checking do not see", function()
    local plain = { type = "function", ["function"] = order()["function"] }
    assert.equal(tavus.encode(plain), tavus.encode(order()))
    assert.is_true(core.equal(plain, order()))
    assert.same({ true, {} }, { core.validate("tool", order()) })
    local names = {}
    for name in pairs(order()) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "function", "type" }, names)
    assert.is_nil(core.copy(order()).registered)
  end)

  it("raises at the caller's line for what Tavus refuses", function()
    for _, case in ipairs {
      { { on_cal = "silent" }, 'did you mean "on_call"' },
      { { origin = "vision", on_call = "silent" }, "/on_call: must be absent" },
      { { on_call = "static_filler" }, "/static_filler: " },
      { { delivery = { app_message = true, api = { url = "https://example.com" } } }, "not both" },
      { { delivery = { app_message = false, api = { url = "http://localhost/x" } } }, "/delivery/api/url: " },
    } do
      local message = clients.raised(function() order():registered(case[1]) end)
      assert.matches(case[2], message, 1, true)
      assert.matches("registered_spec.lua:", message, 1, true)
    end
    assert.matches("wants a tool", clients.raised(function() tavus.tool.registered(1) end), 1, true)
  end)
end)
