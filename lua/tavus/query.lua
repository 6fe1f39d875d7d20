--- Reads percent-encoded parts of an address: its query, or a segment of its path. C writes them (`http.escape`, and
-- the `query` of a request).

local query = {}

local function byte(digits) return string.char(tonumber(digits, 16)) end

--- Undoes percent-encoding; a `%` without two hex digits stays unchanged.
---@param text string
---@return string
function query.unescape(text)
  return (text:gsub("%%(%x%x)", byte))
end

--- Splits a query into its pairs, in order; `+` is a space.
---@param text string the part after the `?`
---@return string[][] pairs each { name, value }, decoded; without a `=` the value is empty
function query.parse(text)
  local all = {}
  for pair in text:gmatch "[^&]+" do
    local name, value = pair:gsub("+", " "):match "^([^=]*)=?(.*)$"
    all[#all + 1] = { query.unescape(name), query.unescape(value) }
  end
  return all
end

return query
