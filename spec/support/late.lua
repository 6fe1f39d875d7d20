-- For late_spec: loses in the way that is named what modules are read with, and then calls every public function.
local lose = ...
local remove_files = lose:find "files" and "rm -rf lua c"
local execute = os.execute
local chdir = lose:find "directory" and require "lfs".chdir

local function take_globals()
  for _, name in ipairs { "require", "package", "io", "os", "debug", "loadfile", "dofile", "load", "loadstring", "module" } do
    rawset(_G, name, nil)
  end
end

local tavus = require "tavus"
local sandbox_module = require "tavus.sandbox"
if lose:find "early" then take_globals() end
local sandbox = assert(sandbox_module.start { port = 0 })
local lines = {}
local client = assert(tavus.new {
  api_key = "k", base_url = sandbox.url, record = "recording", backoff = function() return 0 end,
  log = function(_, message) lines[#lines + 1] = message end,
})
if remove_files then execute(remove_files) end
if chdir then chdir "/" end
if lose:find "globals" then take_globals() end

-- Functions that were called, and a count of those that a public table has and nobody called.
local called = {}
-- The functions of an object, noted when they are called; in `methods` with the object as first argument.
local function noted(name, object, as_methods)
  return setmetatable({}, { __index = function(_, field)
    return function(first, ...)
      called[name .. field] = true
      return object[field](as_methods and object or first, ...)
    end
  end })
end
local function all_called(name, functions)
  for field, value in pairs(functions) do
    assert(type(value) ~= "function" or field:find "^_" or called[name .. field], name .. field .. " was not called")
  end
end

-- Builders
local t = noted("tavus.", tavus)
local tool = t.tool "book" {
  "Book a table",
  day = t.string "The day", people = t.integer { "How many", minimum = 1 }, price = t.number "At most",
  inside = t.boolean "Inside?", seat = t.enum { values = { "bar", "table" }, optional = true },
  guests = t.array_of { "Names", items = t.string "A name" }, host = t.object_of { "Who", name = t.string "A name" },
}
local eyes = t.perception "raven-1":visual_query "a?":audio_query "b?":analysis_query "c?":visual_tool(tool, "d"):audio_tool(tool)
  :visual_prompt "e":audio_prompt "f"
local body = { persona_name = "Ann", system_prompt = "Be brief.", pipeline_mode = "full", default_replica_id = "r90bbd427f71",
  document_tags = tavus.array { "a" },
  layers = { llm = { model = "tavus-gpt-oss", tools = { tool } }, perception = eyes } }
assert(t.validate("persona", body, { strict = false }))
assert(t.decode(assert(t.encode(body, "persona", { strict = false }))))
assert(not t.validate("persona", { layers = 1 }))
assert(not t.decode "{")
assert(t.encode { t.array({}), t.object({}) } == "[[],{}]")
assert(not pcall(t.tool "x", { unknown = {} }) and not pcall(t.string, 1))

-- Patches
local p = noted("patch.", tavus.patch)
local patch = tavus.patch():add("/x", 1):replace("/x", 2):test("/x", 2):copy("/x", "/y"):move("/y", "/z"):remove("/z")
local before = { a = { b = 1 } }
local after = assert(p.apply(before, patch))
assert(after.x == 2 and p.apply(after, assert(p.invert(patch, before))).x == nil)
assert(#assert(p.diff(before, after)) == 1 and #assert(p.diff({ a = { 1, 2, 3 } }, { a = { 1, 3 } }, { arrays = "items" })) == 1)
assert(p.repeatable(patch) ~= nil)
assert(not pcall(p.apply, nil) and not p.apply({}, { { op = "remove", path = "/q" } }))
all_called("patch.", tavus.patch)

-- The client
local personas, conversations = noted("personas.", client.personas, true), noted("conversations.", client.conversations, true)
local persona = assert(personas:create(body))
local id = persona.persona_id
assert(personas:get(id) and personas:list { limit = 1 })
local seen = 0
for _ in personas:each {} do seen = seen + 1 end
assert(seen > 1)
assert(personas:patch(id, tavus.patch():add("/persona_name", "Ben")))
assert(personas:update(id, function(it) it.persona_name = "Cleo" end, { arrays = "items" }))
local none, err = personas:get "p0000000000"
assert(none == nil and err.type == "not_found" and tostring(err):find "p0000000000")
assert(select(2, personas:create { persona_name = 1 }).issues[1].hint ~= false)
assert(not pcall(personas.create, personas, body, { timout = 1 }))
assert(sandbox:next { status = 503, times = 2 } and personas:get(id))
local conversation = assert(conversations:create { persona_id = id })
assert(conversations:get(conversation.conversation_id) and conversations:list())
for _ in conversations:each() do seen = seen + 1 end
assert(conversations:send_app_message(conversation.conversation_id, { message_type = "conversation", event_type = "x" }))
assert(conversations:record_canvas_interaction(conversation.conversation_id,
  { interaction_id = "i", tool_call_id = "t", component = "canvas.question", type = "submit" }))
assert(conversations:canvas_interactions(conversation.conversation_id))
assert(conversations:with({ persona_id = id }, function() return true end))
assert(select(2, conversations:find "no such name").type == "not_found")
assert(personas:find "Cleo" and personas:publish(id))
assert(sandbox:next { body = { persona_id = "p1" } } and personas:clone "t1")
local registered = assert(client.tools:create { type = "function", name = "late", description = "Late" }).tool_id
assert(personas:attach_tools(id, { registered }) and personas:tools(id) and personas:detach_tool(id, registered))
assert(personas:replace_skills(id, { magic_canvas = { config = {} } }) and personas:set_skill(id, "magic_canvas", {}))
assert(personas:patch_skill(id, "magic_canvas", {}) and personas:skills(id) and personas:skill(id, "magic_canvas"))
assert(personas:remove_skill(id, "magic_canvas") and personas:check_username "late")
assert(conversations:end_(conversation.conversation_id) and conversations:delete(conversation.conversation_id))

local c = noted("client.", client, true)
assert(c:request("GET", "/v2/personas"))
assert(c:request("PATCH", "/v2/personas/" .. id, { body = tavus.array { { op = "add", path = "/context", value = "c" } } }))
local task = assert(c:spawn(function() return client.personas:get(id) end))
while c:step(0.01) do end
assert(task:done() and task:result().persona_id == id)
local failing = c:spawn(function() error "on purpose" end)
c:run()
assert(tostring(select(2, failing:result())):find "on purpose")
c:spawn(function() error "nobody asked" end)
c:run()
local resting = c:spawn(function() return client.personas:list() end)
resting:cancel()
assert(select(2, resting:result()).type == "cancelled")
for _, item in ipairs(assert(c:map({ 1, 2, 3 }, function() return client.personas:get(id) end, { concurrency = 2 }))) do assert(item.value) end
assert((c:fd() or true) and (c:timeout() or true) and tostring(client))
assert(personas:delete(id))
for name, resource in pairs { ["personas."] = client.personas, ["conversations."] = client.conversations } do
  all_called(name, getmetatable(resource).methods)
end
assert(#lines > 10)
assert(tavus.new { api_key = "k" }):close() -- a second client
c:close()
all_called("client.", getmetatable(client).__index)

-- The sandbox
local s = noted("sandbox.", sandbox, true)
assert(s:reset() and s:next { status = 500 } and s:set { pals = true } and s:about().sandbox and s:clock "system")
local put = assert(s:put { persona_name = "Put" })
local shot = assert(s:snapshot())
client = assert(tavus.new { api_key = "k", base_url = sandbox.url, retries = 0 })
assert(select(2, client.personas:get(put)).status == 500)
assert(client.personas:get(put))
assert(#s:requests() == 2 and #s:expect { method = "GET", times = 2 } == 2)
assert(not pcall(s.expect, s, { method = "PUT" }))
local room = assert(client.conversations:create { persona_id = put, replica_id = "r90bbd427f71" })
assert(s:play(room.conversation_id, { { persona = "Hello" } }))
assert(s:refuse() and s:refuse(false) and s:restore(shot))
local other = assert(sandbox_module.connect(sandbox.url))
assert(other:stop())
local second = assert(sandbox_module.start { port = 0, seed = 1 })
assert(second:about() and second:stop())
assert(s:stop())
all_called("sandbox.", getmetatable(sandbox).__index)
print "everything works"
