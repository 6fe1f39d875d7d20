/* tls.h - how a connection is made: certificates, TLS, HTTP version, proxy.
** Sessions whose transports are equal share connections. */
#ifndef TAVUS_HTTP_TLS_H
#define TAVUS_HTTP_TLS_H

#include "url.h"

/* Which of libcurl's own defaults are used; the first handle finds it out. */
typedef enum tavus_http_trust {
  TAVUS_HTTP_TRUST_UNKNOWN,
  TAVUS_HTTP_TRUST_DEFAULT, /* there is one only, or they are not told */
  TAVUS_HTTP_TRUST_FOLDER,
  TAVUS_HTTP_TRUST_BUNDLE
} tavus_http_trust;

/* Does not change once made, but for the last two members; counted, because
** handles outlive sessions. */
typedef struct tavus_http_transport {
  unsigned references;
  bool https;
  bool loopback;
  char *ca_file, *ca_folder; /* both NULL: the system's certificates */
  char *proxy;     /* NULL: the environment's; "": none */
  long connect_ms;
  tavus_http_trust trust;
  unsigned handles; /* so many were set up */
} tavus_http_transport;

/* A new transport holding copies of the texts (NULL allowed), or NULL. */
tavus_http_transport *tavus_http_transport_new(const tavus_http_base *base,
                                               const char *ca_file,
                                               const char *ca_folder,
                                               const char *proxy,
                                               long connect_ms);

/* Take one more reference. */
void tavus_http_transport_keep(tavus_http_transport *transport);

/* Give a reference back; NULL is fine. */
void tavus_http_transport_drop(tavus_http_transport *transport);

/* Whether connections made for one serve the other. */
bool tavus_http_transport_equal(const tavus_http_transport *a,
                                const tavus_http_transport *b);

/* Set a fresh (or reset) handle up for this transport. False when libcurl
** refuses or memory runs out. */
bool tavus_http_transport_apply(CURL *easy,
                                tavus_http_transport *transport);

#endif
