--- The commands of setups: plan, apply and what belongs to them.

local core = require "tavus.core"
local plan_text = require "tavus.cli.plan_text"
local progress = require "tavus.client.progress"
local setups = require "tavus.setup"
local status = require "tavus.cli.status"
local terminal = require "tavus.cli.terminal"

local setup = {}

local STDIN, STDERR = 0, 2

-- Hints of the library name its options; these are those of the program.
local HINTS = {
  drift = "--resolve ours writes what the files say, --resolve theirs leaves it as it is",
  renamed = "--renamed yes keeps the object under its new name, --renamed no makes a new one",
  silent_drop = "a draft in the builder may have taken the change: publish it, or apply with --discard-drafts",
  maker_changes = "publish the draft in the builder, or apply with --discard-drafts",
  snapshot = "each tavus-lua apply that changes something makes it",
}

local function with_hint(err)
  err.hint = HINTS[err.code] or HINTS[err.conflict] or err.hint
  return err
end

local function must(value, err)
  if value == nil then error(with_hint(err), 0) end
  return value
end

local function load(its, dir, env)
  local loaded = must(setups.load(dir or ".", { env = env }))
  for _, issue in ipairs(loaded.warnings) do its.out:note(tostring(issue), "yellow") end
  return loaded
end

-- A plan of setup:plan, setup:rollback, ...
local function planned(its, loaded, given, method)
  local client, options = its:client(), { prune = given.prune, resolve = given.resolve }
  if given.renamed == "no" then options.renamed = false end
  local plan = must(loaded[method](loaded, client, options))
  if given.renamed ~= "yes" or #plan.renamed == 0 then return plan end
  options.renamed = {}
  for _, one in ipairs(plan.renamed) do options.renamed[one.kind .. " " .. one.from] = one.to end
  return must(loaded[method](loaded, client, options))
end

-- Whether apply refuses the plan, so that there is nothing to ask.
local function is_refused(plan)
  return #plan.renamed > 0 or plan.counts.drift > 0 and plan.options.resolve ~= "theirs"
end

local function confirmed(its)
  if not (core.is_terminal(STDIN) and core.is_terminal(STDERR)) then
    its:fail("config", "nothing was changed: there is no terminal to ask on",
      "look at the plan, and give --yes, or apply a plan that was saved with tavus-lua plan -o FILE")
  end
  io.stderr:write "Apply this plan? [y/N] "
  local answer = (io.read "*l" or ""):lower():match "^%s*(.-)%s*$"
  return answer == "y" or answer == "yes"
end

local STATUS = { done = status.DONE, partly = status.PARTLY, conflict = status.CONFLICT, key = status.ACCOUNT }

-- Writes a line. The changes go on when standard output takes no more.
local function on_step(out)
  return function(step)
    local written, err = pcall(function()
      plan_text.step(out, step)
      out:flush()
    end)
    if not written and getmetatable(err) ~= terminal.Closed then error(err, 0) end
  end
end

-- Shows a plan, asks, and makes it real.
local function carry_out(its, loaded, plan, given, is_saved)
  plan_text.show(its.out, plan)
  its.out:flush()
  if plan:is_empty() then return status.DONE end
  if not is_saved and not given.yes and not is_refused(plan) and not confirmed(its) then
    its.out:note "nothing was changed"
    return status.ERROR
  end
  local result = must(loaded:apply(plan, { discard_drafts = given.discard_drafts, no_preflight = given.no_preflight,
    probe = given.probe, on_step = on_step(its.out), on_progress = not its.out.json and progress() or nil }))
  for _, list in ipairs { result.failed, result.conflicts } do
    for _, one in ipairs(list) do with_hint(one.err) end
  end
  plan_text.result(its.out, result)
  return STATUS[result.status]
end

local runs = {}

