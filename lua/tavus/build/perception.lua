--- The perception layer of a persona: what it watches and listens for.
--
--    perception = tavus.perception "raven-1"
--      :visual_query "Is the user showing an ID card?"
--      :visual_tool(show_id, "You MUST use this tool when a form of ID is detected."),
--
-- The layer is ordinary data with the field names of the model's generation; the metatable holds the methods that fill
-- it.

local core = require "tavus.core"
local names = require "tavus.names"

local error, ipairs, pairs, rawget, type = error, ipairs, pairs, rawget, type

-- The fields of models that only see, and of models that see and hear.
local SEEING = {
  visual_queries = "ambient_awareness_queries",
  visual_tools = "perception_tools",
  visual_prompt = "perception_tool_prompt",
}
local SEEING_AND_HEARING = {
  visual_queries = "visual_awareness_queries",
  visual_tools = "visual_tools",
  visual_prompt = "visual_tool_prompt",
  audio_queries = "audio_awareness_queries",
  audio_tools = "audio_tools",
  audio_prompt = "audio_tool_prompt",
}

-- Models that are not listed are newer than this file, and use the newest names.
local GENERATIONS = {
  ["raven-0"] = SEEING,
  basic = SEEING,
  off = false,
}

local ANALYSIS = "perception_analysis_queries"

---@class tavus.Perception ordinary data, the layer as the API takes it; its fields are in types.lua
local methods = {}

local perception_mt = { __index = methods, __name = "tavus.Perception" }

-- The names of the layer's fields, which may be absent.
local fields = { [ANALYSIS] = true }
for _, generation in ipairs { SEEING, SEEING_AND_HEARING } do
  for _, field in pairs(generation) do fields[field] = true end
end
names.guard(methods, { title = "the perception layer", kinds = { "perception" }, members = fields })

-- The model's name of a field, or nil and why it has none.
local function field_of(layer, what)
  if type(layer) ~= "table" then
    return nil, "call it with a colon, as in :visual_query \"...\""
  end
  local model = layer.perception_model
  local generation = GENERATIONS[model]
  if generation == nil then
    generation = SEEING_AND_HEARING
  elseif generation == false then
    return nil, 'the model "off" perceives nothing'
  end
  if what == ANALYSIS then
    return ANALYSIS
  end
  local field = generation[what]
  if not field then
    return nil, ('the model "%s" does not hear: raven-1 or a newer one does'):format(tostring(model))
  end
  return field
end

local function kind(value)
  return value == nil and "nil" or "a " .. type(value)
end

local function append(layer, field, value)
  local list = rawget(layer, field) or core.array {}
  layer[field] = list
  list[#list + 1] = value
end

local function append_text(layer, field, text)
  local before = rawget(layer, field)
  layer[field] = before and before .. "\n" .. text or text
end

-- The three functions below return nil, or the message to raise at the caller's line.

local function add_query(layer, what, text)
  local field, message = field_of(layer, what)
  if not field then
    return message
  elseif type(text) ~= "string" or text == "" then
    return "the query must be a string with text, not " .. (text == "" and "an empty one" or kind(text))
  end
  append(layer, field, text)
  return nil
end

local function add_prompt(layer, what, text)
  local field, message = field_of(layer, what)
  if not field then
    return message
  elseif type(text) ~= "string" then
    return "the prompt must be a string, not " .. kind(text)
  end
  append_text(layer, field, text)
  return nil
end

local function add_tool(layer, tools, prompt_field, tool, prompt)
  local field, message = field_of(layer, tools)
  if not field then
    return message
  elseif type(tool) == "function" then
    return 'the tool is not finished: tavus.tool "name" is followed by a table'
  elseif type(tool) ~= "table" or type(tool["function"]) ~= "table" then
    return 'the tool must be made by tavus.tool, or be a table like { type = "function", ["function"] = { ... } }'
  elseif prompt ~= nil and type(prompt) ~= "string" then
    return "the prompt must be a string, not " .. kind(prompt)
  end
  append(layer, field, tool)
  if prompt then
    append_text(layer, (field_of(layer, prompt_field)), prompt)
  end
  return nil
end

-- A method that takes one text.
local function text_method(name, add, what)
  return function(self, text, ...)
    local message = select("#", ...) > 0 and "takes one text; call it again for the next" or add(self, what, text)
    if message then
      error(name .. ": " .. message, 2)
    end
    return self
  end
end

-- A method that takes a tool, and what to add to the prompt.
local function tool_method(name, tools, prompt_field)
  return function(self, tool, prompt, ...)
    local message = select("#", ...) > 0 and "takes a tool and a prompt"
      or add_tool(self, tools, prompt_field, tool, prompt)
    if message then
      error(name .. ": " .. message, 2)
    end
    return self
  end
end

--- Watches for something during the whole call; `text` is a question about what is seen.
---@type fun(self: tavus.Perception, text: string): tavus.Perception
methods.visual_query = text_method("visual_query", add_query, "visual_queries")

--- Listens for something during the whole call; `text` is a question about what is heard.
--- Raises for `raven-0` and `basic`.
---@type fun(self: tavus.Perception, text: string): tavus.Perception
methods.audio_query = text_method("audio_query", add_query, "audio_queries")

--- Adds a question that is answered once, when the call is over.
---@type fun(self: tavus.Perception, text: string): tavus.Perception
methods.analysis_query = text_method("analysis_query", add_query, ANALYSIS)

--- Adds a tool that the model may call for what it sees, and a prompt that says when and how to use it. All visual
--- tools share one prompt: each prompt is added to it on a line of its own.
---@type fun(self: tavus.Perception, tool: tavus.Tool, prompt?: string): tavus.Perception
methods.visual_tool = tool_method("visual_tool", "visual_tools", "visual_prompt")

--- Adds a tool that the model may call for what it hears, and a prompt that says when and how to use it. All audio
--- tools share one prompt: each prompt is added to it on a line of its own. Raises for `raven-0` and `basic`.
---@type fun(self: tavus.Perception, tool: tavus.Tool, prompt?: string): tavus.Perception
methods.audio_tool = tool_method("audio_tool", "audio_tools", "audio_prompt")

--- Adds a line to the prompt that says when and how to use the visual tools.
---@type fun(self: tavus.Perception, text: string): tavus.Perception
methods.visual_prompt = text_method("visual_prompt", add_prompt, "visual_prompt")

--- Adds a line to the prompt that says when and how to use the audio tools. Raises for `raven-0` and `basic`.
---@type fun(self: tavus.Perception, text: string): tavus.Perception
methods.audio_prompt = text_method("audio_prompt", add_prompt, "audio_prompt")

--- Begins a perception layer for a model. `raven-0` and `basic` get the older field names, every other model the names
--- of `raven-1`; for `off` every method raises at the caller's line.
---@param model string e.g. "raven-1"
---@return tavus.Perception
local function perception(model, ...)
  if type(model) ~= "string" or model == "" then
    error('tavus.perception takes the name of a model, as in tavus.perception "raven-1"', 2)
  elseif select("#", ...) > 0 then
    error("tavus.perception takes the name of a model and nothing else; its methods add the rest", 2)
  end
  return setmetatable({ perception_model = model }, perception_mt)
end

return perception
