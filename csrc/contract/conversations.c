/* conversations.c - the conversation: fields, rules, operations. */
#include "rows.h"

#define OF_LAYERS "belongs to the layers of a persona"

static const tavus_choice providers[] = {
  { "s3", NULL }, { "gcs", NULL }, { "azure_blob", NULL }, { NULL, NULL }
};

static const tavus_field storage_fields[] = {
  { TAVUS_NAME("assume_role_arn"), S, SURE(B), .generation = "G3+",
    .text = "The role to take on (s3)." },
  { TAVUS_NAME("bucket_name"), S, SURE(B), .generation = "G3+",
    .text = "The bucket (s3, gcs)." },
  { TAVUS_NAME("bucket_region"), S, SURE(B), .generation = "G3+",
    .text = "The bucket's region (s3)." },
  { TAVUS_NAME("client_id"), S, SURE(B), .generation = "G3+",
    .text = "The application (azure_blob)." },
  { TAVUS_NAME("container"), S, SURE(B), .generation = "G3+",
    .text = "The container (azure_blob)." },
  { TAVUS_NAME("external_id"), S, SURE(B), .generation = "G3+",
    .text = "External id of the role (s3)." },
  { TAVUS_NAME("key_template"), S, SURE(B), .generation = "G4",
    .text = "How recordings are named." },
  { TAVUS_NAME("project_id"), S, SURE(B), .generation = "G3+",
    .text = "The project (gcs)." },
  { TAVUS_NAME("provider"), S, SURE(B), .choices = providers,
    .label = "a storage provider", .generation = "G3+",
    .text = "Whose storage: s3, gcs or azure_blob." },
  { TAVUS_NAME("service_account_email"), S, SURE(B), .generation = "G3+",
    .text = "The service account (gcs)." },
  { TAVUS_NAME("storage_account"), S, SURE(B), .generation = "G3+",
    .text = "The storage account (azure_blob)." },
  { TAVUS_NAME("tenant_id"), S, SURE(B), .generation = "G3+",
    .text = "The tenant (azure_blob)." },
  { TAVUS_NAME("workload_identity_provider"), S,
    .prepended = "//iam.googleapis.com/", SURE(B), .generation = "G3+",
    .text = "The identity provider (gcs)." }
};

/* What each provider needs, and has no member for. A partial target is refused. */
#define NEEDS(its, ...) \
  { .kind = TAVUS_RULE_ALL, .when = "provider", .values = WORDS(its), \
    .fields = WORDS(__VA_ARGS__), .message = "a storage of " its " needs it" }
#define FOREIGN(its, ...) \
  { .kind = TAVUS_RULE_NOT_WITH, .when = "provider", .values = WORDS(its), \
    .fields = WORDS(__VA_ARGS__), .message = "is not a member of a storage of " its, \
    .hint = "leave it out" }

static const tavus_rule storage_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .field = "provider",
    .message = "provider is missing", .hint = "s3, gcs or azure_blob" },
  NEEDS("s3", "bucket_name", "bucket_region", "assume_role_arn"),
  NEEDS("gcs", "bucket_name", "project_id", "workload_identity_provider",
        "service_account_email"),
  NEEDS("azure_blob", "storage_account", "container", "tenant_id", "client_id"),
  FOREIGN("s3", "client_id", "container", "project_id", "service_account_email",
          "storage_account", "tenant_id", "workload_identity_provider"),
  FOREIGN("gcs", "assume_role_arn", "bucket_region", "client_id", "container",
          "external_id", "storage_account", "tenant_id"),
  FOREIGN("azure_blob", "assume_role_arn", "bucket_name", "bucket_region",
          "external_id", "project_id", "service_account_email",
          "workload_identity_provider")
};

#define NO_SECRET SAY("no secret is sent: Tavus takes on the role (assume_role_arn)")

static const tavus_alias storage_aliases[] = {
  { "access_key_id", NO_SECRET },
  { "aws_assume_role_arn", TO("assume_role_arn") },
  { "bucket", TO("bucket_name") },
  { "recording_s3_bucket_name", TO("bucket_name") },
  { "recording_s3_bucket_region", TO("bucket_region") },
  { "region", TO("bucket_region") },
  { "role_arn", TO("assume_role_arn") },
  { "secret_access_key", NO_SECRET },
  { "type", TO("provider") },
  { NULL, NULL, NULL }
};

