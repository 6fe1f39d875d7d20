/* heap.c - a Lua module for the soak: in_use() is how many bytes of the C heap
** are in use, Lua's among them. What the process has from the system says less:
** freed memory is given back when it suits. */
#define _GNU_SOURCE 1
#include <malloc.h>

#include <lua.h>

static int in_use(lua_State *L) {
  struct mallinfo2 all = mallinfo2();
  lua_pushnumber(L, (lua_Number)(all.uordblks + all.hblkhd));
  return 1;
}

int luaopen_heap(lua_State *L);
int luaopen_heap(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, in_use);
  lua_setfield(L, -2, "in_use");
  return 1;
}
