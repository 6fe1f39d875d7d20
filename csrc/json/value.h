/* value.h - what a Lua value means in JSON: array marks, copy, equality.
**
** Marks. A table is marked an array or an object by its metatable. Which
** tables those are is kept once a VM, in two values made by tavus_json_new and
** given to every C function of the core as its upvalues 1 and 2:
**   upvalue 1  a userdata that holds a tavus_marks: the identities
**              (lua_topointer) of the metatables, so that looking at a mark is
**              one lua_getmetatable and pointer comparisons;
**   upvalue 2  the marks table: the same metatables as values, which keeps
**              them alive (and their identities true), and the scratch buffer.
** core.c does:
**   lua_newtable(L);                        the module
**   tavus_marks *marks = tavus_json_new(L); pushes upvalue 1 and upvalue 2
**   luaL_setfuncs for its own functions, with copies of the two as upvalues 1, 2
**   tavus_json_install(L, module_index);    pops them, adds ours
*/
#ifndef TAVUS_JSON_VALUE_H
#define TAVUS_JSON_VALUE_H

#include "buffer.h"

/* Where the two values are in every function of the core. */
#define TAVUS_MARKS_UPVALUE 1
#define TAVUS_MARKS_TABLE 2
#define tavus_marks_here(L) \
  ((tavus_marks *)lua_touserdata((L), lua_upvalueindex(TAVUS_MARKS_UPVALUE)))
#define tavus_marks_table lua_upvalueindex(TAVUS_MARKS_TABLE)

/* Slots of the marks table. */
enum {
  TAVUS_SLOT_ARRAY = 1,   /* the metatable our arrays get */
  TAVUS_SLOT_OBJECT,      /* the metatable our objects get */
  TAVUS_SLOT_SCRATCH,     /* the free scratch buffer, or false */
  TAVUS_SLOT_OWN_ARRAY,   /* the array metatable before use_marks */
  TAVUS_SLOT_EMPTY_ARRAY, /* cjson.empty_array_mt, or false */
  TAVUS_SLOT_LIST,        /* the metatable of patches, or false */
  TAVUS_SLOT_MODULE       /* the core module, or false */
};

/* Identities to compare with; NULL where there is none. */
typedef struct tavus_marks {
  const void *array;       /* ours, or cjson.array_mt */
  const void *own_array;   /* ours, from before use_marks */
  const void *object;      /* ours */
  const void *list;        /* of patches, which are arrays with methods */
  const void *empty_array; /* cjson.empty_array_mt: an array when empty */
  const void *empty_value; /* cjson.empty_array, a light userdata: [] */
} tavus_marks;

typedef enum tavus_mark {
  TAVUS_UNMARKED,
  TAVUS_ARRAY,
  TAVUS_OBJECT,
  TAVUS_EMPTY_ARRAY /* an array if the table is empty, else unmarked */
} tavus_mark;

/* Pushes the state userdata and the marks table (upvalues 1 and 2). */
tavus_marks *tavus_json_new(lua_State *L);

/* Takes the two values off the top and adds to the module at `module`: null,
** max_depth (of nesting, TAVUS_JSON_DEPTH), array_mt, object_mt, array, object,
** is_array, use_marks, decode, reader, copy, equal. */
void tavus_json_install(lua_State *L, int module);

/* The mark of the table at `index`. Calls no metamethod, leaves no value; it
** and tavus_is_array want three free stack slots. */
tavus_mark tavus_mark_of(lua_State *L, int index, const tavus_marks *marks);

/* The one rule for free-form tables: is the table at `index` an array? By its
** mark, else when it is a non-empty sequence (its [1] is not nil); an empty
** unmarked table is an object. Holes and foreign keys are the caller's. */
bool tavus_is_array(lua_State *L, int index, const tavus_marks *marks);

/* Is the value at `index` JSON null: lightuserdata NULL? */
static inline bool tavus_is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA &&
         lua_touserdata(L, index) == NULL;
}

/* Is the value at `index` cjson's empty_array, which stands for []? */
static inline bool tavus_is_empty_value(lua_State *L, int index,
                                        const tavus_marks *marks) {
  return marks->empty_value != NULL &&
         lua_type(L, index) == LUA_TLIGHTUSERDATA &&
         lua_touserdata(L, index) == marks->empty_value;
}

#endif
