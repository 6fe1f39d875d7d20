/* server.c - the thread that drives libmicrohttpd, from bind to join.
**
** libmicrohttpd runs in its external epoll mode: its epoll descriptor and our
** wake-up descriptor are polled together, so that a stop is noticed at once
** and delays are ours to keep.
*/
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

enum { BACKLOG = 4096 };

double tavus_sandbox_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool fail(tavus_server_failure *failure, const char *what, int error) {
  failure->what = what;
  failure->error = error;
  return false;
}

/* The socket is bound here and not by libmicrohttpd, for an honest error. */
static bool listen_on(tavus_server *server, unsigned short port,
                      tavus_server_failure *failure) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(failure, "cannot make a socket", errno);
  server->listen_fd = fd;
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
    return fail(failure, "cannot listen", errno);
  if (listen(fd, BACKLOG) != 0)
    return fail(failure, "cannot listen", errno);
  if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    return fail(failure, "cannot tell the port", errno);
  server->port = ntohs(address.sin_port);
  return true;
}

bool tavus_server_open(tavus_server *server, unsigned short port,
                       unsigned int max_connections, unsigned int idle_seconds,
                       tavus_server_failure *failure) {
  server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->wake_fd < 0) return fail(failure, "cannot make an eventfd", errno);
  if (!listen_on(server, port, failure)) return false;
  errno = 0;
  server->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
      0, NULL, NULL, tavus_exchange_handle, server,
      MHD_OPTION_LISTEN_SOCKET, (MHD_socket)server->listen_fd,
      MHD_OPTION_CONNECTION_LIMIT, max_connections,
      MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
      MHD_OPTION_URI_LOG_CALLBACK, tavus_exchange_begin, server,
      MHD_OPTION_NOTIFY_COMPLETED, tavus_exchange_end, server,
      MHD_OPTION_END);
  if (server->daemon == NULL)
    return fail(failure, "libmicrohttpd does not start", errno);
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == NULL) return fail(failure, "libmicrohttpd has no epoll here", 0);
  server->epoll_fd = info->epoll_fd;
  return true;
}

/* The milliseconds that poll may sleep: until libmicrohttpd's next timeout or
** the next delayed answer, rounded up so that it is not woken early to spin. */
static int poll_time(tavus_server *server, double next) {
  MHD_UNSIGNED_LONG_LONG limit;
  double seconds = -1;
  if (MHD_get_timeout(server->daemon, &limit) == MHD_YES)
    seconds = (double)limit * 1e-3;
  if (next >= 0 && (seconds < 0 || next < seconds)) seconds = next;
  if (seconds < 0) return -1;
  double milliseconds = seconds * 1e3;
  if (milliseconds >= (double)(INT_MAX - 1)) return INT_MAX;
  int whole = (int)milliseconds;
  return milliseconds > (double)whole ? whole + 1 : whole;
}

static void *serve(void *argument) {
  tavus_server *server = argument;
  struct pollfd watched[2] = {{.fd = server->epoll_fd, .events = POLLIN},
                              {.fd = server->wake_fd, .events = POLLIN}};
  double next = -1;
  while (watched[1].revents == 0) {
    if (poll(watched, 2, poll_time(server, next)) < 0 && errno != EINTR) break;
    MHD_run(server->daemon);
    next = tavus_exchange_wake(server);
  }
  /* Nobody may be suspended when the daemon stops: everyone is woken, and
  ** refused by the handler. */
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
  /* Signals are the user's: none is delivered to this thread. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&server->thread, NULL, serve, server);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return fail(failure, "cannot start a thread", error);
  server->running = true;
  return true;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void tavus_server_stop(tavus_server *server) {
  if (server->running) {
    uint64_t one = 1;
    while (write(server->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
    pthread_join(server->thread, NULL);
    server->running = false;
    server->listen_fd = -1; /* MHD_stop_daemon has closed it */
  } else if (server->daemon != NULL) {
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    server->listen_fd = -1;
  }
  if (server->lua != NULL) lua_close(server->lua);
  server->lua = NULL;
  server->epoll_fd = -1;
  close_fd(&server->listen_fd);
  close_fd(&server->wake_fd);
}

void tavus_server_abandon(tavus_server *server) {
  server->running = false;
  server->daemon = NULL; /* the parent's; its memory goes with this process */
  server->lua = NULL;
  close_fd(&server->epoll_fd);
  close_fd(&server->listen_fd);
  close_fd(&server->wake_fd);
}
