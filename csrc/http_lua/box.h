/* box.h - what the binding of csrc/http/ shares: the three kinds of userdata.
**
** libcurl never runs Lua: its callbacks fill C buffers (http/request.c), and
** tables are made in this folder, after curl_* has returned. Every userdata
** exists, empty and with its metatable, before the resource it will own; what
** the kinds share is counted in C, so they may be collected in any order. */
#ifndef TAVUS_HTTP_LUA_BOX_H
#define TAVUS_HTTP_LUA_BOX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "../http/engine.h"

#include "../compat.h"

/* What a userdata of ours begins with: the address of its kind's name. */
typedef const char *tavus_http_kind;

extern const char tavus_http_session_kind[], tavus_http_engine_kind[],
    tavus_http_request_kind[];

typedef struct session_box {
  tavus_http_kind kind;
  tavus_http_session *session;
  /* under construction: */
  tavus_http_base base;
  tavus_http_transport *transport;
} session_box;

typedef struct engine_box {
  tavus_http_kind kind;
  tavus_http_engine *engine;
} engine_box;

typedef struct request_box {
  tavus_http_kind kind;
  tavus_http_request *request;
  tavus_http_bytes target; /* under construction: path and query */
} request_box;

/* Methods and metamethods of each kind, for luaL_setfuncs. */
extern const luaL_Reg tavus_http_session_methods[], tavus_http_session_events[],
    tavus_http_engine_methods[], tavus_http_engine_events[],
    tavus_http_request_methods[], tavus_http_request_events[];

/* http.session(options) and http.engine(), see session.c and engine.c. */
int tavus_http_push_session(lua_State *L);
int tavus_http_push_engine(lua_State *L);

/* engine:submit(...), see submit.c. */
int tavus_http_submit(lua_State *L);

/* A zeroed userdata with its metatable and one user value. */
void *tavus_http_box_new(lua_State *L, tavus_http_kind kind, size_t size);

/* The userdata at `index`, or an error. */
void *tavus_http_box_check(lua_State *L, int index, tavus_http_kind kind,
                           size_t size);

/* What the userdata at `index` holds: NULL once it is closed. An engine that
** a fork inherited is replaced by a fresh one first. */
tavus_http_session *tavus_http_check_session(lua_State *L, int index);
tavus_http_engine *tavus_http_check_engine(lua_State *L, int index);
tavus_http_request *tavus_http_check_request(lua_State *L, int index);

/* Pushes nil and a message; returns 2. */
int tavus_http_fail(lua_State *L, const char *message);

/* Likewise, and names the header at fault; NULL where it is none. */
int tavus_http_refuse_header(lua_State *L, const char *name, const char *fault);

/* Checks the header whose name and value are at -2 and -1: pushes a copy of the
** value as text and returns it. With a *fault nothing may have been pushed; *name
** is the header's, or NULL where it has none. */
const char *tavus_http_header_at_top(lua_State *L, const char **name,
                                     const char **fault);

/* Seconds as nanoseconds; what is negative or no number counts as 0. */
int64_t tavus_http_to_ns(lua_Number seconds);

/* Seconds as libcurl's milliseconds, at least 1 (0 would mean for ever). */
long tavus_http_to_ms(lua_Number seconds);

#endif
