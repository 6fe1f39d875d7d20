/* httpd.c - luaopen_tavus_sandbox_httpd: starts and stops the sandbox's server from a
** user's Lua state, and gives the sandbox's Lua what standard Lua lacks: a fine clock,
** dates that are safe with threads, waiting for a signal, the limit of open files,
** closed standard files.
*/
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define SERVER_TYPE "tavus.sandbox.httpd.server"

enum { MAX_BODY = 16 * 1024 * 1024, MAX_CONNECTIONS = 16384, IDLE_SECONDS = 120 };

/* The userdata. `server` comes from malloc, because a thread uses it. */
typedef struct {
  tavus_server *server; /* NULL once stopped */
  pid_t owner;          /* the process that has the thread */
  unsigned short port;
  unsigned short steering;
} handle;

static const char key_traceback = 0;
static const char key_answer = 0;

/* Pushes nil and a message, with the system's reason if there is one. */
static int push_failure(lua_State *L, const char *what, int error) {
  char text[128] = "";
#if defined(__GLIBC__)
  const char *reason = error != 0 ? strerror_r(error, text, sizeof text) : text;
#else
  bool has_text = error != 0 && strerror_r(error, text, sizeof text) == 0;
  const char *reason = has_text ? text : "";
#endif
  lua_pushnil(L);
  if (*reason != '\0')
    lua_pushfstring(L, "%s: %s", what, reason);
  else
    lua_pushstring(L, what);
  return 2;
}

/* What the server's Lua state is made of. */
typedef struct {
  lua_State *parent; /* its stack anchors the strings below */
  int options;       /* index of the options table in it */
  int modules;       /* index of the table of modules in it, or of nil */
  const char *entry;
  const char *path;
  const char *cpath;
  tavus_server *server; /* its ports become the options `port` and `steering` */
  bool luarocks;        /* the parent finds its modules through luarocks.loader */
} preparation;

/* Pushes a copy of the parent's table of strings, numbers and booleans. No call on the
** parent here can raise an error or allocate. */
static void copy_options(lua_State *L, lua_State *parent, int index) {
  lua_newtable(L);
  lua_pushnil(parent);
  while (lua_next(parent, index) != 0) {
    if (lua_type(parent, -2) == LUA_TSTRING) {
      size_t length;
      const char *text = lua_tolstring(parent, -2, &length);
      lua_pushlstring(L, text, length);
      switch (lua_type(parent, -1)) {
        case LUA_TSTRING:
          text = lua_tolstring(parent, -1, &length);
          lua_pushlstring(L, text, length);
          break;
        case LUA_TNUMBER:
          if (lua_isinteger(parent, -1))
            lua_pushinteger(L, lua_tointeger(parent, -1));
          else
            lua_pushnumber(L, lua_tonumber(parent, -1));
          break;
        case LUA_TBOOLEAN: lua_pushboolean(L, lua_toboolean(parent, -1)); break;
        default: lua_pushnil(L); break;
      }
      lua_rawset(L, -3);
    }
    lua_pop(parent, 1);
  }
}

