--- The live side of a persona: events that Tavus sends while a conversation runs, and what answers them.
--
--    local live = require "tavus.live"
--    local event, err = live.event(body)
--
-- Each part is loaded when it is first used.

local load_module = require("tavus.modules").load
local names = load_module "tavus.names"

---@class tavus.live
local live = {}

-- The module of each name: { module, field }. Without a field, the module is the value.
local lazy = {
  check = { "tavus.live.check", "check" },
  defaults = { "tavus.live.check", "defaults" },
  event = { "tavus.live.event" },
  message = { "tavus.live.message" },
  sign = { "tavus.signature", "sign" },
  verify = { "tavus.signature", "verify" },
}

local about = { title = "tavus.live", kinds = {}, methods = live, more = function() return lazy end }

return setmetatable(live, {
  __index = function(self, name)
    local where = lazy[name]
    if not where then
      names.check(about, name)
      return nil
    end
    local value = load_module(where[1])
    if where[2] then value = value[where[2]] end
    rawset(self, name, value)
    return value
  end,
})
