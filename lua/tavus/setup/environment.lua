--- What the files of a setup can use: the declarations, the builders, and the harmless part of Lua.

local core = require "tavus.core"
local folder = require "tavus.setup.folder"
local guard = require "tavus.setup.guard"
local kinds = require "tavus.setup.kinds"
local new_tool = require "tavus.build.tool"
local objectives = require "tavus.build.objectives"
local perception = require "tavus.build.perception"
local property = require "tavus.build.property"
local values = require "tavus.setup.values"

local environment = {}

-- A name of a declaration or an environment: it is a key in overlays and in the state.
local NAME = "^[%w_][%w_.-]*$"
local LONGEST = 64

-- Names of Lua that the files do not have, and what to use.
local ABSENT = {
  os = 'a setup\'s files have no os; env "NAME" reads the environment',
  io = 'a setup\'s files have no io; file "name.md" reads a text',
  debug = "a setup's files have no debug", coroutine = "a setup's files have no coroutine",
  load = 'a setup\'s files have no load; require "name" runs a file beside',
  loadstring = 'a setup\'s files have no loadstring; require "name" runs a file beside',
  dofile = 'a setup\'s files have no dofile; require "name" runs a file beside',
  loadfile = 'a setup\'s files have no loadfile; require "name" runs a file beside',
  package = "a setup's files have no package", getmetatable = "a setup's files have no getmetatable",
  xpcall = "a setup's files have no xpcall; pcall is there",
}

-- The builders, under their names in `tavus`.
local function builders()
  local tavus = {
    null = core.null, array = core.array, object = core.object, tool = new_tool, objectives = objectives,
    perception = perception,
  }
  for _, name in ipairs { "string", "number", "integer", "boolean", "enum", "array_of", "object_of" } do
    tavus[name] = property[name]
  end
  return setmetatable(tavus, { __index = function(self, name)
    local near = type(name) == "string" and core.nearest(name, self)
    error(("tavus.%s is not there in a setup's files, which have the builders of tavus%s"):format(tostring(name),
      near and (' (did you mean "tavus.%s"?)'):format(near) or ""), 2)
  end })
end

--- Whether a text can be the name of a declaration or an environment.
---@param name any
---@return boolean
function environment.is_name(name) return type(name) == "string" and #name <= LONGEST and name:find(NAME) ~= nil end

-- The message of an error without the position in front of it.
local function without_place(message)
  return (tostring(message):gsub("^[^\n]-:%d+: ", "", 1))
end

-- What a declaration is called while it is incomplete.
local function check_name(run, kind, name, more)
  local usage = ('write %s "name" { ... }'):format(kind)
  if type(name) ~= "string" then
    run:stop("name", ("%s takes a name first, not %s"):format(kind, name == nil and "nil" or "a " .. type(name)), usage)
  elseif not environment.is_name(name) then
    run:stop("name", ("%s: %q is not a name"):format(kind, name:sub(1, LONGEST)),
      ("a name has 1 to %d letters, digits, _, - or ., and does not begin with - or ."):format(LONGEST))
  elseif more > 0 then
    run:stop("name", ("%s takes the name alone, and the rest after it"):format(kind),
      ('write %s "%s" { ... }'):format(kind, name))
  end
end

