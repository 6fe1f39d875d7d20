/* deep.c - see deep.h. */
#include "deep.h"

#include "marks.h"

/* The largest value that is walked. A table is walked once for each place where it
** stands, so forty small tables can stand for 2^40 places. The limit ends such a
** walk in about a second, and a copy below about 200 MB. */
#define MILLIONS 10
#define BUDGET (MILLIONS * 1000 * 1000)
#define TABLE_COST 10
#define VALUES TAVUS_DIGITS(MILLIONS) " million values"
#define TOO_LARGE                                                                        \
  "too large: more than " VALUES ", where a table counts as " TAVUS_DIGITS(TABLE_COST)

typedef struct walk {
  lua_State *L;
  const tavus_marks *marks;
  const void *open[TAVUS_JSON_DEPTH]; /* the tables around the current one */
  int depth;
  int budget;          /* values that may still come */
  const char *message; /* why the walk stopped; NULL while it goes on */
} walk;

static walk begin(lua_State *L) {
  return (walk){ .L = L, .marks = tavus_marks_here(L), .budget = BUDGET };
}

/* Counts a value. Returns false when the budget is used up. */
static bool spend(walk *w, int cost) {
  if (w->budget >= cost) {
    w->budget -= cost;
    return true;
  }
  w->message = TOO_LARGE;
  return false;
}

/* Pushes nil and why the walk stopped. Returns 2. */
static int stop(const walk *w) {
  lua_pushnil(w->L);
  lua_pushstring(w->L, w->message);
  return 2;
}

/* Counts a table and begins with its members. Returns false when the walk stops. */
static bool enter(walk *w, const void *table) {
  if (!spend(w, TABLE_COST)) return false;
  for (int i = 0; i < w->depth; i++) {
    if (w->open[i] != table) continue;
    w->message = "a table contains itself";
    return false;
  }
  if (w->depth == TAVUS_JSON_DEPTH)
    w->message = TAVUS_JSON_TOO_DEEP;
  else if (!lua_checkstack(w->L, 8))
    w->message = TAVUS_JSON_NO_STACK;
  else
    w->open[w->depth++] = table;
  return w->message == NULL;
}

/* Replaces the value on the top by its copy. Returns false when the walk stops;
** the stack is then undefined. */
static bool copy_top(walk *w) {
  lua_State *L = w->L;
  if (tavus_is_empty_value(L, -1, w->marks)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_rawgeti(L, tavus_marks_table, TAVUS_SLOT_ARRAY);
    lua_setmetatable(L, -2);
    return spend(w, TABLE_COST);
  }
  if (!lua_istable(L, -1)) return spend(w, 1);
  if (!enter(w, lua_topointer(L, -1))) return false;
  size_t items = lua_rawlen(L, -1);
  lua_createtable(L, items < INT_MAX ? (int)items : INT_MAX, items > 0 ? 0 : 4);
  int from = lua_gettop(L) - 1;
  int to = from + 1;
  if (tavus_mark_of(L, from, w->marks) != TAVUS_UNMARKED) {
    lua_getmetatable(L, from);
    lua_setmetatable(L, to);
  }
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (!copy_top(w)) return false;
    lua_rawset(L, to);
  }
  lua_replace(L, from);
  w->depth--;
  return true;
}

int tavus_json_copy(lua_State *L) {
  walk w = begin(L);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  return copy_top(&w) ? 1 : stop(&w);
}

/* Would the value be written as an array? */
static bool array_like(walk *w, int index) {
  return lua_istable(w->L, index) ? tavus_is_array(w->L, index, w->marks)
                                  : tavus_is_empty_value(w->L, index, w->marks);
}

/* Compares the values at `a` and `b` (absolute indices). Returns false, too, when
** the walk stops. */
static bool equal_values(walk *w, int a, int b) {
  lua_State *L = w->L;
  if (lua_rawequal(L, a, b)) return spend(w, 1);
  bool table_a = lua_istable(L, a);
  bool table_b = lua_istable(L, b);
  if (!table_a || !table_b) {
    /* cjson.empty_array against an empty array */
    if (table_a == table_b || !array_like(w, a) || !array_like(w, b)) return false;
    return !tavus_has_members(L, table_a ? a : b);
  }
  if (!enter(w, lua_topointer(L, a))) return false;
  if (array_like(w, a) != array_like(w, b)) {
    w->depth--;
    return false;
  }
  size_t members = 0;
  bool same = true;
  lua_pushnil(L);
  while (same && lua_next(L, a) != 0) {
    int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);
    lua_rawget(L, b);
    same = !lua_isnil(L, -1) && equal_values(w, value, value + 1);
    lua_settop(L, same ? value - 1 : value - 2);
    members++;
  }
  if (same) {
    lua_pushnil(L);
    while (lua_next(L, b) != 0) {
      lua_pop(L, 1);
      if (members-- > 0) continue;
      lua_pop(L, 1);
      same = false;
      break;
    }
    if (same && members != 0) same = false;
  }
  w->depth--;
  return same;
}

int tavus_json_equal(lua_State *L) {
  walk w = begin(L);
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  bool same = equal_values(&w, 1, 2);
  if (w.message != NULL) return stop(&w);
  lua_pushboolean(L, same);
  return 1;
}
