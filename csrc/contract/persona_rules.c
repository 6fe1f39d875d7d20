/* persona_rules.c - rules between the fields of a persona. Rules 1, 2, 8 (at /v2/pals) and
** 17 are errors, because the server refuses such bodies. Rule 3 is about patches and is in
** personas.c. The server checks 12 and 13. */
#include "rows.h"

const tavus_rule tavus_persona_rules[6] = {
  { .kind = TAVUS_RULE_UNLESS, .number = 1, .error = true,
    .field = "system_prompt", .when = "pipeline_mode", .values = WORDS("echo"),
    .message = "a persona needs a system_prompt unless pipeline_mode is echo" },
  { .kind = TAVUS_RULE_WHEN, .number = 8, .field = "default_face_id",
    .when = "pal_name", .where = TAVUS_OLDER,
    .message = "under its /v2/pals names a persona needs default_face_id" },
  { .kind = TAVUS_RULE_UNLESS, .number = 8, .error = true, .field = "default_face_id",
    .where = TAVUS_NEWER, .message = "/v2/pals needs default_face_id",
    .hint = "default_replica_id does not count there" },
  { .kind = TAVUS_RULE_SUM, .number = 9, .limit = 50,
    .fields = WORDS("guardrail_ids", "guardrail_tags"),
    .message = "at most 50 guardrails a persona" },
  { .kind = TAVUS_RULE_WHEN_IN, .field = "default_replica_id",
    .when = "layers", .values = WORDS("conferencing"),
    .fields = WORDS("default_replica_id", "default_face_id"),
    .message = "layers.conferencing needs a default face" },
  { .kind = TAVUS_RULE_ONE_NAMING,
    .message = "names of /v2/personas and of /v2/pals in one body",
    .hint = "use the names of one of the two" }
};

/* A custom llm needs all three. An empty base_url or api_key does not make an llm custom,
** since old rows of the API have empty ones; but it counts as given, since some
** self-hosted servers need no key. */
const tavus_rule tavus_llm_rules[5] = {
  { .kind = TAVUS_RULE_WHEN, .number = 2, .error = true, .field = "api_key",
    .when = "base_url",
    .message = "a custom llm needs model, base_url and api_key together" },
  { .kind = TAVUS_RULE_WHEN, .number = 2, .error = true, .field = "base_url",
    .when = "api_key",
    .message = "a custom llm needs model, base_url and api_key together",
    .hint = "hosted models take no api_key" },
  { .kind = TAVUS_RULE_WHEN, .number = 2, .error = true, .field = "model",
    .when = "base_url",
    .message = "a custom llm needs model, base_url and api_key together" },
  { .kind = TAVUS_RULE_WHEN, .number = 17, .error = true, .field = "base_url",
    .when = "enable_llm_proxy",
    .message = "enable_llm_proxy is refused without a custom llm",
    .hint = "give model, base_url and api_key, or leave enable_llm_proxy out" },
  { .kind = TAVUS_RULE_APART, .number = 15, .field = "extra_body", .when = "model",
    .values = WORDS("tavus-claude"), .fields = WORDS("temperature", "top_p"),
    .message = "hosted Claude models refuse temperature and top_p together",
    .hint = "leave one of the two out" }
};

const tavus_rule tavus_tts_rules[2] = {
  { .kind = TAVUS_RULE_NOT_WITH, .number = 6, .fields = WORDS("tts_model_name"),
    .when = "tts_engine", .values = WORDS("azure"),
    .message = "has no meaning with azure", .hint = "leave it out" },
  { .kind = TAVUS_RULE_NOT_WITH, .number = 16, .when = "voice_id",
    .fields = WORDS("external_voice_id", "tts_engine", "tts_model_name"),
    .message = "has no place beside voice_id, which is the whole configuration",
    .hint = "leave it out, or leave voice_id out" }
};

const tavus_rule tavus_stt_rules[2] = {
  { .kind = TAVUS_RULE_ONLY_WITH, .number = 7, .field = "smart_turn_detection",
    .when = "stt_engine", .values = WORDS("tavus-advanced"),
    .message = "works with tavus-advanced only",
    .hint = "turns belong to conversational_flow.turn_detection_model now" },
  { .kind = TAVUS_RULE_NOT_WITH, .number = 7, .fields = WORDS("hotwords"),
    .when = "stt_engine", .values = WORDS("tavus-turbo"),
    .message = "has no meaning with tavus-turbo" }
};

const tavus_rule tavus_perception_rules[2] = {
  { .kind = TAVUS_RULE_NOT_WITH, .number = 4, .when = "perception_model",
    .values = WORDS("off"),
    .fields = WORDS("ambient_awareness_queries", "audio_awareness_queries",
                    "audio_tool_prompt", "audio_tools",
                    "perception_analysis_queries", "perception_tool_prompt",
                    "perception_tools", "screen_awareness_queries",
                    "screen_tools", "visual_awareness_queries",
                    "visual_tool_prompt", "visual_tools"),
    .message = "has no effect while perception_model is off" },
  { .kind = TAVUS_RULE_NOT_WITH, .number = 5, .when = "perception_model",
    .values = WORDS("raven-0", "basic"),
    .fields = WORDS("audio_awareness_queries", "audio_tool_prompt",
                    "audio_tools"),
    .message = "needs raven-1 or newer" }
};

const tavus_rule tavus_flow_rules[1] = {
  { .kind = TAVUS_RULE_ONE_NAMING,
    .message = "names of /v2/personas and of /v2/pals in one body",
    .hint = "use the names of one of the two" }
};
