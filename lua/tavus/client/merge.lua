--- What changed in an object, in the styles that send an object and not operations: a partial object holds each changed
-- member as a whole; a merge patch (RFC 7396) goes into objects, and null removes a member.

local core = require "tavus.core"
local pointer = require "tavus.patch.pointer"

local merge = {}

local function is_object(value) return type(value) == "table" and not core.is_array(value) end

local function removed(path)
  return {
    path = path, code = "removed", severity = "error", message = "cannot be removed: this call only sets members",
    hint = "leave it, or give it another value; where Tavus takes null, write tavus.null",
  }
end

-- The changed members of an object. Adds where they are written to `written`, and what is impossible to `issues`.
local function changes(before, after, path, deep, found)
  local body = {}
  for name, value in pairs(after) do
    local old, here = before[name], path .. "/" .. pointer.escape(name)
    if not core.equal(old, value) then
      if deep and is_object(old) and is_object(value) then
        body[name] = changes(old, value, here, deep, found)
      else
        body[name] = value
        found.written[#found.written + 1] = { path = here }
      end
    end
  end
  for name, old in pairs(before) do
    if after[name] == nil and old ~= core.null then
      local here = path .. "/" .. pointer.escape(name)
      if deep then
        body[name] = core.null
        found.written[#found.written + 1] = { path = here }
      else
        found.issues[#found.issues + 1] = removed(here)
      end
    end
  end
  return body
end

--- The body that makes `after` of `before`.
---@param style "partial"|"merge_patch"
---@param before table
---@param after table
---@return table? body nil when it cannot be said in this style
---@return table[] written where it writes, as { path }; without a body the issues
function merge.body(style, before, after)
  local found = { written = {}, issues = {} }
  local body = changes(before, after, "", style == "merge_patch", found)
  if #found.issues > 0 then
    table.sort(found.issues, function(one, other) return one.path < other.path end)
    return nil, found.issues
  end
  return body, found.written
end

return merge
