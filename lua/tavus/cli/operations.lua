--- The commands of single objects, `tavus-lua persona list`: one for each operation of the contract.

local body = require "tavus.cli.body"
local core = require "tavus.core"
local progress = require "tavus.client.progress"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local operations = {}

-- Names of commands that are shorter than those of the contract, and names of resources at their newer path.
local SHORT = {
  tools = "tool", objectives = "objectives", pronunciation_dictionaries = "dictionary", pals = "pal", faces = "face",
}
-- Methods whose names are words of Lua.
local METHODS = { ["end"] = "end_" }
-- Names of commands that differ from those of the methods.
local COMMANDS = { conversations = { create = "start" } }
-- Members of a query that are either there or not.
local FLAGS = { force = true, hard = true, verbose = true }

local function dashed(name) return (name:gsub("_", "-")) end

local function ids_of(path)
  local ids = {}
  for id in path:gmatch "{([%w_]+)}" do ids[#ids + 1] = id end
  return ids
end

-- The query that options gave, or nil.
local function query_of(op, given)
  local query
  for _, name in ipairs(op.query or {}) do
    local value = given[name]
    if value ~= nil and name ~= "limit" and name ~= "page" then
      query = query or {}
      query[name] = value
    end
  end
  return query
end

local function texts_of(row, columns)
  local texts = {}
  for i, name in ipairs(columns) do
    local value = row[name]
    texts[i] = (value == nil or value == core.null) and "" or type(value) == "table" and core.encode(value) or value
  end
  return texts
end

local USUAL = { "name", "status", "persona_type", "pal_type", "type", "tags", "created_at" }

-- The columns of a table: what identifies a row, and what tells its state.
local function columns_of(data, newer, rows)
  local columns, known = {}, {}
  local function add(name)
    if not name or known[name] then return end
    for _, row in ipairs(rows) do
      if row[name] ~= nil then
        known[name] = true
        columns[#columns + 1] = name
        return
      end
    end
  end
  local id = newer and data.twin_id or data.id_field
  add(id)
  for _, field in ipairs(data.fields) do
    if field.name == data.name_field or field.twin == data.name_field then add(field.name) end
  end
  for _, name in ipairs(USUAL) do add(name) end
  return columns
end

-- Shows the rows of a list.
local function show_rows(its, data, newer, rows)
  local out = its.out
  if out.json or not out.is_terminal then
    for _, row in ipairs(rows) do out:object(row) end
    return
  end
  local columns, texts = columns_of(data, newer, rows), {}
  if #columns == 0 then return out:note "nothing there" end
  for i, row in ipairs(rows) do texts[i] = texts_of(core.decode(out:encoded(row)), columns) end
  out:rows(columns, texts)
end

-- Shows what a call answered.
local function show(its, data, newer, answer, about)
  if type(answer) == "table" and core.is_array(answer.data) then return show_rows(its, data, newer, answer.data) end
  if type(answer) == "table" then return its.out:value(answer) end
  its.out:note(about.changed == false and "nothing to do" or "done")
end

local function whole_number(text)
  local number = text:find "^%d+$" and tonumber(text)
  if number and number > 0 then return number end
  return nil, ("'%s' is not a number of rows"):format(text)
end

local function seconds(text)
  local number = text:find "^%d+%.?%d*$" and tonumber(text)
  if number and number > 0 then return number end
  return nil, ("'%s' is not a number of seconds"):format(text)
end

local runs = {}

-- All rows of all pages, up to --limit.
function runs.list(its, resource, data, op, given)
  local rows, most, newer = {}, given.limit or math.huge, resource.newer
  local streams = its.out.json or not its.out.is_terminal
  local calls = its:client()[resource.collection]
  local count = 0
  for row in calls:each(query_of(op, given), nil) do
    count = count + 1
    if streams then its.out:object(row) else rows[count] = row end
    if count >= most then break end
  end
  if not streams then show_rows(its, data, newer, rows) end
end

-- Everything else: ids, then a body.
function runs.call(its, resource, data, op, given)
  local calls = its:client()[resource.collection]
  local arguments, count = {}, 0
  for _, id in ipairs(resource.ids(op)) do
    count = count + 1
    arguments[count] = given[id]
  end
  local words = given[body.usage(op)] or {}
  local query = query_of(op, given)
  local options = query and { query = query } or nil
  local answer, about
  if op.name == "patch" and body.is_pairs(words) then
    answer, about = calls:update(arguments[1], function(object)
      body.set(its, object, words, op.fields or data.fields)
    end, options)
  else
    if op.sends ~= "nothing" then
      local made = body.read(its, op, words, data.fields)
      if made == nil and not op.optional then
        its:fail("config", "the body is missing", "give a file, - for standard input, or KEY=VALUE pairs")
      end
      count = count + 1
      arguments[count] = made
    end
    if op.answers == "list" then count = count + 1 end -- the filter
    arguments[count + 1] = options
    answer, about = calls[METHODS[op.name] or op.name](calls, unpack(arguments, 1, count + 1))
  end
  its:must(answer, about)
  if resource.collection == "conversations" and op.name == "create" then return runs.join(its, answer, given) end
  show(its, data, resource.newer, answer, about)
end

-- Opens an address with the program of the desktop.
local function open(its, url)
  if not url:find "^https?://[%w%-._~:/?#%[%]@!$&()*+,;=%%]+$" then
    return its.out:note("tavus-lua: not opened: the answer's address is not a web address", "red")
  end
  local quoted = "'" .. url:gsub("'", "'\\''") .. "'"
  local status = os.execute(("{ xdg-open %s || open %s; } >/dev/null 2>&1 &"):format(quoted, quoted))
  if not status then its.out:note("tavus-lua: no program opens addresses here (xdg-open, open)", "red") end
end

-- The address of a call that was started.
function runs.join(its, conversation, given)
  if its.out.json then
    its.out:object(conversation)
  else
    its.out:line(conversation.conversation_url or "")
    its.out:note("conversation " .. tostring(conversation.conversation_id))
  end
  if given.open and type(conversation.conversation_url) == "string" then open(its, conversation.conversation_url) end
end

-- Waits until an object is ready.
function runs.wait(its, resource, _, op, given)
  local calls = its:client()[resource.collection]
  local row, err = calls:wait(given[resource.ids(op)[1]], {
    timeout = given.timeout, interval = given.interval, on_progress = not its.out.json and progress() or nil,
  })
  its:must(row, err)
  its.out:value(row)
end

-- Commands -------------------------------------------------------------------

local DOES = {
  list = "List all rows.", get = "Show one.", create = "Make one.", delete = "Delete one.", patch = "Change one.",
  rename = "Give one another name.", wait = "Wait until one is ready.",
  ["end"] = "End one.", publish = "Publish the builder's draft.",
}

local function example_of(resource, name, op)
  local words = { "tavus-lua", resource.command, name }
  for _, id in ipairs(resource.ids(op)) do words[#words + 1] = id:upper() end
  if op.sends ~= "nothing" then
    local usage = body.usage(op)
    words[#words + 1] = usage ~= "body" and usage:upper() or name == "patch" and "KEY=VALUE" or "body.json"
  end
  return table.concat(words, " ")
end

local function command_of(resource, data, op, name, run)
  local command = {
    name = name, help = DOES[op.name] or ("Call %s %s."):format(op.method, op.path), arguments = {}, options = {},
    example = example_of(resource, name, op),
    run = function(its, given) return run(its, resource, data, op, given) end,
  }
  for _, id in ipairs(resource.ids(op)) do
    command.arguments[#command.arguments + 1] = { id, "Its " .. id:gsub("_", " ") .. "." }
  end
  if op.sends ~= "nothing" then
    local usage, help = body.usage(op)
    command.arguments[#command.arguments + 1] = { usage, help, args = "*" }
  end
  for _, query in ipairs(op.query or {}) do
    if query == "limit" then
      command.options[#command.options + 1] = { "--limit", "Stop after so many rows.", argname = "<number>",
        convert = whole_number }
    elseif query ~= "page" then
      command.options[#command.options + 1] = { "--" .. dashed(query), ("Ask with %s."):format(query),
        argname = not FLAGS[query] and "<value>" or nil }
    end
  end
  if resource.collection == "conversations" and op.name == "create" then
    command.help = "Start one, and print the address to join it at."
    command.options[#command.options + 1] = { "--open", "Open the address in a browser." }
  end
  return command
end

local function wait_command(resource, data, get)
  local command = command_of(resource, data, { name = "wait", method = get.method, path = get.path,
    newer_path = get.newer_path, sends = "nothing" }, "wait", runs.wait)
  command.options = {
    { "--timeout", "Give up after so many seconds (3600).", argname = "<seconds>", convert = seconds },
    { "--interval", "Seconds of the first pause (2).", argname = "<seconds>", convert = seconds },
  }
  return command
end

--- The commands of all resources.
---@return tavus.Command[]
function operations.commands()
  local all = {}
  for _, collection in ipairs(core.collections()) do
    local data = core.contract(collection)
    local newer = data.twin == collection
    local resource = { collection = collection, newer = newer, command = SHORT[collection] or dashed(data.name) }
    function resource.ids(op) return ids_of(newer and op.newer_path or op.path) end
    local command = { name = resource.command, help = data.description, commands = {} }
    if newer then command.help = ("%s (/v2/%s)"):format(data.description, collection) end
    local full = dashed(data.name)
    if resource.command ~= full and not newer then command.name = command.name .. " " .. full end
    for _, op in ipairs(data.operations) do
      local name = (COMMANDS[collection] or {})[op.name] or dashed(op.name)
      local run = op.name == "list" and runs.list or runs.call
      command.commands[#command.commands + 1] = command_of(resource, data, op, name, run)
      if op.name == "get" and data.states then
        command.commands[#command.commands + 1] = wait_command(resource, data, op)
      end
    end
    all[#all + 1] = command
  end
  return all
end

return operations
