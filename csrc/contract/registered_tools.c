/* registered_tools.c - the tools registry: a tool that is made once and attached to
** personas by id. Inline tools are in tools.c. */
#include "rows.h"

#define SECRET S, .flags = TAVUS_SECRET | TAVUS_MASK_REFUSED, SURE(B), \
  .generation = "G4+"
#define FOUR .generation = "G4+"
#define SECRETS O, .shape = &secret_texts

static const tavus_choice locations[] = {
  { "header", NULL }, { "query", NULL }, { NULL, NULL }
};

static const tavus_choice auth_types[] = {
  { "none", NULL }, { "bearer", NULL }, { "api_key", NULL }, { "basic", NULL },
  { "oauth2_client_credentials", NULL }, { "hmac", NULL }, { NULL, NULL }
};

static const tavus_alias auth_words[] = {
  { "client_credentials", TO("oauth2_client_credentials") },
  { "oauth2", TO("oauth2_client_credentials") },
  { "token", TO("bearer") },
  { NULL, NULL, NULL }
};

static const tavus_field auth_fields[] = {
  { TAVUS_NAME("client_id"), S, SURE(B), FOUR,
    .text = "The client (oauth2_client_credentials)." },
  { TAVUS_NAME("client_secret"), SECRET,
    .text = "The client's secret (oauth2_client_credentials)." },
  { TAVUS_NAME("location"), S, SURE(B), FOUR, .choices = locations,
    .label = "a place", .text = "Where the key goes (api_key): header or query." },
  { TAVUS_NAME("name"), S, SURE(B), FOUR,
    .text = "The header or parameter with the key (api_key)." },
  { TAVUS_NAME("password"), SECRET, .text = "The password (basic)." },
  { TAVUS_NAME("scope"), S, SURE(B), FOUR,
    .text = "What is asked for (oauth2_client_credentials)." },
  { TAVUS_NAME("secret"), SECRET, .text = "What signs the request (hmac)." },
  { TAVUS_NAME("token"), SECRET, .text = "The token (bearer)." },
  { TAVUS_NAME("token_url"), S, SURE(B), FOUR, .flags = TAVUS_PUBLIC_URL,
    .text = "Where tokens are made (oauth2_client_credentials)." },
  { TAVUS_NAME("type"), S, FOUR, .choices = auth_types, .words = auth_words,
    .label = "a way to sign in",
    .text = "none, bearer, api_key, basic, oauth2_client_credentials or hmac." },
  { TAVUS_NAME("username"), S, SURE(B), FOUR, .text = "The name (basic)." },
  { TAVUS_NAME("value"), SECRET, .text = "The key (api_key)." }
};

#define WITH(its, member) { .kind = TAVUS_RULE_WHEN, .when = "type", \
  .values = WORDS(its), .field = member, .message = its " needs " member }
#define OAUTH(member) { .kind = TAVUS_RULE_WHEN, .error = true, .when = "type", \
  .values = WORDS("oauth2_client_credentials"), .field = member, \
  .message = "oauth2_client_credentials needs token_url, client_id and client_secret" }

static const tavus_rule auth_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .field = "type", .message = "type is missing",
    .hint = "none, bearer, api_key, basic, oauth2_client_credentials or hmac" },
  WITH("bearer", "token"), WITH("api_key", "name"), WITH("api_key", "value"),
  WITH("basic", "username"), WITH("basic", "password"), WITH("hmac", "secret"),
  OAUTH("token_url"), OAUTH("client_id"), OAUTH("client_secret")
};

static const tavus_alias auth_aliases[] = {
  { "auth_type", TO("type") },
  { "key", TO("value") },
  { "user", TO("username") },
  { NULL, NULL, NULL }
};

static const tavus_shape auth = SHAPE(auth, .aliases = auth_aliases,
                                      RULES(auth_rules));

static const tavus_field kept_text = {
  .types = TAVUS_STRING, .flags = TAVUS_SECRET | TAVUS_MASK_REFUSED,
  .text = "A text, kept secret."
};

static const tavus_shape secret_texts = { .name = "secret_texts", .other = &kept_text };

static const tavus_shape query_texts = {
  .name = "query_texts", .other = &tavus_field_text
};

