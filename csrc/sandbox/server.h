/* server.h - the sandbox's HTTP server: one thread, one libmicrohttpd daemon, one
** Lua state. server.c runs the thread, listen.c has the ports and accepts
** connections, exchange.c is one request, fault.c broken answers, httpd.c the Lua
** interface. The starting thread makes the server's Lua state, which then belongs to
** the server's thread; both threads share only copied strings and an eventfd.
*/
#ifndef TAVUS_SANDBOX_SERVER_H
#define TAVUS_SANDBOX_SERVER_H

#include <lualib.h>
#include <pthread.h>

#include "../compat.h"
#include "../inherited.h"
#include "tools.h"

#if MHD_VERSION < 0x00097100
typedef int tavus_mhd_result;
#else
typedef enum MHD_Result tavus_mhd_result;
#endif

typedef struct tavus_exchange tavus_exchange;

/* The ports. Both serve the same; only the API's port can refuse connections. */
enum { TAVUS_PORT_API, TAVUS_PORT_STEERING, TAVUS_PORTS };

typedef struct {
  int fd; /* bound until the server stops; it listens while `open` */
  tavus_identity made;
  unsigned short number;
  bool open;
} tavus_port;

/* A running server. The starting thread fills it; then it belongs to the server's
** thread until tavus_server_stop has joined that. Any thread may write to `wake_fd`. */
typedef struct tavus_server {
  lua_State *lua; /* stack: [1] traceback, [2] the answering function */
  struct MHD_Daemon *daemon;
  tavus_exchange *first; /* delayed exchanges, the next due one first */
  tavus_exchange *last;
  size_t max_body; /* bytes of a request's body that are kept */
  tavus_port ports[TAVUS_PORTS];
  bool *is_api; /* by descriptor: a connection to the API's port */
  size_t is_api_size;
  unsigned int connections;
  unsigned int max_connections;
  double full_until; /* on tavus_sandbox_clock: nothing is accepted before */
  int current_fd;    /* of the request that the service handles, or -1 */
  int epoll_fd;      /* libmicrohttpd's */
  int wake_fd;       /* ours, an eventfd */
  tavus_identity epoll_made, wake_made;
  bool stopping; /* set by the thread: no more answers */
  bool running;  /* set by the starter: there is a thread to join */
  pthread_t thread;
} tavus_server;

/* Initializes a server that is not open yet. */
void tavus_server_init(tavus_server *server, size_t max_body,
                       unsigned int max_connections);

/* Listens on 127.0.0.1:port (0: any free one), and on any free port for steering;
** server->ports has the numbers. Connections wait until tavus_server_run. After a
** failure the caller must call tavus_server_stop. */
bool tavus_server_open(tavus_server *server, unsigned short port,
                       unsigned int idle_seconds, tavus_server_failure *failure);

/* Starts the thread, to which `lua` belongs from now on. */
bool tavus_server_run(tavus_server *server, tavus_server_failure *failure);

/* Ends the thread, cuts all connections, closes the Lua state and every descriptor.
** The server may be in any state, also unopened or stopped. */
void tavus_server_stop(tavus_server *server);

/* For a forked child: only closes the server's own descriptors. The child has no
** thread to join, and the connections belong to the parent. */
void tavus_server_abandon(tavus_server *server);

/* Binds a port to 127.0.0.1:number (0: any free one) and listens (listen.c). */
bool tavus_port_bind(tavus_port *port, unsigned short number,
                     tavus_server_failure *failure);

/* Shuts the API's port, or opens it again. While it is shut, connecting is refused and
** the open connections are cut; only the one of `current_fd` still gets its answer. No
** other program can take the port meanwhile. */
bool tavus_server_refuse(tavus_server *server, bool refuse,
                         tavus_server_failure *failure);

/* Gives the descriptor of each port to poll now, or -1. Returns the seconds until
** the next call is needed, or a negative number. */
double tavus_server_listening(const tavus_server *server, int fds[TAVUS_PORTS]);

/* Accepts the connections that wait at an open port. */
void tavus_server_accept_pending(tavus_server *server, int port);

/* libmicrohttpd's callback for the start and end of a connection; `context` is the
** server. */
void tavus_server_connection(void *context, struct MHD_Connection *connection,
                             void **socket_context,
                             enum MHD_ConnectionNotificationCode code);

/* libmicrohttpd's callbacks for one request (exchange.c); `context` is the
** server. */
void *tavus_exchange_begin(void *context, const char *uri,
                           struct MHD_Connection *connection);
tavus_mhd_result tavus_exchange_handle(void *context, struct MHD_Connection *connection,
                                       const char *url, const char *method,
                                       const char *version, const char *upload_data,
                                       size_t *upload_data_size, void **request);
void tavus_exchange_end(void *context, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code);

/* Resumes every delayed exchange that is due (all of them if the server is stopping).
** Returns the seconds until MHD_run is needed: 0 if one was resumed, else the time
** until the next is due, negative if none waits. */
double tavus_exchange_wake(tavus_server *server);

/* A Lua function of the server's state: (lightuserdata request) --> nothing.
** Calls its upvalue 1 with the request and builds the response. */
int tavus_exchange_answer(lua_State *L);

#endif