static const tavus_shape storage = {
  .name = "recording_storage", .main = "provider",
  .looks = "{ provider = \"s3\", bucket_name = \"...\", bucket_region = \"...\", "
           "assume_role_arn = \"...\" }", .fields = storage_fields,
  .count = TAVUS_COUNT(storage_fields), .aliases = storage_aliases,
  .rules = storage_rules,
  .rule_count = TAVUS_COUNT(storage_rules)
};

#define RECORDING .generation = "<=G3", \
  .deprecated = "deprecated since May 2026, still works", \
  .successor = "recording_storage", \
  .hint = "use recording_storage: { provider = \"s3\", bucket_name = \"...\", " \
          "bucket_region = \"...\", assume_role_arn = \"...\" }"

static const tavus_field property_fields[] = {
  { TAVUS_NAME("apply_greenscreen"), B, .generation = "<=G3",
    .text = "A green background (0, 255, 155)." },
  { TAVUS_NAME("aws_assume_role_arn"), S, RECORDING,
    .text = "The role to take on for recordings." },
  { TAVUS_NAME("daily_room"), .types = TAVUS_STRING | TAVUS_OBJECT_TYPE, SURE(B),
    .generation = "G5",
    .text = "URL of a Daily room of your own; enabled for each account." },
  { TAVUS_NAME("enable_closed_captions"), B, .generation = "<=G3",
    .text = "Show captions." },
  { TAVUS_NAME("enable_recording"), B, .generation = "<=G3",
    .text = "Allow the call to be recorded." },
  { TAVUS_NAME("enable_transcription"), B, SURE(D), .generation = "?",
    .text = "Write the call down; unproven." },
  { TAVUS_NAME("language"), S, .flags = TAVUS_LANGUAGE, .generation = "<=G3",
    .deprecated = "languages takes its place",
    .successor = "languages", .instead_of = TAVUS_ARRAY_TYPE,
    .instead = "use languages, with codes: { \"en\", \"es\" }",
    .text = "A language by its English name, or multilingual." },
  { TAVUS_NAME("languages"), LANGUAGES, SURE(B), .generation = "G5",
    .text = "Codes of the languages spoken; the first is the opening one." },
  { TAVUS_NAME("livekit_room_token"), S, .flags = TAVUS_SECRET, SURE(D),
    .generation = "?", .text = "Token of a LiveKit room; unproven." },
  { TAVUS_NAME("livekit_ws_url"), S, SURE(D), .generation = "?",
    .text = "Address of a LiveKit server; unproven." },
  { TAVUS_NAME("max_call_duration"), I, .has_minimum = true, .minimum = 60,
    .has_maximum = true, .maximum = 7200, .generation = "<=G3",
    .hint = "the unit is the second", .text = "Longest call in seconds; 3600 by default. The plan has a maximum." },
  { TAVUS_NAME("participant_absent_timeout"), I, .has_minimum = true,
    .generation = "<=G3",
    .text = "Seconds until it ends when nobody joins; 300 by default." },
  { TAVUS_NAME("participant_left_timeout"), I, .has_minimum = true,
    .generation = "<=G3",
    .text = "Seconds until it ends after the last one left." },
  { TAVUS_NAME("recording_s3_bucket_name"), S, RECORDING,
    .text = "Bucket for recordings." },
  { TAVUS_NAME("recording_s3_bucket_region"), S, RECORDING,
    .text = "Region of the bucket for recordings." },
  { TAVUS_NAME("recording_storage"), OBJECT_OF(storage), SURE(B), .generation = "G3+",
    .text = "Where recordings go." },
  { TAVUS_NAME("require_auth"), B, .generation = "G3+",
    .text = "Only who holds the meeting token may join." }
};

static const tavus_alias property_aliases[] = {
  { "captions", TO("enable_closed_captions") },
  { "captions_enabled", TO("enable_closed_captions") },
  { "duration", TO("max_call_duration") },
  { "greenscreen", TO("apply_greenscreen") },
  { "max_duration", TO("max_call_duration") },
  { "max_duration_seconds", TO("max_call_duration") },
  { "properties", SAY("one properties object is enough") },
  { "record", TO("enable_recording") },
  { "recording", TO("enable_recording") },
  { "recording_enabled", TO("enable_recording") },
  { "transcription", TO("enable_transcription") },
  { NULL, NULL, NULL }
};

