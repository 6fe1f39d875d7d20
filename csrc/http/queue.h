/* queue.h - requests that wait to be started: a line for each session, and the
** origins whose connections the lines share. */
#ifndef TAVUS_HTTP_QUEUE_H
#define TAVUS_HTTP_QUEUE_H

#include "request.h"

/* Put a request at the end of a list, or take it out; it may be in one at a
** time. */
void tavus_http_list_append(tavus_http_list *list, tavus_http_request *request);
void tavus_http_list_remove(tavus_http_list *list, tavus_http_request *request);

/* Requests to one scheme://host:port. A busy origin never holds up another. */
typedef struct tavus_http_origin {
  struct tavus_http_origin *next;
  char *name;
  tavus_http_line *first, *last; /* lines where a request waits, in turn */
  unsigned active;
  unsigned connections; /* the most that a session asked for */
  bool multiplexed;     /* its last answer came over HTTP/2 */
} tavus_http_origin;

typedef struct tavus_http_queue {
  tavus_http_origin *origins;
  tavus_http_origin *turn; /* whose turn it is; NULL: the first one's */
  unsigned count;
  unsigned connections; /* of all origins together */
  int64_t expiry; /* the earliest deadline of a request that waits; -1: none */
} tavus_http_queue;

/* Put a request at the end of its session's line. False when memory runs out. */
bool tavus_http_queue_add(tavus_http_queue *queue, tavus_http_request *request);

/* Take a request out of its line, wherever it stands. */
void tavus_http_queue_remove(tavus_http_queue *queue,
                             tavus_http_request *request);

/* The request that may start next, or NULL: in order within a session,
** sessions and origins in turn. */
tavus_http_request *tavus_http_queue_next(tavus_http_queue *queue, int64_t now);

/* When the next request may start: monotonic ns (maybe past), 0 for at once, -1:
** not before another one ends. */
int64_t tavus_http_queue_when(const tavus_http_queue *queue);

/* Take the request from its line and count it as started. */
void tavus_http_queue_start(tavus_http_queue *queue, tavus_http_request *request,
                            int64_t now);

/* A started request came to its end. */
void tavus_http_queue_end(tavus_http_request *request);

/* A request whose deadline came while it waited, still in its line; NULL when
** there is none (any more). */
tavus_http_request *tavus_http_queue_expired(tavus_http_queue *queue,
                                             int64_t now);

/* Any request that waits, or NULL. */
tavus_http_request *tavus_http_queue_any(const tavus_http_queue *queue);

/* Free the origins; no request may be in line. */
void tavus_http_queue_free(tavus_http_queue *queue);

#endif
