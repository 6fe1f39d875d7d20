-- Folders of Lua files for the specs of setups.
local process = require "spec.support.process"

local setups = {}

local made = {}

-- Sanitizers are for Lua, and not for the shell.
local function must(command)
  local status, output = process.run(command, { LD_PRELOAD = false })
  assert(status == 0, output)
  return output
end

--- Makes a folder with files.
---@param files table<string, string> path below the folder -> text
---@return string path
function setups.folder(files)
  local dir = must([[mktemp -d "${TMPDIR:-/tmp}/tavus.XXXXXX"]]):match "^[^\n]+"
  made[#made + 1] = dir
  setups.write(dir, files)
  return dir
end

--- Writes files into a folder.
---@param dir string
---@param files table<string, string>
function setups.write(dir, files)
  for path, text in pairs(files) do
    local below = path:match "^(.*)/"
    if below then must("mkdir -p " .. process.quote(dir .. "/" .. below)) end
    local file = assert(io.open(dir .. "/" .. path, "wb"))
    file:write(text)
    file:close()
  end
end

--- Removes the folders that were made.
function setups.clean()
  for _, dir in ipairs(made) do must("rm -rf " .. process.quote(dir)) end
  made = {}
end

return setups