/* loader(name) --> module. Upvalue 1 is the bytecode. */
static int load_kept(lua_State *L) {
  size_t size;
  const char *code = lua_tolstring(L, lua_upvalueindex(1), &size);
  lua_settop(L, 1);
  if (luaL_loadbuffer(L, code, size, lua_tostring(L, 1)) != 0) return lua_error(L);
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* Keeps the shared object of an address loaded. The thread runs code of this object, of
** libmicrohttpd and of the parent's modules in C, which lua_close might unload early. */
static void pin(const void *address) {
  Dl_info info;
  if (dladdr(address, &info) != 0 && info.dli_fname != NULL)
    (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* Copies the parent's modules, bytecode and C functions, to the package.preload on the
** top. No call on the parent here can raise an error or allocate. */
static void copy_modules(lua_State *L, lua_State *parent, int index) {
  if (!lua_istable(parent, index)) return;
  lua_pushnil(parent);
  while (lua_next(parent, index) != 0) {
    if (lua_type(parent, -2) == LUA_TSTRING) {
      size_t size;
      lua_pushstring(L, lua_tostring(parent, -2));
      if (lua_iscfunction(parent, -1)) {
        pin((const void *)(uintptr_t)lua_tocfunction(parent, -1));
        lua_pushcfunction(L, lua_tocfunction(parent, -1));
      } else if (lua_type(parent, -1) == LUA_TSTRING) {
        const char *code = lua_tolstring(parent, -1, &size);
        lua_pushlstring(L, code, size);
        lua_pushcclosure(L, load_kept, 1);
      } else {
        lua_pushnil(L);
      }
      lua_rawset(L, -3);
    }
    lua_pop(parent, 1);
  }
}

/* refuse(boolean) --> true | nil, message. Shuts the API's port, or opens it again; in
** the server's state, on its thread. */
static int refuse(lua_State *L) {
  tavus_server *server = lua_touserdata(L, lua_upvalueindex(1));
  tavus_server_failure failure;
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  if (!tavus_server_refuse(server, lua_toboolean(L, 1) != 0, &failure))
    return push_failure(L, failure.what, failure.error);
  lua_pushboolean(L, 1);
  return 1;
}

/* In the new state: opens the libraries, requires the entry module, calls it with the
** options and keeps the function that it returns. */
static int prepare(lua_State *L) {
  const preparation *p = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, p->path);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, p->cpath);
  lua_setfield(L, -2, "cpath");
  lua_getfield(L, -1, "preload");
  copy_modules(L, p->parent, p->modules);
  lua_getfield(L, -1, p->entry);
  if (p->luarocks && lua_isnil(L, -1)) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "luarocks.loader");
    lua_call(L, 1, 0);
  }
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key_traceback);
  lua_getglobal(L, "require");
  lua_pushstring(L, p->entry);
  lua_call(L, 1, 1);
  copy_options(L, p->parent, p->options);
  lua_pushinteger(L, p->server->ports[TAVUS_PORT_API].number);
  lua_setfield(L, -2, "port");
  lua_pushinteger(L, p->server->ports[TAVUS_PORT_STEERING].number);
  lua_setfield(L, -2, "steering");
  lua_pushlightuserdata(L, p->server);
  lua_pushcclosure(L, refuse, 1);
  lua_call(L, 2, 1);
  luaL_checktype(L, -1, LUA_TFUNCTION);
  lua_pushcclosure(L, tavus_exchange_answer, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key_answer);
  return 0;
}

static int protect(lua_State *L, lua_CFunction function, void *argument) {
#if LUA_VERSION_NUM < 502
  return lua_cpcall(L, function, argument);
#else
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, argument);
  return lua_pcall(L, 1, 0, 0);
#endif
}

static handle *check_handle(lua_State *L) { return luaL_checkudata(L, 1, SERVER_TYPE); }

static void stop(handle *h) {
  tavus_server *server = h->server;
  if (server == NULL) return;
  h->server = NULL;
  if (h->owner == getpid())
    tavus_server_stop(server);
  else
    tavus_server_abandon(server);
  free(server);
}

/* server:stop() --> true. Ends the thread and frees the port; repeatable. */
static int server_stop(lua_State *L) {
  stop(check_handle(L));
  lua_pushboolean(L, 1);
  return 1;
}

/* __gc and __close. */
static int server_gc(lua_State *L) {
  stop(check_handle(L));
  return 0;
}

/* server:port() --> port of the API, port for steering; nothing if stopped. */
static int server_port(lua_State *L) {
  const handle *h = check_handle(L);
  if (h->server == NULL) return 0;
  lua_pushinteger(L, h->port);
  lua_pushinteger(L, h->steering);
  return 2;
}

static int server_tostring(lua_State *L) {
  const handle *h = check_handle(L);
  if (h->server == NULL)
    lua_pushliteral(L, "sandbox server (stopped)");
  else
    lua_pushfstring(L, "sandbox server (127.0.0.1:%d)", (int)h->port);
  return 1;
}

