--- One sample of each resource but personas and conversations: the body that makes a row, and what each further method
--- takes after the row's id. For the specs that call every method of every resource.
local clients = require "spec.support.clients"
local resource = require "tavus.client.resource"
local tavus = require "tavus"

local samples = {}

local VIDEO = "https://media.example.com/train.mp4"

---@class spec.Sample
---@field body (fun(row: { persona: string, replica: string }): table)? of create; nil: the row `id` exists
---@field id string?
---@field arguments table<string, fun(row: table): ...> by method: what it takes after the id, where it is not a body or
--- nothing; `row` is what create answered
samples.of = {
  replicas = {
    body = function() return { replica_name = "Ann", train_video_url = VIDEO } end,
    arguments = {
      patch = function() return { face_name = "Ben" } end, rename = function() return "Ben" end,
    },
  },
  faces = {
    body = function() return { face_name = "Ann", train_video_url = VIDEO } end,
    arguments = {
      patch = function() return { face_name = "Ben" } end, rename = function() return "Ben" end,
    },
  },
  voices = {
    body = function() return { voice_name = "Ann", audio_url = VIDEO } end,
    arguments = { patch = function() return { voice_name = "Ben" } end },
  },
  documents = {
    body = function() return { document_url = "https://docs.example.com/", crawl = { depth = 1 } } end,
    arguments = { patch = function() return { document_name = "Guide" } end, recrawl = function() return {} end },
  },
  videos = {
    body = function(row) return { replica_id = row.replica, script = "Welcome." } end,
    arguments = { rename = function() return "Ben" end },
  },
  skills = { id = "magic_canvas", arguments = {} },
  deployments = {
    body = function(row) return { pal_id = row.persona, channel = "widget", name = "Ann" } end,
    arguments = {
      patch = function() return tavus.patch():replace("/name", "Ben") end,
      update = function() return function(row) row.name = "Ben" end end,
      start = function() return {} end,
    },
  },
  memory_stores = {
    body = function(row)
      return { pal_id = row.persona, participant_tag = "ann", pinned_memories = { "likes tea" } }
    end,
    arguments = {
      pin = function() return "likes jazz" end,
      edit_pin = function(row) return row.pinned_memories[1].memory_id, "likes rock" end,
      unpin = function(row) return row.pinned_memories[1].memory_id end,
    },
  },
  lipsyncs = { body = function() return { original_video_url = VIDEO, source_audio_url = VIDEO } end, arguments = {} },
  transcriptions = { body = function() return { file_url = VIDEO, callback_url = VIDEO } end, arguments = {} },
  replacements = { body = function() return { original_video_url = VIDEO, new_transcript = "Hi" } end, arguments = {} },
  speeches = {
    body = function(row) return { script = "Hi", replica_id = row.replica } end,
    arguments = { rename = function() return "Ben" end },
  },
}

--- Makes the row of a sample, and the persona that it may need.
---@param client table
---@param collection string
---@return string id
---@return table row what create answered
---@return table body what it sent
function samples.make(client, collection)
  local sample = samples.of[collection]
  if not sample.body then return sample.id, {}, {} end
  local persona = assert(client.personas:create(clients.persona())).persona_id
  local body = sample.body { persona = persona, replica = "r90bbd427f71" }
  local row = assert(client[collection]:create(body))
  return row[resource.classes()[collection].id_field], row, body
end

--- Calls a method on the row of a sample.
---@param client table
---@param collection string
---@param method string
---@param made { id: string, row: table, body: table }
---@param options table? of the call
function samples.call(client, collection, method, made, options)
  local methods = client[collection]
  if method == "create" then return methods:create(made.body, options) end
  if method == "list" then return methods:list(nil, options) end
  if method == "each" then return methods:each(nil, options)() end
  local arguments = samples.of[collection].arguments[method]
  local first, second
  if arguments then first, second = arguments(made.row) end
  if second ~= nil then return methods[method](methods, made.id, first, second, options) end
  if first ~= nil then return methods[method](methods, made.id, first, options) end
  return methods[method](methods, made.id, options)
end

return samples
