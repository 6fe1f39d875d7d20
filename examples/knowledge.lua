-- Run: `lua5.4 examples/knowledge.lua`, with TAVUS_API_KEY set. Documents for a persona: uploaded by address, waited for with
-- progress, and attached once they are ready.
local tavus = require "tavus"

local client = assert(tavus.new())

local sources = {
  { document_name = "Menu", document_url = "https://hotel.example.com/menu.pdf", tags = { "hotel" } },
  { document_name = "House rules", document_url = "https://hotel.example.com/rules.pdf", tags = { "hotel" } },
}

-- What is made is noted, and deleted at the end whatever happens.
local made = {}
local function create(resource, id_field, body)
  local row, err = resource:create(body)
  if not row then error(tostring(err), 0) end
  table.insert(made, 1, function() return resource:delete(row[id_field]) end)
  return row[id_field]
end

local done, failure = pcall(function()
  local ids = {}
  for i, source in ipairs(sources) do ids[i] = create(client.documents, "document_id", source) end

  -- Tavus says to attach a document once it is ready. The waits run beside each other.
  local waits = client:map(ids, function(id)
    return client.documents:wait(id, { timeout = 600, on_progress = tavus.progress { bar = false } })
  end)
  for i, wait in ipairs(waits) do
    if wait.err then error(sources[i].document_name .. ": " .. tostring(wait.err), 0) end
  end

  local persona_id = create(client.personas, "persona_id", {
    persona_name = "Concierge", system_prompt = "You are the concierge of a small hotel. Answer from the documents.",
    default_replica_id = "r90bbd427f71", document_ids = ids,
  })
  local persona = assert(client.personas:get(persona_id))
  print(persona.persona_name .. " knows " .. #persona.document_ids .. " documents")
end)

for _, delete in ipairs(made) do assert(delete()) end -- only because this is an example
client:close()
if not done then error(tostring(failure), 0) end
