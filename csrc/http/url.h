/* url.h - what is put into a URL, and what is accepted as a base URL. */
#ifndef TAVUS_HTTP_URL_H
#define TAVUS_HTTP_URL_H

#include "bytes.h"

typedef struct tavus_http_base {
  char *text;   /* scheme://host[:port][/prefix], no slash at the end */
  size_t length;
  size_t origin; /* how much of it is scheme://host[:port] */
  bool https;
  bool loopback; /* 127.0.0.0/8, ::1, localhost */
} tavus_http_base;

/* Is `text` the same percent-encoded? */
bool tavus_http_url_is_plain(const char *text, size_t length);

/* Append `text` percent-encoded: all but RFC 3986's unreserved characters.
** False when memory runs out. */
bool tavus_http_url_encode(tavus_http_bytes *out, const char *text,
                           size_t length);

/* Why `text` may not stand alone as a path segment (empty, a dot segment, a
** control character), or NULL when it may. */
const char *tavus_http_url_segment_fault(const char *text, size_t length);

/* Why `path` is no path of a request (no slash in front, control characters,
** spaces, a fragment, bytes beyond ASCII), or NULL when it is one. A query may
** follow it. */
const char *tavus_http_url_path_fault(const char *path, size_t length);

/* Read a base URL. On success *base is filled (free it with _free) and NULL is
** returned, else a sentence that says what is wrong. Plain http is accepted for
** loopback, elsewhere only with `allow_http`. */
const char *tavus_http_base_read(tavus_http_base *base, const char *text,
                                 size_t length, bool allow_http);

/* Empties *base. */
void tavus_http_base_free(tavus_http_base *base);

#endif
