--- The programs that the documents show, for the specs that run them.
local readme = {}

--- The fenced blocks of a language, in order.
---@param language string what stands behind the fence
---@param name string? file; default: README.md
---@return { text: string, line: integer }[]
function readme.blocks(language, name)
  name = name or "README.md"
  local blocks, lines, start, number = {}, nil, nil, 0
  for line in io.lines(name) do
    number = number + 1
    if lines then
      if line:match "^```" then
        blocks[#blocks + 1] = { text = table.concat(lines, "\n"), line = start }
        lines = nil
      else
        lines[#lines + 1] = line
      end
    elseif line:match("^```" .. language .. "%s*$") then
      lines, start = {}, number
    end
  end
  assert(not lines, "an open block in " .. name)
  return blocks
end

--- Whether a block is a game of LÖVE, which plain Lua cannot run.
---@param block { text: string }
---@return boolean
function readme.is_game(block)
  return block.text:find "^%-%- main%.lua" ~= nil
end

return readme
