/* fork.h - tells whether this is still the process that made something. */
#ifndef TAVUS_HTTP_FORK_H
#define TAVUS_HTTP_FORK_H

#include "common.h"

typedef struct tavus_http_maker {
  long pid;
  volatile unsigned char *mark; /* 0 after a fork; NULL: compare `pid` */
} tavus_http_maker;

/* Notes this process. */
void tavus_http_maker_note(tavus_http_maker *maker);

/* Is this another process than the one that was noted? */
bool tavus_http_maker_is_other(const tavus_http_maker *maker);

/* Frees the mark. */
void tavus_http_maker_free(tavus_http_maker *maker);

#endif
