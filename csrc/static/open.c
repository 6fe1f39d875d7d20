/* open.c - luaopen_tavus: loads the library from memory. Registers a loader for each
** module in package.preload, for those in C and those of the bundle. Not a part of
** the rock. */
#include "tavus.h"

#include "bundle.h"

TAVUS_EXPORT int luaopen_tavus(lua_State *L);
TAVUS_EXPORT int luaopen_tavus_core(lua_State *L);
TAVUS_EXPORT int luaopen_tavus_http(lua_State *L);
#ifdef TAVUS_STATIC_CRYPTO
TAVUS_EXPORT int luaopen_tavus_crypto(lua_State *L);
#endif

/* A loader; its upvalue is the chunk: (name, nil, globals | nil) --> module */
static int load_chunk(lua_State *L) {
  const tavus_chunk *chunk = (const tavus_chunk *)lua_touserdata(L, lua_upvalueindex(1));
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

/* The standard libraries that are needed, and a global of each. */
static const struct {
  const char *library;
  const char *global;
} needed[] = {
  { "base", "setmetatable" },
  { "coroutine", "coroutine" },
  { "io", "io" },
  { "math", "math" },
  { "os", "os" },
  { "package", NULL },
  { "string", "string" },
  { "table", "table" },
};

/* Pushes package.loaded, and package.preload or nil, from the registry, which a script
** cannot have changed. */
static void push_package(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  if (lua_istable(L, -1))
    lua_getfield(L, -1, "package");
  else
    lua_pushnil(L);
  if (lua_istable(L, -1))
    lua_getfield(L, -1, "preload");
  else
    lua_pushnil(L);
  lua_remove(L, -2);
}

/* Raises an error that names the libraries that are missing. package.preload is
** on the top. */
static void check_libraries(lua_State *L) {
  int preload = lua_gettop(L);
  lua_pushliteral(L, "");
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    bool found = lua_istable(L, preload);
    if (needed[i].global != NULL) {
      tavus_pushglobals(L);
      lua_pushstring(L, needed[i].global);
      lua_rawget(L, -2);
      found = !lua_isnil(L, -1);
      lua_pop(L, 2);
    }
    if (found) continue;
    lua_pushfstring(L, lua_rawlen(L, -1) > 0 ? ", %s" : "%s", needed[i].library);
    lua_concat(L, 2);
  }
  if (lua_rawlen(L, -1) > 0)
    luaL_error(L, "tavus needs the standard libraries %s: call luaL_openlibs first",
               lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* (package.preload) --> module. Registers "tavus" last: an error before leaves the host's
** luaopen_tavus under that name. */
static int open_library(lua_State *L) {
  lua_pushcfunction(L, luaopen_tavus_core);
  lua_setfield(L, 1, "tavus.core");
  lua_pushcfunction(L, luaopen_tavus_http);
  lua_setfield(L, 1, "tavus.http");
#ifdef TAVUS_STATIC_CRYPTO
  lua_pushcfunction(L, luaopen_tavus_crypto);
  lua_setfield(L, 1, "tavus.crypto");
#endif
  for (const tavus_chunk *chunk = tavus_bundle; chunk->name != NULL; chunk++) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)chunk);
    lua_pushcclosure(L, load_chunk, 1);
    if (strcmp(chunk->name, "tavus") == 0)
      lua_insert(L, 2);
    else
      lua_setfield(L, 1, chunk->name);
  }
  lua_pushvalue(L, 2);
  lua_setfield(L, 1, "tavus");
  lua_pushliteral(L, "tavus");
  lua_call(L, 1, 1);
  return 1;
}

/* Removes the marks of modules that failed to load. Lua 5.1 keeps such a mark in
** package.loaded and would not load the module again. It is a light userdata, in
** LuaJIT also a number. */
static void forget_failed(lua_State *L, int loaded) {
  lua_pushnil(L);
  while (lua_next(L, loaded) != 0) {
    int type = lua_type(L, -1);
    if (lua_type(L, -2) == LUA_TSTRING &&
        (type == LUA_TLIGHTUSERDATA || type == LUA_TNUMBER) &&
        strncmp(lua_tostring(L, -2), "tavus", 5) == 0) {
      lua_pushvalue(L, -2);
      lua_pushnil(L);
      lua_rawset(L, loaded);
    }
    lua_pop(L, 1);
  }
}

int luaopen_tavus(lua_State *L) {
  lua_settop(L, 0);
  push_package(L);
  check_libraries(L);
  lua_pushcfunction(L, open_library);
  lua_insert(L, 2);
  if (lua_pcall(L, 1, 1, 0) == 0) return 1;
  forget_failed(L, 1);
  return lua_error(L);
}
