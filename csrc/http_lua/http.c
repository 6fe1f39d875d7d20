/* http.c - luaopen_tavus_http: opens the module, and has its functions that need
** neither a session nor the engine. */
#include "box.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "../http/clock.h"
#include "../http/descriptor.h"
#include "../http/outcome.h"
#include "../http/retry.h"

/* http.escape(id) --> the id, percent-encoded for a path | nil, message */
static int escape(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *fault = tavus_http_url_segment_fault(text, length);
  if (fault != NULL) return tavus_lhttp_fail(L, fault);
  lua_settop(L, 1);
  if (tavus_http_url_is_plain(text, length)) return 1;
  tavus_http_bytes *encoded = tavus_lhttp_push_bytes(L);
  if (!tavus_http_url_encode(encoded, text, length)) return tavus_no_memory(L);
  lua_pushlstring(L, encoded->data, encoded->length);
  tavus_http_bytes_free(encoded);
  return 1;
}

/* http.now() --> monotonic seconds */
static int now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)tavus_http_now() / (lua_Number)TAVUS_HTTP_SECOND);
  return 1;
}

/* http.verdict(method, outcome, status, may_repeat) --> "retry" | "ambiguous" | "no"
** Looks the outcome up in the retry table. `may_repeat` nil: the method decides. */
static int verdict(lua_State *L) {
  const char *method = luaL_checkstring(L, 1);
  tavus_http_outcome outcome = tavus_http_outcome_named(luaL_checkstring(L, 2));
  long status = (long)luaL_optinteger(L, 3, 0);
  bool may_repeat = lua_isnoneornil(L, 4) ? tavus_http_is_safe_to_repeat(method)
                                          : lua_toboolean(L, 4) != 0;
  lua_pushstring(L, tavus_http_verdict(outcome, status, may_repeat));
  return 1;
}

/* http.backoff(n [, random]) --> seconds before retry n
** `random`: a number from 0 to 1; without it one is chosen. */
static int backoff(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  lua_Number random =
      lua_isnoneornil(L, 2) ? (lua_Number)tavus_http_random() : luaL_checknumber(L, 2);
  lua_pushnumber(L, (lua_Number)tavus_http_backoff(n < 1    ? 1
                                                   : n > 64 ? 64
                                                            : (int)n,
                                                   (double)random));
  return 1;
}

/* Pushes a member of the table at 1. Returns it if it is a string, else NULL. */
static const char *header_option(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* http.retry_after(headers [, now]) --> seconds | nil
** `headers` as in an outcome. An HTTP date counts from `now` (Unix seconds), else
** from the answer's Date, else from the clock. */
static int retry_after(lua_State *L) {
  double clock, seconds;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  bool has_clock = !lua_isnil(L, 2);
  if (has_clock) clock = (double)luaL_checknumber(L, 2);
  const char *ms = header_option(L, "retry-after-ms");
  const char *after = header_option(L, "retry-after");
  const char *date = header_option(L, "date");
  if (!tavus_http_retry_after(ms, after, date, has_clock ? &clock : NULL, &seconds))
    return 0;
  lua_pushnumber(L, (lua_Number)seconds);
  return 1;
}

/* http.close_on_exec(file)
** Keeps child processes from inheriting a file of the io library. Not every Lua has
** a mode of io.open for that. */
static int close_on_exec(lua_State *L) {
  /* Every Lua has the FILE * first in the userdata. */
  FILE **file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  if (*file != NULL) tavus_http_close_on_exec(fileno(*file));
  return 0;
}

/* http.shared() --> table
** The same table in the whole VM, also for a second copy of the Lua modules. */
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
static CURLcode initialised; /* the result, written once before it is read */

/* Initialises libcurl. libcurl starts threads and keeps pointers to our callbacks, so
** this shared object stays loaded after the VM that loaded it is closed. */
static void initialise(void) {
#ifndef TAVUS_STATIC
  Dl_info self;
  if (dladdr(&tavus_lhttp_engine_kind, &self) != 0 && self.dli_fname != NULL)
    (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
  initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* http.libcurl() --> { version =, tls = name | nil, features = { name = true } } */
static int libcurl(lua_State *L) {
  static const struct {
    int bit;
    const char *name;
  } features[] = { { CURL_VERSION_ASYNCHDNS, "AsynchDNS" },
                   { CURL_VERSION_HTTP2, "HTTP2" },
                   { CURL_VERSION_IPV6, "IPv6" },
                   { CURL_VERSION_LIBZ, "libz" },
                   { CURL_VERSION_SSL, "SSL" },
                   { CURL_VERSION_HTTPS_PROXY, "HTTPS-proxy" } };
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, info->version);
  lua_setfield(L, -2, "version");
  lua_pushstring(L, info->ssl_version);
  lua_setfield(L, -2, "tls");
  lua_newtable(L);
  for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
    if ((info->features & features[i].bit) == 0) continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, features[i].name);
  }
  lua_setfield(L, -2, "features");
  return 1;
}

/* pid() --> integer, the number of this process */
static int pid(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)getpid());
  return 1;
}

static const luaL_Reg functions[] = { { "backoff", backoff },
                                      { "close_on_exec", close_on_exec },
                                      { "engine", tavus_lhttp_engine },
                                      { "escape", escape },
                                      { "now", now },
                                      { "libcurl", libcurl },
                                      { "pid", pid },
                                      { "retry_after", retry_after },
                                      { "session", tavus_lhttp_session },
                                      { "shared", shared },
                                      { "verdict", verdict },
                                      { NULL, NULL } };

TAVUS_EXPORT int luaopen_tavus_http(lua_State *L);

/* require "tavus.http" --> the module. `starts`: how many requests one step of the
** engine starts at most. */
int luaopen_tavus_http(lua_State *L) {
  pthread_once(&once, initialise);
  if (initialised != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised: %s",
                      curl_easy_strerror(initialised));
  tavus_lhttp_open_kinds(L);
  luaL_getmetatable(L, tavus_lhttp_session_kind.name);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&tavus_lhttp_session_holder);
  lua_setfield(L, -2, TAVUS_HOLDER);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pushinteger(L, TAVUS_HTTP_STARTS_A_STEP);
  lua_setfield(L, -2, "starts");
  return 1;
}
