/* open.c - luaopen_tavus: the whole library from memory. Puts a loader for
** every module into package.preload, the two of C and those of the bundle, and
** loads the first. Not a part of the rock. */
#include "tavus.h"

#include "bundle.h"

TAVUS_EXPORT int luaopen_tavus(lua_State *L);
TAVUS_EXPORT int luaopen_tavus_core(lua_State *L);
TAVUS_EXPORT int luaopen_tavus_http(lua_State *L);

/* A loader, its chunk the upvalue: (name, nil, globals | nil) --> the module. */
static int load_chunk(lua_State *L) {
  const tavus_chunk *chunk =
      (const tavus_chunk *)lua_touserdata(L, lua_upvalueindex(1));
  if (luaL_loadbuffer(L, (const char *)chunk->text, chunk->size, chunk->file) != 0)
    return lua_error(L);
  if (lua_istable(L, 3)) {
    lua_pushvalue(L, 3);
    tavus_setglobals(L, -2);
  }
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

/* Pushes package.preload, found where no script can have changed it. */
static void push_preload(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "package");
    if (lua_istable(L, -1)) {
      lua_getfield(L, -1, "preload");
      if (lua_istable(L, -1)) return;
    }
  }
  luaL_error(L, "tavus needs the standard libraries: call luaL_openlibs first");
}

int luaopen_tavus(lua_State *L) {
  lua_settop(L, 0);
  push_preload(L);
  lua_pushcfunction(L, luaopen_tavus_core);
  lua_setfield(L, -2, "tavus.core");
  lua_pushcfunction(L, luaopen_tavus_http);
  lua_setfield(L, -2, "tavus.http");
  for (const tavus_chunk *chunk = tavus_bundle; chunk->name != NULL; chunk++) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)chunk);
    lua_pushcclosure(L, load_chunk, 1);
    lua_setfield(L, -2, chunk->name);
  }
  lua_getfield(L, -1, "tavus");
  lua_pushliteral(L, "tavus");
  lua_call(L, 1, 1);
  return 1;
}
