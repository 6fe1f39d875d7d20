-- Bodies of the resources that a persona is made of, as people write them: those that work have no issue, tolerated ones have
-- warnings alone, wrong ones have an error that names the place, and all survive reading and writing.
local core = require "tavus.core"

--- kind, the body, and the paths of what the check says, space between: warnings of a body that is tolerated, errors of a wrong one.
local valid = {
  { "registered_tool", [[{"name":"find_order","description":"Look up an order","parameters":{"type":"object","properties":{}}}]] },
  { "registered_tool", [[{"name":"rate","description":"A rating","origin":"llm","tags":["shop"],"parameters":{"type":"object",
    "properties":{"stars":{"type":"integer","enum":[1,2,3,4,5]},"why":{"type":"string","minLength":1,"maxLength":400}},
    "required":["stars"]},"on_call":"generate_filler","on_resolve":"add_to_context"}]] },
  { "registered_tool", [[{"name":"book","description":"Book a table","parameters":{"type":"object","properties":{"guests":
    {"type":"array","items":{"type":"string"}}}},"delivery":{"app_message":false,"api":{"url":"https://api.example.com/book",
    "method":"POST","auth":{"type":"hmac","secret":"a-secret-of-forty-characters-0123456789ab"}}}}]] },
  { "registered_tool", [[{"name":"summary","description":"What was said","trigger_type":"post_call","parameters":{"type":"object",
    "properties":{"topic":{"type":"string"}}},"delivery":{"api":{"url":"https://api.example.com/calls","method":"POST"}}}]] },
  { "registered_tool_patch", [[{"description":"Look up an order by its number","tags":[]}]] },
  { "attach_tools", [[{"tool_ids":["t0123456789ab","t0123456789ac"]}]] },
  { "skill_config", [[{"config":{}}]] },
  { "skill_config", [[{"config":{"document_ids":["d1-0123456789ab"],"slides_trigger":"on_demand"}}]] },
  { "replace_skills", [[{"skills":{"internet_search":{"config":{}},"magic_canvas":{"config":{"components":
    {"chart":{"enabled":true}}}},"presentation":{"config":{"document_ids":["d1-0123456789ab"]}}}}]] },
  { "guardrail", [[{"name":"Rules","data":[{"guardrail_name":"calm","guardrail_prompt":"Stay calm.","callback_url":""},
    {"guardrail_name":"kind","guardrail_prompt":"Stay kind.","modality":"visual"}]}]] },
  { "guardrail", [[{"guardrail_name":"calm","guardrail_prompt":"Stay calm.","modality":"verbal","tags":["tone"]}]] },
  { "guardrail_patch", [=[[{"op":"replace","path":"/data/0/guardrail_name","value":"quiet"},{"op":"remove","path":"/data/1"}]]=] },
  { "guardrail_patch", [=[[{"op":"add","path":"/guardrail_prompt","value":"Stay quiet."}]]=] },
  { "objectives", [[{"data":[{"objective_name":"greet","objective_prompt":"Say hello."}]}]] },
  { "objectives", [[{"data":[{"objective_name":"ask_age","objective_prompt":"Ask for the age.","confirmation_mode":"auto",
    "output_variables":["age"],"next_conditional_objectives":{"adult":"If of age","minor":"If not"}},
    {"objective_name":"adult","objective_prompt":"Go on.","next_required_objective":"close"},
    {"objective_name":"minor","objective_prompt":"Stop.","next_required_objective":"close"},
    {"objective_name":"close","objective_prompt":"Say goodbye."}]}]] },
  { "objectives_patch", [=[[{"op":"replace","path":"/data/0/objective_prompt","value":"Say good day."}]]=] },
  { "document", [[{"document_url":"https://example.com/handbook.pdf"}]] },
  { "document", [[{"document_name":"Site","document_url":"https://example.com","tags":["hr"],"callback_url":"https://example.com/done",
    "crawl":{"depth":2,"max_pages":50}}]] },
  { "document_patch", [[{"document_name":"Handbook","tags":["hr","2026"]}]] },
  { "pronunciation_dictionary", [[{"name":"Products","rules":[{"text":"SQL","type":"alias","pronunciation":"sequel"},
    {"text":"Nginx","type":"ipa","pronunciation":"endʒin eks","case_sensitive":true}]}]] },
  { "replica", [[{"replica_name":"Ann","train_video_url":"https://example.com/ann.mp4"}]] },
  { "face", [[{"face_name":"Ann","train_image_url":"https://example.com/ann.png","voice_name":"warm","model_name":"phoenix-4"}]] },
  { "replica_rename", [[{"replica_name":"Anna"}]] },
  { "video", [[{"replica_id":"r0123456789ab","script":"Hello.","fast":true,"transparent_background":true}]] },
  { "video", [[{"replica_id":"r0123456789ab","audio_url":"https://example.com/a.mp3","video_name":"One",
    "background_url":"https://example.com","callback_url":"https://example.com/done"}]] },
  { "video_patch", [[{"video_name":"Two"}]] },
  { "deployment", [[{"pal_id":"p0123456789ab","channel":"widget","name":"Shop","password":null}]] },
  { "transcription", [[{"file_url":"https://example.com/a.mp3","callback_url":"https://example.com/done"}]] },
  { "replacement", [[{"original_video_url":"https://example.com/v.mp4","new_transcript":"Hello."}]] },
  { "lipsync", [[{"original_video_url":"https://example.com/v.mp4","source_audio_url":"https://example.com/a.mp3"}]] },
  { "speech", [[{"replica_id":"r0123456789ab","script":"Hello."}]] },
  { "memory_store", [[{"pal_id":"p0123456789ab","participant_tag":"ann"}]] },
  { "app_message", [[{"message_type":"conversation","event_type":"conversation.tool_result","properties":
    {"tool_call_id":"call_1","output":{"found":true}}}]] },
  { "app_message", [[{"message_type":"conversation","event_type":"conversation.echo","properties":{"text":"Hello."}}]] },
  { "app_message", [[{"message_type":"conversation","event_type":"conversation.echo","properties":{"modality":"audio",
    "audio":"UklGRg==","sample_rate":16000,"inference_id":"i1","done":false}}]] },
  { "app_message", [[{"message_type":"conversation","event_type":"game.score","properties":{"points":3}}]] },
}
for _, auth in ipairs {
  [[{"type":"none"}]], [[{"type":"bearer","token":"a"}]], [[{"type":"api_key","name":"X-Key","value":"a","location":"query"}]],
  [[{"type":"basic","username":"a","password":"b"}]], [[{"type":"hmac","secret":"a"}]],
  [[{"type":"oauth2_client_credentials","token_url":"https://a.example.com/token","client_id":"a","client_secret":"b","scope":"c"}]],
} do
  valid[#valid + 1] = { "registered_tool", ([[{"name":"a","description":"b","delivery":{"app_message":false,"api":{
    "url":"https://api.example.com/orders/{id}?q={q}","method":"GET","timeout":15,"headers":{"X-A":"b"},"query_params":{"c":"d"},
    "body_template":{},"content_type":"application/json","auth":%s}}}]]):format(auth) }