/* An integer field of the options at `index`, within [low, high]. */
static unsigned int option_integer(lua_State *L, int index, const char *name,
                                   lua_Number fallback, lua_Number low, lua_Number high) {
  lua_getfield(L, index, name);
  lua_Number value = lua_isnil(L, -1) ? fallback : lua_tonumber(L, -1);
  bool good = (lua_isnil(L, -1) || lua_type(L, -1) == LUA_TNUMBER) && value >= low &&
              value <= high && value == (lua_Number)(unsigned int)value;
  lua_pop(L, 1);
  if (!good)
    luaL_error(L, "option '%s' must be an integer from %d to %d", name, (int)low,
               (int)high);
  return (unsigned int)value;
}

static int start_failed(lua_State *L, handle *h, const char *what, int error) {
  int count = push_failure(L, what, error);
  stop(h);
  return count;
}

/* start { entry = module, options = {...}, modules = {...}, port = 0,
**         max_body = bytes, max_connections = n, idle = seconds }
**   --> server | nil, message
** The new Lua state requires the module `entry`; it finds modules in `modules` (name ->
** bytecode, or a C loader without upvalues), else as this state does. The module is a
** function that takes a copy of `options`, in which `port` and `steering` are the real
** ports, and `refuse`, and returns the service (see tavus_exchange_answer). Raises for
** bad options. */
static int httpd_start(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  preparation p = { .parent = L, .options = 3 };
  lua_getfield(L, 1, "entry");
  p.entry = luaL_checkstring(L, 2);
  lua_getfield(L, 1, "options");
  luaL_checktype(L, 3, LUA_TTABLE);
  unsigned int port = option_integer(L, 1, "port", 0, 0, 65535);
  unsigned int max_body = option_integer(L, 1, "max_body", MAX_BODY, 0, 1 << 30);
  unsigned int limit =
      option_integer(L, 1, "max_connections", MAX_CONNECTIONS, 1, 1 << 20);
  unsigned int idle = option_integer(L, 1, "idle", IDLE_SECONDS, 1, 86400);
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED"); /* the host may have removed globals */
  lua_getfield(L, -1, "package");
  lua_replace(L, 4);
  luaL_checktype(L, 4, LUA_TTABLE);
  lua_getfield(L, 4, "path");
  p.path = luaL_checkstring(L, 5);
  lua_getfield(L, 4, "cpath");
  p.cpath = luaL_checkstring(L, 6);
  lua_getfield(L, 4, "loaded");
  luaL_checktype(L, 7, LUA_TTABLE);
  lua_getfield(L, 7, "luarocks.loader");
  p.luarocks = lua_toboolean(L, 8);
  lua_getfield(L, 1, "modules");
  p.modules = lua_gettop(L);
  luaL_checkstack(L, 8, "too many values");

  handle *h = lua_newuserdata(L, sizeof *h);
  memset(h, 0, sizeof *h);
  luaL_setmetatable(L, SERVER_TYPE);
  h->owner = getpid();
  h->server = malloc(sizeof *h->server);
  if (h->server == NULL) return luaL_error(L, "not enough memory");
  tavus_server *server = h->server;
  tavus_server_init(server, max_body, limit);
  pin(&key_answer);
  tavus_server_failure failure;
  if (!tavus_server_open(server, (unsigned short)port, idle, &failure))
    return start_failed(L, h, failure.what, failure.error);
  p.server = server;
  h->port = server->ports[TAVUS_PORT_API].number;
  h->steering = server->ports[TAVUS_PORT_STEERING].number;
  server->lua = luaL_newstate();
  if (server->lua == NULL) return start_failed(L, h, "cannot make a Lua state", ENOMEM);
  if (protect(server->lua, prepare, &p) != 0) {
    const char *message = lua_tostring(server->lua, -1);
    lua_pushnil(L);
    lua_pushfstring(L, "cannot load '%s': %s", p.entry,
                    message != NULL ? message : "error without a message");
    stop(h);
    return 2;
  }
  lua_settop(server->lua, 0);
  lua_rawgetp(server->lua, LUA_REGISTRYINDEX, &key_traceback);
  lua_rawgetp(server->lua, LUA_REGISTRYINDEX, &key_answer);

  if (!tavus_server_run(server, &failure))
    return start_failed(L, h, failure.what, failure.error);
  return 1;
}

