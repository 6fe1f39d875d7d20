-- Updates of resources that take objects in place of operations: the smallest change in each style.
local clients = require "spec.support.clients"
local merge = require "tavus.client.merge"
local tavus = require "tavus"

local null = tavus.null

describe("the smallest change", function()
  local cases = {
    { "has the members that changed", { a = 1, b = 2 }, { a = 1, b = 3 }, { b = 3 }, { b = 3 } },
    { "has the members that are new", { a = 1 }, { a = 1, b = { c = 2 } }, { b = { c = 2 } }, { b = { c = 2 } } },
    { "is empty when nothing changed", { a = { b = { 1, 2 } } }, { a = { b = { 1, 2 } } }, {}, {} },
    { "has an object whole, or only what changed in it", { a = { b = 1, c = 2 } }, { a = { b = 1, c = 3 } },
      { a = { b = 1, c = 3 } }, { a = { c = 3 } } },
    { "has an array whole", { a = { 1, 2, 3 } }, { a = { 1, 3 } }, { a = { 1, 3 } }, { a = { 1, 3 } } },
    { "has null where the function wrote it", { a = 1 }, { a = null }, { a = null }, { a = null } },
    { "takes null for absent", { a = null, b = 1 }, { b = 2 }, { b = 2 }, { b = 2 } },
    { "removes with null, where the style can", { a = 1, b = { c = 1, d = 2 } }, { b = { d = 2 } }, nil, { a = null, b = { c = null } } },
    { "replaces an object by another type", { a = { b = 1 } }, { a = "x" }, { a = "x" }, { a = "x" } },
    { "tells an empty array from an empty object", { a = tavus.array {} }, { a = tavus.object {} }, { a = tavus.object {} },
      { a = tavus.object {} } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.same(case[4], (merge.body("partial", case[2], case[3])))
      assert.same(case[5], (merge.body("merge_patch", case[2], case[3])))
    end)
  end

  it("names each member that it cannot remove, in order, by its pointer", function()
    local body, issues = merge.body("partial", { ["b/c"] = 1, a = 2, d = 3 }, { d = 3 })
    assert.is_nil(body)
    assert.same({ "/a", "/b~1c" }, { issues[1].path, issues[2].path })
  end)
end)

-- For each resource that takes a partial object: a row, a change, what is sent of it, and a member that cannot be removed.
local rows = {
  tools = { body = { name = "order", description = "Order.", tags = { "a", "b" } },
    change = function(row) row.tags = { "b" } end, sent = { tags = { "b" } }, gone = "tags" },
  documents = { body = { document_url = "https://example.com/a.pdf", document_name = "Menu", tags = { "a" } },
    change = function(row) row.document_name = "Card" end, sent = { document_name = "Card" }, gone = "tags" },
  voices = { body = { voice_name = "Ann", description = "warm" },
    change = function(row) row.description = null end, sent = { description = null }, gone = "description" },
  faces = { body = { face_name = "Ann", train_video_url = "https://example.com/a.mp4" },
    change = function(row) row.face_name = "Ben" end, sent = { face_name = "Ben" }, gone = "face_name" },
  replicas = { body = { replica_name = "Ann", train_video_url = "https://example.com/a.mp4" },
    change = function(row) row.replica_name = "Ben" end, sent = { face_name = "Ben" }, gone = "replica_name" },
}

for collection, case in pairs(rows) do
  describe("client." .. collection .. ":update", function()
    local sandbox, client, last = clients.serve(teardown, before_each)
    local id

    before_each(function()
      local made = assert(client[collection]:create(case.body))
      id = made.tool_id or made.document_id or made.voice_id or made.face_id or made.replica_id
    end)

    it("sends the smallest change, and the server has it then", function()
      local row, meta = assert(client[collection]:update(id, case.change))
      assert.is_true(meta.changed ~= false)
      assert.same({ "PATCH", case.sent }, { last().method, tavus.decode(last().body) })
      for name, value in pairs(case.sent) do assert.same(value, row[name] or assert(client[collection]:get(id))[name]) end
      local again = assert(client[collection]:get(id))
      case.change(again)
      assert.same(again, (assert(client[collection]:get(id))))
    end)

    it("sends nothing when nothing changed", function()
      local before = #sandbox:requests()
      assert.is_false(select(2, client[collection]:update(id, function() end)).changed)
      assert.equal(before + 1, #sandbox:requests())
    end)

    it("says which member it cannot remove, and sends nothing", function()
      local before = #sandbox:requests()
      local row, err = client[collection]:update(id, function(it) it[case.gone] = nil end)
      assert.is_nil(row)
      assert.same({ "validation", "/" .. case.gone }, { err.type, err.issues[1].path })
      assert.equal(before + 1, #sandbox:requests())
    end)

    it("passes a conflict on, and does not repeat it", function()
      sandbox:next { method = "PATCH", status = 409, body = { error = "not now" } }
      local row, err = client[collection]:update(id, case.change)
      assert.is_nil(row)
      assert.same({ "conflict", 1, false }, { err.type, err.attempts, err.ambiguous })
    end)

    it("is repeated after a lost answer: the change is the same", function()
      sandbox:next { method = "PATCH", close = "after" }
      assert.equal(2, select(2, assert(client[collection]:update(id, case.change))).attempts)
    end)
  end)
end

describe("client.tools:update", function()
  local _, client, last = clients.serve(teardown, before_each)

  it("never sends a masked secret: not when another member changes, and with the secret again in its object", function()
    local made = assert(client.tools:create { name = "order", description = "Order.", delivery = { app_message = false,
      api = { url = "https://example.com/a", headers = { ["X-Key"] = "a-header-secret" },
        auth = { type = "hmac", secret = "a-signing-secret" } } } })
    assert(client.tools:update(made.tool_id, function(it) it.description = "Order it." end))
    assert.same({ description = "Order it." }, tavus.decode(last().body))
    local row, err = client.tools:update(made.tool_id, function(it) it.delivery.api.timeout = 5 end)
    assert.is_nil(row)
    assert.matches("^/delivery/api/", err.issues[1].path)
    assert(client.tools:update(made.tool_id, function(it)
      it.delivery.api.timeout = 5
      it.delivery.api.headers["X-Key"], it.delivery.api.auth.secret = "a-header-secret", "another-secret"
    end))
    assert.is_nil(last().body:find("***", 1, true))
  end)
end)
