/* http.c - luaopen_tavus_http: what the module offers beside its sessions, its
** engine and its requests, whose userdata are in http_lua/. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <pthread.h>

#include "../http/descriptor.h"
#include "../http/retry.h"
#include "box.h"

/* http.escape(id) -> the id as a path segment | nil, message */
static int escape(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *fault = tavus_http_url_segment_fault(text, length);
  request_box *box;
  if (fault != NULL) return tavus_http_fail(L, fault);
  lua_settop(L, 1);
  if (tavus_http_url_is_plain(text, length)) return 1; /* as most ids are */
  box = tavus_http_box_new(L, tavus_http_request_kind, sizeof *box); /* owns the copy */
  if (!tavus_http_url_encode(&box->target, text, length))
    return luaL_error(L, "out of memory");
  lua_pushlstring(L, box->target.data, box->target.length);
  tavus_http_bytes_free(&box->target);
  return 1;
}

/* http.now() -> monotonic seconds */
static int now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)tavus_http_now() / (lua_Number)TAVUS_HTTP_SECOND);
  return 1;
}

/* http.verdict(method, outcome, status, may_repeat) -> "retry" | "ambiguous" |
** "no": the retry table. `may_repeat` nil: by the method. */
static int verdict(lua_State *L) {
  const char *method = luaL_checkstring(L, 1);
  const char *outcome = luaL_checkstring(L, 2);
  long status = (long)luaL_optinteger(L, 3, 0);
  bool may_repeat = lua_isnoneornil(L, 4) ? tavus_http_is_safe_to_repeat(method)
                                          : lua_toboolean(L, 4) != 0;
  lua_pushstring(L, tavus_http_verdict(outcome, status, may_repeat));
  return 1;
}

/* http.backoff(n [, random]) -> seconds before retry n; `random` in 0..1 is
** drawn by the system when it is absent */
static int backoff(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  lua_Number random = lua_isnoneornil(L, 2) ? (lua_Number)tavus_http_random()
                                            : luaL_checknumber(L, 2);
  lua_pushnumber(L, (lua_Number)tavus_http_backoff(n < 1 ? 1 : n > 64 ? 64 : (int)n,
                                                   (double)random));
  return 1;
}

static const char *header_option(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* http.retry_after(headers [, now]) -> seconds | nil
** `headers` as in an outcome; `now` (Unix seconds) is for an HTTP date and
** defaults to the answer's own Date, else the clock. */
static int retry_after(lua_State *L) {
  const char *ms, *after, *date;
  double seconds;
  bool found;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  ms = header_option(L, "retry-after-ms");
  after = header_option(L, "retry-after");
  date = header_option(L, "date");
  if (lua_isnil(L, 2))
    found = tavus_http_retry_after(ms, after, date, NULL, &seconds);
  else {
    double clock = (double)luaL_checknumber(L, 2);
    found = tavus_http_retry_after(ms, after, date, &clock, &seconds);
  }
  if (!found) return 0;
  lua_pushnumber(L, (lua_Number)seconds);
  return 1;
}

/* http.close_on_exec(file) keeps a file of the io library from child processes:
** io.open has no mode for that in every Lua. */
static int close_on_exec(lua_State *L) {
  /* every Lua has it first in the userdata */
  FILE **file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  if (*file != NULL) tavus_http_close_on_exec(fileno(*file));
  return 0;
}

/* http.shared() -> a table of the VM's, the same for every copy of the library's
** Lua modules */
static int shared(lua_State *L) {
  static const char key = 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  if (lua_isnil(L, -1)) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  }
  return 1;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialised; /* written once, before anyone reads it */

/* libcurl starts threads and keeps callbacks of ours: this object must never
** leave the process, not even when the VM that loaded it does. */
static void initialise(void) {
#ifndef TAVUS_STATIC
  Dl_info self;
  if (dladdr((const void *)tavus_http_engine_kind, &self) != 0 && self.dli_fname != NULL)
    (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
  initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void new_kind(lua_State *L, const char *kind, const luaL_Reg *methods,
                     const luaL_Reg *events) {
  luaL_newmetatable(L, kind);
  luaL_setfuncs(L, events, 0);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "tavus");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

TAVUS_EXPORT int luaopen_tavus_http(lua_State *L);

int luaopen_tavus_http(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"session", tavus_http_push_session},
      {"engine", tavus_http_push_engine},
      {"escape", escape},
      {"verdict", verdict},
      {"backoff", backoff},
      {"retry_after", retry_after},
      {"now", now},
      {"close_on_exec", close_on_exec},
      {"shared", shared},
      {NULL, NULL}};
  pthread_once(&once, initialise);
  if (initialised != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised: %s",
                      curl_easy_strerror(initialised));
  new_kind(L, tavus_http_session_kind, tavus_http_session_methods,
           tavus_http_session_events);
  new_kind(L, tavus_http_engine_kind, tavus_http_engine_methods,
           tavus_http_engine_events);
  new_kind(L, tavus_http_request_kind, tavus_http_request_methods,
           tavus_http_request_events);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  return 1;
}
