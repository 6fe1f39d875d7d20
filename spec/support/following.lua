--- Follows the hints of the check to the letter, as a person who reads nothing else.
local core = require "tavus.core"

local following = {}

--- A copy with the marks of the tables.
local function copy(value)
  if type(value) ~= "table" then return value end
  local other = {}
  for k, v in pairs(value) do other[k] = copy(v) end
  return setmetatable(other, getmetatable(value))
end
following.copy = copy

local function tokens(path)
  local list = {}
  for token in path:gmatch "/([^/]*)" do list[#list + 1] = token:gsub("~1", "/"):gsub("~0", "~") .. "" end
  return list
end

-- The key of a token in a table: names first, then positions.
local function key_of(container, token)
  if container[token] == nil and token:find "^%d+$" then return tonumber(token) + 1 end
  return token
end

--- The table that holds what is at the path, and its key there.
local function place(body, path)
  if path == "" then return nil end
  local container, list = body, tokens(path)
  for i = 1, #list - 1 do
    container = container[key_of(container, list[i])]
    if type(container) ~= "table" then return nil end
  end
  return container, key_of(container, list[#list])
end

-- Removes a member; of an operation's value the whole operation.
local function remove(container, key)
  if key == "value" and container.op then
    for k in pairs(container) do container[k] = nil end
  elseif type(key) == "number" then table.remove(container, key) else container[key] = nil end
end

local function sorted_keys(map)
  local keys = {}
  for k in pairs(map) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local function values_of(map)
  local list = core.array {}
  for _, k in ipairs(sorted_keys(map)) do list[#list + 1] = map[k] end
  return list
end

--- Reads the Lua that a hint shows; "..." in it stands for anything.
local function read(text)
  local env = { tavus = require "tavus" }
  local chunk, problem
  if setfenv then -- luacheck: ignore 113
    chunk, problem = loadstring("return " .. text) -- luacheck: ignore 113
    if chunk then setfenv(chunk, env) end -- luacheck: ignore 113
  else
    chunk, problem = load("return " .. text, "=hint", "t", env)
  end
  if not chunk then error("a hint shows what is not Lua: " .. text .. ": " .. problem, 0) end
  return chunk()
end

local REMOVE = {}

local function constant(value) return function() return value end end
local function shown(_, text) return read(text) end
local function first(value)
  local one = value[sorted_keys(value)[1]]
  return type(one) == "string" and one or "text"
end
local function only(value) return value[1] end

-- What becomes of a value: a pattern, and value, match -> the new value.
local VALUES = {
  { "^write an object: ({.*})$", shown }, { "^write a list: ({.*})$", shown },
  { "^write a list of texts: ", function() return core.array { "t1", "t2" } end }, { "^one item for each: ({.*})$", shown },
  { "^write the tool itself: (.*)$", shown }, { "^the key is the name: (.*)$", shown },
  { "^put it in an array: { %.%.%. }$", function(value) return core.array { value } end },
  { "^put it in an array: { { %.%.%. } }$", function(value) return core.array { value } end },
  { "^write the items without names: ", values_of },
  { "^write the names alone: ", function(value) return core.array(sorted_keys(value)) end },
  { "^write the object without a list around it: ", only },
  { "^this is JSON in a string: decode it first", function(value) return (core.decode(value)) end },
  { "^known are ([^,]+)", function(_, name) return name end },
  { "^write true or false", constant(true) },
  { "^write a whole number$", constant(60) }, { "^write a number$", constant(1) },
  { "^write the number without quotes$", function(value) return tonumber(value) end },
  { "^write it as a string, in quotes$", tostring }, { "^write a text, or leave it out$", constant "text" },
  { "^an empty list is {}$", function() return core.array {} end },
  { "^an empty object is tavus.object{}$", function() return core.object {} end },
  { "^join the items into one text$", function(value) return table.concat(value, " ") end },
  { "^one id, not a list$", first }, { "^one id as a text, not a list$", constant "id1" }, { "^an item is one text, not a list$", first },
  { "^one phrase, not a list$", first }, { "^the id alone, not the object that has it$", constant "t1" },
  { "^one text; a table goes as tavus.encode%(table%)$", function(value) return (core.encode(value)) end },
  { "^one text, not an? ", constant "text" },
  { " are made first %(POST /v2/", constant(REMOVE) }, -- an id that nothing here can know
  { "^a pointer is one text: (.*)$", shown },
  { "^the levels are low, medium, high$", function(value) return (value:gsub(":.*", ":low")) end },
  { "leave it out", constant(REMOVE) },
  { "^write (\"[^\"]*\")", shown }, { "^write the English name, such as (\"%a+\")", shown },
  { "^(s3), gcs or azure_blob$", function(_, name) return name end },
  { "^write the id of a ", constant "x90bbd427f71" }, { '^write the text, or "(auto)" ', function(_, word) return word end },
  { "^use languages, with codes: ", constant(REMOVE) },
  { "^1 to 64 letters, digits, _ or %-$", constant "get_weather" },
  { "^it is always (\".*\")$", shown }, { "^name it in `required`", constant(REMOVE) },
  { "^give a public address", constant "https://llm.acme.io/v1" }, { "^a URL is https", constant "https://llm.acme.io" },
  { "^write https:// before it", function(value) return "https://" .. value end },
  { "^write the address of your own server$", constant "https://llm.acme.io/v1" },
  { "an address holds none: remove it$", function(value) return (value:gsub("%s", "")) end },
  { "^recording_storage = ({.*})$", shown },
  { "^say what the items are: items = ({.*})$", shown },
  { "^give each item a name, or leave it out$", function(value)
    local named = {}
    for k, v in pairs(value) do if type(k) == "string" then named[k] = v end end
    return named
  end },
  { "^wrap it: ", function(value)
    local its = copy(value)
    its.type = nil
    return { type = "function", ["function"] = its }
  end },
}

--- Applies what a hint says of the value.
local apply_value
function apply_value(container, key, hint)
  local each = hint:match "^each item: (.*)$"
  if each then
    for i = #container[key], 1, -1 do
      if not apply_value(container[key], i, each) then return false end
    end
    return true
  end
  for _, row in ipairs(VALUES) do
    local found = hint:match(row[1])
    if found then
      local value = row[2](container[key], found)
      if value == REMOVE then remove(container, key) else container[key] = value end
      return true
    end
  end
  return false
end

-- Descends to a place that a hint names with dots, and makes the objects on the way.
local function descend(from, dotted)
  for name in dotted:gmatch "[^.]+" do
    if type(from[name]) ~= "table" then from[name] = {} end
    from = from[name]
  end
  return from
end

local function move(container, key, target, name)
  local value = container[key]
  container[key] = nil
  target[name] = value
  return target, name
end

--- Applies what a hint says of the name of a member. Returns where the member is now, or nil.
local function apply_name(body, path, container, key, hint)
  local name = hint:match '^did you mean "([^"]+)"%?$' or hint:match "^renamed to ([%w_]+)$"
    or hint:match '^called "([^"]+)" here$' or hint:match '; did you mean "([^"]+)"%?$'
  if name then return move(container, key, container, name) end
  local top = hint:match "^belongs at the top level, as ([%w_]+)" or (hint:find "^belongs at the top level$" and key)
  if top then return move(container, key, body, top) end
  local parents, last = hint:match "^did you mean ([%w_.]+)%.([%w_]+)%?$"
  if parents then return move(container, key, descend(body, parents), last) end
  local under, as = hint:match "^belongs under ([%w_.]+)(.*)$"
  if under then
    name = as:match ", as ([%w_]+)$" or key
    local root = under:match "^[^.]+"
    local from = (root == "layers" and path ~= "/" .. key) and body or container
    return move(container, key, descend(from, under), name)
  end
  if hint:find "^write its members here" then
    local value = container[key]
    container[key] = nil
    for k, v in pairs(value) do container[k] = v end
    return container, nil
  end
end

-- Hints after which the member is to go: it belongs elsewhere, or its place is taken.
local GONE = {
  "^is a field of a ", "^is a property of a ", "^belongs to the layers of ", "^in layers.tts, voice_id is",
  "leave it out", "^the persona's fields stand at the top level$", " takes its place here", "^use ",
  " are made first %(POST", "^tools of the registry are attached with POST", "^a skill is attached with PUT",
  "^a persona has none", "^the text of the system message", "^default_replica_id takes", "^objectives are attached",
  "^a conversation takes the tag", "^what was said before", "^belongs under properties, as max_call_duration, in",
  "^the key in properties is the name$", "^leave the name out of required$", "^an argument is described under",
  "^is a field of the tools registry", "^one properties object is enough$", "^one operation for each value",
  "^it follows from ", "^no secret is sent", "^name it in `required`",
}

-- Follows a hint about the path of an operation. Returns true when it could.
local function step_path(op, key, issue)
  local hint, path = issue.hint, op[key]
  local named, rest = hint:match '^(did you mean [^?]+%?) (.+)$'
  if not named then named, rest = hint:match "^([bt]%a+ [^;]+); (.+)$" end
  named = named or hint
  local unknown = issue.message:match '^unknown field "(.*)"$'
  local function spell(name) return (path:gsub("/" .. unknown:gsub("%p", "%%%0"), "/" .. name, 1)) end
  local meant = named:match '^did you mean "([^"]*)"%?$' or named:match "^renamed to ([%w_]+)$"
    or named:match '; did you mean "([^"]+)"%?$' or named:match '^called "([^"]+)" here$'
  local begins = named:match "^the paths begin at the persona: (/[^;]*)"
  local under, as = named:match "^belongs under ([%w_.]+)(.*)$"
  local dotted = named:match "^did you mean ([%w_.]+)%?$"
  if dotted then
    op[key] = "/" .. dotted:gsub("%.", "/")
  elseif begins or (meant and meant:find "^/") then
    op[key] = begins or meant
  elseif meant then
    unknown = unknown or issue.message:match "^([%w_]+) is " or issue.message:match "^([%w_]+):"
    op[key] = spell(meant)
  elseif under then
    local from = under:find "^layers" and "/" or path:sub(1, (path:find("/" .. unknown, 1, true)))
    op[key] = from .. under:gsub("%.", "/") .. "/" .. (as:match ", as ([%w_]+)$" or unknown)
  elseif named:find "^belongs at the top level" then
    op[key] = "/" .. (named:match ", as ([%w_]+)" or unknown)
  elseif hint == 'the whole document is ""' then
    op[key] = ""
  else
    return nil
  end
  return not rest or apply_value(op, "value", rest)
end

-- Removes the operations of a patch that are empty now.
local function sweep(body)
  if #body == 0 then return body end
  for i = #body, 1, -1 do
    if type(body[i]) == "table" and next(body[i]) == nil then table.remove(body, i) end
  end
  return body
end

--- Follows one issue. Returns the new body, or nil when the hint names no field, value or shape: a person is needed.
function following.step(body, issue)
  body = copy(body)
  local hint = issue.hint
  if issue.path == "" and issue.code == "type" then
    local holder = { body }
    return apply_value(holder, 1, hint) and holder[1] or nil
  end
  local container, key = place(body, issue.path)
  if issue.path ~= "" and not container then return nil end
  if hint:find "^wrap it: " then -- of a missing member: the object around it is meant
    local outer = issue.path:match "^(.*)/"
    if outer == "" then return { type = "function", ["function"] = body } end
    local list, index = place(body, outer)
    return apply_value(list, index, hint) and body
  elseif hint == "use persona_id and replica_id, or pal_id and face_id" then
    body.pal_id, body.face_id = nil, nil
    return body
  elseif hint:find "^give persona_id " then
    body.persona_id = "p5317866"
    return body
  elseif hint == "hosted models take no api_key" then
    container.api_key = nil
    return body
  elseif hint:find "^describe it under " then
    remove(container, key)
    return body
  end
  if (key == "path" or key == "from") and container.op and type(container[key]) == "string" then
    if not step_path(container, key, issue) then
      for k in pairs(container) do container[k] = nil end
    end
    return sweep(body)
  end
  local whole, more = hint:match '^goes as ({ op = "add", path = "[^"]*", value = %.%.%. });? ?(.*)$'
  if whole then
    local value = container[key]
    for k in pairs(container) do container[k] = nil end
    for k, v in pairs(read((whole:gsub("%.%.%.", "nil")))) do container[k] = v end
    container.value = value
    if more ~= "" and not apply_value(container, "value", more) then return nil end
    return sweep(body)
  end
  if issue.code == "choice" then
    local meant = hint:match '^did you mean "([^"]+)"%?$'
    if meant then
      container[key] = meant
      return body
    elseif hint:find '^".*" is an? .* %([%w_]+%)$' or hint:find "^is a model of" or hint:find "^seen in" then
      container[key] = nil
      return body
    end
  end
  local named, rest = hint:match '^(did you mean [^?]+%?) (.+)$'
  if not named then named, rest = hint:match "^(belongs [^;]+); (.+)$" end
  local there, name = apply_name(body, issue.path, container, key, named or hint)
  if there then
    if rest and not apply_value(there, name, rest) then return nil end
    return body
  end
  if issue.code ~= "type" and issue.code ~= "id" and issue.code ~= "mixed" then
    for _, pattern in ipairs(GONE) do
      if hint:find(pattern) then
        remove(container, key)
        return sweep(body)
      end
    end
  end
  if not container or not apply_value(container, key, hint) then return nil end
  return sweep(body)
end

return following
