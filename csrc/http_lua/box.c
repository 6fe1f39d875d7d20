/* box.c - userdata and small conversions that the whole binding uses. */
#include "box.h"

const char tavus_http_session_kind[] = "tavus.http.session";
const char tavus_http_engine_kind[] = "tavus.http.engine";
const char tavus_http_request_kind[] = "tavus.http.request";

void *tavus_http_box_new(lua_State *L, tavus_http_kind kind, size_t size) {
#if LUA_VERSION_NUM >= 504
  void *box = lua_newuserdatauv(L, size, 1);
#else
  void *box = lua_newuserdata(L, size);
#endif
  memset(box, 0, size);
  *(tavus_http_kind *)box = kind;
  luaL_setmetatable(L, kind);
  return box;
}

/* The mark tells the kind without the registry, which luaL_checkudata would
** ask half a dozen times a request. */
void *tavus_http_box_check(lua_State *L, int index, tavus_http_kind kind,
                           size_t size) {
  void *box = lua_touserdata(L, index);
  if (box != NULL && lua_rawlen(L, index) == size &&
      *(tavus_http_kind *)box == kind)
    return box;
  return luaL_checkudata(L, index, kind);
}

int tavus_http_fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

int64_t tavus_http_to_ns(lua_Number seconds) {
  if (!(seconds > 0)) return 0;
  if (seconds > 1e9) seconds = 1e9;
  return (int64_t)(seconds * (lua_Number)TAVUS_HTTP_SECOND);
}

long tavus_http_to_ms(lua_Number seconds) {
  if (!(seconds > 0.001)) return 1;
  if (seconds > 1e6) seconds = 1e6;
  return (long)(seconds * 1000);
}

tavus_http_session *tavus_http_check_session(lua_State *L, int index) {
  session_box *box = tavus_http_box_check(L, index, tavus_http_session_kind,
                                          sizeof *box);
  return box->session;
}

tavus_http_request *tavus_http_check_request(lua_State *L, int index) {
  request_box *box = tavus_http_box_check(L, index, tavus_http_request_kind,
                                          sizeof *box);
  return box->request;
}

const char *tavus_http_header_at_top(lua_State *L, const char **name,
                                 const char **fault) {
  size_t name_length, length;
  const char *value;
  *fault = NULL;
  *name = NULL;
  if (lua_type(L, -2) != LUA_TSTRING) {
    *fault = "a header's name must be a string";
    return NULL;
  }
  *name = lua_tolstring(L, -2, &name_length);
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
    *fault = "a header's value must be a string";
    return NULL;
  }
  lua_pushvalue(L, -1);
  value = lua_tolstring(L, -1, &length);
  *fault = tavus_http_header_fault(*name, name_length, value, length);
  return value;
}

int tavus_http_refuse_header(lua_State *L, const char *name, const char *fault) {
  lua_pushnil(L);
  if (name != NULL && strlen(name) <= 64)
    lua_pushfstring(L, "header '%s': %s", name, fault);
  else
    lua_pushstring(L, fault);
  return 2;
}
