--- Compares what the files want, what was last applied, and what is at Tavus, path by path.
--
-- Only paths that the files have, or once had, are compared. Secrets are compared by their fingerprints, which stand in
-- their places in a sealed value.

local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"
local values = require "tavus.setup.values"

local compare = {}

local null = core.null
local SEAL = "^sealed:(%x+)$"

--- A copy in which each secret is its fingerprint.
---@param value any
---@param key userdata|string as for values.fingerprint
---@return any? sealed
---@return tavus.Error?
function compare.sealed(value, key)
  local problem
  local copy = values.copy(value, function(member)
    if not values.is_secret(member) then return member end
    local digits, err = values.fingerprint(values.reveal(member) or "", key)
    problem = problem or err
    return "sealed:" .. tostring(digits)
  end)
  if problem then return nil, problem end
  return copy
end

-- An object with members. Everything else is compared as a whole.
local function has_members(value)
  return values.is_plain(value) and next(value) ~= nil and not values.is_list(value)
end

--- Whether a path is one of `roots`, or below one.
---@param path string
---@param roots string[]?
---@return boolean
function compare.below(path, roots)
  for _, root in ipairs(roots or {}) do
    if path == root or path:sub(1, #root + 1) == root .. "/" then return true end
  end
  return false
end

--- The values of a document by their paths. Objects are gone into.
---@param document table
---@param unmanaged string[]? paths to leave out
---@return table<string, any>
function compare.leaves(document, unmanaged)
  local found = {}
  local function collect(value, path)
    if compare.below(path, unmanaged) then return end
    if not has_members(value) then
      if path ~= "" then found[path] = value end
      return
    end
    for name, member in pairs(value) do collect(member, path .. "/" .. pointer.escape(tostring(name))) end
  end
  collect(document, "")
  return found
end

--- The value at a path, or nil.
---@param document any
---@param path string
---@return any
function compare.at(document, path)
  for _, token in ipairs(pointer.parse(path)) do
    if not values.is_plain(document) then return nil end
    document = document[token]
  end
  return document
end

--- Sets the value at a path, or removes it; makes the objects around it.
---@param document table changed in place
---@param path string
---@param value any nil removes
function compare.set(document, path, value)
  local tokens = pointer.parse(path)
  for i = 1, #tokens - 1 do
    local below = document[tokens[i]]
    if not values.is_plain(below) or values.is_list(below) then
      if value == nil then return end
      below = {}
      document[tokens[i]] = below
    end
    document = below
  end
  document[tokens[#tokens]] = value
end

-- Whether a live text has a fingerprint. Of a masked one that is not known, and `trusted` is the answer.
local function has_seal(digits, text, key, trusted)
  if type(text) ~= "string" then return false end
  if core.is_masked(text) then return trusted end
  return values.fingerprint(text, key) == digits
end

--- Whether a live value has all that a sealed one says. `known` is { key, trusted }: with `trusted`, masked secrets
--- count as unchanged, and members that the server filled in do not count.
---@param want any
---@param live any
---@param known { key: any, trusted: boolean }
---@return boolean
function compare.covers(want, live, known)
  if want == nil or want == null then return live == nil or live == null end
  if values.is_reference(want) then return false end
  if type(want) ~= "table" then
    local digits = type(want) == "string" and want:match(SEAL)
    if digits then return has_seal(digits, live, known.key, known.trusted) end
    return core.equal(want, live)
  end
  if type(live) ~= "table" then return false end
  if next(want) == nil then return next(live) == nil or getmetatable(want) == nil and not values.is_list(live) end
  if values.is_list(want) then
    if #want ~= #live then return false end
    for i = 1, #want do
      if not compare.covers(want[i], live[i], known) then return false end
    end
    return true
  end
  for name, member in pairs(want) do
    if not compare.covers(member, live[name], known) then return false end
  end
  if known.trusted then return true end
  for name, member in pairs(live) do
    if want[name] == nil and member ~= null then return false end
  end
  return true
end

-- Members that Tavus takes and was seen not to show, with the value for which that happens where it is only one.
local HIDDEN = {
  persona = {
    ["/context"] = true, ["/pipeline_mode"] = true, ["/objectives_id"] = true, ["/guardrails_id"] = true,
    ["/layers/conversational_flow"] = true, ["/layers/llm/speculative_inference"] = true,
    ["/layers/llm/model"] = "tavus-gemma-4", ["/layers/llm/headers"] = true, ["/layers/llm/extra_body"] = true,
  },
  objectives = { ["/name"] = true }, guardrail = { ["/name"] = true },
}

-- Members of objects that are made anew when they change: without them in an answer, the object is adopted as it is.
local NEVER_SHOWN = { objectives = { "/name" }, guardrail = { "/name" } }

-- Whether a member that is not in an answer may be there all the same.
local function may_be_hidden(kind, path, want)
  for hidden, value in pairs(HIDDEN[kind] or {}) do
    if compare.below(path, { hidden }) and (value == true or value == want) then return true end
  end
  return false
end

local function is_secret_path(path) return core.is_secret(path:match "[^/]*$") end

-- A name as Tavus stores it: it was seen to drop punctuation.
local function plain(name) return type(name) == "string" and (name:gsub("[%p%s]+", "")) end

--- Whether an answer that differs from what was written only shows it differently.
---@param it { kind: string, name_path: string }
---@param path string
---@param want any sealed
---@param live any
---@return boolean
function compare.shown_otherwise(it, path, want, live)
  if live == nil or live == null then
    return may_be_hidden(it.kind, path, want) or is_secret_path(path)
      or type(want) == "string" and want:find(SEAL) ~= nil
  end
  return path == it.name_path and plain(want) == plain(live) and plain(want) ~= ""
end

---@class tavus.SetupDifference
---@field path string
---@field op "write"|"remove"
---@field want any
---@field last any
---@field live any

--- Compares three documents.
---@param three table { kind, want, last, seen, live, key, unmanaged }: want sealed, last as the state has it or nil,
--- seen the values that Tavus shows for those of `last` where they differ
---@return tavus.SetupDifference[] changes sorted by path
---@return tavus.SetupDifference[] drift what others changed
function compare.three(three)
  local want = compare.leaves(three.want, three.unmanaged)
  local last = compare.leaves(three.last or {}, three.unmanaged)
  local changes, drift, paths = {}, {}, {}
  local trusted, strict = { key = three.key, trusted = true }, { key = three.key, trusted = false }
  for path in pairs(want) do paths[#paths + 1] = path end
  for path in pairs(last) do
    -- a leaf of the state that lies above or below a leaf of the files is replaced by that
    if want[path] == nil and compare.at(three.want, path) == nil then paths[#paths + 1] = path end
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local w, l, live, seen = want[path], last[path], compare.at(three.live, path), (three.seen or {})[path]
    local as_last = l ~= nil and (compare.covers(l, live, trusted)
      or seen ~= nil and core.equal(seen, live == nil and null or live))
    local fits
    if w == nil or l == nil and live == nil and compare.below(path, NEVER_SHOWN[three.kind]) then
      fits = live == nil or live == null
    elseif l ~= nil and not values.is_reference(w) and core.equal(w, l) then
      fits = as_last
    else
      fits = compare.covers(w, live, strict)
    end
    if not fits then
      local entry = { path = path, op = w == nil and "remove" or "write", want = w, last = l, live = live }
      -- what the state does not have was never ours, so it did not drift
      local list = (l == nil or as_last) and changes or drift
      list[#list + 1] = entry
    end
  end
  return changes, drift
end

return compare
