--- `tavus-lua schema`: what the contract knows of a kind, or of a field of it, for a person.

local core = require "tavus.core"

local schema = {}

local SURE = {
  A = "A (official documents of several generations, or one and seen to work)", B = "B (official documents)",
  C = "C (others have seen it work)", D = "D (one weak source, or sources that disagree)",
}

-- The shape of each kind: a resource's own, or that of a call's body.
local function shapes()
  local found = {}
  for _, collection in ipairs(core.collections()) do
    local data = core.contract(collection)
    for _, op in ipairs(data.operations) do
      local newer = data.twin == collection
      local kind = newer and op.newer_body or op.body
      local style = op.sends
      if kind and not found[kind] then
        found[kind] = { description = not op.fields and data.description or nil, fields = op.fields or data.fields,
          rules = op.fields and op.rules or data.rules, sends = style, looks = op.looks or data.looks, open = op.open,
          call = op.method .. " " .. (newer and op.newer_path or op.path) }
      end
    end
  end
  return found
end

local function type_name(field)
  local names = {}
  for i, name in ipairs(field.types or { field.type }) do
    names[i] = name == "array" and field.items and "array of " .. type_name(field.items) or name
  end
  return table.concat(names, " or ")
end

local function limits_of(field)
  local parts = {}
  if field.minimum then parts[#parts + 1] = ("at least %.14g"):format(field.minimum) end
  if field.maximum then parts[#parts + 1] = ("at most %.14g"):format(field.maximum) end
  if field.max_items then parts[#parts + 1] = ("at most %d items"):format(field.max_items) end
  if field.max_length then parts[#parts + 1] = ("at most %d characters"):format(field.max_length) end
  if field.address then parts[#parts + 1] = field.address == "https" and "a public https URL" or "a public URL" end
  if field.id_of then parts[#parts + 1] = ("the id of a %s"):format((field.id_of:gsub("_", " "))) end
  return table.concat(parts, ", ")
end

local function choices_of(field)
  local choices = {}
  for i, choice in ipairs(field.choices or {}) do
    local retired = field.retired and field.retired[choice]
    choices[i] = choice .. (retired and (" (%s)"):format(retired) or "")
  end
  local text = table.concat(choices, ", ")
  if text ~= "" and field.custom then text = ("%s; any other with %s"):format(text, field.custom) end
  return text
end

local function deprecated_of(field)
  if not field.deprecated then return nil end
  return field.deprecated .. (field.successor and "; now " .. field.successor or "")
end

-- The rows about one field: { label, text }.
local function facts_of(field)
  local flags = {}
  if field.secret then flags[#flags + 1] = "secret" end
  if field.read_only then flags[#flags + 1] = "only in answers" end
  if field.required then flags[#flags + 1] = "required" end
  return {
    { "type", type_name(field) }, { "values", choices_of(field) }, { "limits", limits_of(field) },
    { "is", table.concat(flags, ", ") }, { "sure", SURE[field.sure] or field.sure }, { "since", field.generation },
    { "deprecated", deprecated_of(field) }, { "hint", field.hint }, { "elsewhere", field.twin },
    { "looks like", field.looks },
  }
end

-- The fields below a field, and what an array has of them.
local function below(field)
  local at = field.items and (field.items.fields or field.items.other) and field.items or field
  return at.fields or {}, at
end

local function show_fields(out, at)
  local rows = {}
  for _, field in ipairs(at.fields or {}) do
    local remarks = field.deprecated and " (deprecated)" or field.read_only and " (only in answers)" or ""
    rows[#rows + 1] = { field.name, type_name(field), (field.description or "") .. remarks }
  end
  if at.other then rows[#rows + 1] = { "...", type_name(at.other), "any other member" } end
  if #rows > 0 then
    out:line ""
    out:rows({ "FIELD", "TYPE", "MEANING" }, rows)
  end
  local shown = {}
  for i, rule in ipairs(at.rules or {}) do
    local text = ("%s: %s"):format(rule.severity, rule.message)
    if i == 1 then out:line "" end
    if not shown[text] then out:line(text .. (rule.hint and (" (%s)"):format(rule.hint) or "")) end
    shown[text] = true
  end
end

-- Finds the field at a JSON Pointer; positions of arrays are numbers.
local function find(its, kind, shape, path)
  local at, fields = shape, shape.fields
  for name in path:gmatch "[^/]+" do
    local is_position = at.items and name:find "^%d+$"
    if is_position then
      at = at.items
    else
      local known, found = {}, nil
      for _, field in ipairs(fields) do
        known[field.name] = true
        if field.name == name then found = field end
      end
      found = found or select(2, below(at)).other
      if not found then
        local near = core.nearest(name, known)
        its:fail("config", ("%s has no field %s"):format(kind, path), near and ("did you mean %s?"):format(near)
          or ("tavus-lua schema %s lists its fields"):format(kind))
      end
      at = found
    end
    fields, at = below(at), at
  end
  return at
end

local function run(its, given)
  local all, out = shapes(), its.out
  if not given.kind then
    local rows = {}
    for _, kind in ipairs(core.contract().kinds) do
      local shape = all[kind]
      if shape then rows[#rows + 1] = { kind, shape.call, shape.description or "" } end
    end
    if not out.json then return out:rows({ "KIND", "CALL", "MEANING" }, rows) end
    for _, row in ipairs(rows) do out:object { kind = row[1], call = row[2], description = row[3] } end
    return
  end
  local shape = all[given.kind]
  if not shape then
    local near = core.nearest(given.kind, all)
    its:fail("config", ("there is no kind %s"):format(given.kind), near and ("did you mean %s?"):format(near)
      or "tavus-lua schema lists the kinds")
  end
  local path = given.path and given.path:gsub("^/?", "/"):gsub("%.", "/") or ""
  local at = find(its, given.kind, shape, path)
  if out.json then return out:object(at) end
  out:line(path == "" and given.kind or given.kind .. " " .. path, "bold")
  if at.description then out:line(at.description) end
  if at == shape then
    out:line(("\nsent by     %s"):format(shape.call))
    if shape.sends == "json_patch" then out:line "form        JSON Patch of these fields" end
    if shape.looks then out:line("looks like  " .. shape.looks) end
  else
    out:line ""
    for _, fact in ipairs(facts_of(at)) do
      if fact[2] and fact[2] ~= "" then out:line(("%-11s %s"):format(fact[1], fact[2])) end
    end
  end
  show_fields(out, select(2, below(at)))
end

schema.command = {
  name = "schema", help = "Show what the contract knows of a field.",
  arguments = { { "kind", "What is sent, such as persona; without it, all kinds.", args = "?" },
    { "path", "A field of it, such as /layers/llm/model.", args = "?" } },
  example = "tavus-lua schema persona /layers/tts/tts_engine",
  run = run,
}

return schema
