--- Lists: one page, and the walk over all pages.

local answer = require "tavus.client.answer"
local call = require "tavus.client.call"
local errors = require "tavus.errors"
local log = require "tavus.log"
local options = require "tavus.options"

local pages = {}

--- The most pages that `each` reads; `max_pages` changes it.
pages.MOST = 1000
--- Rows of a page in `each`, when the filter has no `limit`.
pages.LIMIT = 100

local walk_options = options.call_and {
  max_pages = { type = "number", integer = true, least = 1, most = 1e9 },
}

-- Whether a filter is meant for the name of a row.
local function is_name(op, filter)
  for _, name in ipairs(op.names) do
    if filter == name or filter == "name" then return true end
  end
  return false
end

--- Makes the options of a list request from a filter and options: the filter becomes part of the query. A name that the
-- contract does not know raises: a server that ignores it would answer with all rows, and a loop that deletes the rows
-- found would delete them all.
---@param op table the list operation
---@param filter table?
---@param given table?
---@param walks string? the method that walks over pages, such as each: it also takes max_pages
---@param level integer the line to blame, from the caller
---@return table? request options with a query of its own
---@return tavus.Error?
function pages.prepare(op, filter, given, walks, level)
  local title, rules = walks or op.title, walks and walk_options or options.call
  if filter ~= nil and type(filter) ~= "table" then
    error(("%s: the filter must be a table, not %s, as in { limit = 10 }"):format(title, type(filter)), level + 1)
  end
  local fine, problem = options.check(given, rules, title, level + 1)
  if not fine then return nil, problem end
  local request, query = {}, {}
  for name, value in pairs(given or {}) do request[name] = value end
  local known = op.known
  if not known then
    known = {}
    for _, name in ipairs(op.query or {}) do known[name] = true end
    op.known = known
  end
  for name, value in pairs(filter or {}) do
    if type(name) ~= "string" then
      error(("%s: names in the filter must be strings"):format(title), level + 1)
    end
    if rules.max_pages and name == "max_pages" then
      request.max_pages = value
    elseif rules[name] then
      error(("%s: %s is an option of the call: give it in the table after the filter"):format(title, name), level + 1)
    elseif not known[name] and is_name(op, name) then
      error(("%s: %q is not a filter (client.%s:find(name) finds a row by its name)"):format(title, name,
        op.collection), level + 1)
    elseif not known[name] then
      error(("%s: %q is not a filter (%s); give other parameters after the filter: { query = { ... } }"):format(title,
        name, options.meant(name, known)), level + 1)
    else
      query[name] = value
    end
  end
  if request.max_pages ~= nil then
    fine, problem = options.check({ max_pages = request.max_pages }, rules, title, level + 1)
    if not fine then return nil, problem end
  end
  -- A query in the options is not checked, and wins over the filter.
  for name, value in pairs(request.query or {}) do
    if type(name) == "number" and type(value) == "table" then
      query[value[1]] = value[2]
    else
      query[name] = value
    end
  end
  request.query = query
  return request
end

-- Raises at the line of the program; ipairs, a function in C, may stand between.
local function not_rows(title, what)
  local between = debug and debug.getinfo(3, "S")
  local each = title:gsub(":list$", ":each()")
  error(("%s: the answer is not %s: its rows are in the member data; client.%s walks over all pages"):format(title,
    what, each), between and between.what == "C" and 4 or 3)
end

--- Makes the metatable of the answers of a list operation. It raises where rows are looked for in the answer itself.
--- `pairs`, and what reads without metatables, see an ordinary table.
---@param op table the list operation
---@return table
function pages.metatable(op)
  return {
    -- Also of ipairs in Lua 5.3 and later.
    __index = function(_, key)
      if type(key) == "number" and key >= 1 then not_rows(op.title, "an array") end
      return nil
    end,
    -- Of ipairs in Lua 5.2, and in LuaJIT that was built for it.
    __ipairs = function() not_rows(op.title, "an array") end,
    __call = function() not_rows(op.title, "an iterator") end,
  }
end

--- A row's id, under any of its names; or nil.
---@param row table
---@param names string[]
---@return string?
function pages.id_of(row, names)
  for i = 1, #names do
    local id = row[names[i]]
    if type(id) == "string" and id ~= "" then return id end
  end
  return nil
