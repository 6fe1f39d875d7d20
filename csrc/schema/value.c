/* value.c - JSON values: their types, equality, and the keywords of numbers and
** strings. */
#include "walk.h"

/* Work of comparing two values and of compiling one character of a pattern. */
#define COMPARE_WORK 10
#define COMPILE_WORK 20

#if LUA_VERSION_NUM >= 502
#define is_less(L, a, b) lua_compare((L), (a), (b), LUA_OPLT)
#else
#define is_less(L, a, b) lua_lessthan((L), (a), (b))
#endif

bool tavus_schema_get(lua_State *L, int index, const char *name, int type) {
  lua_pushstring(L, name);
  lua_rawget(L, index);
  if (lua_type(L, -1) == type) return true;
  lua_pop(L, 1);
  return false;
}

int tavus_schema_types(const tavus_schema_walk *w, int index) {
  lua_State *L = w->L;
  lua_Number number;
  switch (lua_type(L, index)) {
    case LUA_TNIL: return TAVUS_IS_NULL;
    case LUA_TBOOLEAN: return TAVUS_IS_BOOLEAN;
    case LUA_TSTRING: return TAVUS_IS_STRING;
    case LUA_TLIGHTUSERDATA:
      if (tavus_is_null(L, index)) return TAVUS_IS_NULL;
      return tavus_is_empty_value(L, index, w->marks) ? TAVUS_IS_ARRAY : 0;
    case LUA_TNUMBER:
      number = lua_tonumber(L, index);
      if (!isfinite(number)) return 0;
      return TAVUS_IS_NUMBER | (number == floor(number) ? TAVUS_IS_INTEGER : 0);
    case LUA_TTABLE:
      return tavus_is_array(L, index, w->marks) ? TAVUS_IS_ARRAY : TAVUS_IS_OBJECT;
    default: return 0;
  }
}

/* Are the tables equal? */
static bool equal_tables(tavus_schema_walk *w, int a, int b, const tavus_place *at) {
  lua_State *L = w->L;
  long members = 0;
  bool same = true;
  lua_pushnil(L);
  while (same && lua_next(L, a) != 0) {
    int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);
    lua_rawget(L, b);
    same = !lua_isnil(L, -1) && tavus_schema_equal(w, value, value + 1, at);
    lua_settop(L, value - 1);
    members++;
  }
  if (!same) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushnil(L);
  while (lua_next(L, b) != 0) {
    lua_pop(L, 1);
    if (members-- > 0) continue;
    lua_pop(L, 1);
    return false;
  }
  return true;
}

bool tavus_schema_equal(tavus_schema_walk *w, int a, int b, const tavus_place *at) {
  lua_State *L = w->L;
  if (!tavus_schema_spend(w, COMPARE_WORK, at)) return false;
  if (lua_rawequal(L, a, b)) return true;
  int types = tavus_schema_types(w, a) & tavus_schema_types(w, b);
  if ((types & TAVUS_IS_NULL) != 0) return true;
  if ((types & (TAVUS_IS_ARRAY | TAVUS_IS_OBJECT)) == 0) return false;
  if (!lua_istable(L, a) || !lua_istable(L, b)) /* cjson.empty_array */
    return !tavus_has_members(L, lua_istable(L, a) ? a : b);
  if (++w->depth > TAVUS_SCHEMA_DEPTH || !lua_checkstack(L, 16))
    return tavus_schema_stop(w, at, "the value is nested too deep");
  bool same = equal_tables(w, a, b, at);
  w->depth--;
  return same;
}

/* Adds the scalar at the top to the set at `set`, under its key. Pops it. Returns false
** when it was there. */
static bool add_scalar(lua_State *L, int set) {
  lua_pushvalue(L, -1);
  lua_rawget(L, set);
  bool fresh = lua_isnil(L, -1);
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, set);
  return fresh;
}

bool tavus_schema_repeats(tavus_schema_walk *w, int index, const tavus_place *at) {
  lua_State *L = w->L;
  int count = (int)lua_rawlen(L, index), top = lua_gettop(L), others = 0;
  bool repeated = false;
  lua_newtable(L); /* scalars, as keys */
  lua_newtable(L); /* the others */
  for (int i = 1; i <= count && !repeated; i++) {
    lua_rawgeti(L, index, i);
    int types = tavus_schema_types(w, top + 3);
    if (!tavus_schema_spend(w, COMPARE_WORK, at)) break;
    if (types != 0 && (types & (TAVUS_IS_NULL | TAVUS_IS_ARRAY | TAVUS_IS_OBJECT)) == 0) {
      repeated = !add_scalar(L, top + 1);
      continue;
    }
    for (int n = 1; n <= others && !repeated && !w->stopped; n++) {
      lua_rawgeti(L, top + 2, n);
      repeated = tavus_schema_equal(w, top + 3, top + 4, at);
      lua_pop(L, 1);
    }
    lua_rawseti(L, top + 2, ++others);
  }
  lua_settop(L, top);
  return repeated;
}

