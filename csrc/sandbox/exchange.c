/* exchange.c - one request and its answer.
**
** libmicrohttpd calls in here several times for a request: with its line, with pieces
** of its body, when it is complete, and again after a delay. The service in Lua is
** called once, inside lua_pcall: no Lua error may jump across libmicrohttpd's frames.
*/
#define _GNU_SOURCE

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fault.h"

/* What happens to the connection after the request. */
typedef enum { ENDING_ANSWER, ENDING_CLOSE, ENDING_RESET } ending;

struct tavus_exchange {
  struct MHD_Connection *connection;
  char *body;
  size_t length;
  size_t capacity;
  struct MHD_Response *response;
  unsigned int status;
  ending end;
  tavus_fault *fault;     /* what to write before the end, or NULL */
  double until;           /* on tavus_sandbox_clock: nothing is sent before */
  double due;             /* when it is looked at next */
  tavus_exchange *before; /* in the server's list while `waiting` */
  tavus_exchange *after;
  bool begun; /* the headers have been read */
  bool waiting;
  bool answered; /* the service has returned */
  bool too_large;
  const char *method; /* libmicrohttpd's memory, valid during the call */
  char uri[];         /* path and query as they came */
};

typedef struct {
  const char *name;
  const char *value;
  size_t name_length;
  size_t value_length;
} header;

typedef struct {
  header *list;
  int count;
  int room;
} header_list;

/* Adds a delayed exchange. Most delays are equal, so its place is searched from the
** end. */
static void enqueue(tavus_server *server, tavus_exchange *exchange) {
  tavus_exchange *place = server->last;
  while (place != NULL && place->due > exchange->due) place = place->before;
  exchange->before = place;
  exchange->after = place != NULL ? place->after : server->first;
  if (exchange->after != NULL)
    exchange->after->before = exchange;
  else
    server->last = exchange;
  if (place != NULL)
    place->after = exchange;
  else
    server->first = exchange;
  exchange->waiting = true;
}

static void dequeue(tavus_server *server, tavus_exchange *exchange) {
  if (!exchange->waiting) return;
  if (exchange->before != NULL)
    exchange->before->after = exchange->after;
  else
    server->first = exchange->after;
  if (exchange->after != NULL)
    exchange->after->before = exchange->before;
  else
    server->last = exchange->before;
  exchange->before = exchange->after = NULL;
  exchange->waiting = false;
}

#define TURN_SECONDS 0.002 /* that faults write in a row, while others wait */
#define CHECK_SECONDS 1.0  /* between two checks whether the client is still there */

static void postpone(tavus_server *server, tavus_exchange *exchange, double now) {
  double check = now + CHECK_SECONDS;
  exchange->due = exchange->until < check ? exchange->until : check;
  enqueue(server, exchange);
}

/* Handles an exchange that is due: its delay or pause, then a step of its fault. True if
** it waits again, until later than `now`, so that others are served between. */
static bool waits_again(tavus_server *server, tavus_exchange *exchange, double now) {
  if (server->stopping) return false;
  int fd = tavus_connection_fd(exchange->connection);
  if (exchange->until > now) {
    if (tavus_connection_is_over(fd)) {
      exchange->end = ENDING_CLOSE;
      return false;
    }
    postpone(server, exchange, now);
    return true;
  }
  if (exchange->fault == NULL) return false;
  double pause = tavus_fault_step(exchange->fault, fd);
  if (pause < 0) return false;
  exchange->until = now + (pause > 1e-6 ? pause : 1e-6);
  postpone(server, exchange, now);
  return true;
}

double tavus_exchange_wake(tavus_server *server) {
  if (server->first == NULL) return -1;
  double now = tavus_sandbox_clock();
  double over = now + TURN_SECONDS;
  bool woken = false;
  while (server->first != NULL &&
         (server->stopping || (server->first->due <= now && now < over))) {
    tavus_exchange *exchange = server->first;
    dequeue(server, exchange);
    if (waits_again(server, exchange, now)) {
      now = tavus_sandbox_clock();
      continue;
    }
    MHD_resume_connection(exchange->connection);
    woken = true;
  }
  /* libmicrohttpd resumes them in its next run. */
  if (woken) return 0;
  if (server->first == NULL) return -1;
  return server->first->due > now ? server->first->due - now : 0;
}

static tavus_mhd_result collect_header(void *context, enum MHD_ValueKind kind,
                                       const char *name, size_t name_length,
                                       const char *value, size_t value_length) {
  header_list *headers = context;
  (void)kind;
  if (headers->count == headers->room) return MHD_NO;
  headers->list[headers->count++] =
      (header){ name, value != NULL ? value : "", name_length, value_length };
  return MHD_YES;
}

