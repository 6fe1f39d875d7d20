/* tools.h - what every file of the sandbox's server may use: a clock, the
** descriptor of a connection, and the report of a failure.
*/
#ifndef TAVUS_SANDBOX_TOOLS_H
#define TAVUS_SANDBOX_TOOLS_H

#include <stdbool.h>
#include <time.h>

#include <microhttpd.h>

/* A constant text and, if the system gave one, its error number. */
typedef struct {
  const char *what;
  int error;
} tavus_server_failure;

/* Fills in a failure; false, to be returned. */
static inline bool tavus_fail(tavus_server_failure *failure, const char *what,
                              int error) {
  failure->what = what;
  failure->error = error;
  return false;
}

/* Seconds on a clock that is never set. */
static inline double tavus_sandbox_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The connection's descriptor, or -1. */
static inline int tavus_connection_fd(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info != NULL ? info->connect_fd : -1;
}

#endif
