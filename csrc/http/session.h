/* session.h - what the requests of a client have in common: base URL, key, headers,
** limits. */
#ifndef TAVUS_HTTP_SESSION_H
#define TAVUS_HTTP_SESSION_H

#include "headers.h"
#include "tls.h"
#include "url.h"

#include "../secret/secrets.h"

/* The compression that answers may have. The header is in our list, since libcurl
** formats its own one twice, byte by byte. */
#define TAVUS_HTTP_ENCODING "gzip"

struct tavus_http_request;

typedef struct tavus_http_list {
  struct tavus_http_request *first, *last;
} tavus_http_list;

#define TAVUS_HTTP_CONNECTIONS 32

/* The waiting requests of a session, and how many it may start (queue.c). */
typedef struct tavus_http_line {
  unsigned connections; /* to its host, at most */
  unsigned in_flight;   /* started requests, at most; 0: any number */
  int64_t interval;     /* ns from one start to the next; 0: none */
  unsigned active;
  int64_t due; /* when the interval allows the next start */
  tavus_http_list waiting;
  struct tavus_http_line *previous, *next; /* of the origin, while any waits */
} tavus_http_line;

typedef struct tavus_http_session {
  bool owned; /* until tavus_http_session_drop */
  bool closed;
  unsigned requests; /* not done: they need key and headers */
  tavus_http_line line;
  tavus_http_base base;
  tavus_http_transport *transport;
  struct curl_slist *headers;      /* of a request without a body; each
                                   ** line costs libcurl 0.4 us a request */
  struct curl_slist *body_headers; /* of a request with a JSON body */
  char *key;           /* overwritten at close, like our other copies; libcurl does not
             ** overwrite its own buffers */
  tavus_secrets known; /* what is not to be shown: the key, headers, the login at
                       ** the proxy; overwritten with the key */
} tavus_http_session;

/* Returns why `key` is not an API key (empty, or not visible ASCII), or NULL. */
const char *tavus_http_key_fault(const char *key, size_t length);

/* Returns a session, or NULL when memory runs out. On success it takes over
** `transport` and the content of *base, which is emptied. */
tavus_http_session *tavus_http_session_new(tavus_http_base *base,
                                           tavus_http_transport *transport,
                                           const char *key, const char *user_agent);

/* Adds or replaces a header of every request. It must have passed
** tavus_http_header_fault. Returns false when memory runs out. */
bool tavus_http_session_header(tavus_http_session *session, const char *name,
                               const char *value);

/* Overwrites the key, once the submitted requests are done. */
void tavus_http_session_close(tavus_http_session *session);

/* Closes the session and gives it up; ignores NULL. */
void tavus_http_session_drop(tavus_http_session *session);

/* Count a request in and out. The last to leave a session that was given up frees it.
** NULL is ignored. */
void tavus_http_session_enter(tavus_http_session *session);
void tavus_http_session_leave(tavus_http_session *session);

/* Replaces the key and other secrets of the session, in any spelling, by `[redacted]`.
** Returns false and empties the text when memory runs out. */
bool tavus_http_session_redact(tavus_http_session *session, tavus_http_bytes *text);

#endif
