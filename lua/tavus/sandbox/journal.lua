--- The requests that arrived and their answers. Bounded: the oldest entries are dropped
-- first.

local core = require "tavus.core"
local head = require("tavus.text").head
local options = require "tavus.options"
local routes = require "tavus.sandbox.routes"

local journal = {}

local MAX_ENTRIES = 10000
local MAX_BYTES = 32 * 1024 * 1024
local MAX_BODY = 1024 * 1024 -- of one entry
local MAX_ANSWER = 16 * 1024 -- of one entry; long lists would push out requests

-- The size of one answer to `GET /_sandbox/requests`; the next one continues with `since`.
local PAGE_ENTRIES = 1000
local PAGE_BYTES = 2 * 1024 * 1024

---@class tavus.sandbox.Entry
---@field seq integer          counts all requests since the start or the last reset
---@field method string
---@field path string          without the query
---@field query table<string, string>
---@field headers table<string, string>  names in lower case, without `x-api-key`
---@field body string?         as it came, its first MiB (bytes that are not UTF-8 are shown as `?`)
---@field body_size integer    of the whole body, in bytes; 0 for one of more than 16 MiB, which is not kept
---@field status integer?      of the answer; nil if the connection was closed
---@field answer string?       the body of the answer, its first 16 KiB; nil if a fault made it up
---@field closed "before"|"after"|nil
---@field fault string?        the fault of the rule; `status` is then that of the answer it spoiled
---@field scripted boolean     a rule of `next` decided
---@field request_id string

---@class tavus.sandbox.Journal
local methods = {}
methods.__index = methods

-- The approximate size of an entry.
local function size_of(entry)
  local size = #entry.path + #entry.query_text + (entry.body and #entry.body or 0)
  for name, value in pairs(entry.headers) do size = size + #name + #value end
  return size
end

-- Drops the oldest entries.
local function trim(self)
  while self.seq - self.first >= MAX_ENTRIES or self.bytes > MAX_BYTES and self.first < self.seq do
    self.bytes = self.bytes - self.entries[self.first].size
    self.entries[self.first] = nil
    self.first = self.first + 1
  end
end

--- Adds an entry for a request. `answered` adds its answer; the caller sets `closed`,
-- `fault`, `scripted` and `request_id`.
---@param method string
---@param path string
---@param query_text string
---@param headers table<string, string>
---@param body string?
---@return table entry
function methods:add(method, path, query_text, headers, body)
  self.seq = self.seq + 1
  local size = body and #body or 0
  body = body and head(body, MAX_BODY)
  local entry = {
    seq = self.seq, method = method, path = path, query_text = query_text, headers = headers, body = body,
    body_size = size,
  }
  entry.size = size_of(entry)
  self.entries[self.seq] = entry
  self.bytes = self.bytes + entry.size
  trim(self)
  return entry
end

--- Sets or replaces the answer of the latest entry.
---@param entry table
---@param status integer
---@param answer string?
function methods:answered(entry, status, answer)
  answer = answer and answer ~= "" and head(answer, MAX_ANSWER) or nil
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

--- The members of a filter, for `options.check`.
journal.rules = {
  method = { type = "string" },
  path = { type = "string" },
  status = { type = "number", integer = true, least = 100, most = 599 },
  since = { type = "number", integer = true, least = 0, most = 2 ^ 53 },
}

---@class tavus.sandbox.Filter
---@field method string?
---@field path string?  as `routes.pattern` takes it
---@field status integer?
---@field since integer?  a `seq`: only later entries

--- Checks a filter.
---@param filter tavus.sandbox.Filter
---@return string? message what is wrong with it
function journal.check(filter)
  return options.flaw(filter, journal.rules, "requests") or routes.check_aim(filter)
end

--- The entries that fit a filter, oldest first, as many as one answer takes.
---@param filter tavus.sandbox.Filter
---@return tavus.sandbox.Entry[]
---@return integer? next  `since` for the rest, if there may be more
function methods:select(filter)
  local found, bytes = core.array {}, 0
  local pattern = filter.path and routes.pattern(filter.path)
  local method = filter.method and filter.method:upper()
  local status, since = filter.status, filter.since or 0
  for seq = math.max(self.first, since + 1), self.seq do
    local entry = self.entries[seq]
    if (not method or entry.method == method)
      and (not pattern or entry.path:find(pattern))
      and (not status or entry.status == status) then
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
