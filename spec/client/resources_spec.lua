-- Every method of every resource but personas and conversations against the sandbox: what it sends and answers, its errors,
-- and whether it is repeated.
local clients = require "spec.support.clients"
local resource = require "tavus.client.resource"
local samples = require "spec.support.samples"
local sandboxes = require "tavus.sandbox"

local server, client

setup(function() server = assert(sandboxes.start { port = 0, key = clients.KEY }) end)
teardown(function() server:stop() end)
before_each(function()
  server:reset()
  client = clients.new(server.url)
end)
after_each(function() client:close() end)

local function made_for(collection, method)
  local made = {}
  made.id, made.row, made.body = samples.make(client, collection)
  if collection == "memory_stores" and method == "create" then made.body.participant_tag = "ben" end -- one for a pair
  return made
end

-- A row of the resource, which has its id.
local function assert_row(class, row, id)
  assert.is_table(row)
  assert.is_string(row[class.id_field])
  if id then assert.equal(id, row[class.id_field]) end
end

-- What each kind of answer is to the program.
local checks = {
  nothing = function(_, value) assert.is_true(value) end,
  list = function(_, value)
    assert.is_table(value.data)
    assert.is_true(#value.data > 0)
  end,
  map = function(_, value) assert.is_table(value) end,
  object = function(_, value) assert.is_table(value) end,
  any = function(_, value) assert.is_not_nil(value) end,
}
checks.changed = checks.object

local classes = resource.classes()

for collection in pairs(samples.of) do
  local class = classes[collection]
  describe("client." .. collection, function()
    for name, op in pairs(class.operations) do
      it(("%s sends %s %s and reads the answer"):format(name, op.method, op.path), function()
        local made = made_for(collection, name)
        local value, meta = samples.call(client, collection, name, made)
        assert(value, meta)
        checks[op.answers](class, value)
        if name == "get" or name == "create" then assert_row(class, value, name == "get" and made.id or nil) end
        local entries = assert(server:requests { method = op.method })
        local last = entries[#entries]
        local pattern = op.path:gsub("[%-%.]", "%%%0"):gsub("{[%w_]+}", "[^/]+")
        assert.matches("^" .. pattern .. "$", last.path)
        assert.equal(op.sends ~= "nothing", (last.body or "") ~= "")
      end)

      if #op.ids > 0 then
        it(name .. " tells an unknown id", function()
          local made = made_for(collection)
          made.id = "x404"
          local value, err = samples.call(client, collection, name, made)
          assert.is_nil(value)
          assert.equal("not_found", err.type)
        end)
        it(name .. " refuses what cannot be an id before it sends", function()
          local made = made_for(collection)
          local before = #server:requests()
          made.id = "a/b"
          local value, err = samples.call(client, collection, name, made)
          assert.is_nil(value)
          assert.equal("validation", err.type)
          assert.equal(before, #server:requests())
        end)
      end

      it(name .. (op.without_key and " does without the key" or " needs the right key"), function()
        local made = made_for(collection, name)
        local stranger = clients.new(server.url, { api_key = "another" })
        local value, err = samples.call(stranger, collection, name, made)
        stranger:close()
        if op.without_key then return assert(value, err) end
        assert.is_nil(value)
        assert.equal("auth", err.type)
      end)
    end

    for name, op in pairs(class.operations) do
      local repeats = op.repeats ~= "twice"
      it(name .. (repeats and " is repeated after a doubtful outcome" or " is sent once, and says what is in doubt"), function()
        local made = made_for(collection, name)
        for _, rule in ipairs { { status = 500 }, { fault = "cut_headers" } } do
          rule.method, rule.path, rule.times = op.method, "/v2/*", "always"
          server:next(rule)
          local before = #server:requests()
          local value, err = samples.call(client, collection, name, made)
          assert.is_nil(value)
          assert.equal(rule.status and "server" or "connection", err.type)
          assert.equal(repeats and 3 or 1, err.attempts)
          assert.equal(not repeats, err.ambiguous)
          assert.is_true(#server:requests() - before >= err.attempts)
          server:restore(server:snapshot()) -- takes the rule away
        end
      end)

      if op.done then
        it(name .. " succeeds when an attempt without an answer has done it", function()
          local made = made_for(collection, name)
          server:next { method = op.method, path = "/v2/*", close = "after" }
          local value, meta = samples.call(client, collection, name, made)
          assert.is_true(value, tostring(meta))
        end)
      end
    end

    if class.methods.each then
      it("each walks over all pages, each row once", function()
        local sample, count = samples.of[collection], 0
        if sample.body then
          for i = 1, 5 do
            local made = { id = samples.make(client, collection) }
            assert.is_string(made.id, i)
          end
        end
        local seen = {}
        local filter = class.operations.list.first_page and { limit = 2 } or nil
        for row in client[collection]:each(filter) do
          assert.is_nil(seen[row[class.id_field]])
          seen[row[class.id_field]] = true
          count = count + 1
        end
        assert.is_true(count >= (sample.body and 5 or 1))
      end)
    end
  end)
end

describe("client.replicas and client.faces", function()
  it("name a face by either route, and read it by either name", function()
    local id = assert(client.faces:create { face_name = "Ann", train_video_url = "https://media.example.com/a.mp4" }).face_id
    assert.equal("Ann", assert(client.replicas:get(id)).replica_name)
    assert.is_true(client.replicas:rename(id, "Ben"))
    assert.equal("Ben", assert(client.faces:get(id)).face_name)
    assert.is_true(client.faces:rename(id, "Cleo"))
    assert.equal("Cleo", assert(client.replicas:get(id)).replica_name)
    for _, collection in ipairs { "replicas", "faces" } do
      local changed = assert(client[collection]:patch(id, { face_name = "Dora " .. collection }))
      assert.equal("Dora " .. collection, changed.face_name)
      assert.equal("/v2/faces/" .. id, server:requests({ method = "PATCH" })[collection == "replicas" and 3 or 4].path)
    end
    assert.same({ "replica_name", "face_name" }, {
      (next(server:requests({ method = "PATCH" })[1].json)), (next(server:requests({ method = "PATCH" })[2].json)),
    })
  end)

  it("update sends the newer names, whatever the object has", function()
    local id = assert(client.faces:create { face_name = "Ann", train_video_url = "https://media.example.com/a.mp4" }).face_id
    assert(client.replicas:update(id, function(row) row.replica_name = "Ben" end))
    assert(client.faces:update(id, function(row) row.default_voice_id = "v97f5402513a0" end))
    local sent = server:requests { method = "PATCH" }
    assert.same({ { face_name = "Ben" }, { default_voice_id = "v97f5402513a0" } }, { sent[1].json, sent[2].json })
  end)

  it("filter by type and ids under either name", function()
    local id = assert(client.faces:create { face_name = "Ann", train_video_url = "https://media.example.com/a.mp4" }).face_id
    assert.equal(1, #assert(client.faces:list { face_type = "user" }).data)
    assert.equal(1, #assert(client.replicas:list { replica_type = "user" }).data)
    assert.equal("system", assert(client.replicas:list { replica_type = "system", verbose = true }).data[1].replica_type)
    assert.equal(1, #assert(client.replicas:list { replica_ids = id .. ",r0" }).data)
    assert.equal(1, #assert(client.faces:list { face_ids = "r0," .. id }).data)
  end)
end)

describe("client.voices", function()
  it("tells who uses a voice that is to be deleted", function()
    local voice = assert(client.voices:create { voice_name = "Ann" }).voice_id
    local face = assert(client.faces:create { train_image_url = "https://media.example.com/a.png", default_voice_id = voice }).face_id
    local done, err = client.voices:delete(voice)
    assert.is_nil(done)
    assert.equal("conflict", err.type)
    assert.equal("used_by", err.conflict)
    assert.matches("faces 1, pals 0", err.message)
    assert.matches("elsewhere", err.hint)
    assert.is_true(client.faces:delete(face))
    assert.is_true(client.voices:delete(voice))
  end)

  it("changes only what is given; null takes the description away", function()
    local voice = assert(client.voices:create { voice_name = "Ann", description = "old" }).voice_id
    local tavus = require "tavus"
    assert(client.voices:patch(voice, { description = tavus.null, tags = { "a" } }))
    local row = assert(client.voices:get(voice))
    assert.equal("Ann", row.voice_name)
    assert.equal(tavus.null, row.description)
    assert.same({ "a" }, row.tags)
  end)
end)

describe("client.deployments", function()
  local id
  before_each(function() id = samples.make(client, "deployments") end)

  it("refuses to change another version than the one that was read", function()
    local _, meta = assert(client.deployments:get(id))
    local version = meta.headers.etag
    local rename = { { op = "replace", path = "/name", value = "Ben" } }
    local given = { headers = { ["If-Match"] = version } }
    assert.equal("Ben", assert(client.deployments:patch(id, rename, given)).name)
    rename[1].value = "Cleo"
    local done, err = client.deployments:patch(id, rename, given)
    assert.is_nil(done)
    assert.equal("conflict", err.type)
    assert.equal(412, err.status)
  end)

  it("update sends the version that it read", function()
    local _, meta = assert(client.deployments:get(id))
    assert(client.deployments:update(id, function(row) row.name = "Ben" end))
    local patches = server:requests { method = "PATCH" }
    assert.equal(meta.headers.etag, patches[#patches].headers["if-match"])
  end)

  it("lets a page start a call, with the password only", function()
    assert(client.deployments:patch(id, { { op = "add", path = "/password", value = "open sesame" } }))
    assert.is_true(assert(client.deployments:init(id)).has_password)
    assert.is_nil(assert(client.deployments:get(id)).password)
    local _, err = client.deployments:start(id, { password = "wrong" })
    assert.equal("auth", err.type)
    local call = assert(client.deployments:start(id, { password = "open sesame" }))
    assert.is_string(call.conversation_url)
    assert.equal(1, assert(client.deployments:get(id)).usage_total)
    assert.is_true(client.deployments:end_(id))
    for _, entry in ipairs(server:requests { path = "/v2/deployments/{id}/start" }) do
      assert.is_nil(entry.headers["x-api-key"])
    end
  end)
end)

describe("client.memory_stores", function()
  it("keeps one store for a pair", function()
    local id, row, body = samples.make(client, "memory_stores")
    assert.equal("likes tea", row.pinned_memories[1].memory)
    local again, err = client.memory_stores:create(body)
    assert.is_nil(again)
    assert.equal("conflict", err.type)
    assert.equal(id, assert(client.memory_stores:list { participant_tag = "ann" }).data[1].memory_store_id)
    assert.same({}, assert(client.memory_stores:list { participant_tag = "ben" }).data)
  end)

  it("pins memories, which keep their ids", function()
    local id = samples.make(client, "memory_stores")
    local pin = assert(client.memory_stores:pin(id, "likes jazz"))
    assert.matches("^pm%x+$", pin.memory_id)
    assert(client.memory_stores:edit_pin(id, pin.memory_id, "likes rock"))
    local list = assert(client.memory_stores:pinned(id))
    assert.equal("likes rock", list.data[2].memory)
    assert.equal(pin.memory_id, list.data[2].memory_id)
    assert.is_true(client.memory_stores:unpin(id, pin.memory_id))
    assert.equal(1, #assert(client.memory_stores:get(id)).pinned_memories)
    local _, err = client.memory_stores:unpin(id, pin.memory_id)
    assert.equal("not_found", err.type)
  end)
end)

describe("client.documents:recrawl", function()
  local id
  before_each(function() id = samples.make(client, "documents") end)

  local function refused(status, text)
    local row, err = client.documents:recrawl(id, {}, { retries = 0 })
    assert.is_nil(row)
    assert.equal(status, err.status)
    assert.matches(text, err.message)
    return err
  end

  it("reads a site again, once an hour", function()
    local now = assert(server:clock "2026-03-01T12:00:00Z")
    server:set { document_ms = 1000 }
    local row, meta = assert(client.documents:recrawl(id))
    assert.equal(202, meta.status)
    assert.equal("recrawling", row.status)
    assert.equal("conflict", refused(409, "current status: recrawling").type)
    server:clock(now + 1)
    assert.equal("ready", assert(client.documents:wait(id)).status)
    assert.equal("rate_limit", refused(429, "please wait 60 minutes").type)
    server:clock(now + 3600)
    assert.equal(2, assert(client.documents:recrawl(id, { crawl = { depth = 2 } })).crawl_count)
  end)

  it("is for sites only, and their number is limited", function()
    id = assert(client.documents:create { document_url = "https://docs.example.com/a.pdf" }).document_id
    refused(400, "not created with crawl configuration")
    server:set { crawl_quota = 1 }
    local row, err = client.documents:create { document_url = "https://docs.example.com/", crawl = { depth = 1 } }
    assert.is_nil(row)
    assert.equal("rate_limit", err.type)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
  end)
end)
