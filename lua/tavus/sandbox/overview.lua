--- The data of the page at `/`, in one answer of bounded size: the newest rows and
-- requests, with names and ids only, long texts cut, and no body, header or query.

local contract = require "tavus.sandbox.contract"
local core = require "tavus.core"
local cut = require("tavus.text").cut
local settings = require "tavus.sandbox.settings"

local overview = {}

local MAX_ROWS = 50      -- of personas, and of conversations
local MAX_OTHERS = 10    -- of each other resource
local MAX_REQUESTS = 100
local MAX_TEXT = 200     -- bytes

-- A text, cut between characters; "" for any other value.
local function text(value)
  if type(value) ~= "string" then return "" end
  return cut(value, MAX_TEXT)
end

local function model(row)
  local layers = row.layers
  local llm = type(layers) == "table" and layers.llm
  return type(llm) == "table" and llm.model or nil
end

local function persona(row)
  return {
    persona_id = text(row.persona_id), persona_name = text(row.persona_name), model = text(model(row)),
    created_at = text(row.created_at),
  }
end

local function conversation(row)
  return {
    conversation_id = text(row.conversation_id), conversation_name = text(row.conversation_name),
    status = text(row.status), persona_id = text(row.persona_id), created_at = text(row.created_at),
  }
end

local function newest(rows, seen)
  local list = core.array {}
  for n = 1, math.min(rows.count, MAX_ROWS) do list[n] = seen((rows:newest(n))) end
  return list
end

local OWN_LISTS = { persona = true, conversation = true }

-- The newest rows of the other resources, and how many there are.
local function others(stores)
  local list, count = core.array {}, 0
  for _, resource in ipairs(contract.resources) do
    local rows = stores[resource.name]
    for n = 1, OWN_LISTS[resource.name] and 0 or math.min(rows.count, MAX_OTHERS) do
      local row = rows:newest(n)
      list[#list + 1] = {
        resource = resource.collection, id = text(row[resource.id_field]), name = text(row[resource.name_field or ""]),
        status = text(row.status), created_at = text(row.created_at),
      }
    end
    count = count + (OWN_LISTS[resource.name] and 0 or rows.count)
  end
  return list, count
end

local function requests(journal)
  local list = core.array {}
  for seq = journal.seq, math.max(journal.first, journal.seq - MAX_REQUESTS + 1), -1 do
    local entry = journal.entries[seq]
    list[#list + 1] = {
      seq = seq, method = text(entry.method), path = text(entry.path), status = entry.status,
      closed = entry.closed, fault = entry.fault, scripted = entry.scripted or false,
    }
  end
  return list
end

local function switches(values)
  local changed, plain = core.array {}, {}
  for _, name in ipairs(settings.names()) do
    local switch = settings.switches[name]
    local value = values[name]
    local differs = value ~= switch.default
    local list = differs and changed or plain
    if type(value) == "string" then value = text(value) end
    list[#list + 1] = {
      name = name, value = value, default = switch.default, changed = differs, meaning = switch.meaning,
    }
  end
  for _, one in ipairs(plain) do changed[#changed + 1] = one end
  return changed
end

--- The overview of a sandbox.
---@param context tavus.sandbox.Context
---@return table
function overview.of(context)
  local other_rows, other_count = others(context.stores)
  return {
    is_tavus = false,
    url = context.url,
    version = require "tavus.version",
    scripted = context.script:count(),
    refusing = context.refusing,
    personas = newest(context.stores.persona, persona),
    persona_count = context.stores.persona.count,
    conversations = newest(context.stores.conversation, conversation),
    conversation_count = context.stores.conversation.count,
    others = other_rows,
    other_count = other_count,
    requests = requests(context.journal),
    request_count = context.journal.seq,
    switches = switches(context.settings),
  }
end

return overview
