-- Cases for want of memory: the check. Each returns a function; see spec/support/memerr.lua.
return {
  opening = 'local core = require "tavus.core" ',
  cases = {
    ["encode of a persona"] = [=[
      local value = { system_prompt = ("p"):rep(3000), layers = { llm = { model = "m",
        base_url = "https://llm.example.com", api_key = "secret-text", tools = { { type = "function",
        ["function"] = { name = "a", parameters = { type = "object", properties = {}, required = {} } } } } } } }
      return function()
        local text, warnings, secrets = core.encode(value, "persona")
        assert(#text > 3000 and warnings == nil and secrets[1] == "secret-text")
      end]=],
    ["validate of a persona with many issues"] = [=[
      local cycle = {} cycle.cycle = cycle
      local value = { persona_name = 5, default_replica_id = "p5317866", llm = {}, unknown = cycle,
        ["\255"] = 1, layers = { conversational = {}, perception = { perception_model = "tavus-turbo" },
        llm = { tools = { { name = "flat" } } } }, document_ids = { 1, nil, 3 } }
      return function()
        local ok, issues = core.validate("persona", value)
        assert(ok == nil and #issues > 8)
      end]=],
    ["validate of a patch"] = [=[
      local value = { { op = "repalce", path = "layers.llm" }, { op = "remove", path = "/document_ids", value = 1 },
        { op = "add", path = "/layers/llm/tools/-", value = { name = "x" } } }
      return function()
        local ok, issues = core.validate("persona_patch", value)
        assert(ok == nil and #issues > 4)
      end]=],
    ["encode of a large object"] = [=[
      local value = {}
      for i = 1, 200 do value["key" .. i] = i end
      return function() assert(#core.encode(value) > 2000) end]=],
    check_schema = [=[
      local schema = { required = { "z" }, properties = { a = { pattern = "^(x|y)*$" }, b = { ["$ref"] = "#/properties/a" } } }
      return function() assert(not core.check_schema(schema, { a = "z", b = "x" })) end]=],
    contract = "return function() assert(#core.contract().resources > 0) end",
  },
}
