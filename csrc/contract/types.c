/* types.c - the names of the types of JSON. */
#include "contract.h"

static const struct {
  unsigned type;
  const char *name;
} names[] = {
  { TAVUS_STRING, "string" }, { TAVUS_NUMBER, "number" },
  { TAVUS_INTEGER, "integer" }, { TAVUS_BOOLEAN, "boolean" },
  { TAVUS_ARRAY_TYPE, "array" }, { TAVUS_OBJECT_TYPE, "object" }
};

const char *tavus_type_words(char out[TAVUS_TYPES_ROOM], unsigned types) {
  out[0] = '\0';
  for (size_t i = 0; i < TAVUS_COUNT(names); i++) {
    if ((types & names[i].type) == 0) continue;
    if (out[0] != '\0') (void)strcat(out, " or ");
    (void)strcat(out, names[i].name);
  }
  return out[0] != '\0' ? out : strcpy(out, "nothing");
}

unsigned tavus_type_named(const char *name) {
  for (size_t i = 0; i < TAVUS_COUNT(names); i++)
    if (strcmp(names[i].name, name) == 0) return names[i].type;
  return 0;
}
