--- Writes csrc/contract/README.md, the reference of all calls and fields that the contract knows. `make types` runs this;
-- spec/contract/reference_spec.lua compares.
local core = require "tavus.core"

local PREAMBLE = [[
# The contract

All that `tavus` knows of Tavus' API, as the C files of this folder state it. Made by `make types`; do not edit.

**Calls.** *Repeat* says whether a request may be sent again when nobody knows whether it was done: `read`, it only reads; `same`, the
repeat finds the wanted state; `done`, the repeat does nothing, and the error named says so; `key`, the server knows it by a member of
the body; `ops`, if the operations of the JSON Patch allow it; `twice`, no.

**Sure** says how well a fact is known: A, in official documents of several generations, or in one and seen to work; B, in official
documents once; C, others have seen it work; D, one weak source, or sources that disagree. Breaking a type of grade A or B is an error,
anything else a warning.

**Since** is the generation of Tavus' documents that a field came with: G0, until early 2025; G1, mid 2025; G2, the winter after it; G3,
February to June 2026; G4, July and August 2026; G5, since then. `?`: not known.
]]

local reference = {}

local out, shapes

local function add(line) out[#out + 1] = line end

local function cell(text) return (text:gsub("|", "\\|"):gsub("%s+", " ")) end

local function row(cells)
  for i, text in ipairs(cells) do cells[i] = cell(text) end
  add("| " .. table.concat(cells, " | ") .. " |")
end

local function head(titles)
  add ""
  row(titles)
  add("|" .. (" --- |"):rep(#titles))
end

local function code(text) return "`" .. text .. "`" end

local function anchor(name) return ("[%s](#%s)"):format(name, name:lower():gsub("[^%w_%- ]", ""):gsub(" ", "-")) end

-- Calls ----------------------------------------------------------------------

local SENDS = { nothing = "nothing", object = "object", json_patch = "JSON Patch", merge_patch = "merge patch", partial = "partial object" }

local function repeats_of(operation)
  local word = operation.repeats
  if operation.done then word = word .. ": " .. table.concat(operation.done, ", ") end
  if operation.condition then word = ("%s; `same` with the header %s"):format(word, operation.condition) end
  if operation.repeat_key then word = word .. ": " .. operation.repeat_key end
  for _, exception in ipairs(operation.exceptions or {}) do
    word = ("%s; %d%s: %s"):format(word, exception.status, exception.text and (' "%s"'):format(exception.text) or "", exception.verdict)
  end
  return word
end

local function write_calls(resource)
  head { "Method", "Call", "Sends", "Answers", "Repeat", "Query" }
  for _, operation in ipairs(resource.operations) do
    local sends = SENDS[operation.sends]
    if operation.body then sends = sends .. " " .. code(operation.body) end
    if operation.wraps then sends = ("%s, of it %s"):format(sends, code(operation.wraps)) end
    if operation.optional then sends = sends .. ", or nothing" end
    local call = code(operation.method .. " " .. operation.path)
    if operation.without_key then call = call .. ", without the key" end
    local answers = operation.answers
    if operation.rows then answers = answers .. " " .. code(operation.rows) end
    if operation.status then answers = ("%s (%d)"):format(answers, operation.status) end
    if operation.first_page then answers = ("%s, first page %s"):format(answers, operation.first_page) end
    row { code(operation.name), call, sends, answers, repeats_of(operation), table.concat(operation.query or {}, ", ") }
  end
end

-- The same resource at its newer path.
local function write_twin(resource)
  if not resource.twin then return end
  local kinds = {}
  for _, operation in ipairs(resource.operations) do
    if operation.newer_body ~= operation.body then kinds[#kinds + 1] = code(operation.newer_body) end
  end
  add ""
  add(("`%s`: the same calls at `/v2/%s`, of bodies of the kinds %s; the id is `%s`."):format(resource.twin, resource.twin,
    table.concat(kinds, ", "), resource.twin_id))
end

-- Fields ---------------------------------------------------------------------

local function type_name(field, name)
  local shape = field.shape or field.ref
  if name == "object" and shape then return anchor(shape) end
  if name == "array" and field.items then
    local items = {}
    for i, item in ipairs(field.items.types or { field.items.type }) do items[i] = type_name(field.items, item) end
    return "array of " .. table.concat(items, " or ")
  end
  return name
end

local function type_of(field)
  local names = {}
  for i, name in ipairs(field.types or { field.type }) do names[i] = type_name(field, name) end
  local text = table.concat(names, " or ")
  if field.open and not field.shape then text = text:gsub("object", "any object") end
  return text
end

local function values_of(field)
  local parts, choices = {}, {}
  for i, choice in ipairs(field.choices or {}) do
    local retired = field.retired and field.retired[choice]
    choices[i] = code(choice) .. (retired and (" (%s)"):format(retired) or "")
  end
  if #choices > 0 then parts[1] = table.concat(choices, ", ") .. (field.closed and "; nothing else" or "") end
  if field.custom then parts[#parts + 1] = ("any with %s"):format(code(field.custom)) end
  if field.minimum and field.maximum then
    parts[#parts + 1] = ("%.14g to %.14g"):format(field.minimum, field.maximum)
  elseif field.minimum or field.maximum then
    parts[#parts + 1] = ("%s %.14g"):format(field.minimum and "at least" or "at most", field.minimum or field.maximum)
  end
  if field.max_items then parts[#parts + 1] = ("at most %d items"):format(field.max_items) end
  if field.max_length then parts[#parts + 1] = ("at most %d characters"):format(field.max_length) end
  if field.address then parts[#parts + 1] = field.address == "https" and "public https URL" or "public URL" end
  if field.id_of then parts[#parts + 1] = ("id of a %s"):format(field.id_of) end
  return table.concat(parts, "; ")
end

local function deprecated_of(field)
  local parts = { field.deprecated }
  if field.successor then parts[#parts + 1] = "now " .. code(field.successor) end
  if field.home then
    parts[#parts + 1] = ("still right where %s is %s"):format(code(field.home), table.concat(field.home_values, " or "))
  end
  return table.concat(parts, "; ")
end

local function meaning_of(field)
  local parts = { field.description }
  if field.secret then parts[#parts + 1] = "Secret." end
  if field.read_only then parts[#parts + 1] = "Only in answers." end
  if field.twin then parts[#parts + 1] = ("Elsewhere %s."):format(code(field.twin)) end
  return table.concat(parts, " ")
end

local function write_rules(shape)
  if #(shape.rules or {}) == 0 then return end
  add ""
  for _, rule in ipairs(shape.rules) do
    add(("- %s: %s%s"):format(rule.severity, rule.message, rule.hint and (" (%s)"):format(rule.hint) or ""))
  end
end

-- What a field is instead, by the values of its sibling `variant_by`, in order.
local function variants_of(field)
  local all = {}
  for value, variant in pairs(field.variants or {}) do all[#all + 1] = { value = value, field = variant } end
  table.sort(all, function(a, b) return a.value < b.value end)
  return all
end

local write_shape

local function write_below(field)
  if field.items then write_below(field.items) end
  if field.other then write_below(field.other) end
  if field.shape then write_shape(field) end
  for _, variant in ipairs(variants_of(field)) do write_below(variant.field) end
end

-- A shape, and then those that it is made of; each once.
function write_shape(shape)
  if shapes[shape.shape] then return end
  shapes[shape.shape] = true
  add ""
  add("### " .. shape.shape)
  if #shape.fields > 0 then
    head { "Field", "Type", "Values", "Sure", "Since", "Deprecated", "Meaning" }
    for _, field in ipairs(shape.fields) do
      row { code(field.name), type_of(field), values_of(field), field.sure, field.generation or "", deprecated_of(field),
        meaning_of(field) }
    end
  end
  if shape.other then
    add ""
    add(("Other members: %s%s."):format(type_of(shape.other), shape.other.secret and ", secret" or ""))
  end
  for _, field in ipairs(shape.fields) do
    local variants = variants_of(field)
    if #variants > 0 then add "" end
    for _, variant in ipairs(variants) do
      add(("- %s, where %s is %s: %s"):format(code(field.name), code(field.variant_by), code(variant.value),
        type_of(variant.field)))
    end
  end
  write_rules(shape)
  for _, field in ipairs(shape.fields) do write_below(field) end
  if shape.other then write_below(shape.other) end
end

--- The text of csrc/contract/README.md as the contract of this build wants it.
---@return string
function reference.text()
  out, shapes = { (PREAMBLE:gsub("\n$", "")) }, {}
  for _, resource in ipairs(core.contract().resources) do
    add ""
    add("## " .. resource.collection)
    add ""
    add(resource.description)
    write_calls(resource)
    write_twin(resource)
    write_shape { shape = resource.name, fields = resource.fields, rules = resource.rules }
    for _, operation in ipairs(resource.operations) do
      if operation.shape then write_shape(operation) end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

if arg and arg[0] and arg[0]:match "reference%.lua$" then io.write(reference.text()) end

return reference
