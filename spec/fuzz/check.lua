-- The check of a kind, which the length of the input chooses (all of them at each input are forty times slower): with and
-- without `strict`, and validating and encoding, it finds the same issues.
local core = require "tavus.core"

local BODIES = "spec/fixtures/bodies"
local KINDS = core.contract().kinds
local KIND_OF = { patch = "persona_patch" } -- a body's name begins with its kind

for _, name in ipairs(assert(core.list_dir(BODIES))) do
  local word = name:match "^%a+"
  if word ~= "bad" then
    local file = assert(io.open(BODIES .. "/" .. name, "rb"))
    local ok, issues = core.validate(KIND_OF[word] or word, assert(core.decode(file:read "*a")))
    file:close()
    assert(ok, name .. ": " .. core.encode(issues))
  end
end

-- The issues as text, without their severity; whether some of them are errors; those; whether `strict` makes errors of
-- some: of all but those about what a patch may drop.
local function read(issues)
  local list, errors, doubts = {}, {}, false
  for i, issue in ipairs(issues or {}) do
    assert(issue.severity == "error" or issue.severity == "warning")
    list[i] = core.encode { issue.path, issue.code, issue.message, issue.hint or core.null }
    if issue.severity == "error" then errors[list[i]] = true end
    if issue.code ~= "whole" then doubts = true end
  end
  return table.concat(list, "\n"), next(errors) ~= nil, errors, doubts
end

local function test(text)
  local value = core.decode(text)
  if value == nil then return end
  local before = core.encode(value)
  local kind = KINDS[#text % #KINDS + 1]
  local ok, issues = core.validate(kind, value)
  local strict_ok, strict_issues = core.validate(kind, value, { strict = true })
  local found, failed, errors, doubts = read(issues)
  local strictly, strictly_failed, strict_errors = read(strict_issues)
  assert((ok == nil) == failed and (strict_ok == nil) == strictly_failed, kind)
  assert(strictly_failed == doubts, kind)
  assert(strictly == found, kind .. "\n" .. found .. "\nstrictly:\n" .. strictly)
  for issue in pairs(errors) do assert(strict_errors[issue], issue) end
  for _, strict in ipairs { false, true } do
    local written, told, secrets = core.encode(value, kind, { strict = strict })
    assert((written ~= nil) == ((strict and strict_ok or not strict and ok) == true), kind)
    assert(read(told) == found, kind)
    if written then
      assert(core.equal(assert(core.decode(written)), assert(core.decode(core.encode(core.decode(written))))))
      for _, secret in ipairs(secrets or {}) do assert(written:find(core.encode(secret), 1, true), secret) end
    end
  end
  assert(core.encode(value) == before)
end

return test, dofile "spec/fuzz/mutate.lua"
