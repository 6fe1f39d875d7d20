/* reader.h - how tavus.http has JSON read that lies in its own memory, so that
** an answer never becomes a Lua string first.
**
** The two shared objects do not link each other. The core's `reader` is a
** userdata that holds a tavus_reader; its metatable is TAVUS_READER, and its
** user value is the state that the function wants. */
#ifndef TAVUS_JSON_READER_H
#define TAVUS_JSON_READER_H

#include "../compat.h"

#define TAVUS_READER "tavus.core.reader"

typedef struct tavus_reader {
  /* Pushes what core.decode returns for the text, and returns how many values
  ** that are: the value, or nil and a problem. text[length] must be '\0';
  ** `state` is a stack index. Memory errors jump. */
  int (*decode)(lua_State *L, const char *text, size_t length, int state);
} tavus_reader;

#endif
