-- What the files of a setup can use, and what a slip in them ends in.
local setup = require "tavus.setup"
local setups = require "spec.support.setups"

local function load(files, variables)
  if type(files) == "string" then files = { ["a.lua"] = files } end
  return setup.load(setups.folder(files), { getenv = function(name) return (variables or {})[name] end })
end

-- The one fault of a folder, as a line.
local function fault_of(files)
  local loaded, err = load(files)
  assert.is_nil(loaded)
  assert.equal("validation", err.type, tostring(err))
  assert.equal(1, #err.issues, tostring(err))
  return tostring(err.issues[1])
end

local PERSONA = '\npersona "p" { system_prompt = "Hi." }'

describe("the files of a setup", function()
  after_each(setups.clean)

  it("have the builders, string, table, math and the harmless part of Lua", function()
    local loaded = assert(load [[
      local tavus_again = require "tavus"
      assert(tavus_again == tavus and tavus.null ~= nil and tavus.array {} and tavus.object {})
      local ok, message = pcall(error, "x", 0)
      assert(not ok and message == "x")
      local kept = {}
      for i, word in ipairs { "a", "b" } do table.insert(kept, ("%d%s"):format(i, word:upper())) end
      for name, value in pairs { x = 1 } do kept[#kept + 1] = name .. tostring(value) end
      kept[#kept + 1] = tostring(math.floor(2.5)) .. select("#", 1, 2) .. type(next) .. tonumber "7"
      local meta = setmetatable({}, { __index = { y = "z" } })
      local a = { (table.unpack or unpack)({ 1, 2 }) }
      assert(rawget(meta, "y") == nil and meta.y == "z" and #a == 2 and not rawequal(a, meta))
      persona "p" {
        system_prompt = table.concat(kept, " "),
        layers = { perception = tavus.perception "raven-1":visual_query "Alone?" },
      }]])
    assert.equal("1A 2B x1 22function7", loaded.declarations[1].body.system_prompt)
    assert.same({ "Alone?" }, loaded.declarations[1].body.layers.perception.visual_awareness_queries)
  end)

  it("have the declarations that editors are told of", function()
    local file = assert(io.open "lua/tavus/setup/globals.lua")
    local text, names = file:read "*a", {}
    file:close()
    for name in text:gmatch "\nfunction ([%l_]+)" do names[#names + 1] = name end
    for name in text:gmatch "\n([%l_]+) = nil" do names[#names + 1] = name end
    assert.is_true(#names >= 11)
    for _, name in ipairs(names) do assert(load(("assert(%s)"):format(name) .. PERSONA)) end
    for kind in pairs(require "tavus.setup.kinds") do assert.is_truthy(text:find("%f[%l]" .. kind .. "[%( ]"), kind) end
  end)

  it("have no way out, and say so", function()
    for name, said in pairs {
      os = 'no os; env "NAME"', io = 'no io; file "name.md"', debug = "no debug", load = "no load; require",
      loadstring = "no loadstring", dofile = "no dofile", loadfile = "no loadfile", package = "no package",
      coroutine = "no coroutine", getmetatable = "no getmetatable", xpcall = "no xpcall",
    } do
      assert.matches("^a.lua:2: .*" .. said:gsub("%p", "%%%0"), fault_of("\nlocal x = " .. name .. ".x"))
    end
    for _, gone in ipairs { "string.dump", "collectgarbage", "setfenv", "getfenv", "newproxy", "jit", "arg", "ffi" } do
      local text = gone:find "%." and "assert(%s == nil)" or "assert(not rawget(_G, %q))"
      assert(load(text:format(gone) .. PERSONA))
    end
    assert.matches("tavus.new is not there", fault_of "tavus.new {}", 1, true)
    assert.matches('did you mean "tavus.string"?', fault_of "tavus.strng 'x'", 1, true)
  end)

  it("name a global that was probably meant", function()
    assert.equal('a.lua:2: there is no personna (did you mean "persona"?)', fault_of '\npersonna "x" {}')
    assert.equal("a.lua:1: there is no frobnicate", fault_of "frobnicate()")
  end)

  it("have globals of their own, and libraries that are not the program's", function()
    assert(load { ["a.lua"] = "x = 1 string.format = nil table.concat = nil math.pi = 3" .. PERSONA,
      ["b.lua"] = "assert(rawget(_G, 'x') == nil)" })
    assert.equal("function", type(string.format))
    assert.equal("function", type(table.concat))
    assert.is_true(math.pi > 3)
    assert.is_nil(rawget(_G, "x"))
  end)

  it("are text, and no bytecode", function()
    assert.matches("^a.lua:1: is bytecode, and Lua text is expected", fault_of(string.dump(function() end)))
  end)

  it("tell errors with file and line", function()
    assert.matches("^a.lua:3: .*expected", fault_of "\n\nlocal = 3")
    assert.matches("^a.lua:3: attempt to index", fault_of "\n\nlocal x = (nil).y")
    assert.equal("a.lua:2: my words", fault_of "\nerror 'my words'")
    assert.equal("a.lua:2: words without a place", fault_of "\nerror('words without a place', 0)")
    assert.equal("a.lua:2: raised a table", fault_of "\nerror {}")
    local long = ("x"):rep(80) .. "/" .. ("y"):rep(80) .. ".lua"
    assert.equal(long .. ":2: far below", fault_of { [long] = "\nerror 'far below'" })
    assert.matches("^" .. long:gsub("%p", "%%%0") .. ":1: ", fault_of { [long] = "x = = 1" })
  end)

  it("can end an error with pcall", function()
    assert(load("local ok, why = pcall(function() local x = (nil).y end) assert(not ok and why:find 'index')" .. PERSONA))
  end)

  describe("require", function()
    it("runs a file of the folder once, wherever it is required", function()
      local loaded = assert(load {
        ["a.lua"] = 'local c = require "lib.common" persona "a" { system_prompt = c.prompt, guardrail_ids = { c.calm } }',
        ["b.lua"] = 'local c = require "lib.common" persona "b" { system_prompt = c.prompt, guardrail_ids = { c.calm } }',
        ["lib/common.lua"] = 'return { prompt = "Hi.", calm = guardrail "calm" { guardrail_prompt = "x" } }',
      })
      assert.equal(3, #loaded.declarations)
      assert.equal("lib/common.lua", loaded.declarations[3].file)
      assert.equal(loaded.declarations[3], loaded.declarations[1].body.guardrail_ids[1])
    end)

    it("also finds what begins with _, which is not read by itself", function()
      local loaded = assert(load { ["a.lua"] = 'persona "a" { system_prompt = require "_words".hi }',
        ["_words.lua"] = 'return { hi = "Hi." }' })
      assert.equal("Hi.", loaded.declarations[1].body.system_prompt)
    end)

    it("names a circle, a missing file and a name that is none", function()
      assert.equal("b.lua:1: a.lua is being read already: a circle of require: a.lua -> b.lua (move what both use to a third"
        .. " file)", fault_of { ["a.lua"] = 'require "b"', ["b.lua"] = 'require "a"' })
      assert.equal('a.lua:1: there is no file comon.lua in the setup\'s folder (did you mean require "common"?)',
        fault_of { ["a.lua"] = 'require "comon"', ["common.lua"] = "" })
      for _, name in ipairs { '"../x"', '"/etc/passwd"', '""', "3", '"a/b"' } do
        assert.matches("require takes the name of a Lua file in the setup's folder", fault_of("require(" .. name .. ")"), 1, true)
      end
    end)

    it("reports the faults of what it runs once, at their place", function()
      local loaded, err = load { ["a.lua"] = 'require "b"', ["b.lua"] = "\nerror 'in b'", ["c.lua"] = 'require "b"' }
      assert.is_nil(loaded)
      assert.equal("b.lua:2: in b", tostring(err.issues[1]))
    end)
  end)

  describe("file", function()
    it("is the text of a file, from the folder of the Lua file, without the line break at its end", function()
      local loaded = assert(load { ["p/a.lua"] = 'persona "a" { system_prompt = file "a.md", greeting = file "../hi.txt" }',
        ["p/a.md"] = "One.\n\nTwo.\n\n", ["hi.txt"] = "Hi" })
      assert.equal("One.\n\nTwo.\n", loaded.declarations[1].body.system_prompt)
      assert.equal("Hi", loaded.declarations[1].body.greeting)
    end)

    it("names the file that is missing, and the one that was probably meant", function()
      assert.matches('^p/a.lua:1: cannot read p/intervewer.md: .*%(did you mean "intervewers?.md"%?%)',
        (fault_of { ["p/a.lua"] = 'persona "a" { system_prompt = file "intervewer.md" }', ["p/interviewer.md"] = "x" }
          :gsub("interviewer", "intervewer")))
      assert.matches("make it, or write file", fault_of 'persona "a" { system_prompt = file "a.md" }', 1, true)
    end)

    it("stays in the folder", function()
      for _, name in ipairs { "/etc/passwd", "../../etc/passwd", "x/../../y" } do
        assert.matches("is not inside the setup's folder", fault_of(('persona "a" { system_prompt = file %q }'):format(name)),
          1, true)
      end
      assert.matches("file takes the name of a file, not nil", fault_of "file(nil)", 1, true)
    end)
  end)

  describe("env and secret", function()
    it("name a variable that is not set, or empty", function()
      assert.equal("a.lua:2: the environment variable A_URL is not set (set it: export A_URL=...)",
        fault_of '\nlocal u = env "A_URL" persona "a" { system_prompt = u .. "!" }')
      local loaded, err = load('persona "a" { system_prompt = env "E", layers = { llm = { model = "m",'
        .. ' base_url = "https://x.example.com", api_key = secret "S" } } }', { E = "", S = "" })
      assert.is_nil(loaded)
      assert.equal("a.lua:1: the environment variable E is empty (set it: export E=...)", tostring(err.issues[1]))
      assert.equal("a.lua:1: /layers/llm/api_key: the environment variable S is not set, or empty (set it: export S=...)",
        tostring(err.issues[2]))
    end)

    it("name what is not the name of a variable", function()
      for _, what in ipairs { "env", "secret" } do
        for _, name in ipairs { '"A B"', '""', "nil", '"9X"', "{}" } do
          assert.matches(what .. " takes the name of an environment variable, not", fault_of(what .. "(" .. name .. ")"), 1, true)
        end
      end
    end)

    it("use the environment of the process by default", function()
      local dir = setups.folder { ["a.lua"] = 'persona "a" { system_prompt = env "HOME" }' }
      assert.equal(os.getenv "HOME", assert(setup.load(dir)).declarations[1].body.system_prompt)
    end)
  end)

  describe("that do not end", function()
    local LOOPS = {
      ["a loop"] = "while true do end",
      ["a loop of calls"] = "local function f() return f() end f()",
      ["a loop inside pcall"] = "while true do pcall(function() while true do end end) end",
      ["pcalls inside each other"] = "local function f() pcall(f) while true do end end f()",
      ["a loop of errors"] = "while true do pcall(error, 'x') end",
      ["a loop in a metamethod"] =
        "local t = setmetatable({}, { __index = function(t, k) return t[k .. 'x'] end }) while true do pcall(function() return t.x end) end",
      ["a loop in a comparison"] = "local t = {} for i = 1, 1e4 do t[i] = i % 7 end "
        .. "while true do pcall(table.sort, t, function(a, b) return a < b end) end",
      ["a loop in gsub"] = "while true do (('x'):rep(1000)):gsub('.', function() return 'y' end) end",
      ["a recursion in tables"] =
        "local t = {} for i = 1, 60 do t = { t, t } end persona 'p' { system_prompt = 'x', layers = t }",
    }
    for name, text in pairs(LOOPS) do
      it("end in an error with file and line: " .. name, function()
        local said = fault_of("\n" .. text)
        assert.matches("^a.lua:2: takes more than %d+ %w+ .*%(is there an endless loop%?%)", said)
      end)
    end

    it("do so also in a file that another one requires", function()
      assert.matches("^b.lua:2: takes more than", fault_of { ["a.lua"] = 'require "b"', ["b.lua"] = "\nwhile true do end" })
    end)

    it("do not keep the other files from being read", function()
      local _, err = load { ["a.lua"] = "while true do end", ["b.lua"] = "\nfoo()", ["c.lua"] = "while true do end" }
      assert.equal(3, #err.issues)
    end)
  end)

  describe("that make something endless", function()
    local TEXTS = {
      ["a text that doubles"] = { "local s = 'x' while true do s = s .. s end", "takes more than 64 MiB of memory" },
      ["a table that grows"] = { "local t = {} while true do t[#t + 1] = ('x'):rep(1e5) .. #t end", "takes more than 64 MiB of memory" },
      ["string.rep"] = { "local s = string.rep('x', 1e9)", "string.rep would make a text of more than 16 MiB" },
      ["rep as a method"] = { "local s = ('x'):rep(1e9)", "string.rep would make a text of more than 16 MiB" },
      ["rep with a separator"] = { "local s = (''):rep(1e9, 'ab')", _VERSION ~= "Lua 5.1" and "string.rep would make" },
      ["string.gsub"] = { "local s = ('x'):rep(1e6):gsub('x', ('y'):rep(1e6))", "string.gsub would make" },
      ["gsub with captures"] = { "local s = ('x'):rep(1e6):gsub('.*', ('%0'):rep(1e3))", "string.gsub would make" },
      ["table.concat"] = { "local t, s = {}, ('x'):rep(1e6) for i = 1, 1e3 do t[i] = s end s = table.concat(t)",
        "table.concat would make" },
    }
    for name, case in pairs(TEXTS) do
      it("end in an error with file and line: " .. name, function()
        if case[2] then assert.matches("a.lua:2: " .. case[2], fault_of("\n" .. case[1]), 1, true) end
      end)
    end
  end)

  it("leave the program as it was: hooks, the methods of texts", function()
    local function hook() end
    local rep = ("").rep
    for _, text in ipairs { PERSONA, "while true do end", "error 'x'", "x = =" } do
      debug.sethook(hook, "", 1000000)
      load(text)
      local found, _, count = debug.gethook()
      debug.sethook()
      assert.equal(hook, found)
      assert.equal(1000000, count)
      assert.equal(rep, ("").rep)
      assert.equal(2 ^ 25, #("x"):rep(2 ^ 25))
    end
  end)

  it("give way to Ctrl-C", function()
    local dir = setups.folder { ["a.lua"] = 'env "X"' }
    assert.has_error(function() setup.load(dir, { getenv = function() error("interrupted!", 0) end }) end, "interrupted!")
    assert.equal("x", ("x"):rep(1))
  end)

  it("can be read in a coroutine", function()
    local dir = setups.folder { ["a.lua"] = PERSONA, ["b.lua"] = "while true do end" }
    local loaded, err = coroutine.wrap(function() return setup.load(dir) end)()
    assert.is_nil(loaded)
    assert.equal(1, #err.issues)
  end)
end)
