/* dictionaries.c - pronunciation dictionaries: how words are spoken. */
#include "rows.h"

static const tavus_choice rule_types[] = {
  { "alias", NULL }, { "ipa", NULL }, { NULL, NULL }
};

static const tavus_field entry_fields[] = {
  { TAVUS_NAME("case_sensitive"), B, .generation = "G3+",
    .text = "Whether case counts; false by default." },
  { TAVUS_NAME("pronunciation"), S, .generation = "G3+", .max_length = 500,
    .text = "How it is spoken: other words, or IPA." },
  { TAVUS_NAME("text"), S, .generation = "G3+", .max_length = 200,
    .text = "What is written." },
  { TAVUS_NAME("type"), S, .generation = "G3+", .choices = rule_types,
    .label = "a type of rule", .text = "alias or ipa." },
  { TAVUS_NAME("word_boundaries"), B, .generation = "G3+",
    .text = "Whether only whole words count; true by default." }
};

#define REQUIRED(its) { .kind = TAVUS_RULE_UNLESS, .error = true, .field = its, \
  .message = its " is missing" }

static const tavus_rule entry_rules[] = {
  REQUIRED("text"), REQUIRED("pronunciation"), REQUIRED("type")
};

static const tavus_alias entry_aliases[] = {
  { "alias", TO("pronunciation") },
  { "phoneme", TO("pronunciation") },
  { "word", TO("text") },
  { NULL, NULL, NULL }
};

static const tavus_shape pronunciation_rule = {
  .name = "pronunciation_rule", .fields = entry_fields,
  .count = TAVUS_COUNT(entry_fields), .aliases = entry_aliases, RULES(entry_rules)
};

static const tavus_field entry = {
  .types = TAVUS_OBJECT_TYPE, .shape = &pronunciation_rule, .text = "A rule."
};

static const tavus_field fields[] = {
  { TAVUS_NAME("created_at"), S, READ_ONLY, .generation = "G3+",
    .text = "When it was made." },
  { TAVUS_NAME("name"), S, .generation = "G3+", .max_length = 255, .text = "Its name." },
  { TAVUS_NAME("pronunciation_dictionary_id"), S, READ_ONLY, .generation = "G3+",
    .text = "Its id." },
  { TAVUS_NAME("rules"), .types = TAVUS_ARRAY_TYPE, .items = &entry,
    .generation = "G3+", .text = "The words; no text twice." },
  { TAVUS_NAME("rules_count"), I, READ_ONLY, .generation = "G3+",
    .text = "How many rules it has." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, .generation = "G3+",
    .text = "When it last changed." }
};

static const tavus_rule rules[] = {
  REQUIRED("name"),
  { .kind = TAVUS_RULE_UNIQUE, .error = true, .field = "rules", .when = "text",
    .message = "is the text of another rule, too" }
};

static const tavus_alias aliases[] = {
  { "entries", TO("rules") },
  { "words", TO("rules") },
  { NULL, NULL, NULL }
};

static const tavus_shape shape = {
  .name = "pronunciation_dictionary", .fields = fields, .count = TAVUS_COUNT(fields),
  .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A pronunciation dictionary."
};

#define ALL "/v2/pronunciation-dictionaries"
#define ONE ALL "/{pronunciation_dictionary_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "pronunciation_dictionary", .status = 201, .at = TAVUS_AT_ANY },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .paging = TAVUS_PAGES_FROM_0,
    .query = WORDS("limit", "page", "sort") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_JSON_PATCH,
    .kind = "pronunciation_dictionary_patch", .answers = TAVUS_ANSWERS_CHANGED,
    .at = TAVUS_AT_ANY, .repeats = TAVUS_OPS },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") }
};

const tavus_resource tavus_dictionaries = {
  .name = "pronunciation_dictionary", .collection = "pronunciation_dictionaries",
  .id_field = "pronunciation_dictionary_id", .name_field = "name",
  .text = "How words are spoken.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
