/* lock.c - lock, see files.h. The lock is a flock() on a file beside the locked one,
** since that is replaced with each change. The kernel releases it when the process ends;
** a lock file that is left behind locks nothing. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

#define LOCK_TYPE "tavus.core.lock"
#define SUFFIX ".lock"

/* Default wait in seconds: a process that was just killed may still be ending. */
#define PATIENCE 0.5
/* Milliseconds between two attempts. */
enum { STEP = 10 };

/* The userdata. `file` is -1 while the lock is not held. */
typedef struct {
  int file;
  pid_t owner; /* the process that took it */
  size_t length;
  char path[]; /* of the locked file, `length` long; then the suffix */
} lock;

/* Writes the full name of a file, without links, into `full`. The folder must exist, the
** file need not. Returns NULL, or why the file cannot be used. */
static const char *find(lua_State *L, const char *path, char full[PATH_MAX]) {
  struct stat found;
  if (realpath(path, full) != NULL) {
    if (stat(full, &found) != 0) return strerror(errno);
    if (S_ISDIR(found.st_mode)) return strerror(EISDIR);
    return S_ISREG(found.st_mode) ? NULL : "it is not an ordinary file";
  }
  if (errno != ENOENT || *path == '\0') return strerror(errno);
  if (lstat(path, &found) == 0) return "it is a link to nothing";
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  if (*name == '\0') return strerror(ENOENT);
  if (realpath(tavus_core_folder(L, path), full) == NULL) return strerror(errno);
  size_t length = strlen(full);
  if (length + 1 + strlen(name) >= PATH_MAX) return strerror(ENAMETOOLONG);
  if (full[length - 1] != '/') full[length++] = '/';
  strcpy(full + length, name);
  return NULL;
}

/* Does the name still lead to the opened file? Another process may have removed the lock
** file in between. */
static bool is_at(int file, const char *path) {
  struct stat opened, named;
  return fstat(file, &opened) == 0 && stat(path, &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Takes the lock. Returns NULL, or why not. */
static const char *take(lock *held, double seconds) {
  const struct timespec pause = { .tv_nsec = 1000 * 1000 * STEP };
  for (;;) {
    held->file = open(held->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (held->file < 0) return strerror(errno);
    int error = flock(held->file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (error == 0 && is_at(held->file, held->path)) return NULL;
    close(held->file);
    held->file = -1;
    if (error == EWOULDBLOCK) {
      if (seconds <= 0) return "another process holds its lock";
      seconds -= STEP / 1e3;
      (void)nanosleep(&pause, NULL);
    } else if (error != 0 && error != EINTR) {
      return strerror(error);
    }
  }
}

static lock *check_lock(lua_State *L) { return luaL_checkudata(L, 1, LOCK_TYPE); }

/* lock:release(); __gc; __close. A forked child only closes the descriptor; its parent
** keeps the lock. */
static int lock_release(lua_State *L) {
  lock *held = check_lock(L);
  if (held->file < 0) return 0;
  if (held->owner == getpid()) (void)unlink(held->path);
  close(held->file);
  held->file = -1;
  return 0;
}

/* lock:path() --> string */
static int lock_path(lua_State *L) {
  const lock *held = check_lock(L);
  lua_pushlstring(L, held->path, held->length);
  return 1;
}

int tavus_core_lock(lua_State *L) {
  size_t length;
  char full[PATH_MAX];
  const char *path = luaL_checklstring(L, 1, &length);
  double seconds = (double)luaL_optnumber(L, 2, (lua_Number)PATIENCE);
  luaL_argcheck(L, strlen(path) == length, 1, "is not a file name");
  const char *reason = find(L, path, full);
  if (reason != NULL) return tavus_core_cannot_write(L, path, reason);
  length = strlen(full);
  lock *held = lua_newuserdata(L, sizeof *held + length + sizeof SUFFIX);
  held->file = -1;
  held->owner = getpid();
  held->length = length;
  memcpy(held->path, full, length);
  memcpy(held->path + length, SUFFIX, sizeof SUFFIX);
  luaL_setmetatable(L, LOCK_TYPE);
  reason = take(held, seconds);
  return reason == NULL ? 1 : tavus_core_cannot_write(L, path, reason);
}

void tavus_core_lock_open(lua_State *L) {
  static const luaL_Reg methods[] = { { "path", lock_path },
                                      { "release", lock_release },
                                      { NULL, NULL } };
  static const luaL_Reg meta[] = { { "__gc", lock_release },
                                   { "__close", lock_release },
                                   { NULL, NULL } };
  if (luaL_newmetatable(L, LOCK_TYPE)) {
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "tavus lock");
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}
