/* patch.c - checks a JSON Patch, operation by operation: the members that RFC 6902
** requires, whether the contract has the path, and whether the value fits there. */
#include "walk.h"

#include "../json/pointer.h"
#include "../json/utf8.h"
#include "nearest.h"
#include "words.h"

#define LONGEST_NAME 128 /* no name of the contract is longer */

/* --- one path --- */

typedef struct place {
  const tavus_field *field; /* NULL: free form */
  bool broken;              /* an error was reported */
  bool root;                /* the whole document */
  bool in_perception_tool, secret;
  int value; /* stack index of the value that the last token names; 0: not known */
} place;

static void pointer_issue(tavus_walk *w, const tavus_step *step, const char *message,
                          const char *hint) {
  tavus_issue_text(w, TAVUS_ERROR, "pointer", step, message, hint);
}

/* Writes the pointer that a text with dots, brackets or extra slashes was meant to be.
** Returns its length. `meant` has room for LONGEST_NAME + 1 bytes; `length` is at most
** LONGEST_NAME. */
static size_t straighten(char *meant, const char *text, size_t length) {
  size_t n = 0;
  meant[n++] = '/';
  for (size_t i = length > 1 && (*text == '#' || *text == '$'); i < length; i++) {
    char c = text[i];
    if (c == ']' || c == '\'' || c == '"') continue;
    if (c != '/' && c != '.' && c != '[')
      meant[n++] = c;
    else if (meant[n - 1] != '/')
      meant[n++] = '/';
  }
  return meant[n - 1] == '/' ? n - 1 : n;
}

/* Returns the field that a pointer leads to, or NULL. Reports nothing. */
static const tavus_field *led_to(const tavus_field *field, const char *text,
                                 size_t length) {
  tavus_pointer walk = { text, text + length };
  const char *token;
  size_t size;
  bool escaped;
  while (field != NULL && tavus_pointer_next(&walk, &token, &size, &escaped)) {
    const tavus_field *next = NULL;
    if (field->shape != NULL) next = tavus_field_find(field->shape, token, size);
    if (next == NULL && field->shape != NULL) next = field->shape->other;
    if (next == NULL) next = field->items;
    field = next;
  }
  return field;
}

/* Does the pointer that was meant lead to a secret? */
static bool means_secret(const tavus_field *field, const char *text, size_t length) {
  char meant[LONGEST_NAME + 1];
  if (length > LONGEST_NAME) return false;
  field = led_to(field, meant, straighten(meant, text, length));
  return field != NULL && (field->flags & TAVUS_SECRET) != 0;
}

/* Pushes a hint when the pointer has a part before the name of a field at the top, such
** as the path of a call, and returns true then. */
static bool push_beginning(tavus_walk *w, const char *text, size_t length) {
  char quoted[TAVUS_QUOTED];
  tavus_pointer walk = { text, text + length };
  const char *token;
  size_t size;
  bool escaped;
  while (tavus_pointer_next(&walk, &token, &size, &escaped)) {
    if (token[-1] != '/' || tavus_field_find(w->root->shape, token, size) == NULL)
      continue;
    size_t rest = length - (size_t)(token - 1 - text);
    if (rest == length || rest > TAVUS_SHOWN) return false;
    (void)tavus_quote(quoted, token - 1, rest);
    tavus_push_hint(w, "the paths begin at the persona: %s", quoted + 1);
    lua_pushlstring(w->L, lua_tostring(w->L, -1), lua_rawlen(w->L, -1) - 1);
    lua_remove(w->L, -2);
    tavus_add_misfit(w, led_to(w->root, token - 1, rest), w->op.value);
    return true;
  }
  return false;
}

