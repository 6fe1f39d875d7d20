--- Asks a custom llm whether it answers, as Tavus does before it writes a persona with one. Only loopback is asked.
-- The request blocks the sandbox, for PATIENCE at the most.

local core = require "tavus.core"
local http = require "tavus.http"
local views = require "tavus.sandbox.views"

local llm = {}

-- Seconds.
local PATIENCE = 2

local BODY = core.encode {
  model = "probe", stream = true, messages = core.array { { role = "user", content = "Hello" } },
}

local LOOPBACK = { "^https?://localhost[:/]", "^https?://127%.%d+%.%d+%.%d+[:/]", "^https?://%[::1%][:/]" }

local function is_loopback(url)
  for _, pattern in ipairs(LOOPBACK) do
    if (url .. "/"):lower():find(pattern) then return true end
  end
  return false
end

-- Why no answer of success came, or nil.
local function failure(layer)
  local session, message = http.session { base_url = layer.base_url, api_key = "sandbox" }
  if not session then return message end
  local headers = { ["Content-Type"] = "application/json", ["conversation-id"] = "tavus-openai-compat-test" }
  if views.is_text(layer.api_key) then headers.Authorization = "Bearer " .. layer.api_key end
  local engine = http.engine()
  if not engine then return "no engine" end
  local request, problem = engine:submit(session, "POST", "/chat/completions", {
    body = BODY, headers = headers, timeout = PATIENCE,
  })
  if not request then return problem end
  while not engine:wait(request, PATIENCE) do end -- luacheck: ignore 542
  local result = request:result()
  session:close()
  if result.outcome ~= "answer" then return result.outcome end
  return (result.status < 200 or result.status > 299) and "status " .. result.status or nil
end

--- What is wrong with the custom llm of a persona that is to be written, or nil.
---@param settings table<string, any>
---@param persona table
---@return string?
function llm.flaw(settings, persona)
  local layer = settings.probe_llm and views.layer(persona, "llm")
  if not layer or not views.is_text(layer.base_url) or not is_loopback(layer.base_url) then return nil end
  local why = failure(layer)
  return why and ("Bad Request. The custom llm could not be reached: %s"):format(why)
end

return llm
