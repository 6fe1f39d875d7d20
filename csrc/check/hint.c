/* hint.c - what the writer probably meant. Looks for names and values near by
** and in other places of the same resource. Runs only after an issue. */
#include "walk.h"

#define LONGEST 64 /* names beyond this are near to nothing */
#define PLACES 3   /* places that a hint names at most */
#define DEEPEST 6  /* how deep other places are searched */

size_t tavus_distance(const char *a, size_t a_length, const char *b,
                      size_t b_length, size_t limit) {
  unsigned char rows[3][LONGEST + 1];
  if (a_length > LONGEST || b_length > LONGEST) return limit + 1;
  unsigned char *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= b_length; j++) last[j] = (unsigned char)j;
  for (size_t i = 1; i <= a_length; i++) {
    now[0] = (unsigned char)i;
    for (size_t j = 1; j <= b_length; j++) {
      unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
      unsigned best = last[j - 1] + cost;
      if (last[j] + 1u < best) best = last[j] + 1u;
      if (now[j - 1] + 1u < best) best = now[j - 1] + 1u;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          before[j - 2] + 1u < best)
        best = before[j - 2] + 1u;
      now[j] = (unsigned char)best;
    }
    unsigned char *free_row = before;
    before = last;
    last = now;
    now = free_row;
  }
  return last[b_length] <= limit ? last[b_length] : limit + 1;
}

/* A name as it is compared: small letters, without `_`, `-` and spaces. Returns
** its length; what is longer than LONGEST is cut, one byte beyond. */
static size_t fold(char *out, const char *name, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length && n <= LONGEST; i++) {
    if (name[i] == '_' || name[i] == '-' || name[i] == ' ') continue;
    out[n++] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 0x20)
                                                : name[i];
  }
  return n;
}

/* Are the names equal but for their spelling? */
static bool same_name(const char *a, size_t a_length, const char *b,
                      size_t b_length) {
  char left[LONGEST + 1], right[LONGEST + 1];
  size_t n = fold(left, a, a_length), m = fold(right, b, b_length);
  return n > 0 && n == m && n <= LONGEST && memcmp(left, right, n) == 0;
}

/* Does the name end so, in any spelling? */
static bool ends_in(const char *name, size_t length, const char *ending) {
  size_t at = strlen(ending); /* letters of the ending still to be met */
  while (at > 0 && length > 0) {
    char c = name[--length];
    if (c == '_' || c == '-') continue;
    if (c >= 'A' && c <= 'Z') c = (char)(c | 0x20);
    if (c != ending[--at]) return false;
  }
  return at == 0;
}

bool tavus_is_secret_name(const char *name, size_t length) {
  static const char *const endings[] = { "apikey", "token", "secret", "password",
                                         "authorization" };
  for (size_t i = 0; i < TAVUS_COUNT(endings); i++)
    if (ends_in(name, length, endings[i])) return true;
  return false;
}

static size_t allowance(size_t length) { return length < 4 ? 1 : length < 9 ? 2 : 3; }

/* How near is `name` to `known`: 0 is equal but for the spelling, SIZE_MAX is
** not near. A name that is the beginning or the end of the other, cut at a `_`
** or `-`, is near. */
static size_t nearness(const char *name, size_t length, const char *known,
                       size_t known_length) {
  size_t limit = allowance(known_length < length ? known_length : length);
  char folded[2][LONGEST + 1];
  size_t distance = tavus_distance(
      folded[0], fold(folded[0], name, length),
      folded[1], fold(folded[1], known, known_length), limit);
  if (distance <= limit) return distance;
  const char *small = name, *large = known;
  size_t n = length, m = known_length;
  if (n > m) {
    small = known, large = name;
    n = known_length, m = length;
  }
  if (n < 4 || n == m) return SIZE_MAX;
  bool head = memcmp(small, large, n) == 0 &&
              (large[n] == '_' || large[n] == '-');
  bool tail = memcmp(small, large + (m - n), n) == 0 &&
              (large[m - n - 1] == '_' || large[m - n - 1] == '-');
  return head || tail ? limit + 1 + (m - n) : SIZE_MAX;
}

/* --- names in other places --- */

typedef struct search {
  const char *name;
  size_t length;
  const tavus_shape *here;  /* where it was written: not to be found */
  const tavus_field *field; /* what was found last */
  const char *trail[DEEPEST];
  int depth;
  int found;
  bool secret;
} search;

static void push_place(lua_State *L, const search *s) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < s->depth; i++) {
    if (i > 0) luaL_addchar(&b, '.');
    luaL_addstring(&b, s->trail[i]);
  }
  luaL_pushresult(&b);
}

/* Where a search goes on: not into arrays, and not into a vocabulary. */
static const tavus_shape *searched(const tavus_field *field) {
  return field->shape != NULL && !field->shape->vocabulary ? field->shape : NULL;
}

