-- The file that keeps rows across runs, also when the program is killed.
local asking = require "spec.support.asking"
local core = require "tavus.core"
local process = require "spec.support.process"
local sandbox = require "tavus.sandbox"
local wire = require "spec.support.wire"
local with_program = require "spec.support.program"

local CLI = "lua/tavus/sandbox/cli.lua"

describe("a sandbox with a data file", function()
  local folder, path

  before_each(function()
    folder = wire.folder()
    path = folder .. "/rows.json"
  end)
  after_each(function() wire.remove(folder) end)

  local function run(use, options)
    options = options or {}
    options.data = path
    local server = assert(sandbox.start(options))
    local done, message = pcall(use, asking.of(server.url), server)
    server:stop()
    assert(done, message)
  end

  local function user_names(ask)
    local names = {}
    for i, row in ipairs(ask("GET", "/v2/personas", nil, { query = { persona_type = "user" } }).json.data) do
      names[i] = row.persona_name
    end
    return table.concat(names, " ")
  end

  it("has its rows again in the next run", function()
    local one, talk
    run(function(ask)
      one = ask("POST", "/v2/personas",
        { persona_name = "one", system_prompt = "x", document_tags = core.array {} }).json.persona_id
      ask("POST", "/v2/personas", { persona_name = "two", system_prompt = "x" })
      local gone = ask("POST", "/v2/personas", { persona_name = "gone", system_prompt = "x" }).json.persona_id
      assert.equal(204, ask("DELETE", "/v2/personas/" .. gone).status)
      assert.equal(200, ask("PATCH", "/v2/personas/" .. one,
        '[{"op":"replace","path":"/persona_name","value":"uno"}]').status)
      talk = ask("POST", "/v2/conversations", { persona_id = one, replica_id = "r1" }).json.conversation_id
      assert.equal(200, ask("POST", "/v2/conversations/" .. talk .. "/end").status)
    end)
    run(function(ask, server)
      assert.equal("two uno", user_names(ask))
      local row = ask("GET", "/v2/personas/" .. one).json.data[1]
      assert.is_true(core.is_array(row.document_tags))
      row = ask("GET", "/v2/conversations/" .. talk, nil, { query = { verbose = "true" } }).json
      assert.equal("ended", row.status)
      assert.equal(1, #row.events)
      assert.equal(1, row.conversation_url:find(server.url, 1, true))
      assert(server:reset())
    end)
    run(function(ask) assert.equal("", user_names(ask)) end)
  end)

  it("has the builder's drafts again", function()
    local switches = { set = { maker_changes = true, draft_patches = "draft" } }
    local id, published
    local function create(ask) return ask("POST", "/v2/personas",
      { persona_name = "live", system_prompt = "x" }).json.persona_id end
    local function patch(ask, which)
      return ask("PATCH", "/v2/personas/" .. which, '[{"op":"replace","path":"/persona_name","value":"draft"}]').json
    end
    local function draft_of(ask, which)
      local row = ask("GET", "/v2/personas/" .. which, nil, { query = { source = "draft" } }).json.data[1]
      return row.persona_name, row.has_unpublished_changes
    end
    run(function(ask)
      id, published = create(ask), create(ask)
      assert.is_true(patch(ask, id).is_draft_view)
      patch(ask, published)
      assert.equal(200, ask("POST", "/v2/personas/" .. published .. "/publish").status)
    end, switches)
    run(function(ask)
      assert.same({ "draft", true }, { draft_of(ask, id) })
      assert.equal("live", ask("GET", "/v2/personas/" .. id).json.data[1].persona_name)
      assert.same({ "draft", false }, { draft_of(ask, published) })
    end, switches)
    run(function(_, server) assert(server:set { maker_changes = true }) end, switches) -- a new draft for each
    run(function(ask) assert.same({ "live", false }, { draft_of(ask, id) }) end, switches)
  end)

  it("goes on with its ids, and begins with its own switches and clock", function()
    local seen = {}
    for _ = 1, 3 do
      run(function(ask, server)
        local id = ask("POST", "/v2/personas", { system_prompt = "x" }).json.persona_id
        assert.is_nil(seen[id])
        seen[id] = true
        assert.equal("array", server:about().settings.get_shape)
        assert.is_true(server:clock() > 1e9)
        assert(server:set { get_shape = "flat" })
        assert(server:clock(0))
        ask("POST", "/v2/personas", { system_prompt = "x" })
      end, { seed = 1 })
    end
  end)

  it("is written before the answer, for the owner only, and nothing is left beside it", function()
    wire.write_file(path .. ".new", "from a crash")
    run(function(ask, server)
      local id = ask("POST", "/v2/personas", { system_prompt = "x" }).json.persona_id
      assert.matches(id, wire.read_file(path), 1, true)
      local snapshot = server:snapshot()
      ask("DELETE", "/v2/personas/" .. id)
      assert.is_nil(wire.read_file(path):find(id, 1, true))
      assert(server:restore(snapshot))
      assert.matches(id, wire.read_file(path), 1, true)
      assert(server:next { close = "after" })
      ask("POST", "/v2/personas", { persona_name = "unanswered", system_prompt = "x" })
      assert.matches("unanswered", wire.read_file(path), 1, true)
    end)
    local _, listed = process.run("ls -l " .. folder)
    assert.matches("%-rw%-%-%-%-%-%-%-", listed)
    assert.is_nil(listed:find(".new", 1, true))
  end)

  it("is refused with a reason if it is broken, and left as it is", function()
    for text, reason in pairs {
      ['{"tavus_sandbox":1,"personas":['] = "it is not JSON",
      ["[]"] = "it is not a file of a tavus-sandbox",
      ["{}"] = "it is not a file of a tavus-sandbox",
      ['{"tavus_sandbox":2}'] = "it is of another version",
      ['{"tavus_sandbox":1,"personas":{}}'] = "personas is not an array",
      ['{"tavus_sandbox":1,"personas":[{}]}'] = "personas: row 1 has no persona_id",
      ['{"tavus_sandbox":1,"personas":[{"persona_id":"p"},{"persona_id":"p"}]}'] = "personas: p is in the file twice",
      ['{"tavus_sandbox":1,"personas":[],"conversations":[{"conversation_id":"c"}]}'] = "row 1 has no status or events",
      ['{"tavus_sandbox":1,"personas":[],"conversations":[],"ids":0}'] = "ids is not a whole number",
      ['{"tavus_sandbox":1,"personas":[],"conversations":[],"ids":1}'] = "without_draft is not an object",
      ['{"tavus_sandbox":1,"personas":[],"conversations":[],"ids":1,"without_draft":{},'
        .. '"drafts":{"p":1}}'] = "drafts: p is not an object",
    } do
      wire.write_file(path, text)
      local server, err = sandbox.start { data = path }
      assert.is_nil(server)
      assert.equal("config", err.type)
      assert.matches(("'%s' is broken: "):format(path), err.message, 1, true)
      assert.matches(reason, err.message, 1, true)
      assert.equal(text, wire.read_file(path))
    end
    local status, output = process.lua { file = CLI, arguments = "-q --port 0 --data " .. path }
    assert.equal(1, status)
    assert.matches("^tavus%-sandbox: '", output)
  end)

  it("is refused with a reason if it cannot be read or written", function()
    for bad, reason in pairs {
      [folder] = "Is a directory",
      [folder .. "/none/rows.json"] = "cannot write '" .. folder .. "/none/rows.json': No such file or directory",
    } do
      local server, err = sandbox.start { data = bad }
      assert.is_nil(server)
      assert.matches(reason, err.message, 1, true)
    end
    assert.has_error(function() sandbox.start { data = 1 } end)
    for _, option in ipairs { "data", "replay" } do
      local done, message = pcall(function() sandbox.start { [option] = path .. "\0.json" } end)
      assert.is_false(done)
      assert.matches("data_spec.lua:%d+: bad argument: " .. option .. " must not have a NUL byte", message)
    end
  end)

  it("answers 500 if a change cannot be written, says so once, and writes it with the next", function()
    local _, told = with_program("--quiet --port 0 --data " .. path, "TERM", function(url)
      local ask, server = asking.of(url), assert(sandbox.connect(url))
      assert.equal(200, ask("POST", "/v2/personas", { persona_name = "one", system_prompt = "x" }).status)
      process.run("mkdir " .. path .. ".new") -- in the way of the new file
      local result = ask("POST", "/v2/personas", { persona_name = "two", system_prompt = "x" })
      assert.equal(500, result.status)
      assert.matches("cannot write", result.json.error, 1, true)
      assert.equal(500, server:requests()[2].status)
      assert.is_nil(wire.read_file(path):find("two", 1, true))
      process.run("rmdir " .. path .. ".new")
      assert.equal(200, ask("GET", "/v2/personas").status)
      assert.matches("two", wire.read_file(path), 1, true)
      server:stop()
    end)
    assert.equal(1, select(2, told:gsub("tavus%-sandbox: cannot write '", "")))
  end)

  it("is whole whenever the program is killed, and has all that was answered", function()
    local answered = {}
    for round = 1, 25 do
      local pipe = assert(io.popen(("%s %s --quiet --port 0 --data %s 2>/dev/null & echo $!"):format(
        process.quote(process.interpreter()), CLI, path)))
      local pid = tonumber((pipe:read "*l"))
      local url = assert(pipe:read "*l", "it did not start again: " .. wire.read_file(path))
      -- The killer sleeps meanwhile, so that it can kill at any point of a request.
      os.execute(("{ sleep %.4f; kill -KILL %d; } >/dev/null 2>&1 &"):format(0.01 + round * 0.0017, pid))
      local sent = 0
      while true do
        sent = sent + 1
        local name = ("r%d-%d "):format(round, sent)
        local result = asking.ask(url, "POST", "/v2/personas",
          { persona_name = name, system_prompt = ("long "):rep(4000) })
        if result.status ~= 200 then break end
        answered[#answered + 1] = name
      end
      assert.equal("", pipe:read "*a") -- the program is gone
      pipe:close()
      local value = assert(core.decode(wire.read_file(path)))
      local stored = {}
      for i, row in ipairs(value.personas) do stored[row.persona_name] = i end
      for _, name in ipairs(answered) do assert.is_number(stored[name], name) end
      -- A create that was cut off may be there; nothing else may.
      assert.is_true(#value.personas <= #answered + round)
    end
    assert.is_true(#answered > 25)
    run(function(ask) assert.equal(200, ask("GET", "/v2/personas").status) end)
  end)
end)
