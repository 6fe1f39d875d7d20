/* describe.h - the contract as Lua tables, from which the client's methods, the sandbox,
** the editor types and the reference are made. */
#ifndef TAVUS_CONTRACT_DESCRIBE_H
#define TAVUS_CONTRACT_DESCRIBE_H

#include "../compat.h"

/* Pushes { resources =, json_schema =, errors =, kinds = }, a new table each time. Returns 1. The words
** of operations are explained in contract.h; spec/contract/tables_spec.lua shows all
** members. */
int tavus_describe(lua_State *L);

#endif
