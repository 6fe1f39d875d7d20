-- Checking and writing a persona against cjson's writing alone; reading against cjson's reading.
package.path = "./?.lua;" .. package.path
local compare = require "spec.bench.compare"
local persona_of = require "spec.bench.persona"
local cjson = require "cjson"
local tavus = require "tavus"

local persona = persona_of(4096)
assert(tavus.validate("persona", persona))
local text = assert(tavus.encode(persona, "persona"))
compare.cpu(("check + encode, %d bytes"):format(#text),
  { name = "tavus.encode", run = function() return tavus.encode(persona, "persona") end },
  { name = "cjson.encode", run = function() return cjson.encode(persona) end }, "0.8, at most 0.9")

for _, size in ipairs { 4096, 40960 } do
  local body = assert(tavus.encode(persona_of(size), "persona"))
  compare.cpu(("decode, %d bytes"):format(#body),
    { name = "tavus.decode", run = function() return tavus.decode(body) end },
    { name = "cjson.decode", run = function() return cjson.decode(body) end }, "0.6, at most 1.0",
    { count = size > 10000 and 400 or 2000 })
end
