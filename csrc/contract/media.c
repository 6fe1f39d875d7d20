/* media.c - four resources that Tavus no longer shows beside personas. They are passed
** through: their bodies are checked for what is required, and each tells its state. */
#include "rows.h"

static const tavus_choice states[] = {
  { "started", NULL }, { "completed", NULL }, { "error", NULL }, { NULL, NULL }
};

#define GIVEN S, .generation = "?"
#define ANSWERED S, READ_ONLY, .generation = "?"

#define CALLBACK { TAVUS_NAME("callback_url"), GIVEN, PUBLIC_URL, \
  .text = "Where it is said that it is ready." }
#define CREATED { TAVUS_NAME("created_at"), ANSWERED, .text = "When it was made." }
#define STATUS { TAVUS_NAME("status"), ANSWERED, .choices = states, \
  .text = "started, completed or error." }

#define STATE(its_text, its_hint) { .kind = TAVUS_RULE_STATE, .message = its_text, \
  .hint = its_hint }

/* The operations of a resource, and the resource. A repeated create makes another. */
#define CREATE(its_path, its_kind) \
  { .name = "create", .method = "POST", .path = its_path, \
    .sends = TAVUS_SENDS_OBJECT, .kind = its_kind, .at = TAVUS_AT_ANY }
#define LISTED(its_path, its_paging) \
  { .name = "list", .method = "GET", .path = its_path, \
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ, .paging = its_paging, \
    .query = WORDS("limit", "page") }
#define GET(its_path) \
  { .name = "get", .method = "GET", .path = its_path, .at = TAVUS_AT_ANY, \
    .repeats = TAVUS_READ }
#define DELETE(its_path) \
  { .name = "delete", .method = "DELETE", .path = its_path, DELETED }

static const tavus_states job_states = {
  .field = "status", .path = WORDS("started"), .ready = "completed",
  .failed = WORDS("error")
};

#define RESOURCE(its, its_name, its_text, ...) \
  static const tavus_shape its##_shape = { \
    .name = its_name, LIST(its##_fields), RULES(its##_rules) \
  }; \
  static const tavus_field its##_root = { \
    .types = TAVUS_OBJECT_TYPE, .shape = &its##_shape, .text = its_text \
  }; \
  const tavus_resource tavus_##its = { \
    .name = its_name, .collection = #its, .id_field = its_name "_id", \
    .text = its_text, .root = &its##_root, .operations = its##_operations, \
    .operation_count = TAVUS_COUNT(its##_operations), __VA_ARGS__ \
  };

#define GONE "no longer supported: Tavus marked all its calls deprecated by May 2026"

/* --- lipsync --- */

static const tavus_field lipsyncs_fields[] = {
  CALLBACK, CREATED,
  { TAVUS_NAME("lipsync_id"), ANSWERED, .text = "Its id." },
  { TAVUS_NAME("lipsync_name"), GIVEN, .text = "Its name." },
  { TAVUS_NAME("original_video_url"), GIVEN, PUBLIC_URL, .text = "The video to change." },
  { TAVUS_NAME("request_id"), ANSWERED, .text = "An old name of lipsync_id." },
  { TAVUS_NAME("request_name"), ANSWERED, .text = "An old name of lipsync_name." },
  { TAVUS_NAME("source_audio_url"), GIVEN, PUBLIC_URL, .text = "What the lips are to say." },
  STATUS,
  { TAVUS_NAME("video_url"), ANSWERED, .text = "The result." }
};

static const tavus_rule lipsyncs_rules[] = {
  REQUIRED("original_video_url"), REQUIRED("source_audio_url"),
  STATE("lipsync is " GONE, NULL)
};

static const tavus_operation lipsyncs_operations[] = {
  CREATE("/v2/lipsync", "lipsync"), LISTED("/v2/lipsync", TAVUS_PAGES_FROM_1),
  GET("/v2/lipsync/{lipsync_id}"), DELETE("/v2/lipsync/{lipsync_id}")
};

RESOURCE(lipsyncs, "lipsync", "A video whose lips follow a recording.",
         .states = &job_states, .name_field = "lipsync_name")

/* --- transcriptions --- */

