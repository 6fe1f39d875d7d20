/* box.h - what the files of tavus.http share: the kinds of userdata, and small
** conversions.
**
** libcurl never runs Lua. Its callbacks fill C buffers (http/transfer.c), and this
** folder makes tables of them after curl_* has returned. A userdata exists, zeroed
** and with its metatable, before the resource that it will own. Resources that
** several userdata use are counted in C, so Lua may collect these in any order. */
#ifndef TAVUS_HTTP_LUA_BOX_H
#define TAVUS_HTTP_LUA_BOX_H

#include "../http/engine.h"

#include "../compat.h"
#include "../secret/holder.h"

/* A kind of userdata. Each userdata begins with a pointer to its kind. */
typedef struct tavus_lhttp_kind {
  const char *name; /* of the metatable */
  size_t size;
  const luaL_Reg *methods; /* or NULL */
  const luaL_Reg *events;  /* metamethods */
} tavus_lhttp_kind;

extern const tavus_lhttp_kind tavus_lhttp_session_kind, tavus_lhttp_engine_kind,
    tavus_lhttp_request_kind;

typedef struct tavus_lhttp_session_box {
  const tavus_lhttp_kind *kind;
  tavus_http_session *session; /* or NULL */
  /* while the session is made: */
  tavus_http_base base;
  tavus_http_transport *transport;
} tavus_lhttp_session_box;

typedef struct tavus_lhttp_engine_box {
  const tavus_lhttp_kind *kind;
  tavus_http_engine *engine; /* or NULL */
} tavus_lhttp_engine_box;

typedef struct tavus_lhttp_request_box {
  const tavus_lhttp_kind *kind;
  tavus_http_request *request; /* or NULL */
  tavus_http_bytes target;     /* while the request is made: path and query */
} tavus_lhttp_request_box;

/* http.session(options), see session.c. */
int tavus_lhttp_session(lua_State *L);

/* How tavus.core reads the secrets of a session, and tavus.crypto its key. */
extern const tavus_holder tavus_lhttp_session_holder;

/* http.engine(), see engine.c. */
int tavus_lhttp_engine(lua_State *L);

/* engine:submit(...), see submit.c. */
int tavus_lhttp_submit(lua_State *L);

/* Makes the metatables of all kinds. */
void tavus_lhttp_open_kinds(lua_State *L);

/* Pushes a zeroed userdata with its metatable and one user value. */
void *tavus_lhttp_push_box(lua_State *L, const tavus_lhttp_kind *kind);

/* Pushes a userdata that owns a byte buffer and frees it when it is collected. */
tavus_http_bytes *tavus_lhttp_push_bytes(lua_State *L);

/* Returns the userdata at `index`; raises an error if it is of another kind. */
void *tavus_lhttp_check_box(lua_State *L, int index, const tavus_lhttp_kind *kind);

/* Return what the userdata at `index` holds, or NULL when it is closed. An engine
** that was inherited from before a fork is replaced by a new one. */
tavus_http_session *tavus_lhttp_check_session(lua_State *L, int index);
tavus_http_engine *tavus_lhttp_check_engine(lua_State *L, int index);
tavus_http_request *tavus_lhttp_check_request(lua_State *L, int index);

/* Pushes nil and a message. Returns 2. */
int tavus_lhttp_fail(lua_State *L, const char *message);

/* Pushes nil and a fault, with the name of the header at fault unless that is NULL.
** Returns 2. */
int tavus_lhttp_fail_header(lua_State *L, const char *name, const char *fault);

/* Checks the header whose name and value are at -2 and -1. Pushes the value as text
** and returns it. On failure it sets *fault, and has pushed one value or none; *name
** is the header's name, or NULL when it is not a string. */
const char *tavus_lhttp_check_header(lua_State *L, const char **name, const char **fault);

/* Seconds as nanoseconds. Negative seconds and NaN count as 0. */
int64_t tavus_lhttp_to_ns(lua_Number seconds);

/* Seconds as milliseconds for libcurl, at least 1, since 0 means no limit. */
long tavus_lhttp_to_ms(lua_Number seconds);

#endif
