--- Resources out of contract data: each operation of the contract becomes a
-- method. What a method does follows from the operation's shape (is there an
-- id in the path, a body, what is the answer) and not from its name, so that a
-- new resource is contract data only.

local core = require "tavus.core"
local http = require "tavus.http"
local answer = require "tavus.answer"
local errors = require "tavus.errors"
local options = require "tavus.options"
local pages = require "tavus.pages"
local repeatable = require("tavus.patch").repeatable
local update = require "tavus.update"

local resource = {}

local STRICT = { strict = true }

-- Names of operations that Lua keeps for itself.
local method_names = { ["end"] = "end_" }

-- The client behind `self`; `level` is the caller's line, from here.
local function client_of(self, class, name, level)
  local found = type(self) == "table" and self._client
  if found then return found end
  error(("%s: call it with a colon: client.%s:%s(...)"):format(name, class.collection, name), level + 1)
end

-- The path for an id, or nil and an error. A wrong type raises.
local function path_for(op, class, id, level)
  if type(id) ~= "string" then
    local hint = ""
    if type(id) == "table" and type(id[class.id_field]) == "string" then
      hint = (" (give its id: value.%s)"):format(class.id_field)
    end
    error(("%s: the id must be a string, not %s%s"):format(op.title, id == nil and "nil" or type(id), hint), level + 1)
  end
  local escaped, problem = http.escape(id)
  if escaped ~= id and id:find("/", 1, true) then escaped, problem = nil, "an id may not hold a /" end
  if not escaped then return nil, errors.issue("/" .. class.id_field, "id", problem, nil, "id") end
  return op.head .. escaped .. op.tail
end

local function encode(op, value, given)
  local text, warnings, secrets = core.encode(value, op.body, given and given.strict and STRICT or nil)
  if text then return text, warnings, secrets end
  return nil, errors.validation(warnings, op.body)
end

local function table_wanted(op, value, level)
  if type(value) ~= "table" then
    local hint = type(value) == "string" and value:find "^%s*[%[{]" and " (this is JSON: decode it first, tavus.decode)" or ""
    error(("%s: wants a table, not %s%s"):format(op.title, type(value), hint), level + 1)
  end
end

local makers = {}

-- POST of a new object.
function makers.create(class, op)
  return function(self, value, given)
    local client = client_of(self, class, op.name, 2)
    table_wanted(op, value, 2)
    local fine, problem = options.check(given, options.call, op.title, 2)
    if not fine then return nil, problem end
    local text, warnings, secrets = encode(op, value, given)
    if not text then return nil, warnings end
    return answer.of(client, op, op.path, text, given, false, secrets, warnings)
  end
end

-- Whatever needs an id and no body: get, delete, end.
function makers.by_id(class, op)
  return function(self, id, given)
    local client = client_of(self, class, op.name, 2)
    local path, problem = path_for(op, class, id, 2)
    if not path then return nil, problem end
    local fine
    fine, problem = options.check(given, options.call, op.title, 2)
    if not fine then return nil, problem end
    return answer.of(client, op, path, nil, given, true)
  end
end

-- PATCH with a JSON Patch. An empty one is answered here: what Tavus does with
-- it is not documented.
function makers.patch(class, op)
  return function(self, id, patch, given)
    local client = client_of(self, class, op.name, 2)
    local path, problem = path_for(op, class, id, 2)
    if not path then return nil, problem end
    table_wanted(op, patch, 2)
    local fine
    fine, problem = options.check(given, options.call, op.title, 2)
    if not fine then return nil, problem end
    local text, warnings, secrets = encode(op, patch, given)
    if not text then return nil, warnings end
    if text == "[]" then return true, answer.local_meta(warnings) end
    return answer.of(client, op, path, text, given, repeatable(patch), secrets, warnings)
  end
end

-- One page.
function makers.list(class, op)
  return function(self, filter, given)
    local client = client_of(self, class, op.name, 2)
    local request, problem = pages.prepare(op, op.title, filter, given, options.call, 2)
    if not request then return nil, problem end
    return answer.of(client, op, op.path, nil, request, true)
  end
end

-- All pages, a row at a time.
local function maker_of_each(class, op)
  return function(self, filter, given)
    local client = client_of(self, class, "each", 2)
    -- No tail call: a level of the stack would be missing from errors.
    local iterator = pages.each(client, op, filter, given, 2)
    return iterator
  end
end

-- The operation as the methods want it.
local function prepared(class, raw)
  local op = {}
  for name, value in pairs(raw) do op[name] = value end
  op.name = method_names[raw.name] or raw.name
  op.title = class.collection .. ":" .. op.name
  op.each_title = class.collection .. ":each"
  op.head, op.tail = op.path:match "^(.-){[%w_]+}(.*)$"
  return op
end

-- Names that an object's id goes by: the resource's own, and those that the
-- contract calls its twins.
local function id_names(data)
  local names = { data.id_field }
  for _, field in ipairs(data.fields) do
    if field.twin == data.id_field then names[#names + 1] = field.name end
  end
  return names
end

local function kind_of(op)
  if op.answer == "list" then return "list" end
  if not op.head then return "create" end
  if not op.body then return "by_id" end
  return "patch"
end

local function build(data)
  local class = { collection = data.collection, id_field = data.id_field, kind = data.kind, __name = "tavus." .. data.collection }
  local methods = {}
  class.__index = methods
  class.operations = {}
  class.id_names = id_names(data)
  for _, raw in ipairs(data.operations) do
    local op = prepared(class, raw)
    local kind = kind_of(op)
    -- What a PATCH answers is not documented.
    if kind == "patch" then op.answer = "changed" end
    op.id_names = class.id_names
    class.operations[op.name] = op
    methods[op.name] = makers[kind](class, op)
    if kind == "list" then methods.each = maker_of_each(class, op) end
  end
  if class.operations.get and class.operations.patch then
    methods.update = update.method(class, data)
  end
  return class
end

local classes

--- The classes of all resources, by the name of their collection. Read from
-- the contract once a VM.
---@return table<string, table>
function resource.classes()
  if not classes then
    local made = {}
    for _, data in ipairs(core.contract().resources) do made[data.collection] = build(data) end
    classes = made
  end
  return classes
end

return resource
