/* hint.c - what the writer probably meant. Searches for similar names and values, also in
** other places of the resource. Runs only after an issue. */
#include "walk.h"

#include "nearest.h"
#include "words.h"

#define PLACES 3  /* places that a hint names, at most */
#define DEEPEST 6 /* levels that are searched */

/* --- names in other places --- */

typedef struct search {
  const char *name;
  size_t length;
  const tavus_shape *here;      /* where the name was written; not searched */
  const tavus_field *field;     /* the field that was found last */
  const tavus_field *read_only; /* one that only the server sets, or NULL */
  const char *trail[DEEPEST];
  int depth;
  int found;
  bool secret;
  bool pointer; /* for an operation of a patch: the first place, as a pointer */
} search;

static void push_place(lua_State *L, const search *s) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < s->depth; i++) {
    if (s->pointer || i > 0) luaL_addchar(&b, s->pointer ? '/' : '.');
    luaL_addstring(&b, s->trail[i]);
  }
  luaL_pushresult(&b);
}

/* Returns the shape in a field that is searched, or NULL: arrays and vocabularies are
** not. */
static const tavus_shape *searched(const tavus_field *field) {
  return field->shape != NULL && !field->shape->vocabulary ? field->shape : NULL;
}

/* Returns the field of that name in any spelling, or NULL. */
static const tavus_field *same_field(const tavus_shape *shape, const char *name,
                                     size_t length) {
  for (size_t i = 0; i < shape->count; i++)
    if (tavus_same_name(name, length, shape->fields[i].name, shape->fields[i].length))
      return &shape->fields[i];
  return NULL;
}

