--- The route table: which operation a method and path mean. Built from
-- `core.contract()`.

local query = require "tavus.query"

local routes = {}

---@class tavus.sandbox.Route
---@field resource string   name of the resource in the contract
---@field operation table   the operation's entry in the contract
---@field newer boolean      at the newer path, the collection's twin

---@class tavus.sandbox.Routes
local methods = {}
methods.__index = methods

-- The node of a path of the contract, which may end in a query.
local function node_for(root, path)
  local node = root
  for segment in path:match "^[^?]*":gmatch "[^/]+" do
    if segment:sub(1, 1) == "{" then
      node.any = node.any or { literal = {} }
      node = node.any
    else
      node.literal[segment] = node.literal[segment] or { literal = {} }
      node = node.literal[segment]
    end
  end
  return node
end

--- Finds the route of a request. A slash at the end is ignored.
---@param method string
---@param path string without the query, still percent-encoded
---@return tavus.sandbox.Route?
---@return string[]? ids    the variable parts of the path, decoded
---@return string? allowed  if the path exists with other methods: those
function methods:find(method, path)
  local node, ids = self.root, {}
  if path:find("//", 1, true) then return nil end
  for segment in path:gmatch "[^/]+" do
    local next_node = node.literal[segment]
    if not next_node then
      next_node, ids[#ids + 1] = node.any, query.unescape(segment)
    end
    if not next_node then return nil end
    node = next_node
  end
  if not node.methods then return nil end
  local route = node.methods[method == "HEAD" and "GET" or method]
  if not route then return nil, nil, node.allowed end
  return route, ids
end

local function add(self, path, route)
  local node = node_for(self.root, path)
  local method = route.operation.method
  node.methods = node.methods or {}
  node.methods[method] = route
  self.list[#self.list + 1] = method .. " " .. path
  local allowed = {}
  for name in pairs(node.methods) do
    allowed[#allowed + 1] = name
    if name == "GET" then allowed[#allowed + 1] = "HEAD" end
  end
  table.sort(allowed)
  node.allowed = table.concat(allowed, ", ")
end

--- Builds the table.
---@param contract table what `core.contract()` returns
---@return tavus.sandbox.Routes
function routes.new(contract)
  local self = setmetatable({ root = { literal = {} }, list = {} }, methods)
  for _, resource in ipairs(contract.resources) do
    for _, operation in ipairs(resource.operations) do
      local path, name, newer = operation.path, resource.name, operation.newer_path
      local only_newer = newer == path and path:find("/" .. resource.twin .. "/", 1, true) ~= nil
      add(self, path, { resource = name, operation = operation, newer = only_newer })
      if newer and newer ~= path then
        add(self, newer, { resource = name, operation = operation, newer = true })
      end
    end
  end
  return self
end

--- A query string as a table; the last of equal names counts.
---@param text string
---@return table<string, string>
function routes.query(text)
  local values = {}
  for _, pair in ipairs(query.parse(text)) do values[pair[1]] = pair[2] end
  return values
end

--- Checks the `method` and `path` of a rule or filter.
---@param aim { method: string?, path: string? } `path` as `pattern` takes it
---@return string? message why no request to the API can fit
function routes.check_aim(aim)
  if aim.method and not aim.method:find "^%a+$" then return "method must be one word, as in \"GET\"" end
  local path = aim.path
  if not path then return nil end
  if not path:find "^[/*]" then return "path must begin with / or *, as in \"/v2/personas/{id}\"" end
  if path:find("?", 1, true) then return "path is without the query: leave out the part from ? on" end
  if path:find "^/_sandbox" then
    return "path cannot be below /_sandbox: steering is never scripted, and not in the journal"
  end
  return nil
end

--- Makes a Lua pattern of a path; `*` matches anything, `{name}` one segment.
---@param path string
---@return string
function routes.pattern(path)
  local pattern = path:gsub("{[^}/]*}", "\0"):gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
  return "^" .. pattern:gsub("%*", ".*"):gsub("%z", "[^/]+") .. "$"
end

return routes
