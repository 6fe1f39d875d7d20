--- Every entry point of tavus.core, tavus.http and a client while memory runs out: `make trust`. Each case is run once for
-- each allocation that it makes. Prints how many of these points each entry point was called at; an entry point without a
-- case, and a case that ends in anything but one clean error, give status 1.
-- A hook is one coroutine's own: those of tasks get it from here, and the library takes this function when it is loaded.
local hook
local create = coroutine.create
coroutine.create = function(fn) -- luacheck: ignore
  local thread = create(fn)
  if hook then debug.sethook(thread, hook, "c") end
  return thread
end

local memerr = require "spec.support.memerr"

local AREAS = { "json", "check", "rest", "http", "client" }

local names = {} -- of entry points, by their functions
local points = {} -- by entry point; false: no case calls it

local function name_all(owner, prefix)
  for name, value in pairs(owner) do
    if type(value) == "function" and not name:find "^_" then
      names[value] = prefix .. name
      points[prefix .. name] = false
    end
  end
end

-- The metatable of a resource has its methods beside an __index that knows other names.
local function methods_of(object)
  local meta = debug.getmetatable(object)
  return type(meta.__index) == "table" and meta.__index or meta.methods
end

local function name_entry_points()
  local core, http, tavus = require "tavus.core", require "tavus.http", require "tavus"
  name_all(core, "core.")
  name_all(require "tavus.crypto", "crypto.")
  name_all(http, "http.")
  local session, engine = assert(http.session { api_key = "kkkk" }), http.engine()
  name_all(methods_of(session), "session:")
  name_all(methods_of(engine), "engine:")
  name_all(methods_of(assert(engine:submit(session, "GET", "/"))), "request:")
  local client = assert(tavus.new { api_key = "kkkk" })
  name_all(methods_of(client), "client:")
  local task = client:spawn(print)
  name_all(methods_of(task), "task:")
  task:cancel()
  for _, resource in ipairs(core.contract().resources) do
    name_all(methods_of(client[resource.collection]), ("client.%s:"):format(resource.collection))
  end
  names[tavus.new], points["tavus.new"] = "tavus.new", false
end

-- The entry points that a case calls, as a set.
local function called_by(source)
  local called = {}
  local case = assert((loadstring or load)(source))() -- luacheck: ignore (5.1 has loadstring)
  hook = function()
    local name = names[debug.getinfo(2, "f").func]
    if name then called[name] = true end
  end
  debug.sethook(hook, "c")
  local ok, message = pcall(case)
  debug.sethook()
  hook = nil
  assert(ok, message)
  return called
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

name_entry_points()
local total, broken = 0, 0
for _, area in ipairs(AREAS) do
  local trust = require("spec.trust." .. area)
  if trust.start then trust.start() end
  for _, name in ipairs(sorted(trust.cases)) do
    local source = trust.opening .. trust.cases[name]
    local called = called_by(source)
    local ok, visited, failed = pcall(memerr.visit, source, tonumber(arg[1]))
    if ok then
      print(("%-7s %5d points, %5d out of memory  %s"):format(area, visited, failed, name))
      total = total + visited
      for entry in pairs(called) do points[entry] = (points[entry] or 0) + visited end
    else
      broken = broken + 1
      print(("%-7s BROKEN  %s: %s"):format(area, name, visited))
    end
  end
  if trust.stop then trust.stop() end
end

print ""
for _, name in ipairs(sorted(points)) do
  if not points[name] then broken = broken + 1 end
  print(("%-36s %s"):format(name, points[name] and ("%6d points"):format(points[name]) or "NO CASE"))
end
print(("\n%d points, %d entry points, %d faults"):format(total, #sorted(points), broken))
os.exit(broken == 0 and 0 or 1)
