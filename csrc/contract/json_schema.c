/* json_schema.c - the keywords of JSON Schema in the parameters of a tool. By these
** shapes an empty `properties` is written as an object, and an empty `required` as an
** array. */
#include "rows.h"

static const tavus_shape schema_map, name_lists, dependencies;

#define SCHEMA .types = TAVUS_OBJECT_TYPE | TAVUS_BOOLEAN, \
  .shape = &tavus_shape_schema

static const tavus_field subschema = {
  SCHEMA,
  .text = "A schema."
};

static const tavus_field dependency = {
  .types = TAVUS_ARRAY_TYPE | TAVUS_OBJECT_TYPE | TAVUS_BOOLEAN,
  .shape = &tavus_shape_schema, .items = &tavus_field_text,
  .text = "Names that are needed, or a schema."
};

static const tavus_choice types[] = {
  { "array", NULL }, { "boolean", NULL }, { "integer", NULL },
  { "null", NULL }, { "number", NULL }, { "object", NULL },
  { "string", NULL }, { NULL, NULL }
};

/* Names of types in other languages and libraries. */
static const tavus_alias type_words[] = {
  { "bool", TO("boolean") }, { "dict", TO("object") },
  { "double", TO("number") }, { "float", TO("number") },
  { "int", TO("integer") }, { "list", TO("array") },
  { "long", TO("integer") }, { "map", TO("object") },
  { "nil", TO("null") }, { "none", TO("null") }, { "str", TO("string") },
  { "struct", TO("object") }, { "table", TO("object") },
  { "text", TO("string") }, { "tuple", TO("array") }, { NULL, NULL, NULL }
};

static const tavus_alias parameter_words[] = {
  { "dict", TO("object") }, { "map", TO("object") },
  { "struct", TO("object") }, { "table", TO("object") }, { NULL, NULL, NULL }
};

static const tavus_choice parameter_types[] = { { "object", NULL }, { NULL, NULL } };

static const tavus_field type_name = {
  .types = TAVUS_STRING, .choices = types, .words = type_words,
  .label = "a JSON type",
  .text = "One of the allowed types."
};

static const tavus_field name_list = {
  .types = TAVUS_ARRAY_TYPE, .items = &tavus_field_text, .text = "Names."
};

#define COUNT_OF(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_INTEGER, .has_minimum = true, .text = words }
#define NUMBER_OF(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_NUMBER, .text = words }
#define STRING_OF(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_STRING, .text = words }
#define BOOLEAN_OF(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_BOOLEAN, .text = words }
#define SCHEMA_OF(key, words) \
  { TAVUS_NAME(key), SCHEMA, .text = words }
#define SCHEMAS_OF(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_ARRAY_TYPE, .items = &subschema, .text = words }
#define SCHEMA_MAP(key, words) \
  { TAVUS_NAME(key), .types = TAVUS_OBJECT_TYPE, .shape = &schema_map, .text = words }
#define LIST_OF(key, item, words) \
  { TAVUS_NAME(key), .types = TAVUS_ARRAY_TYPE, .items = item, .text = words }