end

-- Reads the next page: keeps the rows that were not seen before, and notes whether it is the last. Returns an error, or
-- nil.
local function read_page(walk)
  local request, seen = walk.request, walk.seen
  request.query.page = walk.page
  local calling = call.new(walk.client, walk.op, walk.op.path, nil, request)
  calling.may_repeat = true
  local list, meta = answer.of(calling)
  if not list then return meta end
  if list == true then
    return call.sign(calling, errors.new { type = "decode", status = meta.status, headers = meta.headers,
      message = "the page cannot be read: it has no rows", retryable = false, ambiguous = false })
  end
  walk.page, walk.read = (walk.page or 0) + 1, walk.read + 1
  local fresh = {}
  for _, row in ipairs(list.data) do
    local id = type(row) == "table" and pages.id_of(row, walk.id_names)
    if not id then
      fresh[#fresh + 1] = row
    elseif not seen[id] then
      seen[id] = true
      fresh[#fresh + 1] = row
    end
  end
  walk.count = walk.count + #fresh
  -- A page of known rows counts as empty: a server that ignores `page` would otherwise be asked forever.
  walk.empty = #fresh == 0 and walk.empty + 1 or 0
  local total = tonumber(list.total_count)
  local complete = total and walk.count >= total and (total > 0 or #list.data == 0)
  if not walk.op.first_page or walk.empty >= 2 or complete then
    walk.finished = true
  elseif walk.read >= walk.most then
    walk.finished, walk.capped = true, true
    if not walk.capped_by_caller then
      log.write(walk.client._log, "error",
        ("%s: stopped after %d pages; max_pages allows more"):format(walk.title, walk.read))
    end
  end
  walk.rows, walk.next, walk.meta = fresh, 1, meta
  return nil
end

--- Prepares a walk over all rows of a list, page after page. A row that comes twice is given once. It ends after two
-- pages in a row without a new row, when `total_count` rows were seen, or after `max_pages`.
---@param client table
---@param op table the list operation
---@param filter table? sent as the query; `limit` is the size of a page
---@param given table? options of each request, and max_pages
---@param title string the method, for messages
---@param level integer the line to blame, from the caller
---@return table? walk for `pages.next`
---@return tavus.Error?
function pages.walk(client, op, filter, given, title, level)
  local request, problem = pages.prepare(op, filter, given, title, level + 1)
  if not request then return nil, problem end
  local query = request.query
  -- Where the number of the first page is unknown, the first request has none. If that was page 1, the next request
  -- repeats it, and its rows are skipped.
  local first = op.first_page
  if first == "unknown" then first = nil end
  if query.page ~= nil then
    first = tonumber(query.page)
    if not first or first < 0 or first % 1 ~= 0 then
      return nil, options.bad("page", "must be a whole number, 0 or more")
    end
  end
  if query.limit == nil and op.known.limit then query.limit = pages.LIMIT end
  return {
    client = client, op = op, request = request, page = first, read = 0, count = 0, empty = 0, title = title,
    seen = {}, rows = {}, next = 1, finished = false, most = request.max_pages or pages.MOST, capped = false,
    capped_by_caller = request.max_pages ~= nil, id_names = op.id_names, meta = nil,
  }
end

--- The next row of a walk, with the meta of its page; nil at the end, or nil and an error.
---@param walk table
---@return any row
---@return tavus.Meta|tavus.Error|nil
function pages.next(walk)
  while walk.next > #walk.rows do
    if walk.finished then return nil end
    local err = read_page(walk)
    if err then return nil, err end
  end
  local row = walk.rows[walk.next]
  walk.next = walk.next + 1
  return row, walk.meta
end

--- Walks all rows of a list: `for row, meta in each(...)`. It raises its error.
---@param client table
---@param op table the list operation
---@param filter table? sent as the query; `limit` is the size of a page
---@param given table? options of each request, and max_pages
---@param level integer the line to blame, from the caller
---@return fun(): table?, tavus.Meta?
function pages.each(client, op, filter, given, level)
  local walk, problem = pages.walk(client, op, filter, given, op.each_title, level + 1)
  if not walk then error(problem, 0) end
  return function()
    local row, meta = pages.next(walk)
    if row == nil and meta then error(meta, 0) end
    return row, meta
  end
end

return pages
