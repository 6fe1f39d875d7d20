/* objectives.c - objectives: a chain of steps, all in one object. */
#include "rows.h"

static const tavus_choice confirmations[] = {
  { "auto", NULL }, { "manual", NULL }, { NULL, NULL }
};

static const tavus_choice modalities[] = {
  { "verbal", NULL }, { "visual", NULL }, { NULL, NULL }
};

static const tavus_shape conditions = {
  .name = "conditions", .other = &tavus_field_text,
  .looks = "{ step_name = \"when the answer is no\" }"
};

static const tavus_field item_fields[] = {
  { TAVUS_NAME("callback_url"), S, .generation = "G2+", .flags = TAVUS_PUBLIC_URL,
    .text = "Who is told when it is reached." },
  { TAVUS_NAME("confirmation_mode"), S, .generation = "G2+", .choices = confirmations,
    .label = "a confirmation mode", .text = "auto (default) or manual." },
  { TAVUS_NAME("modality"), S, .generation = "G2+", .choices = modalities,
    .label = "a modality", .text = "verbal (default) or visual." },
  { TAVUS_NAME("next_conditional_objectives"), OBJECT_OF(conditions),
    .generation = "G2+", .text = "The steps that may follow, by name, and when." },
  { TAVUS_NAME("next_required_objective"), S, .generation = "G2+",
    .text = "The step that follows, by name." },
  { TAVUS_NAME("next_required_objectives"), STRINGS, SURE(C), .generation = "?",
    .deprecated = "an older spelling", .successor = "next_required_objective",
    .text = "The step that follows, by name." },
  { TAVUS_NAME("objective_name"), S, .generation = "G2+", .form = TAVUS_FORM_SOLID,
    .text = "Its name, without blanks." },
  { TAVUS_NAME("objective_prompt"), S, .generation = "G2+",
    .text = "What is to be reached." },
  { TAVUS_NAME("output_variables"), STRINGS, .generation = "G2+",
    .text = "What is to be found out." }
};

static const tavus_rule item_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "objective_name",
    .message = "objective_name is missing" },
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "objective_prompt",
    .message = "objective_prompt is missing" }
};

static const tavus_alias item_aliases[] = {
  { "name", TO("objective_name") },
  { "prompt", TO("objective_prompt") },
  { "next", TO("next_required_objective") },
  { NULL, NULL, NULL }
};

static const tavus_shape objective = {
  .name = "objective", .fields = item_fields, .count = TAVUS_COUNT(item_fields),
  .aliases = item_aliases, RULES(item_rules)
};

static const tavus_field item = {
  .types = TAVUS_OBJECT_TYPE, .shape = &objective, .text = "A step."
};

static const tavus_field fields[] = {
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "G2+",
    .text = "When they were made." },
  { TAVUS_NAME("data"), .types = TAVUS_ARRAY_TYPE, .items = &item, .generation = "G2+",
    .text = "The steps, in any order." },
  { TAVUS_NAME("name"), S, .generation = "G2+", .text = "Their name." },
  { TAVUS_NAME("objective_name"), S, READ_ONLY, .generation = "G2+",
    .text = "The name of a step, in answers." },
  { TAVUS_NAME("objectives_id"), S, READ_ONLY, .generation = "G2+",
    .text = "Their id." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, .generation = "G2+",
    .text = "When they last changed." }
};

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "data",
    .message = "data is missing: the steps" },
  { .kind = TAVUS_RULE_CHAIN, .field = "data", .when = "objective_name",
    .fields = WORDS("next_required_objective", "next_required_objectives",
                    "next_conditional_objectives"),
    .message = "Tavus accepts such a chain, and the call ends soon after its start" }
};

static const tavus_alias aliases[] = {
  { "objectives", TO("data") },
  { "objective_prompt", SAY("the steps stand in data: { data = { { ... } } }") },
  { NULL, NULL, NULL }
};

static const tavus_shape shape = {
  .name = "objective_set", .fields = fields, .count = TAVUS_COUNT(fields),
  .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "Objectives."
};

#define ONE "/v2/objectives/{objectives_id}"

/* Objectives are answered as { data = steps }, which is the object itself. */
static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/objectives",
    .sends = TAVUS_SENDS_OBJECT, .kind = "objectives" },
  { .name = "list", .method = "GET", .path = "/v2/objectives",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_1, .query = WORDS("limit", "page") },
  { .name = "get", .method = "GET", .path = ONE, .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_JSON_PATCH,
    .kind = "objectives_patch", .answers = TAVUS_ANSWERS_CHANGED,
    .repeats = TAVUS_OPS },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") }
};

const tavus_resource tavus_objectives = {
  .name = "objective_set", .collection = "objectives", .id_field = "objectives_id", .name_field = "objective_name",
  .text = "What a persona works towards in a call, step by step.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
