/* remark.c - remarks on known fields and on strings in them. */
#include "walk.h"

/* The hint for a field with another name in the same place or elsewhere. */
static void push_renamed(lua_State *L, const tavus_field *field) {
  if (field->successor == NULL) lua_pushnil(L);
  else if (field->deprecated == NULL)
    lua_pushfstring(L, "renamed to %s", field->successor);
  else lua_pushfstring(L, "use %s", field->successor);
}

void tavus_make_remark(tavus_walk *w, const tavus_field *field,
                       const tavus_view *view, const tavus_step *step) {
  lua_State *L = w->L;
  luaL_checkstack(L, 8, "issue");
  if ((field->flags & TAVUS_READ_ONLY) != 0) {
    lua_pushfstring(L, "%s is read only: the server sets it", field->name);
    lua_pushliteral(L, "leave it out");
    tavus_issue(w, TAVUS_WARNING, "read_only", step);
  } else if (field->deprecated != NULL) {
    lua_pushfstring(L, "%s: %s", field->name, field->deprecated);
    push_renamed(L, field);
    tavus_issue(w, TAVUS_WARNING, "deprecated", step);
  } else if (field->successor != NULL) {
    if (view != NULL && tavus_view_is(w, view, field->home, field->home_values))
      return;
    lua_pushfstring(L, "%s is an old name", field->name);
    push_renamed(L, field);
    tavus_issue(w, TAVUS_WARNING, "renamed", step);
  } else if (field->twin != NULL) {
    if ((field->flags & TAVUS_CURRENT) != 0) return;
    lua_pushfstring(L, "%s is the newer name of %s", field->name, field->twin);
    lua_pushfstring(L, "called \"%s\" here", field->twin);
    tavus_issue(w, TAVUS_WARNING, "renamed", step);
  } else {
    lua_pushfstring(L, "%s is not documented and unproven", field->name);
    if (field->hint != NULL) lua_pushstring(L, field->hint);
    else lua_pushnil(L);
    tavus_issue(w, TAVUS_WARNING, "unverified", step);
  }
}

/* --- choices --- */

static bool custom_given(tavus_walk *w, const tavus_field *field,
                         const tavus_view *view) {
  if (field->custom == NULL) return false;
  if (view == NULL) return true; /* what stands beside it is not known here */
  return tavus_view_find(w, view, field->custom) != 0;
}

static void check_choice(tavus_walk *w, const char *text, size_t length,
                         const tavus_field *field, const tavus_view *view,
                         const tavus_step *step) {
  lua_State *L = w->L;
  size_t name = (field->flags & TAVUS_LEVELS) != 0
      ? tavus_without_level(text, length) : length;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->value[0] != text[0] || strncmp(c->value, text, name) != 0 ||
        c->value[name] != '\0')
      continue;
    if (c->retired == NULL) return;
    luaL_checkstack(L, 8, "issue");
    lua_pushfstring(L, "\"%s\": %s", c->value, c->retired);
    tavus_push_known(L, field);
    tavus_issue(w, TAVUS_WARNING, "deprecated", step);
    return;
  }
  if (custom_given(w, field, view)) return;
  luaL_checkstack(L, 12, "issue");
  if ((field->flags & TAVUS_SECRET) != 0) {
    lua_pushliteral(L, "unknown value");
    lua_pushnil(L);
  } else {
    tavus_push_quoted(L, text, length);
    lua_pushfstring(L, field->label != NULL ? "%s is not known as %s"
                                            : "%s is not a known value",
                    lua_tostring(L, -1), field->label);
    lua_remove(L, -2);
    tavus_hint_choice(w, field, text, name);
  }
  bool closed = (field->flags & TAVUS_CLOSED) != 0 && !w->lenient;
  tavus_issue(w, closed ? TAVUS_ERROR : TAVUS_WARNING, "choice", step);
}

/* --- other remarks on strings --- */

static size_t characters(const char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80) n++;
  return n;
}

