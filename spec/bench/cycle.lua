-- CPU of a POST and a GET with checking and decoding, against C on a reused libcurl handle that discards the answers.
-- cycle.lua URL PROGRAM: the sandbox's URL, and the C program built from cycle.c.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local process = require "spec.support.process"
local tavus = require "tavus"

local url, program = assert(arg[1]), assert(arg[2])
local cycles, rounds = 500, 15
local persona = require "spec.bench.persona"(4096)
local client = assert(tavus.new { api_key = "bench", base_url = url })
local id = assert(client.personas:create(persona)).persona_id

local body_file = os.tmpname()
local file = assert(io.open(body_file, "w"))
file:write(assert(tavus.encode(persona, "persona")))
file:close()

local function ours()
  local start = os.clock()
  for _ = 1, cycles do
    assert(client.personas:create(persona))
    assert(client.personas:get(id))
  end
  return os.clock() - start
end

local function theirs()
  local _, output = process.run(("%s %s %s %s %d"):format(process.quote(program), process.quote(url), id, body_file, cycles))
  return assert(tonumber(output), output)
end

ours()
local a, b, ratios = {}, {}, {}
for i = 1, rounds do
  a[i], b[i] = ours(), theirs()
  ratios[i] = a[i] / b[i]
end
os.remove(body_file)
client:close()
local us = 1e6 / cycles
compare.line("POST + GET", "tavus", compare.median(a) * us, "C, libcurl", compare.median(b) * us, compare.median(ratios),
  "1.25, at most 1.4")
