/* engine.c - the VM's engine for Lua: made when first asked for, driven by the
** hosts. */
#include <errno.h>

#include "box.h"

#include "../http/descriptor.h"

static const char engine_key = 0; /* its address is the engine's registry key */

/* The engine of the box; after a fork a fresh one. NULL when the VM is closing, or
** none can be made (errno tells why): the next call tries again. */
static tavus_http_engine *live_engine(engine_box *box) {
  tavus_http_engine *engine = box->engine, *fresh;
  if (engine == NULL) return NULL;
  if (!tavus_http_engine_is_inherited(engine)) return engine;
  fresh = tavus_http_engine_new();
  if (fresh == NULL) return NULL;
  box->engine = fresh;
  /* hosts may still know requests of the old one by their ids */
  fresh->last_id = engine->last_id;
  tavus_http_engine_close(engine);
  tavus_http_engine_drop(engine);
  return fresh;
}

static int no_engine(lua_State *L, int error) {
  const char *shortage = tavus_http_shortage(error);
  if (shortage == NULL) shortage = "memory";
  lua_pushnil(L);
  lua_pushfstring(L, "no HTTP engine: out of %s",
                  strcmp(shortage, "memory") == 0 ? shortage : "file descriptors");
  lua_pushstring(L, shortage);
  return 3;
}

tavus_http_engine *tavus_http_check_engine(lua_State *L, int index) {
  engine_box *box = tavus_http_box_check(L, index, tavus_http_engine_kind,
                                         sizeof *box);
  return live_engine(box);
}

/* http.engine() -> the VM's engine | nil, message, shortage ("descriptors" or
** "memory") */
int tavus_http_push_engine(lua_State *L) {
  engine_box *box;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &engine_key);
  if (!lua_isnil(L, -1)) {
    box = lua_touserdata(L, -1);
    errno = 0;
    if (live_engine(box) == NULL && box->engine != NULL) return no_engine(L, errno);
    return 1;
  }
  box = tavus_http_box_new(L, tavus_http_engine_kind, sizeof *box);
  errno = 0;
  box->engine = tavus_http_engine_new();
  if (box->engine == NULL) return no_engine(L, errno);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &engine_key);
  return 1;
}

static int engine_gc(lua_State *L) {
  engine_box *box = tavus_http_box_check(L, 1, tavus_http_engine_kind, sizeof *box);
  tavus_http_engine *engine = box->engine;
  box->engine = NULL;
  if (engine != NULL) {
    tavus_http_engine_close(engine);
    tavus_http_engine_drop(engine);
  }
  return 0;
}

/* engine:step(seconds) -> how many requests are not done yet
** Works for at most that long; returns early when one was finished or a signal
** came. */
static int engine_step(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  int64_t ns = tavus_http_to_ns(luaL_optnumber(L, 2, 0));
  lua_Integer left = 0;
  if (engine != NULL && !engine->closed) {
    (void)tavus_http_engine_step(engine, ns);
    left = (lua_Integer)tavus_http_engine_left(engine);
  }
  lua_pushinteger(L, left);
  return 1;
}

/* engine:start() begins what waits in line, as a step does, but attends to no
** event: what a host does after its step, for what came of that */
static int engine_start(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  if (engine != NULL && !engine->closed) tavus_http_engine_start(engine);
  return 0;
}

/* engine:wait(request, seconds) -> whether it is done
** Returns early (false) when a signal came. */
static int engine_wait(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  tavus_http_request *request = tavus_http_check_request(L, 2);
  int64_t ns = tavus_http_to_ns(luaL_checknumber(L, 3));
  luaL_argcheck(L, request != NULL && request->engine != NULL, 2,
                "a submitted request expected");
  if (request->state != TAVUS_HTTP_DONE && request->engine == engine)
    (void)tavus_http_engine_wait(engine, request, ns);
  lua_pushboolean(L, request->state == TAVUS_HTTP_DONE);
  return 1;
}

/* engine:sleep(seconds) -> true; false when a signal came first
** Requests under way go on meanwhile. */
static int engine_sleep(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  int64_t ns = tavus_http_to_ns(luaL_checknumber(L, 2));
  bool whole = engine == NULL || engine->closed ||
               tavus_http_engine_sleep(engine, ns) == TAVUS_HTTP_WOKEN_TIME;
  lua_pushboolean(L, whole);
  return 1;
}

/* engine:fd() -> the descriptor to watch for reading | nil, message where there is
** none */
static int engine_fd(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  const char *shortage;
  int fd;
  errno = 0;
  fd = engine == NULL || engine->closed ? -1 : tavus_http_engine_fd(engine);
  shortage = fd < 0 ? tavus_http_shortage(errno) : NULL;
  if (shortage != NULL)
    return tavus_http_fail(L, strcmp(shortage, "memory") == 0
                                  ? "no descriptor, out of memory"
                                  : "out of file descriptors: close what is open, or "
                                    "raise the limit (ulimit -n)");
  if (fd < 0) return tavus_http_fail(L, "no descriptor on this system: use timeout()");
  lua_pushinteger(L, fd);
  return 1;
}

/* engine:timeout() -> seconds until a step is wanted | nil when none is */
static int engine_timeout(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  int64_t ns =
      engine == NULL || engine->closed ? -1 : tavus_http_engine_timeout(engine);
  if (ns < 0) return 0;
  lua_pushnumber(L, (lua_Number)ns / (lua_Number)TAVUS_HTTP_SECOND);
  return 1;
}

/* engine:alarm([when]) wakes the host at this http.now(); nil: no alarm */
static int engine_alarm(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  int64_t when = lua_isnoneornil(L, 2) ? -1 : tavus_http_to_ns(luaL_checknumber(L, 2));
  if (engine != NULL && !engine->closed) tavus_http_engine_alarm(engine, when);
  return 0;
}

/* engine:finished() -> the id of the next request submitted with `notify` that
** is done | nil */
static int engine_finished(lua_State *L) {
  tavus_http_engine *engine = tavus_http_check_engine(L, 1);
  uint64_t id =
      engine == NULL || engine->closed ? 0 : tavus_http_engine_report(engine);
  if (id == 0) return 0;
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}

static int engine_tostring(lua_State *L) {
  engine_box *box = tavus_http_box_check(L, 1, tavus_http_engine_kind, sizeof *box);
  tavus_http_engine *engine = box->engine;
  if (engine == NULL || engine->closed)
    lua_pushliteral(L, "tavus.http.engine (closed)");
  else
    lua_pushfstring(L, "tavus.http.engine (%d under way, %d waiting)",
                    (int)engine->active_count, (int)engine->queue.count);
  return 1;
}

const luaL_Reg tavus_http_engine_methods[] = {
    {"submit", tavus_http_submit}, {"step", engine_step}, {"start", engine_start},
    {"wait", engine_wait},         {"sleep", engine_sleep},
    {"fd", engine_fd},             {"timeout", engine_timeout},
    {"alarm", engine_alarm},       {"finished", engine_finished},
    {NULL, NULL}};

const luaL_Reg tavus_http_engine_events[] = {{"__gc", engine_gc},
                                             {"__tostring", engine_tostring},
                                             {NULL, NULL}};
