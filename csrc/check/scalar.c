/* scalar.c - the walk over a value that is not a table. */
#include "../json/write.h"
#include "walk.h"

static void utf8_issue(tavus_walk *w, size_t bad, const tavus_step *step) {
  tavus_push_hint(w, "strings are sent as UTF-8; encode binary data first");
  tavus_issue(w, TAVUS_ERROR, "utf8", step, "not valid UTF-8 at byte %d", (int)(bad + 1));
  TAVUS_WRITE(w, "\"\"");
}

bool tavus_write_text(tavus_walk *w, const char *text, size_t length,
                      const tavus_step *step) {
  size_t bad;
  if (tavus_write_string(w->L, w->out, text, length, &bad)) return true;
  utf8_issue(w, bad, step);
  return false;
}

void tavus_walk_string(tavus_walk *w, int index, const tavus_field *field,
                       const tavus_view *view, const tavus_step *step) {
  size_t length;
  const char *text = lua_tolstring(w->L, index, &length);
  if (w->secrecy != TAVUS_NOT_SECRET) tavus_keep_secret(w, index);
  if (field != NULL) {
    if ((field->flags & TAVUS_WORD_BOOLEAN) != 0 && !w->op.verbatim) {
      bool yes = length == 4 && memcmp(text, "true", 4) == 0;
      if (yes || (length == 5 && memcmp(text, "false", 5) == 0)) {
        tavus_issue_text(w, TAVUS_WARNING, "type", step,
                         "a boolean in a string; sent as a boolean",
                         "write true or false, no quotes");
        if (yes)
          TAVUS_WRITE(w, "true");
        else
          TAVUS_WRITE(w, "false");
        return;
      }
    }
    if ((field->types & TAVUS_STRING) == 0) {
      tavus_type_issue(w, index, field, "string", step);
      size_t bad; /* one issue is enough */
      if (!tavus_write_string(w->L, w->out, text, length, &bad)) TAVUS_WRITE(w, "\"\"");
      return;
    }
  }
  if (tavus_write_text(w, text, length, step) && field != NULL &&
      (field->choices != NULL || field->max_length != 0 ||
       field->form != TAVUS_FORM_ANY || field->id_of != NULL ||
       field->prepended != NULL || field->flags != 0))
    tavus_check_string(w, text, length, field, view, step);
}

/* Has it no fraction? Without floor, which needs the mathematics library. */
static bool is_whole(double number) {
  if (!(number > -9007199254740992.0 && number < 9007199254740992.0))
    return number - number == 0; /* so large that nothing follows the point */
  return (double)(int64_t)number == number;
}

void tavus_walk_number(tavus_walk *w, int index, const tavus_field *field,
                       const tavus_step *step) {
  lua_State *L = w->L;
  double number = (double)lua_tonumber(L, index);
  if (field != NULL && number - number == 0) { /* finite */
    bool whole = is_whole(number);
    if ((field->types & TAVUS_NUMBER) == 0 &&
        ((field->types & TAVUS_INTEGER) == 0 || !whole))
      tavus_type_issue(w, index, field, "number", step);
    else if ((field->has_minimum && number < field->minimum) ||
             (field->has_maximum && number > field->maximum &&
              (w->in_perception_tool || (field->flags & TAVUS_PERCEPTION_MAXIMUM) == 0)))
      tavus_range_issue(w, field, step);
    /* A float that is a whole number is an integer to the API. */
    if ((field->types & TAVUS_NUMBER) == 0 && whole && !lua_isinteger(L, index) &&
        number > -9007199254740992.0 && number < 9007199254740992.0) {
      tavus_write_integer(L, w->out, (int64_t)number);
      return;
    }
  }
  if (tavus_write_lua_number(L, w->out, index)) return;
  tavus_issue_text(w, TAVUS_ERROR, "number", step,
                   "NaN and infinity have no form in JSON", NULL);
  TAVUS_WRITE(w, "null");
}

void tavus_walk_boolean(tavus_walk *w, int index, const tavus_field *field,
                        const tavus_step *step) {
  if (field != NULL && (field->types & TAVUS_BOOLEAN) == 0)
    tavus_type_issue(w, index, field, "boolean", step);
  if (lua_toboolean(w->L, index))
    TAVUS_WRITE(w, "true");
  else
    TAVUS_WRITE(w, "false");
}

void tavus_walk_light(tavus_walk *w, int index, const tavus_field *field,
                      const tavus_step *step) {
  if (tavus_is_null(w->L, index)) {
    /* A member of any type may be null. A document, its replacement by a patch and an
    ** operation of a patch may not; another item of an array should not. */
    if (field != NULL &&
        (step->up == NULL || field == w->root || field == &tavus_field_patch_op))
      tavus_type_issue(w, index, field, "null", step);
    else if (field != NULL && step->key == NULL && field->types != TAVUS_ANY)
      tavus_null_item(w, index, field, step);
    TAVUS_WRITE(w, "null");
  } else if (tavus_is_empty_value(w->L, index, w->marks)) {
    if (field != NULL && (field->types & TAVUS_ARRAY_TYPE) == 0)
      tavus_type_issue(w, index, field, "array", step);
    TAVUS_WRITE(w, "[]");
  } else {
    tavus_value_issue(w, index, step);
    TAVUS_WRITE(w, "null");
  }
}