/* Pushes a hint with that pointer, or nil when the text is too long. */
static void push_meant(tavus_walk *w, const char *text, size_t length) {
  char meant[LONGEST_NAME + 1];
  if (length > LONGEST_NAME) {
    tavus_push_hint(w, NULL);
    return;
  }
  size_t n = straighten(meant, text, length);
  char quoted[TAVUS_QUOTED];
  if (n == 0)
    tavus_push_hint(w, "the whole document is \"\"");
  else if (!push_beginning(w, meant, n)) {
    tavus_push_hint(w, "did you mean %s?", tavus_quote(quoted, meant, n));
    tavus_add_misfit(w, led_to(w->root, meant, n), w->op.value);
  }
}

/* Reports a text that is not a JSON Pointer. */
static void malformed(tavus_walk *w, const char *text, size_t length,
                      const tavus_step *step) {
  if (text[0] == '/') {
    pointer_issue(w, step, "a \"~\" in a JSON Pointer is followed by 0 or 1",
                  "\"~0\" stands for \"~\" and \"~1\" for \"/\"");
    return;
  }
  push_meant(w, text, length);
  tavus_issue(w, TAVUS_ERROR, "pointer", step, "a JSON Pointer begins with \"/\"");
}

/* Is an unknown token a mistake in writing the pointer: empty, or a known name that a dot
** or bracket follows? */
static bool is_slip(const tavus_shape *shape, const char *token, size_t length) {
  size_t n = 0;
  while (n < length && token[n] != '.' && token[n] != '[') n++;
  return length == 0 || (n < length && tavus_field_find(shape, token, n) != NULL);
}

/* Reports that the pointer `text` leads through `name`, which `shape` does not have. */
static void unknown_place(tavus_walk *w, const tavus_shape *shape, const char *name,
                          size_t length, const char *text, size_t text_length, place *p,
                          const tavus_step *step) {
  char quoted[TAVUS_QUOTED];
  tavus_hint_name(w, shape, (tavus_named){ name, length, p->value }, &p->secret);
  if (is_slip(shape, name, length)) {
    lua_pop(w->L, 1);
    push_meant(w, text, text_length);
    if (means_secret(w->root, text, text_length)) p->secret = true;
  } else if (shape == w->root->shape && push_beginning(w, text, text_length)) {
    lua_remove(w->L, -2);
  }
  tavus_issue(w, TAVUS_WARNING, "unknown_field", step, "unknown field %s",
              tavus_quote(quoted, name, length));
}

/* May the token follow an array? Reports it if not. */
static bool array_token(tavus_walk *w, const char *token, size_t length, bool appends,
                        const char *text, size_t text_length, const tavus_step *step) {
  size_t index;
  if (length == 1 && token[0] == '-') {
    if (appends) return true;
    pointer_issue(w, step,
                  "\"-\" is the place after the last item: only add, "
                  "move and copy can write there",
                  NULL);
    return false;
  }
  if (tavus_pointer_index(token, length, &index)) return true;
  if (length == 0 || token[0] == '[')
    push_meant(w, text, text_length);
  else
    tavus_push_hint(w, NULL);
  tavus_issue(w, TAVUS_ERROR, "pointer", step,
              "an array is indexed with 0, 1, 2, ... or \"-\"");
  return false;
}

/* Reports that the pointer `text` goes on behind `field`, which has no members or items.
** `slip`: only a slash follows. */
static void too_far(tavus_walk *w, const tavus_field *field, bool slip, const char *text,
                    size_t text_length, const tavus_step *step) {
  if (slip)
    push_meant(w, text, text_length);
  else
    tavus_push_hint(w, NULL);
  tavus_issue(w, tavus_grade(w, field->sure), "pointer", step,
              "%s %s no object or array: the path ends there",
              field->name != NULL ? field->name : "the item",
              field->name != NULL ? "holds" : "is");
}

