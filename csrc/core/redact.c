/* redact.c - finding and replacing secrets, for Lua. The texts that are made on the
** way belong to a userdata, which frees them whatever happens. */
#include "redact.h"

#include "../contract/contract.h"
#include "../secret/holder.h"
#include "../secret/named.h"

#define REDACTION "tavus.core.redaction"

typedef struct box {
  tavus_redaction work;
  tavus_secrets known;
} box;

static void empty(box *b) {
  tavus_redaction_free(&b->work);
  tavus_secrets_free(&b->known);
}

static int box_gc(lua_State *L) {
  empty(luaL_checkudata(L, 1, REDACTION));
  return 0;
}

/* Pushes the userdata for the text at 1. */
static box *push_box(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  box *b = lua_newuserdata(L, sizeof *b);
  memset(b, 0, sizeof *b);
  luaL_getmetatable(L, REDACTION);
  lua_setmetatable(L, -2);
  b->work.text = text;
  b->work.length = length;
  b->work.scan = tavus_scan_names;
  b->work.known = &b->known;
  return b;
}

/* Adds the strings of the array at `index`. */
static void add_secrets(lua_State *L, int index, box *b) {
  size_t count = lua_rawlen(L, index);
  for (size_t i = 1; i <= count; i++) {
    size_t length;
    lua_rawgeti(L, index, (int)i);
    if (lua_type(L, -1) == LUA_TSTRING) {
      const char *text = lua_tolstring(L, -1, &length);
      tavus_secrets_add(&b->known, text, length);
    }
    lua_pop(L, 1);
  }
}

/* Adds the secrets of the session at `index`. */
static void add_session(lua_State *L, int index, box *b) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
    luaL_argerror(L, index, "a session expected");
  lua_getfield(L, -1, TAVUS_HOLDER);
  const tavus_holder *holder = lua_touserdata(L, -1);
  if (holder == NULL) luaL_argerror(L, index, "a session expected");
  holder->tell(lua_touserdata(L, index), &b->known);
  lua_pop(L, 2);
}

int tavus_core_redact(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 3);
  box *b = push_box(L);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    add_secrets(L, 2, b);
  }
  if (!lua_isnil(L, 3)) add_session(L, 3, b);
  if (!tavus_redact(&b->work)) {
    empty(b);
    return tavus_no_memory(L);
  }
  if (b->work.out == NULL)
    lua_pushvalue(L, 1);
  else
    lua_pushlstring(L, b->work.out, b->work.out_length);
  empty(b);
  return 1;
}

int tavus_core_gather(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 1);
  box *b = push_box(L);
  if (!tavus_gather(&b->work)) {
    empty(b);
    return tavus_no_memory(L);
  }
  lua_createtable(L, (int)b->known.given.count, 0);
  for (size_t i = 0; i < b->known.given.count; i++) {
    lua_pushlstring(L, b->known.given.items[i].data, b->known.given.items[i].length);
    lua_rawseti(L, -2, (int)i + 1);
  }
  empty(b);
  return 1;
}

int tavus_core_is_secret(lua_State *L) {
  size_t length;
  const char *name = luaL_checklstring(L, 1, &length);
  lua_pushboolean(L, tavus_is_secret_name(name, length));
  return 1;
}

int tavus_core_is_masked(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  lua_pushboolean(L, tavus_is_masked(text, length));
  return 1;
}

void tavus_core_redact_open(lua_State *L) {
  luaL_newmetatable(L, REDACTION);
  lua_pushcfunction(L, box_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
