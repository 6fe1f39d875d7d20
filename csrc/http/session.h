/* session.h - to whom requests go and in whose name: base URL, key, headers. */
#ifndef TAVUS_HTTP_SESSION_H
#define TAVUS_HTTP_SESSION_H

#include "headers.h"
#include "tls.h"
#include "url.h"

/* What answers may be packed with. The header is ours: libcurl formats its own
** twice, byte by byte. */
#define TAVUS_HTTP_ENCODING "gzip"

struct tavus_http_request;

typedef struct tavus_http_list {
  struct tavus_http_request *first, *last;
} tavus_http_list;

#define TAVUS_HTTP_CONNECTIONS 32

/* A session's own line of requests, and how fast it may move (queue.c). */
typedef struct tavus_http_line {
  unsigned connections; /* to its host that it may have a part in */
  unsigned in_flight;   /* requests under way at once; 0: any number */
  int64_t interval;     /* ns from one start to the next; 0: none */
  unsigned active;
  int64_t due; /* when the interval allows the next start */
  tavus_http_list waiting;
  struct tavus_http_line *previous, *next; /* of the origin, while any waits */
} tavus_http_line;

typedef struct tavus_http_session {
  bool owned;        /* the owner has not dropped it yet */
  bool closed;
  unsigned requests; /* not done yet: they need key and headers */
  tavus_http_line line;
  tavus_http_base base;
  tavus_http_transport *transport;
  struct curl_slist *headers;      /* of a request without a body; every line
                                   ** costs libcurl 0.4 us a request */
  struct curl_slist *body_headers; /* of a request with a JSON body */
  char *key; /* wiped at close, as is every copy of ours; what libcurl put into
             ** its own buffers while it sent is out of reach */
} tavus_http_session;

/* Why `key` is no API key (empty, or not visible ASCII), or NULL. */
const char *tavus_http_key_fault(const char *key, size_t length);

/* A session of the caller's, or NULL when memory runs out. Takes over
** *base (which is emptied) and `transport` on success only. */
tavus_http_session *tavus_http_session_new(tavus_http_base *base,
                                           tavus_http_transport *transport,
                                           const char *key,
                                           const char *user_agent);

/* Add or replace a header of every request; it must have passed
** tavus_http_header_fault. False when memory runs out. */
bool tavus_http_session_header(tavus_http_session *session, const char *name,
                               const char *value);

/* Forget and wipe the key. Requests already submitted are not disturbed. */
void tavus_http_session_close(tavus_http_session *session);

/* The owner is done with it (NULL is fine): closes it. */
void tavus_http_session_drop(tavus_http_session *session);

/* Called as a request begins and ends to need the session. The last one to leave
** a session without an owner frees it. NULL has been left already. */
void tavus_http_session_enter(tavus_http_session *session);
void tavus_http_session_leave(tavus_http_session *session);

/* Replace the key, in whatever spelling, by `[redacted]`. False when
** memory runs out: the text is then emptied. */
bool tavus_http_session_redact(const tavus_http_session *session,
                               tavus_http_bytes *text);

#endif
