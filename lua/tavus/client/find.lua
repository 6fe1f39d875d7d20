--- Finds a row by its name. Tavus was seen to drop punctuation from the names that it stores, so a row whose name
-- differs in punctuation and blanks only is found, too, and the meta says so.

local errors = require "tavus.errors"
local pages = require "tavus.client.pages"
local text = require "tavus.text"

local find = {}

-- How many ids an error names, and how much of a name.
local MOST_IDS, MOST_NAME = 10, 100

-- Ranges of characters beyond ASCII that are neither letters nor digits: punctuation, blanks, symbols, emoji.
local SIGNS = {
  { 0x80, 0xA9 }, { 0xAB, 0xB4 }, { 0xB6, 0xB9 }, { 0xBB, 0xBF }, { 0xD7, 0xD7 }, { 0xF7, 0xF7 }, { 0x2000, 0x2BFF },
  { 0x2E00, 0x2E7F }, { 0x3000, 0x3004 }, { 0x3008, 0x3020 }, { 0x30FB, 0x30FB }, { 0xFE00, 0xFE6F },
  { 0xFF00, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 }, { 0x1F000, 0x1FAFF },
}

-- The number of a character of several bytes.
local function code_of(character)
  local lead = character:byte()
  local code = lead < 0xE0 and lead - 0xC0 or lead < 0xF0 and lead - 0xE0 or lead - 0xF0
  for i = 2, #character do code = code * 64 + character:byte(i) - 0x80 end
  return code
end

local function is_sign(character)
  if #character == 1 then return not character:find "[%w\128-\255]" end
  local code = code_of(character)
  for _, range in ipairs(SIGNS) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

-- The letters and digits of a name, and what lies before each of them by its position: " " (blanks alone) or "-"
-- (punctuation). Blanks at the ends do not count.
local function folded(name)
  local letters, gaps, gap = {}, {}, nil
  for character in name:gmatch "[^\128-\191][\128-\191]*" do
    if character:find "^%s$" then
      gap = gap or " "
    elseif is_sign(character) then
      gap = "-"
    else
      letters[#letters + 1] = character
      gaps[#letters], gap = #letters > 1 and gap or nil, nil
    end
  end
  return table.concat(letters), gaps, #letters
end

-- Whether two names differ in punctuation and blanks only. Where one has nothing at all, the other may have punctuation
-- ("O'Neil", "ONeil"), but not blanks alone ("Math Tutor" is not "MathTutor").
local function resembles(wanted, name)
  local letters, gaps, count = folded(wanted)
  local others, other_gaps = folded(name)
  if letters ~= others or count == 0 then return false end
  for i = 2, count do
    local a, b = gaps[i], other_gaps[i]
    if a == nil and b == " " or b == nil and a == " " then return false end
  end
  return true
end

local function name_of(row, names)
  for i = 1, #names do
    if type(row[names[i]]) == "string" then return row[names[i]] end
  end
  return nil
end

local function problem(kind, code, message, hint)
  return errors.new { type = kind, code = code, message = message, hint = hint, retryable = false, ambiguous = false }
end

-- The error for several rows.
local function several(class, name, rows)
  local ids = {}
  for i = 1, math.min(#rows, MOST_IDS) do ids[i] = tostring(pages.id_of(rows[i], class.id_names)) end
  if #rows > MOST_IDS then ids[#ids + 1] = "..." end
  return problem("conflict", "several", ("%d %s are named %q: %s"):format(#rows, class.collection, name,
    table.concat(ids, ", ")), "take the right one by its id, and rename or delete the others")
end

--- The rows of a name: those with exactly it, else those whose names differ in punctuation and blanks only.
---@param rows table[]
---@param name string
---@param names string[] the members that may have the name
---@return table[] found
---@return boolean renamed
function find.pick(rows, name, names)
  local exact, similar = {}, {}
  for _, row in ipairs(rows) do
    local other = type(row) == "table" and name_of(row, names)
    if other == name then
      exact[#exact + 1] = row
    elseif other and #exact == 0 and resembles(name, other) then
      similar[#similar + 1] = row
    end
  end
  if #exact > 0 then return exact, false end
  return similar, #similar > 0
end

--- The method `find(name, options)` of a resource.
---@param class table
---@param op table the list operation
---@param client_of fun(self: any, class: table, name: string, level: integer): table
---@return function
function find.method(class, op, client_of)
  local title, filter = class.collection .. ":find", nil
  if op.find then -- the query by which the list shows rows that have names
    local key, value = op.find:match "^(.-)=(.*)$"
    filter = { [key] = value }
  end
  return function(self, name, given)
    local client = client_of(self, class, "find", 2)
    if type(name) ~= "string" then error(("%s: wants a name, not %s"):format(title, type(name)), 2) end
    local walk, err = pages.walk(client, op, filter, given, title, 2)
    if not walk then return nil, err end
    local rows, row = {}
    row, err = pages.next(walk)
    while row do
      local other = type(row) == "table" and name_of(row, class.names)
      if other and (other == name or resembles(name, other)) then rows[#rows + 1] = row end
      row, err = pages.next(walk)
    end
    if err then return nil, err end
    local found, renamed = find.pick(rows, name, class.names)
    local shown = text.cut(name, MOST_NAME)
    if #found > 1 then return nil, several(class, shown, found) end
    if #found == 0 then
      return nil, problem("not_found", "name", ("no %s is named %q%s"):format(class.name, shown,
        walk.capped and (" on the first %d pages"):format(walk.read) or ""),
        "names are compared by their letters, digits and blanks; case counts")
    end
    local meta = walk.meta
    if renamed then meta.renamed = true end
    return found[1], meta
  end
end

return find
