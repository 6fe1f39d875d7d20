--- Keeps web pages out: whoever has a sandbox running also visits pages, and a
-- page can send requests to this machine. What needs an API key is safe, since a
-- browser asks first before it sends that header to another site; steering needs none.

local guard = {}

-- The name in a Host header, without the port.
local function name_of(host)
  return host:lower():match "^(%[.*%]):?%d*$" or host:lower():match "^([^:]*):?%d*$" or ""
end

-- A name that a stranger can register leads to this machine only where the
-- stranger's own DNS says so. Addresses, localhost and names of one word are nobody's.
local function is_nobodys(name)
  return name:find "^%[[%x:.]+%]$" ~= nil or name:find "^%d+%.%d+%.%d+%.%d+$" ~= nil
    or name:find "^[%w_-]+%.?$" ~= nil or name:find "%.localhost%.?$" ~= nil
end

--- Why a request may not steer the sandbox.
---@param headers table<string, string> names in lower case
---@return string|nil reason nil where it may
function guard.refusal(headers)
  local host, origin = headers.host, headers.origin
  if host and not is_nobodys(name_of(host)) then
    return ("A sandbox is steered, and shows itself, under an address of its machine, such as 127.0.0.1 or localhost; '%s' is none."):format(host)
  end
  local own = host and origin and origin:match "^https?://(.*)$"
  if origin and (not own or own:lower() ~= host:lower()) then
    return ("A sandbox is not steered by web pages, and this request comes from one: '%s'."):format(origin)
  end
  return nil
end

return guard
