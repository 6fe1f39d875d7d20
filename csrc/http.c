/* http.c - luaopen_tavus_http: sessions, the engine and requests for Lua.
**
** libcurl never runs Lua: its callbacks fill C buffers (http/request.c), and
** tables are made here, after curl_* has returned. Every userdata exists, empty
** and with its metatable, before the resource it will own; what the three kinds
** share is counted in C, so they may be collected in any order. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <pthread.h>

#include "http/engine.h"
#include "http/retry.h"

#include "compat.h"

#define DEFAULT_BASE_URL "https://tavusapi.com"
#define DEFAULT_USER_AGENT "tavus-lua"
#define MOST_QUERY 64

/* What a userdata of ours begins with: the address of its kind's name. */
typedef const char *kind_mark;

typedef struct session_box {
  kind_mark kind;
  tavus_http_session *session;
  /* under construction: */
  tavus_http_base base;
  tavus_http_transport *transport;
} session_box;

typedef struct engine_box {
  kind_mark kind;
  tavus_http_engine *engine;
} engine_box;

typedef struct request_box {
  kind_mark kind;
  tavus_http_request *request;
  tavus_http_bytes target; /* under construction: path and query */
} request_box;

static const char SESSION[] = "tavus.http.session";
static const char ENGINE[] = "tavus.http.engine";
static const char REQUEST[] = "tavus.http.request";
static const char engine_key = 0; /* its address is the engine's registry key */

#if LUA_VERSION_NUM < 502
#define set_uservalue(L, index) ((void)lua_setfenv((L), (index)))
#define get_uservalue(L, index) lua_getfenv((L), (index))
#elif LUA_VERSION_NUM < 504
#define set_uservalue(L, index) lua_setuservalue((L), (index))
#define get_uservalue(L, index) lua_getuservalue((L), (index))
#else
#define set_uservalue(L, index) ((void)lua_setiuservalue((L), (index), 1))
#define get_uservalue(L, index) ((void)lua_getiuservalue((L), (index), 1))
#endif

/* A zeroed userdata with its metatable. */
static void *new_box(lua_State *L, kind_mark kind, size_t size) {
#if LUA_VERSION_NUM >= 504
  void *box = lua_newuserdatauv(L, size, 1);
#else
  void *box = lua_newuserdata(L, size);
#endif
  memset(box, 0, size);
  *(kind_mark *)box = kind;
  luaL_setmetatable(L, kind);
  return box;
}

/* The userdata at `index`, or an error. The mark tells the kind without the
** registry, which luaL_checkudata would ask half a dozen times a request. */
static void *check_box(lua_State *L, int index, kind_mark kind, size_t size) {
  void *box = lua_touserdata(L, index);
  if (box != NULL && lua_rawlen(L, index) == size && *(kind_mark *)box == kind)
    return box;
  return luaL_checkudata(L, index, kind);
}

static int fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

/* Seconds as nanoseconds; what is negative or no number counts as 0. */
static int64_t to_ns(lua_Number seconds) {
  if (!(seconds > 0)) return 0;
  if (seconds > 1e9) seconds = 1e9;
  return (int64_t)(seconds * (lua_Number)TAVUS_HTTP_SECOND);
}

/* Seconds as libcurl's milliseconds, at least 1 (0 would mean for ever). */
static long to_ms(lua_Number seconds) {
  if (!(seconds > 0.001)) return 1;
  if (seconds > 1e6) seconds = 1e6;
  return (long)(seconds * 1000);
}

static bool has_nul(const char *text, size_t length) {
  return memchr(text, '\0', length) != NULL;
}

/* ---- sessions ---- */

static tavus_http_session *check_session(lua_State *L, int index) {
  session_box *box = check_box(L, index, SESSION, sizeof *box);
  return box->session;
}

/* The option `name` of the table at 1: a string, or NULL when it is nil. It
** stays on the stack. */
static const char *string_option(lua_State *L, const char *name,
                                 size_t *length) {
  lua_getfield(L, 1, name);
  *length = 0;
  if (lua_isnil(L, -1)) return NULL;
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "option '%s': string expected, got %s", name,
               luaL_typename(L, -1));
  return lua_tolstring(L, -1, length);
}

