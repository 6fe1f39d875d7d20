-- core.save, core.lock, core.list_dir, core.make_dir and core.is_terminal: what Lua lacks for files that several programs use.
local core = require "tavus.core"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local function run(command) return (select(2, process.run(command))) end

describe("files of the core", function()
  local folder

  before_each(function() folder = run("mktemp -d"):gsub("%s+$", "") end)
  after_each(function() run("rm -rf " .. process.quote(folder)) end)

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end

  it("are saved whole, over what is there, zero bytes and all", function()
    local path = folder .. "/rows"
    assert.is_true(core.save(path, "a\0b"))
    assert.equal("a\0b", wire.read_file(path))
    assert.is_true(core.save(path, "c"))
    assert.equal("c", wire.read_file(path))
    assert.same({ "rows" }, core.list_dir(folder))
  end)

  it("are kept in folders, which are made once", function()
    assert.is_true(core.make_dir(folder .. "/new"))
    assert.is_true(core.make_dir(folder .. "/new"))
    assert.is_true(core.save(folder .. "/new/rows", "a"))
    for _, wrong in ipairs { folder .. "/none/below", folder .. "/new/rows" } do
      local done, message = core.make_dir(wrong)
      assert.is_nil(done)
      assert.matches("cannot make the folder '" .. wrong .. "': ", message, 1, true)
    end
    assert.has_error(function() core.make_dir() end)
  end)

  it("are not saved over a folder, and the message names it", function()
    local done, message = core.save(folder, "x")
    assert.is_nil(done)
    assert.matches("cannot write '" .. folder .. "'", message, 1, true)
  end)

  it("are readable by their owner alone when they are new, and keep their permissions else", function()
    local path = folder .. "/rows"
    assert.is_true(core.save(path, "a"))
    assert.equal("600", (run("stat -c %a " .. process.quote(path)):gsub("%s", "")))
    run("chmod 644 " .. process.quote(path))
    assert.is_true(core.save(path, "b"))
    assert.equal("644", (run("stat -c %a " .. process.quote(path)):gsub("%s", "")))
  end)

  it("are locked by one holder at a time, also in one process", function()
    local path = folder .. "/state"
    local lock = assert(core.lock(path))
    assert.matches("/state$", lock:path())
    local second, message = core.lock(path, 0)
    assert.is_nil(second)
    assert.matches("another process holds its lock", message, 1, true)
    lock:release()
    lock:release()
    local third = assert(core.lock(path, 0))
    third:release()
    assert.same({}, core.list_dir(folder))
  end)

  it("are waited for as long as the caller says", function()
    local path = folder .. "/state"
    local held = io.popen(("%s -e 'local core = require \"tavus.core\" local lock = assert(core.lock(%q)) io.write(\"held\\n\") " ..
      "io.flush() local ends = os.time() + 2 while os.time() < ends do end'"):format(process.interpreter(), path))
    assert.equal("held", held:read "*l")
    local lock = assert(core.lock(path, 30))
    lock:release()
    held:close()
  end)

  it("are listed by name, sorted, without . and ..", function()
    for _, name in ipairs { "b", "a", "B", ".hidden", "with space" } do write(name, "") end
    assert.same({ ".hidden", "B", "a", "b", "with space" }, core.list_dir(folder))
  end)

  it("cannot be listed in a folder that is not there", function()
    local names, message = core.list_dir(folder .. "/none")
    assert.is_nil(names)
    assert.matches("cannot read the folder '" .. folder .. "/none'", message, 1, true)
    write("file", "")
    names, message = core.list_dir(folder .. "/file")
    assert.is_nil(names)
    assert.matches("cannot read the folder", message, 1, true)
  end)

  it("leave no descriptor open, also where memory or the folder fails", function()
    local function count() return #core.list_dir "/proc/self/fd" end
    local before = count()
    for _ = 1, 50 do
      core.list_dir(folder)
      core.list_dir(folder .. "/none")
      core.save(folder .. "/x", "y")
      core.save(folder, "y")
      assert(core.lock(folder .. "/x")):release()
    end
    assert.equal(before, count())
  end)

  it("tell a terminal from a pipe", function()
    local program = ("%s -e 'print(require(\"tavus.core\").is_terminal(1))'"):format(process.interpreter())
    assert.matches("false", run(program), 1, true)
    assert.matches("true", run("script -qec " .. process.quote(program) .. " /dev/null </dev/null"), 1, true)
  end)
end)
