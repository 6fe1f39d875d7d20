/* json.h - what this folder adds to the module tavus.core. core.c calls
**
**   lua_newtable(L);                        the module
**   tavus_json_new(L);                      pushes the upvalues 1 and 2 of marks.h
**   luaL_setfuncs(...)                      its own functions, with copies of them
**   tavus_json_install(L, module_index);    pops both, adds the functions of JSON
*/
#ifndef TAVUS_JSON_JSON_H
#define TAVUS_JSON_JSON_H

#include "../compat.h"

/* Pushes the userdata and the table of the marks, see marks.h. */
void tavus_json_new(lua_State *L);

/* Pops these two values and adds to the module at `module`: null, max_depth,
** array_mt, object_mt, array, object, is_array, use_marks, decode, reader, copy,
** equal. */
void tavus_json_install(lua_State *L, int module);

#endif
