/* patch_rule.c - what holds between the operations of a JSON Patch: rules of the
** contract, and a member that one operation sets and another one depends on. */
#include "walk.h"

/* Is the place at `path`, or inside of it? */
static bool is_inside(const char *inner, const char *path) {
  size_t length = strlen(path);
  return strncmp(inner, path, length) == 0 &&
         (inner[length] == '\0' || inner[length] == '/');
}

/* Pushes the path of the op at Lua index `i`, or nil. */
static const char *push_op_path(lua_State *L, int index, int i) {
  luaL_checkstack(L, 8, "patch");
  lua_rawgeti(L, index, i);
  if (lua_type(L, -1) == LUA_TTABLE) {
    lua_pushliteral(L, "path");
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Is the text one of the values? */
static bool is_one_of(const char *text, const char *const *values) {
  for (; *values != NULL; values++)
    if (strcmp(*values, text) == 0) return true;
  return false;
}

#define DEEPEST 4 /* levels of a value that are searched for a member */

/* Has the value at `index` a member, or a member of a member, of that name with one of
** the values? */
static bool has_set(lua_State *L, int index, const char *name, const char *const *values,
                    int depth) {
  bool found = false;
  if (lua_type(L, index) != LUA_TTABLE || depth == DEEPEST) return false;
  luaL_checkstack(L, 8, "patch");
  int value = lua_gettop(L) + 2;
  for (lua_pushnil(L); !found && lua_next(L, index) != 0; lua_settop(L, value - 1)) {
    if (lua_type(L, value) == LUA_TSTRING && lua_type(L, value - 1) == LUA_TSTRING &&
        strcmp(lua_tostring(L, value - 1), name) == 0)
      found = is_one_of(lua_tostring(L, value), values);
    else
      found = has_set(L, value, name, values, depth + 1);
  }
  lua_settop(L, value - 2);
  return found;
}

bool tavus_patch_sets(tavus_walk *w, const char *name, const char *const *values) {
  lua_State *L = w->L;
  int base = lua_gettop(L);
  bool found = false;
  if (w->patch == 0) return false;
  luaL_checkstack(L, 8, "patch");
  int n = (int)lua_rawlen(L, w->patch);
  for (int i = 1; i <= n && !found; i++) {
    const char *path = push_op_path(L, w->patch, i);
    const char *last = path != NULL ? strrchr(path, '/') : NULL;
    lua_rawgeti(L, w->patch, i);
    if (last != NULL && lua_type(L, -1) == LUA_TTABLE) {
      lua_pushliteral(L, "value");
      lua_rawget(L, -2);
      found = strcmp(last + 1, name) == 0 ? lua_type(L, -1) == LUA_TSTRING &&
                                                is_one_of(lua_tostring(L, -1), values)
                                          : has_set(L, lua_gettop(L), name, values, 0);
    }
    lua_settop(L, base);
  }
  return found;
}

/* Is the op at Lua index `i` an add or replace at `path` (or, with `above`, at
** a place that contains it)? */
static bool writes_at(tavus_walk *w, int index, int i, const char *path, bool above) {
  lua_State *L = w->L;
  int base = lua_gettop(L);
  bool yes = false;
  luaL_checkstack(L, 8, "patch");
  lua_rawgeti(L, index, i);
  if (lua_type(L, -1) == LUA_TTABLE) {
    lua_pushliteral(L, "op");
    lua_rawget(L, base + 1);
    lua_pushliteral(L, "path");
    lua_rawget(L, base + 1);
    if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
        (strcmp(lua_tostring(L, -2), "add") == 0 ||
         strcmp(lua_tostring(L, -2), "replace") == 0)) {
      const char *text = lua_tostring(L, -1);
      yes = strcmp(text, path) == 0 || (above && is_inside(path, text));
    }
  }
  lua_settop(L, base);
  return yes;
}

/* Is the value of the op at Lua index `i`, a table, null, an empty text or missing? Such
** an operation removes something and needs no other operation. */
static bool clears(tavus_walk *w, int index, int i) {
  lua_State *L = w->L;
  int base = lua_gettop(L);
  luaL_checkstack(L, 8, "patch");
  lua_rawgeti(L, index, i);
  lua_pushliteral(L, "value");
  lua_rawget(L, base + 1);
  bool yes = lua_isnil(L, -1) || tavus_is_null(L, -1) ||
             (lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) == 0);
  lua_settop(L, base);
  return yes;
}

/* Returns the index of the first op that breaks the rule, or 0. */
static int breaks_rule(tavus_walk *w, int index, const tavus_patch_rule *rule) {
  int n = (int)lua_rawlen(w->L, index), first = 0;
  bool others = false;
  for (int i = 1; i <= n; i++) {
    if (rule->needs == NULL) {
      const char *path = push_op_path(w->L, index, i);
      if (path != NULL && !is_inside(path, rule->path))
        others = true;
      else if (path != NULL && first == 0)
        first = i;
      lua_pop(w->L, 1);
      continue;
    }
    if (writes_at(w, index, i, rule->needs, true)) return 0;
    if (first == 0 && writes_at(w, index, i, rule->path, false) && !clears(w, index, i))
      first = i;
  }
  return rule->needs != NULL || others ? first : 0;
}

static void check_patch_rule(tavus_walk *w, int index, const tavus_patch_rule *rule,
                             const tavus_step *step) {
  int first = breaks_rule(w, index, rule);
  if (first == 0) return;
  tavus_step op = { .up = step, .index = (size_t)(first - 1) };
  tavus_step path = { .up = &op, .key = "path", .length = 4 };
  tavus_issue_text(w, TAVUS_WARNING, "rule", &path, rule->message, rule->hint);
}

void tavus_check_patch_rules(tavus_walk *w, const tavus_patch_rule *rules,
                             const tavus_step *step) {
  for (const tavus_patch_rule *r = rules; r->path != NULL; r++)
    check_patch_rule(w, w->patch, r, step);
}
