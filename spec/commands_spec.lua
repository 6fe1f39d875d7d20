-- The commands that the documents show run as they stand there, in a copy of the tree that is built already.
-- Once is enough: each names its Lua.
if _VERSION ~= "Lua 5.4" then return end

local process = require "spec.support.process"
local readme = require "spec.support.readme"

local quote = process.quote

-- What takes minutes, or goes on until Ctrl-C, and runs elsewhere: what stands in for it here.
local stand_ins = {
  { "^make (test)%f[%W]", "grep -q '^%1:' Makefile" },
  { "^make (bench)%f[%W]", "grep -q '^%1:' Makefile" },
  { "^make (check)%f[%W]", "grep -q '^%1:' Makefile" },
  { "^make (fuzz)%f[%W]", "grep -q '^%1:' Makefile" },
  { "^make (trust)%f[%W]", "grep -q '^%1:' Makefile" },
  { "^%.ci/(%w+)", "sh -n .ci/%1" },
  { "^[%u=%l ]*(spec/soak/run)", "sh -n %1" },
  { "^[%u=%d ]*(examples/%w+/run)", "sh -n %1" },
  { "^tavus%-sandbox(.*)", function(arguments)
    return "(. .ci/serve; serve_sandbox" .. arguments:gsub("%-%-port %d+", "") .. "; serve_end)"
  end },
}

local function runnable(line)
  for _, row in ipairs(stand_ins) do
    local pattern, command = row[1], row[2]
    if line:find(pattern) then
      local first = line:match(pattern)
      return type(command) == "function" and command(first) or (command:gsub("%%1", first))
    end
  end
  return line
end

-- Builds are copied with their times, so that none is made again. luarocks.lua says where LuaRocks installs when it is not told
-- where to, with the flags of these builds; what a rock depends on is here already.
local prepare = [[
  set -e
  mkdir -p FOLDER/home FOLDER/tree/.build
  cp -Rp Makefile .ci .busted .luacheckrc csrc lua examples spec ./*.rockspec ./*.md FOLDER/tree
  for build in lua5.4 lua5.4-asan; do [ ! -e .build/$build ] || cp -Rp .build/$build FOLDER/tree/.build; done
  printf 'rocks_trees = { { name = "home", root = "%s/rocks" } }\ndeps_mode = "none"\nvariables = { CC = "cc", CFLAGS = "-O2" }\n' \
    FOLDER/home > FOLDER/luarocks.lua
]]

describe("the commands that the documents show", function()
  local folder, environment

  setup(function()
    local status, output = process.run [[mktemp -d "${TMPDIR:-/tmp}/tavus.XXXXXX"]]
    assert(status == 0, output)
    folder = output:match "^[^\n]+"
    status, output = process.run((prepare:gsub("FOLDER", quote(folder))))
    assert(status == 0, output)
    environment = { HOME = folder .. "/home", LUAROCKS_CONFIG = folder .. "/luarocks.lua" }
    for name in ("MAKEFLAGS MFLAGS MAKELEVEL LUA_PATH LUA_CPATH CC CPPFLAGS CFLAGS LDFLAGS LIBFLAG"):gmatch "%S+" do
      environment[name] = false
    end
  end)

  teardown(function() process.run("rm -rf " .. quote(folder)) end)

  local count = 0
  for _, block in ipairs(readme.blocks "sh") do
    if not readme.is_compilation(block) then
      count = count + 1
      it(block.where, function()
        local lines = { "set -e", "cd " .. quote(folder .. "/tree"), [[eval "$(make -s env LUA=lua5.4)"]] }
        for line in (block.text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = runnable(line) end
        local status, output = process.run(table.concat(lines, "\n"), environment)
        assert.equal(0, status, output)
      end)
    end
  end

  it("are found", function() assert.is_true(count >= 4) end)
end)
