/* marks.c - see marks.h. */
#include "marks.h"

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
