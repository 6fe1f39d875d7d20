/* buffer.h - a byte buffer that lives in a userdata of the VM.
**
** Unlike the leaves of this folder (number, utf8, scan, pointer) it needs Lua: its
** memory comes from the VM's allocator, so that a host's limit counts it, and
** belongs to the userdata, so that a raised error leaks nothing. It may hold
** secrets: bytes are overwritten when the buffer grows, is released and is freed.
** Every function here may raise an error of memory.
*/
#ifndef TAVUS_JSON_BUFFER_H
#define TAVUS_JSON_BUFFER_H

#include "../compat.h"

/* Only the functions below change a buffer, but a caller may lower `length`.
** `data` may move whenever bytes are added. */
typedef struct tavus_buffer {
  char *data;
  size_t length;
  size_t capacity;
  bool finalized; /* __gc has run, since the VM is closing: keep no memory */
} tavus_buffer;

/* A scratch buffer of a larger capacity is freed after use. */
#define TAVUS_SCRATCH_KEPT ((size_t)64 * 1024)

/* Pushes a new empty buffer; it is valid while its userdata is reachable. */
tavus_buffer *tavus_buffer_new(lua_State *L);

/* Pushes an empty buffer: the VM's scratch buffer, or a new one while that is in
** use, as by an interrupted function or a finalizer. `marks` is the stack or
** upvalue index of the marks table (marks.h). */
tavus_buffer *tavus_buffer_take(lua_State *L, int marks);

/* Overwrites the buffer at stack index `index` and makes it the scratch buffer. The
** userdata stays on the stack, but the caller may not use it any more. */
void tavus_buffer_release(lua_State *L, int marks, int index);

/* Makes room for `extra` more bytes and returns a pointer to it. */
char *tavus_buffer_grow(lua_State *L, tavus_buffer *buffer, size_t extra);

/* Like tavus_buffer_grow, but cheap when there is room. The caller writes at most
** `extra` bytes there and then adds their number to `buffer->length`. Always leaves
** one spare byte, so the returned pointer is valid for an empty buffer. */
static inline char *tavus_buffer_reserve(lua_State *L, tavus_buffer *buffer,
                                         size_t extra) {
  if (buffer->capacity - buffer->length > extra) return buffer->data + buffer->length;
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
static inline void tavus_buffer_byte(lua_State *L, tavus_buffer *buffer, char byte) {
  *tavus_buffer_reserve(L, buffer, 1) = byte;
  buffer->length++;
}

/* Pushes the content as a Lua string. */
static inline void tavus_buffer_push(lua_State *L, const tavus_buffer *buffer) {
  lua_pushlstring(L, buffer->length > 0 ? buffer->data : "", buffer->length);
}

#endif
