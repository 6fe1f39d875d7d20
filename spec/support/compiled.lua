--- C helpers of the specs: compiles a Lua module for the Lua that runs, and loads it.
local process = require "spec.support.process"

local version = _VERSION:match "%d%.%d"
local includes = { "/usr/include/lua" .. version, "/usr/include/lua/" .. version, "/usr/include", "/usr/local/include" }
if rawget(_G, "jit") then table.insert(includes, 1, "/usr/include/luajit-2.1") end

local function include_folder()
  for _, folder in ipairs(includes) do
    local file = io.open(folder .. "/lua.h")
    if file then
      file:close()
      return folder
    end
  end
  error("no lua.h for " .. _VERSION .. " in " .. table.concat(includes, ", "))
end

--- Compiles a module and returns what its `luaopen_` function gives.
---@param name string the module
---@param sources string files and further arguments of the compiler, as shell text
---@param kept string|nil a file to leave the object in, for a process that loads it itself
---@return any
return function(name, sources, kept)
  -- the compiler is no place for a sanitizer that this process has preloaded
  local object = kept or os.tmpname()
  local status, output = process.run(("${CC:-cc} -std=c99 -O1 -g -fPIC -shared -Wall -Wextra -I%s -o %s %s")
    :format(process.quote(include_folder()), process.quote(object), sources), { LD_PRELOAD = false })
  assert(status == 0, output)
  local open = assert(package.loadlib(object, "luaopen_" .. name))
  if not kept then os.remove(object) end
  return open()
end
