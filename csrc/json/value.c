/* value.c - see value.h. */
#include "value.h"

#include "read.h"

/* ---- marks ------------------------------------------------------------- */

tavus_marks *tavus_json_new(lua_State *L) {
  luaL_checkstack(L, 8, "no room for the JSON marks");
  tavus_marks *marks = (tavus_marks *)lua_newuserdata(L, sizeof(tavus_marks));
  memset(marks, 0, sizeof *marks);
  lua_createtable(L, TAVUS_SLOT_MODULE, 0);
  lua_newtable(L);
  marks->array = marks->own_array = lua_topointer(L, -1);
  lua_pushvalue(L, -1);
  lua_rawseti(L, -3, TAVUS_SLOT_ARRAY);
  lua_rawseti(L, -2, TAVUS_SLOT_OWN_ARRAY);
  lua_newtable(L);
  marks->object = lua_topointer(L, -1);
  lua_rawseti(L, -2, TAVUS_SLOT_OBJECT);
  (void)tavus_buffer_new(L);
  lua_rawseti(L, -2, TAVUS_SLOT_SCRATCH);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, TAVUS_SLOT_EMPTY_ARRAY);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, TAVUS_SLOT_LIST);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, TAVUS_SLOT_MODULE);
  return marks;
}

tavus_mark tavus_mark_of(lua_State *L, int index, const tavus_marks *marks) {
  if (!lua_getmetatable(L, index)) return TAVUS_UNMARKED;
  const void *identity = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (identity == marks->array || identity == marks->own_array ||
      identity == marks->list)
    return TAVUS_ARRAY;
  if (identity == marks->object) return TAVUS_OBJECT;
  if (identity == marks->empty_array) return TAVUS_EMPTY_ARRAY;
  return TAVUS_UNMARKED;
}

/* Has the table at `index` any member? */
static bool has_members(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_pushnil(L);
  if (lua_next(L, index) == 0) return false;
  lua_pop(L, 2);
  return true;
}

bool tavus_is_array(lua_State *L, int index, const tavus_marks *marks) {
  tavus_mark mark = tavus_mark_of(L, index, marks);
  if (mark == TAVUS_ARRAY) return true;
  if (mark == TAVUS_OBJECT) return false;
  lua_rawgeti(L, index, 1);
  bool sequence = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return sequence || (mark == TAVUS_EMPTY_ARRAY && !has_members(L, index));
}

/* Marks the table at index 1, or a new one where there is none. */
static int core_mark(lua_State *L, int slot) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_rawgeti(L, tavus_marks_table, slot);
  lua_setmetatable(L, 1);
  return 1;
}

/* array([t]) --> t, which is an array in JSON from now on, also when empty */
static int core_array(lua_State *L) { return core_mark(L, TAVUS_SLOT_ARRAY); }

/* object([t]) --> t, which is an object in JSON from now on */
static int core_object(lua_State *L) { return core_mark(L, TAVUS_SLOT_OBJECT); }

/* is_array(value) --> boolean: would it be written as an array? */
static int core_is_array(lua_State *L) {
  const tavus_marks *marks = tavus_marks_here(L);
  luaL_checkany(L, 1);
  lua_pushboolean(L, lua_istable(L, 1) ? tavus_is_array(L, 1, marks)
                                       : tavus_is_empty_value(L, 1, marks));
  return 1;
}

/* use_marks { array_mt=, empty_array_mt=, empty_array=, list_mt= }
** Lets our arrays carry cjson's mark and its tables be understood. What a cjson
** does not have, or has in another shape, is passed over. Tables with list_mt
** are arrays that keep their own metatable. */
static int core_use_marks(lua_State *L) {
  tavus_marks *marks = tavus_marks_here(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "array_mt");
  lua_getfield(L, 1, "empty_array_mt");
  lua_getfield(L, 1, "empty_array");
  lua_getfield(L, 1, "list_mt");
  lua_rawgeti(L, tavus_marks_table, TAVUS_SLOT_MODULE);
  if (lua_istable(L, 6) && lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    lua_setfield(L, 6, "array_mt");
  }
  /* the slots exist: setting them needs no memory, so these stay together */
  if (lua_istable(L, 2)) {
    marks->array = lua_topointer(L, 2);
    lua_pushvalue(L, 2);
    lua_rawseti(L, tavus_marks_table, TAVUS_SLOT_ARRAY);
  }
  if (lua_istable(L, 3)) {
    marks->empty_array = lua_topointer(L, 3);
    lua_pushvalue(L, 3);
    lua_rawseti(L, tavus_marks_table, TAVUS_SLOT_EMPTY_ARRAY);
  }
  if (lua_islightuserdata(L, 4)) marks->empty_value = lua_touserdata(L, 4);
  if (lua_istable(L, 5)) {
    marks->list = lua_topointer(L, 5);
    lua_pushvalue(L, 5);
    lua_rawseti(L, tavus_marks_table, TAVUS_SLOT_LIST);
  }
  return 0;
}

