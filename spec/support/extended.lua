--- tavus with resources that exist only in specs (spec/fixtures/contract), added as a maintainer adds one: its contract file,
--- and its line in registry.c. Their core is built apart and takes the place of the tree's, in the sandbox's state as well.
local compiled = require "spec.support.compiled"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local extended = {}

local kept -- what was loaded before

local function sources()
  -- the tools of the shell leak; a sanitizer that this process has preloaded would report it
  local status, output = process.run(
    "find csrc -name '*.c' ! -name registry.c | grep -E '^csrc/(core|contract|check|json|schema|secret)[/.]' | tr '\\n' ' '",
    { LD_PRELOAD = false })
  assert(status == 0, output)
  return output
end

-- These read the contract, or have a client.
local READERS = { ["spec.support.clients"] = true, ["csrc.contract.annotations"] = true, ["csrc.contract.reference"] = true }

local function is_ours(name) return READERS[name] or name:find "^tavus" end

--- Builds and loads it: what is required from now on belongs to it.
---@param ... string names of resources, as in "tavus_widgets"
---@return table tavus
function extended.load(...)
  local folder = os.tmpname()
  os.remove(folder)
  assert(process.run("mkdir -p " .. folder .. "/tavus") == 0)
  local lines = {}
  for i = 1, select("#", ...) do lines[i] = ("  each(%s) \\\n"):format((select(i, ...))) end
  local registry, count = wire.read_file "csrc/contract/registry.c":gsub("(#define RESOURCES%(each%) \\\n)", function(first)
    return first .. table.concat(lines)
  end)
  assert(count == 1, "registry.c has no list of resources")
  wire.write_file(folder .. "/registry.c", registry)
  compiled("tavus_core", ("-O0 -g0 -Icsrc/contract %s/registry.c spec/fixtures/contract/*.c %s"):format(folder, sources()),
    folder .. "/tavus/core.so")
  kept = { cpath = package.cpath, folder = folder, loaded = {} }
  for name, module in pairs(package.loaded) do
    if is_ours(name) then kept.loaded[name] = module end
  end
  for name in pairs(kept.loaded) do package.loaded[name] = nil end
  package.cpath = folder .. "/?.so;" .. package.cpath
  return require "tavus"
end

--- Puts back what was loaded before.
function extended.unload()
  for name in pairs(package.loaded) do
    if is_ours(name) then package.loaded[name] = nil end
  end
  for name, module in pairs(kept.loaded) do package.loaded[name] = module end
  package.cpath = kept.cpath
  process.run("rm -r " .. kept.folder)
end

return extended
