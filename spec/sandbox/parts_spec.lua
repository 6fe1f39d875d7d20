-- The sandbox's parts that can be looked at without a server.
local core = require "tavus.core"
local journal = require "tavus.sandbox.journal"
local reply = require "tavus.sandbox.reply"
local routes = require "tavus.sandbox.routes"
local settings = require "tavus.sandbox.settings"
local state = require "tavus.sandbox.state"

describe("the text of a refusal", function()
  local function text(...) return reply.bad_request_text { ... } end

  it("is a Python print of nested dicts", function()
    assert.equal("Bad Request. {'a': ['no']}", text { path = "/a", message = "no" })
    assert.equal("Bad Request. {'a': {'b': ['no', 'nor']}, 'c': {'0': ['never']}}",
      text({ path = "/a/b", message = "no" }, { path = "/a/b", message = "nor" }, { path = "/c/0", message = "never" }))
    assert.equal("Bad Request. {'_schema': ['all of it']}", text { path = "", message = "all of it" })
    assert.equal("Bad Request. {'a/b': {'~': ['no']}}", text { path = "/a~1b/~0", message = "no" })
  end)

  it("quotes as Python does", function()
    assert.equal([[Bad Request. {'a': ["it's"]}]], text { path = "/a", message = "it's" })
    assert.equal([[Bad Request. {'a': ['it\'s "it"\n\\']}]], text { path = "/a", message = "it's \"it\"\n\\" })
  end)

  it("gives one reason on the way to a place", function()
    local outer, inner = { path = "/a", message = "no" }, { path = "/a/b", message = "nor" }
    assert.equal("Bad Request. {'a': ['no']}", text(outer, inner))
    assert.equal("Bad Request. {'a': {'b': ['nor']}}", text(inner, outer))
  end)
end)

