-- A function that is misused raises at the line of the program that called it: every public function, in every way.
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"

local sandbox = assert(sandbox_module.start { port = 0 })
local client = assert(tavus.new { api_key = "k", base_url = sandbox.url })
local task = assert(client:spawn(function() end))
local patch, tool = tavus.patch(), tavus.tool "f"
local eyes = tavus.perception "raven-1"
local personas, conversations = client.personas, client.conversations
local BAD = { timout = 1 }
local A = { persona_id = "p" }

-- Each call stands on one line, and is no tail call.
local calls = {
  tavus = {
    new = { function() return (tavus.new(1)) end, function() return (tavus.new(BAD)) end, function() return (tavus.new { timeout = "1" }) end,
      function() return (tavus:new()) end },
    validate = { function() return (tavus.validate("person", {})) end, function() return (tavus.validate()) end,
      function() return (tavus.validate("persona", {}, 1)) end, function() return (tavus.validate("persona", {}, BAD)) end },
    encode = { function() return (tavus.encode({}, "person")) end, function() return (tavus.encode({}, "persona", BAD)) end },
    decode = { function() return (tavus.decode(1, 2, {}) and tavus.decode {}) end, function() return (tavus.decode()) end },
    array = { function() return (tavus.array(1)) end },
    object = { function() return (tavus.object(1)) end },
    patch = { function() return (tavus.patch(1)) end, function() return (tavus.patch { 1 }) end, function() return (tavus.patch { a = 1 }) end },
    perception = { function() return (tavus.perception(1)) end, function() return (tavus.perception {}) end },
    tool = { function() return (tavus.tool(1)) end, function() return (tool(1)) end, function() return (tool { "x", a = 1 }) end },
    string = { function() return (tavus.string(1)) end, function() return (tavus.string { minLength = "x" }) end },
    number = { function() return (tavus.number(1)) end, function() return (tavus.number { minimum = 1 / 0 }) end },
    integer = { function() return (tavus.integer(1)) end, function() return (tavus.integer { minimum = -1 / 0 }) end },
    boolean = { function() return (tavus.boolean(1)) end, function() return (tavus.boolean { unknown = 1 }) end },
    enum = { function() return (tavus.enum(1)) end, function() return (tavus.enum {}) end },
    array_of = { function() return (tavus.array_of(1)) end, function() return (tavus.array_of {}) end },
    object_of = { function() return (tavus.object_of(1)) end, function() return (tavus.object_of { "x", a = 1 }) end },
  },
  patch = {
    add = { function() return (patch:add("x", 1)) end, function() return (patch:add("/x")) end, function() return (patch.add("/x", 1)) end,
      function() return (patch:add("/x", print)) end },
    replace = { function() return (patch:replace("x", 1)) end, function() return (patch:replace("/x")) end,
      function() return (patch.replace("/x", 1)) end },
    test = { function() return (patch:test("x", 1)) end, function() return (patch:test("/x")) end, function() return (patch.test("/x", 1)) end },
    remove = { function() return (patch:remove("x")) end, function() return (patch:remove("/x", 1)) end, function() return (patch.remove "/x") end },
    move = { function() return (patch:move("x", "/y")) end, function() return (patch:move("/x", "y")) end, function() return (patch.move("/x", "/y")) end },
    copy = { function() return (patch:copy("x", "/y")) end, function() return (patch:copy("/x", "y")) end, function() return (patch.copy("/x", "/y")) end },
  },
  patches = {
    apply = { function() return (tavus.patch.apply(nil, {})) end },
    diff = { function() return (tavus.patch.diff(nil, {})) end, function() return (tavus.patch.diff({}, nil)) end,
      function() return (tavus.patch.diff({}, {}, 1)) end, function() return (tavus.patch.diff({}, {}, { arrays = 1 })) end,
      function() return (tavus.patch.diff({}, {}, BAD)) end },
    invert = { function() return (tavus.patch.invert({}, nil)) end },
  },
  perception = {
    visual_query = { function() return (eyes:visual_query(1)) end, function() return (eyes.visual_query "x") end },
    audio_query = { function() return (eyes:audio_query(1)) end, function() return (eyes.audio_query "x") end },
    analysis_query = { function() return (eyes:analysis_query(1)) end, function() return (eyes.analysis_query "x") end },
    visual_prompt = { function() return (eyes:visual_prompt(1)) end, function() return (eyes.visual_prompt "x") end },
    audio_prompt = { function() return (eyes:audio_prompt(1)) end, function() return (eyes.audio_prompt "x") end },
    visual_tool = { function() return (eyes:visual_tool(1)) end, function() return (eyes.visual_tool "x") end },
    audio_tool = { function() return (eyes:audio_tool(1)) end, function() return (eyes.audio_tool "x") end },
  },
  client = {
    request = { function() return (client:request(1, "/x")) end, function() return (client:request("GET", 1)) end,
      function() return (client:request("GET", "/x", BAD)) end, function() return (client.request("GET", "/x")) end },
    spawn = { function() return (client:spawn(1)) end, function() return (client.spawn(print)) end },
    step = { function() return (client:step "x") end, function() return (client:step(-1)) end, function() return (client.step()) end },
    run = { function() return (client.run()) end },
    map = { function() return (client:map(1, print)) end, function() return (client:map({}, 1)) end, function() return (client:map({ a = 1 }, print)) end,
      function() return (client:map({}, print, BAD)) end, function() return (client.map({}, print)) end },
    fd = { function() return (client.fd()) end },
    timeout = { function() return (client.timeout()) end },
    close = { function() return (client.close()) end },
  },
  personas = {
    create = { function() return (personas:create(1)) end, function() return (personas:create({}, BAD)) end, function() return (personas.create {}) end },
    get = { function() return (personas:get(1)) end, function() return (personas:get(A)) end, function() return (personas:get("p", BAD)) end,
      function() return (personas.get "p") end },
    list = { function() return (personas:list(1)) end, function() return (personas:list { nam = 1 }) end, function() return (personas.list()) end },
    each = { function() return (personas:each(1)) end, function() return (personas:each { nam = 1 }) end, function() return (personas.each()) end,
      function() return (personas:each({}, BAD)) end },
    find = { function() return (personas:find(1)) end, function() return (personas:find("x", BAD)) end,
      function() return (personas.find "x") end },
    patch = { function() return (personas:patch(1, {})) end, function() return (personas:patch("p", 1)) end,
      function() return (personas:patch("p", {}, BAD)) end,
      function() return (personas.patch("p", {})) end },
    update = { function() return (personas:update(1, print)) end, function() return (personas:update("p", 1)) end,
      function() return (personas:update("p", print, BAD)) end, function() return (personas.update("p", print)) end },
    delete = { function() return (personas:delete(1)) end, function() return (personas:delete("p", BAD)) end, function() return (personas.delete "p") end },
  },
  conversations = {
    create = { function() return (conversations:create(1)) end, function() return (conversations:create({}, BAD)) end,
      function() return (conversations.create {}) end },
    get = { function() return (conversations:get(1)) end, function() return (conversations.get "c") end },
    list = { function() return (conversations:list(1)) end, function() return (conversations.list()) end },
    each = { function() return (conversations:each(1)) end, function() return (conversations.each()) end },
    find = { function() return (conversations:find(1)) end, function() return (conversations.find "x") end },
    end_ = { function() return (conversations:end_(1)) end, function() return (conversations.end_ "c") end },
    delete = { function() return (conversations:delete(1)) end, function() return (conversations.delete "c") end },
  },
  task = {
    done = { function() return (task.done()) end, function() return (task.done {}) end },
    result = { function() return (task.result()) end, function() return (task.result {}) end },
    cancel = { function() return (task.cancel()) end, function() return (task.cancel {}) end },
  },
  sandboxes = {
    start = { function() return (sandbox_module.start(1)) end, function() return (sandbox_module.start { prt = 1 }) end,
      function() return (sandbox_module.start { port = -1 }) end, function() return (sandbox_module.start { set = { x = 1 } }) end,
      function() return (sandbox_module:start()) end },
    connect = { function() return (sandbox_module.connect(1)) end },
  },
  sandbox = {
    next = { function() return (sandbox.next {}) end, function() return (sandbox:next(1)) end, function() return (sandbox:next { x = 1 }) end },
    requests = { function() return (sandbox.requests()) end, function() return (sandbox:requests(1)) end, function() return (sandbox:requests { x = 1 }) end,
      function() return (sandbox:requests { status = "200" }) end, function() return (sandbox:requests { method = "a b" }) end },
    expect = { function() return (sandbox.expect {}) end, function() return (sandbox:expect(1)) end, function() return (sandbox:expect { x = 1 }) end,
      function() return (sandbox:expect { method = "PUT" }) end },
    refuse = { function() return (sandbox.refuse()) end, function() return (sandbox:refuse(1)) end },
    reset = { function() return (sandbox.reset()) end },
    set = { function() return (sandbox.set {}) end, function() return (sandbox:set(1)) end, function() return (sandbox:set { x = 1 }) end },
    play = { function() return (sandbox.play("c1", {})) end, function() return (sandbox:play(1, {})) end,
      function() return (sandbox:play("c1", 1)) end, function() return (sandbox:play("c1", { { x = 1 } })) end,
      function() return (sandbox:play("c1", { twce = true })) end },
    put = { function() return (sandbox.put {}) end, function() return (sandbox:put(1)) end, function() return (sandbox:put "{") end,
      function() return (sandbox:put { a = print }) end },
    snapshot = { function() return (sandbox.snapshot()) end },
    restore = { function() return (sandbox.restore "x") end, function() return (sandbox:restore(1)) end },
    clock = { function() return (sandbox.clock(1)) end, function() return (sandbox:clock "x") end, function() return (sandbox:clock {}) end },
    about = { function() return (sandbox.about()) end },
    stop = { function() return (sandbox.stop()) end },
  },
}

