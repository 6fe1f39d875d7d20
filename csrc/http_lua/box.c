/* box.c - see box.h. */
#include "box.h"

typedef struct bytes_box {
  const tavus_lhttp_kind *kind;
  tavus_http_bytes bytes;
} bytes_box;

static const tavus_lhttp_kind bytes_kind;

/* __gc */
static int bytes_gc(lua_State *L) {
  bytes_box *box = tavus_lhttp_check_box(L, 1, &bytes_kind);
  tavus_http_bytes_free(&box->bytes);
  return 0;
}

static const luaL_Reg bytes_events[] = { { "__gc", bytes_gc }, { NULL, NULL } };

static const tavus_lhttp_kind bytes_kind = { .name = "tavus.http.bytes",
                                             .size = sizeof(bytes_box),
                                             .events = bytes_events };

static void open_kind(lua_State *L, const tavus_lhttp_kind *kind) {
  luaL_newmetatable(L, kind->name);
  luaL_setfuncs(L, kind->events, 0);
  if (kind->methods != NULL) {
    lua_newtable(L);
    luaL_setfuncs(L, kind->methods, 0);
    lua_setfield(L, -2, "__index");
  }
  lua_pushliteral(L, "tavus");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void tavus_lhttp_open_kinds(lua_State *L) {
  open_kind(L, &tavus_lhttp_session_kind);
  open_kind(L, &tavus_lhttp_engine_kind);
  open_kind(L, &tavus_lhttp_request_kind);
  open_kind(L, &bytes_kind);
}

void *tavus_lhttp_push_box(lua_State *L, const tavus_lhttp_kind *kind) {
#if LUA_VERSION_NUM >= 504
  void *box = lua_newuserdatauv(L, kind->size, 1);
#else
  void *box = lua_newuserdata(L, kind->size);
#endif
  memset(box, 0, kind->size);
  *(const tavus_lhttp_kind **)box = kind;
  luaL_setmetatable(L, kind->name);
  return box;
}

tavus_http_bytes *tavus_lhttp_push_bytes(lua_State *L) {
  return &((bytes_box *)tavus_lhttp_push_box(L, &bytes_kind))->bytes;
}

/* The pointer to the kind saves a look into the registry, which luaL_checkudata
** would need about six times for a request. */
void *tavus_lhttp_check_box(lua_State *L, int index, const tavus_lhttp_kind *kind) {
  void *box = lua_touserdata(L, index);
  if (box != NULL && lua_rawlen(L, index) == kind->size &&
      *(const tavus_lhttp_kind **)box == kind)
    return box;
  return luaL_checkudata(L, index, kind->name);
}

tavus_http_session *tavus_lhttp_check_session(lua_State *L, int index) {
  const tavus_lhttp_session_box *box =
      tavus_lhttp_check_box(L, index, &tavus_lhttp_session_kind);
  return box->session;
}

tavus_http_request *tavus_lhttp_check_request(lua_State *L, int index) {
  const tavus_lhttp_request_box *box =
      tavus_lhttp_check_box(L, index, &tavus_lhttp_request_kind);
  return box->request;
}

int tavus_lhttp_fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

int tavus_lhttp_fail_header(lua_State *L, const char *name, const char *fault) {
  const size_t longest = 64; /* name that is shown */
  if (name == NULL || strlen(name) > longest) return tavus_lhttp_fail(L, fault);
  lua_pushnil(L);
  lua_pushfstring(L, "header '%s': %s", name, fault);
  return 2;
}

const char *tavus_lhttp_check_header(lua_State *L, const char **name,
                                     const char **fault) {
  size_t name_length, length;
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
  const char *value = lua_tolstring(L, -1, &length);
  *fault = tavus_http_header_fault(*name, name_length, value, length);
  return value;
}

int64_t tavus_lhttp_to_ns(lua_Number seconds) {
  if (!(seconds > 0)) return 0;
  if (seconds > 1e9) seconds = 1e9;
  return (int64_t)(seconds * (lua_Number)TAVUS_HTTP_SECOND);
}

long tavus_lhttp_to_ms(lua_Number seconds) {
  if (!(seconds > 0.001)) return 1;
  if (seconds > 1e6) seconds = 1e6;
  return (long)(seconds * 1000);
}
