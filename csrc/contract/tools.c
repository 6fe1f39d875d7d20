/* tools.c - the tool object: one form, used by the llm layer and by perception
** (contract section 3.7). */
#include "contract.h"

static const tavus_choice tool_types[] = { { "function", NULL }, { NULL, NULL } };

static const tavus_field function_fields[] = {
  { TAVUS_NAME("description"), .types = TAVUS_STRING, .generation = "G0+",
    .text = "When and why the model should call it." },
  { TAVUS_NAME("name"), .types = TAVUS_STRING, .generation = "G0+",
    .flags = TAVUS_TOOL_NAME,
    .text = "The name the model calls; letters, digits and _." },
  { TAVUS_NAME("parameters"), .types = TAVUS_OBJECT_TYPE, .generation = "G0+",
    .shape = &tavus_shape_parameters,
    .text = "JSON Schema of the arguments; its type is object." }
};

static const tavus_alias function_aliases[] = {
  { "required", "belongs under parameters" },
  { "properties", "belongs under parameters" },
  { "arguments", "did you mean \"parameters\"?" },
  { "input_schema", "did you mean \"parameters\"?" },
  { NULL, NULL }
};

static const tavus_rule function_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "name",
    .message = "a function needs a name" }
};

static const tavus_shape function_shape = {
  .name = "function", .fields = function_fields,
  .count = TAVUS_COUNT(function_fields), .aliases = function_aliases,
  .rules = function_rules, .rule_count = TAVUS_COUNT(function_rules)
};

static const tavus_field tool_fields[] = {
  { TAVUS_NAME("function"), .types = TAVUS_OBJECT_TYPE, .generation = "G0+",
    .shape = &function_shape, .text = "What the model may call." },
  { TAVUS_NAME("type"), .types = TAVUS_STRING, .generation = "G0+",
    .choices = tool_types, .text = "Always function." }
};

static const tavus_alias tool_aliases[] = {
  { "name", "belongs under function" },
  { "description", "belongs under function" },
  { "parameters", "belongs under function" },
  { "required", "belongs under function.parameters" },
  { "properties", "belongs under function.parameters" },
  { "input_schema", "belongs under function, as parameters" },
  { NULL, NULL }
};

static const tavus_rule tool_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "function",
    .message = "a tool needs a function object",
    .hint = "wrap it: { type = \"function\", function = { name = ..., "
            "description = ..., parameters = { type = \"object\", ... } } }" },
  { .kind = TAVUS_RULE_UNLESS, .field = "type", .message = "type is missing",
    .hint = "it is always \"function\"" }
};

static const tavus_shape tool_shape = {
  .name = "tool", .fields = tool_fields, .count = TAVUS_COUNT(tool_fields),
  .aliases = tool_aliases, .rules = tool_rules,
  .rule_count = TAVUS_COUNT(tool_rules)
};

const tavus_field tavus_field_tool = {
  .types = TAVUS_OBJECT_TYPE, .shape = &tool_shape, .text = "A tool."
};
