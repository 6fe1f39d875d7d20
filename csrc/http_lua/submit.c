/* submit.c - from a Lua call to a request in line: path, query, headers, body. */
#include "box.h"

#include "../http/retry.h"

#define MOST_QUERY 64
#define LONGEST_QUERY 65536 /* encoded; servers give up much earlier */

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
  if (target->length > LONGEST_QUERY) return "the query is too long";
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
  luaL_checkstack(L, MOST_QUERY + 8, "query");
  lua_pushnil(L);
  while (lua_next(L, query) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return "a query name must be a string";
    if (count == MOST_QUERY) return "the query has more than 64 parts";
    lua_pushvalue(L, -1); /* one for lua_next; one stays, and keeps the name */
    names[count] = lua_tolstring(L, -1, &length);
    if (memchr(names[count], '\0', length) != NULL)
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

/* Adds the headers at the top of the stack. Returns a fault or NULL; *name is the
** header at fault, or NULL. */
static const char *add_headers(lua_State *L, tavus_http_request *request,
                               const char **name) {
  int headers = lua_gettop(L);
  if (!lua_istable(L, headers)) return "the headers must be a table";
  lua_pushnil(L);
  while (lua_next(L, headers) != 0) {
    const char *fault, *value = tavus_http_header_at_top(L, name, &fault);
    if (fault != NULL) return fault;
    bool added = tavus_http_request_header(request, *name, value);
    *name = NULL;
    if (!added) return "out of memory";
    lua_pop(L, 2);
  }
  return NULL;
}

/* The option `name` of the table at 5: false when it is nil. */
static bool seconds_option(lua_State *L, const char *name, lua_Number *seconds) {
  lua_getfield(L, 5, name);
  if (lua_isnil(L, -1)) return false;
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "option '%s': number expected, got %s", name,
               luaL_typename(L, -1));
  *seconds = lua_tonumber(L, -1);
  return true;
}

/* Gives the request what the options at 5 say, but for the query, which is in its
** target already. Returns a fault or NULL; *name is the header at fault, or NULL. */
static const char *take_options(lua_State *L, tavus_http_request *request,
                                const char **name) {
  const char *fault;
  lua_Number seconds;
  lua_getfield(L, 5, "body");
  if (!lua_isnil(L, -1)) {
    size_t length;
    const char *body;
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "option 'body': string expected, got %s",
                 luaL_typename(L, -1));
    if (strcmp(request->method, "HEAD") == 0)
      return "a HEAD request has no body";
    body = lua_tolstring(L, -1, &length);
    if (!tavus_http_request_body(request, body, length)) return "out of memory";
  }
  lua_getfield(L, 5, "headers");
  if (!lua_isnil(L, -1) && (fault = add_headers(L, request, name))) return fault;
  if ((fault = tavus_http_headers_fault(request->own_headers))) return fault;
  lua_getfield(L, 5, "without_key");
  if (lua_toboolean(L, -1) && !tavus_http_request_without_key(request))
    return "out of memory";
  if (seconds_option(L, "timeout", &seconds))
    request->timeout_ms = tavus_http_to_ms(seconds);
  if (seconds_option(L, "deadline", &seconds))
    request->expires = tavus_http_now() + tavus_http_to_ns(seconds);
  lua_getfield(L, 5, "may_repeat");
  if (!lua_isnil(L, -1)) request->may_repeat = lua_toboolean(L, -1) != 0;
  lua_getfield(L, 5, "notify");
  request->notify = lua_toboolean(L, -1) != 0;
  return NULL;
}

/* engine:submit(session, method, path [, options]) -> request | nil, message
** `path` is already encoded (http.escape). options:
**   query       list of { name, value }, or a table by name
**   body        string
**   headers     table by name
**   timeout     seconds, of this attempt; default 30
**   deadline    seconds from now, those in line counted; default: none
**   may_repeat  boolean; default: true for all methods but POST and PATCH
**   without_key boolean: the key is not sent
**   notify      boolean: report the end through engine:finished()
** Nothing is sent when a message is returned, and nothing before the next step. */
int tavus_http_submit(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  tavus_http_session *session = tavus_http_check_session(L, 2);
  request_box *box;
  size_t length, method_length;
  const char *method = luaL_checklstring(L, 3, &method_length);
  const char *path = luaL_checklstring(L, 4, &length);
  const char *fault, *name = NULL;
  bool has_options = !lua_isnoneornil(L, 5);
  if (has_options) luaL_checktype(L, 5, LUA_TTABLE);
  lua_settop(L, 5);
  if (engine == NULL || engine->closed)
    return tavus_http_fail(L, "the HTTP engine is closed");
  if (session == NULL || session->closed)
    return tavus_http_fail(L, "the session is closed");
  if (!is_method(method, method_length))
    return tavus_http_fail(L, "the method must be 1 to 15 capital letters");
  if ((fault = tavus_http_url_path_fault(path, length))) return tavus_http_fail(L, fault);
  box = tavus_http_box_new(L, tavus_http_request_kind, sizeof *box);
  if (!tavus_http_bytes_add(&box->target, path, length))
    return tavus_http_fail(L, "out of memory");
  if (has_options) {
    lua_getfield(L, 5, "query");
    if (!lua_isnil(L, -1) && (fault = add_query(L, &box->target)))
      return tavus_http_fail(L, fault);
    lua_settop(L, 6);
  }
  box->request = tavus_http_request_new(session, method, box->target.data,
                                        box->target.length);
  if (box->request == NULL) return tavus_http_fail(L, "out of memory");
  tavus_http_bytes_free(&box->target);
  box->request->may_repeat = tavus_http_is_safe_to_repeat(method);
  box->request->timeout_ms = 30000;
  if (has_options && (fault = take_options(L, box->request, &name)))
    return tavus_http_refuse_header(L, name, fault);
  lua_settop(L, 6);
  /* reading the options may have run a metamethod */
  if (session->closed) return tavus_http_fail(L, "the session is closed");
  if (!tavus_http_engine_submit(engine, box->request))
    return tavus_http_fail(L, "out of memory");
  return 1;
}