static const tavus_field delivery_api_fields[] = {
  { TAVUS_NAME("auth"), OBJECT_OF(auth), FOUR, .text = "How Tavus signs in." },
  { TAVUS_NAME("body_template"), O, SURE(B), FOUR,
    .text = "The body that is sent, in place of Tavus' own." },
  { TAVUS_NAME("content_type"), S, SURE(B), FOUR, .text = "The type of the body." },
  { TAVUS_NAME("headers"), SECRETS, SURE(B), FOUR, .text = "Headers to send." },
  { TAVUS_NAME("method"), S, SURE(B), FOUR, .text = "GET, POST and so on." },
  { TAVUS_NAME("query_params"), OBJECT_OF(query_texts), SURE(B), FOUR,
    .text = "Parameters to add to the address." },
  { TAVUS_NAME("timeout"), I, SURE(B), FOUR, .text = "Seconds to wait." },
  { TAVUS_NAME("url"), S, SURE(B), FOUR, .flags = TAVUS_PUBLIC_HTTPS,
    .text = "Where the call goes; {name} in the path or query is an argument." }
};

static const tavus_rule delivery_api_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "url",
    .message = "url is missing" }
};

static const tavus_alias delivery_api_aliases[] = {
  { "endpoint", TO("url") },
  { "params", TO("query_params") },
  { "auth_type", TO("auth/type") },
  { NULL, NULL, NULL }
};

static const tavus_shape delivery_api = SHAPE(
  delivery_api, .looks = "{ url = \"https://example.com/tool\", method = \"POST\" }",
  .aliases = delivery_api_aliases, RULES(delivery_api_rules));

static const tavus_field delivery_fields[] = {
  { TAVUS_NAME("api"), OBJECT_OF(delivery_api), FOUR,
    .text = "Tavus calls this address." },
  { TAVUS_NAME("app_message"), B, FOUR,
    .text = "The page in the call is told by an app message; the default." }
};

static const tavus_rule delivery_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "api", .when = "app_message",
    .values = WORDS("true"), .message = "a delivery needs app_message = true, or api" },
  { .kind = TAVUS_RULE_NOT_WITH, .error = true, .fields = WORDS("api"),
    .when = "app_message", .values = WORDS("true"),
    .message = "a delivery has app_message or api, not both",
    .hint = "write app_message = false beside api" }
};

static const tavus_alias delivery_aliases[] = {
  { "type", SAY("write { app_message = true }, or { app_message = false, api = ... }") },
  { "url", TO("api/url") },
  { "webhook", TO("api") },
  { NULL, NULL, NULL }
};

static const tavus_shape delivery = SHAPE(
  delivery, .looks = "{ app_message = true }", .aliases = delivery_aliases,
  RULES(delivery_rules));

static const tavus_choice origins[] = {
  { "llm", NULL }, { "vision", NULL }, { "audio", NULL }, { NULL, NULL }
};

static const tavus_choice triggers[] = {
  { "in_call", NULL }, { "post_call", NULL }, { NULL, NULL }
};

static const tavus_choice on_calls[] = {
  { "generate_filler", NULL }, { "static_filler", NULL }, { "silent", NULL },
  { "passthrough", NULL }, { NULL, NULL }
};

static const tavus_choice on_resolves[] = {
  { "fire_and_forget", NULL }, { "generate_response", NULL },
  { "response_in_result", NULL }, { "add_to_context", NULL }, { NULL, NULL }
};

static const tavus_field registered_tool_fields[] = {
  { TAVUS_NAME("created_at"), S, READ_ONLY, SURE(B), FOUR, .text = "When it was made." },
  { TAVUS_NAME("delivery"), OBJECT_OF(delivery), FOUR, .text = "Who is told of a call." },
  { TAVUS_NAME("description"), S, SURE(B), FOUR, .text = "When and why the model should call it." },
  { TAVUS_NAME("is_system_tool"), B, READ_ONLY, SURE(B), FOUR,
    .text = "Whether it is Tavus' own." },
  { TAVUS_NAME("name"), S, FOUR, .form = TAVUS_FORM_NAME,
    .text = "The name the model calls; unique in the account." },
  { TAVUS_NAME("on_call"), S, FOUR, .choices = on_calls, .label = "a way to bridge a call",
    .text = "What is said while it runs." },
  { TAVUS_NAME("on_resolve"), S, FOUR, .choices = on_resolves,
    .label = "a use of the result", .text = "What becomes of the result." },
  { TAVUS_NAME("origin"), S, FOUR, .choices = origins, .label = "an origin",
    .text = "What calls it: llm (default), vision or audio." },
  { TAVUS_NAME("owner_id"), .types = TAVUS_ANY, READ_ONLY, SURE(B), FOUR,
    .text = "Whose it is." },
  { TAVUS_NAME("parameters"), OBJECT_OF(tavus_shape_tool_parameters), SURE(B), FOUR,
    .text = "JSON Schema of the arguments; its type is object." },
  { TAVUS_NAME("static_filler"), S, SURE(B), FOUR,
    .text = "What is said while it runs (static_filler)." },
  { TAVUS_NAME("tags"), STRINGS, SURE(B), FOUR, .text = "Words to find it by." },
  { TAVUS_NAME("tool_id"), S, READ_ONLY, SURE(B), FOUR, .id_of = "tool",
    .text = "Its id." },
  { TAVUS_NAME("trigger_type"), S, FOUR, .choices = triggers, .label = "a trigger",
    .text = "When it is called: in_call (default) or post_call." },
  { TAVUS_NAME("updated_at"), S, READ_ONLY, SURE(B), FOUR,
    .text = "When it last changed." }
};

