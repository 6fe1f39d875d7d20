-- What was loaded works on, though the modules can no longer be read (the program changed its directory, gave up its
-- rights, or was replaced by a new version) and though the host took `require` and its kin away.
local process = require "spec.support.process"

local quote = process.quote

local function is_file(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

describe("after tavus.new and sandbox.start every public function works", function()
  local folder, environment

  -- The modules in a folder of their own, found by a relative path.
  before_each(function()
    local share, own
    for template in package.path:gmatch "[^;]+" do
      own = template:match "^(.+/)share/lua/[%d.]+/%?%.lua$"
      if own and is_file((template:gsub("?", "tavus/errors"))) then
        share = template:match "^(.*)/"
        break
      end
    end
    folder = os.tmpname()
    local lib = share:gsub("/share/lua/", "/lib/lua/")
    assert.equal(0, process.run(("rm %s && mkdir %s && cp -r %s %s/lua && cp -r %s %s/c && cp spec/support/late.lua %s"):format(
      folder, folder, quote(share), folder, quote(lib), folder, folder)))
    environment = {}
    for _, name in ipairs { "LUA_PATH", "LUA_CPATH", "LUA_PATH_5_4", "LUA_CPATH_5_4" } do environment[name] = false end
    local function others(path)
      local kept = {}
      for template in path:gmatch "[^;]+" do
        if template:sub(1, #own) ~= own and template:sub(1, 1) == "/" then kept[#kept + 1] = template end
      end
      return table.concat(kept, ";")
    end
    environment.LUA_PATH = "./lua/?.lua;./lua/?/init.lua;" .. others(package.path)
    environment.LUA_CPATH = "./c/?.so;" .. others(package.cpath)
  end)

  after_each(function() process.run("rm -rf " .. folder) end)

  local function works(lose)
    local status, output = process.run(("cd %s && exec %s late.lua %s"):format(folder, process.interpreter(), quote(lose)), environment)
    assert.equal(0, status, output)
    assert.matches("everything works", output, 1, true)
  end

  it("when nothing was lost", function() works "nothing" end)
  it("when the files are gone", function() works "files" end)
  it("when the directory is another", function() works "directory" end)
  it("when the host took its globals away", function() works "globals" end)
  it("when the host took its globals away before tavus.new and sandbox.start", function() works "early" end)
  it("when all of this happened", function() works "files, directory, early" end)
end)
