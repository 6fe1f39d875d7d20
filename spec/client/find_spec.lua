-- find(name): over all pages, exact first, then with punctuation and blanks folded.
local clients = require "spec.support.clients"
local habits = require "spec.support.habits"
local tavus = require "tavus"

describe("find", function()
  local sandbox, client = habits.serve(teardown, before_each)

  local function put(...)
    local ids = {}
    for i, name in ipairs { ... } do
      ids[i] = assert(sandbox:put { persona_name = name, system_prompt = "x" })
    end
    return (table.unpack or unpack)(ids) -- luacheck: ignore (5.1 has unpack)
  end

  -- Names as people write them, and as they may be stored; `false` at the end: that is another name.
  local pairs_of_names = {
    { "Tutor Owl (math riddles)", "Tutor Owl math riddles " },
    { "Coach (chess)", "Coach chess " },
    { "Dr. O'Neil", "Dr ONeil" },
    { "Dr. O'Neil", "Dr O Neil" },
    { "Sales - EMEA", "Sales EMEA" },
    { "Sales - EMEA", "Sales  EMEA" },
    { "A/B test, variant #2", "AB test variant 2" },
    { "A/B test, variant #2", "A B test variant 2" },
    { "support_bot_v2", "support bot v2" },
    { "it's (a) b-c", "its a b c" },
    { "Ana & Bob!", "Ana Bob" },
    { "Ana & Bob!", " ana bob", false },
    { "“Quoted” – name…", "Quoted name" },
    { "Café (Zoë)", "Café Zoë " },
    { "Coach 🎓", "Coach" },
    { "日本語（先生）", "日本語先生" },
    { "  spaced   out ", "spaced out" },
    { "tab\tbed", "tab bed" },
    { "Math Tutor", "MathTutor", false },
    { "MathTutor", "Math Tutor", false },
    { "Math-Tutor", "MathTutor" },
    { "Coach 2", "Coach 12", false },
    { "Coach", "Coach 2", false },
    { "!!!", "???", false },
    { "!!!", "", false },
    { "Café", "Cafe", false },
    { "100% sure", "100 sure" },
    { "a.b", "a.b.c", false },
  }

  for _, names in ipairs(pairs_of_names) do
    it(("%q %s %q"):format(names[1], names[3] == false and "is not" or "is", names[2]), function()
      local _, id = put("Somebody", names[2], "Somebody else")
      local row, meta = client.personas:find(names[1])
      if names[3] == false then
        assert.is_nil(row)
        assert.equal("not_found", meta.type)
        assert.matches(("no persona is named %q"):format(names[1]), meta.message, 1, true)
      else
        assert.equal(id, row.persona_id)
        assert.is_true(meta.renamed)
        assert.equal(200, meta.status)
      end
    end)
  end

  it("takes the exact name before one that resembles it", function()
    local _, exact = put("Coach chess ", "Coach (chess)", "Coach, chess")
    local row, meta = client.personas:find "Coach (chess)"
    assert.equal(exact, row.persona_id)
    assert.is_nil(meta.renamed)
  end)

  it("finds what is on a later page, and sees every page before it answers", function()
    local wanted = put("Coach (chess)")
    for i = 1, 120 do sandbox:put { persona_name = "other " .. i, system_prompt = "x" } end
    assert.equal(wanted, assert(client.personas:find "Coach (chess)").persona_id)
    local before = #sandbox:requests()
    put("Coach (chess)")
    assert.equal("conflict", select(2, client.personas:find "Coach (chess)").type)
    assert.equal(2, #sandbox:requests() - before)
  end)

  it("gives a conflict that names the ids, of equal and of similar names", function()
    for _, names in ipairs { { "Coach", "Coach" }, { "Coach!", "Coach?" } } do
      sandbox:reset()
      local a, b = put(names[1], names[2])
      local row, err = client.personas:find(names[1] == names[2] and "Coach" or "(Coach)")
      assert.is_nil(row)
      assert.equal("conflict", err.type)
      assert.matches(a, err.message, 1, true)
      assert.matches(b, err.message, 1, true)
      assert.matches("2 personas are named", tostring(err), 1, true)
    end
  end)

  it("names at most ten ids", function()
    for _ = 1, 12 do put("Coach") end
    local _, err = client.personas:find "Coach"
    assert.equal(10, select(2, err.message:gsub("p%x%x%x%x%x%x+", "")))
    assert.matches("12 personas", err.message, 1, true)
    assert.matches(", ...", err.message, 1, true)
  end)

  it("reads rows by either name", function()
    local id = put("Coach (chess)")
    for _, naming in ipairs { "persona", "pal", "mixed" } do
      assert(sandbox:set { list_names = naming })
      local row = assert(client.personas:find "Coach (chess)")
      assert.equal(id, row.persona_id or row.pal_id)
    end
  end)

  it("finds pals by their names", function()
    local id = put("Coach chess ")
    local row, meta = client.pals:find "Coach (chess)"
    assert.equal(id, row.pal_id)
    assert.is_true(meta.renamed)
    assert.matches("find_spec.lua:%d+: pals:find: wants a name", clients.raised(function() client.pals:find() end))
  end)

  it("takes the options of each, and a query", function()
    put("Coach")
    assert(client.personas:find("Coach", { query = { persona_type = "user" }, timeout = 5 }))
    local all = sandbox:requests()
    assert.same({ limit = "100", page = "1", persona_type = "user" }, all[#all].query)
    for i = 1, 120 do sandbox:put { persona_name = "other " .. i, system_prompt = "x" } end
    local _, err = client.personas:find("Coach", { max_pages = 1 })
    assert.equal("not_found", err.type)
    assert.matches("on the first 1 pages", err.message, 1, true)
    assert.equal("config", select(2, client.personas:find("Coach", { timeout = -1 })).type)
  end)

  it("returns the error of a page, and an error for a page without rows", function()
    sandbox:next { status = 401 }
    assert.equal("auth", select(2, client.personas:find "Coach").type)
    sandbox:next { status = 304 }
    assert.equal("decode", select(2, client.personas:find "Coach").type)
  end)

  it("raises for what is not a name, at the caller's line", function()
    assert.matches("find_spec.lua:%d+: personas:find: wants a name, not nil", clients.raised(function() client.personas:find() end))
    assert.matches("find_spec.lua:%d+: .*not table", clients.raised(function() client.personas:find { persona_name = "x" } end))
    assert.matches("find_spec.lua:%d+: .*colon", clients.raised(function() client.personas.find "x" end))
    assert.matches("find_spec.lua:%d+: .*personas:find", clients.raised(function() client.personas:find("x", { colour = 1 }) end))
  end)

  it("finds conversations, too", function()
    local made = assert(client.conversations:create { replica_id = "r90bbd427f71", conversation_name = "Visit (Ada)" })
    assert.equal(made.conversation_id, assert(client.conversations:find "Visit (Ada)").conversation_id)
    assert.equal("not_found", select(2, client.conversations:find "Visit (Ben)").type)
  end)

  it("waits in a task as elsewhere", function()
    local id = put("Coach (chess)")
    local row, meta = client:spawn(function() return client.personas:find "Coach chess" end):result()
    assert.equal(id, row.persona_id)
    assert.is_true(meta.renamed)
  end)

  describe("in a sandbox that stores names without punctuation", function()
    before_each(function() assert(sandbox:set { stored_names = "plain" }) end)

    it("finds what the first run made", function()
      local made = assert(client.personas:create { persona_name = "Tutor Owl (math riddles)", system_prompt = "x" })
      assert.equal("Tutor Owl math riddles ", made.persona_name)
      local row, meta = client.personas:find "Tutor Owl (math riddles)"
      assert.equal(made.persona_id, row.persona_id)
      assert.is_true(meta.renamed)
    end)

    it("stores a patched name and a conversation's likewise", function()
      local id = assert(client.personas:create { persona_name = "a", system_prompt = "x" }).persona_id
      assert(client.personas:patch(id, tavus.patch():replace("/persona_name", "Coach (chess)")))
      assert.equal("Coach chess ", client.personas:get(id).persona_name)
      local made = assert(client.conversations:create { replica_id = "r90bbd427f71", conversation_name = "Visit (Ada)" })
      assert.equal("Visit Ada ", made.conversation_name)
      assert.equal("Coach chess ", assert(client.personas:find "Coach (chess)").persona_name)
    end)
  end)
end)
