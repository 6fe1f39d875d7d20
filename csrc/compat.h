/* compat.h - Lua 5.1, 5.2, 5.3, 5.4, 5.5 and LuaJIT from one source.
**
** Whatever we need beyond the 5.1 API comes from here, under the names
** of later Lua versions. An object built against the 5.1 headers must load in
** Lua 5.1 and in LuaJIT alike, so nothing below calls what only LuaJIT has.
** Getters (lua_rawget, lua_rawgeti, lua_rawgetp, lua_getfield, ...) give
** nothing back before 5.3: use lua_type on what they pushed.
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

/* Everything else is private to the shared object (-fvisibility=hidden). */
#define TAVUS_EXPORT __attribute__((visibility("default")))

/* 1 where Lua numbers have an integer subtype (then lua_isinteger exists). */
#if LUA_VERSION_NUM >= 503
#define TAVUS_HAS_INTEGERS 1
#else
#define TAVUS_HAS_INTEGERS 0
#define lua_isinteger(L, index) ((void)(L), (void)(index), 0)
#endif

#ifndef LUA_FILEHANDLE /* 5.1 has it in lualib.h */
#define LUA_FILEHANDLE "FILE*"
#endif

/* The value that a userdata carries, from and to the top. It may have to be a
** table (5.1, 5.2). */
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

/* The usual globals, and those of the Lua chunk at `index`: pushed, or set from
** the top, which is popped. */
#if LUA_VERSION_NUM < 502
#define tavus_pushglobals(L) lua_pushvalue((L), LUA_GLOBALSINDEX)
#define tavus_getglobals(L, index) lua_getfenv((L), (index))
#define tavus_setglobals(L, index) ((void)lua_setfenv((L), (index)))
#else
#define tavus_pushglobals(L) lua_pushglobaltable(L)
#define tavus_getglobals(L, index) \
  ((void)(lua_getupvalue((L), (index), 1) != NULL || (lua_pushnil(L), true)))
#define tavus_setglobals(L, index) ((void)lua_setupvalue((L), (index), 1))
#endif

#if LUA_VERSION_NUM < 502

#define lua_rawlen(L, index) lua_objlen((L), (index))
#define lua_absindex(L, index) tavus_absindex((L), (index))
#define lua_rawgetp(L, index, key) tavus_rawgetp((L), (index), (key))
#define lua_rawsetp(L, index, key) tavus_rawsetp((L), (index), (key))
#define luaL_setfuncs(L, list, n) tavus_setfuncs((L), (list), (n))
#define luaL_setmetatable(L, name) \
  (luaL_getmetatable((L), (name)), (void)lua_setmetatable((L), -2))

static inline int tavus_absindex(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index
                                                 : lua_gettop(L) + index + 1;
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