static const tavus_field transcriptions_fields[] = {
  CALLBACK, CREATED,
  { TAVUS_NAME("file_url"), GIVEN, PUBLIC_URL, .text = "What to write down." },
  STATUS,
  { TAVUS_NAME("text"), ANSWERED, .text = "The result." },
  { TAVUS_NAME("transcription_id"), ANSWERED, .text = "Its id." }
};

static const tavus_rule transcriptions_rules[] = {
  REQUIRED("file_url"), REQUIRED("callback_url"),
  STATE("transcriptions are no longer in the index of Tavus' documents", NULL)
};

static const tavus_operation transcriptions_operations[] = {
  CREATE("/v2/transcriptions", "transcription"),
  LISTED("/v2/transcriptions", TAVUS_PAGES_FROM_1),
  GET("/v2/transcriptions/{transcription_id}"),
  DELETE("/v2/transcriptions/{transcription_id}")
};

RESOURCE(transcriptions, "transcription", "The text of a recording.",
         .states = &job_states)

/* --- replacements --- */

static const tavus_field replacements_fields[] = {
  CALLBACK, CREATED,
  { TAVUS_NAME("new_transcript"), GIVEN, .text = "The text of the transcription, edited." },
  { TAVUS_NAME("original_video_url"), GIVEN, PUBLIC_URL, .text = "The video to change." },
  { TAVUS_NAME("replacement_id"), ANSWERED, .text = "Its id." },
  { TAVUS_NAME("replacement_name"), GIVEN, .text = "Its name." },
  STATUS,
  { TAVUS_NAME("transcription_id"), GIVEN, .id_of = "transcription",
    .text = "The transcription that was edited." }
};

static const tavus_rule replacements_rules[] = {
  REQUIRED("original_video_url"), REQUIRED("new_transcript"),
  STATE("replacements are " GONE, NULL)
};

static const tavus_operation replacements_operations[] = {
  CREATE("/v2/replacements", "replacement"),
  LISTED("/v2/replacements", TAVUS_PAGES_FROM_1),
  GET("/v2/replacements/{replacement_id}"),
  DELETE("/v2/replacements/{replacement_id}")
};

RESOURCE(replacements, "replacement", "A video that says other words.",
         .states = &job_states, .name_field = "replacement_name")

/* --- speech: known from pages of 2024 and 2025 --- */

static const tavus_field speeches_fields[] = {
  { TAVUS_NAME("callback_url"), S, PUBLIC_URL, SURE(B), .generation = "G0, G1",
    .text = "Where it is said that it is ready; one old page requires it." },
  { TAVUS_NAME("replica_id"), S, SURE(B), .generation = "G0, G1", .id_of = "replica",
    .text = "Whose voice it is." },
  { TAVUS_NAME("script"), S, SURE(B), .generation = "G0, G1", .text = "What it says." },
  { TAVUS_NAME("speech_file_url"), S, READ_ONLY, SURE(B), .generation = "G0, G1",
    .text = "The result." },
  { TAVUS_NAME("speech_id"), S, READ_ONLY, SURE(B), .generation = "G0, G1",
    .text = "Its id." },
  { TAVUS_NAME("speech_name"), S, SURE(B), .generation = "G0, G1", .text = "Its name." }
};

static const tavus_rule speeches_rules[] = {
  REQUIRED("script"), REQUIRED("replica_id"),
  STATE("speech is on one page of 2025 only, and gone from the documents since", NULL)
};

TEXT_BODY(speech_rename, "speech_name", "The new name of the speech.", )

static const tavus_operation speeches_operations[] = {
  CREATE("/v2/speech", "speech"), LISTED("/v2/speech", TAVUS_PAGES_FROM_UNKNOWN),
  GET("/v2/speech/{speech_id}"),
  { .name = "rename", .method = "PATCH", .path = "/v2/speech/{speech_id}/name",
    .sends = TAVUS_SENDS_OBJECT, .kind = "speech_patch", .body = &speech_rename_body,
    .wraps = "speech_name", .answers = TAVUS_ANSWERS_NOTHING,
    .repeats = TAVUS_SAME },
  DELETE("/v2/speech/{speech_id}")
};

RESOURCE(speeches, "speech", "A script as a recording.",
         .name_field = "speech_name")
