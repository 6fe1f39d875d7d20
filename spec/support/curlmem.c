/* curlmem.c - a Lua module for the specs: libcurl's memory runs out. To be
** opened in a process of its own, before tavus.http: libcurl takes its
** allocator once.
**
** fail(n [, all])  the n-th allocation from now on fails, with `all` every
**                  later one too; 0: none
** used()           --> allocations since then */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>

static long used, fail_at;
static int all;

static int fails(void) {
  used++;
  return fail_at > 0 && (all ? used >= fail_at : used == fail_at);
}

static void *allocate(size_t size) { return fails() ? NULL : malloc(size); }
static void *clear(size_t count, size_t size) { return fails() ? NULL : calloc(count, size); }
static void *resize(void *block, size_t size) { return fails() ? NULL : realloc(block, size); }

static char *copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *fresh = allocate(size);
  return fresh == NULL ? NULL : memcpy(fresh, text, size);
}

static int fail(lua_State *L) {
  used = 0;
  fail_at = (long)luaL_checknumber(L, 1);
  all = lua_toboolean(L, 2);
  return 0;
}

static int so_far(lua_State *L) {
  lua_pushnumber(L, (lua_Number)used);
  return 1;
}

int luaopen_curlmem(lua_State *L);
int luaopen_curlmem(lua_State *L) {
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, free, resize, copy, clear) != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised");
  lua_newtable(L);
  lua_pushcfunction(L, fail);
  lua_setfield(L, -2, "fail");
  lua_pushcfunction(L, so_far);
  lua_setfield(L, -2, "used");
  return 1;
}
