/* listen.c - the ports, and the connections that they accept.
**
** libmicrohttpd gets no listening socket, because it could stop listening but not
** start again. A socket after shutdown() keeps its port and can listen again (Linux).
*/
#define _GNU_SOURCE

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

enum {
  BACKLOG = 4096,
  MAX_IN_A_ROW = 64 /* connections to accept before requests are served */
};

#define FULL_SECONDS 0.05 /* until the next try, if no descriptor is left */

static void set_reuse(int fd, int on) {
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

/* A socket that is bound to 127.0.0.1:number, or -1. */
static int bind_local(unsigned short number, tavus_server_failure *failure) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    (void)tavus_fail(failure, "cannot make a socket", errno);
    return -1;
  }
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(number);
  set_reuse(fd, 1);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  (void)tavus_fail(failure, "cannot listen", errno);
  close(fd);
  return -1;
}

/* A socket that is bound to any free port, and its number; or -1. */
static int bind_any(unsigned short *number, tavus_server_failure *failure) {
  int fd = bind_local(0, failure);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    (void)tavus_fail(failure, "cannot find the port's number", errno);
    close(fd);
    return -1;
  }
  if (fd >= 0) *number = ntohs(address.sin_port);
  return fd;
}

static bool open_port(tavus_port *port, tavus_server_failure *failure) {
  set_reuse(port->fd, 1); /* past connections to the port do not prevent it */
  if (listen(port->fd, BACKLOG) != 0) return tavus_fail(failure, "cannot listen", errno);
  port->open = true;
  return true;
}

/* Removes SO_REUSEADDR: with it, other programs could bind the port while it is shut. */
static void shut_port(tavus_port *port) {
  set_reuse(port->fd, 0);
  (void)shutdown(port->fd, SHUT_RD);
  port->open = false;
}

bool tavus_port_bind(tavus_port *port, unsigned short number,
                     tavus_server_failure *failure) {
  /* Only a port that was bound by its number is kept when it is shut. */
  int holding = -1;
  if (number == 0) {
    holding = bind_any(&number, failure);
    if (holding < 0) return false;
  }
  port->fd = bind_local(number, failure);
  port->made = tavus_identify(port->fd);
  port->number = number;
  if (holding >= 0) close(holding);
  return port->fd >= 0 && open_port(port, failure);
}

/* Notes whether a connection belongs to the API's port. False: out of memory. */
static bool set_is_api(tavus_server *server, int fd, bool is_api) {
  size_t index = (size_t)fd;
  if (index >= server->is_api_size) {
    size_t room = index * 2 + 64;
    bool *list = realloc(server->is_api, room * sizeof *list);
    if (list == NULL) return false;
    memset(list + server->is_api_size, 0, (room - server->is_api_size) * sizeof *list);
    server->is_api = list;
    server->is_api_size = room;
  }
  server->is_api[index] = is_api;
  return true;
}

void tavus_server_connection(void *context, struct MHD_Connection *connection,
                             void **socket_context,
                             enum MHD_ConnectionNotificationCode code) {
  tavus_server *server = context;
  (void)socket_context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) server->connections++;
  if (code != MHD_CONNECTION_NOTIFY_CLOSED) return;
  server->connections--;
  server->full_until = 0;
  int fd = tavus_connection_fd(connection);
  if (fd >= 0) (void)set_is_api(server, fd, false);
}

double tavus_server_listening(const tavus_server *server, int fds[TAVUS_PORTS]) {
  double wait = server->full_until > 0 ? server->full_until - tavus_sandbox_clock() : 0;
  bool full = wait > 0 || server->connections >= server->max_connections;
  for (int i = 0; i < TAVUS_PORTS; i++)
    fds[i] = server->ports[i].open && !full ? server->ports[i].fd : -1;
  return wait > 0 ? wait : -1;
}

void tavus_server_accept_pending(tavus_server *server, int port) {
  for (int i = 0; i < MAX_IN_A_ROW; i++) {
    if (server->connections >= server->max_connections) return;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = accept4(server->ports[port].fd, (struct sockaddr *)&address, &size,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        server->full_until = tavus_sandbox_clock() + FULL_SECONDS;
      return;
    }
    if (!set_is_api(server, fd, port == TAVUS_PORT_API)) {
      close(fd);
      return;
    }
    if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, size) !=
        MHD_YES)
      server->is_api[fd] = false; /* the descriptor is closed */
  }
}

bool tavus_server_refuse(tavus_server *server, bool refuse,
                         tavus_server_failure *failure) {
  tavus_port *api = &server->ports[TAVUS_PORT_API];
  if (refuse != api->open) return true;
  if (!refuse) return open_port(api, failure);
  shut_port(api);
  for (size_t fd = 0; fd < server->is_api_size; fd++)
    if (server->is_api[fd])
      (void)shutdown((int)fd, (int)fd == server->current_fd ? SHUT_RD : SHUT_RDWR);
  return true;
}
