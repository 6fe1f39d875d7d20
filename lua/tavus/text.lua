--- Cutting texts, and making them fit to be shown.

local core = require "tavus.core"

local text = {}

--- HTML's names for the characters that it needs itself.
text.entities = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " " }

--- The beginning of a text, which does not end inside a UTF-8 character.
---@param long string
---@param most integer bytes
---@return string
function text.head(long, most)
  if #long <= most then return long end
  local stop = most
  while stop > most - 4 and long:find("^[\128-\191]", stop + 1) do stop = stop - 1 end
  return long:sub(1, stop)
end

--- Like `text.head`, and says so where something is missing.
---@param long string
---@param most integer bytes
---@return string
function text.cut(long, most)
  return #long <= most and long or text.head(long, most) .. "..."
end

--- A text that JSON can hold: one that is not UTF-8 has question marks in it.
---@param any string
---@return string
function text.printable(any)
  if core.encode(any) then return any end
  return (any:gsub("[\128-\255]", "?"))
end

return text
