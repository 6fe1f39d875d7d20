--- Lists as Tavus pages them: `limit` (default 10) and `page` (the first is what
-- the contract says; where that is 1, 0 is taken for it), answered with `data` and `total_count`.

local core = require "tavus.core"
local reply = require "tavus.sandbox.reply"

local pages = {}

local DEFAULT_LIMIT = 10
local MAX_LIMIT = 100

local function whole(query, name, fallback, low)
  local text = query[name]
  if text == nil then return fallback end
  local value = #text <= 15 and text:find "^%d+$" and tonumber(text)
  if not value or value < low then
    return nil, { path = "/" .. name, message = ("must be an integer of %d or more"):format(low) }
  end
  return value
end

--- Answers a list request.
---@param context tavus.sandbox.Context
---@param query table<string, string>
---@param total integer     how many rows there are under the filter
---@param row fun(n: integer): table  the n-th of them, as it is shown
---@param operation table    its contract
---@return tavus.sandbox.Reply
function pages.list(context, query, total, row, operation)
  local limit, issue = whole(query, "limit", DEFAULT_LIMIT, 1)
  local page
  if limit then page, issue = whole(query, "page", operation.first_page == 0 and 0 or 1, 0) end
  if issue then return context:bad_request { issue } end
  if limit > MAX_LIMIT then limit = MAX_LIMIT end
  if not operation.first_page then limit = math.max(total, 1) end
  if operation.first_page == 0 then page = page + 1 elseif page == 0 then page = 1 end
  local data = core.array {}
  local empty = context.settings.empty_page
  if page ~= empty then
    if empty > 0 and page > empty then page = page - 1 end
    local first = (page - 1) * limit
    for n = first + 1, math.min(first + limit, total) do data[#data + 1] = row(n) end
  end
  return reply.json(200, { [operation.rows or "data"] = data, total_count = total + context.settings.hidden_rows })
end

return pages
