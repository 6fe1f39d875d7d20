-- Bytes in the place of an HTTP answer: every call ends with a value and `meta`, or with an error of a known type that
-- prints without the key.
local tavus, serve = ...

local KEY = "tvsk_fuzz-0123456789"
local TYPES = {}
for word in ([[connection timeout auth permission payment not_found conflict unprocessable rate_limit concurrency_limit
  bad_request server decode redirect_blocked response_too_large]]):gmatch "%S+" do TYPES[word] = true end

local port = serve ""
local client = assert(tavus.new {
  api_key = KEY, base_url = "http://127.0.0.1:" .. port, retries = 0, timeout = 5, log = function() end, proxy = "",
})

-- The first READS of these change nothing.
local READS = 3
local calls = {
  function() return client.personas:get "p1" end,
  function() return client.personas:list() end,
  function() return client:request("GET", "/v2/x") end,
  function() return client.personas:create { system_prompt = "x" } end,
  function() return client.conversations:end_ "c1" end,
}

return function(bytes)
  serve(bytes)
  local index = #bytes % #calls + 1
  local value, detail = calls[index]()
  if value ~= nil then
    assert(detail.status >= 200 and type(detail.headers) == "table" and detail.attempts == 1)
  else
    assert(TYPES[detail.type], detail.type)
    assert(not (detail.ambiguous and index <= READS), "a read is never ambiguous")
    assert(not tostring(detail):find(KEY, 1, true))
  end
end
