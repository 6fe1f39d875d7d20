--- HMAC-SHA256: signatures and fingerprints. tavus.crypto is loaded at the first one.

local errors = require "tavus.errors"
local load_module = require("tavus.modules").load

local signature = {}

local crypto

-- The module in C, or nil and an error.
local function opened()
  if crypto then return crypto end
  local found, module = pcall(load_module, "tavus.crypto")
  if not found then
    return nil, errors.new { type = "config", code = "crypto",
      message = "this build of tavus has no tavus.crypto, which signs",
      hint = "install the headers of OpenSSL (Debian: libssl-dev) and build tavus again; a C program with tavus inside"
        .. " is built with make static CRYPTO=1" }
  end
  crypto = module
  return crypto
end

--- Signs a text.
---@param key string|userdata a text, or a session, which signs with the API key
---@param data string
---@return string? digits 64 lower-case hexadecimal digits
---@return tavus.Error?
function signature.sign(key, data)
  local module, err = opened()
  if not module then return nil, err end
  return module.sign(key, data)
end

--- Whether a signature is that of a text: hexadecimal digits in any case, or 32 bytes. Takes the same time for each.
---@param key string|userdata as for signature.sign
---@param data string
---@param given string
---@return boolean? same nil when nothing can be signed here
---@return tavus.Error?
function signature.verify(key, data, given)
  local module, err = opened()
  if not module then return nil, err end
  return module.verify(key, data, given)
end

return signature
