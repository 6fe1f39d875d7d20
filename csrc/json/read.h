/* read.h - JSON text to Lua values. */
#ifndef TAVUS_JSON_READ_H
#define TAVUS_JSON_READ_H

#include "../compat.h"

/* Deepest nesting of arrays and objects, in reading as in writing. */
#define TAVUS_JSON_DEPTH 128

/* Why and where a text is no JSON. `message` is constant text; `line` and
** `column` count from 1, columns in bytes; `offset` counts bytes from 0. */
typedef struct tavus_json_error {
  const char *message;
  size_t offset;
  size_t line;
  size_t column;
} tavus_json_error;

/* Reads one JSON text and pushes its value. True: one value was pushed. False:
** nothing was pushed and *error says why.
** `text` must stay where it is and text[length] must be '\0', as in every Lua
** string. `marks` is the stack or upvalue index of the marks table
** (value.h): arrays get its array metatable. Never raises for bad input;
** memory errors jump and leave nothing behind. */
bool tavus_json_read(lua_State *L, const char *text, size_t length, int marks,
                     tavus_json_error *error);

/* decode(text) --> value | nil, { message=, line=, column=, position= }
** `position` is the one-based byte. Upvalues as in value.h. */
int tavus_json_decode(lua_State *L);

/* Pushes decode as tavus.http takes it (reader.h); `marks` as above. */
void tavus_json_push_reader(lua_State *L, int marks);

#endif
