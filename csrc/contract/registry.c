/* registry.c - the list of resources, finding kinds and fields, and the forms of names,
** levels and ids. */
#include "rows.h"

/* A new resource has a line here. */
#define RESOURCES(each) \
  each(tavus_personas) \
  each(tavus_conversations) \
  each(tavus_registered_tools) \
  each(tavus_guardrails) \
  each(tavus_objectives) \
  each(tavus_documents) \
  each(tavus_dictionaries) \
  each(tavus_replicas) \
  each(tavus_voices) \
  each(tavus_videos) \
  each(tavus_skills) \
  each(tavus_deployments) \
  each(tavus_memory_stores) \
  each(tavus_lipsyncs) \
  each(tavus_transcriptions) \
  each(tavus_replacements) \
  each(tavus_speeches)

#define DECLARE(resource) extern const tavus_resource resource;
#define POINT_TO(resource) &resource,

RESOURCES(DECLARE)

const tavus_resource *const tavus_resources[] = { RESOURCES(POINT_TO) NULL };

const tavus_field tavus_field_anything = {
  .types = TAVUS_ANY, .text = "Any JSON value."
};

const tavus_field tavus_field_text = {
  .types = TAVUS_STRING, .text = "A text."
};

const tavus_field tavus_field_document_id = {
  .types = TAVUS_STRING, .id_of = "document",
  .made = TAVUS_DOCUMENTS_FIRST, .text = "The id of a document."
};

const tavus_field tavus_field_secret = {
  .types = TAVUS_STRING, .flags = TAVUS_SECRET, .text = "A text, kept secret."
};

const tavus_field tavus_field_secret_any = {
  .types = TAVUS_ANY, .flags = TAVUS_SECRET, .text = "A value, kept secret."
};

/* A kind of body that an operation sends: at the older or at the newer path. */
typedef struct sender {
  const tavus_resource *resource;
  const tavus_operation *operation;
  bool newer;
} sender;

static const char *kind_of(const sender *s) {
  return s->newer ? s->operation->twin_kind : s->operation->kind;
}

static void set_kind(tavus_kind *kind, const sender *s) {
  kind->name = kind_of(s);
  kind->root = s->operation->body != NULL ? s->operation->body : s->resource->root;
  kind->sends = s->operation->sends;
  kind->newer = s->newer;
  kind->patch_rules = s->operation->sends == TAVUS_SENDS_JSON_PATCH
      ? s->resource->patch_rules : NULL;
}

static void set_tool(tavus_kind *kind) {
  *kind = (tavus_kind){ .name = "tool", .root = &tavus_field_tool,
                        .sends = TAVUS_SENDS_OBJECT };
}

/* Finds the first sender of that kind. Returns false when there is none. */
static bool find_sender(const char *kind, sender *s) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++)
    for (size_t i = 0; i < 2 * (*r)->operation_count; i++) {
      *s = (sender){ *r, &(*r)->operations[i / 2], i % 2 != 0 };
      if (kind_of(s) != NULL && strcmp(kind_of(s), kind) == 0) return true;
    }
  return false;
}

bool tavus_kind_find(const char *name, tavus_kind *kind) {
  sender s;
  if (find_sender(name, &s)) set_kind(kind, &s);
  else if (strcmp(name, "tool") == 0) set_tool(kind);
  else return false;
  return true;
}

bool tavus_kind_at(size_t i, tavus_kind *kind) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++)
    for (size_t o = 0; o < 2 * (*r)->operation_count; o++) {
      sender s = { *r, &(*r)->operations[o / 2], o % 2 != 0 }, first;
      if (kind_of(&s) == NULL || !find_sender(kind_of(&s), &first) ||
          first.operation != s.operation || first.newer != s.newer || i-- > 0)
        continue;
      set_kind(kind, &s);
      return true;
    }
  set_tool(kind);
  return i == 0;
}

const tavus_field *tavus_field_find(const tavus_shape *shape, const char *name,
                                    size_t length) {
  size_t low = 0, high = shape->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const tavus_field *field = &shape->fields[middle];
    size_t common = length < field->length ? length : field->length;
    int order = length == 0 ? -1
                            : (unsigned char)name[0] - (unsigned char)field->name[0];
    if (order == 0) order = memcmp(name, field->name, common);
    if (order == 0 && length == field->length) return field;
    if (order < 0 || (order == 0 && length < field->length)) high = middle;
    else low = middle + 1;
  }
  return NULL;
}

static bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

tavus_name_grade tavus_tool_name_check(const char *name, size_t length) {
  if (length == 0 || length > 64) return TAVUS_NAME_BAD;
  bool dash = false;
  for (size_t i = 0; i < length; i++) {
    if (name[i] == '-') dash = true;
    else if (!letter(name[i]) && !digit(name[i]) && name[i] != '_')
      return TAVUS_NAME_BAD;
  }
  return dash || digit(name[0]) ? TAVUS_NAME_DOUBTFUL : TAVUS_NAME_GOOD;
}

const char tavus_tool_name_hint[] = TAVUS_TOOL_NAMES;

const char tavus_level_hint[] = "the levels are low, medium, high";

size_t tavus_without_level(const char *text, size_t length) {
  /* Hints do not name the last two. */
  static const char *const levels[] = { "low", "medium", "high", "lowest",
                                        "highest" };
  const char *colon = memchr(text, ':', length);
  if (colon == NULL) return length;
  size_t name = (size_t)(colon - text), rest = length - name - 1;
  for (size_t i = 0; i < TAVUS_COUNT(levels); i++)
    if (strlen(levels[i]) == rest && memcmp(levels[i], colon + 1, rest) == 0)
      return name;
  return length;
}

const char *tavus_id_look(const char *id, size_t length) {
  static const struct {
    char letter;
    size_t shortest; /* the longest has 13 characters */
    const char *thing;
  } looks[] = { { 'p', 8, "persona" }, { 'r', 8, "replica" }, { 'c', 8, "conversation" },
                { 'g', 13, "guardrail" }, { 'o', 13, "objectives" }, { 't', 13, "tool" },
                { 'v', 13, "voice" } };
  if (length > 13) return NULL;
  for (size_t i = 1; i < length; i++)
    if (!digit(id[i]) && !(id[i] >= 'a' && id[i] <= 'f')) return NULL;
  for (size_t i = 0; i < TAVUS_COUNT(looks); i++)
    if (length >= looks[i].shortest && looks[i].letter == id[0]) return looks[i].thing;
  return NULL;
}