/* Does a name in a free-form path, from `token` on, say that it is secret? With `unknown`
** the last one may be misspelt. */
static bool rest_is_secret(tavus_walk *w, const char *token, size_t size,
                           tavus_pointer *rest, bool unknown) {
  bool escaped, secret = false, meant = false;
  do {
    if (tavus_is_secret_name(token, size)) secret = true;
  } while (tavus_pointer_next(rest, &token, &size, &escaped));
  if (!unknown) return secret;
  tavus_hint_name(w, w->root->shape, (tavus_named){ token, size, 0 }, &meant);
  lua_pop(w->L, 1);
  return secret || meant;
}

/* Finds the place of a pointer in the contract. `appends`: it may end in `-`. `writes`:
** the use of the fields on the way is checked. */
static place resolve(tavus_walk *w, const char *text, size_t length, bool writes,
                     bool appends, const tavus_step *step) {
  place p = { .field = w->root };
  tavus_pointer walk = { text, text + length };
  const char *token;
  size_t size;
  bool escaped;
  char name[LONGEST_NAME];
  p.root = length == 0;
  if (!tavus_pointer_check(text, length, NULL)) {
    malformed(w, text, length, step);
    p.broken = true;
    p.field = NULL;
    return p;
  }
  while (tavus_pointer_next(&walk, &token, &size, &escaped)) {
    const tavus_field *field = p.field;
    const tavus_shape *shape = field->shape;
    bool last = walk.at == walk.end;
    if (escaped && size <= sizeof name) {
      size = tavus_pointer_unescape(name, token, size);
      token = name;
    }
    p.field = NULL;
    if (shape != NULL) {
      p.field = tavus_field_find(shape, token, size);
      if (p.field != NULL && writes) tavus_remark_field(w, p.field, NULL, step);
      if (p.field == NULL) p.field = shape->other;
      if (p.field == NULL && field->items != NULL &&
          tavus_pointer_index(token, size, &(size_t){ 0 }))
        p.field = field->items;
      p.value = walk.end - walk.at <= 1 ? w->op.value : 0; /* a slash may follow */
      if (p.field == NULL) unknown_place(w, shape, token, size, text, length, &p, step);
    } else if ((field->types & TAVUS_OBJECT_TYPE) == 0 &&
               (field->types & TAVUS_ARRAY_TYPE) != 0) {
      if (array_token(w, token, size, appends && last, text, length, step))
        p.field = field->items;
      else
        p.broken = true;
    } else if ((field->types & (TAVUS_OBJECT_TYPE | TAVUS_ARRAY_TYPE)) == 0) {
      too_far(w, field, size == 0, text, length, step);
      p.broken = true;
    }
    if (p.field == NULL) {
      if (!p.broken && rest_is_secret(w, token, size, &walk, !last && shape != NULL))
        p.secret = true;
      break;
    }
    if ((p.field->flags & TAVUS_PERCEPTION_TOOLS) != 0) p.in_perception_tool = true;
    if ((p.field->flags & TAVUS_SECRET) != 0 ||
        (p.field == &tavus_field_anything && tavus_is_secret_name(token, size)))
      p.secret = true;
  }
  return p;
}

/* --- one operation --- */

static const tavus_patch_word *find_word(const char *text, size_t length) {
  for (const tavus_patch_word *p = tavus_patch_words; p->word != NULL; p++)
    if (strlen(p->word) == length && memcmp(p->word, text, length) == 0) return p;
  return NULL;
}

/* Returns the word that was meant, in any case, or NULL. */
static const tavus_patch_word *nearest_word(const char *given, size_t length) {
  const tavus_patch_word *best = NULL;
  size_t least = 3;
  char text[16];
  if (length > sizeof text) return NULL;
  for (size_t i = 0; i < length; i++)
    text[i] = given[i] >= 'A' && given[i] <= 'Z' ? (char)(given[i] | 0x20) : given[i];
  for (const tavus_patch_word *p = tavus_patch_words; p->word != NULL; p++) {
    size_t n = tavus_distance(text, length, p->word, strlen(p->word), 2);
    if (n < least) {
      least = n;
      best = p;
    }
  }
  return best;
}

