/* issue.c - issues of a check against a JSON Schema, and its limits. */
#include <stdarg.h>

#include "../json/path.h"
#include "walk.h"

/* How many choices a message lists. */
#define MOST_CHOICES 10

/* Adds a path. The recursion is as deep as the walk. */
static void add_path(luaL_Buffer *b, const tavus_place *at) {
  if (at->up == NULL) return;
  add_path(b, at->up);
  if (at->key != NULL)
    tavus_path_key(b, at->key, at->length);
  else
    tavus_path_index(b, at->index);
}

/* Pops a message and adds an issue. */
static void add_issue(tavus_schema_walk *w, const char *code, const tavus_place *at,
                      const char *severity) {
  lua_State *L = w->L;
  luaL_Buffer b;
  int message = lua_gettop(L);
  if (w->issues < TAVUS_SCHEMA_ISSUES) {
    lua_createtable(L, 0, 4);
    luaL_buffinit(L, &b);
    add_path(&b, at);
    luaL_pushresult(&b);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushvalue(L, message);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, severity);
    lua_setfield(L, -2, "severity");
    lua_rawseti(L, SLOT_ISSUES, ++w->issues);
  }
  lua_settop(L, message - 1);
}

bool tavus_schema_fail(tavus_schema_walk *w, const char *code, const tavus_place *at,
                       const char *format, ...) {
  if (w->quiet || w->stopped) return false;
  luaL_checkstack(w->L, 16, "too many issues");
  va_list arguments;
  va_start(arguments, format);
  (void)lua_pushvfstring(w->L, format, arguments);
  va_end(arguments);
  add_issue(w, code, at, "error");
  return false;
}

bool tavus_schema_fail_choice(tavus_schema_walk *w, int choices, const tavus_place *at) {
  lua_State *L = w->L;
  luaL_Buffer b;
  int listed = 0;
  if (w->quiet || w->stopped) return false;
  luaL_checkstack(L, 16, "too many issues");
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "is none of the values that are allowed");
  for (int i = 1; i <= MOST_CHOICES && i <= (int)lua_rawlen(L, choices); i++) {
    lua_rawgeti(L, choices, i);
    if (lua_type(L, -1) == LUA_TSTRING) {
      lua_pushfstring(L, "%s%s", listed++ > 0 ? ", " : ": ", lua_tostring(L, -1));
      lua_remove(L, -2);
      luaL_addvalue(&b);
    } else {
      lua_pop(L, 1);
    }
  }
  luaL_pushresult(&b);
  add_issue(w, "choice", at, "error");
  return false;
}

const char *tavus_number(char out[TAVUS_NUMBER_SIZE], lua_State *L) {
  (void)snprintf(out, TAVUS_NUMBER_SIZE, "%.14g", (double)lua_tonumber(L, -1));
  return out;
}

bool tavus_schema_skip(tavus_schema_walk *w, const tavus_place *at, const char *what,
                       size_t length, const char *keyword) {
  lua_State *L = w->L;
  w->unsure = true;
  luaL_checkstack(L, 16, "too many issues");
  lua_pushfstring(L, "the %s ", keyword);
  lua_pushlstring(L, what, length);
  lua_concat(L, 2);
  lua_pushvalue(L, -1);
  lua_rawget(L, SLOT_TOLD);
  bool told = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (told) {
    lua_pop(L, 1);
    return true;
  }
  lua_pushvalue(L, -1);
  lua_pushboolean(L, 1);
  lua_rawset(L, SLOT_TOLD);
  lua_pushliteral(L, " is not checked, since it is not understood");
  lua_concat(L, 2);
  add_issue(w, "not_checked", at, "warning");
  return true;
}

bool tavus_schema_stop(tavus_schema_walk *w, const tavus_place *at, const char *message) {
  if (w->stopped) return false;
  w->stopped = true;
  luaL_checkstack(w->L, 16, "too many issues");
  lua_pushstring(w->L, message);
  w->issues = w->issues < TAVUS_SCHEMA_ISSUES ? w->issues : TAVUS_SCHEMA_ISSUES - 1;
  add_issue(w, "limit", at, "error");
  return false;
}

bool tavus_schema_spend(tavus_schema_walk *w, int64_t work, const tavus_place *at) {
  w->work -= work;
  return w->work > 0 || tavus_schema_stop(w, at, "the check takes too long");
}
