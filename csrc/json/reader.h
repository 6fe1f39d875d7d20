/* reader.h - lets tavus.http read JSON from C memory, without making a Lua string of
** an answer first.
**
** The two shared objects do not link each other. The core has a userdata `reader`
** with a tavus_reader. Its metatable is TAVUS_READER, its user value is the `state`
** of the function. */
#ifndef TAVUS_JSON_READER_H
#define TAVUS_JSON_READER_H

#include "../compat.h"

#define TAVUS_READER "tavus.core.reader"

typedef struct tavus_reader {
  /* Pushes what core.decode returns for the text and returns the number of values:
  ** 1, or 2 for nil and a problem. text[length] must be '\0'; `state` is a stack
  ** index. May raise an error of memory. */
  int (*decode)(lua_State *L, const char *text, size_t length, int state);
} tavus_reader;

#endif
