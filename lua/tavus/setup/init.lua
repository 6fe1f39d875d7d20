--- Persona setups: a folder of Lua files that describes personas and what attaches to them.
--
--    local setup = assert(require("tavus.setup").load("personas", { env = "staging" }))
--    for _, it in ipairs(setup.declarations) do print(it) end

local loader = require "tavus.setup.loader"
local options = require "tavus.options"

local setup = {}

---@class tavus.Setup
---@field dir string
---@field env string? nil: the files without an overlay
---@field declarations tavus.Declaration[] sorted by file, then in the order of the file
---@field warnings tavus.SetupIssue[] what the check doubts
local Setup = {}
Setup.__index = Setup

local RULES = { env = { type = "string" }, getenv = { type = "function" } }

--- Reads the files of a folder. Nothing is sent.
---@param dir string
---@param given table? { env = name of the environment, getenv = function in place of os.getenv }
---@return tavus.Setup?
---@return tavus.Error? of type `validation` with all faults of the files, or `config`
function setup.load(dir, given)
  if type(dir) ~= "string" or dir == "" then error("setup.load takes a folder, not " .. type(dir), 2) end
  local fine, problem = options.check(given, RULES, "setup.load", 2)
  if not fine then return nil, problem end
  given = given or {}
  local run, err = loader.read(dir, given.env, given.getenv or os.getenv)
  if not run then return nil, err end
  return setmetatable({ dir = dir, env = given.env, declarations = run.declarations, warnings = run.warnings }, Setup)
end

return setup
