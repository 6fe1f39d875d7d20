--- The Lua files of a setup's folder, and compiling them.

local core = require "tavus.core"

local loadstring, setfenv = rawget(_G, "loadstring"), rawget(_G, "setfenv") -- of Lua 5.1

local folder = {}

-- Deeper folders are a link in a circle.
local DEEPEST = 8

-- Folders of package managers.
local FOREIGN = { lua_modules = true, node_modules = true }

--- A path without "." and ".."; nil when it leaves the folder.
---@param path string
---@return string?
function folder.clean(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then
      if #parts == 0 then return nil end
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

--- The folder of a file, as a beginning of paths: "" or "personas/".
---@param path string
---@return string
function folder.of(path) return path:match "^.*/" or "" end

--- The Lua files in a folder and below it, sorted. Names that begin with "." or "_" are left out, and the
--- folders of package managers.
---@param dir string
---@return string[]? paths below the folder
---@return string? message why the folder cannot be read
function folder.files(dir)
  local found = {}
  local function visit(below, depth)
    local names, message = core.list_dir(dir .. "/" .. below)
    if not names then return message end
    for _, name in ipairs(names) do
      local is_left_out = name:find "^[._]" or FOREIGN[name]
      if not is_left_out and name:find "%.lua$" then
        found[#found + 1] = below .. name
      elseif not is_left_out and depth < DEEPEST then
        visit(below .. name .. "/", depth + 1) -- nothing is found in a file that is not a folder
      end
    end
    return nil
  end
  local message = visit("", 1)
  if message then return nil, message end
  table.sort(found)
  return found
end

--- The code of a file that does not exist.
folder.MISSING = 2

--- The text of a file.
---@param path string
---@return string?
---@return string? message
---@return integer? code of the system, when the file cannot be opened
function folder.read(path)
  local file, message, code = io.open(path, "rb")
  if not file then return nil, message, code end
  local text, why = file:read "*a"
  file:close()
  if not text then return nil, why end
  return text
end

--- Compiles the text of a file. Bytecode is refused.
---@param text string
---@param name string of the file
---@param globals table
---@return function?
---@return string? message
function folder.compile(text, name, globals)
  if text:sub(1, 1) == "\27" then return nil, name .. ":1: is bytecode, and Lua text is expected" end
  text = text:gsub("^\239\187\191", ""):gsub("^#[^\n]*", "")
  if setfenv then
    local chunk, message = loadstring(text, "@" .. name)
    if not chunk then return nil, message end
    return setfenv(chunk, globals)
  end
  return load(text, "@" .. name, "t", globals)
end

return folder
