/* deep.h - deep copies and deep comparison of Lua values, for Lua.
**
** Both use raw access only. Both stop at a cycle, at a nesting that is too deep and
** at a value that is too large, and return nil and a message then. Upvalues as in
** marks.h. */
#ifndef TAVUS_JSON_DEEP_H
#define TAVUS_JSON_DEEP_H

#include "../compat.h"

/* copy(value) --> value | nil, message
** The tables of a copy are new. Array marks, object marks and null stay; other
** metatables, such as those of builders, do not. cjson.empty_array becomes an empty
** array. */
int tavus_json_copy(lua_State *L);

/* equal(a, b) --> boolean | nil, message
** Compares as JSON does: numbers by value, arrays never equal to objects, members
** in any order. */
int tavus_json_equal(lua_State *L);

#endif
