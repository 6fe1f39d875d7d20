/* patch.c - the shape of a JSON Patch (RFC 6902) and the words of its operations. */
#include "rows.h"

/* The first six are the operations. People write the others by mistake. */
const tavus_patch_word tavus_patch_words[] = {
  { "add", "add", true, false },
  { "copy", "copy", false, true },
  { "move", "move", false, true },
  { "remove", "remove", false, false },
  { "replace", "replace", true, false },
  { "test", "test", true, false },
  { "append", "add", true, false },
  { "create", "add", true, false },
  { "delete", "remove", false, false },
  { "insert", "add", true, false },
  { "merge", "replace", true, false },
  { "put", "replace", true, false },
  { "rename", "move", false, true },
  { "set", "replace", true, false },
  { "unset", "remove", false, false },
  { "update", "replace", true, false },
  { NULL, NULL, false, false }
};

#define POINTER .types = TAVUS_STRING, .instead_of = TAVUS_ARRAY_TYPE, \
  .instead = "a pointer is one text: \"/layers/llm/model\""

static const tavus_field op_fields[] = {
  { TAVUS_NAME("from"), POINTER, .sure = TAVUS_SURE_B,
    .text = "Where move and copy take the value: a JSON Pointer." },
  { TAVUS_NAME("op"), .types = TAVUS_STRING,
    .text = "add, remove, replace, move, copy or test." },
  { TAVUS_NAME("path"), POINTER,
    .text = "Where it happens: a JSON Pointer from the persona's root." },
  { TAVUS_NAME("value"), .types = TAVUS_ANY, .flags = TAVUS_PATCH_VALUE,
    .text = "The new value of add and replace, the expected one of test." }
};

static const tavus_alias op_aliases[] = {
  { "action", TO("op") },
  { "body", TO("value") },
  { "data", TO("value") },
  { "field", TO("path") },
  { "key", TO("path") },
  { "layers", SAY("one operation for each value, as { op = \"add\", "
                  "path = \"/layers/llm/model\", value = ... }") },
  { "new_value", TO("value") },
  { "operation", TO("op") },
  { "pointer", TO("path") },
  { "property", TO("path") },
  { "source", TO("from") },
  { "target", TO("path") },
  { "type", TO("op") },
  { "val", TO("value") },
  { NULL, NULL, NULL }
};

static const tavus_shape op_shape = {
  .name = "operation",
  .looks = "{ op = \"replace\", path = \"/persona_name\", value = \"...\" }",
  .fields = op_fields, .count = TAVUS_COUNT(op_fields),
  .aliases = op_aliases
};

const tavus_field tavus_field_patch_op = {
  .types = TAVUS_OBJECT_TYPE, .shape = &op_shape,
  .text = "An operation."
};

const tavus_field tavus_field_patch = {
  .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_patch_op,
  .text = "A JSON Patch: operations, one after the other."
};
