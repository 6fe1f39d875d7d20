/* nearest.c - see nearest.h. */
#include "nearest.h"

#define LONGEST 64 /* longer names are never near */

size_t tavus_distance(const char *a, size_t a_length, const char *b, size_t b_length,
                      size_t limit) {
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

/* Writes a name for comparison: lower case, without `_`, `-` and spaces. Returns its
** length; a longer name is cut to LONGEST + 1 bytes. */
static size_t fold(char *out, const char *name, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length && n <= LONGEST; i++) {
    if (name[i] == '_' || name[i] == '-' || name[i] == ' ') continue;
    out[n++] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 0x20) : name[i];
  }
  return n;
}

bool tavus_same_name(const char *a, size_t a_length, const char *b, size_t b_length) {
  char left[LONGEST + 1], right[LONGEST + 1];
  size_t n = fold(left, a, a_length), m = fold(right, b, b_length);
  return n > 0 && n == m && n <= LONGEST && memcmp(left, right, n) == 0;
}

/* The largest distance at which names of that length are near. */
static size_t allowance(size_t length) { return length < 6 ? 1 : length < 9 ? 2 : 3; }

size_t tavus_nearness(const char *name, size_t length, const char *known,
                      size_t known_length) {
  size_t limit = allowance(known_length < length ? known_length : length);
  char folded[2][LONGEST + 1];
  size_t distance = tavus_distance(folded[0], fold(folded[0], name, length), folded[1],
                                   fold(folded[1], known, known_length), limit);
  if (distance <= limit) return distance;
  const char *small = name, *large = known;
  size_t n = length, m = known_length;
  if (n > m) {
    small = known, large = name;
    n = known_length, m = length;
  }
  if (n < 4 || n == m) return SIZE_MAX;
  bool head = memcmp(small, large, n) == 0 && (large[n] == '_' || large[n] == '-');
  bool tail = memcmp(small, large + (m - n), n) == 0 &&
              (large[m - n - 1] == '_' || large[m - n - 1] == '-');
  return head || tail ? limit + 1 + (m - n) : SIZE_MAX;
}

bool tavus_push_nearest(lua_State *L, int index, const char *name, size_t length) {
  luaL_checkstack(L, 8, "nearest name");
  lua_pushnil(L); /* the best key */
  int best = lua_gettop(L);
  size_t least = SIZE_MAX;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    size_t known_length;
    const char *known = lua_tolstring(L, -1, &known_length);
    size_t n = tavus_nearness(name, length, known, known_length);
    if (n < least ||
        (n == least && n != SIZE_MAX && strcmp(known, lua_tostring(L, best)) < 0)) {
      least = n;
      lua_pushvalue(L, -1);
      lua_replace(L, best);
    }
  }
  return least != SIZE_MAX;
}
