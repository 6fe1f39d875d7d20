/* tools.c - the tool object of the llm layer and of perception. */
#include "rows.h"

#define OF_REGISTRY "is a field of the tools registry (/v2/tools)"
#define UNKNOWN "Tavus documents none: leave it out"

static const tavus_choice tool_types[] = { { "function", NULL }, { NULL, NULL } };

static const tavus_field function_fields[] = {
  { TAVUS_NAME("description"), .types = TAVUS_STRING, .generation = "G0+",
    .text = "When and why the model should call it." },
  { TAVUS_NAME("name"), .types = TAVUS_STRING, .generation = "G0+",
    .flags = TAVUS_TOOL_NAME, .instead_of = TAVUS_ANY & ~TAVUS_STRING,
    .instead = TAVUS_TOOL_NAMES,
    .text = "The name the model calls; letters, digits and _." },
  { TAVUS_NAME("parameters"), .types = TAVUS_OBJECT_TYPE, .generation = "G0+",
    .shape = &tavus_shape_parameters,
    .text = "JSON Schema of the arguments; its type is object." }
};

static const tavus_alias function_aliases[] = {
  { "arguments", TO("parameters") },
  { "args", TO("parameters") },
  { "desc", TO("description") },
  { "input_schema", TO("parameters") },
  { "params", TO("parameters") },
  { "properties", TO("parameters/properties") },
  { "required", TO("parameters/required") },
  { "schema", TO("parameters") },
  { "strict", SAY(UNKNOWN) },
  { NULL, NULL, NULL }
};

static const tavus_rule function_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "name",
    .message = "a function needs a name" }
};

static const tavus_shape function_shape = {
  .name = "function", .main = "name",
  .looks = "{ name = \"get_weather\", description = \"The weather\" }",
  .fields = function_fields,
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
  { "delivery", SAY(OF_REGISTRY) },
  { "description", TO("function/description") },
  { "func", TO("function") },
  { "input_schema", TO("function/parameters") },
  { "name", TO("function/name") },
  { "on_call", SAY(OF_REGISTRY) },
  { "on_resolve", SAY(OF_REGISTRY) },
  { "origin", SAY(OF_REGISTRY) },
  { "parameters", TO("function/parameters") },
  { "properties", TO("function/parameters/properties") },
  { "required", TO("function/parameters/required") },
  { "static_filler", SAY(OF_REGISTRY) },
  { "strict", SAY(UNKNOWN) },
  { "trigger_type", SAY(OF_REGISTRY) },
  { NULL, NULL, NULL }
};

#define WANTS_FUNCTION .kind = TAVUS_RULE_UNLESS, .field = "function", \
  .message = "a tool needs a function object", \
  .hint = "wrap it: { type = \"function\", [\"function\"] = { name = ..., " \
          "description = ..., parameters = { type = \"object\", ... } } }"
#define WANTS_TYPE { .kind = TAVUS_RULE_UNLESS, .field = "type", \
  .message = "type is missing", .hint = "it is always \"function\"" }

#define TOOL "tavus.tool \"get_weather\" { \"The weather\" }"
#define TOOL_ITSELF .instead_of = TAVUS_STRING | TAVUS_NUMBER | TAVUS_BOOLEAN, \
  .instead = "write the tool itself: " TOOL

static const tavus_rule tool_rules[] = {
  { WANTS_FUNCTION, .error = true }, WANTS_TYPE
};

/* Tavus' schema has visual and audio tools as { name, description }, but all examples
** have the wrapper. Sources that disagree only warn. */
static const tavus_rule perception_tool_rules[] = { { WANTS_FUNCTION }, WANTS_TYPE };

static const tavus_shape tool_shape = {
  .name = "tool", .looks = TOOL, .fields = tool_fields, .count = TAVUS_COUNT(tool_fields),
  .aliases = tool_aliases, .rules = tool_rules,
  .rule_count = TAVUS_COUNT(tool_rules)
};

static const tavus_shape perception_tool_shape = {
  .name = "tool", .looks = TOOL, .fields = tool_fields, .count = TAVUS_COUNT(tool_fields),
  .aliases = tool_aliases, .rules = perception_tool_rules,
  .rule_count = TAVUS_COUNT(perception_tool_rules)
};

const tavus_field tavus_field_tool = {
  .types = TAVUS_OBJECT_TYPE, .shape = &tool_shape, TOOL_ITSELF, .text = "A tool."
};

const tavus_field tavus_field_perception_tool = {
  .types = TAVUS_OBJECT_TYPE, .shape = &perception_tool_shape, TOOL_ITSELF,
  .text = "A tool."
};
