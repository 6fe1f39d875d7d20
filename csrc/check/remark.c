/* remark.c - checks the use of known fields, and the strings in them. */
#include "walk.h"

#include "address.h"
#include "blank.h"
#include "id.h"
#include "words.h"

void tavus_check_use(tavus_walk *w, const tavus_field *field, const tavus_view *view,
                     const tavus_step *step) {
  if ((field->flags & TAVUS_READ_ONLY) != 0) {
    tavus_push_hint(w, "%s", field->hint != NULL ? field->hint : "leave it out");
    tavus_issue(w, TAVUS_WARNING, "read_only", step,
                "%s is read only: the server sets it", field->name);
  } else if (field->deprecated != NULL) {
    if ((field->flags & TAVUS_LANGUAGE) != 0) return; /* tavus_check_language */
    if (field->hint != NULL)
      tavus_push_hint(w, "%s", field->hint);
    else
      tavus_push_hint(w, field->successor != NULL ? "use %s" : "leave it out",
                      field->successor);
    tavus_issue(w, TAVUS_WARNING, "deprecated", step, "%s: %s", field->name,
                field->deprecated);
  } else if (field->successor != NULL) {
    if (view != NULL && tavus_view_is(w, view, field->home, field->home_values)) return;
    if (field->home != NULL && tavus_patch_sets(w, field->home, field->home_values))
      return;
    tavus_push_hint(w, "renamed to %s", field->successor);
    tavus_issue(w, TAVUS_WARNING, "renamed", step, "%s is an old name", field->name);
  } else if (field->twin != NULL) {
    if (w->newer || (field->flags & TAVUS_TWIN_ALLOWED) != 0) return;
    tavus_push_hint(w, "called \"%s\" here", field->twin);
    tavus_issue(w, TAVUS_WARNING, "renamed", step, "%s is the newer name of %s",
                field->name, field->twin);
  } else {
    tavus_push_hint(w, field->hint != NULL ? "%s" : NULL, field->hint);
    tavus_issue(w, TAVUS_WARNING, "unverified", step, "%s is not documented and unproven",
                field->name);
  }
}

/* --- choices --- */

static bool custom_given(tavus_walk *w, const tavus_field *field,
                         const tavus_view *view) {
  if (field->custom == NULL) return false;
  if (view == NULL) return true; /* its siblings are not known */
  return tavus_view_find(w, view, field->custom) != 0;
}

static void check_choice(tavus_walk *w, const char *text, size_t length,
                         const tavus_field *field, const tavus_view *view,
                         const tavus_step *step) {
  char quoted[TAVUS_QUOTED];
  size_t name =
      (field->flags & TAVUS_LEVELS) != 0 ? tavus_without_level(text, length) : length;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->value[0] != text[0] || strncmp(c->value, text, name) != 0 ||
        c->value[name] != '\0')
      continue;
    if (c->retired == NULL) return;
    tavus_push_known(w->L, field);
    tavus_issue(w, TAVUS_WARNING, "deprecated", step, "\"%s\": %s", c->value, c->retired);
    return;
  }
  if (custom_given(w, field, view)) return;
  bool closed = (field->flags & TAVUS_CLOSED) != 0 && !w->op.warn_only;
  bool secret = (field->flags & TAVUS_SECRET) != 0;
  if (secret)
    tavus_push_hint(w, NULL);
  else
    tavus_hint_choice(w, field, text, name);
  tavus_issue(w, closed ? TAVUS_ERROR : TAVUS_WARNING, "choice", step,
              secret                 ? "unknown value"
              : field->label != NULL ? "%s is not known as %s"
                                     : "%s is not a known value",
              tavus_quote(quoted, text, length), field->label);
}

/* --- other remarks on strings --- */

size_t tavus_characters(const char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80) n++;
  return n;
}

static void check_tool_name(tavus_walk *w, const char *text, size_t length,
                            const tavus_step *step) {
  tavus_name_grade grade = tavus_tool_name_check(text, length);
  tavus_severity severity = w->op.warn_only ? TAVUS_WARNING : TAVUS_ERROR;
  char quoted[TAVUS_QUOTED];
  if (grade == TAVUS_NAME_GOOD) return;
  if (grade == TAVUS_NAME_DOUBTFUL) {
    tavus_issue_text(w, TAVUS_WARNING, "value", step,
                     "the tools registry takes letters, digits and _ only, and "
                     "no digit first",
                     NULL);
  } else if (length == 0) {
    tavus_issue_text(w, severity, "value", step, "a function name must not be empty",
                     tavus_tool_name_hint);
  } else {
    tavus_push_hint(w, "%s", tavus_tool_name_hint);
    tavus_issue(w, severity, "value", step, "%s is not a function name",
                tavus_quote(quoted, text, length));
  }
}

