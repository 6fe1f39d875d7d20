--- Values in the files of a setup that are no JSON: declarations, which stand for their ids, and secrets.
--
-- Both are tables with a key that JSON does not have, so that encoding one by mistake is an error. The text of a secret
-- is in a private table and not in the secret itself.

local core = require "tavus.core"
local signature = require "tavus.signature"

local getmetatable, ipairs, next, rawget, setmetatable, tostring, type =
  getmetatable, ipairs, next, rawget, setmetatable, tostring, type

local values = {}

-- A key with which core.encode and core.validate refuse a table.
local function NOT_JSON() end

local weak = { __mode = "k" }
local declarations = setmetatable({}, weak)
local secrets = setmetatable({}, weak) -- secret -> { name, text }

---@class tavus.Declaration
---@field kind string one of tavus.setup.kinds: "persona", "tool", "guardrail", "objectives", "document", "dictionary"
---@field name string
---@field body table the create body of its kind; declarations stand for ids, and secrets for texts
---@field tools (tavus.Declaration|string)[]? of a persona: registered tools
---@field skills table<string, table>? of a persona: skill id -> config
---@field unmanaged string[]? JSON Pointers that are left to other people
---@field file string below the setup's folder
---@field line integer

local declaration_meta = {
  __name = "tavus.declaration",
  __tostring = function(it) return ("%s %s (%s:%d)"):format(it.kind, it.name, it.file, it.line) end,
}

--- Makes a declaration of a table of its fields.
---@param fields table
---@return tavus.Declaration
function values.declaration(fields)
  fields[NOT_JSON] = true
  declarations[fields] = true
  return setmetatable(fields, declaration_meta)
end

--- Whether a value is a declaration, which stands for its id.
---@param value any
---@return boolean
function values.is_reference(value) return declarations[value] ~= nil end

local secret_meta = { __name = "tavus.secret", __metatable = "tavus secret" }

local function new_secret(name, text)
  local made = setmetatable({ [NOT_JSON] = true }, secret_meta)
  secrets[made] = { name = name, text = text }
  return made
end

--- Makes a secret.
---@param name string of the environment variable that has it
---@param text string? nil while the variable is not set
---@return table
function values.secret(name, text) return new_secret(name, text) end

--- Whether a value is a secret.
---@param value any
---@return boolean
function values.is_secret(value) return secrets[value] ~= nil end

--- The name of a secret.
---@param secret table
---@return string
function values.secret_name(secret) return secrets[secret].name end

--- The text of a secret; nil when its variable is not set.
---@param secret table
---@return string?
function values.reveal(secret) return secrets[secret].text end

--- What is shown in the place of a secret.
---@param secret table
---@return string
function values.shown(secret) return "(secret " .. secrets[secret].name .. ")" end

-- Hexadecimal digits of a fingerprint: 64 bits.
local FINGERPRINT = 16

--- Tells two texts of a secret apart without showing either. It differs with each API key.
---@param text string what values.reveal gives
---@param key string|userdata the API key, or the session of a client
---@return string? digits 16 hexadecimal digits
---@return tavus.Error? of type `config` where this build cannot sign
function values.fingerprint(text, key)
  local signed, err = signature.sign(key, text)
  return signed and signed:sub(1, FINGERPRINT), err
end

secret_meta.__tostring = values.shown

-- `"Bearer " .. secret "TOKEN"` is a secret, too.
function secret_meta.__concat(a, b)
  local parts, name = {}, nil
  for i, part in ipairs { a, b } do
    local its = secrets[part]
    name = name or its and its.name
    if its then part = its.text or false end
    parts[i] = part
  end
  return new_secret(name, parts[1] and parts[2] and parts[1] .. parts[2] or nil)
end

--- Whether a value is a table of JSON: neither a declaration nor a secret.
---@param value any
---@return boolean
function values.is_plain(value)
  return type(value) == "table" and not declarations[value] and not secrets[value]
end

-- An empty table keeps its mark as an array or object.
local function empty_like(value)
  if next(value) ~= nil or getmetatable(value) == nil then return {} end
  return core.encode(value) == "[]" and core.array {} or core.object {}
end

--- Whether a plain table is a list.
---@param value table
---@return boolean
function values.is_list(value)
  return rawget(value, 1) ~= nil or next(value) == nil and getmetatable(value) ~= nil and core.encode(value) == "[]"
end

-- A key as a token of a JSON Pointer.
local function token(key, offset)
  if type(key) == "number" and key % 1 == 0 then return ("%d"):format(key - offset) end
  return (tostring(key):gsub("~", "~0"):gsub("/", "~1"))
end

-- Deeper than core.encode goes.
local DEEPEST = 128

--- A deep copy of plain tables. Each other value, also a declaration or a secret, is what `map` gives for it, or else
--- the same.
---@param value any
---@param map (fun(value: any, pointer: string): any)?
---@return any copy nil when the tables are nested too deep
---@return string? message
function values.copy(value, map)
  local function copied(it, pointer, depth)
    if not values.is_plain(it) then
      if not map then return it end
      return (map(it, pointer))
    end
    if depth > DEEPEST then return nil, pointer end
    local copy, offset = empty_like(it), rawget(it, 1) ~= nil and 1 or 0
    for key, member in next, it do
      local deep
      copy[key], deep = copied(member, pointer .. "/" .. token(key, offset), depth + 1)
      if deep then return nil, deep end
    end
    return copy
  end
  local copy, deep = copied(value, "", 1)
  if deep then
    return nil, ("is nested deeper than %d levels, or holds itself"):format(DEEPEST)
  end
  return copy
end

--- The keys of a table, in order.
---@param map table<string, any>
---@return string[]
function values.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

return values
