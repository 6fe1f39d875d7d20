--- The named faults of `sandbox:next { fault = "..." }`.
--
-- A fault has an `answer` that replaces the real one (the request is then not
-- handled), or a `wire` that makes the bytes to send past the server's HTTP (a table
-- for tavus_fault_read, csrc/sandbox/fault.h), or both. A fault that only has `wire`
-- spoils the real answer of a handled request.

local core = require "tavus.core"

local faults = {}

local CRLF = "\r\n"

-- The status line and the headers of an answer. Sorted, so that the same answer is
-- always cut at the same byte.
local function head(status, headers, ...)
  local lines = { ... }
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. tostring(value) end
  table.sort(lines)
  table.insert(lines, 1, ("HTTP/1.1 %d %s"):format(status, status == 200 and "OK" or "As ordered"))
  return table.concat(lines, CRLF) .. CRLF .. CRLF
end

local function length(bytes) return ("Content-Length: %d"):format(bytes) end

-- Gives an answer a body if it has none, for faults that spoil one.
local function spoilable(status, body)
  if body and body ~= "" then return status, body end
  if status == 204 or status == 304 then status = 200 end
  return status, '{"message":"This answer has been given a body to spoil."}'
end

local function chunk(text) return ("%x"):format(#text) .. CRLF .. text .. CRLF end

local CHUNKED = "Transfer-Encoding: chunked"
local CLOSE = "Connection: close"

-- A gzip stream of 1 GiB of zeros, 1 MiB long: in its deflate block each zero byte stands for 4 times 258 bytes.
local BOMB = {
  head = "\31\139\8\0\0\0\0\0\0\3\237\224\129\0\0\0\0\128\32\236\79\189\72\5",
  middle = ("\0"):rep(8192),
  count = 128,
  tail = "\3\130\58\65\2\5\2\128\64",
}

local function nothing() return { status = 200 } end

-- The answer of faults that send a body of their own.
local function json() return { status = 200, headers = { ["Content-Type"] = "application/json" } } end

local ALL = {
  -- Cut in the last header line, without a length before it: only the empty line is missing.
  cut_headers = {
    wire = function(status, _, headers)
      local whole = head(status, headers)
      return { head = whole:sub(1, #whole - 8) }
    end,
  },

  cut_body = {
    wire = function(status, body, headers)
      status, body = spoilable(status, body)
      return { head = head(status, headers, length(#body)) .. body:sub(1, math.floor(#body / 2)) }
    end,
  },

  drip = {
    wire = function(status, body, headers)
      local size = status ~= 204 and status ~= 304 and length(body and #body or 0) or nil
      return { head = head(status, headers, CLOSE, size) .. (body or ""), step = 16, pause = 0.1 }
    end,
  },

  bad_chunk = {
    wire = function(status, body, headers)
      status, body = spoilable(status, body)
      local half = math.floor(#body / 2)
      local first, rest = chunk(body:sub(1, half)), "no size" .. CRLF .. body:sub(half + 1) .. CRLF
      return { head = head(status, headers, CHUNKED) .. first .. rest }
    end,
  },

  -- The body is shorter than its length says.
  length_too_long = {
    wire = function(status, body, headers)
      status, body = spoilable(status, body)
      return { head = head(status, headers, length(#body + 100)) .. body }
    end,
  },

  -- The body is longer than its length says, and the connection stays open: the client must not take the rest for the
  -- next answer.
  length_too_short = {
    wire = function(status, body, headers)
      status, body = spoilable(status, body)
      return { head = head(status, headers, length(math.floor(#body / 2))) .. body, hold = true }
    end,
  },

  garbage = {
    answer = nothing,
    wire = function()
      local bytes = {}
      for i = 0, 255 do bytes[#bytes + 1] = string.char(i * 167 % 256) end
      return { head = "SSH-2.0-Not_HTTP" .. CRLF .. table.concat(bytes) }
    end,
  },

  endless_headers = {
    answer = nothing,
    wire = function()
      local headers = ("X-And-Another: " .. ("x"):rep(95) .. CRLF):rep(64)
      return { head = "HTTP/1.1 200 OK" .. CRLF, block = headers, count = -1 }
    end,
  },

  endless = {
    answer = json,
    wire = function(status, _, headers)
      local rows = ('{"persona_id":"p0000000000","persona_name":"One more"},'):rep(150)
      return { head = head(status, headers, CHUNKED) .. chunk '{"data":[', block = chunk(rows), count = -1 }
    end,
  },

  large = {
    answer = json,
    wire = function(status, _, headers)
      local open, block, close, count = '{"persona_name":"', ("x"):rep(10000), '"}', 10000
      local whole = head(status, headers, length(#open + #block * count + #close))
      return { head = whole .. open, block = block, count = count, tail = close }
    end,
  },

  gzip_bomb = {
    answer = json,
    wire = function(status, _, headers)
      local bytes = #BOMB.head + #BOMB.middle * BOMB.count + #BOMB.tail
      return {
        head = head(status, headers, length(bytes), "Content-Encoding: gzip") .. BOMB.head,
        block = BOMB.middle, count = BOMB.count, tail = BOMB.tail,
      }
    end,
  },

  html_502 = {
    answer = function()
      return {
        status = 502,
        headers = { ["Content-Type"] = "text/html" },
        body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
          .. "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
      }
    end,
  },

  invalid_utf8 = {
    answer = function()
      return { status = 200, body = '{"persona_id":"p0000000000","persona_name":"\255\254 \192\175 \237\160\128"}' }
    end,
  },

  deep_json = {
    answer = function() return { status = 200, body = ('{"layers":'):rep(100000) .. "{}" .. ("}"):rep(100000) } end,
  },

  redirect = {
    answer = function(request)
      return { status = 307, headers = { Location = "http://elsewhere.invalid" .. request.uri } }
    end,
  },

  key_echo = {
    answer = function(request)
      local key = request.headers["x-api-key"] -- some calls send none
      local message = "Invalid access token: " .. (key or "")
      local body = core.encode { message = message } or '{"message":"Invalid access token"}'
      return { status = 401, headers = key and { ["X-Received-Key"] = (key:gsub("[%c]", "?")) }, body = body }
    end,
  },
}

--- The names as a set, for a rule of `options.check`.
---@type table<string, any>
faults.all = ALL

--- Whether a fault sends bytes past HTTP.
---@param name string
---@return boolean
function faults.on_wire(name) return ALL[name].wire ~= nil end

--- Whether a fault replaces the answer, so that the request is not handled.
---@param name string
---@return boolean
function faults.replaces(name) return ALL[name].answer ~= nil end

--- The answer of a fault that replaces the real one.
---@param name string
---@param request tavus.sandbox.Request
---@return tavus.sandbox.Reply
function faults.answer(name, request) return ALL[name].answer(request) end

--- What to write for an answer with a body whose status must have none; the connection
-- stays open.
---@param status integer
---@param body string
---@param headers table<string, string>
---@return table plan for tavus_fault_read
function faults.with_body(status, body, headers)
  return { head = head(status, headers, length(#body)) .. body, hold = true }
end

--- What to write for an answer.
---@param rule table with `fault`, and `step` and `pause` if given
---@param status integer
---@param body string?
---@param headers table<string, string>
---@return table plan for tavus_fault_read
function faults.wire(rule, status, body, headers)
  local plan = ALL[rule.fault].wire(status, body, headers)
  plan.step = rule.step or plan.step
  plan.pause = rule.pause or plan.pause or plan.step and 0.1
  return plan
end

return faults
