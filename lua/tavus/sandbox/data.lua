--- The file that keeps a sandbox's rows across runs (`--data FILE`). It is written as a
-- whole after every request that changed a row, before the answer, and replaced in one
-- step: a crash leaves the old rows or the new ones.

local core = require "tavus.core"
local is_object = require("tavus.sandbox.views").is_object
local state = require "tavus.sandbox.state"

local data = {}

local FORMAT = 1
local NO_FILE = 2 -- ENOENT

local MAX_ID_STATE = 2147483646

-- In every file; a file of an earlier version has no other resources.
local OLDEST = { personas = true, conversations = true }

local function is_list(value) return type(value) == "table" and core.is_array(value) end

local function check_rows(value, kind, id)
  if not is_list(value) then return kind .. " is not an array" end
  local seen = {}
  for i, row in ipairs(value) do
    if not is_object(row) or type(row[id]) ~= "string" then return ("%s: row %d has no %s"):format(kind, i, id) end
    if seen[row[id]] then return ("%s: %s is in the file twice"):format(kind, row[id]) end
    seen[row[id]] = true
  end
  return nil
end

-- What is wrong with the content of a file, or nil.
local function flaw(value)
  if not is_object(value) or value.tavus_sandbox == nil then return "it is not a file of a tavus-sandbox" end
  if value.tavus_sandbox ~= FORMAT then return "it is of another version of tavus-sandbox" end
  for _, kind in ipairs(state.kinds) do
    local name = kind.kept_as
    local message = (value[name] ~= nil or OLDEST[name]) and check_rows(value[name], name, kind.id)
    if message then return message end
  end
  for _, row in ipairs(value.attached or {}) do
    if not is_list(row.items) then return ("attached: %s has no items"):format(row.path) end
  end
  for i, row in ipairs(value.conversations) do
    if type(row.status) ~= "string" or not is_list(row.events) then
      return ("conversations: row %d has no status or events"):format(i)
    end
  end
  local ids = value.ids
  if type(ids) ~= "number" or ids % 1 ~= 0 or ids < 1 or ids > MAX_ID_STATE then
    return ("ids is not a whole number from 1 to %d"):format(MAX_ID_STATE)
  end
  for _, name in ipairs { "without_draft", "drafts" } do
    if not is_object(value[name]) then return name .. " is not an object" end
  end
  for id, row in pairs(value.drafts) do
    if not is_object(row) then return ("drafts: %s is not an object"):format(id) end
  end
  return nil
end

local function encoded(taken)
  local content = {
    tavus_sandbox = FORMAT,
    without_draft = core.object(taken.habits.without_draft),
    drafts = core.object(taken.habits.drafts),
    ids = taken.ids,
  }
  for _, kind in ipairs(state.kinds) do content[kind.kept_as] = taken.rows[kind.name] end
  return core.encode(content)
end

--- Reads a file.
---@param path string
---@return table|false? content  false: the file does not exist, or is empty
---@return string? message
function data.read(path)
  local file, message, code = io.open(path, "rb")
  if not file then
    if code == NO_FILE then return false end
    return nil, "cannot read " .. message
  end
  local text
  text, message = file:read "*a"
  file:close()
  if not text then return nil, ("cannot read '%s': %s"):format(path, message) end
  if text == "" then return false end
  local value, err = core.decode(text)
  if value == nil then return nil, ("'%s' is broken: it is not JSON: %s"):format(path, err.message) end
  message = flaw(value)
  if message then return nil, ("'%s' is broken: %s"):format(path, message) end
  return value
end

local function check(path)
  local content, message = data.read(path)
  if content == nil then return nil, message end
  if not content then
    content = { tavus_sandbox = FORMAT, personas = core.array {}, conversations = core.array {}, ids = 1,
      without_draft = core.object {}, drafts = core.object {}, fresh = true }
  end
  return core.save(path, core.encode(content))
end

--- Locks a file, and checks that it can be used: that `read` accepts it or that it can
-- be made, and that it can be written.
---@param path string
---@return userdata? lock  `lock:path()` is the file, for a keeper; `lock:release()` lets others have it
---@return string? message
function data.claim(path)
  local lock, message = core.lock(path)
  if not lock then return nil, message end
  local done
  done, message = check(lock:path())
  if done then return lock end
  lock:release()
  return nil, message
end

---@class tavus.sandbox.Keeper
---@field path string
local methods = {}
methods.__index = methods

-- The numbers of changes of all stores: equal numbers mean that no row was changed.
local function mark(context)
  local marked = {}
  for _, stored in pairs(context.stores) do marked[stored] = stored.changes end
  return marked
end

local function is_same(one, other)
  for stored, changes in pairs(one) do
    if other[stored] ~= changes then return false end
  end
  return true
end

--- Puts the rows of the file into a fresh sandbox.
---@param context tavus.sandbox.Context
---@return boolean? done
---@return string? message
function methods:load(context)
  local content, message = data.read(self.path)
  if content == nil then return nil, message end
  if content and not content.fresh then -- a fresh file has no rows, and any ids may follow
    local taken = state.take(context)
    for _, kind in ipairs(state.kinds) do taken.rows[kind.name] = content[kind.kept_as] end
    taken.ids = content.ids
    taken.habits.without_draft, taken.habits.drafts = content.without_draft, content.drafts
    for _, row in ipairs(taken.rows.conversation) do -- the port may have changed
      row.conversation_url = context.url .. "/_sandbox/conversations/" .. row.conversation_id
    end
    state.put(context, taken)
  end
  self.saved = mark(context)
  self.tried = self.saved
  return true
end

--- Writes the file, if a row has changed since the last time.
---@param context tavus.sandbox.Context
---@return boolean? done
---@return string? message  nil if the same change could not be written before
function methods:save(context)
  local now = mark(context)
  if is_same(self.saved, now) then return true end
  local done, message = core.save(self.path, encoded(state.take(context)))
  local again = is_same(self.tried, now)
  self.tried = now
  if not done then return nil, not again and message or nil end
  self.saved = now
  return true
end

--- Keeps a sandbox's rows in a file.
---@param path string
---@return tavus.sandbox.Keeper
function data.keeper(path) return setmetatable({ path = path }, methods) end

return data
