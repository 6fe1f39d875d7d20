--- The parser of the command line, made of the commands' tables.

local argparse = require "argparse"
local core = require "tavus.core"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local parser = {}

---@class tavus.Command
---@field name string a second word is another name for it
---@field help string
---@field example string?
---@field arguments table[]? { name, help, args = "?" or "*", choices }
---@field options table[]? { "--name", help, argname = "<text>" of one with a value, convert = fn, choices = {...} }
---@field commands tavus.Command[]? commands below this one
---@field raw boolean? what follows is not read as options
---@field run (fun(context: tavus.Context, given: table): integer?)?

-- Options of every command.
local COMMON = {
  { "--json", "Write one JSON object a line." },
  { "--color", "Use colors: auto, always or never; auto heeds NO_COLOR.", argname = "<when>",
    choices = { "auto", "always", "never" } },
}

local function add_option(to, rule)
  if not rule.argname then return to:flag(rule[1], rule[2]) end
  local option = to:option(rule[1], rule[2]):argname(rule.argname)
  if rule.choices then option:choices(rule.choices) end
  if rule.convert then option:convert(rule.convert) end
  return option
end

-- An option given before a command and one given after it have targets of their own.
local function target_of(rule, level) return rule[1]:sub(3) .. level end

local function add_common(to, level)
  local options = {}
  for i, rule in ipairs(COMMON) do options[i] = add_option(to, rule):target(target_of(rule, level)) end
  to:group("Options of every command", unpack(options))
end

local function fill(to, command, level)
  for _, rule in ipairs(command.arguments or {}) do
    local argument = to:argument(rule[1], rule[2])
    if rule.args then argument:args(rule.args) end
    if rule.choices then argument:choices(rule.choices) end
  end
  for _, rule in ipairs(command.options or {}) do add_option(to, rule) end
  if command.raw then to:handle_options(false):add_help(false) else add_common(to, level) end
  if command.example then to:epilog("Example:\n  " .. command.example:gsub("\n", "\n  ")) end
  if not command.commands then return end
  local list, target = {}, "command" .. level
  for i, below in ipairs(command.commands) do
    -- the target keeps commands and options of one name apart
    list[i] = to:command(below.name, below.help):summary(below.help):target "any_command"
    fill(list[i], below, level + 1)
  end
  to:require_command(true):command_target(target)
end

--- Makes the parser.
---@param commands tavus.Command[]
---@param version string
---@return table
function parser.new(commands, version)
  local root = argparse("tavus-lua", "The calls of Tavus' persona API, from a shell.",
    "The key is read from TAVUS_API_KEY, the address from TAVUS_BASE_URL.\n\n"
    .. "Exit status: 0 done, 1 error, 2 changes or drift, 3 invalid body or files, 4 conflict or stale plan, "
    .. "5 partly applied, 6 key or credits, 130 interrupted.")
  root:help_max_width(100):usage_max_width(90)
  root:flag("--version", "Print the version."):action(function()
    print("tavus-lua " .. version)
    os.exit(0)
  end)
  fill(root, { commands = commands }, 1)
  return root
end

local function named(commands, name)
  for _, command in ipairs(commands) do
    if command.name:match "^%S+" == name then return command end
  end
end

-- What an unknown command or option was probably meant to be, where argparse has no idea.
local function tip_for(current, message)
  local what, name = message:match "^unknown (%a+) '(.-)'$"
  if not what then return "" end
  local known = {}
  for _, element in ipairs(what == "command" and current._commands or current._options) do
    for _, alias in ipairs(element._public_aliases) do known[alias] = true end
  end
  local near = core.nearest(name, known)
  return near and ("\nDid you mean '%s'?"):format(near) or ""
end

--- Reads the command line.
---@param root table of parser.new
---@param commands tavus.Command[]
---@param args string[]
---@return tavus.Command? command
---@return table|string given what was given, or a message with the usage
function parser.read(root, commands, args)
  local failure = {}
  function root.error(current, message)
    failure.message = ("%s\n%s (%s --help)"):format(current:get_usage(), message .. tip_for(current, message),
      current:_get_fullname())
    error(failure, 0)
  end
  local done, given = pcall(root.parse, root, args)
  if not done then
    if given ~= failure then error(given, 0) end
    return nil, failure.message
  end
  local command = named(commands, given.command1)
  local level = 2
  while command.commands do
    command = named(command.commands, given["command" .. level])
    level = level + 1
  end
  for _, rule in ipairs(COMMON) do
    local name = rule[1]:sub(3)
    for at = 1, level do
      local value = given[target_of(rule, at)]
      if value ~= nil then given[name] = value end
    end
  end
  return command, given
end

return parser
