--- The state of a setup: `tavus.lock.json` beside the files. It has, for each environment, the id of each declaration
-- and what was last applied, with fingerprints in the places of secrets.

local core = require "tavus.core"
local errors = require "tavus.errors"
local folder = require "tavus.setup.folder"
local values = require "tavus.setup.values"

local state = {}

state.FILE = "tavus.lock.json"
local VERSION = 1

---@class tavus.SetupEntry what the state has of one declaration
---@field id string
---@field applied table as it was last written, sealed
---@field seen table<string, any>? what Tavus shows in the place of a value of `applied`, by its path
---@field tools string[]? ids of attached tools
---@field skills table<string, table>? configs of attached skills
---@field stale string[]? ids that it had before and that are to be deleted

---@class tavus.SetupIntent a create that was begun
---@field kind string
---@field name string
---@field fingerprint string of the body
---@field date string? the server's

---@class tavus.SetupState
---@field path string
---@field text string as it was read
---@field section { entries: table<string, tavus.SetupEntry>, intents: table<string, tavus.SetupIntent> }
local State = {}
State.__index = State

local function problem(path, message)
  return errors.new { type = "config", code = "state", message = ("%s: %s"):format(path, message),
    hint = "bring back an earlier version of the file; without it, apply finds objects by their names" }
end

local function table_of(value) return type(value) == "table" and value or {} end

--- Reads the state of an environment. Without a file it is empty.
---@param dir string
---@param env string?
---@return tavus.SetupState?
---@return tavus.Error?
function state.read(dir, env)
  local path = dir .. "/" .. state.FILE
  local text, message, code = folder.read(path)
  if not text and code ~= folder.MISSING then return nil, problem(path, message) end
  text = text or ""
  local all = { version = VERSION, environments = {} }
  if text ~= "" then
    local decoded, failure = core.decode(text)
    if type(decoded) ~= "table" then return nil, problem(path, "is not JSON: " .. tostring(failure.message)) end
    if decoded.version ~= VERSION then return nil, problem(path, "was written by another version of tavus") end
    all.environments = table_of(decoded.environments)
  end
  local name = env or "default"
  local section = table_of(all.environments[name])
  all.environments[name] = { entries = table_of(section.entries), intents = table_of(section.intents) }
  return setmetatable({ path = path, text = text, all = all, section = all.environments[name] }, State)
end

-- The members of an object, one a line, so that version control shows what changed.
local function lines_of(map, indent, written)
  local lines = {}
  for _, name in ipairs(values.sorted_keys(map)) do
    lines[#lines + 1] = ("%s%s: %s"):format(indent, core.encode(name), written(map[name]))
  end
  if #lines == 0 then return "{}" end
  return "{\n" .. table.concat(lines, ",\n") .. "\n" .. indent:sub(3) .. "}"
end

local function section_text(section)
  return lines_of(section, "      ", function(entries)
    return lines_of(entries, "        ", function(entry) return (assert(core.encode(entry))) end)
  end)
end

--- The state as text.
---@return string
function State:encoded()
  return ('{\n  "version": %d,\n  "environments": %s\n}\n'):format(VERSION,
    lines_of(self.all.environments, "    ", section_text))
end

--- Writes the state, as a whole or not at all.
---@return true?
---@return tavus.Error?
function State:save()
  local text = self:encoded()
  if text == self.text then return true end
  local saved, message = core.save(self.path, text)
  if not saved then
    return nil, errors.new { type = "config", code = "state", message = message,
      hint = "the change was made at Tavus; make the file writable, and apply again" }
  end
  self.text = text
  return true
end

--- Locks the state against another apply.
---@param seconds number? how long it waits at most
---@return table? lock
---@return tavus.Error? of type `conflict`
function State:lock(seconds)
  local lock, message = core.lock(self.path, seconds)
  if lock then return lock end
  return nil, errors.new { type = "conflict", code = "locked", message = message,
    hint = "another apply is at work on this state: wait for its end, and plan again" }
end

--- The key of a declaration in the state.
---@param it { kind: string, name: string }
---@return string
function state.key(it) return it.kind .. " " .. it.name end

return state
