--- Writes lua/tavus/types.lua: what an editor cannot see in the sources because it comes from the contract or is
-- loaded when first used. `make types` runs this; spec/contract/types_spec.lua compares.
local core = require "tavus.core"

local PREAMBLE = [[
---@meta tavus.types
-- Made by `make types` from the contract; do not edit. For the Lua language server, never loaded by a program.

---@class tavus
---@field new fun(options?: tavus.ClientOptions): tavus.Client?, tavus.Error? makes a client
---@field tool tavus.ToolModule describes a tool, by its name and then a table
---@field objectives fun(name: string): fun(steps: tavus.Objective[]): tavus.ObjectiveSet describes objectives; raises for a broken chain
---@field string fun(spec: string|tavus.StringSpec): tavus.Property a property of a tool: the description, or a table with it first
---@field number fun(spec: string|tavus.NumberSpec): tavus.Property likewise
---@field integer fun(spec: string|tavus.NumberSpec): tavus.Property likewise
---@field boolean fun(spec: string|tavus.PropertySpec): tavus.Property likewise
---@field enum fun(spec: tavus.EnumSpec): tavus.Property one of some values, which are all of one type
---@field array_of fun(spec: tavus.ArraySpec): tavus.Property a list; items says of what
---@field object_of fun(spec: table<string|integer, any>): tavus.Property an object; its properties as in a tool
---@field perception fun(model: string): tavus.Perception a perception layer whose methods add queries and tools
---@field progress fun(options?: { write?: fun(text: string), bar?: boolean }): fun(facts: tavus.Progress) shows how far a wait is
---@field patch tavus.PatchModule makes a JSON Patch; apply, diff, invert

---@class tavus.ToolModule
---@field registered fun(tool: tavus.Tool|table, spec?: tavus.RegisteredToolSpec): tavus.RegisteredTool the body of a registered tool
---@overload fun(name: string): fun(spec: tavus.ToolSpec): tavus.Tool

---@class tavus.RegisteredToolSpec
---@field origin? string
---@field on_call? string
---@field static_filler? string
---@field on_resolve? string
---@field delivery? tavus.Delivery
---@field trigger_type? string
---@field tags? string[]

---@class tavus.CallOptions
---@field timeout? number seconds for one attempt
---@field deadline? number seconds for all attempts and the sleeps between them
---@field retries? integer attempts after the first
---@field headers? table<string, string> added to the request
---@field query? table<string, string|number|boolean> added to the address
---@field strict? boolean warnings of the check count as errors

---@class tavus.EachOptions: tavus.CallOptions
---@field max_pages? integer how many pages it reads at the most, 1000 when nil

---@class tavus.RequestOptions: tavus.CallOptions
---@field body? table|string sent as JSON; a string is sent as it is

---@class tavus.UpdateOptions: tavus.CallOptions
---@field arrays? "whole"|"items" replace an array that changed as a whole (default, safe to repeat), or send the smallest patch
]]

local lua_types = {
  string = "string", number = "number", integer = "integer", boolean = "boolean",
  array = "any[]", object = "table<string, any>", any = "any",
}

local function camel(name)
  return (("_" .. name):gsub("_(%w)", string.upper))
end

-- Names that Lua keeps for itself, and the ones with other characters, are written in brackets.
local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch "%a+" do keywords[word] = true end

local function field_name(name)
  if keywords[name] or not name:find "^[%a_][%w_]*$" then return ("[%q]"):format(name) end
  return name
end

local out, written
local described -- shapes whose fields the contract tells somewhere; where one comes again inside itself it does not

