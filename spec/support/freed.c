/* freed.c - a Lua module for the specs: looks for a secret in memory at the
** moment when it is given back, and has no memory for large blocks.
**
** run(source, secret [, most]) --> outcome, lua, c
**   source  Lua source, run in a fresh VM with the secret in TAVUS_API_KEY;
**           `secret()` makes it a string of that VM
**   most    bytes of the largest block that csrc/http can have; nil: any
**   outcome "done", or the message of an error
**   lua     how many blocks of the VM held the secret when they were freed or
**           outgrown, up to the VM's end: one for each string of it
**   c       how many blocks of csrc/http did, and lines of its lists of headers
** The VM's tavus.http is the one linked into this module (freed.lua), whose
** calls of the allocator come here; libcurl's own do not. Fresh memory is zero,
** or it would hold what others left in it. */
#define _GNU_SOURCE 1
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static const char *wanted; /* NULL: nothing is looked for */
static size_t wanted_length;
static unsigned found_in_lua, found_in_c;
static size_t most = SIZE_MAX;

static int holds(const void *block, size_t size) {
  return wanted != NULL && block != NULL &&
         memmem(block, size, wanted, wanted_length) != NULL;
}

/* ---- the memory of csrc/http ---- */

void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void __real_curl_slist_free_all(struct curl_slist *list);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);
void __wrap_curl_slist_free_all(struct curl_slist *list);

void *__wrap_malloc(size_t size) {
  return size > most ? NULL : __real_calloc(1, size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return __real_calloc(count, size);
}

void __wrap_free(void *block) {
  if (holds(block, malloc_usable_size(block))) found_in_c++;
  __real_free(block);
}

void __wrap_curl_slist_free_all(struct curl_slist *list) {
  const struct curl_slist *item;
  for (item = list; item != NULL; item = item->next)
    if (holds(item->data, malloc_usable_size(item->data))) found_in_c++;
  __real_curl_slist_free_all(list);
}

/* ---- the memory of a VM ---- */

static void *allocate(void *context, void *block, size_t old, size_t size) {
  void *fresh = NULL;
  (void)context;
  if (block == NULL) old = 0; /* then it names a type */
  if (size > 0) {
    fresh = __real_calloc(1, size);
    if (fresh == NULL) return NULL;
    if (old > 0) memcpy(fresh, block, old < size ? old : size);
  }
  if (holds(block, old)) found_in_lua++;
  __real_free(block);
  return fresh;
}

static lua_State *open_state(void) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(allocate, NULL, 1);
#else
  return lua_newstate(allocate, NULL);
#endif
}

static int push_secret(lua_State *V) {
  lua_pushstring(V, wanted);
  return 1;
}

int luaopen_tavus_http(lua_State *V);

static void copy_path(lua_State *L, lua_State *V, const char *name) {
  lua_getfield(L, -1, name);
  lua_pushstring(V, lua_tostring(L, -1));
  lua_setfield(V, -2, name);
  lua_pop(L, 1);
}

static int freed_run(lua_State *L) {
  const char *source = luaL_checkstring(L, 1);
  lua_State *V = open_state();
  if (V == NULL) return luaL_error(L, "no new VM");
  wanted = luaL_checklstring(L, 2, &wanted_length);
  most = lua_isnoneornil(L, 3) ? SIZE_MAX : (size_t)luaL_checknumber(L, 3);
  found_in_lua = found_in_c = 0;
  setenv("TAVUS_API_KEY", wanted, 1);
  luaL_openlibs(V);
  lua_getglobal(L, "package");
  lua_getglobal(V, "package");
  copy_path(L, V, "path");
  copy_path(L, V, "cpath");
  lua_getfield(V, -1, "preload");
  lua_pushcfunction(V, luaopen_tavus_http);
  lua_setfield(V, -2, "tavus.http");
  lua_settop(V, 0);
  lua_pushcfunction(V, push_secret);
  lua_setglobal(V, "secret");
  if (luaL_loadstring(V, source) || lua_pcall(V, 0, 0, 0))
    lua_pushstring(L, lua_tostring(V, -1));
  else
    lua_pushliteral(L, "done");
  lua_close(V);
  unsetenv("TAVUS_API_KEY");
  wanted = NULL;
  most = SIZE_MAX;
  lua_pushinteger(L, (lua_Integer)found_in_lua);
  lua_pushinteger(L, (lua_Integer)found_in_c);
  return 3;
}

int luaopen_freed(lua_State *L);
int luaopen_freed(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, freed_run);
  lua_setfield(L, -2, "run");
  return 1;
}
