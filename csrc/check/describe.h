/* describe.h - the contract as Lua tables, for builders of documents. */
#ifndef TAVUS_CHECK_DESCRIBE_H
#define TAVUS_CHECK_DESCRIBE_H

#include "../compat.h"

/* contract() --> { resources =, errors = }: a fresh table each time. */
int tavus_describe(lua_State *L);

#endif
