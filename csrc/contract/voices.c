/* voices.c - voices, cloned from an audio recording or given by Tavus. */
#include "rows.h"

static const tavus_choice states[] = {
  { "started", NULL }, { "completed", NULL }, { "error", NULL }, { NULL, NULL }
};

static const tavus_choice types[] = { { "user", NULL }, { "system", NULL }, { NULL, NULL } };

/* Rows of the older list have objects here. */
static const tavus_field tag = {
  .types = TAVUS_STRING, .max_length = 64, .text = "A tag."
};

static const tavus_field fields[] = {
  { TAVUS_NAME("audio_url"), S, PUBLIC_URL, .generation = "?",
    .text = "The recording, in older rows; how a new voice calls it was not seen." },
  { TAVUS_NAME("callback_url"), S, PUBLIC_URL, SURE(B), .generation = "G5",
    .text = "Where it is said that the voice is ready." },
  { TAVUS_NAME("created_at"), S, READ_ONLY, SURE(B), .generation = "G5",
    .text = "When it was made." },
  { TAVUS_NAME("description"), S, SURE(B), .generation = "G5", .max_length = 1000,
    .text = "What it is for; null takes it away." },
  { TAVUS_NAME("error_message"), S, READ_ONLY, SURE(B), .generation = "G5",
    .text = "Why it failed." },
  { TAVUS_NAME("face_id"), S, READ_ONLY, .generation = "G4", .id_of = "replica",
    .text = "The face that it was made with, in older rows." },
  { TAVUS_NAME("replica_id"), S, READ_ONLY, .generation = "?", .id_of = "replica",
    .text = "The replica that it was made with, in older rows." },
  { TAVUS_NAME("status"), S, READ_ONLY, SURE(B), .choices = states, .generation = "G5",
    .text = "started, completed or error." },
  { TAVUS_NAME("tags"), .types = TAVUS_ARRAY_TYPE, .items = &tag, .max_items = 50,
    SURE(B), .generation = "G5", .text = "Tags; a change replaces all of them." },
  { TAVUS_NAME("voice_id"), S, READ_ONLY, .generation = "?",
    .text = "Its id; null in some rows of Tavus' own voices." },
  { TAVUS_NAME("voice_name"), S, SURE(B), .max_length = 255, .generation = "?",
    .text = "Its name." },
  { TAVUS_NAME("voice_type"), S, READ_ONLY, SURE(B), .choices = types,
    .generation = "G5", .text = "user or system." }
};

static const tavus_alias aliases[] = {
  { "callback", TO("callback_url") },
  { "display_name", TO("voice_name") },
  { "name", TO("voice_name") },
  { "webhook_url", TO("callback_url") },
  { NULL, NULL, NULL }
};

/* The key of the recording is not known, and the name's is inferred for a create. */
static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .field = "voice_name",
    .message = "a new voice needs a name" }
};

static const tavus_shape shape = {
  .name = "voice", LIST(fields), .aliases = aliases, RULES(rules),
  .stray = "a member with the address of the recording is sent as it is: the "
           "documents were not seen to name it"
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A voice."
};

static const tavus_states voice_states = {
  .field = "status", .path = WORDS("started"), .ready = "completed",
  .failed = WORDS("error"), .reasons = WORDS("error_message")
};

#define ALL "/v2/voices"
#define ONE "/v2/voices/{voice_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "voice", .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .paging = TAVUS_PAGES_FROM_1,
    .query = WORDS("limit", "page", "search", "sort", "tag") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_PARTIAL,
    .kind = "voice_patch", .answers = TAVUS_ANSWERS_CHANGED, .repeats = TAVUS_SAME },
  { .name = "delete", .method = "DELETE", .path = ONE, DELETED }
};

const tavus_resource tavus_voices = {
  .name = "voice", .collection = "voices", .id_field = "voice_id", .name_field = "voice_name",
  .text = "What a persona speaks with.", .root = &root, .states = &voice_states,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
