/* names.h - the names of members that were read last, as strings of the VM.
**
** Nearly every name of an answer stood in the answers before it. Finding it
** among them costs less than half of what Lua needs to find it among all its
** strings. Names alone are kept, a few hundred short ones; never a value.
*/
#ifndef TAVUS_JSON_NAMES_H
#define TAVUS_JSON_NAMES_H

#include "../compat.h"

#define TAVUS_NAMES 256
#define TAVUS_NAME_LENGTH ((size_t)32)

/* What a place of the list holds; its string is at that place of the table. */
typedef struct tavus_names {
  struct {
    const char *text; /* the string's own bytes */
    size_t length;    /* 0: the place is empty */
  } known[TAVUS_NAMES];
} tavus_names;

/* Pushes a new list, and the table that keeps its strings alive. */
tavus_names *tavus_names_new(lua_State *L);

/* Which place a name of 1 to TAVUS_NAME_LENGTH bytes has. */
static inline unsigned tavus_names_place(const char *text, size_t length) {
  const unsigned char *at = (const unsigned char *)text;
  unsigned hash = at[0] * 173u + at[length / 3] * 251u + at[length / 2] * 103u +
                  at[length - 1] * 241u + (unsigned)length * 177u;
  return (hash ^ hash >> 8) % TAVUS_NAMES;
}

/* Pushes the string of these bytes; `table` is the list's. */
static inline void tavus_names_push(lua_State *L, tavus_names *names, int table,
                                    const char *text, size_t length) {
  if (length - 1 >= TAVUS_NAME_LENGTH) {
    lua_pushlstring(L, text, length);
    return;
  }
  unsigned place = tavus_names_place(text, length);
  if (names->known[place].length == length &&
      memcmp(names->known[place].text, text, length) == 0) {
    lua_rawgeti(L, table, (int)place + 1);
    return;
  }
  lua_pushlstring(L, text, length);
  /* the table has all its places: from here on nothing can fail */
  lua_pushvalue(L, -1);
  lua_rawseti(L, table, (int)place + 1);
  names->known[place].text = lua_tolstring(L, -1, NULL);
  names->known[place].length = length;
}

#endif
