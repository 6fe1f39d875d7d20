--- What the program writes: lines, tables and JSON on standard output, messages on standard error. Texts of a server
-- are written without control characters, and nothing is written that has a secret.

local core = require "tavus.core"
local redact = require "tavus.secret.redact"
local text = require "tavus.text"

local STDOUT, STDERR = 1, 2
local COLORS = { red = "31", green = "32", yellow = "33", cyan = "36", bold = "1", dim = "2" }
local DEFAULT_WIDTH = 80
local GAP = "  "

---@class tavus.Terminal
---@field json boolean? one JSON object a line
---@field is_terminal boolean of standard output
---@field session userdata? whose key is never shown
local Terminal = {}
Terminal.__index = Terminal

local terminal = {}

--- What is raised when standard output takes no more.
terminal.Closed = { __name = "tavus.cli.closed" }

local function wants_color(choice, descriptor)
  if choice == "always" then return true end
  local no_color = os.getenv "NO_COLOR"
  return choice ~= "never" and (no_color == nil or no_color == "") and os.getenv "TERM" ~= "dumb"
    and core.is_terminal(descriptor)
end

--- Makes the output of a run.
---@param given { json: boolean?, color: "auto"|"always"|"never" }
---@return tavus.Terminal
function terminal.new(given)
  return setmetatable({
    json = given.json, is_terminal = core.is_terminal(STDOUT),
    colored = { [STDOUT] = wants_color(given.color, STDOUT), [STDERR] = wants_color(given.color, STDERR) },
  }, Terminal)
end

--- A text without control characters, those of C1 included; line breaks stay.
---@param any any
---@return string
function terminal.safe(any)
  return (text.printable(tostring(any)):gsub("[\1-\8\11-\31\127%z]", "?"):gsub("\194[\128-\159]", "?"))
end

-- How many columns a text takes: one for each character.
local function columns(some) return #some - select(2, some:gsub("[\128-\191]", "")) end

--- The first columns of a text.
---@param some string
---@param most integer
---@return string
function terminal.cut(some, most)
  if columns(some) <= most then return some end
  local count, stop = 0, #some
  for at in some:gmatch "()[^\128-\191]" do
    count = count + 1
    if count == most - 2 then stop = at - 1 end
  end
  return some:sub(1, stop) .. "..."
end

local function check(done, message)
  if not done then error(setmetatable({ message = message }, terminal.Closed), 0) end
end

--- Writes to standard output.
---@param some string
function Terminal.write(_, some) check(io.stdout:write(some)) end

--- Writes what is buffered.
function Terminal.flush(_) check(io.stdout:flush()) end

--- Writes a line.
---@param some any
---@param color string?
function Terminal:line(some, color) self:write(self:paint(terminal.safe(some), color) .. "\n") end

--- Writes a line for people to standard error.
---@param some any
---@param color string?
function Terminal:note(some, color)
  io.stderr:write(self:paint(terminal.safe(redact.text(self.session, tostring(some))), color, STDERR), "\n")
end

--- A text in a color, where colors are wanted.
---@param some string
---@param color string?
---@param descriptor integer? of standard output by default
---@return string
function Terminal:paint(some, color, descriptor)
  if not color or some == "" or not self.colored[descriptor or STDOUT] then return some end
  return ("\27[%sm%s\27[0m"):format(COLORS[color], some)
end

--- The value as JSON without secrets.
---@param value any
---@return string
function Terminal:encoded(value)
  local json, issues = core.encode(value)
  if not json then error(tostring(issues[1].message), 0) end
  return redact.text(self.session, json, core.gather(json))
end

--- Writes a value as one line of JSON.
---@param value any
function Terminal:object(value) self:write(self:encoded(value) .. "\n") end

-- JSON with line breaks and indents.
local function indented(json)
  local out, depth, at = {}, 0, 1
  local function newline() return "\n" .. ("  "):rep(depth) end
  while at <= #json do
    local char, following = json:sub(at, at), json:sub(at + 1, at + 1)
    local stop = at
    if char == '"' then
      repeat
        stop = json:find('["\\]', stop + 1)
        local escapes = json:sub(stop, stop) == "\\"
        if escapes then stop = stop + 1 end
      until not escapes
      out[#out + 1] = json:sub(at, stop)
    elseif (char == "{" or char == "[") and (following == "}" or following == "]") then
      out[#out + 1], stop = char .. following, at + 1
    elseif char == "{" or char == "[" then
      depth = depth + 1
      out[#out + 1] = char .. newline()
    elseif char == "}" or char == "]" then
      depth = depth - 1
      out[#out + 1] = newline() .. char
    elseif char == "," then
      out[#out + 1] = "," .. newline()
    elseif char == ":" then
      out[#out + 1] = ": "
    else
      out[#out + 1] = char
    end
    at = stop + 1
  end
  return table.concat(out)
end

--- Writes a value: for people on a terminal, as one line of JSON elsewhere.
---@param value any
function Terminal:value(value)
  if self.json or not self.is_terminal then return self:object(value) end
  self:write(terminal.safe(indented(self:encoded(value))) .. "\n")
end

-- The width of the terminal.
local function width_of()
  local given = tonumber(os.getenv "COLUMNS")
  if given and given >= 20 then return given end
  local pipe = io.popen("stty size 2>/dev/null", "r")
  local size = pipe and pipe:read "*a" or ""
  if pipe then pipe:close() end
  local found = tonumber(size:match "^%d+ (%d+)")
  return found and found >= 20 and found or DEFAULT_WIDTH
end

--- Writes a table of texts that fits the terminal: the last columns are cut, or left out.
---@param titles string[]
---@param rows any[][]
function Terminal:rows(titles, rows)
  local left, widths = self.is_terminal and width_of() or math.huge, {}
  local all = { titles }
  for _, row in ipairs(rows) do all[#all + 1] = row end
  for i = 1, #titles do
    local width = 0
    for _, row in ipairs(all) do
      row[i] = terminal.safe(row[i]):gsub("[\n\t]", " ")
      width = math.max(width, columns(row[i]))
    end
    widths[i] = math.min(width, left)
    left = left - widths[i] - #GAP
    if left <= 3 then break end
  end
  for number, row in ipairs(all) do
    local cells = {}
    for i, width in ipairs(widths) do
      local cell = terminal.cut(row[i], width)
      cells[i] = i < #widths and cell .. (" "):rep(width - columns(cell)) or cell
    end
    self:write(self:paint(table.concat(cells, GAP):gsub(" +$", ""), number == 1 and "bold" or nil) .. "\n")
  end
end

--- Reports an error on standard error.
---@param err tavus.Error
function Terminal:failure(err)
  if not self.json then return self:note("tavus-lua: " .. tostring(err), "red") end
  local shown = {}
  for _, name in ipairs { "type", "message", "hint", "code", "status", "request_id", "ambiguous", "issues" } do
    shown[name] = err[name]
  end
  io.stderr:write(self:encoded { error = shown }, "\n")
end

return terminal
