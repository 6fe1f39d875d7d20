--- Overlays: what is different in one environment.

local core = require "tavus.core"
local values = require "tavus.setup.values"

local overlay = {}

-- An object, or an empty table that may be one.
local function is_object(value) return values.is_plain(value) and not values.is_list(value) end

--- Merges a change into a value: objects merge, everything else replaces, tavus.null removes.
---@param base any is changed
---@param change any
---@return any
function overlay.merge(base, change)
  if not is_object(change) then return values.copy(change) end
  if not is_object(base) then
    -- an empty table without a mark replaces a list by an empty one
    if next(change) == nil and values.is_plain(base) then return {} end
    base = {}
  end
  for name, value in pairs(change) do
    if value == core.null then base[name] = nil else base[name] = overlay.merge(base[name], value) end
  end
  return base
end

-- The declarations of a name: "interviewer", or "persona interviewer".
local function named(declarations, key)
  local kind, name = key:match "^(%w+) (.+)$"
  local found = {}
  for _, it in ipairs(declarations) do
    if it.name == (name or key) and (not kind or it.kind == kind) then found[#found + 1] = it end
  end
  return found
end

-- What a name without a declaration was probably meant to be.
local function meant(declarations, key)
  local known = {}
  for _, it in ipairs(declarations) do known[it.name] = true end
  local near = core.nearest(key, known)
  if near then return ('did you mean "%s"?'):format(near) end
  return "write the name of a declaration, as in persona \"name\" { ... }"
end

--- Applies the overlays of one environment to the specs of the declarations.
---@param overlays table[] { env, changes, file, line }
---@param env string?
---@param declarations tavus.Declaration[] with `spec`
---@param faults table
function overlay.apply(overlays, env, declarations, faults)
  for _, it in ipairs(overlays) do
    for key, change in pairs(it.env == env and it.changes or {}) do
      local found = type(key) == "string" and named(declarations, key) or {}
      if type(key) ~= "string" then
        faults:add(it, { code = "overlay", message = "an overlay is a table from names to changes",
          hint = 'write overlay "' .. it.env .. '" { name = { ... } }' })
      elseif #found == 0 then
        faults:add(it, { code = "overlay", message = ("the overlay %q changes %q, and nothing has that name"):format(
          it.env, key), hint = meant(declarations, key) })
      elseif #found > 1 then
        faults:add(it, { code = "overlay", message = ("the overlay %q changes %q, and several kinds have that name")
          :format(it.env, key), hint = ('name the kind: ["%s %s"] = { ... }'):format(found[1].kind, key) })
      elseif not is_object(change) then
        faults:add(it, { code = "overlay", message = ("the change of %s must be a table of members"):format(key),
          hint = key .. ' = { member = value }; tavus.null as a value removes the member' })
      else
        found[1].spec = overlay.merge(found[1].spec, change)
      end
    end
  end
end

return overlay