static bool has_form(const char *text, size_t length, tavus_form form) {
  if (form == TAVUS_FORM_NAME)
    return tavus_tool_name_check(text, length) == TAVUS_NAME_GOOD;
  for (size_t i = 0; i < length; i++) {
    char c = text[i], low = (char)(c | 0x20);
    bool word = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_';
    bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (form == TAVUS_FORM_WORD ? !word : blank) return false;
  }
  return length > 0;
}

static void check_form(tavus_walk *w, const char *text, size_t length,
                       const tavus_field *field, const tavus_step *step) {
  static const char *const forms[] = { NULL,
                                       "1 to 64 letters, digits or _, and no digit first",
                                       "letters, digits and _",
                                       "no blanks: write _ instead" };
  if (has_form(text, length, field->form)) return;
  char quoted[TAVUS_QUOTED];
  tavus_push_hint(w, "%s", forms[field->form]);
  tavus_issue(w, w->op.warn_only ? TAVUS_WARNING : tavus_grade(w, field->sure), "value",
              step, "%s cannot be its name", tavus_quote(quoted, text, length));
}

/* Reports the second tool of a name, wherever the first one is. */
static void check_same_name(tavus_walk *w, const char *text, size_t length,
                            const tavus_step *step) {
  lua_State *L = w->L;
  char quoted[TAVUS_QUOTED];
  luaL_checkstack(L, 8, "names");
  if (lua_type(L, w->names) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, w->names);
  }
  lua_pushlstring(L, text, length);
  lua_rawget(L, w->names);
  if (lua_isnil(L, -1)) {
    lua_pushlstring(L, text, length);
    tavus_push_path(L, step);
    lua_rawset(L, w->names);
  } else {
    tavus_push_hint(w, "give each tool a name of its own; the other one is at %s",
                    lua_tostring(L, -1));
    tavus_issue(w, TAVUS_WARNING, "value", step, "a second tool has the name %s",
                tavus_quote(quoted, text, length));
  }
  lua_pop(L, 1);
}

/* A secret as the server shows it. The bare word "redacted" is not a mask of a server: people
** put it in the bodies that they publish. */
static void check_mask(tavus_walk *w, const char *text, size_t length, bool refused,
                       const tavus_step *step) {
  if (tavus_is_masked(text, length) && strcmp(text, "redacted") != 0)
    tavus_issue_text(w, refused ? TAVUS_ERROR : TAVUS_WARNING, "masked", step,
                     "is masked, and would be stored as it is shown",
                     "give the secret again");
}

/* Pushes a hint that writes the text without the blanks around it, or else `other`. */
static void push_trimmed(tavus_walk *w, const char *text, size_t length,
                         const char *other) {
  size_t whole = length;
  tavus_trim(&text, &length);
  char quoted[TAVUS_QUOTED];
  bool secret = memchr(text, '?', length) != NULL || memchr(text, '@', length) != NULL;
  if (length == 0 || length == whole || length > TAVUS_SHOWN || secret ||
      tavus_has_blank(text, length))
    tavus_push_hint(w, other != NULL ? "%s" : NULL, other);
  else
    tavus_push_hint(w, "write %s", tavus_quote(quoted, text, length));
}

static void check_id(tavus_walk *w, const char *text, size_t length,
                     const tavus_field *field, const tavus_step *step) {
  bool foreign = (field->flags & TAVUS_FOREIGN_ID) != 0;
  if (length == 0 && (field->flags & TAVUS_EMPTY_ID) != 0) return;
  const char *fault = tavus_id_fault(text, length, foreign);
  const char *look = tavus_id_look(text, length);
  char quoted[TAVUS_QUOTED];
  if (tavus_is_made(field, text, length)) {
    tavus_push_hint(w, "%s", field->made);
    tavus_issue(w, TAVUS_WARNING, "id", step, "%s is a text, not an id",
                tavus_quote(quoted, text, length));
  } else if (fault != NULL) {
    tavus_push_hint(w, "write the id of a %s, not its name or text", field->id_of);
    push_trimmed(w, text, length, lua_tostring(w->L, -1));
    lua_remove(w->L, -2);
    tavus_issue(w, TAVUS_WARNING, "id", step, "%s ids %s", field->id_of, fault);
  } else if (look != NULL && strncmp(look, field->id_of, strlen(look)) != 0) {
    if (field->hint != NULL)
      tavus_push_hint(w, "%s", field->hint);
    else
      tavus_push_hint(w, "this looks like a %s id, and a %s id is wanted", look,
                      field->id_of);
    tavus_issue(w, TAVUS_WARNING, "id", step, "does not look like a %s id", field->id_of);
  }
}

