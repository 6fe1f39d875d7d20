-- Run: `lua5.4 examples/tools.lua`, with TAVUS_API_KEY set. Functions that the persona's model may call while it talks.
local tavus = require "tavus"

local client = assert(tavus.new())

-- The description comes first; a property is required unless it is optional.
local book = tavus.tool "book_appointment" {
  "Book an appointment at the clinic",
  day     = tavus.string { "The day, like 2026-11-20", format = "date" },
  slot    = tavus.enum { "The part of the day", values = { "morning", "afternoon" } },
  people  = tavus.integer { "How many come", minimum = 1, maximum = 4, optional = true },
  contact = tavus.object_of {
    "Whom to call back",
    name  = tavus.string "Full name",
    phone = tavus.string { "With the country code", pattern = "^\\+[0-9]+$", optional = true },
  },
  topics  = tavus.array_of { "What it is about", items = tavus.string "A word or two", maxItems = 3, optional = true },
}

-- It is plain data, the wrapper that Tavus takes; a table written by hand does as well.
print("required: " .. table.concat(book["function"].parameters.required, ", "))
print("as JSON:  " .. assert(tavus.encode(book, "tool")))

local hang_up = {
  type = "function",
  ["function"] = {
    name = "hang_up",
    description = "End the call when the caller says goodbye",
    parameters = { type = "object", properties = tavus.object {}, required = tavus.array {} },
  },
}

-- A mistake is found where it is written, before anything is sent.
local _, mistake = pcall(function()
  local made = tavus.tool "book" { "Book", day = tavus.string { "The day", maxlength = 10 } }
  return made
end)
print("a typo:   " .. mistake)

local persona = assert(client.personas:create {
  persona_name = "Receptionist",
  system_prompt = "You answer the phone of a small clinic and book appointments.",
  layers = { llm = { model = "tavus-gpt-oss", tools = { book, hang_up } } },
})
print("created " .. persona.persona_id)

local stored = assert(client.personas:get(persona.persona_id))
for _, tool in ipairs(stored.layers.llm.tools) do
  print("it may call " .. tool["function"].name)
end

assert(client.personas:delete(persona.persona_id))
print("deleted " .. persona.persona_id)
client:close()
