/* buffer.h - a byte buffer that lives in a userdata of the VM.
**
** Its memory comes from the VM's allocator and belongs to the userdata, so an
** error that jumps away leaks nothing. It may hold secrets: the bytes are
** overwritten when the buffer grows, is released and is freed.
** Functions that take a lua_State may raise "not enough memory".
*/
#ifndef TAVUS_JSON_BUFFER_H
#define TAVUS_JSON_BUFFER_H

#include "../compat.h"

/* Read `data` and `length` freely; change them only through the functions
** below (or by lowering `length`). `data` may move whenever bytes are added. */
typedef struct tavus_buffer {
  char *data;
  size_t length;
  size_t capacity;
  int finalized; /* its __gc has run (the VM is closing): keep no memory */
} tavus_buffer;

/* Capacity beyond which a scratch buffer is dropped after use. */
#define TAVUS_SCRATCH_KEPT ((size_t)64 * 1024)

/* Pushes a new empty buffer; it is valid while its userdata is reachable. */
tavus_buffer *tavus_buffer_new(lua_State *L);

/* Pushes an empty buffer, the VM's reusable one when it is free.
** `marks` is the stack or upvalue index of the marks table (see value.h).
** While it is in use it is in nobody's hands but the caller's, so a finalizer
** that encodes in the middle, or an error that jumps away, does no harm. */
tavus_buffer *tavus_buffer_take(lua_State *L, int marks);

/* Gives the buffer at stack index `index` back, wiped, to be taken again. The
** userdata stays on the stack; its pointer must not be used any more. */
void tavus_buffer_release(lua_State *L, int marks, int index);

/* Makes room for `extra` more bytes and returns where they go. */
char *tavus_buffer_grow(lua_State *L, tavus_buffer *buffer, size_t extra);

/* As tavus_buffer_grow, free when there is room. The caller writes at most
** `extra` bytes there and then says how many with `buffer->length += n`.
** A byte is always to spare: of an empty buffer nothing could be pointed at. */
static inline char *tavus_buffer_reserve(lua_State *L, tavus_buffer *buffer,
                                         size_t extra) {
  if (buffer->capacity - buffer->length > extra)
    return buffer->data + buffer->length;
  return tavus_buffer_grow(L, buffer, extra);
}

/* Appends `length` bytes. They must not lie in the buffer itself. */
static inline void tavus_buffer_append(lua_State *L, tavus_buffer *buffer,
                                       const char *bytes, size_t length) {
  if (length == 0) return;
  memcpy(tavus_buffer_reserve(L, buffer, length), bytes, length);
  buffer->length += length;
}

/* Appends one byte. */
static inline void tavus_buffer_byte(lua_State *L, tavus_buffer *buffer,
                                     char byte) {
  *tavus_buffer_reserve(L, buffer, 1) = byte;
  buffer->length++;
}

/* Pushes the content as a Lua string. */
static inline void tavus_buffer_push(lua_State *L, const tavus_buffer *buffer) {
  lua_pushlstring(L, buffer->length > 0 ? buffer->data : "", buffer->length);
}

#endif
