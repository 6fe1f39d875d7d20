/* describe.h - the contract as Lua tables, for what is made from it: the client's
** methods, the sandbox, the editor types. */
#ifndef TAVUS_CHECK_DESCRIBE_H
#define TAVUS_CHECK_DESCRIBE_H

#include "../compat.h"

/* Pushes { resources =, errors =, kinds = }, a fresh table each time, and returns
** 1. spec/contract/tables_spec.lua shows what is in it. */
int tavus_describe(lua_State *L);

#endif
