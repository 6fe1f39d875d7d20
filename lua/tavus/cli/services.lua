--- Commands that are about the program itself: the check-up, the sandbox, completion in shells.

local doctor = require "tavus.cli.doctor"

local services = {}

local function sandbox(its, given)
  -- The sandbox's program reads the table `arg`, and argparse keeps that table.
  local args = rawget(_G, "arg")
  local words = given.options or {}
  for i = 1, math.max(#args, #words) do args[i] = words[i] end
  args[0] = "tavus-sandbox"
  local found, problem = pcall(require, "tavus.sandbox.cli")
  if not found and tostring(problem):find "module 'tavus%.sandbox" then
    its:fail("config", "the sandbox is not installed", "install the rock tavus-sandbox")
  end
  error(problem, 0)
end

local function completion(its, given)
  its.out:write(its.parser["get_" .. given.shell .. "_complete"](its.parser))
end

services.commands = {
  { name = "doctor", help = "Check the key, the clock, certificates and the connection, and say what is wrong.",
    example = "tavus-lua doctor", run = doctor.run },
  { name = "sandbox", raw = true,
    help = "Start a local sandbox to try things on; tavus-lua sandbox --help lists its options.",
    arguments = { { "options", "Options of tavus-sandbox.", args = "*" } },
    example = "tavus-lua sandbox --port 8787", run = sandbox },
  { name = "completion", help = "Print the completion for a shell.",
    arguments = { { "shell", "bash, zsh or fish.", choices = { "bash", "zsh", "fish" } } },
    example = 'eval "$(tavus-lua completion bash)"', run = completion },
}

return services
