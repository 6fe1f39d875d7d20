--- What a command works with: the output, the client, and files.

local core = require "tavus.core"
local errors = require "tavus.errors"
local terminal = require "tavus.cli.terminal"

---@class tavus.Context
---@field out tavus.Terminal
local Context = {}
Context.__index = Context

local context = {}

--- Makes the context of a run.
---@param given table what the command line gave
---@return tavus.Context
function context.new(given)
  return setmetatable({ out = terminal.new { json = given.json, color = given.color or "auto" } }, Context)
end

--- The client, which is made at the first call.
---@return tavus.Client
function Context:client()
  if self._client then return self._client end
  local client, err = require("tavus.client").new()
  if not client then error(err, 0) end
  self._client, self.out.session = client, client._session
  return client
end

--- The result of a call of the library, or its error is raised.
---@return any
function Context.must(_, value, detail)
  if value == nil or value == false then error(detail, 0) end
  return value, detail
end

--- Raises an error of the program itself.
---@param kind tavus.ErrorType
---@param message string
---@param hint string?
function Context.fail(_, kind, message, hint)
  error(errors.new { type = kind, message = message, hint = hint }, 0)
end

--- Closes the client.
function Context:close()
  if self._client then self._client:close() end
end

--- The JSON of a file, or of standard input for "-".
---@param name string
---@return any
function Context:read_json(name)
  local text
  if name == "-" then
    text = io.read "*a"
  else
    text = self:read_file(name)
  end
  local value, failure = core.decode(text or "")
  if value ~= nil then return value end
  local err = errors.decode(failure)
  return self:fail("validation", ("%s is not JSON: %s"):format(name == "-" and "standard input" or name, err.message))
end

--- The text of a file.
---@param name string
---@return string
function Context:read_file(name)
  local file, message = io.open(name, "rb")
  local text
  if file then
    text, message = file:read "*a"
    file:close()
  end
  if not text then
    self:fail("config", ("cannot read %s: %s"):format(name, (tostring(message):gsub("^.*: ", ""))))
  end
  return text
end

return context
