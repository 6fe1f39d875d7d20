/* submit.c - makes a request of the arguments of engine:submit: path, query, headers,
** body and other options. */
#include "box.h"

#include "../http/clock.h"
#include "../http/retry.h"

#define MOST_QUERY 64       /* parts */
#define LONGEST_QUERY 65536 /* bytes, encoded; servers accept less */
#define LONGEST_METHOD (sizeof((tavus_http_request *)0)->method - 1)
#define DEFAULT_TIMEOUT_MS 30000

static bool is_method(const char *method, size_t length) {
  if (length == 0 || length > LONGEST_METHOD) return false;
  for (size_t i = 0; i < length; i++)
    if (method[i] < 'A' || method[i] > 'Z') return false;
  return true;
}

/* Replaces the value on the top, a string, number or boolean, by its text and returns
** that, or NULL for another type. A whole number has no fraction in it. */
static const char *query_text(lua_State *L, size_t *length) {
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
      lua_replace(L, -2);
      break;
    case LUA_TNUMBER: {
      lua_Number number = lua_tonumber(L, -1);
      if (number >= -1e15 && number <= 1e15 && (lua_Number)(long long)number == number) {
        char digits[32];
        int written = snprintf(digits, sizeof digits, "%lld", (long long)number);
        lua_pushlstring(L, digits, (size_t)written);
        lua_replace(L, -2);
      }
      break;
    }
    case LUA_TSTRING: break;
    default: return NULL;
  }
  return lua_tolstring(L, -1, length);
}

/* Adds a pair whose value is on the top. Returns a fault or NULL, as do the functions
** below. */
static const char *add_pair(lua_State *L, tavus_http_bytes *target, const char *name,
                            size_t name_length) {
  size_t length;
  const char *value = query_text(L, &length);
  if (value == NULL) return "a query value must be a string, a number or a boolean";
  for (size_t i = 0; i < name_length + length; i++) {
    unsigned char c = (unsigned char)(i < name_length ? name[i] : value[i - name_length]);
    if (c < 0x20 || c == 0x7f) return "a query may not hold control characters";
  }
  if (!tavus_http_bytes_text(target,
                             memchr(target->data, '?', target->length) ? "&" : "?") ||
      !tavus_http_url_encode(target, name, name_length) ||
      !tavus_http_bytes_text(target, "=") ||
      !tavus_http_url_encode(target, value, length))
    return TAVUS_NO_MEMORY;
  if (target->length > LONGEST_QUERY) return "the query is too long";
  return NULL;
}

/* Adds a list of { name, value }. */
static const char *add_query_list(lua_State *L, int query, size_t count,
                                  tavus_http_bytes *target) {
  for (size_t i = 1; i <= count; i++) {
    size_t length;
    lua_rawgeti(L, query, (int)i);
    if (!lua_istable(L, -1)) return "a query pair must be { name, value }";
    lua_rawgeti(L, -1, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return "a query name must be a string";
    const char *name = lua_tolstring(L, -1, &length);
    lua_rawgeti(L, -2, 2);
    const char *fault = add_pair(L, target, name, length);
    if (fault != NULL) return fault;
    lua_pop(L, 3);
  }
  return NULL;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds a table by name, sorted. */
static const char *add_query_table(lua_State *L, int query, tavus_http_bytes *target) {
  const char *names[MOST_QUERY];
  size_t count = 0, length;
  luaL_checkstack(L, MOST_QUERY + 8, "query");
  lua_pushnil(L);
  while (lua_next(L, query) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return "a query name must be a string";
    if (count == MOST_QUERY)
      return "the query has more than " TAVUS_DIGITS(MOST_QUERY) " parts";
    lua_pushvalue(L, -1); /* a copy for lua_next; the other one keeps the name alive */
    names[count] = lua_tolstring(L, -1, &length);
    if (memchr(names[count], '\0', length) != NULL)
      return "a query may not hold control characters";
    count++;
  }
  qsort(names, count, sizeof *names, compare_names);
  for (size_t i = 0; i < count; i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, query);
    const char *fault = add_pair(L, target, names[i], strlen(names[i]));
    if (fault != NULL) return fault;
    lua_pop(L, 1);
  }
  return NULL;
}

/* Adds the query on the top. */
static const char *add_query(lua_State *L, tavus_http_bytes *target) {
  int query = lua_gettop(L);
  if (!lua_istable(L, query)) return "the query must be a table";
  size_t count = lua_rawlen(L, query);
  return count > 0 ? add_query_list(L, query, count, target)
                   : add_query_table(L, query, target);
}

/* Adds the headers on the top. *name is the header at fault, or NULL. */
static const char *add_headers(lua_State *L, tavus_http_request *request,
                               const char **name) {
  int headers = lua_gettop(L);
  if (!lua_istable(L, headers)) return "the headers must be a table";
  lua_pushnil(L);
  while (lua_next(L, headers) != 0) {
    const char *fault, *value = tavus_lhttp_check_header(L, name, &fault);
    if (fault != NULL) return fault;
    bool added = tavus_http_request_header(request, *name, value);
    *name = NULL;
    if (!added) return TAVUS_NO_MEMORY;
    lua_pop(L, 2);
  }
  return NULL;
}

/* Pushes the option `name` of the table at 5, a number. Returns false when it is
** nil. */
static bool seconds_option(lua_State *L, const char *name, lua_Number *seconds) {
  lua_getfield(L, 5, name);
  if (lua_isnil(L, -1)) return false;
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "option '%s': number expected, got %s", name, luaL_typename(L, -1));
  *seconds = lua_tonumber(L, -1);
  return true;
}