local function add(line) out[#out + 1] = line end

local function class_name(field) return "tavus." .. camel(field.shape or field.ref) end

local function choices_of(field)
  local words = {}
  for i, choice in ipairs(field.choices) do words[i] = ("%q"):format(choice) end
  -- Tavus changes its lists: what is known helps to write, anything else is no mistake.
  words[#words + 1] = "string"
  return table.concat(words, "|")
end

local type_of

local function one_type(field, name)
  if name == "string" and field.choices then return choices_of(field) end
  if name == "array" and field.items then
    local item = type_of(field.items)
    return (item:find("|", 1, true) and "(" .. item .. ")" or item) .. "[]"
  end
  if name == "object" then
    if described[field.shape or field.ref] then return class_name(field) end
    if field.other then return "table<string, " .. type_of(field.other) .. ">" end
  end
  return lua_types[name]
end

function type_of(field)
  local names = field.types or { field.type }
  local parts = {}
  for i, name in ipairs(names) do parts[i] = one_type(field, name) end
  return table.concat(parts, "|")
end

local function note(field)
  local parts = { field.description }
  if field.deprecated then
    parts[#parts + 1] = field.deprecated:find "^deprecated" and field.deprecated:gsub("^d", "D") .. "."
      or "Deprecated: " .. field.deprecated .. "."
  end
  if field.successor then parts[#parts + 1] = "Now " .. field.successor .. "." end
  if field.twin and not field.twin_allowed then parts[#parts + 1] = "Elsewhere " .. field.twin .. "." end
  if field.read_only then parts[#parts + 1] = "Only in answers." end
  if field.secret then parts[#parts + 1] = "Secret." end
  return table.concat(parts, " ")
end

local write_class

local function collect(field)
  if field.shape and field.fields and #field.fields > 0 then described[field.shape] = true end
  if field.items then collect(field.items) end
  if field.other then collect(field.other) end
  for _, member in ipairs(field.fields or {}) do collect(member) end
end

-- The classes that a field's value is made of, each once.
local function write_below(field)
  if field.items then write_below(field.items) end
  if field.other then write_below(field.other) end
  if field.shape and field.fields and #field.fields > 0 then write_class(field) end
end

function write_class(field)
  local name = class_name(field)
  if written[name] then return end
  written[name] = true
  add ""
  if field.description then add("--- " .. field.description) end
  add("---@class " .. name)
  for _, member in ipairs(field.fields) do
    add(("---@field %s? %s %s"):format(field_name(member.name), type_of(member), note(member)))
  end
  for _, member in ipairs(field.fields) do write_below(member) end
end

local method_names = { ["end"] = "end_" }

local function field_of(fields, name)
  for _, field in ipairs(fields) do
    if field.name == name then return field end
  end
end

-- The parameter of a method that is the body.
local function body_of(resource, op, object)
  if op.sends == "nothing" then return "" end
  local name, class = resource.name, object
  if op.sends == "json_patch" then
    name, class = "patch", "tavus.Patch|tavus.PatchOperation[]"
  elseif op.wraps then
    name, class = op.wraps, type_of(assert(field_of(op.fields or resource.fields, op.wraps)))
  elseif op.shape then
    name, class = op.body, class_name(op)
  end
  return (", %s%s: %s"):format(name, op.optional and "?" or "", class)
end

local function filter_of(op)
  local filter = {}
  for i, query in ipairs(op.query or {}) do
    filter[i] = query .. "?: " .. ((query == "limit" or query == "page") and "integer" or "string")
  end
  return ", filter?: " .. (#filter > 0 and "{ " .. table.concat(filter, ", ") .. " }" or "table")
end

local answered = {
  object = "%s?", changed = "%s|true|nil", nothing = "true?", any = "any", map = "table<string, %s>?",
  list = "{ data: %s[], total_count: integer }?",
}

-- The class of a resource's calls; `newer`: of those at its newer path.
local function write_resource(resource, newer)
  local object = "tavus." .. camel(resource.name)
  local collection = newer and resource.twin or resource.collection
  local class = "tavus." .. camel(collection)
  add ""
  add("---@class " .. class .. " client." .. collection)
  local function method(name, arguments, results, text)
    add(("---@field %s fun(self: %s%s): %s %s"):format(name, class, arguments, results, text))
  end
  local has = {}
  for _, op in ipairs(resource.operations) do
    has[op.name] = op
    local path = newer and op.newer_path or op.path
    local ids = path:gsub("[^{]*{([%w_]+)}[^{]*", ", %1: string"):match "^,.*" or ""
    local filter = op.answers == "list" and op.sends == "nothing" and filter_of(op) or ""
    local row = op.row and (op.row == "object" and "table" or "tavus." .. camel(op.row)) or object
    method(method_names[op.name] or op.name, ids .. body_of(resource, op, object) .. filter .. ", options?: tavus.CallOptions",
      answered[op.answers]:format(row) .. ", tavus.Meta|tavus.Error", op.method .. " " .. path)
    if op.name == "list" then
      method("each", filter .. ", options?: tavus.EachOptions", ("fun(): %s?, tavus.Meta?"):format(object),
        "all pages, a row at a time; raises its error")
      if resource.name_field then
        method("find", ", name: string, options?: tavus.EachOptions", object .. "?, tavus.Meta|tavus.Error",
          "the row of that name, over all pages; meta.renamed when punctuation or blanks differ")
      end
    end
  end
  if has.create and has.create.closed_by then
    method("with", (", %s: %s, fn: (fun(%s: %s): ...any), options?: tavus.CallOptions"):format(resource.name, object, resource.name,
      object), "any ...", "makes one, calls fn with it, and ends it whatever happens in fn")
  end
  if has.get and has.patch then
    method("update", (", %s: string, change: fun(%s: %s): %s?, options?: tavus.UpdateOptions"):format(
      newer and resource.twin_id or resource.id_field, resource.name, object, object), object .. "?, tavus.Meta|tavus.Error",
      "get, change, send the smallest patch")
  end
  if has.get and resource.states then
    method("wait", (", %s: string, options?: tavus.WaitOptions"):format(resource.id_field),
      object .. "?, tavus.Meta|tavus.Error", "gets it until it is ready")
  end
end

local annotations = {}

--- The text of lua/tavus/types.lua as the contract of this build wants it.
---@return string
function annotations.text()
  out, written, described = { (PREAMBLE:gsub("\n$", "")) }, {}, {}
  local resources = core.contract().resources
  for _, resource in ipairs(resources) do
    collect(resource)
    for _, operation in ipairs(resource.operations) do collect(operation) end
  end
  add ""
  add "---@class tavus.Client"
  for _, resource in ipairs(resources) do
    for _, collection in ipairs { resource.collection, resource.twin } do
      add(("---@field %s tavus.%s %s"):format(collection, camel(collection), resource.description))
    end
  end
  for _, resource in ipairs(resources) do
    write_resource(resource, false)
    if resource.twin then write_resource(resource, true) end
  end
  for _, resource in ipairs(resources) do
    write_class { shape = resource.name, fields = resource.fields, description = resource.description }
    for _, operation in ipairs(resource.operations) do
      if operation.shape then write_class(operation) end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

if arg and arg[0] and arg[0]:match "annotations%.lua$" then io.write(annotations.text()) end

return annotations
