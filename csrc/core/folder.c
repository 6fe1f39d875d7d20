/* folder.c - list_dir, make_dir and is_terminal, see files.h. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define FOLDER_TYPE "tavus.core.folder"

/* A userdata owns the open folder, so that no error leaks it. */
static void close_folder(DIR **folder) {
  if (*folder != NULL) (void)closedir(*folder);
  *folder = NULL;
}

static int folder_gc(lua_State *L) {
  close_folder((DIR **)luaL_checkudata(L, 1, FOLDER_TYPE));
  return 0;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the strings of the array on the top of the stack. */
static void sort_names(lua_State *L, size_t count) {
  int names = lua_gettop(L);
  const char **order = (const char **)lua_newuserdata(L, (count + 1) * sizeof *order);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, names, (int)i + 1);
    order[i] = lua_tostring(L, -1); /* alive: the array holds it */
    lua_pop(L, 1);
  }
  qsort(order, count, sizeof *order, by_bytes);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushstring(L, order[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

int tavus_core_list_dir(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  size_t count = 0;
  lua_settop(L, 1);
  DIR **folder = (DIR **)lua_newuserdata(L, sizeof *folder);
  *folder = NULL;
  luaL_setmetatable(L, FOLDER_TYPE);
  lua_newtable(L);
  *folder = opendir(path);
  if (*folder != NULL) {
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(*folder)) != NULL) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      lua_pushstring(L, entry->d_name);
      lua_rawseti(L, 3, (int)++count);
    }
  }
  int error = errno;
  close_folder(folder);
  if (error != 0) {
    lua_pushnil(L);
    lua_pushfstring(L, "cannot read the folder '%s': %s", path, strerror(error));
    return 2;
  }
  sort_names(L, count);
  return 1;
}

int tavus_core_make_dir(lua_State *L) {
  struct stat found;
  const char *path = luaL_checkstring(L, 1);
  int error = mkdir(path, 0777) == 0 ? 0 : errno;
  if (error == EEXIST && stat(path, &found) == 0 && S_ISDIR(found.st_mode)) error = 0;
  if (error == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushfstring(L, "cannot make the folder '%s': %s", path, strerror(error));
  return 2;
}

int tavus_core_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

void tavus_core_files_open(lua_State *L) {
  if (luaL_newmetatable(L, FOLDER_TYPE)) {
    lua_pushcfunction(L, folder_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
  tavus_core_lock_open(L);
}
