--- The live side of a persona: events that Tavus sends while a conversation runs, and what answers them.
--
--    local live = require "tavus.live"
--    local event, err = live.event(body)
--
-- Each part is loaded when it is first used.

local names = require("tavus.modules").load "tavus.names"

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

return names.lazy(live, lazy, { title = "tavus.live", kinds = {} })