/* All headers of the request; their list is a userdata on the top of the stack.
** libmicrohttpd's memory for a request bounds their number. */
static header_list request_headers(lua_State *L, struct MHD_Connection *connection) {
  header_list headers;
  headers.count = 0;
  headers.room = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
  if (headers.room < 1) headers.room = 1;
  headers.list = lua_newuserdata(L, (size_t)headers.room * sizeof *headers.list);
  (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect_header,
                                    &headers);
  return headers;
}

static void push_lower(lua_State *L, const char *text, size_t length) {
  luaL_Buffer lower;
  luaL_buffinit(L, &lower);
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    luaL_addchar(&lower, c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c);
  }
  luaL_pushresult(&lower);
}

/* Pushes a table of headers: names in lower case, repeated ones joined. */
static void push_headers(lua_State *L, const header_list *headers) {
  lua_createtable(L, 0, headers->count);
  for (int i = 0; i < headers->count; i++) {
    const header *h = &headers->list[i];
    push_lower(L, h->name, h->name_length);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushlstring(L, h->value, h->value_length);
    } else {
      lua_pushliteral(L, ", ");
      lua_pushlstring(L, h->value, h->value_length);
      lua_concat(L, 3);
    }
    lua_rawset(L, -3);
  }
}

/* The headers of an answer: a table of strings (or numbers) by name. */
static void add_headers(lua_State *L, int index, struct MHD_Response *response) {
  if (lua_isnoneornil(L, index)) return;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
      luaL_error(L, "a header's name and value must be strings");
    lua_pushvalue(L, -1); /* lua_tostring may change it in place */
    const char *name = lua_tostring(L, -3);
    if (MHD_add_response_header(response, name, lua_tostring(L, -1)) != MHD_YES)
      luaL_error(L, "the header '%s' cannot be sent", name);
    lua_pop(L, 2);
  }
}

/* answer(request) --> nothing. Calls the service,
**   service(method, uri, headers, body | nil, too_large)
**     --> status, body | nil, headers | nil, delay | nil, "close" | "reset" | fault | nil
** and keeps its results in the exchange. A fault is a table for tavus_fault_read: its
** bytes are the answer, and then the connection ends. */
int tavus_exchange_answer(lua_State *L) {
  tavus_exchange *exchange = lua_touserdata(L, 1);
  lua_settop(L, 0);
  header_list headers = request_headers(L, exchange->connection);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushstring(L, exchange->method);
  lua_pushstring(L, exchange->uri);
  push_headers(L, &headers);
  if (exchange->length > 0)
    lua_pushlstring(L, exchange->body, exchange->length);
  else
    lua_pushnil(L);
  lua_pushboolean(L, exchange->too_large);
  lua_call(L, 5, 5);
  lua_remove(L, 1); /* the list of headers */

  lua_Number delay = lua_isnoneornil(L, 4) ? 0 : luaL_checknumber(L, 4);
  if (lua_istable(L, 5)) {
    exchange->fault = tavus_fault_read(L, 5);
    lua_pushliteral(L, "close");
    lua_replace(L, 5);
  }
  const char *close = luaL_optstring(L, 5, NULL);
  ending end = close == NULL                 ? ENDING_ANSWER
               : strcmp(close, "reset") == 0 ? ENDING_RESET
                                             : ENDING_CLOSE;
  if (end == ENDING_ANSWER) {
    lua_Number status = lua_tonumber(L, 1); /* 0 if it is not a number */
    if (!(status >= 200 && status <= 599))
      return luaL_error(L, "cannot answer with status %d", (int)status);
    size_t length = 0;
    const char *body = luaL_optlstring(L, 2, "", &length);
    exchange->status = (unsigned int)status;
    exchange->response = MHD_create_response_from_buffer(length, (void *)(uintptr_t)body,
                                                         MHD_RESPMEM_MUST_COPY);
    if (exchange->response == NULL) return tavus_no_memory(L);
    add_headers(L, 3, exchange->response);
  }
  exchange->end = end;
  /* A fault is written after the connection is suspended, even without a delay. */
  exchange->until =
      delay > 0 || exchange->fault != NULL ? tavus_sandbox_clock() + (double)delay : 0;
  return 0;
}

