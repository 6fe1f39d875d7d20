--- Loads the modules of this library, as `require` does, with two differences. The modules run with globals of their
-- own, taken when this file was loaded, so that a host program may remove its globals later (`require`, `io`,
-- `package`, ...). And the loaders are kept, so that the sandbox's Lua state reads no files.

local core = require "tavus.core"

local modules = {}

local require, package = require, package
local type = type
local loaded = package and package.loaded or {}

-- The globals that the modules use.
local globals = {}
for _, name in ipairs {
  "assert", "collectgarbage", "coroutine", "debug", "error", "getmetatable", "io", "ipairs", "jit", "math", "newproxy",
  "next", "ngx", "os", "package", "pairs", "pcall", "print", "rawequal", "rawget", "rawset", "select", "setmetatable",
  "string", "table", "tonumber", "tostring", "type", "unpack", "xpcall", "_VERSION",
} do
  globals[name] = rawget(_G, name)
end
globals._G = globals

local loaders = {}

-- The loader that the searchers of `require` find for a name, or nil.
local function find(name)
  local searchers = package and (package.searchers or rawget(package, "loaders"))
  for i = 1, searchers and #searchers or 0 do
    local loader, extra = searchers[i](name)
    if type(loader) == "function" then return loader, extra end
  end
  return nil
end

--- Loads a module once, as `require` does, and keeps its loader.
---@param name string
---@return any
function modules.load(name)
  local module = loaded[name]
  if module ~= nil then return module end
  local loader, extra
  if name:find "^tavus%." then loader, extra = find(name) end
  if not loader then return require(name) end -- a foreign module, or an error that lists the places searched
  loaders[name] = loader
  -- The bundle of a static build uses the third argument as the globals of its chunks.
  module = core.with_globals(loader, globals)(name, extra, globals)
  if module == nil then module = true end
  loaded[name] = module
  return module
end

globals.require = modules.load

--- The loaders of the modules of this library that are loaded: C functions as they are, Lua functions as bytecode.
---@return table<string, function|string>
function modules.kept()
  local kept = {}
  for name in pairs(loaded) do
    local loader = type(name) == "string" and name:find "^tavus%." and (loaders[name] or find(name))
    if loader then
      local dumped, text = pcall(string.dump, loader)
      kept[name] = dumped and text or loader
    end
  end
  return kept
end

return modules
