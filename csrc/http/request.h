/* request.h - the data of one attempt: what is sent, what was received, how it ended. */
#ifndef TAVUS_HTTP_REQUEST_H
#define TAVUS_HTTP_REQUEST_H

#include "session.h"

struct tavus_http_engine;
struct tavus_http_origin;

struct tavus_http_slot;

/* How a request ended. */
typedef enum tavus_http_outcome {
  TAVUS_HTTP_PENDING,
  TAVUS_HTTP_ANSWER,      /* a whole answer, of any status */
  TAVUS_HTTP_NOT_SENT,    /* no byte of the request was sent */
  TAVUS_HTTP_LOST,        /* sent, and the connection ended early */
  TAVUS_HTTP_TIMEOUT,     /* sent, and the time ran out */
  TAVUS_HTTP_TOO_LARGE,   /* the answer is larger than a limit */
  TAVUS_HTTP_GARBLED,     /* the answer cannot be decompressed */
  TAVUS_HTTP_CERTIFICATE, /* the server's certificate is not valid */
  TAVUS_HTTP_CANCELLED
} tavus_http_outcome;

typedef enum tavus_http_state {
  TAVUS_HTTP_QUEUED,
  TAVUS_HTTP_ACTIVE,
  TAVUS_HTTP_DONE
} tavus_http_state;

typedef struct tavus_http_request {
  unsigned references; /* one of the owner, one of the engine until it is done */
  tavus_http_state state;
  struct tavus_http_engine *engine;
  struct tavus_http_origin *origin;
  tavus_http_session *session;
  struct tavus_http_slot *slot;               /* while it is transferred, or NULL */
  struct tavus_http_request *previous, *next; /* queue, active or reports */
  uint64_t id;
  bool notify;   /* report the end through tavus_http_engine_report */
  bool reported; /* is in the list of reports */

  char method[16];
  bool may_repeat;
  bool has_body;
  tavus_http_bytes url;
  tavus_http_bytes body;
  struct curl_slist *own_headers; /* NULL: those of the session */
  long timeout_ms;
  int64_t expires; /* after this it is not started any more; -1: never */

  int64_t started; /* ns, monotonic; 0: never */
  int64_t ended;
  unsigned sent;        /* how many times, without those that the server refused */
  uint64_t connection;  /* the last one, see stream.h */
  unsigned long stream; /* its HTTP/2 stream there; 0: none, or unknown */
  bool refused;         /* the server refused that stream */
  bool repeat_refused;  /* libcurl was kept from sending it again */
  bool headers_complete;
  bool interim;  /* a 1xx, which another answer follows */
  bool bodyless; /* a status of HTTP/1 that has no body */
  bool too_large;
  bool headers_too_large;
  bool out_of_memory;
  bool collected;       /* result() or take() was called */
  bool taken;           /* take() was called */
  const char *shortage; /* what ran out, so that it was not sent: "descriptors",
                           "memory", "threads"; or NULL */
  size_t header_bytes;
  tavus_http_bytes answer_headers;
  tavus_http_bytes answer_body;

  long status;
  CURLcode code;
  tavus_http_outcome outcome;
  tavus_http_bytes message;
} tavus_http_request;

/* Returns a request with one reference, or NULL when memory runs out. `target` is the
** path with its query, checked and encoded. */
tavus_http_request *tavus_http_request_new(tavus_http_session *session,
                                           const char *method, const char *target,
                                           size_t length);

/* Sets the body, of which a copy is kept. Returns false when memory runs out. */
bool tavus_http_request_body(tavus_http_request *request, const char *body,
                             size_t length);

/* Sets a header of this request, in place of the session's of that name. It must have
** passed tavus_http_header_fault. Returns false when memory runs out. */
bool tavus_http_request_header(tavus_http_request *request, const char *name,
                               const char *value);

/* Removes the key from this request, whose body must be set. Returns false when memory
** runs out. */
bool tavus_http_request_without_key(tavus_http_request *request);

/* Keeps libcurl from declaring a POST without a body as a form, and from waiting for `100
** Continue` before a large body. Returns false when memory runs out. */
bool tavus_http_request_correct_headers(tavus_http_request *request);

/* Removes a reference; the last one overwrites and frees the request, and returns true.
** Ignores NULL. */
bool tavus_http_request_drop(tavus_http_request *request);

#endif
