/* vms.c - for embed_spec: several Lua states in one program that has tavus
** linked in. vms WHAT SCRIPT, for every Lua:
**   turns    one state after the other, then two open at once
**   threads  two threads, each with one state after the other
**   memory   opening tavus with the n-th allocation failing, for every n
**   again    a plain require after each of these failures
**   bare     opening tavus without the standard libraries
**   without  opening tavus with one of them missing, for each
** SCRIPT is run in each state; exit status 0 when all went well. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#include "tavus.h"

static const char *script;

/* `require "tavus"`, as a script does it, in every version of Lua. */
static int open_tavus(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_tavus);
  lua_setfield(L, -2, "tavus");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "tavus");
  lua_call(L, 1, 1);
  return 1;
}

static int told(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  printf("%s\n", message != NULL ? message : "an error without a text");
  return 1;
}

static lua_State *opened(void) {
  lua_State *L = luaL_newstate();
  if (L == NULL) return NULL;
  luaL_openlibs(L);
  lua_pushcfunction(L, open_tavus);
  if (lua_pcall(L, 0, 0, 0) == 0) return L;
  (void)told(L);
  lua_close(L);
  return NULL;
}

static int run(lua_State *L) {
  if (L == NULL) return 1;
  return luaL_dostring(L, script) != 0 ? told(L) : 0;
}

static int turns(void) {
  lua_State *one, *other;
  int failed = 0;
  for (int i = 0; i < 2; i++) {
    one = opened();
    failed |= run(one);
    if (one != NULL) lua_close(one);
  }
  one = opened();
  other = opened();
  failed |= run(one) | run(other) | run(one);
  if (one != NULL) lua_close(one);
  failed |= run(other); /* closing one leaves the other as it is */
  if (other != NULL) lua_close(other);
  return failed;
}

static void *thread(void *failed) {
  for (int i = 0; i < 3; i++) {
    lua_State *L = opened();
    *(int *)failed |= run(L);
    if (L != NULL) lua_close(L);
  }
  return NULL;
}

static int threads(void) {
  pthread_t ids[2];
  int failed[2] = {0, 0};
  for (int i = 0; i < 2; i++)
    if (pthread_create(&ids[i], NULL, thread, &failed[i]) != 0) return 1;
  for (int i = 0; i < 2; i++) pthread_join(ids[i], NULL);
  return failed[0] | failed[1];
}

/* Grants `left` more allocations and then none, until it is lifted. */
typedef struct budget {
  long left;
  int lifted;
} budget;

static void *allocate(void *ud, void *block, size_t old, size_t size) {
  budget *b = ud;
  (void)old;
  if (size == 0) {
    free(block);
    return NULL;
  }
  if (!b->lifted && (block == NULL || size > old) && b->left-- <= 0) return NULL;
  return realloc(block, size);
}

/* `require "tavus"` alone, where it failed before. */
static int require_again(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "tavus");
  lua_call(L, 1, 1);
  return 1;
}

static int memory(lua_CFunction again) {
  for (long n = 0; n < 1000000; n++) {
    budget b = {0, 1};
#if LUA_VERSION_NUM >= 505
    lua_State *L = lua_newstate(allocate, &b, 1);
#else
    lua_State *L = lua_newstate(allocate, &b);
#endif
    int status;
    if (L == NULL) return 1;
    luaL_openlibs(L);
    /* LuaJIT does not survive want of memory while it records a trace */
    if (luaL_dostring(L, "if jit then jit.off() end") != 0) return told(L);
    lua_pushcfunction(L, open_tavus);
    b.left = n;
    b.lifted = 0;
    status = lua_pcall(L, 0, 0, 0);
    b.lifted = 1;
    if (status != 0 && strstr(lua_tostring(L, -1), "not enough memory") == NULL) return told(L);
    lua_settop(L, 0);
    lua_getglobal(L, "package");
#if LUA_VERSION_NUM < 502 /* where `require` itself ran out of memory, it remembers that */
    lua_getfield(L, -1, "loaded");
    lua_getfield(L, -1, "tavus");
    if (!lua_isnil(L, -1) && !lua_istable(L, -1)) {
      lua_pushnil(L);
      lua_setfield(L, -3, "tavus");
    }
    lua_pop(L, 2);
#endif
    lua_getfield(L, -1, "preload");
    lua_getfield(L, -1, "tavus");
    lua_pushcfunction(L, lua_isnil(L, -1) ? open_tavus : again);
    if (lua_pcall(L, 0, 0, 0) != 0) return told(L);
    lua_close(L);
    if (status == 0) {
      printf("%ld allocations\n", n);
      return 0;
    }
  }
  return 1;
}

/* Opens tavus without each of the libraries that it needs; prints the errors. */
static int without(void) {
  static const char *const names[] = {"base",   "package", "coroutine", "string",
                                      "table",  "math",    "io",        "os"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_State *L = luaL_newstate();
    if (L == NULL) return 1;
    luaL_openlibs(L);
    lua_pushnil(L);
    lua_setglobal(L, i == 0 ? "setmetatable" : names[i]);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushnil(L);
    lua_setfield(L, -2, i == 0 ? "_G" : names[i]);
    lua_pushcfunction(L, luaopen_tavus);
    if (lua_pcall(L, 0, 0, 0) == 0) printf("opened without %s", names[i]);
    (void)told(L);
    lua_close(L);
  }
  return 0;
}

static int bare(void) {
  lua_State *L = luaL_newstate();
  int status;
  if (L == NULL) return 1;
  lua_pushcfunction(L, luaopen_tavus);
  status = lua_pcall(L, 0, 0, 0);
  if (status != 0) (void)told(L);
  lua_close(L);
  return status == 0;
}

int main(int count, char **words) {
  if (count != 3) return 2;
  script = words[2];
  if (strcmp(words[1], "turns") == 0) return turns();
  if (strcmp(words[1], "threads") == 0) return threads();
  if (strcmp(words[1], "memory") == 0) return memory(open_tavus);
  if (strcmp(words[1], "again") == 0) return memory(require_again);
  if (strcmp(words[1], "without") == 0) return without();
  if (strcmp(words[1], "bare") == 0) return bare();
  return 2;
}
