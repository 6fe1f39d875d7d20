-- Run: `lua5.4 examples/listing.lua`, with TAVUS_API_KEY set. Walks all personas, page by page, without thinking of pages.
local tavus = require "tavus"

local client = assert(tavus.new())
local made = {}
for i = 1, 3 do
  made[i] = assert(client.personas:create {
    persona_name = "Example " .. i, system_prompt = "You are example number " .. i .. ".",
  })
end

-- One page, with the number of all rows beside it.
local page = assert(client.personas:list { limit = 2, persona_type = "user" })
print(("%d of %d personas on the first page"):format(#page.data, page.total_count))

-- All of them: `each` asks for the next page when it is wanted, and raises its error.
for persona in client.personas:each { persona_type = "user", limit = 2 } do
  print(persona.persona_id, persona.persona_name)
end

for _, persona in ipairs(made) do assert(client.personas:delete(persona.persona_id)) end
client:close()
