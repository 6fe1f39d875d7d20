-- luacheck: std max+busted
-- A hint that is followed to the letter works: it leads to no error, and a chain of hints ends in a body that passes.
-- The bodies are made from the contract; spec/support/following.lua does what the hints say.
local core = require "tavus.core"
local following = require "spec.support.following"

local copy = following.copy

-- What people put into a field: of every type, and shapes that are wrong in several ways.
local VALUES = {
  "x", "x y z", "", "a, b", "a, b c", '["a"]', '{"a":"b"}', "[a", 5, 1.5, true, false, {}, { "a" }, { "a", "b c" },
  { {} }, { { a = 1 } }, { a = "x" }, { a = "x y" }, { a = {} }, { a = true, b = true }, { a = "x", "y" }, { 1, 2 },
  core.null, { { name = "city", type = "string" } }, { name = "f", description = "d" }, { id = "x" },
  { { role = "system", content = "x" } }, { type = "function", name = "f", parameters = { type = "object" } },
}

-- Every named field and every row of aliases, each with a function that puts members into a body at that place.
local fields, aliases, choices = {}, {}, {}
local function gather(kind, its, around, seen, path)
  for _, alias in ipairs(its.aliases or {}) do
    aliases[#aliases + 1] = { kind = kind, name = alias.name, around = around, path = path .. "/" .. alias.name }
  end
  for _, field in ipairs(its.fields) do
    local name = field.name
    local row = { kind = kind, name = name, around = around, path = path .. "/" .. name, field = field }
    fields[#fields + 1] = row
    if field.choices then choices[#choices + 1] = row end
    local function inside(inner, wrap, below)
      if not inner or not inner.fields or seen[inner.shape] then return end
      seen[inner.shape] = true
      gather(kind, inner, function(members) return around { [name] = wrap(members) } end, seen, below)
    end
    inside(field, function(members) return members end, path .. "/" .. name)
    inside(field.items, function(members) return { members } end, path .. "/" .. name .. "/0")
  end
end

local SMALLEST = { persona = { system_prompt = "Hi" }, conversation = { persona_id = "p5317866" } }
for _, resource in ipairs(core.contract().resources) do
  for _, operation in ipairs(resource.operations) do
    if operation.name == "create" then
      gather(operation.body, resource, function(members)
        local body = copy(SMALLEST[operation.body]) or {}
        for k, v in pairs(members) do body[k] = v end
        return body
      end, {}, "")
    end
  end
end

-- Is the new error one of the body's own: a text that can be no address or name, or another member that is missing? A
-- member that was free form before is looked into now.
local function is_own(hinted, found)
  if found.code == "required" or found.code == "url" or found.code == "value" then return true end
  if found.code == "pointer" and hinted.path == found.path then return true end
  if hinted.hint:find "decode it first" then return true end
  if hinted.code ~= "unknown_field" then return false end
  local name = hinted.hint:match 'did you mean "([^"]+)"' or hinted.hint:match ", as ([%w_]+)"
    or hinted.path:match "[^/]+$"
  return found.path:find("/" .. name .. "/", 1, true) ~= nil or found.path:find "^/%d+/value/." ~= nil
end

-- The next body, the issue that led to it, and all issues; or nil when no hint can be followed.
local function next_body(kind, body)
  local _, issues = core.validate(kind, body)
  -- Tables that are neither first, then names: an object without its names lacks others, too.
  local rank = { mixed = 1, unknown_field = 2 }
  for wanted = 1, 3 do
    for _, issue in ipairs(issues) do
      local followed = issue.hint and (rank[issue.code] or 3) == wanted and following.step(body, issue)
      if followed then return followed, issue, issues end
    end
  end
  return nil, nil, issues
end

-- Follows the hints of a body until none is left. Returns what went wrong, or nil, and the number of hints.
local function chase(kind, body)
  local steps, trail = 0, {}
  for _ = 1, 12 do
    local followed, hinted, issues = next_body(kind, body)
    if not followed then
      for _, issue in ipairs(issues) do
        if issue.severity == "error" and issue.code ~= "required" and not issue.hint then
          return ("ends in %s: %s, after %s"):format(issue.path, issue.message, table.concat(trail, " | ")), steps
        end
      end
      return nil, steps
    end
    local before, said, _ = {}, ("%s: %s"):format(hinted.path, hinted.hint), nil
    for _, issue in ipairs(issues) do before[issue.code .. issue.message] = true end
    body, steps, trail[#trail + 1] = followed, steps + 1, said
    _, issues = core.validate(kind, body)
    for _, issue in ipairs(issues) do
      if issue.severity == "error" and not before[issue.code .. issue.message] and not is_own(hinted, issue) then
        return ("%s leads to %s: %s"):format(said, issue.path, issue.message), steps
      elseif issue.path == hinted.path and issue.code == hinted.code and issue.message == hinted.message then
        return "does not help: " .. said, steps
      end
    end
  end
  return "goes on: " .. table.concat(trail, " | "), steps
end

-- Chases many bodies: each(try) calls try(label, kind, body).
local function all_lead_on(least, each)
  local wrong, followed = {}, 0
  each(function(label, kind, body)
    local problem, steps = chase(kind, body)
    followed = followed + steps
    if problem then wrong[#wrong + 1] = label .. " " .. problem end
  end)
  local shown = table.concat(wrong, "\n", 1, math.min(#wrong, 10))
  assert.equal(0, #wrong, ("%d of %d hints:\n%s"):format(#wrong, followed, shown))
  assert.is_true(followed >= least, "only " .. followed .. " hints were followed")
end

local function shown(value) return core.encode(value) or tostring(value) end

describe("a hint that is followed works", function()
  it("for a value of any type in any field", function()
    all_lead_on(10000, function(try)
      for _, row in ipairs(fields) do
        for _, value in ipairs(VALUES) do
          try(row.path .. " = " .. shown(value), row.kind, row.around { [row.name] = copy(value) })
        end
      end
    end)
  end)

  it("for every word that people write instead, with any value", function()
    all_lead_on(10000, function(try)
      for _, row in ipairs(aliases) do
        for _, value in ipairs(VALUES) do
          try(row.path .. " = " .. shown(value), row.kind, row.around { [row.name] = copy(value) })
        end
      end
    end)
  end)

  it("for a name that is misspelt", function()
    all_lead_on(1000, function(try)
      for _, row in ipairs(fields) do
        local camel = row.name:gsub("_(%l)", string.upper)
        for _, name in ipairs { row.name:upper(), camel, row.name:sub(1, -2), row.name .. "s", row.name:gsub("_", "", 1) .. "" } do
          for _, value in ipairs { "x", 5, true, { "a" }, { a = "x" } } do
            try(row.path .. " as " .. name .. " = " .. shown(value), row.kind, row.around { [name] = copy(value) })
          end
        end
      end
    end)
  end)

  it("for a name in another place", function()
    local above = { "", "layers", "llm", "tts", "stt", "perception", "conversational_flow", "properties" }
    all_lead_on(2000, function(try)
      for _, row in ipairs(fields) do
        for _, name in ipairs(row.path:find "function" and {} or above) do
          for _, value in ipairs { "x", { "a" } } do
            local body = copy(SMALLEST[row.kind]) or {}
            local at = body
            if name == "layers" or name == "properties" then
              at = {}
              body[name] = at
            elseif name ~= "" then
              at = {}
              body.layers = { [name] = at }
            end
            at[row.name] = copy(value)
            try(name .. "." .. row.name .. " = " .. shown(value), row.kind, body)
          end
        end
      end
    end)
  end)

  it("for a choice that is misspelt", function()
    all_lead_on(200, function(try)
      for _, row in ipairs(choices) do
        for _, choice in ipairs(row.field.choices) do
          for _, text in ipairs { choice:upper(), choice .. "x", choice:sub(1, -2), choice:gsub("-", "_") .. "", "none" } do
            try(row.path .. " = " .. text, row.kind, row.around { [row.name] = text })
          end
        end
      end
    end)
  end)

  it("for the path and the value of an operation", function()
    all_lead_on(5000, function(try)
      local function op(path, value) try(path .. " = " .. shown(value), "persona_patch",
        { { op = "add", path = path, value = copy(value) } }) end
      for _, rows in ipairs { fields, aliases } do
        for _, row in ipairs(rows) do
          if row.kind == "persona" then
            for _, value in ipairs(VALUES) do op(row.path, value) end
            for _, path in ipairs { row.path:sub(2), row.path:gsub("/", ".") .. "", "/v2/personas/p1" .. row.path,
                "/persona" .. row.path, "#" .. row.path, "/" .. row.path, row.path:find "function" and "" or row.path:upper() } do
              op(path, "x")
            end
            if row.field then op(row.path .. "/", "x") end
          end
        end
      end
    end)
  end)

  it("for a member of an operation", function()
    all_lead_on(100, function(try)
      for _, row in ipairs(fields) do
        if row.kind == "persona" and not row.path:find "/0" then
          try(row.name, "persona_patch", { { [row.name] = "x" } })
        end
      end
    end)
  end)
end)
