--- JSON Pointer (RFC 6901): the paths of patches and issues.
--
-- A pointer counts array items from 0, and Lua from 1. Only this module converts between them.

local pointer = {}

local find, gmatch, gsub, match = string.find, string.gmatch, string.gsub, string.match
local tonumber = tonumber

--- Escapes one reference token: `~` becomes `~0`, then `/` becomes `~1`.
---@param token string
---@return string
function pointer.escape(token)
  if not find(token, "[~/]") then
    return token
  end
  return (gsub(gsub(token, "~", "~0"), "/", "~1"))
end

--- Undoes `escape`: `~1` first, so that `~01` reads as `~1` and not as `/`.
---@param token string
---@return string
function pointer.unescape(token)
  if not find(token, "~", 1, true) then
    return token
  end
  return (gsub(gsub(token, "~1", "/"), "~0", "~"))
end

--- Splits a pointer into its tokens, unescaped. The root, `""`, has none.
---@param text any
---@return string[]? tokens
---@return string? message why `text` is not a JSON Pointer
function pointer.parse(text)
  if type(text) ~= "string" then
    return nil, "must be a JSON Pointer (a string), not a " .. type(text)
  end
  if text ~= "" and match(text, "^/") == nil then
    return nil, 'must be a JSON Pointer: empty, or starting with "/"'
  end
  if find(text, "~[^01]") or find(text, "~$") then
    return nil, 'must be a JSON Pointer: "~" is written "~0" (and "/" inside a name "~1")'
  end
  local tokens = {}
  for token in gmatch(text, "/([^/]*)") do
    tokens[#tokens + 1] = pointer.unescape(token)
  end
  return tokens
end

--- Writes the first `count` tokens as a pointer.
---@param tokens string[]
---@param count? integer how many of them; all by default
---@return string
function pointer.format(tokens, count)
  local parts = {}
  for i = 1, count or #tokens do
    parts[i] = "/" .. pointer.escape(tokens[i])
  end
  return table.concat(parts)
end

--- Reads a token as an array position: `0`, or digits without a leading zero. The caller handles `-`, the place after
--- the last item.
---@param token string
---@return integer? position Lua's position, from one
---@return string? message
function pointer.position(token)
  if token == "0" then
    return 1
  end
  if match(token, "^[1-9][0-9]*$") then
    -- Past fifteen digits a double would round; no array is that long.
    if #token > 15 then
      return 1e15
    end
    return tonumber(token) + 1
  end
  if match(token, "^0[0-9]+$") then
    return nil, "an array index has no leading zero"
  end
  return nil, "an array index is a number from 0"
end

return pointer