/* The field of that name in any spelling, or NULL. */
static const tavus_field *same_field(const tavus_shape *shape, const char *name,
                                     size_t length) {
  for (size_t i = 0; i < shape->count; i++)
    if (same_name(name, length, shape->fields[i].name, shape->fields[i].length))
      return &shape->fields[i];
  return NULL;
}

/* With one string on the top: adds each place where the name is at home. */
static void search_shape(lua_State *L, search *s, const tavus_shape *shape,
                         bool inner) {
  const tavus_field *field = inner && shape != s->here
      ? same_field(shape, s->name, s->length) : NULL;
  if (field != NULL && s->found < PLACES) {
    s->field = field;
    if ((field->flags & TAVUS_SECRET) != 0) s->secret = true;
    push_place(L, s);
    const char *place = lua_tostring(L, -1);
    const char *so_far = lua_tostring(L, -2);
    if (s->found++ == 0)
      lua_pushfstring(L, *place ? "belongs under %s" : "belongs at the top level",
                      place);
    else
      lua_pushfstring(L, *place ? "%s or %s" : "%s or at the top level", so_far,
                      place);
    lua_replace(L, -3);
    lua_pop(L, 1);
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

static bool hint_alias(lua_State *L, const tavus_alias *aliases,
                       const char *name, size_t length) {
  if (aliases == NULL) return false;
  for (const tavus_alias *a = aliases; a->name != NULL; a++) {
    if (!same_name(a->name, strlen(a->name), name, length)) continue;
    lua_pushstring(L, a->hint);
    return true;
  }
  return false;
}

static void push_did_you_mean(lua_State *L, const char *name, size_t length) {
  lua_pushlstring(L, name, length);
  lua_pushfstring(L, "did you mean \"%s\"?", lua_tostring(L, -1));
  lua_remove(L, -2);
}

/* The name the contract would rather see for a field, or NULL. */
static const tavus_field *preferred(const tavus_shape *shape,
                                    const tavus_field *field) {
  if ((field->flags & TAVUS_READ_ONLY) != 0) return NULL;
  const char *name = field->successor;
  if (field->twin != NULL && (field->flags & TAVUS_CURRENT) == 0)
    name = field->twin;
  return name == NULL ? field : tavus_field_find(shape, name, strlen(name));
}

/* Did the field move to another place? Its successor is a path then. */
static bool moved(const tavus_field *field) {
  return field->successor != NULL && strchr(field->successor, '.') != NULL;
}

/* The right name in another spelling. */
static bool hint_same(lua_State *L, const tavus_shape *shape, const char *name,
                      size_t length, bool *secret) {
  const tavus_field *field = same_field(shape, name, length);
  if (field == NULL) return false;
  if ((field->flags & TAVUS_SECRET) != 0) *secret = true;
  if ((field->flags & TAVUS_READ_ONLY) != 0) {
    lua_pushfstring(L, "%s is read only: leave it out", field->name);
    return true;
  }
  field = preferred(shape, field);
  if (field == NULL) return false;
  push_did_you_mean(L, field->name, field->length);
  return true;
}

static bool hint_near(lua_State *L, const tavus_shape *shape, const char *name,
                      size_t length, bool *secret) {
  const tavus_field *best = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < shape->count; i++) {
    const tavus_field *field = &shape->fields[i];
    if (preferred(shape, field) != field && !moved(field)) continue;
    size_t n = nearness(name, length, field->name, field->length);
    if ((field->deprecated != NULL || field->sure == TAVUS_SURE_D) && n > 2)
      continue; /* a typo, no advice */
    if (n < least) {
      least = n;
      best = field;
    }
  }
  if (best == NULL) return false;
  if ((best->flags & TAVUS_SECRET) != 0) *secret = true;
  if (moved(best)) lua_pushfstring(L, "use %s", best->successor);
  else push_did_you_mean(L, best->name, best->length);
  return true;
}

/* A name that stands at the top of another resource, in any spelling. */
static bool hint_foreign(tavus_walk *w, const char *name, size_t length,
                         bool *secret) {
  for (const tavus_resource *const *r = tavus_resources; *r != NULL; r++) {
    if ((*r)->root == w->root) continue;
    const tavus_field *field = same_field((*r)->root->shape, name, length);
    if (field == NULL) continue;
    if ((field->flags & TAVUS_SECRET) != 0) *secret = true;
    if ((field->flags & TAVUS_READ_ONLY) != 0 || field->sure == TAVUS_SURE_D)
      continue;
    lua_pushfstring(w->L, "is a field of a %s", (*r)->name);
    return true;
  }
  return false;
}

void tavus_hint_name(tavus_walk *w, const tavus_shape *shape, const char *name,
                     size_t length, bool *secret) {
  lua_State *L = w->L;
  luaL_checkstack(L, 8, "hint");
  search s = { .name = name, .length = length, .here = shape };
  lua_pushnil(L);
  if (!shape->vocabulary) search_shape(L, &s, shape, false);
  if (s.found == 0 && !shape->vocabulary && w->root != NULL && w->root->shape != NULL)
    search_shape(L, &s, w->root->shape, true);
  *secret = s.secret || tavus_is_secret_name(name, length);
  if (s.found > 0 && (s.field->length != length ||
                      memcmp(s.field->name, name, length) != 0)) {
    lua_pushfstring(L, "%s, as %s", lua_tostring(L, -1), s.field->name);
    lua_remove(L, -2);
  }
  int top = lua_gettop(L);
  if (hint_alias(L, shape->aliases, name, length) ||
      hint_same(L, shape, name, length, secret) ||
      (s.found == 0 && !shape->vocabulary &&
       hint_foreign(w, name, length, secret)) ||
      (s.found == 0 && hint_near(L, shape, name, length, secret)))
    lua_replace(L, top);
  else if (s.found == 0 && shape->stray != NULL) {
    lua_pushstring(L, shape->stray);
    lua_replace(L, top);
  }
}

/* --- values --- */

static const tavus_choice *choice_of(const tavus_field *field, const char *text,
                                     size_t length) {
  if (field->choices == NULL) return NULL;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++)
    if (strlen(c->value) == length && memcmp(c->value, text, length) == 0)
      return c;
  return NULL;
}

