--- The program tavus-sandbox, beside a spec.
local process = require "spec.support.process"

--- Runs the program until `use` has returned and the signal has ended it.
---@param arguments string
---@param signal string e.g. "TERM"
---@param use fun(first: string, pipe: file*) what the program prints first (with --quiet, its URL), and the rest of it
---@return integer status
---@return string rest what it printed beside that, also on standard error
return function(arguments, signal, use)
  local pipe = assert(io.popen(("%s lua/tavus/sandbox/cli.lua %s 2>&1 & echo $!; wait $!; echo \"[status $?]\""):format(
    process.quote(process.interpreter()), arguments)))
  local pid = assert(tonumber((pipe:read "*l")))
  local first = pipe:read "*l"
  local done, message = pcall(use, first, pipe)
  os.execute(("kill -%s %d"):format(signal, pid))
  local rest = pipe:read "*a"
  pipe:close()
  assert(done, message)
  return tonumber(rest:match "%[status (%d+)%]"), rest
end
