/* compat.h - Lua 5.1, 5.2, 5.3, 5.4, 5.5 and LuaJIT from one source.
**
** Defines what the code needs beyond the API of 5.1, under the names of later
** versions. An object built with the headers of 5.1 loads in Lua 5.1 and in LuaJIT,
** so nothing here calls a function that only LuaJIT has. Getters (lua_rawget,
** lua_rawgeti, lua_rawgetp, lua_getfield, ...) return nothing before 5.3: call
** lua_type on the value that they pushed.
*/
#ifndef TAVUS_COMPAT_H
#define TAVUS_COMPAT_H

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>

#include "texts.h"

/* Marks an entry point. All other symbols are hidden (-fvisibility=hidden). */
#define TAVUS_EXPORT __attribute__((visibility("default")))

/* Raises TAVUS_NO_MEMORY. Does not return. */
static inline int tavus_no_memory(lua_State *L) { return luaL_error(L, TAVUS_NO_MEMORY); }

/* 1 where numbers have an integer subtype; lua_isinteger exists there. */
#if LUA_VERSION_NUM >= 503
#define TAVUS_HAS_INTEGERS 1
#else
#define TAVUS_HAS_INTEGERS 0
#define lua_isinteger(L, index) ((void)(L), (void)(index), 0)
#endif

#ifndef LUA_FILEHANDLE /* Lua 5.1 defines it in lualib.h */
#define LUA_FILEHANDLE "FILE*"
#endif

/* Pop the user value of the userdata at `index`, or push it. In 5.1 it must be a
** table, in 5.2 a table or nil. */
#if LUA_VERSION_NUM < 502
#define tavus_setuservalue(L, index) ((void)lua_setfenv((L), (index)))
#define tavus_getuservalue(L, index) lua_getfenv((L), (index))
#elif LUA_VERSION_NUM < 504
#define tavus_setuservalue(L, index) lua_setuservalue((L), (index))
#define tavus_getuservalue(L, index) lua_getuservalue((L), (index))
#else
#define tavus_setuservalue(L, index) ((void)lua_setiuservalue((L), (index), 1))
#define tavus_getuservalue(L, index) ((void)lua_getiuservalue((L), (index), 1))
#endif

/* Push the global table; push or pop the global table of the Lua chunk at `index`. */
#if LUA_VERSION_NUM < 502
#define tavus_pushglobals(L) lua_pushvalue((L), LUA_GLOBALSINDEX)
#define tavus_getglobals(L, index) lua_getfenv((L), (index))
#define tavus_setglobals(L, index) ((void)lua_setfenv((L), (index)))
#else
#define tavus_pushglobals(L) lua_pushglobaltable(L)
#define tavus_getglobals(L, index)                                                       \
  ((void)(lua_getupvalue((L), (index), 1) != NULL || (lua_pushnil(L), true)))
#define tavus_setglobals(L, index) ((void)lua_setupvalue((L), (index), 1))
#endif

#if LUA_VERSION_NUM < 502

#define lua_rawlen(L, index) lua_objlen((L), (index))
#define lua_absindex(L, index) tavus_absindex((L), (index))
#define lua_rawgetp(L, index, key) tavus_rawgetp((L), (index), (key))
#define lua_rawsetp(L, index, key) tavus_rawsetp((L), (index), (key))
#define luaL_setfuncs(L, list, n) tavus_setfuncs((L), (list), (n))
#define luaL_setmetatable(L, name)                                                       \
  (luaL_getmetatable((L), (name)), (void)lua_setmetatable((L), -2))

static inline int tavus_absindex(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

static inline void tavus_rawgetp(lua_State *L, int index, const void *key) {
  index = tavus_absindex(L, index);
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_rawget(L, index);
}

static inline void tavus_rawsetp(lua_State *L, int index, const void *key) {
  index = tavus_absindex(L, index);
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_insert(L, -2);
  lua_rawset(L, index);
}

static inline void tavus_setfuncs(lua_State *L, const luaL_Reg *list, int n) {
  luaL_checkstack(L, n + 1, "too many upvalues");
  for (; list->name != NULL; list++) {
    for (int i = 0; i < n; i++) lua_pushvalue(L, -n);
    lua_pushcclosure(L, list->func, n);
    lua_setfield(L, -(n + 2), list->name);
  }
  lua_pop(L, n);
}

#endif
#endif
