-- Names that do not exist: what resembles a name, or means one in other APIs, raises at the caller's line and says which;
-- everything else is nil.
local sandbox_module = require "tavus.sandbox"
local tavus = require "tavus"
local clients = require "spec.support.clients"

local sandbox = assert(sandbox_module.start { port = 0 })
local client = assert(tavus.new { api_key = "k", base_url = sandbox.url })
local task = assert(client:spawn(function() end))

lazy_teardown(function()
  client:run()
  client:close()
  sandbox:stop()
end)

-- Objects, and for each: what is written, and the words that must be in the message. A line holds names with one meaning.
local objects = {
  tavus = { tavus, {
    ["did you mean boolean?"] = "bool Boolean booleen",
    ["did you mean integer?"] = "int integr long",
    ["did you mean number?"] = "float double numer num",
    ["did you mean string?"] = "str strin text String",
    ["did you mean enum?"] = "choice one_of enums literal",
    ["did you mean array_of?"] = "list list_of arrayOf arrayof array_off",
    ["did you mean object_of?"] = "map dict struct object_off",
    ["did you mean tool?"] = "func function_tool tools tooll toool",
    ["did you mean new?"] = "Client connect create open",
    ["did you mean encode?"] = "encod json stringify dumps",
    ["did you mean decode?"] = "parse from_json decod",
    ["did you mean validate?"] = "check lint valdate validate_persona",
    ["did you mean perception?"] = "perceptoin vision perception_layer",
    ["did you mean patch?"] = "json_patch pacth",
    ["did you mean null?"] = "none undefined Null",
    ["use client.personas"] = "personas persona create_persona listPersonas",
    ["use client.conversations"] = "conversations create_conversation endConversation",
    ["use client.documents"] = "documents create_document uploadDocument",
    ["require \"tavus.sandbox\""] = "sandbox",
  } },
  client = { client, {
    ["did you mean personas?"] = "persona presonas agents assistants Personas",
    ["did you mean conversations?"] = "conversation converstions sessions chats rooms",
    ["did you mean documents?"] = "document documnets knowledge_base files",
    ["did you mean client.guardrails:create?"] = "create_guardrail newGuardrail",
    ["did you mean request?"] = "get post put delete fetch requests reqest",
    ["did you mean close?"] = "stop shutdown cloes disconnect",
    ["did you mean spawn?"] = "async go spwan task",
    ["did you mean run?"] = "loop join run_forever",
    ["did you mean step?"] = "tick poll setp",
    ["did you mean map?"] = "parallel gather foreach",
    ["did you mean client.personas:create?"] = "create_persona createPersona new_persona add_persona",
    ["did you mean client.personas:list?"] = "list_personas listPersonas get_all_personas",
    ["did you mean client.personas:delete?"] = "delete_persona removePersona",
    ["did you mean client.conversations:end_?"] = "end_conversation stopConversation",
    ["did you mean client.conversations:create?"] = "start_conversation create_conversation",
  } },
  ["client.personas"] = { client.personas, {
    ["did you mean create?"] = "new add post insert creat craete create_persona createPersona build",
    ["did you mean get?"] = "fetch retrieve read show gett get_persona getById",
    ["did you mean list?"] = "lists lsit find_all index getAll list_all list_personas",
    ["did you mean each?"] = "iterate pages paginate eech auto_paging_iter",
    ["did you mean each or list?"] = "all",
    ["did you mean patch or update?"] = "modify edit change put set",
    ["did you mean update?"] = "updaet updates update_persona",
    ["did you mean patch?"] = "pacth patchs",
    ["did you mean delete?"] = "remove destroy del rm delet deleted delete_persona removePersona",
  } },
  ["client.conversations"] = { client.conversations, {
    ["did you mean create?"] = "start begin open new join start_conversation",
    ["did you mean end_?"] = "end stop finish close terminate hang_up leave endConversation end_conversation",
    ["did you mean delete?"] = "remove destroy delete_conversation",
    ["did you mean get?"] = "retrieve fetch get_conversation",
  } },
  ["the task"] = { task, {
    ["did you mean result?"] = "await wait join get results",
    ["did you mean cancel?"] = "stop kill abort cancle",
    ["did you mean done?"] = "is_done finished status dones",
  } },
  ["the patch"] = { tavus.patch(), {
    ["did you mean add or replace?"] = "set put",
    ["did you mean add?"] = "insert append push adds",
    ["did you mean replace?"] = "update change modify repalce",
    ["did you mean remove?"] = "delete del unset remov",
    ["did you mean test?"] = "assert check tets",
    ["did you mean copy?"] = "clone duplicate",
    ["did you mean move?"] = "rename moev",
    ["tavus.patch.apply(document, patch)"] = "apply",
    ["tavus.encode(patch)"] = "encode to_json",
    ["client.personas:patch(id, patch)"] = "send submit",
  } },
  ["tavus.patch"] = { tavus.patch, {
    ["did you mean apply?"] = "aply merge execute",
    ["did you mean diff?"] = "diffs compare delta difference",
    ["did you mean invert?"] = "undo revert inverse invrt",
    ["tavus.patch()"] = "new create add replace",
  } },
  ["the perception layer"] = { tavus.perception "raven-1", {
    ["did you mean visual_query?"] = "visual_querry visualQuery visual_queries watch",
    ["did you mean audio_query?"] = "audio_querry listen audio_queries",
    ["did you mean analysis_query?"] = "analysis analysis_querry",
    ["did you mean visual_tool?"] = "visualTool visual_tol",
    ["did you mean audio_tool or visual_tool?"] = "tool add_tool",
    ["did you mean audio_prompt or visual_prompt?"] = "prompt",
    ["did you mean audio_query or visual_query?"] = "query",
  } },
  ["the property"] = { tavus.string "x", {
    ["optional = true"] = "optional describe min max one_of",
  } },
  ["the sandbox"] = { sandbox, {
    ["did you mean next?"] = "mock stub respond queue nxet",
    ["did you mean requests?"] = "reqests calls journal",
    ["did you mean expect?"] = "expct assert verify",
    ["did you mean reset?"] = "rest clear reste",
    ["did you mean stop?"] = "close shutdown stpo",
    ["did you mean put?"] = "add insert store seed",
    ["did you mean snapshot?"] = "snapshots save",
    ["did you mean restore?"] = "restor load",
    ["did you mean url?"] = "base_url address",
  } },
  ["tavus.sandbox"] = { sandbox_module, {
    ["did you mean start?"] = "new launch run strat",
    ["did you mean connect?"] = "conect attach",
    ["a member of what start() returns"] = "url next stop base_url",
  } },
}

