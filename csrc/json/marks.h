/* marks.h - what a Lua table means in JSON.
**
** A table is marked as an array or as an object by its metatable. Each VM has one
** set of such metatables. Two values hold it, and every C function of the core has
** them as its upvalues:
**   1  a userdata with a tavus_marks: the identities (lua_topointer) of the
**      metatables, so that finding a mark takes one lua_getmetatable;
**   2  the marks table: the metatables themselves, which keeps them alive and
**      their identities valid, and the scratch buffer.
** The metatable of a list with methods of its own (a patch) has the address of the
** tavus_marks as a key, so that there may be any number of them. */
#ifndef TAVUS_JSON_MARKS_H
#define TAVUS_JSON_MARKS_H

#include "../compat.h"

/* Deepest nesting of arrays and objects: in reading, in writing and in copies. */
#define TAVUS_JSON_DEPTH 128
#define TAVUS_JSON_TOO_DEEP "nested deeper than " TAVUS_DIGITS(TAVUS_JSON_DEPTH) " levels"
#define TAVUS_JSON_NO_STACK "nested too deep for the Lua stack that is left"

/* The upvalues. */
#define TAVUS_MARKS_UPVALUE 1
#define TAVUS_MARKS_TABLE 2
#define tavus_marks_here(L)                                                              \
  ((tavus_marks *)lua_touserdata((L), lua_upvalueindex(TAVUS_MARKS_UPVALUE)))
#define tavus_marks_table lua_upvalueindex(TAVUS_MARKS_TABLE)

/* Slots of the marks table. */
enum {
  TAVUS_SLOT_ARRAY = 1,   /* the metatable that new arrays get */
  TAVUS_SLOT_OBJECT,      /* the metatable that new objects get */
  TAVUS_SLOT_SCRATCH,     /* the free scratch buffer, or false */
  TAVUS_SLOT_OWN_ARRAY,   /* the array metatable before use_marks */
  TAVUS_SLOT_EMPTY_ARRAY, /* cjson.empty_array_mt, or false */
  TAVUS_SLOT_MODULE       /* the core module, or false */
};

/* Identities of the marks; NULL: there is no such mark. */
typedef struct tavus_marks {
  const void *array;       /* what new arrays get: ours, or cjson.array_mt */
  const void *own_array;   /* what they got before use_marks */
  const void *object;      /* ours */
  const void *empty_array; /* cjson.empty_array_mt: an array when empty */
  const void *empty_value; /* cjson.empty_array, a light userdata: [] */
} tavus_marks;

typedef enum tavus_mark {
  TAVUS_UNMARKED,
  TAVUS_ARRAY,
  TAVUS_OBJECT,
  TAVUS_EMPTY_ARRAY /* an array if the table is empty, else unmarked */
} tavus_mark;

/* Returns the mark of the table at `index`. This and the two functions below call
** no metamethod, leave the stack as it is, and need three free slots. */
tavus_mark tavus_mark_of(lua_State *L, int index, const tavus_marks *marks);

/* Is the table at `index`, in free form, an array? An unmarked table is an array
** when its [1] is not nil; an empty one is an object. The caller looks for holes
** and for keys that fit neither. */
bool tavus_is_array(lua_State *L, int index, const tavus_marks *marks);

/* Has the table at `index` any member? */
bool tavus_has_members(lua_State *L, int index);

/* Is the value at `index` JSON null: lightuserdata NULL? */
static inline bool tavus_is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}

/* Is the value at `index` cjson.empty_array? */
static inline bool tavus_is_empty_value(lua_State *L, int index,
                                        const tavus_marks *marks) {
  return marks->empty_value != NULL && lua_type(L, index) == LUA_TLIGHTUSERDATA &&
         lua_touserdata(L, index) == marks->empty_value;
}

#endif