function runs.validate(its, given)
  local loaded = load(its, given.dir, given.env)
  local count = #loaded.declarations
  if its.out.json then return its.out:object { declarations = count, warnings = #loaded.warnings } end
  its.out:line(("%d declaration%s, and nothing is wrong with them"):format(count, count == 1 and "" or "s"))
end

function runs.plan(its, given)
  local plan = planned(its, load(its, given.dir, given.env), given, "plan")
  plan_text.show(its.out, plan)
  if given.output then must(plan:save(given.output)) end
  for _, step in ipairs(plan.steps) do
    if step.action ~= "adopt" then return status.CHANGES end -- which changes nothing at Tavus
  end
  return status.DONE
end

-- A file is a saved plan, which knows its folder and environment.
local function is_file(path)
  local file = not core.list_dir(path) and io.open(path, "rb")
  if file then file:close() end
  return file and true or false
end

function runs.apply(its, given)
  if not given.dir or not is_file(given.dir) then
    local loaded = load(its, given.dir, given.env)
    return carry_out(its, loaded, planned(its, loaded, given, "plan"), given)
  end
  local content = its:read_json(given.dir)
  if type(content) ~= "table" or type(content.dir) ~= "string" then
    its:fail("config", ("%s is not a saved plan"):format(given.dir), "tavus-lua plan DIR -o FILE writes one")
  end
  local env = given.env or type(content.env) == "string" and content.env or nil
  local loaded = load(its, content.dir, env)
  return carry_out(its, loaded, must(loaded:read_plan(given.dir, its:client())), given, true)
end

function runs.drift(its, given)
  local list = must(load(its, given.dir, given.env):drift(its:client()))
  plan_text.drift(its.out, list)
  return #list > 0 and status.CHANGES or status.DONE
end

for _, method in ipairs { "rollback", "prune", "destroy" } do
  runs[method] = function(its, given)
    local loaded = load(its, given.dir, given.env)
    return carry_out(its, loaded, planned(its, loaded, given, method), given)
  end
end

-- Commands --------------------------------------------------------------------

local DIR = { "dir", "The folder of the setup (.).", args = "?" }
local ENV = { "--env", "The environment, whose overlays are applied.", argname = "<name>" }
local RESOLVE = { "--resolve", "What others changed: ours writes what the files say, theirs leaves it as it is.",
  argname = "<whose>", choices = { "ours", "theirs" } }
local PRUNE = { "--prune", "Also delete and detach what vanished from the files." }
local RENAMED = { "--renamed", "Whether a new name that resembles a vanished one is the same object: yes or no.",
  argname = "<answer>", choices = { "yes", "no" } }
local YES = { "--yes", "Do not ask." }
local DISCARD = { "--discard-drafts", "Drop drafts of the builder that are in the way." }
local NO_PREFLIGHT = { "--no-preflight", "Do not ask a custom LLM whether it is there before its persona is written." }
local PROBE = { "--probe", "Start a conversation in test mode with each changed persona, and end it." }

local function command(name, help, options, example, argument)
  return { name = name, help = help, arguments = { argument or DIR }, options = options, run = runs[name],
    example = "tavus-lua " .. name .. (example and " " .. example or "") }
end

setup.commands = {
  command("validate", "Check the files of a setup, offline.", { ENV }, "setup --env staging"),
  command("plan", "Show what would change at Tavus to make it as the files say.",
    { ENV, { "-o --output", "Write the plan to a file, for apply.", argname = "<file>" }, PRUNE, RESOLVE, RENAMED },
    "setup -o plan.json"),
  command("apply", "Make it at Tavus as the files say.",
    { ENV, YES, PRUNE, RESOLVE, RENAMED, DISCARD, NO_PREFLIGHT, PROBE }, "setup --env staging",
    { "dir", "The folder of the setup (.), or a plan that plan -o wrote.", args = "?" }),
  command("drift", "Show what others changed of what the files declare.", { ENV }, "setup"),
  command("rollback", "Bring back how it was before the last apply.",
    { ENV, YES, RESOLVE, DISCARD, NO_PREFLIGHT, PROBE }, "setup"),
  command("prune", "Delete and detach what vanished from the files.", { ENV, YES, RESOLVE, DISCARD, NO_PREFLIGHT },
    "setup"),
  command("destroy", "Delete all that the state of a setup has.", { ENV, YES }, "setup --env staging"),
}

return setup
