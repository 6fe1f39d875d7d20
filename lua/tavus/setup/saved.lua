--- A plan in a file. It has the steps as they are shown, without secrets. When it is read, the plan is made anew and
-- must be the same.

local core = require "tavus.core"
local errors = require "tavus.errors"
local folder = require "tavus.setup.folder"
local graph = require "tavus.setup.graph"
local plan = require "tavus.setup.plan"
local values = require "tavus.setup.values"

local saved = {}

local VERSION = 1

-- What stands for the bodies, with their secrets: two plans that look the same may differ in those.
local function fingerprint(its)
  local bodies = {}
  for _, item in ipairs(its.items) do bodies[#bodies + 1] = item.key .. graph.text(item.sealed) end
  return values.fingerprint(table.concat(bodies, "\n") .. its.state_text, its.key)
end

--- Writes a plan to a file.
---@param self tavus.SetupPlan
---@param file string
---@return true?
---@return tavus.Error?
function plan.meta.save(self, file)
  local digits, err = fingerprint(self)
  if not digits then return nil, err end
  local done, message = core.save(file, core.encode { version = VERSION, dir = self.setup.dir,
    env = self.setup.env or core.null,
    options = { prune = self.options.prune, resolve = self.options.resolve, renamed = self.options.renamed },
    steps = core.decode(plan.text(self)), fingerprint = digits } .. "\n")
  if done then return true end
  return nil, errors.new { type = "config", code = "file", message = message, hint = "name a file that can be written" }
end

local function refuse(kind, message, hint)
  return nil, errors.new { type = kind, code = "stale", message = message, hint = hint, retryable = false,
    ambiguous = false }
end

--- Reads a plan of a file and makes it anew.
---@param setup tavus.Setup
---@param file string
---@param client table
---@return tavus.SetupPlan?
---@return tavus.Error?
function saved.read(setup, file, client)
  local text, message = folder.read(file)
  if not text then
    return nil, errors.new { type = "config", code = "file", message = message, hint = "plan:save(file) writes it" }
  end
  local content = core.decode(text)
  if type(content) ~= "table" or content.version ~= VERSION or type(content.options) ~= "table" then
    return nil, errors.new { type = "config", code = "file", message = ("%s is not a saved plan"):format(file),
      hint = "plan:save(file) writes it" }
  end
  local env = content.env ~= core.null and content.env or nil
  if env ~= setup.env then
    return refuse("conflict", ("the plan is for the environment %s, not %s"):format(env or "default",
      setup.env or "default"), "load the setup with the environment of the plan")
  end
  local its, err = plan.make(setup, client, content.options)
  if not its then return nil, err end
  local digits
  digits, err = fingerprint(its)
  if not digits then return nil, err end
  if digits ~= content.fingerprint or not core.equal(core.decode(plan.text(its)), content.steps) then
    return refuse("conflict", ("%s does not fit any more: the files, the state or Tavus changed"):format(file),
      "plan again")
  end
  return its
end

return saved
