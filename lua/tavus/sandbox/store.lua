--- Rows in the order they were made, found by id, listed newest first.

local store = {}

---@class tavus.sandbox.Store
local methods = {}
methods.__index = methods

--- Adds a row.
---@param id string one that is not in the store
---@param row table
function methods:insert(id, row)
  self.changes = self.changes + 1
  self.count = self.count + 1
  self.order[self.count] = id
  self.rows[id] = row
end

--- The row with this id.
---@param id string
---@return table|nil
function methods:get(id) return self.rows[id] end

--- Puts another row in the place of one.
---@param id string one that is in the store
---@param row table
function methods:replace(id, row)
  self.changes = self.changes + 1
  self.rows[id] = row
end

--- Counts a change that no row shows.
function methods:touch() self.changes = self.changes + 1 end

--- Takes a row out.
---@param id string
---@return boolean found
function methods:remove(id)
  if not self.rows[id] then return false end
  self.changes = self.changes + 1
  self.rows[id] = nil
  for i = self.count, 1, -1 do
    if self.order[i] == id then
      table.remove(self.order, i)
      break
    end
  end
  self.count = self.count - 1
  return true
end

--- The n-th row, the newest being the first.
---@param n integer 1 to `count`
---@return table row
---@return string id
function methods:newest(n)
  local id = self.order[self.count - n + 1]
  return self.rows[id], id
end

--- An empty store.
---@return tavus.sandbox.Store
function store.new()
  return setmetatable({ rows = {}, order = {}, count = 0, changes = 0 }, methods)
end

return store
