--- Asks a custom LLM whether it is there, before a persona is written that uses it: Tavus does the same, and fails the
-- whole change when it is not.

local clients = require "tavus.client"
local errors = require "tavus.errors"
local values = require "tavus.setup.values"

local llm = {}

-- Seconds.
local PATIENCE = 10

local function text_of(value)
  if values.is_secret(value) then return values.reveal(value) end
  return type(value) == "string" and value or nil
end

--- Checks the custom LLM of a persona, if it has one. Any HTTP answer will do.
---@param body table of a persona
---@return true?
---@return tavus.Error?
function llm.check(body)
  local layer = values.is_plain(body.layers) and body.layers.llm
  local url = values.is_plain(layer) and text_of(layer.base_url)
  if not url then return true end
  local key = text_of(layer.api_key)
  if not url:find "^%a+://[^/]+/." then url = url:gsub("/$", "") .. "/v1" end
  -- an address that the client cannot use is for Tavus to judge
  local client = clients.new { base_url = url, api_key = key and key ~= "" and key or "none", retries = 0,
    timeout = PATIENCE, deadline = PATIENCE }
  if not client then return true end
  local _, err = client:request("GET", "/models", key and { headers = { Authorization = "Bearer " .. key } } or nil)
  client:close()
  if err == nil or not errors.is(err) or err.type ~= "connection" and err.type ~= "timeout" or err.status then
    return true
  end
  return nil, errors.new { type = err.type, code = "preflight", retryable = true, ambiguous = false,
    message = ("the custom LLM of layers.llm.base_url cannot be reached: %s"):format(err.message),
    hint = "start it, or apply with no_preflight where only Tavus can reach it" }
end

return llm
