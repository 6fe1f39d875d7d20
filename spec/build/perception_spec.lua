local core = require "tavus.core"
local perception = require "tavus.build.perception"
local tool = require "tavus.build.tool"

local function line() return debug.getinfo(2, "l").currentline end

local function raises_here(words, at, fn)
  local ok, message = pcall(fn)
  assert.is_false(ok)
  assert.matches("^%S*perception_spec%.lua:" .. at .. ": ", message)
  assert.matches(words, message, 1, true)
end

local show_id = tool "notify_if_id_shown" { "An ID is shown" }
local alarm = tool "alarm" { "Somebody screams" }

local function everything(layer)
  return layer
    :visual_query "Is an ID shown?"
    :visual_query "Is somebody else in the room?"
    :audio_query "Does the user sound distressed?"
    :analysis_query "Did the user stay engaged?"
    :visual_tool(show_id, "Use it when an ID is shown.")
    :audio_tool(alarm, "Use it when somebody screams.")
end

describe("tavus.build.perception", function()
  local newer = {
    visual_awareness_queries = { "Is an ID shown?", "Is somebody else in the room?" },
    audio_awareness_queries = { "Does the user sound distressed?" },
    perception_analysis_queries = { "Did the user stay engaged?" },
    visual_tools = { show_id },
    visual_tool_prompt = "Use it when an ID is shown.",
    audio_tools = { alarm },
    audio_tool_prompt = "Use it when somebody screams.",
  }

  for _, model in ipairs { "raven-1", "raven-2", "raven-9", "raven-10", "owl-1" } do
    it("writes the newer names for " .. model, function()
      newer.perception_model = model
      assert.are.same(newer, everything(perception(model)))
    end)
  end

  for _, model in ipairs { "raven-0", "basic" } do
    it("writes the older names for " .. model, function()
      assert.are.same({
        perception_model = model,
        ambient_awareness_queries = { "Is an ID shown?" },
        perception_analysis_queries = { "Did the user stay engaged?" },
        perception_tools = { show_id },
        perception_tool_prompt = "Use it when an ID is shown.",
      }, perception(model)
        :visual_query "Is an ID shown?"
        :analysis_query "Did the user stay engaged?"
        :visual_tool(show_id, "Use it when an ID is shown."))
    end)

    it("raises at the caller's line for what is heard on " .. model, function()
      local layer = perception(model)
      raises_here("does not hear", line(), function() local l = layer:audio_query "x" return l end)
      raises_here("does not hear", line(), function() local l = layer:audio_tool(alarm) return l end)
      raises_here("does not hear", line(), function() local l = layer:audio_prompt "x" return l end)
      assert.are.same({ perception_model = model }, layer)
    end)
  end

  it("raises at the caller's line for anything on off", function()
    local layer = perception "off"
    raises_here("perceives nothing", line(), function() local l = layer:visual_query "x" return l end)
    raises_here("perceives nothing", line(), function() local l = layer:audio_query "x" return l end)
    raises_here("perceives nothing", line(), function() local l = layer:analysis_query "x" return l end)
    raises_here("perceives nothing", line(), function() local l = layer:visual_tool(show_id) return l end)
    raises_here("perceives nothing", line(), function() local l = layer:audio_tool(alarm, "x") return l end)
    raises_here("perceives nothing", line(), function() local l = layer:visual_prompt "x" return l end)
    assert.are.same({ perception_model = "off" }, layer)
  end)

  it("is ordinary data", function()
    local layer = perception "raven-1":visual_query "Who?"
    assert.are.equal('{"perception_model":"raven-1","visual_awareness_queries":["Who?"]}', (core.encode(layer)))
    assert.is_true(core.is_array(layer.visual_awareness_queries))
    assert.is_nil(layer.visual_tools)
  end)

  it("names no method like a field of the contract", function()
    local layer = perception "raven-1"
    local known = 0
    for _, resource in ipairs(core.contract().resources) do
      for _, field in ipairs(resource.fields) do
        for _, part in ipairs(field.name == "layers" and field.fields or {}) do
          for _, own in ipairs(part.name == "perception" and part.fields or {}) do
            known = known + 1
            assert.are.equal(own.name == "perception_model" and "raven-1" or nil, layer[own.name])
          end
        end
      end
    end
    assert.is_true(known > 5)
  end)

  it("joins the prompts of several tools line by line", function()
    local layer = perception "raven-1"
      :visual_tool(show_id, "First.")
      :visual_tool(alarm)
      :visual_tool(alarm, "Second.")
      :visual_prompt "Third."
      :audio_prompt "Heard."
    assert.are.equal("First.\nSecond.\nThird.", layer.visual_tool_prompt)
    assert.are.equal("Heard.", layer.audio_tool_prompt)
    assert.are.equal(3, #layer.visual_tools)
    assert.is_nil(layer.audio_tools)
  end)

  it("takes a tool without a prompt, and one written by hand", function()
    local by_hand = { type = "function", ["function"] = { name = "x", description = "d" } }
    local layer = perception "raven-1":visual_tool(by_hand)
    assert.are.same({ by_hand }, layer.visual_tools)
    assert.is_nil(layer.visual_tool_prompt)
  end)

  it("raises at the caller's line when it is misused", function()
    raises_here("the name of a model", line(), function() local l = perception() return l end)
    raises_here("the name of a model", line(), function() local l = perception "" return l end)
    raises_here("the name of a model", line(), function() local l = perception { "raven-1" } return l end)
    local layer = perception "raven-1"
    raises_here("must be a string with text", line(), function() local l = layer:visual_query() return l end)
    raises_here("not an empty one", line(), function() local l = layer:audio_query "" return l end)
    raises_here("not a table", line(), function() local l = layer:analysis_query { "a" } return l end)
    raises_here("not finished", line(), function() local l = layer:visual_tool(tool "x") return l end)
    raises_here("made by tavus.tool", line(), function() local l = layer:visual_tool "x" return l end)
    raises_here("made by tavus.tool", line(), function() local l = layer:audio_tool { name = "x" } return l end)
    raises_here("the prompt must be a string", line(), function() local l = layer:visual_tool(show_id, 5) return l end)
    raises_here("the prompt must be a string", line(), function() local l = layer:audio_prompt(nil) return l end)
    raises_here("with a colon", line(), function() local l = layer.visual_query("x") return l end)
    assert.are.same({ perception_model = "raven-1" }, layer)
  end)

  it("loses nothing that is given without a place for it", function()
    raises_here("the name of a model and nothing else", line(), function() local l = perception("raven-1", {}) return l end)
    for _, name in ipairs { "visual_query", "audio_query", "analysis_query", "visual_prompt", "audio_prompt" } do
      local layer = perception "raven-1"
      raises_here(name .. ": takes one text", line(), function() local l = layer[name](layer, "a", "b") return l end)
    end
  end)
end)
