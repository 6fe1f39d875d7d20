--- The HTTP/2 frames of a scripted server (spec/support/wire.lua, `tls` and `alpn = "h2"`), as bytes to send.
local frames = {}

-- A big-endian number.
local function number(value, size)
  local bytes = ""
  for _ = 1, size do
    bytes, value = string.char(value % 256) .. bytes, math.floor(value / 256)
  end
  return bytes
end

local function frame(kind, flags, stream, payload)
  return number(#payload, 3) .. string.char(kind, flags) .. number(stream, 4) .. payload
end

--- What a server says first.
frames.settings = frame(4, 0, 0, "")

--- A 200 without a body.
---@param stream integer
---@return string
function frames.answer(stream)
  return frame(1, 5, stream, "\136")
end

--- No stream behind `last` was looked at.
---@param last integer
---@return string
function frames.goaway(last)
  return frame(7, 0, 0, number(last, 4) .. number(0, 4))
end

--- RST_STREAM.
---@param stream integer
---@param code integer 7: REFUSED_STREAM
---@return string
function frames.reset(stream, code)
  return frame(3, 0, stream, number(code, 4))
end

return frames
