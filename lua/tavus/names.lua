--- Names that an object does not have. One that resembles a name of the object, or that means one in other APIs, raises
-- an error that says which. Every other one is nil, so that a program can ask what there is (`if client.videos then`).
--
-- Names that exist are members of a table, which Lua reads without a function. Only the others get here.

local core = require "tavus.core"

local error, getmetatable, ipairs, next, pairs, rawset, require, setmetatable, type =
  error, getmetatable, ipairs, next, pairs, rawset, require, setmetatable, type
local concat, sort = table.concat, table.sort

local names = {}

-- Names that programs ask any object for, and that resemble ours by chance. So do ids: `client.persona_id`.
local ASKED = {}
for name in ("batch class clone count data date id init is_a keys kind length match name path size super text then time"
  .. " tostring toString type value values version"):gmatch "%S+" do
  ASKED[name] = true
end

-- Shorter names resemble too much.
local SHORTEST = 4

local function fold(name) return (name:lower():gsub("[_%- ]", "")) end

--- An object whose names are known.
---@class tavus.Names
---@field title string how messages call it
---@field kinds string[] kinds of tavus.meanings
---@field more (fun(): table<string, any>)? names besides those of the methods
---@field members table<string, any>? names of members that may be absent
---@field nouns string[]? what its calls are about: "persona"
---@field beyond (fun(name: string, near: string?): string?)? what else the name may mean, as a text
---@field methods table? set by this module, as are the next two
---@field known table<string, any>?
---@field words table<string, string[]>?

-- The words of some kinds of tavus.meanings: folded name -> list of keys.
local function words_of(kinds)
  local meanings, words = require "tavus.meanings", {}
  for _, kind in ipairs(kinds) do
    for key, list in pairs(meanings[kind] or {}) do
      for word in list:gmatch "%S+" do
        words[word] = words[word] or {}
        words[word][#words[word] + 1] = key
      end
    end
  end
  return words
end

-- Reads, once, the names of an object and the words for it.
local function prepare(about)
  if about.known then return end
  local known = {}
  for _, all in ipairs { about.methods, about.more and about.more() or {} } do
    for name, value in pairs(all) do
      if name:sub(1, 1) ~= "_" then known[name] = value end
    end
  end
  about.words, about.known = words_of(about.kinds), known
end

-- The names of the object that a folded name means elsewhere; else a text. Nil without either.
local function meant_by(about, folded)
  local calls, text = {}, nil
  for _, key in ipairs(about.words[folded] or {}) do
    if key:find "[^%w_]" then text = key elseif about.known[key] ~= nil then calls[#calls + 1] = key end
  end
  sort(calls)
  return calls[1] and calls or nil, text
end

--- The names meant by one that is made of a call and what it is about: create_persona, listPersonas.
---@param about tavus.Names
---@param name string
---@return string[]?
function names.without_noun(about, name)
  prepare(about)
  local folded = fold(name)
  for _, noun in ipairs(about.nouns or {}) do
    local from, to = folded:find(noun, 1, true)
    local rest = from and folded:sub(1, from - 1) .. folded:sub(to + 1)
    for call in next, rest and about.known or {} do
      if fold(call) == rest then return { call } end
    end
    local calls = rest and meant_by(about, rest)
    if calls then return calls end
  end
  return nil
end

local function asked_of_all(name) return ASKED[name] or name:find "_id$" or name:find "Id$" end

-- What to say of a name that the object does not have, or nil.
local function remark(about, name)
  if type(name) ~= "string" or name:sub(1, 1) == "_" then return nil end
  if about.members and about.members[name] then return nil end
  prepare(about)
  local calls, text = meant_by(about, fold(name))
  if not calls and not text and not asked_of_all(name) then
    local near = #name >= SHORTEST and core.nearest(name, about.known) or nil
    calls = names.without_noun(about, name)
    text = not calls and about.beyond and about.beyond(name, near)
    if not calls and not text and near then calls = { near } end
  end
  return calls and "did you mean " .. concat(calls, " or ") .. "?" or text or nil
end

local option_words

--- The option that an unknown one means in other libraries, or nil.
---@param name string
---@param known table<string, any>
---@return string?
function names.option(name, known)
  option_words = option_words or words_of { "options" }
  for _, key in ipairs(option_words[fold(name)] or {}) do
    if known[key] then return key end
  end
  return nil
end

--- Raises at the line of the caller's caller for a name that was probably meant otherwise.
---@param about tavus.Names
---@param name any
function names.check(about, name)
  local said = remark(about, name)
  if said then error(("%s has no %q (%s)"):format(about.title, name:sub(1, 40), said), 3) end
end

--- Lets a table of methods, or a module, raise for such names.
---@param methods table
---@param about tavus.Names
---@return tavus.Names about
function names.guard(methods, about)
  about.methods = methods
  local meta = getmetatable(methods) or {}
  function meta.__index(_, name)
    names.check(about, name)
    return nil
  end
  setmetatable(methods, meta)
  return about
end

--- Lets a module load what its names stand for at their first use. The values themselves are stored, not wrappers,
-- because errors of misuse name the caller's line.
---@param module table
---@param lazy table<string, string[]> { module, field }; without a field the module is the value
---@param about tavus.Names `methods` and `more` are set here
---@param before (fun(name: string))? called before a name is loaded
---@return table module
function names.lazy(module, lazy, about, before)
  about.methods, about.more = module, function() return lazy end
  return setmetatable(module, {
    __index = function(self, name)
      local where = lazy[name]
      if not where then
        names.check(about, name)
        return nil
      end
      if before then before(name) end
      local value = require(where[1])
      if where[2] then value = value[where[2]] end
      rawset(self, name, value)
      return value
    end,
  })
end

return names
