/* replicas.c - replicas, which are called faces in newer documents and at /v2/faces. */
#include "rows.h"

static const tavus_field property_fields[] = {
  { TAVUS_NAME("background_green_screen"), B, .generation = "?",
    .text = "The training video has a green background." }
};

static const tavus_shape properties = {
  .name = "replica_properties", LIST(property_fields)
};

static const tavus_choice models[] = {
  { "phoenix-4", NULL }, { "phoenix-4.5", NULL }, { "phoenix-3", NULL }, { NULL, NULL }
};

static const tavus_choice states[] = {
  { "started", NULL }, { "completed", NULL }, { "error", NULL }, { NULL, NULL }
};

static const tavus_choice finetune_states[] = {
  { "training", NULL }, { "completed", NULL }, { "errored", NULL }, { NULL, NULL }
};

static const tavus_choice types[] = { { "user", NULL }, { "system", NULL }, { NULL, NULL } };

#define ANSWERED S, READ_ONLY, .generation = "?"
#define NEWER(older) .generation = "G4", .twin = older

static const tavus_field fields[] = {
  { TAVUS_NAME("auto_fix_training_image"), B, .generation = "?",
    .text = "Fit the image to what is required of it." },
  { TAVUS_NAME("callback_url"), S, PUBLIC_URL, .generation = "?",
    .text = "Where it is said that the training is over." },
  { TAVUS_NAME("consent_video_url"), S, PUBLIC_URL, .generation = "?",
    .deprecated = "legacy: the consent is spoken at the start of the training video",
    .text = "A separate video with the consent." },
  { TAVUS_NAME("created_at"), ANSWERED, .text = "When it was made." },
  { TAVUS_NAME("default_voice_id"), S, SURE(B), .generation = "G5", .id_of = "voice",
    .text = "A voice of Tavus, in place of voice_name." },
  { TAVUS_NAME("error_message"), ANSWERED, .text = "Why the training failed." },
  { TAVUS_NAME("face_id"), S, READ_ONLY, NEWER("replica_id"), .text = "Its id." },
  { TAVUS_NAME("face_name"), S, NEWER("replica_name"), .text = "Its name." },
  { TAVUS_NAME("face_type"), S, READ_ONLY, NEWER("replica_type"), .choices = types,
    .text = "user or system (verbose answers)." },
  { TAVUS_NAME("finetune_status"), S, READ_ONLY, SURE(B), .generation = "G5",
    .choices = finetune_states,
    .text = "Of phoenix-4.5: until completed, it shows a watermark." },
  { TAVUS_NAME("model_name"), S, .choices = models, .label = "a replica model",
    .generation = "?", .text = "phoenix-4 by default." },
  { TAVUS_NAME("original_voice_id"), S, READ_ONLY, SURE(B), .generation = "G5",
    .text = "The voice that it was made with." },
  { TAVUS_NAME("properties"), OBJECT_OF(properties), .generation = "?",
    .text = "What the training video is like." },
  { TAVUS_NAME("replica_id"), ANSWERED, .text = "Its id." },
  { TAVUS_NAME("replica_name"), S, .generation = "?", .text = "Its name." },
  { TAVUS_NAME("replica_type"), ANSWERED, .choices = types,
    .text = "user or system (verbose answers)." },
  { TAVUS_NAME("status"), ANSWERED, .choices = states,
    .text = "started, completed or error." },
  { TAVUS_NAME("thumbnail_video_url"), ANSWERED, .text = "A short video of it." },
  { TAVUS_NAME("train_image_url"), S, PUBLIC_URL, .generation = "?",
    .text = "A portrait to train from, JPG or PNG; needs a voice." },
  { TAVUS_NAME("train_video_url"), S, PUBLIC_URL, .generation = "?",
    .text = "A video to train from; the consent is spoken at its start." },
  { TAVUS_NAME("training_progress"), ANSWERED, .text = "As in 20/100." },
  { TAVUS_NAME("updated_at"), ANSWERED, .text = "When it last changed." },
  { TAVUS_NAME("voice_name"), S, .generation = "G3+",
    .text = "The name of a stock voice, in any case." }
};

