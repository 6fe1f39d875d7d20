/* session.c - sessions for Lua: server, key, headers and limits of a client. */
#include "box.h"

#include "../http/proxy.h"

#define DEFAULT_BASE_URL "https://tavusapi.com"
#define DEFAULT_USER_AGENT "tavus-lua"
#define DEFAULT_CONNECT_TIMEOUT 5 /* seconds */

/* Pushes the option `name` of the table at 1 and returns it, or NULL when it is nil.
** Raises an error when it is not a string. */
static const char *string_option(lua_State *L, const char *name, size_t *length) {
  lua_getfield(L, 1, name);
  *length = 0;
  if (lua_isnil(L, -1)) return NULL;
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "option '%s': string expected, got %s", name, luaL_typename(L, -1));
  return lua_tolstring(L, -1, length);
}

/* Returns the option `name` of the table at 1, or `missing` when it is nil. Raises an
** error when it is not a number of at least `least`. */
static lua_Number number_option(lua_State *L, const char *name, lua_Number least,
                                lua_Number missing) {
  lua_Number value = missing;
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      luaL_error(L, "option '%s': number expected, got %s", name, luaL_typename(L, -1));
    value = lua_tonumber(L, -1);
    if (!(value >= least)) luaL_error(L, "option '%s': too small", name);
  }
  lua_pop(L, 1);
  return value;
}

static unsigned to_count(lua_Number value) {
  return value < 1e9 ? (unsigned)value : 1000000000u;
}

static void read_limits(lua_State *L, tavus_http_line *line) {
  lua_Number rate = number_option(L, "rate", 1e-9, 0);
  line->connections =
      to_count(number_option(L, "max_connections", 1, TAVUS_HTTP_CONNECTIONS));
  line->in_flight = to_count(number_option(L, "max_in_flight", 1, 0));
  line->interval = rate > 0 ? tavus_lhttp_to_ns(1 / rate) : 0;
}

/* Adds the option `headers` of the table at 1. Returns a fault or NULL; *name is the
** header at fault, or NULL. */
static const char *add_headers(lua_State *L, tavus_http_session *session,
                               const char **name) {
  lua_getfield(L, 1, "headers");
  if (lua_isnil(L, -1)) return NULL;
  if (!lua_istable(L, -1))
    luaL_error(L, "option 'headers': table expected, got %s", luaL_typename(L, -1));
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const char *fault, *value = tavus_lhttp_check_header(L, name, &fault);
    if (fault != NULL) return fault;
    bool added = tavus_http_session_header(session, *name, value);
    *name = NULL;
    if (!added) return TAVUS_NO_MEMORY;
    lua_pop(L, 2);
  }
  return tavus_http_headers_fault(session->body_headers);
}

/* http.session(options) --> session | nil, message
** options: api_key (default: TAVUS_API_KEY, which then does not become a Lua string),
** base_url, allow_http, ca_file, ca_folder, proxy, user_agent, headers,
** connect_timeout (seconds), max_connections, max_in_flight, rate (per second). */
int tavus_lhttp_session(lua_State *L) {
  const char *fault, *name = "proxy";
  size_t length, key_length;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  tavus_lhttp_session_box *box = tavus_lhttp_push_box(L, &tavus_lhttp_session_kind);
  lua_getfield(L, 1, "allow_http");
  bool allow_http = lua_toboolean(L, -1) != 0;
  const char *url = string_option(L, "base_url", &length);
  if (url == NULL) url = DEFAULT_BASE_URL, length = strlen(url);
  if ((fault = tavus_http_base_read(&box->base, url, length, allow_http)))
    return tavus_lhttp_fail(L, fault);
  const char *ca_file = string_option(L, "ca_file", &length);
  if (ca_file != NULL && (length == 0 || memchr(ca_file, '\0', length) != NULL))
    return tavus_lhttp_fail(L, "ca_file is not a file name");
  const char *ca_folder = string_option(L, "ca_folder", &length);
  const char *proxy = string_option(L, "proxy", &length);
  fault = proxy != NULL ? tavus_http_proxy_fault(proxy, length)
                        : tavus_http_proxy_environment_fault(&box->base, &name);
  if (fault != NULL) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s %s", name, fault);
    return 2;
  }
  const char *agent = string_option(L, "user_agent", &length);
  if (agent == NULL) agent = DEFAULT_USER_AGENT, length = strlen(agent);
  if ((fault = tavus_http_header_fault("User-Agent", 10, agent, length)))
    return tavus_lhttp_fail_header(L, "User-Agent", fault);
  lua_Number connect = number_option(L, "connect_timeout", 0, DEFAULT_CONNECT_TIMEOUT);
  const char *key = string_option(L, "api_key", &key_length);
  if (key == NULL) {
    key = getenv("TAVUS_API_KEY");
    key_length = key == NULL ? 0 : strlen(key);
  }
  if (key == NULL || key_length == 0)
    return tavus_lhttp_fail(L, "no API key: give api_key, or set TAVUS_API_KEY");
  if ((fault = tavus_http_key_fault(key, key_length))) return tavus_lhttp_fail(L, fault);
  box->transport = tavus_http_transport_new(&box->base, ca_file, ca_folder, proxy,
                                            tavus_lhttp_to_ms(connect));
  if (box->transport == NULL) return tavus_lhttp_fail(L, TAVUS_NO_MEMORY);
  box->session = tavus_http_session_new(&box->base, box->transport, key, agent);
  if (box->session == NULL) return tavus_lhttp_fail(L, TAVUS_NO_MEMORY);
  box->transport = NULL;
  read_limits(L, &box->session->line);
  name = NULL;
  if ((fault = add_headers(L, box->session, &name)))
    return tavus_lhttp_fail_header(L, name, fault);
  lua_settop(L, 2);
  return 1;
}

