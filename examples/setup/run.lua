-- Run: `lua5.4 examples/setup/run.lua`, without a key. Three personas as code, from the first plan to a rollback, on a sandbox
-- of its own and in a copy of the folder `personas`, because an apply writes its state there.
local sandbox_module = require "tavus.sandbox"
local setups = require "tavus.setup"
local tavus = require "tavus"

local function must(value, err)
  if value == nil then error(tostring(err), 0) end
  return value
end

local function say(what, text, ...) print(("%-9s " .. text):format(what, ...)) end

local function show(what, plan)
  local counts = plan.counts
  say(what, "%d to create, %d to change, %d to delete, %d drifted", counts.create, counts.change, counts.delete, counts.drift)
  for _, step in ipairs(plan.steps) do
    say("", "%s %s %s", step.action, step.kind, table.concat({ step.name, step.target }, ": "))
    for _, op in ipairs(step.action == "change" and step.ops or {}) do say("", "  %s %s", op.op, op.path) end
  end
  return plan
end

-- These are variables of the shell elsewhere, and the secret is in no file.
local variables = { DESK_URL = "https://hotel.example.com/desk", DESK_SECRET = "a-secret-of-the-desk" }

local function run(client, folder)
  local setup = must(setups.load(folder, { env = "staging", getenv = function(name) return variables[name] end }))

  local function apply(plan)
    local result = must(setup:apply(plan))
    for _, one in ipairs(result.failed) do error(tostring(one.err), 0) end
    say("apply", "%s, %d steps", result.status, #result.applied)
  end

  apply(show("plan", must(setup:plan(client))))
  show("plan", must(setup:plan(client)))

  local concierge = must(client.personas:find "Hotel concierge (staging)")
  must(client.personas:patch(concierge.persona_id, tavus.patch():replace("/system_prompt", "You sell boat trips.")))
  say("browser", "another person changes the prompt of the concierge")
  for _, one in ipairs(must(setup:drift(client))) do say("drift", "%s %s %s: %q", one.kind, one.name, one.path, one.live) end

  apply(show("plan", must(setup:plan(client, { resolve = "ours" }))))
  apply(show("rollback", must(setup:rollback(client))))
  say("", "as before the last apply: %q", must(client.personas:get(concierge.persona_id)).system_prompt)
end

local function shell(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "*l"
  pipe:close()
  return line
end

local here = arg[0]:match "^(.*)/" or "."
local folder = assert(shell [[mktemp -d "${TMPDIR:-/tmp}/tavus.XXXXXX"]])
local sandbox = must(sandbox_module.start { port = 0 })
local client = must(tavus.new { api_key = "a-sandbox-key", base_url = sandbox.url })

-- Whatever happens, the copy is removed.
local done, failure = pcall(function()
  shell(("cp -R '%s/personas/.' '%s'"):format(here, folder))
  run(client, folder)
end)
client:close()
sandbox:stop()
shell(("rm -rf '%s'"):format(folder))
if not done then error(tostring(failure), 0) end
