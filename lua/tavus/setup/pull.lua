--- Reads personas from Tavus, with what attaches to them, as declarations: what tavus.setup.source writes.

local core = require "tavus.core"
local kinds = require "tavus.setup.kinds"
local source = require "tavus.setup.source"
local values = require "tavus.setup.values"

local pull = {}

-- The kinds of what a persona names by id, by the contract's words.
local KIND_OF = { ["guardrail set"] = "guardrail" }
for kind, about in pairs(kinds) do KIND_OF[about.id_of] = kind end
KIND_OF.persona = nil

-- Lua 5.1's assert takes no table.
local function must(value, err)
  if value == nil then error(err, 0) end
  return value
end

-- One reading: `made` is kind and id -> declaration, `taken` kind -> names in use.
local Reading = {}
Reading.__index = Reading

local function fields_by_name(fields)
  local by = {}
  for _, field in ipairs(fields) do by[field.name] = field end
  return by
end

-- The name of the variable of a secret: INTERVIEWER_LAYERS_LLM_API_KEY.
local function variable(name, place)
  return ((name .. place):upper():gsub("[^%w]+", "_"):gsub("^(%d)", "_%1"))
end

-- A value as it is declared: without what the server sets, with a secret or declaration in the place of its text. Nil
-- for what is left out. An error raises.
function Reading:value(value, field, name, place)
  if value == core.null then return nil end
  if type(value) == "string" and value ~= "" and (field.secret or core.is_masked(value)) then
    return values.secret(variable(name, place))
  elseif type(value) == "string" and value ~= "" and KIND_OF[field.id_of] then
    return self:declaration(KIND_OF[field.id_of], value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = values.is_list(value) and core.array {} or core.object {}
  local by = field.fields and fields_by_name(field.fields)
  for key, member in next, value do
    local its = type(key) == "number" and (field.items or {}) or by and by[key] or field.other
      or (not by or field.open) and {} or nil
    if its and not its.read_only and not its.twin then
      copy[key] = self:value(member, its, name, place .. "_" .. tostring(key))
    end
  end
  return copy
end

-- What is attached to a persona, as members of its declaration.
function Reading:attached(id, it)
  local client = self.client
  local list = must(client.personas:tools(id))
  for i, row in ipairs(list.data) do
    it.tools = it.tools or {}
    it.tools[i] = self:declaration("tool", row.tool_id)
  end
  for skill, row in pairs(must(client.personas:skills(id))) do
    it.skills = it.skills or {}
    it.skills[skill] = self:value(row.config or {}, {}, it.name, "_" .. skill)
  end
end

-- The name of a set, which only the list shows. A set of guardrails is among the legacy ones.
function Reading:name_of_set(about, id)
  for row in self.client[about.collection]:each(about.collection == "guardrails" and { legacy = "true" } or nil) do
    if row.objectives_id == id or row.guardrails_id == id or row.uuid == id then
      return row.name or row.objective_name or row.guardrails_name
    end
  end
  return nil
end

-- The declaration of an object, which is read once.
function Reading:declaration(kind, id)
  local key = kind .. " " .. id
  if self.made[key] then return self.made[key] end
  local about = kinds[kind]
  local row = must(self.client[about.collection]:get(id))
  if row.data then
    row.name = row.name or self:name_of_set(about, id)
    if not values.is_list(row.data) then row.data = core.array { row.data } end
  end
  local called = row.name or row[about.name_field]
  self.taken[kind] = self.taken[kind] or {}
  local name = source.name(called or id, self.taken[kind])
  local it = values.declaration { kind = kind, name = name, file = "Tavus", line = 0 }
  self.made[key], self.ids[it] = it, id
  it.body = self:value(row, core.contract(about.collection), it.name, "")
  if kind == "persona" then self:attached(id, it) end
  self.list[#self.list + 1] = it
  return it
end

--- Reads personas and what attaches to them. A secret, which Tavus masks, becomes a variable that is named after its
--- place.
---@param client table
---@param ids string[] of personas
---@return tavus.Declaration[]? declarations what a declaration refers to stands before it
---@return table<tavus.Declaration, string>|tavus.Error ids the id of each, or the error
function pull.read(client, ids)
  local reading = setmetatable({ client = client, made = {}, taken = {}, list = {}, ids = {} }, Reading)
  local read, err = pcall(function()
    for _, id in ipairs(ids) do reading:declaration("persona", id) end
  end)
  if not read then
    if type(err) ~= "table" then error(err, 0) end
    return nil, err
  end
  return reading.list, reading.ids
end

--- Reads personas and writes them as the files of a setup.
---@param client table
---@param ids string[] of personas
---@param dir string see tavus.setup.source.write
---@return string[]? paths of the files, below the folder
---@return table<tavus.Declaration, string>|tavus.Error ids the id of each declaration, or the error
function pull.write(client, ids, dir)
  local declarations, of = pull.read(client, ids)
  if not declarations then return nil, of end
  local paths, err = source.write(dir, declarations)
  if not paths then return nil, err end
  return paths, of
end

return pull
