/* issue.c - makes issues: paths, messages, severity, wrong types. Runs only when there is
** something to report. */
#include "walk.h"

#include <stdarg.h>

#include "../json/path.h"
#include "../secret/secrets.h"
#include "words.h"

/* Adds a path. The recursion is as deep as the value. */
static void add_path(luaL_Buffer *b, const tavus_step *step) {
  if (step == NULL || step->up == NULL) return;
  add_path(b, step->up);
  if (step->key != NULL)
    tavus_path_key(b, step->key, step->length);
  else
    tavus_path_index(b, step->index);
}

void tavus_push_path(lua_State *L, const tavus_step *step) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add_path(&b, step);
  luaL_pushresult(&b);
}

static void append_issue(tavus_walk *w) {
  lua_State *L = w->L;
  if (lua_type(L, w->issues) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, w->issues);
  }
  lua_rawseti(L, w->issues, ++w->issue_count);
}

/* Adds the issue whose message is at stack index `message` and whose hint, a
** string or nil, is the slot before it. */
static void make_issue(tavus_walk *w, tavus_severity severity, const char *code,
                       const tavus_step *step, int message) {
  lua_State *L = w->L;
  lua_createtable(L, 0, 5);
  tavus_push_path(L, step);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  lua_pushvalue(L, message);
  lua_setfield(L, -2, "message");
  lua_pushvalue(L, message - 1);
  lua_setfield(L, -2, "hint");
  bool error = severity == TAVUS_ERROR || (w->strict && severity != TAVUS_ADVICE);
  lua_pushstring(L, error ? "error" : "warning");
  lua_setfield(L, -2, "severity");
  if (error) w->error_count++;
  append_issue(w);
}

void tavus_push_hint(tavus_walk *w, const char *format, ...) {
  luaL_checkstack(w->L, 8, "too many issues");
  if (format == NULL) {
    lua_pushnil(w->L);
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  (void)lua_pushvfstring(w->L, format, arguments);
  va_end(arguments);
}

void tavus_issue(tavus_walk *w, tavus_severity severity, const char *code,
                 const tavus_step *step, const char *format, ...) {
  lua_State *L = w->L;
  int message = lua_gettop(L) + 1;
  luaL_checkstack(L, 8, "too many issues");
  if (w->issue_count < TAVUS_MOST_ISSUES) {
    va_list arguments;
    va_start(arguments, format);
    (void)lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    make_issue(w, severity, code, step, message);
  } else if (!w->stopped) {
    w->stopped = true;
    lua_pushnil(L);
    lua_pushliteral(L, "more issues than can be reported; this is the last");
    make_issue(w, TAVUS_ERROR, "too_many", NULL, message + 1);
  }
  lua_settop(L, message - 2);
}

void tavus_issue_text(tavus_walk *w, tavus_severity severity, const char *code,
                      const tavus_step *step, const char *message, const char *hint) {
  tavus_push_hint(w, hint != NULL ? "%s" : NULL, hint);
  tavus_issue(w, severity, code, step, "%s", message);
}

void tavus_keep_secret(tavus_walk *w, int index) {
  lua_State *L = w->L;
  size_t length;
  const char *text = lua_tolstring(L, index, &length);
  if (length == 0 ||
      (w->secrecy == TAVUS_SECRET_BY_NAME && !tavus_is_likely_secret(text, length)))
    return;
  luaL_checkstack(L, 4, "too many secrets");
  if (lua_type(L, w->secrets) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, w->secrets);
  }
  lua_pushvalue(L, index);
  lua_rawseti(L, w->secrets, ++w->secret_count);
}

tavus_severity tavus_grade(const tavus_walk *w, tavus_sure sure) {
  return sure >= TAVUS_SURE_C || w->op.warn_only ? TAVUS_WARNING : TAVUS_ERROR;
}

/* --- values that do not fit --- */

static void type_issue(tavus_walk *w, int index, const tavus_field *field,
                       const char *got, tavus_severity severity, const tavus_step *step) {
  char wanted[TAVUS_TYPES_ROOM];
  tavus_push_fit(w, index, field);
  tavus_issue(w, severity, "type", step, "expected %s, got %s",
              tavus_type_words(wanted, field->types), got);
}

void tavus_type_issue(tavus_walk *w, int index, const tavus_field *field, const char *got,
                      const tavus_step *step) {
  type_issue(w, index, field, got, tavus_grade(w, field->sure), step);
}

void tavus_null_item(tavus_walk *w, int index, const tavus_field *field,
                     const tavus_step *step) {
  type_issue(w, index, field, "null", TAVUS_WARNING, step);
}

void tavus_value_issue(tavus_walk *w, int index, const tavus_step *step) {
  bool callable = lua_type(w->L, index) == LUA_TFUNCTION;
  tavus_push_hint(w, callable ? "is a call missing?" : NULL);
  tavus_issue(w, TAVUS_ERROR, "value", step, "a %s has no form in JSON",
              luaL_typename(w->L, index));
}

void tavus_range_issue(tavus_walk *w, const tavus_field *field, const tavus_step *step) {
  tavus_push_hint(w, field->hint != NULL ? "%s" : NULL, field->hint);
  /* The contract's limits are whole; %f would write 2.0 here and 2 there. */
  if (field->has_minimum && field->has_maximum)
    tavus_issue(w, TAVUS_WARNING, "range", step, "outside the usual range %d to %d",
                (int)field->minimum, (int)field->maximum);
  else if (field->has_minimum)
    tavus_issue(w, TAVUS_WARNING, "range", step, "less than %d", (int)field->minimum);
  else
    tavus_issue(w, TAVUS_WARNING, "range", step, "more than %d", (int)field->maximum);
}
