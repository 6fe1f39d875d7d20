/* server.h - the sandbox's HTTP server: one thread, one libmicrohttpd daemon,
** one Lua state of its own. server.c runs the thread, listen.c has the ports and
** lets connections in, exchange.c is one request, fault.c the answers that are
** broken on purpose, httpd.c the face towards the user's Lua state.
**
** The Lua state of the server is created by the starting thread and from then
** on belongs to the server's thread alone; the user's state and the server's
** meet in nothing but copied strings, a wake-up descriptor and pthread_join.
*/
#ifndef TAVUS_SANDBOX_SERVER_H
#define TAVUS_SANDBOX_SERVER_H

/* compat.h hides what is declared after it, so it comes last, here and in the
** files that include this one. */
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "../inherited.h"

#include "../compat.h"

#if MHD_VERSION < 0x00097100
typedef int tavus_mhd_result;
#else
typedef enum MHD_Result tavus_mhd_result;
#endif

typedef struct tavus_exchange tavus_exchange;

/* The ports. Both serve the same; what only one of them can do is to refuse. */
enum { TAVUS_PORT_API, TAVUS_PORT_STEERING, TAVUS_PORTS };

typedef struct {
  int fd; /* bound as long as the server lives; it listens while `open` */
  tavus_identity made;
  unsigned short number;
  bool open;
} tavus_port;

/* A running server. Filled by the starting thread, then owned by the server's
** own thread until tavus_server_stop has joined it; `wake_fd` may be written
** to by anybody. */
typedef struct tavus_server {
  lua_State *lua;            /* stack: [1] traceback, [2] the answering function */
  struct MHD_Daemon *daemon;
  tavus_exchange *first;     /* delayed exchanges, the next due one first */
  tavus_exchange *last;
  size_t max_body;           /* bytes of a request's body that are kept */
  tavus_port ports[TAVUS_PORTS];
  bool *of_api;              /* by descriptor: a connection to the API's port */
  size_t of_api_room;        /* for how many descriptors */
  unsigned int connections;
  unsigned int max_connections;
  double full_until;         /* on tavus_sandbox_clock: nobody is let in before */
  int asking_fd;             /* of the request that Lua is asked about, or -1 */
  int epoll_fd;              /* libmicrohttpd's */
  int wake_fd;               /* ours, an eventfd */
  tavus_identity epoll_made, wake_made;
  bool stopping;             /* set by the thread: answer nobody any more */
  bool running;              /* set by the starter: there is a thread to join */
  pthread_t thread;
} tavus_server;

/* What tavus_server_open and tavus_server_run can fail with: a constant text
** and, where the system gave one, its error number. */
typedef struct {
  const char *what;
  int error;
} tavus_server_failure;

/* Seconds on the clock that no one can set. */
double tavus_sandbox_clock(void);

/* Makes `server` one that is not open yet. */
void tavus_server_init(tavus_server *server, size_t max_body,
                       unsigned int max_connections);

/* Listens on 127.0.0.1:port (0: any free one), and for steering on any free
** one; the real ones are in server->ports. Connections wait until
** tavus_server_run. On failure the caller still has to call tavus_server_stop. */
bool tavus_server_open(tavus_server *server, unsigned short port,
                       unsigned int idle_seconds, tavus_server_failure *failure);

/* Starts the thread. `lua` must be filled in, and belongs to the thread now. */
bool tavus_server_run(tavus_server *server, tavus_server_failure *failure);

/* Ends the thread, cuts what is under way, closes the Lua state and every
** descriptor. Fit for a server in any stage, an unopened or stopped one too. */
void tavus_server_stop(tavus_server *server);

/* For a process that was forked off: there is no thread here to join and the
** connections belong to the parent, so only the server's own descriptors are
** closed. */
void tavus_server_abandon(tavus_server *server);

/* The ports (listen.c). tavus_port_bind takes 127.0.0.1:number (0: any free one)
** and opens it. */
bool tavus_port_bind(tavus_port *port, unsigned short number,
                     tavus_server_failure *failure);

/* Shuts the API's port, as if no server were there: connecting is refused, the
** connections there are end; only the one that `asking_fd` names still gets its
** answer. Nobody else can take the port meanwhile. Or opens it again. */
bool tavus_server_refuse(tavus_server *server, bool refuse,
                         tavus_server_failure *failure);

/* Which descriptor of each port is to be watched now; -1 for none. Gives the
** seconds until it must be asked again, or a negative number. */
double tavus_server_doors(const tavus_server *server, int fds[TAVUS_PORTS]);

/* Lets in who waits at a port that is open. */
void tavus_server_let_in(tavus_server *server, int port);

/* libmicrohttpd's callback for the begin and end of a connection; `context` is
** the server. */
void tavus_server_connection(void *context, struct MHD_Connection *connection,
                             void **socket_context,
                             enum MHD_ConnectionNotificationCode code);

/* The connection's descriptor, or -1. */
int tavus_connection_fd(struct MHD_Connection *connection);

/* libmicrohttpd's callbacks for one request (exchange.c); `context` is the
** server. */
void *tavus_exchange_begin(void *context, const char *uri,
                           struct MHD_Connection *connection);
tavus_mhd_result tavus_exchange_handle(
    void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data,
    size_t *upload_data_size, void **request);
void tavus_exchange_end(void *context, struct MHD_Connection *connection,
                        void **request, enum MHD_RequestTerminationCode code);

/* Resumes every delayed exchange that is due (all of them when the server is
** stopping). Returns the seconds until MHD_run is needed for them: 0 when one was
** resumed, else the time until the next is due, negative when none waits. */
double tavus_exchange_wake(tavus_server *server);

/* A Lua function of the server's state: (lightuserdata request) --> nothing.
** Calls its upvalue 1 with the request and builds the response. */
int tavus_exchange_answer(lua_State *L);

#endif