/* --- numbers --- */

/* Is the number at `value` a multiple of the one at `unit`? */
static bool is_multiple(lua_State *L, int value, int unit) {
#if TAVUS_HAS_INTEGERS
  if (lua_isinteger(L, value) && lua_isinteger(L, unit)) {
    lua_Integer by = lua_tointeger(L, unit);
    return by == -1 || lua_tointeger(L, value) % by == 0;
  }
#endif
  double v = (double)lua_tonumber(L, value), u = (double)lua_tonumber(L, unit);
  double quotient = v / u;
  if (fmod(v, u) == 0) return true;
  if (!isfinite(quotient) || (v == floor(v) && u == floor(u))) return false;
  return fabs(quotient - nearbyint(quotient)) <= 4 * DBL_EPSILON * fabs(quotient);
}

bool tavus_schema_number(tavus_schema_walk *w, int schema, int value,
                         const tavus_place *at) {
  static const struct {
    const char *keyword, *text;
    bool least, exclusive;
  } limits[] = { { "minimum", "at least", true, false },
                 { "maximum", "at most", false, false },
                 { "exclusiveMinimum", "more than", true, true },
                 { "exclusiveMaximum", "less than", false, true } };
  lua_State *L = w->L;
  char digits[TAVUS_NUMBER_SIZE];
  bool fits = true;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    if (!tavus_schema_get(L, schema, limits[i].keyword, LUA_TNUMBER)) continue;
    int limit = lua_gettop(L);
    int low = limits[i].least ? limit : value, high = limits[i].least ? value : limit;
    bool inside = limits[i].exclusive ? is_less(L, low, high) : !is_less(L, high, low);
    if (!inside)
      fits = tavus_schema_fail(w, "range", at, "must be %s %s", limits[i].text,
                               tavus_number(digits, L));
    lua_settop(L, limit - 1);
  }
  if (tavus_schema_get(L, schema, "multipleOf", LUA_TNUMBER)) {
    int unit = lua_gettop(L);
    if (lua_tonumber(L, unit) > 0 && !is_multiple(L, value, unit))
      fits = tavus_schema_fail(w, "multiple", at, "must be a multiple of %s",
                               tavus_number(digits, L));
    lua_settop(L, unit - 1);
  }
  return fits;
}

/* --- strings --- */

/* Checks the string against the pattern, which are the two values on the top. */
static bool fits_pattern(tavus_schema_walk *w, const tavus_place *at) {
  lua_State *L = w->L;
  size_t length, size;
  const char *text = lua_tolstring(L, -2, &length);
  const char *pattern = lua_tolstring(L, -1, &size);
  if (w->program == NULL) {
    w->program = lua_newuserdata(L, sizeof *w->program);
    lua_replace(L, SLOT_PROGRAM);
  }
  if (w->last != pattern) {
    w->last = NULL;
    if (!tavus_schema_spend(w, (int64_t)size * COMPILE_WORK, at)) return false;
    if (!tavus_pattern_compile(w->program, pattern, size))
      return tavus_schema_skip(w, at, pattern, size, "pattern");
    w->last = pattern;
  }
  tavus_match match = tavus_pattern_find(w->program, text, length, &w->work);
  if (match == TAVUS_MATCH_STOPPED) return tavus_schema_spend(w, 1, at);
  return match == TAVUS_MATCH ||
         tavus_schema_fail(w, "pattern", at, "does not fit the pattern %s", pattern);
}

bool tavus_schema_string(tavus_schema_walk *w, int schema, int value,
                         const tavus_place *at) {
  lua_State *L = w->L;
  size_t length;
  const char *text = lua_tolstring(L, value, &length);
  lua_Number characters = 0;
  char digits[TAVUS_NUMBER_SIZE];
  bool fits = true;
  for (size_t i = 0; i < length; i++) characters += (text[i] & 0xC0) != 0x80;
  w->work -= (int64_t)length;
  if (tavus_schema_get(L, schema, "minLength", LUA_TNUMBER)) {
    if (characters < lua_tonumber(L, -1))
      fits = tavus_schema_fail(w, "length", at, "must have at least %s characters",
                               tavus_number(digits, L));
    lua_pop(L, 1);
  }
  if (tavus_schema_get(L, schema, "maxLength", LUA_TNUMBER)) {
    if (characters > lua_tonumber(L, -1))
      fits = tavus_schema_fail(w, "length", at, "must have at most %s characters",
                               tavus_number(digits, L));
    lua_pop(L, 1);
  }
  int top = lua_gettop(L);
  lua_pushvalue(L, value);
  if (tavus_schema_get(L, schema, "pattern", LUA_TSTRING) && !fits_pattern(w, at))
    fits = false;
  lua_settop(L, top);
  return fits;
}