-- Adds a declaration whose spec is read at the end, when the overlays are known.
local function declare(run, kind, name, where, spec)
  if not values.is_plain(spec) then
    run:stop("type", ('%s "%s" takes a table, not %s'):format(kind, name, type(spec)),
      ('write %s "%s" { ... }'):format(kind, name))
  end
  local copy, message = values.copy(spec)
  if not copy then run:stop("depth", ('%s "%s" %s'):format(kind, name, message)) end
  local made = values.declaration { kind = kind, name = name, file = where.file, line = where.line, spec = copy }
  run.declarations[#run.declarations + 1] = made
  return made
end

-- Keeps what is begun and may be forgotten: `persona "x"` without its table.
local function begin(run, kind, name)
  local where = run:where()
  local open = { file = where.file, line = where.line, kind = kind, name = name }
  run.open[open] = true
  return open
end

local function declaration_of(run, kind, spec_of)
  return function(name, ...)
    check_name(run, kind, name, select("#", ...))
    local open = begin(run, kind, name)
    return function(spec)
      run.open[open] = nil
      return declare(run, kind, name, open, spec_of and spec_of(name, spec) or spec)
    end
  end
end

-- Objectives are written as a list of steps, or as the body of the API.
local function objectives_spec(name, spec)
  if values.is_plain(spec) and spec.data == nil and (spec[1] ~= nil or next(spec) == nil) then
    return { name = name, data = core.array(spec) }
  end
  return spec
end

-- tool "name" { ... }, an inline tool; with :registered { ... } a declaration. tool "name":registered { ... } takes the
-- body as the API has it.
local function tool_of(run)
  local function registered_of(name, open, its)
    return function(_, spec)
      run.open[open] = nil
      if spec ~= nil and not values.is_plain(spec) then
        run:stop("type", ('tool "%s":registered takes a table, not %s'):format(name, type(spec)),
          "write :registered { ... }")
      end
      local body = {}
      for key, value in pairs(its) do body[key] = value end
      for key, value in pairs(spec or {}) do body[key] = value end
      body.name = body.name or name
      return declare(run, "tool", name, open, body)
    end
  end
  return function(name, ...)
    check_name(run, "tool", name, select("#", ...))
    local open = begin(run, "tool", name)
    local build = new_tool(name)
    return setmetatable({}, {
      __index = { registered = registered_of(name, open, {}) },
      __call = function(_, spec)
        run.open[open] = nil
        local built, made = pcall(build, spec)
        if not built then run:stop("tool", without_place(made):gsub("^tavus%.", "")) end
        return setmetatable(made, { __index = { registered = registered_of(name, open, made["function"]) } })
      end,
    })
  end
end

-- file "name.md": the text of a file beside, without the line break at its end.
local function file_of(run)
  return function(name)
    local here = run:where()
    local usage = 'write file "name.md", a path from the folder of the Lua file'
    if type(name) ~= "string" or name == "" then
      run:stop("file", "file takes the name of a file, not " .. (name == "" and '""' or type(name)), usage)
    end
    local path = name:sub(1, 1) ~= "/" and folder.clean(folder.of(here.file) .. name) or nil
    if not path then
      return run:missing(here, "file", ("file %q is not inside the setup's folder"):format(name),
        "copy it there, and " .. usage)
    end
    local text, message = folder.read(run.dir .. "/" .. path)
    if text then return (text:gsub("\n$", "")) end
    local known = {}
    for _, beside in ipairs(core.list_dir(run.dir .. "/" .. folder.of(path)) or {}) do known[beside] = true end
    local near = core.nearest(path:match "[^/]*$", known)
    return run:missing(here, "file", ("cannot read %s: %s"):format(path, (message:gsub("^.*: ", ""))),
      near and ("did you mean %q?"):format(folder.of(name) .. near) or "make it, or " .. usage)
  end
end

local function variable_name(run, what, name)
  if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
    local found = type(name) == "string" and ("%q"):format(name) or type(name)
    run:stop("variable", ("%s takes the name of an environment variable, not %s"):format(what, found),
      ('write %s "NAME": letters, digits and _'):format(what))
  end
end

local function env_of(run)
  return function(name)
    variable_name(run, "env", name)
    local text = run.getenv(name)
    if text and text ~= "" then return text end
    return run:missing(run:where(), "variable", ("the environment variable %s is %s"):format(name,
      text and "empty" or "not set"), ("set it: export %s=..."):format(name))
  end
end

-- A secret that is not set is a fault where it is used: another environment may not need it.
local function secret_of(run)
  return function(name)
    variable_name(run, "secret", name)
    local text = run.getenv(name)
    return values.secret(name, text ~= "" and text or nil)
  end
end

local function overlay_of(run)
  return function(env, ...)
    check_name(run, "overlay", env, select("#", ...))
    local open = begin(run, "overlay", env)
    run.unchosen = env ~= run.env -- what the table of another environment lacks is no fault here
    return function(changes)
      run.open[open], run.unchosen = nil, false
      if not values.is_plain(changes) then
        run:stop("type", ('overlay "%s" takes a table, not %s'):format(env, type(changes)),
          ('write overlay "%s" { name = { ... } }'):format(env))
      end
      local copy, message = values.copy(changes)
      if not copy then run:stop("depth", ('overlay "%s" %s'):format(env, message)) end
      run.overlays[#run.overlays + 1] = { env = env, changes = copy, file = open.file, line = open.line }
    end
  end
end

local function require_of(run, tavus)
  return function(name)
    if name == "tavus" then return tavus end
    if type(name) ~= "string" or not name:find "^[%w_-]+[%w_.-]*$" then
      run:stop("require", "require takes the name of a Lua file in the setup's folder, not "
        .. (type(name) == "string" and ("%q"):format(name) or type(name)),
        'write require "name" for name.lua, or require "folder.name"')
    end
    local path = name:gsub("%.", "/") .. ".lua"
    local result, message, hint = run:require(path)
    if message then run:stop("require", message, hint) end
    return result
  end
end

-- What the files have of Lua's functions. getmetatable is not among them: it gives the one of all texts.
local BASICS = {
  "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawset", "rawlen", "select", "setmetatable",
  "tonumber", "tostring", "type", "_VERSION",
}

--- Makes the globals of a setup's files.
---@param run table see tavus.setup.loader
---@return fun(): table globals new ones for a file
function environment.new(run)
  local shared = {}
  for _, name in ipairs(BASICS) do shared[name] = rawget(_G, name) end
  for name, library in pairs(guard.libraries()) do shared[name] = library end
  shared.pcall = guard.pcall_of()
  shared.unpack = shared.table.unpack
  shared.print = function(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    io.stderr:write(table.concat(texts, "\t"), "\n")
  end
  shared.tavus = builders()
  for kind in pairs(kinds) do shared[kind] = declaration_of(run, kind) end
  shared.objectives = declaration_of(run, "objectives", objectives_spec)
  shared.tool, shared.file, shared.env, shared.secret = tool_of(run), file_of(run), env_of(run), secret_of(run)
  shared.overlay, shared.require = overlay_of(run), require_of(run, shared.tavus)

  local meta = { __index = function(_, name)
    local value = shared[name]
    if value ~= nil then return value end
    local near = type(name) == "string" and core.nearest(name, shared)
    error(ABSENT[name] or ("there is no %s%s"):format(tostring(name),
      near and (' (did you mean "%s"?)'):format(near) or ""), 2)
  end }
  return function()
    local globals = setmetatable({}, meta)
    globals._G = globals
    return globals
  end
end

return environment
