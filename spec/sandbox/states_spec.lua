-- Rows of the sandbox that become ready in time: on its clock, as the switches of the time said when they were made.
local clients = require "spec.support.clients"
local samples = require "spec.support.samples"
local sandboxes = require "tavus.sandbox"

local START = "2026-03-01T12:00:00Z"

describe("a row that becomes ready in time", function()
  local server, client, now

  local function open(options)
    server = assert(sandboxes.start(options or {}))
    client = clients.new(server.url)
    now = assert(server:clock(START))
  end

  after_each(function()
    client:close()
    server:stop()
  end)

  local function after(seconds) assert(server:clock(now + seconds)) end

  it("moves through its states, with progress", function()
    open { set = { video_ms = 10000 } }
    local id = samples.make(client, "videos")
    local seen = {}
    for _, seconds in ipairs { 0, 2, 5, 9.9, 10 } do
      after(seconds)
      local row = assert(client.videos:get(id))
      seen[#seen + 1] = row.status .. " " .. row.generation_progress
    end
    assert.same({ "queued 0/100", "queued 20/100", "generating 50/100", "generating 99/100", "ready 100/100" }, seen)
    local row = assert(client.videos:get(id))
    assert.is_string(row.download_url)
    assert.equal("Sun, 01 Mar 2026 12:00:10 GMT", row.updated_at)
  end)

  it("is in its state of now in a list, too, and where a filter asks for it", function()
    open { set = { document_ms = 1000 } }
    samples.make(client, "documents")
    assert.equal(0, #assert(client.documents:list { status = "ready" }).data)
    after(1)
    assert.equal(1, #assert(client.documents:list { status = "ready" }).data)
  end)

  it("fails for the documented reason that a switch names", function()
    open { set = { document_error = "file_format_unsupported", replica_error = "The consent is missing" } }
    local row = assert(client.documents:get((samples.make(client, "documents"))))
    assert.same({ "error", "file_format_unsupported" }, { row.status, row.error_message })
    row = assert(client.replicas:get((samples.make(client, "replicas"))))
    assert.same({ "error", "The consent is missing" }, { row.status, row.error_message })
  end)

  it("keeps to the switches of the time when it was made", function()
    open { set = { voice_ms = 1000 } }
    local id = samples.make(client, "voices")
    server:set { voice_ms = 0, voice_error = "too short" }
    assert.equal("started", assert(client.voices:get(id)).status)
    after(1)
    assert.equal("completed", assert(client.voices:get(id)).status)
  end)

  it("goes back on its way with a snapshot", function()
    open { set = { voice_ms = 1000 } }
    local id = samples.make(client, "voices")
    local taken = assert(server:snapshot())
    after(1)
    assert.equal("completed", assert(client.voices:get(id)).status)
    assert(server:restore(taken))
    assert.equal("started", assert(client.voices:get(id)).status)
    after(1)
    assert.equal("completed", assert(client.voices:get(id)).status)
  end)

  it("gets ready though the sandbox was stopped meanwhile", function()
    local path = os.tmpname()
    open { data = path, set = { voice_ms = 1e6 } }
    local id = samples.make(client, "voices")
    client:close()
    server:stop()
    open { data = path }
    assert.equal("completed", assert(client.voices:get(id)).status)
    os.remove(path)
  end)

  it("may be deleted before", function()
    open { set = { voice_ms = 1000 } }
    local id = samples.make(client, "voices")
    assert(client.voices:delete(id))
    after(1)
    assert.equal(0, assert(client.voices:list()).total_count)
  end)
end)

describe("missing_ids", function()
  it("chooses the status for an unknown id", function()
    local server = assert(sandboxes.start {})
    local client = clients.new(server.url)
    local function statuses()
      local found = {}
      for i, collection in ipairs { "voices", "videos", "personas", "documents" } do
        local _, err = client[collection]:get "x404"
        assert.equal("not_found", err.type)
        found[i] = err.status
      end
      return found
    end
    assert.same({ 404, 400, 400, 404 }, statuses())
    server:set { missing_ids = "400" }
    assert.same({ 400, 400, 400, 400 }, statuses())
    server:set { missing_ids = "404" }
    assert.same({ 404, 404, 404, 404 }, statuses())
    client:close()
    server:stop()
  end)
end)
