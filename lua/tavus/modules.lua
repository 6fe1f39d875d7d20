--- Loads the modules of this library, as `require` does, with three differences. The modules run with globals of their
-- own, taken when this file was loaded, so that a host program may remove its globals later (`require`, `io`,
-- `package`, ...). The loaders are kept, so that the sandbox's Lua state reads no files. And a module can be kept as
-- text until it is used: compiling all of them is most of the work of a first client.

local core = require "tavus.core"

local modules = {}

local require, package = require, package
local error, open, select, type = error, io and io.open, select, type
local compile = rawget(_G, "loadstring") or load
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
local texts = {} -- name -> the text of a module that was not used yet, and its path

-- The folder above that of this file, or nil: it was not loaded from a file that can be opened.
local root
do
  local path = select(2, ...)
  local source = type(path) == "string" and path or debug and debug.getinfo(1, "S").source:match "^@(.*)"
  root = source and source:match "^(.*)tavus[/\\]modules%.lua$"
end

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
  local text = texts[name]
  if text then
    loader, extra = compile(text[1], "@" .. text[2])
    if not loader then error(extra, 0) end
  elseif name:find "^tavus%." then
    loader, extra = find(name)
  end
  if not loader then return require(name) end -- a foreign module, or an error that lists the places searched
  loaders[name] = loader
  -- The bundle of a static build uses the third argument as the globals of its chunks.
  module = core.with_globals(loader, globals)(name, extra, globals)
  if module == nil then module = true end
  loaded[name], texts[name] = module, nil
  return module
end

--- Reads a module, and those that its text requires, so that no file is read when it is loaded. What cannot be read
-- here as a file, as in a bundle, is loaded.
---@param name string
function modules.keep(name)
  if loaded[name] ~= nil or texts[name] or not name:find "^tavus%." then return end
  local text, path
  for _, ending in ipairs(root and open and { ".lua", "/init.lua" } or {}) do
    path = root .. name:gsub("%.", "/") .. ending
    local file = open(path, "rb")
    if file then
      text = file:read "*a"
      file:close()
      break
    end
  end
  if not text then
    modules.load(name)
    return
  end
  texts[name] = { text, path }
  for other in text:gmatch 'require "(tavus%.[%w_.]+)"' do modules.keep(other) end
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
