-- The structure of the sources: folders use only what stands below them, files form no circles, and no file is too long.
-- `require`s tell it for lua/, `#include`s for csrc/.

local MOST_LINES = 500

-- Folders of lua/tavus, and the folders below each. All of them use the files at the root and tavus.core.
local BELOW = {
  cli = { "setup", "live", "sandbox" },
  setup = { "client", "build", "secret" },
  live = { "client", "build", "secret" },
  client = { "patch", "secret", "host" },
  sandbox = { "patch", "secret" },
  build = {}, host = {}, patch = {}, secret = {},
}
-- The modules in C beside tavus.core, and the folders that use them.
local NATIVE = {
  ["tavus.crypto"] = { [""] = true },
  ["tavus.http"] = { client = true, host = true, secret = true, sandbox = true },
  ["tavus.sandbox.httpd"] = { sandbox = true },
}

-- Folders of csrc in layers: each includes what is in the layers below it. The sandbox uses the files at the root alone.
local LAYERS = {
  json = 1, contract = 1, secret = 2, check = 3, schema = 3, http = 3, core = 4, http_lua = 4, crypto = 4, static = 5, sandbox = 0,
}

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

local function files(command)
  local list, pipe = {}, assert(io.popen(command))
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  assert(#list > 0, command)
  return list
end

-- A circle among nodes: their names in order, or nil. `edges[name]` lists what a node leads to.
local function circle(edges)
  local state, trail = {}, {}
  local function visit(node)
    if state[node] == "done" then return nil end
    trail[#trail + 1] = node
    if state[node] == "open" then return table.concat(trail, " -> ") end
    state[node] = "open"
    for _, other in ipairs(edges[node] or {}) do
      local found = visit(other)
      if found then return found end
    end
    trail[#trail] = nil
    state[node] = "done"
    return nil
  end
  for node in pairs(edges) do
    local found = visit(node)
    if found then return found end
    trail = {}
  end
  return nil
end

-- Whether `lower` stands below `upper`, directly or not.
local function is_below(lower, upper)
  for _, folder in ipairs(BELOW[upper] or {}) do
    if folder == lower or is_below(lower, folder) then return true end
  end
  return false
end

describe("a circle", function()
  it("is found, and nothing else", function()
    assert.is_nil(circle { a = { "b", "c" }, b = { "c" }, c = {} })
    assert.matches("[abc] %-> [abc] %-> [abc] %-> [abc]", circle { a = { "b" }, b = { "c" }, c = { "a" }, d = { "a" } })
    assert.equal("a -> a", circle { a = { "a" } })
  end)
end)

describe("lua/", function()
  local modules = {} -- by name: { folder, uses }

  local function name_of(path)
    return (path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
  end

  local function uses_of(path)
    local uses = {}
    for _, line in ipairs(lines_of(path)) do
      local code = line:gsub("%-%-.*", "")
      -- `require "x"` and `load_module "x"`, with or without parentheses
      for called, name in code:gmatch "([%w_]+)[%s%(]*\"(tavus[%w_.]*)\"" do
        if called == "require" or called:find "^load" then uses[#uses + 1] = name end
      end
    end
    return uses
  end

  for _, path in ipairs(files "find lua -name '*.lua'") do
    local name = name_of(path)
    -- "" for the files at the root; lua/tavus/x/init.lua is the folder's
    modules[name] = { path = path, folder = path:match "^lua/tavus/(%w+)/" or "", uses = uses_of(path) }
  end

  it("has modules that use each other", function()
    assert.is_truthy(modules["tavus.client"] and modules["tavus.patch"] and modules.tavus)
    assert.is_true(#modules["tavus.client"].uses > 5)
  end)

  it("has no folder that the layers do not know", function()
    for name, module in pairs(modules) do assert.is_truthy(module.folder == "" or BELOW[module.folder], name) end
  end)

  it("has folders that use what stands below them", function()
    local wrong = {}
    for name, module in pairs(modules) do
      -- lua/tavus/init.lua loads the others at their first use
      for _, used in ipairs(name == "tavus" and {} or module.uses) do
        local native, target = NATIVE[used], modules[used]
        local fine = used == "tavus.core"
        if native then
          fine = native[module.folder] or module.path:find "/init%.lua$" ~= nil
        elseif target then
          fine = target.folder == "" and used ~= "tavus" or target.folder == module.folder
            or is_below(target.folder, module.folder)
        end
        if not fine then wrong[#wrong + 1] = name .. " uses " .. used end
      end
    end
    assert.same({}, wrong)
  end)

  it("has no circle", function()
    local edges = {}
    for name, module in pairs(modules) do edges[name] = module.uses end
    edges.tavus = {}
    assert.is_nil(circle(edges))
  end)
end)

describe("csrc/", function()
  local units = {} -- a unit is a .c file and its .h file, by the path without the ending: { folder, includes }

  local function resolved(folder, include)
    local path = (folder == "" and "csrc/" or "csrc/" .. folder .. "/") .. include
    return (path:gsub("[^/]+/%.%./", ""):gsub("%.h$", ""))
  end

  for _, path in ipairs(files "find csrc -name '*.[ch]'") do
    local name = path:gsub("%.[ch]$", "")
    local folder = path:match "^csrc/([%w_]+)/" or ""
    local unit = units[name] or { folder = folder, includes = {} }
    units[name] = unit
    for _, line in ipairs(lines_of(path)) do
      local include, system = line:match '^#%s*include%s+"([^"]+)"', line:match "^#%s*include%s+<([^>]+)>"
      local target = include and resolved(folder, include)
      if target and target ~= name then unit.includes[#unit.includes + 1] = target end
      if system and system:find "^lua" or target == "csrc/compat" then unit.lua = true end
    end
  end

  it("has no folder that the layers do not know", function()
    for name, unit in pairs(units) do assert.is_truthy(unit.folder == "" or LAYERS[unit.folder], name) end
  end)

  it("has folders that include what stands below them", function()
    local wrong = {}
    for name, unit in pairs(units) do
      for _, include in ipairs(unit.includes) do
        local other = include:match "^csrc/([%w_]+)/" or ""
        if not (other == "" or other == unit.folder or LAYERS[other] < LAYERS[unit.folder]) then
          wrong[#wrong + 1] = name .. " includes " .. include
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("has no circle of includes", function()
    local edges = {}
    for name, unit in pairs(units) do
      edges[name] = unit.includes
    end
    assert.is_nil(circle(edges))
  end)

  it("keeps Lua out of http/", function()
    for name, unit in pairs(units) do assert.is_falsy(unit.folder == "http" and unit.lua, name) end
  end)
end)

describe("every file", function()
  it("has a length that can be read", function()
    for _, path in ipairs(files "find lua csrc ! -path lua/tavus/types.lua '(' -name '*.lua' -o -name '*.[ch]' ')'") do
      local count = #lines_of(path)
      local generated = path == "lua/tavus/types.lua"
      assert.is_true(count >= 1 and (generated or count <= MOST_LINES), ("%s has %d lines"):format(path, count))
    end
  end)
end)
