/* request.c - requests for Lua: whether they are done, and how they ended. */
#include "box.h"

#include "../json/reader.h"

/* request:cancel(), __gc and __close: idempotent */
static int request_cancel(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  if (request != NULL) tavus_http_engine_cancel(request);
  return 0;
}

/* request:forget() frees all that it holds; __gc: likewise. */
static int request_forget(lua_State *L) {
  request_box *box = tavus_http_box_check(L, 1, tavus_http_request_kind, sizeof *box);
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
  tavus_http_request *request = tavus_http_check_request(L, 1);
  lua_pushboolean(L, request == NULL || request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* request:id() -> number, as reported by engine:finished() */
static int request_id(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  if (request == NULL) return 0;
  lua_pushnumber(L, (lua_Number)request->id);
  return 1;
}

/* How many headers the block holds: a table that grows while it is filled
** costs more than the filling. */
static int count_headers(const char *at, const char *end) {
  int ends = 0;
  while (at < end && (at = memchr(at, '\0', (size_t)(end - at))) != NULL) {
    ends++;
    at++;
  }
  return ends / 2;
}

static void push_headers(lua_State *L, const tavus_http_bytes *block) {
  const char *at = block->data;
  const char *end = at == NULL ? NULL : at + block->length;
  lua_createtable(L, 0, at == NULL ? 0 : count_headers(at, end));
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

static void push_body(lua_State *L, const tavus_http_bytes *body) {
  lua_pushlstring(L, body->data == NULL ? "" : body->data, body->length);
}

/* Sets the value that a body is the JSON text of in the outcome table on the
** top, or the problem with it. Returns whether it is JSON. */
static bool set_value(lua_State *L, const tavus_http_bytes *body, int reader) {
  const tavus_reader *core = lua_touserdata(L, reader);
  int outcome = lua_gettop(L), count;
  tavus_getuservalue(L, reader);
  count = core->decode(L, body->data, body->length, outcome + 1);
  lua_setfield(L, outcome, count == 1 ? "value" : "problem");
  lua_settop(L, outcome);
  return count == 1;
}

/* `reader`: stack index of what reads a success, or 0 for nothing. */
static void push_result(lua_State *L, tavus_http_request *request, int reader) {
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
    bool success = request->status >= 200 && request->status < 300;
    if (reader == 0 || !success || request->answer_body.length == 0 ||
        !set_value(L, &request->answer_body, reader)) {
      push_body(L, &request->answer_body);
      lua_setfield(L, -2, "body");
      tavus_http_bytes_free(&request->answer_body);
    }
  } else {
    lua_pushstring(L, request->message.data == NULL ? "" : request->message.data);
    lua_setfield(L, -2, "message");
    if (request->code != CURLE_OK) {
      lua_pushstring(L, tavus_http_code_name(request->code));
      lua_setfield(L, -2, "code");
    }
    if (request->shortage != NULL) {
      lua_pushstring(L, request->shortage);
      lua_setfield(L, -2, "shortage");
    }
    tavus_http_bytes_free(&request->answer_body);
  }
  request->collected = true;
  tavus_http_bytes_free(&request->answer_headers);
}

/* request:result() -> outcome table | nil while it is not done
** { outcome, status, headers, body, elapsed_ms, sent, message, code, shortage }:
** `status` and `headers` where an answer began, `body` where it is whole, `message`
** and `code` where it is not, `shortage` ("descriptors", "memory", "threads") where
** it was not sent for want of that; `elapsed_ms` is 0 for a request that never left its
** line. The same table every time. */
static int request_result(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  lua_settop(L, 1);
  if (request == NULL || request->state != TAVUS_HTTP_DONE || request->taken)
    return 0;
  if (!request->collected) {
    push_result(L, request, 0);
    tavus_setuservalue(L, 1);
  }
  tavus_getuservalue(L, 1);
  return 1;
}

/* request:take([reader]) -> the outcome table, once | nil
** Were the answer kept, as by result(), it would live as long as the request,
** which outlives a collection because it has a finalizer: calls one after the
** other would pile up. With a `reader` (core.reader) the body of a success is read
** as JSON where it lies: `value` then takes the place of `body`, or, where it is
** no JSON, `problem` stands beside it, both as core.decode returns them. (An
** empty body is not read.) */
static int request_take(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  bool read = lua_toboolean(L, 2) != 0;
  lua_settop(L, 2);
  if (read) (void)luaL_checkudata(L, 2, TAVUS_READER);
  if (request == NULL || request->state != TAVUS_HTTP_DONE || request->collected)
    return 0;
  push_result(L, request, read ? 2 : 0);
  request->taken = true;
  return 1;
}

/* request:body() -> the text that `value` was read from | nil, without one */
static int request_body(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  if (request == NULL || !request->taken || request->answer_body.data == NULL)
    return 0;
  push_body(L, &request->answer_body);
  return 1;
}

static int request_tostring(lua_State *L) {
  tavus_http_request *request = tavus_http_check_request(L, 1);
  if (request == NULL)
    lua_pushliteral(L, "tavus.http.request (closed)");
  else
    lua_pushfstring(L, "tavus.http.request (%s, %s)", request->method,
                    tavus_http_outcome_name(request->outcome));
  return 1;
}

const luaL_Reg tavus_http_request_methods[] = {
    {"done", request_done},     {"cancel", request_cancel},
    {"result", request_result}, {"take", request_take},
    {"id", request_id},         {"body", request_body},
    {"forget", request_forget},
    {NULL, NULL}};

const luaL_Reg tavus_http_request_events[] = {{"__gc", request_forget},
                                              {"__close", request_cancel},
                                              {"__tostring", request_tostring},
                                              {NULL, NULL}};