end
local tolerated = {
  { "guardrail", [[{"guardrail_name":"calm","guardrail_prompt":"a","modality":"audio"}]], "/modality" },
  { "guardrail", [[{"data":[{"guardrails_name":"a","guardrails_prompt":"b"}]}]],
    "/data/0/guardrails_name /data/0/guardrails_prompt" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"url":"https://a.example.com",
    "auth":{"auth_type":"bearer","token":"c"}}}}]], "/delivery/api/auth/auth_type" },
  { "document", [[{"document_url":"https://example.com","crawl":{"depth":11,"max_pages":101}}]], "/crawl/depth /crawl/max_pages" },
  { "pronunciation_dictionary", [[{"name":"a","rules":[{"text":"b","pronunciation":"c","type":"phoneme"}]}]], "/rules/0/type" },
  { "replica", [[{"train_video_url":"https://example.com/a.mp4","model_name":"phoenix-2"}]], "/model_name" },
  { "video", [[{"replica_id":"r0123456789ab","script":"a","properties":{"background_scroll_type":"fast"}}]],
    "/properties/background_scroll_type" },
  { "deployment", [[{"pal_id":"p0123456789ab","channel":"popup"}]], "/channel" },
  { "conversation", [[{"persona_id":"p0123456789ab","face_id":"r0123456789ab"}]], "" },
  { "conversation", [[{"persona_id":"p0123456789ab","memories":["a"]}]], "/memories" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"api":{"url":"https://api.example.com/a"}}}]],
    "/delivery/app_message" },
  { "registered_tool", [[{"name":"a","description":"b","on_call":"hum"}]], "/on_call" },
  { "objectives", [[{"data":[{"objective_name":"a","objective_prompt":"b","next_required_objectives":["c"]}]}]],
    "/data/0/next_required_objectives" },
  { "objectives", [[{"data":[{"objective_name":"a","objective_prompt":"b","next_required_objective":"c",
    "next_conditional_objectives":{"c":"If so"}}]}]], "/data/0/next_required_objective /data/0/next_conditional_objectives" },
  { "document", [[{"document_url":"https://example.com/a.pdf","properties":{}}]], "/properties" },
  { "replica", [[{"replica_name":"Ann","train_video_url":"https://example.com/a.mp4","consent_video_url":"https://example.com/c.mp4"}]],
    "/consent_video_url" },
  { "replica", [[{"train_video_url":"https://example.com/a.mp4","properties":{"custom_key":1}}]], "/properties/custom_key" },
  { "video", [[{"replica_id":"r0123456789ab","script":"Hello.","fast":true,"background_url":"https://example.com"}]], "/background_url" },
  { "video", [[{"replica_id":"r0123456789ab","script":"Hello.","metadata":{}}]], "/metadata" },
}
local LONG = ("word "):rep(1900)
local long_tool = ([[{"name":"a","description":"%s","parameters":{"type":"object","properties":{"b":{"type":"string",
  "description":"%s"}}}}]])