/* Check the header whose name and value are at -2 and -1, and return the value
** as text (a number is converted in a copy, left on the stack). */
static const char *header_at_top(lua_State *L, const char **name,
                                 const char **fault) {
  size_t name_length, length;
  const char *value;
  *fault = NULL;
  if (lua_type(L, -2) != LUA_TSTRING) {
    *fault = "a header's name must be a string";
    return NULL;
  }
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
    *fault = "a header's value must be a string";
    return NULL;
  }
  *name = lua_tolstring(L, -2, &name_length);
  lua_pushvalue(L, -1);
  value = lua_tolstring(L, -1, &length);
  *fault = tavus_http_header_fault(*name, name_length, value, length);
  return value;
}

static int refuse_header(lua_State *L, const char *name, const char *fault) {
  lua_pushnil(L);
  if (name != NULL && strlen(name) <= 64)
    lua_pushfstring(L, "header '%s': %s", name, fault);
  else
    lua_pushstring(L, fault);
  return 2;
}

/* http.session(options) -> session | nil, message
** options: api_key (default: TAVUS_API_KEY, which never becomes a Lua string),
** base_url, allow_http, ca_file, proxy, user_agent, headers, connect_timeout
** (seconds). */
static int new_session(lua_State *L) {
  session_box *box;
  const char *key, *url, *ca_file, *proxy, *agent, *fault, *name = NULL;
  size_t length, key_length;
  lua_Number connect;
  bool allow_http;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  box = new_box(L, SESSION, sizeof *box);
  lua_getfield(L, 1, "allow_http");
  allow_http = lua_toboolean(L, -1) != 0;
  url = string_option(L, "base_url", &length);
  if (url == NULL) url = DEFAULT_BASE_URL, length = strlen(url);
  if ((fault = tavus_http_base_read(&box->base, url, length, allow_http)))
    return fail(L, fault);
  ca_file = string_option(L, "ca_file", &length);
  if (ca_file != NULL && (length == 0 || has_nul(ca_file, length)))
    return fail(L, "ca_file is no file name");
  proxy = string_option(L, "proxy", &length);
  if (proxy != NULL && (fault = tavus_http_proxy_fault(proxy, length)))
    return fail(L, fault);
  agent = string_option(L, "user_agent", &length);
  if (agent == NULL) agent = DEFAULT_USER_AGENT, length = strlen(agent);
  if ((fault = tavus_http_header_fault("User-Agent", 10, agent, length)))
    return refuse_header(L, "User-Agent", fault);
  lua_getfield(L, 1, "connect_timeout");
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
    return luaL_error(L, "option 'connect_timeout': number expected, got %s",
                      luaL_typename(L, -1));
  connect = lua_isnil(L, -1) ? 5 : lua_tonumber(L, -1);
  lua_getfield(L, 1, "headers");
  if (!lua_isnil(L, -1) && !lua_istable(L, -1))
    return luaL_error(L, "option 'headers': table expected, got %s",
                      luaL_typename(L, -1));
  key = string_option(L, "api_key", &key_length);
  if (key == NULL) {
    key = getenv("TAVUS_API_KEY");
    key_length = key == NULL ? 0 : strlen(key);
  }
  if (key == NULL || key_length == 0)
    return fail(L, "no API key: give api_key, or set TAVUS_API_KEY");
  if ((fault = tavus_http_key_fault(key, key_length))) return fail(L, fault);
  box->transport =
      tavus_http_transport_new(box->base.https, box->base.loopback, ca_file,
                               proxy, to_ms(connect));
  if (box->transport == NULL) return fail(L, "out of memory");
  box->session = tavus_http_session_new(&box->base, box->transport, key, agent);
  if (box->session == NULL) return fail(L, "out of memory");
  box->transport = NULL;
  if (lua_istable(L, -2)) {
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
      const char *value = header_at_top(L, &name, &fault);
      if (fault != NULL) return refuse_header(L, name, fault);
      if (!tavus_http_session_header(box->session, name, value))
        return fail(L, "out of memory");
      lua_pop(L, 2);
    }
  }
  lua_settop(L, 2);
  return 1;
}

static int session_gc(lua_State *L) {
  session_box *box = check_box(L, 1, SESSION, sizeof *box);
  tavus_http_session *session = box->session;
  box->session = NULL;
  tavus_http_session_drop(session);
  tavus_http_transport_drop(box->transport);
  box->transport = NULL;
  tavus_http_base_free(&box->base);
  return 0;
}

