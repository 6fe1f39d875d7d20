/* memory_stores.c - what a persona remembers of one participant, and the memories that
** are pinned to it. */
#include "rows.h"

#define G5 SURE(B), .generation = "G5"

/* Created as texts, answered as objects with an id. */
static const tavus_field pinned_item = {
  .types = TAVUS_STRING | TAVUS_OBJECT_TYPE, .max_length = 500, .text = "A memory."
};

static const tavus_field fields[] = {
  { TAVUS_NAME("created_at"), S, READ_ONLY, G5, .text = "When it was made." },
  { TAVUS_NAME("learned"), .types = TAVUS_ANY, READ_ONLY, SURE(C), .generation = "G5",
    .text = "What was learned in conversations, or null." },
  { TAVUS_NAME("memory_store_id"), S, READ_ONLY, G5, .text = "Its id." },
  { TAVUS_NAME("pal_id"), S, G5, .id_of = "persona", .text = "Who remembers." },
  { TAVUS_NAME("participant_tag"), S, G5, .text = "Whom it is about." },
  { TAVUS_NAME("pinned_memories"), .types = TAVUS_ARRAY_TYPE, .items = &pinned_item,
    .max_items = 30, G5, .text = "Texts to pin at once." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, G5, .text = "When it last changed." }
};

static const tavus_alias aliases[] = {
  { "memories", TO("pinned_memories") },
  { "participant", TO("participant_tag") },
  { "participant_tags", SAY("one store is about one participant: participant_tag") },
  { "persona_id", TO("pal_id") },
  { "tag", TO("participant_tag") },
  { NULL, NULL, NULL }
};

static const tavus_rule rules[] = { REQUIRED("pal_id"), REQUIRED("participant_tag") };

static const tavus_shape shape = {
  .name = "memory_store", LIST(fields), .aliases = aliases, RULES(rules)
};

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &shape, .text = "A memory store."
};

TEXT_BODY(memory, "memory", "What to remember.", .max_length = 500)

#define ALL "/v2/memory-stores"
#define ONE "/v2/memory-stores/{memory_store_id}"
#define PINNED ONE "/pinned"

#define MEMORY .row = "object", .kind = "pinned_memory", .body = &memory_body, .wraps = "memory"

static const tavus_operation operations[] = {
  /* One store exists for a pair, so a repeat makes no second one. What it answers is not
  ** known. */
  { .name = "create", .method = "POST", .path = ALL, .sends = TAVUS_SENDS_OBJECT,
    .kind = "memory_store", .at = TAVUS_AT_ANY, .repeats = TAVUS_DONE },
  { .name = "list", .method = "GET", .path = ALL, .answers = TAVUS_ANSWERS_LIST,
    .repeats = TAVUS_READ, .query = WORDS("pal_id", "participant_tag") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "delete", .method = "DELETE", .path = ONE, DELETED },
  { .name = "pinned", .method = "GET", .path = PINNED, .answers = TAVUS_ANSWERS_LIST,
    .rows = "pinned_memories", .row = "object", .repeats = TAVUS_READ },
  { .name = "pin", .method = "POST", .path = PINNED, .sends = TAVUS_SENDS_OBJECT,
    MEMORY, .answers = TAVUS_ANSWERS_CHANGED, .at = TAVUS_AT_ANY },
  { .name = "edit_pin", .method = "PATCH", .path = PINNED "/{memory_id}",
    .sends = TAVUS_SENDS_PARTIAL, MEMORY, .answers = TAVUS_ANSWERS_CHANGED,
    .at = TAVUS_AT_ANY, .repeats = TAVUS_SAME },
  { .name = "unpin", .method = "DELETE", .path = PINNED "/{memory_id}", DELETED }
};

const tavus_resource tavus_memory_stores = {
  .name = "memory_store", .collection = "memory_stores", .id_field = "memory_store_id",
  .text = "What a persona remembers of a participant.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
