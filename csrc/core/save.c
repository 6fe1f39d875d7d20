/* save.c - save, see files.h. The text is written to a new file beside the old one, which
** is fsynced and then renamed. The directory is fsynced before success is returned. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static bool write_all(int file, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(file, text, length);
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    text += written;
    length -= (size_t)written;
  }
  return true;
}

/* Syncs and closes the file. errno is that of the first failure. */
static bool finish(int file, bool done) {
  if (done) done = fsync(file) == 0;
  int error = errno;
  if (close(file) != 0 && done) return false;
  errno = error;
  return done;
}

/* Syncs a folder. A file system that cannot do this has the right name anyway. */
static void sync_folder(const char *folder) {
  int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  (void)fsync(file);
  (void)close(file);
}

int tavus_core_cannot_write(lua_State *L, const char *path, const char *reason) {
  lua_pushnil(L);
  lua_pushfstring(L, "cannot write '%s': %s", path, reason);
  return 2;
}

const char *tavus_core_folder(lua_State *L, const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    lua_pushliteral(L, ".");
  else
    lua_pushlstring(L, path, slash == path ? 1 : (size_t)(slash - path));
  return lua_tostring(L, -1);
}

static int failed(lua_State *L, const char *path, int error) {
  return tavus_core_cannot_write(L, path, strerror(error));
}

/* Gives the new file the permissions of the old one. Without an old one only the owner
** may read it, since it may hold keys. */
static bool open_to_the_same(int file, const char *path) {
  struct stat old;
  if (stat(path, &old) != 0) return true;
  return fchmod(file, old.st_mode & 0777) == 0;
}

int tavus_core_save(lua_State *L) {
  size_t length;
  const char *path = luaL_checkstring(L, 1);
  const char *text = luaL_checklstring(L, 2, &length);
  lua_settop(L, 2);
  const char *fresh = lua_pushfstring(L, "%s.new", path);
  const char *folder = tavus_core_folder(L, path);

  /* rename() does not check whether the old file may be written. */
  if (access(path, W_OK) != 0 && errno != ENOENT) return failed(L, path, errno);
  /* Removes what a crash left. O_EXCL refuses a file or link of another program. */
  (void)unlink(fresh);
  int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(L, path, errno);
  if (!finish(file, write_all(file, text, length) && open_to_the_same(file, path)) ||
      rename(fresh, path) != 0) {
    int error = errno;
    (void)unlink(fresh);
    return failed(L, path, error);
  }
  sync_folder(folder);
  lua_pushboolean(L, 1);
  return 1;
}