#define BUCKET \
  "recording_s3_bucket_name", "recording_s3_bucket_region", "aws_assume_role_arn"

static const tavus_rule property_rules[] = {
  { .kind = TAVUS_RULE_WHEN_IN, .field = "recording_storage",
    .when = "enable_recording", .fields = WORDS("recording_storage", BUCKET),
    .message = "enable_recording needs a storage for the recording",
    .hint = "recording_storage = { provider = \"s3\", bucket_name = \"...\", "
            "bucket_region = \"...\", assume_role_arn = \"...\" }" },
  { .kind = TAVUS_RULE_NOT_WITH, .when = "languages", .fields = WORDS("language"),
    .message = "languages takes the place of language", .hint = "leave language out" },
  { .kind = TAVUS_RULE_ALL, .fields = WORDS(BUCKET),
    .message = "a bucket for recordings needs name, region and role together" }
};

static const tavus_shape properties = {
  .name = "properties", .looks = "{ max_call_duration = 600 }", .fields = property_fields,
  .count = TAVUS_COUNT(property_fields), .aliases = property_aliases,
  RULES(property_rules)
};

static const tavus_choice strategies[] = {
  { "balanced", NULL }, { "speed", NULL }, { "quality", NULL }, { NULL, NULL }
};

static const tavus_choice policies[] = { { "eu", NULL }, { NULL, NULL } };

static const tavus_field fields[] = {
  { TAVUS_NAME("audio_only"), B, .generation = "<=G3", .text = "No video." },
  { TAVUS_NAME("callback_url"), S, .flags = TAVUS_PUBLIC_URL, .generation = "<=G3",
    .text = "Where events are sent." },
  { TAVUS_NAME("conversation_id"), S, READ_ONLY, .generation = "<=G3",
    .text = "Its id." },
  { TAVUS_NAME("conversation_name"), S, .generation = "<=G3", .text = "Its name." },
  { TAVUS_NAME("conversation_url"), S, READ_ONLY, .generation = "<=G3",
    .text = "Where to join." },
  { TAVUS_NAME("conversational_context"), S, .generation = "<=G3",
    .instead_of = TAVUS_OBJECT_TYPE | TAVUS_ARRAY_TYPE,
    .instead = TAVUS_ENCODE,
    .text = "Added to the persona's prompt for this call." },
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "<=G3",
    .text = "When it was made." },
  { TAVUS_NAME("custom_greeting"), S, .generation = "<=G3",
    .text = "What the persona says first; cannot be interrupted." },
  { TAVUS_NAME("document_ids"), .types = TAVUS_ARRAY_TYPE,
    .items = &tavus_field_document_id, .generation = "<=G3",
    .text = "Documents the persona may consult in this call." },
  { TAVUS_NAME("document_retrieval_strategy"), S, .choices = strategies,
    .label = "a retrieval strategy", .generation = "<=G3",
    .text = "speed, balanced or quality." },
  { TAVUS_NAME("document_tags"), STRINGS, .generation = "<=G3",
    .text = "Tags of documents the persona may consult in this call." },
  { TAVUS_NAME("enable_dynamic_greeting"), B, SURE(B), .generation = "<=G3",
    .text = "The model writes the greeting." },
  { TAVUS_NAME("events"), .types = TAVUS_ARRAY_TYPE, READ_ONLY, .generation = "<=G3",
    .text = "What happened in it (verbose answers)." },
  { TAVUS_NAME("face_id"), S, .generation = "G4+", .id_of = "replica",
    .twin = "replica_id", .flags = TAVUS_TWIN_ALLOWED,
    .text = "The face to show, by its newer name." },
  { TAVUS_NAME("max_participants"), I, .has_minimum = true, .minimum = 2,
    .generation = "<=G3", .text = "How many may join, the replica counted." },
  { TAVUS_NAME("meeting_token"), S, .flags = TAVUS_READ_ONLY | TAVUS_SECRET,
    .generation = "G3+", .text = "Lets its holder join." },
  { TAVUS_NAME("meeting_url"), S, SURE(B), .flags = TAVUS_PUBLIC_URL, .generation = "G5",
    .text = "Address of a Meet, Zoom or Teams meeting to join." },
  { TAVUS_NAME("memory_stores"), STRINGS, .generation = "<=G3",
    .text = "The older memory, by free names; one is usual." },
  { TAVUS_NAME("pal_id"), S, .generation = "G4+", .id_of = "persona",
    .twin = "persona_id", .flags = TAVUS_TWIN_ALLOWED,
    .text = "Who takes part, by its newer name." },
  { TAVUS_NAME("participant_tags"), STRINGS, SURE(B), .generation = "G5", .max_items = 1,
    .text = "Whose memory it is, in the newer memory stores; one tag." },
  { TAVUS_NAME("persona_id"), S, .generation = "<=G3", .id_of = "persona",
    .text = "Who takes part; needed unless a replica is given." },
  { TAVUS_NAME("policy"), S, SURE(B), .choices = policies, .label = "a policy",
    .generation = "G4+", .text = "eu: settings of the persona that are auto take their EU form." },
  { TAVUS_NAME("properties"), OBJECT_OF(properties), .generation = "<=G3",
    .text = "Limits, recording, language." },
  { TAVUS_NAME("replica_id"), S, .generation = "<=G3", .id_of = "replica",
    .text = "The replica to show; wins over the persona's default." },
  { TAVUS_NAME("require_auth"), B, .generation = "G3+",
    .text = "Only who holds the meeting token may join." },
  { TAVUS_NAME("room_url"), S, READ_ONLY, SURE(B), .generation = "G5",
    .text = "Page of Tavus to try and share the call; not with meeting_url." },
  { TAVUS_NAME("shutdown_reason"), S, READ_ONLY, .generation = "<=G3",
    .text = "Why it ended (verbose answers)." },
  { TAVUS_NAME("status"), S, READ_ONLY, .generation = "<=G3",
    .text = "active or ended." },
  { TAVUS_NAME("stream_declared_sample_rate"), .types = TAVUS_ANY, READ_ONLY, SURE(C),
    .generation = "?", .text = "Seen in answers to create." },
  { TAVUS_NAME("test_mode"), B, .generation = "<=G3",
    .text = "Made and ended at once; nobody joins, no cost." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, .generation = "<=G3",
    .text = "When it last changed." }
};

