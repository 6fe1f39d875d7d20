--- The faults of a setup's files. They are collected, so that one run reports all of them.

local errors = require "tavus.errors"

local faults = {}
faults.__index = faults

---@class tavus.SetupIssue: tavus.Issue
---@field file string below the setup's folder
---@field line integer?

---@return table
function faults.new() return setmetatable({ list = {}, seen = {} }, faults) end

--- Adds an issue, once.
---@param where { file: string, line: integer? }
---@param issue table { code, message, hint?, path?, severity? }
function faults:add(where, issue)
  local key = ("%s:%d:%s:%s"):format(where.file, where.line or 0, issue.path or "", issue.message)
  if self.seen[key] then return end
  self.seen[key] = true
  self.list[#self.list + 1] = {
    file = where.file, line = where.line, path = issue.path or "", code = issue.code, message = issue.message,
    hint = issue.hint, severity = issue.severity or "error",
  }
end

--- Whether any of them is an error.
---@return boolean
function faults:failed()
  for _, issue in ipairs(self.list) do
    if issue.severity == "error" then return true end
  end
  return false
end

-- By file and line, and in the order in which they were found.
local function sorted(list)
  local order = {}
  for i, issue in ipairs(list) do order[issue] = i end
  table.sort(list, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if (a.line or 0) ~= (b.line or 0) then return (a.line or 0) < (b.line or 0) end
    return order[a] < order[b]
  end)
  return list
end

--- All issues, in the order of the files, each of which prints as a line.
---@return tavus.SetupIssue[]
function faults:issues() return errors.printable(sorted(self.list)) end

--- The error of all issues.
---@return tavus.Error
function faults:error() return errors.validation(sorted(self.list), "setup") end

return faults
