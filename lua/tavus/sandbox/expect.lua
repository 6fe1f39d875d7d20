--- What a test expects of the journal: finds the entries that fit `sandbox:expect {...}`,
-- and words the message if they are not as expected.

local core = require "tavus.core"
local journal = require "tavus.sandbox.journal"
local options = require "tavus.options"
local pointer = require "tavus.patch.pointer"
local redact = require "tavus.secret.redact"
local routes = require "tavus.sandbox.routes"
local views = require "tavus.sandbox.views"
local cut = require("tavus.text").cut

local expect = {}

---@class tavus.sandbox.Expectation
---@field method string?
---@field path string?        as in a filter of `requests`
---@field status integer?     of the answer
---@field body table|string?  members that the body must have, or its exact text
---@field times integer?      how many entries must fit; nil: one or more

local RULES = {
  method = journal.rules.method,
  path = journal.rules.path,
  status = journal.rules.status,
  body = { type = "table|string" },
  times = { type = "number", integer = true, least = 0, most = 2147483647 },
}

local MAX_SHOWN = 20
local MAX_TEXT = 200

--- Checks an expectation.
---@param wanted tavus.sandbox.Expectation
---@return string? message what is wrong with it
function expect.check(wanted)
  local message = options.flaw(wanted, RULES, "expect")
  if message then return message end
  if wanted.body ~= nil then
    local text, issues = core.encode(wanted.body)
    if not text then return ("body cannot be written as JSON: %s at '%s'"):format(issues[1].message, issues[1].path) end
  end
  return routes.check_aim(wanted)
end

local function written(value) return core.encode(value) or tostring(value) end

local difference -- found below

local function member_difference(wanted, found, path)
  local names = {}
  for name in pairs(wanted) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local place = path .. "/" .. pointer.escape(name)
    local text = difference(wanted[name], found[name], place)
    if text and found[name] ~= nil and core.is_secret(name) then return place .. " is another secret" end
    if text then return text end
  end
  return nil
end

-- A plain sequence in a test means an array, marked or not.
local function is_list(value) return core.is_array(value) or #value > 0 end

-- The first difference, as in "/a/b is 1, not 2", or nil.
difference = function(wanted, found, path)
  local place = path == "" and "the body" or path
  if found == nil then return place .. " is missing" end
  if type(wanted) == "table" and next(wanted) == nil and type(found) == "table" and not core.is_array(wanted) then
    return nil -- `{}` fits any object or array
  elseif type(wanted) == "table" and not is_list(wanted) and views.is_object(found) then
    return member_difference(wanted, found, path)
  elseif type(wanted) == "table" and is_list(wanted) and core.is_array(found) then
    if #wanted ~= #found then return ("%s has %d items, not %d"):format(place, #found, #wanted) end
    for i = 1, #wanted do
      local text = difference(wanted[i], found[i], path .. "/" .. (i - 1))
      if text then return text end
    end
    return nil
  elseif core.equal(wanted, found) then
    return nil
  end
  return ("%s is %s, not %s"):format(place, written(found), written(wanted))
end

--- Why the body of an entry does not fit.
---@param wanted table|string?
---@param entry tavus.sandbox.Entry
---@return string? reason nil if it fits
function expect.misfit(wanted, entry)
  if wanted == nil then return nil end
  local body = entry.body or ""
  if #body < entry.body_size then
    return ("only the first %d bytes of its %d are kept"):format(#body, entry.body_size)
  elseif type(wanted) == "string" then
    return body ~= wanted and "the body is another text" or nil
  end
  if entry.json == nil then return entry.body and "the body is not JSON" or "there is no body" end
  return difference(wanted, entry.json, "")
end

--- The entries that fit an expectation.
---@param wanted tavus.sandbox.Expectation
---@param entries tavus.sandbox.Entry[] those that fit in method, path and status
---@return tavus.sandbox.Entry[] fitting
---@return table<integer, string> misfits by `seq`: why the body does not fit
function expect.select(wanted, entries)
  local fitting, misfits = {}, {}
  for _, entry in ipairs(entries) do
    local reason = expect.misfit(wanted.body, entry)
    if reason then misfits[entry.seq] = reason else fitting[#fitting + 1] = entry end
  end
  return fitting, misfits
end

--- Whether the number of entries is as expected.
---@param wanted tavus.sandbox.Expectation
---@param count integer
---@return boolean
function expect.satisfied(wanted, count)
  if wanted.times then return count == wanted.times end
  return count > 0
end

-- A text without secrets, then cut: half of one would stay.
local function short(hide, text, most) return cut(hide(text), most or MAX_TEXT) end

local function described(wanted, hide)
  local text = ("%s %s"):format(wanted.method and wanted.method:upper() or "any method,", wanted.path or "any path")
  if wanted.status then text = text .. (" answered with %d"):format(wanted.status) end
  if type(wanted.body) == "string" then return text .. ", body " .. short(hide, wanted.body) end
  if wanted.body then return text .. ", body with " .. short(hide, written(wanted.body)) end
  return text
end

local function one_line(hide, text) return (short(hide, text):gsub("%c", " ")) end

local function line(entry, reason, hide)
  local outcome = entry.status and ("%d"):format(entry.status) or "closed " .. (entry.closed or "")
  if entry.fault then outcome = outcome .. ", " .. entry.fault end
  if entry.answer and entry.status >= 400 then outcome = outcome .. " " .. one_line(hide, entry.answer) end
  local text = ("  %d. %s %s -> %s"):format(entry.seq, entry.method, hide(entry.path), outcome)
  if reason then return text .. "  (" .. short(hide, reason, 3 * MAX_TEXT) .. ")" end
  return text .. (entry.body and entry.body ~= "" and "  " .. one_line(hide, entry.body) or "")
end

--- The message of a failed expectation.
---@param wanted tavus.sandbox.Expectation
---@param count integer how many entries fit
---@param all tavus.sandbox.Entry[] all that arrived
---@param misfits table<integer, string>
---@param hide fun(text: string): string takes secrets out
---@return string
function expect.message(wanted, count, all, misfits, hide)
  local number = wanted.times and ("%d"):format(wanted.times) or "at least 1"
  local lines = { ("expected %s of: %s; there were %d."):format(number, described(wanted, hide), count) }
  if #all == 0 then
    lines[2] = "Nothing arrived."
    return table.concat(lines, "\n")
  end
  lines[2] = "What arrived:"
  if #all > MAX_SHOWN then lines[2] = ("What arrived, the last %d of %d:"):format(MAX_SHOWN, #all) end
  for i = math.max(1, #all - MAX_SHOWN + 1), #all do lines[#lines + 1] = line(all[i], misfits[all[i].seq], hide) end
  return table.concat(lines, "\n")
end

--- A function that takes out of a text what bodies hold of secrets: a message ends in a log.
---@param session userdata
---@param wanted tavus.sandbox.Expectation
---@param all tavus.sandbox.Entry[]
---@return fun(text: string): string
function expect.hider(session, wanted, all)
  local secrets = wanted.body and redact.with(nil, written(wanted.body)) or {}
  for i = math.max(1, #all - MAX_SHOWN + 1), #all do
    local entry = all[i]
    for _, text in ipairs { entry.body or "", entry.answer or "" } do secrets = redact.with(secrets, text) end
    for name, value in pairs(entry.headers) do
      if core.is_secret(name) then secrets[#secrets + 1] = value end
    end
  end
  return function(text) return redact.text(session, text, secrets) end
end

return expect
