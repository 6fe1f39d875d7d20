-- luacheck: std max+busted
-- The contract file of a resource is all that the sandbox needs to serve it: resources that exist only here (see
-- spec/fixtures/contract) are made, listed, read, changed, deleted and attached by the client's own calls.
local extended = require "spec.support.extended"

describe("the sandbox, of a resource that it knows from its contract alone,", function()
  local tavus, clients, sandboxes, sandbox, client

  setup(function()
    tavus = extended.load("tavus_widgets", "tavus_gadgets")
    clients, sandboxes = require "spec.support.clients", require "tavus.sandbox"
    sandbox = assert(sandboxes.start { port = 0 })
    client = clients.new(sandbox.url)
  end)
  teardown(function()
    client:close()
    sandbox:stop()
    extended.unload()
  end)
  before_each(function() sandbox:reset() end)

  local function widget(more)
    local body = { widget_name = "W", size = { width = 2 } }
    for name, value in pairs(more or {}) do body[name] = value end
    return assert(client.widgets:create(body)).widget_id
  end

  local function gadget(name) return assert(client.gadgets:create { gadget_name = name }).gadget_id end

  local function refused(kind, value, err)
    assert.is_nil(value)
    assert.equal(kind, err.type)
    return err
  end

  local function names(list, name)
    local found = {}
    for i, row in ipairs(list.data) do found[i] = row[name] end
    return table.concat(found, " ")
  end

  it("makes and reads rows", function()
    local made = assert(client.widgets:create { widget_name = "W", color = "red", tags = tavus.array {} })
    assert.matches("^w%x+$", made.widget_id)
    assert.matches("^%d%d%d%d%-", made.created_at)
    local row = assert(client.widgets:get(made.widget_id))
    assert.equal(tavus.encode(made), tavus.encode(row))
    assert.equal('[]', tavus.encode(row.tags))
    assert.equal(1, sandbox:about().widgets)
  end)

  it("refuses a body that the contract refuses, an unknown id, another method and a missing key", function()
    refused("bad_request", client:request("POST", "/v2/widgets", { body = { color = "red" } }))
    refused("bad_request", client:request("POST", "/v2/widgets", { body = { widget_name = 7 } }))
    assert.matches("Invalid widget_id", refused("not_found", client.widgets:get "w0").message)
    refused("not_found", client.widgets:delete "w0")
    refused("not_found", client.widgets:parts "w0")
    assert.equal("GET, HEAD, POST", refused("bad_request", client:request("PUT", "/v2/widgets")).headers.allow)
    local strange = assert(sandboxes.start { port = 0, key = "another" })
    local stranger = clients.new(strange.url)
    refused("auth", stranger.widgets:list())
    refused("not_found", stranger.widgets:touch "w0") -- which needs none
    stranger:close()
    strange:stop()
  end)

  it("lists the newest first, in pages from where the contract says, and by the values of fields", function()
    for i = 1, 12 do widget { widget_name = "w" .. i, color = i % 3 == 0 and "red" or "blue" } end
    local first = assert(client.widgets:list { limit = 5 })
    assert.equal("w12 w11 w10 w9 w8", names(first, "widget_name"))
    assert.equal(12, first.total_count)
    assert.equal("w7 w6 w5 w4 w3", names(assert(client.widgets:list { limit = 5, page = 1 }), "widget_name"))
    assert.equal(10, #assert(client.widgets:list()).data)
    assert.equal("w12 w9 w6 w3", names(assert(client.widgets:list { color = "red" }), "widget_name"))
    local seen = 0
    for _ in client.widgets:each { limit = 5 } do seen = seen + 1 end
    assert.equal(12, seen)
    refused("bad_request", client.widgets:list { limit = 0 })
  end)

  it("gives every row once if the first page is unknown", function()
    for i = 1, 5 do gadget("g" .. i) end
    local seen = {}
    for row in client.gadgets:each { limit = 2 } do seen[#seen + 1] = row.gadget_name end
    assert.same({ "g5", "g4", "g3", "g2", "g1" }, seen)
  end)

  it("changes a row in the manner of the operation", function()
    local id = widget { color = "red", tags = { "a", "b" } }
    local row = assert(client.widgets:patch(id, { tags = { "c" }, color = "blue" }))
    assert.same({ "c" }, { row.tags[1], row.tags[2] })
    assert.equal("W", row.widget_name)
    row = assert(client.widgets:merge(id, { color = tavus.null, size = { height = 3 } }))
    assert.is_nil(row.color)
    assert.same({ 3, 2 }, { row.size.height, row.size.width })
    row = assert(client.widgets:operate(id, tavus.patch():add("/tags/-", "d"):remove "/size/height"))
    assert.same({ "c", "d" }, { row.tags[1], row.tags[2] })
    assert.is_nil(row.size.height)
    assert.is_true((client.widgets:rename(id, "V")))
    assert.equal("V", client.widgets:get(id).widget_name)
  end)

  it("says that a JSON Patch changes nothing, does not fit, or is not a patch", function()
    local id = widget()
    local done, meta = client.widgets:operate(id, tavus.patch():replace("/widget_name", "W"))
    assert.is_true(done)
    assert.is_false(meta.changed)
    refused("bad_request", client.widgets:operate(id, tavus.patch():remove "/color"))
    refused("bad_request", client.widgets:operate(id, tavus.patch():remove "/widget_name"))
    refused("unprocessable", client:request("PATCH", "/v2/widgets/" .. id .. "/operate", { body = { color = "red" } }))
    assert.equal("W", client.widgets:get(id).widget_name)
  end)

  it("does not change read-only fields", function()
    local id = widget()
    refused("bad_request", client:request("PATCH", "/v2/widgets/" .. id, { body = { widget_id = "w1" } }))
    refused("bad_request", client:request("PATCH", "/v2/widgets/" .. id .. "/operate",
      { body = { { op = "replace", path = "/created_at", value = "x" } } }))
  end)

  it("deletes a row, and what is attached to it", function()
    local id = widget()
    assert(client.widgets:attach_parts(id, { "p1" }))
    assert.is_true((client.widgets:delete(id)))
    refused("not_found", client.widgets:get(id))
    refused("not_found", client.widgets:parts(id))
    assert.equal(0, sandbox:about().attached)
  end)

  describe("attaches by id", function()
    it("ids without a resource of their own, each once", function()
      local id = widget()
      assert.equal("p1 p2", names(assert(client.widgets:attach_parts(id, { "p1", "p2" })), "part_id"))
      assert(client.widgets:attach_parts(id, { "p2", "p3" }))
      assert.equal("p1 p2 p3", names(assert(client.widgets:parts(id)), "part_id"))
      assert.is_true((client.widgets:detach_part(id, "p2")))
      assert.matches("Invalid part_id", refused("not_found", client.widgets:detach_part(id, "p2")).message)
      assert.equal("p1 p3", names(assert(client.widgets:parts(id)), "part_id"))
      assert.equal("", names(assert(client.widgets:parts(widget())), "part_id"))
    end)

    it("rows of another resource, which are shown as they are, and are gone with it", function()
      local id, one, two = widget(), gadget "one", gadget "two"
      assert.equal("one two", names(assert(client.widgets:attach_gadgets(id, { one, two })), "gadget_name"))
      refused("not_found", client.widgets:attach_gadgets(id, { "g0" }))
      assert(client.gadgets:patch(two, tavus.patch():replace("/gadget_name", "zwei")))
      assert.equal("one zwei", names(assert(client.widgets:gadgets(id)), "gadget_name"))
      assert(client.widgets:detach_gadget(id, one))
      assert.equal("zwei", names(assert(client.widgets:gadgets(id)), "gadget_name"))
      assert(client.gadgets:delete(two))
      assert.equal("", names(assert(client.widgets:gadgets(id)), "gadget_name"))
    end)

    it("objects by their ids, one by one or all at once", function()
      local id = widget()
      local place = assert(client.widgets:set_place(id, "left", { depth = 1 }))
      assert.same({ "left", 1 }, { place.place_id, place.config.depth })
      assert(client.widgets:patch_place(id, "left", { depth = tavus.null, height = 2 }))
      assert.same({ height = 2 }, assert(client.widgets:place(id, "left")).config)
      refused("not_found", client.widgets:patch_place(id, "right", { depth = 1 }))
      assert(client.widgets:set_place(id, "right", {}))
      local all = assert(client.widgets:places(id))
      assert.equal(2, all.left.config.height)
      assert.is_table(all.right)
      all = assert(client.widgets:replace_places(id, { top = { config = { a = 1 } } }))
      assert.is_nil(all.left)
      assert.equal(1, all.top.config.a)
      refused("not_found", client.widgets:place(id, "left"))
    end)

    it("items that are made there", function()
      local id = widget()
      local note = assert(client.widgets:add_note(id, "first"))
      assert(client.widgets:add_note(id, "second"))
      assert(client.widgets:edit_note(id, note.note_id, "1st"))
      assert.equal("1st second", names(assert(client.widgets:notes(id)), "note"))
    end)
  end)

  it("restores rows and attached items with a snapshot", function()
    local id = widget()
    assert(client.widgets:attach_parts(id, { "p1" }))
    local taken = assert(sandbox:snapshot())
    assert(client.widgets:attach_parts(id, { "p2" }))
    assert(client.widgets:patch(id, { widget_name = "V" }))
    widget()
    assert(sandbox:restore(taken))
    assert.equal("W", client.widgets:get(id).widget_name)
    assert.equal("p1", names(assert(client.widgets:parts(id)), "part_id"))
    assert.equal(1, assert(client.widgets:list()).total_count)
    sandbox:reset()
    assert.equal(0, assert(client.widgets:list()).total_count)
  end)

  it("keeps them in a data file", function()
    local path = os.tmpname()
    os.remove(path)
    local id
    for run = 1, 2 do
      local kept = assert(sandboxes.start { port = 0, data = path })
      local its = clients.new(kept.url)
      if run == 1 then
        id = assert(its.widgets:create { widget_name = "K" }).widget_id
        assert(its.widgets:attach_parts(id, { "p1" }))
      else
        assert.equal("K", its.widgets:get(id).widget_name)
        assert.equal("p1", names(assert(its.widgets:parts(id)), "part_id"))
      end
      its:close()
      kept:stop()
    end
    os.remove(path)
  end)

  it("expects its requests like any others", function()
    widget()
    assert.has_no.errors(function() sandbox:expect { method = "POST", path = "/v2/widgets", times = 1 } end)
  end)
end)
