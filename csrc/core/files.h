/* files.h - what Lua lacks for files that several programs use: whole writes,
** locks, folders, terminals. The functions are those of tavus.core. */
#ifndef TAVUS_CORE_FILES_H
#define TAVUS_CORE_FILES_H

#include "../compat.h"

/* save(path, text) --> true | nil, message
**
** Replaces a file as a whole or not at all. When it returns true, the text is
** on the disk. A new file is readable by its owner only; an existing one keeps
** its permissions. */
int tavus_core_save(lua_State *L);

/* lock(path [, seconds]) --> lock | nil, message
**
** Waits `seconds` (0.5) at most for a lock beside the file, which one process
** holds at a time and loses when it dies. lock:path() is the file's full name,
** with no link in it; lock:release(), __gc and __close let go of it. */
int tavus_core_lock(lua_State *L);

/* list_dir(path) --> array of the names in a folder, sorted by bytes, without
** "." and ".." | nil, message */
int tavus_core_list_dir(lua_State *L);

/* is_terminal(descriptor) --> boolean: 0 is standard input, 1 output, 2 error */
int tavus_core_is_terminal(lua_State *L);

/* Makes the metatables of locks and open folders. */
void tavus_core_files_open(lua_State *L);

/* Makes the metatable of locks. */
void tavus_core_lock_open(lua_State *L);

/* Pushes nil and "cannot write 'path': reason", and returns 2. */
int tavus_core_cannot_write(lua_State *L, const char *path, const char *reason);

/* Pushes the name of the folder that a file is in, and returns it. */
const char *tavus_core_folder(lua_State *L, const char *path);

#endif
