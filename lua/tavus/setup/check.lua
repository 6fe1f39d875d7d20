--- Checks the declarations against the contract. An id stands for each declaration, and a text for each secret.

local core = require "tavus.core"
local kinds = require "tavus.setup.kinds"
local values = require "tavus.setup.values"

local check = {}

-- The text of a value that a variable or file should have had: what is wrong with it is known.
check.MISSING = "value-that-is-missing"

-- Stands for the text of a secret.
local SECRET = "text-of-a-secret"

-- Codes of doubts that are mistakes here, because the steps are all known.
local MISTAKES = { objectives = { chain = true, twice = true } }

local function field_named(fields, name)
  for _, field in ipairs(fields or {}) do
    if field.name == name then return field end
  end
  return nil
end

-- The thing whose id the contract has at a place, or nil.
local function thing_at(fields, pointer)
  local field
  for part in pointer:gmatch "[^/]+" do
    if field and field.items and part:find "^%d+$" then
      field = field.items
    else
      field = field_named(field and field.fields or not field and fields or nil, part)
    end
    if not field then return nil end
  end
  return field and field.id_of
end

-- What a declaration is, in the contract's words.
local function thing_of(it)
  if it.kind == "guardrail" and it.spec.data then return "guardrail set" end
  return kinds[it.kind].id_of
end

local function kind_of(thing)
  for kind, about in pairs(kinds) do
    if about.id_of == thing then return kind end
  end
  return thing
end

local function with_article(kind) return kind == "objectives" and kind or "a " .. kind end

-- Where a declaration of a kind goes, in a persona.
local PLACES = {
  guardrail = "guardrail_ids = { ... }", objectives = "objectives_id = ...", document = "document_ids = { ... }",
  tool = "tools = { ... }", dictionary = "layers.tts.pronunciation_dictionary_id = ...",
  ["guardrail set"] = "guardrails_id = ...",
}

---@class tavus.SetupPart
---@field fields table the contract's fields
---@field at string JSON Pointer of the part in the declaration
---@field inside string? the member that the checked kind has around the part
---@field it tavus.Declaration

-- A copy in which everything is JSON. Adds a fault for each declaration of a wrong kind and each secret without a text.
local function stand_ins(run, part, value)
  local dropped = {}
  local function map(member, pointer)
    local place = part.at .. pointer
    if values.is_reference(member) then
      local wanted, thing = thing_at(part.fields, pointer), thing_of(member)
      if wanted ~= thing then
        run.faults:add(part.it, { path = place, code = "reference",
          message = ("expected %s, got the %s %s"):format(
            wanted and "an id of " .. with_article(kind_of(wanted)) or "a value that is not an id", kind_of(thing),
            member.name),
          hint = PLACES[thing] and ("a persona takes it in %s"):format(PLACES[thing]) })
        dropped[place] = true
      end
      return member.kind .. "-" .. member.name
    elseif values.is_secret(member) then
      if not values.reveal(member) then
        local name = values.secret_name(member)
        run.faults:add(part.it, { path = place, code = "variable",
          message = ("the environment variable %s is not set, or empty"):format(name),
          hint = ("set it: export %s=..."):format(name) })
      end
      return SECRET
    elseif type(member) == "string" and member:find(check.MISSING, 1, true) then
      dropped[place] = true
    elseif type(member) == "string" and member:find "%(secret [%a_][%w_]*%)" then
      run.faults:add(part.it, { path = place, code = "secret", message = "what is shown of a secret stands in a text",
        hint = 'join them: "Bearer " .. secret "NAME" is a secret, too' })
    end
    return member
  end
  return values.copy(value, map), dropped
end

