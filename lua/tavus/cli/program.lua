--- A run of the program: reads the command line, runs the command, and turns every error into a message and a status.

local commands = require "tavus.cli.commands"
local context = require "tavus.cli.context"
local log = require "tavus.log"
local parser = require "tavus.cli.parser"
local status = require "tavus.cli.status"
local terminal = require "tavus.cli.terminal"
local version = require "tavus.version"

local program = {}

-- The status for what a command raised. There is no traceback: it says nothing to people who run a program.
local function status_of(its, err)
  if log.is_interrupt(err) then
    its.out:note "tavus-lua: interrupted"
    return status.INTERRUPTED
  end
  if getmetatable(err) == terminal.Closed then
    -- A reader that has enough, such as head, is not worth a message.
    local message = tostring(err.message)
    if not message:find "Broken pipe" then its.out:note("tavus-lua: cannot write: " .. message, "red") end
    return status.ERROR
  end
  if type(err) == "table" and err.type and err.message then
    its.out:failure(err)
    return status.of(err)
  end
  its.out:note("tavus-lua: " .. tostring(err), "red")
  return status.ERROR
end

--- Runs the program.
---@param args string[]
---@return integer status
function program.run(args)
  local plain = { out = terminal.new { color = "never" } }
  local root
  local parsed, command, given = pcall(function()
    local list = commands.all()
    root = parser.new(list, version)
    return parser.read(root, list, args)
  end)
  if not parsed then return status_of(plain, command) end
  if not command then
    plain.out:note(given)
    return status.ERROR
  end
  local its = context.new(given)
  its.parser = root
  local done, result = pcall(function()
    local found = command.run(its, given) or status.DONE
    its.out:flush()
    return found
  end)
  if not done then result = status_of(its, result) end
  its:close()
  return result
end

return program