void *tavus_exchange_begin(void *context, const char *uri,
                           struct MHD_Connection *connection) {
  (void)context;
  if (uri == NULL) uri = ""; /* in old versions, if the line ends after the method */
  size_t length = strlen(uri) + 1;
  tavus_exchange *exchange = malloc(sizeof *exchange + length);
  if (exchange == NULL) return NULL; /* tavus_exchange_handle refuses it */
  memset(exchange, 0, sizeof *exchange);
  memcpy(exchange->uri, uri, length);
  exchange->connection = connection;
  return exchange;
}

static void drop_body(tavus_exchange *exchange) {
  free(exchange->body);
  exchange->body = NULL;
  exchange->length = exchange->capacity = 0;
}

static bool append_body(tavus_server *server, tavus_exchange *exchange, const char *data,
                        size_t length) {
  if (exchange->too_large) return true; /* the rest is read and dropped */
  if (length > server->max_body - exchange->length) {
    exchange->too_large = true;
    drop_body(exchange);
    return true;
  }
  if (length > exchange->capacity - exchange->length) {
    size_t wanted = exchange->length + length;
    size_t capacity = exchange->capacity * 2 > wanted ? exchange->capacity * 2 : wanted;
    char *body = realloc(exchange->body, capacity);
    if (body == NULL) return false;
    exchange->body = body;
    exchange->capacity = capacity;
  }
  memcpy(exchange->body + exchange->length, data, length);
  exchange->length += length;
  return true;
}

/* Answers 500 after an error in the service, and writes that on stderr. */
static void answer_error(tavus_exchange *exchange, const char *message) {
  static const char body[] = "{\"error\":\"The sandbox failed; its stderr says why.\"}";
  if (message == NULL) message = "error without a message";
  fprintf(stderr, "tavus-sandbox: %s\n", message);
  if (exchange->response != NULL) MHD_destroy_response(exchange->response);
  exchange->response = MHD_create_response_from_buffer(
      sizeof body - 1, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
  if (exchange->response != NULL)
    (void)MHD_add_response_header(exchange->response, "Content-Type", "application/json");
  free(exchange->fault);
  exchange->fault = NULL;
  exchange->status = 500;
  exchange->end = exchange->response != NULL ? ENDING_ANSWER : ENDING_CLOSE;
  exchange->until = 0;
}

static void call_service(tavus_server *server, tavus_exchange *exchange,
                         const char *method) {
  lua_State *L = server->lua;
  exchange->method = method;
  server->current_fd = tavus_connection_fd(exchange->connection);
  lua_pushvalue(L, 2);
  lua_pushlightuserdata(L, exchange);
  if (lua_pcall(L, 1, 0, 1) != 0)
    answer_error(exchange, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL);
  lua_settop(L, 2);
  server->current_fd = -1;
  exchange->method = NULL;
  exchange->answered = true;
  drop_body(exchange);
}

/* Sends a RST, so that the peer's read fails with ECONNRESET. libmicrohttpd would send a
** FIN first. */
static void reset_connection(struct MHD_Connection *connection) {
  struct sockaddr none = { .sa_family = AF_UNSPEC };
  (void)connect(tavus_connection_fd(connection), &none, sizeof none);
}

tavus_mhd_result tavus_exchange_handle(void *context, struct MHD_Connection *connection,
                                       const char *url, const char *method,
                                       const char *version, const char *upload_data,
                                       size_t *upload_data_size, void **request) {
  tavus_server *server = context;
  tavus_exchange *exchange = *request;
  (void)url;
  (void)version;
  if (exchange == NULL || server->stopping) return MHD_NO;
  if (*upload_data_size > 0) {
    if (!append_body(server, exchange, upload_data, *upload_data_size)) return MHD_NO;
    *upload_data_size = 0;
    return MHD_YES;
  }
  if (!exchange->answered) {
    if (!exchange->begun) {
      exchange->begun = true;
      return MHD_YES;
    }
    call_service(server, exchange, method);
    if (exchange->until > 0) {
      postpone(server, exchange, tavus_sandbox_clock());
      MHD_suspend_connection(connection);
      return MHD_YES;
    }
  }
  if (exchange->end == ENDING_RESET) reset_connection(connection);
  if (exchange->end != ENDING_ANSWER) return MHD_NO;
  return MHD_queue_response(connection, exchange->status, exchange->response);
}

void tavus_exchange_end(void *context, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code) {
  tavus_exchange *exchange = *request;
  (void)connection;
  (void)code;
  if (exchange == NULL) return;
  dequeue(context, exchange);
  if (exchange->response != NULL) MHD_destroy_response(exchange->response);
  free(exchange->fault);
  free(exchange->body);
  free(exchange);
  *request = NULL;
}
