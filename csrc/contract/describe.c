/* describe.c - see describe.h. Each shape is described once, and all fields of that shape
** share the tables: tools have 60 members and occur in five places. Where a shape
** contains itself, as in JSON Schema, `ref` names it. */
#include "describe.h"

#include "contract.h"

static void set_text(lua_State *L, const char *key, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
  if (!flag) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, key);
}

/* Sets a whole number as an integer where Lua has integers. */
static void set_number(lua_State *L, const char *key, double number) {
#if TAVUS_HAS_INTEGERS
  if ((double)(lua_Integer)number == number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, key);
    return;
  }
#endif
  lua_pushnumber(L, (lua_Number)number);
  lua_setfield(L, -2, key);
}

static void set_types(lua_State *L, unsigned types) {
  char words[TAVUS_TYPES_ROOM];
  int n = 0;
  if (types == TAVUS_ANY) {
    set_text(L, "type", "any");
    return;
  }
  if ((types & (types - 1)) == 0) {
    set_text(L, "type", tavus_type_words(words, types));
    return;
  }
  lua_newtable(L);
  for (unsigned type = 1; type < TAVUS_ANY; type <<= 1) {
    if ((types & type) == 0) continue;
    lua_pushstring(L, tavus_type_words(words, type));
    lua_rawseti(L, -2, ++n);
  }
  lua_rawgeti(L, -1, 1);
  lua_setfield(L, -3, "type");
  lua_setfield(L, -2, "types");
}

/* Sets choices = { "a", ... } and, if there are any, retired = { a = "why" }. */
static void set_choices(lua_State *L, const tavus_choice *choices) {
  int n = 0;
  bool retired = false;
  if (choices == NULL) return;
  lua_newtable(L);
  for (const tavus_choice *c = choices; c->value != NULL; c++) {
    lua_pushstring(L, c->value);
    lua_rawseti(L, -2, ++n);
    if (c->retired != NULL) retired = true;
  }
  lua_setfield(L, -2, "choices");
  if (!retired) return;
  lua_newtable(L);
  for (const tavus_choice *c = choices; c->value != NULL; c++)
    set_text(L, c->value, c->retired);
  lua_setfield(L, -2, "retired");
}

static void set_list(lua_State *L, const char *key, const char *const *list) {
  int n = 0;
  if (list == NULL) return;
  lua_newtable(L);
  for (; *list != NULL; list++) {
    lua_pushstring(L, *list);
    lua_rawseti(L, -2, ++n);
  }
  lua_setfield(L, -2, key);
}

static void push_field(lua_State *L, const tavus_field *field, int shapes);
static void push_rules(lua_State *L, const tavus_shape *shape);

static void push_fields(lua_State *L, const tavus_shape *shape, int shapes) {
  lua_createtable(L, (int)shape->count, 0);
  for (size_t i = 0; i < shape->count; i++) {
    push_field(L, &shape->fields[i], shapes);
    lua_rawseti(L, -2, (int)(i + 1));
  }
}

/* Sets aliases = { { name =, to =, hint = }, ... }. */
static void set_aliases(lua_State *L, const tavus_alias *aliases) {
  if (aliases == NULL) return;
  lua_newtable(L);
  for (int n = 1; aliases->name != NULL; aliases++, n++) {
    lua_newtable(L);
    set_text(L, "name", aliases->name);
    set_text(L, "to", aliases->to);
    set_text(L, "hint", aliases->hint);
    lua_rawseti(L, -2, n);
  }
  lua_setfield(L, -2, "aliases");
}

/* Pushes what fields of that shape share: shape, looks, aliases, fields, rules, other,
** open. */
static void push_shared(lua_State *L, const tavus_shape *shape, int shapes) {
  lua_newtable(L);
  set_text(L, "shape", shape->name);
  set_text(L, "looks", shape->looks);
  set_aliases(L, shape->aliases);
  push_fields(L, shape, shapes);
  lua_setfield(L, -2, "fields");
  if (shape->rule_count > 0) {
    push_rules(L, shape);
    lua_setfield(L, -2, "rules");
  }
  if (shape->other != NULL) {
    push_field(L, shape->other, shapes);
    lua_setfield(L, -2, "other");
    set_flag(L, "open", true);
  }
}

