--- What the specs of the check ask it.
local core = require "tavus.core"

local checking = {}

--- The issue at a path (with a code), and the verdict.
function checking.look(kind, value, path, code, options)
  local ok, issues = core.validate(kind, value, options)
  for _, issue in ipairs(issues) do
    if issue.path == path and (code == nil or issue.code == code) then
      return issue, ok, issues
    end
  end
  return nil, ok, issues
end

--- The smallest persona, with more in it.
function checking.persona(more)
  local p = { system_prompt = "You are calm." }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

--- A persona with one layer.
function checking.layers(name, layer) return checking.persona { layers = { [name] = layer } } end

--- Codes of all issues, sorted: to say that there are no others.
function checking.codes(kind, value)
  local _, issues = core.validate(kind, value)
  local list = {}
  for i, issue in ipairs(issues) do list[i] = issue.code end
  table.sort(list)
  return list
end

--- The issues at a path by their codes, and the verdict.
function checking.issues_at(kind, document, path)
  local ok, issues = core.validate(kind, document)
  local found = {}
  for _, issue in ipairs(issues) do
    if issue.path == path then found[issue.code] = issue end
  end
  return found, ok, issues
end

return checking
