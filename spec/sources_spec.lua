-- What Lua 5.5 refuses and 5.4 takes: assigning to the variable that counts a loop. 5.4 finds it where it is told that the
-- variable is a constant; before 5.4 nothing can be constant.
if _VERSION ~= "Lua 5.4" then return end

local readme = require "spec.support.readme"

local function constant(before, name)
  if name == "_" then return nil end
  return ("%s local %s <const> = %s;"):format(before, name, name)
end

local function check(text, name)
  text = text:gsub("^#[^\n]*", ""):gsub("(%f[%w_]for%s+([%a_][%w_]*)[^\n]-%f[%w_]do%f[^%w_])", constant)
  assert(load(text, "@" .. name, "t"))
end

describe("no loop assigns to its variable:", function()
  local files = assert(io.popen "find lua spec examples -name '*.lua'")
  for name in files:lines() do
    it(name, function()
      local file = assert(io.open(name))
      local text = file:read "a"
      file:close()
      check(text, name)
    end)
  end
  files:close()

  it("the READMEs", function()
    for _, block in ipairs(readme.blocks "lua") do check(block.text, block.where) end
  end)

  it("and would be found", function()
    assert.has_error(function() check("for i = 1, 2 do i = 3 end", "a loop") end)
    assert.has_error(function() check("for k, v in next, {} do k, v = v, k end", "a loop") end)
  end)
end)
