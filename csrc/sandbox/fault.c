/* fault.c - writes a broken answer, a piece at a time.
**
** The connection is suspended meanwhile, so that libmicrohttpd does not write to its
** descriptor or close it; the caller resumes it at the end. Large and endless answers
** are one small block that is written repeatedly.
*/
#define _GNU_SOURCE

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fault.h"

enum {
  HEAD,
  BLOCK,
  TAIL,
  PARTS,
  SLICE = 256 * 1024 /* bytes in a row, before other connections are served */
};

/* Seconds until the next try if the peer does not read: doubled each time, up to the
** time between two checks whether it has closed. */
#define FIRST_RETRY 0.001
#define LAST_RETRY 0.02

struct tavus_fault {
  const char *text[PARTS]; /* in `bytes` */
  size_t length[PARTS];
  int times[PARTS]; /* how often it is still sent; negative: for ever */
  int part;
  size_t written; /* of the current part */
  size_t step;    /* 0: as much as possible */
  double pause;
  double retry_in; /* until the next try */
  bool hold;
  bool begun;
  char bytes[];
};

static lua_Number number_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "a fault's '%s' must be a number", name);
  lua_Number value = lua_tonumber(L, -1); /* 0 for nil */
  lua_pop(L, 1);
  return value;
}

tavus_fault *tavus_fault_read(lua_State *L, int index) {
  static const char *const names[PARTS] = { "head", "block", "tail" };
  const char *text[PARTS];
  size_t length[PARTS];
  size_t total = 0;
  index = lua_absindex(L, index);
  luaL_checktype(L, index, LUA_TTABLE);
  luaL_checkstack(L, PARTS + 2, "too many values");
  lua_Number count = number_field(L, index, "count");
  lua_Number step = number_field(L, index, "step");
  lua_Number pause = number_field(L, index, "pause");
  if (!(step >= 0 && step <= (lua_Number)SLICE && pause >= 0 && pause <= 3600 &&
        count >= -1 && count <= 1e9))
    luaL_error(L, "a fault's count, step or pause is out of range");
  lua_getfield(L, index, "hold");
  bool hold = lua_toboolean(L, -1);
  lua_pop(L, 1);
  for (int i = 0; i < PARTS; i++) { /* the texts stay on the stack until copied */
    lua_getfield(L, index, names[i]);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "a fault's '%s' must be a string", names[i]);
    length[i] = 0;
    text[i] = lua_tolstring(L, -1, &length[i]);
    total += length[i];
  }
  tavus_fault *fault = calloc(1, sizeof *fault + total);
  if (fault == NULL) luaL_error(L, "not enough memory");
  char *bytes = fault->bytes;
  for (int i = 0; i < PARTS; i++) {
    if (length[i] > 0) memcpy(bytes, text[i], length[i]);
    fault->text[i] = bytes;
    fault->length[i] = length[i];
    fault->times[i] = length[i] == 0 ? 0 : i == BLOCK ? (int)count : 1;
    bytes += length[i];
  }
  lua_pop(L, PARTS);
  fault->step = (size_t)step;
  fault->pause = (double)pause;
  fault->retry_in = FIRST_RETRY;
  fault->hold = hold;
  return fault;
}

/* 1: there is a byte to read; 0: the peer has closed; negative: neither. */
static int next_byte(int fd) {
  char byte;
  ssize_t count = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count >= 0) return (int)count;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : 0;
}

bool tavus_connection_is_over(int fd) { return next_byte(fd) == 0; }

static bool next_part(tavus_fault *fault) {
  while (fault->part < PARTS && fault->times[fault->part] == 0) fault->part++;
  return fault->part < PARTS;
}

static void advance(tavus_fault *fault, size_t count) {
  int part = fault->part;
  fault->retry_in = FIRST_RETRY;
  fault->written += count;
  if (fault->written < fault->length[part]) return;
  fault->written = 0;
  if (fault->times[part] > 0) fault->times[part]--;
}

static double try_later(tavus_fault *fault) {
  double wait = fault->retry_in;
  fault->retry_in = wait * 2 < LAST_RETRY ? wait * 2 : LAST_RETRY;
  return wait;
}

double tavus_fault_step(tavus_fault *fault, int fd) {
  if (!fault->begun) { /* each piece is a packet */
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fault->begun = true;
  }
  size_t budget = fault->step > 0 ? fault->step : SLICE;
  while (next_part(fault)) {
    if (budget == 0) return fault->step > 0 ? fault->pause : 0;
    size_t left = fault->length[fault->part] - fault->written;
    ssize_t count = send(fd, fault->text[fault->part] + fault->written,
                         left < budget ? left : budget, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? try_later(fault) : -1;
    advance(fault, (size_t)count);
    budget -= (size_t)count;
  }
  /* A peer that sends another request here gets no answer. */
  return fault->hold && next_byte(fd) < 0 ? LAST_RETRY : -1;
}