static const tavus_alias aliases[] = {
  { "agent_id", TO("persona_id") },
  { "assistant_id", TO("persona_id") },
  { "audio_tools", SAY(OF_LAYERS) },
  { "auth", TO("require_auth") },
  { "avatar_id", TO("replica_id") },
  { "avatar_name", TO("replica_id") },
  { "begin_message", TO("custom_greeting") },
  { "callback", TO("callback_url") },
  { "context", TO("conversational_context") },
  { "conversation_context", TO("conversational_context") },
  { "conversational_flow", SAY(OF_LAYERS) },
  { "default_face_id", TO("face_id") },
  { "default_replica_id", TO("replica_id") },
  { "documents", TO("document_ids") },
  { "dry_run", TO("test_mode") },
  { "duration", TO("properties/max_call_duration") },
  { "dynamic_variables", TO("conversational_context") },
  { "first_message", TO("custom_greeting") },
  { "greenscreen", TO("properties/apply_greenscreen") },
  { "greeting", TO("custom_greeting") },
  { "instructions", SAY("is a field of a persona (system_prompt); for this call write "
                        "conversational_context") },
  { "knowledge_base", TO("document_ids") },
  { "llm", SAY(OF_LAYERS) },
  { "max_call_duration_ms", SAY("belongs under properties, as max_call_duration, in "
                                "seconds") },
  { "max_duration", TO("properties/max_call_duration") },
  { "max_duration_seconds", TO("properties/max_call_duration") },
  { "meeting_link", TO("meeting_url") },
  { "memories", TO("memory_stores") },
  { "memory", TO("memory_stores") },
  { "memory_id", TO("memory_stores") },
  { "memory_store", TO("memory_stores") },
  { "memory_store_id", SAY("a conversation takes the tag of the participant, in "
                           "participant_tags") },
  { "messages", SAY("what was said before goes to conversational_context, as one text") },
  { "metadata", TO("conversational_context") },
  { "model", SAY(OF_LAYERS) },
  { "name", TO("conversation_name") },
  { "participant_tag", TO("participant_tags") },
  { "participant_id", TO("participant_tags") },
  { "perception", SAY(OF_LAYERS) },
  { "persona", TO("persona_id") },
  { "private", TO("require_auth") },
  { "prompt", SAY("is a field of a persona (system_prompt); for this call write "
                  "conversational_context") },
  { "recording", TO("properties/enable_recording") },
  { "recording_enabled", TO("properties/enable_recording") },
  { "replica", TO("replica_id") },
  { "server_url", TO("callback_url") },
  { "stt", SAY(OF_LAYERS) },
  { "title", TO("conversation_name") },
  { "tools", SAY(OF_LAYERS) },
  { "tts", SAY(OF_LAYERS) },
  { "user_id", TO("participant_tags") },
  { "variables", TO("conversational_context") },
  { "voice", SAY(OF_LAYERS) },
  { "voice_id", SAY(OF_LAYERS) },
  { "webhook", TO("callback_url") },
  { "webhook_url", TO("callback_url") },
  { "welcome_message", TO("custom_greeting") },
  { "zoom_url", TO("meeting_url") },
  { NULL, NULL, NULL }
};

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .number = 11, .error = true,
    .fields = WORDS("persona_id", "replica_id", "pal_id", "face_id"),
    .message = "a conversation needs a persona or a replica",
    .hint = "give persona_id (and replica_id when the persona has no default)" },
  { .kind = TAVUS_RULE_ONE_NAMING,
    .message = "old and new names in one body",
    .hint = "use persona_id and replica_id, or pal_id and face_id" }
};

