-- live.event: any body is an event with a key or an error, and its own `raw` decodes to the same kind and key.
local core = require "tavus.core"
local live = require "tavus.live"

local function decode(body, headers)
  local event, err = live.event(body, headers)
  if not event then
    assert(err.type == "decode" and type(err.message) == "string")
    return nil
  end
  assert(type(event.kind) == "string" and type(event.key) == "string" and type(event.raw) == "table")
  return event
end

-- The same event, from what was decoded and from its text.
local function test_event(body, headers)
  local event = decode(body, headers)
  if not event then return end
  for _, again in ipairs { event.raw, assert(core.encode(event.raw)) } do
    local other = assert(decode(again, headers))
    assert(other.kind == event.kind, other.kind .. " was " .. event.kind)
    assert(other.key == event.key, other.key .. "\nwas\n" .. event.key)
  end
end

local function test(body)
  test_event(body)
  test_event(body, { ["Conversation-Id"] = "c1" })
end

return test, dofile "spec/fuzz/mutate.lua"
