/* engine.c - the engine of a VM, for Lua. It is made at the first use. The hosts
** (lua/tavus/host) drive it. */
#include <errno.h>

#include "box.h"

#include "../http/descriptor.h"

/* The address of this is the registry key of the engine. */
static const char engine_key = 0;

/* Returns the engine of the box, or a new one after a fork. Returns NULL when the VM
** is closing, or when no engine can be made: errno says why then, and the next call
** tries again. */
static tavus_http_engine *live_engine(tavus_lhttp_engine_box *box) {
  tavus_http_engine *engine = box->engine;
  if (engine == NULL || !tavus_http_engine_is_inherited(engine)) return engine;
  tavus_http_engine *fresh = tavus_http_engine_new();
  if (fresh == NULL) return NULL;
  box->engine = fresh;
  /* Hosts may still have ids of requests of the old engine. */
  fresh->last_id = engine->last_id;
  tavus_http_engine_close(engine);
  tavus_http_engine_drop(engine);
  return fresh;
}

/* Pushes nil, a message and what ran out. Returns 3. */
static int no_engine(lua_State *L, int error) {
  const char *shortage = tavus_http_shortage(error);
  if (shortage == NULL) shortage = "memory";
  lua_pushnil(L);
  lua_pushfstring(L, "no HTTP engine: %s",
                  strcmp(shortage, "memory") == 0 ? TAVUS_NO_MEMORY
                                                  : "out of file descriptors");
  lua_pushstring(L, shortage);
  return 3;
}

tavus_http_engine *tavus_lhttp_check_engine(lua_State *L, int index) {
  return live_engine(tavus_lhttp_check_box(L, index, &tavus_lhttp_engine_kind));
}

/* http.engine() --> the VM's engine | nil, message, shortage ("descriptors" or
** "memory") */
int tavus_lhttp_engine(lua_State *L) {
  tavus_lhttp_engine_box *box;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &engine_key);
  if (!lua_isnil(L, -1)) {
    box = lua_touserdata(L, -1);
    errno = 0;
    if (live_engine(box) == NULL && box->engine != NULL) return no_engine(L, errno);
    return 1;
  }
  box = tavus_lhttp_push_box(L, &tavus_lhttp_engine_kind);
  errno = 0;
  box->engine = tavus_http_engine_new();
  if (box->engine == NULL) return no_engine(L, errno);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &engine_key);
  return 1;
}

/* __gc */
static int engine_gc(lua_State *L) {
  tavus_lhttp_engine_box *box = tavus_lhttp_check_box(L, 1, &tavus_lhttp_engine_kind);
  tavus_http_engine *engine = box->engine;
  box->engine = NULL;
  if (engine != NULL) {
    tavus_http_engine_close(engine);
    tavus_http_engine_drop(engine);
  }
  return 0;
}

/* engine:step(seconds) --> number of requests that are not done
** Works for at most that time. Returns early when a request is done or a signal
** arrives. */
static int engine_step(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  int64_t ns = tavus_lhttp_to_ns(luaL_optnumber(L, 2, 0));
  lua_Integer left = 0;
  if (engine != NULL && !engine->closed) {
    (void)tavus_http_engine_wait(engine, NULL, ns);
    left = (lua_Integer)tavus_http_engine_left(engine);
  }
  lua_pushinteger(L, left);
  return 1;
}

/* engine:start()
** Starts queued requests without handling events; hosts call it after step(). */
static int engine_start(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  if (engine != NULL && !engine->closed) tavus_http_engine_start(engine);
  return 0;
}

/* engine:wait(request, seconds) --> boolean: whether the request is done
** Returns early when a signal arrives. */
static int engine_wait(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  tavus_http_request *request = tavus_lhttp_check_request(L, 2);
  int64_t ns = tavus_lhttp_to_ns(luaL_checknumber(L, 3));
  luaL_argcheck(L, request != NULL && request->engine != NULL, 2,
                "a submitted request expected");
  if (request->state != TAVUS_HTTP_DONE && request->engine == engine)
    (void)tavus_http_engine_wait(engine, request, ns);
  lua_pushboolean(L, request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* engine:sleep(seconds) --> true, or false when a signal ended the sleep
** Active requests go on meanwhile. */
static int engine_sleep(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  int64_t ns = tavus_lhttp_to_ns(luaL_checknumber(L, 2));
  bool whole = engine == NULL || engine->closed ||
               tavus_http_engine_sleep(engine, ns) == TAVUS_HTTP_WOKEN_TIME;
  lua_pushboolean(L, whole);
  return 1;
}

/* engine:fd() --> descriptor to watch for reading | nil, message */
static int engine_fd(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  errno = 0;
  int fd = engine == NULL || engine->closed ? -1 : tavus_http_engine_fd(engine);
  const char *shortage = fd < 0 ? tavus_http_shortage(errno) : NULL;
  if (shortage != NULL)
    return tavus_lhttp_fail(L,
                            strcmp(shortage, "memory") == 0
                                ? TAVUS_NO_MEMORY
                                : "out of file descriptors: close files and sockets, or "
                                  "raise the limit (ulimit -n)");
  if (fd < 0) return tavus_lhttp_fail(L, "no descriptor on this system: use timeout()");
  lua_pushinteger(L, fd);
  return 1;
}

/* engine:timeout() --> seconds until step() must be called | nil: no need */
static int engine_timeout(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  int64_t ns = engine == NULL || engine->closed ? -1 : tavus_http_engine_timeout(engine);
  if (ns < 0) return 0;
  lua_pushnumber(L, (lua_Number)ns / (lua_Number)TAVUS_HTTP_SECOND);
  return 1;
}

/* engine:alarm([when])
** Wakes the host at this time, as of http.now(). nil: clears the alarm. */
static int engine_alarm(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  int64_t when = lua_isnoneornil(L, 2) ? -1 : tavus_lhttp_to_ns(luaL_checknumber(L, 2));
  if (engine != NULL && !engine->closed) tavus_http_engine_alarm(engine, when);
  return 0;
}

/* engine:finished() --> id of a request that is done | nil
** Each request that was submitted with `notify` is returned once. */
static int engine_finished(lua_State *L) {
  tavus_http_engine *engine = tavus_lhttp_check_engine(L, 1);
  uint64_t id = engine == NULL || engine->closed ? 0 : tavus_http_engine_report(engine);
  if (id == 0) return 0;
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}

/* __tostring */
static int engine_tostring(lua_State *L) {
  tavus_lhttp_engine_box *box = tavus_lhttp_check_box(L, 1, &tavus_lhttp_engine_kind);
  tavus_http_engine *engine = box->engine;
  if (engine == NULL || engine->closed)
    lua_pushliteral(L, "tavus.http.engine (closed)");
  else
    lua_pushfstring(L, "tavus.http.engine (%d under way, %d waiting)",
                    (int)engine->loop.active_count, (int)engine->queue.count);
  return 1;
}

static const luaL_Reg methods[] = {
  { "alarm", engine_alarm },        { "fd", engine_fd },
  { "finished", engine_finished },  { "sleep", engine_sleep },
  { "start", engine_start },        { "step", engine_step },
  { "submit", tavus_lhttp_submit }, { "timeout", engine_timeout },
  { "wait", engine_wait },          { NULL, NULL }
};

static const luaL_Reg events[] = { { "__gc", engine_gc },
                                   { "__tostring", engine_tostring },
                                   { NULL, NULL } };

const tavus_lhttp_kind tavus_lhttp_engine_kind = { .name = "tavus.http.engine",
                                                   .size = sizeof(tavus_lhttp_engine_box),
                                                   .methods = methods,
                                                   .events = events };