describe("the route table", function()
  local table_of_routes = routes.new(core.contract())

  it("has every operation of the contract", function()
    for _, resource in ipairs(core.contract().resources) do
      for _, operation in ipairs(resource.operations) do
        local pattern = operation.path:match "^[^?]*"
        local path = pattern:gsub("{.-}", "an%%20id%%2F")
        local route, ids = table_of_routes:find(operation.method, path)
        assert.equal(operation.name, route.operation.name)
        assert.equal(resource.name, route.resource)
        assert.equal(pattern:find("{", 1, true) and "an id/" or nil, ids[#ids])
      end
    end
  end)

  it("distinguishes a missing path from a missing method", function()
    assert.same({}, { table_of_routes:find("GET", "/v2/none") })
    local route, ids, allowed = table_of_routes:find("TRACE", "/v2/personas/p1")
    assert.is_nil(route)
    assert.is_nil(ids)
    assert.equal("DELETE, GET, HEAD, PATCH", allowed)
  end)

  it("reads queries", function()
    assert.same({ a = "1 2", b = "", c = "=&", ["d e"] = "x" }, routes.query "a=0&a=1+2&b=&&c=%3D%26&d%20e=x")
    assert.same({ flag = "" }, routes.query "flag")
  end)

  it("matches paths with stars and names, and nothing else by magic", function()
    local function fits(pattern, path) return path:find(routes.pattern(pattern)) ~= nil end
    assert.is_true(fits("/v2/personas/{persona_id}", "/v2/personas/p1"))
    assert.is_false(fits("/v2/personas/{persona_id}", "/v2/personas/p1/x"))
    assert.is_false(fits("/v2/personas/{persona_id}", "/v2/personas/"))
    assert.is_true(fits("/v2/*", "/v2/personas/p1/x"))
    assert.is_true(fits("*", "/anything"))
    assert.is_true(fits("/a.b-c%20+d", "/a.b-c%20+d"))
    assert.is_false(fits("/a.b", "/axb"))
    assert.is_false(fits("/a", "/ab"))
  end)
end)

describe("the choices that came later", function()
  local generations = require "tavus.sandbox.generations"

  it("are choices of the contract, and unknown before their time", function()
    for kind, places in pairs(generations.choices) do
      for path, choices in pairs(places) do
        for choice, since in pairs(choices) do
          local value = choice
          for name in path:reverse():gmatch "[^/]+" do value = { [name:reverse()] = value } end
          local _, issues = core.validate(kind, value)
          for _, issue in ipairs(issues) do assert.is_false(issue.path == path and issue.code == "choice", choice) end
          local function later(generation)
            local found = generations.later(generation, kind, value)
            return found[1] and found[1].path == path and found[1].code == "later_choice"
          end
          assert.is_truthy(later(since - 1) or #generations.later(since - 1, kind, value) > 0)
          assert.same({}, generations.later(since, kind, value))
        end
      end
    end
  end)
end)

describe("the store", function()
  it("keeps the order of insertion through removals and replacements", function()
    local rows = state.store()
    for i = 1, 5 do rows:put("id" .. i, { n = i }) end
    assert.is_true(rows:remove "id2")
    assert.is_false(rows:remove "id2")
    rows:put("id4", { n = 44 })
    rows:put("id6", { n = 6 })
    local seen = {}
    for n = 1, rows.count do seen[n] = rows:newest(n).n end
    assert.same({ 6, 5, 44, 3, 1 }, seen)
    assert.is_nil(rows:get "id2")
  end)
end)

describe("the journal", function()
  local function kept(body)
    local entries = journal.new()
    entries:add("POST", "/", "", {}, body)
    return entries:select({})[1]
  end

  it("keeps the first MiB of a body, and no half character", function()
    local mebi = 1024 * 1024
    for cut = 0, 2 do
      local entry = kept(("x"):rep(mebi - cut) .. "\226\130\172" .. "rest")
      assert.equal(mebi - cut, #entry.body)
      assert.equal(mebi - cut + 7, entry.body_size)
    end
    assert.equal(mebi, #kept(("x"):rep(mebi - 3) .. "\226\130\172" .. "rest").body)
  end)

  it("is not slowed down by bytes that are not text", function()
    local entry = kept(("\128"):rep(1024 * 1024 - 10) .. "a" .. ("\128"):rep(20) .. "a")
    local told = core.decode(reply.json(200, entry).body)
    assert.matches("^%?+$", (told.body:gsub("a", "?")))
  end)

  it("keeps the first 16 KiB of an answer, and the last answer", function()
    local entries = journal.new()
    local entry = entries:add("GET", "/", "", {})
    local empty = entries.bytes
    entries:answered(entry, 200, ("x"):rep(16383) .. "\226\130\172")
    assert.equal(16383, #entries:select({})[1].answer)
    assert.equal(empty + 16383, entries.bytes)
    entries:answered(entry, 500, "no")
    assert.same({ 500, "no" }, { entry.status, entry.answer })
    assert.equal(empty + 2, entries.bytes)
  end)

  it("is bounded", function()
    local entries, body = journal.new(), ("x"):rep(1024 * 1024)
    for _ = 1, 100 do entries:add("POST", "/", "", {}, body) end
    assert.is_true(entries.bytes <= 32 * 1024 * 1024)
    for _ = 1, 5000 do entries:answered(entries:add("GET", "/", "", {}), 200, body) end
    assert.is_true(entries.bytes <= 32 * 1024 * 1024)
    for _ = 1, 30000 do entries:add("GET", "/", "", {}) end
    local count = 0
    for _ in pairs(entries.entries) do count = count + 1 end
    assert.equal(10000, count)
  end)
end)

describe("ids", function()
  it("look like Tavus' and differ", function()
    local source, seen = state.ids(), {}
    for _ = 1, 2000 do
      for id, pattern in pairs {
        [source:thing("p", 11)] = "^p" .. ("%x"):rep(11) .. "$",
        [source:thing("c", 15)] = "^c" .. ("%x"):rep(15) .. "$",
        [source:token()] = "^" .. ("%x"):rep(32) .. "$",
        [source:request()] = "^" .. ("%x"):rep(16) .. "$",
      } do
        assert.matches(pattern, id)
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end
  end)

  it("come with times in ISO 8601, with microseconds", function()
    local source = state.ids()
    for _ = 1, 100 do
      assert.matches("^20%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ$", source:timestamp())
    end
  end)
end)

describe("the switches", function()
  it("have defaults that they accept, and say what they mean", function()
    local values = settings.defaults()
    assert.is_true(settings.apply(values, settings.defaults()))
    for _, name in ipairs(settings.names()) do
      assert.is_string(settings.switches[name].meaning)
      assert.is_not_nil(values[name])
    end
  end)

  it("are in the sandbox's README.md, each in the row of its group", function()
    local told = {}
    for line in io.lines "lua/tavus/sandbox/README.md" do
      local about, cell = line:match "^| (%l+) | (`.*) |$"
      for name in (cell or ""):gmatch "`([%w_]+)`" do
        local switch = settings.switches[name]
        if switch and switch.group == about then told[name] = true end
      end
    end
    for _, name in ipairs(settings.names()) do assert.is_true(told[name], name) end
  end)

  it("change all or none", function()
    local values = settings.defaults()
    assert.is_nil((settings.apply(values, { get_shape = "flat", nothing = 1 })))
    assert.same(settings.defaults(), values)
  end)
end)
