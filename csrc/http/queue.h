/* queue.h - requests that wait to be started. Each session has a line of them; the lines
** of one origin share its connections. */
#ifndef TAVUS_HTTP_QUEUE_H
#define TAVUS_HTTP_QUEUE_H

#include "request.h"

/* Append a request to a list, or remove it. It may be in one list at a time. */
void tavus_http_list_append(tavus_http_list *list, tavus_http_request *request);
void tavus_http_list_remove(tavus_http_list *list, tavus_http_request *request);

/* The requests to one scheme://host:port. A busy origin does not delay another. */
typedef struct tavus_http_origin {
  struct tavus_http_origin *next;
  char *name;
  tavus_http_line *first, *last; /* lines with waiting requests, in turn */
  unsigned active;
  unsigned connections; /* the largest number that a session asked for */
  bool multiplexed;     /* its last answer came over HTTP/2 */
} tavus_http_origin;

typedef struct tavus_http_queue {
  tavus_http_origin *origins;
  tavus_http_origin *turn; /* the next one to start a request; NULL: the first */
  unsigned count;
  unsigned connections; /* of all origins together */
  int64_t expiry;       /* the earliest deadline of a waiting request; -1: none */
} tavus_http_queue;

/* Appends a request to the line of its session. Returns false when memory runs out. */
bool tavus_http_queue_add(tavus_http_queue *queue, tavus_http_request *request);

/* Removes a request from its line. */
void tavus_http_queue_remove(tavus_http_queue *queue, tavus_http_request *request);

/* Returns the request that may start next, or NULL. A session's requests start in
** order; sessions and origins take turns. */
tavus_http_request *tavus_http_queue_next(tavus_http_queue *queue, int64_t now);

/* Returns when the next request may start: a time (maybe past), 0 for at once, or -1 for
** not before another request ends. */
int64_t tavus_http_queue_when(const tavus_http_queue *queue);

/* Removes the request from its line and counts it as started. */
void tavus_http_queue_start(tavus_http_queue *queue, tavus_http_request *request,
                            int64_t now);

/* Counts a started request as ended. */
void tavus_http_queue_end(tavus_http_request *request);

/* Returns a request whose deadline passed while it waited; it stays in its line. NULL:
** there is none (any more). */
tavus_http_request *tavus_http_queue_expired(tavus_http_queue *queue, int64_t now);

/* Returns any waiting request, or NULL. */
tavus_http_request *tavus_http_queue_any(const tavus_http_queue *queue);

/* Frees the origins. No request may be waiting. */
void tavus_http_queue_free(tavus_http_queue *queue);

#endif