/* Describes the shape in the field on the top. The table at `shapes` has `true` for a
** shape that is being described, and the shared members of a described one. */
static void set_shape(lua_State *L, const tavus_shape *shape, int shapes) {
  if (shape == NULL) {
    set_flag(L, "open", true);
    return;
  }
  lua_rawgetp(L, shapes, shape);
  if (lua_isboolean(L, -1)) {
    lua_pop(L, 1);
    set_text(L, "ref", shape->name);
    return;
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_rawsetp(L, shapes, shape);
    push_shared(L, shape, shapes);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, shapes, shape);
  }
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
}

static void push_field(lua_State *L, const tavus_field *field, int shapes) {
  static const char *const grades[] = { "A", "B", "C", "D" };
  luaL_checkstack(L, 16, "contract");
  lua_createtable(L, 0, 8);
  set_text(L, "name", field->name);
  set_types(L, field->types);
  set_text(L, "description", field->text);
  set_text(L, "generation", field->generation);
  if (field->name != NULL) set_text(L, "sure", grades[field->sure]);
  set_choices(L, field->choices);
  set_text(L, "custom", field->custom);
  set_text(L, "id_of", field->id_of);
  set_text(L, "deprecated", field->deprecated);
  set_text(L, "successor", field->successor);
  set_text(L, "twin", field->twin);
  set_flag(L, "twin_allowed", (field->flags & TAVUS_TWIN_ALLOWED) != 0);
  set_text(L, "home", field->home);
  set_list(L, "home_values", field->home_values);
  set_text(L, "hint", field->hint);
  set_text(L, "appended", field->appended);
  if ((field->flags & TAVUS_PUBLIC_URL) != 0) set_text(L, "address", "public");
  if ((field->flags & TAVUS_PUBLIC_HTTPS) != 0) set_text(L, "address", "https");
  if (field->has_minimum) set_number(L, "minimum", field->minimum);
  if (field->has_maximum) set_number(L, "maximum", field->maximum);
  if (field->max_items != 0) set_number(L, "max_items", (double)field->max_items);
  if (field->max_length != 0)
    set_number(L, "max_length", (double)field->max_length);
  static const char *const forms[] = { NULL, "name", "word", "no blanks" };
  set_text(L, "form", forms[field->form]);
  set_flag(L, "secret", (field->flags & TAVUS_SECRET) != 0);
  set_flag(L, "read_only", (field->flags & TAVUS_READ_ONLY) != 0);
  set_flag(L, "closed", (field->flags & TAVUS_CLOSED) != 0);
  if (field->types != TAVUS_ANY && (field->types & TAVUS_ARRAY_TYPE) != 0 &&
      field->items != NULL) {
    push_field(L, field->items, shapes);
    lua_setfield(L, -2, "items");
  }
  if (field->types != TAVUS_ANY && (field->types & TAVUS_OBJECT_TYPE) != 0)
    set_shape(L, field->shape, shapes);
  if (field->variants == NULL) return;
  lua_newtable(L);
  for (const tavus_variant *v = field->variants; v->value != NULL; v++) {
    push_field(L, v->field, shapes);
    lua_setfield(L, -2, v->value);
  }
  lua_setfield(L, -2, "variants");
  set_text(L, "variant_by", field->variant_by);
}

/* Sets `at`, a list. */
static void set_at(lua_State *L, unsigned at) {
  static const char *const names[] = { "flat", "data", "data[1]" };
  const char *list[TAVUS_COUNT(names) + 1] = { NULL };
  size_t n = 0;
  if (at == 0) at = TAVUS_AT_FLAT;
  for (size_t i = 0; i < TAVUS_COUNT(names); i++)
    if ((at & 1u << i) != 0) list[n++] = names[i];
  set_list(L, "at", list);
}

static void set_exceptions(lua_State *L, const tavus_exception *exceptions) {
  static const char *const verdicts[] = { "retry", "ambiguous", "no" };
  if (exceptions == NULL) return;
  lua_newtable(L);
  for (int n = 1; exceptions->status != 0; exceptions++, n++) {
    lua_newtable(L);
    set_number(L, "status", exceptions->status);
    set_text(L, "text", exceptions->text);
    set_text(L, "verdict", verdicts[exceptions->verdict]);
    lua_rawseti(L, -2, n);
  }
  lua_setfield(L, -2, "exceptions");
}

static void set_paging(lua_State *L, tavus_paging paging) {
  if (paging == TAVUS_PAGES_FROM_UNKNOWN) set_text(L, "first_page", "unknown");
  else if (paging != TAVUS_NO_PAGES)
    set_number(L, "first_page", paging == TAVUS_PAGES_FROM_1);
}