/* Two tables, for any schema and for the root of the parameters. They differ in `type`. */
#define KEYWORDS(...) \
  STRING_OF("$anchor", "A name for this schema."), \
  STRING_OF("$comment", "A note for readers."), \
  SCHEMA_MAP("$defs", "Schemas to refer to."), \
  STRING_OF("$dynamicAnchor", "A name that other schemas may take over."), \
  STRING_OF("$dynamicRef", "The schema of such a name."), \
  STRING_OF("$id", "The address of this schema."), \
  STRING_OF("$ref", "The schema to use here."), \
  STRING_OF("$schema", "The dialect of JSON Schema."), \
  SCHEMA_OF("additionalItems", "Items beyond the listed ones (old dialects)."), \
  SCHEMA_OF("additionalProperties", "Members without a name of their own."), \
  SCHEMAS_OF("allOf", "All of these must hold."), \
  SCHEMAS_OF("anyOf", "At least one of these must hold."), \
  { TAVUS_NAME("const"), .types = TAVUS_ANY, .text = "The only value." }, \
  SCHEMA_OF("contains", "At least one item must be like this."), \
  STRING_OF("contentEncoding", "How a string is encoded."), \
  STRING_OF("contentMediaType", "What an encoded string holds."), \
  SCHEMA_OF("contentSchema", "What the decoded string is like."), \
  { TAVUS_NAME("default"), .types = TAVUS_ANY, .text = "The value when absent." }, \
  SCHEMA_MAP("definitions", "Schemas to refer to (old dialects)."), \
  { TAVUS_NAME("dependencies"), .types = TAVUS_OBJECT_TYPE, \
    .shape = &dependencies, \
    .text = "Names that need names or a schema (old dialects)." }, \
  { TAVUS_NAME("dependentRequired"), .types = TAVUS_OBJECT_TYPE, \
    .shape = &name_lists, .text = "Names that need other names." }, \
  SCHEMA_MAP("dependentSchemas", "Names that need a schema."), \
  BOOLEAN_OF("deprecated", "Should not be used any more."), \
  STRING_OF("description", "What the value means, for the model."), \
  SCHEMA_OF("else", "Holds when `if` does not."), \
  LIST_OF("enum", &tavus_field_anything, "The allowed values."), \
  { TAVUS_NAME("example"), .types = TAVUS_ANY, \
    .text = "An example of a value (OpenAPI)." }, \
  LIST_OF("examples", &tavus_field_anything, "Examples of values."), \
  { TAVUS_NAME("exclusiveMaximum"), .types = TAVUS_NUMBER | TAVUS_BOOLEAN, \
    .text = "Upper bound, not included." }, \
  { TAVUS_NAME("exclusiveMinimum"), .types = TAVUS_NUMBER | TAVUS_BOOLEAN, \
    .text = "Lower bound, not included." }, \
  STRING_OF("format", "A known form of string, such as date."), \
  SCHEMA_OF("if", "A condition."), \
  { TAVUS_NAME("items"), \
    .types = TAVUS_OBJECT_TYPE | TAVUS_BOOLEAN | TAVUS_ARRAY_TYPE, \
    .shape = &tavus_shape_schema, .items = &subschema, \
    .text = "The items of an array." }, \
  COUNT_OF("maxContains", "How many items may match `contains`."), \
  COUNT_OF("maxItems", "Most items."), \
  { TAVUS_NAME("maxLength"), .types = TAVUS_INTEGER, .has_minimum = true, \
    .has_maximum = true, .maximum = 1000, .flags = TAVUS_PERCEPTION_MAXIMUM, \
    .sure = TAVUS_SURE_B, \
    .text = "Most characters; 1000 or less in a perception tool." }, \
  COUNT_OF("maxProperties", "Most members."), \
  NUMBER_OF("maximum", "Upper bound."), \
  COUNT_OF("minContains", "How many items must match `contains`."), \
  COUNT_OF("minItems", "Fewest items."), \
  COUNT_OF("minLength", "Fewest characters."), \
  COUNT_OF("minProperties", "Fewest members."), \
  NUMBER_OF("minimum", "Lower bound."), \
  NUMBER_OF("multipleOf", "Must be a multiple of this."), \
  SCHEMA_OF("not", "Must not hold."), \
  BOOLEAN_OF("nullable", "May be null (OpenAPI)."), \
  SCHEMAS_OF("oneOf", "Exactly one of these must hold."), \
  STRING_OF("pattern", "A regular expression for strings."), \
  SCHEMA_MAP("patternProperties", "Members by a pattern of their name."), \
  SCHEMAS_OF("prefixItems", "The first items, one schema each."), \
  { TAVUS_NAME("properties"), .types = TAVUS_OBJECT_TYPE, \
    .shape = &schema_map, .instead_of = TAVUS_ARRAY_TYPE, \
    .instead = "the key is the name: { city = { type = \"string\" } }", \
    .text = "The members by name." }, \
  SCHEMA_OF("propertyNames", "What member names look like."), \
  BOOLEAN_OF("readOnly", "Comes in answers only."), \
  { TAVUS_NAME("required"), .types = TAVUS_ARRAY_TYPE, \
    .items = &tavus_field_text, .instead_of = TAVUS_BOOLEAN, \
    .instead = "name it in `required` beside `properties`", \
    .text = "Names of members that must be there." }, \
  SCHEMA_OF("then", "Holds when `if` does."), \
  STRING_OF("title", "A short name."), \
  __VA_ARGS__, \
  SCHEMA_OF("unevaluatedItems", "Items that no keyword has looked at."), \
  SCHEMA_OF("unevaluatedProperties", "Members that no keyword has looked at."), \
  BOOLEAN_OF("uniqueItems", "No two items are equal."), \
  BOOLEAN_OF("writeOnly", "Comes in requests only.")

static const tavus_field keywords[] = {
  KEYWORDS({ TAVUS_NAME("type"), .types = TAVUS_STRING | TAVUS_ARRAY_TYPE,
    .choices = types, .words = type_words, .label = "a JSON type",
    .items = &type_name,
    .text = "The type, or the types, of the value." })
};

static const tavus_field root_keywords[] = {
  KEYWORDS({ TAVUS_NAME("type"), .types = TAVUS_STRING,
    .flags = TAVUS_CLOSED, .choices = parameter_types, .words = parameter_words,
    .text = "Always object." })
};

static const tavus_alias aliases[] = {
  { "desc", TO("description") },
  { "fields", TO("properties") },
  { "name", SAY("the key in properties is the name") },
  { "optional", SAY("leave the name out of required") },
  { "options", TO("enum") },
  { "values", TO("enum") },
  { NULL, NULL, NULL }
};

#define LIMITS(low, high, words) .kind = TAVUS_RULE_ORDER, .field = low, .when = high, \
  .message = "is " words " " high ": no value meets both", .hint = "swap the two limits"
