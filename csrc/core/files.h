/* files.h - functions of tavus.core that the io library lacks: atomic writes, locks,
** folders, terminals. */
#ifndef TAVUS_CORE_FILES_H
#define TAVUS_CORE_FILES_H

#include "../compat.h"

/* save(path, text) --> true | nil, message
**
** Replaces a file as a whole or not at all. The text is on the disk when it returns true.
** Only the owner may read a new file; an existing one keeps its permissions. */
int tavus_core_save(lua_State *L);

/* lock(path [, seconds]) --> lock | nil, message
**
** Locks a file; waits at most `seconds` (0.5). One process holds the lock, until it ends.
** lock:path() is the full name of the file, without links; lock:release(), __gc and
** __close release the lock. */
int tavus_core_lock(lua_State *L);

/* list_dir(path) --> array of the names in a folder | nil, message
**
** The names are sorted by bytes, without "." and "..". */
int tavus_core_list_dir(lua_State *L);

/* make_dir(path) --> true | nil, message
**
** Makes a folder; its parent must exist. A folder that is there already is fine. */
int tavus_core_make_dir(lua_State *L);

/* is_terminal(descriptor) --> boolean
**
** 0 is standard input, 1 standard output, 2 standard error. */
int tavus_core_is_terminal(lua_State *L);

/* Makes the metatables of locks and open folders. */
void tavus_core_files_open(lua_State *L);

/* Makes the metatable of locks. */
void tavus_core_lock_open(lua_State *L);

/* Pushes nil and "cannot write 'path': reason". Returns 2. */
int tavus_core_cannot_write(lua_State *L, const char *path, const char *reason);

/* Pushes the name of the folder of a file, and returns it. */
const char *tavus_core_folder(lua_State *L, const char *path);

#endif
