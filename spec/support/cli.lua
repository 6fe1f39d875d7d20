--- The program tavus-lua, beside a spec, against a sandbox of the spec.
local clients = require "spec.support.clients"
local process = require "spec.support.process"

local cli = {}

local MAIN = "lua/tavus/cli/main.lua"

--- The command that runs the program, for the shell.
---@param arguments string for the shell
---@return string
function cli.command(arguments) return process.quote(process.interpreter()) .. " " .. MAIN .. " " .. arguments end

local function environment_of(sandbox, more)
  local environment = {
    TAVUS_API_KEY = sandbox and clients.KEY or false, TAVUS_BASE_URL = sandbox and sandbox.url or false,
    NO_COLOR = false, TERM = "xterm",
  }
  for name, value in pairs(more or {}) do environment[name] = value end
  return environment
end

--- Runs the program without a terminal.
---@param sandbox table? a sandbox that runs
---@param arguments string for the shell; may have redirections
---@param more table<string, string|false>? the environment
---@return integer status
---@return string output standard output and standard error
function cli.run(sandbox, arguments, more)
  local status, output = process.run(cli.command(arguments), environment_of(sandbox, more))
  assert(not output:find(clients.KEY, 1, true), output)
  assert(not output:find "stack traceback", output)
  return status, output
end

--- Runs the program and expects that it succeeds.
---@return string output
function cli.must(sandbox, arguments, more)
  local status, output = cli.run(sandbox, arguments, more)
  assert(status == 0, output)
  return output
end

--- Runs the program on a terminal of 80 columns.
---@param typed string? what is typed
---@return integer status
---@return string output with the line breaks of a terminal made plain
function cli.on_terminal(sandbox, arguments, typed, more)
  local typing = typed and ("printf %s | "):format(process.quote(typed)) or ""
  local status, output = process.run(("%sscript -qec %s /dev/null"):format(typing,
    process.quote("stty cols 80 rows 24; " .. cli.command(arguments))), environment_of(sandbox, more))
  assert(not output:find(clients.KEY, 1, true), output)
  return status, (output:gsub("\r\n", "\n"))
end

return cli
