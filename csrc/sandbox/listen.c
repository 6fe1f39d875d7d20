/* listen.c - the ports, and who is let in.
**
** libmicrohttpd has no listening socket of its own: it could stop listening, but
** not begin again. A socket that has been shut down no longer listens, keeps its
** port, and can listen again (Linux).
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
  IN_A_ROW = 64 /* are let in before the requests' turn */
};

#define FULL 0.05 /* seconds until the next try, where no descriptor is left */

static bool fail(tavus_server_failure *failure, const char *what) {
  failure->what = what;
  failure->error = errno;
  return false;
}

static void reuse(int fd, int on) {
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

/* A socket on 127.0.0.1 and this port, or -1. */
static int bound(unsigned short number, tavus_server_failure *failure) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    fail(failure, "cannot make a socket");
    return -1;
  }
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(number);
  reuse(fd, 1);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  fail(failure, "cannot listen");
  close(fd);
  return -1;
}

/* The number of any free port, with a socket that holds it. */
static int any(unsigned short *number, tavus_server_failure *failure) {
  int fd = bound(0, failure);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    fail(failure, "cannot tell the port");
    close(fd);
    return -1;
  }
  if (fd >= 0) *number = ntohs(address.sin_port);
  return fd;
}

static bool open_port(tavus_port *port, tavus_server_failure *failure) {
  reuse(port->fd, 1); /* past connections to the port are no hindrance */
  if (listen(port->fd, BACKLOG) != 0) return fail(failure, "cannot listen");
  port->open = true;
  return true;
}

/* While the port is shut, anyone who sets SO_REUSEADDR could bind it if this
** socket had that option, too; so it loses it. */
static void shut_port(tavus_port *port) {
  reuse(port->fd, 0);
  (void)shutdown(port->fd, SHUT_RD);
  port->open = false;
}

bool tavus_port_bind(tavus_port *port, unsigned short number,
                     tavus_server_failure *failure) {
  /* Only a port that was asked for by its number is kept when it is shut. */
  int holding = -1;
  if (number == 0) {
    holding = any(&number, failure);
    if (holding < 0) return false;
  }
  port->fd = bound(number, failure);
  port->made = tavus_identify(port->fd);
  port->number = number;
  if (holding >= 0) close(holding);
  return port->fd >= 0 && open_port(port, failure);
}

/* ---------------------------------------------------------- the connections */

int tavus_connection_fd(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info != NULL ? info->connect_fd : -1;
}

/* Notes where a connection belongs. */
static bool note(tavus_server *server, int fd, bool of_api) {
  size_t index = (size_t)fd;
  if (index >= server->of_api_room) {
    size_t room = index * 2 + 64;
    bool *list = realloc(server->of_api, room * sizeof *list);
    if (list == NULL) return false;
    memset(list + server->of_api_room, 0, (room - server->of_api_room) * sizeof *list);
    server->of_api = list;
    server->of_api_room = room;
  }
  server->of_api[index] = of_api;
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
  if (fd >= 0) (void)note(server, fd, false);
}

double tavus_server_doors(const tavus_server *server, int fds[TAVUS_PORTS]) {
  double wait = server->full_until > 0 ? server->full_until - tavus_sandbox_clock() : 0;
  bool full = wait > 0 || server->connections >= server->max_connections;
  for (int i = 0; i < TAVUS_PORTS; i++)
    fds[i] = server->ports[i].open && !full ? server->ports[i].fd : -1;
  return wait > 0 ? wait : -1;
}

void tavus_server_let_in(tavus_server *server, int port) {
  for (int i = 0; i < IN_A_ROW && server->connections < server->max_connections; i++) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = accept4(server->ports[port].fd, (struct sockaddr *)&address, &size,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        server->full_until = tavus_sandbox_clock() + FULL;
      return;
    }
    if (!note(server, fd, port == TAVUS_PORT_API)) {
      close(fd);
      return;
    }
    if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, size) != MHD_YES)
      server->of_api[fd] = false; /* it has closed the descriptor, too */
  }
}

bool tavus_server_refuse(tavus_server *server, bool refuse,
                         tavus_server_failure *failure) {
  tavus_port *api = &server->ports[TAVUS_PORT_API];
  if (refuse != api->open) return true;
  if (!refuse) return open_port(api, failure);
  shut_port(api);
  for (size_t fd = 0; fd < server->of_api_room; fd++)
    if (server->of_api[fd])
      (void)shutdown((int)fd, (int)fd == server->asking_fd ? SHUT_RD : SHUT_RDWR);
  return true;
}