static void check_address(tavus_walk *w, const char *text, size_t length,
                          const tavus_field *field, const tavus_step *step) {
  bool https = (field->flags & TAVUS_PUBLIC_HTTPS) != 0;
  const tavus_address_fault *fault = tavus_address_check(text, length, https);
  if (fault == NULL) return;
  push_trimmed(w, text, length, fault->hint);
  tavus_issue(w, https ? tavus_grade(w, field->sure) : TAVUS_WARNING, "url", step, "%s",
              fault->message);
}

/* Does the text end in that, a path in lower case, when case is ignored? */
static bool ends_in(const char *text, size_t length, const char *end) {
  size_t n = strlen(end);
  if (length < n) return false;
  for (size_t i = 0; i < n; i++)
    if ((text[length - n + i] | 0x20) != end[i]) return false;
  return true;
}

/* Reports a text that ends in what the server appends, or in the last part of that. */
static void check_end(tavus_walk *w, const char *text, size_t length,
                      const tavus_field *field, const tavus_step *step) {
  const char *end = field->appended;
  length = strcspn(text, "?#");
  while (length > 0 && text[length - 1] == '/') length--;
  while (end != NULL && !ends_in(text, length, end)) end = strchr(end + 1, '/');
  if (end == NULL) return;
  length -= strlen(end);
  while (length > 0 && text[length - 1] == '/') length--;
  char quoted[TAVUS_QUOTED];
  if (length > 0 && length <= TAVUS_SHOWN)
    tavus_push_hint(w, "write %s: Tavus appends %s", tavus_quote(quoted, text, length),
                    field->appended);
  else
    tavus_push_hint(w, "Tavus appends %s", field->appended);
  tavus_issue(w, TAVUS_WARNING, "value", step, "%s goes without %s", field->name, end);
}

/* Reports a text that begins with what the server puts before it. */
static void check_start(tavus_walk *w, const char *text, size_t length,
                        const tavus_field *field, const tavus_step *step) {
  size_t n = strlen(field->prepended);
  char quoted[TAVUS_QUOTED];
  if (length <= n || memcmp(text, field->prepended, n) != 0) return;
  tavus_push_hint(w, "write %s", tavus_quote(quoted, text + n, length - n));
  tavus_issue(w, TAVUS_WARNING, "value", step, "%s goes without %s", field->name,
              field->prepended);
}

void tavus_check_string(tavus_walk *w, const char *text, size_t length,
                        const tavus_field *field, const tavus_view *view,
                        const tavus_step *step) {
  const char *start = field->choices_of;
  if (field->choices != NULL &&
      (start == NULL || strncmp(text, start, strlen(start)) == 0))
    check_choice(w, text, length, field, view, step);
  if (field->id_of != NULL) check_id(w, text, length, field, step);
  if ((field->flags & TAVUS_APPENDED) != 0) check_end(w, text, length, field, step);
  if ((field->flags & (TAVUS_PUBLIC_URL | TAVUS_PUBLIC_HTTPS)) != 0 && !w->op.verbatim)
    check_address(w, text, length, field, step);
  if ((field->flags & TAVUS_SECRET) != 0 && !w->op.verbatim)
    check_mask(w, text, length, (field->flags & TAVUS_MASK_REFUSED) != 0, step);
  if (field->form != TAVUS_FORM_ANY) check_form(w, text, length, field, step);
  if (field->prepended != NULL) check_start(w, text, length, field, step);
  if ((field->flags & TAVUS_TOOL_NAME) != 0) check_tool_name(w, text, length, step);
  if ((field->flags & TAVUS_TOOL_NAME) != 0 && !w->op.verbatim)
    check_same_name(w, text, length, step);
  if (field->max_length != 0 && length > field->max_length &&
      tavus_characters(text, length) > field->max_length) {
    tavus_push_hint(w, NULL);
    tavus_issue(w, TAVUS_WARNING, "range", step, "longer than %d characters",
                (int)field->max_length);
  }
  if ((field->flags & TAVUS_LANGUAGE) != 0 && field->choices == NULL)
    tavus_check_language(w, text, length, field, step);
}
