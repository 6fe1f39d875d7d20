/* schema.c - see schema.h. Walks a value and a schema, both untrusted: the depth, the work
** and the issues have limits, and only raw access is made. */
#include "schema.h"

#include "../json/pointer.h"
#include "walk.h"

/* Work of one schema at one value. */
#define APPLY_WORK 20

typedef tavus_schema_walk walk;

static bool apply(walk *w, int schema, int value, const tavus_place *at);

/* --- types --- */

static const struct {
  const char *name;
  int bits;
} TYPES[] = { { "null", TAVUS_IS_NULL },       { "boolean", TAVUS_IS_BOOLEAN },
              { "integer", TAVUS_IS_INTEGER }, { "number", TAVUS_IS_NUMBER },
              { "string", TAVUS_IS_STRING },   { "array", TAVUS_IS_ARRAY },
              { "object", TAVUS_IS_OBJECT } };
#define TYPE_COUNT (sizeof TYPES / sizeof *TYPES)

/* The types that a name stands for; 0: none. */
static int type_bits(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return 0;
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if (strcmp(lua_tostring(L, index), TYPES[i].name) == 0) return TYPES[i].bits;
  return 0;
}

/* The types that the schema allows; 0: it says nothing. */
static int allowed_types(lua_State *L, int schema) {
  int bits = 0, top = lua_gettop(L);
  if (tavus_schema_get(L, schema, "type", LUA_TSTRING))
    bits = type_bits(L, -1);
  else if (tavus_schema_get(L, schema, "type", LUA_TTABLE))
    for (int i = 1; i <= (int)TYPE_COUNT; i++) {
      lua_rawgeti(L, top + 1, i);
      bits |= type_bits(L, -1);
      lua_pop(L, 1);
    }
  lua_settop(L, top);
  return bits;
}

static const char *type_name(int bits) {
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if ((bits & TYPES[i].bits) != 0) return TYPES[i].name;
  return "value that JSON does not have";
}

/* Checks a value that has the types `found`. */
static bool check_type(walk *w, int schema, int found, const tavus_place *at) {
  lua_State *L = w->L;
  int allowed = allowed_types(L, schema);
  if (found == 0) return tavus_schema_fail(w, "value", at, "is not a value of JSON");
  if (allowed == 0 || (found & allowed) != 0) return true;
  if (w->quiet) return false;
  int count = 0, top = lua_gettop(L);
  for (size_t i = 0; i < TYPE_COUNT; i++) {
    if ((allowed & TYPES[i].bits) == 0) continue;
    lua_pushfstring(L, "%s%s", count > 0 ? " or " : "", TYPES[i].name);
    count++;
  }
  lua_concat(L, count);
  (void)tavus_schema_fail(w, "type", at, "is of type %s, expected %s", type_name(found),
                          lua_tostring(L, -1));
  lua_settop(L, top);
  return false;
}

/* --- enum and const --- */

static bool check_choices(walk *w, int schema, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  bool fits = true;
  lua_pushliteral(L, "const");
  lua_rawget(L, schema);
  if (!lua_isnil(L, -1) && !tavus_schema_equal(w, value, top + 1, at))
    fits = tavus_schema_fail(w, "const", at, "is not the value that is expected");
  lua_settop(L, top);
  if (!tavus_schema_get(L, schema, "enum", LUA_TTABLE)) return fits;
  int count = (int)lua_rawlen(L, top + 1);
  bool found = false;
  for (int i = 1; i <= count && !found && !w->stopped; i++) {
    lua_rawgeti(L, top + 1, i);
    found = tavus_schema_equal(w, value, top + 2, at);
    lua_pop(L, 1);
  }
  if (!found) (void)tavus_schema_fail_choice(w, top + 1, at);
  lua_settop(L, top);
  return fits && found;
}

/* --- arrays --- */

/* Checks the count of items or members against `least` and `most`. */
static bool check_count(walk *w, int schema, size_t count, const char *const names[3],
                        const tavus_place *at) {
  lua_State *L = w->L;
  char digits[TAVUS_NUMBER_SIZE];
  bool fits = true;
  if (tavus_schema_get(L, schema, names[0], LUA_TNUMBER)) {
    if ((lua_Number)count < lua_tonumber(L, -1))
      fits = tavus_schema_fail(w, "count", at, "must have at least %s %s",
                               tavus_number(digits, L), names[2]);
    lua_pop(L, 1);
  }
  if (tavus_schema_get(L, schema, names[1], LUA_TNUMBER)) {
    if ((lua_Number)count > lua_tonumber(L, -1))
      fits = tavus_schema_fail(w, "count", at, "must have at most %s %s",
                               tavus_number(digits, L), names[2]);
    lua_pop(L, 1);
  }
  return fits;
}

