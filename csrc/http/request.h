/* request.h - one attempt: what is sent, what came back, how it ended. */
#ifndef TAVUS_HTTP_REQUEST_H
#define TAVUS_HTTP_REQUEST_H

#include "session.h"

struct tavus_http_engine;
struct tavus_http_origin;

/* A handle and what it was last set up for; reused from request to request. */
typedef struct tavus_http_slot {
  CURL *easy;
  tavus_http_transport *transport; /* NULL: not set up yet */
  struct tavus_http_request *request; /* NULL while it lies in reserve */
  struct tavus_http_slot *next;
  bool small; /* receives few bytes at a time, for life */
  bool once;  /* its handle is good for one answer, see has_loose_header */
  bool sigpipe; /* TLS may raise it, see has_sigpipe */
  bool custom_method; /* CURLOPT_CUSTOMREQUEST is set */
  bool prereq_works;
  bool forbids_reuse; /* CURLOPT_FORBID_REUSE is set */
  bool resent;        /* libcurl has sent a request again, and counts how often
                         beyond its end: only a reset forgets that */
  int socket_error;   /* errno of the last socket that could not be opened */
  char error[CURL_ERROR_SIZE];
} tavus_http_slot;

typedef enum tavus_http_outcome {
  TAVUS_HTTP_PENDING,
  TAVUS_HTTP_ANSWER,      /* a whole answer, whatever its status */
  TAVUS_HTTP_NOT_SENT,    /* it ended before a byte of the request was sent */
  TAVUS_HTTP_LOST,        /* cut after sending */
  TAVUS_HTTP_TIMEOUT,     /* out of time after sending */
  TAVUS_HTTP_TOO_LARGE,   /* the answer passed a limit */
  TAVUS_HTTP_GARBLED,     /* the answer's encoding is broken */
  TAVUS_HTTP_CERTIFICATE, /* the server is not who it should be */
  TAVUS_HTTP_CANCELLED
} tavus_http_outcome;

typedef enum tavus_http_state {
  TAVUS_HTTP_QUEUED,
  TAVUS_HTTP_ACTIVE,
  TAVUS_HTTP_DONE
} tavus_http_state;

typedef struct tavus_http_request {
  unsigned references; /* the owner's one, and the engine's until it is done */
  tavus_http_state state;
  struct tavus_http_engine *engine;
  struct tavus_http_origin *origin;
  tavus_http_session *session;
  tavus_http_slot *slot;
  struct tavus_http_request *previous, *next; /* queue, active or reports */
  uint64_t id;
  bool notify;   /* report the end through tavus_http_engine_report */
  bool reported; /* waits in the list of reports */

  char method[16];
  bool may_repeat;
  bool has_body;
  tavus_http_bytes url;
  tavus_http_bytes body;
  struct curl_slist *own_headers; /* NULL: the session's */
  long timeout_ms;
  int64_t expires; /* when it is not worth starting any more; -1: never */

  int64_t started; /* ns, monotonic; 0: never */
  int64_t ended;
  unsigned sent; /* so many times, without those that the server refused */
  uint64_t connection; /* over which it was sent last; see stream.h */
  unsigned long stream; /* its HTTP/2 stream there; 0: none, or not known */
  bool refused;         /* that stream was, and nothing was done */
  bool repeat_refused;
  bool headers_complete;
  bool interim;  /* a 1xx: another answer follows */
  bool bodyless; /* a status of HTTP/1 that has no body */
  bool too_large;
  bool headers_too_large;
  bool out_of_memory;
  bool collected; /* the result was handed over */
  bool taken;     /* for good */
  const char *shortage; /* "descriptors", "memory" or "threads": why it was not
                           sent; NULL: for another reason */
  size_t header_bytes;
  tavus_http_bytes answer_headers;
  tavus_http_bytes answer_body;

  long status;
  CURLcode code;
  tavus_http_outcome outcome;
  tavus_http_bytes message;
} tavus_http_request;

/* A request with one reference, or NULL when memory runs out. `target` is the
** path with its query, already checked and encoded. */
tavus_http_request *tavus_http_request_new(tavus_http_session *session,
                                           const char *method,
                                           const char *target, size_t length);

/* Give the request a body (a copy is kept, and wiped later). */
bool tavus_http_request_body(tavus_http_request *request, const char *body,
                             size_t length);

/* A header of this request alone, in place of the session's of that name; it
** must have passed tavus_http_header_fault. */
bool tavus_http_request_header(tavus_http_request *request, const char *name,
                               const char *value);

/* Takes the session's key out of this request, whose body it has already. */
bool tavus_http_request_without_key(tavus_http_request *request);

/* Give a reference back; the last one wipes and frees the request. NULL is fine. */
void tavus_http_request_drop(tavus_http_request *request);

/* A new handle, not set up for any transport yet, or NULL when memory runs out. */
tavus_http_slot *tavus_http_slot_new(bool small);

/* NULL is fine. libcurl must not be using the handle any more. */
void tavus_http_slot_free(tavus_http_slot *slot);

/* Tell the slot's handle all about this request. False when memory runs out. */
bool tavus_http_slot_load(tavus_http_slot *slot, tavus_http_request *request,
                          const struct tavus_http_engine *engine);

/* A socket for the slot's request; -1 when there is none, which is noted. */
int tavus_http_slot_socket(tavus_http_slot *slot,
                           const struct curl_sockaddr *address);

/* Take the slot's result into its request: status, outcome, message. The slot
** no longer refers to the request afterwards. */
void tavus_http_slot_unload(tavus_http_slot *slot, CURLcode code);

/* End a request that has no slot (any more) with this outcome and message. */
void tavus_http_request_end(tavus_http_request *request,
                            tavus_http_outcome outcome, const char *message);

/* "answer", "lost", ... */
const char *tavus_http_outcome_name(tavus_http_outcome outcome);

/* "CURLE_OPERATION_TIMEDOUT" and the like; "CURLE_?" for a code that is never
** told apart. */
const char *tavus_http_code_name(CURLcode code);

#endif
