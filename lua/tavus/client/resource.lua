--- Resources from contract data: each operation of the contract becomes a method. The operation says what its method
-- takes and does, so that a new resource is contract data only.

local core = require "tavus.core"
local http = require "tavus.http"
local answer = require "tavus.client.answer"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local names = require "tavus.names"
local options = require "tavus.options"
local pages = require "tavus.client.pages"
local repeatable = require("tavus.patch").repeatable
local with = require "tavus.client.with"

local resource = {}

local STRICT = { strict = true }

-- Names of operations that are words of Lua.
local method_names = { ["end"] = "end_" }

-- The client behind `self`; `level` is the caller's line, from here.
local function client_of(self, class, name, level)
  local found = type(self) == "table" and self._client
  if found then return found end
  error(("%s: call it with a colon: client.%s:%s(...)"):format(name, class.collection, name), level + 1)
end

-- The path with the ids at the start of `...`, or nil and an error. A wrong type raises.
local function path_for(op, level, ...)
  local ids, parts = op.ids, op.parts
  local path = parts[1]
  for i = 1, #ids do
    local name, id = ids[i], (select(i, ...))
    if type(id) ~= "string" then
      local hint = ""
      if type(id) == "table" and type(id[name]) == "string" then hint = (" (give its id: value.%s)"):format(name) end
      error(("%s: the %s must be a string, not %s%s"):format(op.title, #ids > 1 and name or "id",
        id == nil and "nil" or type(id), hint), level + 1)
    end
    local problem, trimmed = core.id_fault(id)
    local escaped
    if not problem then escaped, problem = http.escape(id) end
    if not escaped then
      local hint = trimmed and ("write %q"):format(trimmed)
      return nil, errors.issue("/" .. name, "id", problem, hint, "id")
    end
    path = path .. escaped .. parts[i + 1]
  end
  return path
end

-- The body for a method's argument; nil where it is left out. A wrong type raises.
local function body_of(op, value, level)
  if value == nil and op.optional then return nil end
  if op.wraps and value ~= nil then return { [op.wraps] = value } end
  if type(value) == "table" then return value end
  local is_text = type(value) == "string" and value:find "^%s*[%[{]"
  local hint = is_text and " (this is JSON: decode it first, tavus.decode)" or ""
  error(("%s: wants %s, not %s%s"):format(op.title, op.wraps or "a table", type(value), hint), level + 1)
end

local function has_header(given, name)
  for header in pairs(given and given.headers or {}) do
    if type(header) == "string" and header:lower() == name:lower() then return true end
  end
  return false
end

-- Whether the request may be sent again when it is unknown whether it took effect.
local function may_repeat(op, body, given)
  local word = op.repeats
  if op.condition and has_header(given, op.condition) then return true end
  if word == "ops" then return repeatable(body) end
  if word == "key" then
    local key = body and body[op.repeat_key]
    return type(key) == "string" and key ~= ""
  end
  return word ~= "twice"
end

-- Bodies that change nothing, by what the operation sends. They are not sent: what Tavus does with them is not
-- documented.
local empty_change = { json_patch = "[]", merge_patch = "{}", partial = "{}" }

-- Whether the operation `get` says that nothing was left to do. It takes the time that the call has left.
local function settled(calling)
  local op, left = calling.op, calling.ends - http.now()
  if left <= 0 then return false end
  local asking = call.new(calling.client, op.get, calling.path:sub(1, -1 - op.beyond), nil, {
    timeout = math.min(calling.per_attempt, left), deadline = left, retries = calling.retries,
    headers = calling.headers,
  })
  asking.may_repeat, asking.host = true, calling.host
  local row = answer.of(asking)
  return type(row) == "table" and row[op.settled_field] == op.settled_value
end

-- Names, in the error of a create, the row that has the value that must be unique.
local function name_holder(self, class, op, body, err)
  local value, list = body[op.unique], class.operations.list
  local query = {}
  for _, name in ipairs(list.query) do
    if name == "name_or_uuid" then query[name] = value end
  end
  local row, about = self:find(value, { query = query })
  if not row or about.renamed then return end
  err.existing_id = row[class.id_field]
  err.hint = ("%s has this %s: use it by that id, or choose another %s"):format(tostring(err.existing_id), op.unique,
    op.unique)
end

local makers = {}