/* Sets the path and the kind of an operation at the newer path of its resource. */
static void set_newer(lua_State *L, const tavus_resource *resource,
                      const tavus_operation *operation) {
  if (resource->twin == NULL) return;
  if (operation->one_path) {
    set_text(L, "newer_path", operation->path);
  } else {
    (void)luaL_gsub(L, operation->path, resource->collection, resource->twin);
    (void)luaL_gsub(L, lua_tostring(L, -1), resource->id_field, resource->twin_id);
    lua_setfield(L, -3, "newer_path");
    lua_pop(L, 1);
  }
  set_text(L, "newer_body", operation->twin_kind != NULL ? operation->twin_kind
                                                         : operation->kind);
}

static void push_operation(lua_State *L, const tavus_resource *resource,
                           const tavus_operation *operation, int shapes) {
  static const char *const sends[] = { "nothing", "object", "json_patch",
                                       "merge_patch", "partial" };
  static const char *const answers[] = { "object", "list", "map", "nothing",
                                         "changed", "any" };
  static const char *const repeats[] = { "twice", "read", "same", "done", "key",
                                         "ops" };
  lua_newtable(L);
  set_text(L, "name", operation->name);
  set_text(L, "method", operation->method);
  set_text(L, "path", operation->path);
  set_text(L, "sends", sends[operation->sends]);
  set_text(L, "body", operation->kind);
  set_newer(L, resource, operation);
  if (operation->body != NULL) set_shape(L, operation->body->shape, shapes);
  set_text(L, "wraps", operation->wraps);
  set_flag(L, "optional", operation->optional);
  set_text(L, "answers", answers[operation->answers]);
  set_at(L, operation->at);
  set_text(L, "rows", operation->rows);
  set_text(L, "row", operation->row);
  set_text(L, "find", operation->find);
  set_text(L, "repeats", repeats[operation->repeats]);
  set_text(L, "repeat_key", operation->repeat_key);
  set_text(L, "condition", operation->condition);
  set_text(L, "unique", operation->unique);
  set_list(L, "done", operation->done);
  set_list(L, "already", operation->already);
  set_text(L, "settled_field", operation->settled_field);
  set_text(L, "settled_value", operation->settled_value);
  set_exceptions(L, operation->exceptions);
  if (operation->status != 0) set_number(L, "status", operation->status);
  set_number(L, "timeout",
             operation->timeout > 0 ? operation->timeout : TAVUS_TIMEOUT);
  set_number(L, "deadline",
             operation->deadline > 0 ? operation->deadline : TAVUS_DEADLINE);
  set_paging(L, operation->paging);
  set_list(L, "query", operation->query);
  set_flag(L, "without_key", operation->without_key);
  if (operation->max_body != 0) set_number(L, "max_body", (double)operation->max_body);
  set_text(L, "closed_by", operation->closed_by);
  set_text(L, "limit", operation->limit);
  if (operation->limit != NULL) set_number(L, "limit_value", operation->limit_value);
}

static void push_rule(lua_State *L, const tavus_rule *rule) {
  lua_newtable(L);
  if (rule->number > 0) set_number(L, "number", rule->number);
  set_text(L, "severity", rule->error ? "error" : "warning");
  set_text(L, "field", rule->field);
  set_text(L, "when", rule->when);
  set_list(L, "values", rule->values);
  set_list(L, "fields", rule->fields);
  set_text(L, "message", rule->message);
  set_text(L, "hint", rule->hint);
}

static void push_rules(lua_State *L, const tavus_shape *shape) {
  lua_newtable(L);
  for (size_t i = 0; i < shape->rule_count; i++) {
    push_rule(L, &shape->rules[i]);
    lua_rawseti(L, -2, (int)(i + 1));
  }
}

static void set_secret_rules(lua_State *L, const tavus_secret_rule *rules) {
  if (rules == NULL) return;
  lua_newtable(L);
  for (int n = 1; rules->root != NULL; rules++, n++) {
    lua_newtable(L);
    set_text(L, "root", rules->root);
    set_text(L, "mark", rules->mark);
    set_text(L, "secret", rules->secret);
    set_text(L, "message", rules->message);
    set_text(L, "hint", rules->hint);
    lua_rawseti(L, -2, n);
  }
  lua_setfield(L, -2, "secret_rules");
}