for _, name in ipairs { "find", "publish", "tools", "attach_tools", "detach_tool", "skills", "replace_skills", "skill", "set_skill",
  "patch_skill", "remove_skill", "clone", "check_username" } do
  calls.personas[name] = { function() return (personas[name](personas, 1)) end, function() return (personas[name] "p") end }
end
calls.conversations.with = { function() return (conversations:with(1)) end, function() return (conversations:with({}, 1)) end,
  function() return (conversations.with {}) end, function() return (conversations:with({}, print, BAD)) end }
for _, name in ipairs { "send_app_message", "canvas_interactions", "record_canvas_interaction" } do
  calls.conversations[name] = { function() return (conversations[name](conversations, 1)) end, function() return (conversations[name] "c") end }
end
calls.conversations.find = { function() return (conversations:find(1)) end, function() return (conversations.find "c") end }

describe("misuse raises at the caller's line:", function()
  teardown(function()
    client:close()
    sandbox:stop()
  end)

  for group, functions in pairs(calls) do
    for name, ways in pairs(functions) do
      it(group .. ", " .. name, function()
        for number, way in ipairs(ways) do
          local ok, message = pcall(way)
          local here = debug.getinfo(way, "S")
          assert.is_false(ok, ("way %d raises nothing"):format(number))
          assert.equal(("%s:%d:"):format(here.short_src, here.linedefined), tostring(message):match "^.-:%d+:", tostring(message))
        end
      end)
    end
  end

  -- The ways of a function that is new belong here, too.
  for group, object in pairs {
    patch = getmetatable(patch).__index, patches = tavus.patch, client = getmetatable(client).__index,
    personas = getmetatable(personas).methods, conversations = getmetatable(conversations).methods, task = getmetatable(task).__index,
    sandboxes = sandbox_module, sandbox = getmetatable(sandbox).__index,
  } do
    it(group .. ", every function is here", function()
      for name, value in pairs(object) do
        assert(type(value) ~= "function" or name:find "^_" or calls[group][name] or name == "repeatable", name)
      end
    end)
  end
end)
