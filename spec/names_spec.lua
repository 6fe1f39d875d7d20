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
    ["did you mean tool?"] = "func function_tool tools",
    ["did you mean new?"] = "Client connect create open",
    ["did you mean encode?"] = "encod json stringify dumps",
    ["did you mean decode?"] = "parse from_json decod",
    ["did you mean validate?"] = "check lint valdate validate_persona",
    ["did you mean perception?"] = "perceptoin vision perception_layer",
    ["did you mean patch?"] = "json_patch pacth",
    ["did you mean null?"] = "none undefined Null",
    ["use client.personas"] = "personas persona create_persona listPersonas",
    ["use client.conversations"] = "conversations create_conversation endConversation",
    ["require \"tavus.sandbox\""] = "sandbox",
  } },
  client = { client, {
    ["did you mean personas?"] = "persona presonas agents assistants Personas",
    ["did you mean conversations?"] = "conversation converstions sessions chats rooms",
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
    for name in ("videos voices lipsyncs publish id name type class super is_a persona_id personaId n length then"
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
