/* url.h - encodes and checks the parts of a URL, and reads base URLs. */
#ifndef TAVUS_HTTP_URL_H
#define TAVUS_HTTP_URL_H

#include "bytes.h"

typedef struct tavus_http_base {
  char *text; /* scheme://host[:port][/prefix], no slash at the end */
  size_t length;
  size_t origin; /* length of scheme://host[:port] in it */
  bool https;
  bool loopback; /* 127.0.0.0/8, ::1, localhost */
} tavus_http_base;

/* Does percent-encoding leave `text` unchanged? */
bool tavus_http_url_is_plain(const char *text, size_t length);

/* Appends `text`, percent-encoded except for the unreserved characters of RFC 3986.
** Returns false when memory runs out. */
bool tavus_http_url_encode(tavus_http_bytes *out, const char *text, size_t length);

/* Returns why `text` may not be a path segment (empty, a dot segment, a control
** character), or NULL. */
const char *tavus_http_url_segment_fault(const char *text, size_t length);

/* Returns why `path` may not be the path of a request (no leading slash, spaces, control
** characters, a fragment, bytes beyond ASCII), or NULL. It may have a query. */
const char *tavus_http_url_path_fault(const char *path, size_t length);

/* Reads a base URL into *base, to be freed with tavus_http_base_free. Returns NULL, or
** what is wrong. http is accepted for loopback, elsewhere only with `allow_http`. */
const char *tavus_http_base_read(tavus_http_base *base, const char *text, size_t length,
                                 bool allow_http);

/* Frees the content and empties *base. */
void tavus_http_base_free(tavus_http_base *base);

#endif
