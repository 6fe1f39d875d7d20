/* buffer.c - see buffer.h. A block from the VM's allocator that a userdata owns, as
** in lauxlib. */
#include "buffer.h"

#include "marks.h"

#define FIRST_CAPACITY ((size_t)1024)

/* The address of this is the registry key of the buffers' metatable. */
static const char metatable_key = 'b';

/* Overwrites `length` bytes; a compiler may not leave it out. */
static void wipe(void *bytes, size_t length) {
  if (length == 0) return;
  memset(bytes, 0, length);
  __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

/* Overwrites and frees the memory. */
static void discard(lua_State *L, tavus_buffer *buffer) {
  void *context;
  lua_Alloc allocate = lua_getallocf(L, &context);
  char *data = buffer->data;
  size_t capacity = buffer->capacity;
  buffer->data = NULL;
  buffer->length = 0;
  buffer->capacity = 0;
  if (data == NULL) return;
  wipe(data, capacity);
  (void)allocate(context, data, capacity, 0);
}

/* __gc */
static int buffer_gc(lua_State *L) {
  tavus_buffer *buffer = (tavus_buffer *)lua_touserdata(L, 1);
  if (buffer == NULL || lua_rawlen(L, 1) != sizeof *buffer) return 0;
  discard(L, buffer);
  buffer->finalized = true; /* another finalizer may still encode with it */
  return 0;
}

tavus_buffer *tavus_buffer_new(lua_State *L) {
  luaL_checkstack(L, 4, "buffer");
  tavus_buffer *buffer = (tavus_buffer *)lua_newuserdata(L, sizeof(tavus_buffer));
  memset(buffer, 0, sizeof *buffer);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
  }
  lua_setmetatable(L, -2);
  return buffer;
}

tavus_buffer *tavus_buffer_take(lua_State *L, int marks) {
  luaL_checkstack(L, 2, "buffer");
  lua_rawgeti(L, marks, TAVUS_SLOT_SCRATCH);
  tavus_buffer *buffer = (tavus_buffer *)lua_touserdata(L, -1);
  if (buffer == NULL) {
    lua_pop(L, 1);
    return tavus_buffer_new(L);
  }
  lua_pushboolean(L, 0);
  lua_rawseti(L, marks, TAVUS_SLOT_SCRATCH);
  return buffer;
}

void tavus_buffer_release(lua_State *L, int marks, int index) {
  tavus_buffer *buffer = (tavus_buffer *)lua_touserdata(L, index);
  if (buffer->capacity > TAVUS_SCRATCH_KEPT || buffer->finalized)
    discard(L, buffer);
  else
    wipe(buffer->data, buffer->length);
  buffer->length = 0;
  lua_pushvalue(L, index);
  lua_rawseti(L, marks, TAVUS_SLOT_SCRATCH);
}

char *tavus_buffer_grow(lua_State *L, tavus_buffer *buffer, size_t extra) {
  if (buffer->capacity - buffer->length <= extra) {
    void *context;
    lua_Alloc allocate = lua_getallocf(L, &context);
    size_t capacity = buffer->capacity;
    if (extra > SIZE_MAX / 2 - buffer->length) tavus_no_memory(L);
    capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity * 2;
    if (capacity <= buffer->length + extra) capacity = buffer->length + extra + 1;
    /* A new block instead of a resized one, so that the old one is overwritten. */
    char *data = (char *)allocate(context, NULL, 0, capacity);
    if (data == NULL) tavus_no_memory(L);
    size_t length = buffer->length;
    if (length > 0) memcpy(data, buffer->data, length);
    discard(L, buffer);
    buffer->data = data;
    buffer->length = length;
    buffer->capacity = capacity;
  }
  return buffer->data + buffer->length;
}
