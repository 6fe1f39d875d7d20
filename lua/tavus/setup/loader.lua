--- Reads the folder of a setup: runs its files, applies the overlays of an environment, and checks what they declare.

local check = require "tavus.setup.check"
local core = require "tavus.core"
local environment = require "tavus.setup.environment"
local errors = require "tavus.errors"
local faults = require "tavus.setup.faults"
local folder = require "tavus.setup.folder"
local guard = require "tavus.setup.guard"
local overlay = require "tavus.setup.overlay"

local getinfo = debug.getinfo

local loader = {}

--- One reading of a folder.
---@class tavus.SetupRun
---@field dir string
---@field env string?
---@field getenv fun(name: string): string?
---@field faults table
---@field declarations tavus.Declaration[]
---@field overlays table[]
---@field open table<table, true> what is begun and not complete
---@field unchosen boolean? while the table of another environment's overlay is made
local Run = {}
Run.__index = Run

-- An error of a file that is a fault already.
local Stop = { __tostring = function(stop) return stop.message end }

--- Where the files are now: the innermost line of one of them.
---@return { file: string, line: integer? }
function Run:where()
  for level = 2, math.huge do
    local info = getinfo(level, "Sl")
    local file = info and self.sources[info.source]
    if file then return { file = file, line = info.currentline } end
    if not info then return { file = self.running[#self.running] } end
  end
end

--- Ends a file with a fault.
---@param code string
---@param message string
---@param hint string?
function Run:stop(code, message, hint)
  error(setmetatable({ where = self:where(), code = code, message = message, hint = hint }, Stop), 0)
end

--- Adds the fault of a value that is not there, unless it belongs to another environment. Returns a text in its place.
---@return string
function Run:missing(where, code, message, hint)
  if not self.unchosen then self.faults:add(where, { code = code, message = message, hint = hint }) end
  return check.MISSING
end

-- Adds the fault of an error. `where` is the line that raised it.
function Run:failed(err, where)
  if getmetatable(err) == Stop then
    self.faults:add(err.where, err)
  elseif guard.is_limit(err) then
    self.faults:add(where, { code = "limit", message = err.message, hint = err.hint })
  else
    local text = type(err) == "table" and not getmetatable(err) and "raised a table" or tostring(err)
    self.faults:add(where, { code = "lua", message = (text:gsub("^[^\n]-:%d+: ", "", 1)) })
  end
end

-- Compiles a file, or adds its fault.
function Run:compiled(file)
  local text, message = folder.read(self.dir .. "/" .. file)
  if not text then
    self.faults:add({ file = file }, { code = "file", message = message })
    return nil
  end
  local chunk
  chunk, message = folder.compile(text, file, self.new_globals())
  if chunk then return guard.interpreted(chunk) end
  local line, rest = message:match ":(%d+): (.*)$"
  self.faults:add({ file = file, line = tonumber(line) }, { code = "syntax", message = rest or message })
  return nil
end

-- The results of files: false while they run.
function Run:finish_file(file, result)
  self.running[#self.running] = nil
  self.results[file] = { result }
  return result
end

function Run:begin_file(file)
  self.results[file] = false
  self.running[#self.running + 1] = file
  self.sources["@" .. file] = file
end

--- Runs a file that another one requires, once.
---@param file string
---@return any result
---@return string? message why it cannot be run
---@return string? hint
function Run:require(file)
  local done = self.results[file]
  if done then return done[1] end
  if done == false then
    return nil, ("%s is being read already: a circle of require: %s"):format(file, table.concat(self.running, " -> ")),
      "move what both use to a third file"
  end
  if not folder.read(self.dir .. "/" .. file) then
    local near = core.nearest(file, self.known)
    return nil, ("there is no file %s in the setup's folder"):format(file),
      near and ('did you mean require "%s"?'):format((near:gsub("%.lua$", ""):gsub("/", "."))) or "make it"
  end
  self:begin_file(file)
  local chunk = self:compiled(file)
  if not chunk then
    self:finish_file(file)
    return nil, ("%s cannot be read"):format(file)
  end
  return self:finish_file(file, (chunk()))
end

-- Runs a file, unless it was required before.
function Run:run_file(file)
  if self.results[file] ~= nil then return end
  self.running = {}
  self:begin_file(file)
  local chunk = self:compiled(file)
  if not chunk then return self:finish_file(file) end
  local where
  local ok, err = guard.call(chunk, function(err)
    where = self:where()
    return err
  end)
  self.unchosen = false
  if ok then return self:finish_file(file, err) end
  -- Ctrl-C is no fault of the file
  if type(err) == "string" and err:find "interrupted!$" then error(err, 0) end
  self:failed(err, where or { file = file })
end

-- Says what was begun and is not complete.
function Run:check_open()
  for open in pairs(self.open) do
    self.faults:add(open, { code = "open", message = ('%s "%s" has no table after it'):format(open.kind, open.name),
      hint = ('write %s "%s" { ... }'):format(open.kind, open.name) })
  end
end

-- Sorts the declarations by their files, and then in the order in which they were made.
local function sorted(declarations)
  local order = {}
  for i, it in ipairs(declarations) do order[it] = i end
  table.sort(declarations, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    return order[a] < order[b]
  end)
end

-- An environment that resembles one with overlays, and has none, is a slip.
local function meant(overlays, env)
  local known = {}
  for _, it in ipairs(overlays) do known[it.env] = true end
  return env and not known[env] and core.nearest(env, known) or nil
end

--- Reads a folder.
---@param dir string
---@param env string?
---@param getenv fun(name: string): string?
---@return tavus.SetupRun? run with `declarations` and `warnings`
---@return tavus.Error?
function loader.read(dir, env, getenv)
  if env and not environment.is_name(env) then
    return nil, errors.new { type = "config", code = "env",
      message = ("%q is not the name of an environment"):format(env), hint = "use letters, digits, _, - and ." }
  end
  local files, message = folder.files(dir)
  if not files then
    return nil, errors.new { type = "config", code = "dir", message = message,
      hint = "give the folder that has the setup's Lua files" }
  elseif #files == 0 then
    return nil, errors.new { type = "config", code = "dir", message = ("%s has no Lua files"):format(dir),
      hint = 'a setup is a folder of Lua files, such as personas/greeter.lua with persona "greeter" { ... }' }
  end
  local run = setmetatable({
    dir = dir, env = env, getenv = getenv, faults = faults.new(), declarations = {}, overlays = {}, open = {},
    results = {}, running = {}, sources = {}, known = {},
  }, Run)
  for _, file in ipairs(files) do run.known[file] = true end
  run.new_globals = environment.new(run)
  for _, file in ipairs(files) do run:run_file(file) end
  run:check_open()
  local near = meant(run.overlays, env)
  if near then
    return nil, errors.new { type = "config", code = "env",
      message = ("no overlay is for the environment %q"):format(env), hint = ("did you mean %q?"):format(near) }
  end
  sorted(run.declarations)
  overlay.apply(run.overlays, env, run.declarations, run.faults)
  for _, it in ipairs(run.declarations) do check.declaration(run, it) end
  check.names(run)
  for _, it in ipairs(run.declarations) do it.spec = nil end
  if run.faults:failed() then return nil, run.faults:error() end
  run.warnings = run.faults:issues()
  return run
end

return loader
