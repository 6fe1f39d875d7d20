/* describe.h - the contract as Lua tables, from which the client's methods, the sandbox,
** the editor types and the reference are made. */
#ifndef TAVUS_CONTRACT_DESCRIBE_H
#define TAVUS_CONTRACT_DESCRIBE_H

#include "../compat.h"

/* Pushes { resources =, json_schema =, errors =, kinds = }, a new table each time. Returns
** 1. The words of operations are explained in contract.h; spec/contract/tables_spec.lua
** shows all members. */
int tavus_describe(lua_State *L);

/* Pushes a part: a resource by the name of its collection or of its twin, the rows of
** "errors", or the fields of "json_schema"; else nil. Returns 1. */
int tavus_describe_part(lua_State *L, const char *name);

/* Pushes an array of the names of all collections and of their twins. Returns 1. */
int tavus_describe_collections(lua_State *L);

#endif
