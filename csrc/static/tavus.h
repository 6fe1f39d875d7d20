/* tavus.h - tavus linked into a C or C++ program: no shared object, no Lua
** files, no search paths. `make static` builds libtavus.a with this header
** beside it; link it with the program's own Lua, and with libcurl. */
#ifndef TAVUS_H
#define TAVUS_H

#ifdef __cplusplus
extern "C" {
#endif

struct lua_State;

/* luaopen_tavus(L) --> the module `tavus`
**
** A lua_CFunction like those of lualib.h. From Lua 5.2 on:
**
**   luaL_openlibs(L);
**   luaL_requiref(L, "tavus", luaopen_tavus, 0);
**   lua_pop(L, 1);
**
** In Lua 5.1 and LuaJIT put it in package.preload.tavus. After either,
** `require "tavus"` in a script gives the module, and the modules below it
** load when they are first needed, from memory.
**
** The standard libraries must be open before, and their globals stay what they
** are in the environment of the registry; what a script may see is for the
** environment the host gives it. Every lua_State has a module, clients and
** connections of its own; two may run at once on two threads.
**
** Raises a Lua error that names the standard libraries that are missing (all but
** debug are needed), or when memory runs out, so call it where errors are caught
** (luaL_requiref inside lua_pcall). After an error it may be called again. */
int luaopen_tavus(struct lua_State *L);

#ifdef __cplusplus
}
#endif
#endif
