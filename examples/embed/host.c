/* Run: `examples/embed/run`. A program that carries Lua 5.4 and tavus inside and
** turns a frame loop, as a game engine does: 60 frames a second, each of which
** calls the script's `update`. Requests go on meanwhile; no frame waits for them.
**
** By hand, from the top of the tree:
**
**   make static
**   cc -I.build/lua5.4-static -I/usr/include/lua5.4 examples/embed/host.c -o host \
**     .build/lua5.4-static/libtavus.a -l:liblua5.4.a -lcurl -lpthread -lm -ldl
**   ./host examples/embed/game.lua
**
** A script returns a table of two functions:
**   update(frame) --> true while it wants frames
**   quit()            the player wants to leave: finish soon
** Exit status: 0; 1 when the script failed; 2 for a wrong command line. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#include "tavus.h"

#define FRAMES_A_SECOND 60
#define SECOND INT64_C(1000000000)
#define FRAME (SECOND / FRAMES_A_SECOND)

/* Where things are on the stack of the host; they stay there until the end. */
enum { TRACEBACK = 1, UPDATE, QUIT };

/* --- the script --- */

/* The message handler: a text gets a traceback; an object that knows how to
** show itself, as the errors of tavus do, is shown as it is. */
static int traceback(lua_State *L) {
  const char *message = lua_tostring(L, 1);
  if (message != NULL) {
    luaL_traceback(L, L, message, 1);
    return 1;
  }
  luaL_tolstring(L, 1, NULL);
  return 1;
}

/* Whatever a script requires is inside the program or it is not there. */
static void forget_search_paths(lua_State *L) {
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "path");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 1);
}

static void push_function(lua_State *L, int table, const char *name) {
  if (lua_getfield(L, table, name) != LUA_TFUNCTION)
    luaL_error(L, "the script must return a table with the functions update and quit");
}

/* (file: light userdata, a C string) --> update, quit. Called by lua_pcall, so
** that want of memory ends here too. */
static int start(lua_State *L) {
  const char *file = (const char *)lua_touserdata(L, 1);
  luaL_checkversion(L);
  luaL_openlibs(L);
  forget_search_paths(L);
  luaL_requiref(L, "tavus", luaopen_tavus, 0);
  if (luaL_loadfile(L, file) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  if (!lua_istable(L, -1)) lua_newtable(L);
  push_function(L, -1, "update");
  push_function(L, -2, "quit");
  return 2;
}

/* --- time --- */

static int64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * SECOND + at.tv_nsec;
}

/* Sleeps until then, or until a signal comes. */
static void sleep_until(int64_t then) {
  int64_t left = then - now();
  struct timespec time;
  if (left <= 0) return;
  time.tv_sec = (time_t)(left / SECOND);
  time.tv_nsec = (long)(left % SECOND);
  (void)nanosleep(&time, NULL);
}

static double ms(int64_t ns) { return (double)ns / 1e6; }

/* --- the loop --- */

static volatile sig_atomic_t leaving;

/* The first Ctrl-C asks the script to finish; the second one ends the program. */
static void on_signal(int number) {
  (void)number;
  leaving = 1;
}

typedef struct statistics {
  lua_Integer frames;
  int64_t work;  /* in all frames together */
  int64_t worst; /* in one frame */
} statistics;

/* Turns frames until the script wants no more: LUA_OK, or the status of the
** error that lies on the stack. */
static int loop(lua_State *L, statistics *seen) {
  int64_t next = now();
  for (;;) {
    int64_t begun = now(), work;
    int status, goes_on;
    if (leaving == 1) {
      leaving = 2;
      lua_pushvalue(L, QUIT);
      status = lua_pcall(L, 0, 0, TRACEBACK);
      if (status != LUA_OK) return status;
    }
    lua_pushvalue(L, UPDATE);
    lua_pushinteger(L, ++seen->frames);
    status = lua_pcall(L, 1, 1, TRACEBACK);
    if (status != LUA_OK) return status;
    goes_on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    /* An engine would move, draw and play here. */
    work = now() - begun;
    seen->work += work;
    if (work > seen->worst) seen->worst = work;
    if (!goes_on) return LUA_OK;
    /* A frame that came late moves the ones after it; none is made up for. */
    next += FRAME;
    if (next < now()) next = now();
    sleep_until(next);
  }
}

int main(int count, char **words) {
  statistics seen = {0, 0, 0};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  int64_t begun = now();
  int status;
  lua_State *L;
  if (count != 2) {
    fprintf(stderr, "usage: %s script.lua\n", count > 0 ? words[0] : "host");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0); /* a line is seen when it is written, also through a pipe */
  L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "no memory for Lua\n");
    return 1;
  }
  lua_pushcfunction(L, traceback);
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, words[1]);
  status = lua_pcall(L, 1, 2, TRACEBACK);
  if (status == LUA_OK) {
    printf("%s, tavus and the script are ready after %.1f ms\n", LUA_VERSION, ms(now() - begun));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    status = loop(L, &seen);
    printf("%lld frames; the work in one took %.3f ms on average, %.3f ms at worst\n",
           (long long)seen.frames, ms(seen.work) / (double)(seen.frames > 0 ? seen.frames : 1),
           ms(seen.worst));
  }
  if (status != LUA_OK) {
    const char *message = lua_tostring(L, -1);
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", words[0], message != NULL ? message : "an error without a text");
  }
  lua_close(L);
  return status == LUA_OK ? 0 : 1;
}