-- method(self, ids..., body, options, change): `update` gives its change. It adds warnings, and secrets to hide.
function makers.send(class, op)
  local count = #op.ids
  return function(self, ...)
    local client = client_of(self, class, op.name, 2)
    local path, problem = path_for(op, 2, ...)
    if not path then return nil, problem end
    local value, given, change = select(count + 1, ...)
    local body = body_of(op, value, 2)
    local fine
    fine, problem = options.check(given, options.call, op.title, 2)
    if not fine then return nil, problem end
    local text, warnings, secrets
    if body ~= nil then
      text, warnings, secrets = core.encode(body, op.body, given and given.strict and STRICT or nil)
      if not text then return nil, errors.validation(warnings, op.body) end
      if op.max_body and #text > op.max_body then
        return nil, errors.issue("", "size", ("has %d bytes, and %d are allowed"):format(#text, op.max_body),
          "send less at once", op.body)
      end
      if text == empty_change[op.sends] then return true, answer.local_meta(warnings) end
    end
    local calling = call.new(client, op, path, text, given)
    calling.may_repeat, calling.warnings, calling.secrets = may_repeat(op, body, given), warnings, secrets
    calling.settled = op.get and settled
    if change then
      calling.warnings = change:warn(warnings)
      calling.beside, calling.title = change.before, change.title
    end
    local made, err = answer.of(calling)
    if not made and op.unique and err.status == 409 then name_holder(self, class, op, body, err) end
    return made, err
  end
end

-- method(self, ids..., options)
function makers.ask(class, op)
  local count = #op.ids
  return function(self, ...)
    local client = client_of(self, class, op.name, 2)
    local path, problem = path_for(op, 2, ...)
    if not path then return nil, problem end
    local given = (select(count + 1, ...))
    local fine
    fine, problem = options.check(given, options.call, op.title, 2)
    if not fine then return nil, problem end
    local calling = call.new(client, op, path, nil, given)
    calling.may_repeat, calling.settled = may_repeat(op), op.get and settled
    return answer.of(calling)
  end
end

-- method(self, ids..., filter, options): one page.
function makers.list(class, op)
  local count, answers = #op.ids, pages.metatable(op)
  return function(self, ...)
    local client = client_of(self, class, op.name, 2)
    local path, problem = path_for(op, 2, ...)
    if not path then return nil, problem end
    local filter, given = select(count + 1, ...)
    local request
    request, problem = pages.prepare(op, filter, given, nil, 2)
    if not request then return nil, problem end
    local calling = call.new(client, op, path, nil, request)
    calling.may_repeat = may_repeat(op)
    local list, meta = answer.of(calling)
    return type(list) == "table" and setmetatable(list, answers) or list, meta
  end
end

-- The method `each`: all rows of all pages.
local function maker_of_each(class, op)
  return function(self, filter, given)
    local client = client_of(self, class, "each", 2)
    -- Not a tail call, which would take a level from the stack that errors refer to.
    local iterator = pages.each(client, op, filter, given, 2)
    return iterator
  end
end

local function maker_of(op)
  if op.sends ~= "nothing" then return makers.send end
  return op.answers == "list" and makers.list or makers.ask
end

-- The newer name of a member.
local function newer_name(fields, name)
  for _, field in ipairs(fields) do
    if field.twin == name then return field.name end
  end
  return name
end

-- The operation with what the methods need beside the contract's data: the names of its ids, and the parts of its path
-- around them.
local function prepared(class, raw, fields)
  local op = {}
  for name, value in pairs(raw) do op[name] = value end
  if class.newer then
    op.path, op.body = raw.newer_path, raw.newer_body
    op.wraps = raw.wraps and newer_name(raw.fields or fields, raw.wraps)
  end
  op.name = method_names[raw.name] or raw.name
  op.title = class.collection .. ":" .. op.name
  op.each_title = class.collection .. ":each"
  op.id_names, op.names, op.collection = class.id_names, class.names, class.collection
  op.reads, op.where = op.repeats == "read", {}
  for _, name in ipairs(op.at) do op.where[name] = true end
  op.ids, op.parts = {}, {}
  for part, id in (op.path .. "{}"):gmatch "([^{]*){([%w_]*)}" do
    op.parts[#op.parts + 1] = part
    if id ~= "" then op.ids[#op.ids + 1] = id end
  end
  return op
end

-- The names of a field: its own, and its twins in the contract.
local function names_of(data, own)
  local found = { own }
  for _, field in ipairs(data.fields) do
    if field.twin == own then found[#found + 1] = field.name end
  end
  return found
end

-- Reads the contract of a class: its methods and operations. Loads the modules that only methods need.
local function build(class)
  local data = core.contract(class.collection)
  local methods = {}
  class.newer = data.twin == class.collection
  class.name = data.name
  class.id_field = class.newer and data.twin_id or data.id_field
  class.operations = {}
  class.id_names = names_of(data, data.id_field)
  class.id_names[#class.id_names + 1] = data.other_id
  class.names = data.name_field and names_of(data, data.name_field) or {}
  for _, raw in ipairs(data.operations) do
    local op = prepared(class, raw, data.fields)
    if raw.name == "create" then class.name = op.body end
    class.operations[op.name] = op
    methods[op.name] = maker_of(op)(class, op)
  end
  local all = class.operations
  for _, op in pairs(all) do
    -- `beyond`: how much longer its path is than that of `get`, where the rest has no ids
    if op.settled_field then op.get, op.beyond = all.get, #op.path - #all.get.path end
  end
  local made = all.create
  if made and made.closed_by then
    local closing = all[method_names[made.closed_by] or made.closed_by]
    methods.with = with.method(class, made, closing, closing.get and settled, client_of)
  end
  if all.list then methods.each = maker_of_each(class, all.list) end
  if all.list and data.name_field then
    methods.find = require("tavus.client.find").method(class, all.list, client_of)
  end
  if all.get and data.states then
    methods.wait = require("tavus.client.wait").method(class, data.states)
  end
  if all.get and all.patch then
    methods.update = require("tavus.client.update").method(class, data)
  end
  class.about = names.guard(methods, {
    title = "client." .. class.collection, kinds = { "resource", class.collection },
    nouns = { class.collection, class.name },
  })
  class.methods, class.__index = methods, methods
end

-- Builds the class when its first member is read.
local unbuilt = {
  __index = function(class, name)
    build(class)
    setmetatable(class, nil)
    return class[name]
  end,
}

local function new_class(collection)
  local class = { collection = collection, __name = "tavus." .. collection }
  function class.__index(_, name)
    local method = rawget(class.methods, name)
    if method == nil then names.check(class.about, name) end
    return method
  end
  return setmetatable(class, unbuilt)
end

local classes

--- The classes of all resources, by the names of their collections. Each reads its contract when it is first used.
---@return table<string, table>
function resource.classes()
  if not classes then
    classes = {}
    for _, collection in ipairs(core.collections()) do classes[collection] = new_class(collection) end
  end
  return classes
end

return resource
