--- The README of each folder, for the specs that run what it shows.
local readme = {}

--- Their paths, that of the root first.
---@type string[]
readme.files = {}

do
  local pipe = assert(io.popen "find . -name '.?*' -prune -o -name README.md -print | LC_ALL=C sort")
  for path in pipe:lines() do readme.files[#readme.files + 1] = path:sub(3) end
  pipe:close()
end

---@param path string
---@return string
function readme.text(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

---@class tavus.spec.Block
---@field text string
---@field language string what stands behind the fence, "" for nothing
---@field file string
---@field line integer that of the fence
---@field where string file and line, for the name of a spec

-- The fenced blocks of one file, in order.
local function blocks_of(file)
  local blocks, block, number = {}, nil, 0
  for line in io.lines(file) do
    number = number + 1
    local language = line:match "^```(.*)$"
    if not block and language then
      block = { language = language, file = file, line = number, where = ("%s, line %d"):format(file, number) }
    elseif language then
      block.text = table.concat(block, "\n")
      blocks[#blocks + 1], block = block, nil
    elseif block then
      block[#block + 1] = line
    end
  end
  assert(not block, "an open block in " .. file)
  return blocks
end

--- Their fenced blocks.
---@param language? string only those of a language
---@param only? string only those of this file
---@return tavus.spec.Block[]
function readme.blocks(language, only)
  local blocks = {}
  for _, file in ipairs(only and { only } or readme.files) do
    for _, block in ipairs(blocks_of(file)) do
      if not language or block.language == language then blocks[#blocks + 1] = block end
    end
  end
  return blocks
end

--- Whether a block is a game of LÖVE, which plain Lua cannot run.
---@param block tavus.spec.Block
---@return boolean
function readme.is_game(block)
  return block.text:find "^%-%- main%.lua" ~= nil
end

--- The path of the file of a setup that a block shows, or nil.
---@param block tavus.spec.Block
---@return string?
function readme.setup_file(block)
  return block.language == "lua" and block.text:match "^%-%- (personas/[%w_]+%.lua)" or nil
end

--- Whether a block of shell text builds the C program that stands below it.
---@param block tavus.spec.Block
---@return boolean
function readme.is_compilation(block)
  return block.text:find "npc%.c" ~= nil
end

return readme
