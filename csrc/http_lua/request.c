/* request.c - requests for Lua: their state and their results. */
#include "box.h"

#include "../http/outcome.h"
#include "../json/reader.h"

/* request:cancel(); __close. May be called again. */
static int request_cancel(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  if (request != NULL) tavus_http_engine_cancel(request);
  return 0;
}

/* request:forget(); __gc. Cancels the request and frees all that it holds. */
static int request_forget(lua_State *L) {
  tavus_lhttp_request_box *box = tavus_lhttp_check_box(L, 1, &tavus_lhttp_request_kind);
  tavus_http_request *request = box->request;
  tavus_http_bytes_free(&box->target);
  box->request = NULL;
  if (request != NULL) tavus_http_engine_forget(request);
  return 0;
}

/* request:done() --> boolean */
static int request_done(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  lua_pushboolean(L, request == NULL || request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* request:id() --> number, which engine:finished() returns */
static int request_id(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  if (request == NULL) return 0;
  lua_pushnumber(L, (lua_Number)request->id);
  return 1;
}

/* Returns the number of headers in a block. A table of the right size is cheaper than
** one that grows. */
static int count_headers(const char *at, const char *end) {
  int ends = 0;
  while (at < end && (at = memchr(at, '\0', (size_t)(end - at))) != NULL) {
    ends++;
    at++;
  }
  return ends / 2;
}

/* Pushes the headers as a table by name. */
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
    } else { /* repeated: joined to a list as in RFC 9110 */
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

/* Decodes a body and sets `value`, or `problem` if it is not JSON, in the outcome
** table on the top. Returns whether it is JSON. */
static bool set_value(lua_State *L, const tavus_http_bytes *body, int reader) {
  const tavus_reader *core = lua_touserdata(L, reader);
  int outcome = lua_gettop(L);
  tavus_getuservalue(L, reader);
  int count = core->decode(L, body->data, body->length, outcome + 1);
  lua_setfield(L, outcome, count == 1 ? "value" : "problem");
  lua_settop(L, outcome);
  return count == 1;
}

/* Pushes the outcome table. `reader`: stack index of the reader for the body of a
** success, or 0. */
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

/* request:result() --> outcome table | nil while the request is not done
** The same table each time:
**   outcome        as in http/request.h: "answer", "lost", ...
**   status, headers  of an answer that began
**   body           of a whole answer
**   message, code  of any other outcome; `code` is libcurl's
**   shortage       what ran out, so that nothing was sent: "descriptors", "memory" or
**                  "threads"
**   sent           how many times the request was sent
**   elapsed_ms     0 for a request that was never started */
static int request_result(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  lua_settop(L, 1);
  if (request == NULL || request->state != TAVUS_HTTP_DONE || request->taken) return 0;
  if (!request->collected) {
    push_result(L, request, 0);
    tavus_setuservalue(L, 1);
  }
  tavus_getuservalue(L, 1);
  return 1;
}

/* request:take([reader]) --> outcome table, once | nil
** Like result(), but the request does not keep the table. A request has a finalizer,
** so it survives one collection, and kept answers of successive calls would pile up.
** With a `reader` (core.reader) the body of a success is decoded in place, unless it
** is empty: `value` replaces `body`; if it is not JSON, `problem` is added. Both are as
** core.decode returns them. */
static int request_take(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  bool read = lua_toboolean(L, 2) != 0;
  lua_settop(L, 2);
  if (read) (void)luaL_checkudata(L, 2, TAVUS_READER);
  if (request == NULL || request->state != TAVUS_HTTP_DONE || request->collected)
    return 0;
  push_result(L, request, read ? 2 : 0);
  request->taken = true;
  return 1;
}

/* request:body() --> text that `value` was decoded from | nil */
static int request_body(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  if (request == NULL || !request->taken || request->answer_body.data == NULL) return 0;
  push_body(L, &request->answer_body);
  return 1;
}

/* __tostring */
static int request_tostring(lua_State *L) {
  tavus_http_request *request = tavus_lhttp_check_request(L, 1);
  if (request == NULL)
    lua_pushliteral(L, "tavus.http.request (closed)");
  else
    lua_pushfstring(L, "tavus.http.request (%s, %s)", request->method,
                    tavus_http_outcome_name(request->outcome));
  return 1;
}

static const luaL_Reg methods[] = {
  { "body", request_body }, { "cancel", request_cancel },
  { "done", request_done }, { "forget", request_forget },
  { "id", request_id },     { "result", request_result },
  { "take", request_take }, { NULL, NULL }
};

static const luaL_Reg events[] = { { "__close", request_cancel },
                                   { "__gc", request_forget },
                                   { "__tostring", request_tostring },
                                   { NULL, NULL } };

const tavus_lhttp_kind tavus_lhttp_request_kind = { .name = "tavus.http.request",
                                                    .size =
                                                        sizeof(tavus_lhttp_request_box),
                                                    .methods = methods,
                                                    .events = events };