/* The field elsewhere that knows the value as its own; words such as "high"
** that belong to everybody tell nothing. */
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

void tavus_push_known(lua_State *L, const tavus_field *field) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "known are ");
  bool first = true;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->retired != NULL) continue;
    if (!first) luaL_addstring(&b, ", ");
    first = false;
    luaL_addstring(&b, c->value);
  }
  luaL_pushresult(&b);
}

/* `name:level`, of which only the level is not known. */
static bool hint_level(lua_State *L, const tavus_field *field, const char *text,
                       size_t length) {
  const char *colon = (field->flags & TAVUS_LEVELS) == 0
      ? NULL : memchr(text, ':', length);
  if (colon == NULL || choice_of(field, text, (size_t)(colon - text)) == NULL)
    return false;
  lua_pushstring(L, tavus_level_hint);
  return true;
}

/* A number in quotes, where a number may stand beside the words. */
static bool hint_number(lua_State *L, const tavus_field *field, const char *text,
                        size_t length) {
  if ((field->types & TAVUS_NUMBER) == 0) return false;
  lua_pushlstring(L, text, length);
  bool number = lua_isnumber(L, -1);
  lua_pop(L, 1);
  if (number) lua_pushliteral(L, "write the number without quotes");
  return number;
}

void tavus_hint_choice(tavus_walk *w, const tavus_field *field,
                       const char *text, size_t length) {
  lua_State *L = w->L;
  luaL_checkstack(L, 8, "hint");
  if (hint_alias(L, field->words, text, length) ||
      hint_level(L, field, text, length) || hint_number(L, field, text, length))
    return;
  if (w->root != NULL && w->root->shape != NULL) {
    int owners = 0;
    const tavus_field *owner = owner_of(w->root->shape, text, length, 0, &owners);
    if (owner != NULL && owners == 1 && owner != field) {
      lua_pushfstring(L, "%s is %s (%s)", tavus_push_quoted(L, text, length),
                      owner->label, owner->name);
      lua_remove(L, -2);
      return;
    }
  }
  const tavus_choice *best = NULL;
  size_t least = SIZE_MAX;
  for (const tavus_choice *c = field->choices; c->value != NULL; c++) {
    if (c->retired != NULL) continue;
    size_t n = nearness(text, length, c->value, strlen(c->value));
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
  luaL_checkstack(L, 8, "hint");
  lua_pushnil(L); /* the best key */
  int best = lua_gettop(L);
  size_t least = SIZE_MAX;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    size_t known_length;
    const char *known = lua_tolstring(L, -1, &known_length);
    size_t n = nearness(name, length, known, known_length);
    /* Of two that are equally near the first by name: order tells nothing. */
    if (n < least || (n == least && n != SIZE_MAX &&
                      strcmp(known, lua_tostring(L, best)) < 0)) {
      least = n;
      lua_pushvalue(L, -1);
      lua_replace(L, best);
    }
  }
  if (lua_type(L, best) != LUA_TSTRING) return;
  size_t best_length;
  const char *text = lua_tolstring(L, best, &best_length);
  tavus_push_quoted(L, text, best_length);
  lua_pushfstring(L, "did you mean %s?", lua_tostring(L, -1));
  lua_replace(L, best);
  lua_settop(L, best);
}
