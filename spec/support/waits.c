/* waits.c - to be preloaded (LD_PRELOAD), and opened as a Lua module: tells whether the thread that asks for it makes a
** call of the system that may wait. What libcurl and the engine call is in the list.
**
** watch(yes)  begins, or ends for a while
** count()     --> calls that may wait, the first one's name (or nil), calls in all; since the last count() */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <lua.h>
#include <lauxlib.h>

static __thread int watching;
static __thread long waits, calls;
static __thread const char *first;

static void note(const char *name, int may_wait) {
  if (!watching) return;
  calls++;
  if (!may_wait) return;
  if (waits++ == 0) first = name;
}

static int blocks(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

#define WATCHED(result, name, parameters, arguments, may_wait) \
  result name parameters; \
  result name parameters { \
    static result (*real) parameters; \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name); \
    note(#name, may_wait); \
    return real arguments; \
  }

WATCHED(int, epoll_wait, (int fd, struct epoll_event *events, int most, int ms), (fd, events, most, ms), ms != 0)
WATCHED(int, poll, (struct pollfd *fds, nfds_t count, int ms), (fds, count, ms), ms != 0)
WATCHED(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *set),
        (fds, count, time, set), time == NULL || time->tv_sec != 0 || time->tv_nsec != 0)
WATCHED(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left), 1)
WATCHED(int, usleep, (useconds_t time), (time), 1)
WATCHED(int, pthread_join, (pthread_t thread, void **result), (thread, result), 1)
WATCHED(int, getaddrinfo, (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found),
        (node, service, hints, found), 1)
WATCHED(int, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size), blocks(fd))
WATCHED(ssize_t, recv, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags),
        !(flags & MSG_DONTWAIT) && blocks(fd))
WATCHED(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags),
        !(flags & MSG_DONTWAIT) && blocks(fd))

static int watch(lua_State *L) {
  watching = lua_toboolean(L, 1);
  return 0;
}

static int count(lua_State *L) {
  lua_pushnumber(L, (lua_Number)waits);
  lua_pushstring(L, first);
  lua_pushnumber(L, (lua_Number)calls);
  waits = calls = 0;
  first = NULL;
  return 3;
}

int luaopen_waits(lua_State *L);
int luaopen_waits(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, watch);
  lua_setfield(L, -2, "watch");
  lua_pushcfunction(L, count);
  lua_setfield(L, -2, "count");
  return 1;
}