/* Adds a place where the name is known to the string on the top. */
static void add_place(lua_State *L, const search *s) {
  push_place(L, s);
  const char *place = lua_tostring(L, -1);
  const char *so_far = lua_tostring(L, -2);
  if (s->pointer)
    lua_pushfstring(L, "goes as { op = \"add\", path = \"%s/%s\", value = ... }", place,
                    s->field->name);
  else if (s->found == 0)
    lua_pushfstring(L, *place ? "belongs under %s" : "belongs at the top level", place);
  else
    lua_pushfstring(L, *place ? "%s or %s" : "%s or at the top level", so_far, place);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* Adds each place where a field has the name to the string on the top. */
static void search_shape(lua_State *L, search *s, const tavus_shape *shape, bool inner) {
  const tavus_field *field =
      inner && shape != s->here ? same_field(shape, s->name, s->length) : NULL;
  if (field != NULL && (field->flags & TAVUS_READ_ONLY) != 0) {
    s->read_only = field;
    field = NULL;
  }
  if (field != NULL && s->found < (s->pointer ? 1 : PLACES)) {
    s->field = field;
    if ((field->flags & TAVUS_SECRET) != 0) s->secret = true;
    add_place(L, s);
    s->found++;
  }
  if (s->depth == DEEPEST) return;
  for (size_t i = 0; i < shape->count; i++) {
    const tavus_shape *next = searched(&shape->fields[i]);
    if (next == NULL) continue;
    s->trail[s->depth++] = shape->fields[i].name;
    search_shape(L, s, next, true);
    s->depth--;
  }
}

static void push_read_only(lua_State *L, const tavus_field *field) {
  lua_pushfstring(L, "%s is read only: leave it out", field->name);
}

static void push_did_you_mean(lua_State *L, const char *name, size_t length) {
  lua_pushlstring(L, name, length);
  lua_pushfstring(L, "did you mean \"%s\"?", lua_tostring(L, -1));
  lua_remove(L, -2);
}

/* Returns the field that a row of aliases leads to, or NULL. */
static const tavus_field *target_of(const tavus_walk *w, const tavus_shape *shape,
                                    const char *to) {
  const tavus_field *field = NULL;
  if (to == NULL) return NULL;
  if (*to == '/') shape = w->root != NULL ? w->root->shape : NULL;
  for (to += *to == '/'; shape != NULL; to++) {
    size_t length = strcspn(to, "/");
    field = tavus_field_find(shape, to, length);
    if (to[length] == '\0' || field == NULL) return field;
    to += length;
    shape = field->shape;
  }
  return NULL;
}

/* Returns the row for a name: the first one whose field takes the value, else the first
** one; or NULL. */
static const tavus_alias *find_alias(tavus_walk *w, const tavus_shape *shape,
                                     tavus_named n) {
  const tavus_alias *first = NULL;
  if (shape->aliases == NULL) return NULL;
  for (const tavus_alias *a = shape->aliases; a->name != NULL; a++) {
    if (!tavus_same_name(a->name, strlen(a->name), n.name, n.length)) continue;
    const tavus_field *field = target_of(w, shape, a->to);
    if (n.value == 0 || a->to == NULL ||
        (field != NULL && tavus_takes(w, field, n.value)))
      return a;
    if (first == NULL) first = a;
  }
  return first;
}

/* Pushes "belongs under a.b, as c". */
static void push_belongs(lua_State *L, const char *to, tavus_named n) {
  const char *last = strrchr(to, '/') + 1;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  to += *to == '/';
  luaL_addstring(&b, last == to ? "belongs at the top level" : "belongs under ");
  for (; to < last - 1; to++) luaL_addchar(&b, *to == '/' ? '.' : *to);
  if (strlen(last) != n.length || memcmp(last, n.name, n.length) != 0) {
    luaL_addstring(&b, ", as ");
    luaL_addstring(&b, last);
  }
  luaL_pushresult(&b);
}

static bool hint_alias(tavus_walk *w, const tavus_shape *shape, tavus_named n,
                       const tavus_field **field) {
  const tavus_alias *a = find_alias(w, shape, n);
  if (a == NULL) return false;
  *field = target_of(w, shape, a->to);
  if (a->hint != NULL)
    lua_pushstring(w->L, a->hint);
  else if (strchr(a->to, '/') != NULL)
    push_belongs(w->L, a->to, n);
  else
    push_did_you_mean(w->L, a->to, strlen(a->to));
  return true;
}

/* Returns the field that the contract prefers to this one, the field itself, or NULL. */
static const tavus_field *preferred(const tavus_shape *shape, const tavus_field *field) {
  if ((field->flags & TAVUS_READ_ONLY) != 0) return NULL;
  const char *name = field->successor;
  if (field->twin != NULL && (field->flags & TAVUS_TWIN_ALLOWED) == 0) name = field->twin;
  return name == NULL ? field : tavus_field_find(shape, name, strlen(name));
}

/* Did the field move to another place? Then its successor is a path. */
static bool moved(const tavus_field *field) {
  return field->successor != NULL && strchr(field->successor, '.') != NULL;
}

/* Hints at the right spelling of a name. */
static bool hint_same(lua_State *L, const tavus_shape *shape, tavus_named n,
                      const tavus_field **found) {
  const tavus_field *field = same_field(shape, n.name, n.length);
  if (field == NULL) return false;
  *found = field;
  if ((field->flags & TAVUS_READ_ONLY) != 0) {
    push_read_only(L, field);
    return true;
  }
  field = preferred(shape, field);
  if (field == NULL) return false;
  *found = field;
  push_did_you_mean(L, field->name, field->length);
  return true;
}

static bool hint_near(lua_State *L, const tavus_shape *shape, tavus_named name,
                      const tavus_field **found) {
  const tavus_field *best = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < shape->count; i++) {
    const tavus_field *field = &shape->fields[i];
    if (preferred(shape, field) != field && !moved(field)) continue;
    size_t n = tavus_nearness(name.name, name.length, field->name, field->length);
    if ((field->deprecated != NULL || field->sure == TAVUS_SURE_D) && n > 2)
      continue; /* only a typo leads to such a field */
    if (n < least) {
      least = n;
      best = field;
    }
  }
  if (best == NULL) return false;
  *found = best;
  if (moved(best))
    lua_pushfstring(L, "use %s", best->successor);
  else
    push_did_you_mean(L, best->name, best->length);
  return true;
}

