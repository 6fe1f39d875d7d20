/* tools.c - the tool object of the llm layer and of perception. */
#include "contract.h"

#define MEAN(name) "did you mean \"" name "\"?"
#define OF_REGISTRY "is a field of the tools registry (/v2/tools)"
#define UNKNOWN "Tavus documents none: leave it out"

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
  { "arguments", MEAN("parameters") },
  { "args", MEAN("parameters") },
  { "desc", MEAN("description") },
  { "input_schema", MEAN("parameters") },
  { "params", MEAN("parameters") },
  { "properties", "belongs under parameters" },
  { "required", "belongs under parameters" },
  { "schema", MEAN("parameters") },
  { "strict", UNKNOWN },
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
  { "delivery", OF_REGISTRY },
  { "description", "belongs under function" },
  { "func", MEAN("function") },
  { "input_schema", "belongs under function, as parameters" },
  { "name", "belongs under function" },
  { "on_call", OF_REGISTRY },
  { "on_resolve", OF_REGISTRY },
  { "origin", OF_REGISTRY },
  { "parameters", "belongs under function" },
  { "properties", "belongs under function.parameters" },
  { "required", "belongs under function.parameters" },
  { "static_filler", OF_REGISTRY },
  { "strict", UNKNOWN },
  { "trigger_type", OF_REGISTRY },
  { NULL, NULL }
};

#define WANTS_FUNCTION .kind = TAVUS_RULE_UNLESS, .field = "function", \
  .message = "a tool needs a function object", \
  .hint = "wrap it: { type = \"function\", function = { name = ..., " \
          "description = ..., parameters = { type = \"object\", ... } } }"
#define WANTS_TYPE { .kind = TAVUS_RULE_UNLESS, .field = "type", \
  .message = "type is missing", .hint = "it is always \"function\"" }

static const tavus_rule tool_rules[] = {
  { WANTS_FUNCTION, .error = true }, WANTS_TYPE
};

/* Tavus' schema has visual and audio tools as { name, description }, but all examples
** have the wrapper. Sources that disagree only warn. */
static const tavus_rule perception_tool_rules[] = { { WANTS_FUNCTION }, WANTS_TYPE };

static const tavus_shape tool_shape = {
  .name = "tool", .fields = tool_fields, .count = TAVUS_COUNT(tool_fields),
  .aliases = tool_aliases, .rules = tool_rules,
  .rule_count = TAVUS_COUNT(tool_rules)
};

static const tavus_shape perception_tool_shape = {
  .name = "tool", .fields = tool_fields, .count = TAVUS_COUNT(tool_fields),
  .aliases = tool_aliases, .rules = perception_tool_rules,
  .rule_count = TAVUS_COUNT(perception_tool_rules)
};

const tavus_field tavus_field_tool = {
  .types = TAVUS_OBJECT_TYPE, .shape = &tool_shape, .text = "A tool."
};

const tavus_field tavus_field_perception_tool = {
  .types = TAVUS_OBJECT_TYPE, .shape = &perception_tool_shape, .text = "A tool."
};
