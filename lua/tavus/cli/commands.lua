--- All commands of the program, in the order of the help.

local operations = require "tavus.cli.operations"
local schema = require "tavus.cli.schema"
local services = require "tavus.cli.services"
local setup = require "tavus.cli.setup"

local commands = {}

--- The commands as data.
---@return tavus.Command[]
function commands.all()
  local all = {}
  for _, list in ipairs { setup.commands, { schema.command }, services.commands, operations.commands() } do
    for _, command in ipairs(list) do all[#all + 1] = command end
  end
  return all
end

return commands