tolerated[#tolerated + 1] = { "registered_tool", long_tool:format(LONG, LONG:sub(1, 600)), "/description" }
valid[#valid + 1] = { "registered_tool", long_tool:format(LONG, LONG:sub(1, 300)) }

local invalid = {
  { "attach_tools", ([[{"tool_ids":[%s"t0"]}]]):format(('"t0",'):rep(50)), "/tool_ids" },
  { "attach_tools", [[{"tool_id":"t0123456789ab"}]], "/tool_ids" },
  { "attach_tools", [[{"tool_ids":"t0123456789ab"}]], "/tool_ids" },
  { "attach_tools", [=[["t0123456789ab"]]=], "" },
  { "guardrail", [[{"guardrail_name":"no advice","guardrail_prompt":"a"}]], "/guardrail_name" },
  { "guardrail", [[{"guardrail_name":"calm"}]], "/guardrail_prompt" },
  { "guardrail", [[{"guardrail_name":"calm","guardrail_prompt":"a","tags":"tone"}]], "/tags" },
  { "guardrail", [[{"name":"Rules","data":{"guardrail_name":"a","guardrail_prompt":"b"}}]], "/data" },
  { "guardrail", [[{"name":"Rules","data":[{"guardrail_name":"a"}]}]], "/data/0/guardrail_prompt" },
  { "objectives", [=[[{"objective_name":"a","objective_prompt":"b"}]]=], "" },
  { "objectives", [[{"data":[{"objective_name":"a","objective_prompt":"b","output_variables":"c"}]}]], "/data/0/output_variables" },
  { "objectives", [[{"data":[{"objective_name":"a","objective_prompt":"b","next_conditional_objectives":["a"]}]}]],
    "/data/0/next_conditional_objectives" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false}}]], "/delivery/api" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"type":"app_message"}}]], "/delivery/api" },
  { "registered_tool", [[{"name":"a","description":"b","on_call":"static_filler"}]], "/static_filler" },
  { "registered_tool", [[{"name":"a","description":"b","parameters":{"type":"object","properties":{"tavus_a":{"type":"string"}}}}]],
    "/parameters/properties/tavus_a" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"url":"http://a.example.com"}}}]],
    "/delivery/api/url" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"url":"https://a.example.com",
    "auth":{"type":"oauth2_client_credentials","token_url":"https://a.example.com/token","client_id":"c"}}}}]],
    "/delivery/api/auth/client_secret" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"url":"https://a.example.com",
    "query_params":{"limit":5},"headers":{"X-A":true},"timeout":"10"}}}]],
    "/delivery/api/query_params/limit /delivery/api/headers/X-A /delivery/api/timeout" },
  { "registered_tool_patch", [=[[{"op":"replace","path":"/name","value":"b"}]]=], "" },
  { "document", [[{"document_url":"https://example.com","tags":"hr"}]], "/tags" },
  { "document_patch", [=[[{"op":"replace","path":"/document_name","value":"b"}]]=], "" },
  { "pronunciation_dictionary", [[{"name":"a","rules":[{"text":"b","pronunciation":"c"}]}]], "/rules/0/type" },
  { "pronunciation_dictionary", [[{"name":"a","rules":{"b":"c"}}]], "/rules" },
  { "pronunciation_dictionary", [[{"name":"a","rules":[{"text":"b","pronunciation":"c","type":"ipa"},
    {"text":"b","pronunciation":"d","type":"alias"}]}]], "/rules/1/text" },
  { "pronunciation_dictionary_patch", [[{"name":"a"}]], "" },
  { "replica", [[{"train_image_url":"https://example.com/a.png"}]], "/voice_name" },
  { "face_patch", [[{"face_name":null,"default_voice_id":" "}]], "/face_name /default_voice_id" },
  { "video", [[{"replica_id":"r0123456789ab"}]], "/script" },
  { "video", [[{"replica_id":"r0123456789ab","script":"a","audio_url":"https://example.com/a.mp3"}]], "/audio_url" },
  { "video", [[{"replica_id":"r0123456789ab","script":"a","transparent_background":true}]], "/fast" },
  { "replacement", [[{"original_video_url":"https://example.com/v.mp4"}]], "/new_transcript" },
  { "deployment", [[{"persona_id":"p0123456789ab","channel":"widget"}]], "/pal_id" },
  { "pinned_memory", [[{"text":"likes tea"}]], "/memory" },
  { "app_message", [[{"event_type":"conversation.respond","properties":{"text":"a"}}]], "/message_type" },
  { "registered_tool", [[{"description":"b"}]], "/name" },
  { "registered_tool", [[{"name":"a b","description":"b"}]], "/name" },
  { "registered_tool", [[{"name":"a","description":"b","trigger_type":"post_call","delivery":{"app_message":true}}]], "/delivery/api" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":true,"api":{"url":"https://a.example.com"}}}]],
    "/delivery/api" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"method":"GET"}}}]], "/delivery/api/url" },
  { "registered_tool", [[{"name":"a","description":"b","delivery":{"app_message":false,"api":{"url":"https://a.example.com",
    "auth":{"type":"bearer","token":"********"}}}}]], "/delivery/api/auth/token" },
  { "registered_tool", [[{"name":"a","description":"b","origin":"vision","on_call":"silent"}]], "/on_call" },
  { "skill_config", [[{"config":{"slides_trigger":"walk_the_deck"}}]], "/config/document_ids" },
  { "replace_skills", [[{"skills":{"presentation":{"config":{}}}}]], "/skills/presentation/config/document_ids" },
  { "guardrail", [[{"name":"Rules","data":[{"guardrails_prompt":"Stay calm."}]}]], "/data/0/guardrail_name" },
  { "guardrail_patch", [[{"data":[{"guardrail_name":"a","guardrail_prompt":"b"}]}]], "" },
  { "objectives", [[{"data":[{"objective_name":"a b","objective_prompt":"c"}]}]], "/data/0/objective_name" },
  { "objectives", [[{"objectives":[{"objective_name":"a","objective_prompt":"c"}]}]], "/data" },
  { "document", [[{"document_text":"Our hours are 9 to 5."}]], "/document_url" },
  { "document", [[{"document_url":"https://example.com","crawl":{"depth":"2"}}]], "/crawl/depth" },
  { "pronunciation_dictionary", [[{"rules":[]}]], "/name" },
  { "replica", [[{"replica_name":"Ann"}]], "/train_video_url" },
  { "replica", [[{"train_video_url":"https://example.com/a.mp4","train_image_url":"https://example.com/a.png","voice_name":"warm"}]],
    "/train_image_url" },
  { "video", [[{"script":"Hello."}]], "/replica_id" },
  { "lipsync", [[{"video_url":"https://example.com/v.mp4","audio_url":"https://example.com/a.mp3"}]],
    "/original_video_url /source_audio_url" },
  { "transcription", [[{"file_url":"https://example.com/a.mp3"}]], "/callback_url" },
  { "speech", [[{"script":"Hello."}]], "/replica_id" },
  { "deployment", [[{"pal_id":"p0123456789ab"}]], "/channel" },
  { "memory_store", [[{"pal_id":"p0123456789ab"}]], "/participant_tag" },
  { "app_message", [[{"message_type":"conversation","event_type":"conversation.tool_result","properties":
    {"tool_call_id":"call_1","result":"found"}}]], "/properties/output" },
}

