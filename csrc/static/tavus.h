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
** Open the standard libraries before. The library uses the global table of the
** registry; give a script an environment of its own to limit what it sees. Each
** lua_State has its own module, clients and connections; two may run at once on two
** threads.
**
** Raises a Lua error that names missing standard libraries (all except debug are
** needed), or when memory runs out, so call it inside lua_pcall. It may be called
** again after an error. */
int luaopen_tavus(struct lua_State *L);

#ifdef __cplusplus
}
#endif
#endif