/* session:close() forgets the key; idempotent. */
static int session_close(lua_State *L) {
  tavus_http_session *session = check_session(L, 1);
  if (session != NULL) tavus_http_session_close(session);
  return 0;
}

static int session_tostring(lua_State *L) {
  tavus_http_session *session = check_session(L, 1);
  if (session == NULL || session->closed)
    lua_pushliteral(L, "tavus.http.session (closed)");
  else
    lua_pushfstring(L, "tavus.http.session (%s)", session->base.text);
  return 1;
}

/* session:base_url() -> string */
static int session_base_url(lua_State *L) {
  tavus_http_session *session = check_session(L, 1);
  lua_pushstring(L, session == NULL ? "" : session->base.text);
  return 1;
}

/* session:redact(text) -> text with the key replaced by "[redacted]" */
static int session_redact(lua_State *L) {
  tavus_http_session *session = check_session(L, 1);
  request_box *box;
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  lua_settop(L, 2);
  if (session == NULL || session->key == NULL) return 1;
  box = new_box(L, REQUEST, sizeof *box); /* owns the copy */
  if (!tavus_http_bytes_add(&box->target, text, length) ||
      !tavus_http_session_redact(session, &box->target))
    return luaL_error(L, "out of memory");
  lua_pushlstring(L, box->target.data, box->target.length);
  tavus_http_bytes_free(&box->target);
  return 1;
}

/* ---- the engine ---- */

/* The engine of the box; after a fork a fresh one. NULL when none can be made
** or the VM is closing. */
static tavus_http_engine *live_engine(engine_box *box) {
  tavus_http_engine *engine = box->engine;
  if (engine == NULL) return NULL;
  if (!tavus_http_engine_is_inherited(engine)) return engine;
  box->engine = tavus_http_engine_new();
  if (box->engine != NULL)
    (void)tavus_http_engine_limit(box->engine, engine->max_connections);
  tavus_http_engine_close(engine);
  tavus_http_engine_drop(engine);
  return box->engine;
}

static tavus_http_engine *check_engine(lua_State *L) {
  engine_box *box = check_box(L, 1, ENGINE, sizeof *box);
  return live_engine(box);
}

/* http.engine() -> the VM's engine | nil, message */
static int get_engine(lua_State *L) {
  engine_box *box;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &engine_key);
  if (!lua_isnil(L, -1)) {
    (void)live_engine(lua_touserdata(L, -1));
    return 1;
  }
  box = new_box(L, ENGINE, sizeof *box);
  box->engine = tavus_http_engine_new();
  if (box->engine == NULL)
    return fail(L, "no HTTP engine: out of memory or file descriptors");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &engine_key);
  return 1;
}

static int engine_gc(lua_State *L) {
  engine_box *box = check_box(L, 1, ENGINE, sizeof *box);
  tavus_http_engine *engine = box->engine;
  box->engine = NULL;
  if (engine != NULL) {
    tavus_http_engine_close(engine);
    tavus_http_engine_drop(engine);
  }
  return 0;
}

/* ---- submitting ---- */

static bool is_method(const char *method, size_t length) {
  size_t i;
  if (length == 0 || length > 15) return false;
  for (i = 0; i < length; i++)
    if (method[i] < 'A' || method[i] > 'Z') return false;
  return true;
}

/* The value at the top of the stack as query text: strings, numbers (integral
** ones without a fraction) and booleans. Replaces it by a string. */
static const char *query_text(lua_State *L, size_t *length) {
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
      lua_replace(L, -2);
      break;
    case LUA_TNUMBER: {
      lua_Number number = lua_tonumber(L, -1);
      if (number >= -1e15 && number <= 1e15 &&
          (lua_Number)(long long)number == number) {
        char digits[32];
        int written = snprintf(digits, sizeof digits, "%lld", (long long)number);
        lua_pushlstring(L, digits, (size_t)written);
        lua_replace(L, -2);
      }
      break;
    }
    case LUA_TSTRING:
      break;
    default:
      return NULL;
  }
  return lua_tolstring(L, -1, length);
}