/* Hints at another resource that has a field of that name, in any spelling. */
static bool hint_foreign(tavus_walk *w, tavus_named n, bool *secret) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++) {
    if ((*r)->root == w->root) continue;
    const tavus_field *field = same_field((*r)->root->shape, n.name, n.length);
    if (field == NULL) continue;
    if ((field->flags & TAVUS_SECRET) != 0) *secret = true;
    if ((field->flags & TAVUS_READ_ONLY) != 0 || field->sure == TAVUS_SURE_D) continue;
    lua_pushfstring(w->L, "is a field of a %s", (*r)->name);
    return true;
  }
  return false;
}

void tavus_add_misfit(tavus_walk *w, const tavus_field *field, int value) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  if (field == NULL || value == 0) return;
  tavus_push_misfit(w, value, field);
  if (!lua_isnil(L, -1)) {
    size_t length;
    const char *hint = lua_tolstring(L, top, &length);
    lua_pushfstring(L, hint[length - 1] == '?' ? "%s %s" : "%s; %s", hint,
                    lua_tostring(L, -1));
    lua_replace(L, top);
  }
  lua_settop(L, top);
}

void tavus_hint_name(tavus_walk *w, const tavus_shape *shape, tavus_named n,
                     bool *secret) {
  lua_State *L = w->L;
  luaL_checkstack(L, 12, "hint");
  search s = { .name = n.name,
               .length = n.length,
               .here = shape,
               .pointer = shape == tavus_field_patch_op.shape };
  const tavus_field *field = NULL;
  lua_pushnil(L);
  int top = lua_gettop(L);
  if (!shape->vocabulary) search_shape(L, &s, shape, false);
  if (s.found == 0 && !shape->vocabulary && w->root != NULL && w->root->shape != NULL)
    search_shape(L, &s, w->root->shape, true);
  *secret = s.secret || tavus_is_secret_name(n.name, n.length);
  if (s.found > 0 && !s.pointer &&
      (s.field->length != n.length || memcmp(s.field->name, n.name, n.length) != 0)) {
    lua_pushfstring(L, "%s, as %s", lua_tostring(L, -1), s.field->name);
    lua_remove(L, -2);
  }
  bool elsewhere = s.found > 0;
  if (hint_alias(w, shape, n, &field) || hint_same(L, shape, n, &field) ||
      (!elsewhere && !shape->vocabulary && hint_foreign(w, n, secret)) ||
      (!elsewhere && hint_near(L, shape, n, &field))) {
    lua_replace(L, top);
  } else if (elsewhere) {
    field = s.field;
  } else if (n.value != 0 && lua_type(L, n.value) == LUA_TTABLE && !shape->vocabulary &&
             tavus_has_field_of(L, n.value, shape)) {
    lua_pushliteral(L, "write its members here, without the name around them");
    lua_replace(L, top);
  } else if (s.read_only != NULL) {
    push_read_only(L, s.read_only);
    lua_replace(L, top);
  } else if (shape->stray != NULL) {
    lua_pushstring(L, shape->stray);
    lua_replace(L, top);
  }
  if (field != NULL && (field->flags & TAVUS_SECRET) != 0) *secret = true;
  if (field != NULL && (field->flags & TAVUS_READ_ONLY) != 0) return;
  tavus_add_misfit(w, field, n.value);
}

/* --- values --- */

static const tavus_choice *choice_of(const tavus_field *field, const char *text,
                                     size_t length) {
  if (field->choices == NULL) return NULL;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++)
    if (strlen(c->value) == length && memcmp(c->value, text, length) == 0) return c;
  return NULL;
}

/* Hints at the choice that a word stands for, in any spelling. */
static bool hint_word(lua_State *L, const tavus_alias *words, const char *text,
                      size_t length) {
  if (words == NULL) return false;
  for (const tavus_alias *a = words; a->name != NULL; a++) {
    if (!tavus_same_name(a->name, strlen(a->name), text, length)) continue;
    if (a->hint != NULL)
      lua_pushstring(L, a->hint);
    else
      push_did_you_mean(L, a->to, strlen(a->to));
    return true;
  }
  return false;
}