describe("a name that resembles one, or means one elsewhere", function()
  for title, object in pairs(objects) do
    local inputs = 0
    for said, words in pairs(object[2]) do
      for word in words:gmatch "%S+" do
        inputs = inputs + 1
        it(("raises at the caller's line: %s, %s"):format(title, word), function()
          local line = debug.getinfo(1, "l").currentline + 1
          local message = clients.raised(function() local _ = object[1][word] end)
          assert.matches(("names_spec.lua:%d: "):format(line), message, 1, true)
          assert.matches(('%s has no "%s" ('):format(title, word), message, 1, true)
          assert.matches(said, message, 1, true)
        end)
      end
    end
    it("has inputs of each kind: " .. title, function() assert.is_true(inputs >= 5) end)
  end
end)

describe("another name", function()
  it("is nil", function()
    for name in ("holograms coupons id name type class super is_a persona_id personaId n length then"
      .. " _private __name __tostring __pairs __len __call data kind path match toString foo x"):gmatch "%S+" do
      for title, object in pairs(objects) do
        if rawget(object[1], name) == nil then
          local ok, value = pcall(function() return object[1][name] end)
          assert.is_true(ok, title .. "." .. name .. ": " .. tostring(value))
        end
      end
    end
  end)

  it("may be any value", function()
    for _, object in pairs(objects) do
      for _, key in ipairs { 1, 0.5, true, false, print, {}, "", " ", "\0", ("x"):rep(1e5), "(%s)", "a\nb" } do
        assert.is_nil(object[1][key])
      end
    end
  end)

  it("of a perception layer's field is nil", function()
    local layer = tavus.perception "raven-1"
    assert.is_nil(layer.visual_tools)
    assert.is_nil(layer.audio_awareness_queries)
    assert.is_nil(layer.perception_tools)
  end)

  it("of a property's keyword is nil", function()
    local property = tavus.string "x"
    for name in ("required enum default items properties minimum minLength pattern format const"):gmatch "%S+" do
      assert.is_nil(property[name])
    end
  end)
end)

