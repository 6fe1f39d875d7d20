--- Programs that a spec runs beside itself: the same Lua again, or a shell command.
local process = {}

--- Quote one word for the shell.
---@param word string
---@return string
function process.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

--- The interpreter that runs this spec.
---@return string path as it was called
function process.interpreter()
  local lowest = 0
  while arg and arg[lowest - 1] do lowest = lowest - 1 end
  return arg and lowest < 0 and arg[lowest] or "lua"
end

--- Run a shell command to its end.
---@param command string shell text
---@param environment? table<string, string|false> variables for the command; false unsets one
---@return integer status the exit status, 128 + n when a signal ended it
---@return string output standard output and standard error as they came
function process.run(command, environment)
  local words = { "env" }
  local names = {}
  for name in pairs(environment or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = environment[name]
    if value == false then
      words[#words + 1] = "-u " .. name
    end
  end
  for _, name in ipairs(names) do
    local value = environment[name]
    if value ~= false then words[#words + 1] = name .. "=" .. process.quote(value) end
  end
  words[#words + 1] = "sh -c " .. process.quote(command)
  local pipe = assert(io.popen("{ " .. table.concat(words, " ") .. "; } 2>&1; echo \"[status $?]\""))
  local text = pipe:read("*a")
  pipe:close()
  local output, status = text:match("^(.*)%[status (%d+)%]\n$")
  return tonumber(status), output
end

--- Run a Lua file, or a chunk given as text, with the interpreter of this spec.
---@param what { file?: string, chunk?: string, arguments?: string }
---@param environment? table<string, string|false>
---@return integer status
---@return string output
function process.lua(what, environment)
  local command = process.quote(process.interpreter())
  if what.chunk then
    command = command .. " -e " .. process.quote(what.chunk)
  else
    command = command .. " " .. process.quote(what.file)
  end
  return process.run("exec " .. command .. (what.arguments and (" " .. what.arguments) or ""), environment)
end

return process
