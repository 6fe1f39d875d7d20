--- Plain requests to a server on loopback, without the client: specs of the sandbox
-- check what is on the wire.

local core = require "tavus.core"
local http = require "tavus.http"
local sandbox = require "tavus.sandbox"

local asking = {}

--- Starts a request; `request:result()` tells its end.
---@param url string
---@param method string
---@param path string
---@param body string|table|nil a table is sent as JSON
---@param options { key: string|nil, headers: table|nil, query: table|nil }|nil
---@return table request
function asking.submit(url, method, path, body, options)
  options = options or {}
  local headers = { ["Content-Type"] = body and "application/json" or nil }
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  if type(body) == "table" then body = assert(core.encode(body)) end
  local session = assert(http.session { base_url = url, api_key = options.key or "a-key" })
  return assert(http.engine():submit(session, method, path, {
    body = body, headers = headers, query = options.query, timeout = 30,
  }))
end

--- Waits for a request.
---@param request table
---@return table result with `json`, the decoded body, where there is one
function asking.finish(request)
  while not http.engine():wait(request, 1) do end -- luacheck: ignore 542
  local result = request:result()
  if result.body and result.body ~= "" then result.json = core.decode(result.body) end
  return result
end

--- A request and its end.
---@return table result
function asking.ask(...)
  return asking.finish(asking.submit(...))
end

--- A function that asks one server.
---@param url string
---@return fun(method: string, path: string, body: string|table|nil, options: table|nil): table
function asking.of(url)
  return function(...) return asking.ask(url, ...) end
end

--- A sandbox for the specs of a `describe`, fresh for each of them.
---@param teardown function busted's, which only a spec has
---@param before_each function
---@param options table? of start
---@return table server
---@return fun(method: string, path: string, body: string|table|nil, options: table|nil): table ask
function asking.serve(teardown, before_each, options)
  local server = assert(sandbox.start(options))
  teardown(function() server:stop() end)
  before_each(function() assert(server:reset()) end)
  return server, asking.of(server.url)
end

local function socket_to(url)
  local socket = require "cqueues.socket"
  local connection = socket.connect("127.0.0.1", tonumber(url:match ":(%d+)$"))
  connection:setmode("b", "b")
  connection:onerror(function(_, _, code) return code end)
  connection:settimeout(30)
  return connection
end

--- Sends bytes as they are and reads until the server closes.
---@param url string
---@param text string
---@return string|nil answer "" where the server closed without a word
---@return integer|nil errno
function asking.raw(url, text)
  local connection = socket_to(url)
  assert(connection:xwrite(text, "bn"))
  local answer, code = connection:xread("*a", "b")
  connection:close()
  return answer, code
end

--- A request written by hand: no header but Host, Connection and those given.
---@param url string
---@param line string such as "GET /v2/personas"
---@param headers table<string, string>|nil
---@param body string|nil
---@return integer|nil status
---@return string|nil body
---@return string|nil head the status line and the headers
function asking.bare(url, line, headers, body)
  local lines = { line .. " HTTP/1.1", "Host: localhost", "Connection: close" }
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  if body then lines[#lines + 1] = "Content-Length: " .. #body end
  local answer = assert(asking.raw(url, table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")))
  local head, rest = answer:match "^(.-\r\n)\r\n(.*)$"
  assert(head, "no answer: " .. answer)
  return tonumber(head:match "^HTTP/1%.1 (%d%d%d)"), rest, head
end

return asking