static const char *add_pair(lua_State *L, tavus_http_bytes *target,
                            const char *name, size_t name_length) {
  size_t length, i;
  const char *value = query_text(L, &length);
  if (value == NULL)
    return "a query value must be a string, a number or a boolean";
  for (i = 0; i < name_length + length; i++) {
    unsigned char c =
        (unsigned char)(i < name_length ? name[i] : value[i - name_length]);
    if (c < 0x20 || c == 0x7f) return "a query may not hold control characters";
  }
  if (!tavus_http_bytes_text(
          target, memchr(target->data, '?', target->length) ? "&" : "?") ||
      !tavus_http_url_encode(target, name, name_length) ||
      !tavus_http_bytes_text(target, "=") ||
      !tavus_http_url_encode(target, value, length))
    return "out of memory";
  return NULL;
}

static const char *add_query_list(lua_State *L, int query, size_t count,
                                  tavus_http_bytes *target) {
  size_t i, length;
  for (i = 1; i <= count; i++) {
    const char *name, *fault;
    lua_rawgeti(L, query, (int)i);
    if (!lua_istable(L, -1)) return "a query pair must be { name, value }";
    lua_rawgeti(L, -1, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return "a query name must be a string";
    name = lua_tolstring(L, -1, &length);
    lua_rawgeti(L, -2, 2);
    if ((fault = add_pair(L, target, name, length))) return fault;
    lua_pop(L, 3);
  }
  return NULL;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *add_query_table(lua_State *L, int query,
                                   tavus_http_bytes *target) {
  const char *names[MOST_QUERY];
  size_t count = 0, i, length;
  lua_pushnil(L);
  while (lua_next(L, query) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return "a query name must be a string";
    if (count == MOST_QUERY) return "the query has more than 64 parts";
    names[count] = lua_tolstring(L, -1, &length);
    if (has_nul(names[count], length))
      return "a query may not hold control characters";
    count++;
  }
  qsort(names, count, sizeof *names, compare_names);
  for (i = 0; i < count; i++) {
    const char *fault;
    lua_pushstring(L, names[i]);
    lua_rawget(L, query);
    if ((fault = add_pair(L, target, names[i], strlen(names[i])))) return fault;
    lua_pop(L, 1);
  }
  return NULL;
}

/* The query at the top of the stack: a list of pairs in this order, or a table
** by name, sorted. */
static const char *add_query(lua_State *L, tavus_http_bytes *target) {
  int query = lua_gettop(L);
  size_t count;
  if (!lua_istable(L, query)) return "the query must be a table";
  count = lua_rawlen(L, query);
  return count > 0 ? add_query_list(L, query, count, target)
                   : add_query_table(L, query, target);
}

static const char *add_headers(lua_State *L, tavus_http_request *request,
                               const char **name) {
  int headers = lua_gettop(L);
  if (!lua_istable(L, headers)) return "the headers must be a table";
  lua_pushnil(L);
  while (lua_next(L, headers) != 0) {
    const char *fault, *value = header_at_top(L, name, &fault);
    if (fault != NULL) return fault;
    if (!tavus_http_request_header(request, *name, value))
      return "out of memory";
    lua_pop(L, 2);
  }
  return NULL;
}

static bool is_safe_to_repeat(const char *method) {
  return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

/* engine:submit(session, method, path [, options]) -> request | nil, message
** `path` is already encoded (http.escape). options: query (list of { name,
** value }, or a table), body (string), headers (table), timeout (seconds, one
** attempt, default 30), may_repeat (boolean; default: all but POST and PATCH),
** notify (boolean: report the end through engine:finished()). Nothing is sent
** when a message is returned, and nothing before the next step. */
static int engine_submit(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  tavus_http_session *session = check_session(L, 2);
  request_box *box;
  tavus_http_request *request;
  size_t length, method_length;
  const char *method = luaL_checklstring(L, 3, &method_length);
  const char *path = luaL_checklstring(L, 4, &length);
  const char *fault, *name = NULL;
  bool has_options = !lua_isnoneornil(L, 5);
  if (has_options) luaL_checktype(L, 5, LUA_TTABLE);
  lua_settop(L, 5);
  if (engine == NULL || engine->closed)
    return fail(L, "the HTTP engine is closed");
  if (session == NULL || session->closed)
    return fail(L, "the session is closed");
  if (!is_method(method, method_length))
    return fail(L, "the method must be 1 to 15 capital letters");
  if ((fault = tavus_http_url_path_fault(path, length))) return fail(L, fault);
  box = new_box(L, REQUEST, sizeof *box);
  if (!tavus_http_bytes_add(&box->target, path, length))
    return fail(L, "out of memory");
  if (has_options) {
    lua_getfield(L, 5, "query");
    if (!lua_isnil(L, -1) && (fault = add_query(L, &box->target)))
      return fail(L, fault);
    lua_settop(L, 6);
  }
  request = tavus_http_request_new(session, method, box->target.data,
                                   box->target.length);
  if (request == NULL) return fail(L, "out of memory");
  box->request = request;
  tavus_http_bytes_free(&box->target);
  request->may_repeat = is_safe_to_repeat(method);
  request->timeout_ms = 30000;
  if (has_options) {
    lua_getfield(L, 5, "body");
    if (!lua_isnil(L, -1)) {
      const char *body;
      if (lua_type(L, -1) != LUA_TSTRING)
        return luaL_error(L, "option 'body': string expected, got %s",
                          luaL_typename(L, -1));
      body = lua_tolstring(L, -1, &length);
      if (!tavus_http_request_body(request, body, length))
        return fail(L, "out of memory");
    }
    lua_getfield(L, 5, "headers");
    if (!lua_isnil(L, -1) && (fault = add_headers(L, request, &name)))
      return refuse_header(L, name, fault);
    lua_getfield(L, 5, "timeout");
    if (!lua_isnil(L, -1)) {
      if (lua_type(L, -1) != LUA_TNUMBER)
        return luaL_error(L, "option 'timeout': number expected, got %s",
                          luaL_typename(L, -1));
      request->timeout_ms = to_ms(lua_tonumber(L, -1));
    }
    lua_getfield(L, 5, "may_repeat");
    if (!lua_isnil(L, -1)) request->may_repeat = lua_toboolean(L, -1) != 0;
    lua_getfield(L, 5, "notify");
    request->notify = lua_toboolean(L, -1) != 0;
    lua_settop(L, 6);
  }
  if (!tavus_http_engine_submit(engine, request)) return fail(L, "out of memory");
  return 1;
}

/* ---- driving ---- */

/* engine:step(seconds) -> how many requests are not done yet
** Works for at most that long; returns early when one was finished or a signal
** came. */
static int engine_step(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  int64_t ns = to_ns(luaL_optnumber(L, 2, 0));
  lua_Integer left = 0;
  if (engine != NULL && !engine->closed) {
    (void)tavus_http_engine_step(engine, ns);
    left = (lua_Integer)engine->active_count + (lua_Integer)engine->queued_count;
  }
  lua_pushinteger(L, left);
  return 1;
}

static tavus_http_request *check_request(lua_State *L, int index) {
  request_box *box = check_box(L, index, REQUEST, sizeof *box);
  return box->request;
}

/* engine:wait(request, seconds) -> whether it is done
** Returns early (false) when a signal came. */
static int engine_wait(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  tavus_http_request *request = check_request(L, 2);
  int64_t ns = to_ns(luaL_checknumber(L, 3));
  luaL_argcheck(L, request != NULL && request->engine != NULL, 2,
                "a submitted request expected");
  if (request->state != TAVUS_HTTP_DONE && request->engine == engine)
    (void)tavus_http_engine_wait(engine, request, ns);
  lua_pushboolean(L, request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* engine:sleep(seconds) -> true; false when a signal came first
** Requests under way go on meanwhile. */
static int engine_sleep(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  int64_t ns = to_ns(luaL_checknumber(L, 2));
  bool whole = engine == NULL || engine->closed ||
               tavus_http_engine_sleep(engine, ns) == TAVUS_HTTP_WOKEN_TIME;
  lua_pushboolean(L, whole);
  return 1;
}

/* engine:fd() -> the descriptor to watch for reading | nil where none exists */
static int engine_fd(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  int fd = engine == NULL || engine->closed ? -1 : tavus_http_engine_fd(engine);
  if (fd < 0) return fail(L, "no descriptor on this system: use timeout()");
  lua_pushinteger(L, fd);
  return 1;
}

/* engine:timeout() -> seconds until a step is wanted | nil when none is */
static int engine_timeout(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  int64_t ns =
      engine == NULL || engine->closed ? -1 : tavus_http_engine_timeout(engine);
  if (ns < 0) return 0;
  lua_pushnumber(L, (lua_Number)ns / (lua_Number)TAVUS_HTTP_SECOND);
  return 1;
}

/* engine:alarm([when]) wakes the host at this http.now(); nil: no alarm */
static int engine_alarm(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  int64_t when = lua_isnoneornil(L, 2) ? -1 : to_ns(luaL_checknumber(L, 2));
  if (engine != NULL && !engine->closed) tavus_http_engine_alarm(engine, when);
  return 0;
}

/* engine:finished() -> the id of the next request submitted with `notify` that
** is done | nil */
static int engine_finished(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  uint64_t id =
      engine == NULL || engine->closed ? 0 : tavus_http_engine_report(engine);
  if (id == 0) return 0;
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}

/* engine:limit(connections): how many one host may have; default 32 */
static int engine_limit(lua_State *L) {
  tavus_http_engine *engine = check_engine(L);
  lua_Integer connections = luaL_checkinteger(L, 2);
  luaL_argcheck(L, connections >= 1 && connections <= 100000, 2,
                "1 to 100000 expected");
  if (engine != NULL && !engine->closed)
    (void)tavus_http_engine_limit(engine, (unsigned)connections);
  return 0;
}

static int engine_tostring(lua_State *L) {
  engine_box *box = check_box(L, 1, ENGINE, sizeof *box);
  tavus_http_engine *engine = box->engine;
  if (engine == NULL || engine->closed)
    lua_pushliteral(L, "tavus.http.engine (closed)");
  else
    lua_pushfstring(L, "tavus.http.engine (%d under way, %d waiting)",
                    (int)engine->active_count, (int)engine->queued_count);
  return 1;
}

/* ---- requests ---- */

/* request:cancel(), __gc and __close: idempotent */
static int request_cancel(lua_State *L) {
  tavus_http_request *request = check_request(L, 1);
  if (request != NULL) tavus_http_engine_cancel(request);
  return 0;
}

static int request_gc(lua_State *L) {
  request_box *box = check_box(L, 1, REQUEST, sizeof *box);
  tavus_http_request *request = box->request;
  tavus_http_bytes_free(&box->target);
  box->request = NULL;
  if (request == NULL) return 0;
  tavus_http_engine_cancel(request);
  tavus_http_request_drop(request);
  return 0;
}

/* request:done() -> boolean */
static int request_done(lua_State *L) {
  tavus_http_request *request = check_request(L, 1);
  lua_pushboolean(L, request == NULL || request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* request:id() -> number, as reported by engine:finished() */
static int request_id(lua_State *L) {
  tavus_http_request *request = check_request(L, 1);
  if (request == NULL) return 0;
  lua_pushnumber(L, (lua_Number)request->id);
  return 1;
}

static void push_headers(lua_State *L, const tavus_http_bytes *block) {
  const char *at = block->data;
  const char *end = at == NULL ? NULL : at + block->length;
  lua_createtable(L, 0, 8);
  while (at < end) {
    size_t name = strlen(at);
    const char *value = at + name + 1;
    size_t length = strlen(value);
    lua_pushlstring(L, at, name);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushlstring(L, value, length);
    } else { /* the same name again: one list, as RFC 9110 has it */
      lua_pushliteral(L, ", ");
      lua_pushlstring(L, value, length);
      lua_concat(L, 3);
    }
    lua_rawset(L, -3);
    at = value + length + 1;
  }
}

static void set_number(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* request:result() -> outcome table | nil while it is not done
** { outcome, status, headers, body, elapsed_ms, sent, message, code }: `status`
** and `headers` where an answer began, `body` where it is whole, `message` and
** `code` where it is not. The same table every time. */
static int request_result(lua_State *L) {
  tavus_http_request *request = check_request(L, 1);
  lua_settop(L, 1);
  if (request == NULL || request->state != TAVUS_HTTP_DONE) return 0;
  if (request->collected) {
    get_uservalue(L, 1);
    return 1;
  }
  lua_createtable(L, 0, 8);
  lua_pushstring(L, tavus_http_outcome_name(request->outcome));
  lua_setfield(L, -2, "outcome");
  set_number(L, "sent", (lua_Integer)request->sent);
  lua_pushnumber(L, request->started == 0
                        ? 0
                        : (lua_Number)(request->ended - request->started) / 1e6);
  lua_setfield(L, -2, "elapsed_ms");
  if (request->status != 0) {
    set_number(L, "status", (lua_Integer)request->status);
    push_headers(L, &request->answer_headers);
    lua_setfield(L, -2, "headers");
  }
  if (request->outcome == TAVUS_HTTP_ANSWER) {
    lua_pushlstring(L,
                    request->answer_body.data == NULL ? ""
                                                      : request->answer_body.data,
                    request->answer_body.length);
    lua_setfield(L, -2, "body");
  } else {
    lua_pushstring(L, request->message.data == NULL ? "" : request->message.data);
    lua_setfield(L, -2, "message");
    if (request->code != CURLE_OK) {
      lua_pushstring(L, tavus_http_code_name(request->code));
      lua_setfield(L, -2, "code");
    }
  }
  lua_pushvalue(L, -1);
  set_uservalue(L, 1);
  request->collected = true;
  tavus_http_bytes_free(&request->answer_body);
  tavus_http_bytes_free(&request->answer_headers);
  return 1;
}

static int request_tostring(lua_State *L) {
  tavus_http_request *request = check_request(L, 1);
  if (request == NULL)
    lua_pushliteral(L, "tavus.http.request (closed)");
  else
    lua_pushfstring(L, "tavus.http.request (%s, %s)", request->method,
                    tavus_http_outcome_name(request->outcome));
  return 1;
}

/* ---- functions ---- */

/* http.escape(id) -> the id as a path segment | nil, message */
static int escape(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  const char *fault = tavus_http_url_segment_fault(text, length);
  request_box *box;
  if (fault != NULL) return fail(L, fault);
  box = new_box(L, REQUEST, sizeof *box); /* owns the copy */
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
  bool may_repeat = lua_isnoneornil(L, 4) ? is_safe_to_repeat(method)
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

/* ---- opening ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialised; /* written once, before anyone reads it */

/* libcurl starts threads and keeps callbacks of ours: this object must never
** leave the process, not even when the VM that loaded it does. */
static void initialise(void) {
#ifndef TAVUS_STATIC
  Dl_info self;
  if (dladdr((const void *)&engine_key, &self) != 0 && self.dli_fname != NULL)
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
  static const luaL_Reg session_methods[] = {{"close", session_close},
                                             {"redact", session_redact},
                                             {"base_url", session_base_url},
                                             {NULL, NULL}};
  static const luaL_Reg session_events[] = {{"__gc", session_gc},
                                            {"__close", session_close},
                                            {"__tostring", session_tostring},
                                            {NULL, NULL}};
  static const luaL_Reg engine_methods[] = {
      {"submit", engine_submit}, {"step", engine_step},
      {"wait", engine_wait},     {"sleep", engine_sleep},
      {"fd", engine_fd},         {"timeout", engine_timeout},
      {"alarm", engine_alarm},   {"finished", engine_finished},
      {"limit", engine_limit},   {NULL, NULL}};
  static const luaL_Reg engine_events[] = {{"__gc", engine_gc},
                                           {"__tostring", engine_tostring},
                                           {NULL, NULL}};
  static const luaL_Reg request_methods[] = {
      {"done", request_done},     {"cancel", request_cancel},
      {"result", request_result}, {"id", request_id},
      {NULL, NULL}};
  static const luaL_Reg request_events[] = {{"__gc", request_gc},
                                            {"__close", request_cancel},
                                            {"__tostring", request_tostring},
                                            {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"session", new_session}, {"engine", get_engine},
      {"escape", escape},       {"verdict", verdict},
      {"backoff", backoff},     {"retry_after", retry_after},
      {"now", now},             {NULL, NULL}};
  pthread_once(&once, initialise);
  if (initialised != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised: %s",
                      curl_easy_strerror(initialised));
  new_kind(L, SESSION, session_methods, session_events);
  new_kind(L, ENGINE, engine_methods, engine_events);
  new_kind(L, REQUEST, request_methods, request_events);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  return 1;
}
