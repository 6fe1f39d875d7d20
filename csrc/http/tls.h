/* tls.h - how connections are made: certificates, TLS, HTTP version, proxy. Sessions
** whose transports are equal share connections. */
#ifndef TAVUS_HTTP_TLS_H
#define TAVUS_HTTP_TLS_H

#include "url.h"

/* Which default certificates of libcurl are used. The first handle finds out. */
typedef enum tavus_http_trust {
  TAVUS_HTTP_TRUST_UNKNOWN,
  TAVUS_HTTP_TRUST_DEFAULT, /* there is only one, or libcurl does not tell */
  TAVUS_HTTP_TRUST_FOLDER,
  TAVUS_HTTP_TRUST_BUNDLE
} tavus_http_trust;

/* Only the last two members change later. Has references, since handles outlive
** sessions. */
typedef struct tavus_http_transport {
  unsigned references;
  bool https;
  bool loopback;
  char *ca_file, *ca_folder; /* both NULL: libcurl's defaults */
  char *proxy;               /* NULL: that of the environment; "": none */
  long connect_ms;
  tavus_http_trust trust;
  unsigned handles; /* number of handles that were set up */
} tavus_http_transport;

/* Returns a transport with copies of the texts (each may be NULL), or NULL when memory
** runs out. */
tavus_http_transport *tavus_http_transport_new(const tavus_http_base *base,
                                               const char *ca_file, const char *ca_folder,
                                               const char *proxy, long connect_ms);

/* Adds a reference. */
void tavus_http_transport_keep(tavus_http_transport *transport);

/* Removes a reference; ignores NULL. */
void tavus_http_transport_drop(tavus_http_transport *transport);

/* May connections that were made for one be used for the other? */
bool tavus_http_transport_equal(const tavus_http_transport *a,
                                const tavus_http_transport *b);

/* Sets the options of a new or reset handle. Returns false when libcurl refuses one or
** memory runs out. */
bool tavus_http_transport_apply(CURL *easy, tavus_http_transport *transport);

#endif
