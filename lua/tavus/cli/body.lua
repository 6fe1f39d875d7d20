--- Bodies of calls from the command line: a file, standard input, or KEY=VALUE pairs.

local core = require "tavus.core"

local body = {}

-- The field of nested names in the contract, or nil.
local function field_of(fields, names)
  local found
  for _, name in ipairs(names) do
    found = nil
    for _, field in ipairs(fields or {}) do
      if field.name == name then found = field end
    end
    fields = found and found.fields
  end
  return found
end

-- VALUE as JSON where it is JSON, "@file" as the text of a file, else as a text. A text is wanted where the contract
-- says so: 3 is "3" there.
local function value_of(context, text, field)
  if text:sub(1, 1) == "@" then return (context:read_file(text:sub(2)):gsub("\n$", "")) end
  local value = core.decode(text)
  local wants_text = field and field.type == "string" and not field.types
  if value == nil or wants_text and (type(value) == "number" or type(value) == "boolean") then return text end
  return value
end

-- A pair as the names of nested members, and the value.
local function pair_of(context, word, fields)
  local key, text = word:match "^([^=]+)=(.*)$"
  local names = {}
  for name in (key or ""):gmatch "[^.]+" do names[#names + 1] = name end
  if #names == 0 then
    context:fail("config", ("%q is neither a file nor KEY=VALUE"):format(word:sub(1, 60)),
      "give one file, - for standard input, or pairs such as persona_name=Anna layers.llm.model=gpt-4o")
  end
  return names, value_of(context, text, field_of(fields, names))
end

--- Sets what pairs name in a table.
---@param context tavus.Context
---@param target table
---@param words string[] KEY=VALUE; dots in KEY go into objects
---@param fields table[]? those of the body in the contract
function body.set(context, target, words, fields)
  for _, word in ipairs(words) do
    local names, value = pair_of(context, word, fields)
    local at = target
    for i = 1, #names - 1 do
      if type(at[names[i]]) ~= "table" then at[names[i]] = core.object() end
      at = at[names[i]]
    end
    at[names[#names]] = value
  end
end

--- Whether words are KEY=VALUE pairs.
---@param words string[]
---@return boolean
function body.is_pairs(words) return words[1] ~= nil and words[1]:find "^[%w_.-]+=" ~= nil end

-- The field that the method takes in the place of the whole body.
local function wrapped_field(op)
  for _, field in ipairs(op.fields or {}) do
    if field.name == op.wraps then return field end
  end
  return nil
end

--- How a method's body is written on the command line.
---@param op table an operation of the contract
---@return string name of the argument
---@return string help
function body.usage(op)
  local field = op.wraps and wrapped_field(op)
  if field and field.type == "string" then return field.name, field.description end
  if field and field.type == "array" then return op.wraps, field.description end
  return "body", "A file of JSON, - for standard input, or pairs KEY=VALUE "
    .. "(KEY may be a.b; VALUE is JSON, text or @file)."
end

--- The body that words stand for.
---@param context tavus.Context
---@param op table
---@param words string[]
---@param fields table[]? those of the resource
---@return any body nil without words
function body.read(context, op, words, fields)
  local field = op.wraps and wrapped_field(op)
  if #words == 0 then return nil end
  if field and field.type == "string" then return table.concat(words, " ") end
  if field and field.type == "array" then return core.array(words) end
  if body.is_pairs(words) then
    local made = core.object()
    body.set(context, made, words, op.fields or fields)
    return made
  end
  if #words > 1 then pair_of(context, words[1]:find "=" and words[2] or words[1]) end
  local made = context:read_json(words[1])
  if type(made) ~= "table" then context:fail("validation", words[1] .. " holds no JSON object or array") end
  -- A file may have the body as the API has it, or what is in its one member.
  if op.wraps and made[op.wraps] ~= nil then return made[op.wraps] end
  return made
end

return body