/* Finds the field that has the value among its choices, and counts such fields: a word
** such as "high" belongs to several. */
static const tavus_field *owner_of(const tavus_shape *shape, const char *text,
                                   size_t length, int depth, int *owners) {
  const tavus_field *owner = NULL;
  for (size_t i = 0; i < shape->count; i++) {
    const tavus_field *field = &shape->fields[i];
    if (field->label != NULL && choice_of(field, text, length) != NULL) {
      owner = field;
      ++*owners;
    }
    const tavus_shape *next = searched(field);
    if (next == NULL || depth == DEEPEST) continue;
    const tavus_field *inner = owner_of(next, text, length, depth + 1, owners);
    if (inner != NULL) owner = inner;
  }
  return owner;
}

/* Hints at the levels when only the level in `name:level` is unknown. */
static bool hint_level(lua_State *L, const tavus_field *field, const char *text,
                       size_t length) {
  const char *colon =
      (field->flags & TAVUS_LEVELS) == 0 ? NULL : memchr(text, ':', length);
  if (colon == NULL || choice_of(field, text, (size_t)(colon - text)) == NULL)
    return false;
  lua_pushstring(L, tavus_level_hint);
  return true;
}

/* Hints that a number is written without quotes, in a field that may be a number. */
static bool hint_number(lua_State *L, const tavus_field *field, const char *text,
                        size_t length) {
  if ((field->types & TAVUS_NUMBER) == 0) return false;
  lua_pushlstring(L, text, length);
  bool number = lua_isnumber(L, -1);
  lua_pop(L, 1);
  if (number) lua_pushliteral(L, "write the number without quotes");
  return number;
}

/* Hints at the codes of languages. */
static bool hint_language(lua_State *L, const tavus_field *field, const char *text,
                          size_t length) {
  if ((field->flags & TAVUS_LANGUAGE) == 0) return false;
  int n = tavus_push_languages(L, text, length);
  if (n > 0)
    lua_pushfstring(L, n == 1 ? "did you mean %s?" : "one language an item: %s",
                    lua_tostring(L, -1));
  lua_remove(L, n > 0 ? -2 : -1);
  return n > 0;
}

void tavus_hint_choice(tavus_walk *w, const tavus_field *field, const char *text,
                       size_t length) {
  lua_State *L = w->L;
  luaL_checkstack(L, 8, "hint");
  if (hint_language(L, field, text, length)) return;
  if (hint_word(L, field->words, text, length) || hint_level(L, field, text, length) ||
      hint_number(L, field, text, length))
    return;
  if (w->root != NULL && w->root->shape != NULL) {
    int owners = 0;
    const tavus_field *owner = owner_of(w->root->shape, text, length, 0, &owners);
    if (owner != NULL && owners == 1 && owner != field) {
      char quoted[TAVUS_QUOTED];
      lua_pushfstring(L, "%s is %s (%s)", tavus_quote(quoted, text, length), owner->label,
                      owner->name);
      return;
    }
  }
  const tavus_choice *best = NULL;
  size_t least = SIZE_MAX;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->retired != NULL) continue;
    size_t n = tavus_nearness(text, length, c->value, strlen(c->value));
    if (n < least) {
      least = n;
      best = c;
    }
  }
  if (least != SIZE_MAX && best != NULL) {
    push_did_you_mean(L, best->value, strlen(best->value));
    return;
  }
  tavus_push_known(L, field);
}

void tavus_hint_key(tavus_walk *w, int index, const char *name, size_t length) {
  lua_State *L = w->L;
  char quoted[TAVUS_QUOTED];
  if (!tavus_push_nearest(L, index, name, length)) return;
  size_t known_length;
  const char *known = lua_tolstring(L, -1, &known_length);
  lua_pushfstring(L, "did you mean %s?", tavus_quote(quoted, known, known_length));
  lua_replace(L, -2);
}
