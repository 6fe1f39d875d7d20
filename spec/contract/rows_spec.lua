-- Every row of the contract's tables: type, certainty, since when, and what the row says besides.
local core = require "tavus.core"

-- Path, types, certainty, generation, and marks: `deprecated`, `read_only`, `secret`, limits.
local ROWS = {
  persona = [[
    conferencing_email           string          B  G4+        read_only
    context                      string          A  G0 to G2   deprecated
    created_at                   string          A  G0+        read_only
    default_face_id              string          A  G4         twin=default_replica_id id_of=replica
    default_replica_id           string          A  G0+        id_of=replica
    disclosure_type              string          B  G4+        choices=auto,always,off
    document_ids                 array           A  G2+        item=document
    document_tags                array           A  G2+
    greeting                     string          C  G4+
    guardrail_ids                array           B  G3+        max_items=50 item=guardrail
    guardrail_tags               array           B  G3+        max_items=50
    guardrails_id                string          A  G2+
    has_unpublished_changes      any             C  G4         read_only
    is_draft_view                any             C  G4         read_only
    is_published                 any             C  G4         read_only
    is_template                  boolean         D  G4
    languages                    array           B  G5         choices=42
    layers                       object          A  G0+
    memories                     any             D  G4
    objectives_id                string          A  G2+        id_of=objectives
    pal_description              string          C  G4
    pal_id                       string          A  G4         read_only
    pal_name                     string          A  G4         twin=persona_name
    pal_type                     string          A  G4         read_only
    persona_id                   string          A  G0+        read_only
    persona_name                 string          A  G0+
    persona_type                 string          A  G0+        read_only
    pipeline_mode                string          A  G0+        choices=full,echo
    publish_url                  any             C  G4         read_only
    skills                       object          B  G4+        read_only
    system_prompt                string          A  G0+
    tool_ids                     array           C  G4+        read_only item=tool max_items=50
    updated_at                   string          A  G0+        read_only
    verbal_disclosure            string          B  G4+
    visual_disclosure            string          B  G4+
    layers.conferencing          object          B  G4+
    layers.conferencing.allowlist      array     B  G4+
    layers.conferencing.username       string    B  G4+
    layers.llm                   object          A  G0+
    layers.llm.api_key           string          A  G0+        secret
    layers.llm.base_url          string          A  G0+        appended=/chat/completions
    layers.llm.default_query     object          B  G2+
    layers.llm.enable_llm_proxy  boolean         B  G5
    layers.llm.extra_body        object          A  G1+
    layers.llm.headers           object          A  G1+
    layers.llm.model             string          A  G0+        custom=base_url
    layers.llm.speculative_inference   boolean   A  G1+
    layers.llm.tools             array           A  G0+
    layers.tts                   object          A  G0+
    layers.tts.api_key           string          A  G0+        secret
    layers.tts.external_voice_id string          A  G0+
    layers.tts.playht_user_id    string          A  G0, G1     deprecated
    layers.tts.pronunciation_dictionary_id string B G3+
    layers.tts.tts_emotion_control     boolean   A  G0+
    layers.tts.tts_engine        string          A  G0+        choices=cartesia,elevenlabs,azure,tavus-auto,playht
    layers.tts.tts_model_name    string          A  G0+
    layers.tts.voice_id          string          A  G5         id_of=voice
    layers.tts.voice_settings    object          A  G0+
    layers.tts.voice_settings.emotion  array     B  G0+
    layers.tts.voice_settings.similarity_boost number A G0+    minimum=0 maximum=1
    layers.tts.voice_settings.speed    string,number A G0+
    layers.tts.voice_settings.stability        number A G0+    minimum=0 maximum=1
    layers.tts.voice_settings.use_speaker_boost boolean A G0+
    layers.tts.voice_settings.volume   number    B  G2+
    layers.stt                   object          A  G0+
    layers.stt.diarization       any             D  ?
    layers.stt.hotwords          string          A  G0+
    layers.stt.language          any             D  ?
    layers.stt.participant_interrupt_sensitivity string A G0 to G2 deprecated
    layers.stt.participant_pause_sensitivity     string A G0 to G2 deprecated
    layers.stt.smart_format      any             D  ?
    layers.stt.smart_turn_detection    boolean   A  G0 to G2   deprecated
    layers.stt.stt_engine        string          A  G0+
    layers.perception            object          A  G0+
    layers.perception.ambient_awareness_queries array A G1, G2 successor=visual_awareness_queries
    layers.perception.audio_awareness_queries    array  A G3+
    layers.perception.audio_tool_prompt          string A G3+
    layers.perception.audio_tools                array  A G3+
    layers.perception.emotion_recognition        string B G4+  choices=auto,full,limited
    layers.perception.perception_analysis_queries array A G2+
    layers.perception.perception_model           string A G0+
    layers.perception.perception_tool_prompt     string A G1, G2 successor=visual_tool_prompt
    layers.perception.perception_tools           array  A G1, G2 successor=visual_tools
    layers.perception.screen_awareness_queries   array  D ?
    layers.perception.screen_tools               array  D ?
    layers.perception.tool_prompt                string B G0, G1 deprecated
    layers.perception.visual_awareness_queries   array  A G3+
    layers.perception.visual_tool_prompt         string A G3+
    layers.perception.visual_tools               array  A G3+
    layers.conversational_flow                   object A G2+
    layers.conversational_flow.active_listening  string B G2   deprecated
    layers.conversational_flow.idle_end_behavior string C G4   choices=wait,end_conversation
    layers.conversational_flow.idle_engagement   string A G3+  choices=off,patient,eager
    layers.conversational_flow.pal_interruptibility string C G4 twin=replica_interruptibility
    layers.conversational_flow.replica_interruptibility string A G2+
    layers.conversational_flow.sleep_phrase      string B G5
    layers.conversational_flow.turn_commitment   string B G2   deprecated
    layers.conversational_flow.turn_detection_model string A G2+
    layers.conversational_flow.turn_taking_patience string A G2+ choices=low,medium,high
    layers.conversational_flow.voice_isolation   string A G3+  choices=off,near,far
    layers.conversational_flow.wake_phrase       string B G3+
    layers.transport                             object C G1+
    layers.transport.transport_type              string C G1+  choices=livekit,daily
    layers.vqa                                   object B G0   deprecated
    layers.vqa.enabled                           boolean B G0]],
  conversation = [[
    audio_only                   boolean         A  <=G3
    callback_url                 string          A  <=G3
    conversation_id              string          A  <=G3       read_only
    conversation_name            string          A  <=G3
    conversation_url             string          A  <=G3       read_only
    conversational_context       string          A  <=G3
    created_at                   string          A  <=G3       read_only
    custom_greeting              string          A  <=G3
    document_ids                 array           A  <=G3       item=document
    document_retrieval_strategy  string          A  <=G3       choices=balanced,speed,quality
    document_tags                array           A  <=G3
    enable_dynamic_greeting      boolean         B  <=G3
    events                       array           A  <=G3       read_only
    face_id                      string          A  G4+        twin=replica_id id_of=replica
    max_participants             integer         A  <=G3       minimum=2
    meeting_token                string          A  G3+        read_only secret
    meeting_url                  string          B  G5
    memory_stores                array           A  <=G3
    pal_id                       string          A  G4+        twin=persona_id id_of=persona
    participant_tags             array           B  G5         max_items=1
    persona_id                   string          A  <=G3       id_of=persona
    policy                       string          B  G4+        choices=eu
    properties                   object          A  <=G3
    replica_id                   string          A  <=G3       id_of=replica
    require_auth                 boolean         A  G3+
    room_url                     string          B  G5         read_only
    shutdown_reason              string          A  <=G3       read_only
    status                       string          A  <=G3       read_only
    stream_declared_sample_rate  any             C  ?          read_only
    test_mode                    boolean         A  <=G3
    updated_at                   string          A  <=G3       read_only
    properties.apply_greenscreen boolean         A  <=G3
    properties.aws_assume_role_arn     string    A  <=G3       deprecated
    properties.daily_room        string,object   B  G5
    properties.enable_closed_captions  boolean   A  <=G3
    properties.enable_recording  boolean         A  <=G3
    properties.enable_transcription    boolean   D  ?
    properties.language          string          A  <=G3       deprecated successor=languages
    properties.languages         array           B  G5         choices=42
    properties.livekit_room_token string         D  ?          secret
    properties.livekit_ws_url    string          D  ?
    properties.max_call_duration integer         A  <=G3       minimum=60 maximum=7200
    properties.participant_absent_timeout integer A <=G3       minimum=0
    properties.participant_left_timeout   integer A <=G3       minimum=0
    properties.recording_s3_bucket_name   string A  <=G3       deprecated
    properties.recording_s3_bucket_region string A  <=G3       deprecated
    properties.recording_storage object          B  G3+
    properties.recording_storage.provider string B  G3+        choices=s3,gcs,azure_blob
    properties.require_auth      boolean         A  G3+]],
}

