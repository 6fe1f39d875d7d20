/* read.h - makes Lua values of JSON text: core.decode, and the reader for
** tavus.http. */
#ifndef TAVUS_JSON_READ_H
#define TAVUS_JSON_READ_H

#include "../compat.h"

/* decode(text) --> value | nil, { message=, line=, column=, position= }
** `position` is the byte, from 1. Upvalues as in marks.h. */
int tavus_json_decode(lua_State *L);

/* Pushes the reader for tavus.http (reader.h). `marks` is the stack index of the
** marks table. */
void tavus_json_push_reader(lua_State *L, int marks);

#endif