/* time() --> seconds since 1970, with microseconds. */
static int httpd_time(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)(now.tv_nsec / 1000) * 1e-6);
  return 1;
}

/* utc(time) --> year, month, day, hour, minute, second, weekday (1 is Sunday). The time
** is seconds since 1970; a fraction is cut off. Lua 5.1's os.date is not used because
** it shares the C library's only date with the user's thread. */
static int httpd_utc(lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds < 1e15, 1, "is not a time");
  time_t time = (time_t)seconds;
  struct tm utc;
  if (gmtime_r(&time, &utc) == NULL) return luaL_argerror(L, 1, "is not a time");
  lua_pushinteger(L, utc.tm_year + 1900);
  lua_pushinteger(L, utc.tm_mon + 1);
  lua_pushinteger(L, utc.tm_mday);
  lua_pushinteger(L, utc.tm_hour);
  lua_pushinteger(L, utc.tm_min);
  lua_pushinteger(L, utc.tm_sec);
  lua_pushinteger(L, utc.tm_wday + 1);
  return 7;
}

static void ending_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
}

/* open_standard_files() --> nothing. Opens standard input, output and error on
** /dev/null if they are closed. Else a later descriptor would have their number, and
** output would go to a client or into a file. */
static int httpd_open_standard_files(lua_State *L) {
  (void)L;
  int file;
  do {
    file = open("/dev/null", O_RDWR);
  } while (file >= 0 && file <= STDERR_FILENO);
  if (file >= 0) close(file);
  return 0;
}

/* hold_signals() --> nothing. Blocks SIGINT and SIGTERM for wait_signal. */
static int httpd_hold_signals(lua_State *L) {
  (void)L;
  sigset_t set;
  ending_signals(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  return 0;
}

/* wait_signal() --> "SIGINT" | "SIGTERM". Waits for one of them. */
static int httpd_wait_signal(lua_State *L) {
  sigset_t set;
  int number = 0;
  ending_signals(&set);
  while (sigwait(&set, &number) == EINTR) continue;
  lua_pushstring(L, number == SIGINT ? "SIGINT" : "SIGTERM");
  return 1;
}

/* raise_file_limit() --> limit. Raises the soft limit of open files to the hard one, at
** most 65,536. */
static int httpd_raise_file_limit(lua_State *L) {
  const rlim_t wanted = 65536;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    struct rlimit higher = limit;
    higher.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0) limit = higher;
  }
  lua_pushnumber(L, (lua_Number)limit.rlim_cur);
  return 1;
}

TAVUS_EXPORT int luaopen_tavus_sandbox_httpd(lua_State *L);

TAVUS_EXPORT int luaopen_tavus_sandbox_httpd(lua_State *L) {
  static const luaL_Reg methods[] = { { "stop", server_stop },
                                      { "port", server_port },
                                      { NULL, NULL } };
  static const luaL_Reg meta[] = { { "__gc", server_gc },
                                   { "__close", server_gc },
                                   { "__tostring", server_tostring },
                                   { NULL, NULL } };
  static const luaL_Reg functions[] = { { "start", httpd_start },
                                        { "time", httpd_time },
                                        { "utc", httpd_utc },
                                        { "open_standard_files",
                                          httpd_open_standard_files },
                                        { "hold_signals", httpd_hold_signals },
                                        { "wait_signal", httpd_wait_signal },
                                        { "raise_file_limit", httpd_raise_file_limit },
                                        { NULL, NULL } };
  if (luaL_newmetatable(L, SERVER_TYPE)) {
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "sandbox server");
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  return 1;
}