static const tavus_alias aliases[] = {
  { "background_green_screen", TO("properties/background_green_screen") },
  { "image_url", TO("train_image_url") },
  { "model", TO("model_name") },
  { "name", TO("replica_name") },
  { "training_image_url", TO("train_image_url") },
  { "training_video_url", TO("train_video_url") },
  { "video_url", TO("train_video_url") },
  { "voice_id", TO("default_voice_id") },
  { "webhook_url", TO("callback_url") },
  { NULL, NULL, NULL }
};

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .field = "train_video_url",
    .fields = WORDS("train_video_url", "train_image_url"),
    .message = "a replica is trained from a video or an image",
    .hint = "give train_video_url or train_image_url" },
  { .kind = TAVUS_RULE_NOT_WITH, .error = true, .when = "train_video_url",
    .fields = WORDS("train_image_url"),
    .message = "a replica takes train_video_url or train_image_url, not both" },
  { .kind = TAVUS_RULE_WHEN_IN, .error = true, .field = "voice_name",
    .fields = WORDS("voice_name", "default_voice_id"), .when = "train_image_url",
    .message = "a replica from an image needs a voice",
    .hint = "give voice_name or default_voice_id" },
  { .kind = TAVUS_RULE_ONE_NAMING,
    .message = "names of /v2/replicas and of /v2/faces in one body",
    .hint = "use the names of one of the two" }
};

static const tavus_shape shape = {
  .name = "replica", LIST(fields), .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A replica."
};

/* The change at /v2/faces/{id}, which has the newer names on either way. */
static const tavus_field change_fields[] = {
  { TAVUS_NAME("default_voice_id"), S, SURE(B), .generation = "G5", .id_of = "voice",
    .text = "The voice to speak with; original_voice_id goes back to the first." },
  { TAVUS_NAME("face_name"), S, SURE(B), .generation = "G5", .text = "The new name." },
  { TAVUS_NAME("replica_name"), S, SURE(B), .generation = "?", .successor = "face_name",
    .text = "The new name, where a name alone is changed." }
};

static const tavus_rule change_rules[] = {
  { .kind = TAVUS_RULE_NOT_BLANK, .error = true,
    .fields = WORDS("face_name", "default_voice_id"),
    .message = "must not be null or blank", .hint = "leave it out to keep it" }
};

static const tavus_shape change_shape = {
  .name = "face_change", LIST(change_fields), RULES(change_rules)
};

static const tavus_field change_body = {
  .types = TAVUS_OBJECT_TYPE, .shape = &change_shape, .text = "A change of a face."
};

static const tavus_field rename_fields[] = {
  { TAVUS_NAME("face_name"), S, NEWER("replica_name"), .text = "The new name." },
  { TAVUS_NAME("replica_name"), S, .generation = "?", .text = "The new name." }
};

static const tavus_rule rename_rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .where = TAVUS_OLDER,
    .field = "replica_name", .fields = WORDS("replica_name", "face_name"),
    .message = "replica_name is missing" },
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .where = TAVUS_NEWER,
    .field = "face_name", .fields = WORDS("replica_name", "face_name"),
    .message = "face_name is missing" }
};

static const tavus_shape rename_shape = {
  .name = "replica_rename", LIST(rename_fields), RULES(rename_rules)
};

static const tavus_field rename_body = {
  .types = TAVUS_OBJECT_TYPE, .shape = &rename_shape, .text = "A new name."
};

static const tavus_states replica_states = {
  .field = "status", .path = WORDS("started"), .ready = "completed",
  .failed = WORDS("error"), .reasons = WORDS("error_message"),
  .progress = "training_progress"
};

#define ALL "/v2/replicas"
#define ONE "/v2/replicas/{replica_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "replica", .twin_kind = "face", .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .paging = TAVUS_PAGES_FROM_UNKNOWN,
    .query = WORDS("limit", "page", "verbose", "replica_type", "face_type",
                   "replica_ids", "face_ids", "model_name") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ, .query = WORDS("verbose") },
  { .name = "patch", .method = "PATCH", .path = "/v2/faces/{face_id}",
    .one_path = true, .sends = TAVUS_SENDS_PARTIAL, .kind = "replica_patch",
    .twin_kind = "face_patch", .body = &change_body,
    .answers = TAVUS_ANSWERS_CHANGED, .repeats = TAVUS_SAME },
  { .name = "rename", .method = "PATCH", .path = ONE "/name",
    .sends = TAVUS_SENDS_OBJECT, .kind = "replica_rename", .twin_kind = "face_rename",
    .body = &rename_body, .wraps = "replica_name", .answers = TAVUS_ANSWERS_NOTHING,
    .repeats = TAVUS_SAME },
  { .name = "delete", .method = "DELETE", .path = ONE, DELETED, .status = 200,
    .query = WORDS("hard") }
};

const tavus_resource tavus_replicas = {
  .name = "replica", .collection = "replicas", .twin = "faces", .twin_id = "face_id",
  .id_field = "replica_id", .name_field = "replica_name", .text = "The face of a persona, trained from a video or an image.",
  .root = &root, .states = &replica_states, .operations = operations,
  .operation_count = TAVUS_COUNT(operations)
};