/* ---- copy and equality ------------------------------------------------- */

static const char too_deep[] = "nested deeper than 128 levels";
static const char circular[] = "a table contains itself";
static const char no_stack[] = "nested too deep for the Lua stack that is left";
static const char too_large[] =
    "too large: more than 10 million values, a table counting for ten";

/* A table that stands in several places is walked once a place, so forty small
** tables can stand for 2^40 places. This ends such a walk in about a second,
** and a copy below some 200 MB. */
enum { WALK_BUDGET = 10 * 1000 * 1000, TABLE_COST = 10 };

typedef struct walk {
  lua_State *L;
  const tavus_marks *marks;
  const void *open[TAVUS_JSON_DEPTH]; /* the tables around the current one */
  int depth;
  int budget;          /* what is left of WALK_BUDGET */
  const char *message; /* set when the walk had to stop */
} walk;

static walk begin(lua_State *L) {
  walk w;
  w.L = L;
  w.marks = tavus_marks_here(L);
  w.depth = 0;
  w.budget = WALK_BUDGET;
  w.message = NULL;
  return w;
}

/* Counts a value; false: it was one too many. */
static bool spend(walk *w, int cost) {
  if (w->budget >= cost) {
    w->budget -= cost;
    return true;
  }
  w->message = too_large;
  return false;
}

static bool enter(walk *w, const void *table) {
  if (!spend(w, TABLE_COST)) return false;
  for (int i = 0; i < w->depth; i++) {
    if (w->open[i] != table) continue;
    w->message = circular;
    return false;
  }
  if (w->depth == TAVUS_JSON_DEPTH)
    w->message = too_deep;
  else if (!lua_checkstack(w->L, 8))
    w->message = no_stack;
  else
    w->open[w->depth++] = table;
  return w->message == NULL;
}

/* Replaces the value on the top by its copy; false: stopped, stack undefined. */
static bool copy_top(walk *w) {
  lua_State *L = w->L;
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

/* copy(value) --> value | nil, message
** A deep copy: tables are new, marks and null stay; other metatables (the
** builders' methods) do not. A cycle, too deep a nesting or too large a value is
** the message. */
static int core_copy(lua_State *L) {
  walk w = begin(L);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (copy_top(&w)) return 1;
  lua_pushnil(L);
  lua_pushstring(L, w.message);
  return 2;
}

/* Is the value an array in JSON's eyes? */
static bool array_like(walk *w, int index) {
  return lua_istable(w->L, index) ? tavus_is_array(w->L, index, w->marks)
                                  : tavus_is_empty_value(w->L, index, w->marks);
}

/* Compares the values at the absolute indices `a` and `b`. */
static bool equal_values(walk *w, int a, int b) {
  lua_State *L = w->L;
  if (lua_rawequal(L, a, b)) return spend(w, 1);
  bool table_a = lua_istable(L, a);
  bool table_b = lua_istable(L, b);
  if (!table_a || !table_b) {
    /* cjson.empty_array against an empty array */
    if (table_a == table_b || !array_like(w, a) || !array_like(w, b))
      return false;
    return !has_members(L, table_a ? a : b);
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

/* equal(a, b) --> boolean | nil, message
** Equality as JSON has it: numbers by value, arrays and objects apart, the
** order of names of no importance. A cycle, too deep a nesting or too large a
** value that equality hangs on is the message. */
static int core_equal(lua_State *L) {
  walk w = begin(L);
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  bool same = equal_values(&w, 1, 2);
  if (w.message == NULL) {
    lua_pushboolean(L, same);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, w.message);
  return 2;
}

/* ---- into the module --------------------------------------------------- */

static const luaL_Reg functions[] = {
    {"array", core_array},   {"object", core_object},
    {"is_array", core_is_array}, {"use_marks", core_use_marks},
    {"decode", tavus_json_decode}, {"copy", core_copy},
    {"equal", core_equal},   {NULL, NULL}};

void tavus_json_install(lua_State *L, int module) {
  module = lua_absindex(L, module);
  luaL_checkstack(L, 8, "no room for the JSON functions");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, module, "null");
  lua_pushinteger(L, TAVUS_JSON_DEPTH);
  lua_setfield(L, module, "max_depth");
  lua_rawgeti(L, -1, TAVUS_SLOT_ARRAY);
  lua_setfield(L, module, "array_mt");
  lua_rawgeti(L, -1, TAVUS_SLOT_OBJECT);
  lua_setfield(L, module, "object_mt");
  lua_pushvalue(L, module);
  lua_rawseti(L, -2, TAVUS_SLOT_MODULE);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, f->func, TAVUS_MARKS_TABLE);
    lua_setfield(L, module, f->name);
  }
  tavus_json_push_reader(L, -1);
  lua_setfield(L, module, "reader");
  lua_pop(L, 2);
}
