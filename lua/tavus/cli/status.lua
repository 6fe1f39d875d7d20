--- Exit statuses of the program.

local status = {
  DONE = 0,
  ERROR = 1,
  CHANGES = 2, -- a plan with changes, or drift
  INVALID = 3, -- a body, or the files of a setup
  CONFLICT = 4, -- or a plan that no longer fits
  PARTLY = 5, -- some of a plan failed
  ACCOUNT = 6, -- the key, or the credits
  INTERRUPTED = 130,
}

local of_type = {
  validation = status.INVALID, conflict = status.CONFLICT,
  auth = status.ACCOUNT, permission = status.ACCOUNT, payment = status.ACCOUNT,
}

--- The status that an error ends with.
---@param err tavus.Error
---@return integer
function status.of(err)
  if err.type == "config" and err.message:find("API key", 1, true) then return status.ACCOUNT end
  return of_type[err.type] or status.ERROR
end

return status
