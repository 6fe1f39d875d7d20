-- Lists: one page, and the walk over all pages.
local clients = require "spec.support.clients"
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

describe("lists", function()
  local sandbox, client

  setup(function() sandbox = assert(sandbox_module.start { port = 0 }) end)
  teardown(function() sandbox:stop() end)
  before_each(function()
    sandbox:reset()
    client = clients.new(sandbox.url)
  end)
  after_each(function() client:close() end)

  local function rows(...)
    local list = tavus.array {}
    for _, id in ipairs { ... } do list[#list + 1] = { persona_id = id } end
    return list
  end

  local function page(total, ...)
    sandbox:next { status = 200, body = { data = rows(...), total_count = total } }
  end

  local function walk(...)
    local ids = {}
    for row in client.personas:each(...) do ids[#ids + 1] = row.persona_id or row.pal_id end
    return ids
  end

  local function queries()
    local list = {}
    for _, entry in ipairs(sandbox:requests()) do
      if entry.method == "GET" then list[#list + 1] = entry.query end
    end
    return list
  end

  describe("list", function()
    it("returns one page as Tavus gives it, and meta", function()
      page(7, "p1", "p2")
      local list, meta = client.personas:list { limit = 2, page = 3, persona_type = "user" }
      assert.equal(7, list.total_count)
      assert.equal("p2", list.data[2].persona_id)
      assert.equal(200, meta.status)
      assert.same({}, meta.warnings)
      assert.same({ limit = "2", page = "3", persona_type = "user" }, queries()[1])
    end)

    it("sends no query that it was not given", function()
      assert.truthy(client.personas:list())
      assert.same({}, queries()[1])
    end)

    it("takes a query as a list too, which wins over the filter, and leaves the tables it is given alone", function()
      local filter, given = { limit = 1 }, { query = { { "limit", "3" }, { "q", "x" } } }
      assert(client.personas:list(filter, given))
      assert.same({ limit = "3", q = "x" }, queries()[1])
      assert.truthy(client.personas:each(filter, given)())
      assert.same({ limit = "3", q = "x", page = "1" }, queries()[2])
      assert.same({ limit = 1 }, filter)
      assert.same({ query = { { "limit", "3" }, { "q", "x" } } }, given)
    end)

    it("sends page 0", function()
      client.personas:list { page = 0 }
      assert.equal("0", queries()[1].page)
    end)

    it("raises for a filter it does not know, which Tavus might pay no attention to", function()
      assert.matches('pages_spec.lua:%d+: personas:list: "persona_typ" is not a filter %(did you mean persona_type%?%); '
        .. "give other parameters after the filter: { query = { ... } }",
        clients.raised(function() client.personas:list { persona_typ = "user" } end))
      assert.matches('pages_spec.lua:%d+: personas:each: "persona_name" is not a filter',
        clients.raised(function() for _ in client.personas:each { persona_name = "Ada" } do error("a row") end end))
      assert.error_matches(function() client.conversations:list { owner = "me" } end, "%(known are limit, page, status%)")
      assert.same({}, queries())
      page(0)
      assert(client.personas:list(nil, { query = { persona_name = "Ada" } }))
      assert.equal("Ada", queries()[1].persona_name)
    end)

    it("takes an array for the rows", function()
      sandbox:next { status = 200, body = rows("p1") }
      local list = client.personas:list()
      assert.equal("p1", list.data[1].persona_id)
      assert.equal(1, list.total_count)
    end)

    it("gives a decode error where there are no rows", function()
      sandbox:next { status = 200, body = { total_count = 1 } }
      local list, err = client.personas:list()
      assert.is_nil(list)
      assert.equal("decode", err.type)
    end)

    it("gives a decode error where the rows are an object", function()
      sandbox:next { status = 200, body = '{"data":{"persona_id":"p1"},"total_count":1}' }
      local list, err = client.personas:list()
      assert.is_nil(list)
      assert.equal("decode", err.type)
    end)

    it("tells where an option belongs", function()
      assert.matches("pages_spec.lua:%d+: personas:list: timeout is an option of the call",
        clients.raised(function() client.personas:list { timeout = 1 } end))
      assert.error_matches(function() client.personas:list "x" end, "the filter must be a table, not string")
    end)
  end)

  describe("each", function()
    it("walks everything in the sandbox", function()
      local wanted = {}
      for i = 1, 23 do
        wanted[assert(client.personas:create(clients.persona(function(p) p.persona_name = "N" .. i end))).persona_id] = true
      end
      local count = 0
      for persona, meta in client.personas:each { persona_type = "user", limit = 10 } do
        assert.is_true(wanted[persona.persona_id])
        wanted[persona.persona_id] = nil
        assert.equal(200, meta.status)
        count = count + 1
      end
      assert.equal(23, count)
      assert.equal(3, #queries())
    end)

    it("starts with the contract's first page and asks for large pages", function()
      page(1, "p1")
      assert.same({ "p1" }, walk())
      assert.same({ page = "1", limit = "100" }, queries()[1])
    end)

    it("starts at the page it is given", function()
      page(9, "p1")
      page(9)
      page(9)
      assert.same({ "p1" }, walk { page = 0, limit = 1 })
      assert.equal("0", queries()[1].page)
      assert.equal("1", queries()[2].page)
    end)

    it("stops when total_count distinct rows were seen", function()
      page(3, "p1", "p2")
      page(3, "p3")
      assert.same({ "p1", "p2", "p3" }, walk { limit = 2 })
      assert.equal(2, #queries())
    end)

    it("does not stop at a short page", function()
      page(4, "p1")
      page(4, "p2")
      page(4, "p3", "p4")
      assert.same({ "p1", "p2", "p3", "p4" }, walk { limit = 2 })
    end)

    it("gives rows that come twice once", function()
      page(4, "p1", "p2")
      page(4, "p2", "p3")
      page(4, "p3", "p4")
      assert.same({ "p1", "p2", "p3", "p4" }, walk { limit = 2 })
    end)

    it("survives an empty page in the middle", function()
      page(3, "p1", "p2")
      page(3)
      page(3, "p3")
      assert.same({ "p1", "p2", "p3" }, walk { limit = 2 })
      assert.equal(3, #queries())
    end)

    it("stops after two empty pages in a row, whatever total_count says", function()
      page(50, "p1")
      page(50)
      page(50)
      page(50, "p2")
      assert.same({ "p1" }, walk { limit = 1 })
      assert.equal(3, #queries())
    end)

    it("stops when a server answers the same page for ever", function()
      sandbox:next { status = 200, times = "always", body = { data = rows("p1", "p2"), total_count = 9 } }
      assert.same({ "p1", "p2" }, walk { limit = 2 })
      assert.equal(3, #queries())
    end)

    it("walks without a total_count", function()
      sandbox:next { status = 200, body = { data = rows("p1") } }
      sandbox:next { status = 200, body = { data = tavus.array {} }, times = 2 }
      assert.same({ "p1" }, walk { limit = 1 })
    end)

    it("reads rows with the newer names", function()
      sandbox:next { status = 200, body = { data = tavus.array { { pal_id = "p1" }, { pal_id = "p1" }, { pal_id = "p2" } }, total_count = 2 } }
      assert.same({ "p1", "p2" }, walk())
      assert.equal(1, #queries())
    end)

    it("caps the pages", function()
      for i = 1, 5 do page(99, "p" .. i) end
      assert.same({ "p1", "p2", "p3" }, walk({ limit = 1 }, { max_pages = 3 }))
      assert.same({ "p4" }, walk { limit = 1, max_pages = 1 })
      assert.equal(1000, require("tavus.client.pages").MOST)
    end)

    it("does not believe a total_count of nothing where there are rows", function()
      page(0, "p1")
      page(0, "p2")
      page(0)
      page(0)
      assert.same({ "p1", "p2" }, walk { limit = 1 })
    end)

    it("gives every row that has no id", function()
      local data = tavus.array { { persona_name = "A" }, { persona_name = "A" }, { persona_id = "" }, { persona_id = "" } }
      sandbox:next { status = 200, body = { data = data, total_count = 4 } }
      local count = 0
      for _ in client.personas:each() do count = count + 1 end
      assert.equal(4, count)
    end)

    it("tells the log when it stops by itself before the end, and not when it was told to", function()
      local pages = require "tavus.client.pages"
      local lines, most = {}, pages.MOST
      local logging = clients.new(sandbox.url, { log = function(level, line) if level == "error" then lines[#lines + 1] = line end end })
      pages.MOST = 2
      for i = 1, 3 do page(9, "p" .. i) end
      for _ in logging.personas:each { limit = 1, max_pages = 1 } do assert.same({}, lines) end
      local count = 0
      for _ in logging.personas:each { limit = 1 } do count = count + 1 end
      pages.MOST = most
      assert.equal(2, count)
      logging:close()
      assert.same({ "personas:each: stopped after 2 pages; max_pages allows more" }, lines)
    end)

    it("is empty for an empty list", function()
      page(0)
      assert.same({}, walk())
      assert.equal(1, #queries())
    end)

    it("stays at its end", function()
      page(1, "p1")
      local next_row = client.personas:each()
      assert.equal("p1", next_row().persona_id)
      assert.is_nil(next_row())
      assert.is_nil(next_row())
      assert.equal(1, #queries())
    end)

    it("raises its error as an error table", function()
      page(9, "p1")
      sandbox:next { status = 403, body = { error = "no" } }
      local seen = 0
      local ok, err = pcall(function()
        for _ in client.personas:each { limit = 1 } do seen = seen + 1 end
      end)
      assert.is_false(ok)
      assert.equal("permission", err.type)
      assert.equal(1, seen)
      assert.truthy(tostring(err):find("permission", 1, true))
    end)

    it("raises an error table also for an answer without rows", function()
      for _, status in ipairs { 204, 304 } do
        sandbox:next { status = status }
        local ok, err = pcall(function() for _ in client.personas:each() do error("a row") end end)
        assert.is_false(ok)
        assert.equal("decode", err.type)
        assert.equal(status, err.status)
        assert.equal("/v2/personas", err.path)
      end
    end)

    it("raises for a page that is no number", function()
      for _, page_asked in ipairs { "last", 1.5, -1 } do
        local ok, err = pcall(function() client.personas:each { page = page_asked } end)
        assert.is_false(ok)
        assert.equal("config", err.type)
        assert.equal("page", err.code)
      end
      assert.equal(0, #queries())
    end)

    it("raises for wrong options at the caller's line", function()
      assert.matches("pages_spec.lua:%d+: .*did you mean max_pages", clients.raised(function() client.personas:each({}, { max_page = 1 }) end))
      local ok, err = pcall(function() client.personas:each { max_pages = 0 } end)
      assert.is_false(ok)
      assert.equal("config", err.type)
    end)

    it("walks conversations", function()
      local persona = assert(client.personas:create(clients.persona())).persona_id
      local wanted = 0
      for _ = 1, 3 do
        assert(client.conversations:create { persona_id = persona })
      end
      for call in client.conversations:each { limit = 2 } do
        assert.truthy(call.conversation_id)
        wanted = wanted + 1
      end
      assert.equal(3, wanted)
    end)
  end)

  describe("an answer that is taken for its rows", function()
    local list
    before_each(function()
      assert(client.personas:create(clients.persona()))
      list = assert(client.personas:list { persona_type = "user", limit = 1 })
    end)

    local REMEDY = "personas:list: the answer is not an %s: its rows are in the member data; client.personas:each() walks"

    local reads_raw = pcall(function() -- whether this Lua's ipairs sees no metatable
      local step, of, from = ipairs(setmetatable({}, { __index = error, __ipairs = error }))
      step(of, from)
    end)

    -- Each on one line.
    local array = {
      first = function() return (list[1]) end,
      second = function() return (list[2]) end,
      numbered = function() for i = 1, list.total_count do print(list[i]) end end,
      id = function() return list[1].persona_id end,
      of_the_call = function() return (client.personas:list())[1].persona_id end,
    }
    if not reads_raw then
      array.ipairs = function() for _ in ipairs(list) do print "row" end end
      array.ipairs_of_the_call = function() for _ in ipairs(client.personas:list()) do print "row" end end
      array.collected = function() for i, p in ipairs(list) do print(i, p.persona_id) end end
    end
    local iterator = {
      loop = function() for _ in list do print "row" end end,
      loop_of_the_call = function() for _ in client.personas:list() do print "row" end end,
      called = function() return (list()) end,
    }
    for what, cases in pairs { array = array, iterator = iterator } do
      for name, fn in pairs(cases) do
        it(("raises at the caller's line, with the remedy: %s, %s"):format(what, name), function()
          local message = clients.raised(fn)
          assert.matches(("pages_spec.lua:%d: "):format(debug.getinfo(fn, "S").linedefined), message, 1, true)
          assert.matches(REMEDY:format(what), message, 1, true)
        end)
      end
    end

    it("is an ordinary table for everything else", function()
      local plain = {}
      for name, value in pairs(list) do plain[name] = value end
      assert.is_number(plain.total_count)
      assert.same(plain, list)
      assert.same(list, plain)
      assert.is_truthy(next(list) == "data" or next(list) == "total_count")
      assert.equal(tavus.encode(plain), tavus.encode(list))
      assert.same({}, tavus.patch.diff(plain, list))
      assert.is_nil(list[0])
      assert.is_nil(list.next_page)
      assert.is_nil(rawget(list, 1))
      assert.equal(0, #list)
      list.mine = 1
      assert.equal(1, list.mine)
    end)

    it("has rows that are read as ever", function()
      assert.is_string(list.data[1].persona_id)
      assert.is_nil(list.data[2])
      local count = 0
      for _ in ipairs(list.data) do count = count + 1 end
      assert.equal(1, count)
    end)
  end)
end)