/* __gc */
static int session_gc(lua_State *L) {
  tavus_lhttp_session_box *box = tavus_lhttp_check_box(L, 1, &tavus_lhttp_session_kind);
  tavus_http_session *session = box->session;
  box->session = NULL;
  tavus_http_session_drop(session);
  tavus_http_transport_drop(box->transport);
  box->transport = NULL;
  tavus_http_base_free(&box->base);
  return 0;
}

/* session:close(); __close. Forgets the key. May be called again. */
static int session_close(lua_State *L) {
  tavus_http_session *session = tavus_lhttp_check_session(L, 1);
  if (session != NULL) tavus_http_session_close(session);
  return 0;
}

/* session:cancel()
** Ends the requests of the session that are not done, as "cancelled". */
static int session_cancel(lua_State *L) {
  tavus_http_session *session = tavus_lhttp_check_session(L, 1);
  if (session == NULL || session->requests == 0) return 0;
  if (tavus_lhttp_engine(L) != 1) return 0; /* a child: they are the parent's */
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, -1);
  if (engine != NULL && !engine->closed) tavus_http_engine_cancel_all(engine, session);
  return 0;
}

/* __tostring */
static int session_tostring(lua_State *L) {
  tavus_http_session *session = tavus_lhttp_check_session(L, 1);
  if (session == NULL || session->closed)
    lua_pushliteral(L, "tavus.http.session (closed)");
  else
    lua_pushfstring(L, "tavus.http.session (%s)", session->base.text);
  return 1;
}

/* session:base_url() --> string */
static int session_base_url(lua_State *L) {
  tavus_http_session *session = tavus_lhttp_check_session(L, 1);
  lua_pushstring(L, session == NULL ? "" : session->base.text);
  return 1;
}

/* Adds the secrets of a session that is not closed. */
static void tell_secrets(void *userdata, tavus_secrets *known) {
  const tavus_lhttp_session_box *box = userdata;
  if (box->session != NULL) tavus_secrets_join(known, &box->session->known);
}

static const char *key_of(void *userdata) {
  const tavus_lhttp_session_box *box = userdata;
  return box->session != NULL && !box->session->closed ? box->session->key : NULL;
}

const tavus_holder tavus_lhttp_session_holder = { tell_secrets, key_of };

/* session:redact(text) --> text with the secrets of the session replaced by
** "[redacted]" */
static int session_redact(lua_State *L) {
  tavus_http_session *session = tavus_lhttp_check_session(L, 1);
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  lua_settop(L, 2);
  if (session == NULL || session->key == NULL) return 1;
  tavus_http_bytes *copy = tavus_lhttp_push_bytes(L);
  if (!tavus_http_bytes_add(copy, text, length) ||
      !tavus_http_session_redact(session, copy))
    return tavus_no_memory(L);
  lua_pushlstring(L, copy->data, copy->length);
  tavus_http_bytes_free(copy);
  return 1;
}

static const luaL_Reg methods[] = { { "base_url", session_base_url },
                                    { "cancel", session_cancel },
                                    { "close", session_close },
                                    { "redact", session_redact },
                                    { NULL, NULL } };

static const luaL_Reg events[] = { { "__close", session_close },
                                   { "__gc", session_gc },
                                   { "__tostring", session_tostring },
                                   { NULL, NULL } };

const tavus_lhttp_kind tavus_lhttp_session_kind = { .name = "tavus.http.session",
                                                    .size =
                                                        sizeof(tavus_lhttp_session_box),
                                                    .methods = methods,
                                                    .events = events };