-- The paths of the issues of one severity, and what they say.
local function said(row, severity)
  local _, issues = core.validate(row[1], assert(core.decode(row[2])))
  local paths, texts = {}, {}
  for _, issue in ipairs(issues or {}) do
    if issue.severity == severity then paths[issue.path] = true end
    texts[#texts + 1] = issue.severity .. " " .. issue.path .. ": " .. issue.message
  end
  return paths, row[1] .. " " .. row[2] .. "\n" .. table.concat(texts, "\n")
end

local function assert_said(row, severity)
  local paths, text = said(row, severity)
  for path in (row[3] == "" and "" or row[3] .. " "):gmatch "(%S*) " do assert.is_true(paths[path], path .. " in " .. text) end
  if row[3] == "" then assert.is_true(paths[""], text) end
end

describe("a body of a resource", function()
  it("that works has no error, and none that is not documented either", function()
    for _, row in ipairs(valid) do
      local errors, text = said(row, "error")
      assert.is_nil(next(errors), text)
      local warnings = said(row, "warning")
      assert.is_true(next(warnings) == nil or warnings[""] and next(warnings, "") == nil, text) -- "" is the resource's own state
    end
  end)

  it("that Tavus tolerates has a warning that names the place, and no error", function()
    for _, row in ipairs(tolerated) do
      local errors, text = said(row, "error")
      assert.is_nil(next(errors), text)
      assert_said(row, "warning")
    end
  end)

  it("that is wrong has an error that names the place", function()
    for _, row in ipairs(invalid) do assert_said(row, "error") end
  end)

  it("survives reading and writing", function()
    for _, list in ipairs { valid, tolerated, invalid } do
      for _, row in ipairs(list) do
        local value = assert(core.decode(row[2]))
        assert.is_true(core.equal(value, assert(core.decode(assert(core.encode(value))))), row[2])
      end
    end
  end)
end)
