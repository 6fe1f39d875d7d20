--- How far a wait has come, for people: a bar on a terminal, plain lines elsewhere.

local core = require "tavus.core"
local options = require "tavus.options"

local STDERR = 2
local WIDTH = 24

local rules = { write = { type = "function" }, bar = { type = "boolean" } }

local function to_stderr(text)
  io.stderr:write(text)
  io.stderr:flush()
end

local function percent_of(facts) return facts.fraction and ("%3d%%"):format(math.floor(facts.fraction * 100)) end

local function bar_of(facts)
  local filled = math.floor((facts.fraction or 0) * WIDTH)
  return ("[%s%s] %s"):format(("#"):rep(filled), ("-"):rep(WIDTH - filled), percent_of(facts) or "")
end

-- Words that name what is waited for. A status is the server's text: control characters would reach the terminal.
local function words_of(facts)
  local status = tostring(facts.status or "no status"):gsub("[^\32-\126\128-\255]", "?")
  return ("%s %s: %s"):format(facts.kind, facts.id:gsub("[^\32-\126\128-\255]", "?"), status)
end

--- Makes a function for the option `on_progress` of `wait`. It writes to standard error.
---@param given { write: (fun(text: string))?, bar: boolean? }? write: where to, in place of standard error; bar: a bar
--- that is drawn over, or lines; by default a bar when standard error is a terminal
---@return fun(facts: tavus.Progress)
return function(given)
  options.check(given, rules, "tavus.progress", 2)
  given = given or {}
  local write, bar, last = given.write or to_stderr, given.bar, nil
  if bar == nil then bar = not given.write and core.is_terminal(STDERR) and os.getenv "TERM" ~= "dumb" end
  return function(facts)
    if bar then
      return write(("\r%s %s, %.0f s\27[K%s"):format(bar_of(facts), words_of(facts), facts.elapsed,
        facts.done and "\n" or ""))
    end
    local percent = percent_of(facts)
    local line = words_of(facts) .. (percent and percent:gsub("^ *", " ") or "")
    if line == last then return end
    last = line
    write(line .. "\n")
  end
end
