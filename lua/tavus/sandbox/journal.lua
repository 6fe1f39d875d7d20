--- What arrived, and what was answered. Bounded: the oldest entries go first.

local core = require "tavus.core"
local redact = require "tavus.secret.redact"
local routes = require "tavus.sandbox.routes"
local is_whole = require("tavus.sandbox.values").is_whole

local journal = {}

local MAX_ENTRIES = 10000
local MAX_BYTES = 32 * 1024 * 1024
local MAX_BODY = 1024 * 1024 -- of one entry
local MAX_ANSWER = 16 * 1024 -- likewise; a long list would push out what it answers

-- What one answer to `GET /_sandbox/requests` holds; it goes on with `since`.
local PAGE_ENTRIES = 1000
local PAGE_BYTES = 2 * 1024 * 1024

---@class tavus.sandbox.Entry
---@field seq integer          counts all requests since the start or the last reset
---@field method string
---@field path string          without the query
---@field query table<string, string>
---@field headers table<string, string>  names in lower case, without `x-api-key`
---@field body string|nil      as it came, its first MiB (no UTF-8: bad bytes are shown as `?`)
---@field body_size integer    of the whole body, in bytes; 0 for one beyond 16 MiB, which is not kept
---@field status integer|nil   what was answered; nil where the connection was closed
---@field answer string|nil    the body of that, its first 16 KiB; none where a fault made the answer up
---@field closed "before"|"after"|nil
---@field fault string|nil     the fault that was ordered; `status` is then of the answer it spoiled
---@field scripted boolean     a rule of `next` decided
---@field request_id string

---@class tavus.sandbox.Journal
local methods = {}
methods.__index = methods

-- What an entry takes, about.
local function size_of(entry)
  local size = #entry.path + #entry.query_text + (entry.body and #entry.body or 0)
  for name, value in pairs(entry.headers) do size = size + #name + #value end
  return size
end

-- The oldest entries go.
local function trim(self)
  while self.seq - self.first >= MAX_ENTRIES or self.bytes > MAX_BYTES and self.first < self.seq do
    self.bytes = self.bytes - self.entries[self.first].size
    self.entries[self.first] = nil
    self.first = self.first + 1
  end
end

--- Adds an entry for a request. Its answer is noted by `answered`; `closed`, `fault`, `scripted` and `request_id` are for
-- the caller to set.
---@param method string
---@param path string
---@param query_text string
---@param headers table<string, string>
---@param body string|nil
---@return table entry
function methods:add(method, path, query_text, headers, body)
  self.seq = self.seq + 1
  local size = body and #body or 0
  body = body and redact.head(body, MAX_BODY)
  local entry = {
    seq = self.seq, method = method, path = path, query_text = query_text, headers = headers, body = body, body_size = size,
  }
  entry.size = size_of(entry)
  self.entries[self.seq] = entry
  self.bytes = self.bytes + entry.size
  trim(self)
  return entry
end

--- Notes the answer to the request that came last; again, if it became another.
---@param entry table
---@param status integer
---@param answer string|nil
function methods:answered(entry, status, answer)
  answer = answer and answer ~= "" and redact.head(answer, MAX_ANSWER) or nil
  local more = (answer and #answer or 0) - (entry.answer and #entry.answer or 0)
  entry.status, entry.answer, entry.size = status, answer, entry.size + more
  self.bytes = self.bytes + more
  trim(self)
end

local function shown(entry)
  local headers = {}
  for name, value in pairs(entry.headers) do
    if name ~= "x-api-key" then headers[name] = value end
  end
  return {
    seq = entry.seq,
    method = entry.method,
    path = entry.path,
    query = core.object(routes.query(entry.query_text)),
    headers = core.object(headers),
    body = entry.body,
    body_size = entry.body_size,
    status = entry.status,
    answer = entry.answer,
    closed = entry.closed,
    fault = entry.fault,
    scripted = entry.scripted or false,
    request_id = entry.request_id,
  }
end

--- Finds what no entry can fit.
---@param filter { method: string|nil, path: string|nil, status: string|number|nil, since: string|number|nil }
---@return string|nil message
function journal.check(filter)
  if filter.status and not is_whole(tonumber(filter.status), 100, 599) then return "status must be a whole number from 100 to 599" end
  if filter.since and not is_whole(tonumber(filter.since), 0, 2 ^ 53) then return "since must be a whole number of 0 or more" end
  return routes.check_aim(filter)
end

--- The entries that fit a filter, oldest first, as many as one answer takes.
---@param filter { method: string|nil, path: string|nil, status: string|nil, since: string|nil }
---@return tavus.sandbox.Entry[]
---@return integer|nil next  where there may be more: `since` for the rest
function methods:select(filter)
  local found, bytes = core.array {}, 0
  local pattern = filter.path and routes.pattern(filter.path)
  local method = filter.method and filter.method:upper()
  local status, since = tonumber(filter.status), tonumber(filter.since) or 0
  for seq = math.max(self.first, since + 1), self.seq do
    local entry = self.entries[seq]
    if (not method or entry.method == method)
      and (not pattern or entry.path:find(pattern))
      and (not filter.status or entry.status == status) then
      bytes = bytes + entry.size
      if #found == PAGE_ENTRIES or bytes > PAGE_BYTES and #found > 0 then return found, seq - 1 end
      found[#found + 1] = shown(entry)
    end
  end
  return found
end

--- Forgets everything and counts from one again.
function methods:clear()
  self.entries, self.first, self.seq, self.bytes = {}, 1, 0, 0
end

--- An empty journal.
---@return tavus.sandbox.Journal
function journal.new()
  local self = setmetatable({}, methods)
  self:clear()
  return self
end

return journal
