--- Personas of Tavus' conversational-video API, for Lua.
--
-- What `require "tavus"` returns. Only the core (checking and JSON, in C) is loaded here. The client, libcurl and the
-- builders are loaded at their first use, so that a program that only checks personas does not load them. The client
-- reads everything, so that no file is read later.

local core = require "tavus.core"
local modules = require "tavus.modules"
local load_module = modules.load
local errors = load_module "tavus.errors"
local names = load_module "tavus.names"

local error, ipairs, pairs, pcall, type = error, ipairs, pairs, pcall, type

-- Values of cjson and of this library mix: both have the same null, and our arrays carry cjson's mark where it has one.
-- Without cjson everything works the same.
do
  local found, cjson = pcall(require, "cjson")
  if found and type(cjson) == "table" then
    core.use_marks {
      array_mt = cjson.array_mt,
      empty_array_mt = cjson.empty_array_mt,
      empty_array = cjson.empty_array,
    }
  end
end

---@class tavus
local tavus = {
  ---@type string
  _VERSION = load_module "tavus.version",
  --- JSON's null; the same value as `cjson.null`.
  ---@type userdata
  null = core.null,
  --- Marks a table (a new one when nil) as a JSON array, also an empty one, and returns it.
  ---@type fun(value?: table): table
  array = core.array,
  --- Marks a table (a new one when nil) as a JSON object, also an empty one, and returns it.
  ---@type fun(value?: table): table
  object = core.object,
}

-- The core's message for a wrong argument, with the public name of the function. Because it comes through pcall, it has
-- no position of this file, and can be raised again with the caller's; and no name that the caller knows (none in Lua
-- 5.1).
local function misuse(name, message)
  return type(message) == "string" and message:gsub("^(bad argument #%d+ to ')[^']*", "%1tavus." .. name) or message
end

-- Checks the options of the two functions below.
local function check_options(given, name)
  if given == nil then return end
  load_module("tavus.options").check(given, { strict = { type = "boolean" } }, "tavus." .. name, 3)
end

--- Checks a value against the contract, offline.
---@param kind string such as "persona", "persona_patch", "tool"
---@param value any
---@param options table? { strict = boolean }: warnings count as errors
---@return boolean? ok true, or nil
---@return tavus.Issue[]|tavus.Error warnings (maybe none), or the error
function tavus.validate(kind, value, options)
  check_options(options, "validate")
  if type(kind) == "table" and type(value) == "string" then
    error('tavus.validate: the kind comes first, as in tavus.validate("persona", value)', 2)
  end
  local called, ok, detail = pcall(core.validate, kind, value, options)
  if not called then error(misuse("validate", ok), 2) end
  if ok then return true, errors.printable(detail) end
  return nil, errors.validation(detail, kind)
end

--- Writes a value as JSON: keys sorted, numbers exact.
---@param value any
---@param kind string? a kind of `tavus.validate`: check along the contract in the same walk
---@param options table? { strict = boolean }
---@return string? text
---@return tavus.Error?
function tavus.encode(value, kind, options)
  check_options(options, "encode")
  local called, text, issues = pcall(core.encode, value, kind, options)
  if not called then error(misuse("encode", text), 2) end
  if text then return text end
  return nil, errors.validation(issues, kind)
end

--- Reads JSON, strictly and without loss; arrays are marked, null is `tavus.null`.
---@param text string
---@return any value nil when the text is not JSON
---@return tavus.Error?
function tavus.decode(text)
  local called, value, failure = pcall(core.decode, text)
  if not called then error(misuse("decode", value), 2) end
  if value == nil then return nil, errors.decode(failure) end
  return value
end

-- The names that are loaded at their first use: { module, field }. The function itself is stored, not a wrapper,
-- because errors of misuse name the caller's line.
local lazy = {
  new = { "tavus.client", "new" },
  objectives = { "tavus.build.objectives" },
  patch = { "tavus.patch" },
  perception = { "tavus.build.perception" },
  progress = { "tavus.client.progress" },
  tool = { "tavus.build.tool" },
}
for _, name in ipairs { "string", "number", "integer", "boolean", "enum", "array_of", "object_of" } do
  lazy[name] = { "tavus.build.property", name }
end

-- tavus.personas, tavus.create_persona
local function call_of_client(name, near)
  for _, resource in ipairs(core.contract().resources) do
    if not near and name:lower():find(resource.name, 1, true) then
      return "make a client, client = assert(tavus.new { ... }), and use client." .. resource.collection
    end
  end
  return nil
end

-- What a client needs later is read now.
local function read_all(name)
  if name ~= "new" then return end
  load_module "tavus.client"
  for _, where in pairs(lazy) do modules.keep(where[1]) end
  for _, other in ipairs { "tavus.client.find", "tavus.client.update", "tavus.client.wait", "tavus.meanings" } do
    modules.keep(other)
  end
end

return names.lazy(tavus, lazy, { title = "tavus", kinds = { "tavus" }, beyond = call_of_client }, read_all)