/* Returns the text at `index`, or NULL when it is of another type or not UTF-8, which the
** walk over the members reports. Pushes nothing. */
static const char *text_at(lua_State *L, int index, size_t *length) {
  if (lua_type(L, index) != LUA_TSTRING) return NULL;
  const char *text = lua_tolstring(L, index, length);
  return tavus_utf8_check(text, *length, NULL) ? text : NULL;
}

/* Returns the operation, or NULL after an issue. */
static const tavus_patch_word *check_word(tavus_walk *w, int op, const tavus_step *step) {
  lua_State *L = w->L;
  if (lua_isnil(L, op) || tavus_is_null(L, op)) {
    tavus_issue_text(w, TAVUS_ERROR, "required", step, "op is missing",
                     "add, remove, replace, move, copy or test");
    return NULL;
  }
  size_t length;
  const char *text = text_at(L, op, &length);
  if (text == NULL) return NULL;
  const tavus_patch_word *word = find_word(text, length);
  if (word != NULL && strcmp(word->word, word->op) == 0) return word;
  if (word == NULL) word = nearest_word(text, length);
  char quoted[TAVUS_QUOTED];
  if (word != NULL)
    tavus_push_hint(w, "did you mean \"%s\"?", word->op);
  else
    tavus_push_hint(w, "add, remove, replace, move, copy or test");
  tavus_issue(w, TAVUS_ERROR, "op", step, "%s is not an operation of JSON Patch",
              tavus_quote(quoted, text, length));
  return NULL;
}

/* Reports a member that the operation needs and lacks, or has and does not take. */
static void check_member(tavus_walk *w, const tavus_patch_word *word, int index,
                         bool wanted, tavus_step *step) {
  lua_State *L = w->L;
  bool null = tavus_is_null(L, index);
  bool there = !lua_isnil(L, index);
  if (wanted && null && strcmp(step->key, "from") == 0) there = false;
  if (there == wanted) return;
  bool value = strcmp(step->key, "value") == 0;
  if (wanted) {
    tavus_push_hint(w, value ? "JSON's null is tavus.null" : "a JSON Pointer");
    tavus_issue(w, TAVUS_ERROR, "required", step, "%s needs %s", word->op, step->key);
  } else {
    tavus_push_hint(w, value && strcmp(word->op, "remove") == 0
                           ? "remove takes away the whole of what path names; an "
                             "item of an array is named by its index"
                           : "leave it out");
    /* Some serializers write all members of an operation, as null or "". */
    bool nothing =
        null || (lua_type(L, index) == LUA_TSTRING && lua_rawlen(L, index) == 0);
    tavus_issue(w, nothing ? TAVUS_WARNING : TAVUS_ERROR, "op", step, "%s takes no %s",
                word->op, step->key);
  }
}

static tavus_step member_step(const tavus_step *up, const char *name) {
  return (tavus_step){ .up = up, .key = name, .length = strlen(name) };
}

static void check_from(tavus_walk *w, int from, int path, const place *to,
                       const tavus_patch_word *word, const tavus_step *step) {
  lua_State *L = w->L;
  size_t length, path_length;
  const char *text = text_at(L, from, &length);
  if (text == NULL) return;
  place source = resolve(w, text, length, false, false, step);
  const char *target = text_at(L, path, &path_length);
  if (source.broken || target == NULL) return;
  if (strcmp(word->op, "move") == 0 && path_length > length &&
      memcmp(text, target, length) == 0 && target[length] == '/')
    pointer_issue(w, step, "a value cannot be moved into itself", NULL);
  else if (source.field != NULL && to->field != NULL &&
           (source.field->types & to->field->types) == 0)
    tavus_issue_text(w, TAVUS_WARNING, "type", step,
                     "the value from there has the wrong type for path", NULL);
}