static const tavus_rule registered_tool_rules[] = {
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "name",
    .message = "a tool needs a name" },
  { .kind = TAVUS_RULE_UNLESS, .error = true, .field = "description",
    .message = "a tool needs a description" },
  { .kind = TAVUS_RULE_LENGTH, .field = "description", .limit = 10000,
    .fields = WORDS("description", "parameters"),
    .message = "description and parameters together are longer than 10000 characters",
    .hint = "shorten the descriptions" },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "static_filler",
    .when = "on_call", .values = WORDS("static_filler"),
    .message = "static_filler is the text to say: it is missing" },
  { .kind = TAVUS_RULE_NOT_WITH, .error = true, .fields = WORDS("on_call"),
    .when = "origin", .values = WORDS("vision", "audio"),
    .message = "must be absent for tools of vision and audio", .hint = "leave it out" },
  { .kind = TAVUS_RULE_NOT_WITH, .fields = WORDS("origin", "on_call", "on_resolve"),
    .when = "trigger_type", .values = WORDS("post_call"),
    .message = "has no meaning after the call", .hint = "leave it out" },
  { .kind = TAVUS_RULE_WHEN, .error = true, .field = "delivery",
    .when = "trigger_type", .values = WORDS("post_call"),
    .message = "a post_call tool needs a delivery with api" },
  { .kind = TAVUS_RULE_INSIDE, .error = true, .field = "delivery", .fields = WORDS("api"),
    .when = "trigger_type", .values = WORDS("post_call"),
    .message = "a post_call tool needs a delivery with api" },
  { .kind = TAVUS_RULE_INSIDE, .field = "delivery", .fields = WORDS("app_message"),
    .when = "trigger_type", .values = WORDS("post_call"), .limit = 1,
    .message = "Tavus documents api with app_message = false beside it",
    .hint = "write app_message = false" }
};

static const tavus_alias registered_tool_aliases[] = {
  { "function", SAY("the fields of the function stand at the top level: "
                    "tavus.tool.registered(tool) makes such a body") },
  { "input_schema", TO("parameters") },
  { "type", SAY("this is of an inline tool: tavus.tool.registered(tool) makes the body "
                "of a registered one") },
  { "url", TO("delivery/api/url") },
  { NULL, NULL, NULL }
};

static const tavus_shape registered_tool = SHAPE(
  registered_tool, .aliases = registered_tool_aliases, RULES(registered_tool_rules));

static const tavus_field root = {
  .types = TAVUS_OBJECT_TYPE, .shape = &registered_tool, .text = "A registered tool."
};

#define ONE "/v2/tools/{tool_id}"

static const tavus_operation operations[] = {
  { .name = "create", .method = "POST", .path = "/v2/tools",
    .sends = TAVUS_SENDS_OBJECT, .kind = "registered_tool", .at = TAVUS_AT_ANY,
    .unique = "name" },
  { .name = "list", .method = "GET", .path = "/v2/tools",
    .answers = TAVUS_ANSWERS_LIST, .repeats = TAVUS_READ,
    .paging = TAVUS_PAGES_FROM_UNKNOWN,
    .query = WORDS("type", "limit", "page", "name_or_uuid") },
  { .name = "get", .method = "GET", .path = ONE, .at = TAVUS_AT_ANY,
    .repeats = TAVUS_READ },
  { .name = "patch", .method = "PATCH", .path = ONE, .sends = TAVUS_SENDS_PARTIAL,
    .kind = "registered_tool_patch", .at = TAVUS_AT_ANY, .repeats = TAVUS_SAME },
  { .name = "delete", .method = "DELETE", .path = ONE,
    .answers = TAVUS_ANSWERS_NOTHING, .repeats = TAVUS_DONE,
    .done = WORDS("not_found") }
};

const tavus_resource tavus_registered_tools = {
  .name = "registered_tool", .collection = "tools", .id_field = "tool_id", .name_field = "name",
  .text = "A function of the registry, which personas share.", .root = &root,
  .operations = operations, .operation_count = TAVUS_COUNT(operations)
};
