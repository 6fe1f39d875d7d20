/* json.c - see json.h. */
#include "json.h"

#include "buffer.h"
#include "deep.h"
#include "marks.h"
#include "read.h"

void tavus_json_new(lua_State *L) {
  luaL_checkstack(L, 8, "JSON marks");
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
  for (int slot = TAVUS_SLOT_EMPTY_ARRAY; slot <= TAVUS_SLOT_MODULE; slot++) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, slot);
  }
}

/* Gives the table at index 1, or a new table, the metatable in a slot. */
static int json_mark(lua_State *L, int slot) {
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

/* array([t]) --> t, marked as an array. Without t: a new table. */
static int json_array(lua_State *L) { return json_mark(L, TAVUS_SLOT_ARRAY); }

/* object([t]) --> t, marked as an object. Without t: a new table. */
static int json_object(lua_State *L) { return json_mark(L, TAVUS_SLOT_OBJECT); }

/* is_array(value) --> boolean: whether it is written as an array */
static int json_is_array(lua_State *L) {
  const tavus_marks *marks = tavus_marks_here(L);
  luaL_checkany(L, 1);
  lua_pushboolean(L, lua_istable(L, 1) ? tavus_is_array(L, 1, marks)
                                       : tavus_is_empty_value(L, 1, marks));
  return 1;
}

/* list_mark(metatable) --> metatable
** Tables with this metatable are arrays, also when empty. Each builder of lists has
** a metatable of its own. */
static int json_list_mark(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushlightuserdata(L, tavus_marks_here(L));
  lua_pushboolean(L, 1);
  lua_rawset(L, 1);
  return 1;
}

/* use_marks { array_mt=, empty_array_mt=, empty_array= }
** Takes over the marks of a cjson module: new arrays get its array_mt, and its
** other two marks are understood. Members that are nil or of another type are
** skipped. */
static int json_use_marks(lua_State *L) {
  tavus_marks *marks = tavus_marks_here(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "array_mt");
  lua_getfield(L, 1, "empty_array_mt");
  lua_getfield(L, 1, "empty_array");
  lua_rawgeti(L, tavus_marks_table, TAVUS_SLOT_MODULE);
  if (lua_istable(L, 5) && lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    lua_setfield(L, 5, "array_mt");
  }
  /* The slots exist, so none of these assignments needs memory. */
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
  return 0;
}

static const luaL_Reg functions[] = { { "array", json_array },
                                      { "copy", tavus_json_copy },
                                      { "decode", tavus_json_decode },
                                      { "equal", tavus_json_equal },
                                      { "is_array", json_is_array },
                                      { "list_mark", json_list_mark },
                                      { "object", json_object },
                                      { "use_marks", json_use_marks },
                                      { NULL, NULL } };

void tavus_json_install(lua_State *L, int module) {
  module = lua_absindex(L, module);
  luaL_checkstack(L, 8, "JSON functions");
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
