/* deployments.c - deployments: a persona on a web page, and the three calls that the
** page itself makes, without the API key. */
#include "rows.h"

static const tavus_choice channels[] = {
  { "widget", NULL }, { "embed", NULL }, { "landing-page", NULL }, { NULL, NULL }
};

static const tavus_choice states[] = {
  { "draft", NULL }, { "active", NULL }, { "inactive", NULL }, { NULL, NULL }
};

static const tavus_field limit_fields[] = {
  { TAVUS_NAME("daily_call_limit_per_user"), I, SURE(B), .has_minimum = true,
    .generation = "G4", .text = "Calls a day and visitor." },
  { TAVUS_NAME("max_call_duration"), I, SURE(B), .has_minimum = true, .generation = "G4",
    .text = "Longest call in seconds." }
};

static const tavus_shape limits = { .name = "deployment_limits", LIST(limit_fields) };

#define ANSWERED S, READ_ONLY, SURE(B), .generation = "G4"
#define COUNTED I, READ_ONLY, SURE(B), .generation = "G4"

static const tavus_field fields[] = {
  { TAVUS_NAME("allowed_origins"), STRINGS, SURE(B), .generation = "G4",
    .text = "Web sites that may show it." },
  { TAVUS_NAME("channel"), S, SURE(B), .choices = channels, .label = "a channel",
    .generation = "G4", .text = "widget, embed or landing-page." },
  { TAVUS_NAME("created_at"), ANSWERED, .text = "When it was made." },
  { TAVUS_NAME("customization"), .types = TAVUS_OBJECT_TYPE, SURE(B),
    .generation = "G4", .text = "How it looks." },
  { TAVUS_NAME("deployment_id"), ANSWERED, .text = "Its id." },
  { TAVUS_NAME("has_password"), B, READ_ONLY, SURE(B), .generation = "G4",
    .text = "Whether a visitor needs a password." },
  { TAVUS_NAME("limits"), OBJECT_OF(limits), SURE(B), .generation = "G4",
    .text = "How long and how often visitors may call." },
  { TAVUS_NAME("name"), S, SURE(B), .generation = "G4", .text = "Its name." },
  { TAVUS_NAME("pal_id"), S, SURE(B), .generation = "G4", .id_of = "persona",
    .text = "The persona that it shows." },
  { TAVUS_NAME("password"), S, .flags = TAVUS_SECRET, SURE(B), .generation = "G4",
    .text = "What a visitor has to know; null: nothing." },
  { TAVUS_NAME("replica_thumbnail_video_url"), ANSWERED,
    .deprecated = "deprecated, use thumbnail_video_url", .text = "A short video." },
  { TAVUS_NAME("status"), S, SURE(B), .choices = states, .generation = "G4",
    .text = "draft, active or inactive." },
  { TAVUS_NAME("thumbnail_image_url"), ANSWERED, .text = "A picture." },
  { TAVUS_NAME("thumbnail_video_url"), ANSWERED, .text = "A short video." },
  { TAVUS_NAME("updated_at"), ANSWERED, .text = "When it last changed." },
  { TAVUS_NAME("usage_today"), COUNTED, .text = "Calls today." },
  { TAVUS_NAME("usage_total"), COUNTED, .text = "Calls ever." }
};

static const tavus_alias aliases[] = {
  { "daily_call_limit_per_user", TO("limits/daily_call_limit_per_user") },
  { "deployment_name", TO("name") },
  { "max_call_duration", TO("limits/max_call_duration") },
  { "origins", TO("allowed_origins") },
  { "persona_id", TO("pal_id") },
  { "type", TO("channel") },
  { NULL, NULL, NULL }
};

static const tavus_rule rules[] = {
  REQUIRED("pal_id"),
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "channel",
    .message = "channel is missing", .hint = "widget, embed or landing-page" }
};

static const tavus_shape shape = {
  .name = "deployment", LIST(fields), .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A deployment."
};

static const tavus_field start_fields[] = {
  { TAVUS_NAME("captcha_token"), S, .flags = TAVUS_SECRET, SURE(B), .generation = "G4",
    .text = "That the visitor is a person." },
  { TAVUS_NAME("conversational_context"), S, SURE(B), .generation = "G4",
    .text = "Added to the persona's prompt for this call." },
  { TAVUS_NAME("custom_greeting"), S, SURE(B), .generation = "G4",
    .text = "What the persona says first." },
  { TAVUS_NAME("memory_stores"), STRINGS, SURE(B), .generation = "G4",
    .text = "Where memories of it are kept." },
  { TAVUS_NAME("pal_id"), S, SURE(B), .generation = "G4", .id_of = "persona",
    .text = "For a preview: who takes part." },
  { TAVUS_NAME("password"), S, .flags = TAVUS_SECRET, SURE(B), .generation = "G4",
    .text = "The password of the deployment." }
};

static const tavus_shape start_shape = { .name = "deployment_start", LIST(start_fields) };

static const tavus_field start_body = {
  .types = TAVUS_OBJECT_TYPE, .shape = &start_shape, .text = "A call from a page."
};

#define ALL "/v2/deployments"
#define ONE "/v2/deployments/{deployment_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "deployment", .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .paging = TAVUS_PAGES_FROM_UNKNOWN,
    .query = WORDS("limit", "page") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_JSON_PATCH,
    .kind = "deployment_patch", .answers = TAVUS_ANSWERS_CHANGED,
    .repeats = TAVUS_OPS, .condition = "If-Match" },
  { .name = "delete", .method = "DELETE", .path = ONE, DELETED },
  { .name = "init", .method = "GET", .path = ONE "/init", .at = TAVUS_AT_ANY,
    .row = "object", .repeats = TAVUS_READ, .without_key = true },
  { .name = "start", .method = "POST", .path = ONE "/start",
    .sends = TAVUS_SENDS_OBJECT, .kind = "deployment_start", .body = &start_body,
    .at = TAVUS_AT_ANY, .row = "conversation", .timeout = 60, .deadline = 120,
    .without_key = true },
  /* Its body and its errors are not known; one that has ended is taken for ended. */
  { .name = "end", .method = "POST", .path = ONE "/end",
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found", "conversation_ended"), .without_key = true }
};

const tavus_resource tavus_deployments = {
  .name = "deployment", .collection = "deployments", .id_field = "deployment_id", .name_field = "name",
  .text = "A persona on a web page.", .root = &root, .operations = operations,
  .operation_count = TAVUS_COUNT(operations)
};