static void check_id(tavus_walk *w, const char *text, size_t length,
                     const tavus_field *field, const tavus_step *step) {
  lua_State *L = w->L;
  const char *look = tavus_id_look(text, length);
  luaL_checkstack(L, 8, "issue");
  if (look != NULL && strcmp(look, field->id_of) != 0) {
    lua_pushfstring(L, "not the look of a %s id", field->id_of);
    lua_pushfstring(L, "this looks like a %s id, and a %s id is wanted", look,
                    field->id_of);
    tavus_issue(w, TAVUS_WARNING, "id", step);
  } else if (length == 0 || memchr(text, '/', length) != NULL) {
    lua_pushfstring(L, length == 0 ? "an empty %s id"
                                   : "a %s id holds no \"/\"", field->id_of);
    lua_pushnil(L);
    tavus_issue(w, TAVUS_WARNING, "id", step);
  }
}

static void check_tool_name(tavus_walk *w, const char *text, size_t length,
                            const tavus_step *step) {
  lua_State *L = w->L;
  tavus_name_grade grade = tavus_tool_name_check(text, length);
  if (grade == TAVUS_NAME_GOOD) return;
  luaL_checkstack(L, 8, "issue");
  if (grade == TAVUS_NAME_DOUBTFUL) {
    tavus_issue_text(w, TAVUS_WARNING, "value", step,
                     "the tools registry takes letters, digits and _ only, and "
                     "no digit first", NULL);
  } else if (length == 0) {
    tavus_issue_text(w, w->lenient ? TAVUS_WARNING : TAVUS_ERROR, "value", step,
                     "a function name must not be empty", NULL);
  } else {
    tavus_push_quoted(L, text, length);
    lua_pushfstring(L, "%s is no function name", lua_tostring(L, -1));
    lua_remove(L, -2);
    lua_pushliteral(L, "1 to 64 letters, digits, _ or -");
    tavus_issue(w, w->lenient ? TAVUS_WARNING : TAVUS_ERROR, "value", step);
  }
}

/* A secret as it is shown to whoever reads an object. */
static void check_mask(tavus_walk *w, const char *text, const tavus_step *step) {
  if (strstr(text, "**") != NULL || strstr(text, "\xe2\x80\xa2") != NULL)
    tavus_issue_text(w, TAVUS_WARNING, "masked", step,
                     "is masked, and would be stored as it is shown",
                     "give the secret again");
}

static void check_end(tavus_walk *w, const char *text, size_t length,
                      const tavus_field *field, const tavus_step *step) {
  size_t end = strlen(field->appended);
  if (length > 0 && text[length - 1] == '/') length--;
  if (length < end || memcmp(text + length - end, field->appended, end) != 0)
    return;
  luaL_checkstack(w->L, 8, "issue");
  lua_pushfstring(w->L, "%s goes without %s", field->name, field->appended);
  lua_pushliteral(w->L, "Tavus appends it");
  tavus_issue(w, TAVUS_WARNING, "value", step);
}

void tavus_check_string(tavus_walk *w, const char *text, size_t length,
                        const tavus_field *field, const tavus_view *view,
                        const tavus_step *step) {
  if (field->choices != NULL) check_choice(w, text, length, field, view, step);
  if (field->id_of != NULL) check_id(w, text, length, field, step);
  if ((field->flags & TAVUS_APPENDED) != 0)
    check_end(w, text, length, field, step);
  if ((field->flags & TAVUS_SECRET) != 0 && !w->verbatim)
    check_mask(w, text, step);
  if ((field->flags & TAVUS_TOOL_NAME) != 0)
    check_tool_name(w, text, length, step);
  if (field->max_length != 0 && length > field->max_length &&
      characters(text, length) > field->max_length) {
    luaL_checkstack(w->L, 8, "issue");
    lua_pushfstring(w->L, "longer than %d characters", (int)field->max_length);
    lua_pushnil(w->L);
    tavus_issue(w, TAVUS_WARNING, "range", step);
  }
  if ((field->flags & TAVUS_LANGUAGE) != 0 && length >= 2 &&
      (length == 2 || text[2] == '-' || text[2] == '_'))
    tavus_issue_text(w, TAVUS_WARNING, "value", step,
                     "language codes are refused",
                     "write the English name, such as \"german\", or "
                     "\"multilingual\"");
}