/* Checks one operation before its members are walked: op, path, from, value.
** Sets w->op for the walk over its value. */
static void check_op(tavus_walk *w, int index, const tavus_step *step) {
  lua_State *L = w->L;
  luaL_checkstack(L, 16, "patch");
  int base = lua_gettop(L);
  static const char *const names[] = { "op", "path", "from", "value" };
  enum { OP = 1, PATH, FROM, VALUE };
  for (size_t i = 0; i < TAVUS_COUNT(names); i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, index);
  }
  tavus_step at_op = member_step(step, "op"), at_path = member_step(step, "path"),
             at_from = member_step(step, "from"), at_value = member_step(step, "value");
  const tavus_patch_word *word = check_word(w, base + OP, &at_op);
  place to = { .field = NULL };
  size_t length;
  const char *text = text_at(L, base + PATH, &length);
  w->op.place = NULL;
  if (lua_isnil(L, base + PATH) || tavus_is_null(L, base + PATH)) {
    tavus_issue_text(w, TAVUS_ERROR, "required", &at_path, "path is missing",
                     "a JSON Pointer: a \"/\" before each name on the way");
  } else if (text != NULL) {
    bool removes = word != NULL && strcmp(word->op, "remove") == 0;
    bool tests = word != NULL && strcmp(word->op, "test") == 0;
    bool appends = word == NULL || strcmp(word->op, "add") == 0 || word->from;
    /* An unknown word may or may not write. */
    bool writes = word != NULL && !removes && !tests;
    w->op.value = lua_isnil(L, base + VALUE) ? 0 : base + VALUE;
    to = resolve(w, text, length, writes, appends, &at_path);
    w->op.value = 0;
    if (removes && to.root)
      pointer_issue(w, &at_path, "the whole document cannot be removed", NULL);
    w->op.warn_only = w->op.verbatim = tests;
    w->op.value_in_perception_tool = to.in_perception_tool;
    if (to.secret)
      w->op.value_secrecy = to.field != NULL && (to.field->flags & TAVUS_SECRET) != 0
                                ? TAVUS_SECRET_BY_CONTRACT
                                : TAVUS_SECRET_BY_NAME;
    else
      w->op.value_secrecy = TAVUS_NOT_SECRET;
  }
  if (word != NULL) {
    check_member(w, word, base + FROM, word->from, &at_from);
    check_member(w, word, base + VALUE, word->value, &at_value);
    if (word->from) check_from(w, base + FROM, base + PATH, &to, word, &at_from);
    if (word->value) w->op.place = to.field;
  }
  lua_settop(L, base);
}

/* --- the whole patch --- */

/* Reports a patch that is an object with the changed fields, and returns true then. */
static bool merge_style(tavus_walk *w, int index, const tavus_step *step) {
  lua_State *L = w->L;
  tavus_mark mark = tavus_mark_of(L, index, w->marks);
  if (mark == TAVUS_ARRAY) return false;
  luaL_checkstack(L, 8, "patch");
  bool texts = false, items = false, op = false;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      items = true;
      continue;
    }
    texts = true;
    if (strcmp(lua_tostring(L, -1), "op") == 0) op = true;
  }
  if (items || (!texts && mark != TAVUS_OBJECT)) return false;
  tavus_issue_text(w, TAVUS_ERROR, "type", step,
                   "PATCH takes an array of operations, not an object",
                   op ? "put the operation in an array: { { op = ... } }"
                      : "build one with tavus.patch(): "
                        "tavus.patch():replace(\"/path\", value)");
  return true;
}

void tavus_walk_patch(tavus_walk *w, int index, const tavus_kind *kind,
                      tavus_step *step) {
  w->before_op = check_op;
  w->patch = index;
  bool table = lua_type(w->L, index) == LUA_TTABLE;
  if (table && merge_style(w, index, step)) return;
  tavus_walk_value(w, index, &tavus_field_patch, step);
  if (table && kind->patch_rules != NULL && !w->stopped)
    tavus_check_patch_rules(w, kind->patch_rules, step);
}
