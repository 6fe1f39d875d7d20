--- Builds memerr.c for the Lua that runs, once a process, and loads it.
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

-- the compiler is no place for a sanitizer that this process has preloaded
local object = os.tmpname()
local status, output = process.run(("${CC:-cc} -std=c99 -O1 -g -fPIC -shared -Wall -Wextra -I%s spec/support/memerr.c -o %s")
  :format(process.quote(include_folder()), process.quote(object)), { LD_PRELOAD = false })
assert(status == 0, output)
local open = assert(package.loadlib(object, "luaopen_memerr"))
os.remove(object)
return open()
