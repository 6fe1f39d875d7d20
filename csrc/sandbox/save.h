/* save.h - a file that is replaced as a whole or not at all. */
#ifndef TAVUS_SANDBOX_SAVE_H
#define TAVUS_SANDBOX_SAVE_H

#include "server.h"

/* save(path, text) --> true | nil, message */
int tavus_sandbox_save(lua_State *L);

#endif
