/* transfer.h - transfers of libcurl: its handles, and the callbacks that fill a
** request. */
#ifndef TAVUS_HTTP_TRANSFER_H
#define TAVUS_HTTP_TRANSFER_H

#include <errno.h>

#include "descriptor.h"
#include "request.h"

/* A handle of libcurl, reused from request to request. */
typedef struct tavus_http_slot {
  CURL *easy;
  tavus_http_transport *transport; /* that it is set up for; NULL: none yet */
  tavus_http_request *request;     /* NULL while it is in the reserve */
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

/* Returns a handle that is not set up, or NULL when memory runs out. */
tavus_http_slot *tavus_http_slot_new(bool small);

/* Frees a handle that libcurl does not use; ignores NULL. */
void tavus_http_slot_free(tavus_http_slot *slot);

/* Sets the options of the handle for this request. Returns false when memory runs out. */
bool tavus_http_slot_load(tavus_http_slot *slot, tavus_http_request *request,
                          const struct tavus_http_engine *engine);

/* Ends the request of the slot, whose transfer ended with `code`. */
void tavus_http_slot_unload(tavus_http_slot *slot, CURLcode code);

/* Opens a socket for the request of the slot. Returns -1, and notes errno, when there is
** none. */
static inline int tavus_http_slot_socket(tavus_http_slot *slot,
                                         const struct curl_sockaddr *address) {
  int fd = tavus_http_socket(address);
  if (fd < 0) slot->socket_error = errno;
  return fd;
}

#endif
