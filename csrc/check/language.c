/* language.c - languages, which people write as a name in any tongue, as a code, or
** several in one text. */
#include "walk.h"

#include "words.h"

#define MOST 16 /* languages in one text */

static bool joins(const char *text, size_t length) {
  static const char *const words[] = { "", "and", "or", "und", "oder", "y", "et", "e" };
  for (size_t i = 0; i < TAVUS_COUNT(words); i++)
    if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0) return true;
  return false;
}

/* Finds the languages in a text. Returns their number, 0 when something in it is not a
** known language. */
static int find_all(const tavus_language *found[MOST], const char *text, size_t length) {
  int n = 0;
  found[0] = tavus_language_find(text, length);
  if (found[0] != NULL) return 1;
  for (size_t at = 0, size; at < length; at += size + 1) {
    size = strcspn(text + at, " ,;/|&+()[]{}\"'\t\n");
    bool region = at > 0 && text[at - 1] == '('; /* as in "English (UK)" */
    if (region || joins(text + at, size)) continue;
    const tavus_language *one = tavus_language_find(text + at, size);
    if (one == NULL || n == MOST) return 0;
    if (n == 0 || found[n - 1] != one) found[n++] = one;
  }
  return n;
}

int tavus_push_languages(lua_State *L, const char *text, size_t length) {
  const tavus_language *found[MOST];
  int n = find_all(found, text, length);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < n; i++) {
    luaL_addstring(&b, i == 0 ? "\"" : ", \"");
    luaL_addstring(&b, found[i]->code);
    luaL_addchar(&b, '"');
  }
  luaL_pushresult(&b);
  return n;
}

/* Is it the English name, or "multilingual"? Samples have "german" and "Spanish". */
static bool is_name(const tavus_language *language, const char *text, size_t length) {
  const char *name = language != NULL ? language->name : "multilingual";
  return length == strlen(name) && (text[0] | 0x20) == name[0] &&
         memcmp(text + 1, name + 1, length - 1) == 0;
}

void tavus_check_language(tavus_walk *w, const char *text, size_t length,
                          const tavus_field *field, const tavus_step *step) {
  lua_State *L = w->L;
  char quoted[TAVUS_QUOTED];
  luaL_checkstack(L, 8, "language");
  int n = tavus_push_languages(L, text, length);
  int codes = lua_gettop(L);
  if (n > 0)
    tavus_push_hint(w, "use %s, with codes: { %s }", field->successor,
                    lua_tostring(L, codes));
  else
    tavus_push_hint(w, "use %s, with the codes of those that are spoken",
                    field->successor);
  tavus_issue(w, TAVUS_WARNING, "deprecated", step, "%s: %s", field->name,
              field->deprecated);
  lua_settop(L, codes - 1);
  const tavus_language *one = tavus_language_find(text, length);
  if (is_name(one, text, length)) return;
  bool code = length >= 2 && (length == 2 || text[2] == '-' || text[2] == '_');
  if (one != NULL)
    tavus_push_hint(w, "did you mean \"%s\"?", one->name);
  else if (n > 1)
    tavus_push_hint(w, "several go to %s, as codes", field->successor);
  else
    tavus_push_hint(w, "write the English name, such as \"german\", or \"multilingual\"");
  tavus_issue(w, TAVUS_WARNING, code ? "value" : "choice", step,
              code ? "language codes are refused"
                   : "%s is not known as a language's name",
              tavus_quote(quoted, text, length));
}