local function resource(name)
  for _, r in ipairs(core.contract().resources) do
    if r.name == name then return r end
  end
end

local function each_field(fields, visit, path)
  for _, field in ipairs(fields) do
    local here = path and path .. "." .. field.name or field.name
    visit(here, field)
    if field.fields then each_field(field.fields, visit, here) end
  end
end

local function number_or_text(text) return tonumber(text) or text end

-- What a mark says, and what the field has there.
local function marked(field, name, value)
  if name == "choices" and tonumber(value) then return tonumber(value), #field.items.choices end
  if name == "choices" then return value, table.concat(field.choices or {}, ",") end
  if name == "item" then return value, field.items.id_of end
  if name == "deprecated" then return "string", type(field.deprecated) end
  if value == nil then return true, field[name] end
  return number_or_text(value), field[name]
end

for name, rows in pairs(ROWS) do
  describe("the row of a " .. name .. "'s", function()
    local fields, listed = {}, {}
    each_field(resource(name).fields, function(path, field) fields[path] = field end)

    for line in rows:gmatch "[^\n]+" do
      local path, types, sure, rest = line:match "^%s*(%S+)%s+(%S+)%s+(%u)%s+(.-)%s*$"
      local since, marks = rest:match "^(G0 to G2)%s*(.*)$"
      if not since then since, marks = rest:match "^(G%d, G%d)%s*(.*)$" end
      if not since then since, marks = rest:match "^(%S+)%s*(.*)$" end
      listed[path] = true

      it(path .. " says what the documents say", function()
        local field = assert(fields[path], "no such field")
        assert.equal(types, table.concat(field.types or { field.type }, ","))
        assert.equal(sure, field.sure)
        assert.equal(since, field.generation)
        local said = {}
        for mark, value in marks:gmatch "([%w_]+)=?(%S*)" do
          local wanted, found = marked(field, mark, value ~= "" and value or nil)
          assert.equal(wanted, found, mark)
          said[mark] = true
        end
        for _, mark in ipairs { "deprecated", "read_only", "secret", "minimum", "maximum", "max_items" } do
          if not said[mark] then assert.is_nil(field[mark] or nil, mark) end
        end
      end)
    end

    it("table has every field that has no table of its own here", function()
      for path in pairs(fields) do
        local elsewhere = path:find "tools" or path:find "extra_body%." or path:find "recording_storage%."
          or path:find "voice_settings%.style"
        assert.is_true(listed[path] or elsewhere ~= nil, path)
      end
    end)
  end)
end
