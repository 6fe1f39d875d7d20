/* memerr.c - a Lua module for the specs: run a chunk in a fresh VM whose
** allocator fails at a given allocation, and see that nothing stays behind.
**
** run(setup, n) --> outcome, used
**   setup  Lua source; runs with memory enough and returns the function under
**          test, which is then called while the n-th allocation (from 1) and
**          all after it fail; n = 0: none fails
**   outcome "done", "memory" (it ended in "not enough memory"), or the message
**          of any other error
**   used   allocations the function made, the failed one included
** After a failed call the function is called once more with memory enough; an
** error there is the outcome. Raises when the closed VM still holds memory. */
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

typedef struct meter {
  size_t bytes;    /* that the VM holds */
  long used;       /* allocations since it was armed */
  long fail_at;    /* 0: never */
} meter;

static void *allocate(void *context, void *block, size_t old, size_t size) {
  meter *m = (meter *)context;
  void *fresh;
  if (block == NULL) old = 0; /* then it names a type */
  if (size == 0) {
    m->bytes -= old;
    free(block);
    return NULL;
  }
  /* Lua relies on shrinking never to fail */
  if (size > old && ++m->used >= m->fail_at && m->fail_at > 0) return NULL;
  fresh = realloc(block, size);
  if (fresh != NULL) m->bytes += size - old;
  return fresh;
}

static lua_State *open_state(meter *m) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(allocate, m, 1);
#else
  return lua_newstate(allocate, m);
#endif
}

static int is_memory_error(const char *message) {
  return message != NULL && strstr(message, "not enough memory") != NULL;
}

/* Runs setup, which leaves the function on the stack. */
static int prepare(lua_State *V, const char *setup, const char *path,
                   const char *cpath) {
  luaL_openlibs(V);
  lua_getglobal(V, "package");
  lua_pushstring(V, path);
  lua_setfield(V, -2, "path");
  lua_pushstring(V, cpath);
  lua_setfield(V, -2, "cpath");
  lua_settop(V, 0);
  return luaL_loadstring(V, setup) || lua_pcall(V, 0, 1, 0);
}

static int memerr_run(lua_State *L) {
  const char *setup = luaL_checkstring(L, 1);
  long fail_at = (long)luaL_checknumber(L, 2);
  const char *path, *cpath, *message = "done";
  meter m = {0, 0, 0};
  lua_State *V;
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  path = lua_tostring(L, -1);
  lua_getfield(L, -2, "cpath");
  cpath = lua_tostring(L, -1);
  V = open_state(&m);
  if (V == NULL) return luaL_error(L, "no new VM");
  if (prepare(V, setup, path, cpath)) {
    message = lua_tostring(V, -1);
  } else {
    int status;
    lua_pushvalue(V, 1);
    m.used = 0;
    m.fail_at = fail_at;
    status = lua_pcall(V, 0, 0, 0);
    m.fail_at = 0;
    if (status != 0) {
      message = lua_tostring(V, -1);
      if (status == LUA_ERRMEM || is_memory_error(message)) {
        long used = m.used;
        message = "memory";
        lua_settop(V, 1);
        lua_pushvalue(V, 1);
        if (lua_pcall(V, 0, 0, 0)) message = lua_tostring(V, -1);
        m.used = used;
      }
    }
  }
  lua_pushstring(L, message != NULL ? message : "an error without message");
  lua_pushnumber(L, (lua_Number)m.used);
  lua_close(V);
  if (m.bytes != 0)
    return luaL_error(L, "the closed VM holds %d bytes", (int)m.bytes);
  return 2;
}

int luaopen_memerr(lua_State *L);
int luaopen_memerr(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, memerr_run);
  lua_setfield(L, -2, "run");
  return 1;
}
