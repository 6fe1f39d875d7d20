/* lock.h - who may write a file: one sandbox at a time. */
#ifndef TAVUS_SANDBOX_LOCK_H
#define TAVUS_SANDBOX_LOCK_H

#include "server.h"

/* lock(path) --> lock | nil, message
** lock:path() --> the file's full name, with no link in it
** lock:release() */
int tavus_sandbox_lock(lua_State *L);

/* Makes the metatable of locks. */
void tavus_sandbox_lock_open(lua_State *L);

#endif
