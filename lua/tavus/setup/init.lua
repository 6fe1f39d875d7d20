--- Persona setups: a folder of Lua files that describes personas and what attaches to them.
--
--    local setup = assert(require("tavus.setup").load("personas", { env = "staging" }))
--    for _, it in ipairs(setup.declarations) do print(it) end

local apply = require "tavus.setup.apply"
local loader = require "tavus.setup.loader"
local options = require "tavus.options"
local plan = require "tavus.setup.plan"
local saved = require "tavus.setup.saved"
local snapshot = require "tavus.setup.snapshot"

local setup = {}

---@class tavus.Setup
---@field dir string
---@field env string? nil: the files without an overlay
---@field declarations tavus.Declaration[] sorted by file, then in the order of the file
---@field warnings tavus.SetupIssue[] what the check doubts
local Setup = {}
Setup.__index = Setup

local PLAN = {
  prune = { type = "boolean" }, resolve = { type = "string", choices = { ours = true, theirs = true } },
  renamed = { type = "table|boolean" }, concurrency = { type = "number", integer = true, least = 1, most = 64 },
}
local APPLY = {
  discard_drafts = { type = "boolean" }, no_preflight = { type = "boolean" }, probe = { type = "boolean" },
  concurrency = PLAN.concurrency, lock_wait = { type = "number", least = 0 },
  timeout = options.seconds, interval = options.seconds,
  on_step = { type = "function" }, on_progress = { type = "function" },
}

-- A plan of other declarations than those of the files.
local function plan_of(self, client, given, declarations, prune)
  local all = {}
  for name, value in pairs(given or {}) do all[name] = value end
  all.declarations, all.prune, all.renamed = declarations, all.prune or prune, all.renamed or false
  return plan.make(self, client, all)
end

--- Plans what has to be done at Tavus to make it as the files say. Nothing is changed.
---@param client table of tavus.new
---@param given table? { prune = delete and detach what vanished from the files, resolve = "ours"|"theirs" for drift,
--- renamed = { ["persona old"] = "new" }, or false where nothing was, concurrency = 4 }
---@return tavus.SetupPlan?
---@return tavus.Error?
function Setup:plan(client, given)
  local fine, problem = options.check(given, PLAN, "setup:plan", 2)
  if not fine then return nil, problem end
  return plan.make(self, client, given)
end

--- Makes a plan real.
---@param its tavus.SetupPlan
---@param given table? { discard_drafts, no_preflight, probe, concurrency, lock_wait = 0.5, timeout and interval of
--- waiting for documents, on_step = fn, on_progress = fn }
---@return tavus.SetupResult? result what was done and what failed
---@return tavus.Error? of type `conflict` when the plan cannot be applied: nothing was done
function Setup:apply(its, given)
  local fine, problem = options.check(given, APPLY, "setup:apply", 2)
  if not fine then return nil, problem end
  if getmetatable(its) ~= plan.meta or its.setup ~= self then
    error("setup:apply takes a plan of this setup, which setup:plan(client) makes", 2)
  end
  return apply.run(its, given)
end

--- What others changed at Tavus of what the files declare.
---@param client table
---@return { kind: string, name: string, id: string, path: string, last: any, live: any, want: any }[]?
---@return tavus.Error?
function Setup:drift(client)
  local its, err = plan.make(self, client, { renamed = false })
  if not its then return nil, err end
  local list = {}
  for _, step in ipairs(its.steps) do
    for _, one in ipairs(step.drift or {}) do
      one.kind, one.name, one.id = step.kind, step.name, step.id
      list[#list + 1] = one
    end
  end
  return list
end

--- Plans to delete and detach what vanished from the files.
---@param client table
---@param given table? as for plan
---@return tavus.SetupPlan?
---@return tavus.Error?
function Setup:prune(client, given) return plan_of(self, client, given, nil, true) end

--- Plans to delete everything that the state has in this environment.
---@param client table
---@param given table? as for plan
---@return tavus.SetupPlan?
---@return tavus.Error?
function Setup:destroy(client, given) return plan_of(self, client, given, {}, true) end

--- Plans to bring back how it was before the last apply.
---@param client table
---@param given table? as for plan
---@return tavus.SetupPlan?
---@return tavus.Error?
function Setup:rollback(client, given)
  local declarations, err = snapshot.declarations(self)
  if not declarations then return nil, err end
  return plan_of(self, client, given, declarations, true)
end

--- Reads a plan that plan:save(file) wrote. One that does not fit any more is refused.
---@param file string
---@param client table
---@return tavus.SetupPlan?
---@return tavus.Error? of type `conflict` when the setup, the state or Tavus changed since
function Setup:read_plan(file, client) return saved.read(self, file, client) end

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
