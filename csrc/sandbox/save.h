/* save.h - a file that is replaced as a whole or not at all. */
#ifndef TAVUS_SANDBOX_SAVE_H
#define TAVUS_SANDBOX_SAVE_H

#include "server.h"

/* save(path, text) --> true | nil, message
** When it returns true, the text is on the disk. */
int tavus_sandbox_save(lua_State *L);

/* Pushes nil and "cannot write 'path': reason", and returns 2. */
int tavus_sandbox_cannot_write(lua_State *L, const char *path, const char *reason);

/* Pushes the name of the folder that a file is in, and returns it. */
const char *tavus_sandbox_folder(lua_State *L, const char *path);

#endif
