-- luacheck: std max+busted
-- An operation says what it is, and nothing is guessed from its method or path: resources that exist only here (see
-- spec/fixtures/contract) have every form that one can have. What is counted is what arrived.
local extended = require "spec.support.extended"
local wire = require "spec.support.wire"

describe("an operation", function()
  local tavus, clients, sandbox, client, core

  setup(function()
    tavus = extended.load("tavus_trials", "tavus_widgets", "tavus_gadgets", "tavus_gizmos")
    clients, core = require "spec.support.clients", require "tavus.core"
    sandbox = assert(require("tavus.sandbox").start { port = 0 })
    client = clients.new(sandbox.url)
  end)
  teardown(function()
    client:close()
    sandbox:stop()
    extended.unload()
  end)
  before_each(function() sandbox:reset() end)

  local function operations(collection)
    for _, resource in ipairs(core.contract().resources) do
      if resource.collection == collection then return resource.operations end
    end
  end

  local function last()
    local all = sandbox:requests()
    return all[#all]
  end

  -- How many requests of each case arrived; a case is told in the query.
  local function arrivals()
    local count = {}
    for _, entry in ipairs(sandbox:requests()) do
      local case = entry.query.case
      count[case] = (count[case] or 0) + 1
    end
    return count
  end

  local bodies = {
    object = function() return { name = "a" } end,
    json_patch = function() return tavus.patch():remove "/name" end,
    merge_patch = function() return { name = tavus.null } end,
    partial = function() return { name = "b" } end,
  }

  -- Calls a trial's operation with as many ids as it has and a body where it sends one.
  local function call(op, options)
    local arguments = {}
    for _ in op.path:gmatch "{" do arguments[#arguments + 1] = "t" .. #arguments end
    if op.sends ~= "nothing" then arguments[#arguments + 1] = bodies[op.sends]() end
    if op.sends == "nothing" and op.answers == "list" then arguments[#arguments + 1] = {} end
    arguments[#arguments + 1] = options
    return client.trials[op.name](client.trials, (table.unpack or unpack)(arguments)) -- luacheck: ignore 143
  end

  for _, outcome in ipairs { 408, 500, 502, 503, 504, "close" } do
    it(("of any form is sent again after %s only where it says so"):format(outcome), function()
      sandbox:next { status = outcome ~= "close" and outcome or nil, close = outcome == "close" and "before" or nil,
        times = "always" }
      local errors = {}
      for _, op in ipairs(operations "trials") do
        local value, err = call(op, { query = { case = op.name } })
        assert.is_nil(value)
        errors[op.name] = err
      end
      sandbox:next { status = 200 }
      local arrived, n = arrivals(), 0
      for _, op in ipairs(operations "trials") do
        local err, again = errors[op.name], op.repeats == "same"
        assert.equal(again and 3 or 1, arrived[op.name], op.name)
        assert.equal(again and 3 or 1, err.attempts, op.name)
        assert.equal(again, err.retryable, op.name)
        assert.equal(not again, err.ambiguous, op.name)
        n = n + 1
      end
      assert.equal(612, n)
    end)
  end

  it("of any form is sent again after a 429", function()
    sandbox:next { status = 429, times = "always" }
    for _, op in ipairs(operations "trials") do assert.equal(3, (select(2, call(op, { query = { case = op.name } })).attempts)) end
    for _, count in pairs(arrivals()) do assert.equal(3, count) end
  end)

  it("sends its method, its ids in order and its body, and nothing where it sends nothing", function()
    sandbox:next { status = 200, body = {}, times = "always" }
    for _, op in ipairs(operations "trials") do
      call(op, { query = { case = op.name } })
    end
    local requests = {}
    for _, entry in ipairs(sandbox:requests()) do requests[entry.query.case] = entry end
    for _, op in ipairs(operations "trials") do
      local entry = requests[op.name]
      assert.equal(op.method, entry.method)
      assert.equal((op.path:gsub("{trial_id}", "t0"):gsub("{part_id}", "t1")), entry.path)
      local body = op.sends ~= "nothing" and tavus.encode(bodies[op.sends]()) or ""
      assert.equal(body, entry.body or "", op.name)
    end
  end)

  describe("answers", function()
    -- What comes, and what each kind of answer makes of it: a text in JSON, true, or "decode" for an error.
    local cases = {
      { '{"trial_id":"a"}', object = '{"trial_id":"a"}', list = "decode", map = '{"trial_id":"a"}', changed = '{"trial_id":"a"}',
        any = '{"trial_id":"a"}' },
      { '{"data":[{"trial_id":"a"}]}', object = '{"data":[{"trial_id":"a"}]}', list = '{"data":[{"trial_id":"a"}]}',
        map = '{"data":[{"trial_id":"a"}]}', changed = '{"data":[{"trial_id":"a"}]}', any = '{"data":[{"trial_id":"a"}]}' },
      { '[{"a":1}]', object = "decode", list = '{"data":[{"a":1}],"total_count":1}', map = "decode", changed = '[{"a":1}]',
        any = '[{"a":1}]' },
      { "true", object = "decode", list = "decode", map = "decode", changed = true, any = "true" },
      { "", object = "decode", list = "decode", map = "decode", changed = true, any = true },
      { "no JSON", object = "decode", list = "decode", map = "decode", changed = "decode", any = "decode" },
    }
    for i, case in ipairs(cases) do
      it("what it says it does: case " .. i, function()
        sandbox:next { status = 200, body = case[1], times = "always" }
        for _, op in ipairs(operations "trials") do
          local value, meta = call(op)
          local wanted = op.answers == "nothing" or case[op.answers]
          if wanted == "decode" then
            assert.is_nil(value, op.name)
            assert.equal("decode", meta.type, op.name)
          elseif wanted == true then
            assert.is_true(value, op.name)
          else
            assert.equal(wanted, core.encode(value), op.name)
          end
        end
      end)
    end

    it("with the object where it says it is", function()
      sandbox:next { status = 200, body = { data = { { widget_id = "w" } } } }
      assert.equal("w", client.widgets:get "w".widget_id)
      sandbox:next { status = 200, body = { widget_id = "w" } }
      assert.equal("decode", select(2, client.widgets:get "w").type)
      sandbox:next { status = 200, body = { data = { widget_id = "w" } } }
      assert.equal("decode", select(2, client.widgets:get "w").type)
    end)

    it("with a map, flat or in data", function()
      for _, body in ipairs { '{"p":{"a":1}}', '{"data":{"p":{"a":1}}}' } do
        sandbox:next { status = 200, body = body }
        assert.equal(1, client.widgets:places "w".p.a)
      end
      sandbox:next { status = 200, body = '{"data":{}}' }
      assert.same({}, client.widgets:places "w")
      sandbox:next { status = 200, body = '{"data":[]}' }
      assert.equal("decode", select(2, client.widgets:places "w").type)
    end)

    it("with rows under the name that it says", function()
      for _, body in ipairs { '{"parts":[{"part_id":"p"}]}', '{"data":[{"part_id":"p"}]}', '[{"part_id":"p"}]' } do
        sandbox:next { status = 200, body = body }
        assert.equal("p", client.widgets:parts "w".data[1].part_id)
      end
      sandbox:next { status = 200, body = '{"rows":[]}' }
      assert.equal("decode", select(2, client.widgets:parts "w").type)
    end)
  end)

  describe("that depends on its body", function()
    local function sent(make)
      sandbox:next { status = 500, times = "always" }
      local value, err = make()
      assert.is_nil(value)
      assert.equal(#sandbox:requests() == 1, err.ambiguous)
      return #sandbox:requests()
    end

    it("is sent again where its operations may be", function()
      assert.equal(3, sent(function() return client.widgets:operate("w", tavus.patch():replace("/widget_name", "a")) end))
    end)
    it("is sent once where one of them may not", function()
      assert.equal(1, sent(function() return client.widgets:operate("w", tavus.patch():remove "/widget_name") end))
    end)
    it("is sent again with the key by which a repeat is known", function()
      assert.equal(3, sent(function() return client.widgets:touch("w", { touch_id = "k1" }) end))
    end)
    it("is sent once without it", function()
      assert.equal(1, sent(function() return client.widgets:touch("w", { depth = 1 }) end))
    end)
    it("is sent once with an empty one", function()
      assert.equal(1, sent(function() return client.widgets:touch("w", { touch_id = "" }) end))
    end)
    it("is sent once without a body", function()
      assert.equal(1, sent(function() return client.widgets:touch "w" end))
    end)
  end)

  describe("whose repeat is answered with an error that means done", function()
    it("has succeeded after a try of which no answer came", function()
      for _, answer in ipairs { { 404, "delete" }, { 409, "renew" }, { 429, "renew" }, { 404, "detach_part" } } do
        sandbox:reset()
        sandbox:next { status = 503 }
        sandbox:next { status = answer[1], times = "always" }
        local value, meta = client.widgets[answer[2]](client.widgets, "w", answer[2] == "detach_part" and "p" or nil)
        assert.is_true(value)
        assert.is_true(meta.changed)
        assert.equal(2, meta.attempts)
        assert.equal(2, #sandbox:requests())
      end
    end)

    it("has failed without such a try", function()
      sandbox:next { status = 404 }
      assert.equal("not_found", select(2, client.widgets:delete "w").type)
      sandbox:next { status = 409 }
      assert.equal("conflict", select(2, client.widgets:renew "w").type)
    end)

    it("has failed with any other error, and may have been done", function()
      sandbox:next { status = 503 }
      sandbox:next { status = 409 }
      local value, err = client.widgets:delete "w"
      assert.is_nil(value)
      assert.is_true(err.ambiguous)
    end)

    it("is not taken for done where the repeat would do it twice", function()
      sandbox:next { status = 429 }
      sandbox:next { status = 409 }
      local value, err = client.widgets:create { widget_name = "a" }
      assert.is_nil(value)
      assert.equal("conflict", err.type)
      assert.is_false(err.ambiguous)
    end)
  end)

  describe("with statuses that are an exception", function()
    it("is sent again where the server says that it was not done", function()
      sandbox:next { status = 502, times = "always" }
      local value, err = client.widgets:create { widget_name = "a" }
      assert.is_nil(value)
      assert.is_true(err.retryable)
      assert.is_false(err.ambiguous)
      assert.equal(3, #sandbox:requests())
    end)

    it("is in no doubt after it", function()
      sandbox:next { status = 502 }
      sandbox:next { status = 400 }
      assert.is_false(select(2, client.widgets:create { widget_name = "a" }).ambiguous)
    end)

    it("is not sent again where it says that it may have been done, though a repeat is harmless", function()
      sandbox:next { status = 504, times = "always" }
      local value, err = client.widgets:patch("w", { widget_name = "a" })
      assert.is_nil(value)
      assert.is_false(err.retryable)
      assert.is_true(err.ambiguous)
      assert.equal(1, #sandbox:requests())
    end)

    it("is not sent again where a repeat is useless, told by the text", function()
      sandbox:next { status = 429, body = { error = "widget LIMIT reached (100)" }, times = "always" }
      local value, err = client.widgets:create { widget_name = "a" }
      assert.is_nil(value)
      assert.equal("rate_limit", err.type)
      assert.is_false(err.retryable)
      assert.is_false(err.ambiguous)
      assert.equal(1, #sandbox:requests())
      sandbox:reset()
      sandbox:next { status = 429, body = { error = "Too many requests" }, times = "always" }
      assert.is_true(select(2, client.widgets:create { widget_name = "a" }).retryable)
      assert.equal(3, #sandbox:requests())
    end)
  end)

  describe("takes", function()
    it("as many ids as are in its path, each checked", function()
      assert.equal("validation", select(2, client.widgets:detach_part("w", "a/b")).type)
      assert.equal("/part_id", select(2, client.widgets:detach_part("w", "")).issues[1].path)
      assert.matches("operations_spec.lua:%d+: widgets:detach_part: the part_id must be a string, not nil",
        clients.raised(function() client.widgets:detach_part "w" end))
      assert.matches("give its id: value.widget_id", clients.raised(function() client.widgets:detach_part({ widget_id = "w" }, "p") end))
      sandbox:next { status = 204 }
      assert.is_true((client.widgets:detach_part("a%b", "c?d", { query = { x = 1 } })))
      assert.equal("/v2/widgets/a%25b/parts/c%3Fd", last().path)
      assert.equal("1", last().query.x)
    end)

    it("the value of one member alone, where it says so", function()
      sandbox:next { status = 200, body = { data = tavus.array {} } }
      assert.truthy(client.widgets:attach_parts("w", { "p1", "p2" }, { timeout = 5 }))
      assert.equal('{"part_ids":["p1","p2"]}', last().body)
      assert.equal("validation", select(2, client.widgets:attach_parts("w", "p1")).type)
      assert.matches("operations_spec.lua:%d+: widgets:attach_parts: wants part_ids, not nil",
        clients.raised(function() client.widgets:attach_parts "w" end))
    end)

    it("no body, where it may be left out", function()
      sandbox:next { status = 200, body = "", times = 2 }
      assert.is_true((client.widgets:touch "w"))
      assert.is_true(last().body == nil or last().body == "")
      assert.is_true((client.widgets:touch("w", { depth = 2 })))
      assert.equal('{"depth":2}', last().body)
    end)

    it("only the query names that it has, in a filter", function()
      assert.error_matches(function() client.widgets:list { colour = "red" } end, "did you mean color")
      assert.error_matches(function() client.widgets:parts("w", { limit = 1 }) end, '"limit" is not a filter')
    end)

    it("a change of nothing for done, and sends nothing", function()
      for _, make in ipairs {
        function() return client.widgets:patch("w", {}) end, function() return client.widgets:merge("w", {}) end,
        function() return client.widgets:operate("w", tavus.patch()) end,
      } do
        local value, meta = make()
        assert.is_true(value)
        assert.is_false(meta.changed)
      end
      assert.equal(0, #sandbox:requests())
    end)
  end)

  it("that is public goes out without the key, whatever headers are added", function()
    local server = wire.start { { "read", { answer = 200 }, "loop" } }
    local keyed = clients.new(server.url, { headers = { ["X-All"] = "a" } })
    local function sent()
      local all = server:requests()
      local headers = all[#all].headers
      assert.equal("a", headers["x-all"])
      return headers["x-api-key"]
    end
    for _, options in ipairs { {}, { headers = { ["X-One"] = "b" } } } do
      assert.is_true((keyed.widgets:touch("w", { touch_id = "k" }, options)))
      assert.is_nil(sent())
      assert.is_true((keyed.widgets:touch("w", nil, options)))
      assert.is_nil(sent())
      assert.is_true((keyed.widgets:operate("w", tavus.patch():remove "/color", options)))
      assert.equal(clients.KEY, sent())
    end
    keyed:close()
    server:stop()
  end)

  describe("has a body of its own kind:", function()
    it("tavus.validate knows it, and it is listed once", function()
      local count = {}
      for _, kind in ipairs(core.contract().kinds) do count[kind] = (count[kind] or 0) + 1 end
      for _, kind in ipairs { "trial", "trial_patch", "trial_merge", "trial_part", "widget", "widget_patch", "widget_merge",
          "widget_operations", "attach_parts", "touch", "persona", "persona_patch", "conversation", "tool" } do
        assert.equal(1, count[kind], kind)
      end
    end)

    it("what a whole object must have, a partial one and a merge patch need not", function()
      assert.is_nil((core.validate("widget", {})))
      assert.is_true((core.validate("widget_patch", { color = "red" })))
      assert.is_true((core.validate("widget_merge", { color = tavus.null, size = { height = 1 } })))
    end)

    it("a partial object replaces the objects in it, which must be whole", function()
      assert.is_nil((core.validate("widget_patch", { size = { height = 1 } })))
      assert.is_true((core.validate("widget_patch", { size = { width = 1 } })))
    end)

    it("a wrong type is wrong in all of them", function()
      for _, kind in ipairs { "widget", "widget_patch", "widget_merge" } do
        assert.is_nil((core.validate(kind, { widget_name = "a", color = 1 })))
      end
      assert.is_nil((core.validate("widget_operations", { { op = "replace", path = "/color", value = 1 } })))
      assert.is_nil((core.validate("touch", { depth = "x" })))
      assert.is_nil((client.widgets:touch("w", { depth = "x" })))
    end)
  end)

  it("that updates asks for the secrets that its resource's rules name", function()
    local row = { gadget_id = "g", door = { lock = "iron", pin = "********", wood = "oak" } }
    sandbox:next { status = 200, body = row, times = "always", method = "GET" }
    sandbox:next { status = 200, body = row, times = "always", method = "PATCH" }
    local value, err = client.gadgets:update("g", function(g) g.door.wood = "pine" end)
    assert.is_nil(value)
    assert.equal("/door/pin", err.issues[1].path)
    assert.equal("the pin is wanted again", err.issues[1].message)
    assert.truthy(client.gadgets:update("g", function(g) g.door.wood, g.door.pin = "pine", "1234" end))
    local paths = {}
    for i, op in ipairs(last().json) do paths[i] = op.path end
    table.sort(paths)
    assert.same({ "/door/lock", "/door/pin", "/door/wood" }, paths)
    assert.truthy(client.gadgets:update("g", function(g) g.gadget_name = "b" end))
    assert.equal(1, #last().json)
  end)

  it("is told to editors and in the reference", function()
    local types = require "csrc.contract.annotations".text()
    assert.is_nil(assert((rawget(_G, "loadstring") or load)(types))())
    for _, line in ipairs {
      "@field widgets tavus.Widgets A thing with parts.",
      "@field detach_part fun(self: tavus.Widgets, widget_id: string, part_id: string, options?: tavus.CallOptions): true?,",
      "@field attach_parts fun(self: tavus.Widgets, widget_id: string, part_ids: string[], options?: tavus.CallOptions)",
      "@field touch fun(self: tavus.Widgets, widget_id: string, touch?: tavus.Touch, options?: tavus.CallOptions): any,",
      "@field places fun(self: tavus.Widgets, widget_id: string, options?: tavus.CallOptions): table<string, tavus.Widget>?,",
      "@field parts fun(self: tavus.Widgets, widget_id: string, filter?: table, options?: tavus.CallOptions): { data: tavus.Widget[],",
      "@field operate fun(self: tavus.Widgets, widget_id: string, patch: tavus.Patch|tavus.PatchOperation[], options?",
      "@field merge fun(self: tavus.Widgets, widget_id: string, widget: tavus.Widget, options?",
      "@class tavus.Touch",
    } do
      assert.matches("\n---" .. line, types, 1, true)
    end
    local text = require "csrc.contract.reference".text()
    for _, line in ipairs {
      "| `touch` | `POST /v2/widgets/{widget_id}/touch`, without the key | object `touch`, or nothing | any | key: touch_id |  |",
      '| `create` | `POST /v2/widgets` | object `widget` | object | twice; 502: retry; 504: ambiguous; 429 "Widget limit": no |  |',
      "| `parts` | `GET /v2/widgets/{widget_id}/parts` | nothing | list `parts` | read |  |",
      "| `list` | `GET /v2/gadgets` | nothing | list, first page unknown | read | limit, page |",
      "### attach_parts",
    } do
      assert.matches("\n" .. line, text, 1, true)
    end
  end)

  describe("that lists", function()
    local function pages_asked()
      local pages = {}
      for i, entry in ipairs(sandbox:requests()) do pages[i] = entry.query.page or "none" end
      return table.concat(pages, " ")
    end

    local function rows(list)
      local ids = {}
      for row in list do ids[#ids + 1] = row.widget_id or row.gadget_id end
      return table.concat(ids, " ")
    end

    it("begins with the page that it says", function()
      sandbox:next { status = 200, body = { data = { { widget_id = "a" } }, total_count = 2 } }
      sandbox:next { status = 200, body = { data = { { widget_id = "b" } }, total_count = 2 } }
      assert.equal("a b", rows(client.widgets:each()))
      assert.equal("0 1", pages_asked())
    end)

    it("is asked without a number where nobody knows the first one, and gives every row once", function()
      for _, second in ipairs { "a", "b" } do -- that was page 1, or page 0
        sandbox:reset()
        sandbox:next { status = 200, body = { data = { { gadget_id = "a" } }, total_count = 3 } }
        sandbox:next { status = 200, body = { data = { { gadget_id = second } }, total_count = 3 } }
        sandbox:next { status = 200, body = { data = { { gadget_id = "c" } }, total_count = 3 } }
        sandbox:next { status = 200, body = { data = tavus.array {}, total_count = 3 }, times = "always" }
        assert.equal(second == "a" and "a c" or "a b c", rows(client.gadgets:each()))
        assert.equal("none 1 2", pages_asked():sub(1, 8))
      end
    end)

    it("is asked once where there are no pages, and without a limit", function()
      sandbox:next { status = 200, body = { data = { { gadget_id = "a" }, { gadget_id = "b" } }, total_count = 7 }, times = "always" }
      assert.equal("a b", rows(client.gizmos:each()))
      assert.equal("none", pages_asked())
      assert.is_nil(last().query.limit)
    end)
  end)
end)
