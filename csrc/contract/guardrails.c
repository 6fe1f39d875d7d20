/* guardrails.c - guardrails: one, or a set of the earlier generation, on one path. Which
** of the two a body is tells its shape. */
#include "rows.h"

#define URL S, .flags = TAVUS_PUBLIC_URL, .max_length = 2048

static const tavus_choice modalities[] = {
  { "verbal", NULL }, { "visual", NULL }, { NULL, NULL }
};

#define CALLBACK { TAVUS_NAME("callback_url"), URL, .generation = "G2+", \
  .text = "Who is told when it fires." }
#define MODALITY { TAVUS_NAME("modality"), S, .generation = "G2+", \
  .choices = modalities, .label = "a modality", .text = "verbal (default) or visual." }
#define OLD_NAME(its, newer) { TAVUS_NAME(its), S, SURE(C), .generation = "G2", \
  .successor = newer, .text = "An earlier spelling." }

static const tavus_field item_fields[] = {
  CALLBACK,
  { TAVUS_NAME("guardrail_name"), S, .generation = "G2+", .text = "Its name." },
  { TAVUS_NAME("guardrail_prompt"), S, .generation = "G2+",
    .text = "What must not happen." },
  OLD_NAME("guardrails_name", "guardrail_name"),
  OLD_NAME("guardrails_prompt", "guardrail_prompt"),
  MODALITY,
  { TAVUS_NAME("uuid"), S, READ_ONLY, SURE(B), .generation = "G3+", .text = "Its id." }
};

#define NAMED(first, second, its) { .kind = TAVUS_RULE_ONE_OF, .error = true, \
  .field = first, .fields = WORDS(first, second), .message = its }

static const tavus_rule item_rules[] = {
  NAMED("guardrail_name", "guardrails_name", "guardrail_name is missing"),
  NAMED("guardrail_prompt", "guardrails_prompt", "guardrail_prompt is missing")
};

static const tavus_alias item_aliases[] = {
  { "name", TO("guardrail_name") },
  { "prompt", TO("guardrail_prompt") },
  { NULL, NULL, NULL }
};

static const tavus_shape guardrail_item = {
  .name = "guardrail_item", .fields = item_fields, .count = TAVUS_COUNT(item_fields),
  .aliases = item_aliases, RULES(item_rules)
};

static const tavus_field item = {
  .types = TAVUS_OBJECT_TYPE, .shape = &guardrail_item, .text = "One of a set."
};

static const tavus_field fields[] = {
  { TAVUS_NAME("app_message"), B, SURE(B), .generation = "G3+",
    .text = "Whether the call is told when it fires; true by default." },
  CALLBACK,
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "G2+",
    .text = "When it was made." },
  { TAVUS_NAME("data"), .types = TAVUS_ARRAY_TYPE, .items = &item, .generation = "G2",
    .text = "The guardrails of a set." },
  { TAVUS_NAME("guardrail_name"), S, SURE(B), .generation = "G3+", .max_length = 100,
    .form = TAVUS_FORM_WORD, .text = "The name of one." },
  { TAVUS_NAME("guardrail_prompt"), S, SURE(B), .generation = "G3+",
    .max_length = 1000, .text = "What must not happen." },
  { TAVUS_NAME("guardrails_id"), S, READ_ONLY, .generation = "G2",
    .text = "The id of a set." },
  { TAVUS_NAME("guardrails_name"), S, READ_ONLY, .generation = "G2",
    .text = "The name of a set, in answers." },
  MODALITY,
  { TAVUS_NAME("name"), S, .generation = "G2", .text = "The name of a set." },
  { TAVUS_NAME("tags"), STRINGS, SURE(B), .generation = "G3+", .max_items = 32,
    .text = "Words to find it by; personas attach them as guardrail_tags." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, .generation = "G2+",
    .text = "When it last changed." },
  { TAVUS_NAME("uuid"), S, READ_ONLY, SURE(B), .generation = "G3+",
    .text = "The id of one." }
};

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_ONE_OF, .error = true, .field = "guardrail_name",
    .fields = WORDS("guardrail_name", "data"),
    .message = "guardrail_name is missing",
    .hint = "a set of guardrails has them in data instead" },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "guardrail_prompt",
    .when = "guardrail_name", .message = "guardrail_prompt is missing" },
  { .kind = TAVUS_RULE_NOT_WITH, .when = "data",
    .fields = WORDS("guardrail_name", "guardrail_prompt", "tags", "app_message"),
    .message = "has no meaning beside data",
    .hint = "the members of a guardrail go into data, or data is left out" }
};

static const tavus_alias aliases[] = {
  { "guardrails", TO("data") },
  { "prompt", TO("guardrail_prompt") },
  { NULL, NULL, NULL }
};

static const tavus_shape shape = {
  .name = "guardrail", .fields = fields, .count = TAVUS_COUNT(fields),
  .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A guardrail, or a set."
};

#define ONE "/v2/guardrails/{uuid}"

/* A set is answered as { data = items }, which is the set itself. */
static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/guardrails",
    .sends = TAVUS_SENDS_OBJECT, .kind = "guardrail" },
  { .name = "list", .method = "GET", .path = "/v2/guardrails",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_1, .find = "legacy=false",
    .query = WORDS("legacy", "name_or_uuid", "limit", "page") },
  { .name = "get", .method = "GET", .path = ONE, .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_JSON_PATCH,
    .kind = "guardrail_patch", .answers = TAVUS_ANSWERS_CHANGED,
    .repeats = TAVUS_OPS },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") }
};

const tavus_resource tavus_guardrails = {
  .name = "guardrail", .collection = "guardrails", .id_field = "uuid", .name_field = "guardrail_name",
  .other_id = "guardrails_id",
  .text = "What a persona must not do, and who is told when it does.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