#define AT_MOST(low, high) { LIMITS(low, high, "larger than") }
#define BELOW(low, high) { LIMITS(low, high, "not less than"), .limit = 1 }

static const tavus_rule rules[] = {
  { .kind = TAVUS_RULE_NAMES_IN, .error = true, .field = "required",
    .when = "properties", .message = "is not one of the properties" },
  { .kind = TAVUS_RULE_TYPE_NEEDS, .field = "items", .when = "type",
    .values = WORDS("array"), .fields = WORDS("items", "prefixItems", "$ref"),
    .message = "an array needs items: some models refuse a schema without",
    .hint = "say what the items are: items = { type = \"string\" }" },
  { .kind = TAVUS_RULE_FITS, .field = "enum", .when = "type", .limit = 1,
    .message = "the values of enum fit the type" },
  { .kind = TAVUS_RULE_FITS, .field = "const", .when = "type",
    .message = "const fits the type" },
  { .kind = TAVUS_RULE_FITS, .field = "default", .when = "type",
    .message = "default fits the type" },
  { .kind = TAVUS_RULE_AMONG, .field = "default", .when = "enum",
    .message = "is not one of the values of enum",
    .hint = "list it in enum, or write one of its values" },
  AT_MOST("minimum", "maximum"),
  AT_MOST("minLength", "maxLength"),
  AT_MOST("minItems", "maxItems"),
  AT_MOST("minProperties", "maxProperties"),
  AT_MOST("minContains", "maxContains"),
  BELOW("exclusiveMinimum", "exclusiveMaximum"),
  BELOW("exclusiveMinimum", "maximum"),
  BELOW("minimum", "exclusiveMaximum")
};

/* A required parameter of a function must be described. */
static const tavus_rule root_rules[] = {
  { .kind = TAVUS_RULE_NAMES_IN, .error = true, .field = "required",
    .when = "properties", .limit = 1,
    .message = "is not one of the properties" },
  { .kind = TAVUS_RULE_UNLESS, .field = "type", .message = "type is missing",
    .hint = "it is always \"object\"" }
};

const tavus_shape tavus_shape_schema = {
  .name = "json_schema", .looks = "{ type = \"string\" }", .fields = keywords,
  .count = TAVUS_COUNT(keywords),
  .aliases = aliases, .rules = rules, .rule_count = TAVUS_COUNT(rules),
  .vocabulary = true
};

static const tavus_shape schema_map = {
  .name = "json_schemas", .looks = "{ city = { type = \"string\" } }",
  .other = &subschema, .vocabulary = true
};

static const tavus_shape name_lists = {
  .name = "name_lists", .looks = "{ city = { \"country\" } }", .other = &name_list,
  .vocabulary = true
};

static const tavus_shape dependencies = {
  .name = "dependencies", .looks = "{ city = { \"country\" } }", .other = &dependency,
  .vocabulary = true
};

const tavus_shape tavus_shape_parameters = {
  .name = "parameters",
  .looks = "{ type = \"object\", properties = { city = { type = \"string\" } } }",
  .fields = root_keywords,
  .count = TAVUS_COUNT(root_keywords), .aliases = aliases,
  .stray = "an argument is described under properties",
  .rules = root_rules, .rule_count = TAVUS_COUNT(root_rules),
  .vocabulary = true
};

static const tavus_rule tool_rules[] = {
  { .kind = TAVUS_RULE_NAMES_IN, .error = true, .field = "required",
    .when = "properties", .limit = 1,
    .message = "is not one of the properties" },
  { .kind = TAVUS_RULE_NO_PREFIX, .error = true, .field = "properties",
    .values = WORDS("tavus_"), .message = "names that begin with tavus_ are refused" }
};

const tavus_shape tavus_shape_tool_parameters = {
  .name = "tool_parameters",
  .looks = "{ type = \"object\", properties = { city = { type = \"string\" } } }",
  .fields = root_keywords,
  .count = TAVUS_COUNT(root_keywords), .aliases = aliases,
  .stray = "an argument is described under properties",
  .rules = tool_rules, .rule_count = TAVUS_COUNT(tool_rules),
  .vocabulary = true
};

bool tavus_is_schema_word(const char *name, size_t length, bool *tells) {
  static const char *const telling[] = {
    "$ref", "allOf", "anyOf", "description", "enum", "items", "oneOf",
    "properties", "type"
  };
  if (tavus_field_find(&tavus_shape_schema, name, length) == NULL) return false;
  for (size_t i = 0; i < TAVUS_COUNT(telling); i++)
    if (strlen(telling[i]) == length && memcmp(telling[i], name, length) == 0)
      *tells = true;
  return true;
}

bool tavus_is_schema_type(const char *text, size_t length) {
  for (const tavus_choice *c = types; c->value != NULL; c++)
    if (strlen(c->value) == length && memcmp(c->value, text, length) == 0)
      return true;
  return false;
}