/* Checks the item `i` (from 1) against the schema on the top. */
static bool check_item(walk *w, int value, int i, const tavus_place *at) {
  lua_State *L = w->L;
  int schema = lua_gettop(L);
  tavus_place inner = { .up = at, .index = (size_t)i - 1 };
  lua_rawgeti(L, value, i);
  bool fits = apply(w, schema, schema + 1, &inner);
  lua_settop(L, schema);
  return fits;
}

static bool check_array(walk *w, int schema, int value, const tavus_place *at) {
  static const char *const names[] = { "minItems", "maxItems", "items" };
  lua_State *L = w->L;
  int top = lua_gettop(L);
  int count = lua_istable(L, value) ? (int)lua_rawlen(L, value) : 0;
  bool fits = check_count(w, schema, (size_t)count, names, at);
  if (tavus_schema_get(L, schema, "uniqueItems", LUA_TBOOLEAN)) {
    if (lua_toboolean(L, -1) && count > 1 && tavus_schema_repeats(w, value, at))
      fits = tavus_schema_fail(w, "twice", at, "has an item twice");
    lua_pop(L, 1);
  }
  lua_pushliteral(L, "items");
  lua_rawget(L, schema);
  /* a list of schemas has one at [1], or is marked and empty */
  bool list = lua_istable(L, -1) && tavus_is_array(L, -1, w->marks);
  int listed = list ? (int)lua_rawlen(L, -1) : 0;
  if (list) {
    lua_pushliteral(L, "additionalItems");
    lua_rawget(L, schema);
  }
  for (int i = 1; i <= count && !w->stopped; i++) {
    if (i <= listed)
      lua_rawgeti(L, top + 1, i);
    else
      lua_pushvalue(L, -1);
    if (!lua_isnil(L, -1) && !check_item(w, value, i, at)) fits = false;
    lua_pop(L, 1);
    if (!fits && w->quiet) break;
  }
  lua_settop(L, top);
  return fits;
}

/* --- objects --- */

static bool check_required(walk *w, int schema, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  bool fits = true;
  if (!tavus_schema_get(L, schema, "required", LUA_TTABLE)) return true;
  int count = (int)lua_rawlen(L, top + 1);
  for (int i = 1; i <= count && !w->stopped; i++) {
    lua_rawgeti(L, top + 1, i);
    if (lua_type(L, -1) == LUA_TSTRING) {
      tavus_place inner = { .up = at };
      inner.key = lua_tolstring(L, -1, &inner.length);
      lua_pushvalue(L, -1);
      lua_rawget(L, value);
      if (lua_isnil(L, -1))
        fits = tavus_schema_fail(w, "required", &inner, "is missing, and must be there");
    }
    lua_settop(L, top + 1);
    if (!tavus_schema_spend(w, 1, at)) fits = false;
  }
  lua_settop(L, top);
  return fits;
}

