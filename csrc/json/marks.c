/* marks.c - see marks.h. */
#include "marks.h"

/* Is the metatable on the top one of list_mark? */
static bool is_list_mark(lua_State *L, const tavus_marks *marks) {
  lua_pushlightuserdata(L, (void *)marks);
  lua_rawget(L, -2);
  bool found = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return found;
}

tavus_mark tavus_mark_of(lua_State *L, int index, const tavus_marks *marks) {
  if (!lua_getmetatable(L, index)) return TAVUS_UNMARKED;
  const void *identity = lua_topointer(L, -1);
  tavus_mark mark = TAVUS_UNMARKED;
  if (identity == marks->array || identity == marks->own_array)
    mark = TAVUS_ARRAY;
  else if (identity == marks->object)
    mark = TAVUS_OBJECT;
  else if (identity == marks->empty_array)
    mark = TAVUS_EMPTY_ARRAY;
  else if (is_list_mark(L, marks))
    mark = TAVUS_ARRAY;
  lua_pop(L, 1);
  return mark;
}

bool tavus_has_members(lua_State *L, int index) {
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
  return sequence || (mark == TAVUS_EMPTY_ARRAY && !tavus_has_members(L, index));
}
