/* registry.c - the list of resources, finding kinds and fields, and the forms of names,
** levels and ids. */
#include "rows.h"

/* A new resource has a line here. */
#define RESOURCES(each) \
  each(tavus_personas) \
  each(tavus_conversations)

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
  .types = TAVUS_STRING, .made = TAVUS_DOCUMENTS_FIRST, .text = "A document."
};

const tavus_field tavus_field_secret = {
  .types = TAVUS_STRING, .flags = TAVUS_SECRET, .text = "A text, kept secret."
};

const tavus_field tavus_field_secret_any = {
  .types = TAVUS_ANY, .flags = TAVUS_SECRET, .text = "A value, kept secret."
};

static void set_kind(tavus_kind *kind, const tavus_resource *resource,
                     const tavus_operation *operation) {
  kind->name = operation->kind;
  kind->root = operation->body != NULL ? operation->body : resource->root;
  kind->sends = operation->sends;
  kind->patch_rules = operation->sends == TAVUS_SENDS_JSON_PATCH
      ? resource->patch_rules : NULL;
}

static void set_tool(tavus_kind *kind) {
  *kind = (tavus_kind){ .name = "tool", .root = &tavus_field_tool,
                        .sends = TAVUS_SENDS_OBJECT };
}

/* Returns the first operation with a body of that kind, and sets *owner to its resource;
** or NULL. */
static const tavus_operation *sender_of(const char *kind,
                                        const tavus_resource **owner) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++)
    for (size_t i = 0; i < (*r)->operation_count; i++) {
      const tavus_operation *operation = &(*r)->operations[i];
      *owner = *r;
      if (operation->kind != NULL && strcmp(operation->kind, kind) == 0)
        return operation;
    }
  return NULL;
}

bool tavus_kind_find(const char *name, tavus_kind *kind) {
  const tavus_resource *owner;
  const tavus_operation *operation = sender_of(name, &owner);
  if (operation != NULL) set_kind(kind, owner, operation);
  else if (strcmp(name, "tool") == 0) set_tool(kind);
  else return false;
  return true;
}

bool tavus_kind_at(size_t i, tavus_kind *kind) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++)
    for (size_t o = 0; o < (*r)->operation_count; o++) {
      const tavus_operation *operation = &(*r)->operations[o];
      const tavus_resource *owner;
      if (operation->kind == NULL ||
          sender_of(operation->kind, &owner) != operation || i-- > 0)
        continue;
      set_kind(kind, owner, operation);
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
    const char *thing;
  } looks[] = { { 'p', "persona" }, { 'r', "replica" } };
  if (length < 8 || length > 13) return NULL;
  for (size_t i = 1; i < length; i++)
    if (!digit(id[i]) && !(id[i] >= 'a' && id[i] <= 'f')) return NULL;
  for (size_t i = 0; i < TAVUS_COUNT(looks); i++)
    if (looks[i].letter == id[0]) return looks[i].thing;
  return NULL;
}
