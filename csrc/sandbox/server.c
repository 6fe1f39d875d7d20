/* server.c - the thread that drives libmicrohttpd, from bind to join.
**
** libmicrohttpd runs in its external epoll mode. Its epoll descriptor, our eventfd and
** our ports are polled together, so that a stop is noticed at once, and this file
** controls delays and the acceptance of connections.
*/
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

/* Without this flag, newer versions count a connection in the next MHD_run, and close
** those above the limit there. */
#if MHD_VERSION >= 0x00097707
#define ONE_THREAD MHD_USE_NO_THREAD_SAFETY
#else
#define ONE_THREAD 0
#endif

enum { EPOLL, WAKE, PORTS, WATCHED = PORTS + TAVUS_PORTS };

void tavus_server_init(tavus_server *server, size_t max_body,
                       unsigned int max_connections) {
  memset(server, 0, sizeof *server);
  server->epoll_fd = server->wake_fd = server->current_fd = -1;
  for (int i = 0; i < TAVUS_PORTS; i++) server->ports[i].fd = -1;
  server->max_body = max_body;
  server->max_connections = max_connections;
}

bool tavus_server_open(tavus_server *server, unsigned short port,
                       unsigned int idle_seconds, tavus_server_failure *failure) {
  server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->wake_fd < 0) return tavus_fail(failure, "cannot make an eventfd", errno);
  server->wake_made = tavus_identify(server->wake_fd);
  if (!tavus_port_bind(&server->ports[TAVUS_PORT_API], port, failure) ||
      !tavus_port_bind(&server->ports[TAVUS_PORT_STEERING], 0, failure))
    return false;
  errno = 0;
  server->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
          MHD_USE_SUPPRESS_DATE_NO_CLOCK | ONE_THREAD,
      0, NULL, NULL, tavus_exchange_handle, server, MHD_OPTION_CONNECTION_LIMIT,
      server->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
      MHD_OPTION_NOTIFY_CONNECTION, tavus_server_connection, server,
      MHD_OPTION_URI_LOG_CALLBACK, tavus_exchange_begin, server,
      MHD_OPTION_NOTIFY_COMPLETED, tavus_exchange_end, server, MHD_OPTION_END);
  if (server->daemon == NULL)
    return tavus_fail(failure, "libmicrohttpd does not start", errno);
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == NULL) return tavus_fail(failure, "libmicrohttpd has no epoll here", 0);
  server->epoll_fd = info->epoll_fd;
  server->epoll_made = tavus_identify(server->epoll_fd);
  return true;
}

/* The earlier of two times from now; negative means never. */
static double earlier(double a, double b) { return a < 0 || (b >= 0 && b < a) ? b : a; }

/* The milliseconds that poll may sleep: until libmicrohttpd's next timeout or the next
** delayed answer. Rounded up, so that poll does not spin. */
static int poll_time(tavus_server *server, double next) {
  MHD_UNSIGNED_LONG_LONG limit;
  double seconds = -1;
  if (MHD_get_timeout(server->daemon, &limit) == MHD_YES) seconds = (double)limit * 1e-3;
  seconds = earlier(seconds, next);
  if (seconds < 0) return -1;
  double milliseconds = seconds * 1e3;
  if (milliseconds >= (double)(INT_MAX - 1)) return INT_MAX;
  int whole = (int)milliseconds;
  return milliseconds > (double)whole ? whole + 1 : whole;
}

/* The thread. */
static void *serve(void *argument) {
  tavus_server *server = argument;
  struct pollfd watched[WATCHED];
  double next = -1;
  for (int i = 0; i < WATCHED; i++)
    watched[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
  watched[EPOLL].fd = server->epoll_fd;
  watched[WAKE].fd = server->wake_fd;
  while (watched[WAKE].revents == 0) {
    int fds[TAVUS_PORTS];
    next = earlier(next, tavus_server_listening(server, fds));
    for (int i = 0; i < TAVUS_PORTS; i++) watched[PORTS + i].fd = fds[i];
    if (poll(watched, WATCHED, poll_time(server, next)) < 0 && errno != EINTR) break;
    for (int i = 0; i < TAVUS_PORTS; i++)
      if (watched[PORTS + i].revents != 0) tavus_server_accept_pending(server, i);
    MHD_run(server->daemon);
    next = tavus_exchange_wake(server);
  }
  /* No connection may be suspended when the daemon stops: all are resumed, and the
  ** handler refuses them. */
  server->stopping = true;
  (void)tavus_exchange_wake(server);
  MHD_run(server->daemon);
  MHD_stop_daemon(server->daemon);
  server->daemon = NULL;
  lua_close(server->lua);
  server->lua = NULL;
  return NULL;
}

bool tavus_server_run(tavus_server *server, tavus_server_failure *failure) {
  /* Signals are for the user's threads. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&server->thread, NULL, serve, server);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return tavus_fail(failure, "cannot start a thread", error);
  server->running = true;
  return true;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* Closes and frees what does not need the thread. */
static void release(tavus_server *server) {
  for (int i = 0; i < TAVUS_PORTS; i++) close_fd(&server->ports[i].fd);
  close_fd(&server->wake_fd);
  free(server->is_api);
  server->is_api = NULL;
  server->is_api_size = 0;
}

void tavus_server_stop(tavus_server *server) {
  if (server->running) {
    uint64_t one = 1;
    while (write(server->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
    pthread_join(server->thread, NULL);
    server->running = false;
  } else if (server->daemon != NULL) {
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
  }
  if (server->lua != NULL) lua_close(server->lua);
  server->lua = NULL;
  server->epoll_fd = -1;
  /* A forked child may have the ports too; connecting must fail at once. */
  for (int i = 0; i < TAVUS_PORTS; i++)
    if (server->ports[i].fd >= 0) (void)shutdown(server->ports[i].fd, SHUT_RD);
  release(server);
}

void tavus_server_abandon(tavus_server *server) {
  /* The rest is not freed: the thread may have been changing it during the fork. */
  for (int i = 0; i < TAVUS_PORTS; i++)
    tavus_close_inherited(server->ports[i].fd, server->ports[i].made);
  tavus_close_inherited(server->epoll_fd, server->epoll_made);
  tavus_close_inherited(server->wake_fd, server->wake_made);
  tavus_server_init(server, 0, 0);
}