describe("a name that exists", function()
  it("is read without a function", function()
    for _, object in ipairs { client.personas, client.conversations, client, task, sandbox, tavus.patch() } do
      local index = getmetatable(object).__index
      assert.equal("table", type(index))
    end
    assert.is_function(rawget(getmetatable(client.personas).methods, "create"))
    assert.is_function(rawget(getmetatable(client).__index, "request"))
  end)

  it("costs a call nothing", function()
    local asked = {}
    local function hook()
      local about = debug.getinfo(2, "S")
      if about.source:find "tavus/names.lua" then asked[#asked + 1] = debug.traceback("", 3) end
    end
    local function calls()
      local persona = assert(client.personas:create { system_prompt = "Hi" })
      assert(client.personas:get(persona.persona_id))
      assert(client.personas:list())
      client.personas:each()()
      assert(client.personas:patch(persona.persona_id, tavus.patch():add("/context", "x")))
      assert(client.personas:update(persona.persona_id, function(p) p.context = "y" end))
      client:map({ 1, 2 }, function() return client.personas:get(persona.persona_id) end)
      assert(client:request("GET", "/v2/personas"))
      assert(client.personas:delete(persona.persona_id))
      tavus.tool "f" { "x", a = tavus.string "b", c = tavus.integer { "d", optional = true } }
      tavus.perception "raven-1":visual_query "x":audio_query "y"
    end
    calls()
    local jit = rawget(_G, "jit") -- hooks are not called in compiled code
    if jit then jit.off() end
    debug.sethook(hook, "c")
    local ok, err = pcall(calls)
    debug.sethook()
    if jit then jit.on() end
    assert(ok, err)
    assert.same({}, asked)
  end)
end)

it("a program can look at every object with pairs, tostring and type", function()
  for _, object in pairs(objects) do
    assert.is_string(tostring(object[1]))
    assert.has_no.errors(function() pairs(object[1]) end)
    assert.is_true(object[1] == object[1])
  end
end)

describe("an option or a filter of other libraries", function()
  local function fails(said, fn, line)
    local message = clients.raised(fn)
    assert.matches(said, message, 1, true)
    assert.matches(("names_spec.lua:%d: "):format(line), message, 1, true)
  end
  local function line_here() return debug.getinfo(2, "l").currentline end

  for name, meant in pairs {
    key = "api_key", token = "api_key", apiKey = "api_key", url = "base_url", host = "base_url", endpoint = "base_url",
    baseURL = "base_url", max_retries = "retries", attempts = "retries", timeout_ms = "timeout", requestTimeout = "timeout",
    default_headers = "headers", verbose = "log", logger = "log", debug = "log", ca = "ca_file", cacert = "ca_file",
  } do
    it("is named by tavus.new: " .. name, function()
      local line = line_here() + 1
      fails(("did you mean %s?"):format(meant), function() assert(tavus.new { [name] = "x" }) end, line)
    end)
  end

  for name, meant in pairs {
    json = "body", data = "body", payload = "body", params = "query", qs = "query", header = "headers", tries = "retries",
    max_retries = "retries", timeoutMs = "timeout", total_timeout = "deadline",
  } do
    it("is named by client:request: " .. name, function()
      local line = line_here() + 1
      fails(("did you mean %s?"):format(meant), function() assert(client:request("GET", "/v2/personas", { [name] = "x" })) end, line)
    end)
  end

  for name, meant in pairs {
    per_page = "limit", page_size = "limit", count = "limit", size = "limit", max_results = "limit", top = "limit",
    offset = "page", cursor = "page", starting_after = "page", after = "page",
  } do
    it("is named by list: " .. name, function()
      local line = line_here() + 1
      fails(("(did you mean %s?)"):format(meant), function() assert(client.personas:list { [name] = 1 }) end, line)
    end)
  end

  it("leads to find where it is the name of a row", function()
    for _, name in ipairs { "name", "persona_name" } do
      local line = line_here() + 1
      fails("client.personas:find(name)", function() assert(client.personas:list { [name] = "x" }) end, line)
      line = line_here() + 1
      fails("client.personas:find(name)", function() client.personas:each { [name] = "x" }() end, line)
    end
    local line = line_here() + 1
    fails("client.conversations:find(name)", function() assert(client.conversations:list { conversation_name = "x" }) end, line)
  end)
end)

describe("an argument in the wrong place", function()
  -- Each on one line.
  local cases = {
    { "tavus.string: takes one argument", function() tavus.string("x", { optional = true }) end },
    { "tavus.string: takes one argument", function() tavus.string("x", true) end },
    { "tavus.number: takes one argument", function() tavus.number("x", { minimum = 1 }) end },
    { "tavus.integer: takes one argument", function() tavus.integer("x", 1, 10) end },
    { "tavus.boolean: takes one argument", function() tavus.boolean("x", false) end },
    { "tavus.enum: takes one argument", function() tavus.enum({ values = { "a" } }, "x") end },
    { "tavus.enum: takes a table with values", function() tavus.enum("x", { "a" }) end },
    { "tavus.array_of: takes one argument", function() tavus.array_of({ items = tavus.string "x" }, "x") end },
    { "tavus.array_of: takes a table with items", function() tavus.array_of("x", tavus.string "x") end },
    { "tavus.object_of: takes one argument", function() tavus.object_of({ a = tavus.string "x" }, "x") end },
    { 'tavus.new { api_key = "..." }', function() tavus.new "key" end },
    { 'tavus.validate("persona", value)', function() tavus.validate({}, "persona") end },
    { "as in { limit = 10 }", function() client.personas:list(10) end },
    { "as in { limit = 10 }", function() client.personas:list "Tutor" end },
  }
  for i, case in ipairs(cases) do
    it(("raises with what to write: %d, %s"):format(i, case[1]), function()
      local message = clients.raised(case[2])
      assert.matches(case[1], message, 1, true)
      assert.matches(("names_spec.lua:%d: "):format(debug.getinfo(case[2], "S").linedefined), message, 1, true)
    end)
  end

  it("may be nil", function()
    assert.equal("string", tavus.string("x", nil).type)
    assert.error_matches(function() tavus:string "x" end, "call it with a dot")
  end)
end)
