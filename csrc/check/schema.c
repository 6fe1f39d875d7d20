/* schema.c - checks the rules between the keywords of a JSON Schema: schemas that no value
** meets, or that models refuse. */
#include "walk.h"

/* Calls `yes` for each type that `type`, at the top of the stack, names: one, or a list.
** Returns whether one of the calls did. */
static bool any_type(tavus_walk *w,
                     bool (*yes)(tavus_walk *w, const char *name, void *of), void *of) {
  lua_State *L = w->L;
  if (lua_type(L, -1) == LUA_TSTRING) return yes(w, lua_tostring(L, -1), of);
  bool found = false;
  for (int i = 1; lua_type(L, -1) == LUA_TTABLE && !found; i++) {
    lua_rawgeti(L, -1, i);
    bool last = lua_isnil(L, -1);
    if (lua_type(L, -1) == LUA_TSTRING) found = yes(w, lua_tostring(L, -1), of);
    lua_pop(L, 1);
    if (last) break;
  }
  return found;
}

static bool is_named(tavus_walk *w, const char *name, void *of) {
  (void)w;
  return strcmp(name, (const char *)of) == 0;
}

/* A value by its JSON types, and the types that may be. */
typedef struct fit {
  unsigned types; /* 0: null */
  unsigned wanted;
} fit;

/* An unknown type is reported elsewhere, and fits. */
static bool is_fit(tavus_walk *w, const char *name, void *of) {
  fit *f = (fit *)of;
  bool null = strcmp(name, "null") == 0;
  unsigned type = null ? 0 : tavus_type_named(name);
  (void)w;
  f->wanted |= type;
  return null ? f->types == 0 : type == 0 || (f->types & type) != 0;
}

/* Reports the value at the top of the stack when it does not fit. Returns false then. */
static bool check_fit(tavus_walk *w, const tavus_view *view, const char *when,
                      const tavus_step *step) {
  lua_State *L = w->L;
  fit f = { .types = tavus_types_of(w, lua_gettop(L)) };
  bool fits = true;
  if (f.types == 0 && tavus_view_find(w, view, "nullable") != 0) return true;
  if (tavus_view_push(w, view, when) != LUA_TNIL) fits = any_type(w, is_fit, &f);
  lua_pop(L, 1);
  if (fits) return true;
  char got[TAVUS_TYPES_ROOM], wanted[TAVUS_TYPES_ROOM];
  unsigned narrow = (f.types & TAVUS_INTEGER) != 0 ? TAVUS_INTEGER : f.types;
  const char *type = f.types == 0 ? "null" : tavus_type_words(got, narrow);
  bool scalar = (f.types & (TAVUS_NUMBER | TAVUS_INTEGER | TAVUS_BOOLEAN)) != 0;
  if (scalar && f.wanted == TAVUS_STRING)
    tavus_push_hint(w, "write the values in quotes, or type = \"%s\"", type);
  else
    tavus_push_hint(w, "write type = \"%s\", or a value of that type", type);
  tavus_issue(w, TAVUS_WARNING, "type", step, "expected %s, got %s",
              f.wanted == 0 ? "null" : tavus_type_words(wanted, f.wanted), type);
  return false;
}

/* Checks each item, up to the first that does not fit. */
static void check_items(tavus_walk *w, const tavus_rule *rule, const tavus_view *view,
                        const tavus_step *step) {
  lua_State *L = w->L;
  int list = lua_gettop(L);
  size_t n = lua_rawlen(L, list);
  if (n == 0 && !tavus_has_members(L, list))
    tavus_issue_text(w, TAVUS_WARNING, "range", step, "has no values: nothing meets it",
                     "leave it out, or list the values");
  for (size_t i = 0; i < n; i++) {
    tavus_step item = { .up = step, .index = i };
    lua_rawgeti(L, list, (int)i + 1);
    bool fits = check_fit(w, view, rule->when, &item);
    lua_settop(L, list);
    if (!fits) break;
  }
}

/* Is the value at the top of the stack an item of the table below it? */
static bool is_among(lua_State *L) {
  size_t n = lua_rawlen(L, -2);
  bool found = false;
  for (size_t i = 1; i <= n && !found; i++) {
    lua_rawgeti(L, -2, (int)i);
    found = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 1);
  }
  return found;
}

static void report(tavus_walk *w, const tavus_rule *rule, const char *code,
                   const tavus_step *step) {
  tavus_issue_text(w, TAVUS_WARNING, code, step, rule->message, rule->hint);
}

void tavus_check_schema_rule(tavus_walk *w, const tavus_rule *rule,
                             const tavus_view *view, const tavus_step *step) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  tavus_step at = { .up = step, .key = rule->field, .length = strlen(rule->field) };
  int type = tavus_view_push(w, view, rule->field);
  if (rule->kind == TAVUS_RULE_TYPE_NEEDS) {
    const char *const *f = rule->fields;
    while (*f != NULL && tavus_view_find(w, view, *f) == 0) f++;
    if (*f == NULL && tavus_view_push(w, view, rule->when) != LUA_TNIL &&
        any_type(w, is_named, (void *)(uintptr_t)rule->values[0]))
      report(w, rule, "required", &at);
  } else if (type == LUA_TNIL) {
    /* nothing to check */
  } else if (rule->kind == TAVUS_RULE_FITS && rule->limit == 0) {
    (void)check_fit(w, view, rule->when, &at);
  } else if (rule->kind == TAVUS_RULE_FITS) {
    if (type == LUA_TTABLE) check_items(w, rule, view, &at);
  } else if (rule->kind == TAVUS_RULE_AMONG) {
    bool listed = tavus_view_push(w, view, rule->when) == LUA_TTABLE;
    lua_insert(L, top + 1);
    if (listed && type != LUA_TTABLE && lua_rawlen(L, top + 1) > 0 && !is_among(L))
      report(w, rule, "choice", &at);
  } else if (type == LUA_TNUMBER && tavus_view_push(w, view, rule->when) == LUA_TNUMBER) {
    lua_Number low = lua_tonumber(L, top + 1), high = lua_tonumber(L, top + 2);
    if (rule->limit != 0 ? low >= high : low > high) report(w, rule, "range", &at);
  }
  lua_settop(L, top);
}
