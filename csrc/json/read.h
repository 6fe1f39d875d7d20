/* read.h - JSON text to Lua values. */
#ifndef TAVUS_JSON_READ_H
#define TAVUS_JSON_READ_H

#include "../compat.h"

/* Deepest nesting of arrays and objects: in reading, in writing and in copies. */
#define TAVUS_JSON_DEPTH 128

/* decode(text) --> value | nil, { message=, line=, column=, position= }
** `position` is the one-based byte. Upvalues as in value.h. */
int tavus_json_decode(lua_State *L);

/* Pushes decode as tavus.http takes it (reader.h). `marks` is the stack index of
** the marks table. */
void tavus_json_push_reader(lua_State *L, int marks);

#endif