static const tavus_shape shape = {
  .name = "conversation", .looks = "{ persona_id = \"...\" }", .main = "persona_id",
  .fields = fields, .count = TAVUS_COUNT(fields),
  .aliases = aliases, .rules = rules, .rule_count = TAVUS_COUNT(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A conversation."
};

#define ONE "/v2/conversations/{conversation_id}"
#define CANVAS ONE "/canvas/interactions"

/* The server says whether an app message was delivered. */
static const tavus_exception delivery[] = {
  { 502, NULL, TAVUS_SAFE }, { 504, NULL, TAVUS_UNSAFE }, { 0, NULL, TAVUS_FINAL }
};

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/conversations",
    .sends = TAVUS_SENDS_OBJECT, .kind = "conversation", .at = TAVUS_AT_ANY,
    .timeout = 60, .deadline = 120, .closed_by = "end",
    .limit = "/properties/max_call_duration", .limit_value = 3600 },
  { .name = "list", .method = "GET", .path = "/v2/conversations",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_1, .query = WORDS("limit", "page", "status") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ, .query = WORDS("verbose") },
  /* The answer for a conversation that has ended already is not documented: 400 and 404
  ** were seen. */
  { .name = "end", .method = "POST", .path = ONE "/end",
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("conversation_ended"), .already = WORDS("conversation_ended"),
    .settled_field = "status", .settled_value = "ended" },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found"), .query = WORDS("hard") },
  { .name = "send_app_message", .method = "POST", .path = ONE "/send-app-message",
    .sends = TAVUS_SENDS_OBJECT, .kind = "app_message",
    .body = &tavus_field_app_message, .max_body = 65536,
    .answers = TAVUS_ANSWERS_ANY, .exceptions = delivery },
  { .name = "canvas_interactions", .method = "GET", .path = CANVAS,
    .answers = TAVUS_ANSWERS_LIST, .row = "canvas_interaction", .repeats = TAVUS_READ },
  { .name = "record_canvas_interaction", .method = "POST", .path = CANVAS,
    .sends = TAVUS_SENDS_OBJECT, .kind = "canvas_interaction",
    .body = &tavus_field_canvas_interaction, .answers = TAVUS_ANSWERS_ANY,
    .repeats = TAVUS_KEY, .repeat_key = "interaction_id", .without_key = true }
};

const tavus_resource tavus_conversations = {
  .name = "conversation", .collection = "conversations",
  .id_field = "conversation_id", .name_field = "conversation_name",
  .text = "A call with a persona, and where to join it.",
  .root = &root, .operations = operations,
  .operation_count = TAVUS_COUNT(operations)
};
