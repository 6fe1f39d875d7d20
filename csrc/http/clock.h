/* clock.h - the monotonic clock of this folder. */
#ifndef TAVUS_HTTP_CLOCK_H
#define TAVUS_HTTP_CLOCK_H

#include "common.h"

#include <time.h>

/* Returns the time in nanoseconds. */
static inline int64_t tavus_http_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * TAVUS_HTTP_SECOND + now.tv_nsec;
}

#endif
