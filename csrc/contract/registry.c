/* registry.c - which resources and kinds there are, looking them up, and what
** names, levels and ids look like. */
#include "contract.h"

/* A new resource is one line here. */
const tavus_resource *const tavus_resources[] = {
  &tavus_personas,
  &tavus_conversations,
  NULL
};

const tavus_field tavus_field_anything = {
  .types = TAVUS_ANY, .text = "Any JSON value."
};

const tavus_field tavus_field_text = {
  .types = TAVUS_STRING, .text = "A text."
};

const tavus_field tavus_field_secret = {
  .types = TAVUS_STRING, .flags = TAVUS_SECRET, .text = "A text, kept secret."
};

const tavus_field tavus_field_secret_any = {
  .types = TAVUS_ANY, .flags = TAVUS_SECRET, .text = "A value, kept secret."
};

bool tavus_kind_at(size_t i, tavus_kind *kind) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++) {
    memset(kind, 0, sizeof *kind);
    kind->root = (*r)->root;
    if (i-- == 0) {
      kind->name = (*r)->kind;
      return true;
    }
    if ((*r)->patch_kind == NULL) continue;
    if (i-- == 0) {
      kind->name = (*r)->patch_kind;
      kind->patch = true;
      kind->patch_rules = (*r)->patch_rules;
      return true;
    }
  }
  if (i != 0) return false;
  memset(kind, 0, sizeof *kind);
  kind->name = "tool";
  kind->root = &tavus_field_tool;
  return true;
}

bool tavus_kind_find(const char *name, tavus_kind *kind) {
  for (size_t i = 0; tavus_kind_at(i, kind); i++)
    if (strcmp(kind->name, name) == 0) return true;
  return false;
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
  /* The last two are taken, and offered to nobody. */
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
