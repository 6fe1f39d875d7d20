/* write.h - appends strings and numbers to a buffer as JSON. Every function may
** raise an error of memory. */
#ifndef TAVUS_JSON_WRITE_H
#define TAVUS_JSON_WRITE_H

#include "buffer.h"

/* Appends `text` as a JSON string in quotes. Returns false when it is not UTF-8: the
** buffer is unchanged then, and *bad_offset (unless it is NULL) is the offset of the
** first invalid sequence, from 0. */
bool tavus_write_string(lua_State *L, tavus_buffer *buffer, const char *text,
                        size_t length, size_t *bad_offset);

/* Appends an integer. */
void tavus_write_integer(lua_State *L, tavus_buffer *buffer, int64_t value);

/* Appends the Lua number at `index`, integer or float. Returns false and appends
** nothing when it is NaN or infinite. */
bool tavus_write_lua_number(lua_State *L, tavus_buffer *buffer, int index);

#endif