/* Checks the members. Keys of other types than string are faults. */
static bool check_members(walk *w, int schema, int value, const tavus_place *at) {
  static const char *const names[] = { "minProperties", "maxProperties", "members" };
  lua_State *L = w->L;
  int top = lua_gettop(L), properties = top + 1, more = top + 2;
  size_t count = 0;
  bool fits = true;
  if (!tavus_schema_get(L, schema, "properties", LUA_TTABLE)) lua_pushnil(L);
  lua_pushliteral(L, "additionalProperties");
  lua_rawget(L, schema);
  /* which members these patterns take out is not known */
  bool open = tavus_schema_get(L, schema, "patternProperties", LUA_TTABLE);
  lua_settop(L, more);
  lua_pushnil(L);
  while (!w->stopped && lua_next(L, value) != 0) {
    int member = lua_gettop(L);
    count++;
    if (lua_type(L, member - 1) != LUA_TSTRING) {
      fits = tavus_schema_fail(w, "key", at, "has a key that is not a string");
    } else {
      tavus_place inner = { .up = at };
      inner.key = lua_tolstring(L, member - 1, &inner.length);
      if (lua_isnil(L, properties))
        lua_pushnil(L);
      else
        lua_pushvalue(L, member - 1), lua_rawget(L, properties);
      bool known = !lua_isnil(L, -1);
      if (known) {
        fits = apply(w, member + 1, member, &inner) && fits;
      } else if (lua_isboolean(L, more) && !lua_toboolean(L, more) && !open) {
        fits = tavus_schema_fail(w, "unknown_field", &inner, "is not known here");
      } else if (lua_istable(L, more) && !open) {
        fits = apply(w, more, member, &inner) && fits;
      }
    }
    lua_settop(L, member - 1);
    if (!tavus_schema_spend(w, 1, at)) fits = false;
    if (!fits && w->quiet) break;
  }
  lua_settop(L, top);
  return check_count(w, schema, count, names, at) && fits;
}

/* --- several schemas --- */

/* Applies a schema for its result only. *unsure: something in it was not checked. */
static bool apply_quietly(walk *w, int schema, int value, const tavus_place *at,
                          bool *unsure) {
  bool quiet = w->quiet, before = w->unsure;
  w->quiet = true;
  w->unsure = false;
  bool fits = apply(w, schema, value, at);
  *unsure = w->unsure;
  w->quiet = quiet;
  w->unsure = w->unsure || before;
  return fits;
}