-- Checks a part of a declaration.
local function check_part(run, part, kind, value)
  local copy, dropped = stand_ins(run, part, value)
  local inside = part.inside
  local _, issues = core.validate(kind, inside and { [inside] = copy } or copy)
  for _, issue in ipairs(issues) do
    local path = part.at .. (inside and issue.path:sub(#inside + 2) or issue.path)
    if not dropped[path] then
      local mistake = MISTAKES[kind] and MISTAKES[kind][issue.code]
      run.faults:add(part.it, { path = path, code = issue.code, message = issue.message, hint = issue.hint,
        severity = mistake and "error" or issue.severity })
    end
  end
end

local function fault_of(run, it)
  return function(path, message, hint)
    run.faults:add(it, { path = path, code = "type", message = message, hint = hint })
  end
end

-- The tools of a persona: declarations, or ids.
local function check_tools(run, it, fault)
  local ids = {}
  if not values.is_plain(it.tools) or next(it.tools) ~= nil and not values.is_list(it.tools) then
    return fault("/tools", "expected a list of tools", "write tools = { a, b }")
  end
  for i, tool in ipairs(it.tools) do
    local path = ("/tools/%d"):format(i - 1)
    local thing = values.is_reference(tool) and thing_of(tool)
    if thing and thing ~= "tool" then
      fault(path, ("expected a tool, got the %s %s"):format(kind_of(thing), tool.name),
        PLACES[thing] and ("a persona takes it in %s"):format(PLACES[thing]))
    elseif not thing and type(tool) == "table" then
      fault(path, "expected a registered tool, or its id",
        'write tool "name" { ... }:registered { ... }; an inline tool goes to layers.llm.tools')
    end
    ids[i] = thing and "tool-" .. tool.name or type(tool) ~= "table" and tool or ("tool-%d"):format(i)
  end
  if #ids == 0 then return end
  local _, issues = core.validate("attach_tools", { tool_ids = ids })
  for _, issue in ipairs(issues) do
    run.faults:add(it, { path = issue.path:gsub("^/tool_ids", "/tools"), code = issue.code, message = issue.message,
      hint = issue.hint, severity = issue.severity })
  end
end

local function check_skills(run, it, fault)
  if not values.is_plain(it.skills) or values.is_list(it.skills) then
    return fault("/skills", "expected a table from skills to their configs", "write skills = { internet_search = {} }")
  end
  local fields
  for _, op in ipairs(core.contract("personas").operations) do
    if op.name == "set_skill" then fields = field_named(op.fields, op.wraps).fields end
  end
  for id, config in pairs(it.skills) do
    local path = "/skills/" .. tostring(id)
    if not values.is_plain(config) then
      fault(path, "expected the config of a skill, a table", ("write skills = { %s = {} }"):format(tostring(id)))
    else
      check_part(run, { it = it, at = path, fields = fields, inside = "config" }, "skill_config", config)
    end
  end
end

local function check_unmanaged(it, fault)
  if not values.is_plain(it.unmanaged) or not values.is_list(it.unmanaged) then
    return fault("/unmanaged", "expected a list of JSON Pointers", 'write unmanaged = { "/layers/tts" }')
  end
  for i, pointer in ipairs(it.unmanaged) do
    if type(pointer) ~= "string" or not pointer:find "^/" or pointer:find "~[^01]" or pointer:find "~$" then
      fault(("/unmanaged/%d"):format(i - 1), "expected a JSON Pointer, which begins with /",
        'write "/layers/tts" for layers.tts')
    end
  end
end

-- Takes a member out of the spec.
local function take(it, name)
  local value = it.spec[name]
  it.spec[name] = nil
  it[name] = value
  return value ~= nil
end

--- Makes the body of a declaration of its spec, and checks it.
---@param run table
---@param it tavus.Declaration
function check.declaration(run, it)
  local kind, fault = kinds[it.kind], fault_of(run, it)
  local is_set = it.kind == "guardrail" and it.spec.data ~= nil
  local name_field = is_set and "name" or kind.name_field
  if take(it, "unmanaged") then check_unmanaged(it, fault) end
  if it.kind == "persona" then
    if take(it, "tools") then check_tools(run, it, fault) end
    if take(it, "skills") then check_skills(run, it, fault) end
  end
  if it.spec[name_field] == nil then it.spec[name_field] = it.name end
  check_part(run, { it = it, at = "", fields = core.contract(kind.collection).fields }, kind.body, it.spec)
  it.body = it.spec
end

-- Says where two declarations have the same name, by one of their members.
local function check_twice(run, name_of, message, hint)
  local first = {}
  for _, it in ipairs(run.declarations) do
    local name = name_of(it)
    local key = type(name) == "string" and it.kind .. " " .. name
    local other = key and first[key]
    if other then
      run.faults:add(it, { code = "twice", hint = hint,
        message = message:format(it.kind, name) .. (" (%s:%d)"):format(other.file, other.line) })
    elseif key then
      first[key] = it
    end
  end
end

--- Checks that the names tell the declarations apart, here and at Tavus.
---@param run table
function check.names(run)
  check_twice(run, function(it) return it.name end, "the %s %q is declared already", "give one of them another name")
  check_twice(run, function(it)
    return it.kind ~= "objectives" and it.body[kinds[it.kind].name_field] or it.body.name
  end, "another %s is called %q at Tavus", "they could not be told apart: give one of them another name there")
end

return check