/* Sets the options at 5 in the request, except the query, which is in its target.
** *name is the header at fault, or NULL. */
static const char *take_options(lua_State *L, tavus_http_request *request,
                                const char **name) {
  const char *fault;
  lua_Number seconds;
  lua_getfield(L, 5, "body");
  if (!lua_isnil(L, -1)) {
    size_t length;
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "option 'body': string expected, got %s", luaL_typename(L, -1));
    if (strcmp(request->method, "HEAD") == 0) return "a HEAD request has no body";
    const char *body = lua_tolstring(L, -1, &length);
    if (!tavus_http_request_body(request, body, length)) return TAVUS_NO_MEMORY;
  }
  lua_getfield(L, 5, "headers");
  if (!lua_isnil(L, -1) && (fault = add_headers(L, request, name))) return fault;
  if ((fault = tavus_http_headers_fault(request->own_headers))) return fault;
  lua_getfield(L, 5, "without_key");
  if (lua_toboolean(L, -1) && !tavus_http_request_without_key(request))
    return TAVUS_NO_MEMORY;
  if (seconds_option(L, "timeout", &seconds))
    request->timeout_ms = tavus_lhttp_to_ms(seconds);
  if (seconds_option(L, "deadline", &seconds))
    request->expires = tavus_http_now() + tavus_lhttp_to_ns(seconds);
  lua_getfield(L, 5, "may_repeat");
  if (!lua_isnil(L, -1)) request->may_repeat = lua_toboolean(L, -1) != 0;
  lua_getfield(L, 5, "notify");
  request->notify = lua_toboolean(L, -1) != 0;
  return NULL;
}

/* engine:submit(session, method, path [, options]) --> request | nil, message
** The parts of `path` are encoded already (http.escape). options:
**   query       list of { name, value }, or a table by name
**   body        string
**   headers     table by name
**   timeout     seconds, for this attempt; default 30
**   deadline    seconds from now, including the time in the queue; default: none
**   may_repeat  boolean; default: true except for POST and PATCH
**   without_key boolean: do not send the key
**   notify      boolean: report the end through engine:finished()
** Sends nothing before the next step. */
int tavus_lhttp_submit(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  tavus_http_session *session = tavus_lhttp_check_session(L, 2);
  size_t length, method_length;
  const char *method = luaL_checklstring(L, 3, &method_length);
  const char *path = luaL_checklstring(L, 4, &length);
  const char *fault, *name = NULL;
  bool has_options = !lua_isnoneornil(L, 5);
  if (has_options) luaL_checktype(L, 5, LUA_TTABLE);
  lua_settop(L, 5);
  if (engine == NULL || engine->closed)
    return tavus_lhttp_fail(L, "the HTTP engine is closed");
  if (session == NULL || session->closed)
    return tavus_lhttp_fail(L, "the session is closed");
  if (!is_method(method, method_length))
    return tavus_lhttp_fail(L, "the method must be 1 to 15 capital letters");
  if ((fault = tavus_http_url_path_fault(path, length)))
    return tavus_lhttp_fail(L, fault);
  tavus_lhttp_request_box *box = tavus_lhttp_push_box(L, &tavus_lhttp_request_kind);
  if (!tavus_http_bytes_add(&box->target, path, length))
    return tavus_lhttp_fail(L, TAVUS_NO_MEMORY);
  if (has_options) {
    lua_getfield(L, 5, "query");
    if (!lua_isnil(L, -1) && (fault = add_query(L, &box->target)))
      return tavus_lhttp_fail(L, fault);
    lua_settop(L, 6);
  }
  box->request =
      tavus_http_request_new(session, method, box->target.data, box->target.length);
  if (box->request == NULL) return tavus_lhttp_fail(L, TAVUS_NO_MEMORY);
  tavus_http_bytes_free(&box->target);
  box->request->may_repeat = tavus_http_is_safe_to_repeat(method);
  box->request->timeout_ms = DEFAULT_TIMEOUT_MS;
  if (has_options && (fault = take_options(L, box->request, &name)))
    return tavus_lhttp_fail_header(L, name, fault);
  lua_settop(L, 6);
  /* Reading the options may have run a metamethod. */
  if (session->closed) return tavus_lhttp_fail(L, "the session is closed");
  if (!tavus_http_engine_submit(engine, box->request))
    return tavus_lhttp_fail(L, TAVUS_NO_MEMORY);
  return 1;
}