/* Checks anyOf or oneOf; `most`: how many may fit. */
static bool check_some(walk *w, int schema, int value, const char *keyword, int most,
                       const tavus_place *at) {
  lua_State *L = w->L;
  int top = lua_gettop(L), fitting = 0;
  bool any_unsure = false;
  if (!tavus_schema_get(L, schema, keyword, LUA_TTABLE)) return true;
  int count = (int)lua_rawlen(L, top + 1);
  for (int i = 1; i <= count && !w->stopped && (most == 1 || fitting == 0); i++) {
    bool unsure;
    lua_rawgeti(L, top + 1, i);
    if (apply_quietly(w, top + 2, value, at, &unsure)) {
      fitting++;
      any_unsure = any_unsure || unsure;
    }
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  if (fitting == 0 && count > 0)
    return tavus_schema_fail(w, keyword, at, "fits none of the %d schemas of %s", count,
                             keyword);
  return fitting <= most || any_unsure ||
         tavus_schema_fail(w, keyword, at, "fits %d schemas of %s, and must fit one",
                           fitting, keyword);
}

static bool check_combined(walk *w, int schema, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  bool fits = check_some(w, schema, value, "anyOf", INT_MAX, at);
  if (!check_some(w, schema, value, "oneOf", 1, at)) fits = false;
  if (tavus_schema_get(L, schema, "allOf", LUA_TTABLE)) {
    int count = (int)lua_rawlen(L, top + 1);
    for (int i = 1; i <= count && !w->stopped && (fits || !w->quiet); i++) {
      lua_rawgeti(L, top + 1, i);
      if (!apply(w, top + 2, value, at)) fits = false;
      lua_pop(L, 1);
    }
  }
  lua_settop(L, top);
  lua_pushliteral(L, "not");
  lua_rawget(L, schema);
  bool unsure;
  if (!lua_isnil(L, -1) && apply_quietly(w, top + 1, value, at, &unsure) && !unsure)
    fits = tavus_schema_fail(w, "not", at, "fits the schema of not");
  lua_settop(L, top);
  return fits;
}

/* --- $ref --- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes the text without %XX to `out`. Returns its length. */
static size_t unquote(char *out, const char *text, size_t length) {
  size_t size = 0;
  for (size_t i = 0; i < length; i++) {
    bool quoted = text[i] == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 &&
                  hex_digit(text[i + 2]) >= 0;
    out[size++] =
        quoted ? (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (quoted) i += 2;
  }
  return size;
}

/* Replaces the table on the top by what a token of a pointer leads to. */
static bool follow(walk *w, const char *token, size_t length) {
  lua_State *L = w->L;
  size_t index;
  if (!lua_istable(L, -1)) return false;
  if (tavus_is_array(L, -1, w->marks)) {
    if (!tavus_pointer_index(token, length, &index) || index >= INT_MAX) return false;
    lua_rawgeti(L, -1, (int)index + 1);
  } else {
    char *name = lua_newuserdata(L, length + 1);
    length = tavus_pointer_unescape(name, token, length);
    lua_pushlstring(L, name, length);
    lua_remove(L, -2);
    lua_rawget(L, -2);
  }
  lua_remove(L, -2);
  return !lua_isnil(L, -1);
}

/* Pushes the schema that the reference at `ref` names. Returns false when it is none
** within the schema; the stack is then undefined. */
static bool resolve(walk *w, int ref) {
  lua_State *L = w->L;
  size_t length, size;
  const char *text = lua_tolstring(L, ref, &length), *token;
  bool escaped;
  if (length == 0 || text[0] != '#') return false;
  char *path = lua_newuserdata(L, length);
  length = unquote(path, text + 1, length - 1);
  if (!tavus_pointer_check(path, length, NULL)) return false;
  tavus_pointer pointer = { path, path + length };
  w->work -= (int64_t)length;
  lua_pushvalue(L, SLOT_SCHEMA);
  while (tavus_pointer_next(&pointer, &token, &size, &escaped))
    if (!follow(w, token, size)) return false;
  return lua_istable(L, -1) || lua_isboolean(L, -1);
}

/* Checks against the schema that the reference on the top names. */
static bool check_reference(walk *w, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int ref = lua_gettop(L);
  size_t length;
  const char *text = lua_tolstring(L, ref, &length);
  if (!resolve(w, ref)) return tavus_schema_skip(w, at, text, length, "reference");
  return apply(w, lua_gettop(L), value, at);
}

/* --- one schema --- */

static bool check_keywords(walk *w, int schema, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int types = tavus_schema_types(w, value);
  if (tavus_schema_get(L, schema, "$ref", LUA_TSTRING))
    return check_reference(w, value, at);
  bool fits = check_type(w, schema, types, at);
  if (types == 0 || (!fits && w->quiet)) return fits;
  if (!check_choices(w, schema, value, at)) fits = false;
  if ((types & TAVUS_IS_NUMBER) && !tavus_schema_number(w, schema, value, at))
    fits = false;
  if ((types & TAVUS_IS_STRING) && !tavus_schema_string(w, schema, value, at))
    fits = false;
  if ((types & TAVUS_IS_ARRAY) && !check_array(w, schema, value, at)) fits = false;
  if ((types & TAVUS_IS_OBJECT) && (fits || !w->quiet)) {
    if (!check_required(w, schema, value, at)) fits = false;
    if (!check_members(w, schema, value, at)) fits = false;
  }
  if ((fits || !w->quiet) && !check_combined(w, schema, value, at)) fits = false;
  return fits;
}

/* Checks the value at `value` against the schema at `schema` (absolute indices). Leaves
** the stack as it was. */
static bool apply(walk *w, int schema, int value, const tavus_place *at) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  if (w->stopped || !tavus_schema_spend(w, APPLY_WORK, at)) return false;
  if (lua_isboolean(L, schema))
    return lua_toboolean(L, schema) ||
           tavus_schema_fail(w, "false", at, "no value is allowed here");
  if (!lua_istable(L, schema)) return true;
  if (w->depth >= TAVUS_SCHEMA_DEPTH || !lua_checkstack(L, 32))
    return tavus_schema_stop(w, at, "the schema or the value is nested too deep");
  w->depth++;
  bool fits = check_keywords(w, schema, value, at);
  w->depth--;
  lua_settop(L, top);
  return fits && !w->stopped;
}

int tavus_schema_check(lua_State *L) {
  tavus_place root = { .up = NULL };
  if (!lua_isboolean(L, SLOT_SCHEMA)) luaL_checktype(L, SLOT_SCHEMA, LUA_TTABLE);
  luaL_checkany(L, SLOT_VALUE);
  lua_settop(L, SLOT_VALUE);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushnil(L);
  walk w = { .L = L, .marks = tavus_marks_here(L), .work = TAVUS_SCHEMA_WORK };
  bool fits = apply(&w, SLOT_SCHEMA, SLOT_VALUE, &root);
  lua_pushboolean(L, fits);
  lua_pushvalue(L, SLOT_ISSUES);
  return 2;
}
