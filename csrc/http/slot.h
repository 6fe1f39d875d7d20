/* slot.h - handles of libcurl, which are reused from request to request, and the pool of
** idle ones. */
#ifndef TAVUS_HTTP_SLOT_H
#define TAVUS_HTTP_SLOT_H

#include "descriptor.h"
#include "request.h"

struct tavus_http_loop;

typedef struct tavus_http_slot {
  CURL *easy;
  tavus_http_transport *transport; /* that it is set up for; NULL: none yet */
  struct tavus_http_loop *loop;    /* likewise */
  tavus_http_request *request;     /* NULL while it is idle */
  struct tavus_http_slot *next;
  bool small;         /* has a small buffer */
  bool once;          /* may be used for one answer, see has_loose_header */
  bool sigpipe;       /* TLS may raise SIGPIPE, see has_sigpipe */
  bool custom_method; /* CURLOPT_CUSTOMREQUEST is set */
  bool prereq_works;  /* libcurl calls back before it sends */
  bool forbids_reuse; /* CURLOPT_FORBID_REUSE is set */
  bool resent;        /* libcurl sent a request again, and counts that until a reset */
  int socket_error;   /* errno of the last socket that could not be opened */
  char error[CURL_ERROR_SIZE];
} tavus_http_slot;

/* The handles of an engine. */
typedef struct tavus_http_pool {
  tavus_http_slot *idle[2];   /* large ones, small ones */
  unsigned idle_count, slots; /* idle handles, and all handles */
} tavus_http_pool;

/* Returns an idle handle, or a new one, which is not set up; NULL when memory runs out.
** Prefers handles with the large buffer; small ones made during a burst stay idle. */
tavus_http_slot *tavus_http_pool_take(tavus_http_pool *pool);

/* Returns a handle to the pool, which keeps at most so many idle ones, or a few. */
void tavus_http_pool_return(tavus_http_pool *pool, tavus_http_slot *slot, unsigned most);

/* Frees a handle that libcurl does not use. */
void tavus_http_pool_free(tavus_http_pool *pool, tavus_http_slot *slot);

/* Opens a socket for the request of the slot. Returns -1, and notes errno, when there is
** none. */
int tavus_http_slot_socket(tavus_http_slot *slot, const struct curl_sockaddr *address);

#endif
