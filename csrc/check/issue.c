/* issue.c - making issues: paths, quoting, severity. Runs only when there is
** something to report. */
#include "walk.h"

#include "../json/pointer.h"
#include "../json/utf8.h"

#define SHOWN 48 /* bytes of user text that a message quotes */

static const char *escaped(lua_State *L, const char *text, size_t length,
                           size_t most, const char *quote) {
  static const char digits[] = "0123456789abcdef";
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, quote);
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  const unsigned char *stop = length > most ? at + most : end;
  while (at < stop) {
    size_t n = *at < 0x80 ? 1 : tavus_utf8_sequence(at, end);
    if (n > 0 && at + n > stop && stop < end) break;
    if (n == 0 || *at < 0x20 || *at == 0x7f) {
      const char code[4] = { '\\', 'x', digits[*at >> 4], digits[*at & 15] };
      luaL_addlstring(&b, code, sizeof code);
      at++;
    } else {
      luaL_addlstring(&b, (const char *)at, n);
      at += n;
    }
  }
  if (at < end) luaL_addstring(&b, "...");
  luaL_addstring(&b, quote);
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

const char *tavus_push_quoted(lua_State *L, const char *text, size_t length) {
  return escaped(L, text, length, SHOWN, "\"");
}

/* Appends the path of a step; the recursion is as deep as the value. A key
** that is no UTF-8 shows its bytes as \xNN, so that the path can be printed. */
static void append_path(lua_State *L, tavus_buffer *buffer,
                        const tavus_step *step) {
  if (step == NULL || step->up == NULL) return;
  append_path(L, buffer, step->up);
  if (step->key == NULL) {
    tavus_pointer_append_index(L, buffer, step->index);
  } else if (tavus_utf8_check(step->key, step->length, NULL)) {
    tavus_pointer_append(L, buffer, step->key, step->length);
  } else {
    const char *text = escaped(L, step->key, step->length, step->length, "");
    tavus_pointer_append(L, buffer, text, lua_rawlen(L, -1));
    lua_pop(L, 1);
  }
}

void tavus_push_path(lua_State *L, const tavus_step *step) {
  tavus_buffer *buffer = tavus_buffer_new(L);
  append_path(L, buffer, step);
  tavus_buffer_push(L, buffer);
  lua_remove(L, -2);
}

const char *tavus_push_types(lua_State *L, unsigned types) {
  static const struct {
    unsigned type;
    const char *name;
  } names[] = {
    { TAVUS_STRING, "string" }, { TAVUS_NUMBER, "number" },
    { TAVUS_INTEGER, "integer" }, { TAVUS_BOOLEAN, "boolean" },
    { TAVUS_ARRAY_TYPE, "array" }, { TAVUS_OBJECT_TYPE, "object" }
  };
  int n = 0;
  for (size_t i = 0; i < TAVUS_COUNT(names); i++) {
    if ((types & names[i].type) == 0) continue;
    if (n++ == 0) {
      lua_pushstring(L, names[i].name);
    } else {
      lua_pushfstring(L, "%s or %s", lua_tostring(L, -1), names[i].name);
      lua_remove(L, -2);
    }
  }
  if (n == 0) lua_pushliteral(L, "nothing");
  return lua_tostring(L, -1);
}

static void append_issue(tavus_walk *w) {
  lua_State *L = w->L;
  if (lua_type(L, w->issues) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, w->issues);
  }
  lua_rawseti(L, w->issues, ++w->issue_count);
}

static void field_of_issue(lua_State *L, const char *name) {
  lua_setfield(L, -2, name);
}

static void make_issue(tavus_walk *w, tavus_severity severity, const char *code,
                       const tavus_step *step, int message) {
  lua_State *L = w->L;
  lua_createtable(L, 0, 5);
  tavus_push_path(L, step);
  field_of_issue(L, "path");
  lua_pushstring(L, code);
  field_of_issue(L, "code");
  lua_pushvalue(L, message);
  field_of_issue(L, "message");
  lua_pushvalue(L, message + 1);
  field_of_issue(L, "hint");
  bool error = severity == TAVUS_ERROR || w->strict;
  lua_pushstring(L, error ? "error" : "warning");
  field_of_issue(L, "severity");
  if (error) w->error_count++;
  append_issue(w);
}

void tavus_issue(tavus_walk *w, tavus_severity severity, const char *code,
                 const tavus_step *step) {
  lua_State *L = w->L;
  int message = lua_gettop(L) - 1;
  luaL_checkstack(L, 8, "too many issues");
  if (w->issue_count < TAVUS_MOST_ISSUES) {
    make_issue(w, severity, code, step, message);
  } else if (!w->stopped) {
    w->stopped = true;
    lua_pushliteral(L, "more issues than can be reported; this is the last");
    lua_pushnil(L);
    make_issue(w, TAVUS_ERROR, "too_many", NULL, message + 2);
  }
  lua_settop(L, message - 1);
}

void tavus_issue_text(tavus_walk *w, tavus_severity severity, const char *code,
                      const tavus_step *step, const char *message,
                      const char *hint) {
  luaL_checkstack(w->L, 8, "too many issues");
  lua_pushstring(w->L, message);
  if (hint != NULL) lua_pushstring(w->L, hint);
  else lua_pushnil(w->L);
  tavus_issue(w, severity, code, step);
}

void tavus_keep_secret(tavus_walk *w, int index) {
  lua_State *L = w->L;
  if (lua_rawlen(L, index) == 0) return;
  luaL_checkstack(L, 4, "too many secrets");
  if (lua_type(L, w->secrets) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, w->secrets);
  }
  lua_pushvalue(L, index);
  lua_rawseti(L, w->secrets, ++w->secret_count);
}

tavus_severity tavus_grade(const tavus_walk *w, tavus_sure sure) {
  return sure >= TAVUS_SURE_C || w->lenient ? TAVUS_WARNING : TAVUS_ERROR;
}