static void set_states(lua_State *L, const tavus_states *states) {
  if (states == NULL) return;
  lua_newtable(L);
  set_text(L, "field", states->field);
  set_list(L, "path", states->path);
  set_text(L, "ready", states->ready);
  set_list(L, "failed", states->failed);
  set_list(L, "reasons", states->reasons);
  set_text(L, "progress", states->progress);
  lua_setfield(L, -2, "states");
}

static void push_resource(lua_State *L, const tavus_resource *resource,
                          int shapes) {
  lua_newtable(L);
  set_text(L, "name", resource->name);
  set_text(L, "collection", resource->collection);
  set_text(L, "twin", resource->twin);
  set_text(L, "twin_id", resource->twin_id);
  set_text(L, "other_id", resource->other_id);
  set_text(L, "id_field", resource->id_field);
  set_text(L, "name_field", resource->name_field);
  set_text(L, "description", resource->text);
  set_text(L, "looks", resource->root->shape->looks);
  set_aliases(L, resource->root->shape->aliases);
  push_fields(L, resource->root->shape, shapes);
  lua_setfield(L, -2, "fields");
  push_rules(L, resource->root->shape);
  lua_setfield(L, -2, "rules");
  set_secret_rules(L, resource->secret_rules);
  set_states(L, resource->states);
  lua_newtable(L);
  for (size_t i = 0; i < resource->operation_count; i++) {
    push_operation(L, resource, &resource->operations[i], shapes);
    lua_rawseti(L, -2, (int)(i + 1));
  }
  lua_setfield(L, -2, "operations");
}

static void push_error_row(lua_State *L, const tavus_error_row *row) {
  lua_newtable(L);
  if (row->status_min == row->status_max) {
    set_number(L, "status", row->status_min);
  } else {
    set_number(L, "status_min", row->status_min);
    set_number(L, "status_max", row->status_max);
  }
  set_text(L, "text", row->text);
  set_text(L, "type", row->type);
  set_text(L, "hint", row->hint);
  set_text(L, "code", row->code);
}

/* Pushes a new table, which notes the shapes. Returns its index. */
static int push_shapes(lua_State *L) {
  lua_newtable(L);
  return lua_gettop(L);
}

static void push_resources(lua_State *L, int shapes) {
  lua_newtable(L);
  for (int n = 0; tavus_resources[n] != NULL; n++) {
    push_resource(L, tavus_resources[n], shapes);
    lua_rawseti(L, -2, n + 1);
  }
}

static void push_errors(lua_State *L) {
  lua_newtable(L);
  for (int n = 0; tavus_error_rows[n].status_min != 0; n++) {
    push_error_row(L, &tavus_error_rows[n]);
    lua_rawseti(L, -2, n + 1);
  }
}

static void push_kinds(lua_State *L) {
  tavus_kind kind;
  lua_newtable(L);
  for (int n = 0; tavus_kind_at((size_t)n, &kind); n++) {
    lua_pushstring(L, kind.name);
    lua_rawseti(L, -2, n + 1);
  }
}

int tavus_describe(lua_State *L) {
  int shapes = push_shapes(L);
  lua_newtable(L);
  push_resources(L, shapes);
  lua_setfield(L, -2, "resources");
  push_fields(L, &tavus_shape_schema, shapes);
  lua_setfield(L, -2, "json_schema");
  push_errors(L);
  lua_setfield(L, -2, "errors");
  push_kinds(L);
  lua_setfield(L, -2, "kinds");
  return 1;
}

int tavus_describe_part(lua_State *L, const char *name) {
  if (strcmp(name, "errors") == 0) {
    push_errors(L);
    return 1;
  }
  if (strcmp(name, "json_schema") == 0) {
    push_fields(L, &tavus_shape_schema, push_shapes(L));
    return 1;
  }
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++) {
    const char *twin = (*r)->twin;
    if (strcmp((*r)->collection, name) != 0 &&
        (twin == NULL || strcmp(twin, name) != 0))
      continue;
    push_resource(L, *r, push_shapes(L));
    return 1;
  }
  lua_pushnil(L);
  return 1;
}

int tavus_describe_collections(lua_State *L) {
  int n = 0;
  lua_newtable(L);
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++) {
    lua_pushstring(L, (*r)->collection);
    lua_rawseti(L, -2, ++n);
    if ((*r)->twin == NULL) continue;
    lua_pushstring(L, (*r)->twin);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}
