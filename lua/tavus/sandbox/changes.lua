--- The styles in which a body changes an object: `changes[style](context, object, body)` gives the
-- object after, or nil and the reply that refuses.

local core = require "tavus.core"
local patching = require "tavus.sandbox.patching"
local views = require "tavus.sandbox.views"

local is_object, copy_of = views.is_object, views.copy

-- An object with a merge patch applied (RFC 7396).
local function merged(object, patch)
  local result = is_object(object) and copy_of(object) or core.object {}
  for name, value in pairs(patch) do
    if value == core.null then
      result[name] = nil
    else
      result[name] = is_object(value) and merged(result[name], value) or value
    end
  end
  return result
end

local function overwritten(_, object, body) return copy_of(object, body) end

-- Each style of changing: the object after, or nil and the reply that refuses.
local changes = {
  object = overwritten,
  partial = overwritten,
  merge_patch = function(_, object, body) return merged(object, body) end,
}

function changes.json_patch(context, object, operations)
  if not patching.is_list(context.settings, operations) then return nil, patching.no_patch() end
  local after, why = patching.apply(context.settings, object, operations)
  if after == nil then return nil, patching.misfit(context, why) end
  if is_object(after) then return after end
  return nil, context:bad_request { { path = "", message = "must be an object" } }
end

return changes
