/* write.h - JSON text of strings and numbers, appended to a buffer.
** Every function may raise "not enough memory". */
#ifndef TAVUS_JSON_WRITE_H
#define TAVUS_JSON_WRITE_H

#include "buffer.h"

/* Appends `text` as a JSON string with its quotes and checks its UTF-8 in the
** same pass. False: it is no UTF-8, the buffer is as before, and *bad_offset
** (when not NULL) is the zero-based offset of the first bad sequence. */
bool tavus_write_string(lua_State *L, tavus_buffer *buffer, const char *text,
                        size_t length, size_t *bad_offset);

/* Appends an integer, exactly. */
void tavus_write_integer(lua_State *L, tavus_buffer *buffer, int64_t value);

/* Appends the number at `index` (of Lua type number), integer or float. False:
** it is NaN or infinite and nothing was appended. */
bool tavus_write_lua_number(lua_State *L, tavus_buffer *buffer, int index);

#endif
