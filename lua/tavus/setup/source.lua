--- Writes declarations as Lua files that tavus.setup.load reads as the same ones.
--
-- Each declaration has a file of its own, which returns it, in the folder of its kind. References are `require`s, and
-- long texts are files beside.

local core = require "tavus.core"
local errors = require "tavus.errors"
local folder = require "tavus.setup.folder"
local kinds = require "tavus.setup.kinds"
local values = require "tavus.setup.values"

local source = {}

-- Texts with more bytes, or with more than one line, have a file of their own.
local LONG = 200
-- Bytes of the place in the name of such a file.
local LONGEST = 80

-- Words of any Lua, which cannot stand as a name.
local KEYWORDS = {}
for word in ("and break do else elseif end false for function global goto if in local nil not or repeat return then"
  .. " true until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

--- A name for a declaration, made of what Tavus calls it: "Order look-up!" is order_look-up.
---@param text string
---@param taken table<string, any> names that are in use; the new one is added
---@return string
function source.name(text, taken)
  local base = text:lower():gsub("[^%w_-]+", "_"):gsub("^[_-]+", ""):gsub("[_-]+$", ""):sub(1, 48)
  if base == "" then base = "unnamed" end
  local name, count = base, 1
  while taken[name] do
    count = count + 1
    name = ("%s_%d"):format(base, count)
  end
  taken[name] = true
  return name
end

-- A text in quotes. UTF-8 stays as it is.
local function quoted(text)
  local escaped = text:gsub('[%c"\\\127]', function(sign)
    if sign == "\n" then return "\\n" end
    if sign == '"' or sign == "\\" then return "\\" .. sign end
    return ("\\%03d"):format(sign:byte())
  end)
  return '"' .. escaped .. '"'
end

local function is_word(key) return type(key) == "string" and key:find "^[%a_][%w_]*$" and not KEYWORDS[key] end

-- One writing: `files` is path -> text, `of` the file of each declaration.
local Writing = {}
Writing.__index = Writing

-- The members of a table in their order: names first, layers last.
local function sorted_keys(value, first)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if (a == first) ~= (b == first) then return a == first end
    if (a == "layers") ~= (b == "layers") then return b == "layers" end
    return a < b
  end)
  return keys
end

-- A text: in quotes, or in a file beside that is named after its place.
function Writing:text(value, place)
  if #value <= LONG and not value:find "\n" then return quoted(value) end
  local base = self.stem .. (place ~= "/system_prompt" and place:gsub("[^%w_-]", "."):sub(1, LONGEST) or "")
  local path, count = base .. ".md", 1
  while self.files[path] do
    count = count + 1
    path = ("%s.%d.md"):format(base, count)
  end
  self.files[path] = value .. "\n" -- which file leaves out
  return "file " .. quoted(path:match "[^/]*$")
end

function Writing:table(value, indent, place)
  if next(value) == nil then
    return getmetatable(value) == nil and "{}" or values.is_list(value) and "tavus.array {}" or "tavus.object {}"
  end
  local inner, lines = indent .. "  ", {}
  if values.is_list(value) then
    for i, item in ipairs(value) do
      lines[i] = ("%s%s,"):format(inner, self:value(item, inner, ("%s/%d"):format(place, i - 1)))
    end
  else
    for i, key in ipairs(sorted_keys(value, place == "" and self.first)) do
      lines[i] = ("%s%s = %s,"):format(inner, is_word(key) and key or "[" .. quoted(key) .. "]",
        self:value(value[key], inner, place .. "/" .. key))
    end
  end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. indent .. "}"
end

-- A value as Lua.
function Writing:value(value, indent, place)
  if values.is_secret(value) then return "secret " .. quoted(values.secret_name(value)) end
  if values.is_reference(value) then
    local file = self.of[value]
    if not file then error(("source.write: %s is not among the declarations"):format(tostring(value)), 0) end
    return "require " .. quoted((file:gsub("/", ".")))
  end
  if value == core.null then return "tavus.null" end
  if type(value) == "string" then return self:text(value, place) end
  if type(value) == "table" then return self:table(value, indent, place) end
  return (core.encode(value))
end

-- The declaration as a chunk.
function Writing:chunk(it)
  local kind = kinds[it.kind]
  local spec = {}
  for name, value in next, it.body do spec[name] = value end
  self.first = it.kind == "guardrail" and spec.data and "name" or kind.name_field
  if spec[self.first] == it.name then spec[self.first] = nil end
  for _, member in ipairs { "tools", "skills", "unmanaged" } do spec[member] = it[member] end
  if it.kind == "objectives" and next(spec) == "data" and next(spec, "data") == nil then spec = spec.data end
  return ("return %s %s%s %s\n"):format(it.kind, quoted(it.name), it.kind == "tool" and ":registered" or "",
    self:value(spec, "", ""))
end

-- The files of declarations, without the ending: folder and name. No two differ in case alone.
local function stems(declarations)
  local of, used = {}, {}
  for _, it in ipairs(declarations) do
    local base = kinds[it.kind].collection .. "/" .. it.name:gsub("^_", "x_"):gsub("%.", "_")
    local stem, count = base, 1
    while used[stem:lower()] do
      count = count + 1
      stem = ("%s-%d"):format(base, count)
    end
    used[stem:lower()] = true
    of[it] = stem
  end
  return of
end

-- Writes files, none of which may be there with another text.
local function save(dir, files)
  local paths = {}
  for path in pairs(files) do paths[#paths + 1] = path end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local there = folder.read(dir .. "/" .. path)
    if there and there ~= files[path] then
      return nil, errors.new { type = "config", code = "file", message = ("%s/%s is there already"):format(dir, path),
        hint = "nothing was written: choose another folder, or move the file away" }
    end
  end
  for _, path in ipairs(paths) do
    local made, message = core.make_dir(dir)
    if made then made, message = core.make_dir(dir .. "/" .. path:match "^[^/]*") end
    if made then made, message = core.save(dir .. "/" .. path, files[path]) end
    if not made then return nil, errors.new { type = "config", code = "file", message = message } end
  end
  return paths
end

--- Writes declarations into a folder, which is made if it is not there. A file that is there with another text is never
--- replaced. Secrets are written by their names.
---@param dir string
---@param declarations tavus.Declaration[] with all that they refer to; made by values.declaration
---@return string[]? paths of the files, below the folder
---@return tavus.Error?
function source.write(dir, declarations)
  local of, files = stems(declarations), {}
  for _, it in ipairs(declarations) do
    local writing = setmetatable({ files = files, of = of, stem = of[it] }, Writing)
    files[of[it] .. ".lua"] = writing:chunk(it)
  end
  return save(dir, files)
end

return source
