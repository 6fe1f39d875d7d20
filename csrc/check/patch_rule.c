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

/* What an operation does, as texts of it that live as long as the patch. */
typedef struct patch_op {
  const char *op, *path, *from; /* "" when it is missing or not a text */
  int value;                    /* the stack index of its value, or of nil */
} patch_op;

/* Reads the op at Lua index `i`. Pushes its value. */
static patch_op read_op(tavus_walk *w, int i) {
  static const char *const names[] = { "op", "path", "from", "value" };
  lua_State *L = w->L;
  const char *texts[TAVUS_COUNT(names)];
  luaL_checkstack(L, 8, "patch");
  lua_rawgeti(L, w->patch, i);
  int op = lua_gettop(L);
  for (size_t n = 0; n < TAVUS_COUNT(names); n++) {
    lua_pushnil(L);
    if (lua_type(L, op) == LUA_TTABLE) {
      lua_pushstring(L, names[n]);
      lua_rawget(L, op);
      lua_replace(L, op + 1);
    }
    texts[n] = lua_type(L, op + 1) == LUA_TSTRING ? lua_tostring(L, op + 1) : "";
    if (n + 1 < TAVUS_COUNT(names)) lua_settop(L, op);
  }
  lua_remove(L, op);
  return (patch_op){ texts[0], texts[1], texts[2], op };
}

static bool is_write(const patch_op *op) {
  return strcmp(op->op, "add") == 0 || strcmp(op->op, "replace") == 0;
}

/* Does the op take away what is at `path`? */
static bool removes_at(tavus_walk *w, const patch_op *op, const char *path,
                       bool empty_is_nothing) {
  lua_State *L = w->L;
  if (strcmp(op->op, "move") == 0) return strcmp(op->from, path) == 0;
  if (strcmp(op->path, path) != 0) return false;
  bool empty = lua_type(L, op->value) == LUA_TSTRING && lua_rawlen(L, op->value) == 0;
  return strcmp(op->op, "remove") == 0 ||
         (is_write(op) && (tavus_is_null(L, op->value) || (empty && empty_is_nothing)));
}

/* Does the op at Lua index `i` break the rule, whatever the others are? */
static bool breaks_alone(tavus_walk *w, int i, const tavus_patch_rule *rule) {
  int top = lua_gettop(w->L);
  patch_op op = read_op(w, i);
  bool breaks = false;
  switch (rule->kind) {
    case TAVUS_PATCH_WITH:
      breaks =
          is_write(&op) && strcmp(op.path, rule->path) == 0 && !clears(w, w->patch, i);
      break;
    case TAVUS_PATCH_ALONE: breaks = is_inside(op.path, rule->path); break;
    case TAVUS_PATCH_WHOLE:
      breaks = is_write(&op) && strcmp(op.path, rule->path) == 0 &&
               lua_type(w->L, op.value) == LUA_TTABLE;
      break;
    case TAVUS_PATCH_KEEP: breaks = removes_at(w, &op, rule->path, false); break;
    case TAVUS_PATCH_KEEP_TEXT: breaks = removes_at(w, &op, rule->path, true); break;
  }
  lua_settop(w->L, top);
  return breaks;
}

/* Does the op at Lua index `i` excuse one at `broken` that breaks the rule? */
static bool excuses(tavus_walk *w, int i, int broken, const tavus_patch_rule *rule) {
  int top = lua_gettop(w->L);
  patch_op op = read_op(w, i);
  bool at = is_write(&op) && is_inside(rule->path, op.path) && !clears(w, w->patch, i);
  bool yes = false;
  switch (rule->kind) {
    case TAVUS_PATCH_WITH: yes = is_write(&op) && is_inside(rule->needs, op.path); break;
    case TAVUS_PATCH_ALONE: break;
    case TAVUS_PATCH_WHOLE: /* it is known what is there, or nothing is */
      yes = i < broken && strcmp(op.path, rule->path) == 0 &&
            (strcmp(op.op, "remove") == 0 || strcmp(op.op, "test") == 0);
      break;
    case TAVUS_PATCH_KEEP:
    case TAVUS_PATCH_KEEP_TEXT:
      yes = at || (rule->needs != NULL && (is_inside(rule->needs, op.path) ||
                                           removes_at(w, &op, rule->needs, true)));
      break;
  }
  lua_settop(w->L, top);
  return yes;
}

/* Are all ops inside the rule's path? */
static bool is_alone(tavus_walk *w, const tavus_patch_rule *rule, int n) {
  bool alone = true;
  for (int i = 1; i <= n && alone; i++) {
    const char *path = push_op_path(w->L, w->patch, i);
    alone = path == NULL || is_inside(path, rule->path);
    lua_pop(w->L, 1);
  }
  return alone;
}

static void check_patch_rule(tavus_walk *w, const tavus_patch_rule *rule,
                             const tavus_step *step) {
  bool whole = rule->kind == TAVUS_PATCH_WHOLE, keep = rule->kind >= TAVUS_PATCH_KEEP;
  int n = (int)lua_rawlen(w->L, w->patch);
  for (int i = 1; i <= n && !w->stopped; i++) {
    if (!breaks_alone(w, i, rule)) continue;
    bool excused = rule->kind == TAVUS_PATCH_ALONE && is_alone(w, rule, n);
    for (int other = 1; other <= n && !excused; other++)
      excused = excuses(w, other, i, rule);
    if (excused) continue;
    int top = lua_gettop(w->L);
    bool moved = strcmp(read_op(w, i).op, "move") == 0 && keep;
    lua_settop(w->L, top);
    tavus_step op = { .up = step, .index = (size_t)(i - 1) };
    tavus_step at = { .up = &op, .key = moved ? "from" : "path", .length = 4 };
    tavus_issue_text(w, whole ? TAVUS_ADVICE : TAVUS_WARNING,
                     whole  ? "whole"
                     : keep ? "required"
                            : "rule",
                     &at, rule->message, rule->hint);
    if (!whole) return; /* one is enough */
  }
}

void tavus_check_patch_rules(tavus_walk *w, const tavus_patch_rule *rules,
                             const tavus_step *step) {
  for (const tavus_patch_rule *r = rules; r->path != NULL; r++)
    check_patch_rule(w, r, step);
}
